"""Words made from numbers: the one place where a share or an improvement becomes "most people" or "marked".

The tables stand in `data/words.toml`. A word is earned by the whole interval of an estimate, never by its middle.
"""

from collections.abc import Mapping
from typing import Any

from skinbeam.estimate import Estimate
from skinbeam.messages import Message
from skinbeam.shipped import shipped_table

__all__ = ["amount_in_words", "share_in_words"]


def share_in_words(share: Estimate) -> Message:
    """Return e.g. "most people" for a share of people, 0 to 1."""
    for row in _tables()["share_words"]:
        if row["at_least"] <= share.low and share.high <= row["at_most"]:
            return Message(f"share.{row['word']}")
    raise ValueError(f"a share lies between 0 and 1: {share.low} to {share.high}")


def amount_in_words(improvement_pct: Estimate) -> Message:
    """Return e.g. "marked" for an improvement in per cent, at most 100."""
    for row in _tables()["amount_words"]:
        if row["at_least_pct"] <= improvement_pct.low:
            return Message(f"amount.{row['word']}")
    raise ValueError(f"not a number: {improvement_pct.low}")


def _tables() -> Mapping[str, Any]:
    return shipped_table("data/words.toml")

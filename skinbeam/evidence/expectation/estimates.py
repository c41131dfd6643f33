"""Build estimates from draws, study keys, inline titles, and words for shares and amounts.

The tables of words are in `data/words.toml`. A word applies only when the whole interval of an estimate supports it,
never because of the median alone.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from skinbeam.evidence.expectation.expectation import PatientShare
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.distributions import Floats, UncertainRate, count_intervals, count_pmf
from skinbeam.model.conditions import known_names
from skinbeam.model.estimate import Estimate
from skinbeam.model.package_data import load_package_table
from skinbeam.text import Message

__all__ = [
    "amount_in_words",
    "estimate_from_draws",
    "inline_title",
    "interval_probabilities",
    "patient_count",
    "patient_share",
    "share_in_words",
    "study_keys",
]

_word_tables = partial(load_package_table, "data/words.toml")


def interval_probabilities() -> tuple[float, float, float]:
    """Return the probabilities of the low end, the median and the high end of every interval."""
    tail = (1.0 - evidence_settings().level) / 2.0
    return tail, 0.5, 1.0 - tail


def estimate_from_draws(draws: Floats, basis: tuple[str, ...]) -> Estimate:
    """Return the estimate (median and central interval) of a quantity from its draws, (draw,)."""
    # np.quantile would import masked arrays, which takes longer than computing the rest of an answer.
    ordered = np.sort(draws)
    low, median, high = (float(ordered[round(p * (len(ordered) - 1))]) for p in interval_probabilities())
    return Estimate(median, low, high, evidence_settings().level, "pooled", len(draws), basis)


def patient_share(shares: Floats, people: int, basis: tuple[str, ...]) -> PatientShare:
    """Return a share from its draws, (draw,), and the distribution of the count among `people` patients."""
    pmf = count_pmf(UncertainRate.from_draws(shares, people), people)
    return PatientShare(estimate_from_draws(shares, basis), tuple(pmf), count_intervals(pmf))


def study_keys(rows: Sequence[Any]) -> tuple[str, ...]:
    """Return the study keys of arms or counts, without duplicates."""
    return tuple(dict.fromkeys(row.study for row in rows))


def inline_title(kind: Any, name: str) -> str:
    """Return the title of a condition, modality or site in the form used inside a sentence."""
    title = known_names(kind)[name].title
    return title[0].lower() + title[1:]


def patient_count(arms: Sequence[Arm]) -> int:
    """Return how many patients the arms treated, counting each cohort once."""
    return sum({arm.cohort: arm.patients or 0 for arm in arms}.values())


# Words for numbers: the only place where a share or an improvement becomes "most people" or "marked".


def share_in_words(share: Estimate) -> Message:
    """Return e.g. "most people" for a share of people, 0 to 1."""
    for row in _word_tables()["share_words"]:
        if row["at_least"] <= share.low and share.high <= row["at_most"]:
            return Message(f"share.{row['word']}")
    raise ValueError(f"a share lies between 0 and 1: {share.low} to {share.high}")


def amount_in_words(improvement_pct: Estimate) -> Message:
    """Return e.g. "marked" for an improvement in per cent, at most 100."""
    for row in _word_tables()["amount_words"]:
        if row["at_least_pct"] <= improvement_pct.low:
            return Message(f"amount.{row['word']}")
    raise ValueError(f"not a number: {improvement_pct.low}")

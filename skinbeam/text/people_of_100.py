"""A share of people as whole people of 100, by one rule in reports, leaflets and pictures."""

from skinbeam.text.message import Message

__all__ = ["round_to_people"]


def round_to_people(share: float) -> Message | str:
    """Return a share as whole people of 100; a share that only rounds to 0 or 100 is below 1 or above 99."""
    whole = int(100 * share + 0.5)
    if share > 0 and whole == 0:
        return Message("report.fewer_than_one")
    return Message("report.more_than_99") if share < 1 and whole == 100 else str(whole)

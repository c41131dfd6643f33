"""Probabilities as counts of a hundred people, as sentences and tables print them."""

from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Estimate

__all__ = ["estimate_per_hundred", "per_hundred"]


def estimate_per_hundred(share: Estimate) -> dict[str, float]:
    """Return median, low and high of a share of people as counts of 100, by name."""
    return {name: per_hundred(getattr(share, name)) for name in ("median", "low", "high")}


def per_hundred(p: float) -> float:
    """Return a probability as a count of 100: whole people, halves rounded up as in tables, and below one two digits.

    It is first rounded as in a document, so that a sentence and the table beside it count the same people.
    """
    whole = float(int(100 * round_significant(p) + 0.5))
    if whole == 100.0 and p < 1.0:  # tables do not round up to everybody either
        return round_significant(100 * p, 3)
    return whole if whole else round_significant(100 * p, 2)

"""Small parts that every answer is made of: estimates from draws, names, keys, silence."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.arm import Arm
from skinbeam.evidence.distributions import Floats, Rate, count_intervals, count_pmf
from skinbeam.evidence.studies import settings
from skinbeam.schema.names import table

__all__ = ["INTERVALS", "counts", "estimate", "keys", "people_of", "silent_counts", "title", "wanted"]

INTERVALS = ("50", "80", "95")


def wanted() -> tuple[float, float, float]:
    """Return the probabilities of the low end, the median and the high end of every interval."""
    tail = (1.0 - settings()["rule"]["level"]) / 2.0
    return tail, 0.5, 1.0 - tail


def estimate(draws: Floats, basis: tuple[str, ...]) -> Estimate:
    """Return the estimate of what was drawn, (draw,)."""
    # np.quantile would load masked arrays, which takes longer than all the rest of an answer.
    ordered = np.sort(draws)
    low, median, high = (float(ordered[round(p * (len(ordered) - 1))]) for p in wanted())
    return Estimate(median, low, high, settings()["rule"]["level"], "pooled", len(draws), basis)


def counts(shares: Floats, people: int, basis: tuple[str, ...]) -> dict[str, Any]:
    """Return `p`, `pmf` and `intervals` of people among whom a drawn share is counted."""
    pmf = count_pmf(Rate.of_draws(shares, people), people)
    return {"p": estimate(shares, basis), "pmf": pmf, "intervals": count_intervals(pmf)}


def silent_counts(reason: Unknown) -> dict[str, Any]:
    """Return the same keys without a value."""
    return {"p": reason, "pmf": reason, "intervals": dict.fromkeys(INTERVALS, reason)}


def keys(found: Sequence[Any]) -> tuple[str, ...]:
    """Return the studies of arms or counts, each once."""
    return tuple(dict.fromkeys(row.study for row in found))


def title(kind: Any, name: str) -> str:
    """Return the title of a condition, modality or site as it stands inside a sentence."""
    found = str(table(kind)[name]["title"])
    return found[0].lower() + found[1:]


def people_of(found: Sequence[Arm]) -> int:
    """Return how many patients the arms treated, each cohort once."""
    return sum({arm.cohort: arm.patients or 0 for arm in found}.values())

"""Small parts that every answer is made of: estimates from draws, names, keys."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skinbeam.estimate import Estimate
from skinbeam.evidence.expectation.records import Interval, PatientShare
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.distributions import Floats, Rate, count_intervals, count_pmf
from skinbeam.schema.names import table

__all__ = ["estimate", "intervals_of", "keys", "patient_share", "people_of", "title", "wanted"]


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


def patient_share(shares: Floats, people: int, basis: tuple[str, ...]) -> PatientShare:
    """Return a drawn share, (draw,), and the count that it makes among `people`."""
    pmf = count_pmf(Rate.of_draws(shares, people), people)
    return PatientShare(estimate(shares, basis), tuple(pmf), intervals_of(pmf))


def intervals_of(pmf: list[float]) -> dict[str, Interval]:
    """Return level in per cent → central interval of a count with these probabilities."""
    return {level: (low, high) for level, (low, high) in count_intervals(pmf).items()}


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

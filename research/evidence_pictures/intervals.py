"""Intervals of what was printed, 95 %, and of what the models say, 80 and 95 %."""

import math
from dataclasses import dataclass

import numpy as np

from skinbeam.estimate import wilson
from skinbeam.evidence.synthesis.distributions import Floats

__all__ = ["Answer", "Printed", "mean", "share"]

_Z = 1.959964  # the normal law holds 95 % within so many standard deviations


@dataclass(frozen=True)
class Printed:
    """A figure of one arm with its 95 % interval; None where the paper does not tell how sure it is."""

    middle: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Answer:
    """A median for new clinics, with the ends of the central 80 and 95 %."""

    median: float
    inner: tuple[float, float]
    outer: tuple[float, float]

    @staticmethod
    def of_draws(draws: Floats) -> "Answer":
        """Return the answer that draws give, (clinic,)."""
        low, inner_low, median, inner_high, high = (float(q) for q in np.quantile(draws, (0.025, 0.1, 0.5, 0.9, 0.975)))
        return Answer(median, (inner_low, inner_high), (low, high))


def share(events: int, of: int) -> Printed:
    """Return a share with its interval (`wilson`)."""
    p = events / of
    low, high = wilson(p, p * (1.0 - p), of, _Z)
    return Printed(p, max(0.0, low), min(1.0, high))


def mean(middle: float, sd: float | None, of: int | None) -> Printed:
    """Return a mean with its interval by the normal law, where a standard deviation was printed."""
    if sd is None or not of:
        return Printed(middle)
    half = _Z * sd / math.sqrt(of)
    return Printed(middle, middle - half, middle + half)

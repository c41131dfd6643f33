"""Estimates with their interval and sources, and unknown values with their reason.

This module imports no array library: estimates are computed from draws in `simulate.skins.ensemble`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

__all__ = ["Estimate", "EstimateKind", "Unknown", "Value", "map_known", "wilson_interval"]

KnownT = TypeVar("KnownT")
PartT = TypeVar("PartT")

EstimateKind = Literal["measured", "modelled", "pooled", "assumed"]
_ESTIMATE_KINDS = ("measured", "modelled", "pooled", "assumed")


@dataclass(frozen=True, repr=False)
class Estimate:
    """A number with its central interval; `float(estimate)` is its median.

    Parameters
    ----------
    median, low, high : in the unit in the name of the quantity; low and high are central quantiles.
    level : probability between low and high, in (0, 1).
    kind : origin of the number: measured, modelled, pooled or assumed.
    draws : number of draws behind it; 0 if it was read from a source.
    basis : source keys, resolved by `skinbeam cite`.

    Raises
    ------
    ValueError : not finite, not in order, or an impossible level or kind.
    """

    median: float
    low: float
    high: float
    level: float
    kind: EstimateKind
    draws: int = 0
    basis: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(math.isfinite(x) for x in (self.median, self.low, self.high)):
            raise ValueError(f"an estimate must be finite: {self.median}, {self.low}..{self.high}")
        if not self.low <= self.median <= self.high:
            raise ValueError(f"low <= median <= high does not hold: {self.low}, {self.median}, {self.high}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1: {self.level}")
        if self.kind not in _ESTIMATE_KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; known: {', '.join(_ESTIMATE_KINDS)}")

    def __float__(self) -> float:
        return float(self.median)

    def __repr__(self) -> str:
        interval = f"{self.low:.4g} to {self.high:.4g} at {100 * self.level:.4g} %"
        return f"<Estimate {self.median:.4g} ({interval}, {self.kind})>"

    def scaled(self, factor: float) -> "Estimate":
        """Return the estimate multiplied by a number of at least 0."""
        return replace(self, median=factor * self.median, low=factor * self.low, high=factor * self.high)

    def negated(self) -> "Estimate":
        """Return the estimate with its sign changed; its ends change places."""
        return replace(self, median=-self.median, low=-self.high, high=-self.low)

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of an estimate."""
        return {**vars(self), "basis": list(self.basis)}


@dataclass(frozen=True)
class Unknown:
    """A value that is not known, with the reason. It is passed on to the report and never replaced by a number."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("an unknown needs its reason")

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of an unknown."""
        return {"unknown": self.reason}


Value = Estimate | Unknown


def map_known(value: KnownT | Unknown, part: Callable[[KnownT], PartT]) -> PartT | Unknown:
    """Return what `part` makes of a value, or why the value is unknown."""
    return value if isinstance(value, Unknown) else part(value)


def wilson_interval(p: float, variance: float, n: float, z: float) -> tuple[float, float]:
    """Return the ends of the score interval of a share `p` of `n` (Wilson 1927, J Am Stat Assoc 22:209).

    Parameters
    ----------
    variance : of each of the n; p (1 - p) for yes or no.
    z : half width of the interval of a standard normal distribution at the required level.
    """
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(variance / n + z * z / (4 * n * n))
    return centre - half, centre + half

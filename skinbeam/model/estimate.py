"""Numbers that a person reads: an estimate with its interval and basis, or an honest unknown.

Imports no array library: estimates are made from draws where the draws are (`simulate.skins.ensemble`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

__all__ = ["Estimate", "EstimateKind", "Unknown", "Value", "combine_values", "wilson_interval"]

EstimateKind = Literal["measured", "modelled", "pooled", "assumed"]
_ESTIMATE_KINDS = ("measured", "modelled", "pooled", "assumed")


@dataclass(frozen=True)
class Estimate:
    """A number with its central interval.

    Parameters
    ----------
    median, low, high : in the unit that the name of the quantity carries; low and high are central quantiles.
    level : probability between low and high, in (0, 1).
    kind : how it was come by.
    draws : number of draws behind it; 0 when it was read from a source.
    basis : source keys, resolved by `skinbeam cite`.

    Raises
    ------
    ValueError : an order, level or kind that cannot be.
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

    def scaled(self, factor: float) -> "Estimate":
        """Return the estimate times a number of at least 0."""
        return replace(self, median=factor * self.median, low=factor * self.low, high=factor * self.high)

    def negated(self) -> "Estimate":
        """Return minus the estimate; its ends change places."""
        return replace(self, median=-self.median, low=-self.high, high=-self.low)

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of an estimate."""
        return {
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "level": self.level,
            "kind": self.kind,
            "draws": self.draws,
            "basis": list(self.basis),
        }


@dataclass(frozen=True)
class Unknown:
    """What cannot be known, and why. It travels to the report and never becomes a number."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("an unknown needs its reason")

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of an unknown."""
        return {"unknown": self.reason}


Value = Estimate | Unknown


def combine_values(values: Sequence[float | Unknown], how: Callable[..., float]) -> float | Unknown:
    """Apply `how` to plain numbers; one unknown among them makes the result unknown, with its reason."""
    for value in values:
        if isinstance(value, Unknown):
            return value
    return how(*values)


def wilson_interval(p: float, variance: float, n: float, z: float) -> tuple[float, float]:
    """Return the ends of the score interval of a share `p` of `n` (Wilson 1927, J Am Stat Assoc 22:209).

    Parameters
    ----------
    variance : of one of the n; p (1 - p) where each is yes or no.
    z : standard deviations of the normal law that hold the level wanted.
    """
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(variance / n + z * z / (4 * n * n))
    return centre - half, centre + half

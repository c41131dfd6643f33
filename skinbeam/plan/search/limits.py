"""Limits: data, and the test of one limit on weighted draws.

There are two sorts. One bounds a computed quantity, and a stated share of the draws has to keep the bound. The other
bounds a probability: each draw has its own, on the calibrated distribution, and their mean is held against the bound.
Either way the chance to break the limit, and 1.645 standard errors of it (one-sided 95 %), must not be more than is
allowed (plan 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown, Value
from skinbeam.messages import Message
from skinbeam.plan.records import CheckedLimit, Status
from skinbeam.plan.search.crossed import Crossed
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.simulate.skins.ensemble import probability, share, summarise

__all__ = [
    "ONE_SIDED_95",
    "Bruise",
    "Limit",
    "Quantity",
    "Target",
    "Verdict",
    "aims_by_severity",
    "bruise",
    "fewest_draws",
    "judge_limit",
    "limits_for",
    "target",
]

Floats = NDArray[np.float64]
Quantity = Floats | Crossed
MOST_DRAWS = 100_000
ONE_SIDED_95 = 1.6448536269514722  # normal quantile


@dataclass(frozen=True)
class Limit:
    """One row of data/limits.toml; `warn` and `stop` are in the unit that `quantity` carries.

    Parameters
    ----------
    share : of draws that keep it; None where the quantity is itself a probability, whose mean is bounded.
    conditions : for which it holds; empty for all.
    raised_within : modalities whose doses are raised up to `warn` and no further.
    """

    id: str
    quantity: str
    operator: Literal["<", ">"]
    warn: float
    stop: float
    modalities: tuple[str, ...]
    sites: tuple[str, ...]
    source: str
    share: float | None = None
    conditions: tuple[str, ...] = ()
    raised_within: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.operator not in ("<", ">"):
            raise ValueError(f"limit {self.id}: operator {self.operator!r} is not < or >")
        if not 0 < self.share_required < 1 or (self.share is None and self.operator != "<"):
            raise ValueError(f"limit {self.id}: share {self.share_required} is not between 0 and 1, or no upper bound")
        if (self.warn > self.stop) if self.operator == "<" else (self.warn < self.stop):
            raise ValueError(f"limit {self.id}: warn {self.warn} lies beyond stop {self.stop}")

    @property
    def share_required(self) -> float:
        """The share of skins that have to keep it."""
        return 1.0 - self.stop if self.share is None else self.share

    def raised(self, modality: str) -> "Limit":
        """Return the limit that doses of a modality are raised within."""
        return replace(self, stop=self.warn) if modality in self.raised_within else self

    def kept(self, values: Quantity, bound: float) -> NDArray[np.bool_] | Floats:
        """Return which draws are on the right side of `bound`, or how likely; NaN is on neither."""
        if isinstance(values, Crossed):
            return values.below(bound)
        if self.share is None:
            return 1.0 - values
        return values < bound if self.operator == "<" else values > bound

    def spent(self, kept: float) -> float:
        """Return how much of the limit is used up where so large a share keeps it: 1 at the limit, more beyond it."""
        return (1.0 - kept) / (1.0 - self.share_required)

    def demands(self, p: float, error: float, bound: float, *, strict: bool = True) -> bool:
        """Return whether an observed share `p` that keeps `bound` is enough.

        Parameters
        ----------
        error : of `p`; counted against it where `strict`.
        """
        needed = 1.0 - bound if self.share is None else self.share
        return p - (ONE_SIDED_95 * error if strict else 0.0) >= needed


@dataclass(frozen=True)
class Target:
    """Which share of such skins the dose should bring to the target."""

    wanted: float
    aimed: float
    least: float
    source: str


@dataclass(frozen=True)
class Bruise:
    """How long purpura shows, in days, and the share of skins from which on it is called likely."""

    likely: float
    low_days: float
    high_days: float
    source: str


@dataclass(frozen=True)
class Verdict:
    """A limit held against draws.

    Parameters
    ----------
    values : of its quantity, with the weights of the draws and the sources behind them; or why they are not known.
    """

    limit: Limit
    status: Status
    share: float
    values: Floats | Unknown
    weights: Floats
    basis: tuple[str, ...]

    @cached_property
    def value(self) -> Value:
        """The quantity, summarised once it is told: a search looks at hundreds of doses and tells one."""
        if isinstance(self.values, Unknown):
            return self.values
        return (probability if self.limit.share is None else summarise)(self.values, self.weights, self.basis)

    @property
    def told(self) -> CheckedLimit:
        """The record of it in a plan."""
        limit = self.limit
        return CheckedLimit(
            id=limit.id,
            quantity=limit.quantity,
            status=self.status,
            share=self.share,
            share_required=limit.share_required,
            value=self.value,
            warn=limit.warn,
            stop=limit.stop,
            text=Message(f"limit.{limit.id}"),
            source=limit.source,
        )


def _file() -> Mapping[str, Any]:
    return shipped_table("data/limits.toml")


def limits_for(modality: str, site: str, condition: str = "") -> list[Limit]:
    """Return the limits that hold for a modality at a site, those of its condition too, in the order of the file."""
    return [
        row
        for row in _limits()
        if modality in row.modalities
        and (not row.sites or site in row.sites)
        and (not row.conditions or condition in row.conditions)
    ]


@cache
def _limits() -> tuple[Limit, ...]:
    rows: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in _file()["limit"]
    ]
    return tuple(Limit(**row) for row in rows)


def target() -> Target:
    """Return the shares that a dose is searched for."""
    return Target(**_file()["target"])


def aims_by_severity(by: Literal["columns", "field"]) -> tuple[float, float, float]:
    """Return how far into a target's zone to aim, 0 at its top to 1: for what is mild, moderate and severe."""
    aim = _file()["aim"]
    used(aim["source"])
    mild, moderate, severe = aim[by]
    return mild, moderate, severe


def bruise() -> Bruise:
    """Return what is held against the days that a person accepts."""
    return Bruise(**_file()["bruise"])


@cache
def fewest_draws() -> int:
    """Return how many equal draws can at least keep every limit, all of them on its right side."""
    return next(
        n
        for n in range(1, MOST_DRAWS)
        if all(row.demands(*share(np.ones(n, dtype=np.bool_), np.ones(n)), row.stop) for row in _limits())
    )


def judge_limit(
    limit: Limit, values: Quantity | Unknown, weights: Floats, basis: Sequence[str], *, strict: bool = True
) -> Verdict:
    """Hold `limit` against the draws of its quantity. What is unknown is never met.

    Without `strict` the Monte Carlo error is not counted: for a first look on few draws, never for a plan.
    """
    used(limit.source)
    if isinstance(values, Unknown):
        return Verdict(limit, "unknown", 0.0, values, weights, ())
    told = values.ratio if isinstance(values, Crossed) else values
    if np.isnan(told).any():
        nothing = Unknown("the model gives no value for some of such skins")
        return Verdict(limit, "unknown", 0.0, nothing, weights, ())
    kept = share(limit.kept(values, limit.stop), weights)
    if not limit.demands(*kept, limit.stop, strict=strict):
        return Verdict(limit, "not_met", kept[0], told, weights, tuple(basis))
    warned = share(limit.kept(values, limit.warn), weights)
    status: Status = "met" if limit.demands(*warned, limit.warn, strict=strict) else "warn"
    return Verdict(limit, status, kept[0], told, weights, tuple(basis))

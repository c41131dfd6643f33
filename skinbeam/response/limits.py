"""Read the limits on settings from data, and test one limit on weighted draws.

There are two sorts. One bounds a computed quantity, and a stated share of the draws has to keep the bound. The other
bounds a probability: each draw has its own, on the calibrated distribution, and their mean is compared with the bound.
Either way the probability of breaking the limit, and 1.645 standard errors of it (one-sided 95 %), must not be more
than is allowed (plan 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.package_data import load_package_table
from skinbeam.model.run_bounds import MAX_DRAWS
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.response.records import LimitCheck, LimitStatus
from skinbeam.simulate.skins.ensemble import summarise_draws, weighted_probability, weighted_share
from skinbeam.text import Message

__all__ = [
    "NORMAL_QUANTILE_95",
    "BruiseLimit",
    "EffectTarget",
    "InjuryDepths",
    "LayerBorders",
    "LimitValues",
    "LimitVerdict",
    "SettingLimit",
    "aims_by_severity",
    "bruise_limit",
    "effect_target",
    "find_limits",
    "judge_limit",
    "min_draws",
]

Floats = NDArray[np.float64]


@compared_by_value
@dataclass(frozen=True)
class LayerBorders:
    """Depths of a border in drawn skins, (skin,), m, and the weights of these."""

    depth_m: Floats
    weights: Floats

    @cached_property
    def _above(self) -> tuple[Floats, Floats]:
        """Depths, ascending, and the share of skins whose border is no deeper, from 0 before the first."""
        order = np.argsort(self.depth_m)
        below = np.concatenate([[0.0], np.cumsum(self.weights[order])])
        return self.depth_m[order], below / below[-1]

    def share_reached(self, depth_m: Floats) -> Floats:
        """Return the share of skins whose border each depth reaches, (sample,)."""
        ascending, shares = self._above
        return np.asarray(shares[np.searchsorted(ascending, depth_m, side="right")])


@compared_by_value
@dataclass(frozen=True)
class InjuryDepths:
    """Depths of injuries as a ratio to the depth of a border, each compared with the border in every drawn skin.

    The depth of an injury depends on light, heat, matter and the model's error; the thickness of layers is drawn
    separately from all of them, and computed depths hardly depend on it (correlation of 0.03 at most in columns, none
    in craters). A limit of depth depends on the few draws in which a deep injury meets thin skin. Of n computed
    injuries and m skins, whose layers cost nothing to draw, n times m pairs give the same share with less error, so
    that the dose depends less on which were drawn.

    Parameters
    ----------
    depth_m : of each injury, (sample,).
    own_border_m : the border of the skin that it was computed in, (sample,).
    borders : of all skins.
    """

    depth_m: Floats
    own_border_m: Floats
    borders: LayerBorders

    @property
    def ratio(self) -> Floats:
        """The ratio in the injury's own skin, (sample,)."""
        return np.asarray(self.depth_m / self.own_border_m)

    def p_below(self, ratio: float) -> Floats:
        """Return the probability that each injury stays below a ratio in such skin, (sample,); 0 for NaN."""
        p = 1.0 - self.borders.share_reached(self.depth_m / ratio)
        return np.where(np.isnan(self.depth_m), 0.0, p)


LimitValues = Floats | InjuryDepths
_FIRM_QUANTITIES = ("p_burn", "basal_minimum_C", "coverage_fraction", "beam_coverage_fraction")
NORMAL_QUANTILE_95 = 1.6448536269514722  # normal quantile


@dataclass(frozen=True)
class SettingLimit:
    """One row of data/limits.toml; `warn` and `stop` are in the unit that the name of `quantity` contains.

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
        """The share of skins that have to keep the limit."""
        return 1.0 - self.stop if self.share is None else self.share

    def for_raising_doses(self, modality: str) -> "SettingLimit":
        """Return the limit within which doses of a modality are raised."""
        return replace(self, stop=self.warn) if modality in self.raised_within else self

    def draws_within(self, values: LimitValues, bound: float) -> NDArray[np.bool_] | Floats:
        """Return which draws are on the right side of `bound`, or with which probability; NaN is on neither."""
        if isinstance(values, InjuryDepths):
            return values.p_below(bound)
        if self.share is None:
            return 1.0 - values
        return values < bound if self.operator == "<" else values > bound

    def used_fraction(self, share_met: float) -> float:
        """Return the used share of the limit, given the share of draws that keep it: 1 at the limit, more beyond it."""
        return (1.0 - share_met) / (1.0 - self.share_required)

    def is_met_by(self, p: float, error: float, bound: float, *, strict: bool = True) -> bool:
        """Return whether an observed share `p` that keeps `bound` is enough.

        Parameters
        ----------
        error : of `p`; counted against it where `strict`.
        """
        needed = 1.0 - bound if self.share is None else self.share
        return p - (NORMAL_QUANTILE_95 * error if strict else 0.0) >= needed


@dataclass(frozen=True)
class EffectTarget:
    """The shares of such skins that a dose should bring to the target."""

    wanted: float
    aimed: float
    least: float
    source: str


@dataclass(frozen=True)
class BruiseLimit:
    """Days that purpura stays visible, and the share of skins from which on it is called likely."""

    likely: float
    low_days: float
    high_days: float
    source: str


@compared_by_value
@dataclass(frozen=True)
class LimitVerdict:
    """The result of testing a limit on draws.

    Parameters
    ----------
    values : of its quantity, with the weights of the draws and the sources behind them; or why they are not known.
    """

    limit: SettingLimit
    status: LimitStatus
    share: float
    values: Floats | Unknown
    weights: Floats
    basis: tuple[str, ...]

    @cached_property
    def value(self) -> Value:
        """The summarised quantity, computed on demand: a search tests hundreds of doses and reports one."""
        if isinstance(self.values, Unknown):
            return self.values
        return (weighted_probability if self.limit.share is None else summarise_draws)(
            self.values, self.weights, self.basis
        )

    @property
    def as_published(self) -> "LimitVerdict":
        """The verdict on a published setting: a broken limit that practice keeps all the same is a warning.

        A burn, skin that is cooled too far and skin that is treated too densely stay broken.
        """
        is_firm = self.limit.quantity in _FIRM_QUANTITIES
        return self if self.status != "not_met" or is_firm else replace(self, status="warn")

    @property
    def record(self) -> LimitCheck:
        """The record of the verdict in a plan."""
        limit = self.limit
        return LimitCheck(
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


def find_limits(modality: str, site: str, condition: str = "") -> list[SettingLimit]:
    """Return the limits for a modality at a site, those of its condition too, in the order of the file."""
    return [
        row
        for row in _all_limits()
        if modality in row.modalities
        and (not row.sites or site in row.sites)
        and (not row.conditions or condition in row.conditions)
    ]


@cache
def _all_limits() -> tuple[SettingLimit, ...]:
    return tuple(map(_read_limit, load_package_table("data/limits.toml")["limit"]))


def _read_limit(row: Any) -> SettingLimit:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return SettingLimit(**(row | lists))


def effect_target() -> EffectTarget:
    """Return the shares that the search for a dose aims at."""
    return EffectTarget(**load_package_table("data/limits.toml")["target"])


def aims_by_severity(kind: Literal["columns", "field"]) -> tuple[float, float, float]:
    """Return the aimed depth in a target's zone, 0 at its top to 1, for mild, moderate and severe concerns."""
    aim = load_package_table("data/limits.toml")["aim"]
    cite_sources(aim["source"])
    mild, moderate, severe = aim[kind]
    return mild, moderate, severe


def bruise_limit() -> BruiseLimit:
    """Return the limit on bruises, which is compared with the days that a person accepts."""
    return BruiseLimit(**load_package_table("data/limits.toml")["bruise"])


@cache
def min_draws() -> int:
    """Return the least number of equal draws that can keep every limit when all of them are on its right side."""
    return next(
        n
        for n in range(1, MAX_DRAWS)
        if all(
            row.is_met_by(*weighted_share(np.ones(n, dtype=np.bool_), np.ones(n)), row.stop) for row in _all_limits()
        )
    )


def judge_limit(
    limit: SettingLimit, values: LimitValues | Unknown, weights: Floats, basis: Sequence[str], *, strict: bool = True
) -> LimitVerdict:
    """Test `limit` on the draws of its quantity. An unknown quantity never meets a limit.

    Without `strict` the Monte Carlo error is not counted: where a dose is chosen, never where one is allowed.
    """
    cite_sources(limit.source)
    if isinstance(values, Unknown):
        return LimitVerdict(limit, "unknown", 0.0, values, weights, ())
    draws = values.ratio if isinstance(values, InjuryDepths) else values
    if np.isnan(draws).any():
        nothing = Unknown("the model gives no value for some of such skins")
        return LimitVerdict(limit, "unknown", 0.0, nothing, weights, ())
    met = weighted_share(limit.draws_within(values, limit.stop), weights)
    if not limit.is_met_by(*met, limit.stop, strict=strict):
        return LimitVerdict(limit, "not_met", met[0], draws, weights, tuple(basis))
    warned = weighted_share(limit.draws_within(values, limit.warn), weights)
    status: LimitStatus = "met" if limit.is_met_by(*warned, limit.warn, strict=strict) else "warn"
    return LimitVerdict(limit, status, met[0], draws, weights, tuple(basis))

"""Search energy and density of a fractional setting: deep enough for the target, with enough skin left between.

The limits hold for everyone. What a rule holds this person to is taken off what they leave: a share of the density that
would be chosen, a greatest energy, a greatest share of the skin.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.grid import Setting, densities
from skinbeam.laser.settings import Beam
from skinbeam.plan.rules.bound import Bounds
from skinbeam.plan.search.candidates import Machine, beam_of, thinned
from skinbeam.plan.search.crossed import Crossed
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import Limit, Quantity, judge_limit, limits_for, target
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.provenance import collect, used
from skinbeam.simulate.model_error import error_factor
from skinbeam.simulate.removal.ablation import removes
from skinbeam.simulate.skins.ensemble import share
from skinbeam.units import MM, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["COLUMN_DEPTH", "CRATER_DEPTH", "Columns", "any_broken", "columns_in", "microbeam_trial"]

Floats = NDArray[np.float64]

MOST_DENSITIES = 12
CRATER_DEPTH, COLUMN_DEPTH, WIDTH = (f"microlesion.{name}_um" for name in ("ablation_depth", "depth", "width"))


@dataclass(frozen=True)
class _Looked:
    """An energy that is looked at: its sparsest beam, densities on offer, which draws it reaches, its sources."""

    beam: Beam
    energy_mJ: float
    densities: Sequence[float]
    effective: NDArray[np.bool_]
    basis: tuple[str, ...]


def microbeam_trial(
    machine: Machine,
    setting: Setting,
    goal: Goal,
    skins: SiteSkins,
    *,
    energies: Sequence[float],
    quick: bool = False,
) -> Trial | None:
    """Return the least of `energies` that reaches the target, with its density, or the greatest that keeps the limits.

    Parameters
    ----------
    energies : mJ, ascending; found by bisection.
    quick : a first look on few draws, which does not count the sampling error.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    energies = [energy for energy in energies if energy <= goal.bounds.energy_mJ(setting.spot_mm * MM / UM)]
    found: dict[int, Trial | None] = {}
    counts_m, aimed_m = goal.column_depths_m(_above_fat_m(skins.target))

    def enough(index: int) -> bool:
        """Whether the target or a limit is reached; more energy only goes deeper, so it stays so from there on."""
        offered = densities(machine.device, *setting, energies[index])
        beam = beam_of(machine, setting, energies[index], offered[0])
        with collect() as sources:
            depth = skins.lesion(beam, energies[index], limiting=False).depth
        looked = _Looked(beam, energies[index], offered, np.asarray(depth >= counts_m), tuple(sources))
        densest = _densest(machine, setting, goal, skins, looked, quick=quick)
        if densest is None:
            found[index] = None
            return True
        deep = share(depth >= aimed_m, skins.weights[0])[0]
        found[index] = trial = replace(densest, deep=deep)
        return trial.p_effective >= target().wanted and deep >= target().aimed

    first = bisect_left(range(len(energies)), True, key=enough)
    return found.get(first) or found.get(first - 1)


@dataclass(frozen=True)
class Columns:
    """What microbeams of one energy do to the skin that limits are held against.

    Parameters
    ----------
    depth : how deep a column goes, of the skin above the fat.
    area_cm2 : of one column, (sample,).
    temperature_C : of the skin before: no cooling is planned with microbeams, so nothing gets colder.
    """

    depth: Crossed
    area_cm2: Floats
    temperature_C: float

    def coverage(self, density_per_cm2: float) -> Floats:
        """Return the share of the skin that columns of a density cover, (sample,)."""
        return np.asarray(-np.expm1(-density_per_cm2 * self.area_cm2))

    def values(self, density_per_cm2: float) -> dict[str, Quantity]:
        """Return the quantities of limits at a density, (sample,)."""
        return {
            "microlesion_depth_fraction": self.depth,
            "coverage_fraction": self.coverage(density_per_cm2),
            "basal_minimum_C": np.full(self.area_cm2.size, self.temperature_C),
        }


def columns_in(skins: SiteSkins, beam: Beam, energy_mJ: float, density_per_cm2: float) -> Columns:
    """Return what columns of an energy do to the skin that limits are held against.

    Coverage is 1 - exp(-density x area); that of the beam's own density gives the area, without end when it is 1.
    """
    harmed = skins.lesion(beam, energy_mJ, limiting=True)
    with np.errstate(divide="ignore"):
        area = -np.log1p(-harmed.cover) / density_per_cm2
    depth = Crossed(harmed.depth, _above_fat_m(skins.limiting), skins.borders(_above_fat_m))
    return Columns(depth, area, skins.temperature_C)


def any_broken(limits: Sequence[Limit], values: Mapping[str, Quantity]) -> Floats:
    """Return how likely each draw breaks any of the limits: in what skin a column ends is drawn, its width computed."""
    kept = [np.asarray(limit.kept(values[limit.quantity], limit.stop), dtype=np.float64) for limit in limits]
    return np.asarray(1.0 - np.prod(kept, axis=0))


def _above_fat_m(skins: "xr.Dataset") -> Floats:
    """Thickness of epidermis and dermis, (sample,)."""
    return np.asarray(skins.variables["thickness_m"].values[:, :-1].sum(axis=1))


def _densest(
    machine: Machine,
    setting: Setting,
    goal: Goal,
    skins: SiteSkins,
    looked: "_Looked",
    *,
    quick: bool,
) -> Trial | None:
    """The densest pattern without a warning of coverage, held to the rules; None when none is sparse enough."""
    beam, energy, offered = looked.beam, looked.energy_mJ, looked.densities
    with collect() as sources:
        used(*looked.basis)
        harmed = columns_in(skins, beam, energy, offered[0])
    limits = limits_for(goal.modality, skins.site, goal.condition)
    in_doubt = _in_doubt(harmed, beam, skins)

    def at(density: float) -> Trial:
        values = harmed.values(density)
        verdicts = tuple(
            judge_limit(limit, values[limit.quantity], skins.weights[1], tuple(sources), strict=not quick)
            for limit in limits
        )
        return Trial(
            machine,
            setting,
            beam,
            energy,
            density,
            looked.effective,
            any_broken(limits, values),
            None,
            any_broken(limits, in_doubt.values(density)),
            verdicts,
            skins.weights,
            tuple(sources),
        )

    kept = _densest_within(map(at, thinned(offered, MOST_DENSITIES)))
    if kept is None or kept.density_per_cm2 is None:
        return None
    held = _held_to_rules(offered, kept.density_per_cm2, goal.bounds, harmed, skins)
    if not held:
        return None
    kept = kept if held[-1] == kept.density_per_cm2 else at(held[-1])
    return replace(kept, beam=beam_of(machine, setting, energy, held[-1]))


def _held_to_rules(
    offered: Sequence[float], densest: float, bounds: Bounds, columns: Columns, skins: SiteSkins
) -> list[float]:
    """The densities that rules leave of those up to the densest that the limits do."""

    def covered(density: float) -> float:
        return float(np.average(columns.coverage(density), weights=skins.weights[1]))

    most = bounds.density_per_cm2(densest)
    return [density for density in offered if density <= most and covered(density) <= bounds.coverage_fraction]


def _in_doubt(columns: Columns, beam: Beam, skins: SiteSkins) -> Columns:
    """The columns with the model's error beside experiments counted against them."""
    deeper = error_factor(CRATER_DEPTH if removes(beam) else COLUMN_DEPTH, skins.limiting, "harm")
    wider = error_factor(WIDTH, skins.limiting, "harm")
    return Columns(
        replace(columns.depth, depth_m=deeper * columns.depth.depth_m),
        columns.area_cm2 * wider**2,
        columns.temperature_C,
    )


def _densest_within(patterns: Iterable[Trial]) -> Trial | None:
    """The last of ever denser patterns before a limit breaks or, but for the first, coverage is warned of."""
    kept: Trial | None = None
    for trial in patterns:
        dense = any(v.status == "warn" for v in trial.verdicts if v.limit.quantity == "coverage_fraction")
        if not trial.safe or (kept is not None and dense):
            break
        kept = trial
    return kept

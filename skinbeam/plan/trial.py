"""One setting of one device held against sampled skins: doses that reach the target, doses that break a limit.

The doses are thresholds of each draw, so every dose of the device is judged from one simulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.grid import Setting, densities, dose_steps
from skinbeam.laser.settings import Beam
from skinbeam.plan.candidates import Machine, beam_of, thinned
from skinbeam.plan.goals import Goal
from skinbeam.plan.limits import Limit, Verdict, judge_limit, limits_for, target
from skinbeam.plan.skins import SiteSkins
from skinbeam.simulate.ablation import injury_dose
from skinbeam.simulate.ensemble import share
from skinbeam.simulate.endpoints import basal_layer, cell_death_dose, fluence_for
from skinbeam.simulate.pulse import respond
from skinbeam.units import J_CM2, ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["HALF", "Trial", "full_field_trial", "microbeam_trial"]

Floats = NDArray[np.float64]

HALF = 0.5  # limits hold with this share of the cooling
MOST_DENSITIES = 12
MOST_PASSES = 4


@dataclass(frozen=True)
class Trial:
    """A setting with its dose, as found by search.

    Parameters
    ----------
    dose : J/cm², or mJ for a microbeam; `density_per_cm2` goes with the latter.
    effective : (sample,) which draws reach the target. broken : (sample,) which break an injury limit.
    broken_uncooled : the same if the cooling fails; None without cooling.
    verdicts : every limit, judged at this dose.
    weights : of the draws of `effective` and of the draws of `broken`.
    """

    machine: Machine
    setting: Setting
    beam: Beam
    dose: float
    density_per_cm2: float | None
    passes: int
    effective: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    broken_uncooled: NDArray[np.bool_] | None
    verdicts: tuple[Verdict, ...]
    weights: tuple[Floats, Floats]

    @property
    def p_effective(self) -> float:
        """Share of such skins that reach the target."""
        return share(self.effective, self.weights[0])[0]

    @property
    def p_broken(self) -> float:
        """Share of such skins that break an injury limit."""
        return share(self.broken, self.weights[1])[0]

    @property
    def safe(self) -> bool:
        """Whether every limit is met or only warned of."""
        return all(verdict.status in ("met", "warn") for verdict in self.verdicts)


def full_field_trial(
    machine: Machine, setting: Setting, goal: Goal, skins: SiteSkins, cooling: CoolingPlan, basis: Sequence[str], *, quick: bool = False
) -> Trial | None:
    """Return the best dose of a full-field setting, or None where the device has no dose that keeps the limits.

    `quick` is a first look on few draws: it leaves out what decides nothing and does not count the sampling error.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    doses = dose_steps(machine.device, *setting)
    if not doses:
        return None
    beam = beam_of(machine, setting, doses[0])
    limits = limits_for(goal.modality, skins.site)
    if goal.modality == "ablative":
        return _ablative_trial(machine, setting, beam, doses, skins, limits, basis, strict=not quick)
    lit = skins.lit(beam, limiting=True)
    half = respond(skins.limiting, beam, cooling, lit=lit, cooling_share=HALF)
    # A first look takes the half-cooled skin for both; what is chosen is judged with the cooling it will have.
    full = half if quick and skins.same else respond(skins.target, beam, cooling, lit=skins.lit(beam, limiting=False))
    wanted = fluence_for(goal.endpoint, full) / J_CM2
    basal = basal_layer(half)
    harms = {
        limit.id: (cell_death_dose(half, basal, target=limit.warn) / J_CM2, cell_death_dose(half, basal) / J_CM2)
        for limit in limits
        if limit.quantity == "epidermal_omega"
    }
    cooled = half if quick else full if skins.same else respond(skins.limiting, beam, cooling, lit=lit)
    coldest = basal_layer(cooled).base_K.min(axis=1) - ZERO_CELSIUS_K
    fixed = {limit.id: coldest for limit in limits if limit.quantity == "basal_minimum_C"}
    uncooled = None
    if cooling.kind != "none" and not quick:
        bare = respond(skins.limiting, beam, cooling, lit=lit, cooling_share=0.0)
        uncooled = cell_death_dose(bare, basal_layer(bare)) / J_CM2
    return _choose(machine, setting, beam, doses, wanted, harms, fixed, uncooled, limits, skins, basis, strict=not quick)


def _ablative_trial(
    machine: Machine,
    setting: Setting,
    beam: Beam,
    doses: Sequence[float],
    skins: SiteSkins,
    limits: Sequence[Limit],
    basis: Sequence[str],
    *,
    strict: bool,
) -> Trial | None:
    """The fewest passes that bring the wanted share to the target, or those that come nearest."""
    best: Trial | None = None
    for passes in range(1, MOST_PASSES + 1):
        repeated = replace(beam, passes=passes)
        try:
            wanted, harms = _ablative_doses(repeated, skins, limits)
        except NotAvailable:
            if passes == 1:
                raise
            break  # later passes are not sourced for this laser
        trial = _choose(machine, setting, repeated, doses, wanted, harms, {}, None, limits, skins, basis, strict=strict)
        if trial is not None and (best is None or trial.p_effective > best.p_effective):
            best = trial
        if best is not None and best.p_effective >= target().wanted:
            break
    return best


def _ablative_doses(
    beam: Beam, skins: SiteSkins, limits: Sequence[Limit]
) -> tuple[Floats, dict[str, tuple[Floats, Floats]]]:
    """Doses that take the epidermis off, and that reach the depth limits; in J/cm²."""
    epidermis = _depth_through(skins.target, ("stratum corneum", "living epidermis"))
    deepest = _depth_through(
        skins.limiting, ("stratum corneum", "living epidermis", "papillary dermis", "upper plexus")
    )
    harms = {
        limit.id: (
            injury_dose(skins.limiting, beam, limit.warn * deepest) / J_CM2,
            injury_dose(skins.limiting, beam, limit.stop * deepest) / J_CM2,
        )
        for limit in limits
        if limit.quantity == "injury_depth_fraction"
    }
    return injury_dose(skins.target, beam, epidermis) / J_CM2, harms


def _depth_through(skins: "xr.Dataset", names: Sequence[str]) -> Floats:
    layers = [str(name) for name in skins["layer"].values]
    missing = [name for name in names if name not in layers]
    if missing:
        raise NotAvailable(f"such skin has no {missing[0]}")
    indices = [layers.index(name) for name in names]
    total: Floats = np.asarray(skins["thickness_m"].values, dtype=np.float64)[:, indices].sum(axis=1)
    return total


def _choose(
    machine: Machine,
    setting: Setting,
    beam: Beam,
    doses: Sequence[float],
    wanted: Floats,
    harms: Mapping[str, tuple[Floats, Floats]],
    fixed: Mapping[str, Floats],
    uncooled: Floats | None,
    limits: Sequence[Limit],
    skins: SiteSkins,
    basis: Sequence[str],
    *,
    strict: bool,
) -> Trial | None:
    """The least dose that brings the wanted share to the target, or else the greatest that keeps every limit."""
    best: Trial | None = None
    w_target, w_limit = skins.weights
    for dose in doses:
        verdicts = tuple(_verdict(limit, dose, harms, fixed, w_limit, basis, strict) for limit in limits)
        stops = [stop <= dose for _, stop in harms.values()]
        trial = Trial(
            machine,
            setting,
            beam_of(machine, setting, dose),
            dose,
            None,
            beam.passes,
            wanted <= dose,
            np.any(stops, axis=0) if stops else np.zeros(w_limit.size, dtype=np.bool_),
            None if uncooled is None else uncooled <= dose,
            verdicts,
            (w_target, w_limit),
        )
        if not trial.safe:
            break  # harm only grows with the dose
        best = trial
        if trial.p_effective >= target().wanted:
            break
    return best


def _verdict(
    limit: Limit,
    dose: float,
    harms: Mapping[str, tuple[Floats, Floats]],
    fixed: Mapping[str, Floats],
    weights: Floats,
    basis: Sequence[str],
    strict: bool,
) -> Verdict:
    """Judge a limit at a dose; a limit on a threshold is judged by the doses at which its warn and stop are reached."""
    if limit.id in fixed:
        return judge_limit(limit, fixed[limit.id], weights, basis, strict=strict)
    if limit.id not in harms:
        return judge_limit(limit, Unknown("the model does not compute this quantity"), weights, basis, strict=strict)
    warn, stop = harms[limit.id]
    # Values on either side of the bounds stand for the quantity, which is not computed at every dose.
    sides = np.where(stop <= dose, limit.stop, np.where(warn <= dose, limit.warn, 0.0))
    return judge_limit(limit, sides, weights, basis, strict=strict)


def microbeam_trial(
    machine: Machine, setting: Setting, goal: Goal, skins: SiteSkins, basis: Sequence[str], *, energies: Sequence[float], quick: bool = False
) -> Trial | None:
    """Return the best of `energies` in mJ and its density, or None where none keeps the limits.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    limits = limits_for(goal.modality, skins.site)
    best: Trial | None = None
    w_target, w_limit = skins.weights
    for energy in energies:
        offered = thinned(densities(machine.device, *setting, energy), MOST_DENSITIES)
        if not offered:
            continue
        beam = beam_of(machine, setting, energy, offered[0])
        found = skins.lesion(beam, energy, limiting=False)
        harmed = skins.lesion(beam, energy, limiting=True)
        effective = np.asarray(found.depth >= goal.depth_m, dtype=np.bool_)
        dermis = skins.limiting["thickness_m"].values[:, :-1].sum(axis=1)
        kept: Trial | None = None
        for density in offered:
            cover = -np.expm1(-density / offered[0] * -np.log1p(-harmed.cover))
            values = {
                "microlesion_depth_fraction": harmed.depth / dermis,
                "coverage_fraction": cover,
                "basal_minimum_C": np.full(w_limit.size, float(skins.temperature_C)),
            }
            verdicts = tuple(judge_limit(limit, values[limit.quantity], w_limit, basis, strict=not quick) for limit in limits)
            broken = np.any(
                [~limit.kept(values[limit.quantity], limit.stop) for limit in limits], axis=0
            )
            trial = Trial(
                machine,
                setting,
                beam_of(machine, setting, energy, density),
                energy,
                density,
                1,
                effective,
                broken,
                None,
                verdicts,
                (w_target, w_limit),
            )
            # The densest pattern without a warning of coverage; none at all when even the sparsest breaks a limit.
            dense = any(v.status == "warn" for v in verdicts if v.limit.quantity == "coverage_fraction")
            if not trial.safe or (kept is not None and dense):
                break
            kept = trial
        if kept is None:
            break  # more energy only goes deeper
        best = kept
        if best.p_effective >= target().wanted:
            break
    return best

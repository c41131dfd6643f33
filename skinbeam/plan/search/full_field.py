"""Search the dose of a full-field setting: what reaches the target, what breaks a limit, and the dose between.

The doses are thresholds of each draw, so every dose of the device is judged from one simulation. A first look on few
draws judges by thresholds alone; the dose that is chosen is judged by the quantity itself.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.grid import Setting
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.physics.damage.arrhenius import Kinetics, omega
from skinbeam.plan.search.candidates import Machine, beam_of
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import Limit, Verdict, counted_cooling, judge_limit, limits_for, target
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.provenance import collect
from skinbeam.simulate.ends.endpoints import fluence_for
from skinbeam.simulate.model_error import error_factor
from skinbeam.simulate.pulse import places
from skinbeam.simulate.pulse.dose import cell_death_dose, dose_at
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.removal.ablation import ablate, injury_dose
from skinbeam.simulate.skins.ensemble import share
from skinbeam.simulate.skins.kinetics import CAUTIOUS_KINETICS, CELL_DEATH_KINETICS, sampled_kinetics
from skinbeam.units import J_CM2, ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ABOVE_DEEPER_DERMIS", "BURN", "CRATER", "full_field_trial"]

Floats = NDArray[np.float64]

MOST_PASSES = 4
BURN, CRATER = "epidermal-necrosis", "ablation.depth_um"  # what the model's error is taken of
ABOVE_DEEPER_DERMIS = "upper plexus"  # the last layer above it


@dataclass(frozen=True)
class _Thresholds:
    """What one simulation of a setting says of every dose; doses in J/cm².

    Parameters
    ----------
    wanted : dose that reaches the target, (sample,).
    crossed : limit → doses at which its warn and its stop are reached, (sample,) each.
    value : limit → its quantity at a dose, (sample,).
    uncooled : dose of a burn without cooling, or None.
    doubted : the least dose that breaks a limit with the model's error counted, (sample,); None in a first look.
    """

    beam: Beam
    wanted: Floats
    crossed: Mapping[str, tuple[Floats, Floats]]
    value: Mapping[str, Callable[[float], Floats]]
    uncooled: Floats | None
    doubted: Floats | None
    basis: tuple[str, ...]


def full_field_trial(
    machine: Machine, setting: Setting, goal: Goal, skins: SiteSkins, cooling: CoolingPlan, *, quick: bool = False
) -> Trial | None:
    """Return the best dose of a full-field setting, or None where the device has no dose that keeps the limits.

    `quick` is a first look on few draws: it leaves out what decides nothing and does not count the sampling error.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    doses = machine.doses(setting)
    if not doses:
        return None
    beam = beam_of(machine, setting, doses[0])
    limits = limits_for(goal.modality, skins.site)
    if goal.modality != "ablative":
        thresholds = _heating(beam, goal, skins, cooling, limits, quick=quick)
        found = _choose(machine, setting, doses, thresholds, limits, skins, quick=quick)
        if found is None or (quick and goal.where == "vessel"):  # vessels take a second each: held in the second look
            return found
        most = _enough_for_lighter(goal, beam, skins, cooling, [dose for dose in doses if dose <= found.dose])
        if most == found.dose:
            return found
        kept = [dose for dose in doses if dose <= most]
        held = _choose(machine, setting, kept, thresholds, limits, skins, quick=quick)
        return None if held is None else replace(held, held=True)
    best: Trial | None = None
    for passes in range(1, MOST_PASSES + 1):
        try:
            thresholds = _removing(replace(beam, passes=passes), skins, limits, quick=quick)
        except NotAvailable:
            if passes == 1:
                raise
            break  # what later passes remove is not sourced for this laser
        trial = _choose(machine, setting, doses, thresholds, limits, skins, quick=quick)
        if trial is not None and (best is None or trial.p_effective > best.p_effective):
            best = trial
        if best is not None and best.p_effective >= target().wanted:
            break
    return best


def _enough_for_lighter(
    goal: Goal, beam: Beam, skins: SiteSkins, cooling: CoolingPlan, doses: Sequence[float]
) -> float:
    """The greatest of `doses` that is no more than what brings the wanted share of every lighter skin to the target.

    A darker epidermis takes more of the light on its way, so the same share asks for more of it; a clinic gives darker
    skin less, never more, and lets fewer reach the target. The lightest skin asks for the least but for what sampling
    and heat from the epidermis do (1 %), so the others are looked at only where it comes near.
    """
    most = len(doses) - 1
    for lighter in skins.lighter:
        wanted = _wanted_J_cm2(goal, beam, lighter, cooling)
        weights = lighter.weights[0]

        def reached(index: int, wanted: Floats = wanted, weights: Floats = weights) -> bool:
            return share(wanted <= doses[index], weights)[0] >= target().wanted

        most = min(most, bisect_left(range(most), True, key=reached))
        if share(wanted <= 1.05 * doses[most], weights)[0] < target().wanted:
            break
    return doses[most]


def _wanted_J_cm2(goal: Goal, beam: Beam, skins: SiteSkins, cooling: CoolingPlan) -> Floats:
    return np.asarray(fluence_for(goal.endpoint, skins.respond(beam, cooling, limiting=False)) / J_CM2)


def _heating(
    beam: Beam, goal: Goal, skins: SiteSkins, cooling: CoolingPlan, limits: Sequence[Limit], *, quick: bool
) -> _Thresholds:
    """Thresholds of light that heats: the skin around is judged with half of the cooling.

    Even melanin heats a short pulse's epidermis too little, `henriques` alone kills it too early: errors to opposite
    sides. So a burn is also judged with the melanin as it is drawn to lie and the best estimate of cell death.
    """
    with collect() as sources:
        half = skins.respond(beam, cooling, limiting=True, cooling_share=counted_cooling())
        wanted = _wanted_J_cm2(goal, beam, skins, cooling)
        basal = places.basal_layer(half)
        cooled = half if quick else skins.respond(beam, cooling, limiting=True)
        coldest = places.basal_layer(cooled).base_K.min(axis=1) - ZERO_CELSIUS_K
        crossed, value, doubted = {}, {}, None
        # Burns were held against seconds of contact, and Ω grows as the time at a temperature: the error found is of Ω.
        error = error_factor(BURN, half.skins, "harm")
        burns = [(half, _counting(error, sampled_kinetics(CAUTIOUS_KINETICS, half.skins)))]
        if not quick and skins.by_depth is not None:
            lower = skins.by_depth.respond(beam, cooling, limiting=True, cooling_share=counted_cooling())
            burns.append((lower, _counting(error, sampled_kinetics(CELL_DEATH_KINETICS, lower.skins))))
        for limit in limits:
            if limit.quantity == "epidermal_omega":
                warn, stop = (_least_dose(burns, bound) for bound in (limit.warn, limit.stop))
                crossed[limit.id], value[limit.id] = (warn / J_CM2, stop / J_CM2), _most_omega(burns)
                # How far off the dose of light is that burns was not measured: it is told, and no limit is made of it.
                doubted = (
                    None
                    if quick
                    else error * cell_death_dose(half, basal, model=CAUTIOUS_KINETICS, target=limit.stop) / J_CM2
                )
            elif limit.quantity == "basal_minimum_C":
                value[limit.id] = _constant(coldest)
        uncooled = None
        if cooling.kind != "none" and not quick:
            bare = skins.respond(beam, cooling, limiting=True, cooling_share=0.0)
            uncooled = cell_death_dose(bare, places.basal_layer(bare), model=CAUTIOUS_KINETICS) / J_CM2
    return _Thresholds(beam, wanted, crossed, value, uncooled, doubted, tuple(sources))


def _counting(error: Floats, processes: Kinetics) -> Kinetics:
    return replace(processes, frequency_1_s=processes.frequency_1_s * error[:, None])


def _least_dose(burns: Sequence[tuple[Response, Kinetics]], bound: float) -> Floats:
    """The dose at which the first of these ways to burn reaches Ω of `bound` in the basal layer, (sample,), J/m²."""
    doses = [dose_at(half, places.basal_layer(half), processes, bound) for half, processes in burns]
    return np.asarray(np.min(doses, axis=0))


def _most_omega(burns: Sequence[tuple[Response, Kinetics]]) -> Callable[[float], Floats]:
    def value(dose: float) -> Floats:
        found = []
        for half, processes in burns:
            basal = places.basal_layer(half)
            found.append(omega(basal.base_K + dose * J_CM2 * basal.unit_K, half.schedule.step_s, processes))
        return np.asarray(np.max(found, axis=0))

    return value


def _constant(values: Floats) -> Callable[[float], Floats]:
    return lambda _dose: values


def _removing(beam: Beam, skins: SiteSkins, limits: Sequence[Limit], *, quick: bool) -> _Thresholds:
    """Thresholds of light that removes skin: the epidermis is to go, the deeper dermis is to stay."""
    with collect() as sources:
        epidermis = places.depth_through_epidermis(skins.target)
        deepest = places.depth_through(skins.limiting, ABOVE_DEEPER_DERMIS)
        crossed, value, doubted = {}, {}, None
        for limit in limits:
            if limit.quantity == "injury_depth_fraction":
                warn, stop = (injury_dose(skins.limiting, beam, bound * deepest) for bound in (limit.warn, limit.stop))
                crossed[limit.id] = (warn / J_CM2, stop / J_CM2)
                value[limit.id] = _injury_at(skins.limiting, beam, deepest)
                if not quick:
                    # A depth that is too great by a factor reaches a border that lies higher by it.
                    border = limit.stop * deepest / error_factor(CRATER, skins.limiting, "harm")
                    doubted = injury_dose(skins.limiting, beam, border) / J_CM2
        wanted = injury_dose(skins.target, beam, epidermis) / J_CM2
    return _Thresholds(beam, wanted, crossed, value, None, doubted, tuple(sources))


def _injury_at(skins: "xr.Dataset", beam: Beam, deepest: Floats) -> Callable[[float], Floats]:
    def value(dose: float) -> Floats:
        done = ablate(skins, beam, dose * J_CM2)
        return (done.depth + done.residual) / deepest

    return value


def _choose(
    machine: Machine,
    setting: Setting,
    doses: Sequence[float],
    thresholds: _Thresholds,
    limits: Sequence[Limit],
    skins: SiteSkins,
    *,
    quick: bool,
) -> Trial | None:
    """The least dose that brings the wanted share to the target, or else the greatest that keeps every limit."""
    w_target, w_limit = skins.weights
    found: dict[int, Trial] = {}

    def enough(index: int) -> bool:
        """Whether the target or a limit is reached; effect and harm only grow with the dose."""
        dose = doses[index]
        stops = [stop <= dose for _, stop in thresholds.crossed.values()]
        trial = Trial(
            machine,
            setting,
            thresholds.beam,
            dose,
            None,
            thresholds.wanted <= dose,
            np.any(stops, axis=0) if stops else np.zeros(w_limit.size, dtype=np.bool_),
            None if thresholds.uncooled is None else thresholds.uncooled <= dose,
            None if thresholds.doubted is None else thresholds.doubted <= dose,
            tuple(_verdict(limit, dose, thresholds, w_limit, quick=quick) for limit in limits),
            (w_target, w_limit),
            thresholds.basis,
        )
        if trial.safe:
            found[index] = trial
        return not trial.safe or trial.p_effective >= target().wanted

    first = bisect_left(range(len(doses)), True, key=enough)
    best = found.get(first) or found.get(first - 1)
    if best is None:
        return None
    return replace(best, beam=replace(beam_of(machine, setting, best.dose), passes=thresholds.beam.passes))


def _verdict(limit: Limit, dose: float, thresholds: _Thresholds, weights: Floats, *, quick: bool) -> Verdict:
    if limit.id not in thresholds.value:
        return judge_limit(limit, Unknown(text("plan.not-computed")), weights, thresholds.basis, strict=not quick)
    if quick and limit.id in thresholds.crossed:
        warn, stop = thresholds.crossed[limit.id]
        # On either side of the bounds any value gives the same verdict.
        values = np.where(stop <= dose, limit.stop, np.where(warn <= dose, limit.warn, 0.0))
    else:
        values = thresholds.value[limit.id](dose)
    return judge_limit(limit, values, weights, thresholds.basis, strict=not quick)

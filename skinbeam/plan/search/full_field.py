"""Search the dose of a full-field setting, between the dose that reaches the target and the dose that breaks a limit.

For light that heats, doses are thresholds of each draw, so every dose of the device is judged from one simulation. For
light that removes skin, the depth is computed at each dose that the search tries.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2, MS, ZERO_CELSIUS_K
from skinbeam.outcome.dose_error import draw_burn_ratios
from skinbeam.plan.search.candidate import (
    BURN_ENDPOINT,
    DISRUPTION_ENDPOINT,
    BurnDoses,
    CandidateSetting,
    DoseFunction,
    DoseThresholds,
    burn_doses,
    p_disruption,
)
from skinbeam.plan.search.goals import TreatmentGoal
from skinbeam.plan.search.limits import (
    InjuryDepths,
    LimitVerdict,
    SettingLimit,
    effect_target,
    find_limits,
    judge_limit,
)
from skinbeam.plan.search.settings import SearchMachine, build_beam
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.simulate.endpoints.melanosomes import shortest_pulse_s
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.model_error import draw_error_factor
from skinbeam.simulate.pulse import locations
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.removal.ablation import injury_by_dose
from skinbeam.simulate.skins.ensemble import weighted_share

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "ABOVE_DEEPER_DERMIS",
    "CRATER_QUANTITY",
    "basal_burn_doses",
    "candidate_at_dose",
    "compute_thresholds",
    "heating_thresholds",
    "judge_removal_dose",
    "search_full_field",
]

Floats = NDArray[np.float64]

MAX_PASSES = 4
DISRUPTION_QUANTITY = "p_disruption"
CRATER_QUANTITY = "ablation.depth_um"  # quantity of the model error
NEAR_SURFACE = (BURN_ENDPOINT, "melanosome-disruption")  # endpoints of the epidermis
ABOVE_DEEPER_DERMIS = "upper plexus"  # the last layer above it


def search_full_field(
    machine: SearchMachine,
    setting: BeamSetting,
    goal: TreatmentGoal,
    skins: SiteSkins,
    cooling: CoolingPlan,
    *,
    aimed: SiteSkins | None = None,
) -> CandidateSetting | None:
    """Return the best dose of a full-field setting, or None where the device has no dose that keeps the limits.

    Parameters
    ----------
    aimed : skins that decide how high a dose of light that heats is aimed; None for `skins`, which limits are checked
        on.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    doses: Sequence[float] = machine.doses(setting)
    if not doses:
        return None
    beam = build_beam(machine, setting, doses[0])
    limits = find_limits(goal.modality, skins.site, goal.condition)
    if goal.modality != "ablative":
        aimed = aimed or skins
        thresholds = heating_thresholds(beam, goal, skins, cooling, limits, aimed=aimed, quick=False)
        doses = _gentle_doses(goal, doses, thresholds, limits, skins.weights[1])
        found = _choose_dose(machine, setting, doses, thresholds, limits, skins)
        if found is None:
            return None
        most = [dose for dose in doses if dose <= found.dose]
        kept = _doses_for_lighter_skin(goal, _shortest_pulse_beam(machine, goal, beam), aimed, cooling, most, limits)
        if kept == most:
            return found
        held = _choose_dose(machine, setting, kept, thresholds, limits, skins)
        return None if held is None else replace(held, capped_by_lighter_skin=True)
    best: CandidateSetting | None = None
    reached = (0.0, 0.0)
    for count in range(1, MAX_PASSES + 1):
        try:
            thresholds = _removal_thresholds(replace(beam, passes=count), goal, skins, limits, quick=False)
        except NotAvailable:
            if count == 1:
                raise
            break  # no source gives the depth of later passes for this laser
        trial = _choose_dose(machine, setting, doses, thresholds, limits, skins)
        if trial is None:
            continue
        here = min(trial.p_effective, effect_target().wanted), min(trial.deep_share, effect_target().aimed)
        if best is None or here > reached:
            best, reached = trial, here
        if reached == (effect_target().wanted, effect_target().aimed):
            break
    return best


def compute_thresholds(
    beam: Beam, goal: TreatmentGoal, skins: SiteSkins, cooling: CoolingPlan, *, burn_scale: float = 1.0
) -> DoseThresholds:
    """Return effect and harm of every dose against the limits of its goal, without what a figure does not show.

    `burn_scale` as of `DoseThresholds`.
    """
    limits = find_limits(goal.modality, skins.site, goal.condition)
    if goal.modality == "ablative":
        return _removal_thresholds(beam, goal, skins, limits, quick=True)
    return heating_thresholds(beam, goal, skins, cooling, limits, aimed=skins, quick=True, burn_scale=burn_scale)


def judge_removal_dose(
    machine: SearchMachine, setting: BeamSetting, goal: TreatmentGoal, skins: SiteSkins, dose: float, passes: int
) -> CandidateSetting:
    """Return any dose and number of passes of light that removes skin, judged as the search judges its own.

    Raises
    ------
    NotAvailable : no source gives the depth of such passes.
    """
    limits = find_limits(goal.modality, skins.site, goal.condition)
    beam = replace(build_beam(machine, setting, dose), passes=passes)
    thresholds = _removal_thresholds(beam, goal, skins, limits, quick=False)
    return candidate_at_dose(machine, setting, dose, thresholds, limits, skins)


def _gentle_doses(
    goal: TreatmentGoal,
    doses: Sequence[float],
    thresholds: DoseThresholds,
    limits: Sequence[SettingLimit],
    weights: Floats,
) -> Sequence[float]:
    """Return those of `doses` for a first session: doses of some goals are raised to a warning, not to the stop.

    A person who is not reached can be treated again, with more if the first session burnt nothing; a burn cannot be
    undone. The error of the draws counts where a dose is allowed, not where it is chosen.
    """
    for limit in (limit.for_raising_doses(goal.modality) for limit in limits if goal.modality in limit.raised_within):

        def beyond(dose: float, limit: SettingLimit = limit) -> bool:
            return judge_limit(limit, thresholds.value[limit.id](dose), weights, (), strict=False).status == "not_met"

        doses = doses[: bisect_left(doses, True, key=beyond)]
    return doses


def _shortest_pulse_beam(machine: SearchMachine, goal: TreatmentGoal, beam: Beam) -> Beam:
    """Return the beam with the shortest short pulse of the device.

    A longer pulse for darker skin is no reason for a higher dose.
    """
    if goal.modality != "pigment-short-pulse":
        return beam
    judged_ms = shortest_pulse_s() / MS
    same = {o.pulse_ms for o in iterate_settings(machine.device) if o.wavelength_nm == beam.wavelength_nm}
    return replace(beam, pulse_ms=min((pulse for pulse in same if pulse >= judged_ms), default=beam.pulse_ms))


def _doses_for_lighter_skin(
    goal: TreatmentGoal,
    beam: Beam,
    skins: SiteSkins,
    cooling: CoolingPlan,
    doses: Sequence[float],
    limits: Sequence[SettingLimit],
) -> list[float]:
    """Return those of `doses` that lighter skin would get.

    None is above the dose that brings the wanted share of lighter skin to the target. A darker epidermis absorbs more
    of the light on its way, so the same share needs a higher dose; a clinic gives darker skin less, never more, and
    lets fewer reach the target. The lightest skin needs the least but for effects of sampling and heat from the
    epidermis (1 %), so the others are computed only where it comes near. For the same reason no dose is allowed that
    breaks the pigment of lighter skin beyond a limit.
    """
    kept = list(doses)
    for lighter in skins.lighter_skins:
        enough = _reaches_wanted_share(_goal_doses_J_cm2(goal, beam, lighter, cooling), lighter.weights[0])
        weights = lighter.weights[0]
        for limit in (limit for limit in limits if limit.quantity == DISRUPTION_QUANTITY):
            broken = p_disruption(lighter.respond(beam, cooling, limiting=False, near_surface=True))

            def breaks(
                dose: float, limit: SettingLimit = limit, broken: DoseFunction = broken, weights: Floats = weights
            ) -> bool:
                return judge_limit(limit, broken(dose), weights, ()).status == "not_met"

            kept = kept[: bisect_left(kept, True, key=breaks)]

        kept = kept[: bisect_left(kept, True, key=enough) + 1]
        if not kept or not enough(1.05 * kept[-1]):
            break
    return kept


def _reaches_wanted_share(wanted_J_cm2: Floats, weights: Floats) -> Callable[[float], bool]:
    """Return a function that tests whether a dose brings the wanted share of skins to the target."""
    return lambda dose: weighted_share(wanted_J_cm2 <= dose, weights)[0] >= effect_target().wanted


def _goal_doses_J_cm2(goal: TreatmentGoal, beam: Beam, skins: SiteSkins, cooling: CoolingPlan) -> Floats:
    """Return the dose that reaches the goal, (sample,).

    For a burn or a field's pigment, which limits bound too, it includes the model's error.
    """
    response = skins.respond(beam, cooling, limiting=False, near_surface=goal.endpoint in NEAR_SURFACE)
    computed = endpoint_fluence(goal.endpoint, response) / J_CM2
    if goal.endpoint == BURN_ENDPOINT:
        return computed * draw_burn_ratios(beam, skins.target, "effect")
    return (
        computed * draw_error_factor(DISRUPTION_ENDPOINT, skins.target, "effect")
        if goal.fades_field_pigment
        else computed
    )


def basal_burn_doses(beam: Beam, skins: SiteSkins, cooling: CoolingPlan) -> BurnDoses:
    """Return the doses at which the basal layer of the skin around the target dies, with their calibration."""
    around = skins.respond(beam, cooling, limiting=True, near_surface=True)
    computed = cell_death_dose(around, locations.basal_layer_response(around)) / J_CM2
    return burn_doses(beam, computed, skins.calibration_for(beam))


def heating_thresholds(
    beam: Beam,
    goal: TreatmentGoal,
    skins: SiteSkins,
    cooling: CoolingPlan,
    limits: Sequence[SettingLimit],
    *,
    aimed: SiteSkins,
    quick: bool,
    burn_scale: float = 1.0,
) -> DoseThresholds:
    """Return the thresholds of light that heats: the skin around is judged by its probability of a burn.

    Parameters
    ----------
    quick : whether to leave out what decides nothing: burns without the cooling.
    burn_scale : as of `DoseThresholds`.
    """
    with collect_sources() as sources:
        wanted = _goal_doses_J_cm2(goal, beam, skins, cooling)
        enough = None
        if aimed is not skins:
            enough = _reaches_wanted_share(_goal_doses_J_cm2(goal, beam, aimed, cooling), aimed.weights[0])
        around = skins.respond(beam, cooling, limiting=True, near_surface=True)
        cooled = cooling.kind != "none"
        bare = around
        if cooled:
            bare = skins.respond(beam, cooling, limiting=True, cooling_share=0.0, near_surface=True)
        basal = locations.basal_layer_response(around)
        computed = basal_burn_doses(beam, skins, cooling)
        burns = replace(computed, computed_J_cm2=burn_scale * computed.computed_J_cm2)
        papillary = locations.papillary_border_response(bare)
        lasting = burn_doses(beam, burn_scale * cell_death_dose(bare, papillary) / J_CM2)
        quantities: dict[str, DoseFunction] = {
            "p_burn": burns.p,
            "p_lasting_burn_uncooled": lasting.p,
            "basal_minimum_C": _constant_over_dose(basal.base_K.min(axis=1) - ZERO_CELSIUS_K),
        }
        if any(limit.quantity == DISRUPTION_QUANTITY for limit in limits):
            quantities[DISRUPTION_QUANTITY] = p_disruption(around)
        uncooled = None
        if cooled and not quick:
            bare_basal = cell_death_dose(bare, locations.basal_layer_response(bare))
            uncooled = burn_doses(beam, burn_scale * bare_basal / J_CM2).p
    value = {limit.id: quantities[limit.quantity] for limit in limits}

    def reached(dose: float) -> NDArray[np.bool_]:
        return np.asarray(wanted <= dose)

    return DoseThresholds(
        beam, reached, reached, value, burns.p, uncooled, None, tuple(sources), burns, enough, burn_scale
    )


def _constant_over_dose(values: Floats) -> DoseFunction:
    return lambda _dose: values


def _removal_thresholds(
    beam: Beam, goal: TreatmentGoal, skins: SiteSkins, limits: Sequence[SettingLimit], *, quick: bool
) -> DoseThresholds:
    """Return the thresholds of light that removes skin: the epidermis is removed, the deeper dermis must stay.

    Between them the aim is the deeper the more severe the concern is, no deeper than the target.
    """
    with collect_sources() as sources:
        epidermis = locations.epidermis_bottom_m(skins.target)
        aimed = skins.borders(partial(_aim_depth_m, goal))
        own, deepest = _max_injury_depth_m(skins.limiting), skins.borders(_max_injury_depth_m)

        limiting = injury_by_dose(skins.limiting, beam)
        target = limiting if skins.is_without_target else injury_by_dose(skins.target, beam)
        (limit,) = limits  # depth is the only one of a crater

        def broken(factor: Floats | float) -> DoseFunction:
            return lambda dose: deepest.share_reached(factor * limiting(dose * J_CM2) / limit.stop)

        in_doubt = None if quick else broken(draw_error_factor(CRATER_QUANTITY, skins.limiting, "harm"))
    return DoseThresholds(
        beam,
        lambda dose: np.asarray(target(dose * J_CM2) >= epidermis),
        lambda dose: aimed.share_reached(target(dose * J_CM2)),
        {limit.id: lambda dose: InjuryDepths(limiting(dose * J_CM2), own, deepest)},
        broken(1.0),
        None,
        in_doubt,
        tuple(sources),
    )


def _max_injury_depth_m(skins: "xr.Dataset") -> Floats:
    """Return the greatest allowed depth of injury, (sample,)."""
    return locations.layer_bottom_m(skins, ABOVE_DEEPER_DERMIS)


def _aim_depth_m(goal: TreatmentGoal, skins: "xr.Dataset") -> Floats:
    """Return the aimed depth, (sample,)."""
    return goal.field_depth_m(locations.epidermis_bottom_m(skins), _max_injury_depth_m(skins))


def _choose_dose(
    machine: SearchMachine,
    setting: BeamSetting,
    doses: Sequence[float],
    thresholds: DoseThresholds,
    limits: Sequence[SettingLimit],
    skins: SiteSkins,
) -> CandidateSetting | None:
    """Return the least dose that is as high as is aimed, or else the greatest that keeps every limit."""
    found: dict[int, CandidateSetting] = {}

    def enough(index: int) -> bool:
        """Return whether the aim or a limit is reached; effect and harm only grow with the dose."""
        dose = doses[index]
        trial = candidate_at_dose(machine, setting, dose, thresholds, limits, skins)
        if trial.keeps_limits:
            found[index] = trial
        if thresholds.reaches_aim_elsewhere is not None:
            return not trial.keeps_limits or thresholds.reaches_aim_elsewhere(dose)
        return not trial.keeps_limits or (
            trial.p_effective >= effect_target().wanted and trial.deep_share >= effect_target().aimed
        )

    first = bisect_left(range(len(doses)), True, key=enough)
    best = found.get(first) or found.get(first - 1)
    if best is None:
        return None
    return replace(best, beam=replace(build_beam(machine, setting, best.dose), passes=thresholds.beam.passes))


def candidate_at_dose(
    machine: SearchMachine,
    setting: BeamSetting,
    dose: float,
    thresholds: DoseThresholds,
    limits: Sequence[SettingLimit],
    skins: SiteSkins,
) -> CandidateSetting:
    """Return a setting at a dose, with effect, harm and the verdict of every limit."""
    w_target, w_limit = skins.weights
    uncooled, doubtful = thresholds.uncooled_burn_probability, thresholds.doubtful_injury_probability
    return CandidateSetting(
        machine,
        setting,
        thresholds.beam,
        dose,
        None,
        thresholds.reaches_target(dose),
        thresholds.injury_probability(dose),
        None if uncooled is None else uncooled(dose),
        None if doubtful is None else doubtful(dose),
        _judge_limits(limits, dose, thresholds, w_limit),
        (w_target, w_limit),
        thresholds.basis,
        burns=thresholds.burns,
        thresholds=thresholds,
        deep_share=weighted_share(thresholds.reaches_aim(dose), w_target)[0],
    )


def _judge_limits(
    limits: Sequence[SettingLimit], dose: float, thresholds: DoseThresholds, weights: Floats
) -> tuple[LimitVerdict, ...]:
    values = ((limit, thresholds.value[limit.id](dose)) for limit in limits)
    return tuple(judge_limit(limit, value, weights, thresholds.basis) for limit, value in values)

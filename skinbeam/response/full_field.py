"""Search a full-field dose, between the one that reaches the target and the one that breaks a limit."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MS
from skinbeam.response.candidate import CandidateSetting, DoseFunction, p_disruption
from skinbeam.response.limits import SettingLimit, effect_target, judge_limit
from skinbeam.response.response_table import DISRUPTION_QUANTITY, ResponseTable, goal_doses_J_cm2, reaches_share
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.endpoints.melanosomes import shortest_pulse_s

__all__ = ["search_full_field"]

Floats = NDArray[np.float64]

MAX_PASSES = 4
_LEAST_GAIN = 0.1  # in the share of skins: a further pass costs time, pain and heat that builds up
# Of the dose of fewer passes, by each of more: clinics repeat a pass, and one of half the dose heats more than
# it removes. A judgement.
_LEAST_OF_FEWER = 0.6


def search_full_field(
    table: ResponseTable, setting: BeamSetting, *, aimed: SiteSkins | None = None, most: float = math.inf
) -> CandidateSetting | None:
    """Return the best dose of a full-field setting, or None where the device has no dose that keeps the limits.

    Parameters
    ----------
    most : the greatest dose to try of light that heats, J/cm².
    aimed : skins that decide how high a dose of light that heats is aimed; None for those of the table, which limits
        are checked on.

    Raises
    ------
    NotAvailable : the model cannot judge the target at such a setting.
    """
    doses: Sequence[float] = table.machine.doses(setting)
    if not doses:
        return None
    if table.goal.modality != "ablative":
        return _search_heating(table, setting, [dose for dose in doses if dose <= most] or doses[:1], aimed)
    best: CandidateSetting | None = None
    for count in range(1, MAX_PASSES + 1):
        try:
            trial = _choose_dose(table, setting, doses, passes=count)
        except NotAvailable:
            if count == 1:
                raise
            break  # no source gives the depth of later passes for this laser
        if trial is None or (best is not None and trial.dose < _LEAST_OF_FEWER * best.dose):
            continue
        if best is None or _gains_by_pass(trial, best):
            best = trial
        if _reaches_all(best):
            break
    return best


def _gains_by_pass(trial: CandidateSetting, fewer: CandidateSetting) -> bool:
    """Return whether a further pass is worth it: it reaches all that is aimed at, or clearly more skins or depth."""
    target = effect_target()
    if _reaches_all(trial):
        return True
    if fewer.p_effective < target.wanted and trial.p_effective >= fewer.p_effective + _LEAST_GAIN:
        return True
    is_as_effective = trial.p_effective >= min(fewer.p_effective, target.wanted)
    return is_as_effective and min(trial.deep_share, target.aimed) >= fewer.deep_share + _LEAST_GAIN


def _reaches_all(trial: CandidateSetting) -> bool:
    """Return whether a setting reaches the target and its depth in the intended share of skins."""
    return trial.p_effective >= effect_target().wanted and trial.deep_share >= effect_target().aimed


def _search_heating(
    table: ResponseTable, setting: BeamSetting, doses: Sequence[float], aimed: SiteSkins | None
) -> CandidateSetting | None:
    """Return the best dose of light that heats."""
    enough = None
    if aimed is not None:
        wanted = goal_doses_J_cm2(table.goal, table.beam(setting), aimed, table.cooling)
        enough = reaches_share(wanted, aimed.weights[0], effect_target().wanted)
    doses = _gentle_doses(table, setting, doses)
    found = _choose_dose(table, setting, doses, enough=enough)
    if found is None:
        return None
    most = [dose for dose in doses if dose <= found.dose]
    allowed = _doses_for_lighter_skin(table, setting, aimed or table.skins, most)
    if allowed == most:
        return found
    at_allowed = _choose_dose(table, setting, allowed, enough=enough)
    return None if at_allowed is None else replace(at_allowed, capped_by_lighter_skin=True)


def _gentle_doses(table: ResponseTable, setting: BeamSetting, doses: Sequence[float]) -> Sequence[float]:
    """Return those of `doses` for a first session: doses of some goals are raised to a warning, not to the stop.

    A person who is not reached can be treated again, with more if the first session burnt nothing; a burn cannot be
    undone. The error of the draws counts where a dose is allowed, not where it is chosen.
    """
    modality, found, weights = table.goal.modality, table.at(setting), table.skins.weights[1]
    for limit in (limit.for_raising_doses(modality) for limit in table.limits if modality in limit.raised_within):

        def beyond(dose: float, limit: SettingLimit = limit) -> bool:
            return judge_limit(limit, found.value[limit.id](dose), weights, (), strict=False).status == "not_met"

        doses = doses[: bisect_left(doses, True, key=beyond)]
    return doses


def _shortest_pulse_beam(table: ResponseTable, setting: BeamSetting) -> Beam:
    """Return the beam with the shortest short pulse of the device.

    A longer pulse for darker skin is no reason for a higher dose.
    """
    beam = table.beam(setting)
    if table.goal.modality != "pigment-short-pulse":
        return beam
    judged_ms = shortest_pulse_s() / MS
    same = {candidate.pulse_ms for candidate in iterate_settings(table.machine.device, beam.wavelength_nm)}
    return replace(beam, pulse_ms=min((pulse for pulse in same if pulse >= judged_ms), default=beam.pulse_ms))


def _doses_for_lighter_skin(
    table: ResponseTable, setting: BeamSetting, skins: SiteSkins, doses: Sequence[float]
) -> list[float]:
    """Return those of `doses` that lighter skin would get.

    None is above the dose that brings the wanted share of lighter skin to the target. A darker epidermis absorbs more
    of the light on its way, so the same share needs a higher dose; a clinic gives darker skin less, never more, and
    lets fewer reach the target. The lightest skin needs the least but for effects of sampling and heat from the
    epidermis (1 %), so the others are computed only where it comes near. For the same reason no dose is allowed that
    breaks the pigment of lighter skin beyond a limit.
    """
    beam, cooling = _shortest_pulse_beam(table, setting), table.cooling
    allowed = list(doses)
    for lighter in skins.lighter_skins:
        wanted, weights = goal_doses_J_cm2(table.goal, beam, lighter, cooling), lighter.weights[0]
        enough = reaches_share(wanted, weights, effect_target().wanted)
        for limit in (limit for limit in table.limits if limit.quantity == DISRUPTION_QUANTITY):
            broken = p_disruption(lighter.respond(beam, cooling, limiting=False, near_surface=True))

            def breaks(
                dose: float, limit: SettingLimit = limit, broken: DoseFunction = broken, weights: Floats = weights
            ) -> bool:
                return judge_limit(limit, broken(dose), weights, ()).status == "not_met"

            allowed = allowed[: bisect_left(allowed, True, key=breaks)]

        allowed = allowed[: bisect_left(allowed, True, key=enough) + 1]
        if not allowed or not enough(1.05 * allowed[-1]):
            break
    return allowed


def _choose_dose(
    table: ResponseTable,
    setting: BeamSetting,
    doses: Sequence[float],
    *,
    passes: int = 1,
    enough: Callable[[float], bool] | None = None,
) -> CandidateSetting | None:
    """Return the least dose that reaches the aim, or else the greatest that keeps every limit.

    Parameters
    ----------
    enough : whether a dose reaches the aim, decided on other skins; None where those of the table decide.
    """
    candidates: dict[int, CandidateSetting] = {}

    def ends(index: int) -> bool:
        """Return whether the aim or a limit is reached; effect and harm only grow with the dose."""
        trial = table.judge(setting, doses[index], passes=passes)
        if not trial.keeps_limits:
            return True
        candidates[index] = trial
        if enough is not None:
            return enough(trial.dose)
        return trial.p_effective >= effect_target().wanted and trial.deep_share >= effect_target().aimed

    first = bisect_left(range(len(doses)), True, key=ends)
    return candidates.get(first) or candidates.get(first - 1)

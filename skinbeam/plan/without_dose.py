"""Plan devices for which no source prints a dose that they can be set to.

They are set to the pulse and spot of most sources, at the dose that reaches the target, where the guideline names them:
light with neither a printed dose nor a place there is light that nobody uses so. A device that the clinic lists and
whose effect is a depth (columns, and the removal of skin) is planned too where its setting is like practice.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.laser.device import describe_light
from skinbeam.laser.setting_grid import BeamSetting, device_classes, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.plan.device_option import (
    DeviceRefusal,
    LaserOption,
    device_refusal,
    make_option,
    refuse_by_rule,
    refuse_device,
    too_weak_refusal,
)
from skinbeam.plan.guideline_place import (
    GuidelinePlace,
    advice_against,
    are_named_columns,
    concern_cells,
    guideline_place,
    place_number,
)
from skinbeam.plan.light_planning import plan_without_dose
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.plan.source_proposal import usual_settings
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.envelope_rules import envelope_rules
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.limits import effect_target
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.suitability.dose_bars import (
    SHARE_AFTER_INJURY,
    DoseBar,
    is_injured_by_other_kind,
    is_injured_by_redder_laser,
)
from skinbeam.suitability.judgement import Suitability
from skinbeam.text import Message

__all__ = ["plan_devices_without_dose"]

# Diameters of columns and craters to try, the usual one first: each takes about a second.
_MAX_DIAMETERS: Final = 3


def plan_devices_without_dose(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machines: Sequence[SearchMachine],
    bank: SkinBank,
    cells: Sequence[GuidelineCell],
    *,
    is_listed: bool,
) -> tuple[list[LaserOption], list[DeviceRefusal]]:
    """Return the options of devices whose dose nobody prints, and why the others are refused.

    Parameters
    ----------
    cells : of the guideline, that name devices for the concern, or for another one that shares its field.
    is_listed : whether the clinic listed its devices; then all of them are tried.
    """
    planned: list[LaserOption] = []
    refused: list[DeviceRefusal] = []
    offered: set[str] = set()
    for machine in machines:
        settings = _settings_to_try(case, concern, goal.modality, machine, cells)
        place = _best_place(goal.modality, machine, settings, cells)
        if not is_listed and place is not None and (place.is_of_alike or place.device_class in offered):
            continue
        may_be_unnamed = is_listed and _is_by_depth(goal.modality, machine)
        if (place is None and not may_be_unnamed) or _is_never_computed(concern, goal, machine):
            refused.append(_refuse_without_dose(case, concern, goal, machine))
            continue
        option = _plan_device(case, concern, goal, machine, settings, bank, cells)
        if isinstance(option, DeviceRefusal):
            refused.append(option)
            continue
        planned.append(option)
        if place is not None:
            offered.add(place.device_class)
    return planned, refused


def _best_place(
    modality: str, machine: SearchMachine, settings: Sequence[BeamSetting], cells: Sequence[GuidelineCell]
) -> GuidelinePlace | None:
    """Return the place of a machine in the guideline, at the settings to try first; None where it has none."""
    lights = (*settings, *one_of_each_light(machine.device))
    places = (guideline_place(cells, modality, device_classes(machine.device, light)) for light in lights)
    return next((place for place in places if place is not None), None)


def _is_never_computed(concern: Concern, goal: TreatmentGoal, machine: SearchMachine) -> bool:
    """Return whether no dose is computed: of a lamp, because makers measure its fluence in different ways, and of light
    that heats where the wrong light makes the condition worse.
    """
    is_bounded = machine.device.is_lamp or concern.condition in envelope_rules().practised_only
    return is_bounded and not _is_by_depth(goal.modality, machine)


def _is_by_depth(modality: str, machine: SearchMachine) -> bool:
    return machine.device.microbeam or modality == "ablative"


def _settings_to_try(
    case: Case, concern: Concern, modality: str, machine: SearchMachine, cells: Sequence[GuidelineCell]
) -> list[BeamSetting]:
    """Return the usual setting of a machine whose dose nobody prints; of columns and craters some diameters of it.

    Of a machine with several lights it is that of each, the one that the guideline places first before the others.
    """
    is_by_depth = _is_by_depth(modality, machine)
    nearest: dict[float, BeamSetting] = {}
    for setting in usual_settings(case, concern, modality, machine, cells):
        nearest.setdefault(setting.spot_mm if is_by_depth else setting.wavelength_nm, setting)
    if is_by_depth:
        return list(nearest.values())[:_MAX_DIAMETERS]
    return sorted(
        nearest.values(), key=lambda candidate: place_number(cells, modality, device_classes(machine.device, candidate))
    )


def _least_share(
    goal: TreatmentGoal, place: GuidelinePlace | None, concern: Concern, cells: Sequence[GuidelineCell]
) -> float:
    """Return the least share of such skins that a computed dose has to reach.

    None where the guideline names such columns for a concern of the face, for a scar, or for this very site: the limits
    on such skin leave them short of a depth that is a judgement. So are the vessels and spots that light aims at: light
    that sources name before any other for such skin has to reach no more than at a printed dose.
    """
    if are_named_columns(place, goal.modality, concern, cells):
        return 0.0
    is_first = place is not None and place.number == 1 and not place.is_between
    return LEAST_REACHED if is_first else effect_target().least


def _plan_device(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machine: SearchMachine,
    settings: Sequence[BeamSetting],
    bank: SkinBank,
    cells: Sequence[GuidelineCell],
) -> LaserOption | DeviceRefusal:
    """Return the option of a device at the first of its settings that reaches the target, or why it has none."""
    report_progress(Message("progress.device", {"concern": concern_name(concern), "device": machine.device.title}))
    if is_injured_by_other_kind(case, machine.device):
        return device_refusal(goal, machine, "plan.no-dose-after-other-kind")
    unsafe = "plan.no-dose-below-injury" if machine.dose_bars else "plan.no-safe-dose"
    refused: list[DeviceRefusal] = []
    ruled_nm: list[float] = []
    for setting in settings:
        rules = judge_setting(case, concern, goal.modality, machine, setting)
        if rules.opposing_reasons:
            refused.append(refuse_by_rule(goal, machine, rules))
            ruled_nm.append(setting.wavelength_nm)
            continue
        place = guideline_place(cells, goal.modality, device_classes(machine.device, setting))
        try:
            trial = _plan_setting(case, concern, goal, machine, setting, bank)
        except NotAvailable as error:
            message = "plan.not-judged" if place is None else "plan.not-judged-named"
            refused.append(device_refusal(goal, machine, message, reason=error.reason))
            continue
        least = _least_share(goal, place, concern, cells)
        if trial is None:
            refused.append(device_refusal(goal, machine, unsafe))
        elif trial.p_effective < least:
            refused.append(too_weak_refusal(case, concern, goal, trial, least=least, is_undosed=True))
        else:
            return _offer(case, concern, goal, trial, rules)
    judged = [refusal for refusal in refused if refusal.trial is not None]
    if judged:
        return max(judged, key=lambda refusal: 0.0 if refusal.trial is None else refusal.trial.p_effective)
    if refused and len(ruled_nm) == len(refused) and set(ruled_nm) < set(machine.device.wavelengths_nm):
        return _refuse_without_dose(case, concern, goal, machine)  # a rule bars what the guideline names, not all
    return refused[0] if refused else device_refusal(goal, machine, unsafe)


def _plan_setting(
    case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine, setting: BeamSetting, bank: SkinBank
) -> CandidateSetting | None:
    """Return a setting at the dose that reaches the target, less where a redder laser injured this skin, or None."""
    trial = plan_without_dose(case, goal, machine, setting, concern.site, bank)
    if trial is None or not is_injured_by_redder_laser(case, machine.device, setting.wavelength_nm):
        return trial
    least = math.nextafter(SHARE_AFTER_INJURY * trial.dose, math.inf)
    bar = DoseBar(setting.wavelength_nm, least, keeps_setting=True)
    bounded = replace(machine, dose_bars=(*machine.dose_bars, bar))
    return plan_without_dose(case, goal, bounded, setting, concern.site, bank)


def _offer(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    trial: CandidateSetting,
    rules: Suitability,
) -> LaserOption | DeviceRefusal:
    """Return the option of a computed dose; none where the guideline advises against it, or nobody goes so far."""
    machine = trial.machine
    cells = concern_cells(case, concern)
    advice = advice_against(case, concern, cells, goal.modality, device_classes(machine.device, trial.setting))
    if advice is not None:
        return refuse_device(goal, machine, advice.message, advice.source)
    made = make_option(case, concern, goal, trial, rules)
    if made.option.beyond_practice and made.standing.place is None:
        assert made.option.practice is not None  # a device has one
        return device_refusal(goal, machine, "plan.beyond-practice", trial, place=made.option.practice)
    return made


def _refuse_without_dose(case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine) -> DeviceRefusal:
    """Return the refusal of a device without a printed dose; where a rule forbids all its light, the rule's reason.

    Where it forbids one of its lights, the rule's reason comes first, and the other lights are named.
    """
    lights = one_of_each_light(machine.device)
    judged = {light: judge_setting(case, concern, goal.modality, machine, light) for light in lights}
    barred = [suitability for suitability in judged.values() if suitability.opposing_reasons]
    if barred and len(barred) == len(judged):
        return refuse_by_rule(goal, machine, barred[0])
    refused = device_refusal(goal, machine, "plan.no-lamp-dose" if machine.device.is_lamp else "plan.no-practice")
    if not barred:
        return refused
    if not machine.device.is_lamp:
        others = {light.wavelength_nm for light, suitability in judged.items() if not suitability.opposing_reasons}
        words = [describe_light(wavelength_nm, lamp=False) for wavelength_nm in sorted(others)]
        refused = device_refusal(goal, machine, "plan.no-practice-of-light", light=words)
    ruled = refuse_by_rule(goal, machine, barred[0]).record.reasons
    return replace(refused, record=replace(refused.record, reasons=(*ruled, *refused.record.reasons)))

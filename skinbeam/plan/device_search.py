"""Search a device whose effect is a depth (columns, and the removal of skin) for settings that reach a target.

Settings within published practice are tried first. They are compared on few skins, which are the same for every seed.
The offered setting is judged on all draws, and a setting that the few skins show to be far from the target is refused
without a number.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.comparison.compare import treatment_studies
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan.course import describe_settings
from skinbeam.plan.expected_result import trial_question
from skinbeam.plan.options import build_laser_option
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.ranking import OptionStanding, per_hundred
from skinbeam.plan.records import Option, RefusedOption
from skinbeam.plan.rules.suitability import Suitability, judge_suitability
from skinbeam.plan.rules.table import RuleReason
from skinbeam.plan.search.candidate import (
    CandidateSetting,
    merit_key,
    sort_by_merit,
)
from skinbeam.plan.search.envelope import envelope_rules
from skinbeam.plan.search.fractional import search_microbeams
from skinbeam.plan.search.full_field import search_full_field
from skinbeam.plan.search.goals import TreatmentGoal
from skinbeam.plan.search.limits import effect_target
from skinbeam.plan.search.practice_place import PracticePlace, place_candidate, practice_light
from skinbeam.plan.search.settings import (
    PracticeRegion,
    SearchMachine,
    built_in_cooling,
    candidate_settings,
    sources_without_dose,
    thin_evenly,
)
from skinbeam.plan.search.skin_bank import SkinBank
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.simulate.removal.ablation import is_pulse_calibrated
from skinbeam.text import Message

__all__ = [
    "DeviceRefusal",
    "LaserOption",
    "device_refusal",
    "judge_best_dose",
    "judge_setting",
    "make_option",
    "refusal_record",
    "search_options",
    "too_weak_refusal",
]

SCREENING_ENERGIES = 6
SCREENING_DRAWS = 32  # of the skins that settings are compared on; a first look takes half of them
# How far below the least share a first look may find a setting before it is refused: two standard errors of a quarter.
SCREENING_MARGIN = 0.15


@dataclass(frozen=True)
class LaserOption:
    """A laser option of a concern: its record, its standing for the ranking, its trial and goal."""

    option: Option
    standing: OptionStanding
    trial: CandidateSetting
    goal: TreatmentGoal


@dataclass(frozen=True)
class DeviceRefusal:
    """Why a device is not offered, and its best setting within the limits where one could be judged."""

    record: RefusedOption
    goal: TreatmentGoal
    trial: CandidateSetting | None = None


def make_option(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    trial: CandidateSetting,
    judged: Suitability,
    practised: PracticePlace | None = None,
) -> LaserOption:
    """Return the option of a judged setting, and report it; `practised` as of `build_laser_option`."""
    device = trial.machine.device
    shown = None if device.microbeam or goal.modality == "ablative" else built_in_cooling(device)[1]
    option, standing = build_laser_option(case, concern, trial, goal.modality, shown, judged, practised)
    assert option.setup is not None  # a laser has one
    words = describe_settings(option.setup.settings, lamp=option.setup.lamp)
    stands = {"concern": concern_name(concern), "device": device.title, "settings": words}
    report_progress(Message("progress.stands", stands))
    return LaserOption(option, standing, trial, goal)


def search_options(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machines: Sequence[SearchMachine],
    bank: SkinBank,
    *,
    is_listed: bool,
) -> tuple[list[LaserOption], list[DeviceRefusal]]:
    """Return the options that a search of settings finds, and why the other devices are refused.

    Where the clinic did not list its devices, the best device of each light that trials of the concern used has an
    option, and of other light the best of all where none of those has one.
    """
    modality = goal.modality
    screened, refused = _screen_devices(case, concern, goal, machines, bank)
    options: list[LaserOption] = []
    offered: set[str] = set()
    looks = [(look, _was_tried_in_trials(case, concern, modality, look.best[0])) for look in screened]
    if not is_listed:
        looks.sort(key=lambda item: not item[1])
    for look, tried in looks:
        regime = practice_light(look.best[0], modality).regime
        if not is_listed and options and (regime in offered or not tried):
            continue
        report_progress(
            Message("progress.all-skins", {"concern": concern_name(concern), "device": look.machines[0].device.title})
        )
        trial = _choose_setting(case, concern, goal, look, bank)
        if isinstance(trial, DeviceRefusal):
            refused.append(trial)
            continue
        machine = replace(trial.machine, region=None)  # a test-spot ladder begins below practice
        trial = replace(trial, machine=machine)
        rules = judge_setting(case, concern, modality, machine, trial.setting)
        judged = _judge_with_effect(rules, case, concern, goal, trial)
        options.append(make_option(case, concern, goal, trial, judged))
        offered.add(regime)
    return options, refused


def _was_tried_in_trials(case: Case, concern: Concern, modality: str, trial: CandidateSetting) -> bool:
    """Return whether trials of the concern used such light."""
    return bool(treatment_studies(trial_question(case, concern, modality, trial)))


@dataclass(frozen=True)
class _Screening:
    """A first look at a device.

    Parameters
    ----------
    best : its best settings on few skins; empty where none keeps the limits.
    machines : the machine restricted to the region in which they were found, and then to each wider one.
    """

    best: list[CandidateSetting]
    machines: tuple[SearchMachine, ...]


def _screen_devices(
    case: Case, concern: Concern, goal: TreatmentGoal, machines: Sequence[SearchMachine], bank: SkinBank
) -> tuple[list[_Screening], list[DeviceRefusal]]:
    """Return the devices that may reach the target within the limits, the best first, and the refusals of others."""
    looks: list[_Screening] = []
    refused: list[DeviceRefusal] = []
    for machine in machines:
        report_progress(Message("progress.device", {"concern": concern_name(concern), "device": machine.device.title}))
        try:
            look = _screen_device(case, concern, goal, _practice_first(case, concern, goal, machine), bank)
        except NotAvailable as error:
            refused.append(device_refusal(goal, machine, "plan.not-judged", reason=error.reason))
            continue
        if not look.best:
            refused.append(device_refusal(goal, machine, _no_dose_reason(look.machines[0])))
        elif _is_too_weak(case, concern, goal, look.best[0], SCREENING_MARGIN):
            refused.append(too_weak_refusal(case, concern, goal, look.best[0]))
        else:
            looks.append(look)
    looks.sort(key=lambda look: (-len(look.machines), merit_key(look.best[0])))
    return looks, refused


def _screen_device(
    case: Case, concern: Concern, goal: TreatmentGoal, machines: Sequence[SearchMachine], bank: SkinBank
) -> _Screening:
    """Return the best settings in the first region that has some which keep the limits and are not too weak.

    Raises
    ------
    NotAvailable : no setting can be judged in any region.
    """
    for place, machine in enumerate(machines[:-1]):
        with contextlib.suppress(NotAvailable):
            best = _best_settings(case, concern, goal, machine, bank)
            if best and not _is_too_weak(case, concern, goal, best[0], SCREENING_MARGIN):
                return _Screening(best, tuple(machines[place:]))
    return _Screening(_best_settings(case, concern, goal, machines[-1], bank), (machines[-1],))


def _choose_setting(
    case: Case, concern: Concern, goal: TreatmentGoal, look: _Screening, bank: SkinBank
) -> CandidateSetting | DeviceRefusal:
    """Return the setting to offer, judged on all draws, in the first region that has one; else the refusal.

    Where all settings are too weak, the refusal reports that of the first region, which is the nearest to practice.
    """
    machine, *wider = look.machines
    trial = _settle_setting(goal, machine, look.best, bank, concern.site)
    if trial is not None and not _is_too_weak(case, concern, goal, trial):
        return trial
    if wider:
        with contextlib.suppress(NotAvailable):
            further = _screen_device(case, concern, goal, wider, bank)
            if further.best:
                found = _choose_setting(case, concern, goal, further, bank)
                if isinstance(found, CandidateSetting) or trial is None:
                    return found
    return (
        device_refusal(goal, machine, _no_dose_reason(machine))
        if trial is None
        else too_weak_refusal(case, concern, goal, trial)
    )


def _is_too_weak(
    case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting, margin: float = 0.0
) -> bool:
    """Return whether too few skins reach the target for the setting to be offered.

    Where clinics and trials treat such skin with such settings, their observed results decide, and the target is a
    check beside them. One source is not enough for that; nor are sources that print no dose, nor those of a condition
    for a kind of it whose target is another. A setting that reaches none of 100 skins on all draws is always too weak.
    """
    if not margin and per_hundred(trial.p_effective) < 1:
        return True
    if trial.p_effective >= effect_target().least - margin or trial.machine.region is None:
        return trial.p_effective < effect_target().least - margin
    place = place_candidate(trial, concern.condition, goal.modality, darkest_phototype(case))
    alone = len(place.sources) < envelope_rules()["few"]["least"]
    return not (place.is_inside and place.has_dose_range) or place.lacks_phototype or alone or goal.has_subtype_target


def _practice_first(case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine) -> list[SearchMachine]:
    """Return the machine restricted to published energies, and then without that restriction.

    Practice restricts the energy of microbeams alone, and of full-field ablation nothing: too little is published.
    """
    practice = PracticeRegion(concern.condition, goal.modality, darkest_phototype(case))
    return [replace(machine, region=practice), machine] if machine.device.microbeam else [machine]


def judge_setting(
    case: Case, concern: Concern, modality: str, machine: SearchMachine, setting: BeamSetting
) -> Suitability:
    """Judge a setting of a device by the rules."""
    return judge_suitability(
        case,
        concern=concern,
        modality=modality,
        device_wavelength_nm=setting.wavelength_nm,
        pulse_ms=setting.pulse_ms,
        ipl=machine.device.is_lamp,
        compression=machine.device.compression is not None,
        cooled=bool(machine.device.cooling),
    )


def too_weak_refusal(case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting) -> DeviceRefusal:
    """Return the refusal of a dose that reaches too few skins.

    Where an earlier injury bars greater doses, that is the reason to report. Where clinics treat such skin with such
    light all the same, and none printed the dose, that is reported too.
    """
    machine = trial.machine
    if machine.dose_bars:
        return device_refusal(goal, machine, "plan.no-dose-below-injury", trial)
    least = per_hundred(effect_target().least)
    sources = sources_without_dose(concern.condition, goal.modality, darkest_phototype(case), machine.device)
    if sources:
        return device_refusal(goal, machine, "plan.too-weak-undosed", trial, least=least, sources=len(sources))
    return device_refusal(goal, machine, "plan.too-weak", trial, least=least)


def _no_dose_reason(machine: SearchMachine) -> str:
    """Return why there is no dose; for a machine restricted to practice, whether none was published."""
    if machine.region is not None and not any(machine.doses(setting) for setting in iterate_settings(machine.device)):
        return "plan.no-practice"
    return "plan.no-dose-below-injury" if machine.dose_bars else "plan.no-safe-dose"


def _judge_with_effect(
    suitability: Suitability, case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting
) -> Suitability:
    """Return the judgement of the rules with an added reason where the computed effect is too weak.

    The computation alone would refuse such a setting, which practice uses.
    """
    if trial.p_effective >= effect_target().least:
        return suitability
    place = place_candidate(trial, concern.condition, goal.modality, darkest_phototype(case))
    weak = Message("practice.weak", {"effective": per_hundred(trial.p_effective), "sources": len(place.sources)})
    source, about = envelope_rules()["source"], f"{concern.condition} at {concern.site}"
    return replace(
        suitability,
        reasons=(*suitability.reasons, RuleReason("computed-weak", "suitable", weak, source, "practice", about)),
    )


def _best_settings(
    case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine, bank: SkinBank
) -> list[CandidateSetting]:
    """Return a device's best settings in a first look, among those that the rules allow for its wavelength and pulse.

    Light that trials of the concern used goes before other light of the same device: only such light can rank first.
    The best is followed by the next best.

    Raises
    ------
    NotAvailable : no setting can be judged; the last reason is given.
    """
    skins = bank.design_bank.skins(concern.site, goal, max_draws=SCREENING_DRAWS)
    cooling, _ = built_in_cooling(machine.device)
    found: list[CandidateSetting] = []
    reason, judged_any = "", False
    for setting in _settings_to_try(machine):
        allowed = judge_setting(case, concern, goal.modality, machine, setting)
        if allowed.opposing_reasons:
            strict = allowed.opposing_reasons[0]
            cite_sources(strict.source)
            reason = strict.message.text
            continue
        try:
            trial = _screen_setting(goal, machine, setting, skins, cooling)
        except NotAvailable as error:
            reason = error.reason
            continue
        judged_any = True
        if trial is not None:
            found.append(trial)
    if not judged_any and reason:
        raise NotAvailable(reason)
    best = [trial for trial in found if _was_tried_in_trials(case, concern, goal.modality, trial)] or found
    ordered = sort_by_merit(best)
    return [one for one in ordered if one.setting.wavelength_nm == ordered[0].setting.wavelength_nm][:2]


def _settings_to_try(machine: SearchMachine) -> Iterator[BeamSetting]:
    """Return the settings to look at, which span what the device can be set to."""

    def has_doses(setting: BeamSetting) -> bool:
        return bool(machine.doses(setting))

    if machine.device.microbeam:
        return candidate_settings(machine.device, pulses=2, can_judge=is_pulse_calibrated, has_doses=has_doses)
    return candidate_settings(machine.device, pulses=3, has_doses=has_doses)


def _screen_setting(
    goal: TreatmentGoal, machine: SearchMachine, setting: BeamSetting, skins: SiteSkins, cooling: CoolingPlan
) -> CandidateSetting | None:
    """Return the best dose of a setting on few skins."""
    if not machine.device.microbeam:
        return search_full_field(machine, setting, goal, skins, cooling, quick=True)
    every = machine.doses(setting)
    if not every:
        return None
    found = search_microbeams(
        machine, setting, goal, skins, energies=thin_evenly(every, SCREENING_ENERGIES), quick=True
    )
    if found is not None and (found.p_effective >= effect_target().least or found.dose == every[-1]):
        return found
    # Before a refusal every step is tried: the limits may be kept between two of the few energies.
    return search_microbeams(machine, setting, goal, skins, energies=every, quick=True)


def _settle_setting(
    goal: TreatmentGoal,
    machine: SearchMachine,
    screened: Sequence[CandidateSetting],
    bank: SkinBank,
    site: str,
) -> CandidateSetting | None:
    """Return the setting to offer, judged on all draws.

    It is the first that reaches the target, since the setting that few skins put first may break a limit on more; where
    none reaches it, the first that keeps the limits.
    """
    found: CandidateSetting | None = None
    for one in screened:
        trial = judge_best_dose(goal, machine, one, bank, site)
        if trial is not None and trial.p_effective >= effect_target().least:
            found = trial
            break
        found = trial if found is None else found
    return found


def judge_best_dose(
    goal: TreatmentGoal, machine: SearchMachine, screened: CandidateSetting, bank: SkinBank, site: str
) -> CandidateSetting | None:
    """Return the best dose of a setting that was screened, judged on all draws, with the same number of passes.

    An energy is sought around the screened one.
    """
    skins, (cooling, _) = bank.skins(site, goal), built_in_cooling(machine.device)
    if not machine.device.microbeam:
        return search_full_field(machine, screened.setting, goal, skins, cooling, passes=screened.passes)
    every = machine.doses(screened.setting)
    few = thin_evenly(every, SCREENING_ENERGIES)
    lower = max((e for e in few if e < screened.dose), default=every[0])
    upper = min((e for e in few if e > screened.dose), default=every[-1])
    around = [energy for energy in every if lower <= energy <= upper]
    found = search_microbeams(machine, screened.setting, goal, skins, energies=around)
    inside = found is not None and (
        (found.dose > around[0] or around[0] == every[0])
        and (found.dose < around[-1] or found.p_effective >= effect_target().wanted or around[-1] == every[-1])
    )
    return found if inside else search_microbeams(machine, screened.setting, goal, skins, energies=every)


def refusal_record(
    modality: str, reasons: Sequence[Message], *, source: str | None = None, device: str | None = None
) -> RefusedOption:
    """Return the record of a modality, or of a device for it, that is not offered."""
    return RefusedOption(modality, vocabulary_table("modality")[modality]["title"], source, device, tuple(reasons))


def device_refusal(
    goal: TreatmentGoal, machine: SearchMachine, message: str, trial: CandidateSetting | None = None, **params: Any
) -> DeviceRefusal:
    """Return the refusal of a device for one reason, whose message names the device."""
    reason = Message(message, {"device": machine.device.title} | params)
    return DeviceRefusal(refusal_record(goal.modality, [reason], device=machine.device.name), goal, trial)

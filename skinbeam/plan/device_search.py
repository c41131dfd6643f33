"""Search a device for settings that reach a target within the limits, first within published practice.

Settings are compared on few skins, which are the same for every seed. The offered setting is judged on all draws, and a
setting that the few skins show to be far from the target is refused without a number. Settings for vessels that a first
look cannot distinguish are compared again on twice as many skins, and again twice as many decide how high their dose is
aimed.
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
from skinbeam.plan.light_planning import with_bruising
from skinbeam.plan.options import build_laser_option
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.ranking import OptionStanding, per_hundred
from skinbeam.plan.records import Option, RefusedOption
from skinbeam.plan.rules.suitability import Suitability, judge_suitability
from skinbeam.plan.rules.table import RuleReason
from skinbeam.plan.search.candidate import (
    CandidateSetting,
    equally_effective,
    estimate_bruising,
    least_bruising,
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
    PulseCaps,
    SearchMachine,
    build_beam,
    built_in_cooling,
    candidate_settings,
    is_bound_to_practice,
    narrower_spots,
    sources_without_dose,
    thin_evenly,
)
from skinbeam.plan.search.skin_bank import COMPARISON_DRAWS, SkinBank
from skinbeam.plan.search.skins import SiteSkins, SpectralLines
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
    bank.design_bank.skins(concern.site, goal, max_draws=SCREENING_DRAWS).compute_light(
        _spectra_to_light(case, concern, goal, machines)
    )
    screened, refused = _screen_devices(case, concern, goal, machines, bank)
    options: list[LaserOption] = []
    offered: set[tuple[str, bool]] = set()
    looks = [(look, _was_tried_in_trials(case, concern, modality, look.best[0])) for look in screened]
    if not is_listed:
        looks.sort(key=lambda item: not item[1])
    for look, tried in looks:
        light = practice_light(look.best[0], modality)
        kind = light.regime, light.lamp
        if not is_listed and options and (kind in offered or not tried):
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
        offered.add(kind)
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
            look = _screen_device(case, concern, goal, _restrict_to_practice(case, concern, goal, machine), bank)
        except NotAvailable as error:
            refused.append(device_refusal(goal, machine, "plan.not-judged", reason=error.reason))
            continue
        if not look.best:
            refused.append(device_refusal(goal, machine, _no_dose_reason(look.machines[0])))
        elif _is_too_weak(case, concern, goal, look.best[0], SCREENING_MARGIN):
            refused.append(_too_weak_refusal(case, concern, goal, look.best[0]))
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
    cooling, _ = built_in_cooling(machine.device)
    best = _compare_settings(
        goal, machine, look.best, bank.design_bank.skins(concern.site, goal, max_draws=COMPARISON_DRAWS), cooling
    )
    trial = _settle_setting(goal, machine, best, bank, concern.site, cooling)
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
        else _too_weak_refusal(case, concern, goal, trial)
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


def _restrict_to_practice(
    case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine
) -> list[SearchMachine]:
    """Return the machine restricted to ever wider regions around published practice.

    First it is restricted to published doses, then to the light, pulses and spots of practice, then to these and the
    spots next to them, then only to the caps on spot and energy, which hold everywhere.

    Of microbeams practice restricts the energy alone, and of full-field ablation nothing: too little is published. A
    lamp is restricted to published doses of its filters, because makers do not measure its fluence alike and its
    spectrum is not published.
    """
    practice = PracticeRegion(concern.condition, goal.modality, darkest_phototype(case))
    machine = replace(machine, caps=PulseCaps(concern.condition, goal.modality, concern.site, darkest_phototype(case)))
    dosed = replace(machine, region=practice)
    if machine.device.is_lamp:
        return [dosed]
    if machine.device.microbeam:
        return [dosed, machine]
    if goal.modality == "ablative":
        return [machine]
    if is_bound_to_practice(concern.condition):
        return [dosed]
    wider = (replace(practice, limits_doses=False, adds_adjacent_spots=beside) for beside in (False, True))
    return [dosed, *(replace(machine, region=region) for region in wider), machine]


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


def _too_weak_refusal(case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting) -> DeviceRefusal:
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
        return "plan.no-lamp-dose" if machine.device.is_lamp else "plan.no-practice"
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

    Light that trials of the concern used goes before other light of the same device: only such light can rank first. Of
    settings for vessels the best is followed by those that few skins cannot distinguish from it, of others by the next
    best.

    Raises
    ------
    NotAvailable : no setting can be judged; the last reason is given.
    """
    skins = bank.design_bank.skins(concern.site, goal, max_draws=SCREENING_DRAWS)
    cooling, _ = built_in_cooling(machine.device)
    found: list[CandidateSetting] = []
    reason, judged_any = "", False
    every_size = machine.device.microbeam or goal.modality == "ablative" or machine.region is not None
    for setting in _settings_to_try(goal, machine):
        allowed = judge_setting(case, concern, goal.modality, machine, setting)
        if allowed.opposing_reasons:
            strict = allowed.opposing_reasons[0]
            cite_sources(strict.source)
            reason = strict.message.text
            continue
        try:
            trial = _screen_setting(goal, machine, setting, skins, cooling)
            if not every_size and trial is not None:
                trial = _try_narrower_spots(goal, machine, trial, skins, cooling)
        except NotAvailable as error:
            reason = error.reason
            continue
        judged_any = True
        if trial is not None:
            found.append(trial)
    if not judged_any and reason:
        raise NotAvailable(reason)
    best = [trial for trial in found if _was_tried_in_trials(case, concern, goal.modality, trial)] or found
    if _targets_vessels(goal):
        return equally_effective(best)
    ordered = sort_by_merit(best)
    return [one for one in ordered if one.setting.wavelength_nm == ordered[0].setting.wavelength_nm][:2]


def _settings_to_try(goal: TreatmentGoal, machine: SearchMachine) -> Iterator[BeamSetting]:
    """Return the settings to look at: those within practice, or all that the device spans."""

    def takes(setting: BeamSetting) -> bool:
        return bool(machine.doses(setting))

    if machine.device.microbeam:
        return candidate_settings(
            machine.device, all_sizes=True, pulses=2, can_judge=is_pulse_calibrated, has_doses=takes
        )
    if machine.region is not None:
        return machine.region.settings(machine.device)
    return candidate_settings(machine.device, all_sizes=goal.modality == "ablative", pulses=3, has_doses=takes)


def _try_narrower_spots(
    goal: TreatmentGoal, machine: SearchMachine, trial: CandidateSetting, skins: SiteSkins, cooling: CoolingPlan
) -> CandidateSetting:
    """Return the trial, or a better one in a narrower spot.

    Narrower spots are tried where the doses of the wider ones end before the target or a limit is reached.
    """
    for setting in narrower_spots(machine, trial.setting):
        if trial.dose < machine.doses(trial.setting)[-1] or trial.p_effective >= effect_target().wanted:
            break
        found = _screen_setting(goal, machine, setting, skins, cooling)
        if found is not None and merit_key(found) < merit_key(trial):
            trial = found
    return trial


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


def _compare_settings(
    goal: TreatmentGoal,
    machine: SearchMachine,
    screened: Sequence[CandidateSetting],
    skins: SiteSkins,
    cooling: CoolingPlan,
) -> Sequence[CandidateSetting]:
    """Return the settings to judge, the one to offer first.

    Of settings for vessels that are equally effective, the one that bruises least comes first.
    """
    if not _targets_vessels(goal) or len(screened) == 1:
        return screened
    again = (_screen_setting(goal, machine, one.setting, skins, cooling) for one in screened)
    best = equally_effective([trial for trial in again if trial is not None])
    if not best:
        return screened
    first = least_bruising(
        [replace(one, bruising=estimate_bruising(one.beam, one.dose, skins, cooling)) for one in best]
    )
    return [first, *(one for one in screened if one.setting != first.setting)]


def _settle_setting(
    goal: TreatmentGoal,
    machine: SearchMachine,
    screened: Sequence[CandidateSetting],
    bank: SkinBank,
    site: str,
    cooling: CoolingPlan,
) -> CandidateSetting | None:
    """Return the setting to offer, judged on all draws.

    It is the first that reaches the target, since the setting that few skins put first may break a limit on more; where
    none reaches it, the first that keeps the limits.
    """
    found: CandidateSetting | None = None
    for one in screened:
        trial = judge_best_dose(goal, machine, one, bank, site, cooling)
        if trial is not None and trial.p_effective >= effect_target().least:
            found = trial
            break
        found = trial if found is None else found
    return None if found is None else with_bruising(goal, found, bank.skins(site, goal), cooling)


def _targets_vessels(goal: TreatmentGoal) -> bool:
    """Return whether blood is heated, and so in the vessels of the skin around too."""
    return goal.location == "vessel"


def judge_best_dose(
    goal: TreatmentGoal,
    machine: SearchMachine,
    screened: CandidateSetting,
    bank: SkinBank,
    site: str,
    cooling: CoolingPlan,
) -> CandidateSetting | None:
    """Return the best dose of a setting that was screened, judged on all draws, with the same number of passes.

    A dose for vessels is aimed on skins that are the same for every seed. An energy is sought around the screened one.
    """
    skins = bank.skins(site, goal)
    if not machine.device.microbeam:
        aimed = bank.design_bank.skins(site, goal) if _targets_vessels(goal) else None
        return search_full_field(machine, screened.setting, goal, skins, cooling, aimed=aimed, passes=screened.passes)
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


def _spectra_to_light(
    case: Case, concern: Concern, goal: TreatmentGoal, machines: Sequence[SearchMachine]
) -> list[SpectralLines]:
    """Return the spectra of all settings to be tried where light is computed in layers, each once."""
    if goal.modality == "ablative":
        return []
    found: dict[SpectralLines, None] = {}
    for machine in machines:
        if not machine.device.microbeam:
            held = _restrict_to_practice(case, concern, goal, machine)[0]
            for setting in _settings_to_try(goal, held):
                doses = held.doses(setting)
                if doses:
                    found[build_beam(machine, setting, doses[0]).spectrum] = None
    return list(found)


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

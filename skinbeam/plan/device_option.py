"""Judge a device by the rules, and make its option, or the record of why it is not offered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.course.setting_words import describe_settings_after_title
from skinbeam.laser.setting_grid import device_classes
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.sources import cite_sources
from skinbeam.plan.earlier_result import earlier_result, is_like
from skinbeam.plan.guideline_place import concern_cells, guideline_place
from skinbeam.plan.options import build_laser_option
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.ranking import OptionStanding
from skinbeam.plan_records.plan import Option, RefusedOption
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.practice_place import PracticePlace
from skinbeam.response.settings import SearchMachine, built_in_cooling, sources_without_dose
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.session_response import is_too_little
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message

__all__ = [
    "DeviceRefusal",
    "LaserOption",
    "device_refusal",
    "make_option",
    "refusal_record",
    "refuse_by_rule",
    "refuse_device",
    "too_weak_refusal",
]


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
    is_too_weak: bool = False  # within the limits its light reaches next to nobody


def make_option(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    trial: CandidateSetting,
    judged: Suitability,
    practised: PracticePlace | None = None,
    *,
    at_usual_dose: bool = False,
    helped_in: int | None = None,
) -> LaserOption:
    """Return the option of a judged setting, and report it.

    Parameters
    ----------
    practised : as of `build_laser_option`.
    at_usual_dose, helped_in : as of `OptionStanding`.
    """
    device = trial.machine.device
    shown = None if device.microbeam or goal.modality == "ablative" else built_in_cooling(device)[1]
    judged = _with_weak_result(case, concern, trial, judged)
    option, standing = build_laser_option(case, concern, trial, goal.modality, shown, judged, practised)
    assert option.setup is not None  # a laser has one
    words = describe_settings_after_title(option.setup)
    stands = {"concern": concern_name(concern), "device": device.title, "settings": words}
    report_progress(Message("progress.stands", stands))
    return LaserOption(option, replace(standing, at_usual_dose=at_usual_dose, helped_in=helped_in), trial, goal)


def _with_weak_result(case: Case, concern: Concern, trial: CandidateSetting, judged: Suitability) -> Suitability:
    """Return the judgement of the rules with the reason that no more of a light is given which did too little here.

    How deep columns went, and what they did, is compared where their energy is chosen.
    """
    earlier = None if trial.machine.device.microbeam else earlier_result(case, concern, trial.machine)
    if earlier is None or earlier.is_early or not is_too_little(earlier.improved_pct):
        return judged
    if trial.dose > earlier.dose or not is_like(trial.setting, earlier.setting):
        return judged
    before = Message("plan.dose-single", {"dose": earlier.dose, "unit": "J/cm²"})
    shown = {"session": earlier.number, "improved": earlier.improved_pct, "before": before}
    message = Message("plan.no-more-after-too-little", shown)
    source = "skinbeam-judgement-course"
    reason = RuleReason("response-no-more", "with-caution", message, source, "practice", concern.place)
    return replace(judged, reasons=(*judged.reasons, reason))


def too_weak_refusal(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    trial: CandidateSetting,
    *,
    least: float,
    is_undosed: bool,
) -> DeviceRefusal:
    """Return the refusal of a dose that reaches fewer than the `least` share of such skins.

    Where an earlier injury bars greater doses, that is the reason to report. Where clinics treat such skin with such
    light all the same, by a place of the guideline or a source, and none printed the dose, that is reported too.

    Parameters
    ----------
    is_undosed : whether no source prints a dose of the device for such skin.
    """
    machine = trial.machine
    if machine.dose_bars:
        return device_refusal(goal, machine, "plan.no-dose-below-injury", trial)
    classes = device_classes(machine.device, trial.setting)
    place = guideline_place(concern_cells(case, concern), goal.modality, classes)
    sources = sources_without_dose(concern.condition, goal.modality, darkest_phototype(case), machine.device)
    is_used = is_undosed and (place is not None or bool(sources))
    message_id = "plan.too-weak-undosed" if is_used else "plan.too-weak"
    return replace(device_refusal(goal, machine, message_id, trial, least=per_hundred(least)), is_too_weak=True)


def refusal_record(
    modality: str, reasons: Sequence[Message], *, source: str | None = None, device: str | None = None
) -> RefusedOption:
    """Return the record of a modality, or of a device for it, that is not offered."""
    return RefusedOption(modality, known_modalities()[modality].title, source, device, tuple(reasons))


def device_refusal(
    goal: TreatmentGoal, machine: SearchMachine, message: str, trial: CandidateSetting | None = None, **params: Any
) -> DeviceRefusal:
    """Return the refusal of a device for one reason, whose message names the device."""
    reason = Message(message, {"device": machine.device.title} | params)
    return DeviceRefusal(refusal_record(goal.modality, [reason], device=machine.device.name), goal, trial)


def refuse_by_rule(goal: TreatmentGoal, machine: SearchMachine, rules: Suitability) -> DeviceRefusal:
    """Return the refusal of a device by the strictest rule that opposes it."""
    strictest = rules.opposing_reasons[0]
    cite_sources(strictest.source)
    return refuse_device(goal, machine, strictest.message, strictest.source)


def refuse_device(
    goal: TreatmentGoal, machine: SearchMachine, reason: Message, source: str | None = None
) -> DeviceRefusal:
    """Return the refusal of a device for a reason with its source."""
    return DeviceRefusal(refusal_record(goal.modality, [reason], source=source, device=machine.device.name), goal)

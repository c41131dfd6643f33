"""Find the laser options of a concern: what the guideline and practice propose.

A device for which sources print a dose is planned from it (`plan.proposal`, `plan.light_planning`). Where the clinic
did not list its devices, the devices are those that the guideline names. A device without a printed dose is planned in
the pulse and spot of most sources, at the dose that reaches the target: light that heats where the guideline names it,
and light whose effect is a depth (columns, and the removal of skin), which the model computes better than a heat.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.comparison.compare import treatment_studies
from skinbeam.evidence.guideline.device_classes import is_light
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.laser.device import describe_light
from skinbeam.laser.setting_grid import BeamSetting, device_classes, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.device_option import (
    DeviceRefusal,
    LaserOption,
    device_refusal,
    judge_setting,
    make_option,
    refusal_record,
    too_weak_refusal,
)
from skinbeam.plan.expected_result import trial_question
from skinbeam.plan.guideline_place import AdviceAgainst, advice_against, concern_cell, guideline_place
from skinbeam.plan.light_planning import plan_proposal, plan_without_dose
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.proposal import Proposal, propose_setting, usual_settings
from skinbeam.plan.rules.suitability import Suitability, judge_suitability
from skinbeam.plan.rules.table import Decision, RuleReason
from skinbeam.plan.search.candidate import CandidateSetting
from skinbeam.plan.search.envelope import PracticeLight, envelope_rules
from skinbeam.plan.search.goals import TreatmentGoal, treatment_goal
from skinbeam.plan.search.limits import effect_target, min_draws
from skinbeam.plan.search.practice_place import place_dose
from skinbeam.plan.search.settings import PulseCaps, SearchMachine
from skinbeam.plan.search.skin_bank import SkinBank
from skinbeam.text import Message

__all__ = ["find_laser_options"]

# Diameters of columns and craters to try, the usual one first: each takes about a second.
_MAX_DIAMETERS: Final = 3
_UNPLACED: Final = 4  # after the third place of the guideline


def find_laser_options(
    case: Case,
    concern: Concern,
    modality: str,
    machines: Sequence[SearchMachine],
    bank: SkinBank,
    *,
    unknown_target: Message | None = None,
) -> tuple[list[LaserOption], list[DeviceRefusal]]:
    """Return the laser option of each device that has one, and why the others are refused.

    Where the clinic did not list its devices, one device of each class that the guideline names has an option. Where
    the guideline names no light, a search finds the best device of each light that trials of the concern used.

    Parameters
    ----------
    unknown_target : what is not known of the target, so that nothing can be simulated or searched.
    """
    bounds = judge_suitability(case, concern=concern, modality=modality).bounds
    goal = treatment_goal(concern.condition, modality, concern.severity, bounds, concern.subtypes)
    if machines and bank.draws < (needed := min_draws()):
        few = Message("plan.too-few-draws", {"draws": bank.draws, "needed": needed})
        return [], [DeviceRefusal(refusal_record(modality, [few]), goal)]
    cell = concern_cell(case, concern)
    is_listed = case.clinic is not None and case.clinic.devices is not None
    planned, refused, others = _plan_proposals(
        case, concern, goal, machines, bank, cell, is_listed=is_listed, unknown_target=unknown_target
    )
    if unknown_target is not None:  # nothing can be searched
        found_none = [] if planned else [DeviceRefusal(refusal_record(modality, [unknown_target]), goal)]
        return planned, [*refused, *found_none]
    if not is_listed and _names_light(cell) and (planned or not _names_modality(cell, modality)):
        return planned, refused
    for machine, settings in _without_dose(case, concern, modality, others, cell, is_listed=is_listed):
        found = _plan_without_dose(case, concern, goal, machine, settings, bank, cell)
        if isinstance(found, LaserOption):
            planned.append(found)
        else:
            refused.append(found)
    return planned, refused


def _without_dose(
    case: Case,
    concern: Concern,
    modality: str,
    machines: Sequence[SearchMachine],
    cell: GuidelineCell | None,
    *,
    is_listed: bool,
) -> list[tuple[SearchMachine, list[BeamSetting]]]:
    """Return the devices without a printed dose that are to be planned, each with the settings to try.

    Where the clinic did not list its devices, one of each light stands for columns and for craters: the one that the
    guideline names first, else the first of light that trials of the concern used, else the first.
    """
    every = [(machine, _settings_to_try(case, concern, modality, machine, cell)) for machine in machines]
    if is_listed:
        return every
    heating = [(machine, settings) for machine, settings in every if not _is_by_depth(modality, machine)]
    question = trial_question(case, concern, modality)
    lights: dict[str, list[tuple[int, SearchMachine, list[BeamSetting]]]] = {}
    for machine, settings in every:
        if settings and _is_by_depth(modality, machine):
            usual = settings[0]
            place = guideline_place(cell, modality, device_classes(machine.device, usual))
            regime = PracticeLight(modality, usual.wavelength_nm, usual.pulse_ms).regime
            number = _UNPLACED if place is None else place.number
            lights.setdefault(regime, []).append((number, machine, settings))
    best = [min(of_light, key=lambda one: one[0]) for of_light in lights.values()]
    tried = [one for one in best if treatment_studies(replace(question, wavelength_nm=one[2][0].wavelength_nm))]
    return [*heating, *((machine, settings) for _, machine, settings in tried or best[:1])]


def _is_by_depth(modality: str, machine: SearchMachine) -> bool:
    """Return whether the effect of a machine is a depth."""
    return machine.device.microbeam or modality == "ablative"


def _settings_to_try(
    case: Case, concern: Concern, modality: str, machine: SearchMachine, cell: GuidelineCell | None
) -> list[BeamSetting]:
    """Return the usual setting of a machine whose dose nobody prints; of columns and craters some diameters of it."""
    usual = usual_settings(case, concern, modality, machine, cell)
    if not _is_by_depth(modality, machine):
        return usual[:1]
    nearest: dict[float, BeamSetting] = {}
    for setting in usual:
        nearest.setdefault(setting.spot_mm, setting)
    return list(nearest.values())[:_MAX_DIAMETERS]


def _names_light(cell: GuidelineCell | None) -> bool:
    """Return whether any place of a cell is light."""
    return cell is not None and any(is_light(one.treatment) for one in cell.treatments)


def _names_modality(cell: GuidelineCell | None, modality: str) -> bool:
    return cell is not None and any(one.treatment == modality for one in cell.treatments)


def _plan_proposals(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machines: Sequence[SearchMachine],
    bank: SkinBank,
    cell: GuidelineCell | None,
    *,
    is_listed: bool,
    unknown_target: Message | None,
) -> tuple[list[LaserOption], list[DeviceRefusal], list[SearchMachine]]:
    """Return the options and refusals of devices with a proposal, and the devices without one.

    Where the clinic did not list its devices, one device of each class that the guideline names has a proposal.
    """
    options: list[LaserOption] = []
    refused: list[DeviceRefusal] = []
    others: list[SearchMachine] = []
    offered: set[str] = set()
    caps = PulseCaps(concern.condition, goal.modality, concern.site, darkest_phototype(case))
    if not is_listed:  # of a class the machine that cools the skin stands for it
        machines = sorted(machines, key=lambda machine: not machine.device.cooling)
    for machine in machines:
        bounded = replace(machine, caps=caps)
        against = _advice_on_device(cell, goal.modality, machine)
        if against is not None:
            refused.append(_refuse(goal, machine, against.message, against.source))
            continue
        proposal = None if goal.modality == "ablative" else propose_setting(case, concern, goal.modality, bounded, cell)
        if proposal is None:
            if not machine.device.lens_array:  # no model of it to search with
                others.append(bounded)
            continue
        place = guideline_place(cell, goal.modality, device_classes(machine.device, proposal.setting))
        if not is_listed and (place is None or place.device_class in offered):
            continue
        found = _plan_one_proposal(case, concern, goal, proposal, bank, unknown_target)
        if isinstance(found, DeviceRefusal):
            refused.append(found)
            continue
        options.append(found)
        if place is not None:
            offered.add(place.device_class)
    return options, refused, others


def _advice_on_device(cell: GuidelineCell | None, modality: str, machine: SearchMachine) -> AdviceAgainst | None:
    """Return the advice against a device; None where any of its settings is not advised against."""
    advice = [
        advice_against(cell, modality, device_classes(machine.device, one)) for one in one_of_each_light(machine.device)
    ]
    return None if None in advice or not advice else advice[0]


def _plan_one_proposal(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    proposal: Proposal,
    bank: SkinBank,
    unknown_target: Message | None,
) -> LaserOption | DeviceRefusal:
    """Return the option of a proposal, or why it is none; with an unknown target it is not simulated."""
    device = proposal.machine.device
    report_progress(Message("progress.device", {"concern": concern_name(concern), "device": device.title}))
    rules = judge_setting(case, concern, goal.modality, proposal.machine, proposal.setting)
    if rules.opposing_reasons:
        return _refuse_by_rule(goal, proposal.machine, rules)
    trial = plan_proposal(case, goal, proposal, concern.site, bank, unknown_target=unknown_target)
    if trial is None and proposal.machine.dose_bars:
        return device_refusal(goal, proposal.machine, "plan.no-dose-below-injury")
    if trial is None:
        span = proposal.range_parameters | {"device": device.title}
        return _refuse(goal, proposal.machine, Message("plan.published-dose-out-of-reach", span))
    practised = place_dose(concern.condition, trial.dose, proposal.published_range, proposal.quantity)
    return make_option(case, concern, goal, trial, _with_proposal_reason(rules, concern, proposal, trial), practised)


def _plan_without_dose(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machine: SearchMachine,
    settings: Sequence[BeamSetting],
    bank: SkinBank,
    cell: GuidelineCell | None,
) -> LaserOption | DeviceRefusal:
    """Return the option of a device at the first of its settings that reaches the target, or why it has none.

    Light that heats and has neither a printed dose nor a place in the guideline is light that nobody uses so. Of a lamp
    no dose is computed, because makers measure its fluence in different ways; nor where the wrong light makes the
    condition worse.
    """
    lights = one_of_each_light(machine.device)
    is_named = any(guideline_place(cell, goal.modality, device_classes(machine.device, one)) for one in lights)
    is_bounded = machine.device.is_lamp or concern.condition in envelope_rules()["bound"]["conditions"]
    if not _is_by_depth(goal.modality, machine) and (not is_named or is_bounded):
        return _refuse_without_dose(case, concern, goal, machine)
    report_progress(Message("progress.device", {"concern": concern_name(concern), "device": machine.device.title}))
    unsafe = "plan.no-dose-below-injury" if machine.dose_bars else "plan.no-safe-dose"
    refused: list[DeviceRefusal] = []
    for setting in settings:
        rules = judge_setting(case, concern, goal.modality, machine, setting)
        if rules.opposing_reasons:
            refused.append(_refuse_by_rule(goal, machine, rules))
            continue
        try:
            trial = plan_without_dose(goal, machine, setting, concern.site, bank)
        except NotAvailable as error:
            refused.append(device_refusal(goal, machine, "plan.not-judged", reason=error.reason))
            continue
        if trial is None:
            refused.append(device_refusal(goal, machine, unsafe))
        elif trial.p_effective < effect_target().least:
            refused.append(too_weak_refusal(case, concern, goal, trial))
        else:
            return _offer_without_dose(case, concern, goal, trial, rules, cell)
    judged = [one for one in refused if one.trial is not None]
    if judged:
        return max(judged, key=lambda one: 0.0 if one.trial is None else one.trial.p_effective)
    return refused[0] if refused else device_refusal(goal, machine, unsafe)


def _offer_without_dose(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    trial: CandidateSetting,
    rules: Suitability,
    cell: GuidelineCell | None,
) -> LaserOption | DeviceRefusal:
    """Return the option of a computed dose; none where the guideline advises against it, or nobody goes so far."""
    machine = trial.machine
    advice = advice_against(cell, goal.modality, device_classes(machine.device, trial.setting))
    if advice is not None:
        return _refuse(goal, machine, advice.message, advice.source)
    made = make_option(case, concern, goal, trial, rules)
    if made.option.beyond_practice and made.standing.place is None:
        assert made.option.practice is not None  # a device has one
        return device_refusal(goal, machine, "plan.beyond-practice", trial, place=made.option.practice)
    return made


def _refuse_without_dose(case: Case, concern: Concern, goal: TreatmentGoal, machine: SearchMachine) -> DeviceRefusal:
    """Return the refusal of a device without a printed dose; where a rule forbids all its light, the rule's reason."""
    judged = [judge_setting(case, concern, goal.modality, machine, one) for one in one_of_each_light(machine.device)]
    if judged and all(one.opposing_reasons for one in judged):
        return _refuse_by_rule(goal, machine, judged[0])
    return device_refusal(goal, machine, "plan.no-lamp-dose" if machine.device.is_lamp else "plan.no-practice")


def _refuse_by_rule(goal: TreatmentGoal, machine: SearchMachine, rules: Suitability) -> DeviceRefusal:
    strictest = rules.opposing_reasons[0]
    cite_sources(strictest.source)
    return _refuse(goal, machine, strictest.message, strictest.source)


def _refuse(goal: TreatmentGoal, machine: SearchMachine, reason: Message, source: str | None = None) -> DeviceRefusal:
    return DeviceRefusal(refusal_record(goal.modality, [reason], source=source, device=machine.device.name), goal)


def _with_proposal_reason(
    rules: Suitability, concern: Concern, proposal: Proposal, trial: CandidateSetting
) -> Suitability:
    """Return the judgement of the rules with the reason of the dose added."""
    light = describe_light(trial.setting.wavelength_nm, lamp=trial.band_nm is not None)
    span = proposal.range_parameters | {"light": light}
    decision: Decision = "suitable"
    if trial.unjudged is not None:
        message, decision = Message("plan.published-only", span | {"reason": trial.unjudged}), "with-caution"
    elif proposal.lighter_phototype is not None:
        lighter = PHOTOTYPES[proposal.lighter_phototype - 1]
        message = Message("plan.dose-borrowed", span | {"lighter": lighter})
    else:
        message = Message("plan.dose-of-practice", span)
    about = f"{concern.condition} at {concern.site}"
    reason = RuleReason("published-dose", decision, message, proposal.sources[0], "practice", about)
    return replace(rules, reasons=(*rules.reasons, reason))

"""Find the laser options of a concern: what the guideline and practice propose.

A device for which sources print a dose is planned from it (`plan.propose`, `plan.light_planning`), the others at a
computed dose (`plan.without_dose`). Where the clinic did not list its devices, the devices are those that the guideline
names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.guideline.device_classes import is_light, is_same_class
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.laser.device import describe_light
from skinbeam.laser.setting_grid import BeamSetting, device_classes, dose_steps, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.device_option import (
    DeviceRefusal,
    LaserOption,
    device_refusal,
    make_option,
    refusal_record,
    refuse_by_rule,
    refuse_device,
    too_weak_refusal,
)
from skinbeam.plan.earlier_result import EarlierResult, earlier_result, endpoint_seen
from skinbeam.plan.field_columns import cells_of_field
from skinbeam.plan.guideline_place import AdviceAgainst, GuidelinePlace, advice_against, concern_cells, guideline_place
from skinbeam.plan.light_planning import misjudges_print, plan_proposal
from skinbeam.plan.option_reasons import is_window_larger
from skinbeam.plan.options import reached_share
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.printed_dose import DOSE_ROUNDING
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.proposal_after import proposal_after, proposal_at_endpoint, proposal_beside_deeper
from skinbeam.plan.propose import propose_for_darker, propose_setting
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.plan.setting_rules import judge_setting
from skinbeam.plan.without_dose import plan_devices_without_dose
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal, treatment_goal
from skinbeam.response.limits import min_draws
from skinbeam.response.practice_place import place_candidate
from skinbeam.response.settings import PulseCaps, SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.table import Decision, RuleReason
from skinbeam.text import Message

__all__ = ["find_laser_options"]


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

    Where the clinic did not list its devices, one device of each class that the guideline names has an option. Those
    that it does not name are tried where no other reaches enough skins.

    Parameters
    ----------
    unknown_target : what is not known of the target, so that nothing can be simulated.
    """
    bounds = judge_suitability(case, concern=concern, modality=modality).bounds
    goal = treatment_goal(concern.condition, modality, concern.severity, bounds, concern.subtypes)
    if machines and bank.draws < (needed := min_draws()):
        few = Message("plan.too-few-draws", {"draws": bank.draws, "needed": needed})
        return [], [DeviceRefusal(refusal_record(modality, [few]), goal)]
    cells = concern_cells(case, concern)
    is_listed = case.clinic is not None and case.clinic.devices is not None
    field_cells = cells_of_field(case, concern, modality)
    naming = [*cells, *field_cells]
    planned, refused, others, is_any_skipped = _plan_proposals(
        case, concern, goal, machines, bank, naming, is_listed=is_listed, unknown_target=unknown_target
    )
    if unknown_target is not None:  # no dose can be computed
        if not planned and (others or not refused):
            refused.append(DeviceRefusal(refusal_record(modality, [unknown_target]), goal))
        elif is_listed:
            refused += [device_refusal(goal, machine, "plan.no-practice") for machine in others]
        return planned, refused
    is_served = any(map(_reaches_enough, planned)) or not _names_modality(cells, modality)
    is_field_served = bool(planned) or not _names_modality(field_cells, modality)
    if not is_listed and _names_light(cells) and is_served and is_field_served:
        others = _list_named(others, modality, cells, planned)
        if not planned and not refused:  # what was not tried is reported too, since a clinic may own it
            refused.append(DeviceRefusal(refusal_record(modality, [Message("plan.other-light-named")]), goal))
    computed, not_computed = plan_devices_without_dose(case, concern, goal, others, bank, naming, is_listed=is_listed)
    if is_any_skipped and not planned and not computed and not _names_light(cells):
        refused.append(DeviceRefusal(refusal_record(modality, [Message("plan.no-light-named")]), goal))
    return [*planned, *computed], [*refused, *not_computed]


def _reaches_enough(option: LaserOption) -> bool:
    """Return whether an option may lead by the share of skins that it reaches, as columns and unjudged light may."""
    reached = reached_share(option.trial)
    return option.goal.uses_columns or reached is None or reached >= LEAST_REACHED


def _list_named(
    machines: Sequence[SearchMachine], modality: str, cells: Sequence[GuidelineCell], planned: Sequence[LaserOption]
) -> list[SearchMachine]:
    """Return the machines of a class that the guideline names for such skin and that no planned option has."""
    offered = {name for option in planned for name in device_classes(option.trial.machine.device, option.trial.setting)}

    def is_named(light: BeamSetting, machine: SearchMachine) -> bool:
        place = guideline_place(cells, modality, device_classes(machine.device, light))
        return place is not None and not place.is_indirect and not is_same_class(place.device_class, offered)

    return [
        machine for machine in machines if any(is_named(light, machine) for light in one_of_each_light(machine.device))
    ]


def _names_light(cells: Sequence[GuidelineCell]) -> bool:
    return any(is_light(treatment.treatment) for cell in cells for treatment in cell.treatments)


def _names_modality(cells: Sequence[GuidelineCell], modality: str) -> bool:
    return any(treatment.treatment == modality for cell in cells for treatment in cell.treatments)


def _plan_proposals(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    machines: Sequence[SearchMachine],
    bank: SkinBank,
    cells: Sequence[GuidelineCell],
    *,
    is_listed: bool,
    unknown_target: Message | None,
) -> tuple[list[LaserOption], list[DeviceRefusal], list[SearchMachine], bool]:
    """Return the options and refusals of devices with a proposal, the devices without one, and whether any was skipped.

    Where the clinic did not list its devices, one device of each class that the guideline names has a proposal.

    Parameters
    ----------
    cells : of the guideline, that name devices for the concern, or for another one that shares its field.
    """
    options: list[LaserOption] = []
    refused: list[DeviceRefusal] = []
    others: list[SearchMachine] = []
    offered: set[str] = set()
    own_cells = concern_cells(case, concern)
    is_any_skipped = False
    caps = PulseCaps(concern.condition, goal.modality, concern.site, darkest_phototype(case))
    if not is_listed:  # of a class the machine that cools the skin stands for it
        machines = sorted(machines, key=lambda machine: not machine.device.cooling)
    for machine in machines:
        bounded = replace(machine, caps=caps)
        against = _advice_on_device(case, concern, own_cells, goal.modality, machine)
        if against is not None:
            refused.append(refuse_device(goal, machine, against.message, against.source))
            continue
        usual = proposal = None
        if goal.modality != "ablative":
            usual = propose_setting(case, concern, goal.modality, bounded)
            proposal = _after_earlier(case, concern, usual, bounded)
        if proposal is None:
            if not machine.device.lens_array:
                others.append(bounded)
            elif is_listed:  # no model of it computes a dose
                unhurt = propose_setting(case, concern, goal.modality, replace(bounded, dose_bars=()))
                why = "plan.no-practice" if unhurt is None else "plan.no-dose-below-injury"
                refused.append(device_refusal(goal, machine, why))
            continue
        place = guideline_place(cells, goal.modality, device_classes(machine.device, proposal.setting))
        is_other = place is None or place.is_of_alike or place.device_class in offered
        if not is_listed and not proposal.has_helped and is_other:
            is_any_skipped = True
            continue
        found = _plan_one_proposal(case, concern, goal, proposal, bank, unknown_target)
        if isinstance(found, DeviceRefusal) and proposal is not usual:  # what only an earlier session supports
            if usual is None:
                others.append(bounded)
                continue
            found = _plan_one_proposal(case, concern, goal, usual, bank, unknown_target)
        if isinstance(found, DeviceRefusal) and is_listed and found.is_too_weak:
            found, place = _plan_other_light(case, concern, goal, proposal, bank, cells) or (found, place)
        if isinstance(found, DeviceRefusal):
            refused.append(found)
            continue
        options.append(found)
        if place is not None:
            offered.add(place.device_class)
    return options, refused, others, is_any_skipped


def _after_earlier(case: Case, concern: Concern, usual: Proposal | None, machine: SearchMachine) -> Proposal | None:
    """Return the proposal of a machine after what earlier sessions, else test spots, showed on the concern."""
    earlier = earlier_result(case, concern, machine)
    if earlier is None:
        seen = None if usual is None else endpoint_seen(case, concern, machine, usual.setting)
        proposal = usual if usual is None or seen is None else proposal_at_endpoint(seen, usual)
    else:
        proposal = proposal_after(earlier, usual, concern, machine)
    if proposal is None or proposal.has_helped or not machine.device.microbeam:
        return proposal
    return proposal_beside_deeper(proposal, earlier_result(case, concern, replace(machine, caps=None)))


def _message_of_no_dose(proposal: Proposal, unknown_target: Message | None) -> Message:
    """Return why no published dose of a proposal is given to such skin; with an unknown target nothing is computed."""
    parameters = proposal.range_parameters | {"device": proposal.machine.device.title}
    is_computed = unknown_target is None and not proposal.is_published_only
    if proposal.lighter_phototype is not None and not is_computed:
        lighter = PHOTOTYPES[proposal.lighter_phototype - 1]
        return Message("plan.published-for-lighter", parameters | {"lighter": lighter})
    return Message("plan.published-dose-out-of-reach", parameters)


def _advice_on_device(
    case: Case, concern: Concern, cells: Sequence[GuidelineCell], modality: str, machine: SearchMachine
) -> AdviceAgainst | None:
    """Return the advice against a device; None where any of its settings is not advised against."""
    advice = [
        advice_against(case, concern, cells, modality, device_classes(machine.device, candidate))
        for candidate in one_of_each_light(machine.device)
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
    """Return the option of a proposal, or why it is none; with an unknown target it is not simulated.

    It is none where the dose had to be moved from what sources print for such skin, and its light then reaches next to
    nobody: people whom trials counted had greater doses. It stays where guidelines name it for such skin and the model
    lets its printed dose reach as few where sources treated with it, unless an earlier injury bars all printed doses.
    Columns are ranked down instead, since the depth that they aim at is a judgement; only those that an earlier injury
    bars from all published energies are none.
    """
    device = proposal.machine.device
    report_progress(Message("progress.device", {"concern": concern_name(concern), "device": device.title}))
    rules = judge_setting(case, concern, goal.modality, proposal.machine, proposal.setting)
    if rules.opposing_reasons:
        return refuse_by_rule(goal, proposal.machine, rules)
    if proposal.is_least_first and is_window_larger(concern, device, proposal.setting.spot_mm):
        return device_refusal(goal, proposal.machine, "plan.no-spot-after-injury")
    darker = partial(propose_for_darker, case, concern, goal.modality, proposal)
    trial = plan_proposal(case, goal, proposal, concern.site, bank, darker=darker, unknown_target=unknown_target)
    if trial is None and proposal.machine.dose_bars:
        return device_refusal(goal, proposal.machine, "plan.no-dose-below-injury")
    if trial is None:
        return refuse_device(goal, proposal.machine, _message_of_no_dose(proposal, unknown_target))
    is_printed = proposal.is_begun_with(trial.dose)
    reached = reached_share(trial)
    is_weak = reached is not None and reached < LEAST_REACHED and not is_printed
    is_barred = not any(map(proposal.includes, proposal.doses))  # from all published doses, by an earlier injury
    if is_weak and goal.uses_columns and is_barred:
        return device_refusal(goal, proposal.machine, "plan.no-dose-below-injury")
    is_misjudged = is_weak and not is_barred and _is_used_against_model(case, concern, goal, proposal, bank)
    if is_weak and not goal.uses_columns and not is_misjudged:
        is_undosed = proposal.lighter_phototype is not None and proposal.bounding_phototype is None
        return too_weak_refusal(case, concern, goal, trial, least=LEAST_REACHED, is_undosed=is_undosed)
    practised = None
    if not proposal.has_helped:
        practised = proposal.place(concern.condition, trial.dose)
    elif proposal.usual_range is not None:
        practised = place_candidate(
            trial, concern.condition, goal.modality, darkest_phototype(case), dose_range=proposal.usual_range
        )
    judged = _with_proposal_reason(rules, goal, concern, proposal, trial)
    is_usual = (is_printed or is_misjudged) and _is_of_same_target(concern, proposal)
    helped_in = proposal.earlier.number if proposal.earlier is not None and proposal.has_helped else None
    return make_option(case, concern, goal, trial, judged, practised, at_usual_dose=is_usual, helped_in=helped_in)


def _plan_other_light(
    case: Case,
    concern: Concern,
    goal: TreatmentGoal,
    proposal: Proposal,
    bank: SkinBank,
    cells: Sequence[GuidelineCell],
) -> tuple[LaserOption, GuidelinePlace] | None:
    """Return the option of another laser of a machine, the one that guidelines put first, where a proposal is too weak.

    A machine of 595 and 1064 nm has one for light skin and one for dark skin. Filters of a lamp are one light.
    """
    machine, tried = proposal.machine, {proposal.setting.wavelength_nm}
    placed: list[tuple[GuidelinePlace, Proposal]] = []
    for head in machine.device.heads:
        if head.band_nm is not None or head.wavelength_nm in tried:
            continue
        tried.add(head.wavelength_nm)
        other = propose_setting(case, concern, goal.modality, machine, wavelength_nm=head.wavelength_nm)
        if other is None:
            continue
        place = guideline_place(cells, goal.modality, device_classes(machine.device, other.setting))
        if place is not None:
            placed.append((place, other))
    for place, other in sorted(placed, key=lambda one: one[0].standing):
        found = _plan_one_proposal(case, concern, goal, other, bank, None)
        if not isinstance(found, DeviceRefusal):
            return found, place
    return None


def _is_of_same_target(concern: Concern, proposal: Proposal) -> bool:
    """Return whether sources print the dose of a proposal for the condition itself, or for other single brown spots."""
    spots = load_package_table("data/lending.toml")["spots"]["lenders"]
    is_spot = proposal.condition in spots and concern.condition in spots
    return is_spot or proposal.condition == concern.condition


def _is_used_against_model(
    case: Case, concern: Concern, goal: TreatmentGoal, proposal: Proposal, bank: SkinBank
) -> bool:
    """Return whether guidelines name light for such skin that the model does not know in the skin it was tried on."""
    if goal.uses_columns:
        return False
    classes = device_classes(proposal.machine.device, proposal.setting)
    is_named = guideline_place(concern_cells(case, concern), goal.modality, classes) is not None
    return is_named and misjudges_print(goal, proposal, concern.site, bank)


def _with_proposal_reason(
    rules: Suitability, goal: TreatmentGoal, concern: Concern, proposal: Proposal, trial: CandidateSetting
) -> Suitability:
    """Return the judgement of the rules with the reason of the dose added."""
    light = describe_light(trial.setting.wavelength_nm, lamp=trial.band_nm is not None)
    span = proposal.range_parameters | {"light": light}
    decision: Decision = "suitable"
    earlier = proposal.earlier
    is_kept = earlier is not None and trial.dose == proposal.start == earlier.dose
    if earlier is not None and (proposal.has_helped or earlier.is_early or is_kept or trial.dose > earlier.dose):
        message = _message_after(earlier, proposal, trial, span)
    elif proposal.no_more_than is not None and trial.dose >= proposal.start / DOSE_ROUNDING:
        before = Message("plan.dose-single", {"dose": proposal.no_more_than.dose, "unit": proposal.unit})
        message = Message(
            "plan.dose-of-lighter-day", {**span, "before": before, "session": proposal.no_more_than.number}
        )
    elif proposal.endpoint is not None and trial.dose > proposal.endpoint.nothing:
        nothing = Message("plan.dose-single", {"dose": proposal.endpoint.nothing, "unit": proposal.unit})
        shown = Message("plan.dose-single", {"dose": proposal.endpoint.dose, "unit": proposal.unit})
        message = Message("plan.dose-of-endpoint", {**span, "nothing": nothing, "shown": shown})
    elif trial.unjudged is not None:
        message, decision = Message("plan.published-only", span | {"reason": trial.unjudged}), "with-caution"
        if proposal.bounding_phototype is not None:
            lighter = PHOTOTYPES[proposal.bounding_phototype - 1]
            message = Message("plan.published-lighter", span | {"reason": trial.unjudged, "lighter": lighter})
    elif proposal.no_less_than is not None and trial.dose == proposal.no_less_than.dose:
        message = _message_of_borne_dose(proposal.no_less_than, proposal, span)
    elif proposal.bounding_phototype is not None:
        bounding = PHOTOTYPES[proposal.bounding_phototype - 1]
        message = Message("plan.dose-of-lighter", {"doses": span["doses"], "light": light, "lighter": bounding})
    elif proposal.lighter_phototype is not None:
        lighter = PHOTOTYPES[proposal.lighter_phototype - 1]
        message_id = "plan.columns-no-deeper-than-lighter" if proposal.is_own_deeper else "plan.dose-borrowed"
        message = Message(message_id, span | {"lighter": lighter})
    elif proposal.is_least_off_face and not proposal.is_least_first and proposal.is_start(trial.dose):
        message_id = "plan.dose-least-off-face-field" if goal.fades_field_pigment else "plan.dose-least-off-face"
        message = Message(message_id, span)
    elif trial.dose < proposal.middle / (DOSE_ROUNDING if proposal.is_start(trial.dose) else 1.0):
        given = Message("plan.dose-single", {"dose": trial.dose, "unit": proposal.unit})
        message_id = "plan.dose-below-practice" if proposal.darker_phototype is None else "plan.dose-below-darker"
        if trial.dose >= max(dose_steps(proposal.machine.device, proposal.setting)):
            message_id = "plan.dose-of-machine"
        message = Message(message_id, span | {"dose": given})
    elif proposal.darker_phototype is not None:
        message_id = "plan.columns-of-darker" if proposal.machine.device.microbeam else "plan.dose-of-darker"
        message = Message(message_id, span)
    elif proposal.is_raised_to_darker:
        least = Message("plan.dose-single", {"dose": proposal.least_of_darker, "unit": proposal.unit})
        message = Message("plan.dose-no-less-than-darker", span | {"least": least})
    else:
        message = Message("plan.dose-of-practice", span)
    if proposal.bluer_filter_nm is not None:
        message = Message("plan.redder-filter", {"dose": message, "printed_nm": proposal.bluer_filter_nm})
    if proposal.shorter_pulse_ms is not None:
        message = Message("plan.longer-pulse", {"dose": message, "printed_ms": proposal.shorter_pulse_ms})
    if proposal.uncooled is not None:
        message = Message("plan.dose-uncooled", {"dose": message})
    if proposal.similar_light is not None:
        wavelength_nm = proposal.similar_light.wavelength_nm
        message = Message("plan.dose-of-similar-light", {"dose": message, "wavelength_nm": wavelength_nm})
    if proposal.facial_share is not None:
        message = Message("plan.dose-off-face", {"dose": message, "less_pct": round(100 * (1 - proposal.facial_share))})
    deeper = proposal.deeper_before
    if deeper is not None and proposal.is_less_deep(trial.dose, deeper.setting, deeper.dose):
        before = Message("plan.dose-single", {"dose": deeper.dose, "unit": proposal.unit})
        failed = {"session": deeper.number, "improved": deeper.improved_pct}
        message = Message("plan.columns-less-deep-than-before", {"dose": message, "before": before, **failed})
        decision = "with-caution"
    about = concern.place
    source = proposal.sources[0] if proposal.sources else "skinbeam-judgement-course"
    reason = RuleReason("published-dose", decision, message, source, "practice", about)
    return replace(rules, reasons=(*rules.reasons, reason))


def _message_after(
    earlier: EarlierResult, proposal: Proposal, trial: CandidateSetting, span: Mapping[str, float | str | Message]
) -> Message:
    """Return the reason of a dose that follows what an earlier session showed."""
    before = Message("plan.dose-single", {"dose": earlier.dose, "unit": proposal.unit})
    if not proposal.has_helped:
        named = "plan.dose-raised" if trial.dose > earlier.dose else "plan.dose-no-weaker"
        named = "plan.dose-kept" if earlier.is_early else named
        shown = {"session": earlier.number, "improved": earlier.improved_pct}
        return Message(named, {**span, **shown, "before": before})
    helped = "plan.helped-here" if earlier.is_site_named else "plan.helped-maybe-here"
    params = {"session": earlier.number, "result": Message(helped, {"improved": earlier.improved_pct})}
    if trial.dose < earlier.dose:
        return Message("plan.dose-repeated-less", {"light": span["light"], **params, "before": before})
    density = earlier.density_per_cm2
    if density is not None and DOSE_ROUNDING * (trial.density_per_cm2 or density) < density:
        return Message("plan.dose-repeated-sparser", {"light": span["light"], **params, "density": density})
    if proposal.sources:
        return Message("plan.dose-repeated-printed", {**span, **params})
    return Message("plan.dose-repeated", {"light": span["light"], **params})


def _message_of_borne_dose(
    earlier: EarlierResult, proposal: Proposal, span: Mapping[str, float | str | Message]
) -> Message:
    """Return the reason of a dose that this skin bore, of light whose doses are borrowed from lighter skin."""
    before = Message("plan.dose-single", {"dose": earlier.dose, "unit": proposal.unit})
    shown = {"session": earlier.number, "improved": earlier.improved_pct, "before": before}
    lighter = PHOTOTYPES[(proposal.lighter_phototype or 1) - 1]
    return Message("plan.dose-borne-borrowed", {**span, **shown, "lighter": lighter})

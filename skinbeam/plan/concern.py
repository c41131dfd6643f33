"""Plan one concern: the modalities that may be tried, the options found, their order, and the refused ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from skinbeam.evidence.guideline.device_classes import is_light
from skinbeam.evidence.guideline.records import GuidelineCell, GuidelineTreatment
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.laser.setting_grid import device_classes, one_of_each_light
from skinbeam.model.case import Case
from skinbeam.model.conditions import LaserUse, known_conditions, known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.vocabulary import condition_subtypes
from skinbeam.plan.device_option import DeviceRefusal, LaserOption, refusal_record
from skinbeam.plan.field_columns import options_to_share
from skinbeam.plan.guideline_place import (
    advice_against,
    concern_cells,
    first_choice_name,
    is_light_of_place,
    message_of_kind,
)
from skinbeam.plan.laser_options import find_laser_options
from skinbeam.plan.nearest_setting import NearestSetting, find_nearest_setting
from skinbeam.plan.other_option import build_other_option
from skinbeam.plan.parallel import concern_name, report_progress
from skinbeam.plan.ranking import OptionStanding, rank_options
from skinbeam.plan.referral import lesion_examination
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan, Option, RefusedOption
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import (
    LESION_BY_CONDITION,
    Alternative,
    TreatmentGoal,
    condition_vessels,
    is_field_pigment,
    laser_abilities,
    laser_choices,
    list_alternatives,
    target_record,
)
from skinbeam.response.limits import effect_target, min_draws
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.suitability.explanation import explain_no_laser
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.text import Message, render_message

__all__ = ["FIGURE_DRAWS", "ConcernResult", "plan_concern", "unknown_target_message"]

FIGURE_DRAWS = 64  # bands and lines in a figure look the same as those of all draws


@dataclass(frozen=True)
class ConcernResult:
    """A concern's part of the plan, with the trials of its laser options and the drawn skins for its figures.

    Parameters
    ----------
    goals, trials : the goal and the trial of each laser option, in the order of the options.
    nearest : the setting that came nearest, where no laser is offered.
    variants : the same with other columns first, which another concern of the field may be treated with
        (`field_columns`).
    """

    record: ConcernPlan
    goals: tuple[TreatmentGoal, ...]
    trials: tuple[CandidateSetting, ...]
    bank: SkinBank
    nearest: NearestSetting | None = None
    variants: tuple["ConcernResult", ...] = ()

    @property
    def goal(self) -> TreatmentGoal | None:
        """The goal of the first laser option; None where no laser is offered."""
        return self.goals[0] if self.goals else None

    @property
    def trial(self) -> CandidateSetting | None:
        """The trial of the first laser option; None where no laser is offered."""
        return self.trials[0] if self.trials else None

    @property
    def figure_setting(self) -> tuple[TreatmentGoal, CandidateSetting, DeviceSetup] | None:
        """The setting that figures show: the first laser option, or where none is offered the nearest setting."""
        if self.nearest is not None:
            return self.nearest.goal, self.nearest.trial, self.nearest.record.setup
        first = self.record.first_laser
        if self.trial is not None and self.trial.unjudged is not None:
            return None
        return None if self.goal is None or self.trial is None or first is None else (self.goal, self.trial, first[1])


def plan_concern(
    case: Case,
    concern: Concern,
    machines: Sequence[SearchMachine] | None,
    bank: SkinBank,
    revise: Callable[[LaserOption], LaserOption],
) -> ConcernResult:
    """Return the options of one concern, ranked, with the refused ones and the reasons.

    The order is that of `ranking`. A treatment that the rules refer or refuse, a laser or not, is no option. Without
    `machines` a rule decides the whole case and no device is tried.

    Parameters
    ----------
    revise : returns a laser option as it is to be ranked: at the setting that a clinician chose, or unchanged.
    """
    report_progress(Message("progress.concern", {"concern": concern_name(concern)}))
    found, failed, refused = _find_lasers(case, concern, machines, bank)
    found = [revise(option) for option in found]
    reasons = [message for option in refused for message in option.reasons]
    others, barred_others = _other_options(case, concern)
    examination = lesion_examination(case, concern)
    can, cannot = laser_abilities(concern.condition)
    near = None if found else find_nearest_setting(case, concern, failed)
    unranked = ConcernPlan(
        condition=concern.condition,
        site=concern.site,
        title=known_conditions()[concern.condition].title,
        subtypes=_concern_subtypes(concern),
        severity=concern.severity if concern.severity is not None else Unknown(render_message("said.not-said")),
        target=target_record(concern.condition, concern.subtypes),
        can=can,
        cannot=cannot,
        options=(),
        refused=(*refused, *barred_others),
        no_laser=() if found else explain_no_laser(case, concern, reasons, stopped=machines is None),
        nearest=None if near is None else near.record,
        examination=examination,
    )

    def ranked(lasers: Sequence[LaserOption]) -> tuple[ConcernResult, list[LaserOption]]:
        options, in_order = _rank_all_options(lasers, others)
        options = _with_absent_first_choice(case, concern, machines or (), options)
        if examination is not None:
            options = tuple(replace(option, rank_reason=examination.message) for option in options)
        goals, trials = tuple(option.goal for option in in_order), tuple(option.trial for option in in_order)
        return ConcernResult(replace(unranked, options=options), goals, trials, bank, near), in_order

    planned, in_order = ranked(found)
    report_progress(planned.record)
    variants = [
        ranked([_sharing_field(option) if option is shared else option for option in found])[0]
        for shared in options_to_share(case, concern, in_order)
    ]
    return replace(planned, variants=tuple(variants))


def _find_lasers(
    case: Case, concern: Concern, machines: Sequence[SearchMachine] | None, bank: SkinBank
) -> tuple[list[LaserOption], list[DeviceRefusal], list[RefusedOption]]:
    """Return the laser options of a concern, the devices that have none, and all that is refused, with the reasons."""
    modalities, refused_here = laser_choices(concern.condition, concern.site, concern.subtypes)
    refused = [refusal_record(r.modality, [r.message], source=r.source) for r in refused_here]
    found: list[LaserOption] = []
    failed: list[DeviceRefusal] = []
    for modality in modalities:
        barred = _exclusion_messages(case, concern, modality, machines)
        if barred:
            refused.append(refusal_record(modality, barred))
            continue
        able = [doing for machine in machines or () if (doing := machine.doing(modality)) is not None]
        if not able:
            elsewhere = _light_of_other_clinics(case, concern, modality, ())
            refused.append(refusal_record(modality, [Message("plan.no-device"), *elsewhere]))
            continue
        unknown = unknown_target_message(concern.condition, modality)
        offered, not_offered = find_laser_options(case, concern, modality, able, bank, unknown_target=unknown)
        found += offered
        failed += not_offered
        refused += [refusal.record for refusal in not_offered]
        is_tried = bank.draws >= min_draws()
        if is_tried and not offered and (elsewhere := _light_of_other_clinics(case, concern, modality, able)):
            refused.append(refusal_record(modality, elsewhere))
    found, repeated = _drop_repeated_lamps(found)
    return found, failed, [*refused, *repeated]


def _sharing_field(option: LaserOption) -> LaserOption:
    return replace(option, standing=replace(option.standing, shares_field=True))


def _concern_subtypes(concern: Concern) -> tuple[str, ...] | Unknown | None:
    """Return the kinds in the case; None where the condition has none to distinguish."""
    if not condition_subtypes(concern.condition):
        return None
    return tuple(concern.subtypes) or Unknown(render_message("said.kind-not-said"))


def _exclusion_messages(
    case: Case, concern: Concern, modality: str, machines: Sequence[SearchMachine] | None
) -> list[Message]:
    """Return why a modality is not tried at all: the rules, or a decision on the case."""
    against = judge_suitability(case, concern=concern, modality=modality).opposing_reasons
    if against:
        return [reason.message for reason in against]
    return [Message("plan.stopped")] if machines is None else []


def _other_options(case: Case, concern: Concern) -> tuple[list[tuple[Option, OptionStanding]], list[RefusedOption]]:
    """Return the options without a laser, no treatment last, and those of them that the rules refer or refuse."""
    options: list[tuple[Option, OptionStanding]] = []
    refused: list[RefusedOption] = []
    cells = concern_cells(case, concern)
    for alternative in (
        *list_alternatives(concern.condition, concern.subtypes, concern.site),
        *_guideline_alternatives(concern, cells),
    ):
        judged = judge_suitability(case, concern=concern, modality=alternative.modality)
        advice = advice_against(case, concern, cells, alternative.modality)
        if against := judged.opposing_reasons:
            messages = [reason.message for reason in against]
            refused.append(refusal_record(alternative.modality, messages, source=against[0].source))
        elif advice is not None:
            refused.append(refusal_record(alternative.modality, [advice.message], source=advice.source))
        else:
            options.append(
                build_other_option(
                    case, concern, alternative.modality, alternative.use, alternative.source, judged.reasons
                )
            )
    options.append(build_other_option(case, concern, "no-treatment", "possible", effect_target().source))
    return options, refused


def _guideline_alternatives(concern: Concern, cells: Sequence[GuidelineCell]) -> list[Alternative]:
    """Return the treatments without light that cells of the guideline name and the condition does not list.

    Of what goes with others, those that have a place of their own for other skin.
    """
    condition = concern.condition
    listed = {alternative.modality for alternative in list_alternatives(condition, concern.subtypes, concern.site)}
    placed = {
        treatment.treatment for other in load_cells() if other.condition == condition for treatment in other.treatments
    }
    uses: dict[str, tuple[LaserUse, str]] = {}
    for cell in reversed(cells):  # of several kinds the source of the first one is named
        uses |= {name: ("possible", cell.sources[0]) for name in cell.adjuncts if name in placed}
    for cell in reversed(cells):
        uses |= {treatment.treatment: ("usual", cell.sources[0]) for treatment in cell.treatments}
    known = known_modalities()
    return [
        Alternative(name, use, source)
        for name, (use, source) in uses.items()
        if name in known and name not in listed and not is_light(name)
    ]


def _rank_all_options(
    laser_options: Sequence[LaserOption], other_options: Sequence[tuple[Option, OptionStanding]]
) -> tuple[tuple[Option, ...], list[LaserOption]]:
    """Return every option in order with its rank and reason, and the ones found by search in that order."""
    every = [*((option.option, option.standing) for option in laser_options), *other_options]
    order = rank_options([standing for _, standing in every])
    options = tuple(replace(every[at.index][0], rank=at.rank, rank_reason=at.reason) for at in order)
    return options, [laser_options[at.index] for at in order if at.index < len(laser_options)]


def _with_absent_first_choice(
    case: Case, concern: Concern, machines: Sequence[SearchMachine], options: tuple[Option, ...]
) -> tuple[Option, ...]:
    """Return the options, the reason of the first laser with the guideline's first choice where the clinic lacks it.

    Only a clinic that listed its devices can lack one. Of several kinds the first that lacks its light is reported.
    Light that the rules keep from this person is not.
    """
    is_listed = case.clinic is not None and case.clinic.devices is not None
    laser = next((number for number, option in enumerate(options) if option.setup is not None), None)
    cells = concern_cells(case, concern)
    lacking = (cell for cell in cells if not _has_first_choice(cell, machines))
    cell = next(lacking, None)
    if not is_listed or laser is None or cell is None or cell.first is None:
        return options
    first = first_choice_name(case, concern, cell.first)
    if first is None:
        return options
    if len(cells) > 1 and cell.subtype:
        first = message_of_kind(first, cell.subtype)
    params = {"place": options[laser].rank_reason, "first": first}
    changed = replace(options[laser], rank_reason=Message("plan.place-without-first", params))
    return (*options[:laser], changed, *options[laser + 1 :])


def _light_of_other_clinics(
    case: Case, concern: Concern, modality: str, machines: Sequence[SearchMachine]
) -> list[Message]:
    """Return which light of a modality the guideline names for a person and a clinic that listed its devices lacks.

    Empty where the clinic has all of it, or where the rules keep such light from this person.
    """
    if case.clinic is None or case.clinic.devices is None:
        return []
    named = (
        treatment
        for cell in concern_cells(case, concern)
        for treatment in cell.treatments
        if treatment.treatment == modality
    )
    names = (first_choice_name(case, concern, treatment) for treatment in named if not _is_given(treatment, machines))
    name = next((name for name in names if name is not None), None)
    return [] if name is None else [Message("plan.other-clinic", {"light": name})]


def _has_first_choice(cell: GuidelineCell, machines: Sequence[SearchMachine]) -> bool:
    """Return whether one of the machines gives the light that a cell puts first; true where it puts no light first."""
    first = cell.first
    return first is None or not is_light(first.treatment) or _is_given(first, machines)


def _is_given(treatment: GuidelineTreatment, machines: Sequence[SearchMachine]) -> bool:
    """Return whether one of the machines gives the light of a treatment."""
    return any(
        is_light_of_place(treatment, device_classes(machine.device, setting))
        for machine in machines
        for setting in one_of_each_light(machine.device)
    )


def _drop_repeated_lamps(options: Sequence[LaserOption]) -> tuple[list[LaserOption], list[RefusedOption]]:
    """Return the options without the lower-ranked ones of a lamp that has two, and why those are refused.

    A pass of a lamp heats brown and red skin at once, so its two options would be one treatment in two lines. A session
    that helped was both, and does not decide between them.
    """
    lamps = [option.trial.machine.device.name for option in options if option.trial.band_nm is not None]
    if len(set(lamps)) == len(lamps):  # the ranking draws clinics, which is not done for nothing
        return list(options), []
    first_by_lamp: dict[str, LaserOption] = {}
    refused: list[RefusedOption] = []
    for at in rank_options([replace(option.standing, helped_in=None) for option in options]):
        option = options[at.index]
        device = option.trial.machine.device
        name = device.name if option.trial.band_nm is not None else f"{device.name} {option.goal.modality}"
        first = first_by_lamp.setdefault(name, option)
        if first is not option:
            message = Message("plan.lamp-offered-once", {"device": device.title})
            refused.append(refusal_record(option.goal.modality, [message], device=device.name))
    return [option for option in options if option in first_by_lamp.values()], refused


def unknown_target_message(condition: str, modality: str) -> Message | None:
    """Return what is not known of the target, so that no setting can be simulated; None where enough is known.

    Of vessels it is their width; of a target that is to be heated through it is how much darker it is than the skin
    around, which is not to be heated. How short pulses smooth skin that is no browner than it should be is not known.
    """
    entry = known_modalities()[modality]
    if is_field_pigment(modality, condition) and not known_conditions()[condition].pigmented:
        return Message("plan.no-short-pulse-target")
    if entry.location == "lesion" and entry.endpoint == "epidermal-necrosis" and condition not in LESION_BY_CONDITION:
        return Message("plan.no-contrast")
    if entry.location == "vessel":
        try:
            condition_vessels(condition)
        except NotAvailable:
            return Message("plan.no-vessel-size")
    return None

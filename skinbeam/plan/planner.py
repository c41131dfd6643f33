"""Make the whole treatment plan of a case, and return it as a frozen record identified by its hash."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from skinbeam._version import __version__
from skinbeam.assessment.medicines import read_medication
from skinbeam.assessment.photograph import photo_messages
from skinbeam.assessment.questionnaire import read_questionnaire
from skinbeam.assessment.risks import assess_risks
from skinbeam.assessment.skin_draws import PersonColour
from skinbeam.course.aftercare import (
    TreatedConcern,
    aftercare_advice,
    call_advice,
    checklist_advice,
    record_keeping_advice,
)
from skinbeam.course.finished import mark_done_concerns
from skinbeam.course.schedule import schedule_course
from skinbeam.course.shared_pattern import places_begun_deeper
from skinbeam.course.test_spots import (
    add_missing_spots_reasons,
    distinct_ladders,
    earlier_pulse_notices,
    plan_test_spots,
)
from skinbeam.course.totals import course_total
from skinbeam.evidence.guideline.table import load_cells, load_choices
from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities
from skinbeam.model.consultation import Concern, Medication, Patient
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import condition_subtypes, usable_modalities
from skinbeam.photo.findings.finding import ConcernSuggestion, finding_message, suggest_concerns
from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam.plan.concern import ConcernResult, plan_concern
from skinbeam.plan.data_release import data_release
from skinbeam.plan.device_option import LaserOption
from skinbeam.plan.expected_result import response_notices, session_gains
from skinbeam.plan.field_columns import find_shared_columns
from skinbeam.plan.option_reasons import SPARSER_COLUMNS
from skinbeam.plan.parallel import report_progress, run_in_parallel
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.plan.photographed_vessels import vessel_messages
from skinbeam.plan.referral import refer_contradicting_colour, refer_dark_spots
from skinbeam.plan_records.course import SessionGain, TestSpotLadder
from skinbeam.plan_records.plan import (
    PLAN_SCHEMA,
    Advice,
    Assessment,
    ConcernPlan,
    Medicine,
    Option,
    Plan,
    SpellingCorrection,
    care_after_laser,
    round_record,
)
from skinbeam.published_doses.rows import practice_rows
from skinbeam.response.goals import case_lasers, concern_lasers
from skinbeam.response.settings import SearchMachine
from skinbeam.simulate.light.engines import load_ordinates_kernel
from skinbeam.suitability.clearance import clearance_notices
from skinbeam.suitability.explanation import explain_decision
from skinbeam.suitability.judgement import Suitability, judge_case, judge_suitability, unchecked_parts
from skinbeam.suitability.table import Decision, PlainReason, decision_severity, load_rules
from skinbeam.text import DocumentWarning, Formatter, Message, render_message

if TYPE_CHECKING:
    from skinbeam.photo.analysis import PhotoAnalysis

__all__ = [
    "OptionReviser",
    "PlanResult",
    "load_planning_tables",
    "make_plan",
    "plan_consultation",
]

FiguresT = TypeVar("FiguresT")


@dataclass(frozen=True)
class PlanResult(Generic[FiguresT]):
    """A plan, and results beside it that no document contains.

    Parameters
    ----------
    plan : the plan, with its numbers rounded as in the document.
    concerns : the figures or other results that `keep` made of each concern.
    """

    plan: Plan
    concerns: tuple[FiguresT, ...]

    @property
    def document(self) -> Mapping[str, Any]:
        """The plan in JSON types, with English sentences: `skinbeam.plan/2`."""
        return self.plan.document


@dataclass(frozen=True)
class _ConcernPart(Generic[FiguresT]):
    """A concern's part of the plan, and the result that `keep` made of it.

    Parameters
    ----------
    variants : the same with other columns first, as of `ConcernResult`.
    """

    record: ConcernPlan
    gains: tuple[SessionGain, ...]
    ladders: tuple[TestSpotLadder, ...]
    summary: FiguresT
    variants: tuple["_ConcernPart[FiguresT]", ...] = ()


# Returns a laser option of a concern at the setting that a clinician chose for it, or unchanged.
OptionReviser: TypeAlias = Callable[["AssessedPerson", Concern, LaserOption], LaserOption]

# Why the model judges no setting of a device: what it does not know is listed among the unknowns of the plan.
_UNJUDGED: Final = ("plan.not-judged", "plan.not-judged-named", "plan.no-vessel-size")

# Does work on every concern, in sequence or in parallel.
_ConcernRunner: TypeAlias = Callable[
    [Callable[[Concern], _ConcernPart[FiguresT]], Sequence[Concern]], list[_ConcernPart[FiguresT]]
]


def make_plan(
    loaded: LoadedCase, *, photo: Path | None = None, draws: int = 200, seed: int = 0
) -> PlanResult[ConcernResult]:
    """Return the plan of a case; `photo` and errors as in `plan.case_check.check_consultation`."""
    return _assemble_plan(
        check_consultation(loaded, photo), draws, seed, lambda work, items: list(map(work, items)), _return_unchanged
    )


def plan_consultation(
    consultation: CheckedConsultation,
    summarise_concern: Callable[[ConcernResult], FiguresT],
    *,
    draws: int = 200,
    seed: int = 0,
    on_started: Callable[[], object] | None = None,
    revise: OptionReviser | None = None,
) -> PlanResult[FiguresT]:
    """Return the plan of a consultation, its concerns planned in parallel.

    Parameters
    ----------
    summarise_concern : turns a concern, while its skins are in memory, into the result to keep of it; the result can be
        pickled.
    on_started : as of `run_in_parallel`.
    revise : puts a laser option at the setting that a clinician chose; None where nobody chose one.
    """
    load_planning_tables()
    in_parallel = partial(run_in_parallel, on_started=on_started)
    return _assemble_plan(consultation, draws, seed, in_parallel, summarise_concern, revise)


def load_planning_tables() -> None:
    """Load what the decision and every concern need, once for all processes of a plan: tables, libraries, a kernel."""
    devices()
    load_rules()
    load_choices()
    load_cells()
    practice_rows()
    load_ordinates_kernel()


def _return_unchanged(planned: ConcernResult) -> ConcernResult:
    return planned


def _assemble_plan(
    consultation: CheckedConsultation,
    draws: int,
    seed: int,
    run_each: _ConcernRunner[FiguresT],
    keep: Callable[[ConcernResult], FiguresT],
    revise: OptionReviser | None = None,
) -> PlanResult[FiguresT]:
    """Assemble the plan; `run_each` does the work of every concern."""
    with collect_sources() as sources:
        person = assess_person(consultation, draws, seed)
        case, colour, sites, machines = person.case, person.colour, person.sites, person.machines
        suitability = _judge_for_clinic(case, machines)
        suitability = refer_dark_spots(suitability, case, consultation.photo_analysis)
        suitability = refer_contradicting_colour(suitability, colour)
        # The decision of the rules depends on no skin, so it is reported at once.
        report_progress(Message("progress.decision", {"decision": render_message(f"decision.{suitability.decision}")}))
        stopped = _is_stopped(suitability)
        parts = _plan_concerns(person, None if stopped else machines, run_each, keep, revise)
        concerns = mark_done_concerns([part.record for part in parts], case)
        chosen = [
            (concern, planned.first_laser[0].modality)
            for concern, planned in zip(case.concern, concerns, strict=True)
            if planned.first_laser is not None
        ]
        treated = (*chosen, *_begun_without_laser(case.concern, concerns))
        aftercare, when_to_call = aftercare_advice(treated, case), call_advice(treated, case)
        concerns = _add_care_after_others(case, concerns, treated, aftercare, when_to_call)
        gains = tuple(gain for part in parts for gain in part.gains)
        course = schedule_course(concerns, case, gains)
        begun_deeper = places_begun_deeper(concerns, course)
        made = Plan(
            schema=PLAN_SCHEMA,
            version=__version__,
            case_sha256=consultation.sha256(),
            seed=seed,
            warnings=(
                *_reading_notices(case, colour),
                *_suspicious_spot_notices(consultation.photo_analysis),
                *earlier_pulse_notices(case, machines, None if stopped else person.bank.pulse_evidence),
                *response_notices(case, gains),
                *_clearance_notices(case, suitability, concerns),
            ),
            mode="demonstration",
            intended_use=Message("plan.demonstration"),
            assessment=_assessment_record(
                case, colour, person.photo_state, photo_messages(sites, vessel_messages(case, sites))
            ),
            suitability=suitability,
            why=(*explain_decision(case, suitability), *_explain_sparser_columns(concerns)),
            concerns=concerns,
            course=course,
            course_total=course_total(concerns, course),
            test_spots=distinct_ladders(
                replace(ladder, when_chosen=True) if planned.is_done or planned.place in begun_deeper else ladder
                for planned, part in zip(concerns, parts, strict=True)
                for ladder in part.ladders
            ),
            titration=checklist_advice("titration", chosen, case),
            anaesthesia=checklist_advice("anaesthesia", chosen, case),
            photographs=checklist_advice("photographs", chosen, case),
            complications=checklist_advice("complications", chosen, case),
            consent=record_keeping_advice() if chosen else (),
            aftercare=aftercare,
            when_to_call=when_to_call,
            clinic_phone=(case.clinic.phone.strip() if case.clinic is not None else "") or None,
            suggested=_photo_suggestions(case, consultation.photo_analysis) or None,
            unknowns=_unknown_messages(concerns),
            sources=(),
            draws=draws,
            data_release=data_release(),
        )
    plan = round_record(replace(made, sources=tuple(sorted(sources))))
    return PlanResult(plan, tuple(part.summary for part in parts))


def _explain_sparser_columns(concerns: Sequence[ConcernPlan]) -> tuple[PlainReason, ...]:
    """Return in plain words how many columns each laser makes because columns hurt this skin before, each once."""
    changed = (
        Message(
            f"leaflet_why.{SPARSER_COLUMNS}",
            {
                "laser": Message(f"leaflet_choice.{option.modality}"),
                "density": reason.message.params["density"],
                "before": reason.message.params["before"],
            },
        )
        for concern in concerns
        for option in concern.options
        for reason in option.reasons
        if reason.rule == SPARSER_COLUMNS
    )
    sentences = {message.text: message for message in changed}.values()
    return tuple(PlainReason(SPARSER_COLUMNS, "with-caution", (), message) for message in sentences)


def _plan_concerns(
    person: AssessedPerson,
    machines: Sequence[SearchMachine] | None,
    run_each: _ConcernRunner[FiguresT],
    keep: Callable[[ConcernResult], FiguresT],
    revise: OptionReviser | None,
) -> list[_ConcernPart[FiguresT]]:
    """Return the parts of the concerns in the order of the case; the one that takes longest is begun first.

    Concerns of one field that one pattern of columns renews are led by the same device.
    """
    case = person.case

    def complete(concern: Concern, planned: ConcernResult) -> _ConcernPart[FiguresT]:
        gains = session_gains(case, concern, planned.record, planned.trial)
        options = planned.record.options
        ladders = plan_test_spots(case, concern, options, planned.trials)
        with_missing_spots = add_missing_spots_reasons(case, concern, options, planned.trials)
        record = replace(planned.record, options=with_missing_spots)
        variants = tuple(complete(concern, variant) for variant in planned.variants)
        return _ConcernPart(record, gains, ladders, keep(replace(planned, variants=())), variants)

    def part(concern: Concern) -> _ConcernPart[FiguresT]:
        def at_chosen_setting(option: LaserOption) -> LaserOption:
            return option if revise is None else revise(person, concern, option)

        return complete(concern, plan_concern(case, concern, machines, person.bank, at_chosen_setting))

    begun = sorted(range(len(case.concern)), key=lambda place: _start_order(case.concern[place]))
    worked = dict(zip(begun, run_each(part, [case.concern[place] for place in begun]), strict=True))
    parts = [worked[place] for place in range(len(case.concern))]
    shared = find_shared_columns(
        mark_done_concerns([planned.record for planned in parts], case),
        [[variant.record for variant in planned.variants] for planned in parts],
    )
    return [planned if at is None else planned.variants[at] for planned, at in zip(parts, shared, strict=True)]


def _add_care_after_others(
    case: Case,
    concerns: Sequence[ConcernPlan],
    treated: Sequence[TreatedConcern],
    aftercare: tuple[Advice, ...],
    when_to_call: tuple[Advice, ...],
) -> tuple[ConcernPlan, ...]:
    """Return the concerns with the care after each laser that is not their first one, where it differs.

    A clinic may treat with another laser than the first one of a concern.

    Parameters
    ----------
    aftercare, when_to_call : the advice of the plan, for the treatments `treated`.
    """

    def tell(concern: Concern, planned: ConcernPlan, option: Option) -> Option:
        first = planned.first_laser
        if option.setup is None or first is None or option.modality == first[0].modality:
            return option
        instead = [
            (treated_concern, option.modality if treated_concern is concern and name == first[0].modality else name)
            for treated_concern, name in treated
        ]
        care = care_after_laser(aftercare_advice(instead, case), call_advice(instead, case), planned.place)
        is_same = care.sentences == care_after_laser(aftercare, when_to_call, planned.place).sentences
        return option if is_same else replace(option, care=care)

    return tuple(
        replace(planned, options=tuple(tell(concern, planned, option) for option in planned.options))
        for concern, planned in zip(case.concern, concerns, strict=True)
    )


def _begun_without_laser(concerns: Sequence[Concern], planned: Sequence[ConcernPlan]) -> Iterator[TreatedConcern]:
    """Yield the concerns whose first option is no laser, with that option; none that a doctor has to see first."""
    for concern, part in zip(concerns, planned, strict=True):
        first = min(part.options, key=lambda option: option.rank)
        if part.examination is None and first.setup is None:
            yield concern, first.modality


def _start_order(concern: Concern) -> int:
    """Return the order in which concerns begin: vessels, which take longest, then spots, which have lamps too."""
    where = {known_modalities()[laser].location for laser in concern_lasers(concern)}
    return 0 if "vessel" in where else 1 if "lesion" in where else 2


def _suspicious_spot_notices(photo: "PhotoAnalysis | None") -> Iterator[DocumentWarning]:
    """Warn of spots on the photograph that a doctor must see."""
    found = () if photo is None or isinstance(photo.skin, Unknown) else photo.skin.findings
    for finding in found:
        if finding.kind == "dark-spots" and finding.to_be_seen:
            seen = Message("finding.dark_spot_to_be_seen", {"told": finding_message(finding)})
            yield DocumentWarning("spot-to-be-seen", seen)
        elif finding.to_be_seen:
            params = {"told": finding_message(finding), "count": finding.to_be_seen}
            yield DocumentWarning("spot-to-be-seen", Message("finding.spot_to_be_seen", params))


def _photo_suggestions(case: Case, photo: "PhotoAnalysis | None") -> tuple[ConcernSuggestion, ...]:
    """Return the concerns that the photograph suggests and the case does not have."""
    if photo is None or isinstance(photo.skin, Unknown):
        return ()
    asked = {(concern.condition, concern.site) for concern in case.concern}
    return tuple(
        concern for concern in suggest_concerns(photo.skin.findings) if (concern.condition, concern.site) not in asked
    )


def _judge_for_clinic(case: Case, machines: Sequence[SearchMachine]) -> Suitability:
    """Return the decision by the kinds of laser of the clinic.

    Where those would stop the plan and others would not, it goes on, for what is done without them, and the reasons are
    why those of the clinic are refused.
    """
    owned = {modality for machine in machines for modality in machine.device.modalities}
    candidates = case_lasers(case)
    of_clinic = {name: [choice for choice in choices if choice in owned] for name, choices in candidates.items()}
    without_device = [name for name, choices in of_clinic.items() if not choices]
    tried = {name: choices or candidates[name] for name, choices in of_clinic.items()}
    judged = judge_case(case, tried, without_device=without_device)
    if not _is_stopped(judged):
        return judged
    by_any = judge_case(case, candidates)
    if _is_stopped(by_any):
        return by_any
    cautious: Decision = "with-caution"
    return replace(judged, decision=max(by_any.decision, cautious, key=decision_severity))


def _is_stopped(suitability: Suitability) -> bool:
    """Return whether a rule decides the whole case, so that no device is tried."""
    return decision_severity(suitability.decision) >= decision_severity("refer")


def _assessment_record(case: Case, colour: PersonColour, photo: Message, photo_told: tuple[Message, ...]) -> Assessment:
    patient = case.patient
    assert patient is not None  # checked on entry
    not_stated = Unknown(render_message("said.not-said"))
    return Assessment(
        age_years=patient.age_years,
        sex=patient.sex or not_stated,
        phototype=patient.phototype or not_stated,
        ita_deg=colour.ita_deg if colour.ita_deg is not None else Unknown(render_message("said.not-measured")),
        colour_basis=colour.basis,
        risks=assess_risks(case),
        medications=tuple(map(_medicine_record, patient.medications)),
        photo=photo,
        photo_told=photo_told or None,
        keloid_decision=_keloid_decision_message(patient),
    )


def _clearance_notices(
    case: Case, suitability: Suitability, concerns: Sequence[ConcernPlan]
) -> tuple[DocumentWarning, ...]:
    """Return how the referrals that leave something without a laser are cleared, where they can be."""
    without_laser = [
        (concern, planned)
        for concern, planned in zip(case.concern, concerns, strict=True)
        if planned.first_laser is None
    ]
    of_lasers = [
        reason
        for concern, _ in without_laser
        for modality in usable_modalities(concern.condition)
        for reason in judge_suitability(case, concern=concern, modality=modality).reasons
    ]
    refusals = (message for _, planned in without_laser for refused in planned.refused for message in refused.reasons)
    return clearance_notices([*suitability.reasons, *of_lasers], refusals)


def _keloid_decision_message(patient: Patient) -> Message | None:
    """Return who decided on ablation for a person who forms keloids, when, and which; None without a decision."""
    decision = patient.keloid_decision
    if decision is None:
        return None
    lasers = ", ".join(known_modalities()[name].title for name in decision.allows)
    params = {"by": decision.by, "date": Formatter().date(decision.date), "lasers": lasers}
    return Message("plan.keloid-decision", params)


def _medicine_record(taken: Medication) -> Medicine:
    """Return a medicine as stated, with matching names, spelling corrections, and parts that no rule checked."""
    read = read_medication(taken.name)
    slips = tuple(SpellingCorrection(slip.written, slip.name) for slip in read.slips)
    return Medicine(
        taken.name, taken.last_dose_months, tuple(read.medicines), slips, tuple(unchecked_parts(taken.name))
    )


def _unknown_messages(concerns: Sequence[ConcernPlan]) -> tuple[Message, ...]:
    """Return messages on gaps of the plan that a person might not expect, each once: devices may share a gap."""
    found = []
    for concern in concerns:
        if isinstance(concern.subtypes, Unknown):
            kinds = ", ".join(
                render_message(f"subtype-title.{word}").lower() for word in condition_subtypes(concern.condition)
            )
            found.append(Message("unknown.subtypes", {"concern": concern.title, "kinds": kinds}))
        for option in concern.options:
            abstains = option.expected.abstains
            if option.setup is not None and abstains is not None:
                params = {"modality": option.title, "condition": concern.title, "reason": abstains.text}
                found.append(Message("unknown.expected", params))
        for refused in concern.refused:
            if refused.reasons and refused.reasons[0].id in _UNJUDGED:
                params = {
                    "modality": refused.title,
                    "condition": concern.title,
                    "reason": refused.reasons[0].text,
                }
                found.append(Message("unknown.settings", params))
    return tuple({message.text: message for message in found}.values())


def _reading_notices(case: Case, colour: PersonColour) -> tuple[DocumentWarning, ...]:
    """Return notices on answers that were not understood or contradict each other."""
    return (*read_questionnaire(case).warnings, *colour.warnings)

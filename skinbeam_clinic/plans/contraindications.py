"""Find contraindications to a plan: judge records made since the plan by the planner's own rules.

A plan is valid as long as events are as it predicted: a spot without a reaction or with the usual one (the plan covers
clean spots), and no more than the planned number of sessions. It is no longer valid once the rules raise reasons about
the records that they did not raise when it was made: an injury, an unusual reaction, a text that they do not
understand, or too little response after the sessions that the rules allow a course. Then signing requires a new plan,
and so does a treatment, unless a clinician decides to continue and gives a reason. After an injury at a test spot there
is no such decision: nothing has been treated yet, a new plan takes a minute, and the dose is known to do harm.
"""

import datetime
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skinbeam.model.case import Case
from skinbeam.model.consultation import Clinic, Concern, EarlierSession, EarlierTestSpot, Medication, Patient
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import parse_record
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.plan_records.plan import Plan as Records
from skinbeam.suitability.dose_bars import LightFacts
from skinbeam.suitability.history import reaction_reasons
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.session_response import response_reasons
from skinbeam.suitability.table import RuleReason, decision_severity
from skinbeam.text import Message, to_local_time
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.machines.clinic_devices import CATALOGUE, ClinicDevices
from skinbeam_clinic.models import ConsultationRecord, PlanRecord
from skinbeam_clinic.patients.history import HistoryFact, IncompleteRow, case_from_fact
from skinbeam_clinic.patients.history_join import join_history, list_missing_facts
from skinbeam_clinic.patients.plan_history import HISTORY_FILE, PlanHistory, parse_plan_history
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.session_interval import find_last_session
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import AlsoTreated, ChecklistAnswer

__all__ = [
    "CHANGE_ITEMS",
    "Contraindication",
    "RecordsSincePlan",
    "find_contraindications",
    "find_early_session",
    "judge_changes",
    "read_records_since",
]

_COURSE_SOURCE = "skinbeam-judgement-course"
_INJURY_RULES = ("earlier-injury", "earlier-scar", "earlier-mark", "earlier-pale-mark")  # beginnings of their names


@dataclass(frozen=True)
class Contraindication:
    """A reason against the next pulse of a plan.

    Parameters
    ----------
    key : identifies the reason as long as the records behind it are unchanged.
    message, source : the message of the planner's rule, and the key of the rule's source.
    fact : the record that it is about; None for a whole course.
    final : whether only a new plan resolves it.
    """

    key: str
    message: Message
    source: str
    fact: HistoryFact | None
    final: bool


@dataclass(frozen=True)
class RecordsSincePlan:
    """The answers and records that a plan was made from, and the records now.

    Parameters
    ----------
    submission : the answers that it was made from.
    facts_at_planning, current_facts : the records then, and now.
    joined_at : when the plan was made from the records; None where that is not known.
    has_foreign : whether it was made from records that are of another patient, since a link of two records was undone.
    incomplete_rows : rows that were typed into other records of the person and that no plan takes in.
    devices : those that the clinic knows now.
    """

    plan_id: str
    submission: Submission
    facts_at_planning: tuple[HistoryFact, ...]
    current_facts: tuple[HistoryFact, ...]
    joined_at: datetime.datetime | None = None
    has_foreign: bool = False
    incomplete_rows: tuple[IncompleteRow, ...] = ()
    devices: ClinicDevices = CATALOGUE

    @property
    def new_facts(self) -> tuple[HistoryFact, ...]:
        """The records that the plan does not take into account."""
        return list_missing_facts(
            self.submission, [fact for fact in self.current_facts if fact not in self.facts_at_planning]
        )


def read_records_since(
    repositories: ClinicRepositories, plan: PlanRecord, consultation: ConsultationRecord
) -> RecordsSincePlan:
    """Return the patient's records, and those of them that a plan was made from."""
    history = read_history(repositories, consultation.patient_id)
    facts = history.facts
    undone = repositories.patient_links.has_undone()
    is_read = HISTORY_FILE in plan.files and (facts or undone)
    read = parse_plan_history(repositories.plans.read_file(plan.id, HISTORY_FILE)) if is_read else PlanHistory()
    known = {fact.record for fact in facts}
    lost = [record for record in read.records if undone and record not in known]
    foreign = bool(lost) and _has_foreign(repositories, lost, consultation.patient_id)
    same = consultation.revision == plan.consultation_revision
    # Answers changed since the plan may be incomplete; the plan is outdated then, whatever the records contain.
    sent = consultation.answers if same else Submission()
    incomplete = history.list_incomplete(consultation.answers)
    devices = repositories.own_devices.read()
    return RecordsSincePlan(plan.id, sent, read.match(facts), facts, read.joined_at, foreign, incomplete, devices)


def _has_foreign(repositories: ClinicRepositories, records: Sequence[str], patient_id: str) -> bool:
    """Return whether any of the records that a plan was made from is of another patient of this clinic.

    A dose that somebody else has borne says nothing of this skin. Records that an imported plan names are of no patient
    of this clinic.
    """
    person_ids = repositories.patient_links.read_person(patient_id).ids
    for record in records:
        try:
            owner = repositories.dossiers.find_patient_id(record.rpartition("/")[2])
        except RecordNotFoundError:
            continue
        if owner not in person_ids:
            return True
    return False


def find_contraindications(
    records_since: RecordsSincePlan, plan: Records, place: str = ""
) -> tuple[Contraindication, ...]:
    """Return the contraindications to an option of a plan, or to any of its options if no position is given."""
    contraindications: dict[str, Contraindication] = {}
    if records_since.has_foreign:
        about = Message("clinic-spots.stop-foreign", {})
        foreign = Contraindication(_contraindication_key("stop-foreign"), about, _COURSE_SOURCE, None, final=True)
        contraindications[foreign.key] = foreign
    if not records_since.new_facts:
        return tuple(contraindications.values())
    for concern, option in _list_lasers(plan, place):
        for fact in records_since.new_facts:
            for reason in _reaction_reasons(fact, records_since, option):
                stop = _fact_contraindication(fact, reason, option if place else None)
                contraindications.setdefault(stop.key, stop)
            for stop in _session_contraindications(fact, records_since, concern, option):
                contraindications.setdefault(stop.key, stop)
        for reason in _response_reasons(records_since, concern, option):
            contraindications.setdefault((stop := _course_contraindication(reason)).key, stop)
        if place and (stop_ := _session_count_contraindication(records_since, option, place)) is not None:
            contraindications.setdefault(stop_.key, stop_)
    return tuple(contraindications.values())


def find_early_session(
    records_since: RecordsSincePlan,
    plan: Records,
    place: str,
    at: datetime.datetime,
    also: Sequence[AlsoTreated] = (),
) -> tuple[Contraindication, ...]:
    """Return the contraindications to a session at `at` that follows the last one too soon, if it does.

    What the course of the plan treats in the same visit, such as a part of a field and the rest of it, is one session.
    A pass that treats several concerns of the same skin is one for each: whichever of them is ordered next is too soon.

    Parameters
    ----------
    also : the other concerns that its pulses treat.
    """
    concern, option = find_option(plan, place)
    concerns = [concern, *(find_option(plan, other.option)[0] for other in also)]
    found = (_early_contraindication(records_since, plan, each, option, at) for each in concerns)
    about_facts: dict[str, Contraindication] = {}
    for early in found:
        if early is not None and early.fact is not None:
            about_facts.setdefault(early.fact.record, early)  # one session, of whatever it treated
    return tuple(about_facts.values())


def _early_contraindication(
    records_since: RecordsSincePlan, plan: Records, concern: ConcernPlan, option: Option, at: datetime.datetime
) -> Contraindication | None:
    """Return the contraindication where the last session for a concern is too recent for one with an option."""
    facts = [
        fact
        for fact in records_since.current_facts
        if not _is_same_visit(fact, records_since.plan_id, plan, concern, at)
    ]
    last = find_last_session(facts, concern, option)
    if last is None or to_local_time(at).date() >= to_local_time(last.next_allowed).date():
        return None
    is_today = to_local_time(last.fact.fired_at).date() == to_local_time(at).date()
    is_of_other = last.fact.is_also or option not in concern.options
    if is_today and is_of_other and last.fact.plan_id == records_since.plan_id:
        return _clinic_contraindication("stop-double", {"treats": concern.title}, last.fact)
    about: dict[str, str | float] = {"treats": concern.title, "days": round(7 * last.shortest_weeks)}
    return _clinic_contraindication("stop-early", about, last.fact)


def _is_same_visit(fact: HistoryFact, plan_id: str, plan: Records, concern: ConcernPlan, at: datetime.datetime) -> bool:
    """Return whether a session of this day treated another concern of a visit of the plan's course."""
    is_today = to_local_time(fact.fired_at).date() == to_local_time(at).date()
    if fact.plan_id != plan_id or not fact.option or not is_today:
        return False
    other = plan.concerns[OptionRef.parse(fact.option).concern].place
    return other != concern.place and any({other, concern.place} <= set(visit.treats) for visit in plan.course)


def _list_lasers(plan: Records, place: str) -> list[tuple[ConcernPlan, Option]]:
    """Return the options with a device, or only the option at a position."""
    return [
        (concern, option)
        for i, concern in enumerate(plan.concerns)
        for j, option in enumerate(concern.options)
        if option.setup is not None and place in ("", str(OptionRef(i, j)))
    ]


def _reaction_reasons(fact: HistoryFact, records_since: RecordsSincePlan, option: Option) -> Sequence[RuleReason]:
    """Return what the rules say of a record; of another concern of the same pulses, that of their order tells it."""
    return () if fact.is_also else reaction_reasons(_case_with_fact(fact, records_since), option.modality)


def _case_with_fact(fact: HistoryFact, records_since: RecordsSincePlan) -> Case:
    """Return a case with this record alone, and the devices of the clinic."""
    clinic = records_since.submission.tables.get("clinic")
    case = case_from_fact(fact, None if clinic is None else parse_record(Clinic, clinic, file="records"))
    return records_since.devices.name_files(case)


def _fact_contraindication(fact: HistoryFact, reason: RuleReason, option: Option | None) -> Contraindication:
    """Return the contraindication for a rule's reason about one record.

    An injury at a test spot is final for an option with the same device, and for a plan as a whole.
    """
    device = None if option is None or option.setup is None else option.setup.device
    injured = reason.rule.startswith(_INJURY_RULES) and isinstance(fact.row, EarlierTestSpot)
    final = injured and device in (None, fact.row.device)
    return Contraindication(
        _contraindication_key(reason.rule, fact.record, repr(sorted(fact.values.items()))),
        reason.message,
        reason.source,
        fact,
        final,
    )


def _session_contraindications(
    fact: HistoryFact, records_since: RecordsSincePlan, concern: ConcernPlan, option: Option
) -> Iterator[Contraindication]:
    """Yield contraindications of a session beyond the rules of reactions.

    These are an adverse event graded as more than mild, and a session done under another plan.
    """
    if fact.serious_events and not _reaction_reasons(fact, records_since, option):
        yield _clinic_contraindication("stop-event", {}, fact)
    is_session = isinstance(fact.row, EarlierSession) and fact.row.treats == concern.condition
    if is_session and fact.plan_id != records_since.plan_id:
        yield _clinic_contraindication("stop-elsewhere", {"treats": concern.title}, fact)


def _session_count_contraindication(
    records_since: RecordsSincePlan, option: Option, place: str
) -> Contraindication | None:
    """Return a contraindication if all sessions that the plan gives for an option are done."""
    done = [
        fact for fact in records_since.current_facts if (fact.plan_id, fact.option) == (records_since.plan_id, place)
    ]
    if isinstance(option.sessions, Unknown) or len(done) < option.sessions.high:
        return None
    return _clinic_contraindication("stop-sessions", {"done": len(done), "most": option.sessions.high}, done[-1])


def _clinic_contraindication(name: str, about: Mapping[str, str | float], fact: HistoryFact) -> Contraindication:
    """Return a contraindication defined by the clinic, beside those of the planner's rules."""
    message = Message(f"clinic-spots.{name}", about)
    return Contraindication(
        _contraindication_key(name, fact.record, repr(sorted(fact.values.items()))),
        message,
        _COURSE_SOURCE,
        fact,
        final=False,
    )


def _course_contraindication(reason: RuleReason) -> Contraindication:
    return Contraindication(
        _contraindication_key(reason.rule, reason.message.english), reason.message, reason.source, None, False
    )


def _response_reasons(records_since: RecordsSincePlan, concern: ConcernPlan, option: Option) -> Sequence[RuleReason]:
    """Return the reasons of the response rule that hold an option back and that the records of the plan do not raise.

    Both are read today, since what sessions improved may have been judged before their effect shows.
    """
    if option.setup is None:
        return []
    asked = Concern(condition=concern.condition, site=concern.site)
    used = option.setup.settings
    light = LightFacts.of_pulse(option.setup.wavelength_nm, used.pulse_ms, lamp=option.setup.lamp)
    today = now()
    planned, current = (
        _course_case(join_history(records_since.submission, facts, today), records_since.devices)
        for facts in (records_since.facts_at_planning, records_since.current_facts)
    )
    before = response_reasons(planned, asked, option.modality, light)
    since = (reason for reason in response_reasons(current, asked, option.modality, light) if reason not in before)
    return [reason for reason in since if decision_severity(reason.decision) >= decision_severity("refer")]


def _course_case(submission: Submission, devices: ClinicDevices) -> Case:
    """Return a case with the sessions alone."""
    sessions = {name: rows for name, rows in submission.tables.items() if name == "session"}
    return devices.name_files(parse_record(Case, sessions, file="records"))


def _contraindication_key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


# Changes since the plan: a tan, a medicine, a pregnancy, an infection.

CHANGE_ITEMS = ("tan", "medicines", "pregnancy", "infection")  # items of the checklist that call for a new plan


def judge_changes(
    submission: Submission, home: Path, place: tuple[int, str], answers: Mapping[str, ChecklistAnswer]
) -> dict[str, tuple[str, ...]]:
    """Judge the plan's case again with each reported change; return the messages of newly raised reasons by item.

    A change is added to those of the items before it: rules ask for a pregnancy and a medicine together, too. The
    result is empty if the answers of the form are no valid case.

    Parameters
    ----------
    submission : the answers that the plan was made from.
    home : a folder with the device files of the clinic.
    place : number of the concern in the plan, and the modality of the option.
    answers : answers to the checklist, by item.
    """
    try:
        case = case_from_form(submission, home).case
    except InputError:
        return {}
    number, modality = place
    if case.patient is None or number >= len(case.concern):
        return {}
    concern, patient = case.concern[number], case.patient
    known = set(_judge_case(case, concern, modality))
    reasons = {}
    for item in CHANGE_ITEMS:
        if item in answers and answers[item].answer == "yes":
            patient = _change_patient(item, patient, answers[item].words)
            changed = case.model_copy(update={"patient": patient})
            reasons[item] = tuple(reason for reason in _judge_case(changed, concern, modality) if reason not in known)
            known.update(reasons[item])
    return reasons


def _judge_case(case: Case, concern: Concern, modality: str) -> Iterable[str]:
    return [reason.message.text for reason in judge_suitability(case, concern=concern, modality=modality).reasons]


def _change_patient(item: str, patient: Patient, words: str) -> Patient:
    """Return the patient with a change that was reported, in these words."""
    match item:
        case "tan":
            return patient.model_copy(update={"tan": "current"})
        case "medicines":
            added = [Medication(name=words[:100])] if words else []
            return patient.model_copy(update={"medications": [*patient.medications, *added]})
        case "pregnancy":
            return patient.model_copy(update={"pregnant": True})
    return patient.model_copy(update={"history": sorted({*patient.history, "active-infection"})})

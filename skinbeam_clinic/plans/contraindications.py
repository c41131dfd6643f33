"""What speaks against going on with a plan: what was recorded since it was made, judged by the planner's own rules.

The rule, in one place. A plan is good as long as what happens is what it told: a spot that shows nothing or the usual
reaction (the plan says what follows from clean spots), and the sessions that it counts. It holds no longer once the
rules say of the records what they did not say when it was made: an injury, a reaction that is not the usual one, a
text that they do not understand, or too little after the sessions that they give a course. Then signing waits for a new
plan, and so does a treatment, unless a clinician decides to go on and says why. After an injury at a test spot nobody
decides: nothing has been treated yet, a new plan costs a minute, and that dose is known to harm.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern, Medication, Patient
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import parse_record
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.records import Plan as Records
from skinbeam.plan.rules.history import reaction_reasons, response_reasons
from skinbeam.plan.rules.suitability import judge_suitability
from skinbeam.plan.rules.table import RuleReason
from skinbeam.text import Message
from skinbeam_clinic.consultations.answers import parse_submission
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.models import ConsultationRecord, PlanRecord
from skinbeam_clinic.patients.history import (
    HISTORY_FILE,
    HistoryFact,
    case_from_fact,
    join_history,
    list_missing_facts,
    match_plan_facts,
    read_history,
)
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import ChecklistAnswer

__all__ = [
    "CHANGE_ITEMS",
    "Contraindication",
    "RecordsSincePlan",
    "find_contraindications",
    "judge_changes",
    "read_records_since",
]

_COURSE_SOURCE = "skinbeam-judgement-course"


@dataclass(frozen=True)
class Contraindication:
    """Something that speaks against the next pulse of a plan.

    Parameters
    ----------
    key : names it as long as the records say the same of it.
    message, source : what the planner's rule says, and the key of the rule's source.
    fact : the record that it speaks of; None for a whole course.
    final : whether only a new plan ends it.
    """

    key: str
    message: Message
    source: str
    fact: HistoryFact | None
    final: bool


@dataclass(frozen=True)
class RecordsSincePlan:
    """What a plan was made of and what the records say now.

    Parameters
    ----------
    plan_id : its name in the records.
    sent : the answers that it was made of.
    known, facts : recorded then, and now.
    """

    plan_id: str
    sent: Submission
    known: tuple[HistoryFact, ...]
    facts: tuple[HistoryFact, ...]

    @property
    def new_facts(self) -> tuple[HistoryFact, ...]:
        """What the plan knows nothing of."""
        return list_missing_facts(self.sent, [one for one in self.facts if one not in self.known])


def read_records_since(
    repositories: ClinicRepositories, plan: PlanRecord, consultation: ConsultationRecord
) -> RecordsSincePlan:
    """Return what was recorded of the patient, and what of it a plan was made of."""
    facts = read_history(repositories, consultation.patient_id)
    written = repositories.plans.file(plan.id, HISTORY_FILE) if facts and HISTORY_FILE in plan.files else None
    same = consultation.revision == plan.consultation_revision
    # Answers that have changed since may be half typed; such a plan is outdated whatever the records say.
    sent = parse_submission(consultation.answers) if same else Submission()
    return RecordsSincePlan(plan.id, sent, match_plan_facts(facts, written), facts)


def find_contraindications(told: RecordsSincePlan, records: Records, place: str = "") -> tuple[Contraindication, ...]:
    """Return what stops an option of a plan, or without one any of it."""
    if not told.new_facts:
        return ()
    found: dict[str, Contraindication] = {}
    for concern, option in _list_lasers(records, place):
        for fact in told.new_facts:
            for reason in reaction_reasons(_case_with_fact(fact, told.sent), option.modality):
                stop = _from_fact(fact, reason, option if place else None)
                found.setdefault(stop.key, stop)
            for stop in _from_session(fact, told, concern, option):
                found.setdefault(stop.key, stop)
        for reason in _response_reasons(told, concern, option):
            found.setdefault((stop := _from_course(reason)).key, stop)
        if place and (stop_ := _from_session_count(told, option, place)) is not None:
            found.setdefault(stop_.key, stop_)
    return tuple(found.values())


def _list_lasers(records: Records, place: str) -> list[tuple[ConcernPlan, Option]]:
    """The options with a device, or the one at a place."""
    return [
        (concern, option)
        for i, concern in enumerate(records.concerns)
        for j, option in enumerate(concern.options)
        if option.setup is not None and place in ("", f"{i}.{j}")
    ]


def _case_with_fact(fact: HistoryFact, sent: Submission) -> Case:
    """A case with this one record, and the devices of the clinic."""
    clinic = {name: value for name, value in sent.tables.items() if name == "clinic"}
    return (
        case_from_fact(fact)
        if not clinic
        else parse_record(Case, {fact.kind: [dict(fact.row)]} | clinic, file="records")
    )


def _from_fact(fact: HistoryFact, reason: RuleReason, option: Option | None) -> Contraindication:
    """What a rule says of one record: of an injury at a test spot nobody decides, for its device or for the plan."""
    device = None if option is None or option.setup is None else option.setup.device
    injured = reason.rule.startswith("earlier-injury") and fact.kind == "test_spot"
    final = injured and device in (None, fact.row["device"])
    return Contraindication(
        _contraindication_key(reason.rule, fact.record, repr(sorted(fact.row.items()))),
        reason.message,
        reason.source,
        fact,
        final,
    )


def _from_session(
    fact: HistoryFact, told: RecordsSincePlan, concern: ConcernPlan, option: Option
) -> Iterator[Contraindication]:
    """What a session says that no rule of reactions does: graded as more than mild, or done under another plan."""
    if fact.grave and not reaction_reasons(_case_with_fact(fact, told.sent), option.modality):
        yield _clinic_contraindication("stop-event", {}, fact)
    if fact.kind == "session" and fact.plan_id != told.plan_id and fact.row["treats"] == concern.condition:
        yield _clinic_contraindication("stop-elsewhere", {"treats": concern.title}, fact)


def _from_session_count(told: RecordsSincePlan, option: Option, place: str) -> Contraindication | None:
    """Whether the sessions that the plan told for an option are done."""
    done = [one for one in told.facts if (one.plan_id, one.place) == (told.plan_id, place)]
    if isinstance(option.sessions, Unknown) or len(done) < option.sessions.high:
        return None
    return _clinic_contraindication("stop-sessions", {"done": len(done), "most": option.sessions.high}, done[-1])


def _clinic_contraindication(name: str, about: Mapping[str, Any], fact: HistoryFact) -> Contraindication:
    """A stop of the clinic's own, beside those of the planner's rules."""
    message = Message(f"clinic-spots.{name}", about)
    return Contraindication(
        _contraindication_key(name, fact.record, repr(sorted(fact.row.items()))),
        message,
        _COURSE_SOURCE,
        fact,
        final=False,
    )


def _from_course(reason: RuleReason) -> Contraindication:
    return Contraindication(
        _contraindication_key(reason.rule, reason.message.english), reason.message, reason.source, None, False
    )


def _response_reasons(told: RecordsSincePlan, concern: ConcernPlan, option: Option) -> Sequence[RuleReason]:
    """What the rule of response says now and did not say when the plan was made."""
    asked = Concern(condition=concern.condition, site=concern.site)
    then, now = (_course_case(join_history(told.sent, facts)) for facts in (told.known, told.facts))
    said = response_reasons(then, asked, option.modality)
    return [one for one in response_reasons(now, asked, option.modality) if one not in said]


def _course_case(sent: Submission) -> Case:
    """A case with the sessions alone."""
    return parse_record(Case, {name: rows for name, rows in sent.tables.items() if name == "session"}, file="records")


def _contraindication_key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


# What the rules of the planner say of what has changed since the plan: a tan, a medicine, a pregnancy, an infection.
#
# The case of the plan is judged again with what was answered now, and what is said anew is told in the rule's own
# words.

CHANGE_ITEMS = ("tan", "medicines", "pregnancy", "infection")  # of the checklist: they ask for a plan of their own


def judge_changes(
    sent: Submission, place: tuple[int, str], answers: Mapping[str, ChecklistAnswer]
) -> dict[str, tuple[str, ...]]:
    """Return what the rules say of each answer that tells of a change; nothing where the answers make no case.

    Parameters
    ----------
    place : number of the concern in the plan, and the modality of the option.
    """
    try:
        case = case_from_form(sent, Path()).case
    except InputError:
        return {}
    number, modality = place
    if case.patient is None or number >= len(case.concern):
        return {}
    concern, patient = case.concern[number], case.patient
    known = set(_judge_case(case, concern, modality))
    told = {}
    for item in CHANGE_ITEMS:
        if item in answers and answers[item].answer == "yes":
            changed = case.model_copy(
                update={"patient": patient.model_copy(update=_change_patient(item, patient, answers))}
            )
            told[item] = tuple(one for one in _judge_case(changed, concern, modality) if one not in known)
    return told


def _judge_case(case: Case, concern: Concern, modality: str) -> Iterable[str]:
    return [reason.message.text for reason in judge_suitability(case, concern=concern, modality=modality).reasons]


def _change_patient(item: str, patient: Patient, answers: Mapping[str, ChecklistAnswer]) -> dict[str, Any]:
    words = answers[item].words
    changes: dict[str, dict[str, Any]] = {
        "tan": {"tan": "current"},
        "medicines": {"medications": [*patient.medications, *([Medication(name=words[:100])] if words else [])]},
        "pregnancy": {"pregnant": True},
        "infection": {"history": sorted({*patient.history, "active-infection"})},
    }
    return changes[item]

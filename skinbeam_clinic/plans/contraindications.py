"""What speaks against going on with a plan: what was recorded since it was made, judged by the planner's own rules.

The rule, in one place. A plan is good as long as what happens is what it told: a spot that shows nothing or the usual
reaction (the plan says what follows from clean spots), and the sessions that it counts. It holds no longer once the
rules say of the records what they did not say when it was made: an injury, a reaction that is not the usual one, a
text that they do not understand, or too little after the sessions that they give a course. Then signing waits for a new
plan, and so does a treatment, unless a clinician decides to go on and says why. After an injury at a test spot nobody
decides: nothing has been treated yet, a new plan costs a minute, and that dose is known to harm.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.app.clinic.answers import submission_of
from skinbeam.app.clinic.course.history import (
    HISTORY,
    Fact,
    case_of_fact,
    joined,
    known_facts,
    recorded_history,
    unsaid,
)
from skinbeam.app.forms import Submission
from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.records import Plan as Records
from skinbeam.plan.rules.earlier import earlier_reasons
from skinbeam.plan.rules.reason import Reason
from skinbeam.plan.rules.response import response_reasons
from skinbeam.records.desk.desk import Desk
from skinbeam.records.kept import Consultation, Plan
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.load import parse

__all__ = ["Stop", "Told", "stops_of", "told_since"]


_COURSE = "skinbeam-judgement-course"


@dataclass(frozen=True)
class Stop:
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
    fact: Fact | None
    final: bool


@dataclass(frozen=True)
class Told:
    """What a plan was made of and what the records say now.

    Parameters
    ----------
    plan_id : its name in the records.
    sent : the answers that it was made of.
    known, facts : recorded then, and now.
    """

    plan_id: str
    sent: Submission
    known: tuple[Fact, ...]
    facts: tuple[Fact, ...]

    @property
    def news(self) -> tuple[Fact, ...]:
        """What the plan knows nothing of."""
        return unsaid(self.sent, [one for one in self.facts if one not in self.known])


def told_since(desk: Desk, plan: Plan, consultation: Consultation) -> Told:
    """Return what was recorded of the patient, and what of it a plan was made of."""
    facts = recorded_history(desk, consultation.patient_id)
    written = desk.plans.file(plan.id, HISTORY) if facts and HISTORY in plan.files else None
    same = consultation.revision == plan.consultation_revision
    # Answers that have changed since may be half typed; such a plan is outdated whatever the records say.
    sent = submission_of(consultation.answers) if same else Submission()
    return Told(plan.id, sent, known_facts(facts, written), facts)


def stops_of(told: Told, records: Records, place: str = "") -> tuple[Stop, ...]:
    """Return what stops an option of a plan, or without one any of it."""
    if not told.news:
        return ()
    found: dict[str, Stop] = {}
    for concern, option in _lasers(records, place):
        for fact in told.news:
            for reason in earlier_reasons(_beside(fact, told.sent), option.modality):
                stop = _of_fact(fact, reason, option if place else None)
                found.setdefault(stop.key, stop)
            for stop in _of_session(fact, told, concern, option):
                found.setdefault(stop.key, stop)
        for reason in _of_response(told, concern, option):
            found.setdefault((stop := _of_course(reason)).key, stop)
        if place and (stop_ := _beyond(told, option, place)) is not None:
            found.setdefault(stop_.key, stop_)
    return tuple(found.values())


def _lasers(records: Records, place: str) -> list[tuple[ConcernPlan, Option]]:
    """The options with a device, or the one at a place."""
    return [
        (concern, option)
        for i, concern in enumerate(records.concerns)
        for j, option in enumerate(concern.options)
        if option.setup is not None and place in ("", f"{i}.{j}")
    ]


def _beside(fact: Fact, sent: Submission) -> Case:
    """A case with this one record, and the devices of the clinic."""
    clinic = {name: value for name, value in sent.tables.items() if name == "clinic"}
    return case_of_fact(fact) if not clinic else parse(Case, {fact.kind: [dict(fact.row)]} | clinic, file="records")


def _of_fact(fact: Fact, reason: Reason, option: Option | None) -> Stop:
    """What a rule says of one record: of an injury at a test spot nobody decides, for its device or for the plan."""
    device = None if option is None or option.setup is None else option.setup.device
    injured = reason.rule.startswith("earlier-injury") and fact.kind == "test_spot"
    final = injured and device in (None, fact.row["device"])
    return Stop(
        _key(reason.rule, fact.record, repr(sorted(fact.row.items()))), reason.message, reason.source, fact, final
    )


def _of_session(fact: Fact, told: Told, concern: ConcernPlan, option: Option) -> Iterator[Stop]:
    """What a session says that no rule of reactions does: graded as more than mild, or done under another plan."""
    if fact.grave and not earlier_reasons(_beside(fact, told.sent), option.modality):
        yield _own("stop-event", {}, fact)
    if fact.kind == "session" and fact.plan_id != told.plan_id and fact.row["treats"] == concern.condition:
        yield _own("stop-elsewhere", {"treats": concern.title}, fact)


def _beyond(told: Told, option: Option, place: str) -> Stop | None:
    """Whether the sessions that the plan told for an option are done."""
    done = [one for one in told.facts if (one.plan_id, one.place) == (told.plan_id, place)]
    if isinstance(option.sessions, Unknown) or len(done) < option.sessions.high:
        return None
    return _own("stop-sessions", {"done": len(done), "most": option.sessions.high}, done[-1])


def _own(name: str, about: Mapping[str, Any], fact: Fact) -> Stop:
    """A stop of the clinic's own, beside those of the planner's rules."""
    message = Message(f"clinic-spots.{name}", about)
    return Stop(_key(name, fact.record, repr(sorted(fact.row.items()))), message, _COURSE, fact, final=False)


def _of_course(reason: Reason) -> Stop:
    return Stop(_key(reason.rule, reason.message.english), reason.message, reason.source, None, False)


def _of_response(told: Told, concern: ConcernPlan, option: Option) -> Sequence[Reason]:
    """What the rule of response says now and did not say when the plan was made."""
    asked = Concern(condition=concern.condition, site=concern.site)
    then, now = (_course(joined(told.sent, facts)) for facts in (told.known, told.facts))
    said = response_reasons(then, asked, option.modality)
    return [one for one in response_reasons(now, asked, option.modality) if one not in said]


def _course(sent: Submission) -> Case:
    """A case with the sessions alone."""
    return parse(Case, {name: rows for name, rows in sent.tables.items() if name == "session"}, file="records")


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

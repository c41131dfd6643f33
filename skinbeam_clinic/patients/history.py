"""What the records of a patient say as rows of a case file: `[[test_spot]]` and `[[session]]`.

All consultations of a patient count: the skin is the same. What was typed into the form stays, and what was both typed
and recorded counts once.
"""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam_clinic.consultations.forms import Submission, form_entries, parse_row_field
from skinbeam_clinic.follow_ups.models import FollowUp, FollowUpMoment, ImprovementRange, leading_improvement
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import AdverseEvent, AdverseEventGrade, Treatment

__all__ = [
    "HISTORY_FILE",
    "HistoryFact",
    "case_from_fact",
    "join_history",
    "list_missing_facts",
    "list_session_facts",
    "match_plan_facts",
    "read_history",
    "serialize_facts",
]

HISTORY_FILE = "history.json"  # the file of a plan that says which of it the plan was made of
_SCHEMA = "skinbeam.history/1"
_SERIOUSNESS = ("expected", "sign", "unread", "harm")
_WEEK_TOLERANCE = 0.5
_RELATIVE_TOLERANCE = 0.005  # of a number, relatively: what a person copies from a machine is rounded
_NOT_COMPARED = ("week", "read_after_h", "response_pct", "adverse")

_PULSE = ("wavelength_nm", "fluence_J_cm2", "energy_mJ", "pulse_ms", "spot_mm")
_HARM_WORDS = {"atrophy": "atrophic scar", "eye": "eye injury", "other": "other adverse event"}
_LONGEST_ADVERSE = 100  # letters of a text in a case file

FactKind = Literal["test_spot", "session"]


@dataclass(frozen=True)
class HistoryFact:
    """A row of the case file that stands for a record.

    Parameters
    ----------
    record : as the trail calls it.
    at : when it was fired.
    path : the page that shows it.
    plan_id : the plan that it was done under.
    place : the option of it; empty of a test spot.
    grave : what went wrong in it and was graded as more than mild.
    """

    record: str
    kind: FactKind
    row: Mapping[str, Any]
    at: datetime.datetime
    path: str
    plan_id: str
    place: str = ""
    grave: tuple[AdverseEvent, ...] = ()


def read_history(repositories: ClinicRepositories, patient_id: str) -> tuple[HistoryFact, ...]:
    """Return what was done to a patient's skin and what came of it, oldest first.

    A spot that nobody has read says nothing yet, nor does a treatment in which nothing was fired.
    """
    spots = [_spot_fact(one) for one in repositories.test_spots.of_patient(patient_id) if one.readings]
    consultations = [one.id for one in repositories.consultations.of(patient_id)]
    done = [one for id in consultations for one in repositories.treatments.of(id) if one.started_at and one.standing]
    judged = [one for id in consultations if done for one in repositories.follow_ups.of(id)]
    return tuple(sorted([*spots, *list_session_facts(done, judged)], key=lambda fact: fact.at))


def _spot_fact(spot: TestSpotRecord) -> HistoryFact:
    """A spot by the worst that was ever read of it: what healed was an injury all the same."""
    settings = {name: value for name, value in spot.firing.settings.items() if name != "density_per_cm2"}
    read = [settings | {"read_after_h": round(spot.hours(one), 1), "reaction": one.reaction} for one in spot.readings]
    path = f"/consultations/{spot.consultation_id}/test-spots"
    name, plan = f"test_spot/{spot.id}", spot.firing.plan_id
    facts = [HistoryFact(name, "test_spot", row, spot.fired_at, path, plan) for row in read]
    return max(reversed(facts), key=_seriousness)  # of several as serious the last


def list_session_facts(done: Sequence[Treatment], judged: Sequence[FollowUp]) -> list[HistoryFact]:
    """Return a row for each treatment in which something was fired; weeks are counted from the first.

    Parameters
    ----------
    judged : follow-ups; what the last one after a treatment says is its response.
    """
    begun = [(one.started_at, one) for one in done if one.started_at is not None]
    first = min((at for at, _ in begun), default=None)
    return [] if first is None else [_session_fact(one, at, at - first, judged) for at, one in begun]


def _session_fact(
    done: Treatment, at: datetime.datetime, since_first: datetime.timedelta, judged: Sequence[FollowUp]
) -> HistoryFact:
    """A treatment as one session, which it was, by the least dose of its areas.

    Where something went wrong nobody says at which area: below the least dose none of them was. Where nothing did, no
    more is claimed of this skin than that the least dose was harmless.
    """
    least = min((one.fired.settings for one in done.standing), key=_dose)
    pulse = {name: least.get(name, done.ordered.settings.get(name)) for name in _PULSE}
    row = {"week": round(since_first / datetime.timedelta(weeks=1), 2), "treats": done.ordered.condition}
    row |= {"device": done.device or done.ordered.device} | {k: v for k, v in pulse.items() if v is not None}
    if done.events:
        row["adverse"] = list(dict.fromkeys(map(_describe_event, done.events)))
    # What a patient said is not told here before somebody has graded: who reads it could grade blind no more.
    after = [one for one in judged if (one.treatment_id, one.moment) == (done.id, FollowUpMoment.AFTER) and one.grades]
    for one in sorted(after, key=lambda follow_up: follow_up.seen_at)[-1:]:
        improved = leading_improvement(one)
        if isinstance(improved, ImprovementRange):
            row["response_pct"] = _middle_pct(improved)
    grave = tuple(one for one in done.events if one.grade is not AdverseEventGrade.MILD)
    path = f"/treatments/{done.id}"
    return HistoryFact(f"treatment/{done.id}", "session", row, at, path, done.plan_id, done.option, grave)


def _dose(settings: Mapping[str, float]) -> tuple[float, float]:
    return settings.get("fluence_J_cm2", 0.0), settings.get("energy_mJ", 0.0)


def _describe_event(event: AdverseEvent) -> str:
    """A harm in the words that the case file reads; what has no kind of its own stands as it was written."""
    if event.kind == "other" and event.words:
        return event.words.replace(";", ",")[:_LONGEST_ADVERSE]
    return _HARM_WORDS.get(event.kind, event.kind.replace("-", " "))


def _middle_pct(improved: ImprovementRange) -> float:
    """The middle of the quarter that was graded; of what has become worse nobody says by how much, so it is none."""
    return max(0.0, (improved.low_pct + improved.high_pct) / 2)


def _seriousness(fact: HistoryFact) -> int:
    return max((_SERIOUSNESS.index(one.meaning) for one in earlier_reactions(case_from_fact(fact))), default=0)


def case_from_fact(fact: HistoryFact) -> Case:
    """Return a case that says this one thing."""
    return parse_record(Case, {fact.kind: [dict(fact.row)]}, file="records")


def join_history(sent: Submission, facts: Sequence[HistoryFact]) -> Submission:
    """Return a form's answers with what the records say, each row once: what both say is one row, as it was typed."""
    entries = [*sent.entries]
    for kind in ("test_spot", "session"):
        rows = [fact.row for fact in facts if fact.kind == kind]
        places = sorted({row.number for name, _ in sent.entries if (row := parse_row_field(name)) and row.kind == kind})
        typed = dict(zip(places, sent.tables.get(kind, ()), strict=True))
        rows, both = _match_rows(rows, typed)
        free = count(max(places, default=-1) + 1)
        for index, said in enumerate(rows):
            place = both.get(index)
            known = {} if place is None else typed[place]
            added = {name: value for name, value in said.items() if name not in known or name == "adverse"}
            if "adverse" in added:  # what went wrong is never passed over because less was typed
                added["adverse"] = _unmatched_facts(added["adverse"], known.get("adverse", ()))
            entries += _row_entries(kind, next(free) if place is None else place, added)
    return Submission(tuple(entries), sent.photo)


def list_missing_facts(sent: Submission, facts: Sequence[HistoryFact]) -> tuple[HistoryFact, ...]:
    """Return what the records say and nobody has typed."""
    return tuple(fact for fact in facts if len(join_history(sent, (fact,)).entries) > len(sent.entries))


def serialize_facts(facts: Sequence[HistoryFact]) -> bytes:
    """Return what a plan was made of, to be kept with it."""
    records = [{"record": one.record, "kind": one.kind, "row": dict(one.row)} for one in facts]
    return json.dumps({"schema": _SCHEMA, "records": records}, sort_keys=True).encode()


def match_plan_facts(facts: Sequence[HistoryFact], written: bytes | None) -> tuple[HistoryFact, ...]:
    """Return those of the facts that a plan was made of, by the file that was kept with it; None where it has none."""
    if written is None:
        return ()
    held = [(one["record"], one["row"]) for one in json.loads(written)["records"]]
    return tuple(one for one in facts if (one.record, json.loads(json.dumps(dict(one.row)))) in held)


def _row_entries(kind: FactKind, place: int, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a row; several reactions of a session are one text, as in the form, if they are short enough."""
    plain = dict(row)
    together = "; ".join(row.get("adverse", ()))
    if len(together) <= _LONGEST_ADVERSE:
        plain["adverse"] = together
    return form_entries(plain, f"{kind}.{place}.")


def _unmatched_facts(recorded: Sequence[str], typed: Sequence[str]) -> list[str]:
    told = {part.strip() for text in typed for part in text.split(";")}
    return [one for one in recorded if one not in told]


def _match_rows(
    rows: Sequence[Mapping[str, Any]], typed: Mapping[int, Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], dict[int, int]]:
    """The recorded rows, and for those that were typed, too, by their index the place where.

    Weeks that were typed may be counted from a session that was done elsewhere: of all beginnings that with the most
    rows in common is taken. With none in common the recorded sessions are the later ones, since nobody had recorded
    the others.
    """
    weeks = [row["week"] for row in typed.values() if isinstance(row.get("week"), float)]
    begins = {0.0, *weeks}
    best = max(sorted(begins), key=lambda begin: len(_pair_rows(_shift_weeks(rows, begin), typed)))
    both = _pair_rows(_shift_weeks(rows, best), typed)
    return _shift_weeks(rows, best if both else max(begins)), both


def _shift_weeks(rows: Sequence[Mapping[str, Any]], weeks: float) -> list[Mapping[str, Any]]:
    return [dict(row) | ({"week": round(row["week"] + weeks, 2)} if "week" in row else {}) for row in rows]


def _pair_rows(rows: Sequence[Mapping[str, Any]], typed: Mapping[int, Mapping[str, Any]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for index, row in enumerate(rows):
        for place, other in typed.items():
            if place not in found.values() and _is_same_row(row, other):
                found[index] = place
                break
    return found


def _is_same_row(recorded: Mapping[str, Any], typed: Mapping[str, Any]) -> bool:
    """Whether what was typed can be what was recorded: nothing in it says otherwise."""
    week = typed.get("week")
    if isinstance(week, float) and "week" in recorded and abs(week - recorded["week"]) > _WEEK_TOLERANCE:
        return False
    both = (typed.keys() & recorded.keys()) - set(_NOT_COMPARED)
    return bool(both) and all(_is_close(recorded[name], typed[name]) for name in both)


def _is_close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _RELATIVE_TOLERANCE * max(abs(one), abs(other))
    return bool(one == other)

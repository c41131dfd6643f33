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

from skinbeam.app.forms import Submission, entries_of, row_of
from skinbeam.assessment.reactions import reactions
from skinbeam.records.desk.desk import Desk
from skinbeam.records.spots import TestSpot
from skinbeam.schema.case import Case
from skinbeam.schema.load import parse

__all__ = ["HISTORY", "Fact", "case_of_fact", "joined", "known_facts", "recorded_history", "unsaid", "written_facts"]

HISTORY = "history.json"  # the file of a plan that says which of it the plan was made of
_SCHEMA = "skinbeam.history/1"
_SERIOUS = ("expected", "sign", "unread", "harm")
_SAME_WEEK = 0.5
_SAME = 0.005  # of a number, relatively: what a person copies from a machine is rounded
_NOT_COMPARED = ("week", "read_after_h", "response_pct", "adverse")

Kind = Literal["test_spot", "session"]


@dataclass(frozen=True)
class Fact:
    """A row of the case file that stands for a record.

    Parameters
    ----------
    record : as the trail calls it.
    at : when it was fired.
    path : the page that shows it.
    """

    record: str
    kind: Kind
    row: Mapping[str, Any]
    at: datetime.datetime
    path: str


def recorded_history(desk: Desk, patient_id: str) -> tuple[Fact, ...]:
    """Return what was done to a patient's skin and what came of it, oldest first.

    A spot that nobody has read says nothing yet.
    """
    return tuple(_spot_fact(one) for one in desk.test_spots.of_patient(patient_id) if one.readings)


def _spot_fact(spot: TestSpot) -> Fact:
    """A spot by the worst that was ever read of it: what healed was an injury all the same."""
    settings = {name: value for name, value in spot.firing.settings.items() if name != "density_per_cm2"}
    read = [settings | {"read_after_h": round(spot.hours(one), 1), "reaction": one.reaction} for one in spot.readings]
    path = f"/consultations/{spot.consultation_id}/test-spots"
    facts = [Fact(f"test_spot/{spot.id}", "test_spot", row, spot.fired_at, path) for row in read]
    return max(reversed(facts), key=_seriousness)  # of several as serious the last


def _seriousness(fact: Fact) -> int:
    return max((_SERIOUS.index(one.meaning) for one in reactions(case_of_fact(fact))), default=0)


def case_of_fact(fact: Fact) -> Case:
    """Return a case that says this one thing."""
    return parse(Case, {fact.kind: [dict(fact.row)]}, file="records")


def joined(sent: Submission, facts: Sequence[Fact]) -> Submission:
    """Return a form's answers with what the records say, each row once: what both say is one row, as it was typed."""
    entries = [*sent.entries]
    for kind in ("test_spot", "session"):
        rows = [fact.row for fact in facts if fact.kind == kind]
        places = sorted({row.number for name, _ in sent.entries if (row := row_of(name)) and row.kind == kind})
        typed = dict(zip(places, sent.tables.get(kind, ()), strict=True))
        rows, both = _matched(rows, typed)
        free = count(max(places, default=-1) + 1)
        for index, said in enumerate(rows):
            place = both.get(index)
            known = {} if place is None else typed[place]
            added = {name: value for name, value in said.items() if name not in known}
            entries += _entries(kind, next(free) if place is None else place, added)
    return Submission(tuple(entries), sent.photo)


def unsaid(sent: Submission, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return what the records say and nobody has typed."""
    return tuple(fact for fact in facts if len(joined(sent, (fact,)).entries) > len(sent.entries))


def written_facts(facts: Sequence[Fact]) -> bytes:
    """Return what a plan was made of, to be kept with it."""
    records = [{"record": one.record, "kind": one.kind, "row": dict(one.row)} for one in facts]
    return json.dumps({"schema": _SCHEMA, "records": records}, sort_keys=True).encode()


def known_facts(facts: Sequence[Fact], written: bytes | None) -> tuple[Fact, ...]:
    """Return those of the facts that a plan was made of, by the file that was kept with it; None where it has none."""
    if written is None:
        return ()
    held = [(one["record"], one["row"]) for one in json.loads(written)["records"]]
    return tuple(one for one in facts if (one.record, json.loads(json.dumps(dict(one.row)))) in held)


def _entries(kind: Kind, place: int, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a row; several reactions of a session are one text, as in the form."""
    plain = {name: "; ".join(value) if name == "adverse" else value for name, value in row.items()}
    return entries_of(plain, f"{kind}.{place}.")


def _matched(
    rows: Sequence[Mapping[str, Any]], typed: Mapping[int, Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], dict[int, int]]:
    """The recorded rows, and for those that were typed, too, by their index the place where.

    Weeks that were typed may be counted from a session that was done elsewhere: of all beginnings that with the most
    rows in common is taken. With none in common the recorded sessions are the later ones, since nobody had recorded
    the others.
    """
    weeks = [row["week"] for row in typed.values() if isinstance(row.get("week"), float)]
    begins = {0.0, *weeks}
    best = max(sorted(begins), key=lambda begin: len(_pairs(_later(rows, begin), typed)))
    both = _pairs(_later(rows, best), typed)
    return _later(rows, best if both else max(begins)), both


def _later(rows: Sequence[Mapping[str, Any]], weeks: float) -> list[Mapping[str, Any]]:
    return [dict(row) | ({"week": round(row["week"] + weeks, 2)} if "week" in row else {}) for row in rows]


def _pairs(rows: Sequence[Mapping[str, Any]], typed: Mapping[int, Mapping[str, Any]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for index, row in enumerate(rows):
        for place, other in typed.items():
            if place not in found.values() and _one(row, other):
                found[index] = place
                break
    return found


def _one(recorded: Mapping[str, Any], typed: Mapping[str, Any]) -> bool:
    """Whether what was typed can be what was recorded: nothing in it says otherwise."""
    week = typed.get("week")
    if isinstance(week, float) and "week" in recorded and abs(week - recorded["week"]) > _SAME_WEEK:
        return False
    both = (typed.keys() & recorded.keys()) - set(_NOT_COMPARED)
    return bool(both) and all(_alike(recorded[name], typed[name]) for name in both)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _SAME * max(abs(one), abs(other))
    return bool(one == other)

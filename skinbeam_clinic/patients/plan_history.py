"""The recorded rows that a plan was made from, as a file that is stored with it."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam_clinic.patients.history import HistoryFact

__all__ = ["HISTORY_FILE", "PlanHistory", "PlannedRow", "parse_plan_history", "serialize_facts"]

HISTORY_FILE = "history.json"  # the file of a plan that lists the recorded rows which the plan was made from
_SCHEMA = "skinbeam.history/1"


def serialize_facts(facts: Sequence[HistoryFact], day: datetime.datetime) -> bytes:
    """Return the recorded rows that a plan was made from, and when, as JSON, to be stored with the plan."""
    records = [{"record": fact.record, "kind": fact.kind, "row": fact.values, "site": fact.site} for fact in facts]
    stored = {"schema": _SCHEMA, "joined_at": day.isoformat(), "records": records}
    return json.dumps(stored, sort_keys=True).encode()


@dataclass(frozen=True)
class PlannedRow:
    """A recorded row that a plan was made from; its site is None where an older program stored it."""

    record: str
    values: Mapping[str, Any]
    site: str | None

    def is_of(self, fact: HistoryFact) -> bool:
        """Return whether it says what the record says now."""
        is_same = (self.record, self.values) == (fact.record, fact.values)
        return is_same and self.site in (fact.site, None)


@dataclass(frozen=True)
class PlanHistory:
    """The recorded rows that a plan was made from, by its stored file.

    Parameters
    ----------
    joined_at : when the plan was made from them; None where older programs did not store it, or without records.
    """

    rows: tuple[PlannedRow, ...] = ()
    joined_at: datetime.datetime | None = None

    @property
    def records(self) -> tuple[str, ...]:
        """The names of the records."""
        return tuple(row.record for row in self.rows)

    def match(self, facts: Sequence[HistoryFact]) -> tuple[HistoryFact, ...]:
        """Return those of these facts that the plan was made from."""
        return tuple(fact for fact in facts if any(row.is_of(fact) for row in self.rows))


def parse_plan_history(data: bytes) -> PlanHistory:
    """Return what the stored file of a plan says of the records that it was made from (`serialize_facts`)."""
    stored = json.loads(data)
    rows = tuple(PlannedRow(entry["record"], entry["row"], entry.get("site")) for entry in stored["records"])
    joined_at = stored.get("joined_at")
    return PlanHistory(rows, None if joined_at is None else datetime.datetime.fromisoformat(joined_at))

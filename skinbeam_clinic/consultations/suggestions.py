"""What photographs suggested to treat: kept as it was told, and what a clinician did with each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from skinbeam.records.desk.consultations import still_open
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.followed import SuggestedConcern as Row
from skinbeam.records.store.tables import Consultation, Photograph, new_id
from skinbeam.records.store.work import Access, Work
from skinbeam.records.suggested import Decision, SuggestedConcern

__all__ = ["Suggestions"]


class Suggestions:
    """The suggestions of a clinic's consultations."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(
        self, consultation_id: str, photograph_id: str, suggestions: Sequence[Mapping[str, Any]]
    ) -> tuple[SuggestedConcern, ...]:
        """Keep what a photograph suggests; one that was read before keeps what it suggested then.

        Parameters
        ----------
        suggestions : `condition`, `site`, `seen`, `told` and, where there is one, `severity` of each.

        Raises
        ------
        ClosedError : the consultation is closed.
        """
        with self._access.work(Act.TREAT) as work:
            still_open(work, consultation_id)
            work.get(Photograph, photograph_id)
            mine = (Row.consultation_id == consultation_id, Row.photograph_id == photograph_id)
            kept = work.rows(Row, *mine, order=(Row.made_at,))
            if not kept:
                kept = [_made(work, consultation_id, photograph_id, one) for one in suggestions]
            return tuple(_told(work, row) for row in kept)

    def of(self, consultation_id: str) -> tuple[SuggestedConcern, ...]:
        """Return the suggestions of a consultation, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(Consultation, consultation_id)
            work.note("suggestions.listed", f"consultation/{consultation_id}")
            rows = work.rows(Row, Row.consultation_id == consultation_id, order=(Row.made_at,))
            return tuple(_told(work, row) for row in rows)

    def decide(self, id: str, decision: Decision) -> SuggestedConcern:
        """Say what a clinician does with a suggestion; the first decision stands.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        ClosedError : the consultation is closed.
        """
        with self._access.work(Act.TREAT) as work:
            row = work.get(Row, id)
            still_open(work, row.consultation_id)
            if row.decision is None:
                row.decision, row.decided_at, row.decided_by = decision.value, now(), work.actor
                work.keep(row, f"suggestion.{decision}")
            return _told(work, row)


def _made(work: Work, consultation_id: str, photograph_id: str, suggestion: Mapping[str, Any]) -> Row:
    row = Row(clinic_id=work.clinic_id, id=new_id(), consultation_id=consultation_id, photograph_id=photograph_id)
    row.made_at, row.made_by = now(), work.actor
    work.seal(row, "suggestion_sealed", json_text(dict(suggestion)).encode())
    work.keep(row, "suggestion.made")
    return row


def _told(work: Work, row: Row) -> SuggestedConcern:
    said = json.loads(work.open(row, "suggestion_sealed"))
    return SuggestedConcern(
        id=row.id,
        consultation_id=row.consultation_id,
        photograph_id=row.photograph_id,
        condition=said["condition"],
        site=said["site"],
        severity=said.get("severity", ""),
        seen=tuple(said["seen"]),
        told=tuple(said["told"]),
        made_at=row.made_at,
        decision=None if row.decision is None else Decision(row.decision),
        decided_at=row.decided_at,
        decided_by="" if row.decided_by is None else work.name_of(row.decided_by),
    )

"""Adverse events of treatments: what went wrong, how bad it is, who told of it, and when it was over."""

import datetime
import json
from typing import Any

from skinbeam.records.faults import fault
from skinbeam.records.roles import Act
from skinbeam.records.store import tables, treated
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work
from skinbeam.records.treated import ADVERSE_KINDS, AdverseEvent, Grade, Source, TreatmentState
from skinbeam.schema.names import table

__all__ = ["AdverseEvents", "end_treatment", "events_of"]

_LONGEST = 5_000  # characters
_STOPS = (Grade.SEVERE, Grade.SERIOUS)


class AdverseEvents:
    """The adverse events of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(
        self,
        treatment_id: str,
        *,
        kind: str,
        grade: Grade,
        source: Source,
        seen_at: datetime.datetime | None = None,
        site: str = "",
        words: str = "",
    ) -> AdverseEvent:
        """Keep an adverse event, seen now where no other time is told; one that is severe ends a session under way.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        InputError : `bad-event` (kind or site is not known), `not-yet`, or `too-long`.
        """
        if kind not in ADVERSE_KINDS or (site and site not in table("site")):
            raise fault("bad-event", "kind", hint={"kinds": ", ".join(ADVERSE_KINDS)})
        at = now()
        if seen_at is not None and seen_at > at:
            raise fault("not-yet", "seen_at")
        with self._access.work(Act.TREAT) as work:
            treatment = work.get(treated.Treatment, treatment_id)
            row = treated.AdverseEvent(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=treatment.consultation_id,
                treatment_id=treatment_id,
                source=source.value,
                seen_at=seen_at or at,
                noted_at=at,
                noted_by=work.actor,
            )
            _seal(work, row, {"kind": kind, "grade": grade.value, "site": site, "words": words})
            work.keep(row, "adverse-event.added")
            if source is Source.SESSION and grade in _STOPS and treatment.ended_at is None:
                end_treatment(work, treatment, TreatmentState.STOPPED)
            return _event(work, row)

    def resolve(self, id: str, *, words: str = "", at: datetime.datetime | None = None) -> AdverseEvent:
        """Write down that an adverse event is over, now where no other time is told, and what came of it.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        InputError : `not-yet`, or `too-long`.
        """
        moment = now()
        if at is not None and at > moment:
            raise fault("not-yet", "at")
        with self._access.work(Act.TREAT) as work:
            row = work.get(treated.AdverseEvent, id)
            if row.resolved_at is None:
                row.resolved_at = at or moment
                _seal(work, row, _said(work, row) | {"resolved": words})
                work.keep(row, "adverse-event.resolved")
            return _event(work, row)

    def of(self, consultation_id: str) -> tuple[AdverseEvent, ...]:
        """Return the adverse events of a consultation, in the order in which they were seen."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("adverse-events.listed", f"consultation/{consultation_id}")
            mine = treated.AdverseEvent.consultation_id == consultation_id
            rows = work.rows(treated.AdverseEvent, mine, order=(treated.AdverseEvent.seen_at,))
            return tuple(_event(work, row) for row in rows)


def events_of(work: Work, treatment_id: str) -> tuple[AdverseEvent, ...]:
    """Return the adverse events of a treatment, in the order in which they were seen."""
    mine = treated.AdverseEvent.treatment_id == treatment_id
    rows = work.rows(treated.AdverseEvent, mine, order=(treated.AdverseEvent.seen_at,))
    return tuple(_event(work, row) for row in rows)


def end_treatment(work: Work, row: treated.Treatment, state: TreatmentState) -> None:
    """End a treatment: it is read from now on."""
    row.state, row.ended_at, row.ended_by = state.value, now(), work.actor
    work.keep(row, f"treatment.{state}")


def _said(work: Work, row: treated.AdverseEvent) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(work.open(row, "event_sealed"))
    return said


def _seal(work: Work, row: treated.AdverseEvent, said: dict[str, Any]) -> None:
    written = json_text(said)
    if len(written) > _LONGEST:
        raise fault("too-long", "words", hint={"longest": _LONGEST})
    work.seal(row, "event_sealed", written.encode())


def _event(work: Work, row: treated.AdverseEvent) -> AdverseEvent:
    said = _said(work, row)
    return AdverseEvent(
        id=row.id,
        treatment_id=row.treatment_id,
        consultation_id=row.consultation_id,
        source=Source(row.source),
        kind=said["kind"],
        grade=Grade(said["grade"]),
        site=said["site"],
        words=said["words"],
        seen_at=row.seen_at,
        noted_at=row.noted_at,
        noted_by=work.name_of(row.noted_by),
        resolved_at=row.resolved_at,
        resolved=said.get("resolved", ""),
    )

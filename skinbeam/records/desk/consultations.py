"""Consultations: answers as they are typed, saved again and again, by one person at a time."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from skinbeam.records.faults import ConflictError, fault
from skinbeam.records.kept import Consultation
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Consultations", "State", "advance", "unchanged"]

_LONGEST_ANSWERS = 1_000_000  # characters, as for a case file


class State(StrEnum):
    """How far a consultation is."""

    DRAFT = "draft"
    PLANNED = "planned"
    AGREED = "agreed"
    CLOSED = "closed"


class Consultations:
    """The consultations of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def begin(self, patient_id: str, answers: Mapping[str, Any] | None = None) -> Consultation:
        """Begin a consultation with a patient.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        """
        with self._access.work(Act.WRITE) as work:
            patient = work.get(tables.Patient, patient_id)
            if patient.erased_at is not None:
                raise fault("absent", "patient")
            at = now()
            row = tables.Consultation(
                clinic_id=work.clinic_id, id=new_id(), patient_id=patient.id, state=State.DRAFT.value, revision=1
            )
            row.created_at = row.saved_at = at
            row.saved_by = work.actor
            _answer(work, row, answers or {})
            work.keep(row, "consultation.begun")
            return _consultation(work, row)

    def get(self, id: str) -> Consultation:
        """Return a consultation as it was last saved.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.work(Act.READ) as work:
            row = work.get(tables.Consultation, id)
            work.note("consultation.seen", f"consultation/{id}")
            return _consultation(work, row)

    def of(self, patient_id: str) -> tuple[Consultation, ...]:
        """Return the consultations of a patient, oldest first."""
        with self._access.work(Act.READ) as work:
            work.get(tables.Patient, patient_id)
            work.note("consultations.listed", f"patient/{patient_id}")
            mine = tables.Consultation.patient_id == patient_id
            rows = work.rows(tables.Consultation, mine, order=(tables.Consultation.created_at,))
            return tuple(_consultation(work, row) for row in rows)

    def save(self, id: str, answers: Mapping[str, Any], *, revision: int) -> Consultation:
        """Save the answers of who last read this revision; answers that change leave no plan for them.

        Raises
        ------
        ConflictError : somebody else saved since; nothing is overwritten.
        InputError : `closed`, or `too-long`.
        """
        with self._access.work(Act.WRITE) as work:
            row = work.get(tables.Consultation, id)
            if row.state == State.CLOSED:
                raise fault("closed", "consultation")
            unchanged(work, row, revision)
            if json_text(dict(answers)) == work.open(row, "answers_sealed").decode():
                return _consultation(work, row)
            _answer(work, row, answers)
            row.state = State.DRAFT.value
            return _saved(work, row, "consultation.saved")

    def close(self, id: str, *, revision: int) -> Consultation:
        """Close a consultation: nothing is added to it any more.

        Raises
        ------
        ConflictError : somebody else saved since.
        """
        with self._access.work(Act.TREAT) as work:
            row = work.get(tables.Consultation, id)
            unchanged(work, row, revision)
            row.state = State.CLOSED.value
            return _saved(work, row, "consultation.closed")


def advance(work: Work, id: str, state: State) -> tables.Consultation:
    """Say how far a consultation is now; a closed one goes no further.

    Raises
    ------
    InputError : `closed`.
    """
    row = work.get(tables.Consultation, id)
    if row.state == State.CLOSED:
        raise fault("closed", "consultation")
    if row.state != state:
        row.state = state.value
        work.keep(row, f"consultation.{state}")
    return row


def unchanged(work: Work, row: tables.Consultation, revision: int) -> None:
    """Refuse to go on from answers that were saved over since they were read.

    Raises
    ------
    ConflictError : it says by whom and when.
    """
    if row.revision == revision:
        return
    by = work.name_of(row.saved_by)
    error = fault("conflict", "consultation", by=by, at=f"{row.saved_at:%Y-%m-%d %H:%M:%S} UTC")
    assert isinstance(error, ConflictError)
    error.revision, error.saved_by, error.saved_at = row.revision, by, row.saved_at
    raise error


def _saved(work: Work, row: tables.Consultation, action: str) -> Consultation:
    row.revision += 1
    row.saved_at, row.saved_by = now(), work.actor
    work.keep(row, action, revision=row.revision)
    return _consultation(work, row)


def _answer(work: Work, row: tables.Consultation, answers: Mapping[str, Any]) -> None:
    written = json_text(dict(answers))
    if len(written) > _LONGEST_ANSWERS:
        raise fault("too-long", "answers", hint={"longest": _LONGEST_ANSWERS})
    work.seal(row, "answers_sealed", written.encode())


def _consultation(work: Work, row: tables.Consultation) -> Consultation:
    return Consultation(
        id=row.id,
        patient_id=row.patient_id,
        state=row.state,
        revision=row.revision,
        answers=json.loads(work.open(row, "answers_sealed")),
        created_at=row.created_at,
        saved_at=row.saved_at,
        saved_by=work.name_of(row.saved_by),
    )

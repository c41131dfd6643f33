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

__all__ = ["Consultations", "State", "advance", "still_open", "unchanged"]

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
        with self._access.see(Act.READ) as work:
            row = work.get(tables.Consultation, id)
            work.note("consultation.seen", f"consultation/{id}")
            return _consultation(work, row)

    def export(self, id: str) -> Consultation:
        """Return a consultation as it was last saved, to be taken out of the clinic.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.EXPORT) as work:
            row = work.get(tables.Consultation, id)
            work.note("consultation.exported", f"consultation/{id}")
            return _consultation(work, row)

    def of(self, patient_id: str) -> tuple[Consultation, ...]:
        """Return the consultations of a patient, oldest first."""
        with self._access.see(Act.READ) as work:
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
            row = still_open(work, id)
            if json_text(dict(answers)) == work.open(row, "answers_sealed").decode():
                return _consultation(work, row)  # also of an older revision: who sends again has lost the answer
            unchanged(work, row, revision)
            _answer(work, row, answers)
            row.state = State.DRAFT.value
            row.revision += 1
            row.saved_at, row.saved_by = now(), work.actor
            work.keep(row, "consultation.saved", revision=row.revision)
            return _consultation(work, row)

    def close(self, id: str, *, revision: int) -> Consultation:
        """Close a consultation as it was read: it is read from now on, and its plan and consent go on to hold.

        Raises
        ------
        ConflictError : somebody else saved since.
        """
        with self._access.work(Act.TREAT) as work:
            row = work.get(tables.Consultation, id)
            unchanged(work, row, revision)
            if row.state != State.CLOSED:
                row.state = State.CLOSED.value
                work.keep(row, "consultation.closed")
            return _consultation(work, row)

    def reopen(self, id: str) -> Consultation:
        """Open a closed consultation again, as far on as it was; one that is open stays as it is."""
        with self._access.work(Act.TREAT) as work:
            row = work.get(tables.Consultation, id)
            if row.state == State.CLOSED:
                row.state = _reached(work, row).value
                work.keep(row, "consultation.opened")
            return _consultation(work, row)


def advance(work: Work, id: str, state: State) -> tables.Consultation:
    """Say how far a consultation is now; a closed one goes no further.

    Raises
    ------
    ClosedError : it is closed.
    """
    row = still_open(work, id)
    if row.state != state:
        row.state = state.value
        work.keep(row, f"consultation.{state}")
    return row


def still_open(work: Work, id: str) -> tables.Consultation:
    """Return a consultation that is not closed.

    Raises
    ------
    ClosedError : it is.
    """
    row = work.get(tables.Consultation, id)
    if row.state == State.CLOSED:
        raise fault("closed", "consultation")
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
    error = fault("conflict", "consultation", by=by, at=row.saved_at)
    assert isinstance(error, ConflictError)
    error.revision, error.saved_by, error.saved_at = row.revision, by, row.saved_at
    raise error


def _reached(work: Work, row: tables.Consultation) -> State:
    """How far a consultation is by what hangs on it: a plan of these answers, a consent to that plan that holds."""
    mine = tables.Plan.consultation_id == row.id
    last = work.rows(tables.Plan, mine, order=(tables.Plan.made_at,))[-1:]
    if not last or last[0].consultation_revision != row.revision:
        return State.DRAFT
    signed = work.rows(tables.Consent, tables.Consent.plan_id == last[0].id, tables.Consent.signed_at.is_not(None))
    void = {one.id for one in work.rows(tables.ConsentVoid, tables.ConsentVoid.id.in_([one.id for one in signed]))}
    return State.AGREED if any(one.id not in void for one in signed) else State.PLANNED


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

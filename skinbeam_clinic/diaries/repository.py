"""Diaries from the clinic's side: links for patients, what they wrote, and what of it somebody has read."""

import datetime
import json

from sqlalchemy import ColumnElement

from skinbeam.records.diary import DiaryEntry, DiaryLink, DiaryNote, DiaryOf, NewDiaryLink, Unread
from skinbeam.records.faults import fault
from skinbeam.records.people.tokens import hash_of, random_token
from skinbeam.records.roles import Act
from skinbeam.records.store import followed, tables, treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Diaries", "end_links", "entry_of"]


class Diaries:
    """The diaries of a clinic's treatments."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def about(self, treatment_id: str) -> DiaryOf:
        """Return whose diary that of a treatment is.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        """
        with self._access.see(Act.READ) as work:
            row = work.get(treated.Treatment, treatment_id)
            patient = work.get(tables.Patient, work.get(tables.Consultation, row.consultation_id).patient_id)
            work.note("treatment.seen", f"treatment/{treatment_id}")
            work.note("patient.seen", f"patient/{patient.id}")
            return DiaryOf(
                treatment_id=row.id,
                consultation_id=row.consultation_id,
                patient_id=patient.id,
                pseudonym=patient.pseudonym,
                plan_id=row.plan_id,
                option=row.option,
                number=row.number,
                began=row.started_at,
            )

    def link(self, treatment_id: str, *, language: str, until: datetime.datetime) -> NewDiaryLink:
        """Make a link to the diary of a treatment, which ends the one before; its token is told this once.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        InputError : `not-begun`: it has not begun.
        """
        token = random_token()
        with self._access.work(Act.WRITE) as work:
            treatment = work.get(treated.Treatment, treatment_id)
            if treatment.started_at is None:
                raise fault("not-begun", "treatment")
            end_links(work, [treatment.consultation_id], treatment_id)
            row = followed.DiaryLink(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=treatment.consultation_id,
                treatment_id=treatment.id,
                token_hash=hash_of(token),
                language=language,
                until=until,
                made_at=now(),
                made_by=work.actor,
            )
            work.keep(row, "diary-link.made")
            return NewDiaryLink(_link(work, row), token)

    def end(self, treatment_id: str) -> None:
        """End the link to the diary of a treatment; without one nothing happens."""
        with self._access.work(Act.WRITE) as work:
            treatment = work.get(treated.Treatment, treatment_id)
            end_links(work, [treatment.consultation_id], treatment_id)

    def links(self, treatment_id: str) -> tuple[DiaryLink, ...]:
        """Return the links that were made to the diary of a treatment, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(treated.Treatment, treatment_id)
            work.note("diary-links.listed", f"treatment/{treatment_id}")
            mine = followed.DiaryLink.treatment_id == treatment_id
            rows = work.rows(followed.DiaryLink, mine, order=(followed.DiaryLink.made_at,))
            return tuple(_link(work, row) for row in rows)

    def of(self, treatment_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of a diary by day, and of a day by the time at which they were written."""
        with self._access.see(Act.READ) as work:
            work.get(treated.Treatment, treatment_id)
            work.note("diary.seen", f"treatment/{treatment_id}")
            table = followed.DiaryEntry
            rows = work.rows(table, table.treatment_id == treatment_id, order=(table.day, table.written_at))
            return tuple(entry_of(work, row) for row in rows)

    def of_consultation(self, consultation_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of all diaries of a consultation by the time at which they were written."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("diary.seen", f"consultation/{consultation_id}")
            table = followed.DiaryEntry
            rows = work.rows(table, table.consultation_id == consultation_id, order=(table.written_at,))
            return tuple(entry_of(work, row) for row in rows)

    def mark_read(self, treatment_id: str) -> None:
        """Keep that what stands in a diary now was read; what was read before stays as it is."""
        with self._access.work(Act.WRITE) as work:
            work.get(treated.Treatment, treatment_id)
            for row in _unread(work, followed.DiaryEntry.treatment_id == treatment_id):
                reading = followed.DiaryReading(clinic_id=work.clinic_id, id=row.id, entry_id=row.id)
                reading.consultation_id, reading.read_at, reading.read_by = row.consultation_id, now(), work.actor
                work.keep(reading, "diary.read")

    def unread(self) -> tuple[Unread, ...]:
        """Return the diaries with entries that nobody has read, the longest unread first."""
        with self._access.see(Act.READ) as work:
            work.note("diaries.listed", "diary_entry")
            found: dict[str, list[followed.DiaryEntry]] = {}
            for row in _unread(work):
                found.setdefault(row.treatment_id, []).append(row)
            return tuple(sorted((_unread_of(work, rows) for rows in found.values()), key=lambda one: one.since))


def end_links(work: Work, consultations: list[str], treatment_id: str | None = None) -> None:
    """End the links of consultations that are good as far as the rows say, or of one treatment of them."""
    table = followed.DiaryLink
    mine = () if treatment_id is None else (table.treatment_id == treatment_id,)
    for row in work.rows(table, table.consultation_id.in_(consultations), table.ended_at.is_(None), *mine):
        row.ended_at = now()
        work.keep(row, "diary-link.ended")


def entry_of(work: Work, row: followed.DiaryEntry) -> DiaryEntry:
    """Return the record of an entry's row."""
    said = json.loads(work.open(row, "entry_sealed"))
    readings = work.rows(followed.DiaryReading, followed.DiaryReading.id == row.id)
    return DiaryEntry(
        id=row.id,
        treatment_id=row.treatment_id,
        day=row.day,
        note=DiaryNote(said["pain"], said["redness"], tuple(said["signs"]), said["question"]),
        photograph_id=row.photograph_id,
        written_at=row.written_at,
        read_at=readings[0].read_at if readings else None,
        read_by=work.name_of(readings[0].read_by) if readings else None,
    )


def _unread(work: Work, *conditions: ColumnElement[bool]) -> list[followed.DiaryEntry]:
    table = followed.DiaryEntry
    read = {id for id, _ in work.names(followed.DiaryReading, followed.DiaryReading.entry_id)}
    return [row for row in work.rows(table, *conditions, order=(table.written_at,)) if row.id not in read]


def _unread_of(work: Work, rows: list[followed.DiaryEntry]) -> Unread:
    consultation = work.get(tables.Consultation, rows[0].consultation_id)
    patient = work.get(tables.Patient, consultation.patient_id)
    work.note("diary.unread.seen", f"patient/{patient.id}")
    questions = sum(bool(entry_of(work, row).note.question) for row in rows)
    return Unread(rows[0].treatment_id, patient.pseudonym, len(rows), questions, rows[0].written_at)


def _link(work: Work, row: followed.DiaryLink) -> DiaryLink:
    return DiaryLink(
        id=row.id,
        treatment_id=row.treatment_id,
        language=row.language,
        until=row.until,
        made_at=row.made_at,
        made_by=work.name_of(row.made_by),
        ended_at=row.ended_at,
    )

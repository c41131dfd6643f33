"""Give a patient access to the diary of one treatment by a token, without an account.

With the token one can read the plan of the treatment, add entries, and see whether the clinic has answered. Nothing
else in the records is accessible, and entries cannot be read again, since a telephone is often shared. The token has
256 random bits; only its hash is stored, and it is checked again within every transaction.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam_clinic.accounts.clinic_contact import read_clinic_contact
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import AlarmRow, DiaryEntryRow, DiaryLinkRow
from skinbeam_clinic.database.tables import ClinicRow, JobRow, PhotographRow, PlanRow
from skinbeam_clinic.database.transaction import ClinicTransaction, open_transaction
from skinbeam_clinic.database.treatment_tables import TreatmentRow
from skinbeam_clinic.diaries.models import DiaryNote, DiaryStatus
from skinbeam_clinic.diaries.repository import NOTE_CONTENT
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import ALARM_JOB, QUEUED
from skinbeam_clinic.models import PATIENT_ACTOR

__all__ = ["LONGEST_QUESTION", "DiaryAccess", "OpenDiary"]

LONGEST_QUESTION = 1000  # characters
_PLAN_FILE = "plan.json"
_ENTRY_KEY = re.compile(r"[0-9a-f]{32}")


class DiaryAccess:
    """Opens diaries by their tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, token: str) -> "OpenDiary":
        """Return the diary of a token.

        Raises
        ------
        RecordNotFoundError : there is none; the error is the same for a token that never existed, expired, ended or was
            replaced.
        """
        hashed = hash_token(token)
        with self._database.reading() as session:
            link, treatment, clinic = _find_link(session, hashed)
            plan = session.get_one(PlanRow, (link.clinic_id, treatment.plan_id))
        return OpenDiary(self._database, hashed, link, treatment, clinic, plan.files[_PLAN_FILE])


class OpenDiary:
    """The diary of one treatment, as long as its link is valid.

    Parameters
    ----------
    hashed : hash of the token.
    read_plan : name of the stored file of the plan document.
    """

    def __init__(
        self,
        database: Database,
        token_hash: str,
        link: DiaryLinkRow,
        treatment: TreatmentRow,
        clinic: ClinicRow,
        plan: str,
    ) -> None:
        self.link_id = link.id
        self.language = link.language
        self.clinic = clinic.name
        self.option = treatment.option
        self.started_at = treatment.started_at or treatment.created_at
        self._database = database
        self._hashed = token_hash
        self._clinic_id = clinic.id
        self._plan = plan

    def read_plan(self) -> bytes:
        """Return the document of the plan that the treatment followed."""
        return self._database.files.get(self._clinic_id, self._plan)

    def read_phone(self) -> str:
        """Return the telephone that the clinic has entered; empty where it has none of its own."""
        with self._open_transaction() as (work, _):
            return read_clinic_contact(work).phone

    def status(self, key: str = "") -> DiaryStatus:
        """Return the status of the diary, and log that it was opened.

        Parameters
        ----------
        key : key of the entry that was just written.

        Raises
        ------
        RecordNotFoundError : the link has ended in the meantime.
        """
        with self._open_transaction() as (work, link):
            work.log("diary.opened", f"treatment/{link.treatment_id}")
            is_of_treatment = DiaryEntryRow.treatment_id == link.treatment_id
            entries = {row.id: row for row in work.rows(DiaryEntryRow, is_of_treatment)}
            alarms = work.rows(AlarmRow, AlarmRow.entry_id.in_(list(entries)))
            answered = [alarm.answered_at for alarm in alarms if alarm.answered_at is not None]
            return DiaryStatus(
                is_stored=_entry_id(link, key) in entries,
                has_open_alarm=len(answered) < len(alarms),
                answered_at=max(answered, default=None),
            )

    def add_entry(self, key: str, day: int, note: DiaryNote, *, photograph: bytes | None, alarm: bool) -> None:
        """Store an entry, with an alarm if needed; an entry that is sent again is stored once.

        Parameters
        ----------
        key : generated with the form, so that a form submitted several times is one entry; one that is filled in
            otherwise after going back to it is another.
        day : days since the treatment.
        photograph : JPEG, for care alone.
        alarm : whether a member of the clinic must see it now.

        Raises
        ------
        RecordNotFoundError : the link has ended in the meantime.
        InputError : `bad-diary-form`: the key has not the form of a generated one; `too-long`.
        """
        if not _ENTRY_KEY.fullmatch(key):
            raise clinic_error("bad-diary-form", "entry")
        if len(note.question) > LONGEST_QUESTION:
            raise clinic_error("too-long", "question", hint={"longest": LONGEST_QUESTION})
        file = None if photograph is None else self._database.files.add(self._clinic_id, photograph)
        with self._open_transaction() as (work, link):
            id = _entry_id(link, key)
            known = work.find(DiaryEntryRow, id)
            # They went back, and wrote something else or chose another photograph.
            if known and not _is_same_entry(work, known, note, file):
                id = _entry_id(link, f"{key}/{NOTE_CONTENT.to_json(note).decode()}{file or ''}")
                known = work.find(DiaryEntryRow, id)
            if known:
                return
            row = work.new_row(DiaryEntryRow, id=id, consultation_id=link.consultation_id)
            row.treatment_id, row.day, row.written_at = link.treatment_id, day, now()
            if photograph is not None and file is not None:
                self._database.files.add_again_if_removed(self._clinic_id, file, photograph)
                row.photograph_id = _save_photograph(work, link, file)
            work.seal_record(row, NOTE_CONTENT, note)
            work.save(row, "diary.written")
            if alarm:
                _raise_alarm(work, link, row)

    @contextmanager
    def _open_transaction(self) -> Iterator[tuple[ClinicTransaction, DiaryLinkRow]]:
        """Open a transaction, and check in it that the link is valid."""
        with open_transaction(self._database, self._clinic_id, PATIENT_ACTOR) as work:
            link = next(iter(work.rows(DiaryLinkRow, DiaryLinkRow.token_hash == self._hashed)), None)
            yield work, _check_link(link)


def _find_link(session: Session, token_hash: str) -> tuple[DiaryLinkRow, TreatmentRow, ClinicRow]:
    """Return the valid link of a hash with its treatment and clinic.

    A single query reads all three, so that an expired link takes no longer than an absent one.
    """
    asked = (
        select(DiaryLinkRow, TreatmentRow, ClinicRow)
        .join(
            TreatmentRow,
            (TreatmentRow.clinic_id == DiaryLinkRow.clinic_id) & (TreatmentRow.id == DiaryLinkRow.treatment_id),
        )
        .join(ClinicRow, ClinicRow.id == DiaryLinkRow.clinic_id)
        .where(DiaryLinkRow.token_hash == token_hash)
    )
    row = session.execute(asked).one_or_none()
    _check_link(None if row is None else row[0])
    assert row is not None
    return row[0], row[1], row[2]


def _check_link(link: DiaryLinkRow | None) -> DiaryLinkRow:
    if link is None or link.ended_at is not None or now() >= link.until:
        raise clinic_error("absent", "diary")
    return link


def _entry_id(link: DiaryLinkRow, key: str) -> str:
    """Return the id of an entry, which includes the treatment, so that a key never reaches another diary."""
    return hashlib.sha256(f"{link.treatment_id}/{key}".encode("utf-8", "replace")).hexdigest()[:32]


def _is_same_entry(work: ClinicTransaction, row: DiaryEntryRow, note: DiaryNote, file: str | None) -> bool:
    """Return whether an entry holds this note, and the file of a photograph where one was sent."""
    stored = None if row.photograph_id is None else work.get(PhotographRow, row.photograph_id).file
    return work.open_record(row, NOTE_CONTENT) == note and file in (None, stored)


def _save_photograph(work: ClinicTransaction, link: DiaryLinkRow, file: str) -> str:
    row = work.new_row(
        PhotographRow,
        consultation_id=link.consultation_id,
        file=file,
        media_type="image/jpeg",
        for_care=True,
        for_teaching=False,
        for_publication=False,
        added_at=now(),
        added_by=work.actor,
    )
    work.save(row, "photograph.added")
    return row.id


def _raise_alarm(work: ClinicTransaction, link: DiaryLinkRow, entry: DiaryEntryRow) -> None:
    """Add an alarm for the clinic's pages, and a job for the notification, in the transaction of the entry."""
    alarm = work.new_row(AlarmRow, id=entry.id, entry_id=entry.id, raised_at=entry.written_at)
    alarm.consultation_id = link.consultation_id
    work.save(alarm, "alarm.raised")
    payload = {"alarm": alarm.id, "consultation": link.consultation_id}
    job = work.new_row(JobRow, kind=ALARM_JOB, payload=payload, state=QUEUED, attempts=0)
    job.created_at, job.created_by = entry.written_at, work.actor
    work.add_job(job)

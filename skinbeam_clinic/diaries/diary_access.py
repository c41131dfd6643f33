"""The way of a patient to the diary of one treatment: a token, and no account.

Who holds the token reads which plan the treatment followed, adds entries, and is told whether the clinic has answered.
Nothing else of the records can be reached from here, and no entry can be read again: a telephone is often not one
person's alone. The token is 256 random bits, of which a hash is kept; it is checked again within every transaction.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.database.columns import canonical_json, now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import AlarmRow, DiaryEntryRow, DiaryLinkRow
from skinbeam_clinic.database.tables import ClinicRow, JobRow, PhotographRow, PlanRow, new_id
from skinbeam_clinic.database.transaction import ClinicTransaction, open_transaction
from skinbeam_clinic.database.treatment_tables import TreatmentRow
from skinbeam_clinic.diaries.models import DiaryNote, DiaryStatus
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import ALARM_JOB, QUEUED
from skinbeam_clinic.models import PATIENT_ACTOR

__all__ = ["LONGEST_QUESTION", "DiaryAccess", "OpenDiary"]

LONGEST_QUESTION = 1000  # characters
_PLAN_FILE = "plan.json"
_ENTRY_KEY = re.compile(r"[0-9a-f]{32}")


class DiaryAccess:
    """Opens a diary for who holds its token.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, token: str) -> "OpenDiary":
        """Return the diary of a token.

        Raises
        ------
        AbsentError : there is none: in the same words for one that never was, is over, was ended or replaced.
        """
        hashed = hash_token(token)
        with self._database.reading() as session:
            link, treatment, clinic = _find_link(session, hashed)
            plan = session.get_one(PlanRow, (link.clinic_id, treatment.plan_id))
        return OpenDiary(self._database, hashed, link, treatment, clinic, plan.files[_PLAN_FILE])


class OpenDiary:
    """The diary of one treatment, for as long as its link is good.

    Parameters
    ----------
    hashed : of the token.
    plan : name of the file that holds the plan.
    """

    def __init__(
        self, database: Database, hashed: str, link: DiaryLinkRow, treatment: TreatmentRow, clinic: ClinicRow, plan: str
    ) -> None:
        self.link_id = link.id
        self.language = link.language
        self.clinic = clinic.name
        self.option = treatment.option
        self.began = treatment.started_at or treatment.created_at
        self._database = database
        self._hashed = hashed
        self._clinic_id = clinic.id
        self._plan = plan

    def plan(self) -> bytes:
        """Return the document of the plan that was followed."""
        return self._database.files.get(self._clinic_id, self._plan)

    def status(self, key: str = "") -> DiaryStatus:
        """Return how things stand, and note that the diary was opened.

        Parameters
        ----------
        key : of the entry that was just written.

        Raises
        ------
        AbsentError : the link was ended meanwhile.
        """
        with self._work() as (work, link):
            work.log("diary.opened", f"treatment/{link.treatment_id}")
            mine = DiaryEntryRow.treatment_id == link.treatment_id
            entries = {row.id: row for row in work.rows(DiaryEntryRow, mine)}
            alarms = work.rows(AlarmRow, AlarmRow.entry_id.in_(list(entries)))
            answered = [one.answered_at for one in alarms if one.answered_at is not None]
            return DiaryStatus(
                kept=_entry_id(link, key) in entries,
                waiting=len(answered) < len(alarms),
                answered_at=max(answered, default=None),
            )

    def write(self, key: str, day: int, note: DiaryNote, *, photograph: bytes | None, alarm: bool) -> None:
        """Keep an entry, and with it what calls somebody of the clinic; one that is sent again is kept once.

        Parameters
        ----------
        key : made for the form that was filled in: the same form is the same entry, however often the network sends it.
        day : counted from the treatment.
        photograph : JPEG, for care alone.
        alarm : whether somebody must see it now.

        Raises
        ------
        AbsentError : the link was ended meanwhile.
        InputError : `bad-diary-form`: no form of ours made this key; `too-long`.
        """
        if not _ENTRY_KEY.fullmatch(key):
            raise clinic_error("bad-diary-form", "entry")
        if len(note.question) > LONGEST_QUESTION:
            raise clinic_error("too-long", "question", hint={"longest": LONGEST_QUESTION})
        file = None if photograph is None else self._database.files.add(self._clinic_id, photograph)
        with self._work() as (work, link):
            id = _entry_id(link, key)
            if work.rows(DiaryEntryRow, DiaryEntryRow.id == id):
                return
            row = DiaryEntryRow(clinic_id=work.clinic_id, id=id, consultation_id=link.consultation_id)
            row.treatment_id, row.day, row.written_at = link.treatment_id, day, now()
            row.photograph_id = None if file is None else _save_photograph(work, link, file)
            work.seal(row, "entry_sealed", canonical_json(asdict(note) | {"signs": list(note.signs)}).encode())
            work.save(row, "diary.written")
            if alarm:
                _raise_alarm(work, link, row)

    @contextmanager
    def _work(self) -> Iterator[tuple[ClinicTransaction, DiaryLinkRow]]:
        """Give a transaction, once the link was found good in it."""
        with open_transaction(self._database, self._clinic_id, PATIENT_ACTOR) as work:
            link = next(iter(work.rows(DiaryLinkRow, DiaryLinkRow.token_hash == self._hashed)), None)
            yield work, _is_valid(link)


def _find_link(session: Session, hashed: str) -> tuple[DiaryLinkRow, TreatmentRow, ClinicRow]:
    """The link of a hash that is good, all in one question, so that one that is over takes no longer than none."""
    asked = (
        select(DiaryLinkRow, TreatmentRow, ClinicRow)
        .join(
            TreatmentRow,
            (TreatmentRow.clinic_id == DiaryLinkRow.clinic_id) & (TreatmentRow.id == DiaryLinkRow.treatment_id),
        )
        .join(ClinicRow, ClinicRow.id == DiaryLinkRow.clinic_id)
        .where(DiaryLinkRow.token_hash == hashed)
    )
    found = session.execute(asked).one_or_none()
    _is_valid(None if found is None else found[0])
    assert found is not None
    return found[0], found[1], found[2]


def _is_valid(link: DiaryLinkRow | None) -> DiaryLinkRow:
    if link is None or link.ended_at is not None or now() >= link.until:
        raise clinic_error("absent", "diary")
    return link


def _entry_id(link: DiaryLinkRow, key: str) -> str:
    """The name of an entry: who sends a key of another diary reaches nothing there."""
    return hashlib.sha256(f"{link.treatment_id}/{key}".encode("utf-8", "replace")).hexdigest()[:32]


def _save_photograph(work: ClinicTransaction, link: DiaryLinkRow, file: str) -> str:
    row = PhotographRow(
        clinic_id=work.clinic_id,
        id=new_id(),
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
    """Have the clinic called: inside by its pages, and outside by a job, both there with the entry or not at all."""
    alarm = AlarmRow(clinic_id=work.clinic_id, id=entry.id, entry_id=entry.id, raised_at=entry.written_at)
    alarm.consultation_id = link.consultation_id
    work.save(alarm, "alarm.raised")
    payload = {"alarm": alarm.id, "consultation": link.consultation_id}
    job = JobRow(clinic_id=work.clinic_id, id=new_id(), kind=ALARM_JOB, payload=payload, state=QUEUED, attempts=0)
    job.created_at, job.created_by = entry.written_at, work.actor
    work.add_job(job)

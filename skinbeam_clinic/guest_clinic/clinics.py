"""Guests of a server without records: each consultation is a clinic of its own, found by addresses that nobody guesses.

A guest is the one member of a clinic that is made with their consultation. Nobody signs in: the address of a
consultation, its photographs, its jobs and its plans contains a random id of 128 bits, and whoever has an address acts
as its guest. A cookie would be no help: browsers send those of the app to other machines by https alone, and programs
send none. Two consultations never share a clinic, so that nobody finds those of others. Only the routes of
`GUEST_ROUTES` are open, which plan; contact details, consents, treatments and accounts have no route. None of this is
made for a server with records: there a session belongs to a member who signed in.

The records lie in a temporary folder. Answers, photographs and plans are encrypted with a key that only this program's
memory holds, and the folder is removed when the program ends, or else when the next one starts. While a plan is made,
its photograph lies readable in a folder of that plan, which is removed in the same ways. Of the clinics of which a plan
was requested, those that were used last stay; older ones are removed, so that guests cannot fill the disk. A form that
came back, or whose face is looked at, is a draft: it makes room for plans, and never pushes one out.
"""

import datetime
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select, text

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import create_clinic, read_member
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.repository import OTHER_PICTURE, PAGE_MEDIA_TYPES
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.jobs.queue import OPEN_STATES
from skinbeam_clinic.models import ConsultationRecord, Member, MemberSession, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.errors import refusal

__all__ = ["MOST_GUESTS", "GuestClinics", "GuestConsultation", "GuestPhotograph"]

MOST_GUESTS = 16  # of which a plan was requested; as many drafts
_MOST_WAITING = 8
_MOST_BYTES = 1_000_000_000  # of all files of the guests
_MOST_BYTES_OF_ONE = 250_000_000  # eight of the largest photographs
_SESSION = datetime.timedelta(hours=12)
_ADDRESSED: Mapping[str, type[tables.ClinicScoped]] = {
    "consultation": tables.ConsultationRow,
    "photograph": tables.PhotographRow,
    "job": tables.JobRow,
    "plan": tables.PlanRow,
}


@dataclass(frozen=True)
class GuestPhotograph:
    """A photograph that a guest sent, and its media type; `OTHER_PICTURE` where browsers do not show it."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class GuestConsultation:
    """A consultation of a guest, and the guest's repositories."""

    repositories: ClinicRepositories
    record: ConsultationRecord


class GuestClinics:
    """The clinics of the guests of one server.

    Parameters
    ----------
    database : an open database that holds nothing else.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: OrderedDict[str, None] = OrderedDict()  # ids of the clinics, the one that was used last at the end
        self._beginning: set[str] = set()  # clinics whose consultation is being stored
        self._changing = threading.Lock()
        self._places_taken = 0
        self._placing = threading.Lock()
        with database.writing() as session:  # records that nothing may remove are of no use to guests, whose records go
            for (trigger,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {trigger}"))

    def begin(self, answers: Submission, photograph: GuestPhotograph | None = None) -> GuestConsultation:
        """Begin a consultation of a new guest, or go on with the draft of the earlier form.

        Parameters
        ----------
        answers : may name a photograph that was sent with an earlier form.
        photograph : one that came with this form, in place of that.

        Raises
        ------
        InputError : `photo-gone`: the photograph of the earlier form has been removed; `bad-photograph`.
        """
        sent_before = "" if photograph else answers.photo
        draft = self._take_draft(answers.photo)
        if draft is None:
            photograph = photograph or self._read_photograph(sent_before)
        guest = draft or self._add_guest()
        try:
            repositories = ClinicRepositories(self._database, guest)
            if draft is None:
                consultation = repositories.consultations.begin(
                    repositories.patients.add().id, replace(answers, photo="")
                )
            else:
                consultation = repositories.consultations.get(
                    repositories.photographs.get(answers.photo).consultation_id
                )
            if photograph is not None:
                added = repositories.photographs.add(
                    consultation.id,
                    photograph.content,
                    photograph.media_type,
                    PhotographPermissions(),
                    accepted=(*PAGE_MEDIA_TYPES, OTHER_PICTURE),
                )
                answers = replace(answers, photo=sent_before).rename_photographs({sent_before: added.id})
            return GuestConsultation(
                repositories, repositories.consultations.save(consultation.id, answers, revision=consultation.revision)
            )
        finally:
            self._beginning.discard(guest.clinic_id)

    def _take_draft(self, photograph: str) -> Member | None:
        """Return the guest of an earlier form's photograph, as one that begins, unless it requested a plan already."""
        owner = self._find_guest(tables.PhotographRow, photograph)
        if owner is None:
            return None
        with self._changing:
            is_there = owner.clinic_id in self._used and owner.clinic_id not in self._beginning
            if not is_there or owner.clinic_id in self._list_planned():
                return None
            self._beginning.add(owner.clinic_id)
        self._make_room(owner.clinic_id)
        return owner

    def find_session(self, names: Mapping[str, str]) -> MemberSession | None:
        """Return the session of the guest to whom an address belongs; None where it belongs to nobody.

        Parameters
        ----------
        names : parameters of the path.
        """
        member = next(
            (self._find_guest(table, names[name]) for name, table in _ADDRESSED.items() if name in names), None
        )
        if member is None:
            return None
        self._make_room(member.clinic_id)
        if self._stored_bytes(member.clinic_id) > _MOST_BYTES_OF_ONE:
            self._remove(member.clinic_id)
            return None
        return MemberSession("", member, step_due=None, expires_at=now() + _SESSION)

    @contextmanager
    def waiting_place(self, guest: str = "") -> Iterator[None]:
        """Occupy one of the limited places for forms that are being stored and plans that are not made yet.

        Parameters
        ----------
        guest : clinic whose open plan occupies no place, since the one that is requested replaces it.

        Raises
        ------
        RefusedError : 503, all are occupied.
        """
        with self._placing:
            if self._count_open_jobs(guest) + self._places_taken >= _MOST_WAITING:
                raise refusal(503)
            self._places_taken += 1
        try:
            yield
        finally:
            with self._placing:
                self._places_taken -= 1

    def _count_open_jobs(self, without: str) -> int:
        others = (tables.JobRow.state.in_(OPEN_STATES), tables.JobRow.clinic_id != without)
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(tables.JobRow).where(*others)) or 0

    def _add_guest(self) -> Member:
        operator = create_clinic(self._database, new_id(), synthetic=True)
        self._beginning.add(operator.clinic_id)
        with open_transaction(self._database, operator.clinic_id, operator.id) as work:
            row = work.new_row(
                tables.MemberRow,
                name=render_message("clinic.guest"),
                plain_name="guest",
                role=Role.CLINICIAN,
                password_hash="",  # no password has this hash
                created_at=now(),
            )
            work.save(row, "member.added")
        self._make_room(operator.clinic_id)
        return read_member(row, operator.clinic)

    def _find_guest(self, table: type[tables.ClinicScoped], id: str) -> Member | None:
        asked = select(tables.MemberRow).join(table, table.clinic_id == tables.MemberRow.clinic_id)
        with self._database.reading() as session:
            row = session.scalar(asked.where(table.id == id)) if id.isalnum() else None
        return None if row is None else read_member(row, "")

    def _read_photograph(self, id: str) -> GuestPhotograph | None:
        if not id:
            return None
        owner = self._find_guest(tables.PhotographRow, id)
        if owner is None:
            raise InputError(
                "photo-gone",
                render_message("app-fault.photo-gone"),
                field="photo",
                hint=render_message("app-fault.photo-gone-hint"),
            )
        self._make_room(owner.clinic_id)
        record, content = ClinicRepositories(self._database, owner).photographs.read_content(id)
        return GuestPhotograph(content, record.media_type)

    def _make_room(self, used: str) -> None:
        """Note that a clinic is used, and remove others while there are too many: those not used for longest.

        Files of too many bytes cost drafts first, then the clinic with most of them. One that begins, or whose plan is
        being made, stays.
        """
        with self._changing:
            self._used[used] = None
            self._used.move_to_end(used)
            planned, working = self._list_planned(), {used} | self._beginning | self._list_working()
            idle = [clinic for clinic in self._used if clinic not in working]
            drafts, done = (
                [clinic for clinic in idle if (clinic in planned) == has_plan] for has_plan in (False, True)
            )
            while len(drafts) > MOST_GUESTS:
                self._remove(drafts.pop(0))
            while done and sum(clinic in planned for clinic in self._used) > MOST_GUESTS:
                self._remove(done.pop(0))
            while drafts and self._stored_bytes() > _MOST_BYTES:
                self._remove(drafts.pop(0))
            while done and self._stored_bytes() > _MOST_BYTES:
                largest = max(done, key=self._stored_bytes)
                done.remove(largest)
                self._remove(largest)

    def _list_planned(self) -> set[str]:
        """Return the clinics of which a plan was requested, also where it is not made yet or failed."""
        with self._database.reading() as session:
            requested = select(tables.JobRow.clinic_id).union(select(tables.PlanRow.clinic_id))
            return set(session.scalars(requested))

    def _list_working(self) -> set[str]:
        """Return the clinics whose plan is being made or waits for it."""
        with self._database.reading() as session:
            return set(session.scalars(select(tables.JobRow.clinic_id).where(tables.JobRow.state.in_(OPEN_STATES))))

    def _stored_bytes(self, clinic_id: str = "") -> int:
        """Return the size of a clinic's files, or of those of all clinics."""
        sizes = 0
        for path in (self._database.files.folder / clinic_id).rglob("*"):
            with suppress(OSError):  # removed meanwhile
                sizes += path.stat().st_size
        return sizes

    def _remove(self, clinic_id: str) -> None:
        with self._database.writing() as session:
            for table in reversed(tables.Base.metadata.sorted_tables):
                if "clinic_id" in table.columns:
                    session.execute(delete(table).where(table.c.clinic_id == clinic_id))
            session.execute(delete(tables.ClinicRow).where(tables.ClinicRow.id == clinic_id))
        shutil.rmtree(self._database.files.folder / clinic_id, ignore_errors=True)
        self._used.pop(clinic_id, None)

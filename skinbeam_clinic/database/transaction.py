"""One transaction of one member in one clinic: the only way to a clinic's rows.

Every query is bound to the clinic here, and every row that is written leaves its entry in the trail in the same
transaction. The clinic's own row is locked first, so that the trail has one end and a revision that was read is still
the newest when it is written.
"""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from skinbeam.text import render_message
from skinbeam_clinic.access import AccessRight, require_right
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow
from skinbeam_clinic.database.tables import (
    AuditEntryRow,
    Base,
    ClinicRow,
    ClinicScoped,
    JobRow,
    LoginSessionRow,
    MemberRow,
)
from skinbeam_clinic.database.treatment_tables import ConsultationScoped
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member

__all__ = ["RECORDS_READ", "ClinicAccess", "ClinicTransaction", "open_transaction"]

RECORDS_READ = "page.seen"  # an entry that names several records, each with what of it was seen

Row = TypeVar("Row", bound=ClinicScoped)


class ClinicAccess:
    """The way of one member to the rows of their clinic.

    Parameters
    ----------
    database : an open one.
    member : whose role says what may be done, and whose name stands in the trail.
    """

    def __init__(self, database: Database, member: Member) -> None:
        self.database = database
        self.member = member
        self._page: list[_ReadNote] | None = None

    def keep_file(self, act: AccessRight, content: bytes) -> str:
        """Keep a file for a row that will speak of it, before any lock is held, and return its name.

        Raises
        ------
        DeniedError : the role does not do such work.
        UnreachableError : the disk is full or cannot be written.
        """
        require_right(self.member.role, act)
        return self.database.files.add(self.member.clinic_id, content)

    @contextmanager
    def work(self, act: AccessRight) -> Iterator["ClinicTransaction"]:
        """Give a transaction for work of this kind; what it did is kept when the block ends, or nothing of it.

        Raises
        ------
        DeniedError : the role does not do such work.
        """
        require_right(self.member.role, act)
        with open_transaction(self.database, self.member.clinic_id, self.member.id) as work:
            yield work

    @contextmanager
    def look(self, act: AccessRight) -> Iterator["ClinicTransaction"]:
        """Give a view for what tells nothing of a patient and is asked for again and again; it leaves no entry.

        Raises
        ------
        DeniedError : the role does not do such work.
        """
        require_right(self.member.role, act)
        with self.database.reading() as session:
            yield ClinicTransaction(
                self.database, session, session.get_one(ClinicRow, self.member.clinic_id), self.member.id
            )

    @contextmanager
    def reading(self, act: AccessRight) -> Iterator["ClinicTransaction"]:
        """Give a view for reading; what is noted in it is in the trail before the block is left, or the page around it.

        Raises
        ------
        DeniedError : the role does not do such work.
        """
        require_right(self.member.role, act)
        seen: list[_ReadNote] = []
        with self.database.reading() as session:
            yield _ReadTransaction(
                self.database, session, session.get_one(ClinicRow, self.member.clinic_id), self.member.id, seen
            )
        if self._page is None:
            self._note(seen)
        else:
            self._page += seen

    @contextmanager
    def page(self) -> Iterator[None]:
        """Write one entry for all that is seen in this block, when it ends: before anybody is shown anything of it."""
        if self._page is not None:  # within another
            yield
            return
        self._page = []
        try:
            yield
        finally:
            seen, self._page = self._page, None
            self._note(seen)

    @contextmanager
    def without_entries(self) -> Iterator[None]:
        """Leave no entry for what is seen in this block: who asks notes what of it is handed out."""
        outside, self._page = self._page, []
        try:
            yield
        finally:
            self._page = outside

    def _note(self, seen: "list[_ReadNote]") -> None:
        """Write what was seen into the trail: one thing as it is, several by their records."""
        if not seen:
            return
        with self.work(AccessRight.READ) as work:
            action, subject, detail = seen[0]
            if all(note == seen[0] for note in seen):
                work.note(action, subject, **detail)
                return
            records: dict[str, list[str]] = {}
            for action, record, detail in seen:
                what = " ".join([action, *map(str, detail.values())])
                if what not in records.setdefault(record, []):
                    records[record].append(what)
            work.note(RECORDS_READ, subject, seen=records)


_ReadNote = tuple[str, str, dict[str, Any]]  # action, record, detail


class ClinicTransaction:
    """A transaction that is under way."""

    def __init__(self, database: Database, session: Session, clinic: ClinicRow, actor: str) -> None:
        self.clinic_id = clinic.id
        self.actor = actor
        self._database = database
        self._session = session
        self._clinic = clinic

    def get(self, table: type[Row], id: str) -> Row:
        """Return a row of this clinic.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        row = self._session.get(table, (self.clinic_id, id))
        if row is None:
            raise clinic_error("absent", table.__name__.removesuffix("Row").lower())
        return row

    def rows(
        self, table: type[Row], *conditions: ColumnElement[bool], order: Sequence[InstrumentedAttribute[Any]] = ()
    ) -> list[Row]:
        """Return the rows of this clinic that meet the conditions."""
        mine = select(table).where(table.clinic_id == self.clinic_id, *conditions)
        return list(self._session.scalars(mine.order_by(*order, table.id)))

    def names(
        self,
        table: type[Row],
        name: InstrumentedAttribute[str],
        *conditions: ColumnElement[bool],
        order: Sequence[InstrumentedAttribute[Any]] = (),
    ) -> list[tuple[str, str]]:
        """Return what each row of this clinic is called in the database and here: far sooner than thousands of rows."""
        mine = select(table.id, name).where(table.clinic_id == self.clinic_id, *conditions)
        return [(id, called) for id, called in self._session.execute(mine.order_by(*order, table.id))]

    def newest_moments(
        self, table: type[ConsultationScoped], moment: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]
    ) -> dict[str, datetime.datetime]:
        """Return the newest moment of each consultation's rows in a table: far sooner than all of the rows."""
        mine = (table.clinic_id == self.clinic_id, moment.is_not(None), *conditions)
        asked = select(table.consultation_id, func.max(moment)).where(*mine).group_by(table.consultation_id)
        return {row[0]: row[1] for row in self._session.execute(asked)}

    def held(
        self, table: type[Row], *columns: InstrumentedAttribute[Any], sealed: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        """Give columns of all rows of this clinic and last what a sealed one holds: far sooner than thousands of rows.

        Raises
        ------
        InputError : `altered-data`: it was not sealed for this place, or altered.
        """
        last = [getattr(table, sealed)] if sealed else []
        for row_id, *values in self._session.execute(
            select(table.id, *columns, *last).where(table.clinic_id == self.clinic_id).order_by(table.id)
        ):
            if sealed:
                place = f"{self.clinic_id}/{table.__tablename__}/{row_id}/{sealed}"  # type: ignore[attr-defined]
                values[-1] = self._database.keys.open(values[-1], place)
            yield tuple(values)

    def entries(self, *conditions: ColumnElement[bool], limit: int) -> list[AuditEntryRow]:
        """Return the newest entries of this clinic's trail that meet the conditions, newest first."""
        mine = select(AuditEntryRow).where(AuditEntryRow.clinic_id == self.clinic_id, *conditions)
        return list(self._session.scalars(mine.order_by(AuditEntryRow.seq.desc()).limit(limit)))

    def keep(self, row: Base, action: str, **detail: Any) -> None:
        """Write a row, new or changed, and what was done to it into the trail.

        Raises
        ------
        InputError : `taken`: another row has its name.
        """
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError:
            raise clinic_error("taken", row.__tablename__) from None
        signature = hash_chain.row_signature(self._database.secret, row)
        self.note(action, hash_chain.row_label(row), row=signature, **detail)

    def name_of(self, actor: str) -> str:
        """Return the name of who did something, by what rows and the trail say of them."""
        kind, _, id = actor.partition("/")
        if kind == ApiTokenRow.__tablename__:
            token = self._session.get(ApiTokenRow, (self.clinic_id, id))
            return actor if token is None else render_message("records.token-name", {"name": token.name})
        row = self._session.get(MemberRow, (self.clinic_id, actor))
        return actor if row is None else row.name

    def end_sessions(self, member_id: str) -> None:
        """Send a member of this clinic out of every browser."""
        mine = (LoginSessionRow.clinic_id == self.clinic_id, LoginSessionRow.member_id == member_id)
        self._session.execute(
            update(LoginSessionRow).where(*mine, LoginSessionRow.ended_at.is_(None)).values(ended_at=now())
        )

    def drop(self, row: ClinicScoped, action: str) -> None:
        """Remove a row, which the trail says from now on; the entries about it stay."""
        assert isinstance(row, Base)
        self._session.delete(row)
        self._session.flush()
        self.note(action, hash_chain.row_label(row), row=None)

    def add_job(self, row: JobRow) -> None:
        """Put a job into the queue; its row changes while it is worked on, so the trail does not sign it."""
        self._session.add(row)
        self.note("job.added", hash_chain.row_label(row), kind=row.kind)

    def note(self, action: str, subject: str, **detail: Any) -> None:
        """Write into the trail what was done or seen."""
        hash_chain.append_entry(
            self._session,
            self._database.secret,
            self._clinic,
            actor=self.actor,
            action=action,
            subject=subject,
            detail=detail,
        )

    def seal(self, row: Base, column: str, data: bytes) -> None:
        """Put data into a sealed column of a row that has its name already."""
        setattr(row, column, self._database.keys.seal(data, self._place(row, column)))

    def open(self, row: Base, column: str) -> bytes:
        """Return what a sealed column of a row holds.

        Raises
        ------
        InputError : `altered-data`: it was not sealed for this place, or altered.
        """
        return self._database.keys.open(getattr(row, column), self._place(row, column))

    def _place(self, row: Base, column: str) -> str:
        return f"{self.clinic_id}/{hash_chain.row_label(row)}/{column}"


@contextmanager
def open_transaction(database: Database, clinic_id: str, actor: str) -> Iterator[ClinicTransaction]:
    """Give a transaction in a clinic to somebody, who may be no member; whoever calls has seen what they may do.

    Raises
    ------
    AbsentError : there is no such clinic.
    """
    with database.writing() as session:
        clinic = session.scalar(select(ClinicRow).where(ClinicRow.id == clinic_id).with_for_update())
        if clinic is None:
            raise clinic_error("absent", "clinic")
        yield ClinicTransaction(database, session, clinic, actor)


class _ReadTransaction(ClinicTransaction):
    """A view that changes nothing; its notes are kept for the entry that is written when it was seen."""

    def __init__(
        self, database: Database, session: Session, clinic: ClinicRow, actor: str, seen: list[_ReadNote]
    ) -> None:
        super().__init__(database, session, clinic, actor)
        self._seen = seen

    def note(self, action: str, subject: str, **detail: Any) -> None:
        """Remember what was seen."""
        self._seen.append((action, subject, detail))

"""Database transactions in one clinic: the only way to its rows, for members through `clinic_access`.

Every query is restricted to the clinic, and every row that is written adds its entry to the audit log in the same
transaction. The clinic's own row is locked first, so that the log has one end and a revision that was read is still the
newest when it is written.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import BinaryExpression, BindParameter, ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.operators import in_op

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database.altered_rows import AlteredRow, AlteredRows
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow
from skinbeam_clinic.database.sealed_record import RecordType, SealedRecord
from skinbeam_clinic.database.tables import (
    AuditEntryRow,
    Base,
    ClinicRow,
    ClinicScoped,
    JobRow,
    LoginSessionRow,
    MemberRow,
    new_id,
)
from skinbeam_clinic.database.treatment_tables import ConsultationScoped
from skinbeam_clinic.errors import clinic_error, conflict_error

__all__ = [
    "READ_MOMENT",
    "READ_SUFFIX",
    "ClinicTransaction",
    "ReadMoment",
    "ReadTransaction",
    "RowType",
    "open_transaction",
]

READ_SUFFIX = ".seen"  # of the actions that only read a row
_VERSION_LENGTH = 32
READ_MOMENT = "moment"  # in the information of a session
_ALTERED = "altered-data"  # code of the error of what cannot be opened
_SEALED_SUFFIX = "_sealed"  # of the columns that hold encrypted text
_MOST_READS = 100  # entries about a row that are looked through for the one that signed it
_MOST_IDS = 10_000  # in one statement: SQLite takes 32766 values, PostgreSQL 65535

RowType = TypeVar("RowType", bound=ClinicScoped)
StoredRow = TypeVar("StoredRow", bound=Base)
Read = TypeVar("Read")


class ReadMoment:
    """The rows that were read within a block `reading_one_moment`, by what they are of.

    Whatever is asked about one row is soon asked about those that were read along with it, too: about each plan of a
    page, or each patient of an export. So the first question reads the answers for all of them, by one statement.

    Parameters
    ----------
    together : id of a row → ids of those that were read along with it.
    """

    def __init__(self, together: dict[str, Sequence[str]]) -> None:
        self.lists: defaultdict[Any, dict[str, list[Any]]] = defaultdict(dict)  # table, column and order → id → rows
        self.together = together


class ClinicTransaction:
    """A running transaction in one clinic: queries, writes with audit entries, and sealed columns."""

    def __init__(
        self,
        database: Database,
        session: Session,
        clinic: ClinicRow,
        actor: str,
        altered: AlteredRows | None = None,
    ) -> None:
        self.clinic_id = clinic.id
        self.actor = actor
        self.altered = AlteredRows() if altered is None else altered  # that were met
        self._database = database
        self._session = session
        self._clinic = clinic
        self._actor_names: dict[str, str] = {}  # of this transaction: a list names the same members again and again

    @property
    def clinic_name(self) -> str:
        """The name of this clinic."""
        return self._clinic.name

    @property
    def log_length(self) -> int:
        """How many entries the audit log of this clinic has."""
        return self._clinic.trail_length

    def get(self, table: type[RowType], id: str) -> RowType:
        """Return a row of this clinic.

        Raises
        ------
        RecordNotFoundError : this clinic has no row with this id.
        """
        row = self.find(table, id)
        if row is None:
            raise clinic_error("absent", table.__name__.removesuffix("Row").lower())
        return row

    def find(self, table: type[RowType], id: str) -> RowType | None:
        """Return a row of this clinic; None where there is none with this id."""
        if "\0" in id:  # which PostgreSQL does not take in a question
            return None
        key = (self.clinic_id, id)
        if READ_MOMENT not in self._session.info or identity_key(table, key) in self._session.identity_map:
            return self._session.get(table, key)
        return next(iter(self.rows_of(table, table.id, id)), None)

    def new_row(self, table: type[RowType], **columns: Any) -> RowType:
        """Return a row of this clinic that is not saved yet, with a new id unless one is given."""
        return table(**{"clinic_id": self.clinic_id, "id": new_id()} | columns)

    def read_row(self, record: type[RecordType], row: Base, **others: Any) -> RecordType:
        """Return the record of a row: `others`, and for every other field of the record the column of the same name.

        A column whose name ends in `_by` holds the id of a member, and the record has their name.
        """
        names = (field.name for field in fields(record) if field.name not in others)  # type: ignore[arg-type]
        columns = {name: getattr(row, name) for name in names}
        for name, actor in columns.items():
            if name.endswith("_by") and actor is not None:
                columns[name] = self.actor_name(actor)
        return record(**columns | others)

    def rows(
        self, table: type[RowType], *conditions: ColumnElement[bool], order: Sequence[InstrumentedAttribute[Any]] = ()
    ) -> list[RowType]:
        """Return the rows of this clinic that meet the conditions."""
        if any(map(_matches_nothing, conditions)):
            return []
        statement = select(table).where(table.clinic_id == self.clinic_id, *conditions)
        return list(self._session.scalars(statement.order_by(*order, table.id)))

    def rows_of(
        self, table: type[RowType], column: InstrumentedAttribute[Any], id: str, *order: InstrumentedAttribute[Any]
    ) -> list[RowType]:
        """Return the rows of this clinic whose column names something, such as all plans of a consultation."""
        return self.rows_by(table, column, (id,), *order)[id]

    def rows_by(
        self,
        table: type[RowType],
        column: InstrumentedAttribute[Any],
        ids: Iterable[str],
        *order: InstrumentedAttribute[Any],
    ) -> dict[str, list[RowType]]:
        """Return the rows of this clinic by what their column names, such as the plans of each consultation.

        It takes one statement; none within a block that reads one moment, where the same was asked before, also about
        something that was read along with these (`ReadMoment`).
        """
        asked, moment = tuple(dict.fromkeys(ids)), self._session.info.get(READ_MOMENT) or ReadMoment({})
        known = moment.lists[table, column.key, tuple(attribute.key for attribute in order)]
        missing: dict[str, None] = {}
        for id in asked:
            if id not in known and id not in missing:
                missing |= dict.fromkeys(moment.together.get(id, (id,)))
        wanted = sorted(missing.keys() - known.keys())
        known |= {id: [] for id in wanted}
        for part in (wanted[start : start + _MOST_IDS] for start in range(0, len(wanted), _MOST_IDS)):
            for row in self.rows(table, column.in_(part), order=order):
                known[getattr(row, column.key)].append(row)
        found = tuple(row.id for id in wanted for row in known[id])
        for id in found:
            moment.together.setdefault(id, found)
        return {id: list(known[id]) for id in asked}

    def read_of_moment(self, table: type[RowType], read: Callable[[], list[RowType]]) -> list[RowType]:
        """Return the rows of a table that a call reads; within a block that reads one moment it is called once."""
        moment = self._session.info.get(READ_MOMENT) or ReadMoment({})
        known = moment.lists[table]
        if "" not in known:
            known[""] = read()
        return list(known[""])

    def newest_rows(
        self, table: type[RowType], most: int, *conditions: ColumnElement[bool], order: InstrumentedAttribute[Any]
    ) -> tuple[list[RowType], int]:
        """Return so many rows of this clinic that meet the conditions, the newest first, and the number of all."""
        is_wanted = (table.clinic_id == self.clinic_id, *conditions)
        newest = select(table).where(*is_wanted).order_by(order.desc(), table.id.desc()).limit(most)
        number = self._session.scalar(select(func.count()).select_from(table).where(*is_wanted))
        return list(self._session.scalars(newest)), number or 0

    def get_many(self, table: type[RowType], ids: Iterable[str]) -> dict[str, RowType]:
        """Return the rows of this clinic with these ids, by id, in one statement; an id without a row is left out."""
        return {id: rows[0] for id, rows in self.rows_by(table, table.id, ids).items() if rows}

    def list_names(
        self,
        table: type[RowType],
        name: InstrumentedAttribute[str],
        *conditions: ColumnElement[bool],
        order: Sequence[InstrumentedAttribute[Any]] = (),
    ) -> list[tuple[str, str]]:
        """Return id and name of each row of this clinic; much faster than loading thousands of rows."""
        if any(map(_matches_nothing, conditions)):
            return []
        statement = select(table.id, name).where(table.clinic_id == self.clinic_id, *conditions)
        return [(id, called) for id, called in self._session.execute(statement.order_by(*order, table.id))]

    def newest_moments(
        self, table: type[ConsultationScoped], moment: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]
    ) -> dict[str, datetime.datetime]:
        """Return the newest time in each consultation's rows of a table; much faster than loading all of the rows."""
        is_wanted = (table.clinic_id == self.clinic_id, moment.is_not(None), *conditions)
        asked = select(table.consultation_id, func.max(moment)).where(*is_wanted).group_by(table.consultation_id)
        return {row[0]: row[1] for row in self._session.execute(asked)}

    def newest_moments_by(
        self,
        table: type[ConsultationScoped],
        moment: InstrumentedAttribute[Any],
        part: InstrumentedAttribute[str],
        *conditions: ColumnElement[bool],
    ) -> dict[str, dict[str, datetime.datetime]]:
        """Return the newest time in each consultation's rows of a table by the value of a column, as `newest_moments`.

        Parameters
        ----------
        part : a column of the table, or of one that a condition joins to it.
        """
        is_wanted = (table.clinic_id == self.clinic_id, moment.is_not(None), *conditions)
        asked = select(table.consultation_id, part, func.max(moment)).where(*is_wanted)
        found: dict[str, dict[str, datetime.datetime]] = defaultdict(dict)
        for id, value, newest in self._session.execute(asked.group_by(table.consultation_id, part)):
            found[id][value] = newest
        return found

    def oldest_moments(
        self,
        table: type[RowType],
        group: InstrumentedAttribute[str],
        moment: InstrumentedAttribute[datetime.datetime],
        *conditions: ColumnElement[bool],
    ) -> dict[str, datetime.datetime]:
        """Return the oldest time in each group of a table's rows, the oldest first; much faster than loading them."""
        first = func.min(moment)
        asked = select(group, first).where(table.clinic_id == self.clinic_id, *conditions).group_by(group)
        return {row[0]: row[1] for row in self._session.execute(asked.order_by(first, group))}

    def read_columns(
        self, table: type[RowType], *columns: InstrumentedAttribute[Any], sealed: SealedRecord[Any] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield columns of all rows of this clinic, followed by the record in the sealed column, if one is asked for.

        It is much faster than loading thousands of rows.

        Raises
        ------
        InputError : `altered-data`: it was not sealed for this place, or altered; such a row is left out where altered
            ones are skipped (`read_each`).
        """
        last = [] if sealed is None else [sealed.column]
        for row_id, *values in self._session.execute(
            select(table.id, *columns, *last).where(table.clinic_id == self.clinic_id).order_by(table.id)
        ):
            if sealed is not None:
                name: str = table.__tablename__  # type: ignore[attr-defined]
                place = f"{self.clinic_id}/{name}/{row_id}/{sealed.column.key}"
                try:
                    values[-1] = sealed.from_json(self._database.keys.open(values[-1], place))
                except InputError as error:
                    if not self.altered.are_skipped:
                        raise
                    row = self.get(table, row_id)
                    if not self._is_alteration_error(row, error):  # type: ignore[arg-type]
                        raise
                    self.altered.add(_altered_row(row))  # type: ignore[arg-type]
                    continue
            yield tuple(values)

    def entries(self, *conditions: ColumnElement[bool], limit: int) -> list[AuditEntryRow]:
        """Return the newest audit entries of this clinic that meet the conditions, newest first."""
        statement = select(AuditEntryRow).where(AuditEntryRow.clinic_id == self.clinic_id, *conditions)
        return list(self._session.scalars(statement.order_by(AuditEntryRow.seq.desc()).limit(limit)))

    def save(self, row: Base, action: str, **detail: Any) -> None:
        """Write a new or changed row, and an audit entry with its signature.

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
        self.log(action, hash_chain.row_label(row), row=signature, **detail)

    def row_version(self, row: Base) -> str:
        """Return the version of a stored row, for the form that edits it: every save makes another."""
        return hash_chain.row_signature(self._database.secret, row)[:_VERSION_LENGTH]

    def is_as_signed(self, row: Base, signature: str) -> bool:
        """Return whether a row is as it was when an entry of the audit log signed it."""
        return hash_chain.row_signature(self._database.secret, row) == signature

    def check_version(self, row: Base, version: str) -> None:
        """Raise an error if a row was saved again since this version was read.

        Raises
        ------
        ConflictError : the version differs; the error reports who saved and when.
        """
        self.check_unchanged(row, self.row_version(row), version)

    def check_unchanged(self, row: Base, current: str, read: str) -> None:
        """Raise an error if a value of a row is no longer the one that was read.

        Raises
        ------
        ConflictError : it differs; the error reports who saved and when.
        """
        if current == read:
            return
        name = AuditEntryRow.subject == hash_chain.row_label(row)
        saved = self.entries(name, AuditEntryRow.action.not_like(f"%{READ_SUFFIX}"), limit=1)[0]
        raise conflict_error(hash_chain.row_label(row).partition("/")[0], self.actor_name(saved.actor), saved.at)

    def actor_name(self, actor: str) -> str:
        """Return the display name of an actor, which rows and audit entries name by id."""
        if actor not in self._actor_names:
            self._actor_names[actor] = self._find_actor_name(actor)
        return self._actor_names[actor]

    def _find_actor_name(self, actor: str) -> str:
        kind, _, id = actor.partition("/")
        if kind == ApiTokenRow.__tablename__:
            token = self.find(ApiTokenRow, id)
            return actor if token is None else render_message("records.token-name", {"name": token.name})
        row = self.find(MemberRow, actor)
        return actor if row is None else row.name

    def actor_names(self, actors: Iterable[str]) -> dict[str, str]:
        """Return the display names of actors by their ids; those of all members in one statement."""
        wanted = set(actors)
        names = {id: row.name for id, row in self.get_many(MemberRow, wanted).items()}
        return names | {actor: self.actor_name(actor) for actor in wanted - names.keys()}

    def end_rows(self, table: type[RowType], action: str, *conditions: ColumnElement[bool]) -> None:
        """End the rows of a table with `ended_at` that meet the conditions and have not ended yet."""
        for row in self.rows(table, table.ended_at.is_(None), *conditions):  # type: ignore[attr-defined]
            row.ended_at = now()  # type: ignore[attr-defined]
            self.save(row, action)  # type: ignore[arg-type]

    def end_sessions(self, member_id: str) -> None:
        """End all browser sessions of a member of this clinic."""
        is_of_member = (LoginSessionRow.clinic_id == self.clinic_id, LoginSessionRow.member_id == member_id)
        self._session.execute(
            update(LoginSessionRow).where(*is_of_member, LoginSessionRow.ended_at.is_(None)).values(ended_at=now())
        )

    def record_factor(self, member_id: str, token_hash: str) -> None:
        """Record in a browser session of a member that a second factor was checked just now."""
        is_of_member = (LoginSessionRow.clinic_id == self.clinic_id, LoginSessionRow.member_id == member_id)
        statement = update(LoginSessionRow).where(*is_of_member, LoginSessionRow.token_hash == token_hash)
        self._session.execute(statement.values(code_at=now()))

    def delete(self, row: ClinicScoped, action: str) -> None:
        """Delete a row, and record that in the audit log; earlier entries about it stay."""
        assert isinstance(row, Base)
        self._session.delete(row)
        self._session.flush()
        self.log(action, hash_chain.row_label(row), row=None)

    def add_job(self, row: JobRow) -> None:
        """Add a job to the queue; its row changes while it is worked on, so the audit log does not sign it."""
        self._session.add(row)
        self.log("job.added", hash_chain.row_label(row), kind=row.kind)

    def log(self, action: str, subject: str, **detail: Any) -> None:
        """Add an entry to the audit log about an action or a read."""
        event = hash_chain.AuditEvent(self.actor, action, subject, detail)
        hash_chain.append_entry(self._session, self._database.secret, self._clinic, event)

    def seal(self, row: Base, column: str, data: bytes) -> None:
        """Encrypt data into a sealed column of a row that already has its id."""
        setattr(row, column, self._database.keys.seal(data, self._place(row, column)))

    def open(self, row: Base, column: str) -> bytes:
        """Return the decrypted data of a sealed column of a row.

        Raises
        ------
        InputError : `altered-data`: it was not sealed for this place, or altered.
        """
        place = self._place(row, column)
        try:
            return self._database.keys.open(getattr(row, column), place)
        except InputError as error:
            # Where the name of the key was altered, it looks as if the text were sealed with another key.
            if error.code == _ALTERED or not self._is_altered(row):
                raise
            raise clinic_error(_ALTERED, place) from None

    def seal_record(self, row: Base, sealed: SealedRecord[RecordType], content: RecordType) -> None:
        """Encrypt a record into its sealed column of a row that already has its id.

        Raises
        ------
        InputError : `too-long`.
        """
        self.seal(row, sealed.column.key, sealed.to_json(content))

    def open_record(self, row: Base, sealed: SealedRecord[RecordType]) -> RecordType:
        """Return the record in a sealed column of a row.

        Raises
        ------
        InputError : `altered-data`: it was not sealed for this place, or altered.
        """
        return sealed.from_json(self.open(row, sealed.column.key))

    def find_record(self, row: Base, sealed: SealedRecord[RecordType]) -> RecordType | None:
        """Return the record in a sealed column of a row by which nothing is decided; None where it was altered."""
        return next(self._read_past_altered([row], lambda row: self.open_record(row, sealed)), None)

    def read_each(
        self,
        rows: Iterable[StoredRow],
        read: Callable[[StoredRow], Read],
        stand_in: Callable[[StoredRow], Read] | None = None,
    ) -> Iterator[Read]:
        """Return what is read of each row. Where altered rows are skipped, one that was altered does not end the list.

        Parameters
        ----------
        stand_in : what a list has in place of an altered row; without it, the list has nothing there.

        Raises
        ------
        InputError : `altered-data`, where altered rows are not skipped (`ClinicAccess.skipping_altered`).
        """
        return self._read_past_altered(rows, read, stand_in) if self.altered.are_skipped else self._map(rows, read)

    def read_one(self, row: StoredRow, read: Callable[[StoredRow], Read]) -> Read:
        """Return what is read of the row that was asked for, which no list goes past.

        Raises
        ------
        InputError : `altered-data`: what is sealed in it was altered, or a word in a column.
        """
        return next(self._map([row], read))

    def _map(self, rows: Iterable[StoredRow], read: Callable[[StoredRow], Read]) -> Iterator[Read]:
        for row in rows:
            try:
                record = read(row)
            except (InputError, ValueError) as error:
                if isinstance(error, InputError) or not self._is_altered(row):
                    raise
                raise clinic_error(_ALTERED, f"{self.clinic_id}/{hash_chain.row_label(row)}") from None
            yield record

    def _read_past_altered(
        self,
        rows: Iterable[StoredRow],
        read: Callable[[StoredRow], Read],
        stand_in: Callable[[StoredRow], Read] | None = None,
    ) -> Iterator[Read]:
        for row in rows:
            try:
                record = read(row)
            except (InputError, ValueError) as error:
                if not self._is_alteration_error(row, error):
                    raise
                self.altered.add(_altered_row(row))
                if stand_in is None:
                    continue
                record = stand_in(row)
            yield record

    def _is_alteration_error(self, row: Base, error: Exception) -> bool:
        """Return whether an error was raised since a row was altered: what is sealed in it, or a word in a column."""
        return (isinstance(error, InputError) and error.code == _ALTERED) or self._is_altered(row)

    def _is_altered(self, row: Base) -> bool:
        """Return whether a row differs from what the newest entry about it has signed."""
        subject = AuditEntryRow.subject == hash_chain.row_label(row)
        about = self.entries(subject, AuditEntryRow.action.not_like(f"%{READ_SUFFIX}"), limit=_MOST_READS)
        signature = next((entry.detail["row"] for entry in about if "row" in entry.detail), None)
        return signature is not None and not self.is_as_signed(row, signature)

    def _place(self, row: Base, column: str) -> str:
        return f"{self.clinic_id}/{hash_chain.row_label(row)}/{column}"


@contextmanager
def open_transaction(
    database: Database, clinic_id: str, actor: str, altered: AlteredRows | None = None
) -> Iterator[ClinicTransaction]:
    """Yield a transaction in a clinic for any actor, who need not be a member; the caller must have checked the rights.

    Parameters
    ----------
    altered : to which altered rows are added that lists go on past; without it, no list does.

    Raises
    ------
    RecordNotFoundError : there is no such clinic.
    """
    with database.writing() as session:
        clinic = session.scalar(select(ClinicRow).where(ClinicRow.id == clinic_id).with_for_update())
        if clinic is None:
            raise clinic_error("absent", "clinic")
        yield ClinicTransaction(database, session, clinic, actor, altered)


class ReadTransaction(ClinicTransaction):
    """A transaction for reading, which collects its notes for an audit entry that is written afterwards."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.seen: list[hash_chain.AuditEvent] = []

    def log(self, action: str, subject: str, **detail: Any) -> None:
        """Collect a note of what was read."""
        self.seen.append(hash_chain.AuditEvent(self.actor, action, subject, detail))


def _altered_row(row: Base) -> AlteredRow:
    table, _, id = hash_chain.row_label(row).partition("/")
    names = (column.key for column in row.__table__.columns if not column.key.endswith(_SEALED_SUFFIX))
    return AlteredRow(table, id, {name: getattr(row, name) for name in names})


def _matches_nothing(condition: ColumnElement[bool]) -> bool:
    """Return whether a condition is that a column is one of no values, for which the database need not be asked."""
    if not isinstance(condition, BinaryExpression) or condition.operator is not in_op:
        return False
    return isinstance(condition.right, BindParameter) and condition.right.value == []

"""What one member may read and write in one clinic: transactions by right, and the log entries of what is read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import event, not_, or_, select
from sqlalchemy.orm import Session

from skinbeam_clinic.access import AccessRight, require_right
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database.altered_rows import AlteredRow, AlteredRows
from skinbeam_clinic.database.connection import Database, connection_errors
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicRow
from skinbeam_clinic.database.transaction import (
    READ_MOMENT,
    READ_SUFFIX,
    ClinicTransaction,
    ReadMoment,
    ReadTransaction,
    RowType,
    open_transaction,
)
from skinbeam_clinic.models import Member

__all__ = ["RECORDS_READ", "ClinicAccess", "Repository"]

_LIST_SUFFIX = ".listed"  # of the actions that only read a list of rows
RECORDS_READ = f"page{READ_SUFFIX}"  # an entry that names several records, each with the parts that were read


class ClinicAccess:
    """Access of one member to the rows of their clinic.

    Parameters
    ----------
    member : their role decides what they may do, and their name is written into the audit log.
    """

    def __init__(self, database: Database, member: Member) -> None:
        self.database = database
        self.member = member
        self._pages: list[list[hash_chain.AuditEvent]] | None = None  # what was read, by the entry that will tell it
        self._snapshot: Session | None = None
        self._altered = AlteredRows()

    @contextmanager
    def writing(self, right: AccessRight) -> Iterator[ClinicTransaction]:
        """Yield a transaction for writing; it is committed when the block ends, or rolled back on an exception.

        Raises
        ------
        DeniedError : the role does not have this right.
        RuntimeError : within the block `reading_one_moment`, which would not see what was written.
        """
        require_right(self.member.role, right)
        if self._snapshot is not None:
            raise RuntimeError("nothing is written within a block that reads one moment")
        with open_transaction(self.database, self.member.clinic_id, self.member.id, self._altered) as work:
            yield work

    @contextmanager
    def writing_with_files(
        self, right: AccessRight, contents: Iterable[bytes]
    ) -> Iterator[tuple[ClinicTransaction, Mapping[bytes, str]]]:
        """Yield a transaction for writing, and the names of stored files, by content, for the rows that it writes.

        Files are stored before the lock is taken, since that takes a while, and within it again if an erasure of the
        same content has removed them in the meantime.

        Raises
        ------
        DeniedError, RuntimeError : as for `writing`.
        DiskFullError, UnreachableError : the disk is full or cannot be written.
        """
        require_right(self.member.role, right)
        files, clinic_id = self.database.files, self.member.clinic_id
        names = {content: files.add(clinic_id, content) for content in contents}
        with self.writing(right) as work:
            for content, name in names.items():
                files.add_again_if_removed(clinic_id, name, content)
            yield work, names

    @contextmanager
    def reading_unlogged(self, right: AccessRight) -> Iterator[ClinicTransaction]:
        """Yield a transaction for reading without an audit entry.

        It is for data that reveal nothing of a patient and are read again and again.

        Raises
        ------
        DeniedError : the role does not have this right.
        """
        require_right(self.member.role, right)
        with self._reading_session() as session:
            clinic = session.get_one(ClinicRow, self.member.clinic_id)
            yield ClinicTransaction(self.database, session, clinic, self.member.id, self._altered)

    @contextmanager
    def reading(self, right: AccessRight) -> Iterator[ClinicTransaction]:
        """Yield a transaction for reading; its notes are written to the audit log before the block is left.

        Within `page`, they are written when that block ends.

        Raises
        ------
        DeniedError : the role does not have this right.
        """
        require_right(self.member.role, right)
        with self._reading_session() as session:
            clinic = session.get_one(ClinicRow, self.member.clinic_id)
            work = ReadTransaction(self.database, session, clinic, self.member.id, self._altered)
            yield work
        if self._pages is None:
            self._log_reads([work.seen])
        else:
            self._pages[-1] += work.seen

    @contextmanager
    def reading_row(self, table: type[RowType], id: str, action: str) -> Iterator[tuple[ClinicTransaction, RowType]]:
        """Yield a transaction for reading with a row; the audit log notes the action, which is about this row.

        Raises
        ------
        DeniedError : the role may not read records.
        RecordNotFoundError : this clinic has no row with this id.
        """
        with self.reading(AccessRight.READ) as work:
            row = work.get(table, id)
            work.log(action, f"{table.__tablename__}/{id}")  # type: ignore[attr-defined]
            yield work, row

    @contextmanager
    def skipping_altered(self) -> Iterator[None]:
        """Skip altered rows in lists that are read within the block (`ClinicTransaction.read_each`).

        It is for pages that show records, which name each such row. Whoever decides by a list reads it without: a plan,
        a consent or a session must not go on as if there had been no burn, only because its row cannot be read.
        """
        before, self._altered.are_skipped = self._altered.are_skipped, True
        try:
            yield
        finally:
            self._altered.are_skipped = before

    def list_altered(self) -> tuple[AlteredRow, ...]:
        """Return the altered rows that were met so far, each once."""
        return self._altered.list_all()

    def log_length(self) -> int:
        """Return how many entries the clinic's audit log has, of the moment that is read."""
        with self.reading_unlogged(AccessRight.READ) as work:
            return work.log_length

    def has_changed_since(self, log_length: int) -> bool:
        """Return whether anything of the clinic was written since its audit log had this many entries.

        Every change of a row is an entry. An entry of a kind that is not known to only read counts as a change.
        """
        require_right(self.member.role, AccessRight.READ)
        reads = (AuditEntryRow.action.endswith(suffix) for suffix in (READ_SUFFIX, _LIST_SUFFIX))
        later = (AuditEntryRow.clinic_id == self.member.clinic_id, AuditEntryRow.seq > log_length)
        with self.database.reading_at_once() as session:
            return session.scalar(select(AuditEntryRow.seq).where(*later, not_(or_(*reads))).limit(1)) is not None

    @contextmanager
    def combine_reads(self) -> Iterator[None]:
        """Combine all reads within the block into one audit entry, written when the block ends.

        It is written before anything of the page is sent to anybody.
        """
        if self._pages is not None:  # within another
            yield
            return
        self._pages = [[]]
        try:
            yield
        finally:
            pages, self._pages = self._pages, None
            self._log_reads(pages)

    def begin_entry(self) -> None:
        """Note what is read from now on within `combine_reads` in another entry: each patient of an export has one."""
        if self._pages is not None:
            self._pages.append([])

    @contextmanager
    def reading_one_moment(self, patient_ids: Sequence[str] = ()) -> Iterator[None]:
        """Read everything within the block in one transaction, as it was at one moment, and as one audit entry.

        A row that was read is not asked for again by its id, nor a list by what it is of (`rows_by`).

        Parameters
        ----------
        patient_ids : of patients who will all be read, so that one statement reads a list of each of them.
        """
        if self._snapshot is not None:  # within another
            yield
            return
        with self.combine_reads(), self.database.reading() as session:
            rows: list[object] = []  # the session forgets a row that nobody holds
            event.listen(session, "loaded_as_persistent", lambda _, row: rows.append(row))
            session.info[READ_MOMENT] = ReadMoment(dict.fromkeys(patient_ids, patient_ids))
            self._snapshot = session
            try:
                yield
            finally:
                self._snapshot = None

    @contextmanager
    def _reading_session(self) -> Iterator[Session]:
        """Yield a session for reading: that of the block `reading_one_moment`, otherwise a new one."""
        if self._snapshot is not None:
            with connection_errors():
                yield self._snapshot
            return
        with self.database.reading() as session:
            yield session

    @contextmanager
    def without_entries(self) -> Iterator[None]:
        """Write no audit entries for reads within the block; the caller records what is actually disclosed."""
        outside, self._pages = self._pages, [[]]
        try:
            yield
        finally:
            self._pages = outside

    def _log_reads(self, pages: list[list[hash_chain.AuditEvent]]) -> None:
        """Write reads into the audit log: a single one as it is, several as one entry that lists their records."""
        if not any(pages):
            return
        with self.writing(AccessRight.READ) as work:
            for seen in filter(None, pages):
                first = seen[0]
                if all(event == first for event in seen):
                    work.log(first.action, first.subject, **first.detail)
                    continue
                records: dict[str, list[str]] = {}
                for event in seen:
                    what = " ".join([event.action, *map(str, event.detail.values())])
                    if what not in records.setdefault(event.subject, []):
                        records[event.subject].append(what)
                work.log(RECORDS_READ, first.subject, seen=records)


class Repository:
    """Records of one kind, stored and read with the access of a member.

    Every method that takes the id of a record raises `RecordNotFoundError` where this clinic has none with this id.
    """

    def __init__(self, access: ClinicAccess) -> None:
        self._access = access

"""Jobs for the members of a clinic: add, read and cancel."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Text, type_coerce

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import canonical_json, now
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import OPEN_STATES, QUEUED, read_job
from skinbeam_clinic.models import Job

__all__ = ["JobRepository"]

_LONGEST_PAYLOAD = 10_000  # characters, of ids and of content
_MOST_OPEN = 20  # of one kind and clinic, so that other clinics have their turn
_CANCELLED = "cancelled"


class JobRepository(Repository):
    """The jobs of a clinic."""

    def add(self, kind: str, payload: Mapping[str, Any], content: str = "") -> Job:
        """Add a job to the queue, or return the open job with the same payload and content.

        Parameters
        ----------
        payload : ids of records; it is not encrypted, so it must contain nothing of their content.
        content : JSON of what else the job needs; it is encrypted.

        Raises
        ------
        InputError : `too-long`.
        BusyError : too many jobs wait already.
        """
        if max(len(canonical_json(dict(payload))), len(content)) > _LONGEST_PAYLOAD:
            raise clinic_error("too-long", "job", hint={"longest": _LONGEST_PAYLOAD})
        with self._access.writing(AccessRight.TREAT) as work:
            waiting = work.rows(tables.JobRow, tables.JobRow.kind == kind, tables.JobRow.state.in_(OPEN_STATES))
            for job in waiting:
                if job.payload == dict(payload) and read_job(work, job).content == content:
                    return read_job(work, job)
            if len(waiting) >= _MOST_OPEN:
                raise clinic_error("queue-full", "job", most=_MOST_OPEN)
            row = work.new_row(
                tables.JobRow,
                kind=kind,
                payload=dict(payload),
                state=QUEUED,
                attempts=0,
                created_at=now(),
                created_by=work.actor,
            )
            if content:
                work.seal(row, "content_sealed", content.encode())
            work.add_job(row)
            return read_job(work, row)

    def get(self, id: str) -> Job:
        """Return a job with its current state."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return read_job(work, work.get(tables.JobRow, id))

    def find_last(self, kind: str, name: str, id: str) -> Job | None:
        """Return the newest job of a kind whose payload names a record; None where there is none.

        Parameters
        ----------
        name, id : of the record in the payload.
        """
        table = tables.JobRow
        # The payload is canonical JSON: the database finds the record in its text, and sends no other jobs.
        names_it = type_coerce(table.payload, Text).contains(canonical_json({name: id})[1:-1], autoescape=True)
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(table, table.kind == kind, names_it, order=(table.created_at,))
            return read_job(work, rows[-1]) if rows else None

    def cancel(self, id: str, *, why: str = "asked") -> Job:
        """Cancel a job; one that has ended stays as it is.

        Parameters
        ----------
        why : the reason in the audit log.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(tables.JobRow, id)
            if row.state in OPEN_STATES:
                _cancel(work, row, why)
            return read_job(work, row)

    def cancel_earlier(self, job: Job) -> None:
        """Cancel the open jobs of the same kind that were added before."""
        table = tables.JobRow
        earlier = (table.kind == job.kind, table.state.in_(OPEN_STATES), table.created_at < job.created_at)
        with self._access.writing(AccessRight.TREAT) as work:
            for row in work.rows(table, *earlier):
                _cancel(work, row, "replaced")


def _cancel(work: ClinicTransaction, row: tables.JobRow, why: str) -> None:
    row.state, row.ended_at, row.lease_until = _CANCELLED, now(), None
    work.log("job.cancelled", f"job/{row.id}", why=why)

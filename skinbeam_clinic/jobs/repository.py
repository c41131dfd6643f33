"""Jobs as a member sees them: asked for, looked after, called off."""

from collections.abc import Mapping
from typing import Any

from skinbeam.records.faults import fault
from skinbeam.records.kept import Job
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.queue import OPEN, QUEUED, kept_job
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access

__all__ = ["Jobs"]

_LONGEST_PAYLOAD = 10_000  # characters: names of records, not what they hold
_MOST_OPEN = 20  # of one kind and clinic, so that others have their turn
_CANCELLED = "cancelled"


class Jobs:
    """The jobs of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, kind: str, payload: Mapping[str, Any]) -> Job:
        """Ask for work; what is asked for already is not done twice.

        Parameters
        ----------
        payload : names of records; it is not encrypted, so it holds nothing of what they say.

        Raises
        ------
        InputError : `too-long`.
        BusyError : so much waits that more would wait for long.
        """
        if len(json_text(dict(payload))) > _LONGEST_PAYLOAD:
            raise fault("too-long", "job", hint={"longest": _LONGEST_PAYLOAD})
        with self._access.work(Act.TREAT) as work:
            waiting = work.rows(tables.Job, tables.Job.kind == kind, tables.Job.state.in_(OPEN))
            for one in waiting:
                if one.payload == dict(payload):
                    return kept_job(work, one)
            if len(waiting) >= _MOST_OPEN:
                raise fault("queue-full", "job", most=_MOST_OPEN)
            row = tables.Job(
                clinic_id=work.clinic_id,
                id=new_id(),
                kind=kind,
                payload=dict(payload),
                state=QUEUED,
                attempts=0,
                created_at=now(),
                created_by=work.actor,
            )
            work.add_job(row)
            return kept_job(work, row)

    def get(self, id: str) -> Job:
        """Return a job as it stands.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.look(Act.READ) as work:
            return kept_job(work, work.get(tables.Job, id))

    def cancel(self, id: str, *, why: str = "asked") -> Job:
        """Call a job off; one that has ended stays as it ended.

        Parameters
        ----------
        why : what the trail says of it.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.work(Act.TREAT) as work:
            row = work.get(tables.Job, id)
            if row.state in OPEN:
                row.state, row.ended_at, row.lease_until = _CANCELLED, now(), None
                work.note("job.cancelled", f"job/{id}", why=why)
            return kept_job(work, row)

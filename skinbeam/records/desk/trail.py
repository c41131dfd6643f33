"""The trail of a clinic as its owner and its auditor read it; reading it is a step of it."""

from skinbeam.records.kept import Step
from skinbeam.records.roles import Act
from skinbeam.records.store.tables import Entry
from skinbeam.records.store.work import Access

__all__ = ["Trail"]


class Trail:
    """Who did what, and when."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def last(self, most: int, *, before: int | None = None, subject: str = "") -> tuple[Step, ...]:
        """Return the last steps, the newest first.

        Parameters
        ----------
        before : only those older than this one.
        subject : only those about this record, such as `patient/` and its name.
        """
        older = () if before is None else (Entry.seq < before,)
        about = () if not subject else (Entry.subject == subject,)
        with self._access.work(Act.TRAIL) as work:
            work.note("trail.seen", subject or "trail")
            found = work.entries(*older, *about, limit=most)
            return tuple(Step(one.seq, one.at, work.name_of(one.actor), one.action, one.subject) for one in found)

"""The trail of a clinic as its owner and its auditor read it; reading it is a step of it."""

from skinbeam.records.kept import Step
from skinbeam.records.roles import Act
from skinbeam.records.store.work import Access

__all__ = ["Trail"]


class Trail:
    """Who did what, and when."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def last(self, most: int) -> tuple[Step, ...]:
        """Return the last steps, the newest first."""
        with self._access.work(Act.TRAIL) as work:
            work.note("trail.seen", "trail")
            found = work.last_entries(most)
            return tuple(Step(one.seq, one.at, work.name_of(one.actor), one.action, one.subject) for one in found)

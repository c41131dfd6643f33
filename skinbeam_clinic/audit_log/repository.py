"""The trail of a clinic as its owner and its auditor read it; reading it is a step of it."""

from sqlalchemy import ColumnElement, Text, and_, or_, type_coerce

from skinbeam.records.kept import Step
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import json_text
from skinbeam.records.store.tables import Entry
from skinbeam.records.store.work import SEEN, Access, Work

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
        about = () if not subject else (_about(subject),)
        with self._access.work(Act.TRAIL) as work:
            work.note("trail.seen", subject or "trail")
            found = work.entries(*older, *about, limit=most)
            return tuple(_step(work, one) for one in found)


def _about(subject: str) -> ColumnElement[bool]:
    """Whether an entry is about a record, or names it among what was seen."""
    named = type_coerce(Entry.detail, Text).contains(json_text(subject), autoescape=True)
    return or_(Entry.subject == subject, and_(Entry.action == SEEN, named))


def _step(work: Work, entry: Entry) -> Step:
    seen = entry.detail["seen"] if entry.action == SEEN else {}
    return Step(entry.seq, entry.at, work.name_of(entry.actor), entry.action, entry.subject, seen)

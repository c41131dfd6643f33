"""What nobody needs any more: files that no row names, and jobs that have ended.

Such a file was uploaded when the machine stopped, or was refused after it was on the disk. A file is on the disk before
its row, so a young one may only wait for it: those of the last day stay. A job that has ended tells who looks how it
ended; the plan that it led to is a record of its own, and what was done stands in the trail.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from skinbeam.records.kept import COMMAND_LINE
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.followed import DiaryLink
from skinbeam.records.store.tables import Clinic, Job, files_named
from skinbeam.records.store.work import Work
from skinbeam.records.upkeep.verify import SIGNED_TABLES

__all__ = ["Tidied", "tidy"]

_YOUNG = datetime.timedelta(days=1)
_LOOKED_AT = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Tidied:
    """How much of a clinic was removed."""

    files: int
    jobs: int


def tidy(database: Database) -> Mapping[str, Tidied]:
    """Remove the spare files of every clinic that are older than a day, and jobs that ended more than 30 days ago."""
    removed = {}
    before = (now() - _YOUNG).timestamp()
    with database.reading() as session:
        clinics = session.scalars(select(Clinic).order_by(Clinic.plain_name)).all()
        named = {clinic.id: set[str]() for clinic in clinics}
        for table in SIGNED_TABLES:
            for row in session.scalars(select(table)):
                named[row.clinic_id].update(files_named(row))
    for clinic in clinics:
        files = database.files.tidy(clinic.id, named[clinic.id], before)
        with database.writing() as session:
            locked = session.scalars(select(Clinic).where(Clinic.id == clinic.id).with_for_update()).one()
            work = Work(database, session, locked, COMMAND_LINE)
            jobs = _remove_jobs(session, clinic.id)
            _remove_links(work)
            for what, count in (("files", files), ("jobs", jobs)):
                if count:
                    work.note(f"{what}.tidied", f"clinic/{clinic.id}", removed=count)
        removed[clinic.name] = Tidied(files, jobs)
    return removed


def _remove_jobs(session: Session, clinic_id: str) -> int:
    mine = (Job.clinic_id == clinic_id, Job.ended_at < now() - _LOOKED_AT)
    return len(session.scalars(delete(Job).where(*mine).returning(Job.id)).all())


def _remove_links(work: Work) -> None:
    """Remove links to diaries that were over a day ago, so that no clock that is set back opens one again."""
    before = now() - _YOUNG
    for link in work.rows(DiaryLink, or_(DiaryLink.until < before, DiaryLink.ended_at < before)):
        work.drop(link, "diary-link.tidied")

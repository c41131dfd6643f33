"""Remove files that no row names, and jobs and diary links that ended some time ago.

Such a file was uploaded when the machine stopped, or was refused after it was written to disk. A file is written before
its row, so a recent file may still be waiting for its row: files of the last day stay. An ended job is only needed by
whoever looks up how it ended; the plan that it made is a record of its own, and what was done is in the audit log.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import DiaryLinkRow
from skinbeam_clinic.database.tables import ClinicRow, JobRow, list_row_files
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import SIGNED_TABLES
from skinbeam_clinic.models import COMMAND_LINE_ACTOR

__all__ = ["CleanupSummary", "clean_database"]

_MINIMUM_AGE = datetime.timedelta(days=1)
_JOB_RETENTION = datetime.timedelta(days=30)


@dataclass(frozen=True)
class CleanupSummary:
    """Number of files and jobs that were removed of a clinic."""

    files: int
    jobs: int


def clean_database(database: Database) -> Mapping[str, CleanupSummary]:
    """Remove spare files and old jobs of every clinic.

    A file is removed when no row names it and it is older than a day, a job when it ended more than 30 days ago.
    """
    removed = {}
    before = (now() - _MINIMUM_AGE).timestamp()
    with database.reading() as session:
        clinics = session.scalars(select(ClinicRow).order_by(ClinicRow.plain_name)).all()
        named = {clinic.id: set[str]() for clinic in clinics}
        for table in SIGNED_TABLES:
            for row in session.scalars(select(table)):
                named[row.clinic_id].update(list_row_files(row))
    for clinic in clinics:
        files = database.files.remove_unreferenced(clinic.id, named[clinic.id], before)
        with database.writing() as session:
            locked = session.scalars(select(ClinicRow).where(ClinicRow.id == clinic.id).with_for_update()).one()
            work = ClinicTransaction(database, session, locked, COMMAND_LINE_ACTOR)
            jobs = _remove_jobs(session, clinic.id)
            _remove_links(work)
            for what, count in (("files", files), ("jobs", jobs)):
                if count:
                    work.log(f"{what}.tidied", f"clinic/{clinic.id}", removed=count)
        removed[clinic.name] = CleanupSummary(files, jobs)
    return removed


def _remove_jobs(session: Session, clinic_id: str) -> int:
    is_outdated = (JobRow.clinic_id == clinic_id, JobRow.ended_at < now() - _JOB_RETENTION)
    return len(session.scalars(delete(JobRow).where(*is_outdated).returning(JobRow.id)).all())


def _remove_links(work: ClinicTransaction) -> None:
    """Remove diary links that ended more than a day ago, so that no clock that is set back makes one valid again."""
    before = now() - _MINIMUM_AGE
    for link in work.rows(DiaryLinkRow, or_(DiaryLinkRow.until < before, DiaryLinkRow.ended_at < before)):
        work.delete(link, "diary-link.tidied")

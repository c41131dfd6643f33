"""Files that no row names: what was uploaded when the machine stopped, or was refused after it was on the disk.

A file is on the disk before its row, so a young one may only wait for it: those of the last day stay.
"""

import datetime
from collections.abc import Mapping

from sqlalchemy import select

from skinbeam.records.kept import COMMAND_LINE
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Clinic, files_named
from skinbeam.records.store.work import Work
from skinbeam.records.upkeep.verify import SIGNED_TABLES

__all__ = ["tidy"]

_YOUNG = datetime.timedelta(days=1)


def tidy(database: Database) -> Mapping[str, int]:
    """Remove the spare files of every clinic that are older than a day; return clinic → how many there were."""
    removed = {}
    before = (now() - _YOUNG).timestamp()
    with database.reading() as session:
        clinics = session.scalars(select(Clinic).order_by(Clinic.plain_name)).all()
        named = {clinic.id: set[str]() for clinic in clinics}
        for table in SIGNED_TABLES:
            for row in session.scalars(select(table)):
                named[row.clinic_id].update(files_named(row))
    for clinic in clinics:
        removed[clinic.name] = database.files.tidy(clinic.id, named[clinic.id], before)
        if removed[clinic.name]:
            with database.writing() as session:
                locked = session.scalars(select(Clinic).where(Clinic.id == clinic.id).with_for_update()).one()
                work = Work(database, session, locked, COMMAND_LINE)
                work.note("files.tidied", f"clinic/{clinic.id}", removed=removed[clinic.name])
    return removed

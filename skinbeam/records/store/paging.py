"""What the one who tells of alarms outside asks of the records: nothing about a patient."""

from skinbeam.records.store.database import Database
from skinbeam.records.store.followed import Alarm
from skinbeam.records.store.queue import ALARM
from skinbeam.records.store.tables import Clinic
from skinbeam.records.store.work import work_of

__all__ = ["Paging"]


class Paging:
    """The alarms of all clinics by name alone.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def waits(self, clinic_id: str, alarm_id: str) -> str:
        """Return the name of the clinic where an alarm still waits for an answer; empty where it does not."""
        with self._database.reading() as session:
            row, clinic = session.get(Alarm, (clinic_id, alarm_id)), session.get(Clinic, clinic_id)
            return clinic.name if clinic is not None and row is not None and row.answered_at is None else ""

    def note_sent(self, clinic_id: str, alarm_id: str) -> None:
        """Write into the trail that word of an alarm was sent outside."""
        with work_of(self._database, clinic_id, "worker") as work:
            work.note("alarm.sent", f"{ALARM}/{alarm_id}")

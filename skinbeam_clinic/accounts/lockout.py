"""How often a secret may be tried: after some failures its subject waits, longer each time, known or not."""

import datetime

from sqlalchemy import bindparam, delete, or_
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from skinbeam.records.faults import LockedError, fault
from skinbeam.records.store.columns import Utc, now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Lock

__all__ = ["FREE_FAILURES", "Locks"]

FREE_FAILURES = 5
_FIRST_WAIT, _LONGEST_WAIT = datetime.timedelta(seconds=30), datetime.timedelta(minutes=15)
_FORGOTTEN = datetime.timedelta(days=1)
_MINUTE = datetime.timedelta(minutes=1)
# In the words of both databases: of two first attempts at once, one makes the row.
_KNOWN = sql(
    "INSERT INTO login_lock (subject, failures, until) VALUES (:subject, 0, :until) ON CONFLICT DO NOTHING"
).bindparams(bindparam("until", type_=Utc))


class Locks:
    """Counts attempts by subject; a subject is kept as a signature, so that the table names nobody.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def subject(self, *words: str) -> str:
        """Return the signature of what is tried."""
        return self._database.secret.signature("lock", "\n".join(words).encode())

    def count(self, subject: str) -> None:
        """Count an attempt before it is checked, so that many at once are counted as many.

        Raises
        ------
        LockedError : the wait after the last failures is not over.
        """
        with self._database.writing() as session:
            at = now()
            session.execute(_KNOWN, {"subject": subject, "until": at})
            row = session.get_one(Lock, subject, with_for_update=True)
            # No lock ends later than that: the clock was set back, and does not make it longer.
            if row.failures >= FREE_FAILURES and at < row.until <= at + _LONGEST_WAIT:
                raise _locked(row.until)
            row.failures += 1
            over = row.failures - FREE_FAILURES
            row.until = at if over < 0 else at + min(_FIRST_WAIT * 2 ** min(over, 10), _LONGEST_WAIT)

    @staticmethod
    def forget(session: Session, subject: str) -> None:
        """Forget the failures of a subject that was right, and those of long ago."""
        session.execute(delete(Lock).where(or_(Lock.subject == subject, Lock.until < now() - _FORGOTTEN)))


def _locked(until: datetime.datetime) -> LockedError:
    error = fault("locked", "password", until=until.replace(second=0, microsecond=0) + _MINUTE)  # minutes are told
    assert isinstance(error, LockedError)
    error.until = until
    return error

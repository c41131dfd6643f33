"""Slow down password guessing: lockout after failed attempts, and recognition of browsers used before.

A browser from which a member has signed in keeps a signed text in a cookie. A stranger who knows a name can use up only
the attempts that all unknown browsers share; a browser from which the member has signed in before has attempts of its
own (OWASP, "Slow down online guessing attacks with device cookies"). The text alone lets nobody sign in, and names
nobody: it is a random name of the browser, then a signature for each member.

The number of failures is counted per subject, whether it exists or not; after some, each further attempt must wait
longer.
"""

import datetime
import hmac
import re
import secrets

from sqlalchemy import bindparam, delete, or_
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from skinbeam_clinic.database.columns import UtcDateTime, now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.encryption import DatabaseSecret
from skinbeam_clinic.database.tables import LoginLockRow
from skinbeam_clinic.errors import LockedError, clinic_error

__all__ = [
    "FREE_FAILURES",
    "LoginLockout",
    "add_member_signature",
    "identify_browser",
]

_MOST_MEMBERS = 10  # members per browser; the one whose last sign-in is oldest is forgotten first
_BROWSER_NAME = re.compile(r"[0-9a-f]{32}")


def identify_browser(secret: DatabaseSecret, text: str, clinic: str, name: str) -> str:
    """Return the name of the browser with this `text` if the member has signed in from it; otherwise an empty string.

    Parameters
    ----------
    clinic, name : of the member, in small letters.
    """
    browser, *signatures = text.split(".")
    due = _browser_signature(secret, browser, clinic, name).encode()
    return (
        browser if any(hmac.compare_digest(due, signature.encode()) for signature in signatures[:_MOST_MEMBERS]) else ""
    )


def add_member_signature(secret: DatabaseSecret, text: str, clinic: str, name: str) -> str:
    """Return the text that a browser keeps after this member has signed in from it."""
    browser, *signatures = text.split(".")
    if not _BROWSER_NAME.fullmatch(browser):
        browser, signatures = secrets.token_hex(16), []
    own_signature = _browser_signature(secret, browser, clinic, name)
    return ".".join(
        [browser, own_signature, *(signature for signature in signatures if signature != own_signature)][
            : 1 + _MOST_MEMBERS
        ]
    )


def _browser_signature(secret: DatabaseSecret, browser: str, clinic: str, name: str) -> str:
    return secret.signature("browser", "\n".join((browser, clinic, name)).encode())


FREE_FAILURES = 5
_FIRST_WAIT, _LONGEST_WAIT = datetime.timedelta(seconds=30), datetime.timedelta(minutes=15)
_FORGET_AFTER = datetime.timedelta(days=1)
_MINUTE = datetime.timedelta(minutes=1)
# SQL that both kinds of database understand: of two first attempts at once, one inserts the row. A row that is there is
# locked by being updated, so that a success at the same time does not delete it before this attempt is counted.
_INSERT_SUBJECT = sql(
    "INSERT INTO login_lock (subject, failures, until) VALUES (:subject, 0, :until) "
    "ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject"
).bindparams(bindparam("until", type_=UtcDateTime))


class LoginLockout:
    """Counts failed attempts by subject; a subject is stored as a signature, so that the table names nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def subject(self, *words: str) -> str:
        """Return the signature that identifies the subject of an attempt."""
        return self._database.secret.signature("lock", "\n".join(words).encode())

    def count_attempt(self, subject: str) -> None:
        """Count an attempt before it is checked, so that many at once are counted as many.

        Raises
        ------
        LockedError : the wait after the last failures is not over.
        """
        with self._database.writing() as session:
            at = now()
            session.execute(_INSERT_SUBJECT, {"subject": subject, "until": at})
            row = session.get_one(LoginLockRow, subject, with_for_update=True)
            # A lock that would end later than this is ignored: the clock was set back, which must not prolong a lock.
            if row.failures >= FREE_FAILURES and at < row.until <= at + _LONGEST_WAIT:
                raise _locked_error(row.until)
            row.failures += 1
            over = row.failures - FREE_FAILURES
            row.until = at if over < 0 else at + min(_FIRST_WAIT * 2 ** min(over, 10), _LONGEST_WAIT)

    @staticmethod
    def reset(session: Session, subject: str) -> None:
        """Delete the failures of a subject after a success, and old ones of all subjects."""
        session.execute(
            delete(LoginLockRow).where(or_(LoginLockRow.subject == subject, LoginLockRow.until < now() - _FORGET_AFTER))
        )


def _locked_error(until: datetime.datetime) -> LockedError:
    error = clinic_error(
        "locked", "password", until=until.replace(second=0, microsecond=0) + _MINUTE
    )  # the message gives whole minutes
    assert isinstance(error, LockedError)
    error.until = until
    return error

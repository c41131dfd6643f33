"""The way in: password, one-time code, session.

A session is a row; the browser holds a random token whose hash the row carries, so that who reads the database cannot
come in. Every step gives a new token. After some failures a name is locked for growing waits, whether it exists or not.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam.errors import InputError
from skinbeam.records.faults import fault
from skinbeam.records.kept import Member, SignedIn
from skinbeam.records.people.accounts import member_of
from skinbeam.records.people.browsers import known_browser, with_member
from skinbeam.records.people.codes import step_of
from skinbeam.records.people.locks import Locks
from skinbeam.records.people.passwords import Passwords, plain_name
from skinbeam.records.people.recovery import spend_code
from skinbeam.records.people.tokens import hash_of, random_token
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Clinic, LoginSession
from skinbeam.records.store.tables import Member as MemberRow
from skinbeam.records.store.work import Work

__all__ = ["IDLE", "LONGEST", "SignIn", "begin_session"]

IDLE = datetime.timedelta(minutes=30)  # a session nobody uses ends
LONGEST = datetime.timedelta(hours=12)  # and any session does
_NOTED = datetime.timedelta(minutes=1)  # a session's last use is written no more often than that


class SignIn:
    """Lets members in and knows who is in.

    Parameters
    ----------
    database : an open one.
    passwords : one for the whole program.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords
        self._locks = Locks(database)

    def sign_in(self, clinic: str, name: str, password: str, browser: str = "") -> SignedIn:
        """Begin a session.

        Parameters
        ----------
        browser : what the browser holds of `remember`.

        Raises
        ------
        LockedError : too many failures of this name, from this browser or from all that it has not signed in from.
        InputError : `not-in`, in the same words whether clinic, name or password is wrong.
        """
        try:
            clinic, name = plain_name(clinic), plain_name(name)
        except InputError:
            raise fault("not-in", "password") from None
        own = known_browser(self._database.secret, browser, clinic, name)
        subject = self._locks.subject("password", clinic, name, *([own] if own else []))
        self._locks.count(subject)
        asked = select(MemberRow).join(Clinic, Clinic.id == MemberRow.clinic_id)
        with self._database.reading() as session:
            mine = asked.where(Clinic.plain_name == clinic, MemberRow.plain_name == name)
            member = session.scalar(mine.where(MemberRow.disabled_at.is_(None)))
        right = self._passwords.fits(password, None if member is None else member.password_hash)
        with self._database.writing() as session:
            house = session.scalar(select(Clinic).where(Clinic.plain_name == clinic).with_for_update())
            if right and member is not None and house is not None:
                self._locks.forget(session, subject)
                Work(self._database, session, house, member.id).note("sign-in", f"member/{member.id}")
                return begin_session(session, member, house, code=False)
            if house is not None:
                Work(self._database, session, house, "unknown").note("sign-in.refused", f"name/{subject}")
        raise fault("not-in", "password")

    def confirm(self, token: str, code: str) -> SignedIn:
        """Finish a sign-in with a one-time code or a recovery code, and return the session under a new token.

        Raises
        ------
        LockedError : too many wrong codes.
        InputError : `not-in`: no such session; `wrong-code`.
        """
        with self._open(token) as (session, row, member, clinic):
            subject = self._locks.subject("code", clinic.id, member.id)
        self._locks.count(subject)
        with self._open(token, write=True) as (session, row, member, clinic):
            work = Work(self._database, session, clinic, member.id)
            secret = work.open(member, "code_secret_sealed") if member.code_secret_sealed else None
            step = None if secret is None else step_of(secret.decode(), code, after=member.code_step)
            if step is not None:
                member.code_step = step
                work.keep(member, "sign-in.code")
            if step is not None or spend_code(work, self._database.secret, member.id, code):
                self._locks.forget(session, subject)
                row.ended_at = now()
                return begin_session(session, member, clinic, code=True)
        raise fault("wrong-code", "code")

    def remember(self, browser: str, member: Member) -> str:
        """Return what a browser shall hold from now on that a member has signed in from it."""
        return with_member(self._database.secret, browser, plain_name(member.clinic), plain_name(member.name))

    def who(self, token: str, *, used: bool = True) -> SignedIn | None:
        """Return the session of a token; None where it is none, or has ended.

        Parameters
        ----------
        used : whether somebody uses it now, and not a page that asks by itself while nobody is there.
        """
        with self._database.reading() as session:
            found = _found(session, token)
        if found is None:
            return None
        row, member, clinic = found
        if used and now() - row.seen_at > _NOTED:
            with self._database.writing() as session:
                again = session.get(LoginSession, row.token_hash)
                if again is not None:
                    again.seen_at = now()
        return _signed_in(token, row, member, clinic)

    def note_code(self, token: str) -> None:
        """Note that who holds a session has just set up codes with a right one, and need not wait for the next."""
        with self._open(token, write=True) as (_, row, _, _):
            row.code_at = now()

    def sign_out(self, token: str) -> None:
        """End a session; one that is none is no fault."""
        with self._database.writing() as session:
            row = session.get(LoginSession, hash_of(token))
            if row is not None and row.ended_at is None:
                row.ended_at = now()

    @contextmanager
    def _open(self, token: str, *, write: bool = False) -> Iterator[tuple[Session, LoginSession, MemberRow, Clinic]]:
        with self._database.writing() if write else self._database.reading() as session:
            found = _found(session, token, lock=write)
            if found is None:
                raise fault("not-in", "password")
            yield session, *found


def begin_session(session: Session, member: MemberRow, clinic: Clinic, *, code: bool) -> SignedIn:
    """Begin a session of a member.

    Parameters
    ----------
    code : whether more than a password was right.
    """
    token, at = random_token(), now()
    row = LoginSession(
        token_hash=hash_of(token),
        clinic_id=member.clinic_id,
        member_id=member.id,
        created_at=at,
        seen_at=at,
        code_at=at if code else None,
    )
    session.add(row)
    session.flush()
    return _signed_in(token, row, member, clinic)


def _signed_in(token: str, row: LoginSession, member: MemberRow, clinic: Clinic) -> SignedIn:
    due = member.code_secret_sealed is not None and row.code_at is None
    return SignedIn(token, member_of(member, clinic.name), due, min(row.seen_at + IDLE, row.created_at + LONGEST))


def _found(session: Session, token: str, *, lock: bool = False) -> tuple[LoginSession, MemberRow, Clinic] | None:
    """The session of a token that has not ended, of a member who may come in."""
    asked = (
        select(LoginSession, MemberRow, Clinic)
        .join(MemberRow, (MemberRow.clinic_id == LoginSession.clinic_id) & (MemberRow.id == LoginSession.member_id))
        .join(Clinic, Clinic.id == LoginSession.clinic_id)
        .where(LoginSession.token_hash == hash_of(token))
    )
    found = session.execute(asked.with_for_update() if lock else asked).one_or_none()
    if found is None:
        return None
    row, member, clinic = found
    at = now()
    late = at > row.seen_at + IDLE or at > row.created_at + LONGEST
    early = at < row.seen_at - _NOTED  # the clock was set back, which makes no session last longer
    over = row.ended_at is not None or late or early
    return None if over or member.disabled_at is not None else (row, member, clinic)

"""Sign-in with password and one-time code, and browser sessions.

A session is a row; the browser has a random token whose hash is in the row, so that nobody who reads the database can
use the session. Every step gives a new token. After some failures a name is locked for growing waits, whether it exists
or not.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select, true, update
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.lockout import LoginLockout, add_member_signature, identify_browser
from skinbeam_clinic.accounts.notices import NoticeKind, notify_member
from skinbeam_clinic.accounts.one_time_codes import match_time_step, use_recovery_code
from skinbeam_clinic.accounts.passwords import PasswordHasher, is_easy, is_unsigned, normalize_name
from skinbeam_clinic.accounts.repository import is_password_expired, read_member
from skinbeam_clinic.accounts.tokens import hash_token, random_token
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import (
    ClinicRow,
    ClinicSettingsRow,
    LoginSessionRow,
    MemberRow,
    NoticeRow,
    PasskeyRow,
    TemporaryPasswordRow,
)
from skinbeam_clinic.database.transaction import ClinicTransaction, open_transaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member, MemberSession, OpenSession, SignInStep

__all__ = [
    "IDLE_LIMIT",
    "LONGEST_SESSION",
    "SessionRows",
    "SignIn",
    "begin_session",
    "find_open_session",
]

IDLE_LIMIT = datetime.timedelta(minutes=30)  # a session ends when it was not used for this time
LONGEST_SESSION = datetime.timedelta(hours=12)  # every session ends after this time
_BROWSER_NOTICE_INTERVAL = datetime.timedelta(days=1)
_ACTIVITY_INTERVAL = datetime.timedelta(minutes=1)  # a session's last use is updated no more often than this


class SignIn:
    """Signs members in and out, and looks up the sessions of tokens.

    Parameters
    ----------
    passwords : shared by the whole program.
    """

    def __init__(self, database: Database, passwords: PasswordHasher) -> None:
        self._database = database
        self._passwords = passwords
        self._locks = LoginLockout(database)

    def sign_in(self, clinic: str, name: str, password: str, browser: str = "") -> MemberSession:
        """Check clinic, name and password, and begin a session.

        Parameters
        ----------
        browser : the browser's text of `remember`.

        Raises
        ------
        LockedError : too many failures of this name, from this browser or from all browsers it has not signed in from.
        InputError : `not-in`, with the same message whether clinic, name or password is wrong; `password-expired`: an
            owner set it too long ago.
        """
        try:
            clinic, name = normalize_name(clinic), normalize_name(name)
        except InputError:
            raise clinic_error("not-in", "password") from None
        own = identify_browser(self._database.secret, browser, clinic, name)
        subject = self._locks.subject("password", clinic, name, *([own] if own else []))
        self._locks.count_attempt(subject)
        asked = select(MemberRow).join(ClinicRow, ClinicRow.id == MemberRow.clinic_id)
        with self._database.reading() as session:
            named = asked.where(ClinicRow.plain_name == clinic, MemberRow.plain_name == name)
            member = session.scalar(named.where(MemberRow.disabled_at.is_(None)))
        secret, hashed = self._database.secret, None if member is None else member.password_hash
        right = self._passwords.verify(password, hashed, secret)
        easy = right and is_easy(password, name, clinic)  # the lists of leaks may have grown since it was set
        renewed = self._passwords.hash(password, secret) if right and hashed and is_unsigned(hashed) else ""
        expired = False
        with self._database.writing() as session:
            house = session.scalar(select(ClinicRow).where(ClinicRow.plain_name == clinic).with_for_update())
            member = None if house is None or member is None else self._read_again(session, member, password)
            if right and member is not None and house is not None:
                work = ClinicTransaction(self._database, session, house, member.id)
                expired = is_password_expired(work, member.id)
                self._locks.reset(session, subject)
                work.log("sign-in.expired" if expired else "sign-in", f"member/{member.id}")
                if not expired:
                    if renewed and is_unsigned(member.password_hash):
                        member.password_hash = renewed
                        work.save(member, "member.password-rehashed")
                    return begin_session(session, member, code_confirmed=False, by_password=True, easy_password=easy)
            elif house is not None:
                ClinicTransaction(self._database, session, house, "unknown").log("sign-in.refused", f"name/{subject}")
        raise clinic_error("password-expired" if expired else "not-in", "password")

    def _read_again(self, session: Session, checked: MemberRow, password: str) -> MemberRow | None:
        """Return the row of a member under the clinic's lock; None where they were disabled or got another password.

        Parameters
        ----------
        checked : their row when the password was checked, which takes long. Their own sign-in at the same moment may
            have renewed its hash since.
        """
        row = session.get(MemberRow, (checked.clinic_id, checked.id))
        if row is None or row.disabled_at is not None:
            return None
        renewed = row.password_hash != checked.password_hash
        return (
            None if renewed and not self._passwords.verify(password, row.password_hash, self._database.secret) else row
        )

    def confirm_code(self, token: str, code: str) -> MemberSession:
        """Finish a sign-in with a one-time code or a recovery code, and return the session under a new token.

        Raises
        ------
        LockedError : too many wrong codes.
        InputError : `not-in`: no such session; `wrong-code`.
        """
        with self._open(token) as (session, found):
            subject = self._locks.subject("code", found.clinic.id, found.member.id)
        self._locks.count_attempt(subject)
        with self._open(token, write=True) as (session, found):
            row, member, clinic = found.row, found.member, found.clinic
            work = ClinicTransaction(self._database, session, clinic, member.id)
            secret = work.open(member, "code_secret_sealed") if member.code_secret_sealed else None
            step = None if secret is None else match_time_step(secret.decode(), code, after=member.code_step)
            if step is not None:
                member.code_step = step
                work.save(member, "sign-in.code")
            recovered = step is None and use_recovery_code(work, self._database.secret, member.id, code)
            if recovered:
                notify_member(work, member.id, NoticeKind.RECOVERY_CODE_USED)
            if step is not None or recovered:
                self._locks.reset(session, subject)
                row.ended_at = now()
                how = {"by_password": row.by_password, "easy_password": row.easy_password}
                return begin_session(session, member, code_confirmed=True, **how)
            if secret is not None and match_time_step(secret.decode(), code, after=None) is not None:
                notify_member(work, member.id, NoticeKind.CODE_USED_AGAIN)
            work.log("sign-in.code-refused", f"member/{member.id}")
        raise clinic_error("wrong-code", "code")

    def remember_browser(self, browser: str, member: Member) -> str:
        """Return the text that a browser stores after a member has signed in from it.

        A member who has signed in before, and never from this browser, is told so. While a notice of the last day is
        unread there is no other, because some browsers forget everything.
        """
        if not identify_browser(
            self._database.secret, browser, normalize_name(member.clinic), normalize_name(member.name)
        ):
            self._notify_of_browser(member)
        return add_member_signature(
            self._database.secret, browser, normalize_name(member.clinic), normalize_name(member.name)
        )

    def _notify_of_browser(self, member: Member) -> None:
        earlier = (LoginSessionRow.clinic_id == member.clinic_id, LoginSessionRow.member_id == member.id)
        unread = (
            NoticeRow.member_id == member.id,
            NoticeRow.kind == NoticeKind.NEW_BROWSER,
            NoticeRow.read_at.is_(None),
            NoticeRow.noted_at > now() - _BROWSER_NOTICE_INTERVAL,
        )
        with self._database.reading_at_once() as session:
            sessions = session.scalars(select(LoginSessionRow.token_hash).where(*earlier).limit(2)).all()
        if len(sessions) > 1:
            with open_transaction(self._database, member.clinic_id, member.id) as work:
                if not work.rows(NoticeRow, *unread):
                    notify_member(work, member.id, NoticeKind.NEW_BROWSER)

    def find_session(self, token: str, *, active: bool = True) -> MemberSession | None:
        """Return the session of a token; None where there is none, or it has ended.

        Parameters
        ----------
        active : whether a person uses it now, rather than a page that polls by itself.
        """
        with self._database.reading_at_once() as session:
            found = find_open_session(session, hash_token(token))
        if found is None:
            return None
        if active and now() - found.row.seen_at > _ACTIVITY_INTERVAL:
            with self._database.writing() as session:
                again = session.get(LoginSessionRow, found.row.token_hash)
                if again is not None:
                    again.seen_at = now()
        return _member_session(token, found)

    def open_sessions(self, token: str) -> tuple[OpenSession, ...]:
        """Return the open sessions of the member of a session, the one that was used last first."""
        with self._open(token) as (session, found):
            own = found.row
            is_open = [*_of_member(own), LoginSessionRow.ended_at.is_(None)]
            rows = session.scalars(select(LoginSessionRow).where(*is_open).order_by(LoginSessionRow.seen_at.desc()))
            still_open = [row for row in rows if not _is_over(row)]
        return tuple(OpenSession(row.created_at, row.seen_at, row.token_hash == own.token_hash) for row in still_open)

    def end_other_sessions(self, token: str) -> None:
        """End all sessions of the member of a session but this one."""
        with self._database.writing() as session:
            house = _lock_clinic(session, token)
            found = find_open_session(session, hash_token(token))
            if house is None or found is None:
                raise clinic_error("not-in", "password")
            own, member = found.row, found.member
            others = [
                *_of_member(own),
                LoginSessionRow.ended_at.is_(None),
                LoginSessionRow.token_hash != own.token_hash,
            ]
            session.execute(update(LoginSessionRow).where(*others).values(ended_at=now()))
            ClinicTransaction(self._database, session, house, member.id).log(
                "member.sessions-ended", f"member/{member.id}"
            )

    def set_names_hidden(self, token: str, *, hidden: bool) -> None:
        """Hide the names of patients on the pages of a session, or show them again; every session begins with names.

        Raises
        ------
        InputError : `not-in`: no such session.
        """
        with self._open(token, write=True) as (_, found):
            found.row.names_hidden = hidden

    def sign_out(self, token: str) -> None:
        """End a session; it is no error if there is none."""
        with self._database.writing() as session:
            row = session.get(LoginSessionRow, hash_token(token))
            if row is not None and row.ended_at is None:
                row.ended_at = now()

    @contextmanager
    def _open(self, token: str, *, write: bool = False) -> Iterator[tuple[Session, "SessionRows"]]:
        with self._database.writing() if write else self._database.reading() as session:
            if write:
                _lock_clinic(session, token)
            found = find_open_session(session, hash_token(token), lock=write)
            if found is None:
                raise clinic_error("not-in", "password")
            yield session, found


def _lock_clinic(session: Session, token: str) -> ClinicRow | None:
    """Lock the clinic of a session before any other of its rows, as every writer does.

    Where two transactions lock the same rows in different orders, PostgreSQL ends one of them.
    """
    asked = select(ClinicRow).join(LoginSessionRow, LoginSessionRow.clinic_id == ClinicRow.id)
    return session.scalar(asked.where(LoginSessionRow.token_hash == hash_token(token)).with_for_update(of=ClinicRow))


def begin_session(
    session: Session,
    member: MemberRow,
    *,
    code_confirmed: bool,
    by_password: bool = False,
    easy_password: bool = False,
) -> MemberSession:
    """Begin a session of a member.

    Parameters
    ----------
    code_confirmed : whether a second factor was checked, too.
    by_password : whether it began with the member's password.
    easy_password : whether that password is guessed soon.
    """
    token, at = random_token(), now()
    row = LoginSessionRow(
        token_hash=hash_token(token),
        clinic_id=member.clinic_id,
        member_id=member.id,
        created_at=at,
        seen_at=at,
        code_at=at if code_confirmed else None,
        by_password=by_password,
        easy_password=easy_password,
    )
    session.add(row)
    session.flush()
    found = _read_session(session, row.token_hash)
    assert found is not None  # it was begun just now, and is not compared with a clock that somebody sets meanwhile
    return _member_session(token, found)


@dataclass(frozen=True)
class SessionRows:
    """The rows of a session that has not ended, and what its sign-in still lacks."""

    row: LoginSessionRow
    member: MemberRow
    clinic: ClinicRow
    step_due: SignInStep | None


def _member_session(token: str, rows: SessionRows) -> MemberSession:
    row = rows.row
    until = min(row.seen_at + IDLE_LIMIT, row.created_at + LONGEST_SESSION)
    member = read_member(rows.member, rows.clinic.name)
    factor_checked = row.code_at is not None
    return MemberSession(token, member, rows.step_due, until, factor_checked, names_hidden=row.names_hidden)


def find_open_session(session: Session, token_hash: str, *, lock: bool = False) -> SessionRows | None:
    """Return the session of a token's hash that has not ended, with its member, who is not disabled, and clinic.

    Parameters
    ----------
    lock : whether the rows are locked until the transaction ends.
    """
    session_row = _read_session(session, token_hash, lock=lock)
    return (
        None
        if session_row is None or _is_over(session_row.row) or session_row.member.disabled_at is not None
        else session_row
    )


def _read_session(session: Session, token_hash: str, *, lock: bool = False) -> SessionRows | None:
    asked = (
        select(LoginSessionRow, MemberRow, ClinicRow, *_step_facts())
        .join(
            MemberRow, (MemberRow.clinic_id == LoginSessionRow.clinic_id) & (MemberRow.id == LoginSessionRow.member_id)
        )
        .join(ClinicRow, ClinicRow.id == LoginSessionRow.clinic_id)
        .where(LoginSessionRow.token_hash == token_hash)
    )
    found = session.execute(asked.with_for_update() if lock else asked).one_or_none()
    if found is None:
        return None
    row, member, clinic, *facts = found
    return SessionRows(row, member, clinic, _find_step_due(row, member, *facts))


def _is_over(row: LoginSessionRow) -> bool:
    at = now()
    late = at > row.seen_at + IDLE_LIMIT or at > row.created_at + LONGEST_SESSION
    early = at < row.seen_at - _ACTIVITY_INTERVAL  # the clock was set back, which must not prolong a session
    return row.ended_at is not None or late or early


def _of_member(row: LoginSessionRow) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return LoginSessionRow.clinic_id == row.clinic_id, LoginSessionRow.member_id == row.member_id


def _step_facts() -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Return what decides on the step of a login session, as columns of its query.

    They are whether the clinic requires a second factor, whether the member has a passkey, and whether their password
    is one that an owner set.
    """
    row, settings, passkey, password = LoginSessionRow, ClinicSettingsRow, PasskeyRow, TemporaryPasswordRow
    return (
        exists().where(settings.clinic_id == row.clinic_id, settings.second_factor_required.is_(true())),
        exists().where(passkey.clinic_id == row.clinic_id, passkey.member_id == row.member_id),
        exists().where(password.clinic_id == row.clinic_id, password.id == row.member_id),
    )


def _find_step_due(
    row: LoginSessionRow, member: MemberRow, factor_required: bool, has_passkey: bool, is_temporary: bool
) -> SignInStep | None:
    """Return what is missing before a session may see records; None where nothing is.

    Parameters
    ----------
    factor_required, has_passkey, is_temporary : of `_step_facts`.
    """
    if row.code_at is None and member.code_secret_sealed is not None:
        return SignInStep.CODE
    if row.by_password and is_temporary:
        return SignInStep.PASSWORD
    factor_due = factor_required and row.code_at is None
    # Before an easy password is changed, since whoever guessed it could remove the passkeys together with it.
    if factor_due and has_passkey:
        return SignInStep.PASSKEY
    if row.by_password and row.easy_password:
        return SignInStep.PASSWORD
    if not factor_due:
        return None
    # The setup asks for the password, and one that an owner set confirms nothing.
    return SignInStep.PASSWORD if is_temporary else SignInStep.SETUP

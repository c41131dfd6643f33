"""Clinics and their members: roles, access, passwords and one-time codes."""

import datetime
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyotp
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.accounts.lockout import LoginLockout
from skinbeam_clinic.accounts.notices import NoticeKind, notify_member
from skinbeam_clinic.accounts.one_time_codes import generate_recovery_codes, match_time_step, save_recovery_codes
from skinbeam_clinic.accounts.passwords import PasswordHasher, check_password, display_name, normalize_name
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow, CalendarFeedRow
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import COMMAND_LINE_ACTOR, Member

__all__ = [
    "TEMPORARY_LIFE",
    "AccountRepository",
    "acting_member",
    "check_same_password",
    "clinic_operator",
    "create_clinic",
    "is_password_expired",
    "list_clinics",
    "list_owners_with_access",
    "read_member",
    "require_factor",
]

_ISSUER = "skinbeam"
TEMPORARY_LIFE = datetime.timedelta(days=7)  # of a password that an owner set


def list_clinics(database: Database) -> tuple[str, ...]:
    """Return the names of the clinics of a database."""
    with database.reading() as session:
        return tuple(session.scalars(select(tables.ClinicRow.name).order_by(tables.ClinicRow.plain_name)))


def create_clinic(database: Database, name: str, *, synthetic: bool = False, factor_required: bool = False) -> Member:
    """Create a clinic, and return its operator, who adds the first owner.

    Parameters
    ----------
    synthetic : whether its patients are made up, for a demonstration.
    factor_required : whether every member needs a second factor, the first owner too.

    Raises
    ------
    InputError : `taken` or `bad-name`.
    """
    clinic = tables.ClinicRow(
        id=new_id(),
        name=display_name(name, field="clinic"),
        plain_name=normalize_name(name),
        synthetic=synthetic,
        created_at=now(),
        trail_length=0,
        trail_head="",
    )
    with database.writing() as session:
        session.add(clinic)
        try:
            session.flush()
        except IntegrityError:
            raise clinic_error("taken", "clinic") from None
        work = ClinicTransaction(database, session, clinic, COMMAND_LINE_ACTOR)
        work.log("clinic.made", hash_chain.row_label(clinic), **hash_chain.clinic_signature_text(clinic))
        if factor_required:
            require_factor(work, required=True)
    return clinic_operator(database, name)


def require_factor(work: ClinicTransaction, *, required: bool) -> None:
    """Require a second factor of every member of a clinic, or none any more; the caller has checked that it works."""
    row = work.find(tables.ClinicSettingsRow, work.clinic_id)
    row = row or work.new_row(tables.ClinicSettingsRow, id=work.clinic_id)
    row.second_factor_required, row.changed_at, row.changed_by = required, now(), work.actor
    work.save(row, "clinic.second-factor", required=required)


def clinic_operator(database: Database, name: str) -> Member:
    """Return the operator of a clinic: a member record for commands on the machine itself.

    Raises
    ------
    InputError : `no-clinic`.
    """
    with database.reading() as session:
        clinic = session.scalar(select(tables.ClinicRow).where(tables.ClinicRow.plain_name == normalize_name(name)))
    if clinic is None:
        raise clinic_error("no-clinic", "--clinic", clinic=display_name(name))
    return Member(clinic.id, clinic.name, COMMAND_LINE_ACTOR, COMMAND_LINE_ACTOR, Role.OWNER)


def acting_member(database: Database, clinic_id: str, id: str) -> Member:
    """Return the member in whose name a job continues after their request.

    Raises
    ------
    RecordNotFoundError : the member does not exist or is disabled.
    """
    with database.reading() as session:
        clinic, row = session.get(tables.ClinicRow, clinic_id), session.get(tables.MemberRow, (clinic_id, id))
    if clinic is None or row is None or row.disabled_at is not None:
        raise clinic_error("absent", "member")
    return read_member(row, clinic.name)


class AccountRepository:
    """The members of a clinic, as one member may read and change them; everybody may change their own account.

    Parameters
    ----------
    passwords : shared by the whole program.
    """

    def __init__(self, database: Database, member: Member, passwords: PasswordHasher) -> None:
        self._access = ClinicAccess(database, member)
        self._passwords = passwords
        self._locks = LoginLockout(database)

    def all(self) -> tuple[Member, ...]:
        """Return the members, including disabled ones."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            rows = work.rows(tables.MemberRow, order=(tables.MemberRow.plain_name,))
            passkeys = Counter(passkey.member_id for passkey in work.rows(tables.PasskeyRow))
            return tuple(
                replace(read_member(row, self._access.member.clinic), passkey_count=passkeys[row.id]) for row in rows
            )

    def member(self, id: str) -> Member:
        """Return a member, enabled or not."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            return read_member(work.get(tables.MemberRow, id), self._access.member.clinic)

    def add(self, name: str, role: Role, password: str, *, temporary: bool = False) -> Member:
        """Add a member.

        Parameters
        ----------
        temporary : whether the member must choose their own password, since somebody else knows this one.

        Raises
        ------
        InputError : `taken`, `bad-name`, or a password that is too easy.
        """
        check_password(password, name, self._access.member.clinic)
        hashed = self._passwords.hash(password, self._access.database.secret)
        with self._access.writing(AccessRight.MEMBERS) as work:
            plain_name = normalize_name(name)
            if work.rows(tables.MemberRow, tables.MemberRow.plain_name == plain_name):
                raise clinic_error("taken", "name")
            row = work.new_row(
                tables.MemberRow,
                name=display_name(name),
                plain_name=plain_name,
                role=str(role),
                password_hash=hashed,
                created_at=now(),
            )
            work.save(row, "member.added")
            if temporary:
                _set_temporary(work, row.id)
            return read_member(row, self._access.member.clinic)

    def set_role(self, id: str, role: Role, *, previous: str = "") -> Member:
        """Change the role of a member.

        Parameters
        ----------
        previous : the role that was shown when the new one was chosen; empty for any.

        Raises
        ------
        ConflictError : somebody else gave them another role in the meantime.
        InputError : `last-owner`: nobody who can sign in could add or enable members any more.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            return self._change(work, id, "member.role", previous_role=previous, role=str(role))

    def set_access(self, id: str, *, allowed: bool) -> Member:
        """Enable or disable a member; their sessions end at once.

        Raises
        ------
        InputError : `last-owner`.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            disabled_at = None if allowed else now()
            return self._change(work, id, "member.in" if allowed else "member.out", disabled_at=disabled_at)

    def reset_password(self, id: str, password: str, *, temporary: bool = False) -> Member:
        """Set a new password for a member who lost theirs.

        Their codes, passkeys and identities at a provider are removed, and their sessions end.

        Parameters
        ----------
        temporary : as for `add`.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            name = work.get(tables.MemberRow, id).name
        check_password(password, name, self._access.member.clinic)
        hashed = self._passwords.hash(password, self._access.database.secret)
        with self._access.writing(AccessRight.MEMBERS) as work:
            member = self._change(
                work, id, "member.reset", password_hash=hashed, code_secret_sealed=None, code_step=None
            )
            _remove_keys(work, id)
            _end_temporary(work, id, "member.password-replaced")
            notify_member(work, id, NoticeKind.PASSWORD)
            if temporary:
                _set_temporary(work, id)
            return member

    def change_password(self, old: str, new: str, *, with_keys: bool = False) -> tuple[str, ...]:
        """Change the member's own password; their sessions end.

        Returns new recovery codes where earlier ones were removed and one-time codes stay; they are never shown again.

        Parameters
        ----------
        with_keys : remove their passkeys and identities at a provider, replace recovery codes, and end their calendar
            feeds and the tokens that they made for other systems: whoever knew the old password may have added one.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`; `password-expired`: an owner set it too long ago; `same-password`; or the new one
            is too easy.
        """
        old_hash = self._check_password(old)
        if new == old:
            raise clinic_error("same-password", "new")
        check_password(new, self._access.member.name, self._access.member.clinic)
        hashed = self._passwords.hash(new, self._access.database.secret)
        with self._own_row(old_hash) as (work, row):
            row.password_hash = hashed
            work.save(row, "member.password")
            work.end_sessions(row.id)
            _end_temporary(work, row.id, "member.password-own")
            notify_member(work, row.id, NoticeKind.PASSWORD)
            if not with_keys:
                return ()
            _remove_keys(work, row.id)
            _end_tokens(work, row.id)
            return self._recovery_codes(work) if row.code_secret_sealed is not None else ()

    def confirm_password(self, password: str) -> str:
        """Check the member's own password again, since somebody else may sit at a screen that was left open.

        Returns the hash that it fits, for `check_same_password` in the transaction that follows. A password that an
        owner set confirms nothing, however the session began: the owner knows it, too.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`; `temporary-password`: an owner set it.
        """
        password_hash = self._check_password(password)
        if self.has_temporary_password():
            raise clinic_error("temporary-password", "password")
        return password_hash

    def has_temporary_password(self) -> bool:
        """Return whether an owner set the member's password, so that they choose their own."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.find(tables.TemporaryPasswordRow, self._access.member.id) is not None

    def _check_password(self, password: str) -> str:
        """Return the hash that the member's own password fits; an owner may have set it less than a week ago."""
        member = self._access.member
        subject = self._locks.subject("own", member.clinic_id, member.id)
        self._locks.count_attempt(subject)
        with self._access.reading_unlogged(AccessRight.READ) as work:
            password_hash = work.get(tables.MemberRow, member.id).password_hash
            expired = is_password_expired(work, member.id)
        if not self._passwords.verify(password, password_hash, self._access.database.secret):
            with self._access.writing(AccessRight.READ) as work:
                work.log("member.password-refused", f"member/{member.id}")
            raise clinic_error("wrong-password", "password")
        with self._access.database.writing() as session:
            self._locks.reset(session, subject)
        if expired:
            raise clinic_error("password-expired", "old")
        return password_hash

    def new_codes_address(self) -> str:
        """Return a provisioning address for an authenticator app for the member's own codes; nothing is stored yet."""
        member = self._access.member
        issuer = f"{_ISSUER} {member.clinic}"
        return pyotp.TOTP(pyotp.random_base32(), name=member.name, issuer=issuer).provisioning_uri()

    def set_codes(self, address: str, code: str, password: str, *, token: str = "") -> tuple[str, ...]:
        """Store the codes of `new_codes` once the app shows a right one, so that no members lock themselves out.

        Returns recovery codes, which are never shown again.

        Parameters
        ----------
        password : the member's own, so that a screen that was left open is not enough.
        token : of the session in which they are set up, in which no factor is due any more.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`, `wrong-code`.
        """
        password_hash = self.confirm_password(password)
        try:
            made = pyotp.parse_uri(address)
            step = match_time_step(made.secret, code, after=None)
        except ValueError:  # no such address, or no key in it
            raise clinic_error("wrong-code", "code") from None
        if step is None:
            raise clinic_error("wrong-code", "code")
        with self._own_row(password_hash) as (work, row):
            work.seal(row, "code_secret_sealed", made.secret.encode())
            row.code_step = step
            work.save(row, "member.codes")
            work.record_factor(row.id, hash_token(token))
            notify_member(work, row.id, NoticeKind.CODES)
            return self._recovery_codes(work)

    def new_recovery_codes(self, password: str) -> tuple[str, ...]:
        """Return new recovery codes, which are never shown again; earlier ones become invalid.

        Parameters
        ----------
        password : the member's own, so that a screen that was left open is not enough.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`; `no-codes`: the member has no one-time codes that they could replace.
        """
        password_hash = self.confirm_password(password)
        with self._own_row(password_hash) as (work, row):
            if row.code_secret_sealed is None:
                raise clinic_error("no-codes", "code")
            notify_member(work, row.id, NoticeKind.RECOVERY_CODES)
            return self._recovery_codes(work)

    def recovery_codes_left(self) -> int:
        """Return the number of the member's unused recovery codes."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            row = work.find(tables.RecoveryRow, self._access.member.id)
            return 0 if row is None else len(row.signatures)

    def _recovery_codes(self, work: ClinicTransaction) -> tuple[str, ...]:
        codes = generate_recovery_codes()
        save_recovery_codes(work, self._access.database.secret, self._access.member.id, codes)
        return codes

    @contextmanager
    def _own_row(self, password_hash: str) -> Iterator[tuple[ClinicTransaction, tables.MemberRow]]:
        """Yield a transaction with the member's own row, which they may change whatever their role.

        Parameters
        ----------
        password_hash : the hash that their password fitted.
        """
        with self._access.writing(AccessRight.READ) as work:
            yield work, check_same_password(work, self._access.member.id, password_hash)

    def _change(
        self, work: ClinicTransaction, id: str, action: str, *, previous_role: str = "", **values: object
    ) -> Member:
        row = work.get(tables.MemberRow, id)
        if previous_role and row.role != values["role"]:
            work.check_unchanged(row, row.role, previous_role)
        for name, value in values.items():
            setattr(row, name, value)
        if not list_owners_with_access(work):
            raise clinic_error("last-owner", "member")
        work.save(row, action)
        work.end_sessions(row.id)
        return read_member(row, self._access.member.clinic)


def check_same_password(work: ClinicTransaction, member_id: str, password_hash: str) -> tables.MemberRow:
    """Return a member's row, unless they were disabled or got another password since theirs was checked.

    Otherwise a request in flight would undo an owner's reset.

    Parameters
    ----------
    password_hash : the hash that the password fitted.

    Raises
    ------
    InputError : `not-in`, as of a session that has ended.
    """
    row = work.get(tables.MemberRow, member_id)
    if row.disabled_at is not None or row.password_hash != password_hash:
        raise clinic_error("not-in", "password")
    return row


def list_owners_with_access(work: ClinicTransaction) -> tuple[str, ...]:
    """Return the ids of the owners who can sign in now.

    An owner whose password another owner set may never have been told it, and it expires, so they count only where a
    provider of sign-in lets them in.
    """
    owners = work.rows(tables.MemberRow, tables.MemberRow.role == Role.OWNER, tables.MemberRow.disabled_at.is_(None))
    waiting = {row.id for row in work.rows(tables.TemporaryPasswordRow)}
    provided = {row.member_id for row in work.rows(tables.OidcIdentityRow)}
    return tuple(row.id for row in owners if row.id not in waiting - provided)


def is_password_expired(work: ClinicTransaction, member_id: str) -> bool:
    """Return whether a member's password is one that an owner set, and its time is over."""
    row = work.find(tables.TemporaryPasswordRow, member_id)
    return row is not None and now() >= row.until


def _set_temporary(work: ClinicTransaction, member_id: str) -> None:
    until = now() + TEMPORARY_LIFE
    row = work.new_row(tables.TemporaryPasswordRow, id=member_id, until=until)
    work.save(row, "member.password-temporary")


def _end_temporary(work: ClinicTransaction, member_id: str, action: str) -> None:
    if row := work.find(tables.TemporaryPasswordRow, member_id):
        work.delete(row, action)


def _remove_keys(work: ClinicTransaction, member_id: str) -> None:
    """Remove the passkeys of a member, their identities at a provider and their recovery codes."""
    for passkey in work.rows(tables.PasskeyRow, tables.PasskeyRow.member_id == member_id):
        work.delete(passkey, "passkey.removed")
    for identity in work.rows(tables.OidcIdentityRow, tables.OidcIdentityRow.member_id == member_id):
        work.delete(identity, "identity.removed")
    if recovery := work.find(tables.RecoveryRow, member_id):
        work.delete(recovery, "recovery.removed")


def _end_tokens(work: ClinicTransaction, member_id: str) -> None:
    """End the calendar feeds of a member, and the tokens for other systems that they made."""
    work.end_rows(CalendarFeedRow, "feed.ended", CalendarFeedRow.member_id == member_id)
    work.end_rows(ApiTokenRow, "token.ended", ApiTokenRow.made_by == member_id)


def read_member(row: tables.MemberRow, clinic: str) -> Member:
    """Return the member record of a row."""
    codes = row.code_secret_sealed is not None
    return Member(row.clinic_id, clinic, row.id, row.name, Role(row.role), codes, row.disabled_at)

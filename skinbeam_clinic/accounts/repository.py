"""Clinics and who works there: who may come in, as what, and with which password and codes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyotp
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from skinbeam.records.faults import fault
from skinbeam.records.kept import COMMAND_LINE, Member
from skinbeam.records.people.codes import step_of
from skinbeam.records.people.locks import Locks
from skinbeam.records.people.passwords import Passwords, check_password, plain_name, shown_name
from skinbeam.records.people.recovery import fresh_codes, keep_codes
from skinbeam.records.roles import Act, Role
from skinbeam.records.store import tables, trail
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Accounts", "acting", "clinics", "create_clinic", "member_of", "operator"]

_ISSUER = "skinbeam"


def clinics(database: Database) -> tuple[str, ...]:
    """Return the names of the clinics of a database."""
    with database.reading() as session:
        return tuple(session.scalars(select(tables.Clinic.name).order_by(tables.Clinic.plain_name)))


def create_clinic(database: Database, name: str, *, synthetic: bool = False) -> Member:
    """Make a clinic, and return its operator, who lets the first owner in.

    Parameters
    ----------
    synthetic : whether its patients are made up, for a demonstration.

    Raises
    ------
    InputError : `taken` or `bad-name`.
    """
    clinic = tables.Clinic(
        id=new_id(),
        name=shown_name(name),
        plain_name=plain_name(name),
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
            raise fault("taken", "clinic") from None
        work = Work(database, session, clinic, COMMAND_LINE)
        work.note("clinic.made", trail.row_name(clinic), **trail.said_of_clinic(clinic))
    return operator(database, name)


def operator(database: Database, name: str) -> Member:
    """Return who acts for a clinic from the machine itself.

    Raises
    ------
    InputError : `no-clinic`.
    """
    with database.reading() as session:
        found = session.scalar(select(tables.Clinic).where(tables.Clinic.plain_name == plain_name(name)))
    if found is None:
        raise fault("no-clinic", "--clinic", clinic=shown_name(name))
    return Member(found.id, found.name, COMMAND_LINE, COMMAND_LINE, Role.OWNER)


def acting(database: Database, clinic_id: str, id: str) -> Member:
    """Return the member in whose name work goes on after their request.

    Raises
    ------
    AbsentError : they are let in no more.
    """
    with database.reading() as session:
        clinic, row = session.get(tables.Clinic, clinic_id), session.get(tables.Member, (clinic_id, id))
    if clinic is None or row is None or row.disabled_at is not None:
        raise fault("absent", "member")
    return member_of(row, clinic.name)


class Accounts:
    """The members of a clinic, as one of them may see and change them; everybody may change what is their own.

    Parameters
    ----------
    database, member : as for `Access`.
    passwords : one for the whole program.
    """

    def __init__(self, database: Database, member: Member, passwords: Passwords) -> None:
        self._access = Access(database, member)
        self._passwords = passwords
        self._locks = Locks(database)

    def all(self) -> tuple[Member, ...]:
        """Return the members, also those who may no longer come in."""
        with self._access.work(Act.PEOPLE) as work:
            rows = work.rows(tables.Member, order=(tables.Member.plain_name,))
            passkeys = Counter(passkey.member_id for passkey in work.rows(tables.Passkey))
            return tuple(replace(member_of(row, self._access.member.clinic), passkeys=passkeys[row.id]) for row in rows)

    def add(self, name: str, role: Role, password: str) -> Member:
        """Let somebody in.

        Raises
        ------
        InputError : `taken`, `bad-name`, or a password that is too easy.
        """
        check_password(password, name)
        hashed = self._passwords.hash(password)
        with self._access.work(Act.PEOPLE) as work:
            row = tables.Member(
                clinic_id=work.clinic_id,
                id=new_id(),
                name=shown_name(name),
                plain_name=plain_name(name),
                role=str(role),
                password_hash=hashed,
                created_at=now(),
            )
            work.keep(row, "member.added")
            return member_of(row, self._access.member.clinic)

    def set_role(self, id: str, role: Role) -> Member:
        """Make a member something else.

        Raises
        ------
        InputError : `last-owner`: nobody could let anybody in any more.
        """
        return self._change(id, "member.role", role=str(role))

    def set_in(self, id: str, *, allowed: bool) -> Member:
        """Let a member in again, or no more; their sessions end at once.

        Raises
        ------
        InputError : `last-owner`.
        """
        return self._change(id, "member.in" if allowed else "member.out", disabled_at=None if allowed else now())

    def reset(self, id: str, password: str) -> Member:
        """Give a member a new password, after they have lost it; codes and passkeys go, and their sessions end."""
        with self._access.work(Act.PEOPLE) as work:
            name = work.get(tables.Member, id).name
        check_password(password, name)
        new = {"password_hash": self._passwords.hash(password), "code_secret_sealed": None, "code_step": None}
        return self._change(id, "member.reset", keys_too=True, **new)

    def change_password(self, old: str, new: str) -> None:
        """Change one's own password; one's sessions end.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`, or the new one is too easy.
        """
        self.confirm(old)
        check_password(new, self._access.member.name)
        hashed = self._passwords.hash(new)
        with self._own() as (work, row):
            row.password_hash = hashed
            work.keep(row, "member.password")
            work.end_sessions(row.id)

    def confirm(self, password: str) -> None:
        """See that who asks is who signed in, and not somebody at a screen that was left open.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`.
        """
        member = self._access.member
        subject = self._locks.subject("own", member.clinic_id, member.id)
        self._locks.count(subject)
        with self._access.look(Act.READ) as work:
            kept = work.get(tables.Member, member.id).password_hash
        if not self._passwords.fits(password, kept):
            raise fault("wrong-password", "password")
        with self._access.database.writing() as session:
            self._locks.forget(session, subject)

    def new_codes(self) -> str:
        """Return the address that an authenticator app reads for one's own codes; nothing is kept yet."""
        member = self._access.member
        issuer = f"{_ISSUER} {member.clinic}"
        return pyotp.TOTP(pyotp.random_base32(), name=member.name, issuer=issuer).provisioning_uri()

    def set_codes(self, address: str, code: str) -> tuple[str, ...]:
        """Keep what `new_codes` gave once the app shows the right code, so that nobody locks themselves out.

        Returns recovery codes, which nothing shows again.

        Raises
        ------
        InputError : `wrong-code`.
        """
        try:
            made = pyotp.parse_uri(address)
            step = step_of(made.secret, code, after=None)
        except ValueError:  # no such address, or no key in it
            raise fault("wrong-code", "code") from None
        if step is None:
            raise fault("wrong-code", "code")
        with self._own() as (work, row):
            work.seal(row, "code_secret_sealed", made.secret.encode())
            row.code_step = step
            work.keep(row, "member.codes")
            return self._recovery_codes(work)

    def new_recovery_codes(self) -> tuple[str, ...]:
        """Return new recovery codes, which nothing shows again; those before are good for nothing.

        Raises
        ------
        InputError : `no-codes`: there is nothing that they would stand in for.
        """
        with self._own() as (work, row):
            if row.code_secret_sealed is None:
                raise fault("no-codes", "code")
            return self._recovery_codes(work)

    def recovery_codes_left(self) -> int:
        """Return how many of one's recovery codes were not used."""
        with self._access.look(Act.READ) as work:
            mine = tables.Recovery.id == self._access.member.id
            return sum(len(row.signatures) for row in work.rows(tables.Recovery, mine))

    def _recovery_codes(self, work: Work) -> tuple[str, ...]:
        codes = fresh_codes()
        keep_codes(work, self._access.database.secret, self._access.member.id, codes)
        return codes

    @contextmanager
    def _own(self) -> Iterator[tuple[Work, tables.Member]]:
        """What is one's own may be changed whatever one's role."""
        with self._access.work(Act.READ) as work:
            yield work, work.get(tables.Member, self._access.member.id)

    def _change(self, id: str, action: str, *, keys_too: bool = False, **values: object) -> Member:
        with self._access.work(Act.PEOPLE) as work:
            row = work.get(tables.Member, id)
            for name, value in values.items():
                setattr(row, name, value)
            owners = work.rows(tables.Member, tables.Member.role == Role.OWNER, tables.Member.disabled_at.is_(None))
            if not owners:
                raise fault("last-owner", "member")
            work.keep(row, action)
            work.end_sessions(row.id)
            if keys_too:
                for passkey in work.rows(tables.Passkey, tables.Passkey.member_id == id):
                    work.drop(passkey, "passkey.removed")
                for recovery in work.rows(tables.Recovery, tables.Recovery.id == id):
                    work.drop(recovery, "recovery.removed")
            return member_of(row, self._access.member.clinic)


def member_of(row: tables.Member, clinic: str) -> Member:
    """Return the record of a member's row."""
    codes = row.code_secret_sealed is not None
    return Member(row.clinic_id, clinic, row.id, row.name, Role(row.role), codes, row.disabled_at)

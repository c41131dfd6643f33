"""Passkeys (W3C Web Authentication): a private key that stays on a member's device, which asks for finger, face or PIN.

So a passkey is something that one has and something that one is or knows, and counts as password and code in one. It
belongs to one host name and answers no other; a page that looks like ours gets nothing of it.
"""

import datetime
import ipaddress
from dataclasses import dataclass

from sqlalchemy import select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers import parse_authentication_credential_json as parse_authentication
from webauthn.helpers import parse_registration_credential_json as parse_registration
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from skinbeam.errors import InputError
from skinbeam.records.faults import fault
from skinbeam.records.kept import Member, Passkey, SignedIn
from skinbeam.records.people.accounts import Accounts
from skinbeam.records.people.challenges import LIFE, Challenges
from skinbeam.records.people.passwords import Passwords, shown_name
from skinbeam.records.people.signin import begin_session
from skinbeam.records.roles import Act
from skinbeam.records.store import tables, trail
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["PasskeyDoor", "Passkeys", "Site", "site_at"]

_LONGEST_CREDENTIAL = 1023  # bytes (Web Authentication, section 7.1)
_TIMEOUT_MS = LIFE // datetime.timedelta(milliseconds=1)
_SIGN_IN = "sign-in"


@dataclass(frozen=True)
class Site:
    """Where passkeys are asked for: the host name that they belong to, and the origin of the page that asks."""

    host: str
    origin: str


def site_at(host: str, origin: str) -> Site:
    """Return the site of a host.

    Raises
    ------
    InputError : `no-passkeys`: it is an address of numbers, to which none can belong.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return Site(host, origin)
    raise fault("no-passkeys", "passkey")


class Passkeys:
    """The passkeys of a member, as they alone see and change them.

    Parameters
    ----------
    database, member, passwords : as for `Accounts`.
    """

    def __init__(self, database: Database, member: Member, passwords: Passwords) -> None:
        self._access = Access(database, member)
        self._accounts = Accounts(database, member, passwords)
        self._challenges = Challenges(database)
        self._purpose = f"{member.clinic_id}/{member.id}"

    def all(self) -> tuple[Passkey, ...]:
        """Return one's passkeys, the oldest first."""
        with self._access.look(Act.READ) as work:
            return tuple(Passkey(row.id, row.name, row.created_at, row.used_at) for row in self._rows(work))

    def ask(self, site: Site, name: str, password: str) -> str:
        """Return what the browser is asked for a new passkey, as JSON.

        Parameters
        ----------
        password : one's own, so that a screen that was left open is not enough.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`, `bad-name`.
        """
        shown_name(name)
        self._accounts.confirm(password)
        member = self._access.member
        with self._access.look(Act.READ) as work:
            known = [PublicKeyCredentialDescriptor(base64url_to_bytes(row.credential)) for row in self._rows(work)]
        options = generate_registration_options(
            rp_id=site.host,
            rp_name=site.host,
            user_id=_handle(member.clinic_id, member.id),
            user_name=f"{member.name}, {member.clinic}",
            challenge=self._challenges.new(self._purpose),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=known,
        )
        return options_to_json(options)

    def add(self, site: Site, name: str, answer: str) -> None:
        """Keep a new passkey.

        Parameters
        ----------
        answer : of the browser, as JSON.

        Raises
        ------
        InputError : `bad-name`; `passkey`: the answer is not one to what was asked here.
        """
        shown = shown_name(name)
        try:
            credential = parse_registration(answer)
            challenge = parse_client_data_json(credential.response.client_data_json).challenge
        except Exception:  # whatever a library trips over in what was sent
            raise fault("passkey", "passkey") from None
        self._challenges.spend(challenge, self._purpose)
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
            )
        except Exception:
            raise fault("passkey", "passkey") from None
        if len(made.credential_id) > _LONGEST_CREDENTIAL:
            raise fault("passkey", "passkey")
        with self._access.work(Act.READ) as work:
            row = tables.Passkey(
                clinic_id=work.clinic_id,
                id=new_id(),
                member_id=self._access.member.id,
                name=shown,
                credential=bytes_to_base64url(made.credential_id),
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                created_at=now(),
            )
            try:
                work.keep(row, "passkey.added")
            except InputError:  # somebody has it already, which authenticators see to it that nobody does
                raise fault("passkey", "passkey") from None

    def remove(self, id: str) -> None:
        """Let a passkey open nothing any more.

        Raises
        ------
        AbsentError : one has none of that name.
        """
        with self._access.work(Act.READ) as work:
            row = next((row for row in self._rows(work) if row.id == id), None)
            if row is None:
                raise fault("absent", "passkey")
            work.drop(row, "passkey.removed")

    def _rows(self, work: Work) -> list[tables.Passkey]:
        mine = tables.Passkey.member_id == self._access.member.id
        return work.rows(tables.Passkey, mine, order=(tables.Passkey.created_at,))


class PasskeyDoor:
    """Lets members in by passkey: the device says who it is, so neither name nor clinic is asked.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._challenges = Challenges(database)

    def ask(self, site: Site) -> str:
        """Return what the browser is asked, as JSON."""
        options = generate_authentication_options(
            rp_id=site.host,
            challenge=self._challenges.new(_SIGN_IN),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def sign_in(self, site: Site, answer: str) -> SignedIn:
        """Begin a session, for which no code is due.

        Parameters
        ----------
        answer : of the browser, as JSON.

        Raises
        ------
        InputError : `passkey`, in the same words whatever is wrong: challenge, host, signature, counter, member.
        """
        try:
            sent = parse_authentication(answer)
            challenge = parse_client_data_json(sent.response.client_data_json).challenge
        except Exception:  # whatever a library trips over in what was sent
            raise fault("passkey", "passkey") from None
        self._challenges.spend(challenge, _SIGN_IN)
        mine = tables.Passkey.credential == bytes_to_base64url(sent.raw_id)
        with self._database.reading() as session:
            clinic_id = session.scalar(select(tables.Passkey.clinic_id).where(mine))
        with self._database.writing() as session:
            clinic = session.scalar(select(tables.Clinic).where(tables.Clinic.id == clinic_id).with_for_update())
            row = session.scalar(select(tables.Passkey).where(mine))
            if clinic is not None and row is not None:
                member = session.get_one(tables.Member, (row.clinic_id, row.member_id))
                checked = _checked(site, sent, challenge, row)
                if checked is not None and member.disabled_at is None:
                    row.sign_count, row.used_at = checked.new_sign_count, now()
                    Work(self._database, session, clinic, member.id).keep(row, "sign-in.passkey")
                    return begin_session(session, member, clinic, code=True)
                Work(self._database, session, clinic, "unknown").note("sign-in.refused", trail.row_name(row))
        raise fault("passkey", "passkey")


def _checked(
    site: Site, sent: AuthenticationCredential, challenge: bytes, row: tables.Passkey
) -> VerifiedAuthentication | None:
    """Return what the key of a row has signed; None where it has not, or says that somebody else holds it."""
    if sent.response.user_handle != _handle(row.clinic_id, row.member_id):
        return None
    try:
        return verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except Exception:
        return None


def _handle(clinic_id: str, member_id: str) -> bytes:
    """What a device calls a member: random, so that it tells nothing of them."""
    return bytes.fromhex(clinic_id + member_id)

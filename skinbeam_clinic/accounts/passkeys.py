"""Challenges for passkeys to sign: random, kept here, good for one purpose and one answer within some minutes."""

import datetime
import hashlib
import ipaddress
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select
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

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.passwords import PasswordHasher, display_name
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import begin_session
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import LoginChallengeRow, new_id
from skinbeam_clinic.database.transaction import ClinicAccess, ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member, MemberSession, Passkey

__all__ = [
    "CHALLENGE_LIFE",
    "ChallengeStore",
    "PasskeyRepository",
    "PasskeySignIn",
    "PasskeySite",
    "passkey_site",
]

CHALLENGE_LIFE = datetime.timedelta(minutes=5)
_CHALLENGE_BYTES = 32


class ChallengeStore:
    """Makes challenges and takes them back.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def new(self, purpose: str) -> bytes:
        """Return a challenge; those that nobody answered in time are thrown away."""
        challenge, at = secrets.token_bytes(_CHALLENGE_BYTES), now()
        with self._database.writing() as session:
            session.execute(delete(LoginChallengeRow).where(LoginChallengeRow.until < at))
            session.add(
                LoginChallengeRow(challenge_hash=_hash_challenge(challenge, purpose), until=at + CHALLENGE_LIFE)
            )
        return challenge

    def spend(self, challenge: bytes, purpose: str) -> None:
        """Take a challenge back, before the answer to it is looked at; of two answers at once one finds it.

        Raises
        ------
        InputError : `passkey`: it was never given for that, was answered before, or is too old.
        """
        mine = LoginChallengeRow.challenge_hash == _hash_challenge(challenge, purpose)
        with self._database.writing() as session:
            until = session.scalar(delete(LoginChallengeRow).where(mine).returning(LoginChallengeRow.until))
        if until is None or not now() <= until <= now() + CHALLENGE_LIFE:  # set back, the clock makes none last longer
            raise clinic_error("passkey", "passkey")


def _hash_challenge(challenge: bytes, purpose: str) -> str:
    return hashlib.sha256(purpose.encode() + b"\n" + challenge).hexdigest()


# Passkeys (W3C Web Authentication): a private key that stays on a member's device, which asks for finger, face or PIN.
#
# So a passkey is something that one has and something that one is or knows, and counts as password and code in one. It
# belongs to one host name and answers no other; a page that looks like ours gets nothing of it.

_LONGEST_CREDENTIAL = 1023  # bytes (Web Authentication, section 7.1)
_TIMEOUT_MS = CHALLENGE_LIFE // datetime.timedelta(milliseconds=1)
_SIGN_IN = "sign-in"


@dataclass(frozen=True)
class PasskeySite:
    """Where passkeys are asked for: the host name that they belong to, and the origin of the page that asks."""

    host: str
    origin: str


def passkey_site(host: str, origin: str) -> PasskeySite:
    """Return the site of a host.

    Raises
    ------
    InputError : `no-passkeys`: it is an address of numbers, to which none can belong.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return PasskeySite(host, origin)
    raise clinic_error("no-passkeys", "passkey")


class PasskeyRepository:
    """The passkeys of a member, as they alone see and change them.

    Parameters
    ----------
    database, member, passwords : as for `AccountRepository`.
    """

    def __init__(self, database: Database, member: Member, passwords: PasswordHasher) -> None:
        self._access = ClinicAccess(database, member)
        self._accounts = AccountRepository(database, member, passwords)
        self._challenges = ChallengeStore(database)
        self._purpose = f"{member.clinic_id}/{member.id}"

    def all(self) -> tuple[Passkey, ...]:
        """Return one's passkeys, the oldest first."""
        with self._access.look(AccessRight.READ) as work:
            return tuple(Passkey(row.id, row.name, row.created_at, row.used_at) for row in self._rows(work))

    def ask(self, site: PasskeySite, name: str, password: str) -> str:
        """Return what the browser is asked for a new passkey, as JSON.

        Parameters
        ----------
        password : one's own, so that a screen that was left open is not enough.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`, `bad-name`.
        """
        display_name(name)
        self._accounts.confirm(password)
        member = self._access.member
        with self._access.look(AccessRight.READ) as work:
            known = [PublicKeyCredentialDescriptor(base64url_to_bytes(row.credential)) for row in self._rows(work)]
        options = generate_registration_options(
            rp_id=site.host,
            rp_name=site.host,
            user_id=_user_handle(member.clinic_id, member.id),
            user_name=f"{member.name}, {member.clinic}",
            challenge=self._challenges.new(self._purpose),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=known,
        )
        return options_to_json(options)

    def add(self, site: PasskeySite, name: str, answer: str) -> None:
        """Keep a new passkey.

        Parameters
        ----------
        answer : of the browser, as JSON.

        Raises
        ------
        InputError : `bad-name`; `passkey`: the answer is not one to what was asked here.
        """
        shown = display_name(name)
        try:
            credential = parse_registration(answer)
            challenge = parse_client_data_json(credential.response.client_data_json).challenge
        except Exception:  # whatever a library trips over in what was sent
            raise clinic_error("passkey", "passkey") from None
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
            raise clinic_error("passkey", "passkey") from None
        if len(made.credential_id) > _LONGEST_CREDENTIAL:
            raise clinic_error("passkey", "passkey")
        with self._access.work(AccessRight.READ) as work:
            row = tables.PasskeyRow(
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
                raise clinic_error("passkey", "passkey") from None

    def remove(self, id: str) -> None:
        """Let a passkey open nothing any more.

        Raises
        ------
        AbsentError : one has none of that name.
        """
        with self._access.work(AccessRight.READ) as work:
            row = next((row for row in self._rows(work) if row.id == id), None)
            if row is None:
                raise clinic_error("absent", "passkey")
            work.drop(row, "passkey.removed")

    def _rows(self, work: ClinicTransaction) -> list[tables.PasskeyRow]:
        mine = tables.PasskeyRow.member_id == self._access.member.id
        return work.rows(tables.PasskeyRow, mine, order=(tables.PasskeyRow.created_at,))


class PasskeySignIn:
    """Lets members in by passkey: the device says who it is, so neither name nor clinic is asked.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._challenges = ChallengeStore(database)

    def ask(self, site: PasskeySite) -> str:
        """Return what the browser is asked, as JSON."""
        options = generate_authentication_options(
            rp_id=site.host,
            challenge=self._challenges.new(_SIGN_IN),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def sign_in(self, site: PasskeySite, answer: str) -> MemberSession:
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
            raise clinic_error("passkey", "passkey") from None
        self._challenges.spend(challenge, _SIGN_IN)
        mine = tables.PasskeyRow.credential == bytes_to_base64url(sent.raw_id)
        with self._database.reading() as session:
            clinic_id = session.scalar(select(tables.PasskeyRow.clinic_id).where(mine))
        with self._database.writing() as session:
            clinic = session.scalar(select(tables.ClinicRow).where(tables.ClinicRow.id == clinic_id).with_for_update())
            row = session.scalar(select(tables.PasskeyRow).where(mine))
            if clinic is not None and row is not None:
                member = session.get_one(tables.MemberRow, (row.clinic_id, row.member_id))
                checked = _verify_answer(site, sent, challenge, row)
                if checked is not None and member.disabled_at is None:
                    row.sign_count, row.used_at = checked.new_sign_count, now()
                    ClinicTransaction(self._database, session, clinic, member.id).keep(row, "sign-in.passkey")
                    return begin_session(session, member, clinic, code=True)
                ClinicTransaction(self._database, session, clinic, "unknown").note(
                    "sign-in.refused", hash_chain.row_label(row)
                )
        raise clinic_error("passkey", "passkey")


def _verify_answer(
    site: PasskeySite, sent: AuthenticationCredential, challenge: bytes, row: tables.PasskeyRow
) -> VerifiedAuthentication | None:
    """Return what the key of a row has signed; None where it has not, or says that somebody else holds it."""
    if sent.response.user_handle != _user_handle(row.clinic_id, row.member_id):
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


def _user_handle(clinic_id: str, member_id: str) -> bytes:
    """What a device calls a member: random, so that it tells nothing of them."""
    return bytes.fromhex(clinic_id + member_id)

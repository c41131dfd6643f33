"""Passkeys (W3C Web Authentication): challenges, registration and sign-in.

The private key of a passkey stays on the member's device, which asks for finger, face or PIN; so a passkey counts as
password and code in one. It belongs to one host name and answers no other, so a page that imitates ours gets nothing
from it.
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

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.challenges import CHALLENGE_LIFE, ChallengeStore
from skinbeam_clinic.accounts.notices import NoticeKind, notify_member
from skinbeam_clinic.accounts.passwords import PasswordHasher, display_name
from skinbeam_clinic.accounts.repository import AccountRepository, check_same_password
from skinbeam_clinic.accounts.second_factors import check_factor_removal
from skinbeam_clinic.accounts.sign_in import begin_session
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member, MemberSession, Passkey

__all__ = [
    "PasskeyRepository",
    "PasskeySignIn",
    "PasskeySite",
    "passkey_site",
]

_LONGEST_CREDENTIAL = 1023  # bytes (Web Authentication, section 7.1)
_TIMEOUT_MS = CHALLENGE_LIFE // datetime.timedelta(milliseconds=1)
_SIGN_IN = "sign-in"


@dataclass(frozen=True)
class PasskeySite:
    """The relying party of passkeys: the host name to which they belong, and the origin of the page that asks."""

    host: str
    origin: str


def passkey_site(host: str, origin: str) -> PasskeySite:
    """Return the passkey site of a host.

    Raises
    ------
    InputError : `no-passkeys`: it is a numeric address, to which no passkey can belong.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return PasskeySite(host, origin)
    raise clinic_error("no-passkeys", "passkey")


class PasskeyRepository:
    """The passkeys of a member, which only this member can read and change."""

    def __init__(self, database: Database, member: Member, passwords: PasswordHasher) -> None:
        self._access = ClinicAccess(database, member)
        self._accounts = AccountRepository(database, member, passwords)
        self._challenges = ChallengeStore(database)

    def all(self) -> tuple[Passkey, ...]:
        """Return the member's passkeys, the oldest first."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return tuple(work.read_row(Passkey, row) for row in self._rows(work))

    def registration_options(self, site: PasskeySite, name: str, password: str) -> str:
        """Return the registration options for a new passkey, as JSON for the browser.

        Parameters
        ----------
        password : the member's own, so that a screen that was left open is not enough.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`, `bad-name`.
        """
        display_name(name)
        password_hash = self._accounts.confirm_password(password)
        member = self._access.member
        with self._access.reading_unlogged(AccessRight.READ) as work:
            known = [PublicKeyCredentialDescriptor(base64url_to_bytes(row.credential)) for row in self._rows(work)]
        options = generate_registration_options(
            rp_id=site.host,
            rp_name=site.host,
            user_id=_user_handle(member.clinic_id, member.id),
            user_name=f"{member.name}, {member.clinic}",
            challenge=self._challenges.create(self._purpose(password_hash)),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=known,
        )
        return options_to_json(options)

    def add(self, site: PasskeySite, name: str, answer: str, *, token: str = "") -> None:
        """Verify and store a new passkey.

        Parameters
        ----------
        answer : the browser's, as JSON.
        token : as for `AccountRepository.set_codes`.

        Raises
        ------
        InputError : `bad-name`; `passkey`: the answer does not belong to a challenge of `registration_options`;
            `not-in`: the member was disabled or got another password in the meantime.
        """
        shown = display_name(name)
        try:
            credential = parse_registration(answer)
            challenge = parse_client_data_json(credential.response.client_data_json).challenge
        except Exception:  # whatever a library trips over in what was sent
            raise clinic_error("passkey", "passkey") from None
        with self._access.reading_unlogged(AccessRight.READ) as work:
            password_hash = work.get(tables.MemberRow, self._access.member.id).password_hash
        if not self._challenges.consume(challenge, self._purpose(password_hash)):
            raise clinic_error("passkey", "passkey")
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
        with self._access.writing(AccessRight.READ) as work:
            check_same_password(work, self._access.member.id, password_hash)
            row = work.new_row(
                tables.PasskeyRow,
                member_id=self._access.member.id,
                name=shown,
                credential=bytes_to_base64url(made.credential_id),
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                created_at=now(),
            )
            try:
                work.save(row, "passkey.added")
            except InputError:  # somebody has it already, which authenticators should prevent
                raise clinic_error("passkey", "passkey") from None
            work.record_factor(row.member_id, hash_token(token))
            notify_member(work, row.member_id, NoticeKind.PASSKEY_ADDED, name=shown)

    def remove(self, id: str) -> None:
        """Remove a passkey, so that nobody can sign in with it.

        Raises
        ------
        RecordNotFoundError : the member has no passkey with this id.
        InputError : `last-factor`: the clinic requires a second factor, and this is the only one.
        """
        with self._access.writing(AccessRight.READ) as work:
            row = next((row for row in self._rows(work) if row.id == id), None)
            if row is None:
                raise clinic_error("absent", "passkey")
            check_factor_removal(work, self._access.member.id)
            work.delete(row, "passkey.removed")
            notify_member(work, row.member_id, NoticeKind.PASSKEY_REMOVED, name=row.name)

    def _purpose(self, password_hash: str) -> str:
        """Return the purpose of a challenge that the member's password opened; another password ends it."""
        return f"{self._access.member.clinic_id}/{self._access.member.id}/{password_hash}"

    def _rows(self, work: ClinicTransaction) -> list[tables.PasskeyRow]:
        is_own = tables.PasskeyRow.member_id == self._access.member.id
        return work.rows(tables.PasskeyRow, is_own, order=(tables.PasskeyRow.created_at,))


class PasskeySignIn:
    """Signs members in by passkey; the device identifies the member, so neither name nor clinic is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._challenges = ChallengeStore(database)

    def authentication_options(self, site: PasskeySite) -> str:
        """Return the authentication options, as JSON for the browser."""
        options = generate_authentication_options(
            rp_id=site.host,
            challenge=self._challenges.create(_SIGN_IN),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def sign_in(self, site: PasskeySite, answer: str) -> MemberSession:
        """Begin a session, for which no one-time code is due.

        Parameters
        ----------
        answer : the browser's, as JSON.

        Raises
        ------
        InputError : `passkey`, with the same message whatever is wrong: challenge, host, signature, counter, member.
        """
        try:
            sent = parse_authentication(answer)
            challenge = parse_client_data_json(sent.response.client_data_json).challenge
        except Exception:  # whatever a library trips over in what was sent
            raise clinic_error("passkey", "passkey") from None
        if not self._challenges.consume(challenge, _SIGN_IN):
            raise clinic_error("passkey", "passkey")
        is_credential = tables.PasskeyRow.credential == bytes_to_base64url(sent.raw_id)
        with self._database.reading() as session:
            clinic_id = session.scalar(select(tables.PasskeyRow.clinic_id).where(is_credential))
        with self._database.writing() as session:
            clinic = session.scalar(select(tables.ClinicRow).where(tables.ClinicRow.id == clinic_id).with_for_update())
            row = session.scalar(select(tables.PasskeyRow).where(is_credential))
            if clinic is not None and row is not None:
                member = session.get_one(tables.MemberRow, (row.clinic_id, row.member_id))
                checked = _verify_answer(site, sent, challenge, row)
                if checked is not None and member.disabled_at is None:
                    row.sign_count, row.used_at = checked.new_sign_count, now()
                    ClinicTransaction(self._database, session, clinic, member.id).save(row, "sign-in.passkey")
                    return begin_session(session, member, code_confirmed=True)
                ClinicTransaction(self._database, session, clinic, "unknown").log(
                    "sign-in.refused", hash_chain.row_label(row)
                )
        raise clinic_error("passkey", "passkey")


def _verify_answer(
    site: PasskeySite, credential: AuthenticationCredential, challenge: bytes, row: tables.PasskeyRow
) -> VerifiedAuthentication | None:
    """Verify a signature with the public key of a row; None when it is wrong or the counter shows a copied key."""
    if credential.response.user_handle != _user_handle(row.clinic_id, row.member_id):
        return None
    try:
        return verify_authentication_response(
            credential=credential,
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
    """Return the handle by which a device knows a member: made of random ids, so that it reveals nothing of them."""
    return bytes.fromhex(clinic_id + member_id)

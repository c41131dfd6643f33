"""Sign in at an OpenID Connect provider, and the identities there that belong to members.

An identity is issuer and subject, bound to one member of a clinic by that member or by an owner. The provider says who
somebody is; whether they are a member, in which role, and whether a one-time code is due is decided here, as after a
password.

A browser takes a random challenge along in a cookie, which is valid once. State, nonce and PKCE verifier are derived
from the cookie by the database's secret, so that a cookie which this server did not write fits no answer.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.challenges import ChallengeStore
from skinbeam_clinic.accounts.lockout import LoginLockout
from skinbeam_clinic.accounts.notices import NoticeKind, notify_member
from skinbeam_clinic.accounts.oidc_provider import (
    LONGEST_SUBJECT,
    AuthorizationRequest,
    OidcProvider,
    OidcSubject,
    is_subject,
)
from skinbeam_clinic.accounts.passwords import normalize_name
from skinbeam_clinic.accounts.sign_in import begin_session, find_open_session
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member, MemberSession, OidcIdentity

__all__ = ["OidcIdentityRepository", "OidcSignIn", "OidcStart"]

_SIGN_IN, _BIND = "sign-in", "bind"


class OidcIdentityRepository:
    """The identities of members: everybody sees and removes their own, owners those of all."""

    def __init__(self, database: Database, member: Member) -> None:
        self._access = ClinicAccess(database, member)

    def own(self) -> tuple[OidcIdentity, ...]:
        """Return the member's own identities, the oldest first."""
        row = tables.OidcIdentityRow
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(row, row.member_id == self._access.member.id, order=(row.created_at,))
            return tuple(work.read_row(OidcIdentity, identity) for identity in rows)

    def all(self) -> dict[str, tuple[OidcIdentity, ...]]:
        """Return the identities of each member who has one, by the member's id."""
        identities: dict[str, tuple[OidcIdentity, ...]] = {}
        with self._access.reading_unlogged(AccessRight.MEMBERS) as work:
            for row in work.rows(tables.OidcIdentityRow, order=(tables.OidcIdentityRow.created_at,)):
                identities[row.member_id] = (*identities.get(row.member_id, ()), work.read_row(OidcIdentity, row))
        return identities

    def bind(self, member_id: str, subject: OidcSubject) -> None:
        """Bind an identity to a member, as an owner who knows the subject from the provider.

        Raises
        ------
        RecordNotFoundError : there is no such member.
        InputError : `bad-subject`; `taken-subject`: it belongs to a member of this clinic already.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            member = work.get(tables.MemberRow, member_id)
            if not is_subject(subject.subject):
                raise clinic_error("bad-subject", "subject", hint={"longest": LONGEST_SUBJECT})
            _bind(work, member.id, subject)

    def remove(self, member_id: str, id: str) -> None:
        """Remove an identity of a member, as an owner.

        Raises
        ------
        RecordNotFoundError : this member has no identity with this id.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            _remove(work, member_id, id)

    def remove_own(self, id: str) -> None:
        """Remove an identity of the member.

        Raises
        ------
        RecordNotFoundError : the member has no identity with this id.
        """
        with self._access.writing(AccessRight.READ) as work:
            _remove(work, self._access.member.id, id)


def _remove(work: ClinicTransaction, member_id: str, id: str) -> None:
    row = work.get(tables.OidcIdentityRow, id)
    if row.member_id != member_id:
        raise clinic_error("absent", "oidcidentity")
    work.delete(row, "identity.removed")
    notify_member(work, member_id, NoticeKind.IDENTITY_REMOVED, name=row.subject)


def _bind(work: ClinicTransaction, member_id: str, subject: OidcSubject) -> None:
    row = work.new_row(
        tables.OidcIdentityRow,
        member_id=member_id,
        issuer=subject.issuer,
        subject=subject.subject,
        created_at=now(),
    )
    try:
        work.save(row, "identity.added", member=member_id)
    except InputError:  # the table holds each identity once in a clinic
        raise clinic_error("taken-subject", "subject") from None
    notify_member(work, member_id, NoticeKind.IDENTITY_ADDED, name=subject.subject)


@dataclass(frozen=True)
class OidcStart:
    """Where a browser goes to sign in, and the cookie that it takes along."""

    address: str
    cookie: str


@dataclass(frozen=True)
class _Purpose:
    """What a browser was sent to the provider for.

    `words` is the name of a clinic in small letters for a sign-in; for binding they are the ids of clinic and member,
    the hash of their session's token, and the signature of the password that they typed.
    """

    kind: str
    words: tuple[str, ...]

    def text(self) -> str:
        return "\n".join((self.kind, *self.words))


class OidcSignIn:
    """Sends browsers to the provider, and judges what they bring back."""

    def __init__(self, database: Database, provider: OidcProvider) -> None:
        self._database = database
        self._challenges = ChallengeStore(database)
        self._locks = LoginLockout(database)
        self.provider = provider

    def begin(self, clinic: str, redirect_uri: str) -> OidcStart:
        """Return where a browser signs in to a clinic; whether there is such a clinic is not told.

        Raises
        ------
        ProviderError : the provider does not answer, or not as one.
        InputError : `bad-name`: no clinic can have this name.
        """
        return self._start(_Purpose(_SIGN_IN, (normalize_name(clinic),)), redirect_uri)

    def begin_binding(self, signed_in: MemberSession, redirect_uri: str) -> OidcStart:
        """Return where a member signs in to bind their identity; their password was checked just now.

        Raises
        ------
        ProviderError : the provider does not answer, or not as one.
        """
        clinic_id, member_id = signed_in.member.clinic_id, signed_in.member.id
        with self._database.reading() as session:
            password = self._sign_password(session.get_one(tables.MemberRow, (clinic_id, member_id)))
        purpose = _Purpose(_BIND, (clinic_id, member_id, hash_token(signed_in.token), password))
        return self._start(purpose, redirect_uri)

    def finish(self, cookie: str, response: Mapping[str, str], redirect_uri: str) -> MemberSession | None:
        """Begin a session after a sign-in at the provider, or bind the identity, where None is returned.

        Parameters
        ----------
        cookie : of `begin` or `begin_binding`, from this browser.
        response : the parameters of the address to which the provider sent the browser.

        Raises
        ------
        ProviderError : the provider does not answer, or not as one.
        LockedError : too many sign-ins of an identity that is bound to nobody.
        InputError : `oidc`: this browser was not sent there, was there too long, the answer is not to its request, or
            the session or the password with which a binding was begun is not valid any more; `unknown-subject`: no
            member of the clinic who may sign in has this identity; `taken-subject`.
        """
        challenge, purpose = _read_cookie(cookie)
        request = self._request(cookie, redirect_uri)
        # The state is compared before the challenge is used up: an address from elsewhere must not end a sign-in.
        known = hmac.compare_digest(request.state.encode(), response.get("state", "").encode())
        if purpose is None or not known or not self._challenges.consume(challenge, purpose.text()):
            raise self.provider.refusal()
        subject = self.provider.identify(response, request)
        if purpose.kind == _SIGN_IN:
            return self._sign_in(purpose.words[0], subject)
        self._bind(*purpose.words, subject=subject)
        return None

    def _start(self, purpose: _Purpose, redirect_uri: str) -> OidcStart:
        cookie = f"{_encode(self._challenges.create(purpose.text()))}.{_encode(purpose.text().encode())}"
        return OidcStart(self.provider.authorization_address(self._request(cookie, redirect_uri)), cookie)

    def _request(self, cookie: str, redirect_uri: str) -> AuthorizationRequest:
        own = cookie.encode("utf-8", "surrogatepass")
        state, nonce, verifier = (
            self._database.secret.signature(f"oidc {name}", own) for name in ("state", "nonce", "verifier")
        )
        return AuthorizationRequest(redirect_uri, state, nonce, verifier)

    def _sign_in(self, clinic: str, subject: OidcSubject) -> MemberSession:
        lock = self._locks.subject("oidc", clinic, subject.issuer, subject.subject)
        self._locks.count_attempt(lock)
        with self._database.writing() as session:
            house = session.scalar(
                select(tables.ClinicRow).where(tables.ClinicRow.plain_name == clinic).with_for_update()
            )
            row = None if house is None else _find_identity(session, house.id, subject)
            if house is not None and row is not None:
                member = session.get_one(tables.MemberRow, (row.clinic_id, row.member_id))
                if member.disabled_at is None:
                    self._locks.reset(session, lock)
                    row.used_at = now()
                    ClinicTransaction(self._database, session, house, member.id).save(row, "sign-in.oidc")
                    return begin_session(session, member, code_confirmed=False)
            if house is not None:
                ClinicTransaction(self._database, session, house, "unknown").log("sign-in.refused", f"identity/{lock}")
        raise clinic_error(
            "unknown-subject", "oidc", name=self.provider.settings.title, hint={"subject": subject.subject}
        )

    def _bind(self, clinic_id: str, member_id: str, session_hash: str, password: str, *, subject: OidcSubject) -> None:
        """Bind an identity, unless the member signed out or has another password since they began.

        A stolen password must not lead to a binding that outlives it.
        """
        with self._database.writing() as session:
            # The clinic is locked first, as where passwords change, so that none changes from here on.
            house = session.scalar(select(tables.ClinicRow).where(tables.ClinicRow.id == clinic_id).with_for_update())
            found = None if house is None else find_open_session(session, session_hash, lock=True)
            if house is None or found is None or found.step_due is not None:
                raise self.provider.refusal()
            member = found.member
            whose = (member.clinic_id, member.id) == (clinic_id, member_id)
            if not whose or not hmac.compare_digest(self._sign_password(member), password):
                raise self.provider.refusal()
            _bind(ClinicTransaction(self._database, session, house, member.id), member.id, subject)

    def _sign_password(self, member: tables.MemberRow) -> str:
        """Return a signature that changes with the password; its hash itself stays out of the browser's cookie."""
        return self._database.secret.signature("oidc password", member.password_hash.encode())


def _find_identity(session: Session, clinic_id: str, subject: OidcSubject) -> tables.OidcIdentityRow | None:
    row = tables.OidcIdentityRow
    of_it = (row.clinic_id == clinic_id, row.issuer == subject.issuer, row.subject == subject.subject)
    return session.scalar(select(row).where(*of_it))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _read_cookie(cookie: str) -> tuple[bytes, _Purpose | None]:
    """Return challenge and purpose of a cookie; no purpose where it is none of ours."""
    challenge, _, purpose = cookie.partition(".")
    try:
        kind, *words = _decode(purpose).decode().split("\n")
        read = _Purpose(kind, tuple(words))
        return _decode(challenge), read if (kind, len(words)) in ((_SIGN_IN, 1), (_BIND, 4)) else None
    except (binascii.Error, ValueError):
        return b"", None


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

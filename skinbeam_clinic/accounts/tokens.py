"""Random tokens and their hashes, and API tokens with which other systems read the records of a clinic.

A token has 256 random bits, so that guessing is hopeless and a fast hash is enough; slow hashes are for passwords,
which people make up. API tokens are made and ended by owners, shown once, and valid for a year at most.
"""

import datetime
import hashlib
import secrets

from sqlalchemy import select

from skinbeam.text import render_message
from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.audit_log.hash_chain import row_label
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import AccessToken, Member, MemberSession

__all__ = [
    "LONGEST_TOKEN_DAYS",
    "ApiTokenAuthenticator",
    "ApiTokenRepository",
    "generate_api_token",
    "hash_token",
    "random_token",
]


def random_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the hash of a token, which is stored in its place."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_TOKEN_PREFIX = "skinbeam_"  # so that secret scanners recognise a token that was left in a file


def generate_api_token() -> str:
    """Return a new API token."""
    return _TOKEN_PREFIX + random_token()


class ApiTokenAuthenticator:
    """Identifies the system that sends an API token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_session(self, token: str) -> MemberSession | None:
        """Return the session of an API token, with an auditor's rights; None where it is unknown, ended or expired."""
        asked = select(ApiTokenRow, ClinicRow).join(ClinicRow, ClinicRow.id == ApiTokenRow.clinic_id)
        with self._database.reading() as session:
            token_row = session.execute(asked.where(ApiTokenRow.token_hash == hash_token(token))).one_or_none()
        if token_row is None:
            return None
        row, clinic = token_row
        if row.ended_at is not None or now() >= row.until:
            return None
        named = render_message("records.token-name", {"name": row.name})
        reader = Member(clinic.id, clinic.name, row_label(row), named, Role.AUDITOR)
        return MemberSession(token, reader, step_due=None, expires_at=row.until)


LONGEST_TOKEN_DAYS = 365
_LONGEST_TOKEN_NAME = 60


class ApiTokenRepository(Repository):
    """The API tokens of a clinic."""

    def make(self, name: str, days: int) -> tuple[AccessToken, str]:
        """Make a token, and return its record and the token itself, which is never shown again.

        Raises
        ------
        InputError : `bad-token-name`, or `bad-token-days`.
        """
        plain = " ".join(name.split())
        if not 0 < len(plain) <= _LONGEST_TOKEN_NAME or not plain.isprintable():
            raise clinic_error("bad-token-name", "name", hint={"longest": _LONGEST_TOKEN_NAME})
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise clinic_error("bad-token-days", "days", hint={"longest": LONGEST_TOKEN_DAYS})
        token, at = generate_api_token(), now()
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.new_row(
                ApiTokenRow,
                name=plain,
                token_hash=hash_token(token),
                until=at + datetime.timedelta(days=days),
                made_at=at,
                made_by=work.actor,
            )
            work.save(row, "token.made")
            return _read_token(work, row), token

    def end(self, id: str) -> None:
        """End a token; it is no error if it has ended already."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            work.get(ApiTokenRow, id)
            work.end_rows(ApiTokenRow, "token.ended", ApiTokenRow.id == id)

    def all(self) -> tuple[AccessToken, ...]:
        """Return the tokens, the newest first, each with its last use according to the audit log."""
        with self._access.reading_unlogged(AccessRight.MEMBERS) as work:
            return tuple(_read_token(work, row) for row in work.rows(ApiTokenRow, order=(ApiTokenRow.made_at,))[::-1])


def _read_token(work: ClinicTransaction, row: ApiTokenRow) -> AccessToken:
    used = work.entries(AuditEntryRow.actor == row_label(row), limit=1)
    return work.read_row(
        AccessToken,
        row,
        created_at=row.made_at,
        created_by=work.actor_name(row.made_by),
        expires_at=row.until,
        used_at=used[0].at if used else None,
    )

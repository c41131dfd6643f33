"""Other systems that read the records of a clinic: each shows a token, whose hash alone is kept."""

from sqlalchemy import select

from skinbeam.messages import text
from skinbeam.records.kept import Member, SignedIn
from skinbeam.records.people.tokens import hash_of, random_token
from skinbeam.records.roles import Role
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.followed import ApiToken
from skinbeam.records.store.tables import Clinic
from skinbeam.records.store.trail import row_name

__all__ = ["Readers", "fresh_token"]

_BEGINNING = "skinbeam_"  # so that a token which was left lying about in a file is found as one


def fresh_token() -> str:
    """Return a new token."""
    return _BEGINNING + random_token()


class Readers:
    """Knows which system asks.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def who(self, token: str) -> SignedIn | None:
        """Return whom a token stands for, who reads as an auditor does; None where it is none, or is good no more."""
        asked = select(ApiToken, Clinic).join(Clinic, Clinic.id == ApiToken.clinic_id)
        with self._database.reading() as session:
            found = session.execute(asked.where(ApiToken.token_hash == hash_of(token))).one_or_none()
        if found is None:
            return None
        row, clinic = found
        if row.ended_at is not None or now() >= row.until:
            return None
        named = text("records.token-name", {"name": row.name})
        reader = Member(clinic.id, clinic.name, row_name(row), named, Role.AUDITOR)
        return SignedIn(token, reader, code_due=False, until=row.until)

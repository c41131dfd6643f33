"""Random challenges that are valid for one purpose and one answer within some minutes, stored by their hash.

A passkey signs one; a sign-in at an OpenID Connect provider carries one there and back.
"""

import datetime
import hashlib
import secrets

from sqlalchemy import delete

from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import LoginChallengeRow

__all__ = ["CHALLENGE_LIFE", "ChallengeStore"]

CHALLENGE_LIFE = datetime.timedelta(minutes=5)
_CHALLENGE_BYTES = 32


class ChallengeStore:
    """Makes challenges, and accepts each of them once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, purpose: str) -> bytes:
        """Return a new challenge, and delete those that have expired."""
        challenge, at = secrets.token_bytes(_CHALLENGE_BYTES), now()
        with self._database.writing() as session:
            session.execute(delete(LoginChallengeRow).where(LoginChallengeRow.until < at))
            session.add(
                LoginChallengeRow(challenge_hash=_hash_challenge(challenge, purpose), until=at + CHALLENGE_LIFE)
            )
        return challenge

    def consume(self, challenge: bytes, purpose: str) -> bool:
        """Delete a challenge before the answer to it is checked; of two answers at once only one finds it.

        Returns False where it was never given for this purpose, was answered before, or is too old.
        """
        is_challenge = LoginChallengeRow.challenge_hash == _hash_challenge(challenge, purpose)
        with self._database.writing() as session:
            until = session.scalar(delete(LoginChallengeRow).where(is_challenge).returning(LoginChallengeRow.until))
        return until is not None and now() <= until <= now() + CHALLENGE_LIFE  # a clock that was set back prolongs none


def _hash_challenge(challenge: bytes, purpose: str) -> str:
    return hashlib.sha256(purpose.encode() + b"\n" + challenge).hexdigest()

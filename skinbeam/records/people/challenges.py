"""Challenges for passkeys to sign: random, kept here, good for one purpose and one answer within some minutes."""

import datetime
import hashlib
import secrets

from sqlalchemy import delete

from skinbeam.records.faults import fault
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import LoginChallenge

__all__ = ["LIFE", "Challenges"]

LIFE = datetime.timedelta(minutes=5)
_BYTES = 32


class Challenges:
    """Makes challenges and takes them back.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def new(self, purpose: str) -> bytes:
        """Return a challenge; those that nobody answered in time are thrown away."""
        challenge, at = secrets.token_bytes(_BYTES), now()
        with self._database.writing() as session:
            session.execute(delete(LoginChallenge).where(LoginChallenge.until < at))
            session.add(LoginChallenge(challenge_hash=_hash(challenge, purpose), until=at + LIFE))
        return challenge

    def spend(self, challenge: bytes, purpose: str) -> None:
        """Take a challenge back, before the answer to it is looked at; of two answers at once one finds it.

        Raises
        ------
        InputError : `passkey`: it was never given for that, was answered before, or is too old.
        """
        mine = LoginChallenge.challenge_hash == _hash(challenge, purpose)
        with self._database.writing() as session:
            until = session.scalar(delete(LoginChallenge).where(mine).returning(LoginChallenge.until))
        if until is None or not now() <= until <= now() + LIFE:  # set back, the clock makes none last longer
            raise fault("passkey", "passkey")


def _hash(challenge: bytes, purpose: str) -> str:
    return hashlib.sha256(purpose.encode() + b"\n" + challenge).hexdigest()

"""Tokens for other systems: made and ended by owners, shown once, good for a year at most."""

import datetime

from skinbeam.records.faults import fault
from skinbeam.records.kept import Token
from skinbeam.records.people.readers import fresh_token
from skinbeam.records.people.tokens import hash_of
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import now
from skinbeam.records.store.followed import ApiToken
from skinbeam.records.store.tables import Entry, new_id
from skinbeam.records.store.trail import row_name
from skinbeam.records.store.work import Access, Work

__all__ = ["LONGEST_DAYS", "Tokens"]

LONGEST_DAYS = 365
_LONGEST_NAME = 60


class Tokens:
    """The tokens of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def make(self, name: str, days: int) -> tuple[Token, str]:
        """Make a token; what it is beside its record is told this once.

        Raises
        ------
        InputError : `bad-token-name`, or `bad-token-days`.
        """
        plain = " ".join(name.split())
        if not 0 < len(plain) <= _LONGEST_NAME or not plain.isprintable():
            raise fault("bad-token-name", "name", hint={"longest": _LONGEST_NAME})
        if not 1 <= days <= LONGEST_DAYS:
            raise fault("bad-token-days", "days", hint={"longest": LONGEST_DAYS})
        token, at = fresh_token(), now()
        with self._access.work(Act.PEOPLE) as work:
            row = ApiToken(
                clinic_id=work.clinic_id,
                id=new_id(),
                name=plain,
                token_hash=hash_of(token),
                until=at + datetime.timedelta(days=days),
                made_at=at,
                made_by=work.actor,
            )
            work.keep(row, "token.made")
            return _token(work, row), token

    def end(self, id: str) -> None:
        """End a token; one that has ended stays as it is."""
        with self._access.work(Act.PEOPLE) as work:
            row = work.get(ApiToken, id)
            if row.ended_at is None:
                row.ended_at = now()
                work.keep(row, "token.ended")

    def all(self) -> tuple[Token, ...]:
        """Return the tokens, the newest first, each with its last use as the trail tells it."""
        with self._access.look(Act.PEOPLE) as work:
            return tuple(_token(work, row) for row in work.rows(ApiToken, order=(ApiToken.made_at,))[::-1])


def _token(work: Work, row: ApiToken) -> Token:
    used = work.entries(Entry.actor == row_name(row), limit=1)
    return Token(
        id=row.id,
        name=row.name,
        made_at=row.made_at,
        made_by=work.name_of(row.made_by),
        until=row.until,
        ended_at=row.ended_at,
        used_at=used[0].at if used else None,
    )

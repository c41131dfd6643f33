"""The way of a member's own calendar program to their appointments: an address with a token, one for each member."""

import datetime

from sqlalchemy import ColumnElement, select

from skinbeam.records.booked import Feed
from skinbeam.records.faults import fault
from skinbeam.records.kept import Member
from skinbeam.records.people.accounts import member_of
from skinbeam.records.people.readers import fresh_token
from skinbeam.records.people.tokens import hash_of
from skinbeam.records.roles import MAY, Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.followed import CalendarFeed
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["FEED_DAYS", "Feeds", "member_of_feed"]

FEED_DAYS = 180


class Feeds:
    """The feeds of a clinic: a member sees and ends their own, an owner everybody's.

    Parameters
    ----------
    database, member : as for `Desk`.
    """

    def __init__(self, database: Database, member: Member) -> None:
        self._access = Access(database, member)

    def make(self) -> tuple[Feed, str]:
        """Make one's own feed in place of any before; its token is told this once."""
        token, at = fresh_token(), now()
        with self._access.work(Act.WRITE) as work:
            for before in work.rows(CalendarFeed, CalendarFeed.member_id == work.actor, _open()):
                _end(work, before)
            row = CalendarFeed(
                clinic_id=work.clinic_id,
                id=new_id(),
                member_id=work.actor,
                token_hash=hash_of(token),
                until=at + datetime.timedelta(days=FEED_DAYS),
                made_at=at,
            )
            work.keep(row, "feed.made")
            return _feed(work, row), token

    def end(self, id: str) -> None:
        """End a feed; one that has ended stays as it is.

        Raises
        ------
        AbsentError : there is none of that name, or it is another's and who asks is no owner.
        """
        with self._access.work(Act.WRITE) as work:
            row = work.get(CalendarFeed, id)
            if row.member_id != work.actor and not self._everybody:
                raise fault("absent", "feed")
            if row.ended_at is None:
                _end(work, row)

    def all(self) -> tuple[Feed, ...]:
        """Return the feeds that are good, the newest first."""
        with self._access.look(Act.WRITE) as work:
            mine = () if self._everybody else (CalendarFeed.member_id == work.actor,)
            rows = work.rows(CalendarFeed, _open(), CalendarFeed.until > now(), *mine, order=(CalendarFeed.made_at,))
            return tuple(_feed(work, row) for row in rows[::-1])

    @property
    def _everybody(self) -> bool:
        return self._access.member.role in MAY[Act.PEOPLE]


def member_of_feed(database: Database, token: str) -> Member:
    """Return whose feed a token opens, who reads by it as they would themselves.

    Raises
    ------
    AbsentError : nobody's, or nobody's any more: it has ended, is over, or the member is let in no more.
    """
    feed, member, clinic = CalendarFeed, tables.Member, tables.Clinic
    asked = (
        select(feed, member, clinic)
        .join(member, (member.clinic_id == feed.clinic_id) & (member.id == feed.member_id))
        .join(clinic, clinic.id == feed.clinic_id)
    )
    with database.reading() as session:
        found = session.execute(asked.where(feed.token_hash == hash_of(token))).one_or_none()
    if found is None or found[0].ended_at or now() >= found[0].until or found[1].disabled_at:
        raise fault("absent", "feed")
    return member_of(found[1], found[2].name)


def _open() -> ColumnElement[bool]:
    return CalendarFeed.ended_at.is_(None)


def _end(work: Work, row: CalendarFeed) -> None:
    row.ended_at = now()
    work.keep(row, "feed.ended")


def _feed(work: Work, row: CalendarFeed) -> Feed:
    return Feed(row.id, row.member_id, work.name_of(row.member_id), row.made_at, row.until, row.ended_at)

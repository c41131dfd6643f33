"""Store and read calendar feeds: a member's calendar program reads their appointments by an address with a token."""

import datetime

from sqlalchemy import select

from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight
from skinbeam_clinic.accounts.repository import read_member
from skinbeam_clinic.accounts.tokens import generate_api_token, hash_token
from skinbeam_clinic.appointments.models import AppointmentFeed
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import CalendarFeedRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member

__all__ = ["FEED_DAYS", "CalendarFeedRepository", "find_feed_member"]

FEED_DAYS = 180


class CalendarFeedRepository(Repository):
    """The calendar feeds of a clinic: a member lists and ends their own feed, an owner those of all members."""

    def create(self) -> tuple[AppointmentFeed, str]:
        """Create the member's feed in place of an earlier one; its token is returned only this once."""
        token, at = generate_api_token(), now()
        with self._access.writing(AccessRight.WRITE) as work:
            work.end_rows(CalendarFeedRow, "feed.ended", CalendarFeedRow.member_id == work.actor)
            row = work.new_row(
                CalendarFeedRow,
                member_id=work.actor,
                token_hash=hash_token(token),
                until=at + datetime.timedelta(days=FEED_DAYS),
                made_at=at,
            )
            work.save(row, "feed.made")
            return _read_feed(work, row), token

    def end(self, id: str) -> None:
        """End a feed; one that has ended stays as it is.

        Raises
        ------
        RecordNotFoundError : there is no such feed, or it is another member's and the acting member is no owner.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(CalendarFeedRow, id)
            if row.member_id != work.actor and not self._manages_all_feeds:
                raise clinic_error("absent", "feed")
            work.end_rows(CalendarFeedRow, "feed.ended", CalendarFeedRow.id == id)

    def list_open(self) -> tuple[AppointmentFeed, ...]:
        """Return the feeds that have not ended or expired, the newest first."""
        with self._access.reading_unlogged(AccessRight.WRITE) as work:
            is_own = () if self._manages_all_feeds else (CalendarFeedRow.member_id == work.actor,)
            rows = work.rows(
                CalendarFeedRow,
                CalendarFeedRow.ended_at.is_(None),
                CalendarFeedRow.until > now(),
                *is_own,
                order=(CalendarFeedRow.made_at,),
            )
            return tuple(_read_feed(work, row) for row in rows[::-1])

    @property
    def _manages_all_feeds(self) -> bool:
        return self._access.member.role in PERMITTED_ROLES[AccessRight.MEMBERS]


def find_feed_member(database: Database, token: str) -> Member:
    """Return the member whose feed a token opens; the feed is read with their rights.

    Raises
    ------
    RecordNotFoundError : no feed has this token, the feed has ended or expired, or the member is disabled.
    """
    feed, member, clinic = CalendarFeedRow, tables.MemberRow, tables.ClinicRow
    asked = (
        select(feed, member, clinic)
        .join(member, (member.clinic_id == feed.clinic_id) & (member.id == feed.member_id))
        .join(clinic, clinic.id == feed.clinic_id)
    )
    with database.reading() as session:
        row = session.execute(asked.where(feed.token_hash == hash_token(token))).one_or_none()
    if row is None or row[0].ended_at or now() >= row[0].until or row[1].disabled_at:
        raise clinic_error("absent", "feed")
    return read_member(row[1], row[2].name)


def _read_feed(work: ClinicTransaction, row: CalendarFeedRow) -> AppointmentFeed:
    return AppointmentFeed(row.id, row.member_id, work.actor_name(row.member_id), row.made_at, row.until, row.ended_at)

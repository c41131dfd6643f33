"""Notices to a member about their own account, shown after each sign-in until the member says that they were read.

Whoever changes how a member signs in, with a stolen password or at an open screen, cannot do so without the member
being told. Members have no address to which anything could be sent; a notice waits in the clinic's own pages.
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import NoticeRow, new_id
from skinbeam_clinic.database.transaction import ClinicTransaction

__all__ = ["Notice", "NoticeKind", "NoticeRepository", "notify_member"]


class NoticeKind(StrEnum):
    """What a member is told; the sentence of each is a message of the catalogue."""

    PASSWORD = "password"
    CODES = "codes"
    RECOVERY_CODES = "recovery-codes"
    RECOVERY_CODE_USED = "recovery-code-used"
    CODE_USED_AGAIN = "code-used-again"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    IDENTITY_ADDED = "identity-added"
    IDENTITY_REMOVED = "identity-removed"
    NEW_BROWSER = "new-browser"
    MANY_PATIENTS = "many-patients"  # these are for owners, about members
    MANY_SEARCHES = "many-searches"
    MANY_COPIES = "many-copies"
    MANY_REFUSALS = "many-refusals"
    MANY_SIGN_INS = "many-sign-ins"
    MANY_REQUESTS = "many-requests"


@dataclass(frozen=True)
class Notice:
    """Something that a member has not read yet; `about` are the parameters of its sentence."""

    id: str
    kind: NoticeKind
    about: Mapping[str, str | int]
    noted_at: datetime.datetime
    noted_by: str


def notify_member(
    work: ClinicTransaction, member_id: str, kind: NoticeKind, *, id: str = "", **about: str | int
) -> None:
    """Note for a member what the acting member does, in the transaction in which it is done.

    Parameters
    ----------
    id : of the notice; a new one by default.
    about : of the sentence of the kind.
    """
    by, what = {"noted_at": now(), "noted_by": work.actor}, {"kind": kind, "about": about}
    row = work.new_row(NoticeRow, id=id or new_id(), member_id=member_id, **what, **by)
    work.save(row, "notice.added")


class NoticeRepository(Repository):
    """The notices to one member, which only this member reads."""

    def list_unread(self) -> tuple[Notice, ...]:
        """Return the notices that were not read, the newest first."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = self._rows(work)
            return tuple(work.read_row(Notice, row, kind=NoticeKind(row.kind)) for row in reversed(rows))

    def mark_read(self, ids: Collection[str]) -> None:
        """Note that the member has read these notices; those of others, and those that came meanwhile, stay."""
        with self._access.writing(AccessRight.READ) as work:
            for row in self._rows(work):
                if row.id in ids:
                    row.read_at = now()
                    work.save(row, "notice.read")

    def _rows(self, work: ClinicTransaction) -> list[NoticeRow]:
        is_unread = (NoticeRow.member_id == self._access.member.id, NoticeRow.read_at.is_(None))
        return work.rows(NoticeRow, *is_unread, order=(NoticeRow.noted_at,))

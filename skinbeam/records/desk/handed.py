"""The questions of a follow-up in the hands of the patient: who holds the tablet answers them once and reaches no more.

What is handed over names the follow-up and its end, signed with the secret of the database, and is kept nowhere: it is
good for one set of answers, since what was said is never written over, and for half an hour.
"""

import datetime
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from skinbeam.records.desk.judged import follow_up_of
from skinbeam.records.desk.said import Asked, Told, asked_before, asked_of, keep_said, to_change
from skinbeam.records.faults import fault
from skinbeam.records.followed import FollowUp, Moment
from skinbeam.records.kept import PATIENT, Member
from skinbeam.records.roles import Act
from skinbeam.records.store import followed
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.work import Access, Work, work_of

__all__ = ["HandedOver"]

_GOOD = datetime.timedelta(minutes=30)


class HandedOver:
    """Hands over the questions of follow-ups, and takes the answers.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def hand(self, member: Member, id: str) -> str:
        """Return what opens the questions of a follow-up.

        Raises
        ------
        AbsentError : the clinic has none of that name.
        DeniedError : the role does not do such work.
        InputError : `closed`, or `said-already`.
        """
        with Access(self._database, member).work(Act.WRITE) as work:
            _, held = to_change(work, id)
            if held["said"] is not None:
                raise fault("said-already", "follow-up")
            work.note("follow-up.handed-over", f"follow_up/{id}")
        about = f"{member.clinic_id}.{id}.{int((now() + _GOOD).timestamp())}"
        return f"{about}.{self._signature(about)}"

    def asked(self, token: str) -> Asked:
        """Return what is asked.

        Raises
        ------
        AbsentError : it is none that was handed over, is over, or was answered.
        """
        with self._work(token) as (work, row):
            work.note("follow-up.asked", f"follow_up/{row.id}")
            one = follow_up_of(work, row)
            if one.said is not None:
                raise fault("absent", "follow-up")
            return asked_of(one, asked_before(work, row) if one.moment is Moment.AFTER else None)

    def say(self, token: str, told: Told) -> FollowUp:
        """Keep what the patient said. Raises as `asked`, and as `FollowUps.say`."""
        with self._work(token) as (work, row):
            return keep_said(work, row.id, told, alone=True)

    @contextmanager
    def _work(self, token: str) -> Iterator[tuple[Work, followed.FollowUp]]:
        about, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(about).encode()):
            raise fault("absent", "follow-up")
        clinic_id, id, until = about.split(".")
        if now().timestamp() >= int(until):
            raise fault("absent", "follow-up")
        with work_of(self._database, clinic_id, PATIENT) as work:
            yield work, work.get(followed.FollowUp, id)

    def _signature(self, about: str) -> str:
        return self._database.secret.signature("handed-over", about.encode("utf-8", "replace"))

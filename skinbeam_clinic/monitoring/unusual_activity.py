"""Look for unusual activity in the audit log, and notify the owners of the clinic.

It signs nobody out and refuses nothing: a busy day must not lock a clinic out, so what is unusual is for people to
judge. What counts as unusual is set by the environment.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from sqlalchemy import select

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.notices import NoticeKind, notify_member
from skinbeam_clinic.database.clinic_access import RECORDS_READ
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicRow, MemberRow, NoticeRow
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import COMMAND_LINE_ACTOR, PATIENT_ACTOR
from skinbeam_clinic.monitoring.metrics import Metrics
from skinbeam_clinic.polling_thread import PollingThread

__all__ = ["ActivityLimits", "ActivityWatch", "read_activity_limits"]

_ACTOR = "skinbeam"
_NO_MEMBERS = frozenset({_ACTOR, COMMAND_LINE_ACTOR, PATIENT_ACTOR, "worker", "unknown", "clock"})
_TOKEN_ACTOR = "api_token/"
_OPENED = frozenset({"patient.seen", "consultation.seen", "record.read", "record.exported"})
_COPIED = "record.exported"
_SEARCHED = "contacts.searched"
_SIGN_IN_REFUSED = "sign-in.refused"
_REFUSED = frozenset({_SIGN_IN_REFUSED, "sign-in.code-refused", "member.password-refused", "access.refused"})
_FIRST_ENTRIES = 5000  # of each clinic that are read when the program starts
_POLL_S = 30.0
_JOIN_TIMEOUT_S = 1.0  # it only reads; a program that is told to end has four seconds
_MOST_DIGITS = 9
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActivityLimits:
    """How much of one member, of one name that is tried, or of refused sign-ins of a clinic is not unusual yet."""

    # whose records were opened
    patients: int = field(default=60, metadata={"minutes": 10, "variable": "SKINBEAM_WATCH_PATIENTS"})
    # of patients by name, date of birth or telephone, and the like
    searches: int = field(default=60, metadata={"minutes": 10, "variable": "SKINBEAM_WATCH_SEARCHES"})
    # of different patients' records
    copies: int = field(default=20, metadata={"minutes": 60, "variable": "SKINBEAM_WATCH_COPIES"})
    # of passwords, codes and rights
    refusals: int = field(default=9, metadata={"minutes": 60, "variable": "SKINBEAM_WATCH_REFUSALS"})
    # of any names of a clinic, that were refused
    sign_ins: int = field(default=40, metadata={"minutes": 60, "variable": "SKINBEAM_WATCH_SIGN_INS"})
    # that read or wrote something
    requests: int = field(default=1500, metadata={"minutes": 60, "variable": "SKINBEAM_WATCH_REQUESTS"})


_MINUTES: Mapping[str, int] = {field.name: field.metadata["minutes"] for field in fields(ActivityLimits)}


def read_activity_limits(environment: Mapping[str, str]) -> ActivityLimits:
    """Return the limits of the environment: `SKINBEAM_WATCH_PATIENTS` and so on.

    Raises
    ------
    InputError : `bad-watch`, with the variable.
    """
    read = {}
    for limit in fields(ActivityLimits):
        variable = limit.metadata["variable"]
        if written := environment.get(variable, "").strip():
            if not (written.isascii() and written.isdecimal() and len(written) <= _MOST_DIGITS):
                raise clinic_error("bad-watch", variable)
            read[limit.name] = int(written)
    return ActivityLimits(**read)


@dataclass
class _ClinicActivity:
    """What happened in a clinic of late: for what is counted and whose it is, times with what was acted on."""

    entries_read: int
    happened: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))

    def forget_old(self) -> None:
        """Forget what is longer ago than the minutes of its limit, also of those who did nothing since."""
        at = now()
        for (name, whose), events in list(self.happened.items()):
            recent = [event for event in events if event[0] >= at - timedelta(minutes=_MINUTES[name])]
            if recent:
                self.happened[name, whose] = recent
            else:
                del self.happened[name, whose]


class ActivityWatch(PollingThread):
    """A thread that looks at new entries of the audit logs of all clinics twice a minute.

    Parameters
    ----------
    metrics : counts what was unusual.
    """

    def __init__(self, database: Database, limits: ActivityLimits, metrics: Metrics) -> None:
        self._database = database
        self._limits = limits
        self._metrics = metrics
        self._clinics: dict[str, _ClinicActivity] = {}
        defect = "defect while looking for unusual activity"
        super().__init__("watch", defect=defect, poll_s=_POLL_S, join_s=_JOIN_TIMEOUT_S)

    def process_next(self) -> bool:
        """Check all new entries; return False, since nothing is left then."""
        self.look()
        return False

    def look(self) -> None:
        """Read the entries since the last time, and tell owners of what is unusual in them.

        Raises
        ------
        UnreachableError : the database does not answer.
        """
        with self._database.reading() as session:
            clinics = {row.id: row.trail_length for row in session.scalars(select(ClinicRow))}
        for clinic_id, length in clinics.items():
            known = self._clinics.setdefault(clinic_id, _ClinicActivity(max(0, length - _FIRST_ENTRIES)))
            changed = self._read_new(clinic_id, known) if length > known.entries_read else set()
            known.forget_old()
            for name, whose in changed & known.happened.keys():
                number = len({thing for _, thing in known.happened[name, whose]})
                if number > getattr(self._limits, name):
                    self._notify(clinic_id, name, whose, number)

    def _read_new(self, clinic_id: str, activity: _ClinicActivity) -> set[tuple[str, str]]:
        """Add new entries to what happened, and return what is to be counted again."""
        changed = set()
        new = (AuditEntryRow.clinic_id == clinic_id, AuditEntryRow.seq > activity.entries_read)
        with self._database.reading() as session:
            for entry in session.scalars(select(AuditEntryRow).where(*new).order_by(AuditEntryRow.seq)):
                activity.entries_read = entry.seq
                for name, whose, thing in _list_events(entry):
                    activity.happened[name, whose].append((entry.at, thing))
                    changed.add((name, whose))
        return changed

    def _notify(self, clinic_id: str, name: str, whose: str, number: int) -> None:
        """Notify each owner, once a day of the same; of another program once a week, as it may read all every night."""
        date = now().date()
        period = date.isocalendar()[:2] if whose.startswith(_TOKEN_ACTOR) else date
        with open_transaction(self._database, clinic_id, _ACTOR) as work:
            owners = (MemberRow.role == Role.OWNER, MemberRow.disabled_at.is_(None))
            about: dict[str, str | int] = {"number": number, "minutes": _MINUTES[name]}
            if "/" not in whose or whose.startswith(_TOKEN_ACTOR):
                about |= {"name": work.actor_name(whose)}
            for owner in work.rows(MemberRow, *owners):
                id = hashlib.sha256(f"{owner.id}/{name}/{whose}/{period}".encode()).hexdigest()[:32]
                if work.find(NoticeRow, id) is None:
                    notify_member(work, owner.id, NoticeKind(f"many-{name.replace('_', '-')}"), id=id, **about)
                    self._metrics.count_unusual(name)
                    _log.warning("unusual activity: many %s", name)


def _list_events(entry: AuditEntryRow) -> Iterator[tuple[str, str, str]]:
    """Yield what of an entry is counted: name of the limit, whose it is, and what was acted on."""
    if entry.action in _REFUSED:
        yield "refusals", entry.subject, str(entry.seq)
        if entry.action == _SIGN_IN_REFUSED:  # many names may be tried a few times each
            yield "sign_ins", f"clinic/{entry.clinic_id}", str(entry.seq)
    if entry.actor in _NO_MEMBERS:
        return
    yield "requests", entry.actor, str(entry.seq)
    read = entry.detail["seen"] if entry.action == RECORDS_READ else {entry.subject: [entry.action]}
    for record, actions in read.items():
        kinds = {action.partition(" ")[0] for action in actions}
        if record.startswith("patient/") and kinds & _OPENED:
            yield "patients", entry.actor, record
        if _COPIED in kinds:
            yield "copies", entry.actor, record
        if _SEARCHED in kinds:  # each counts, since the log does not tell what was searched for
            yield "searches", entry.actor, str(entry.seq)

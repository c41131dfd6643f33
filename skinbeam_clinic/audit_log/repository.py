"""Read the audit log of a clinic, as its owner and its auditor may; each reading is itself logged."""

from sqlalchemy import ColumnElement, Text, and_, or_, type_coerce

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.clinic_access import RECORDS_READ, Repository
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.database.tables import AuditEntryRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.models import AuditEntry

__all__ = ["AuditLogRepository", "detail_contains"]

_CHANGES = ("contact.saved", "consultation.saved", "patient.year-changed")  # actions that may replace who somebody is


class AuditLogRepository(Repository):
    """The audit log of a clinic, for reading."""

    def newest(self, limit: int, *, subject: str = "", before: int | None = None) -> tuple[AuditEntry, ...]:
        """Return the last entries, the newest first.

        Parameters
        ----------
        subject : only those about this record, such as `patient/` and its id.
        before : only those with a smaller number.
        """
        about = [_subject_condition(subject)] if subject else []
        about += [AuditEntryRow.seq < before] if before is not None else []
        with self._access.writing(AccessRight.AUDIT_LOG) as work:
            work.log("trail.seen", subject or "trail")
            entries = work.entries(*about, limit=limit)
            return tuple(_read_entry(work, entry) for entry in entries)


def _subject_condition(subject: str) -> ColumnElement[bool]:
    """Return the condition that an entry is about a record, or lists it among those read."""
    return or_(AuditEntryRow.subject == subject, and_(AuditEntryRow.action == RECORDS_READ, detail_contains(subject)))


def detail_contains(text: str) -> ColumnElement[bool]:
    """Return the condition that the detail of an entry contains a text, as a key or as a value."""
    return type_coerce(AuditEntryRow.detail, Text).contains(canonical_json(text), autoescape=True)


def _read_entry(work: ClinicTransaction, entry: AuditEntryRow) -> AuditEntry:
    seen = entry.detail["seen"] if entry.action == RECORDS_READ else {}
    changes = entry.detail.get("changed", {}) if entry.action in _CHANGES else {}
    return AuditEntry(entry.seq, entry.at, work.actor_name(entry.actor), entry.action, entry.subject, seen, changes)

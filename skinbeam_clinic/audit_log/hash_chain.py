"""The audit log of a clinic as a chain of signed entries, in which every alteration is noticed.

Each entry is signed over its content and the signature before it (Haber and Stornetta's chain of time stamps, with a
keyed hash: somebody who has the database but not its key cannot make a valid chain). An entry about a row carries the
row's own signature, so a row that was altered without an entry no longer fits its last entry. Signatures are keyed, so
that they reveal nothing of what was erased.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from skinbeam_clinic.database.columns import canonical_json, now
from skinbeam_clinic.database.encryption import DatabaseSecret
from skinbeam_clinic.database.tables import AuditEntryRow, Base, ClinicRow

__all__ = [
    "CLOCK_SET_BACK",
    "AuditEvent",
    "append_entry",
    "clinic_signature_text",
    "entry_signature",
    "row_label",
    "row_signature",
]

CLOCK_SET_BACK = "clock.set-back"
_CLOCK_ACTOR = "clock"
_LAST_ENTRY = "last entry"  # in the information of a session
_CLOCK_TOLERANCE = datetime.timedelta(minutes=1)  # between the clocks of two servers, or when one is corrected


@dataclass(frozen=True)
class AuditEvent:
    """What an entry of the log says: who did what to which record."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def append_entry(
    session: Session,
    secret: DatabaseSecret,
    clinic: ClinicRow,
    event: AuditEvent,
) -> AuditEntryRow:
    """Append an entry to a clinic's audit log; this transaction must have locked the clinic's row.

    It is written with the next statement of the transaction, together with others that were appended before.

    The order of entries is that of their numbers. Their times never run back by a little; where the clock was set back
    by more, an extra entry records that before the first entry with the new time.
    """
    key, at = (clinic.id, clinic.trail_length), now()
    last: AuditEntryRow | None = session.info.get(_LAST_ENTRY)
    if last is None or (last.clinic_id, last.seq) != key:
        last = session.get(AuditEntryRow, key)
    if last is not None and at < last.at:
        by = last.at - at
        if by > _CLOCK_TOLERANCE:
            details = {"by_s": round(by.total_seconds())}
            _add_entry(
                session, secret, clinic, at, AuditEvent(_CLOCK_ACTOR, CLOCK_SET_BACK, f"clinic/{clinic.id}", details)
            )
        else:
            at = last.at
    return _add_entry(session, secret, clinic, at, event)


def _add_entry(
    session: Session,
    secret: DatabaseSecret,
    clinic: ClinicRow,
    at: datetime.datetime,
    event: AuditEvent,
) -> AuditEntryRow:
    entry = AuditEntryRow(
        clinic_id=clinic.id,
        seq=clinic.trail_length + 1,
        at=at,
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        detail=dict(event.detail),
        previous=clinic.trail_head,
    )
    entry.hash = entry_signature(secret, entry)
    clinic.trail_length, clinic.trail_head = entry.seq, entry.hash
    session.add(entry)
    session.info[_LAST_ENTRY] = entry
    return entry


def entry_signature(secret: DatabaseSecret, entry: AuditEntryRow) -> str:
    """Return the signature that an entry must have."""
    values = {name: _json_value(value) for name, value in _column_values(entry).items() if name != "hash"}
    return secret.signature("trail", canonical_json(values).encode())


def row_label(row: Base) -> str:
    """Return the name of a row in the audit log: its table and its id."""
    return f"{row.__tablename__}/{row.id}"  # type: ignore[attr-defined]


def row_signature(secret: DatabaseSecret, row: Base) -> str:
    """Return the signature of all columns of a row."""
    values = {"table": row.__tablename__} | {name: _json_value(value) for name, value in _column_values(row).items()}
    return secret.signature("row", canonical_json(values).encode())


def clinic_signature_text(clinic: ClinicRow) -> dict[str, Any]:
    """Return the detail of a log's first entry: the columns of its clinic that never change."""
    fixed = ("name", "plain_name", "synthetic", "created_at")
    return {name: _json_value(getattr(clinic, name)) for name in fixed}


def _column_values(row: Base) -> dict[str, Any]:
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else value

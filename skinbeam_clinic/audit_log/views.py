"""Entries of the audit log in words: what was done, to which kind of record, by whom."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skinbeam.text import Formatter, render_message
from skinbeam_clinic.models import AuditEntry

__all__ = ["AuditEntryView", "RecordReadView", "list_entry_views"]


@dataclass(frozen=True)
class RecordReadView:
    """A record, and in words what of it was read."""

    kind: str
    id: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class AuditEntryView:
    """An entry of the audit log for display.

    Parameters
    ----------
    action, kind : in words; as they are stored where this version has no words for them.
    id : of the record.
    records_read : of an entry that names several records; its `kind` and `id` are then of the page's.
    """

    seq: int
    at: datetime.datetime
    actor: str
    action: str
    kind: str
    id: str
    records_read: tuple[RecordReadView, ...]


def list_entry_views(entries: Iterable[AuditEntry]) -> tuple[AuditEntryView, ...]:
    """Return entries in the current language."""
    return tuple(_view_entry(entry) for entry in entries)


def _view_entry(entry: AuditEntry) -> AuditEntryView:
    kind, _, id = entry.subject.partition("/")
    changes = (_describe_change(name, values) for name, values in entry.changes.items())
    action = "; ".join((_word("audit-action", entry.action), *changes))
    words = (_word("audit-actor", entry.actor), action, _word("audit-record", kind))
    read = tuple(_view_record(record, parts) for record, parts in entry.records_read.items())
    return AuditEntryView(entry.seq, entry.at, *words, id, read)


def _describe_change(name: str, values: Sequence[object]) -> str:
    """Return the former and the new one of a fact; which fact was replaced where the log holds neither."""
    if values:
        return " → ".join(map(str, values))
    return render_message("audit-changed.replaced", {"name": _word("audit-changed", name)})


def _view_record(record: str, parts: Iterable[str]) -> RecordReadView:
    kind, _, id = record.partition("/")
    return RecordReadView(_word("audit-record", kind), id, tuple(map(_describe_part, parts)))


def _describe_part(part: str) -> str:
    """Return what was read in words, with what stands behind the action, such as the name of a file."""
    action, _, detail = part.partition(" ")
    return f"{_word('audit-action', action)} {_describe_span(detail)}".rstrip()


def _describe_span(detail: str) -> str:
    """Return the two moments of a span as pages write them; any other detail as it is stored."""
    try:
        first, last = map(datetime.datetime.fromisoformat, detail.split(" "))
    except ValueError:
        return detail
    return f"{Formatter().moment(first)} – {Formatter().moment(last)}"


def _word(section: str, key: str) -> str:
    """Return the words for a key of the log. It may be of a newer version, or an actor the name of a member."""
    name = key.replace(".", "-").replace("_", "-").replace(" ", "-")
    try:
        return render_message(f"{section}.{name}")
    except KeyError:
        return key

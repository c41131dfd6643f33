"""Records without the names of those who work in the clinic, and texts without signs that no document may hold."""

import unicodedata
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

__all__ = ["nameless", "plain_text"]

Record = TypeVar("Record")

# Fields that hold who did something; where nobody did it yet they are None, and stay so.
_WHO = frozenset(
    {
        "by",
        "created_by",
        "ended_by",
        "fired_by",
        "machine",
        "member",
        "member_id",
        "noted_by",
        "opened_by",
        "paired_by",
        "pseudonym",
        "rater",
        "read_by",
        "room",
        "started_by",
    }
)


def nameless(record: Record) -> Record:
    """Return a record, and all that is in it, without who did it."""
    held = {field.name: getattr(record, field.name) for field in fields(record)}  # type: ignore[arg-type]
    told = {name: _without(value) if name in _WHO else _plain(value) for name, value in held.items()}
    return type(record)(**told)


def plain_text(text: str) -> str:
    """Return a text without control characters, which documents of FHIR may not hold."""
    return "".join(sign for sign in text if sign in "\t\n" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()


def _without(value: Any) -> Any:
    return type(value)() if isinstance(value, str | tuple) else value


def _plain(value: Any) -> Any:
    if type(value) is str:  # and no word of a list
        return plain_text(value)
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    return nameless(value) if is_dataclass(value) else value

"""Refuse records of another clinic that are dated as no record can be.

A date of the year 9999 would stop each page that adds years to it, such as the list of records that may be erased.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Dossier

__all__ = ["check_moments"]

_FIRST = datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)
_CLOCKS_APART = datetime.timedelta(days=1)  # of the other clinic's machine, which may be ahead
_AHEAD = frozenset({"not_before", "expires_at"})  # when a consent may be signed, and when a link ends
_LONGEST_AHEAD = datetime.timedelta(days=3660)


def check_moments(dossier: Dossier, field: str) -> None:
    """Check when the records of a dossier were made; appointments, which lie ahead, are not looked at.

    Raises
    ------
    InputError : `impossible-moment`: without a time zone, before 1900, or after today, or years after today for what
        lies ahead.
    """
    today = now()
    records = (
        dossier.patient,
        dossier.consultations,
        dossier.notes,
        [attachment for attachment, _ in dossier.attachments],
    )
    for name, at in _list_moments("", records):
        if at.tzinfo is None or not _FIRST <= at <= today + (_LONGEST_AHEAD if name in _AHEAD else _CLOCKS_APART):
            raise clinic_error("impossible-moment", field, at=at.date().isoformat())


def _list_moments(name: str, value: Any) -> Iterator[tuple[str, datetime.datetime]]:
    """Yield each moment in a record, at any depth, with the name of its field."""
    if isinstance(value, datetime.datetime):
        yield name, value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _list_moments(field.name, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _list_moments(str(key), entry)
    elif isinstance(value, list | tuple | set | frozenset):
        for entry in value:
            yield from _list_moments(name, entry)

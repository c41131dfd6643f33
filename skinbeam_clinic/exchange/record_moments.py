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


def check_moments(dossier: Dossier, field: str) -> None:
    """Check when the records of a dossier were made; appointments, which lie ahead, are not looked at.

    Raises
    ------
    InputError : `impossible-moment`: before 1900, or after today.
    """
    last = now() + _CLOCKS_APART
    records = (dossier.patient, dossier.consultations, dossier.notes, [one for one, _ in dossier.attachments])
    for at in _list_moments(records):
        if not _FIRST <= at <= last:
            raise clinic_error("impossible-moment", field, at=at.date().isoformat())


def _list_moments(value: Any) -> Iterator[datetime.datetime]:
    """Yield each moment in a record, at any depth."""
    if isinstance(value, datetime.datetime):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _list_moments(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _list_moments(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _list_moments(one)

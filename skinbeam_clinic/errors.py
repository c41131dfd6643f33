"""What can go wrong with records, each with its sentence; who calls tells them apart by type or by `code`."""

import datetime
from typing import Any

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.appointments.models import BookingClash

__all__ = [
    "BusyError",
    "ClashError",
    "ClosedError",
    "ConflictError",
    "DeniedError",
    "LockedError",
    "RecordNotFoundError",
    "UnreachableError",
    "WrongKeyError",
    "clinic_error",
]


class RecordNotFoundError(InputError):
    """This clinic has no such record; what another clinic has is answered in the same words."""


class BusyError(InputError):
    """So much waits to be done that more would wait for long."""


class ClashError(InputError):
    """Somebody or something is taken at a time that was asked for: `clashes` say who or what, and by what."""

    clashes: tuple[BookingClash, ...]


class ClosedError(InputError):
    """The consultation is closed: it is read, and changed by nobody before it is opened again."""


class ConflictError(InputError):
    """Somebody else saved first: `revision` is theirs, `saved_by` who and `saved_at` when."""

    revision: int
    saved_by: str
    saved_at: datetime.datetime


class DeniedError(InputError):
    """The role of this member does not do that."""


class LockedError(InputError):
    """Too many failures: nothing is tried before `until`, for names that exist and for those that do not."""

    until: datetime.datetime


class UnreachableError(InputError):
    """The database does not answer, is busy for too long, or its disk is full; nothing was saved."""


class WrongKeyError(InputError):
    """The key in the environment is not the one that this database was made with."""


_ERROR_TYPES: dict[str, type[InputError]] = {
    "absent": RecordNotFoundError,
    "clash": ClashError,
    "closed": ClosedError,
    "conflict": ConflictError,
    "denied": DeniedError,
    "locked": LockedError,
    "queue-full": BusyError,
    "unreachable": UnreachableError,
    "wrong-key": WrongKeyError,
}


def clinic_error(code: str, field: str, hint: dict[str, Any] | None = None, **about: Any) -> InputError:
    """Return the error `code` with its sentence and its way out, of the type that belongs to it.

    Parameters
    ----------
    field : what it is about: an option, a field of a form, a kind of record.
    hint : parameters of the way out.
    about : parameters of the sentence.
    """
    sentence = render_message(f"records-fault.{code}", about)
    return _ERROR_TYPES.get(code, InputError)(
        code, sentence, field=field, hint=render_message(f"records-fault.{code}-hint", hint)
    )

"""Error types of the clinic's records, and `clinic_error`, which makes one with its message and hint.

Callers distinguish errors by type or by `code`.
"""

import datetime
import math
from collections.abc import Mapping
from typing import Any

from skinbeam.model.errors import DISK_FULL, InputError
from skinbeam.text import render_message
from skinbeam_clinic.appointments.models import BookingClash

__all__ = [
    "BookingError",
    "BusyError",
    "ClashError",
    "ClosedError",
    "ConflictError",
    "DeniedError",
    "DiskFullError",
    "LockedError",
    "ProviderError",
    "RecordNotFoundError",
    "ReplacedError",
    "UnreachableError",
    "WrongKeyError",
    "catalogue_error",
    "clinic_error",
    "conflict_error",
    "sizes_apart",
    "storage_error",
]


class RecordNotFoundError(InputError):
    """This clinic has no such record; the answer is the same where another clinic has it."""


class BusyError(InputError):
    """The queue is full: a new job would wait for too long."""


class BookingError(InputError):
    """An appointment is refused by itself, whatever else is booked: `place` is which of those that were asked for."""

    place: int = 0


class ClashError(InputError):
    """A member or machine is not free at the requested time: `clashes` lists which, and what occupies it."""

    clashes: tuple[BookingClash, ...]


class ClosedError(InputError):
    """The consultation is closed: it can be read, but not changed until it is opened again."""


class ConflictError(InputError):
    """Somebody else saved first: `saved_by` is who and `saved_at` when; nothing was overwritten."""

    saved_by: str
    saved_at: datetime.datetime


class DeniedError(InputError):
    """The role of this member does not have the required right."""


class LockedError(InputError):
    """Too many failures: no attempt is checked before `until`, for names that exist and for those that do not."""

    until: datetime.datetime


class ProviderError(InputError):
    """The OpenID Connect provider does not answer, or not as one."""


class ReplacedError(InputError):
    """The record is closed, since another record of the same person is kept, which the message names."""


class UnreachableError(InputError):
    """The database does not answer, or is busy for too long; nothing was saved."""


class DiskFullError(UnreachableError):
    """There is no room for what was to be written; nothing was saved."""


class WrongKeyError(InputError):
    """The key in the environment is not the one with which this database was made."""


_ERROR_TYPES: dict[str, type[InputError]] = {
    "absent": RecordNotFoundError,
    "appointment-length": BookingError,
    "appointment-machine": BookingError,
    "appointment-member": BookingError,
    "clash": ClashError,
    "closed": ClosedError,
    "conflict": ConflictError,
    "denied": DeniedError,
    "disk-full": DiskFullError,
    "locked": LockedError,
    "oidc-provider": ProviderError,
    "queue-full": BusyError,
    "record-replaced": ReplacedError,
    "settings-busy": BusyError,
    "settings-computing": BusyError,
    "stored-file-missing": RecordNotFoundError,
    "time-to-think": BookingError,
    "unreachable": UnreachableError,
    "wrong-key": WrongKeyError,
}


def clinic_error(code: str, field: str, hint: Mapping[str, Any] | None = None, **params: Any) -> InputError:
    """Return the error for `code`, with its message and hint, as the error type that belongs to the code.

    Parameters
    ----------
    field : what it is about: an option, a field of a form, a kind of record.
    hint : parameters of the hint, which says what to do.
    """
    return catalogue_error(code, f"records-fault.{code}", field, hint, **params)


def catalogue_error(
    code: str, message: str, field: str, hint: Mapping[str, Any] | None = None, /, **params: Any
) -> InputError:
    """Return an error with a message of the catalogue and its hint, as the error type that belongs to the code.

    Parameters
    ----------
    message : id of the message; that of the hint ends in `-hint`.
    field, hint, params : as for `clinic_error`.
    """
    return _ERROR_TYPES.get(code, InputError)(
        code, render_message(message, params), field=field, hint=render_message(f"{message}-hint", hint)
    )


def conflict_error(field: str, saved_by: str, saved_at: datetime.datetime) -> ConflictError:
    """Return the error of who saves a record that somebody else has saved since it was read."""
    error = clinic_error("conflict", field, by=saved_by, at=saved_at)
    assert isinstance(error, ConflictError)
    error.saved_by, error.saved_at = saved_by, saved_at
    return error


def sizes_apart(size_bytes: int, most_bytes: float) -> dict[str, Any]:
    """Return `size_MB` of a file and `most_MB`, the limit below it, rounded so that they never look alike."""
    return {"size_MB": math.ceil(size_bytes / 100_000) / 10, "most_MB": math.floor(most_bytes / 1_000_000)}


def storage_error(field: str, error: OSError) -> InputError:
    """Return the error of a file that cannot be written: its disk is full, or cannot be reached."""
    reason = error.strerror or str(error)
    if error.errno in DISK_FULL:
        return clinic_error("disk-full", field, reason=reason)
    return clinic_error("unreachable", field, reason=reason)

"""Exceptions of skinbeam, and hints for misspelt names.

`InputError` is for the caller to correct, with exit code 2: it names the fault, the field, the value that was read and
a correct value. `NotAvailable` means that the question cannot be answered, with exit code 3. Every other exception
that reaches the command line is a defect, with exit code 1.
"""

import errno
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, Protocol

__all__ = [
    "ALIKE_NAMES",
    "DISK_FULL",
    "InputError",
    "NotAvailable",
    "SkinbeamError",
    "nearest_name",
    "spelling_hint",
    "unknown_name_error",
]

DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # numbers of errors of the system
_MAX_MESSAGE_CHARACTERS = 400  # characters of a message: the value that it quotes may be a page of text


class SkinbeamError(Exception):
    """Base class of every error that skinbeam raises on purpose."""


class InputError(SkinbeamError):
    """The input is wrong.

    Parameters
    ----------
    code : short kebab-case name of the kind of fault, e.g. `unknown-key`.
    message : the fault and the value that was read.
    field : dotted path of the value, e.g. `concern[0].site`, or the option.
    hint : how to correct it.
    file : the file that was read, if any (its name only).
    """

    def __init__(self, code: str, message: str, *, field: str, hint: str, file: str = "") -> None:
        if len(message) > _MAX_MESSAGE_CHARACTERS:
            message = f"{message[:_MAX_MESSAGE_CHARACTERS]} …"
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint
        self.file = file
        self.params: Mapping[str, Any] = {}
        self.further_errors: tuple[InputError, ...] = ()

    def with_params(self, params: Mapping[str, Any]) -> "InputError":
        """Store the values of the fault, for a page that puts it into its own words, and return this fault."""
        self.params = params
        return self

    def with_further_errors(self, errors: Iterable["InputError"]) -> "InputError":
        """Store further faults that were found at the same time, and return this fault."""
        self.further_errors = tuple(errors)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is pickled with the arguments of Exception alone, which is the message.
        return partial(type(self), self.code, self.message, field=self.field, hint=self.hint), (), vars(self)

    def as_record(self) -> dict[str, str]:
        """Return the JSON object of an error, in the app and on the command line; of several errors, the first."""
        record = {"code": self.code, "message": self.message, "field": self.field, "hint": self.hint}
        return record | ({"file": self.file} if self.file else {})

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        return f"{where}{self.field}: {self.message}. {self.hint}"


class _Answer(Protocol):
    """A result, which has a document."""

    def to_dict(self) -> dict[str, Any]: ...


class NotAvailable(SkinbeamError):
    """The question cannot be answered; the reason is part of the answer.

    Parameters
    ----------
    reason : why.
    answer : the result with unknowns in place of values, where there is one.
    body : the keys of the command's document, with unknowns in place of values; those of `answer` where it is given,
        and empty for a feature that does not exist.
    """

    def __init__(
        self, reason: str, *, answer: "_Answer | None" = None, body: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer
        self.body = dict(body or {}) if answer is None else answer.to_dict()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.reason, answer=self.answer, body=self.body), ()


_ALIKE: Final = 0.5  # share of letters in common of a key or an option and a misspelt one
ALIKE_NAMES: Final = 0.65  # and of names, of which others are not spelt alike by chance: "doctor" is no "auditor"


def nearest_name(name: str, known: Iterable[str], *, least: float = _ALIKE) -> str | None:
    """Return the known name nearest to `name`, or None when none has at least this share of letters in common."""
    matches = get_close_matches(str(name), list(known), n=1, cutoff=least)
    return matches[0] if matches else None


_MOST_LISTED: Final = 60  # names in a hint: more fill a screen, as the six hundred time zones would


def spelling_hint(words: Iterable[str], known: Iterable[str]) -> str:
    """Return a "Did you mean" question with the known name nearest to the first unknown word; empty if none is near."""
    known = list(known)
    near = next((nearest_name(word, known) for word in words if word not in known), None)
    return f'Did you mean "{near}"? ' if near else ""


def unknown_name_error(kind: str, name: str, known: Iterable[str], *, field: str) -> InputError:
    """Return the error for an unknown name, with the nearest known name or, if none is near, the known names."""
    known = sorted(known)
    near = nearest_name(name, known, least=ALIKE_NAMES)
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known[:_MOST_LISTED])}{more}."
    return InputError(f"unknown-{kind}", f'unknown {kind} "{name}"', field=field, hint=hint)

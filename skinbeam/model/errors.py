"""What can go wrong, for people and for programs.

`InputError` is the caller's to mend, with exit code 2: it says what was wrong, where, what was read and what
would be right. `NotAvailable` is an honest "nothing here can answer that", with exit code 3. Every other exception
that reaches the command line is a defect, with exit code 1.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

__all__ = ["InputError", "NotAvailable", "SkinbeamError", "nearest_name", "spelling_hint", "unknown_name_error"]

_MAX_MESSAGE_CHARACTERS = 400  # characters of a message: what it tells as read may be a page of text


class SkinbeamError(Exception):
    """Root of every error that skinbeam raises on purpose."""


class InputError(SkinbeamError):
    """The input is wrong.

    Parameters
    ----------
    code : short kebab-case name of the kind of fault, e.g. `unknown-key`.
    message : what was wrong and what was read.
    field : dotted path of the value, e.g. `concern[0].site`, or the option.
    hint : what would be right.
    file : the file that was read, when there is one (its name only).
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
        self.others: tuple[InputError, ...] = ()

    def with_others(self, others: Iterable["InputError"]) -> "InputError":
        """Return this fault as the first of several that were found at once."""
        self.others = tuple(others)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled by what their root was given, which is the message alone.
        return partial(type(self), self.code, self.message, field=self.field, hint=self.hint), (), vars(self)

    def as_record(self) -> dict[str, str]:
        """Return the one JSON shape of an error, in the app and on the command line; of several, the first."""
        record = {"code": self.code, "message": self.message, "field": self.field, "hint": self.hint}
        return record | ({"file": self.file} if self.file else {})

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        return f"{where}{self.field}: {self.message}. {self.hint}"


class NotAvailable(SkinbeamError):
    """Nothing that was asked can be answered; the reason is part of the answer.

    `body` holds the keys of the command's own document, with unknowns in place of values; it is empty for a
    feature that does not exist.
    """

    def __init__(self, reason: str, *, body: Mapping[str, object] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = dict(body or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.reason, body=self.body), ()


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, or None when none is near."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def spelling_hint(words: Iterable[str], known: Iterable[str]) -> str:
    """Return the question after the known name nearest to the first unknown word; nothing when none is near."""
    known = list(known)
    near = next((nearest_name(word, known) for word in words if word not in known), None)
    return f'Did you mean "{near}"? ' if near else ""


def unknown_name_error(kind: str, name: str, known: Iterable[str], *, field: str) -> InputError:
    """Return the error for a name that is not known: it names the nearest known one, or all of them."""
    known = sorted(known)
    near = nearest_name(name, known)
    hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known)}."
    return InputError(f"unknown-{kind}", f'unknown {kind} "{name}"', field=field, hint=hint)

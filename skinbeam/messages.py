"""Every sentence that a person reads: an id, its parameters, one English catalogue, one formatter.

The catalogue is the folder `data/messages/en/`: TOML tables `[section] name = "text with {parameter}"`; the id of
a message is `section.name`. Numbers and dates in parameters pass `Formatter`, so that another language needs a
catalogue and a locale, not code.
"""

import datetime
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from skinbeam.estimate import Estimate, Unknown

__all__ = ["Formatter", "Message", "Warned", "catalogue", "parameters", "text"]

SMALLEST_SHOWN = 0.0001  # an interval of less is of no use to a person


@dataclass(frozen=True)
class Formatter:
    """Writes numbers, intervals and dates the way `locale` does. Known locales: en."""

    locale: str = "en"

    def __post_init__(self) -> None:
        if self.locale != "en":
            raise ValueError(f'no catalogue for locale "{self.locale}"; known: en')

    def number(self, value: float, digits: int = 3) -> str:
        """Return `value` with at most `digits` significant digits; whole numbers keep all of theirs."""
        if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
            return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
        rounded = float(f"{value:.{digits - 1}e}")
        if rounded.is_integer() and abs(rounded) < 1e6:
            return str(int(rounded))
        return f"{rounded:.{digits}g}" if abs(rounded) < 1000 else f"{rounded:.0f}"

    def interval(self, value: Estimate | Unknown) -> str:
        """Return `median (low to high)`, rounded to what the width of the interval can carry, or "unknown"."""
        if isinstance(value, Unknown):
            return f"unknown ({value.reason})"
        width = value.high - value.low
        scale = max(abs(value.high), abs(value.low), abs(value.median))
        digits = 2 if scale == 0 or width == 0 or width / scale > 0.1 else 3
        low, median, high = (
            f"below {SMALLEST_SHOWN}" if 0 < abs(x) < SMALLEST_SHOWN else self.number(x, digits)
            for x in (value.low, value.median, value.high)
        )
        return f"{median} ({low} to {high})"

    def date(self, value: datetime.date) -> str:
        """Return e.g. 2 November 2026."""
        return f"{value.day} {value:%B %Y}"

    def value(self, value: Any) -> str:
        """Return any parameter of a message as text."""
        if isinstance(value, bool | str):
            return str(value)
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, Estimate | Unknown):
            return self.interval(value)
        if isinstance(value, datetime.date):
            return self.date(value)
        if isinstance(value, Message):
            return value.text
        if isinstance(value, list | tuple):
            return ", ".join(self.value(item) for item in value)
        raise TypeError(f"a message cannot hold {type(value).__name__}")


@cache
def catalogue(locale: str = "en") -> Mapping[str, str]:
    """Return message id → template for `locale`.

    Raises
    ------
    ValueError : the same id stands in two files.
    """
    return _templates(tuple(_files(locale)), locale)


@cache
def _files(locale: str) -> Mapping[str, str]:
    """File name → its text."""
    folder = resources.files("skinbeam") / "data" / "messages" / locale
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@cache
def _about(section: str, locale: str) -> Mapping[str, str]:
    """The templates of the files that hold a section: a short answer need not read the whole catalogue."""
    return _templates(tuple(name for name, text in _files(locale).items() if f"[{section}]" in text), locale)


def _templates(names: tuple[str, ...], locale: str) -> Mapping[str, str]:
    messages: dict[str, str] = {}
    for file in names:
        for section, entries in tomllib.loads(_files(locale)[file]).items():
            for name, template in entries.items():
                key = f"{section}.{name}"
                if key in messages:
                    raise ValueError(f"message id {key} stands twice, the second time in {file}")
                messages[key] = template
    return messages


def text(id: str, params: Mapping[str, Any] | None = None, *, locale: str = "en") -> str:
    """Return the sentence of message `id`, its parameters filled in.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    ValueError : the parameters are not exactly those that the sentence names.
    """
    template = _about(id.partition(".")[0], locale)[id]
    params = params or {}
    named = parameters(id, locale=locale)
    if named != set(params):
        raise ValueError(f"message {id} takes {sorted(named)}, not {sorted(params)}")
    formatter = Formatter(locale)
    return template.format(**{name: formatter.value(value) for name, value in params.items()})


def parameters(id: str, *, locale: str = "en") -> set[str]:
    """Return the names of the parameters that the sentence of message `id` takes.

    Raises
    ------
    KeyError : the id is not in the catalogue.
    """
    template = _about(id.partition(".")[0], locale)[id]
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@dataclass(frozen=True)
class Message:
    """A sentence by id and parameters; `text` is its English."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in English."""
        return text(self.id, self.params)

    def as_record(self) -> dict[str, Any]:
        """Return id, parameters and the English text."""
        return {"id": self.id, "params": dict(self.params), "text": self.text}


@dataclass(frozen=True)
class Warned:
    """A warning of a document: a code that programs read, and its sentence."""

    code: str
    message: Message

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of a warning."""
        return {"code": self.code, "message": self.message.text}

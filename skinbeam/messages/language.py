"""Which language is spoken, and by which clocks: a person's while a page or a paper of theirs is made, else English.

Plans, hashes, logs and the command line are English, so that the same inputs give the same bytes whoever asks.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ENGLISH", "LANGUAGES", "living_in", "local", "moment_of", "speaking", "spoken"]

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}  # as those call them who speak them

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)
_zone: ContextVar[datetime.tzinfo | None] = ContextVar("zone", default=datetime.UTC)  # None: that of this machine


def spoken() -> str:
    """Return the language that is spoken here."""
    return _spoken.get()


def local(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment by the clocks of the place where it is read."""
    return moment.astimezone(_zone.get())


def moment_of(shown: datetime.datetime) -> datetime.datetime:
    """Return the moment, in UTC, at which the clocks of that place show a time; the first where they show it twice.

    Raises
    ------
    ValueError : they never show it: it is in the hour that is left out when summer time begins.
    """
    zone = _zone.get()
    moment = (shown.astimezone() if zone is None else shown.replace(tzinfo=zone)).astimezone(datetime.UTC)
    if local(moment).replace(tzinfo=None) != shown:
        raise ValueError(f"no clock shows {shown}")
    return moment


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within the block, or, as a decorator, within a function.

    Raises
    ------
    ValueError : nobody has translated the catalogue into it.
    """
    if language not in LANGUAGES:
        raise ValueError(f'no catalogue for language "{language}"; known: {", ".join(LANGUAGES)}')
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


@contextmanager
def living_in(zone: datetime.tzinfo | None) -> Iterator[None]:
    """Tell moments by the clocks of a time zone within the block; those of this machine where it is None."""
    before = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(before)

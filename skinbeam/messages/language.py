"""Which language is spoken: a person's while a page or a paper of theirs is made, English everywhere else.

Plans, hashes, logs and the command line are English, so that the same inputs give the same bytes whoever asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ENGLISH", "LANGUAGES", "speaking", "spoken"]

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de")

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def spoken() -> str:
    """Return the language that is spoken here."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within the block, or, as a decorator, within a function.

    Raises
    ------
    ValueError : nobody has translated the catalogue into it.
    """
    if language not in LANGUAGES:
        raise ValueError(f'no catalogue for language "{language}"; known: {", ".join(LANGUAGES)}')
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)

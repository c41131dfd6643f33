"""Standard output that takes every character, and remembers why it could not be written.

Characters that its encoding lacks, such as the `²` of a dose in ASCII, are replaced by a sign or letter near them, and
in a JSON document by their escape, which is the same value. A disk that is full and a stream that is closed are no
defect of the command, which therefore has to tell them from every other `OSError`.
"""

import codecs
import contextlib
import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["OutputState", "encodable_output"]

_NEAR_SIGNS = MappingProxyType(
    {"µ": "u", "μ": "u", "°": "deg", "×": "x", "±": "+/-", "·": "|", "–": "-", "—": "-", "≥": ">=", "≤": "<=",
     "Ω": "Omega", "✓": "+", "✗": "x", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "→": "->", "ß": "ss"}
)  # fmt: skip
_TEXT_ERRORS, _JSON_ERRORS = "skinbeam-text", "skinbeam-json"


@dataclass
class OutputState:
    """Why standard output could not be written; None as long as it could."""

    failure: OSError | None = None


@contextlib.contextmanager
def encodable_output(*, is_json: bool) -> Iterator[OutputState]:
    """Let standard output take every character inside the block, and end the block if it cannot be written.

    Parameters
    ----------
    is_json : whether a JSON document is printed, which stays one.
    """
    state, errors = OutputState(), _JSON_ERRORS if is_json else _TEXT_ERRORS
    plain = sys.stdout
    number = _descriptor(plain)
    if plain is not None and (number is None or plain.isatty()):
        # A terminal is never full, and on Windows it is not written like a file; streams in memory are a caller's.
        before = getattr(plain, "errors", None)
        if isinstance(plain, io.TextIOWrapper):
            plain.reconfigure(errors=errors)
        try:
            yield state
        finally:
            if isinstance(plain, io.TextIOWrapper):
                plain.reconfigure(errors=before)
        return
    # Without standard output, a file that cannot be written: `os.write` then says that the descriptor is bad.
    raw = _WatchedFile(os.open(os.devnull, os.O_RDONLY) if number is None else number, "w", closefd=number is None)
    raw.state = state
    encoding = "utf-8" if plain is None else plain.encoding
    through = getattr(plain, "write_through", False)
    sys.stdout = watched = io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, write_through=through)
    try:
        if plain is not None:
            plain.flush()
        yield state
        watched.flush()
    except BaseException:
        if state.failure is None:
            raise
    finally:
        sys.stdout = plain
        with contextlib.suppress(OSError):
            watched.close()


class _WatchedFile(io.FileIO):
    """The file behind standard output, which keeps the first error of a write and discards all that follows it."""

    state: OutputState

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.state.failure is not None:
            return memoryview(data).nbytes
        try:
            return os.write(self.fileno(), data)
        except OSError as error:
            self.state.failure = error
            raise


def _descriptor(stream: object) -> int | None:
    """Return the file descriptor of a stream; None of one in memory."""
    try:
        return stream.fileno()  # type: ignore[attr-defined, no-any-return] # an object without it is answered too
    except (AttributeError, OSError, ValueError):
        return None


def _write_near_signs(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks by ASCII near them."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_near_sign, error.object[error.start : error.end])), error.end


def _near_sign(character: str) -> str:
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return _NEAR_SIGNS.get(character) or letters or "?"


def _write_json_escapes(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks by the escapes of JSON."""
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_TEXT_ERRORS, _write_near_signs)
codecs.register_error(_JSON_ERRORS, _write_json_escapes)

"""Standard output that takes every character, and remembers why it could not be written.

Characters that its encoding lacks, such as the `²` of a dose in ASCII, are replaced by a sign or letter near them, and
in a JSON document by their escape, which is the same value. A disk that is full and a stream that is closed are no
defect of the command, which therefore has to tell them from every other `OSError`.
"""

import codecs
import contextlib
import errno
import io
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
def encodable_output(*, json: bool) -> Iterator[OutputState]:
    """Let standard output take every character inside the block, and end the block if it cannot be written.

    Parameters
    ----------
    json : whether a JSON document is printed, which stays one.
    """
    state, errors = OutputState(), _JSON_ERRORS if json else _TEXT_ERRORS
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
    raw = _WatchedOutput(number, state)
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
        raw.discard = state.failure is not None
        sys.stdout = plain
        with contextlib.suppress(OSError):
            watched.close()


class _WatchedOutput(io.RawIOBase):
    """The file behind standard output: the first error of a write is kept in `state`.

    Parameters
    ----------
    number : of its file descriptor; None where the process was started without standard output.
    discard : whether what is still to be written is thrown away, since a write has failed.
    """

    def __init__(self, number: int | None, state: OutputState) -> None:
        self._number = number
        self._state = state
        self.discard = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._number is None:
            raise io.UnsupportedOperation("there is no standard output")
        return self._number

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.discard:
            return memoryview(data).nbytes
        try:
            if self._number is None:
                raise OSError(errno.EBADF, "it is closed")
            return os.write(self._number, data)
        except OSError as error:
            self._state.failure = self._state.failure or error
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
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)), error.end


codecs.register_error(_TEXT_ERRORS, _write_near_signs)
codecs.register_error(_JSON_ERRORS, _write_json_escapes)

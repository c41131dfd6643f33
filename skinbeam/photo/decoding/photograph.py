"""Read a photograph as an upright 8-bit sRGB picture without metadata; hostile files are refused early.

Decoding runs in a separate process (`photo.decoding.decoder`) with limits on its time and memory, because a megabyte of
JPEG may contain thousands of scans, each of which covers the whole picture.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import read_bytes
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.limits import limit
from skinbeam.text import Message

__all__ = ["DecodedPhotograph", "Picture", "decode_photograph", "decoder_budget", "read_photograph"]

Picture = NDArray[np.uint8]  # (height, width, 3), sRGB, upright

# Appended at the end of the path, so that no module of this package shadows an installed library.
_DECODER = "import sys; sys.path.append(sys.argv[2]); from skinbeam.photo.decoding.decoder import main; main()"
_ROOT = Path(__file__).parents[3]
_CLOCK_FACTOR = 4  # wall-clock seconds per processor second, so that a busy machine does not cause a refusal

_LIMITS = {
    "pixels": "pixels_max",
    "side_px": "side_px_min",
    "scans": "scans_max",
    "memory_bytes": "memory_bytes_max",
    "seconds": "seconds_max",
}
_CODES = {
    "empty": "not-a-picture",
    "not_picture": "not-a-picture",
    "pixels": "too-many-pixels",
    "pixels_many": "too-many-pixels",
    "small": "too-few-pixels",
    "animated": "animated-picture",
    "scans": "too-many-scans",
    "memory": "too-much-memory",
    "slow": "too-slow-picture",
    "truncated": "truncated-picture",
    "deep": "unknown-white",
    "high_range": "high-dynamic-range",
    "heic_absent": "heic-not-installed",
    "dicom_absent": "dicom-not-installed",
    "dicom_empty": "dicom-without-picture",
    "dicom_text": "dicom-with-text",
    "dicom_grey": "dicom-without-colour",
    "dicom_coding": "dicom-coding",
}


@compared_by_value
@dataclass(frozen=True)
class DecodedPhotograph:
    """A decoded photograph; `sha256` is the hash of the file's content."""

    rgb: Picture
    sha256: str


def read_photograph(path: Path | str, *, field: str = "photo") -> DecodedPhotograph:
    """Read the photograph in a file, turned upright by its EXIF orientation.

    Nothing else of the file is used: place, time and camera are never read.

    Raises
    ------
    InputError : missing, a folder, too large, not a picture, truncated, animated, too many or too few pixels, too many
        scans, or one whose decoding takes too long or too much memory.
    """
    path = Path(path)
    data = read_bytes(path, field=field, max_bytes=int(limit("read", "bytes_max")), description="a photograph")
    return DecodedPhotograph(decode_photograph(data, name=path.name, field=field), sha256_hex(data))


def decoder_budget() -> dict[str, int]:
    """Return the limits for decoding, with the field names of `photo.decoding.budget.DecoderBudget`."""
    return {name: int(limit("read", entry)) for name, entry in _LIMITS.items()}


def decode_photograph(data: bytes, *, name: str, field: str = "photo") -> Picture:
    """Decode the bytes of a file; `name` is used in error messages only. Raises as `read_photograph`."""
    if not data:
        raise _refusal("empty", name, field)
    allowed = decoder_budget()
    # -P: modules in the working directory must not shadow a library.
    words = [sys.executable, "-P", "-c", _DECODER, json.dumps(allowed), str(_ROOT)]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child,
        _kill_after(child, _CLOCK_FACTOR * allowed["seconds"]),
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(BrokenPipeError):
            child.stdin.write(data)
            child.stdin.close()
        answer = json.loads(child.stdout.readline() or "{}")
        if "width" in answer:
            picture = np.empty((answer["height"], answer["width"], 3), np.uint8)
            if _read_into(picture, child.stdout):
                return picture
    if "refused" in answer:
        raise _refusal(answer["refused"], name, field, **answer["params"])
    # No answer: a limit killed the process, or the decoder crashed on the file.
    over = child.returncode in (-signal.SIGKILL, -signal.SIGXCPU)
    raise _refusal("slow", name, field, seconds=allowed["seconds"]) if over else _refusal("truncated", name, field)


@contextmanager
def _kill_after(child: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Kill a process after a time, and when the block ends."""
    timer = threading.Timer(seconds, child.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # a process may be forked safely only while it has one thread
        child.kill()


def _read_into(picture: Picture, pixels: IO[bytes]) -> bool:
    """Fill a picture with the bytes that follow; False where they end early."""
    left = picture.data.cast("B")
    while left:
        got = pixels.readinto(left)  # type: ignore[attr-defined]  # a buffered byte reader has this method
        if not got:
            return False
        left = left[got:]
    return True


def _refusal(message: str, name: str, field: str, **params: int | str) -> InputError:
    return InputError(
        _CODES[message],
        Message(f"photo-read.{message}", {"file": name, **params}).text,
        field=field,
        hint=Message(f"photo-read.{message}_hint").text,
        file=name,
    )

"""Remove the metadata that a camera writes into a photograph: place, time, owner and number of the camera.

A JPEG's coded data stay unchanged: only segments around them are removed, so no quality is lost by coding it again.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from skinbeam.model.errors import InputError
from skinbeam.photo.decoding.photograph import decode_photograph

__all__ = ["JpegFrame", "PixelImage", "decode_pixels", "read_jpeg_frame", "strip_metadata"]

_START, _END, _SCAN_START, _RESTARTS = 0xD8, 0xD9, 0xDA, range(0xD0, 0xD8)
_APPLICATION, _COMMENT = range(0xE0, 0xF0), 0xFE
_EXIF, _COLOUR_PROFILE, _ADOBE = 0xE1, 0xE2, 0xEE  # the last defines how the colours are coded
_JFIF, _JFIF_LENGTH = b"\xff\xe0\x00\x10JFIF\0", 14  # with this length it contains no thumbnail
_BASELINE = 0xC0
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the excluded markers are no frames
_ORIENTATION, _ORIENTATIONS = 0x0112, range(2, 9)


@dataclass(frozen=True)
class JpegFrame:
    """The header of a JPEG; `orientation` is 1 for an upright picture, `ycc` whether its colours are coded as YCbCr."""

    width: int
    height: int
    components: int
    bits: int
    baseline: bool
    ycc: bool
    orientation: int


@dataclass(frozen=True)
class PixelImage:
    """A decoded picture: rows of red, green and blue, 8 bits each, upright."""

    width: int
    height: int
    rgb: bytes


class _Segment(NamedTuple):
    mark: int
    content: bytes
    whole: bytes


def strip_metadata(content: bytes, media_type: str) -> tuple[bytes, str] | None:
    """Return a photograph without metadata, and its media type; None where it is no readable picture.

    A JPEG keeps its coded data and the orientation that shows it upright. Another format becomes a PNG of the same
    pixels.
    """
    if media_type == "image/jpeg":
        frame = read_jpeg_frame(content)
        return None if frame is None else (_strip_segments(content, frame.orientation), media_type)
    pixels = decode_pixels(content)
    if pixels is None:
        return None
    written = io.BytesIO()
    Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb).save(written, "PNG")
    return written.getvalue(), "image/png"


def decode_pixels(content: bytes) -> PixelImage | None:
    """Return the pixels of a photograph, decoded within limits in a separate process; None where decoding fails."""
    try:
        picture = decode_photograph(content, name="photograph")
    except InputError:
        return None
    return PixelImage(picture.shape[1], picture.shape[0], picture.tobytes())


def read_jpeg_frame(jpeg: bytes) -> JpegFrame | None:
    """Return the header of a JPEG; None where it is incomplete."""
    orientation, transform, found = 1, True, None
    try:
        for mark, content, _ in _read_segments(jpeg):
            if mark == _EXIF and content.startswith(b"Exif\0\0"):
                orientation = _read_orientation(content)
            elif mark == _ADOBE and content.startswith(b"Adobe"):
                transform = content[11] != 0
            elif mark in _FRAMES and found is None:
                height, width = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
                found = (width, height, content[5], content[0], mark == _BASELINE)
    except (IndexError, ValueError):
        return None
    if found is None or 0 in found[:4]:
        return None
    return JpegFrame(*found, ycc=transform, orientation=orientation)


def _read_segments(jpeg: bytes) -> Iterator[_Segment]:
    """Yield the segments of a JPEG up to its end; a scan includes its coded data.

    Raises
    ------
    ValueError, IndexError : it is no JPEG, or cut off.
    """
    if not jpeg.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG")
    place = 2
    while True:
        while jpeg[place] == 0xFF and jpeg[place + 1] == 0xFF:
            place += 1  # a marker may be preceded by any number of fill bytes
        mark = jpeg[place + 1]
        if jpeg[place] != 0xFF or mark in (0, _START, *_RESTARTS):
            raise ValueError("no mark")
        if mark == _END:
            return
        declared_end = end = place + 2 + int.from_bytes(jpeg[place + 2 : place + 4])
        if mark == _SCAN_START:
            while jpeg[end] != 0xFF or jpeg[end + 1] in (0, *_RESTARTS):
                end = jpeg.index(b"\xff", end + 1)
        if not place + 4 <= declared_end <= len(jpeg):
            raise ValueError("cut off")
        yield _Segment(mark, jpeg[place + 4 : declared_end], jpeg[place:end])
        place = end


def _strip_segments(jpeg: bytes, orientation: int) -> bytes:
    """Return the JPEG with only the segments that a decoder needs.

    The orientation, when it is not upright, is written into a new Exif segment with nothing else.
    """
    segments = [segment.whole for segment in _read_segments(jpeg) if _is_needed(segment)]
    if orientation != 1:
        exif = Image.Exif()
        exif[_ORIENTATION] = orientation
        exif_bytes = exif.tobytes()
        first = int(segments[0].startswith(_JFIF))  # the JFIF segment must stay first
        segments.insert(first, bytes((0xFF, _EXIF)) + (len(exif_bytes) + 2).to_bytes(2) + exif_bytes)
    return b"".join((b"\xff\xd8", *segments, b"\xff\xd9"))


def _is_needed(segment: _Segment) -> bool:
    mark, content, whole = segment
    if mark == _COMMENT or mark in _APPLICATION:
        profile = mark == _COLOUR_PROFILE and content.startswith(b"ICC_PROFILE\0")
        colours = mark == _ADOBE and content.startswith(b"Adobe")
        return profile or colours or (whole.startswith(_JFIF) and len(content) == _JFIF_LENGTH)
    return True


def _read_orientation(exif_content: bytes) -> int:
    exif = Image.Exif()
    try:
        exif.load(exif_content)
        turn = exif.get(_ORIENTATION, 1)
    except Exception:  # a camera's Exif may be broken in any way; only the orientation is needed
        return 1
    return turn if turn in _ORIENTATIONS else 1

"""Pictures that somebody makes to break what reads them: each with the codes that it may be refused by, or "read".

Made here and not kept: some are long once they are unpacked, and the text says what is wrong with each.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image
from test_photo_formats import HEIC, dicom, quarters, saved

__all__ = ["HOSTILE", "SEEDS"]

Made = Callable[[], bytes]
ZIP_END = b"PK\5\6" + bytes(18)


def png(width: int, height: int, packed: bytes, *extra: tuple[bytes, bytes], bits: int = 8, kind: int = 2) -> bytes:
    """A PNG of a head, further chunks and packed rows."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    middle = b"".join(chunk(name, content) for name, content in extra)
    return b"\x89PNG\r\n\x1a\n" + head + middle + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def deflated_zeros(count: int) -> bytes:
    """So many zeros, in tens of millions, packed a thousand to one: one part that stands wherever it is repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(10_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return count // 10_000_000 * part + packer.flush()


def packed_zeros(count: int) -> bytes:
    """The same with the head and the checksum (Adler 32) of zlib."""
    return b"\x78\xda" + deflated_zeros(count) + struct.pack(">I", count % 65521 << 16 | 1)


def tiff(entries: list[tuple[int, int, int, int]], *, following: int = 0, more: bytes = b"") -> bytes:
    """A TIFF of one directory; `following` is where the next one is said to lie."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + more


def plain(width: int, height: int, *, at: int = 200, count: int | None = None) -> list[tuple[int, int, int, int]]:
    """The entries of a grey TIFF in one strip."""
    size = width * height if count is None else count
    return [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, at), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, size),
    ]  # fmt: skip


def directories(count: int) -> bytes:
    """A TIFF with a picture and so many directories after it, each of which names the next."""
    first = tiff(plain(128, 128), following=20_000).ljust(200, b"\0") + bytes(128 * 128)
    entry = struct.pack("<HHHII", 1, 254, 4, 1, 0)
    chain = b"".join(entry + struct.pack("<I", 20_000 + 18 * (k + 1)) for k in range(count))
    return first.ljust(20_000, b"\0") + chain


def nested(depth: int) -> bytes:
    """DICOM with sequences inside sequences inside private ones."""
    from pydicom import Dataset

    inner = Dataset()
    inner.PatientName = "Nobody"
    for _ in range(depth):
        outer = Dataset()
        outer.private_block(0x0099, "MADE UP", create=True).add_new(1, "SQ", [inner])
        inner = outer
    return dicom(quarters().tobytes(), ReferencedImageSequence=[inner])


def deflated_dicom() -> bytes:
    """A DICOM file whose data set unpacks to gigabytes."""
    data = dicom(quarters().tobytes())
    head = data[: data.index(b"1.2.840.10008.1.2.1\0")]
    return head + b"1.2.840.10008.1.2.1.99"[:20] + deflated_zeros(4_000_000_000)


def with_size(width: int, height: int) -> bytes:
    """A HEIC picture whose head says another size than it has."""
    data = bytearray((HEIC / "burst.heic").read_bytes())
    place = data.find(b"ispe")
    while place >= 0:
        data[place + 8 : place + 16] = struct.pack(">II", width, height)
        place = data.find(b"ispe", place + 4)
    return bytes(data)


def coloured(kind: str, **options: Any) -> bytes:
    return saved(Image.fromarray(quarters()), kind, **options)


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", (128, 128), shade) for shade in ("red", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


DAMAGED = frozenset({"truncated-picture", "not-a-picture"})
HOSTILE: dict[str, tuple[Made, frozenset[str]]] = {
    # more pixels than anybody has memory for
    "200-megapixel.jpg": (lambda: saved(Image.new("L", (20000, 10000)), "JPEG"), frozenset({"too-many-pixels"})),
    "200-megapixel.png": (lambda: png(20000, 10000, packed_zeros(200_000_000)), frozenset({"too-many-pixels"})),
    "200-megapixel.tif": (lambda: tiff(plain(20000, 10000)), frozenset({"too-many-pixels"})),
    "200-megapixel.heic": (lambda: with_size(20000, 10000), frozenset({"too-many-pixels"}) | DAMAGED),
    "200-megapixel.dcm": (lambda: dicom(bytes(99), Rows=10000, Columns=20000), frozenset({"too-many-pixels"})),
    # heads that lie
    "says-more.png": (lambda: png(7000, 7000, zlib.compress(bytes(100))), DAMAGED),
    "says-more.jpg": (
        lambda: coloured("JPEG").replace(struct.pack(">HH", 128, 160), struct.pack(">HH", 6000, 8000)),
        DAMAGED | {"read"},  # its decoder fills with grey what the data do not hold
    ),
    "says-more.tif": (lambda: tiff(plain(7000, 7000)), DAMAGED),
    "says-more.heic": (lambda: with_size(6000, 8000), DAMAGED | {"read", "too-much-memory"}),
    "says-less.heic": (lambda: with_size(64, 64), DAMAGED | {"read"}),
    "says-more.dcm": (lambda: dicom(bytes(99), Rows=7000, Columns=7000), DAMAGED),
    "negative-strip.tif": (lambda: tiff(plain(128, 128, at=2**32 - 1)), DAMAGED),
    "endless-strip.tif": (lambda: tiff(plain(128, 128, count=2**32 - 1)), DAMAGED | {"too-much-memory"}),
    # small files that unpack to gigabytes
    "text-bomb.png": (
        lambda: png(128, 128, zlib.compress(bytes(49280)), (b"zTXt", b"x\0\0" + packed_zeros(1_000_000_000))),
        DAMAGED | {"read"},
    ),
    "profile-bomb.png": (
        lambda: png(128, 128, zlib.compress(bytes(49280)), (b"iCCP", b"x\0\0" + packed_zeros(1_000_000_000))),
        DAMAGED | {"read"},
    ),
    "rows-bomb.png": (lambda: png(128, 128, packed_zeros(2_000_000_000)), DAMAGED | {"read"}),
    "deflated.dcm": (deflated_dicom, DAMAGED | {"too-much-memory", "dicom-without-picture"}),
    # what never ends
    "circle.tif": (
        lambda: tiff(plain(128, 128), following=8).ljust(200, b"\0") + bytes(128 * 128),
        frozenset({"read", "animated-picture"}),
    ),
    "directories.tif": (lambda: directories(200_000), frozenset({"animated-picture"}) | DAMAGED),
    "nested.dcm": (lambda: nested(150), frozenset({"read"}) | DAMAGED),
    # what moves
    "moves.png": (lambda: moving("PNG"), frozenset({"animated-picture"})),
    "moves.webp": (lambda: moving("WEBP"), frozenset({"animated-picture"})),
    "pages.tif": (lambda: moving("TIFF"), frozenset({"animated-picture"})),
    # two things at once: the picture is read, the rest is passed over
    "zip.jpg": (lambda: coloured("JPEG") + b"PK\3\4" + bytes(200) + ZIP_END, frozenset({"read"})),
    "page.png": (lambda: coloured("PNG") + b"<html><script>alert(1)</script></html>", frozenset({"read"})),
    "dicom.tif": (
        lambda: b"II*\0" + struct.pack("<I", 140) + bytes(120) + b"DICM" + bytes(400),
        DAMAGED | {"dicom-without-picture"},
    ),
    # unusual and sound
    "inks.jpg": (lambda: saved(Image.fromarray(quarters()).convert("CMYK"), "JPEG"), frozenset({"read"})),
    "deep.png": (lambda: png(128, 128, zlib.compress(bytes(128 * 769)), bits=16), frozenset({"read"})),
}  # fmt: skip


def _seeds() -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        yield kind, coloured(kind)
    yield "HEIC", (HEIC / "turned.heic").read_bytes()
    yield "DICOM", dicom(quarters().tobytes())


# A sound picture of each format, for what damages them.
SEEDS = dict(_seeds())

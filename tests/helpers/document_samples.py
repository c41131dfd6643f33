"""Files of attachments, whole and hostile; all of them made up."""

import io
import struct
import zlib

from PIL import Image

__all__ = ["HOSTILE_FILES", "LETTER", "PDF", "scan"]

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
LETTER = {"kind": "referral-letter", "name": "letter.pdf", "description": "asks about a mole"}


def scan(kind: str = "JPEG") -> bytes:
    """A picture of a page."""
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, kind)
    return file.getvalue()


def _png(side: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


HOSTILE_FILES = {  # what it is → the file, and the code of the error
    "nothing": (b"", "empty-attachment"),
    "page called a PDF": (b"<!doctype html><script>alert(1)</script>", "bad-attachment"),
    "page before a PDF": (b"<script>alert(1)</script>" + PDF, "bad-attachment"),
    "PDF that was cut off": (PDF[:40], "attachment-cut-off"),
    "PDF with much behind its end": (PDF + b"x" * 2_000, "attachment-cut-off"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "bad-attachment"),
    "archive": (b"PK\x03\x04" + b"\0" * 100, "bad-attachment"),
    "program": (b"MZ\x90\0", "bad-attachment"),
    "WebP": (scan("WEBP"), "bad-attachment"),
    "bomb": (_png(40_000, b"\0" * 4_000_000), "too-many-pixels"),
    "picture that was cut off": (scan()[: len(scan()) // 3], "truncated-picture"),
    "only the beginning of a picture": (b"\xff\xd8\xff", None),
    "too few pixels": (_png(8, b"\0" * 72), "too-few-pixels"),
    "too large": (PDF[:-7] + b"\0" * 30_000_000 + b"%%EOF\n", "attachment-too-large"),
}

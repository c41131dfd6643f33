"""Colour profiles of the spaces that a file names without describing them: Display P3 and Adobe RGB.

A profile is written as bytes (ICC.1:2001-04): three primaries adapted to D50, a white, and one curve for all of them.
"""

import struct
from collections.abc import Sequence

__all__ = ["ADOBE_RGB", "DISPLAY_P3", "matrix_profile"]

_D50 = (0.9642, 1.0, 0.8249)
_SRGB_STEPS = 1024


def _number(value: float) -> bytes:
    return struct.pack(">i", round(65536 * value))


def matrix_profile(primaries: Sequence[Sequence[float]], curve: Sequence[int]) -> bytes:
    """Return an ICC profile of RGB.

    Parameters
    ----------
    primaries : X, Y, Z under D50 of full red, green and blue.
    curve : one number, the exponent times 256, or the curve from 0 to 65535 in even steps.
    """
    points = b"XYZ " + bytes(4)
    line = b"curv" + bytes(4) + struct.pack(f">I{len(curve)}H", len(curve), *curve)
    tags = {b"wtpt": points + b"".join(map(_number, _D50))}
    for name, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        tags[name] = points + b"".join(map(_number, primary))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), line + bytes(-len(line) % 4))
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0" + bytes(3)
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 4) + b"RGB\0" + bytes(12 + 67)
    tags[b"desc"] += bytes(-len(tags[b"desc"]) % 4)
    place = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, place + len(content), len(tag))
        content += tag
    head = struct.pack(">I4xI4s4s4s12x4s", place + len(content), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += bytes(28) + b"".join(map(_number, _D50))
    return head + bytes(128 - len(head)) + table + content


def _srgb_curve() -> list[int]:
    """The curve of sRGB (IEC 61966-2-1), which Display P3 shares."""
    steps = (k / (_SRGB_STEPS - 1) for k in range(_SRGB_STEPS))
    return [round(65535 * (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4)) for s in steps]


# Primaries of SMPTE RP 431-2 with the white of D65, as Display P3 has them, adapted to D50 (Bradford).
DISPLAY_P3 = matrix_profile(
    ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), _srgb_curve()
)
# Adobe RGB (1998), section 4.3.5.3: primaries adapted to D50, exponent 563/256.
ADOBE_RGB = matrix_profile(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), (563,)
)

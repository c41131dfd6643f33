"""Lines one pixel wide out of a mask, by the thinning of Zhang and Suen (1984)."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["linked", "thinned"]

Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

# Bits of the eight neighbours, clockwise from the one above (P2 to P9 of the paper).
_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


def thinned(mask: Mask) -> Mask:
    """Return the skeleton of a mask: one pixel wide, connected as the mask was."""
    left = mask.astype(np.uint8)
    left[[0, -1]] = 0
    left[:, [0, -1]] = 0
    changed = True
    while changed:
        changed = False
        for table in _tables():
            going = cv2.LUT(cv2.filter2D(left, -1, _BITS, borderType=cv2.BORDER_CONSTANT), table) & left
            changed = changed or bool(going.any())
            left &= ~going
    return left.astype(bool)


@cache
def _tables() -> tuple[Bytes, Bytes]:
    """Return, for each of the two halves of a step, code of the neighbours → whether the pixel goes."""
    tables = np.zeros((2, 256), np.uint8)
    for code in range(256):
        p = [code >> bit & 1 for bit in range(8)]
        turns = sum(p[k] == 0 and p[(k + 1) % 8] == 1 for k in range(8))
        if 2 <= sum(p) <= 6 and turns == 1:
            above, right, below, left = p[0], p[2], p[4], p[6]
            tables[0, code] = above * right * below == 0 and right * below * left == 0
            tables[1, code] = above * right * left == 0 and above * below * left == 0
    return tables[0], tables[1]


def linked(weak: Mask, strong: Mask) -> Mask:
    """Return the connected parts of `weak` that hold a pixel of `strong`."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[strong & weak]] = True
    kept[0] = False
    return np.asarray(kept[labels])

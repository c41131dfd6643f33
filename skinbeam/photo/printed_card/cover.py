"""Cover a printed card with grey while skin is searched for, and show it again afterwards.

Under warm light white paper has the colour of skin, and the fields of the card look like dark spots.
"""

from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.printed_card.finder import FoundCard
from skinbeam.photo.view import View, fill_outline, widen_outline

__all__ = ["CARD_MARGIN", "cover_card", "uncover_card"]

_Seen = TypeVar("_Seen", bound=View)

CARD_MARGIN = 1.04  # size of what is covered, relative to the outline of the card: it may be cut too large
_GREY = 128  # level without a hue, which is never skin


def _mask(shape: tuple[int, ...], outline: NDArray[np.float64]) -> NDArray[np.bool_]:
    return fill_outline(shape, widen_outline(outline, CARD_MARGIN))


def cover_card(rgb: Picture, card: FoundCard) -> Picture:
    """Return a copy of the picture with grey in place of the card."""
    covered = rgb.copy()
    covered[_mask(rgb.shape, card.outline)] = _GREY
    return covered


def uncover_card(rgb: Picture, view: _Seen, card: FoundCard) -> _Seen:
    """Return a view of the covered picture with the card as the picture shows it."""
    shown = view.rgb.copy()
    edge = round(2 + view.scale)  # reduction of the picture has mixed the grey into the pixels around it
    hidden = _mask(shown.shape, view.from_picture(card.outline))
    hidden = cv2.dilate(hidden.astype(np.uint8), np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)) > 0
    if not hidden.any():
        return view
    x, y = view.to_picture(np.zeros((1, 2)))[0]
    to_picture = np.array([[1 / view.scale, 0.0, x], [0.0, 1 / view.scale, y]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = cv2.warpAffine(rgb, to_picture, shown.shape[1::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
    shown[hidden] = whole[hidden]
    return replace(view, rgb=shown)

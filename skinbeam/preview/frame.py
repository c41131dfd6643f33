"""The part of a photograph that is shown, enlarged where it is small; changes of the maps are laid on it alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.reading.read import Picture
from skinbeam.photo.view import View
from skinbeam.preview.forward import Float, Pigment, multiplied
from skinbeam.preview.gates import value

__all__ = ["Frame", "frame_of"]

_EDGE, _HALO = (0, 70, 90), (255, 255, 255)
_DASH_PX, _GAP_PX, _JOINED_PX = 12, 12, 21


@dataclass(frozen=True)
class Frame:
    """A cut of a view.

    Parameters
    ----------
    picture : (height, width, 3), as it was taken.
    box : x0, y0, x1, y1 in pixels of the view.
    pigment : of every pixel of the view; None where colour says nothing, and then nothing is changed.
    """

    picture: Picture
    box: tuple[int, int, int, int]
    pigment: Pigment | None

    def with_added(self, added: Mapping[str, Float]) -> Picture:
        """Return the picture after maps of the view have grown by `added`; elsewhere it is the same to the bit."""
        if self.pigment is None or not added:
            return self.picture
        touched = np.asarray(np.logical_or.reduce([values != 0 for values in added.values()]))
        whole = np.zeros((*touched.shape, 3), np.float32)
        whole[touched] = self.pigment.at(touched).ln_factor({name: one[touched] for name, one in added.items()})
        return multiplied(self.picture, self._laid(whole, cv2.INTER_LINEAR), self._there(touched))

    def outlined(self, picture: Picture, field: Float) -> Picture:
        """Return a picture with a broken line inside the edge of a field of the view: where, not how much."""
        there = self._there(field != 0).astype(np.uint8)
        joined = cv2.morphologyEx(there, cv2.MORPH_CLOSE, np.ones((_JOINED_PX, _JOINED_PX), np.uint8))
        inner = cv2.erode(joined, np.ones((5, 5), np.uint8), borderValue=0)
        contours, _ = cv2.findContours(inner, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        made = picture.copy()
        for contour in contours:
            for start in range(0, len(contour), _DASH_PX + _GAP_PX):
                for colour, wide in ((_HALO, 4), (_EDGE, 2)):  # on skin of every tone
                    cv2.polylines(made, [contour[start : start + _DASH_PX]], False, colour, wide, cv2.LINE_8)
        return np.where(there[..., None] > 0, made, picture)

    def _there(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return self._laid(mask.astype(np.uint8), cv2.INTER_NEAREST).astype(bool)

    def _laid(self, values: NDArray[np.generic], how: int) -> NDArray[np.float32]:
        """Values of the view on the picture."""
        x0, y0, x1, y1 = self.box
        size = self.picture.shape[1], self.picture.shape[0]
        return np.asarray(cv2.resize(np.ascontiguousarray(values[y0:y1, x0:x1]), size, interpolation=how))


def frame_of(seen: View, pigment: Pigment | None) -> Frame:
    """Return what is shown of a view."""
    x0, y0, x1, y1 = seen.place.drawn
    cut = seen.rgb[y0:y1, x0:x1]
    zoom = max(1.0, value("picture", "width_px") / (x1 - x0))
    if zoom > 1.0:
        size = round((x1 - x0) * zoom), round((y1 - y0) * zoom)
        cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return Frame(np.array(cut), (x0, y0, x1, y1), pigment)

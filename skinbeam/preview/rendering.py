"""Render a change of the pigment maps on the photograph.

Each pixel is multiplied by the ratio of the reflectance of the changed skin to that of the unchanged skin. The melanin
and blood of a pixel are those inferred from its colour, and the reflectance is computed with the optics that every
pulse is simulated with. Texture and shading are part of the pixel and stay there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.view import View
from skinbeam.preview.settings import setting

__all__ = [
    "Array",
    "Float",
    "PhotoFrame",
    "PigmentLevels",
    "encode_srgb",
    "make_frame",
    "multiply_light",
]

Array = NDArray[np.float64]
Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LIGHT, _BY_MELANIN, _BY_BLOOD = slice(0, 3), slice(4, 5), slice(7, 8)  # of `SkinColourGrid.planes`: slopes of green
_STEPS = 5
_STEP_MAX = 1.0  # of a logarithm
_SLOPE_MIN = 0.02  # the slope of green is larger wherever skin is analysed


@dataclass(frozen=True)
class PigmentLevels:
    """Logarithms of the volume fractions of melanin and blood in skin, (...)."""

    ln_melanin: Array
    ln_blood: Array

    @classmethod
    def from_maps(cls, maps: SkinMaps) -> "PigmentLevels":
        """Return the levels of each pixel; where the colour is not known, those of the nearest known pixel."""
        from scipy.ndimage import distance_transform_edt  # imported late: a page without a photograph does not need it

        if not maps.valid.any():
            return cls(*(np.full(maps.valid.shape, np.log(level)) for level in (maps.level.melanin, maps.level.blood)))
        rows, columns = distance_transform_edt(~maps.valid, return_distances=False, return_indices=True)
        return cls(np.log(maps.melanin[rows, columns]), np.log(maps.blood[rows, columns]))

    @classmethod
    def of_median_skin(cls, maps: SkinMaps) -> "PigmentLevels":
        """Return the levels of the median skin of the face."""
        return cls(np.asarray(np.log(maps.level.melanin)), np.asarray(np.log(maps.level.blood)))

    def at(self, where: Mask) -> "PigmentLevels":
        """Return the levels of the pixels of a mask."""
        return PigmentLevels(self.ln_melanin[where], self.ln_blood[where])

    def ln_factor(self, added: Mapping[str, Array | Float | float]) -> Array:
        """Return ln of the factor on linear light (..., 3) where maps grow by `added` (...), in the units of marks.

        A unit of melanin or haemoglobin is one of green optical density: the change of pigment that has this effect on
        green is solved for, and red and blue follow from it. Shade is the same in all three channels.
        """
        colours = skin_colour_grid()
        melanin, blood = self.ln_melanin, self.ln_blood
        before = colours.read(melanin, blood, _LIGHT)
        after = before
        for name, values in added.items():
            if name == "shade":
                continue
            aim = after[..., 1] - np.asarray(values, np.float64)
            for _ in range(_STEPS):
                slopes = colours.read(melanin, blood, _BY_MELANIN if name == "melanin" else _BY_BLOOD)[..., 0]
                step = (aim - after[..., 1]) / np.minimum(slopes, -_SLOPE_MIN)
                step = np.clip(step, -_STEP_MAX, _STEP_MAX)
                melanin, blood = (melanin + step, blood) if name == "melanin" else (melanin, blood + step)
                after = colours.read(melanin, blood, _LIGHT)
        return np.asarray(after - before - np.asarray(added.get("shade", 0.0), np.float64)[..., None])

    def density_of_blood(self, times: float) -> float:
        """Return the green optical density that the skin gains with this multiple of its blood."""
        colours = skin_colour_grid()
        more = colours.read(self.ln_melanin, self.ln_blood + np.log(times), _LIGHT)
        return float((colours.read(self.ln_melanin, self.ln_blood, _LIGHT) - more)[..., 1])


def encode_srgb(light: Array) -> Picture:
    """Convert linear light, 0 to 1, to sRGB bytes (IEC 61966-2-1)."""
    return np.asarray(np.round(255 * linear_to_srgb(np.clip(light, 0.0, 1.0))), np.uint8)


def multiply_light(rgb: Picture, ln_factor: Float, mask: Mask) -> Picture:
    """Multiply the linear light of a picture where it is touched; every other pixel stays that of `rgb`."""
    made = rgb.copy()
    made[mask] = encode_srgb(srgb_to_linear(rgb[mask]) * np.exp(ln_factor[mask].astype(np.float64)))
    return made


# The displayed part of a photograph, enlarged where it is small, and changes of the maps on it.

_EDGE, _HALO = (0, 70, 90), (255, 255, 255)
_DASH_PX, _GAP_PX, _JOINED_PX = 12, 12, 21


@dataclass(frozen=True)
class PhotoFrame:
    """The displayed part of a view.

    Parameters
    ----------
    picture : (height, width, 3), as taken.
    box : x0, y0, x1, y1 in pixels of the view.
    pigment : of every pixel of the view; None where the maps are unknown, and then nothing is changed.
    """

    picture: Picture
    box: tuple[int, int, int, int]
    pigment: PigmentLevels | None

    def with_map_changes(self, added: Mapping[str, Float]) -> Picture:
        """Return the picture after maps of the view have grown by `added`; elsewhere it is identical to the bit."""
        if self.pigment is None or not added:
            return self.picture
        touched = np.asarray(np.logical_or.reduce([values != 0 for values in added.values()]))
        whole = np.zeros((*touched.shape, 3), np.float32)
        whole[touched] = self.pigment.at(touched).ln_factor({name: change[touched] for name, change in added.items()})
        return multiply_light(self.picture, self._resample(whole, cv2.INTER_LINEAR), self._resample_mask(touched))

    def with_outline(self, picture: Picture, field: Float) -> Picture:
        """Draw a dashed line inside the edge of a field of the view, which shows where a change is, not its amount."""
        there = self._resample_mask(field != 0).astype(np.uint8)
        joined = cv2.morphologyEx(there, cv2.MORPH_CLOSE, np.ones((_JOINED_PX, _JOINED_PX), np.uint8))
        inner = cv2.erode(joined, np.ones((5, 5), np.uint8), borderValue=0)
        contours, _ = cv2.findContours(inner, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        made = picture.copy()
        for contour in contours:
            for start in range(0, len(contour), _DASH_PX + _GAP_PX):
                for colour, wide in ((_HALO, 4), (_EDGE, 2)):  # two colours, visible on skin of every tone
                    cv2.polylines(made, [contour[start : start + _DASH_PX]], False, colour, wide, cv2.LINE_8)
        return np.where(there[..., None] > 0, made, picture)

    def _resample_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return self._resample(mask.astype(np.uint8), cv2.INTER_NEAREST).astype(bool)

    def _resample(self, values: NDArray[np.generic], how: int) -> NDArray[np.float32]:
        """Resample values of the view to the picture."""
        x0, y0, x1, y1 = self.box
        size = self.picture.shape[1], self.picture.shape[0]
        return np.asarray(cv2.resize(np.ascontiguousarray(values[y0:y1, x0:x1]), size, interpolation=how))


def make_frame(view: View, pigment: PigmentLevels | None) -> PhotoFrame:
    """Return the displayed part of a view."""
    x0, y0, x1, y1 = view.place.report_box
    cut = view.rgb[y0:y1, x0:x1]
    zoom = max(1.0, setting("picture", "width_px") / (x1 - x0))
    if zoom > 1.0:
        size = round((x1 - x0) * zoom), round((y1 - y0) * zoom)
        cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return PhotoFrame(np.array(cut), (x0, y0, x1, y1), pigment)

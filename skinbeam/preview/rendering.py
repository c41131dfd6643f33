"""Render a change of light on the photograph, and convert changes of pigment to light.

The melanin and blood of a pixel are those inferred from its colour, and the reflectance is computed with the optics
that every pulse is simulated with. A pixel is multiplied by the ratio of the reflectance of the changed skin to that of
the unchanged skin: texture and shading are part of the pixel and stay there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import encode_srgb, linear_to_lab, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.view import Box, View
from skinbeam.preview.settings import setting

__all__ = [
    "Array",
    "Float",
    "PhotoFrame",
    "PigmentLevels",
    "crop_frame",
    "find_close_up",
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
_SAME = 0.02  # share of a weight that is no difference between two close-ups


@compared_by_value
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


def multiply_light(rgb: Picture, ln_factor: Float, mask: Mask) -> Picture:
    """Multiply the linear light of a picture where it is touched; every other pixel stays that of `rgb`."""
    made = rgb.copy()
    made[mask] = encode_srgb(srgb_to_linear(rgb[mask]) * np.exp(ln_factor[mask].astype(np.float64)))
    return made


# The displayed part of a photograph, enlarged where it is small, and changes of light on it.


@compared_by_value
@dataclass(frozen=True)
class PhotoFrame:
    """The displayed part of a view.

    Parameters
    ----------
    picture : (height, width, 3), as taken.
    box : x0, y0, x1, y1 in pixels of the view.
    """

    picture: Picture
    box: Box

    def with_light(self, ln_factor: Float) -> Picture:
        """Return the picture after the light of the view was multiplied; elsewhere it is identical to the bit.

        Parameters
        ----------
        ln_factor : (height, width, 3) of the view.
        """
        touched = np.asarray((ln_factor != 0).any(axis=-1))
        mask = self._resample(touched.astype(np.uint8), cv2.INTER_NEAREST).astype(bool)
        return multiply_light(self.picture, self._resample(ln_factor, cv2.INTER_LINEAR), mask)

    def _resample(self, values: NDArray[np.generic], how: int) -> NDArray[np.float32]:
        """Resample values of the view to the picture."""
        x0, y0, x1, y1 = self.box
        size = self.picture.shape[1], self.picture.shape[0]
        return np.asarray(cv2.resize(np.ascontiguousarray(values[y0:y1, x0:x1]), size, interpolation=how))


def make_frame(view: View) -> PhotoFrame:
    """Return the displayed part of a view."""
    return crop_frame(view, view.place.report_box)


def crop_frame(view: View, box: Box) -> PhotoFrame:
    """Return a part of a view, enlarged where it is smaller than a picture is shown."""
    x0, y0, x1, y1 = box
    cut = view.rgb[y0:y1, x0:x1]
    zoom = max(1.0, setting("picture", "width_px") / (x1 - x0))
    if zoom > 1.0:
        size = round((x1 - x0) * zoom), round((y1 - y0) * zoom)
        cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return PhotoFrame(np.array(cut), box)


def find_close_up(view: View, ln_factor: Float) -> Box:
    """Return the box of a close-up, inside the displayed part of a view, where most pixels change visibly.

    Parameters
    ----------
    ln_factor : (height, width, 3) of the view.
    """
    touched = (ln_factor != 0).any(axis=-1)
    light = srgb_to_linear(view.rgb[touched])
    after = np.clip(light * np.exp(ln_factor[touched].astype(np.float64)), 0.0, 1.0)
    weight = np.zeros(touched.shape, np.float32)
    differs = np.linalg.norm(linear_to_lab(after) - linear_to_lab(light), axis=-1)
    weight[touched] = differs >= setting("size", "seen_E")
    x0, y0, x1, y1 = view.place.report_box
    wide = min(round(setting("picture", "close_up_pupil") * view.place.pupil_px), x1 - x0)
    tall = min(round(wide * setting("picture", "close_up_aspect")), y1 - y0)
    sums = cv2.integral(np.ascontiguousarray(weight[y0:y1, x0:x1], np.float32))
    change_in_box = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    # Neighbouring boxes may hold the same: the one in their middle leaves the mark in the middle of the picture.
    _, parts = cv2.connectedComponents((change_in_box >= (1.0 - _SAME) * change_in_box.max()).astype(np.uint8))
    rows, columns = np.nonzero(parts == parts[np.unravel_index(np.argmax(change_in_box), change_in_box.shape)])
    y, x = y0 + round(float(rows.mean())), x0 + round(float(columns.mean()))
    return x, y, x + wide, y + tall

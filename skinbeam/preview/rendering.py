"""Colour that follows a change of the maps: the pixel, times what the changed skin reflects over what it reflected.

Melanin and blood of a pixel are those that its colour was read as, and what it would reflect with less or more of them
is told by the optics that every pulse is simulated with. Texture and shading are in the pixel and stay there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import levels, linear
from skinbeam.photo.maps.inverse import SkinMaps
from skinbeam.photo.maps.optics import skin_colours
from skinbeam.photo.reading.read import Picture

__all__ = ["Array", "Float", "Pigment", "encoded", "multiplied"]

Array = NDArray[np.float64]
Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LIGHT, _BY_MELANIN, _BY_BLOOD = slice(0, 3), slice(4, 5), slice(7, 8)  # of `SkinColours.planes`: the slopes of green
_STEPS = 5
_STEP_MAX = 1.0  # of a logarithm
_SLOPE_MIN = 0.02  # so flat is the green of the table nowhere that skin is read


@dataclass(frozen=True)
class Pigment:
    """What skin holds, as logarithms of the volume fractions of melanin and blood, (...)."""

    ln_melanin: Array
    ln_blood: Array

    @classmethod
    def of(cls, maps: SkinMaps) -> "Pigment":
        """Return what each pixel holds; where its colour cannot be read, what the nearest that can holds."""
        from scipy.ndimage import distance_transform_edt  # late: a page without a photograph need not load it

        if not maps.known.any():
            return cls(*(np.full(maps.known.shape, np.log(one)) for one in (maps.level.melanin, maps.level.blood)))
        rows, columns = distance_transform_edt(~maps.known, return_distances=False, return_indices=True)
        return cls(np.log(maps.melanin[rows, columns]), np.log(maps.blood[rows, columns]))

    @classmethod
    def middle(cls, maps: SkinMaps) -> "Pigment":
        """Return what the middle of the face holds."""
        return cls(np.asarray(np.log(maps.level.melanin)), np.asarray(np.log(maps.level.blood)))

    def at(self, where: Mask) -> "Pigment":
        """Return the pixels of a mask."""
        return Pigment(self.ln_melanin[where], self.ln_blood[where])

    def ln_factor(self, added: Mapping[str, Array | Float | float]) -> Array:
        """Return ln of what linear light (..., 3) is multiplied by where maps grow by `added` (...), as marks count.

        A unit of melanin or haemoglobin is one of green optical density: the pigment is found that changes green by
        so much, and red and blue follow it. Shade is the same in all three.
        """
        colours = skin_colours()
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
        """Return how much green optical density the skin gains if it holds so many times the blood."""
        colours = skin_colours()
        more = colours.read(self.ln_melanin, self.ln_blood + np.log(times), _LIGHT)
        return float((colours.read(self.ln_melanin, self.ln_blood, _LIGHT) - more)[..., 1])


def encoded(light: Array) -> Picture:
    """Return linear light, 0 to 1, as sRGB bytes (IEC 61966-2-1)."""
    return np.asarray(np.round(255 * levels(np.clip(light, 0.0, 1.0))), np.uint8)


def multiplied(rgb: Picture, ln_factor: Float, touched: Mask) -> Picture:
    """Return a picture whose linear light is multiplied where it is touched; every other pixel is that of `rgb`."""
    made = rgb.copy()
    made[touched] = encoded(linear(rgb[touched]) * np.exp(ln_factor[touched].astype(np.float64)))
    return made

"""The part of a view in which dark spots are searched for, on a grid fine enough for a spot."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE, srgb_to_linear
from skinbeam.photo.limits import limit
from skinbeam.photo.skin_mask import SkinSurface
from skinbeam.photo.view import View, bounding_window

__all__ = ["DarkBlob", "SkinSearch", "search_skin"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_BLACK = 0.002  # linear light that keeps a logarithm finite: half of the first steps of 8-bit sRGB above black


@compared_by_value
@dataclass(frozen=True)
class SkinSearch:
    """The searched part of a view on a grid that is at least as fine as a spot needs.

    Parameters
    ----------
    light, green : natural logarithm of luminance, and of green light, in which melanin and blood are darkest.
    skin : whether a pixel has the colour of skin.
    bare : whether it is searched and is no part of eyes, nostrils, mouth and brows.
    origin : x, y of the part in the view.
    zoom : pixels of the grid per pixel of the view.
    mm_per_px : of the grid.
    """

    light: Image
    green: Image
    skin: Mask
    bare: Mask
    origin: tuple[int, int]
    zoom: float
    mm_per_px: float

    @property
    def blur_mm(self) -> float:
        """Width over which the pixels of the view blur the rim of a spot."""
        return self.mm_per_px * self.zoom * limit("dark-spots", "gap_px")

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point of the grid to pixels of the view."""
        return (x + 0.5) / self.zoom - 0.5 + self.origin[0], (y + 0.5) / self.zoom - 0.5 + self.origin[1]

    def disc(self, diameter_mm: float) -> NDArray[np.uint8]:
        """Return a disc of this diameter, of at least three pixels."""
        radius = max(1, round(diameter_mm / 2 / self.mm_per_px))
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)

    def area_px(self, diameter_mm: float) -> float:
        """Return the area of a disc of this diameter."""
        return float(np.pi / 4 * (diameter_mm / self.mm_per_px) ** 2)


@compared_by_value
@dataclass(frozen=True)
class DarkBlob:
    """A dark blob: its mask in a window of the grid, and its centre there."""

    mask: Mask
    window: tuple[slice, slice]
    centre: tuple[float, float]


def search_skin(view: View, surface: SkinSurface, mm_per_px: float) -> SkinSearch:
    """Return the outlined part of a view with a margin, enlarged where its pixels are coarse.

    Parameters
    ----------
    mm_per_px : of the view.
    """
    rows, columns = bounding_window(surface.outline, round(limit("dark-spots", "diameter_mm_max") / mm_per_px))
    linear = srgb_to_linear(view.rgb[rows, columns])
    blur_px = max(limit("spots", "smooth_px_min"), limit("spots", "smooth_mm") / mm_per_px)
    zoom = max(1.0, mm_per_px / limit("dark-spots", "grid_mm"))
    size = round(linear.shape[1] * zoom), round(linear.shape[0] * zoom)

    def logarithm(light: NDArray[np.float64]) -> Image:
        smooth = np.log(cv2.GaussianBlur(light, (0, 0), blur_px) + _BLACK).astype(np.float32)
        return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_CUBIC), np.float32) if zoom > 1 else smooth

    skin, bare = (
        cv2.resize(mask[rows, columns].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for mask in (surface.skin_colour, surface.outline & ~surface.openings & ~surface.brows)
    )
    return SkinSearch(
        logarithm(linear @ LUMINANCE),
        logarithm(linear[..., 1]),
        np.asarray(skin),
        np.asarray(bare),
        (columns.start, rows.start),
        zoom,
        mm_per_px / zoom,
    )

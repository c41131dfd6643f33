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

__all__ = ["SECTORS", "DarkBlob", "SkinSearch", "is_on_every_side", "search_skin", "sectors_around"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

SECTORS = 8  # of the ring of skin around a spot
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
    def ring_mm(self) -> tuple[float, float]:
        """Widths of the gap around a spot and of the ring of skin beyond it, each at least the blur of the pixels."""
        blur_mm = self.mm_per_px * self.zoom * limit("dark-spots", "gap_px")
        return max(limit("dark-spots", "gap_mm"), blur_mm), max(limit("dark-spots", "ring_mm"), blur_mm)

    @property
    def ring_reach_px(self) -> int:
        """How far a ring reaches beyond its spot."""
        return sum(self.disc(2 * width).shape[0] // 2 for width in self.ring_mm)

    def ring_around(self, mask: Mask) -> Mask:
        """Return the ring of pixels around a spot, beyond the gap."""
        near, far = (self.disc(2 * width) for width in self.ring_mm)
        inner = cv2.dilate(mask.astype(np.uint8), near)
        return np.asarray((cv2.dilate(inner, far) > 0) & (inner == 0))

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


def sectors_around(ring: Mask, centre: tuple[float, float]) -> NDArray[np.int_]:
    """Return in which of the `SECTORS` about a centre, x and y, each pixel of a ring lies."""
    y, x = np.nonzero(ring)
    angle = np.arctan2(y - centre[1], x - centre[0]) / (2 * np.pi)
    return np.asarray(np.floor(angle * SECTORS).astype(int) % SECTORS)


def is_on_every_side(sectors: NDArray[np.int_]) -> bool:
    """Return whether a ring has pixels in every sector: the shade beside a nose has skin on one side."""
    return bool(np.unique(sectors).size == SECTORS)


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

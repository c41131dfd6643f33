"""A mark: one thing that is seen on the skin, where it lies, and what it adds to the map that carries it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Value

__all__ = ["CarriedBy", "Mark", "shift_mark"]

Array = NDArray[np.float64]
Patch = NDArray[np.float32]

CarriedBy = Literal["melanin", "haemoglobin", "shade"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One thing that is seen on the skin; places are in pixels of the view, whatever it was found on.

    Parameters
    ----------
    kind : of `Finding.kind`.
    region : of `Regions.masks`.
    carried_by : the map that the mark raises: melanin, haemoglobin, or shade for a relief.
    origin : x, y of the first pixel of `cover` and `excess`.
    cover : (height, width), the share of each pixel that belongs to the mark, 0 to 1.
    excess : (height, width), how far the mark raises its map above the skin around it, in the unit of the map, with
        the soft edge that blur gives it; taking it away leaves the skin around.
    contrast : mean of `excess` over what is covered.
    size_mm : length of a line; diameter of the disc of the same area of anything else.
    line : (n, 2) x, y along the middle of a vessel or a fold; None of what is no line.
    width_mm : of a vessel, corrected for the blur of the picture; None of what has none.
    to_be_seen : whether its size or shape asks for a doctor's eye before any laser.
    """

    kind: str
    region: str
    carried_by: CarriedBy
    origin: tuple[int, int]
    cover: Patch
    excess: Patch
    contrast: float
    size_mm: Estimate
    line: Array | None = None
    width_mm: Value | None = None
    to_be_seen: bool = False

    def __post_init__(self) -> None:
        if self.cover.shape != self.excess.shape or self.cover.ndim != 2:
            raise ValueError(f"cover {self.cover.shape} and excess {self.excess.shape} must be one patch")

    @property
    def area_px(self) -> float:
        """Pixels of the view that the mark covers."""
        return float(self.cover.sum())

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the view where the patch lies."""
        (x, y), (height, width) = self.origin, self.cover.shape
        return slice(y, y + height), slice(x, x + width)

    def laid_on(self, shape: tuple[int, ...], values: Patch) -> Patch:
        """Return a patch of the mark, such as its cover, in an empty view of a shape (height, width)."""
        whole = np.zeros(shape[:2], np.float32)
        whole[self.window] = values
        return whole


def shift_mark(mark: Mark, at: tuple[slice, slice]) -> Mark:
    """Return a mark that was found in a window of the view, in pixels of the view."""
    (x, y), (rows, columns) = mark.origin, at
    return replace(mark, origin=(x + columns.start, y + rows.start))

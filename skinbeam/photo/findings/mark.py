"""A mark on the skin: its position, the area it covers, and the excess that it adds to a map."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Value
from skinbeam.model.value_equality import compared_by_value

__all__ = ["LineSight", "MapName", "Mark", "Repeatability", "shift_mark"]

Array = NDArray[np.float64]
Patch = NDArray[np.float32]

MapName = Literal["melanin", "haemoglobin", "shade"]


@dataclass(frozen=True)
class Repeatability:
    """How often a mark is found again on copies of the photograph."""

    finds: int
    copies: int


@dataclass(frozen=True)
class LineSight:
    """What a line looks like in one picture.

    Parameters
    ----------
    share : of its length that is as strong as lines are on average.
    density : observed height of its cross-section in brightness.
    width_mm, width_share : width of its cross-section, in mm and of the widest that is tried.
    blood_share : of its darkening that blood explains.
    """

    share: float
    density: float
    width_mm: float
    width_share: float
    blood_share: float


@compared_by_value
@dataclass(frozen=True, kw_only=True)
class Mark:
    """One mark on the skin; positions are in pixels of the view, whatever image it was found on.

    Parameters
    ----------
    kind : one of `FINDING_KINDS`.
    region : one of `SkinRegions.masks`.
    map_name : the map that the mark raises: melanin, haemoglobin, or shade for a relief.
    origin : x, y of the first pixel of `cover` and `excess`.
    cover : (height, width), the share of each pixel that belongs to the mark, 0 to 1.
    excess : (height, width), how far the mark raises its map above the surrounding skin, in the unit of the map, with
        the soft edge that blur gives it; subtracting it leaves the surrounding skin.
    contrast : mean of `excess` over the covered area.
    size_mm : length of a line; otherwise the diameter of the disc of the same area.
    line : (n, 2) x, y along the middle of a vessel or a fold; None if the mark is not a line.
    width_mm : of a vessel, corrected for the blur of the picture; None where it has no width.
    looks_suspicious : whether its size or shape is that of a spot which a doctor must examine before any laser. It is
        kept of red spots too: red in one photograph may be brown in the next.
    repeatability : on copies of the photograph; None where the kind is not looked for on them.
    unit_density : of a roundish mark, density of one unit of its excess in the channel in which it was searched for.
    sight : what a line looks like in the photograph.
    """

    kind: str
    region: str
    map_name: MapName
    origin: tuple[int, int]
    cover: Patch
    excess: Patch
    contrast: float
    size_mm: Estimate
    line: Array | None = None
    width_mm: Value | None = None
    looks_suspicious: bool = False
    repeatability: Repeatability | None = None
    unit_density: float = 1.0
    sight: LineSight | None = None

    def __post_init__(self) -> None:
        if self.cover.shape != self.excess.shape or self.cover.ndim != 2:
            raise ValueError(f"cover {self.cover.shape} and excess {self.excess.shape} must be one patch")

    @property
    def needs_examination(self) -> bool:
        """Whether a doctor must examine the mark before any laser; inflamed spots are reported as such."""
        return self.looks_suspicious and self.kind != "inflamed"

    @property
    def area_px(self) -> float:
        """Area of the mark in pixels of the view."""
        return float(self.cover.sum())

    @property
    def points(self) -> Array:
        """Points (n, 2) of the mark in pixels of the view: the course of a line, the middle of any other mark."""
        if self.line is not None:
            return self.line
        rows, columns = np.nonzero(self.cover > 0.25)
        return np.array([[columns.mean(), rows.mean()]]) + self.origin

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the patch in the view."""
        (x, y), (height, width) = self.origin, self.cover.shape
        return slice(y, y + height), slice(x, x + width)

    def embed_in(self, shape: tuple[int, ...], values: Patch) -> Patch:
        """Return a patch of the mark, such as its cover, in an otherwise empty view of a shape (height, width)."""
        whole = np.zeros(shape[:2], np.float32)
        whole[self.window] = values
        return whole


def shift_mark(mark: Mark, at: tuple[slice, slice]) -> Mark:
    """Convert a mark that was found in a window of the view to pixels of the view."""
    (x, y), (rows, columns) = mark.origin, at
    return replace(mark, origin=(x + columns.start, y + rows.start))

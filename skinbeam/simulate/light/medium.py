"""Optical properties of plane layers, for a single medium or for many draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.skin.properties import OpticalProperties

__all__ = ["Floats", "LayeredMedium"]

Floats = NDArray[np.float64]


@compared_by_value
@dataclass(frozen=True)
class LayeredMedium:
    """Plane layers from the surface downwards, (layer,) each; (sample, layer) each for many draws.

    Parameters
    ----------
    mua_per_m, mus_per_m, g, n : of each layer.
    thickness_m : of each layer; inf in the last for a semi-infinite medium.
    ambient_n, below_n : refractive indices above and below.
    """

    mua_per_m: Sequence[float] | Floats
    mus_per_m: Sequence[float] | Floats
    g: Sequence[float] | Floats
    n: Sequence[float] | Floats
    thickness_m: Sequence[float] | Floats
    ambient_n: float = 1.0
    below_n: float = 1.0

    @classmethod
    def from_optics(cls, optics: OpticalProperties, thickness_m: Floats) -> "LayeredMedium":
        """Return the media of drawn skins in air; `thickness_m` is (sample, layer)."""
        return cls(optics.mua, optics.mus, optics.g, optics.n, np.asarray(thickness_m, dtype=np.float64))

    @classmethod
    def concatenate(cls, media: "Sequence[LayeredMedium]") -> "LayeredMedium":
        """Return all media as draws that are solved together; the surroundings are those of the first."""
        columns = zip(*(medium.columns for medium in media), strict=True)
        mua, mus, g, n, thickness = (np.concatenate([np.atleast_2d(part) for part in column]) for column in columns)
        return cls(mua, mus, g, n, thickness, media[0].ambient_n, media[0].below_n)

    @property
    def columns(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """The layers as arrays of the same shape: absorption, scattering, g, n, thickness."""
        mua, mus, g, n, thickness = (
            np.asarray(values, dtype=np.float64)
            for values in (self.mua_per_m, self.mus_per_m, self.g, self.n, self.thickness_m)
        )
        return mua, mus, g, n, thickness

    @property
    def draw_count(self) -> int | None:
        """Number of draws; None for a medium without a sample dimension."""
        thickness = np.asarray(self.thickness_m)
        return len(thickness) if thickness.ndim == 2 else None

    def select_draw(self, index: int) -> "LayeredMedium":
        """Return the medium of a single draw, which is hashable and can be a cache key."""
        return self._as_hashable([column[index] for column in self.columns])

    def median(self) -> "LayeredMedium":
        """Return the medium of the medians of the draws, which is hashable and can be a cache key."""
        return self._as_hashable([np.median(column, axis=0) for column in self.columns])

    def _as_hashable(self, columns: Sequence[Floats]) -> "LayeredMedium":
        mua, mus, g, n, thickness = (tuple(column.tolist()) for column in columns)
        return LayeredMedium(mua, mus, g, n, thickness, self.ambient_n, self.below_n)

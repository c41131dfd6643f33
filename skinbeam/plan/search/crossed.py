"""What light does to drawn skins beside where borders lie in others: every injury may meet every skin.

How deep light works comes of light, heat, matter and the model's error; how thick layers are is drawn apart from all of
them, and computed depths hardly hang on it (correlation of 0.03 at most in columns, none in craters). A limit of depth
turns on the few draws in which a deep injury meets thin skin. Of n computed injuries and m skins, whose layers cost
nothing to draw, n times m pairs tell the same share with less error, so that the dose hangs less on which were drawn.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Borders", "Crossed"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Borders:
    """Depths of a border in drawn skins, (skin,), m, and the weights of these."""

    depth_m: Floats
    weights: Floats

    @cached_property
    def _above(self) -> tuple[Floats, Floats]:
        """Depths, ascending, and the share of skins whose border lies no deeper, from 0 before the first."""
        order = np.argsort(self.depth_m)
        below = np.concatenate([[0.0], np.cumsum(self.weights[order])])
        return self.depth_m[order], below / below[-1]

    def reached(self, depth_m: Floats) -> Floats:
        """Return the share of skins whose border each depth reaches, (sample,)."""
        ascending, shares = self._above
        return np.asarray(shares[np.searchsorted(ascending, depth_m, side="right")])


@dataclass(frozen=True)
class Crossed:
    """How far injuries go on the way to a border, as a ratio.

    Parameters
    ----------
    depth_m : of each injury, (sample,).
    own_m : the border of the skin that it was computed in, (sample,).
    borders : of all skins.
    """

    depth_m: Floats
    own_m: Floats
    borders: Borders

    @property
    def ratio(self) -> Floats:
        """In its own skin, (sample,)."""
        return np.asarray(self.depth_m / self.own_m)

    def below(self, ratio: float) -> Floats:
        """Return how likely each injury stays below so much of the way in such skin, (sample,); NaN is on no side."""
        kept = 1.0 - self.borders.reached(self.depth_m / ratio)
        return np.where(np.isnan(self.depth_m), 0.0, kept)

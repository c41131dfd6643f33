"""How wide the vessels of a person are, where a photograph shows some: what is published joined with what is seen.

A vessel of the diameter d looks hypot(k d, s) wide (photo 5) once the blur of the camera is taken off: light spreads in
the skin above it by s, and the flanks of a round vessel lie deeper than its top, so that k of its width is seen. Both
are taken as even between the ends that traced light gives (data/seen_vessels.toml). A narrow vessel therefore looks
some 0.3 mm wide whatever it is, and a width like that tells next to nothing of its diameter.

The published law of the diameter is the prior. Seen widths spread about what a vessel looks like as a normal law of
their logarithm, whose sides are the two halves of the interval that was read, which holds scale, blur and the variety
of the vessels of a site. Prior times likelihood (photo 6) gives weights to the quantiles of the prior, and a draw takes
the same place among weighted quantiles that it had among even ones: no draw is lost, and draws stay stratified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate
from skinbeam.shipped import shipped_table
from skinbeam.skin.spread import place_of, spread_at
from skinbeam.skin.tables import number, sourced
from skinbeam.sources import Sourced
from skinbeam.units import UM

__all__ = ["SeenWidth"]

Array = NDArray[np.float64]
# Quantiles of a prior, as standard normals: past 6 of them lies a billionth of it.
_Z: Final = np.linspace(-6.0, 6.0, 1201)
_PRIOR: Final = np.exp(-0.5 * _Z**2) / np.exp(-0.5 * _Z**2).sum()
_STEPS: Final = (np.arange(8) + 0.5) / 8  # places between the two ends of what is taken as even between them


@dataclass(frozen=True)
class SeenWidth:
    """How wide the vessels of a site look on a photograph.

    Parameters
    ----------
    um : the middle of them, µm, from the narrowest to the widest; a low end of 0 says that the blur may be all of it.
    """

    um: Estimate

    def diameters_m(self, prior: Sourced, normal: Array) -> Array:
        """Return diameters, m, in the places of standard normals, of the shape of `normal`.

        Parameters
        ----------
        prior : published diameters, µm.
        """
        weights = _PRIOR * self._likelihood(prior)
        below = np.cumsum(weights) - weights / 2
        return np.asarray(spread_at(prior, np.interp(place_of(normal) * weights.sum(), below, _Z)) * UM)

    def share(self, prior: Sourced) -> float:
        """Return how likely what is seen is of such vessels, over that of vessels that look just like it."""
        return float(_PRIOR @ self._likelihood(prior))

    def fits(self, parts: Sequence[tuple[float, Sourced]]) -> bool:
        """Return whether some such vessels look as narrow, and some as wide, as what is seen.

        Parameters
        ----------
        parts : (share, published diameter in µm) of the kinds of vessels that there may be.
        """
        least = number(_looks()["least_share"])
        total = sum(share for share, _ in parts)
        narrower = sum(share / total * self._narrower(prior) for share, prior in parts)
        return least <= narrower <= 1 - least

    def _narrower(self, prior: Sourced) -> float:
        """Share of what would be seen of such vessels that is narrower than what is seen."""
        return float(_PRIOR @ place_of(self._apart(prior)).mean(axis=1))

    def _likelihood(self, prior: Sourced) -> Array:
        """Of what is seen, at each quantile of a prior, over that of a vessel that looks just like it."""
        return np.asarray(np.exp(-0.5 * self._apart(prior) ** 2).mean(axis=1))

    def _apart(self, prior: Sourced) -> Array:
        """How many deviations wider what is seen is than each quantile looks, (quantile, way that light may spread)."""
        k, s = (_even(sourced(_looks()[name])) for name in ("share_of_width", "spread_um"))
        looks = np.hypot(spread_at(prior, _Z)[:, None, None] * k[:, None], s).reshape(len(_Z), -1)
        ends = NormalDist().inv_cdf((1 + self.um.level) / 2)
        narrow = np.log(self.um.median / self.um.low) / ends if self.um.low > 0 else np.inf
        apart = np.log(self.um.median / looks)
        return np.asarray(apart / np.where(apart > 0, narrow, np.log(self.um.high / self.um.median) / ends))


def _looks() -> Mapping[str, Any]:
    return shipped_table("data/seen_vessels.toml")


def _even(value: Sourced) -> Array:
    return np.asarray(value.low + (value.high - value.low) * _STEPS)

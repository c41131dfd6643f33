"""The skins that a plan draws for one site: with the target in them, and the ones that limits are held against."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.settings import Beam
from skinbeam.simulate.pulse import Illumination, illuminate

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SiteSkins"]

Floats = NDArray[np.float64]
_MOST_LIGHTS = 4


@dataclass(frozen=True)
class SiteSkins:
    """Draws for one site and one concern.

    Parameters
    ----------
    site : name of the site.
    target : skin with the concern in it (a lesion, its vessels).
    limiting : skin around it; where colour is in doubt, the darker of what was said.
    """

    site: str
    target: "xr.Dataset"
    limiting: "xr.Dataset"
    _lights: "OrderedDict[tuple[tuple[float, float], ...], Illumination]" = field(default_factory=OrderedDict)

    @property
    def same(self) -> bool:
        """Whether target and surroundings are the same skins."""
        return self.target is self.limiting

    @property
    def weights(self) -> tuple[Floats, Floats]:
        """Weights of target and limiting draws."""
        return tuple(np.asarray(skins["weight"].values, dtype=np.float64) for skins in (self.target, self.limiting))  # type: ignore[return-value] # two by construction

    @property
    def temperature_C(self) -> float:
        """Mean temperature of the untreated surface."""
        return float(self.limiting["temperature_C"].values.mean())

    def lit(self, beam: Beam) -> Illumination:
        """Return the light of a beam in the limiting skins; the last few are kept, as settings share wavelengths."""
        if beam.spectrum not in self._lights:
            self._lights[beam.spectrum] = illuminate(self.limiting, beam.spectrum)
            while len(self._lights) > _MOST_LIGHTS:
                self._lights.popitem(last=False)
        return self._lights[beam.spectrum]

"""The exact light engine: discrete ordinates in plane layers."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from skinbeam.physics.light.layers import PlaneLayers
from skinbeam.physics.light.ordinates import directions_count, solve
from skinbeam.physics.light.scene import Tally
from skinbeam.provenance import used
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.protocol import LightField, Space, one_by_one

__all__ = ["IN_SKINS", "Ordinates"]


@dataclass(frozen=True)
class Ordinates:
    """Discrete ordinates: exact for layers. The width of the beam drops out of every plane integral.

    Parameters
    ----------
    streams : the most directions in a hemisphere; fewer where many layers differ in refractive index.
    """

    streams: int = 64

    # OpenBLAS spreads larger matrices over threads and then rounds differently on another number of cores.
    MOST_DIRECTIONS = 88
    # So many stay whatever the steps of the index, and serve many draws at once.
    FEW_STREAMS = 16

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs."""
        return ("cpu",)

    def light(self, space: Space, beam: LightBeam, tally: Tally) -> LightField:
        """Return the light in layers; `beam` has no influence on plane integrals.

        Raises
        ------
        ValueError : values out of range; not layers alone lit at right angles; rings or a map are asked for.
        """
        if not isinstance(space, LayeredMedium) or beam.angle_deg or tally.rings or tally.nx:
            raise ValueError("the exact method is for plane layers lit at right angles, and tells of light by depth")
        if space.draws is not None and self.streams > self.FEW_STREAMS:
            return one_by_one(self, space, beam, tally)
        used("chandrasekhar1960", "henyey1941", "wiscombe1977", "stamnes1988", "nakajima1986", "plass1973", "born1999")
        mua, mus, g, n, thickness = (np.atleast_2d(column) for column in space.columns)
        layers = PlaneLayers(mua, mus, g, n, thickness, space.ambient_n, space.below_n)
        streams = self.streams
        while streams > self.FEW_STREAMS and directions_count(layers, streams) > self.MOST_DIRECTIONS:
            streams -= 8
        found = solve(layers, tally.edges if tally.edges.size else None, streams=streams)
        parts = (
            found.reflectance_specular,
            found.reflectance_diffuse,
            found.transmittance,
            found.absorbed,
            found.fluence_rate_ratio,
        )
        if space.draws is not None:
            return LightField(*parts)
        specular, diffuse, transmitted, absorbed, ratio = (part[0] for part in parts)
        return LightField(float(specular), float(diffuse), float(transmitted), absorbed, ratio)


# Eight directions in a hemisphere hold absorbed light to about 1e-3 of itself and reflectance to 0.002; skin is known
# to about a tenth.
IN_SKINS: Final = Ordinates(streams=8)

"""The light engines there are, by name.

A new engine is entered in `ENGINES`; the tests of the protocol then run on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from skinbeam.errors import InputError, did_you_mean
from skinbeam.physics.light.ordinates import directions_count, solve
from skinbeam.provenance import used
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.medium import Floats, LayeredMedium, LightEngine, LightField
from skinbeam.simulate.light.montecarlo import MonteCarlo

__all__ = ["ENGINES", "Ordinates", "check_engine_options"]

# Words of the interface, whether this release has an engine for them or not.
METHODS = ("ordinates", "montecarlo")
DEVICES = ("cpu", "cuda")


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

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs."""
        return ("cpu",)

    def fluence(self, medium: LayeredMedium, beam: LightBeam, z_edges_m: Floats) -> LightField:
        """Return the light in `medium`; `beam` has no influence on plane integrals."""
        used("chandrasekhar1960", "henyey1941", "wiscombe1977", "stamnes1988", "nakajima1986", "plass1973", "born1999")
        mua, mus, g, n, thickness = (
            np.asarray(values, dtype=np.float64)[None, :]
            for values in (medium.mua_per_m, medium.mus_per_m, medium.g, medium.n, medium.thickness_m)
        )
        outside = {"ambient_n": medium.ambient_n, "below_n": medium.below_n}
        streams = self.streams
        while streams > 16 and directions_count(n, thickness, **outside, streams=streams) > self.MOST_DIRECTIONS:
            streams -= 8
        light = solve(mua, mus, g, n, thickness, **outside, z_edges=z_edges_m, streams=streams)
        return LightField(
            float(light.reflectance_specular[0]),
            float(light.reflectance_diffuse[0]),
            float(light.transmittance[0]),
            light.absorbed[0],
            light.fluence_rate_ratio[0],
        )


ENGINES: Mapping[str, LightEngine] = MappingProxyType({"ordinates": Ordinates(), "montecarlo": MonteCarlo()})


def check_engine_options(method_option: str, method: str, device: str, error: float | None) -> None:
    """Refuse a method or device that is no word of the interface, and a standard error outside ]0, 1[.

    Parameters
    ----------
    method_option : the option that `method` was read from.

    Raises
    ------
    InputError : names the option.
    """
    for option, value, known in ((method_option, method, METHODS), ("--device", device, DEVICES)):
        if value not in known:
            raise InputError(
                "unknown-word",
                f'is not one of the known words, read "{value}"',
                field=option,
                hint=f"{did_you_mean([value], known)}One of: {', '.join(known)}.",
            )
    if error is not None and not 0 < error < 1:
        raise InputError(
            "out-of-range",
            f"is out of range, read {error:g}",
            field="--error",
            hint="Above 0 and below 1, such as 0.01.",
        )

"""The discrete-ordinates light engine for plane layers, and the registry of light engines."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from skinbeam.model.errors import InputError, spelling_hint
from skinbeam.model.sources import cite_sources
from skinbeam.physics.light.discrete_ordinates import count_directions, solve_layers
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.plane_layers import PlaneLayers
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MIN_ERROR, MonteCarlo
from skinbeam.simulate.light.protocol import LightEngine, LightField, LightSpace, light_each_medium

__all__ = [
    "ENGINES",
    "SKIN_ORDINATES",
    "DiscreteOrdinates",
    "check_engine_options",
    "load_ordinates_kernel",
]


@dataclass(frozen=True)
class DiscreteOrdinates:
    """Discrete ordinates: exact for layers. Plane integrals do not depend on the width of the beam.

    Parameters
    ----------
    streams : the most directions in a hemisphere; fewer where many layers differ in refractive index.
    """

    streams: int = 64

    # The work grows with the third power of the directions.
    MAX_DIRECTIONS = 88
    # Number of streams that is always used, whatever the refractive indices, and for many draws at once.
    MIN_STREAMS = 16

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices on which the engine runs."""
        return ("cpu",)

    def compute_light(self, space: LightSpace, beam: LightBeam, tally: LightTally) -> LightField:
        """Return the light in layers; `beam` has no influence on plane integrals.

        Raises
        ------
        ValueError : values out of range; anything but layers lit at normal incidence; rings or a map are requested.
        """
        if not isinstance(space, LayeredMedium) or beam.angle_deg or tally.rings or tally.nx:
            raise ValueError("the exact method is for plane layers lit at right angles, and tells of light by depth")
        if space.draw_count is not None and self.streams > self.MIN_STREAMS:
            return light_each_medium(self, space, beam, tally)
        cite_sources(
            "chandrasekhar1960", "henyey1941", "wiscombe1977", "stamnes1988", "nakajima1986", "plass1973", "born1999"
        )
        mua, mus, g, n, thickness = (np.atleast_2d(column) for column in space.columns)
        layers = PlaneLayers(mua, mus, g, n, thickness, space.ambient_n, space.below_n)
        streams = self.streams
        while streams > self.MIN_STREAMS and count_directions(layers, streams) > self.MAX_DIRECTIONS:
            streams -= 8
        found = solve_layers(layers, tally.edges if tally.edges.size else None, streams=streams)
        parts = (
            found.reflectance_specular,
            found.reflectance_diffuse,
            found.transmittance,
            found.absorbed,
            found.fluence_rate_ratio,
        )
        if space.draw_count is not None:
            return LightField(*parts)
        specular, diffuse, transmitted, absorbed, ratio = (part[0] for part in parts)
        return LightField(float(specular), float(diffuse), float(transmitted), absorbed, ratio)


# Eight directions in a hemisphere give absorbed light to about 1e-3 of itself and reflectance to 0.002; properties of
# skin are known to about a tenth.
SKIN_ORDINATES: Final = DiscreteOrdinates(streams=8)

# Registry of light engines by name: the tests of the protocol run on every engine in `ENGINES`.

# Names accepted by the interface, whether or not this release has an engine for them.
LIGHT_METHODS = ("ordinates", "montecarlo")
LIGHT_DEVICES = ("cpu", "cuda")

ENGINES: Mapping[str, LightEngine] = MappingProxyType(
    {"ordinates": DiscreteOrdinates(), "ordinates in skins": SKIN_ORDINATES, "montecarlo": MonteCarlo()}
)


def check_engine_options(method_option: str, method: str, device: str, error: float | None) -> None:
    """Reject an unknown method or device, and a standard error that no run reaches.

    Parameters
    ----------
    method_option : the option from which `method` was read.

    Raises
    ------
    InputError : names the option.
    """
    for option, value, known in ((method_option, method, LIGHT_METHODS), ("device", device, LIGHT_DEVICES)):
        if value not in known:
            raise InputError(
                "unknown-word",
                f'is not one of the known words, read "{value}"',
                field=option,
                hint=f"{spelling_hint([value], known)}One of: {', '.join(known)}.",
            )
    if error is not None and not MIN_ERROR <= error < 1:
        raise InputError(
            "out-of-range",
            f"is out of range, read {error:g}",
            field="error",
            hint=f"From {MIN_ERROR:g} and below 1, such as 0.01.",
        )


def load_ordinates_kernel() -> None:
    """Load the compiled kernel of the discrete ordinates, so that processes that are forked later have it."""
    unit = np.ones((1, 1))
    solve_layers(PlaneLayers(unit, unit, np.zeros((1, 1)), unit, unit), streams=4)

"""The protocol of light engines: the request (space, beam, tally) and the result (`LightField`)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.space import LayeredSpace, RingSpace, VoxelSpace

__all__ = ["LightEngine", "LightField", "LightSpace", "light_each_medium"]

LightSpace = LayeredMedium | LayeredSpace | VoxelSpace | RingSpace


@compared_by_value
@dataclass(frozen=True)
class LightField:
    """Result of a light engine, as fractions of the incident power.

    Shapes are those of a single medium; many draws add a leading sample dimension.

    Parameters
    ----------
    absorbed_fraction : (part,); the layers, then their inclusions, or the media of voxels.
    fluence_rate_ratio : mean over the bin of the fluence rate over the irradiance, (bin,); for a beam of finite width
        the fluence rate integrated over the plane divided by the power.
    photons : launched, of all draws together; 0 for an exact method.
    roulette_balance : weight removed by roulette, minus the weight it added; 0 for an exact method.
    escaped_sides : light that left through the sides of voxels.
    mean_path_m : weighted mean path of a packet in each part, (part,); None from an exact method.
    fluence_rate_rz : fluence rate over incident power by depth and ring, 1/m², (bin, ring); None if not requested.
    reflectance_r, transmittance_r : light that leaves above and below over the power and area, 1/m², (ring,).
    fluence_rate_xyz : fluence rate over incident power on a map, 1/m², (x, y, bin); None if not requested.
    absorbed_xyz : absorbed power over incident power and volume, 1/m³, (x, y, bin).
    standard_error : the same quantities' standard errors; None for an exact method.
    """

    reflectance_specular: float | Floats
    reflectance_diffuse: float | Floats
    transmittance: float | Floats
    absorbed_fraction: Floats
    fluence_rate_ratio: Floats
    photons: int = 0
    roulette_balance: float | Floats = 0.0
    escaped_sides: float | Floats = 0.0
    mean_path_m: Floats | None = None
    fluence_rate_rz: Floats | None = None
    reflectance_r: Floats | None = None
    transmittance_r: Floats | None = None
    fluence_rate_xyz: Floats | None = None
    absorbed_xyz: Floats | None = None
    standard_error: "LightField | None" = None

    @classmethod
    def stack_draws(cls, draws: "Sequence[LightField]") -> "LightField":
        """Stack the light of single draws along a new sample dimension."""

        def together(values: list[Any]) -> Any:
            if values[0] is None:
                return None
            return cls.stack_draws(values) if isinstance(values[0], LightField) else np.stack(values)

        parts = {part.name: together([getattr(draw, part.name) for draw in draws]) for part in fields(cls)}
        return cls(**parts | {"photons": sum(draw.photons for draw in draws)})

    def select_draws(self, indices: slice | NDArray[np.int64]) -> "LightField":
        """Return the light of a selection of the draws; `photons` stays that of all."""

        def part(value: Any) -> Any:
            if isinstance(value, LightField):
                return value.select_draws(indices)
            return value[indices] if isinstance(value, np.ndarray) else value

        return LightField(**{field.name: part(getattr(self, field.name)) for field in fields(self)})


class LightEngine(Protocol):
    """A method that computes the light of a beam: absorption, scattering, and reflection at each refractive index.

    It cites the sources of its method on every call, among them `born1999` for reflection and refraction at surfaces.
    """

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices on which the engine runs: cpu, cuda."""

    def compute_light(self, space: LightSpace, beam: LightBeam, tally: LightTally) -> LightField:
        """Return the light in `space`, with its fluence rate in the bins of `tally`.

        Every engine supports layers under a beam at normal incidence, for a single medium or for many draws; the result
        of a draw does not depend on the other draws. Edges of the tally are then (bin + 1,) or, if each draw has its
        own depths, (sample, bin + 1). A tally without edges requests no bins.

        Raises
        ------
        ValueError : the space or the depths are out of range (`plane_layers.check_layers` rejects layers), or not for
            this engine.
        """


def light_each_medium(engine: LightEngine, media: LayeredMedium, beam: LightBeam, tally: LightTally) -> LightField:
    """Return the light in many draws from an engine that takes a single medium at a time."""
    count = len(np.asarray(media.thickness_m))
    edges = np.broadcast_to(tally.edges, (count, np.shape(tally.edges)[-1]))
    light_fields = (
        engine.compute_light(media.select_draw(k), beam, replace(tally, edges=edges[k])) for k in range(count)
    )
    return LightField.stack_draws(list(light_fields))

"""Launch parameters of each kind of beam for the photon kernels, and its specular reflectance."""

import math
from dataclasses import dataclass

import numpy as np

from skinbeam.model.units import MM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light import photon_steps
from skinbeam.physics.light.plane_layers import fresnel_reflectance
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import Floats

__all__ = ["BeamLaunch"]

_BEAM_KINDS = {
    "pencil": photon_steps.PENCIL,
    "flat": photon_steps.FLAT,
    "gaussian": photon_steps.GAUSSIAN,
    "ring": photon_steps.RING,
    "focused": photon_steps.FOCUSED,
    "fibre": photon_steps.FIBRE,
}


@compared_by_value
@dataclass(frozen=True)
class BeamLaunch:
    """Launch parameters of a beam, in the form of the kernels.

    Parameters
    ----------
    parameters : of `photon_steps.emitted`.
    specular_reflectance : reflectance of the surface; 0 where it differs from packet to packet.
    weights_by_transmittance : whether it differs.
    """

    parameters: Floats
    specular_reflectance: float
    weights_by_transmittance: bool

    @classmethod
    def from_beam(
        cls, beam: LightBeam, ambient_n: float, n: Floats, half_widths_m: tuple[float, float] | None
    ) -> "BeamLaunch":
        """Return the launch of `beam` onto a surface of indices n.

        An infinite beam fills the rectangle `half_widths_m`, half widths in x and y. Without `half_widths_m` it is
        launched as a pencil: every integral over a plane of layers is the same.
        """
        angle = math.radians(beam.angle_deg)
        endless = beam.kind == "flat" and beam.spot_mm is None
        kind = _BEAM_KINDS[beam.kind]
        if endless:
            kind = photon_steps.PENCIL if half_widths_m is None else photon_steps.RECTANGLE
        weighs = len(n) > 1 or (beam.kind in ("focused", "fibre") and ambient_n != n[0])
        numbers = np.array(
            [
                kind,
                0.0 if beam.spot_mm is None or kind == photon_steps.PENCIL else beam.spot_mm * MM / 2.0,
                (beam.inner_mm or 0.0) * MM / 2.0,
                (beam.focus_um or 0.0) * UM,
                (beam.waist_um or 0.0) * UM / 2.0,
                math.cos(math.radians(beam.half_angle_deg or 0.0)),
                math.sin(angle),
                math.cos(angle),
                beam.x_um * UM,
                beam.y_um * UM,
                *(half_widths_m if endless and half_widths_m is not None else (0.0, 0.0)),
            ]
        )
        invariant = np.asarray((ambient_n * math.sin(angle)) ** 2)
        specular = 0.0 if weighs else float(fresnel_reflectance(invariant, np.asarray(ambient_n), n[0]))
        return cls(numbers, specular, weighs)

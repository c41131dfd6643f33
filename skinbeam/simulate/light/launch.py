"""How packets of each kind of beam are launched, and what the surface throws back of it."""

import math
from dataclasses import dataclass

import numpy as np

from skinbeam.physics.light import steps
from skinbeam.physics.light.fresnel import reflectance
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.medium import Floats
from skinbeam.units import MM, UM

__all__ = ["Launch"]

_KINDS = {
    "pencil": steps.PENCIL,
    "flat": steps.FLAT,
    "gaussian": steps.GAUSSIAN,
    "ring": steps.RING,
    "focused": steps.FOCUSED,
    "fibre": steps.FIBRE,
}


@dataclass(frozen=True)
class Launch:
    """A beam as the kernels take it.

    Parameters
    ----------
    numbers : of `steps.emitted`.
    specular : reflectance of the surface; 0 where it differs from packet to packet.
    weighs : whether it does.
    """

    numbers: Floats
    specular: float
    weighs: bool

    @classmethod
    def of(cls, beam: LightBeam, ambient_n: float, n: Floats, half_m: tuple[float, float] | None) -> "Launch":
        """Return the launch of `beam` onto a surface of indices n; `half_m` is what an endless beam fills, in x and y.

        Without `half_m` an endless beam is a pencil: every integral over a plane of layers is the same.
        """
        angle = math.radians(beam.angle_deg)
        endless = beam.kind == "flat" and beam.spot_mm is None
        kind = _KINDS[beam.kind]
        if endless:
            kind = steps.PENCIL if half_m is None else steps.RECTANGLE
        weighs = len(n) > 1 or (beam.kind in ("focused", "fibre") and ambient_n != n[0])
        numbers = np.array(
            [
                kind,
                0.0 if beam.spot_mm is None or kind == steps.PENCIL else beam.spot_mm * MM / 2.0,
                (beam.inner_mm or 0.0) * MM / 2.0,
                (beam.focus_um or 0.0) * UM,
                (beam.waist_um or 0.0) * UM / 2.0,
                math.cos(math.radians(beam.half_angle_deg or 0.0)),
                math.sin(angle),
                math.cos(angle),
                beam.x_um * UM,
                beam.y_um * UM,
                *(half_m if endless and half_m is not None else (0.0, 0.0)),
            ]
        )
        invariant = np.asarray((ambient_n * math.sin(angle)) ** 2)
        specular = 0.0 if weighs else float(reflectance(invariant, np.asarray(ambient_n), n[0]))
        return cls(numbers, specular, weighs)

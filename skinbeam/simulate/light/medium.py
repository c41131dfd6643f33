"""Plane layers, the light in them, and what every light engine promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skinbeam.schema.layers import LightBeam

__all__ = ["Floats", "LayeredMedium", "LightEngine", "LightField"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LayeredMedium:
    """Plane layers from the surface downwards.

    Parameters
    ----------
    mua_per_m, mus_per_m, g, n : (layer,).
    thickness_m : (layer,); inf in the last for a semi-infinite medium.
    ambient_n, below_n : refractive indices above and below.
    """

    mua_per_m: Sequence[float]
    mus_per_m: Sequence[float]
    g: Sequence[float]
    n: Sequence[float]
    thickness_m: Sequence[float]
    ambient_n: float = 1.0
    below_n: float = 1.0


@dataclass(frozen=True)
class LightField:
    """What an engine returns, as fractions of the incident power.

    Parameters
    ----------
    absorbed_fraction : (part,); the layers, then what lies in them, or the media of voxels.
    fluence_rate_ratio : mean over the bin of the fluence rate over the irradiance, (bin,); for a beam of finite width
        the fluence rate integrated over the plane divided by the power.
    photons : launched; 0 for an exact method.
    roulette_balance : weight that roulette took, less what it gave; 0 for an exact method.
    escaped_sides : what left through the sides of voxels.
    mean_path_m : path in each part of a mean packet, by its weight, (part,); None from an exact method.
    fluence_rate_rz : fluence rate over incident power by depth and ring, 1/m², (bin, ring); None when not asked for.
    reflectance_r, transmittance_r : what leaves above and below over the power and area, 1/m², (ring,).
    fluence_rate_xyz : fluence rate over incident power on a map, 1/m², (x, y, bin); None when not asked for.
    absorbed_xyz : absorbed power over incident power and volume, 1/m³, (x, y, bin).
    standard_error : the same quantities' standard errors; None for an exact method.
    """

    reflectance_specular: float
    reflectance_diffuse: float
    transmittance: float
    absorbed_fraction: Floats
    fluence_rate_ratio: Floats
    photons: int = 0
    roulette_balance: float = 0.0
    escaped_sides: float = 0.0
    mean_path_m: Floats | None = None
    fluence_rate_rz: Floats | None = None
    reflectance_r: Floats | None = None
    transmittance_r: Floats | None = None
    fluence_rate_xyz: Floats | None = None
    absorbed_xyz: Floats | None = None
    standard_error: "LightField | None" = None


class LightEngine(Protocol):
    """Computes where the light of a collimated beam at normal incidence goes."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs: cpu, cuda."""

    def fluence(self, medium: LayeredMedium, beam: LightBeam, z_edges_m: Floats) -> LightField:
        """Return the light in `medium`, its fluence rate between rising depths `z_edges_m`, m.

        Raises
        ------
        ValueError : the medium or the depths are out of range.
        """

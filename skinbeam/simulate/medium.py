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
    absorbed_fraction : (layer,).
    fluence_rate_ratio : mean over the bin of the fluence rate over the irradiance, (bin,); for a beam of finite width
        the fluence rate integrated over the plane divided by the power.
    photons : launched; 0 for an exact method.
    roulette_balance : weight that roulette took, less what it gave; 0 for an exact method.
    fluence_rate_rz : fluence rate over incident power by depth and ring, 1/m², (bin, ring); None when not asked for.
    standard_error : the same quantities' standard errors; None for an exact method.
    """

    reflectance_specular: float
    reflectance_diffuse: float
    transmittance: float
    absorbed_fraction: Floats
    fluence_rate_ratio: Floats
    photons: int = 0
    roulette_balance: float = 0.0
    fluence_rate_rz: Floats | None = None
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

"""Model a bubble of steam below a thin roof: its pressure, the strength of the roof, and the steam that bursts it.

Steam over boiling water has the pressure of saturation, after Clausius and Clapeyron with a constant latent heat, which
is within 1 % of the steam tables from 90 to 160 °C:

    p_s(T) = p0 exp((L M / R) (1/T0 - 1/T))                                                      (bubble 1)

A roof of thickness t and strength s, fixed along a circle of radius a, is a cap of a sphere of radius b >= a. It
withstands 2 s t / b above the pressure of the air: the most when it has become a hemisphere, beyond which it gives way
by itself.

    p_a = 2 s t / a                                                                              (bubble 2)

At that pressure water boils at T_b, p_s(T_b) = p0 + p_a. Hotter water turns its excess heat into steam, once vapour has
begun to form there. With the radiant exposure u at a place, where without boiling the temperature would be k u + T_0,
and c the heat capacity per volume,

    m = (c / L) ∫∫ (k u + T_0 - T_b) dA dz,   where vapour forms and this is positive            (bubble 3)

The bubble extends as far as vapour has begun to form: to where u is the dose of the bubble. Its roof bursts when the
steam fills the hemisphere at the pressure that the roof withstands:

    m >= (2 pi / 3) a³ M (p0 + p_a) / (R T_b)                                                    (bubble 4)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.units import GAS_CONSTANT_J_MOL_K

__all__ = ["SaturatedSteam", "bubble_filling_kg", "profile_radius_m", "roof_strength_Pa", "steam_below_beam_kg"]

Array = NDArray[np.float64]


class SaturatedSteam(NamedTuple):
    """Properties of water and steam: latent heat L, molar mass M, and the boiling point at the pressure
    `reference_Pa`."""

    latent_J_kg: float
    molar_kg_mol: float
    boiling_K: float
    reference_Pa: float

    @property
    def _scale_K(self) -> float:
        return self.latent_J_kg * self.molar_kg_mol / GAS_CONSTANT_J_MOL_K

    def pressure_Pa(self, temperature_K: ArrayLike) -> Array:
        """Return the saturation pressure by (bubble 1)."""
        inverse = 1 / np.asarray(temperature_K, dtype=np.float64)
        return np.asarray(self.reference_Pa * np.exp(self._scale_K * (1 / self.boiling_K - inverse)))

    def boiling_point_K(self, pressure_Pa: ArrayLike) -> Array:
        """Return the boiling temperature of water; inf at pressures that (bubble 1) never reaches."""
        inverse = (
            1 / self.boiling_K - np.log(np.asarray(pressure_Pa, dtype=np.float64) / self.reference_Pa) / self._scale_K
        )
        return np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1.0), np.inf)

    def density_kg_m3(self, pressure_Pa: ArrayLike) -> Array:
        """Return the density of saturated steam as an ideal gas, 0 where it would be infinitely hot."""
        return np.asarray(
            self.molar_kg_mol
            * np.asarray(pressure_Pa, dtype=np.float64)
            / (GAS_CONSTANT_J_MOL_K * self.boiling_point_K(pressure_Pa))
        )


def roof_strength_Pa(strength_Pa: ArrayLike, thickness_m: ArrayLike, radius_m: ArrayLike) -> Array:
    """Return the largest pressure above that of the air that a roof withstands (bubble 2); shapes broadcast."""
    return np.asarray(2.0 * np.asarray(strength_Pa) * np.asarray(thickness_m) / np.asarray(radius_m))


def bubble_filling_kg(steam: SaturatedSteam, roof_overpressure_Pa: ArrayLike, radius_m: ArrayLike) -> Array:
    """Return the steam in a hemisphere at the pressure that its roof withstands (bubble 4); shapes broadcast."""
    volume = 2 * np.pi / 3 * np.asarray(radius_m, dtype=np.float64) ** 3
    return np.asarray(volume * steam.density_kg_m3(steam.reference_Pa + np.asarray(roof_overpressure_Pa)))


def steam_below_beam_kg(
    exposure: ArrayLike,
    area_m2: ArrayLike,
    rise: ArrayLike,
    vapour_deficit_K: ArrayLike,
    boiling_deficit_K: ArrayLike,
    heat_kg_m2K: ArrayLike,
) -> Array:
    """Return the mass of steam below a beam, (bubble 3), (sample,).

    Parameters
    ----------
    exposure : in each ring, (sample, ring), J/m². area_m2 : of the rings, (ring,).
    rise : k of each cell, (sample, cell), K per J/m².
    vapour_deficit_K, boiling_deficit_K : difference of the temperature at which vapour begins to form, and of T_b,
        from that of a cell without light; (sample, cell).
    heat_kg_m2K : steam per kelvin and square metre of a cell, c dz / L, (sample, cell).
    """
    warmed = np.asarray(exposure)[:, :, None] * np.asarray(rise)[:, None, :]
    boiling = np.asarray(boiling_deficit_K)[:, None, :]
    least = np.maximum(np.asarray(vapour_deficit_K)[:, None, :], boiling)
    over = np.where(warmed > least, warmed - np.where(np.isfinite(boiling), boiling, 0.0), 0.0)
    return np.asarray(np.einsum("src,sc,r->s", over, np.asarray(heat_kg_m2K), np.asarray(area_m2)))


def profile_radius_m(edges_m: ArrayLike, relative_profile: ArrayLike, level: ArrayLike) -> Array:
    """Return the radius up to which a profile is at least `level`, (sample,), m; linear between centres of rings.

    Parameters
    ----------
    edges_m : of the rings, (ring + 1,), from 0. over_axis : (sample, ring), nowhere rising. least : (sample,), up to 1.
    """
    edges, wanted = np.asarray(edges_m, dtype=np.float64), np.asarray(level, dtype=np.float64)
    profile = np.asarray(relative_profile, dtype=np.float64)
    row, inside = np.arange(wanted.size), (profile >= wanted[:, None]).sum(axis=1)
    places = np.concatenate([[0.0], (edges[1:] + edges[:-1]) / 2])
    values = np.concatenate([np.ones((wanted.size, 1)), profile], axis=1)
    after = np.minimum(inside + 1, places.size - 1)
    high, low = values[row, inside], values[row, after]
    share = (high - wanted) / np.where(high > low, high - low, 1.0)
    between = places[inside] + share * (places[after] - places[inside])
    return np.where(inside == profile.shape[1], edges[-1], between)

"""A bubble of steam below a thin roof: its pressure, what the roof holds, and the steam that fills it until it bursts.

Steam over boiling water has the pressure of saturation, after Clausius and Clapeyron with a constant latent heat, which
is within 1 % of the steam tables from 90 to 160 °C:

    p_s(T) = p0 exp((L M / R) (1/T0 - 1/T))                                                      (bubble 1)

A roof of thickness t and strength s, fixed along a circle of radius a, is a cap of a sphere of radius b >= a. It holds
2 s t / b above the pressure of the air: the most when it has become a hemisphere, beyond which it gives way by itself.

    p_a = 2 s t / a                                                                              (bubble 2)

At that pressure water boils at T_b, p_s(T_b) = p0 + p_a. Water that is hotter gives what it holds beyond to steam, once
vapour has begun to form there. With the radiant exposure u at a place, where without boiling it would be k u + T_0 hot,
c the heat capacity per volume and u1 the exposure at which vapour has formed and T_b is passed,

    m = (c / L) ∫∫ (k u + T_0 - T_b) dA dz,   u > u1                                             (bubble 3)

    dA = (pi w²/2) du/u, u from u1 to D, in a Gaussian of 1/e² radius w;  u = D, dA = pi a² in a top-hat

The roof bursts when the steam fills the hemisphere at the pressure that it holds:

    m >= (2 pi / 3) a³ M (p0 + p_a) / (R T_b)                                                    (bubble 4)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.units import GAS_CONSTANT_J_MOL_K

__all__ = ["Steam", "filling_kg", "held_Pa", "steam_kg"]

Array = NDArray[np.float64]


class Steam(NamedTuple):
    """Water and its steam: latent heat L, molar mass M, and the temperature at which it boils at one pressure."""

    latent_J_kg: float
    molar_kg_mol: float
    boiling_K: float
    at_Pa: float

    @property
    def _scale_K(self) -> float:
        return self.latent_J_kg * self.molar_kg_mol / GAS_CONSTANT_J_MOL_K

    def pressure_Pa(self, temperature_K: ArrayLike) -> Array:
        """Return the pressure of saturation, (bubble 1)."""
        inverse = 1 / np.asarray(temperature_K, dtype=np.float64)
        return np.asarray(self.at_Pa * np.exp(self._scale_K * (1 / self.boiling_K - inverse)))

    def boils_K(self, pressure_Pa: ArrayLike) -> Array:
        """Return the temperature at which water boils; inf at pressures that (bubble 1) never reaches."""
        inverse = 1 / self.boiling_K - np.log(np.asarray(pressure_Pa, dtype=np.float64) / self.at_Pa) / self._scale_K
        return np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1.0), np.inf)

    def density_kg_m3(self, pressure_Pa: ArrayLike) -> Array:
        """Return the density of saturated steam as an ideal gas, 0 where it would be infinitely hot."""
        return np.asarray(
            self.molar_kg_mol
            * np.asarray(pressure_Pa, dtype=np.float64)
            / (GAS_CONSTANT_J_MOL_K * self.boils_K(pressure_Pa))
        )


def held_Pa(strength_Pa: ArrayLike, thickness_m: ArrayLike, radius_m: ArrayLike) -> Array:
    """Return the pressure above that of the air which a roof holds at most, (bubble 2); they broadcast."""
    return np.asarray(2.0 * np.asarray(strength_Pa) * np.asarray(thickness_m) / np.asarray(radius_m))


def filling_kg(steam: Steam, held_above_Pa: ArrayLike, radius_m: ArrayLike) -> Array:
    """Return the steam in a hemisphere at the pressure that its roof holds, (bubble 4); they broadcast."""
    volume = 2 * np.pi / 3 * np.asarray(radius_m, dtype=np.float64) ** 3
    return np.asarray(volume * steam.density_kg_m3(steam.at_Pa + np.asarray(held_above_Pa)))


def steam_kg(
    exposure: ArrayLike,
    rise: ArrayLike,
    short_of_vapour_K: ArrayLike,
    short_of_boiling_K: ArrayLike,
    heat_kg_m2K: ArrayLike,
    *,
    radius_m: ArrayLike,
    gaussian: bool,
) -> Array:
    """Return the steam below a beam, (bubble 3), (sample,).

    Parameters
    ----------
    exposure : on the axis, (sample,), J/m².
    rise : k of each cell, (sample, cell), K per J/m².
    short_of_vapour_K, short_of_boiling_K : what a cell without light is short of the temperature at which vapour begins
        to form, and of T_b; (sample, cell).
    heat_kg_m2K : steam that a kelvin of a square metre of a cell makes, c dz / L, (sample, cell).
    radius_m : w of a Gaussian, a of a top-hat, (sample,).
    """
    dose, k = np.asarray(exposure, dtype=np.float64)[:, None], np.asarray(rise, dtype=np.float64)
    boiling = np.asarray(short_of_boiling_K, dtype=np.float64)
    with np.errstate(divide="ignore"):
        least = np.where(k > 0, np.maximum(np.asarray(short_of_vapour_K), boiling) / k, np.inf)
    made = (dose > least) & np.isfinite(boiling)
    boiling, least = np.where(made, boiling, 0.0), np.where(made, least, dose)
    area = np.pi * np.asarray(radius_m, dtype=np.float64) ** 2
    if gaussian:
        over = (k * (dose - least) - boiling * np.log(dose / least)) / 2.0
    else:
        over = np.where(made, k * dose - boiling, 0.0)
    return np.asarray(area * (over * np.asarray(heat_kg_m2K)).sum(axis=1))

"""Compute how deep one pulse ablates tissue, the heat that it leaves, and the recoil of the ejected matter.

The model covers pulses that end before any tissue leaves as well as pulses that outlast the escape of heat. Tissue
stays in place and absorbs until its surface holds the energy density h, with which all of its water is steam. Tissue
without water no longer absorbs, and deeper tissue does, so the floor of the light moves as a front. Below it is tissue
that holds less than h but more than h_e; it leaves when the pulse is over, and the remaining tissue holds h_e at its
floor.

Heat spreads during the pulse. Ahead of a front of speed v the steady profile holds h (delta + kappa/v); the model
replaces it by an exponential of that content with the density h at the floor, of length l. For tissue that stays in
place the same balance, with the energy density of its surface for h, gives

    l = L = delta/2 + sqrt(delta^2/4 + kappa tau)      H <= h L,
    l = delta + kappa tau h / H                        H >  h L,                                       (ablation 11)

    z = L ln(H / (h_e L))                              H <= h L,
    z = H/h - l + l ln(h / h_e)                        H >  h L,                                       (ablation 12)

and the heat h_e l remains. Both are continuous, with their slope, where the front starts.

Tissue that has boiled first blocks the light for the time t_e, while the tissue is heated in place; then all tissue
that holds h leaves, and the front moves on unhindered. With x = H/(h L) and a = x t_e/tau, the part of x that arrives
in that time, H/h - L in (ablation 12) becomes L g,

    g = ln x                           1 <= x <= 1 + a,
    g = ln(1 + a) + x - 1 - a          x > 1 + a.                                                      (ablation 13)

A pulse shorter than t_e is over before anything leaves. With heat confined all tissue that holds h_e leaves then,

    z = delta ln(H / (h_e delta)),                                                                 blow-off (ablation 1)

while without delay and with h_e = h (ablation 12) is the steady state (ablation 2), H0 = h l.

Valid for pulses much longer than sound takes through delta. That h_e rises to h as heat is no longer confined,

    h_e = h - (h - h_ej) delta / L,                                                                   (ablation 14)

is a judgement: delta / L is the share that conduction leaves at a surface, and how h_e rises was not measured.

Recoil is the stress under a jet of matter that a short pulse ejects at the speed of sound. A pulse much longer than
sound takes through the layer that absorbs it drives a steady jet: matter leaves at the mass flux m, each kilogram
having taken e of the energy of the pulse. It has to be torn from the tissue, which takes h, and as a gas of the heat
capacity ratio gamma it leaves the heated layer at the speed of sound (a Chapman-Jouguet deflagration; Landau and
Lifshitz, Fluid Mechanics, sec. 131). Energy, with p / rho = u^2 / gamma there, and momentum:

    e = h + u^2 (gamma + 1) / (2 (gamma - 1)),                                                           (recoil 1)
    stress = p + rho u^2 = m u (1 + 1 / gamma).                                                          (recoil 2)

Farther out the jet continues to expand, but this does not act back on the tissue. If all energy were motion before the
matter left, the stress would be m sqrt(2 (e - h)), the largest that energy and mass allow.

Left out: liquid that the pressure squeezes out after the pulse, the air above, and the start of the pulse, when the
dense heated layer has not yet expanded.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.numerics.arrays import require

__all__ = [
    "FrontRemoval",
    "ejection_enthalpy",
    "front_growth",
    "front_removal",
    "heating_length",
    "sonic_recoil",
    "transmitted_exposure",
]

Array = NDArray[np.float64]


class FrontRemoval(NamedTuple):
    """Ablation by one pulse in one medium, SI.

    Parameters
    ----------
    depth : removed, m. heat : left below, J/m². floor : density of it at the floor, J/m³; heat/floor is its length.
    """

    depth: Array
    heat: Array
    floor: Array


def heating_length(pulse_s: ArrayLike, penetration_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the depth L, m, over which a pulse heats tissue that stays in place (ablation 11). Shapes broadcast."""
    half = np.asarray(penetration_m, dtype=np.float64) / 2
    spread = np.asarray(diffusivity_m2_s, dtype=np.float64) * np.asarray(pulse_s, dtype=np.float64)
    result: Array = half + np.sqrt(half**2 + spread)
    return result


def ejection_enthalpy(
    front_J_m3: ArrayLike, confined_J_m3: ArrayLike, penetration_m: ArrayLike, heated_m: ArrayLike
) -> Array:
    """Return h_e, J/m³, from its value for confined heat and that of a front (ablation 14). Shapes broadcast."""
    front = np.asarray(front_J_m3, dtype=np.float64)
    share = np.asarray(penetration_m, dtype=np.float64) / np.asarray(heated_m, dtype=np.float64)
    result: Array = front - (front - np.asarray(confined_J_m3, dtype=np.float64)) * share
    return result


def front_growth(ratio: ArrayLike, delays: ArrayLike) -> Array:
    """Return g (ablation 13), the advance of the front in units of L; below 0 where the surface holds less than h.

    Parameters
    ----------
    ratio : x, above 0. delays : pulse length in units of t_e, above 0. Shapes broadcast.
    """
    x = np.asarray(ratio, dtype=np.float64)
    stood = np.minimum(x, 1 + x / np.asarray(delays, dtype=np.float64))
    result: Array = np.log(stood) + (x - stood)
    return result


def front_removal(
    exposure_J_m2: ArrayLike,
    pulse_s: float,
    *,
    front_J_m3: ArrayLike,
    ejection_J_m3: ArrayLike,
    penetration_m: ArrayLike,
    diffusivity_m2_s: ArrayLike,
    ejection_s: ArrayLike,
) -> FrontRemoval:
    """Return the depth that one pulse removes and the heat that it leaves (ablation 12, 13). Shapes broadcast.

    Parameters
    ----------
    front_J_m3, ejection_J_m3 : h and h_e, h_e <= h. ejection_s : t_e.
    """
    exposure, h, h_e = (
        np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(exposure_J_m2, front_J_m3, ejection_J_m3)
    )
    standing = heating_length(pulse_s, penetration_m, diffusivity_m2_s)
    ratio = np.maximum(exposure, 1e-300) / (h * standing)
    above = np.maximum(ratio, 1.0)
    spread = np.asarray(diffusivity_m2_s, dtype=np.float64) * pulse_s / standing
    length = np.where(ratio > 1, np.asarray(penetration_m, dtype=np.float64) + spread / above, standing)
    grown = front_growth(ratio, pulse_s / np.asarray(ejection_s, dtype=np.float64))
    leaves = ratio > h_e / h
    depth = standing * (1 + grown) - length + length * np.log(h / h_e)
    depth = np.where(leaves, np.maximum(depth, 0.0), 0.0)
    heat = np.where(leaves, h_e * length, exposure)
    return FrontRemoval(depth, heat, heat / length)


def transmitted_exposure(
    exposure_J_m2: ArrayLike,
    pulse_s: float,
    layer_m: ArrayLike,
    *,
    front_J_m3: ArrayLike,
    penetration_m: ArrayLike,
    diffusivity_m2_s: ArrayLike,
    ejection_s: ArrayLike,
) -> Array:
    """Return the part of the exposure that is absorbed below a layer that leaves, J/m². Shapes broadcast.

    Tissue that the front has passed took h of each volume; ahead of the front the profile falls off as in tissue that
    stays in place.
    """
    exposure, d, h = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(exposure_J_m2, layer_m, front_J_m3))
    standing = heating_length(pulse_s, penetration_m, diffusivity_m2_s)
    ratio = np.maximum(exposure, 1e-300) / (h * standing)
    delays = pulse_s / np.asarray(ejection_s, dtype=np.float64)
    stood = np.minimum(ratio, 1 + ratio / delays)
    at_once = np.minimum(d, np.maximum(standing * np.log(stood), 0.0))
    later = np.minimum(d - at_once, standing * (ratio - stood))  # distance that the front moves through the layer
    below = stood * np.exp(-at_once / standing) + (ratio - stood) - later / standing
    result: Array = h * standing * below * np.exp(-(d - at_once - later) / standing)
    return result


# Recoil: (recoil 1) and (recoil 2).


def sonic_recoil(mass_flux: ArrayLike, energy: ArrayLike, bond: ArrayLike, gamma: ArrayLike) -> Array:
    """Return the stress of (recoil 2), Pa; 0 where the energy does not suffice to tear matter out. Shapes broadcast.

    Parameters
    ----------
    mass_flux : m, kg/(m² s). energy, bond : e and h, J/kg. gamma : ratio of heat capacities, above 1.

    Raises
    ------
    ValueError : a ratio of heat capacities that is not above 1.
    """
    ratio = np.asarray(gamma, dtype=np.float64)
    require(ratio > 1, "the ratio of heat capacities of a gas is above 1", ratio)
    free = np.maximum(np.asarray(energy, dtype=np.float64) - np.asarray(bond, dtype=np.float64), 0.0)
    speed = np.sqrt(2 * free * (ratio - 1) / (ratio + 1))
    result: Array = np.asarray(mass_flux) * speed * (1 + 1 / ratio)
    return result

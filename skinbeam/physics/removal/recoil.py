"""Recoil of the matter that a short pulse throws out: the stress under a jet that leaves at the speed of sound.

A pulse much longer than sound takes through the layer that absorbs it drives a steady jet: matter leaves at the mass
flux m, each kilogram having taken e of the energy of the pulse. It has to be torn from the tissue, h, and as a gas of
the heat capacity ratio gamma it leaves the heated layer at the speed of sound (a Chapman-Jouguet deflagration; Landau
and Lifshitz, Fluid Mechanics, sec. 131). Energy, with p / rho = u^2 / gamma there, and momentum:

    e = h + u^2 (gamma + 1) / (2 (gamma - 1)),                                                           (recoil 1)
    stress = p + rho u^2 = m u (1 + 1 / gamma).                                                          (recoil 2)

Farther out the jet goes on to expand, but nothing of that reaches back. Were all energy motion before it left, the
stress would be m sqrt(2 (e - h)), the most that energy and mass allow.

Left out: liquid that the pressure squeezes out after the pulse, the air above, and the start of the pulse, when the
dense heated layer has not yet expanded.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.kernel.checks import require

__all__ = ["sonic_recoil"]

Array = NDArray[np.float64]


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

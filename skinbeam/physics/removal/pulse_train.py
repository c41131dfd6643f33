"""Pulses on a place that earlier pulses have dried and warmed: a ledger of energy and water under the floor.

A layer of thickness d whose water has gone down to the share u lies on wet tissue. Light is absorbed by water alone, so
there mu = u / delta. Its removal takes what is left of the wet enthalpy h and, for the dry share, the heating of the
solid until it decomposes,

    h(u) = u h + (1 - u) h_d,   h_d = c_d (T_d - T0).                                                   (ablation 8)

Matter leaves from the surface down, and only what itself holds h(u): steam from below has already found its way through
a layer that it dried, and does not lift it. So a layer begins to leave at the exposure of the wet floor times

    G = (h(u) / u) / h,                                                                                (ablation 9)

which grows without bound as it dries: later pulses heat where earlier ones removed. Where the layer is passed, less
energy is needed than for wet tissue, since its water has been paid for.

Each pulse leaves heat Q (ablation 4), of which a part boils water off at most down to dryness (ablation 5). Between
pulses water comes back from below; of a deficit spread evenly over d in an insulated half space the share

    erf(d / s) - s / (d sqrt(pi)) (1 - exp(-d^2 / s^2)),   s = sqrt(D t)                               (ablation 10)

is still there after t. Heat of earlier pulses warms the floor by (ablation 7), at most up to boiling, and what is warm
needs that much less to leave.

Left out: what lowers the depth of fast trains, shrinkage of the dried layer, absorption by its solid, and cooling by
air and blood between pulses.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.removal.ablation_front import front_removal, heating_length, transmitted_exposure
from skinbeam.physics.removal.residual_heat import EarlierPulseHeat, boiling_energy, plane_rise

__all__ = ["AblatingTissue", "PulseRemoval", "ablate_train", "dried_tissue_removal", "water_deficit_share"]

Array = NDArray[np.float64]
_DRY_SHARE = 1e-3  # share of water below which a layer counts as dry: its threshold is then far above any exposure


@dataclass(frozen=True)
class AblatingTissue:
    """What ablates, each (sample,), SI.

    Parameters
    ----------
    pulse_s, ejection_s : length of a pulse, s, and t_e of (ablation 13), s.
    enthalpy, ejection, penetration : h and h_e of (ablation 12), J/m³; delta, m; of wet tissue.
    capacity, diffusivity : rho c, J/m³K, and kappa, m²/s.
    boiling_rise : T_boil - T0, K.
    water : kg/m³ of wet tissue. latent : J/kg. vented : share f of (ablation 5).
    dry_enthalpy : h_d, J/m³. water_diffusivity : D, m²/s.
    radius, gaussian : of the spot, m; the 1/e² radius when Gaussian.
    """

    pulse_s: float
    ejection_s: Array
    enthalpy: Array
    ejection: Array
    penetration: Array
    capacity: Array
    diffusivity: Array
    boiling_rise: Array
    water: Array
    latent: float
    vented: Array
    dry_enthalpy: Array
    water_diffusivity: Array
    radius: float
    gaussian: bool

    @property
    def threshold(self) -> Array:
        """Radiant exposure at which wet tissue begins to leave, (sample,), J/m²."""
        return self.ejection * heating_length(self.pulse_s, self.penetration, self.diffusivity)


class PulseRemoval(NamedTuple):
    """What one pulse did, each (sample,).

    Parameters
    ----------
    depth : removed, m. spent : energy that left with it, J/m². heat : energy left below the floor, J/m².
    floor : energy density there, J/m³. steam : part of `heat` that boiled water off, J/m².
    vented : share of what exceeds boiling that this is. warm : rise of the floor before the pulse, K.
    share : water at the floor before the pulse. earlier : heat that was there before it, seen from the floor after it.
    """

    depth: Array
    spent: Array
    heat: Array
    floor: Array
    steam: Array
    vented: Array
    warm: Array
    share: Array
    earlier: tuple[EarlierPulseHeat, ...]


def water_deficit_share(thickness_m: ArrayLike, time_s: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the share of a water deficit that is still in its layer after `time_s` (ablation 10). Shapes broadcast."""
    from scipy.special import erf  # late: commands that remove nothing need not load it

    spread = np.sqrt(np.asarray(diffusivity_m2_s, dtype=np.float64) * np.asarray(time_s, dtype=np.float64))
    x = np.asarray(thickness_m, dtype=np.float64) / np.maximum(spread, 1e-300)
    small = x < 1e-6
    safe = np.where(small, 1.0, np.minimum(x, 1e9))
    kept = erf(safe) + np.expm1(-np.minimum(safe**2, 700.0)) / (safe * math.sqrt(math.pi))
    return np.where(small, x / math.sqrt(math.pi), kept)


def dried_tissue_removal(
    exposure_J_m2: ArrayLike, ground: AblatingTissue, dried_m: ArrayLike, share: ArrayLike, warm_K: ArrayLike = 0.0
) -> tuple[Array, Array, Array]:
    """Return the depth removed, m, the heat left, J/m², and its density at the floor, J/m³, of one pulse.

    Parameters
    ----------
    exposure_J_m2 : (sample,). dried_m, share : (sample,) thickness and water of the dried layer; 0 and 1 where wet.
    warm_K : (sample,) rise of the temperature that the place has already.
    """
    exposure, d, u = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (exposure_J_m2, dried_m, share)))
    u = np.maximum(u, _DRY_SHARE)
    saved = ground.capacity * np.asarray(warm_K, dtype=np.float64)
    wet, ejected = (np.maximum(value - saved, 0.01 * value) for value in (ground.enthalpy, ground.ejection))
    common = {"diffusivity_m2_s": ground.diffusivity, "ejection_s": ground.ejection_s}
    dry = {"front_J_m3": u * wet + (1 - u) * ground.dry_enthalpy, "penetration_m": ground.penetration / u}
    layer = u * ejected + (1 - u) * ground.dry_enthalpy
    above = front_removal(exposure, ground.pulse_s, ejection_J_m3=layer, **dry, **common)
    through = np.where(d > 0, transmitted_exposure(exposure, ground.pulse_s, d, **dry, **common), exposure)
    below = front_removal(
        through,
        ground.pulse_s,
        front_J_m3=wet,
        ejection_J_m3=ejected,
        penetration_m=ground.penetration,
        **common,
    )
    stops = above.depth < d
    depth = np.where(stops, above.depth, d + below.depth)
    heat = np.where(stops, above.heat, below.heat)
    # Below a clear layer that stays the wet tissue is the hotter.
    floor = np.where(stops, np.maximum(above.floor, np.minimum(below.floor, ejected)), below.floor)
    return depth, heat, floor


def ablate_train(exposure_J_m2: ArrayLike, start_s: ArrayLike, ground: AblatingTissue) -> list[PulseRemoval]:
    """Return what each pulse of a train does, in order.

    Parameters
    ----------
    exposure_J_m2 : (sample,) of every pulse. start_s : (pulse,) times at which they begin, increasing.
    """
    times = np.asarray(start_s, dtype=np.float64)
    size = np.broadcast_shapes(np.shape(exposure_J_m2), ground.enthalpy.shape)
    exposure = np.broadcast_to(np.asarray(exposure_J_m2, dtype=np.float64), size)
    dried, deficit = np.zeros(size), np.zeros(size)  # m, kg/m²
    pulses: list[PulseRemoval] = []
    left: list[tuple[float, Array, Array]] = []
    floor_at = np.zeros(size)
    for index, now in enumerate(times):
        warm = np.zeros(size)
        for one in _earlier_heat(now, floor_at, left, ground):
            warm += plane_rise(one, np.zeros(size), np.zeros(size), ground.diffusivity, ground.capacity)
        warm = np.minimum(warm, 0.99 * ground.boiling_rise)
        share = np.clip(1 - deficit / np.maximum(ground.water * dried, 1e-300), 0.0, 1.0)
        depth, heat, floor = dried_tissue_removal(exposure, ground, dried, share, warm)
        floor_at = floor_at + depth
        still = np.maximum(dried - depth, 0.0)
        deficit = deficit * still / np.maximum(dried, 1e-300)
        boiling = ground.capacity * (ground.boiling_rise - warm)
        boils = heat / floor * np.log(np.maximum(floor / boiling, 1.0))  # thickness in which water boils
        dried = np.maximum(still, boils)
        excess = boiling_energy(heat, floor, boiling)
        there = np.maximum(ground.water * dried - deficit, 0.0) * ground.latent
        steam = np.minimum(ground.vented * excess, there)
        vented = np.where(excess > 0, steam / np.maximum(excess, 1e-300), 0.0)
        before = _earlier_heat(now, floor_at, left, ground)
        pulses.append(PulseRemoval(depth, exposure - heat, heat, floor, steam, vented, warm, share, before))
        left.append((now, floor_at, heat - steam))
        deficit = deficit + steam / ground.latent
        if index + 1 < len(times):
            deficit = deficit * water_deficit_share(dried, times[index + 1] - now, ground.water_diffusivity)
    return pulses


def _earlier_heat(
    now: float, floor_at: Array, left: list[tuple[float, Array, Array]], ground: AblatingTissue
) -> tuple[EarlierPulseHeat, ...]:
    return tuple(
        EarlierPulseHeat(now - when, floor_at - place, heat, ground.radius, ground.gaussian)
        for when, place, heat in left
    )

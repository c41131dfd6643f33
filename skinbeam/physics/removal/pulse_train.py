"""Ablation by a train of pulses on a place that earlier pulses have dried and warmed.

The model keeps a balance of energy and water under the floor. A layer of thickness d whose water has gone down to the
share u is on top of wet tissue. Light is absorbed by water alone, so there mu = u / delta. Its removal takes the
remaining share of the wet enthalpy h and, for the dry share, the heating of the solid until it decomposes,

    h(u) = u h + (1 - u) h_d,   h_d = c_d (T_d - T0).                                                   (ablation 8)

Matter leaves from the surface down, and only matter that itself holds h(u): steam from below has already found its way
through a layer that it dried, and does not lift it. So a layer begins to leave at the exposure of the wet floor times

    G = (h(u) / u) / h,                                                                                (ablation 9)

which grows without bound as it dries: later pulses heat where earlier ones removed. Once the front has passed the
layer, less energy is needed than for wet tissue, since the energy for its water has been spent before.

Each pulse leaves heat Q (ablation 4), of which a part boils water off at most down to dryness (ablation 5). Between
pulses water flows back from below; of a deficit spread evenly over d in an insulated half space the share

    erf(d / s) - s / (d sqrt(pi)) (1 - exp(-d^2 / s^2)),   s = sqrt(D t)                               (ablation 10)

is still there after t. Heat of earlier pulses warms the floor by (ablation 7), at most up to boiling, and warm tissue
needs that much less energy to leave.

Left out: processes that lower the depth of fast trains, shrinkage of the dried layer, absorption by its solid, and
cooling by air and blood between pulses.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.removal.ablation_front import front_removal, heating_length, transmitted_exposure
from skinbeam.physics.removal.residual_heat import EarlierPulseHeat, boiling_energy, plane_rise

__all__ = ["AblatingTissue", "PulseRemoval", "ablate_train", "dried_tissue_removal", "water_deficit_share"]

Array = NDArray[np.float64]
_DRY_SHARE = 1e-3  # share of water below which a layer counts as dry: its threshold is then far above any exposure


@compared_by_value
@dataclass(frozen=True)
class AblatingTissue:
    """Properties of the tissue that ablates, each (sample,), SI.

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
    vented_share: Array
    dry_enthalpy: Array
    water_diffusivity: Array
    radius: float
    gaussian: bool

    @property
    def threshold(self) -> Array:
        """Return the radiant exposure at which wet tissue begins to leave, (sample,), J/m²."""
        return self.ejection * heating_length(self.pulse_s, self.penetration, self.diffusivity)


class PulseRemoval(NamedTuple):
    """Ablation by one pulse of a train, each (sample,).

    Parameters
    ----------
    depth : removed, m. removed_energy : energy that left with it, J/m². heat : energy left below the floor, J/m².
    floor : energy density there, J/m³. steam : part of `heat` that boiled water off, J/m².
    vented_share : `steam` as a share of the heat that exceeds boiling.
    prior_rise_K : rise of the floor before the pulse, K.
    water_share : water at the floor before the pulse. earlier_heat : heat of earlier pulses, with depths relative to
        the floor after the pulse.
    """

    depth: Array
    removed_energy: Array
    heat: Array
    floor: Array
    steam: Array
    vented_share: Array
    prior_rise_K: Array
    water_share: Array
    earlier_heat: tuple[EarlierPulseHeat, ...]


def water_deficit_share(thickness_m: ArrayLike, time_s: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the share of a water deficit that is still in its layer after `time_s` (ablation 10). Shapes broadcast."""
    from scipy.special import erf  # imported late: commands without ablation need not load it

    spread = np.sqrt(np.asarray(diffusivity_m2_s, dtype=np.float64) * np.asarray(time_s, dtype=np.float64))
    x = np.asarray(thickness_m, dtype=np.float64) / np.maximum(spread, 1e-300)
    small = x < 1e-6
    safe = np.where(small, 1.0, np.minimum(x, 1e9))
    exact = erf(safe) + np.expm1(-np.minimum(safe**2, 700.0)) / (safe * math.sqrt(math.pi))
    return np.where(small, x / math.sqrt(math.pi), exact)


def dried_tissue_removal(
    exposure_J_m2: ArrayLike,
    tissue: AblatingTissue,
    dry_layer_m: ArrayLike,
    water_share: ArrayLike,
    prior_rise_K: ArrayLike = 0.0,
) -> tuple[Array, Array, Array]:
    """Return the depth removed, m, the heat left, J/m², and its density at the floor, J/m³, of one pulse.

    Parameters
    ----------
    exposure_J_m2 : (sample,). dried_m, share : (sample,) thickness and water of the dried layer; 0 and 1 where wet.
    prior_rise_K : (sample,) temperature rise of the place before the pulse.
    """
    exposure, d, u = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (exposure_J_m2, dry_layer_m, water_share))
    )
    u = np.maximum(u, _DRY_SHARE)
    saved = tissue.capacity * np.asarray(prior_rise_K, dtype=np.float64)
    wet, ejected = (np.maximum(value - saved, 0.01 * value) for value in (tissue.enthalpy, tissue.ejection))
    common = {"diffusivity_m2_s": tissue.diffusivity, "ejection_s": tissue.ejection_s}
    dry = {"front_J_m3": u * wet + (1 - u) * tissue.dry_enthalpy, "penetration_m": tissue.penetration / u}
    layer = u * ejected + (1 - u) * tissue.dry_enthalpy
    above = front_removal(exposure, tissue.pulse_s, ejection_J_m3=layer, **dry, **common)
    through = np.where(d > 0, transmitted_exposure(exposure, tissue.pulse_s, d, **dry, **common), exposure)
    below = front_removal(
        through,
        tissue.pulse_s,
        front_J_m3=wet,
        ejection_J_m3=ejected,
        penetration_m=tissue.penetration,
        **common,
    )
    stops = above.depth < d
    depth = np.where(stops, above.depth, d + below.depth)
    heat = np.where(stops, above.heat, below.heat)
    # If the layer stays and hardly absorbs, the wet tissue below it is hotter.
    floor = np.where(stops, np.maximum(above.floor, np.minimum(below.floor, ejected)), below.floor)
    return depth, heat, floor


def ablate_train(exposure_J_m2: ArrayLike, start_s: ArrayLike, tissue: AblatingTissue) -> list[PulseRemoval]:
    """Return the ablation by each pulse of a train, in order.

    Parameters
    ----------
    exposure_J_m2 : (sample,) of every pulse. start_s : (pulse,) times at which they begin, increasing.
    """
    times = np.asarray(start_s, dtype=np.float64)
    size = np.broadcast_shapes(np.shape(exposure_J_m2), tissue.enthalpy.shape)
    exposure = np.broadcast_to(np.asarray(exposure_J_m2, dtype=np.float64), size)
    dried, deficit = np.zeros(size), np.zeros(size)  # m, kg/m²
    pulses: list[PulseRemoval] = []
    left: list[tuple[float, Array, Array]] = []
    floor_at = np.zeros(size)
    for index, now in enumerate(times):
        warm = np.zeros(size)
        for plane in _earlier_heat(now, floor_at, left, tissue):
            warm += plane_rise(plane, np.zeros(size), np.zeros(size), tissue.diffusivity, tissue.capacity)
        warm = np.minimum(warm, 0.99 * tissue.boiling_rise)
        share = np.clip(1 - deficit / np.maximum(tissue.water * dried, 1e-300), 0.0, 1.0)
        depth, heat, floor = dried_tissue_removal(exposure, tissue, dried, share, warm)
        floor_at = floor_at + depth
        still = np.maximum(dried - depth, 0.0)
        deficit = deficit * still / np.maximum(dried, 1e-300)
        boiling = tissue.capacity * (tissue.boiling_rise - warm)
        boils = heat / floor * np.log(np.maximum(floor / boiling, 1.0))  # thickness in which water boils
        dried = np.maximum(still, boils)
        excess = boiling_energy(heat, floor, boiling)
        there = np.maximum(tissue.water * dried - deficit, 0.0) * tissue.latent
        steam = np.minimum(tissue.vented_share * excess, there)
        vented = np.where(excess > 0, steam / np.maximum(excess, 1e-300), 0.0)
        before = _earlier_heat(now, floor_at, left, tissue)
        pulses.append(PulseRemoval(depth, exposure - heat, heat, floor, steam, vented, warm, share, before))
        left.append((now, floor_at, heat - steam))
        deficit = deficit + steam / tissue.latent
        if index + 1 < len(times):
            deficit = deficit * water_deficit_share(dried, times[index + 1] - now, tissue.water_diffusivity)
    return pulses


def _earlier_heat(
    now: float, floor_at: Array, left: list[tuple[float, Array, Array]], ground: AblatingTissue
) -> tuple[EarlierPulseHeat, ...]:
    return tuple(
        EarlierPulseHeat(now - when, floor_at - place, heat, ground.radius, ground.gaussian)
        for when, place, heat in left
    )

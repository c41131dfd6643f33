"""Small questions that are no case: quantities of the drawn skins alone.

Every function takes the skins and its arguments and returns (sample,).
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.damage.arrhenius import omega
from skinbeam.physics.targets.relaxation import lumen_relaxation_time
from skinbeam.physics.targets.vessel import relaxation_time
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.spot import PHOTONS, share_of
from skinbeam.simulate.pulse.places import depth_through_epidermis, layers_of
from skinbeam.simulate.removal.ablation import recoil_stress, side_wall_dwell
from skinbeam.simulate.skins.dermis import held_scattering, rises_up_to_C, settles_at_C
from skinbeam.simulate.skins.kinetics import CELL_DEATH_KINETICS, sampled_kinetics
from skinbeam.skin.layers import EPIDERMIS, RETICULAR_DERMIS
from skinbeam.skin.properties import blood_thermal, melanosome_mua, thermal
from skinbeam.units import J_CM2, MM, MPA, MS, NS, PER_CM, UM, ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FUNCTIONS"]

Floats = NDArray[np.float64]

SLAB = 8.0  # d²/8κ, the relaxation time of a layer in common use


def _diffusivity(skins: "xr.Dataset") -> tuple[Floats, list[str]]:
    """Heat diffusivity (sample, layer), m²/s, and the names of the layers."""
    heat = thermal(skins)
    return heat.conductivity / heat.heat_capacity_vol, [str(name) for name in skins["layer"].values]


def _cylinder_diameter_um(skins: "xr.Dataset", relaxation_ms: float) -> Floats:
    """Diameter of the vessel, blood in dermis, that relaxes in a time, which goes with its square."""
    heat = thermal(skins)
    layer = [str(name) for name in skins["layer"].values].index(RETICULAR_DERMIS)
    dermis = heat.conductivity[:, layer], heat.heat_capacity_vol[:, layer]
    of_a_metre = lumen_relaxation_time(1.0, blood=blood_thermal(), dermis=dermis)
    return np.asarray(np.sqrt(relaxation_ms * MS / of_a_metre) / UM)


def _epidermis_relaxation_ms(skins: "xr.Dataset") -> Floats:
    diffusivity, _ = _diffusivity(skins)
    layer = int(layers_of(skins, EPIDERMIS)[-1])
    thickness = depth_through_epidermis(skins)  # the horny layer belongs to the whole epidermis
    return np.asarray(thickness**2 / (SLAB * diffusivity[:, layer]) / MS)


def _fluence_rate_ratio(skins: "xr.Dataset", wavelength_nm: float, depth_um: float, spot_mm: float) -> Floats:
    """Fluence rate at a depth on the axis of a top-hat over its irradiance, in skin without the vessel."""
    lit = illuminate(skins, [(wavelength_nm, 1.0)])
    middle = LayeredMedium.of(lit.lines[0].optics, skins["thickness_m"].to_numpy()).middle()
    share = share_of(middle, spot_mm * MM, "top-hat", PHOTONS)
    lit = lit.narrowed(None if share is None else (share,))
    at = zip(lit.grid.centres, lit.fluence_rate_ratio, strict=True)
    return np.array([np.interp(depth_um * UM, centres, ratio) for centres, ratio in at])


def _follicle_relaxation_ms(skins: "xr.Dataset") -> Floats:
    """Relaxation time of a terminal hair follicle, shaft and sheaths, as a cylinder in the dermis."""
    diffusivity, layers = _diffusivity(skins)
    width = skins["terminal_follicle_m"].to_numpy()
    return np.asarray(relaxation_time(width, diffusivity[:, layers.index(RETICULAR_DERMIS)]) / MS)


def _time_of_cell_death_s(skins: "xr.Dataset", temperature_C: float) -> Floats:
    """Hold that brings the damage integral of cell death to 1: it grows in proportion to time."""
    held = np.full((skins.sizes["sample"], 2), temperature_C + ZERO_CELSIUS_K)
    return 1.0 / omega(held, [1.0], sampled_kinetics(CELL_DEATH_KINETICS, skins))


def _melanosome_absorption_per_cm(skins: "xr.Dataset", wavelength_nm: float) -> Floats:
    return np.full(skins.sizes["sample"], melanosome_mua(wavelength_nm, skins.attrs["melanosome"]) / PER_CM)


def _recoil_MPa(skins: "xr.Dataset", wavelength_nm: float, pulse_ns: float, fluence_J_cm2: float) -> Floats:
    return recoil_stress(skins, wavelength_nm, pulse_ns * NS, fluence_J_cm2 * J_CM2) / MPA


def _side_wall_dwell_ms(skins: "xr.Dataset", wavelength_nm: float) -> Floats:
    return side_wall_dwell(skins, wavelength_nm) / MS


def _held_scattering_ratio(skins: "xr.Dataset", temperature_C: float, hold_s: float, wavelength_nm: float) -> Floats:
    return held_scattering(skins, np.array([temperature_C]), hold_s=hold_s, wavelength_nm=wavelength_nm)[:, 0]


FUNCTIONS: Final[Mapping[str, Callable[..., Floats]]] = {
    "cylinder_diameter_um": _cylinder_diameter_um,
    "epidermis_relaxation_ms": _epidermis_relaxation_ms,
    "fluence_rate_ratio": _fluence_rate_ratio,
    "follicle_relaxation_ms": _follicle_relaxation_ms,
    "held_scattering_ratio": _held_scattering_ratio,
    "melanosome_absorption_per_cm": _melanosome_absorption_per_cm,
    "recoil_MPa": _recoil_MPa,
    "side_wall_dwell_ms": _side_wall_dwell_ms,
    "scattering_rises_up_to_C": rises_up_to_C,
    "scattering_settles_at_C": settles_at_C,
    "time_of_cell_death_s": _time_of_cell_death_s,
}

"""Optics of the median skin as it is heated by a beam or a hold: scattering and absorption by temperature and damage.

Scattering of dermis and fat depends on temperature and decreases where collagen denatures; water absorbs according to
its temperature, and not at all as vapour. Blood, melanin and dry matter stay as they are, and so does the refractive
index.

For dermis held at a temperature, the functions give the change of its reduced scattering while warm, at the end of the
hold. It rises with temperature until the loss by denaturation exceeds the gain by warmth, and is settled where hardly
any native collagen remains.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import omega
from skinbeam.physics.light.thermal_optics import scattering_factor, water_absorption_factor
from skinbeam.simulate.light.medium import Floats
from skinbeam.simulate.pulse.nonlinear_response import water_by_volume
from skinbeam.simulate.skins.tissue_kinetics import collagen_denaturation
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import (
    DERMIS_MATERIALS,
    denatured_scattering_share,
    scattering_slope,
    water_absorption_slope,
    water_mua,
)
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import cite_value, read_number, read_sourced, tissue_table
from skinbeam.text import render_message

__all__ = [
    "ThermalOptics",
    "denaturation_end_C",
    "heated_coefficients",
    "scattering_after_hold",
    "scattering_peak_C",
    "thermal_optics",
]


class ThermalOptics(NamedTuple):
    """Changes of the optics of layers with heat, (layer,) each.

    Parameters
    ----------
    water_mua : tabulated absorption of their water, 1/m.
    water_slope : its relative change, 1/K, the same for all layers.
    scattering_slope : the relative change of scattering, 1/K.
    denatured_share : share of scattering that remains where all collagen is denatured.
    """

    water_mua: Floats
    water_slope: float
    scattering_slope: Floats
    denatured_share: Floats


def thermal_optics(skins: SkinSample, wavelength_nm: float) -> ThermalOptics | None:
    """Return the changes in the median of drawn skins; None for explicit layers, whose materials are not specified."""
    share = water_by_volume(skins)
    if share is None:
        return None
    materials = list(skins.materials)
    slopes = [scattering_slope(name) for name in materials]
    return ThermalOptics(
        np.median(share, axis=0) * water_mua(wavelength_nm),
        water_absorption_slope(wavelength_nm),
        np.array([0.0 if slope is None else cite_value(slope).value for slope in slopes]),
        np.array([denatured_scattering_share(name, wavelength_nm) for name in materials]),
    )


def heated_coefficients(
    thermal_optics: ThermalOptics,
    layer: NDArray[np.int64],
    mua: Floats,
    mus: Floats,
    state: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Floats]:
    """Return μa and μs of every place, 1/m, (ring, depth).

    Parameters
    ----------
    layer : of each depth, (depth,). mua, mus : (layer,), as tabulated.
    state : temperature, K, damage integral of collagen, and share of the water that is vapour, (ring, depth) each.
    """
    temperature, omega, vapour = state
    scattering, water = tissue_table("heated")["scattering"], tissue_table("heated")["water"]
    # The tabulated absorption of a layer is at least that of its water.
    part = np.minimum(thermal_optics.water_mua, mua)[layer]
    absorbed = mua[layer] + part * (
        water_absorption_factor(
            temperature,
            vapour,
            slope_1_K=thermal_optics.water_slope,
            reference_K=read_number(water["reference_C"]) + ZERO_CELSIUS_K,
            hottest_K=read_number(water["hottest_C"]) + ZERO_CELSIUS_K,
        )
        - 1
    )
    scattered = mus[layer] * scattering_factor(
        temperature,
        omega,
        slope_1_K=thermal_optics.scattering_slope[layer],
        reference_K=read_number(scattering["reference_C"]) + ZERO_CELSIUS_K,
        hottest_K=read_number(scattering["hottest_C"]) + ZERO_CELSIUS_K,
        denatured=thermal_optics.denatured_share[layer],
    )
    return absorbed, scattered


FloatArray = NDArray[np.float64]

# A quarter of a degree is a twelfth of the variation of the denaturation temperature between skins.
HOLD_LADDER_C: Final = np.arange(25.0, 95.1, 0.25)


def scattering_after_hold(
    skins: SkinSample, temperature_C: FloatArray, *, hold_s: float, wavelength_nm: float
) -> FloatArray:
    """Return the scattering of dermis held at temperatures (rung,), over that before, (sample, rung).

    Raises
    ------
    NotAvailable : skin without a dermis of known material.
    """
    material = next((name for name in skins.materials if name in DERMIS_MATERIALS), None)
    if material is None:
        raise NotAvailable(render_message("endpoint.no-heated-dermis"))
    entry, slope = tissue_table("heated"), scattering_slope(str(material))
    assert slope is not None  # every dermis material has a slope
    bundles = value_at_normal(read_sourced(entry["denatured"]["bundles"]), skins["denatured_scattering_shift"])
    return scattering_factor(
        temperature_C + ZERO_CELSIUS_K,
        _hold_omega(skins, temperature_C, hold_s),
        slope_1_K=value_at_normal(cite_value(slope), skins["heated_scattering_shift"])[:, None],
        reference_K=read_number(entry["scattering"]["reference_C"]) + ZERO_CELSIUS_K,
        hottest_K=read_number(entry["scattering"]["hottest_C"]) + ZERO_CELSIUS_K,
        denatured=denatured_scattering_share(str(material), wavelength_nm) * bundles[:, None],
    )


def scattering_peak_C(skins: SkinSample, *, hold_s: float, wavelength_nm: float) -> FloatArray:
    """Return the temperature up to which scattering rises with the temperature of the hold, (sample,), °C.

    Where it never falls, the highest temperature of the ladder.
    """
    scattering = scattering_after_hold(skins, HOLD_LADDER_C, hold_s=hold_s, wavelength_nm=wavelength_nm)
    falls = np.diff(scattering, axis=1) < 0
    return np.asarray(np.where(falls.any(axis=1), HOLD_LADDER_C[np.argmax(falls, axis=1)], HOLD_LADDER_C[-1]))


def denaturation_end_C(skins: SkinSample, *, hold_s: float) -> FloatArray:
    """Return the temperature of a hold above which the collagen of dermis is denatured, (sample,), °C."""
    lost = -np.expm1(-_hold_omega(skins, HOLD_LADDER_C, hold_s))
    done = lost >= read_number(tissue_table("heated")["denatured"]["settled"])
    return np.asarray(np.where(done.any(axis=1), HOLD_LADDER_C[np.argmax(done, axis=1)], np.inf))


def _hold_omega(skins: SkinSample, temperature_C: FloatArray, hold_s: float) -> FloatArray:
    temperature_K = np.broadcast_to(temperature_C + ZERO_CELSIUS_K, (skins.count, 2, temperature_C.size))
    return omega(temperature_K, [hold_s], collagen_denaturation(skins))

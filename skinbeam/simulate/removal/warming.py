"""Optics of the middle skin while a beam warms it, place by place: what the heat of a pulse does to its own light.

Scattering of dermis and fat follows temperature and loses its fibrils where collagen denatures; the water of a place
absorbs by its temperature, and not at all as vapour. Blood, melanin and dry matter stay as they are, and so does the
refractive index.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.coagulation import scattering_factor, water_factor
from skinbeam.simulate.light.medium import Floats
from skinbeam.simulate.pulse.boiling import water_by_volume
from skinbeam.skin.heated import left_when_denatured, slope_of, water_slope
from skinbeam.skin.properties import water_mua
from skinbeam.skin.tables import number, table
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Warming", "warmed", "warming_of"]


class Warming(NamedTuple):
    """What layers do when they are warmed, (layer,) each.

    Parameters
    ----------
    water : absorption by their water as it is tabulated, 1/m.
    water_slope : its relative change, 1/K, one for all.
    scattering_slope : the relative change of scattering, 1/K.
    denatured : scattering left where all collagen is denatured.
    """

    water: Floats
    water_slope: float
    scattering_slope: Floats
    denatured: Floats


def warming_of(skins: "xr.Dataset", wavelength_nm: float) -> Warming | None:
    """Return what the middle of drawn skins does; None for explicit layers, which do not say what they are made of."""
    share = water_by_volume(skins)
    if share is None:
        return None
    materials = [str(name) for name in skins["material"].to_numpy()]
    entries = [slope_of(name) for name in materials]
    return Warming(
        np.median(share, axis=0) * water_mua(wavelength_nm),
        water_slope(wavelength_nm),
        np.array([0.0 if entry is None else number(entry) for entry in entries]),
        np.array([left_when_denatured(name, wavelength_nm) for name in materials]),
    )


def warmed(
    warming: Warming, layer: NDArray[np.int64], mua: Floats, mus: Floats, state: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return μa and μs of every place, 1/m, (ring, depth).

    Parameters
    ----------
    layer : of each depth, (depth,). mua, mus : (layer,), as tabulated.
    state : temperature, K, damage integral of collagen, and share of the water that is vapour, (ring, depth) each.
    """
    temperature, omega, vapour = state
    scattering, water = table("heated")["scattering"], table("heated")["water"]
    # What is tabulated of all of a layer is at least its water.
    part = np.minimum(warming.water, mua)[layer]
    absorbed = mua[layer] + part * (
        water_factor(
            temperature,
            vapour,
            slope_1_K=warming.water_slope,
            reference_K=number(water["reference_C"]) + ZERO_CELSIUS_K,
            hottest_K=number(water["hottest_C"]) + ZERO_CELSIUS_K,
        )
        - 1
    )
    scattered = mus[layer] * scattering_factor(
        temperature,
        omega,
        slope_1_K=warming.scattering_slope[layer],
        reference_K=number(scattering["reference_C"]) + ZERO_CELSIUS_K,
        hottest_K=number(scattering["hottest_C"]) + ZERO_CELSIUS_K,
        denatured=warming.denatured[layer],
    )
    return absorbed, scattered

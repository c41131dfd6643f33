"""Dermis held at a temperature: how its reduced scattering changes, while warm, up to where its collagen is denatured.

Scattering is told at the temperature of the hold, at its end. It rises with temperature until what denaturation takes
outweighs what warmth adds, and has settled where hardly any native collagen is left.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage.arrhenius import omega
from skinbeam.physics.light.coagulation import scattering_factor
from skinbeam.simulate.skins.kinetics import denaturation
from skinbeam.skin.heated import DERMIS_MATERIALS, left_when_denatured, slope_of
from skinbeam.skin.spread import spread_at
from skinbeam.skin.tables import number, sourced, table
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["held_scattering", "rises_up_to_C", "settles_at_C"]

Floats = NDArray[np.float64]

# A quarter of a degree is a twelfth of what the temperature of denaturation varies by between skins.
LADDER_C: Final = np.arange(25.0, 95.1, 0.25)


def held_scattering(skins: "xr.Dataset", temperature_C: Floats, *, hold_s: float, wavelength_nm: float) -> Floats:
    """Return scattering of dermis held at temperatures (rung,), over that before, (sample, rung).

    Raises
    ------
    NotAvailable : skin without a dermis of known material.
    """
    material = next((name for name in skins["material"].to_numpy() if name in DERMIS_MATERIALS), None)
    if material is None:
        raise NotAvailable(text("endpoint.no-heated-dermis"))
    entry, slope = table("heated"), slope_of(str(material))
    assert slope is not None  # every dermis has one
    bundles = spread_at(sourced(entry["denatured"]["bundles"]), skins["denatured_scattering_shift"])
    return scattering_factor(
        temperature_C + ZERO_CELSIUS_K,
        _held_omega(skins, temperature_C, hold_s),
        slope_1_K=spread_at(sourced(slope), skins["heated_scattering_shift"])[:, None],
        reference_K=number(entry["scattering"]["reference_C"]) + ZERO_CELSIUS_K,
        hottest_K=number(entry["scattering"]["hottest_C"]) + ZERO_CELSIUS_K,
        denatured=left_when_denatured(str(material), wavelength_nm) * bundles[:, None],
    )


def rises_up_to_C(skins: "xr.Dataset", *, hold_s: float, wavelength_nm: float) -> Floats:
    """Return the temperature up to which scattering rises from hold to hotter hold, (sample,), °C.

    Where it never falls, the hottest that is looked at.
    """
    scattering = held_scattering(skins, LADDER_C, hold_s=hold_s, wavelength_nm=wavelength_nm)
    falls = np.diff(scattering, axis=1) < 0
    return np.asarray(np.where(falls.any(axis=1), LADDER_C[np.argmax(falls, axis=1)], LADDER_C[-1]))


def settles_at_C(skins: "xr.Dataset", *, hold_s: float) -> Floats:
    """Return the temperature of a hold from which on the collagen of dermis is denatured, (sample,), °C."""
    lost = -np.expm1(-_held_omega(skins, LADDER_C, hold_s))
    done = lost >= number(table("heated")["denatured"]["settled"])
    return np.asarray(np.where(done.any(axis=1), LADDER_C[np.argmax(done, axis=1)], np.inf))


def _held_omega(skins: "xr.Dataset", temperature_C: Floats, hold_s: float) -> Floats:
    held = np.broadcast_to(temperature_C + ZERO_CELSIUS_K, (skins.sizes["sample"], 2, temperature_C.size))
    return omega(held, [hold_s], denaturation(skins))

"""How optics of skin change with heat, by material and wavelength; the equations stand in
`physics.light.coagulation`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skinbeam.provenance import used
from skinbeam.skin.tables import number, table

__all__ = ["DERMIS_MATERIALS", "fibril_share", "left_when_denatured", "slope_of", "water_slope"]

DERMIS_MATERIALS = ("dermis", "rodent-dermis")


def slope_of(material: str) -> Mapping[str, Any] | None:
    """Return the table entry of the relative change of scattering, 1/K; None where it was not measured."""
    entry: Mapping[str, Any] | None = table("heated")["scattering"]["slope_1_K"].get(_like(material))
    return entry


def fibril_share(wavelength_nm: float) -> float:
    """Return the share of the scattering of dermis that is Rayleigh's, of fibrils, 0 to 1.

    Geometric mean, over the fits of human skin that part it from the rest, of what the rest is. Fits of rodents do not.
    """
    rest = []
    for fit in table("optics")["scattering"]["dermis"]["sets"]:
        if fit["rayleigh"] > 0:
            used(fit["source"])
            small, large = (wavelength_nm / 500.0) ** -4, (wavelength_nm / 500.0) ** -fit["mie"]
            rest.append(1 - fit["rayleigh"] * small / (fit["rayleigh"] * small + (1 - fit["rayleigh"]) * large))
    return float(1 - np.exp(np.mean(np.log(rest))))


def left_when_denatured(material: str, wavelength_nm: float) -> float:
    """Return what is left of the scattering of a material when its collagen is denatured: 1 where it holds none.

    It is d of (heated 3) before the spread of `denatured.bundles`, by which it is multiplied in dermis.
    """
    if material not in DERMIS_MATERIALS:
        return 1.0
    used("kirsch1998", "gross1964")
    return 1.0 - fibril_share(wavelength_nm)


def water_slope(wavelength_nm: float) -> float:
    """Return the relative change of the absorption of water, 1/K; 0 beside the wavelengths of the table."""
    nodes = table("heated")["water"]["slope"]
    at = [node["wavelength_nm"] for node in nodes]
    if not at[0] <= wavelength_nm <= at[-1]:
        return 0.0
    return float(np.interp(wavelength_nm, at, [number(node) for node in nodes]))


def _like(material: str) -> str:
    return DERMIS_MATERIALS[0] if material in DERMIS_MATERIALS else material

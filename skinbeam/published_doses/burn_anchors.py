"""Factors that anchor computed doses of burns to what clinics counted, for the lights of known devices."""

from typing import Final

from skinbeam.laser.device import Device
from skinbeam.model.package_data import load_derived_table

__all__ = ["ANCHOR_TABLE", "light_name", "shipped_anchor"]

ANCHOR_TABLE: Final = "burn_anchors"


def light_name(device: Device, wavelength_nm: float) -> str:
    """Return the name of a light of a device: its wavelength, or `lamp` whatever its filter."""
    return "lamp" if device.is_lamp else f"{wavelength_nm:g} nm"


def shipped_anchor(device: Device, wavelength_nm: float, site: str, phototype: int) -> float | None:
    """Return the factor on computed doses that burn; None for a light of which no source prints a dose.

    Parameters
    ----------
    phototype : 1 to 6.
    """
    factors = load_derived_table(ANCHOR_TABLE).get(site, {}).get(device.name, {})
    found = factors.get(light_name(device, wavelength_nm))
    return None if found is None else float(found[phototype - 1])

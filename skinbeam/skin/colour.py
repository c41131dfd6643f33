"""Compute colour from a reflectance spectrum: tristimulus values, CIE L*a*b* and individual typology angle.

Illuminant D65, 10° observer of 1964 (cie15), 400 to 700 nm in steps of 10 nm. The module also corrects for light that
an instrument misses, because it leaves the skin beside the port through which the instrument lights and reads. Measured
colours, the individual typology angle among them, are read through such a port.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.skin.tables import read_spectrum, tissue_table

__all__ = [
    "COLOUR_WAVELENGTHS_NM",
    "Lab",
    "lab_to_ita_deg",
    "port_loss_fraction",
    "spectrum_to_lab",
    "spectrum_to_xyz",
    "xyz_to_lab",
]

Array = NDArray[np.float64]
COLOUR_WAVELENGTHS_NM = tuple(float(nm) for nm in range(400, 701, 10))


@compared_by_value
@dataclass(frozen=True)
class Lab:
    """CIE L*a*b* colour: lightness L 0 to 100, a (green to red) and b (blue to yellow); arrays of one shape."""

    L: Array
    a: Array
    b: Array


def spectrum_to_xyz(reflectance: ArrayLike) -> Array:
    """Return X, Y, Z, (..., 3), of reflectance factors at `COLOUR_WAVELENGTHS_NM`, (..., 31), by (colour 1).

    A perfect diffuser has Y = 100.

    Raises
    ------
    ValueError : not 31 wavelengths.
    """
    values = np.asarray(reflectance, dtype=np.float64)
    if values.shape[-1] != len(COLOUR_WAVELENGTHS_NM):
        raise ValueError(f"31 reflectances from 400 to 700 nm, not {values.shape[-1]}")
    cie = read_spectrum("cie")
    cite_sources(*cie.sources)
    observer = np.stack([cie.columns[name] for name in ("x10", "y10", "z10")], axis=1) * cie.columns["d65"][:, None]
    return np.asarray(values @ observer * (100.0 / observer[:, 1].sum()))


def xyz_to_lab(xyz: ArrayLike) -> Lab:
    """Return CIE 1976 L*a*b* of tristimulus values, (..., 3), against a perfect diffuser (cie1976lab).

    By (colour 2) and (colour 3).
    """
    cite_sources("cie1976lab")
    white = spectrum_to_xyz(np.ones(len(COLOUR_WAVELENGTHS_NM)))
    ratio = np.asarray(xyz, dtype=np.float64) / white
    linear = (6.0 / 29.0) ** 3
    f = np.where(ratio > linear, np.cbrt(ratio), ratio / (3.0 * (6.0 / 29.0) ** 2) + 4.0 / 29.0)
    return Lab(116.0 * f[..., 1] - 16.0, 500.0 * (f[..., 0] - f[..., 1]), 200.0 * (f[..., 1] - f[..., 2]))


def spectrum_to_lab(reflectance: ArrayLike) -> Lab:
    """Return L*a*b* of reflectance factors at `COLOUR_WAVELENGTHS_NM`, (..., 31)."""
    return xyz_to_lab(spectrum_to_xyz(reflectance))


def lab_to_ita_deg(lab: Lab) -> Array:
    """Return the individual typology angle atan((L* - 50) / b*), degrees (colour 4).

    For a colour without yellow it is the limit, 90 or -90 degrees; bluish colours are beyond that.
    """
    cite_sources("chardon1991")
    return np.asarray(np.degrees(np.arctan2(lab.L - 50.0, lab.b)))


# Light lost beside the port of an instrument.


def port_loss_fraction(ita_deg: float) -> NDArray[np.float64]:
    """Return the share of the diffuse reflectance that a port of 11 mm, read over 8 mm, loses, (31,).

    The values are at `COLOUR_WAVELENGTHS_NM`, for people's skin of a colour; colours darker or lighter than the table
    get the values at its ends. They come from traced light, with lengths shortened until two ports differ as measured
    (takiwaki2002).
    """
    loss = load_derived_table("melanin_by_colour")["port_loss"]
    cite_sources(loss["source"], tissue_table("melanin")["port"]["wide_over_narrow"]["source"])
    of_colour = [np.interp(ita_deg, loss["ita_deg"], row) for row in loss["share"]]
    return np.asarray(np.interp(COLOUR_WAVELENGTHS_NM, loss["wavelength_nm"], of_colour))

"""Colour of a spectrum: tristimulus values, CIE L*a*b*, individual typology angle.

Illuminant D65, 10° observer of 1964 (cie15), 400 to 700 nm in steps of 10 nm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.provenance import used
from skinbeam.skin.spectra import spectrum

__all__ = ["COLOUR_WAVELENGTHS_NM", "Lab", "ita_of_lab_deg", "lab_of_spectrum", "lab_of_xyz", "xyz_of_spectrum"]

Array = NDArray[np.float64]
COLOUR_WAVELENGTHS_NM = tuple(float(nm) for nm in range(400, 701, 10))


@dataclass(frozen=True)
class Lab:
    """Lightness 0 to 100, redness and yellowness; arrays of one shape."""

    L: Array
    a: Array
    b: Array


def xyz_of_spectrum(reflectance: ArrayLike) -> Array:
    """Return X, Y, Z, (..., 3), of reflectance factors at `COLOUR_WAVELENGTHS_NM`, (..., 31), by (colour 1).

    A perfect diffuser has Y = 100.

    Raises
    ------
    ValueError : not 31 wavelengths.
    """
    values = np.asarray(reflectance, dtype=np.float64)
    if values.shape[-1] != len(COLOUR_WAVELENGTHS_NM):
        raise ValueError(f"31 reflectances from 400 to 700 nm, not {values.shape[-1]}")
    cie = spectrum("cie")
    used(*cie.sources)
    observer = np.stack([cie.columns[name] for name in ("x10", "y10", "z10")], axis=1) * cie.columns["d65"][:, None]
    return np.asarray(values @ observer * (100.0 / observer[:, 1].sum()))


def lab_of_xyz(xyz: ArrayLike) -> Lab:
    """Return CIE 1976 L*a*b* of tristimulus values, (..., 3), against a perfect diffuser (cie1976lab).

    By (colour 2) and (colour 3).
    """
    used("cie1976lab")
    white = xyz_of_spectrum(np.ones(len(COLOUR_WAVELENGTHS_NM)))
    ratio = np.asarray(xyz, dtype=np.float64) / white
    linear = (6.0 / 29.0) ** 3
    f = np.where(ratio > linear, np.cbrt(ratio), ratio / (3.0 * (6.0 / 29.0) ** 2) + 4.0 / 29.0)
    return Lab(116.0 * f[..., 1] - 16.0, 500.0 * (f[..., 0] - f[..., 1]), 200.0 * (f[..., 1] - f[..., 2]))


def lab_of_spectrum(reflectance: ArrayLike) -> Lab:
    """Return L*a*b* of reflectance factors at `COLOUR_WAVELENGTHS_NM`, (..., 31)."""
    return lab_of_xyz(xyz_of_spectrum(reflectance))


def ita_of_lab_deg(lab: Lab) -> Array:
    """Return the individual typology angle atan((L* - 50) / b*), degrees (colour 4).

    Of a colour without yellow it is the limit, 90 or -90 degrees; bluish colours lie beyond that.
    """
    used("chardon1991")
    return np.asarray(np.degrees(np.arctan2(lab.L - 50.0, lab.b)))

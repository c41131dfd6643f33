"""Read the tables of `data/tissue` and the spectra of `data/spectra`, and record which sources were used.

Spectra are read once and interpolated, never extrapolated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.package_data import load_package_table, load_package_text
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.text import Message

__all__ = [
    "MODEL_RANGE_NM",
    "Spectrum",
    "check_wavelength",
    "cite_value",
    "read_number",
    "read_sourced",
    "read_spectrum",
    "tissue_table",
]


def tissue_table(name: str) -> Mapping[str, Any]:
    """Return the content of `data/tissue/NAME.toml`."""
    return load_package_table(f"data/tissue/{name}.toml")


def read_sourced(entry: Mapping[str, Any]) -> SourcedValue:
    """Return the sourced value of a table entry, and record its source as used."""
    return cite_value(SourcedValue.from_table(entry))


def cite_value(value: SourcedValue) -> SourcedValue:
    """Record the source of a value as used, and return the value."""
    cite_sources(value.source)
    return value


def read_number(entry: Mapping[str, Any]) -> float:
    """Return the central value of a table entry, and record its source as used."""
    return read_sourced(entry).value


# Spectra.

Array = NDArray[np.float64]
# Wavelengths at which skin as a whole is described: the common range of water and blood.
MODEL_RANGE_NM = (400.0, 11000.0)


@compared_by_value
@dataclass(frozen=True)
class Spectrum:
    """A table of quantities over wavelength.

    Parameters
    ----------
    name : substance.
    sources : bibliography keys.
    range_nm : ends of the valid range.
    wavelength_nm : rising, (row,).
    columns : name → values, (row,); absorption and scattering per metre, base e.
    """

    name: str
    sources: tuple[str, ...]
    range_nm: tuple[float, float]
    wavelength_nm: Array
    columns: Mapping[str, Array]

    def covers(self, wavelength_nm: float) -> bool:
        """Return whether the wavelength is inside the valid range."""
        return self.range_nm[0] <= wavelength_nm <= self.range_nm[1]

    def at(self, column: str, wavelength_nm: ArrayLike) -> Array:
        """Interpolate a column at wavelengths; coefficients are interpolated in the logarithm, as they span decades.

        Raises
        ------
        NotAvailable : outside the valid range.
        """
        asked = np.asarray(wavelength_nm, dtype=np.float64)
        low, high = self.range_nm
        outside = asked[(asked < low) | (asked > high)]
        if outside.size:
            raise NotAvailable(
                Message(
                    "skin.outside_table",
                    {"what": self.name, "wavelength_nm": float(outside.flat[0]), "low_nm": low, "high_nm": high},
                ).text
            )
        cite_sources(*self.sources)
        values = self.columns[column]
        if column.endswith("_per_m") and np.all(values > 0.0):
            return np.exp(np.interp(asked, self.wavelength_nm, np.log(values)))
        return np.interp(asked, self.wavelength_nm, values)


@cache
def read_spectrum(name: str) -> Spectrum:
    """Read the table `data/spectra/NAME.csv`: `# key: value` lines, a line of column names, numbers."""
    lines = load_package_text(f"data/spectra/{name}.csv").splitlines()
    head = dict(line[1:].strip().split(": ", 1) for line in lines if line.startswith("#"))
    rows = [line for line in lines if line and not line.startswith("#")]
    values = np.array([row.split(",") for row in rows[1:]], dtype=np.float64)
    names = rows[0].split(",")
    low, high = (float(part) for part in head["range_nm"].split())
    columns = {key: values[:, index] for index, key in enumerate(names) if index}
    return Spectrum(head["name"], tuple(head["source"].split()), (low, high), values[:, 0], columns)


def check_wavelength(wavelength_nm: float) -> None:
    """Reject a wavelength at which skin is not described.

    Raises
    ------
    NotAvailable : outside `MODEL_RANGE_NM`.
    """
    low, high = MODEL_RANGE_NM
    if not low <= wavelength_nm <= high:
        params = {"what": "skin", "wavelength_nm": float(wavelength_nm), "low_nm": low, "high_nm": high}
        raise NotAvailable(Message("skin.outside_table", params).text)

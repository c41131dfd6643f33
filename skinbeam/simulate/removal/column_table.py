"""Corrections of the quick model of columns for the beams of shipped devices, from a precomputed table.

`data/derived/column_corrections.toml` holds depth and width by the full model over those by the quick model in a light,
a median and a dark skin: melanin warms the layers above the dermis, and a column with them. Light of these wavelengths
is absorbed by water, so other differences between skins change the corrections little: `error` in the table, measured
in other skins.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import MJ
from skinbeam.simulate.light.spot import median_medium
from skinbeam.simulate.light.spot_table import spread_parameters
from skinbeam.skin.sample import SkinSample

__all__ = ["ColumnBeam", "ColumnRow", "absorption_above_dermis", "lookup_column_corrections", "read_column_rows"]

Floats = NDArray[np.float64]

MELANIN_NM = 650.0


class ColumnBeam(NamedTuple):
    """Parameters of a beam that determine a column, except the energy and the skin."""

    wavelength_nm: float
    diameter_um: float
    profile: str
    pulse_ms: float


class ColumnRow(NamedTuple):
    """Depth and width over those of the quick model, (skin, energy), at energies (energy,), J, rising.

    Parameters
    ----------
    absorbance_above : `absorption_above_dermis` of the skins, (skin,), rising.
    """

    beam: ColumnBeam
    absorbance_above: Floats
    energy_J: Floats
    depth: Floats
    width: Floats

    def at(self, absorbance_above: float, energy_J: Floats) -> tuple[Floats, Floats]:
        """Return the corrections of depth and width at energies, linear in the logarithms of absorption and energy."""
        return self._interpolate_ratio(self.depth, absorbance_above, energy_J), self._interpolate_ratio(
            self.width, absorbance_above, energy_J
        )

    def _interpolate_ratio(self, values: Floats, absorbance_above: float, energy_J: Floats) -> Floats:
        logs = np.log(absorbance_above), np.log(self.absorbance_above)
        of_skin = np.array([np.interp(*logs, column) for column in values.T])
        return np.asarray(np.interp(np.log(energy_J), np.log(self.energy_J), of_skin))


def lookup_column_corrections(beam: Beam, energy_J: Floats, median_skin: SkinSample) -> tuple[Floats, Floats] | None:
    """Return the corrections of depth and width at energies (sample,), J; None if beam or energy is not in the table.

    Parameters
    ----------
    median_skin : the median skin, or draws of whose properties the medians are used.
    """
    assert beam.microbeam is not None  # only for fractional beams
    micro = beam.microbeam
    row = _column_table().get(
        _beam_key(ColumnBeam(beam.wavelength_nm, micro.diameter_um, micro.profile, beam.pulse_ms))
    )
    above = absorption_above_dermis(median_skin)
    if row is None or above is None or energy_J.min() < row.energy_J[0] or energy_J.max() > row.energy_J[-1]:
        return None
    cite_sources("wang1995", "henyey1941", "born1999", "maitland1997")
    return row.at(above, energy_J)


def absorption_above_dermis(median_skin: SkinSample) -> float | None:
    """Return absorption times thickness of the layers above the dermis in red light, where only melanin absorbs.

    None without a dermis below other layers.
    """
    like = spread_parameters(median_medium(median_skin, MELANIN_NM), np.array(median_skin.tissues))
    return None if like is None else like.above


def _beam_key(beam: ColumnBeam) -> tuple[float | str, ...]:
    """Return the parameters of a beam rounded to a millionth, because a diameter is converted between units."""
    return tuple(value if isinstance(value, str) else float(f"{value:.6g}") for value in beam)


@cache
def _column_table() -> Mapping[tuple[float | str, ...], ColumnRow]:
    return {_beam_key(row.beam): row for row in read_column_rows(load_derived_table("column_corrections"))}


def read_column_rows(table: Mapping[str, Any]) -> tuple[ColumnRow, ...]:
    """Return the rows of the shipped table."""
    return tuple(
        ColumnRow(
            ColumnBeam(*(row[name] for name in ColumnBeam._fields)),
            np.array(row["above"]),
            np.array(row["energy_mJ"]) * MJ,
            np.array(row["depth"]),
            np.array(row["width"]),
        )
        for row in table["beam"]
    )

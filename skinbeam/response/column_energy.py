"""Move the energy of a heated column to a beam of another diameter or wavelength that coagulates as deep.

Sources print the energy of a microbeam and seldom its diameter, but a column of the same energy is shallower the wider
the beam. Depths are those of the middle skin of a cheek, from a derived table.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.document import round_significant
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import MM, UM
from skinbeam.published_doses.settings import PrintedColumns

__all__ = [
    "HEATED_COLUMNS",
    "BeamEnergies",
    "HeatedBeam",
    "energies_in_beam",
    "energy_as_deep_mJ",
    "heated_column_devices",
    "heated_depth_um",
    "usual_diameter_um",
]

Floats = NDArray[np.float64]

HEATED_COLUMNS: Final = "non-ablative-fractional"  # the modality
_SAME_WAVELENGTH_RATIO: Final = 1.005  # 1540 and 1550 nm are absorbed differently


@dataclass(frozen=True)
class HeatedBeam:
    """What the depth of a heated column depends on beside its energy and the skin."""

    wavelength_nm: float
    diameter_um: float

    @classmethod
    def of_setting(cls, setting: BeamSetting) -> "HeatedBeam":
        """Return the beam of a setting of a machine with microbeams, without the rounding of a change of units."""
        return cls(setting.wavelength_nm, round_significant(setting.spot_mm * MM / UM, 6))


def energy_as_deep_mJ(energy_mJ: float, printed: HeatedBeam, wanted: HeatedBeam) -> float:
    """Return the energy with which a beam coagulates as deep as another does with the printed energy.

    Outside the depths that the table has of both beams the ratio of the energies is the one at the nearest end.
    """
    if printed == wanted:
        return energy_mJ
    log_printed, printed_um = _depth_curve(printed)
    log_wanted, wanted_um = _depth_curve(wanted)
    reached_um = np.interp(math.log(energy_mJ), log_printed, printed_um)
    depth_um = np.clip(reached_um, max(printed_um[0], wanted_um[0]), min(printed_um[-1], wanted_um[-1]))
    ratio = np.interp(depth_um, wanted_um, log_wanted) - np.interp(depth_um, printed_um, log_printed)
    return energy_mJ * math.exp(float(ratio))


def heated_depth_um(energy_mJ: float, beam: HeatedBeam) -> float:
    """Return how deep a beam coagulates with an energy; outside the energies of the table as at the nearest of them."""
    log_energy, depth_um = _depth_curve(beam)
    return float(np.interp(math.log(energy_mJ), log_energy, depth_um))


@dataclass(frozen=True)
class BeamEnergies:
    """Energies of a beam, mJ, that coagulate as deep as printed ones.

    Parameters
    ----------
    columns : the energies as printed, where they are of other beams; else None.
    """

    low_mJ: float
    high_mJ: float
    columns: PrintedColumns | None


def energies_in_beam(
    low_mJ: float, high_mJ: float, wavelength_nm: float, wanted: HeatedBeam, *, diameter_um: float | None = None
) -> BeamEnergies | None:
    """Return printed energies of a wavelength in a beam; None where nobody knows the beams that they are of.

    Parameters
    ----------
    diameter_um : of the beams, as printed; None for the usual ones of machines with such energies.
    """
    ends = low_mJ, high_mJ
    diameters = [diameter for end in ends if (diameter := diameter_um or usual_diameter_um(wavelength_nm, end))]
    if len(diameters) < len(ends):
        return None
    printed = [HeatedBeam(wavelength_nm, diameter) for diameter in diameters]
    if set(printed) == {wanted}:  # beams narrower than any of the table keep the energy, and go deeper
        return BeamEnergies(low_mJ, high_mJ, None)
    moved = [energy_as_deep_mJ(end, own, wanted) for end, own in zip(ends, printed, strict=True)]
    columns = PrintedColumns(low_mJ, high_mJ, min(diameters), max(diameters))
    return BeamEnergies(min(moved), max(moved), columns)


def heated_column_devices() -> Iterator[Device]:
    """Yield the shipped devices that heat columns."""
    return (device for device in devices().values() if device.microbeam and HEATED_COLUMNS in device.modalities)


@cache
def usual_diameter_um(wavelength_nm: float, energy_mJ: float) -> float | None:
    """Return the diameter of the beams that shipped machines of a wavelength give an energy in, the narrowest of them.

    None without such a machine.
    """
    tips = [
        (max(tip.energy_mJ.ends[0] / energy_mJ, energy_mJ / tip.energy_mJ.ends[1], 1.0), tip.diameter_um)
        for device in heated_column_devices()
        for head in device.heads
        if 1 / _SAME_WAVELENGTH_RATIO <= head.wavelength_nm / wavelength_nm <= _SAME_WAVELENGTH_RATIO
        for tip in head.tip
    ]
    return min(tips)[1] if tips else None


@cache
def _depth_curve(beam: HeatedBeam) -> tuple[Floats, Floats]:
    """Return logarithms of energies, mJ, and the depths that the beam reaches with them, um, both (energy,) and rising.

    The first energy is the greatest that coagulates nothing, if the table has one. Depths are linear in the logarithm
    of the diameter; the nearest wavelength of the table is taken.
    """
    table = load_derived_table("column_depths")
    light = min(table["light"], key=lambda row: abs(math.log(row["wavelength_nm"] / beam.wavelength_nm)))
    diameters = np.log(table["diameter_um"])
    depths = np.array([np.interp(math.log(beam.diameter_um), diameters, at) for at in np.array(light["depth_um"]).T])
    first = max(int(np.count_nonzero(depths <= 0.0)) - 1, 0)
    deepest, before = depths[first:], np.append(-1.0, np.maximum.accumulate(depths[first:])[:-1])
    rising = deepest > before  # an energy that the noise of packets makes no deeper is left out
    return np.log(table["energy_mJ"])[first:][rising], deepest[rising]

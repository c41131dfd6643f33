"""Make the table of how deep heated columns go in the middle skin of a cheek, by wavelength, diameter and energy.

With it an energy that sources print for beams of one diameter is moved to beams of another that reach as deep.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from research.derived_table import DerivedTable
from research.derived_tables.column_corrections import COLUMN_CORRECTIONS
from research.derived_tables.spot_share import draw_skin
from skinbeam.model.document import round_significant
from skinbeam.model.units import MJ, MS, UM
from skinbeam.response.column_energy import heated_column_devices
from skinbeam.simulate.removal.column import full_column, median_skin_layers
from skinbeam.simulate.removal.heated_optics import thermal_optics
from skinbeam.skin.sample import SkinSample

__all__ = ["COLUMN_DEPTHS", "heated_column_pulses"]

SITE, ITA_DEG, DRAWS = "cheeks", 45.0, 200
# The narrowest and the widest beam of shipped devices and of sources are inside.
DIAMETERS_UM = (60.0, 100.0, 140.0, 200.0, 300.0, 400.0)
ENERGIES_MJ = tuple(round_significant(float(energy), 3) for energy in np.geomspace(3.0, 100.0, 15))
PHOTONS = 50_000  # each time the light is computed: to half a per cent of the size of a column

HEADER = """\
# Depth of a column of coagulation, um, in the middle skin of cheeks (ITA 45), computed in full, by the diameter of the
# Gaussian beam (rows) and its energy (columns); 0 where nothing coagulates. The pulse is the middle one of the shipped
# device with that wavelength.
# Made by `make derived`; not to be edited.
"""


def heated_column_pulses() -> Iterator[tuple[float, float]]:
    """Yield the wavelengths, nm, of the shipped devices that heat columns, each once with a pulse, ms."""
    seen: dict[float, float] = {}
    for device in heated_column_devices():
        for head in device.heads:
            seen.setdefault(head.wavelength_nm, round_significant(math.sqrt(math.prod(head.pulse_ms.ends)), 3))
    yield from sorted(seen.items())


def _depths_um(skin: SkinSample, wavelength_nm: float, pulse_ms: float, diameter_um: float) -> list[float]:
    layers, heated = median_skin_layers(skin, wavelength_nm), thermal_optics(skin, wavelength_nm)
    found = [
        full_column(
            layers,
            diameter_m=diameter_um * UM,
            profile="gaussian",
            pulse_s=pulse_ms * MS,
            energy_J=energy * MJ,
            thermal_optics=heated,
            photons=PHOTONS,
        ).depth
        / UM
        for energy in ENERGIES_MJ
    ]
    # More energy goes deeper; what says otherwise is the noise of the packets.
    return [round(float(depth), 1) for depth in np.maximum.accumulate(found)]


def _make_table() -> Mapping[str, Any]:
    skin, rows = draw_skin(SITE, ITA_DEG, DRAWS), []
    for wavelength_nm, pulse_ms in heated_column_pulses():
        depths = [_depths_um(skin, wavelength_nm, pulse_ms, diameter) for diameter in DIAMETERS_UM]
        print(wavelength_nm, pulse_ms, depths, flush=True)
        rows.append({"wavelength_nm": wavelength_nm, "pulse_ms": pulse_ms, "depth_um": depths})
    return {"diameter_um": list(DIAMETERS_UM), "energy_mJ": list(ENERGIES_MJ), "light": rows}


COLUMN_DEPTHS = DerivedTable(
    name="column_depths",
    header=HEADER,
    inputs=COLUMN_CORRECTIONS.inputs,  # the same columns of the same skin
    version=1,
    make=_make_table,
    selection=lambda: [list(light) for light in heated_column_pulses()],
)

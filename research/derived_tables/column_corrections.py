"""Make the table that compares coagulation columns of fractional devices by the full model with the quick model.

Rows are by energy, for shipped devices. The full model traces packets four times in each pulse; all columns take some
minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.derived_table import DerivedTable
from research.derived_tables.spot_share import draw_skin
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.laser.setting_grid import dose_steps, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.document import round_significant
from skinbeam.model.input_files import parse_record
from skinbeam.model.units import MJ
from skinbeam.response.column_energy import HeatedBeam, heated_column_devices
from skinbeam.simulate.removal.column import ENERGY_LADDER_J
from skinbeam.simulate.removal.column_table import ColumnBeam, ColumnRow, absorption_above_dermis, read_column_rows
from skinbeam.simulate.removal.microlesion import column_ratios
from skinbeam.skin.sample import SkinSample

__all__ = ["COLUMN_CORRECTIONS", "compare_with_full_columns", "fractional_beams"]

Floats = NDArray[np.float64]

ITA_DEG = (65.0, 20.0, -45.0)  # of the skins of the table, the lightest first
PHOTONS = 50_000  # each time the light is computed: to half a per cent of the size of a column
# Skins and beams that the table is compared in: thin and thick dermis, light and dark.
SITES, ITA_COMPARED_DEG, COMPARED_STEP = ("periorbital", "back"), (45.0, -10.0), 7

HEADER = """\
# Depth and width of columns of coagulation in full (light of packets computed again in the pulse, heat in r and z with
# water that boils) over those of the quick model, in the middle skins of cheeks (ITA 65, 20 and -45), for every beam of
# the shipped fractional devices that remove nothing: rows are the skins, by what they absorb above the dermis, and
# columns the energies. `error`: the size of a column beside that in full in other skins, relative.
# Made by `make derived`; not to be edited.
"""


def fractional_beams() -> Iterator[tuple[ColumnBeam, Floats]]:
    """Yield every beam of the shipped non-ablative fractional devices, and the ladder energies around its own, J."""
    for device in heated_column_devices():
        for setting in iterate_settings(device):
            own = np.array(dose_steps(device, setting)) * MJ
            if not own.size:
                continue
            first, last = np.searchsorted(ENERGY_LADDER_J, [own.min(), own.max()])
            beam = HeatedBeam.of_setting(setting)
            yield (
                ColumnBeam(beam.wavelength_nm, beam.diameter_um, device.profile, setting.pulse_ms),
                ENERGY_LADDER_J[first - 1 : last + 1],
            )


def _ratios(skins: SkinSample, beam: ColumnBeam, energies_J: Floats) -> tuple[Floats, Floats]:
    tables = {
        "laser": {"wavelength_nm": beam.wavelength_nm},
        "settings": {"pulse_ms": beam.pulse_ms, "profile": beam.profile},
        "microbeam": {"diameter_um": beam.diameter_um, "energy_mJ": 1.0, "density_per_cm2": 1.0},
    }
    return column_ratios(
        skins, resolve_beam(parse_record(Case, tables, file="columns"), Path()), energies_J, photons=PHOTONS
    )


def compare_with_full_columns(rows: Sequence[ColumnRow]) -> dict[str, float]:
    """Return the relative error of depth and width of columns against the full model, root mean square and greatest."""
    errors = []
    for (site, ita), (beam, energies) in product(
        product(SITES, ITA_COMPARED_DEG), list(fractional_beams())[::COMPARED_STEP]
    ):
        middle_energy = energies[len(energies) // 2 :][:1]
        row, skin = next(row for row in rows if row.beam == beam), draw_skin(site, ita)
        above = absorption_above_dermis(skin)
        assert above is not None  # such skins have a dermis
        for by_table, in_full in zip(row.at(above, middle_energy), _ratios(skin, beam, middle_energy), strict=True):
            errors.append(float(by_table[0] / in_full[0] - 1))
        print(site, ita, beam, middle_energy, np.round(errors[-2:], 3), flush=True)
    every = np.array(errors)
    return {
        "root_mean_square": round_significant(float(np.sqrt((every**2).mean())), 2),
        "greatest": round_significant(float(np.abs(every).max()), 2),
    }


def _beams_and_energies() -> list[list[list[Any]]]:
    """Return beams and energies as the table writes them: logarithms differ in the last digit between processors."""
    return [
        [list(beam), [round_significant(float(energy / MJ), 8) for energy in energies]]
        for beam, energies in fractional_beams()
    ]


def _make_table() -> Mapping[str, Any]:
    skins, rows = [draw_skin("cheeks", ita, 200) for ita in ITA_DEG], []
    for beam, energies in fractional_beams():
        found = np.array([_ratios(skin, beam, energies) for skin in skins])  # (skin, depth or width, energy)
        print(beam, np.round(found, 2).tolist(), flush=True)
        there = np.isfinite(found).all(axis=(0, 1))
        rows.append(
            beam._asdict()
            | {
                "above": [round_significant(absorption_above_dermis(skin) or 0.0, 4) for skin in skins],
                "energy_mJ": [round_significant(float(energy / MJ), 8) for energy in energies[there]],
                "depth": np.round(found[:, 0, there], 3).tolist(),
                "width": np.round(found[:, 1, there], 3).tolist(),
            }
        )
    return {"beam": rows, "error": compare_with_full_columns(read_column_rows({"beam": rows}))}


COLUMN_CORRECTIONS = DerivedTable(
    name="column_corrections",
    header=HEADER,
    inputs=(
        *(
            f"data/tissue/{name}.toml"
            for name in ("boiling", "heated", "kinetics", "layers", "melanin", "optics", "presets", "thermal")
        ),
        "data/spectra/",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
    ),
    version=1,
    make=_make_table,
    selection=_beams_and_energies,
)

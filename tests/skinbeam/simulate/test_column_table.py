"""Corrections of columns from the table: beside columns in full in another skin, and where it has no answer."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from skinbeam.laser.beam import Beam
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import MJ
from skinbeam.simulate.removal.column_table import lookup_column_corrections
from skinbeam.simulate.removal.microlesion import microlesion_model
from skinbeam.skin.distribution import SkinDistribution

PACKETS = 0.02  # scatter of the size of a column in full, of 12,000 packets


def beam(diameter_um: float, pulse_ms: float = 15.0) -> Beam:
    tables = {
        "laser": {"wavelength_nm": 1540.0},
        "settings": {"pulse_ms": pulse_ms, "profile": "gaussian"},
        "microbeam": {"diameter_um": diameter_um, "energy_mJ": 20.0, "density_per_cm2": 100.0},
    }
    return resolve_beam(parse_record(Case, tables, file="test"), Path())


def skins(ita_deg: float) -> xr.Dataset:
    return SkinDistribution.from_case(
        parse_record(Case, {"skin": {"site": "forearm", "ita_deg": ita_deg}}, file="test")
    ).sample(20, 5)


@pytest.mark.parametrize("ita_deg", [50.0, -20.0])
def test_columns_by_the_table_are_those_in_full(ita_deg: float) -> None:
    """Within three of the errors that the table states and those of the packets."""
    drawn, energy = skins(ita_deg), np.full(20, 20.0 * MJ)
    by_table, in_full = (
        microlesion_model(drawn, beam(150.0), drawn, use_table=use_table)(energy) for use_table in (True, False)
    )
    allowed = 3 * np.hypot(load_derived_table("column_corrections")["error"]["root_mean_square"], PACKETS)
    for one, other in ((by_table.depth, in_full.depth), (by_table.width, in_full.width)):
        np.testing.assert_allclose(one, other, rtol=allowed)


def test_another_beam_or_energy_is_left_to_the_full_model() -> None:
    drawn = skins(40.0)
    assert lookup_column_corrections(beam(150.0), np.array([20.0 * MJ]), drawn) is not None
    for other, energy_mJ in ((beam(130.0), 20.0), (beam(150.0, 7.0), 20.0), (beam(150.0), 900.0)):
        assert lookup_column_corrections(other, np.array([energy_mJ * MJ]), drawn) is None

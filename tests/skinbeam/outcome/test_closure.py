"""Closure of coagulated columns: cells that move in from the rim, and what was watched of treated people."""

import math

import numpy as np
import pytest
from pulse_samples import loaded

from skinbeam.api.simulate import simulate_case
from skinbeam.model.sources import bibliography
from skinbeam.outcome.healing import closure_sources, column_closure_h, healing_table

DAY_H = 24.0


def at(width_um: float, *, cover: float = 0.1, slowness: float = 0.0) -> float:
    return float(column_closure_h(np.array([width_um]), np.array([cover]), np.array([slowness]))[0])


def test_cells_meet_in_the_middle_after_a_lag() -> None:
    # Six hours and 54 µm at 27 µm an hour; the slow wait 12 hours and go at the low speed.
    assert at(108.0) == pytest.approx(6.0 + 2.0)
    slow, quick = (at(108.0, slowness=s) for s in (1.0, -1.0))
    assert slow == pytest.approx(12 * 0.841345 + 54 / 12.5, rel=1e-4)
    assert quick == pytest.approx(12 * 0.158655 + 54 / 60, rel=1e-4)
    assert at(200.0) > at(100.0) > at(0.0) == pytest.approx(6.0)


def test_columns_that_touch_have_no_time() -> None:
    touching = -math.expm1(-math.pi / 4)  # as wide as their distance in a square pattern
    assert math.isfinite(at(100.0, cover=touching * 0.999))
    assert math.isinf(at(100.0, cover=touching * 1.001))
    assert math.isinf(at(100.0, cover=1.0))
    assert set(closure_sources()) <= set(bibliography())


def test_energy_matters_and_the_surface_closes_before_the_column_has_healed() -> None:
    """No day of a wound set the law. Whole columns took 6 days in tomograms (the calibration row of such columns)."""
    found = {
        energy: simulate_case(loaded("fractional-1550", microbeam__energy_mJ=energy), draws=40).to_dict()["healing"]
        for energy in (10.0, 70.0)
    }
    closed = {energy: healing["reepithelialisation_h"] for energy, healing in found.items()}
    assert closed[10.0]["median"] < closed[70.0]["median"]
    assert closed[10.0]["high"] < closed[70.0]["high"] < 6 * DAY_H
    assert closed[70.0]["basis"] == list(closure_sources())


def test_a_pattern_without_gaps_is_unknown() -> None:
    dense = simulate_case(loaded("fractional-1550", microbeam__density_per_cm2=20000.0), draws=8).to_dict()["healing"]
    assert "touch" in dense["reepithelialisation_h"]["unknown"]


def test_the_front_does_not_hold_for_wide_wounds() -> None:
    """Why wide wounds take published times: half a gap between follicles would be crossed many times too soon."""
    gap_um = 1e3 * 2 * math.sqrt(2 / (math.sqrt(3) * 4.39)) / math.sqrt(3)  # 439 follicles per cm², hexagonal
    assert at(gap_um) < healing_table()["ablative"]["reepithelialisation_h"]["low"] / 5

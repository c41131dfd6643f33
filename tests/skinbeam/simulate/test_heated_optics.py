"""Optics that change with heat: limits of the equations, independent measurements, and dermis held at temperatures."""

from itertools import pairwise

import numpy as np
import pytest

from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.input_files import parse_record
from skinbeam.model.units import PER_CM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import read_kinetics, threshold_temperature
from skinbeam.physics.light.thermal_optics import scattering_factor, water_absorption_factor
from skinbeam.simulate.removal import heated_optics as heated_dermis
from skinbeam.simulate.removal.heated_optics import (
    HOLD_LADDER_C,
    denaturation_end_C,
    scattering_after_hold,
    scattering_peak_C,
)
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import denatured_scattering_share, fibril_share, water_absorption_slope, water_mua
from skinbeam.skin.tables import read_number, tissue_table

LINE = {"slope_1_K": 5e-3, "reference_K": 300.0, "hottest_K": 370.0}


def skins(preset: str, draws: int = 40, **part: object):  # type: ignore[no-untyped-def]
    case = parse_record(Case, {"skin": {"preset": preset, **part}}, file="test")
    return SkinDistribution.from_case(case).sample(draws, 0)


def test_native_tissue_comes_back_and_denatured_tissue_does_not() -> None:
    def factor(temperature_K: float, omega: float) -> float:
        return float(scattering_factor(temperature_K, omega, denatured=0.5, **LINE))

    assert factor(300.0, 0.0) == 1.0
    assert factor(320.0, 0.0) == pytest.approx(1.1)
    assert factor(300.0, np.log(2)) == pytest.approx(0.75)
    assert factor(300.0, 50.0) == pytest.approx(0.5)
    assert factor(320.0, 50.0) == pytest.approx(0.55)


def test_what_is_hotter_than_was_measured_is_taken_as_the_hottest() -> None:
    hot = np.array([370.0, 400.0, 500.0])
    assert np.ptp(scattering_factor(hot, 0.0, denatured=0.5, **LINE)) == 0
    assert np.ptp(water_absorption_factor(hot, 0.0, **LINE)) == 0


def test_vapour_absorbs_nothing() -> None:
    assert water_absorption_factor(360.0, [0.0, 0.25, 1.0], **LINE) == pytest.approx([1.3, 0.975, 0.0])


@pytest.mark.parametrize(("wavelength_nm", "per_cm_K"), [(2014.0, -0.259), (2090.0, -0.104)])
def test_the_slope_of_water_agrees_with_laser_lines_measured_apart(wavelength_nm: float, per_cm_K: float) -> None:
    """Lange, Brendel and Hüttmann 2002 (lange2002), who did not enter the table.

    Their line spans 20 to 100 °C and is flatter than one through the cooler half of it, and tables of water differ by
    some per cent: 15 % for both.
    """
    found = water_absorption_slope(wavelength_nm) * water_mua(wavelength_nm) / PER_CM
    assert found == pytest.approx(per_cm_K, rel=0.15)


def test_cartilage_clears_as_its_water_does() -> None:
    """A quarter of the absorption of cartilage at 1560 nm goes up to 80 °C (sviridov2010), from a room of 20 to 25 °C.

    Nearly all of it is water: the rest, a twentieth to a tenth, leaves between 0.9 and 1 of the fall.
    """
    fall = -water_absorption_slope(1560.0) * np.array([0.9 * 55.0, 60.0])
    assert fall[0] - 0.05 < 0.25 < fall[1]


def test_water_stays_as_it_is_where_nothing_was_entered() -> None:
    assert water_absorption_slope(800.0) == water_absorption_slope(2940.0) == 0.0


def test_fibrils_scatter_short_waves_most_and_only_dermis_loses_them() -> None:
    shares = [fibril_share(wavelength) for wavelength in (400.0, 633.0, 1064.0, 1550.0)]
    assert all(before > after for before, after in pairwise(shares))
    assert 0 < shares[-1] < 0.05 < 0.5 < shares[0] < 1
    assert denatured_scattering_share("rodent-dermis", 633.0) == 1 - shares[1]
    assert denatured_scattering_share("fat", 633.0) == 1.0


def test_collagen_of_a_rat_goes_by_the_set_of_its_skin() -> None:
    """In the middle: 1 - exp(-Ω) = 0.95 at Ω = 3, by the closed form of a hold; a rung of the ladder apart."""
    rows = read_kinetics("pearce-collagen")
    exact = threshold_temperature(rows.frequency_1_s, rows.activation_J_mol, 300.0 / -np.log(0.05)) - ZERO_CELSIUS_K
    case = parse_record(Case, {"skin": {"preset": "rat"}}, file="test")
    found = denaturation_end_C(SkinDistribution.from_case(case).median(), hold_s=300.0)
    assert 0 <= found[0] - exact[0] <= HOLD_LADDER_C[1] - HOLD_LADDER_C[0]


def test_a_longer_hold_denatures_at_a_lower_temperature() -> None:
    rat = skins("rat")
    rises = [np.median(scattering_peak_C(rat, hold_s=hold, wavelength_nm=500.0)) for hold in (30.0, 300.0)]
    settles = [denaturation_end_C(rat, hold_s=hold) for hold in (30.0, 300.0)]
    assert rises[0] > rises[1]
    assert (settles[0] > settles[1]).all()


def test_scattering_rises_on_the_measured_line_until_denaturation_turns_it() -> None:
    """At 40 °C for a second no collagen is lost, Ω < 1e-7 by either set: the line alone is left."""
    rat = skins("rat")
    slope = tissue_table("heated")["scattering"]["slope_1_K"]["dermis"]
    warm = scattering_after_hold(rat, np.array([25.0, 40.0]), hold_s=1.0, wavelength_nm=633.0)
    assert warm[:, 0] == pytest.approx(1.0)
    assert np.median(warm[:, 1]) == pytest.approx(
        1 + 15 * read_number(slope), abs=15 * (slope["high"] - slope["value"]) / 3
    )
    top = scattering_peak_C(rat, hold_s=300.0, wavelength_nm=633.0)
    falls = top < HOLD_LADDER_C[-1]
    assert falls.any()
    assert (top[falls] < denaturation_end_C(rat, hold_s=300.0)[falls]).all()


def test_bundles_that_scatter_more_let_it_rise_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heated_dermis, "denatured_scattering_share", lambda *_: 10.0)
    assert (scattering_peak_C(skins("rat"), hold_s=300.0, wavelength_nm=633.0) == HOLD_LADDER_C[-1]).all()


def test_skin_without_dermis_of_known_make_is_refused() -> None:
    with pytest.raises(NotAvailable, match="dermis"):
        scattering_after_hold(skins("phantom"), np.array([40.0]), hold_s=1.0, wavelength_nm=633.0)

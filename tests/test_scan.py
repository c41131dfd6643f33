"""Scanned spots: the patterns themselves, the wide and the lonely spot, what neighbours add, lines, refusals."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skinbeam.errors import InputError
from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse
from skinbeam.simulate.dose_search import cell_death_dose
from skinbeam.simulate.places import basal_layer
from skinbeam.simulate.pulse import respond
from skinbeam.simulate.scan import ORDERS, grid_scan, line_scan, neighbours_add, scan_rise
from skinbeam.simulate.scene import scene_of
from skinbeam.units import MM


def lit(wavelength_nm=532.0, pulse_ms=10.0, spot_mm=1.0, profile="top-hat", draws=2):
    settings = {"fluence_J_cm2": 1.0, "pulse_ms": pulse_ms, "spot_mm": spot_mm, "profile": profile}
    tables = {"skin": {"preset": "human"}, "laser": {"wavelength_nm": wavelength_nm}, "settings": settings}
    scene = scene_of(LoadedCase(parse(Case, tables, file="test"), Path(), "test"))
    skins = scene.skin.sample(draws, 0)
    return respond(skins, scene.beam, scene.cooling, lit=scene.light(skins)), scene.beam


def grid(**changes):
    return grid_scan(**{"columns": 3, "rows": 3, "pitch_mm": 1.0, "period_ms": 200.0, "pulse_ms": 10.0} | changes)


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_visits_every_place_once(order):
    scan = grid(columns=4, rows=3, order=order)
    places = {(round(x / MM, 6), round(y / MM, 6)) for x, y in zip(scan.x_m, scan.y_m, strict=True)}
    assert places == {(x, y) for x in (-1.5, -0.5, 0.5, 1.5) for y in (-1.0, 0.0, 1.0)}
    np.testing.assert_allclose(np.diff(scan.begin_s), 0.2)


def test_orders_are_what_their_names_say():
    def steps(order):
        scan = grid(columns=4, rows=4, order=order)
        return np.hypot(np.diff(scan.x_m), np.diff(scan.y_m)) / MM

    assert steps("serpentine").max() == pytest.approx(1.0)
    assert steps("rows").max() == pytest.approx(math.hypot(3, 1))
    assert steps("interlaced").min() > 1.0


@pytest.mark.parametrize("profile", ["top-hat", "gaussian"])
def test_a_wide_spot_alone_is_the_model_of_depth(profile):
    """12 mm lose nothing sideways in the seconds that count, and 1 mm does: the single spot needs more."""
    response, beam = lit(spot_mm=12.0, profile=profile)
    on_axis = 2.0 if profile == "gaussian" else 1.0
    alone = neighbours_add(response, beam, grid(columns=1, rows=1))
    # 0.5 %: the time between times at which a temperature is taken as straight, and what still leaves sideways.
    np.testing.assert_allclose(on_axis * alone.single_J_m2, cell_death_dose(response, basal_layer(response)), rtol=5e-3)
    np.testing.assert_allclose(alone.scanned_J_m2, alone.single_J_m2, rtol=1e-3)
    assert (alone.rise_before == 0).all()
    narrow, beam = lit(spot_mm=1.0, profile=profile)
    one = neighbours_add(narrow, beam, grid(columns=1, rows=1)).single_J_m2
    # More by more than what the wide spot was allowed to differ.
    assert (on_axis * one > 1.005 * cell_death_dose(narrow, basal_layer(narrow))).all()


def test_neighbours_add_heat_the_nearer_and_the_sooner_the_more():
    response, beam = lit()
    near, far = (neighbours_add(response, beam, grid(pitch_mm=pitch)) for pitch in (1.0, 8.0))
    assert (near.scanned_J_m2 < 0.97 * near.single_J_m2).all()
    assert (near.rise_before > 0.02).all()
    # Eight millimetres away light and heat are gone: half of a per cent is left of the spread of light.
    np.testing.assert_allclose(far.scanned_J_m2, far.single_J_m2, rtol=5e-3)
    late = neighbours_add(response, beam, grid(period_ms=4000.0))
    assert (late.rise_before < near.rise_before).all()
    assert (late.scanned_J_m2 > near.scanned_J_m2).all()


def test_the_last_spot_of_an_interlaced_scan_has_all_its_neighbours_before_it():
    """In rows a spot follows the half of them above and beside it: pauses of 50 ms do not undo that."""
    response, beam = lit()
    rows, interlaced = (
        neighbours_add(response, beam, grid(columns=4, rows=4, period_ms=50.0, order=order))
        for order in ("rows", "interlaced")
    )
    assert (interlaced.scanned_J_m2 < rows.scanned_J_m2).all()


def test_a_fast_line_is_a_pulse_of_its_dwell():
    """A Gaussian that crosses before heat moves gives its line sqrt(2/pi) P / (v w), w widened by the blur.

    Its basal rise is that of a wide beam of that exposure; of a spot of 6 mm the blur at the epidermis is below 2 %.
    """
    response, beam = lit(spot_mm=6.0, profile="gaussian", pulse_ms=5.0)
    speed, power = 10.0, 1.0  # m/s, W
    scan = line_scan(length_mm=24.0, speed_mm_s=speed / MM, spot_mm=6.0)
    per_shot = power * scan.pulse_s / (math.pi * (3.0 * MM) ** 2)
    rise = per_shot * scan_rise(response, beam, scan, [0.03])[:, 0, 1]
    middle = np.abs(scan.points_m[:, 0]).argmin()
    exposure = math.sqrt(2 / math.pi) * power / (speed * 3.0 * MM)
    place = basal_layer(response)
    ends = np.concatenate([[0.0], np.cumsum(response.schedule.step_s)])
    # The middle is crossed 1.2 ms after the start; a pulse of 5 ms has its middle at 2.5 ms.
    wide = exposure * np.interp(0.03 - 1.2e-3 + 2.5e-3, ends, place.unit_K[0])
    # 3 %: the blur, the half of a millisecond that either heating lasts beside 29 ms, and ends of the line.
    assert rise[middle] == pytest.approx(wide, rel=0.03)
    # A line twice as slow brings twice as much.
    slow = line_scan(length_mm=24.0, speed_mm_s=speed / 2 / MM, spot_mm=6.0)
    assert slow.pulse_s == pytest.approx(2 * scan.pulse_s)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"columns": 0}, "columns"),
        ({"rows": 1000}, "rows"),
        ({"pitch_mm": 0.0}, "pitch_mm"),
        ({"pulse_ms": -1.0}, "pulse_ms"),
        ({"period_ms": math.nan}, "period_ms"),
        ({"period_ms": 5.0}, "period_ms"),
        ({"order": "spiral"}, "order"),
    ],
)
def test_impossible_patterns_are_refused_by_field(changes, field):
    with pytest.raises(InputError) as caught:
        grid(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"speed_mm_s": 0.0}, "speed_mm_s"),
        ({"length_mm": -1.0}, "length_mm"),
        ({"spot_mm": 0.0}, "spot_mm"),
        ({"lines": 2}, "pitch_mm"),
        ({"lines": 0}, "lines"),
        ({"length_mm": 1e4}, "lines"),
        ({"pause_ms": -1.0}, "pause_ms"),
    ],
)
def test_impossible_lines_are_refused_by_field(changes, field):
    with pytest.raises(InputError) as caught:
        line_scan(**{"length_mm": 10.0, "speed_mm_s": 50.0, "spot_mm": 1.0} | changes)
    assert caught.value.field == field


def test_a_beam_without_a_spot_scans_nothing():
    response, beam = lit()
    with pytest.raises(InputError) as caught:
        neighbours_add(response, replace(beam, spot_mm=None), grid())
    assert caught.value.field == "spot_mm"

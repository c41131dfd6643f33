"""Blood that absorbs more as it heats: the property, its limits, and doses of ends with it."""

from dataclasses import replace

import numpy as np
import pytest
from pulse_samples import loaded, median, wide_response
from test_vessel_ends import BUTTOCK, CASE, response_of, sized, vessels_of

from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import J_CM2, UM, ZERO_CELSIUS_K
from skinbeam.physics.targets.vessel import shading
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.vessels.heated_blood import (
    absorption_factor,
    dose_with_heated_blood,
    heated_mua,
    methaemoglobin_unknown_reason,
    unheated_reason,
    vessels_at_dose,
)
from skinbeam.simulate.vessels.purpura import purpura_dose
from skinbeam.simulate.vessels.vessel_endpoints import (
    blood_vapour_K,
    closure_dose,
    is_vessel_closed,
    leak_dose,
    rupture_dose,
)
from skinbeam.simulate.vessels.vessel_response import VesselResponse
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import blood_mua, methaemoglobin_mua, water_mua
from skinbeam.skin.tables import read_sourced, tissue_table

ENDS = (closure_dose, rupture_dose, leak_dose)


def heated(response: PulseResponse, dose: float | np.ndarray) -> VesselResponse:  # type: ignore[type-arg]
    found = vessels_at_dose(response, dose)
    assert found is not None
    return found


# The property


def test_absorption_rises_by_two_and_a_half_from_20_to_100_degrees() -> None:
    cold, table, hot, hotter = absorption_factor(np.array([20.0, 22.0, 100.0, 140.0]) + ZERO_CELSIUS_K)
    assert hot / cold == pytest.approx(2.5)
    assert table == pytest.approx(1.0)
    assert hotter == hot


def test_slow_heating_at_633_nm_lies_within_what_was_measured() -> None:
    """Nilsson 1997: 80 +- 70 % more from 25 to 50 degC, another laser, another way of heating. It set nothing."""
    cold, warm = absorption_factor(np.array([25.0, 50.0]) + ZERO_CELSIUS_K)
    assert 0.1 < warm / cold - 1 < 1.5


def test_only_oxyhaemoglobin_is_taken_to_absorb_more() -> None:
    saturation = np.array([0.0, 0.5, 1.0])
    cold = blood_mua(595.0, 0.45, saturation)
    hot = heated_mua(595.0, np.array(0.45), saturation, np.array(2.0))
    assert hot[0] == cold[0]
    assert hot[2] == pytest.approx(2 * cold[2])
    # Deoxygenated blood absorbs twice as much here: less than half of the light is the other's.
    assert hot[1] / cold[1] == pytest.approx(1 + 0.5 * cold[2] / cold[1])
    assert heated_mua(532.0, np.array(0.45), saturation, np.array(2.0)) == pytest.approx(
        blood_mua(532.0, 0.45, saturation)
    )


# One dose


def test_a_dose_that_heats_nothing_leaves_blood_at_the_absorption_of_its_own_temperature() -> None:
    response, plain = sized(1e-3, 10.0)  # over before heat leaves
    found = heated(response, 1e-3)
    end = int(np.flatnonzero(response.schedule.power_on)[-1]) + 1
    ratio = found.lumen[:, 0, end] / plain.lumen[:, 0, end]
    skins = response.skins
    blood, oxygen = skins["haematocrit"][:, 0], skins["oxygenation"][:, 0]
    # The draws carry the spread of the rise, 2.5 +- 0.5.
    rise = 2.5 + 0.5 * skins["heated_blood_shift"]
    factor = absorption_factor(plain.base[:, 0, 0], rise)
    cold, warm = blood_mua(585.0, blood, oxygen), heated_mua(585.0, blood, oxygen, factor)
    width = 10.0 * UM
    expected = warm * shading(warm, width) / (cold * shading(cold, width))
    # A per cent of the rise of temperature is that of the surroundings, which absorb as before.
    assert ratio == pytest.approx(expected, rel=5e-3)


def test_more_light_heats_blood_more_than_in_proportion() -> None:
    response, _ = sized(0.45, 30.0)
    peaks = [np.median(heated(response, dose).lumen.max(axis=2)) for dose in (1e2, 1e4, 2e4)]
    assert peaks == sorted(peaks)


def test_without_it_a_response_is_proportional_to_the_dose() -> None:
    response, plain = sized(10.0, 60.0)
    off = replace(response, heated_blood=False)
    assert np.array_equal(heated(off, 5e4).cells, plain.cells)
    for end in ENDS:
        assert np.array_equal(dose_with_heated_blood(off, end), end(off, plain))


@pytest.mark.parametrize("wavelength_nm", [532.0, 577.0, 755.0, 1064.0])
def test_where_the_rise_is_not_known_blood_stays_as_it_is(wavelength_nm: float) -> None:
    response = response_of(laser__wavelength_nm=wavelength_nm)
    assert unheated_reason(response) is not None
    assert np.array_equal(dose_with_heated_blood(response, rupture_dose), rupture_dose(response, vessels_of(response)))
    document = find_threshold(loaded(CASE, laser__wavelength_nm=wavelength_nm), "vessel-rupture", draws=2).to_dict()
    assert "586 and 633 nm" in document["heated_blood"]["unknown"]


# Doses of ends


def test_a_dose_is_one_whose_own_response_reaches_the_end() -> None:
    response, _ = sized(3.0, 60.0)
    torn = dose_with_heated_blood(response, rupture_dose)
    vessels = heated(response, torn)
    history = vessels.base[:, :, None] + torn[:, :, None, None] * vessels.coldest
    coldest = history.min(axis=2).max(axis=2)[:, 0]
    # 1.5 per cent of a dose is at most twice that of the rise of 70 K, since absorption rises too.
    assert coldest == pytest.approx(blood_vapour_K(response), abs=2.1)
    closed = dose_with_heated_blood(response, closure_dose)
    for factor, expected in ((0.98, False), (1.02, True)):
        for draw, dose in enumerate(factor * closed[:, 0]):
            assert is_vessel_closed(response, heated(response, dose), dose)[draw, 0] == expected


@pytest.mark.parametrize(("pulse_ms", "diameter_um"), [(0.45, 10.0), (10.0, 30.0), (0.45, 100.0), (40.0, 300.0)])
def test_two_marches_find_what_many_do(pulse_ms: float, diameter_um: float) -> None:
    response, _ = sized(pulse_ms, diameter_um)
    for end in ENDS:
        few, many = (dose_with_heated_blood(response, end, max_simulations=n) for n in (2, 8))
        assert few == pytest.approx(many, rel=0.015)


def test_heated_blood_needs_less_in_small_vessels_and_saves_nothing_in_dark_ones() -> None:
    ratios = {}
    for diameter in (30.0, 268.0):
        response, vessels = sized(0.45, diameter)
        with_heat = dose_with_heated_blood(response, rupture_dose)
        ratios[diameter] = float(np.median(with_heat / rupture_dose(response, vessels)))
    # A thin vessel absorbs in proportion: on the way from 37 to 105 degrees 1.3 to 2.2 times as much.
    assert 1 / 2.2 < ratios[30.0] < 1 / 1.3
    # A wide one takes what arrives at its surface, and the darker it is the less reaches its axis.
    assert 0.9 < ratios[268.0] < 1.2


def test_a_flat_pulse_longer_than_relaxation_saves_less_than_a_short_one() -> None:
    """The skin around, whose light is as it was, has part in what warms a narrow vessel in tens of milliseconds."""
    saved = []
    for pulse_ms in (0.45, 40.0):
        response, vessels = sized(pulse_ms, 30.0)
        saved.append(np.median(dose_with_heated_blood(response, closure_dose) / closure_dose(response, vessels)))
    assert saved[0] < saved[1] < 1.0


def test_the_light_is_computed_often_enough() -> None:
    scene = build_scene(loaded(CASE, settings__pulse_ms=0.45), dose_required=False)
    skins = scene.skin.sample(4, 0)
    coarse = wide_response(skins, scene)
    parts = {
        name: np.repeat(getattr(coarse.schedule, name), 2) for name in ("power_on", "h_W_m2K", "outside_C", "is_cooled")
    }
    halved = replace(coarse.schedule, step_s=np.repeat(coarse.schedule.step_s / 2, 2), **parts)
    fine = wide_response(skins, scene, schedule=halved)
    some, more = (dose_with_heated_blood(response, rupture_dose, max_simulations=8) for response in (coarse, fine))
    # A dozen steps in a pulse, of second order: a first-order scheme would move by the two per cent of half a step.
    assert some == pytest.approx(more, rel=5e-3)


def test_purpura_needs_less_with_heated_blood() -> None:
    response = response_of(BUTTOCK)
    ratio = purpura_dose(response) / purpura_dose(replace(response, heated_blood=False))
    # At most all that blood absorbs rises as oxyhaemoglobin's; at 595 nm that is half of it.
    most = value_at_normal(
        read_sourced(tissue_table("vessels")["heated_blood"]["factor"]), response.skins["heated_blood_shift"]
    )
    assert np.all((ratio > 1 / most) & (ratio < 1 / 1.1))


# Methaemoglobin


def test_methaemoglobin_absorbs_as_its_solution_does() -> None:
    """15 580 per cm and mole of four haems at 630 nm (zijlstra2000), 330 g of 64.5 kg/mol in a litre of cells."""
    solution = np.log(10) * 15580e2 * 0.45 * 330 / 64458
    found = methaemoglobin_mua(630.0, 0.45) - 0.95 * water_mua(630.0)
    # Deoxygenated haemoglobin of the same tables, which set the scale, scatters by 3 % about that of blood.
    assert found == pytest.approx(solution, rel=0.03)
    assert methaemoglobin_mua(630.0, 0.9) - methaemoglobin_mua(630.0, 0.45) == pytest.approx(found)
    with pytest.raises(NotAvailable, match="1000"):
        methaemoglobin_mua(1064.0, 0.45)


def test_methaemoglobin_is_paler_in_the_green_and_darker_beyond_the_red() -> None:
    wavelength_nm = np.array([532.0, 577.0, 586.0, 595.0, 633.0, 755.0, 810.0])
    ratio = np.array([float(methaemoglobin_mua(nm, 0.45) / blood_mua(nm, 0.45, 1.0)) for nm in wavelength_nm])
    # So the rise of 2.5 at 586 nm is not its doing.
    assert np.all(ratio[:3] < 0.7)
    assert np.all(ratio[3:] > 1.3)


def test_without_a_share_no_blood_turns() -> None:
    response, _ = sized(3.0, 60.0)
    assert response.methaemoglobin == 0.0
    unturned = heated(replace(response, methaemoglobin=1e-12), 5e4)
    plain = heated(response, 5e4)
    np.testing.assert_allclose(unturned.coldest, plain.coldest, rtol=1e-9)
    np.testing.assert_allclose(unturned.hottest, plain.hottest, rtol=1e-9)


def test_methaemoglobin_saves_light_where_it_is_darker_and_costs_where_it_is_paler() -> None:
    ratio = {}
    for wavelength_nm in (532.0, 810.0):
        response = response_of(laser__wavelength_nm=wavelength_nm, settings__pulse_ms=0.45)
        turned = replace(response, methaemoglobin=1.0)
        ratio[wavelength_nm] = dose_with_heated_blood(turned, closure_dose) / dose_with_heated_blood(
            response, closure_dose
        )
    assert np.all(ratio[532.0] > 1.0)
    assert np.all(ratio[810.0] < 1.0)
    # It cannot do more than blood that is methaemoglobin from the start, in a thin vessel.
    mixed = {nm: blood_mua(nm, 0.45, np.array([0.6, 0.9])) / methaemoglobin_mua(nm, 0.45) for nm in ratio}
    assert np.all(ratio[532.0] < mixed[532.0].max())
    assert np.all(ratio[810.0] > mixed[810.0].min())


def test_a_dose_with_methaemoglobin_is_one_whose_own_response_reaches_the_end() -> None:
    response = replace(response_of(laser__wavelength_nm=595.0), methaemoglobin=1.0)
    closed = dose_with_heated_blood(response, closure_dose)
    for factor, expected in ((0.98, False), (1.02, True)):
        for draw, dose in enumerate(factor * closed[:, 0]):
            assert is_vessel_closed(response, heated(response, dose), dose)[draw, 0] == expected


def test_what_methaemoglobin_absorbs_at_1064_nm_is_not_known() -> None:
    response = response_of(laser__wavelength_nm=1064.0)
    assert methaemoglobin_unknown_reason(response) is not None
    with pytest.raises(NotAvailable):
        vessels_at_dose(replace(response, methaemoglobin=1.0), 1e4)
    document = find_threshold(loaded(CASE, laser__wavelength_nm=1064.0), "vessel-rupture", draws=2).to_dict()
    assert "450 to 1000 nm" in document["methaemoglobin"]["unknown"]


# Documents


def test_a_threshold_tells_what_methaemoglobin_could_do() -> None:
    document = find_threshold(loaded(CASE, laser__wavelength_nm=532.0), "vessel-closure", draws=2).to_dict()
    assert document["methaemoglobin"] > 1.0
    assert find_threshold(loaded(CASE), "epidermal-necrosis", draws=2).to_dict()["methaemoglobin"] == 1.0


def test_a_threshold_tells_what_heated_blood_does() -> None:
    found = find_threshold(loaded(CASE), "vessel-closure", draws=16).to_dict()
    response = response_of(draws=16)
    ratio = dose_with_heated_blood(response, closure_dose)[:, 0] / closure_dose(response, vessels_of(response))[:, 0]
    # That of the middle skin is within the ratios of the draws.
    assert ratio.min() < found["heated_blood"] < ratio.max() < 1.0
    assert find_threshold(loaded(CASE), "epidermal-necrosis", draws=2).to_dict()["heated_blood"] == 1.0


def test_what_no_dose_reaches_has_no_ratio() -> None:
    """Nanoseconds tear a vessel before its blood coagulates, heated or not: no dose closes it."""
    found = find_threshold(loaded(CASE, settings__pulse_ms=1e-5), "vessel-closure", draws=2).to_dict()
    assert found["reached"] is False
    assert "unknown" in found["heated_blood"]


def test_a_pulse_tells_what_blood_would_reach_unheated() -> None:
    vessel = simulate_case(loaded(CASE), draws=4).to_dict()["temperature_C"]["vessels"][0]
    response = response_of(draws=4)
    plain = vessels_of(response)
    dose = 5.0 * J_CM2 * 1.0
    exact = (plain.base[:, :, None] + dose * plain.hottest).max(axis=(2, 3))[:, 0] - ZERO_CELSIUS_K
    # The document has the light of a spot of 10 mm, some per cent less on the axis than a wide beam.
    assert median(vessel["lumen_peak_unheated"]) == pytest.approx(float(np.median(exact)), rel=0.15)
    assert median(vessel["lumen_peak"]) > 1.1 * median(vessel["lumen_peak_unheated"])
    green = simulate_case(loaded(CASE, laser__wavelength_nm=532.0), draws=4).to_dict()["temperature_C"]["vessels"][0]
    assert "633 nm" in green["lumen_peak_unheated"]["unknown"]


def test_no_vessel_no_dose() -> None:
    bare = response_of(BUTTOCK)
    empty = replace(bare, skins=bare.skins.with_arrays(vessel_depth_m=np.empty((bare.skins.count, 0))))
    with pytest.raises(NotAvailable, match="no vessel"):
        dose_with_heated_blood(empty, rupture_dose)

"""One pulse on sampled skins: the whole document, and physics against closed forms."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import FILES, INK, loaded, median, responses, simulated, well_formed, whole

from skinbeam.api.simulate import simulate_case
from skinbeam.model.exposure import LESION_KINDS, PRESETS
from skinbeam.model.units import J_CM2, MS, PER_CM, UM, ZERO_CELSIUS_K
from skinbeam.simulate import scene as scenes
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.nonlinear_response import apply_stopped_flow
from skinbeam.skin.distribution import SkinDistribution


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_kind_of_case_gives_every_key(file: Any) -> None:
    found = simulated(file.stem)
    whole(found)
    known = [value for group in list(found.values())[5:] for value in group.values() if "median" in value]
    assert known, "something of it is known"


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_gives_every_key(preset: str) -> None:
    whole(simulate_case(loaded("short-pulse", skin={"preset": preset}, lesion=[]), draws=16).to_dict())


@pytest.mark.parametrize("kind", LESION_KINDS)
def test_lesions_may_stand_side_by_side(kind: str) -> None:
    whole(simulated("short-pulse", lesion=[{"kind": kind, "diameter_mm": 3.0}, {"kind": "freckle"}], draws=2))


# Energy


def test_a_standard_error_without_packets_is_told_to_have_no_effect() -> None:
    """`light` said so of the same option, and `simulate` nothing."""
    codes = [
        {warning.code for warning in simulate_case(loaded(INK), draws=3, error=share).warnings}
        for share in (None, 0.05)
    ]
    assert codes[1] - codes[0] == {"error-not-used"}


def test_light_is_reflected_or_absorbed() -> None:
    light = simulated("layers")["light"]
    total = median(light["reflectance"]) + sum(median(value) for value in light["absorbed"].values())
    # Three numbers of six digits below 1: each rounded by at most 5e-7.
    assert total == pytest.approx(1.0, abs=1.5e-6)


@pytest.mark.parametrize("name", ["vessel", "lamp", "er-yag", "layers"])
def test_each_draw_closes_its_energy_and_heats_by_what_it_absorbs(name: str) -> None:
    for response in responses(name, 4, cooling=None):
        lit, grid = response.illumination, response.grid
        assert lit is not None
        assert lit.reflectance + lit.absorbed.sum(axis=1) == pytest.approx(1.0, abs=1e-10)
        # Heat in the cells at the end of the pulse is what they absorbed, but for what left through the surface and
        # the bottom: cooling by air takes h t / (rho c) over the depth of the heat, under 1e-3 in milliseconds.
        capacity = response.heat.heat_capacity_vol[:, grid.layer]
        end = int(np.flatnonzero(response.schedule.is_lit)[-1]) + 1
        stored = (capacity * response.unit_K[:, end] * grid.widths).sum(axis=1)
        taken = (lit.absorbed_per_m * grid.widths).sum(axis=1)
        assert stored == pytest.approx(taken, rel=2e-3)


# Closed forms


def test_a_short_pulse_heats_by_beer_and_lambert() -> None:
    (response,) = responses(INK, 1)
    mua, faces = 100.0 * PER_CM, response.grid.faces[0]
    exposure = 2.0 * J_CM2
    passed = np.exp(-mua * faces)
    rise = exposure * (passed[:-1] - passed[1:]) / np.diff(faces) / (1000.0 * 4000.0)
    end = int(np.flatnonzero(response.schedule.is_lit)[-1]) + 1
    # In the pulse the first cell, 2.8 µm, passes kappa mua t / 2 dz = 2.7e-4 of its heat on; deeper cells change by
    # kappa mua² t / 2 = 8e-6. Cells deeper than 1 mm hold 4e-5 of the peak and less.
    shallow = response.grid.centres[0] < 1e-3
    found = exposure * response.unit_K[0, end][shallow]
    assert found == pytest.approx(rise[shallow], rel=3e-4, abs=3e-4 * rise[0])


def beer_later(mua: float, z: float, kappa: float, t: float) -> float:
    """exp(-mua z) after conduction for t under an insulated surface: the half-space of Carslaw and Jaeger, 2.2, with
    its mirror image.
    """
    spread, moved = mua * math.sqrt(kappa * t), z / (2 * math.sqrt(kappa * t))
    parts = [math.exp(spread**2 + sign * mua * z) * math.erfc(spread + sign * moved) for sign in (-1, 1)]
    return sum(parts) / 2


def test_the_document_names_these_temperatures() -> None:
    found = simulated(INK, draws=1)
    at_surface = 20.0 + 2.0 * J_CM2 * 100.0 * PER_CM / (1000.0 * 4000.0)
    # The first cell is 3 µm: its mean is mua dz / 2 = 1.5 % below the surface; spreading in the pulse adds 1e-4.
    assert median(found["temperature_C"]["surface_peak"]) - 20 == pytest.approx(at_surface - 20, rel=0.016)
    basal = (at_surface - 20.0) * max(
        beer_later(100.0 * PER_CM, 70 * UM, 1.5e-7, t) for t in np.geomspace(1e-4, 1, 200)
    )
    # Between cells of 7 to 9 µm temperature is taken as linear: (mua dz)² / 8 = 1e-3; the peak falls between two steps
    # of time, whose length is a third of the time: it is flat there, 1e-3; air takes 1e-3 in 10 ms.
    assert median(found["temperature_C"]["basal_peak"]) - 20 == pytest.approx(basal, rel=4e-3)
    assert median(found["light"]["reflectance"]) == 0
    assert median(found["light"]["fluence_rate_ratio_peak"]) == pytest.approx(1.0, abs=1e-3)
    # exp(-mua z) = 1/e at 100 µm; the peak is a mean over the first 0.05 µm.
    assert median(found["light"]["penetration_depth_um"]) == pytest.approx(100.0, rel=1e-3)
    # 1 - exp(-0.7) in the upper layer; the lower one goes on without end.
    assert median(found["light"]["absorbed"]["epidermis"]) == pytest.approx(1 - math.exp(-0.7), abs=1e-6)


def test_a_last_layer_with_a_thickness_ends_there() -> None:
    epidermis, dermis = INK["skin"]["layer"]
    slabs = ([epidermis, {**dermis, "thickness_um": 70.0}], [{**epidermis, "thickness_um": 140.0}])
    split, one = (responses(INK, 1, skin={**INK["skin"], "layer": layers})[0] for layers in slabs)
    depths = np.array([20.0, 100.0, 130.0]) * UM
    for time in (-1, len(split.schedule.step_s) // 2):
        found = [np.interp(depths, r.grid.centres[0], r.unit_K[0, time]) for r in (split, one)]
        # Cells differ below 70 µm: a tenth of the depth wide, linear between: (0.1 x 1.4)² / 8 of the value there.
        assert found[0] == pytest.approx(found[1], rel=0.005)
    lit = split.illumination
    assert lit is not None
    # Beer-Lambert without reflection: what 140 µm at 100/cm take.
    assert lit.absorbed.sum() == pytest.approx(1 - math.exp(-1.4), rel=1e-9)
    end = int(np.argmax(split.schedule.power_on > 0)) + int(split.schedule.power_on.sum())
    heat = (4e6 * split.grid.widths * split.unit_K[:, end]).sum()
    # In a microsecond the air takes h sqrt(t / (k rho c)) < 1e-5 of it, and no heat leaves below.
    assert heat == pytest.approx(1 - math.exp(-1.4), rel=1e-5)


def test_cooling_follows_the_closed_form_of_a_film() -> None:
    # A cryogen that is taken to leave no film: the surface is coldest as the spray ends.
    spray = {"kind": "spray", "cryogen": "R404A", "temperature_C": -30.0, "coefficient_W_m2K": 5000.0}
    case = {"skin": INK["skin"], "cooling": spray}
    cooled = simulate_case(loaded(case, cooling__before_ms=80.0), draws=1).to_dict()
    k, kappa, h, t = 0.6, 0.6 / 4e6, 5000.0, 0.08
    # Carslaw and Jaeger, 2.7: surface of a half-space against a film.
    x = h * math.sqrt(kappa * t) / k
    drop = (20.0 + 30.0) * (1 - math.exp(x * x) * math.erfc(x))
    # The thermal depth sqrt(kappa t) = 110 µm spans some twenty cells of at most 12 µm: (12/110)² / 12 = 1e-3.
    assert 20.0 - median(cooled["temperature_C"]["surface_minimum"]) == pytest.approx(drop, rel=2e-3)
    assert median(cooled["temperature_C"]["surface_peak"]) == pytest.approx(20.0, abs=1e-6)


# Dose


def test_temperature_rises_in_proportion_to_the_dose() -> None:
    once, twice = (simulated(INK, draws=1, settings__fluence_J_cm2=x) for x in (1.5, 3.0))
    for name in ("surface_peak", "basal_peak"):
        rise = [median(found["temperature_C"][name]) - 20 for found in (once, twice)]
        # Six digits of a temperature near 30 are within 5e-5 of a rise of some 30.
        assert rise[1] == pytest.approx(2 * rise[0], abs=2e-4)


def test_a_gaussian_has_twice_the_fluence_on_its_axis() -> None:
    """Of a spot so wide that its edge does not matter."""
    bell = simulated(INK, draws=1, settings__profile="gaussian", settings__spot_mm=160.0)
    flat = simulated(INK, draws=1, settings__fluence_J_cm2=4.0, settings__spot_mm=160.0)
    assert bell["temperature_C"] == flat["temperature_C"]
    # How wide it is follows the profile, and is left out.
    damage = [
        {name: value for name, value in found["damage"].items() if "width" not in name and name != "contours"}
        | {level: contour["depth_um"] for level, contour in found["damage"]["contours"].items()}
        for found in (bell, flat)
    ]
    assert damage[0] == damage[1]


def test_energy_and_power_are_fluence_over_the_disc() -> None:
    area_cm2 = math.pi / 4 * 0.5**2
    by_energy = simulated(INK, draws=1, settings__fluence_J_cm2=None, settings__energy_J=2.0 * area_cm2)
    by_power = simulated(
        INK,
        draws=1,
        settings__fluence_J_cm2=None,
        settings__power_W=2.0 * area_cm2 / (0.1 * MS),
        settings__pulse_ms=0.1,
    )
    assert by_energy["temperature_C"] == simulated(INK, draws=1)["temperature_C"]
    assert by_power["temperature_C"] == simulated(INK, draws=1, settings__pulse_ms=0.1)["temperature_C"]


@pytest.mark.parametrize("more", [{"settings__pulses": 4, "settings__repetition_Hz": 5.0}, {"settings__passes": 3}])
def test_more_pulses_heat_more(more: dict[str, Any]) -> None:
    train = simulated("train", settings__pulses=1, settings__passes=1, draws=4)
    longer = simulated("train", **({"settings__pulses": 1, "settings__passes": 1} | more), draws=4)
    for group, name in (("temperature_C", "basal_peak"), ("damage", "coagulation_depth_um")):
        assert median(longer[group][name]) > median(train[group][name])


def test_cooling_protects_the_surface_and_the_epidermis() -> None:
    bare = simulated("vessel", cooling=None, settings__fluence_J_cm2=5.0)
    cooled = simulated("vessel", settings__fluence_J_cm2=5.0)
    for name in ("surface_peak", "basal_peak", "surface_minimum"):
        assert median(cooled["temperature_C"][name]) < median(bare["temperature_C"][name])
    assert median(cooled["damage"]["epidermis_fraction"]) < median(bare["damage"]["epidermis_fraction"])
    # The spray is over 20 ms before the pulse: at 300 µm, sqrt(4 kappa t) = 150 µm away, a vessel hardly feels it.
    lumen = [median(found["temperature_C"]["vessels"][0]["lumen_peak"]) for found in (bare, cooled)]
    assert lumen[1] == pytest.approx(lumen[0], abs=2.0)


def test_nothing_happens_below_the_bath_of_the_body() -> None:
    # Four degrees lie between the surface and the blood, over the 7 mm that it warms: 0.05 K over an epidermis.
    mild = simulated("bath", bath__temperature_C=33.0)
    assert median(mild["temperature_C"]["basal_peak"]) == pytest.approx(33.0, abs=0.1)
    assert median(mild["damage"]["coagulation_depth_um"]) == 0
    assert median(mild["damage"]["epidermis_fraction"]) < 1e-6
    hot = simulated("bath", bath__temperature_C=75.0)
    assert median(hot["damage"]["epidermis_fraction"]) > 0.99


# Ablation


@pytest.mark.parametrize(("name", "below"), [("er-yag", 0.05), ("co2", 0.8)])
def test_what_ablation_leaves_is_crater_and_rim(name: str, below: float) -> None:
    found = simulated(name, draws=1)
    depth, rim = (median(found["ablation"][key]) for key in ("depth_um", "residual_damage_um"))
    assert depth > 0
    # Three numbers of six digits, at most 100 µm: 5e-5 each.
    assert median(found["damage"]["coagulation_depth_um"]) == pytest.approx(depth + rim, abs=2e-4)
    assert "unknown" in found["temperature_C"]["surface_peak"], "conduction says nothing of skin that has left"
    gentle = simulated(name, draws=1, settings__fluence_J_cm2=below)
    assert median(gentle["ablation"]["depth_um"]) == 0
    assert median(gentle["ablation"]["width_um"]) == 0
    assert median(gentle["temperature_C"]["surface_peak"]) > median(gentle["temperature_C"]["surface_minimum"])


def test_a_laser_without_ablation_data_is_not_taken_for_a_heater() -> None:
    found = simulated("er-yag", laser__wavelength_nm=2790.0, draws=4)
    whole(found)
    for group, name in (("ablation", "depth_um"), ("damage", "epidermis_fraction"), ("temperature_C", "basal_peak")):
        assert "unknown" in found[group][name]
    assert "median" in found["light"]["penetration_depth_um"]


# Draws and weights


def test_a_draw_is_simulated_alike_in_any_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    def peaks(draws: int) -> np.ndarray:
        found = responses("preset-vessels", draws)
        return np.concatenate([response.unit_K.max(axis=(1, 2)) for response in found])

    many = peaks(40)
    assert peaks(7) == pytest.approx(many[:7], rel=1e-12)
    monkeypatch.setattr(scenes, "CHUNK_DRAWS", 5)
    monkeypatch.setattr(scenes.DrawCost, "draws_per_chunk", lambda self, draws: 9)
    assert peaks(40) == pytest.approx(many, rel=1e-12)


def test_a_reading_sharpens_the_estimates() -> None:
    wide = simulated("preset-vessels", draws=200, patient=None)
    at = [450.0, 550.0, 640.0, 750.0, 900.0]
    from skinbeam.simulate.appearance import reflectance

    truth = reflectance(SkinDistribution(site="cheeks").sample(1, 11), at, specular=True)[0].tolist()
    sharp = simulated(
        "preset-vessels", draws=200, patient=None, skin__reflectance={"wavelength_nm": at, "value": truth}
    )
    for name in ("reflectance", "fluence_rate_ratio_peak"):
        spread = [found["light"][name]["high"] - found["light"][name]["low"] for found in (wide, sharp)]
        assert spread[1] < 0.7 * spread[0]


def test_one_draw_has_no_spread() -> None:
    found = simulated("vessel", draws=1)
    whole(found)
    value = found["temperature_C"]["surface_peak"]
    assert value["low"] == value["median"] == value["high"]
    well_formed(found["damage"]["vessels"][0]["p_closed"])


def test_many_layers_of_different_index_are_solved_once() -> None:
    # A solution per draw would take some seconds each.
    layers = [
        {"name": f"l{i}", "thickness_um": 20.0, "mua_per_cm": 1 + i, "mus_per_cm": 100.0, "g": 0.8, "n": 1.3 + i / 100}
        for i in range(12)
    ]
    one = simulated("layers", skin={"layer": layers}, draws=1)
    many = simulated("layers", skin={"layer": layers}, draws=300)
    assert many["light"]["reflectance"]["high"] == one["light"]["reflectance"]["median"]


def test_illumination_of_a_lamp_is_the_mean_of_its_lines() -> None:
    skins = SkinDistribution(site="cheeks").sample(3, 0)
    both = illuminate(skins, ((560.0, 0.25), (700.0, 0.75)))
    parts = [illuminate(skins, ((nm, 1.0),)) for nm in (560.0, 700.0)]
    mean = 0.25 * parts[0].absorbed_per_m + 0.75 * parts[1].absorbed_per_m
    assert both.absorbed_per_m == pytest.approx(mean, rel=1e-12)


def test_skin_starts_at_its_own_temperature() -> None:
    for response in responses("vessel", 3, skin__temperature_C=31.5):
        assert response.base_K[:, 0] == pytest.approx(31.5 + ZERO_CELSIUS_K)


def test_a_vessel_below_the_usual_grid_has_the_light_of_its_own_depth() -> None:
    found = [
        simulated(INK, draws=1, skin__layer=[{**INK["skin"]["layer"][1], "mua_per_cm": 1.0}], vessel=[vessel])
        for vessel in ({"depth_um": depth, "diameter_um": 100.0} for depth in (5_000.0, 20_000.0))
    ]
    rise = [median(one["temperature_C"]["vessels"][0]["lumen_peak"]) - 20 for one in found]
    # Light falls by exp(-1.5) over 15 mm at 1/cm; the vessel's cell, a tenth of its depth, holds the mean: cosh(0.1).
    # A temperature near 20 keeps 5e-5.
    assert rise[1] == pytest.approx(math.exp(-1.5) * rise[0], rel=0.12)


@pytest.mark.parametrize("exposure_J_cm2", [1e-3, 900.0])
def test_no_temperature_falls_below_where_it_started(exposure_J_cm2: float) -> None:
    # Steep absorption behind a clear layer: an implicit step would undershoot there.
    layers = [{**INK["skin"]["layer"][0], "mua_per_cm": 0.0}, {**INK["skin"]["layer"][1], "mua_per_cm": 1e4}]
    case = {**INK, "skin": {"temperature_C": 30.0, "layer": layers}}
    found = simulated(case, draws=2, settings__fluence_J_cm2=exposure_J_cm2)
    # The room is at 20 to 25 °C, so the surface alone may cool a little.
    assert median(found["temperature_C"]["surface_minimum"]) > 29.0
    assert median(found["temperature_C"]["basal_peak"]) >= 30.0


def test_contours_of_less_damage_lie_deeper() -> None:
    found = simulated("train")["damage"]
    depths = [median(found["contours"][level]["depth_um"]) for level in ("0.1", "1", "10")]
    # A rate falls by ten within some ten degrees, of a gradient of hundreds of degrees a millimetre.
    assert depths[0] > depths[1] > depths[2] > 0
    for size in ("depth", "width"):
        assert found["contours"]["1"][f"{size}_um"] == found[f"coagulation_{size}_um"]
    cold = simulated("train", settings__fluence_J_cm2=0.01)["damage"]["contours"]
    assert all(median(item) == 0 for contour in cold.values() for item in contour.values())


def test_contours_are_unknown_where_skin_leaves() -> None:
    contours = simulated("er-yag")["damage"]["contours"]
    assert all("unknown" in item for contour in contours.values() for item in contour.values())


def test_every_peak_of_a_temperature_is_unknown_where_skin_leaves() -> None:
    found = simulated("er-yag")["temperature_C"]
    peaks = {
        f"{path}{name}": value
        for path, group in (("", found), ("vessels.", found["vessels"][0]))
        for name, value in group.items()
        if name.endswith("_peak")
    }
    assert len(peaks) > 3
    assert [name for name, value in peaks.items() if "unknown" not in value] == []


def test_flow_that_has_stopped_leaves_its_heat() -> None:
    """A beam of 20 s that cooks the dermis: where vessels are dead, blood takes no more heat away."""
    long = {"skin__preset": "human", "skin__layer": None, "settings__pulse_ms": 10_000.0, "settings__pulses": 1}
    long |= {"laser__wavelength_nm": 1064.0, "settings__passes": 1, "settings__fluence_J_cm2": 150.0, "vessel": None}
    response = responses("layers", 4, **long)[0]
    dose = 150.0 * J_CM2
    stopped = apply_stopped_flow(response, dose)
    hot, flowing = (r.base_K + dose * r.unit_K for r in (stopped, response))
    assert (hot - flowing).min() > -1e-6
    end = int(np.flatnonzero(response.schedule.is_lit)[-1]) + 1
    deep = np.flatnonzero(response.grid.layer >= 3)[0]
    assert flowing[:, end, deep].min() > 345.0
    # At most what blood would have taken: 10 s at some 3e-3/s of the rise.
    gained = (hot - flowing)[:, end].max(axis=1) / (flowing[:, end] - flowing[:, 0]).max(axis=1)
    assert (gained > 1e-4).all()
    assert (gained < 0.1).all()
    assert apply_stopped_flow(response, 0.0) is response

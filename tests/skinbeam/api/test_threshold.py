"""Doses at which half of such skins reach an endpoint."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import FILES, THRESHOLD, check_calibration, loaded, median, no_null, well_formed, wide_response

from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.units import J_CM2, MS, ZERO_CELSIUS_K
from skinbeam.model.vocabulary import ENDPOINTS
from skinbeam.outcome.dose_error import beam_burn_calibration
from skinbeam.physics.damage.arrhenius import omega
from skinbeam.physics.targets.melanosome import nucleation_value, retained_heat
from skinbeam.simulate.endpoints.melanosomes import whitening_dose
from skinbeam.simulate.endpoints.registry import endpoint_function
from skinbeam.simulate.model_error import count_experiments, model_error
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response, epidermis_cells
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.scene import build_scene, run_chunks
from skinbeam.simulate.skins.tissue_kinetics import CELL_DEATH_KINETICS, sample_kinetics
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import melanosome_mua

DRAWS = 24


def asked(case: Any, endpoint: str, *, of: str | None = None, draws: int = DRAWS, **changes: Any) -> dict[str, Any]:
    return find_threshold(loaded(case, **changes), endpoint, of=of, draws=draws).to_dict()


def dose(case: Any, endpoint: str, **how: Any) -> float:
    return median(asked(case, endpoint, **how)["dose"])


# The document


def answer_or_reason(name: str, endpoint: str) -> tuple[dict[str, Any], str | None]:
    try:
        return asked(name, endpoint, draws=4), None
    except NotAvailable as error:
        return dict(error.body), error.reason


@pytest.mark.parametrize("file", [file for file in FILES if file.stem != "cooling-alone"], ids=lambda file: file.stem)
def test_every_endpoint_is_answered_or_unknown_with_every_key(file: Any) -> None:
    doses = {endpoint: dose_with_every_key(file.stem, endpoint) for endpoint in ENDPOINTS}
    assert any("median" in found for found in doses.values())
    assert any("unknown" in found for found in doses.values())


def dose_with_every_key(name: str, endpoint: str) -> dict[str, Any]:
    """The dose, after every promise about its document was held."""
    found, reason = answer_or_reason(name, endpoint)
    if reason is None:
        assert found["reached"] is ("median" in found["dose"])
    else:
        assert found["dose"] == found["reached"] == found["calibration"] == {"unknown": reason}
    assert tuple(found) == THRESHOLD
    assert found["endpoint"] == endpoint
    no_null(found)
    well_formed(found["dose"])
    # A plain factor, whether or not the endpoint is answered.
    assert found["model_error"] == model_error(endpoint) > 1
    low, high = found["bracket"]
    assert 0 < low < high
    well_formed(found["calibrated_dose"])
    if "unknown" in found["dose"]:
        assert found["calibrated_dose"] == found["dose"]
    if reason is None:
        check_calibration(found["calibration"])
    if "median" in found["dose"]:
        assert found["dose"]["level"] == found["calibrated_dose"]["level"] == 0.68
        assert found["dose"]["high"] <= high
    dose: dict[str, Any] = found["dose"]
    return dose


def test_every_endpoint_that_has_a_name_can_be_judged() -> None:
    assert all(callable(endpoint_function(name)) for name in ENDPOINTS)


def test_a_wavelength_that_is_not_described_keeps_every_key() -> None:
    with pytest.raises(NotAvailable) as caught:
        asked("short-pulse", "epidermal-necrosis", laser={"wavelength_nm": 355.0}, lesion=[])
    assert tuple(caught.value.body) == THRESHOLD
    assert caught.value.body["of"] == "fluence_J_cm2"


@pytest.mark.parametrize(
    ("case", "endpoint", "of", "field"),
    [
        ("vessel", "epidermal-necrosys", None, "endpoint"),
        ("vessel", "epidermal-necrosis", "fluence", "of"),
        ("vessel", "epidermal-necrosis", "microbeam_mJ", "of"),
        ("fractional-1550", "collagen-coagulation", "fluence_J_cm2", "of"),
        ("fractional-1550", "collagen-coagulation", "exposure_s", "of"),
        ("bath", "epidermal-necrosis", "fluence_J_cm2", "of"),
        ("cooling-alone", "epidermal-necrosis", None, "laser"),
    ],
)
def test_what_does_not_fit_is_refused(case: str, endpoint: str, of: str | None, field: str) -> None:
    with pytest.raises(InputError) as caught:
        asked(case, endpoint, of=of)
    assert caught.value.field == field
    assert caught.value.hint


def test_a_dose_that_nothing_reaches_is_unknown_and_answered() -> None:
    # Skin without melanosomes has none to break.
    found = asked("short-pulse", "melanosome-disruption", skin={"preset": "guinea-pig-albino"}, lesion=[])
    assert found["reached"] is False
    assert "unknown" in found["dose"]


# The calibrated dose


def test_a_burn_of_people_is_calibrated_by_practice() -> None:
    found = asked("vessel", "epidermal-necrosis", draws=200)
    beam = build_scene(loaded("vessel")).beam
    assert beam is not None
    error, calibration = beam_burn_calibration(beam), found["calibration"]
    assert calibration["class"] == error.kind == "epidermal-burn"
    assert (calibration["rows"], calibration["sources"]) == (error.rows, error.sources)
    assert calibration["bias"] == pytest.approx(error.bias, rel=1e-5)
    computed, true = found["dose"], found["calibrated_dose"]
    # Middles of two nearly symmetric logarithms: the median of their sum is the sum, but for skewness.
    assert median(true) == pytest.approx(median(computed) * error.bias, rel=0.05)
    apart = [math.log(dose["high"] / dose["low"]) / 2 for dose in (computed, true)]
    # 0.994: the deviations between the 16th and 84th of 100. Spreads add by their squares.
    assert apart[1] == pytest.approx(math.hypot(apart[0], 0.994 * math.log(error.spread)), rel=0.08)
    assert set(computed["basis"]) <= set(true["basis"])


@pytest.mark.parametrize(
    ("case", "endpoint", "how"),
    [
        ("vessel", "vessel-closure", {}),
        ("bath", "epidermal-necrosis", {}),
        ("vessel", "epidermal-necrosis", {"of": "exposure_s"}),
        ("short-pulse", "epidermal-necrosis", {"skin": {"preset": "pig"}, "lesion": []}),
    ],
)
def test_any_other_end_is_off_by_its_model_error(case: str, endpoint: str, how: dict[str, Any]) -> None:
    found = asked(case, endpoint, draws=200, **how)
    calibration, computed, true = (found[name] for name in ("calibration", "dose", "calibrated_dose"))
    assert calibration["class"] == endpoint
    assert calibration["bias"] == 1
    assert calibration["spread"] == found["model_error"] == model_error(endpoint)
    assert calibration["rows"] == count_experiments(endpoint)[0]
    assert true["low"] < computed["low"] <= computed["high"] < true["high"]
    # The middle stays, but for the error of the median of 200 draws, which the wider distribution smooths.
    assert median(true) == pytest.approx(median(computed), rel=0.15)


def test_experiments_that_were_not_made_are_none() -> None:
    assert count_experiments("pain") == (0, 0)


# The value that is sought has no influence


@pytest.mark.parametrize(
    ("case", "endpoint", "of", "key", "values"),
    [
        ("vessel", "vessel-closure", None, "settings__fluence_J_cm2", (3.0, 19.0, None)),
        ("fractional-1550", "collagen-coagulation", None, "microbeam__energy_mJ", (5.0, 40.0, None)),
        ("bath", "dermal-necrosis", None, "bath__exposure_s", (0.1, 900.0, None)),
    ],
)
def test_the_sought_value_has_no_influence(
    case: str, endpoint: str, of: str | None, key: str, values: tuple[float | None, ...]
) -> None:
    found = [asked(case, endpoint, of=of, draws=4, **{key: value})["dose"] for value in values]
    assert all(one == found[0] for one in found)


def test_the_pulse_has_no_influence_on_the_time_at_constant_power() -> None:
    how = {"settings__fluence_J_cm2": None, "settings__power_W": 300.0}
    found = [
        asked("layers", "epidermal-necrosis", of="exposure_s", draws=4, **how, settings__pulse_ms=ms)["dose"]
        for ms in (2.0, 50.0)
    ]
    # The irradiance is power times pulse over pulse: equal to rounding, and six digits are shown.
    assert median(found[0]) == pytest.approx(median(found[1]), rel=2e-6)


def test_a_burn_by_the_time_of_light_says_that_practice_does_not_move_it() -> None:
    """Beside it stands the fluence of the same burn, which practice moves to a multiple."""
    (warning,) = (
        warning
        for warning in asked("vessel", "epidermal-necrosis", of="exposure_s", draws=4)["warnings"]
        if warning["code"] == "exposure-as-computed"
    )
    calibrated = asked("vessel", "epidermal-necrosis", draws=4)
    assert f"{calibrated['calibration']['bias']:.3g} times" in warning["message"]
    for found in (calibrated, asked("bath", "epidermal-necrosis", draws=4)):
        assert "exposure-as-computed" not in {warning["code"] for warning in found["warnings"]}


# Orders


def test_darker_skin_burns_at_a_lower_dose() -> None:
    found = [dose("preset-vessels", "epidermal-necrosis", patient=None, skin__ita_deg=ita) for ita in (60, 35, 5, -40)]
    assert found == sorted(found, reverse=True)
    # From very light to dark the melanin rises tenfold; conduction and dermis keep the dose from following it all.
    assert found[0] > 1.5 * found[-1]


def test_a_lesion_of_more_melanin_breaks_at_the_same_dose_and_burns_at_a_lower() -> None:
    plain, dark = ({"kind": "lentigo", "melanin_ratio": ratio} for ratio in (1.0, 3.0))
    burns = [dose("short-pulse", "epidermal-necrosis", lesion=[lesion]) for lesion in (plain, dark)]
    assert burns[1] < burns[0]
    # A melanosome is heated by the light on it; its neighbours only shade it.
    breaks = [dose("short-pulse", "melanosome-disruption", lesion=[lesion]) for lesion in (plain, dark)]
    assert breaks[0] <= breaks[1] < 2 * breaks[0]


@pytest.mark.parametrize("kind", ["air", "contact", "spray"])
def test_cooling_raises_the_dose_that_burns(kind: str) -> None:
    with_it = {"kind": kind, "before_ms": 40.0, "temperature_C": 0.0, "coefficient_W_m2K": 2000.0}
    bare, cooled = (
        dose("vessel", "epidermal-necrosis", laser={"wavelength_nm": 595.0}, cooling=c) for c in (None, with_it)
    )
    assert cooled > 1.05 * bare


def test_more_cooling_raises_it_more() -> None:
    found = [
        dose(
            "vessel", "epidermal-necrosis", laser={"wavelength_nm": 595.0}, cooling__before_ms=ms, cooling__delay_ms=5.0
        )
        for ms in (0.1, 10.0, 40.0, 100.0)
    ]
    assert found == sorted(found)


def test_a_longer_pulse_needs_more() -> None:
    # Proteins of blood and wall all but follow the temperature; cells bear short heat, which makes up for part of it.
    for endpoint, rise in (("epidermal-necrosis", 1.0), ("vessel-closure", 1.1)):
        found = [dose("vessel", endpoint, settings__pulse_ms=ms) for ms in (0.45, 3.0, 10.0, 40.0)]
        assert found == sorted(found)
        assert found[-1] > rise * found[0]


def test_a_deeper_vessel_needs_more() -> None:
    found = [
        dose("vessel", "vessel-closure", vessel=[{"depth_um": depth, "diameter_um": 80.0}])
        for depth in (200, 400, 700, 1000)
    ]
    # All in the dermis: fat below it holds heat longer.
    assert found == sorted(found)
    assert found[-1] > 1.3 * found[0]


def test_deeper_tissue_needs_more() -> None:
    assert dose("vessel", "dermal-necrosis") > dose("vessel", "epidermal-necrosis")


def test_the_first_mark_comes_by_whichever_way_is_first() -> None:
    burn, broken, mark = (
        asked("short-pulse", name)["dose"]
        for name in ("epidermal-necrosis", "melanosome-disruption", "minimum-visible-lesion")
    )
    assert median(mark) <= min(median(burn), median(broken))
    assert median(broken) < median(burn), "nanoseconds break melanosomes long before they burn"


def test_a_gaussian_needs_half_of_the_mean() -> None:
    flat, bell = (
        dose("layers", "epidermal-necrosis", settings__profile=p, settings__spot_mm=160.0)
        for p in ("top-hat", "gaussian")
    )
    # So wide that the edge does not matter; six digits each.
    assert flat == pytest.approx(2 * bell, rel=1e-5)


# Threshold and simulation agree


def one_draw(case: str, endpoint: str, group: str, name: str, index: int | None = None, **changes: Any) -> list[float]:
    """What `simulate` says of one draw just below and just above its own threshold."""
    threshold = dose(case, endpoint, draws=1, **changes)
    values = []
    for factor in (0.99, 1.01):
        found = simulate_case(loaded(case, **changes, settings__fluence_J_cm2=factor * threshold), draws=1).to_dict()[
            group
        ]
        values.append(median(found[name] if index is None else found["vessels"][index][name]))
    return values


@pytest.mark.parametrize(
    ("case", "endpoint", "where"),
    [
        ("short-pulse", "melanosome-disruption", ("damage", "p_melanosome_disrupted")),
        ("vessel", "vessel-closure", ("damage", "p_closed", 0)),
        ("er-yag", "ablation", ("ablation", "depth_um")),
        ("co2", "ablation", ("ablation", "depth_um")),
    ],
)
def test_simulation_turns_at_the_threshold(case: str, endpoint: str, where: tuple[Any, ...]) -> None:
    # Without a device: what one draw needs may lie beyond its dial.
    changes = {"laser": {"wavelength_nm": 595.0}} if case == "vessel" else {}
    below, above = one_draw(case, endpoint, *where, **changes)
    assert below == 0
    assert above > 0


def test_omega_is_one_at_the_border_of_the_epidermis() -> None:
    scene = build_scene(loaded("vessel"))
    (response,) = run_chunks(scene, 6, 0, lambda skins: wide_response(skins, scene))
    place = basal_layer_response(response)
    found = cell_death_dose(response, place)
    history = place.base_K + found[:, None] * place.unit_K
    damage = omega(history, response.schedule.step_s, sample_kinetics(CELL_DEATH_KINETICS, response.skins))
    # Bisection ends at 1e-9 of the dose; ln Omega changes by B dT/T² = 300 times (dT/T = 0.15) that.
    assert damage == pytest.approx(1.0, abs=1e-6)


def test_an_er_yag_burn_needs_the_epidermis_gone_or_damaged() -> None:
    threshold = dose("er-yag", "epidermal-necrosis", draws=1)
    found = simulate_case(loaded("er-yag", settings__fluence_J_cm2=1.001 * threshold), draws=1).to_dict()
    assert median(found["damage"]["epidermis_fraction"]) == pytest.approx(1.0, abs=1e-6)
    gentler = simulate_case(loaded("er-yag", settings__fluence_J_cm2=0.9 * threshold), draws=1).to_dict()
    assert median(gentler["damage"]["epidermis_fraction"]) < 1


def test_the_interval_is_of_the_draws() -> None:
    scene = build_scene(loaded("vessel"), dose_required=False)

    def each(skins: Any) -> Any:
        response = simulate_pulse(skins, scene.beam, scene.cooling, illumination=scene.illuminate(skins))
        return cell_death_dose(response, basal_layer_response(response)) / J_CM2

    parts = run_chunks(scene, 200, 0, each)
    found = asked("vessel", "epidermal-necrosis", draws=200)["dose"]
    # numpy's own quantiles place draws a little differently: by half a draw, of 200 over an interval of a fifth.
    assert [found["low"], found["median"], found["high"]] == pytest.approx(
        np.quantile(np.concatenate(parts), [0.16, 0.5, 0.84]), rel=0.01
    )


# Melanosomes in their epidermis


def test_melanosomes_need_more_in_longer_pulses_without_a_step() -> None:
    pulses = np.geomspace(1e-6, 100.0, 41)  # 1 ns to 0.1 s
    found = np.array([dose("short-pulse", "melanosome-disruption", settings__pulse_ms=ms, draws=16) for ms in pulses])
    # One skin whose basal cells hold half of its granules may step, as the half changes cells; many do not.
    assert np.all(np.diff(found) > 0)
    # The steepest a dose can rise is with the pulse, as in the steady state of a sphere: a factor of 1.6 a step.
    assert np.all(found[1:] / found[:-1] < 100.0 ** (8 / 40 / 2))


def test_water_of_the_layer_heats_its_granules_too() -> None:
    # At 1540 nm water absorbs half as much as a granule. Nothing leaves the layer in 1 ns; the granule keeps eta.
    scene = build_scene(loaded("short-pulse", laser__wavelength_nm=1540.0, settings__pulse_ms=1e-6))
    (response,) = run_chunks(scene, 6, 0, lambda skins: wide_response(skins, scene))
    assert response.illumination is not None
    cells, (line,), skins = epidermis_cells(response), response.illumination.spectral_lines, response.skins
    layer = response.grid.layer[cells]
    capacity, conductivity = response.heat.heat_capacity_vol[:, layer], response.heat.conductivity[:, layer]
    retained = retained_heat(1e-6 * MS, skins["melanosome_diameter_m"], (conductivity / capacity)[:, 0])[:, None]
    melanin = skins["melanosome_fraction"][:, layer] * melanosome_mua(1540.0)
    inside = line.optics.mua[:, layer] + (melanosome_mua(1540.0) - melanin) * retained
    vapour = value_at_normal(nucleation_value("cutaneous_C"), skins["nucleation_shift"]) - skins["temperature_C"]
    closed = vapour[:, None] * capacity / (inside * line.light.fluence_rate_ratio[:, cells])
    # The surface cools next to nothing before the pulse, and steps of heat are exact to 1e-3.
    assert whitening_dose(response) == pytest.approx(closed.max(axis=1), rel=5e-3)


def test_in_milliseconds_melanosomes_are_as_warm_as_their_epidermis() -> None:
    scene = build_scene(loaded("short-pulse", settings__pulse_ms=5.0))
    (response,) = run_chunks(scene, 6, 0, lambda skins: wide_response(skins, scene))
    cells = epidermis_cells(response)
    found = whitening_dose(response)
    vapour = value_at_normal(nucleation_value("cutaneous_C"), response.skins["nucleation_shift"])
    peak = (response.base_K + found[:, None, None] * response.unit_K)[:, :, cells].max(axis=1).min(axis=1)
    # The excess of a granule of 1 µm after 5 ms: (2/5) a² / (kappa tau) = 2e-4 of 200 1/cm against 10 in the layer.
    assert peak - ZERO_CELSIUS_K == pytest.approx(vapour, rel=0.01)


def test_one_granule_decides_in_nanoseconds_and_the_layer_in_milliseconds() -> None:
    # Three times the melanin: more shade, but in long pulses three times the heat of the layer, half of it shaded.
    plain, dark = ({"kind": "lentigo", "melanin_ratio": ratio} for ratio in (1.0, 3.0))
    short, long = (
        [dose("short-pulse", "melanosome-disruption", lesion=[one], settings__pulse_ms=ms) for one in (plain, dark)]
        for ms in (1e-5, 1.0)
    )
    assert short[0] <= short[1]
    assert long[1] < 2 / 3 * long[0]


def test_whitening_needs_every_melanosome() -> None:
    half, every = (dose("short-pulse", name) for name in ("melanosome-disruption", "whitening"))
    assert half <= every < 2 * half
    with pytest.raises(NotAvailable, match="no epidermis"):
        asked("short-pulse", "whitening", skin={"preset": "melanosome"}, lesion=[])


def test_black_guinea_pigs_whiten_at_what_set_their_granules() -> None:
    case = {"skin": {"preset": "guinea-pig"}, "lesion": [], "settings__pulse_ms": 40e-6, "settings__spot_mm": 2.5}
    broken, white = (dose("short-pulse", name, draws=200, **case) for name in ("melanosome-disruption", "whitening"))
    # One parameter between two rows: 0.3 and 0.4 J/cm², each to the step of 0.1 in which doses were given.
    assert 0.2 < broken <= 0.4
    assert 0.3 <= white < 0.5
    assert math.sqrt(broken * white) == pytest.approx(math.sqrt(0.3 * 0.4), rel=0.1)


def test_a_train_breaks_no_later_than_one_of_its_pulses() -> None:
    one = dose("short-pulse", "melanosome-disruption", settings__pulse_ms=0.1)
    train = dose(
        "short-pulse",
        "melanosome-disruption",
        settings__pulse_ms=0.1,
        settings__pulses=20,
        settings__repetition_Hz=1000.0,
    )
    # The epidermis cools in 5 ms: a train of 20 ms piles up the heat of several pulses.
    assert train < 0.6 * one


def test_picoseconds_that_confine_stress_are_unknown() -> None:
    assert dose("short-pulse", "melanosome-disruption", settings__pulse_ms=1e-6) > 0
    with pytest.raises(NotAvailable, match="sound"):
        asked("short-pulse", "melanosome-disruption", settings__pulse_ms=0.75e-6)


# Closed form of the isolated melanosome


@pytest.mark.parametrize("kind", ["retinal", "cutaneous"])
def test_a_melanosome_in_water_breaks_by_its_own_heat(kind: str) -> None:
    case = loaded("short-pulse", skin={"preset": "melanosome", "melanosome": kind, "temperature_C": 22.0}, lesion=[])
    scene = build_scene(case)
    (skins,) = run_chunks(scene, 1, 0, lambda skins: skins)
    value = nucleation_value("isolated_C")
    diffusivity = float((skins["conductivity_W_mK"] / skins["density_kg_m3"] / skins["heat_capacity_J_kgK"])[0, 0])
    retained = retained_heat(25e-6 * MS, skins["melanosome_diameter_m"], diffusivity)
    capacity = nucleation_value("heat_capacity_J_m3K").value
    ends = [
        capacity * (c - 22.0) / (melanosome_mua(694.0, kind) * retained[0]) / J_CM2 for c in (value.low, value.high)
    ]
    found = median(find_threshold(case, "melanosome-disruption", draws=1).to_dict()["dose"])
    assert ends[0] < found < ends[1]
    assert ZERO_CELSIUS_K + value.low > ZERO_CELSIUS_K + 100  # vapour needs more than boiling


def test_skin_without_a_dermis_has_no_collagen() -> None:
    layers = [{"name": "epidermis", "mua_per_cm": 5.0, "mus_per_cm": 200.0, "g": 0.8, "n": 1.4}]
    with pytest.raises(NotAvailable, match="no dermis"):
        asked("layers", "collagen-coagulation", skin={"layer": layers})


def test_a_vessel_that_steam_empties_before_it_closes_says_so() -> None:
    """A bubble of 100 µm collapses in some 5 µs: a pulse of 1 µs ends before, and bursts the vessel at any dose."""
    case = {
        "skin": {"preset": "human"},
        "vessel": [{"depth_um": 300.0, "diameter_um": 100.0}],
        "laser": {"wavelength_nm": 585.0},
        "settings": {"pulse_ms": 1e-3, "spot_mm": 8.0},
    }
    found = find_threshold(loaded(case), "vessel-closure", draws=8).to_dict()
    assert "steam empties" in found["dose"]["unknown"]
    assert median(find_threshold(loaded(case), "vessel-rupture", draws=8).to_dict()["dose"]) > 0

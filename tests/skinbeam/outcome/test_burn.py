"""How likely a pulse burns, and when nobody can say."""

import math
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median, simulated

from skinbeam.api.threshold import find_threshold
from skinbeam.outcome.dose_error import (
    DoseError,
    beam_burn_calibration,
    burn_dose_error,
    endpoint_dose_error,
    non_human_preset,
)
from skinbeam.published_doses.calibration import BurnLight, burn_calibration
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.scene import build_scene

DRAWS = 24


def p_burn(case: Any, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = simulated(case, draws=DRAWS, **changes)["harm"]["p_burn"]
    return found


def error(spread: float, bias: float = 1.0) -> DoseError:
    """An error of a known distribution."""
    strata = endpoint_dose_error("pain").ratios
    normals = np.log(strata) / math.log(model_error("pain"))
    return DoseError("any", 1, 1, bias, spread, bias * spread**normals)


# The probability


def test_p_burn_grows_with_the_dose() -> None:
    bare = {"laser": {"wavelength_nm": 595.0}, "vessel": []}
    found = [median(p_burn("vessel", **bare, settings__fluence_J_cm2=dose)) for dose in (1.0, 5.0, 10.0, 40.0, 300.0)]
    assert found == sorted(found)
    assert found[0] < 0.02
    assert found[-1] > 0.9


def test_p_burn_is_a_half_at_the_calibrated_dose() -> None:
    bare = {"laser": {"wavelength_nm": 595.0}, "vessel": []}
    dose = find_threshold(loaded("vessel", **bare), "epidermal-necrosis", draws=DRAWS).to_dict()["calibrated_dose"]
    shares = [median(p_burn("vessel", **bare, settings__fluence_J_cm2=dose[end])) for end in ("low", "median", "high")]
    # 41 equally likely errors stand for their distribution: to half of a stratum.
    assert shares == pytest.approx([0.16, 0.5, 0.84], abs=0.5 / 41)


def test_simulate_and_threshold_tell_the_same_doses() -> None:
    burn = simulated("vessel", draws=DRAWS)["damage"]["burn"]
    found = find_threshold(loaded("vessel"), "epidermal-necrosis", draws=DRAWS).to_dict()
    for key, name in (("computed_dose_J_cm2", "dose"), ("calibrated_dose_J_cm2", "calibrated_dose")):
        assert [burn[key][end] for end in ("low", "median", "high")] == pytest.approx(
            [found[name][end] for end in ("low", "median", "high")], rel=1e-5
        )
    assert burn["calibration"] == found["calibration"]


def test_a_gaussian_burns_at_half_of_the_mean() -> None:
    wide = {"settings__spot_mm": 160.0}
    flat, bell = (
        simulated("layers", draws=DRAWS, **wide, settings__profile=profile, settings__fluence_J_cm2=dose)
        for profile, dose in (("top-hat", 9.0), ("gaussian", 4.5))
    )
    assert median(flat["harm"]["p_burn"]) == pytest.approx(median(bell["harm"]["p_burn"]), rel=1e-5)
    doses = [median(one["damage"]["burn"]["calibrated_dose_J_cm2"]) for one in (flat, bell)]
    assert doses[0] == pytest.approx(2 * doses[1], rel=1e-5)


def test_cooling_and_fairness_spare_skin() -> None:
    bare = {"laser": {"wavelength_nm": 755.0}, "vessel": [], "settings__fluence_J_cm2": 40.0}
    cooled, warm = (median(p_burn("vessel", **bare, **how)) for how in ({}, {"cooling": None}))
    fair, dark = (median(p_burn("vessel", **bare, skin__ita_deg=ita)) for ita in (60.0, 0.0))
    assert cooled < warm
    assert fair < dark


def test_a_lamp_counts_by_the_mean_of_its_light() -> None:
    beam = build_scene(loaded("lamp")).beam
    assert beam is not None
    mean_nm = sum(nm * share for nm, share in beam.spectrum)
    assert mean_nm > beam.wavelength_nm  # the cut-off of its filter
    found = simulated("lamp", draws=DRAWS)
    assert 0 <= median(found["harm"]["p_burn"]) <= 1
    assert found["damage"]["burn"]["calibration"]["bias"] == pytest.approx(
        burn_calibration(BurnLight(mean_nm, 12e-3, beam.spot_mm or 0.0, lamp=True)).bias, rel=1e-5
    )


def test_light_that_no_published_dose_is_near_keeps_the_computed_dose() -> None:
    beam = build_scene(loaded("lamp")).beam.with_flat_pulse(1e5)  # type: ignore[union-attr]
    calibration, off = beam_burn_calibration(beam), burn_dose_error(beam)
    assert (off.rows, off.sources) == (calibration.rows, calibration.sources) == (0, 0)
    assert off.bias == pytest.approx(1.0)


# Zero and unknown


def test_nothing_lit_burns_nobody() -> None:
    found = simulated("cooling-alone")
    assert [found["harm"]["p_burn"][end] for end in ("low", "median", "high")] == [0, 0, 0]
    assert "no laser" in found["damage"]["burn"]["unknown"]


@pytest.mark.parametrize(
    ("case", "changes", "word"),
    [
        ("bath", {}, "contact"),
        ("er-yag", {"settings__fluence_J_cm2": 24.0}, "removed"),
        ("fractional-co2", {}, "microbeams"),
        ("fractional-1550", {}, "microbeams"),
        ("short-pulse", {}, "granules"),
        ("vessel", {"skin": {"preset": "pig"}, "vessel": []}, "pig"),
        ("vessel", {"skin": {"preset": "chick-membrane"}, "vessel": []}, "chick-membrane"),
    ],
)
def test_what_no_dose_calibrates_is_unknown(case: str, changes: dict[str, Any], word: str) -> None:
    found = simulated(case, draws=4, **changes)
    assert word in found["harm"]["p_burn"]["unknown"]
    assert found["damage"]["burn"] == found["harm"]["p_burn"]


def test_layers_without_an_epidermis_have_none_to_burn() -> None:
    dermis = {"name": "dermis", "mua_per_cm": 1.5, "mus_per_cm": 210.0, "g": 0.82, "n": 1.38}
    harm = simulated("layers", draws=4, skin={"layer": [dermis]})["harm"]
    assert "epidermis" in harm["p_burn"]["unknown"]


def test_people_are_who_is_not_called_otherwise() -> None:
    assert non_human_preset(loaded("vessel").case) is None
    assert non_human_preset(loaded("layers").case) is None
    assert non_human_preset(loaded("short-pulse", skin={"preset": "pig"}, lesion=[]).case) == "pig"


# The dose of people


def test_one_skin_has_the_error_alone() -> None:
    found = error(2.0, bias=1.5).calibrated_dose(np.full(3, 4.0), np.ones(3), 100.0, ("a",))
    assert found.median == pytest.approx(6.0)
    # Between strata a quantile is interpolated; 0.994 is the deviate of 84 of 100.
    assert [found.low, found.high] == pytest.approx([6.0 / 2**0.994, 6.0 * 2**0.994], rel=5e-3)


def test_spreads_of_skins_and_of_the_model_add_by_their_squares() -> None:
    doses = np.exp(0.5 * np.random.default_rng(0).standard_normal(20_000))
    found = error(2.0).calibrated_dose(doses, np.ones(doses.size), math.inf, ("a",))
    apart = 0.994 * math.hypot(0.5, math.log(2.0))
    # Errors of quantiles of 20 000 draws are a hundredth, the strata leave as much.
    assert [math.log(found.low), math.log(found.high)] == pytest.approx([-apart, apart], abs=0.02)


def test_a_dose_that_was_not_found_counts_as_the_end_of_the_search() -> None:
    some = error(1.2).calibrated_dose(np.array([1.0, 1.0, 1.0, math.inf]), np.ones(4), 50.0, ("a",))
    assert some.high == pytest.approx(50.0, rel=0.3)
    assert some == error(1.2).calibrated_dose(np.array([1.0, 1.0, 1.0, 50.0]), np.ones(4), 50.0, ("a",))

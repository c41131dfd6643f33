"""Optical breakdown: the measured thresholds, the dose of a cascade, and what a simulated pulse says of it."""

import math
from typing import Any

import pytest
from pulse_samples import loaded, median

from skinbeam.api.simulate import simulate_case
from skinbeam.model.units import J_CM2, MJ, NS, PS, UM, W_CM2
from skinbeam.physics.removal.optical_breakdown import breakdown_irradiance, breakdown_value, least_cascade_dose
from skinbeam.simulate.removal.breakdown import optical_breakdown
from skinbeam.simulate.scene import build_scene, run_chunks

MICROBEAM = {
    "skin": {"preset": "guinea-pig-albino"},
    "laser": {"wavelength_nm": 1064.0},
    "settings": {"pulse_ms": 0.45e-6},
    "microbeam": {"energy_mJ": 1.0, "diameter_um": 100.0, "density_per_cm2": 100.0},
}


def found(case: dict[str, Any], **changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = simulate_case(loaded(case, **changes), draws=20).to_dict()["damage"]["p_breakdown"]
    return value


def in_skins(case: dict[str, Any], **changes: Any) -> Any:
    """What is said of each of 20 skins, without all else that is simulated of a column, which takes seconds."""
    scene = build_scene(loaded(case, **changes))
    assert scene.beam is not None
    beam = scene.beam
    (breakdown,) = run_chunks(scene, 20, 0, lambda skins: optical_breakdown(skins, beam))
    return breakdown


def test_the_ends_are_what_was_measured_and_between_them_falls_a_power() -> None:
    assert breakdown_irradiance(30 * PS) / W_CM2 == pytest.approx(4.5e11)
    assert breakdown_irradiance(6 * NS) / W_CM2 == pytest.approx(0.76e11)
    # The geometric mean of the pulses needs that of the irradiances.
    middle = breakdown_irradiance(math.sqrt(30 * PS * 6 * NS))
    assert middle / W_CM2 == pytest.approx(math.sqrt(4.5 * 0.76) * 1e11, rel=1e-12)
    with pytest.raises(ValueError, match="30 ps"):
        breakdown_irradiance(10 * PS)


def test_a_cascade_needs_less_than_what_breaks_down_water_and_more_at_a_shorter_wavelength() -> None:
    # Twice the frequency, half the energy gained per collision.
    assert least_cascade_dose(532.0) == pytest.approx(2 * least_cascade_dose(1064.0), rel=1e-12)
    # By hand: 2 m c n eps0 w D / e² = 461 J/m² at 1064 nm, rounded constants to 1 %.
    assert least_cascade_dose(1064.0) / breakdown_value("generations").value == pytest.approx(461.0, rel=0.01)
    assert least_cascade_dose(1064.0) < 30 * PS * breakdown_irradiance(30 * PS)


def test_skin_without_melanin_breaks_down_about_the_threshold_of_water() -> None:
    area = math.pi / 4 * (100 * UM) ** 2
    # On the axis of a Gaussian stands twice the mean; the threshold is spread by 0.7 to 1.3.
    half = breakdown_irradiance(0.45 * NS) * 0.45 * NS * area / 2 / MJ
    shares = [in_skins(MICROBEAM, microbeam__energy_mJ=half * factor).mean() for factor in (0.69, 1.0, 1.31)]
    assert shares[0] == 0
    assert 0 < shares[1] < 1
    assert shares[2] == 1


def test_melanin_leaves_it_open_between_a_cascade_and_water() -> None:
    dark = MICROBEAM | {"skin": {"preset": "guinea-pig"}}
    area = math.pi / 4 * (100 * UM) ** 2
    least = least_cascade_dose(1064.0) * area / 2 / MJ
    assert not in_skins(dark, microbeam__energy_mJ=0.99 * least).any()
    assert "melanin" in in_skins(dark, microbeam__energy_mJ=1.01 * least).reason
    assert in_skins(dark, microbeam__energy_mJ=20.0).all()
    assert median(found(dark, microbeam__energy_mJ=20.0)) == 1


def test_scattered_light_counts_for_a_cascade() -> None:
    wide = {
        "skin": {"preset": "guinea-pig"},
        "laser": {"wavelength_nm": 1064.0},
        "settings": {"pulse_ms": 0.75e-6, "spot_mm": 6.0, "fluence_J_cm2": 0.9 * least_cascade_dose(1064.0) / J_CM2},
    }
    # The fluence rate in skin exceeds the irradiance.
    assert "unknown" in found(wide)
    assert median(found(wide, settings__fluence_J_cm2=0.05)) == 0


@pytest.mark.parametrize(
    "changes", [{"settings__pulse_ms": 1.0}, {"settings__pulse_ms": 1e-8}, {"laser__wavelength_nm": 1550.0}]
)
def test_pulses_and_wavelengths_that_were_not_measured_are_unknown(changes: dict[str, float]) -> None:
    assert "30 ps to 6 ns" in in_skins(MICROBEAM, **changes).reason.replace(".0", "")

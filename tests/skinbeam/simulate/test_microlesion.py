"""Lesions of fractional beams in sampled skins."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median, simulated, whole

from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import CM, MJ, MS, UM
from skinbeam.physics.removal.calibration import microbeam_calibration
from skinbeam.simulate.removal.ablation import ablating_tissue
from skinbeam.simulate.removal.microlesion import endpoint_energy_mJ, microlesion_model
from skinbeam.simulate.scene import build_scene, run_chunks
from skinbeam.skin.draws import value_at_normal


def values(found: dict[str, Any]) -> dict[str, float]:
    return {name: median(value) for name, value in found["microlesion"].items()}


def skins_of(case: str, draws: int = 8, **changes: Any) -> tuple[Any, Any]:
    scene = build_scene(loaded(case, **changes))
    (skins,) = run_chunks(scene, draws, 0, lambda skins: skins)
    return scene.beam, skins


@pytest.mark.parametrize("case", ["fractional-1550", "fractional-co2"])
def test_lesions_grow_with_the_energy(case: str) -> None:
    beam, skins = skins_of(case)
    found = [microlesion_model(skins, beam, skins)(np.full(8, mj * MJ)) for mj in (1.0, 5.0, 20.0, 60.0)]
    for part in ("depth", "width", "coverage"):
        grown = np.diff([getattr(one, part) for one in found], axis=0)
        assert (grown >= 0).all()
        assert (grown[1:] > 0).all()


@pytest.mark.parametrize("diameter_um", [10.0, 120.0])
def test_a_column_widens_evenly_with_the_energy(diameter_um: float) -> None:
    """Also where it is several times as wide as its light: never faster than its area follows the energy.

    A tenth more energy then widens it by less than a tenth.
    """
    beam, skins = skins_of("fractional-1550", draws=4, microbeam__diameter_um=diameter_um)
    ladder = 40.0 * 1.1 ** np.arange(14)
    width = np.array([microlesion_model(skins, beam, skins)(np.full(4, mj * MJ)).width for mj in ladder])
    growth = width[1:] / width[:-1]
    assert np.all((growth > 1) & (growth < 1.1))


@pytest.mark.parametrize("case", ["fractional-1550", "fractional-co2"])
def test_cover_is_that_of_discs_at_random(case: str) -> None:
    beam, skins = skins_of(case)
    found = microlesion_model(skins, beam, skins)(np.full(8, 20 * MJ))
    density = beam.microbeam.density_per_cm2 / CM**2
    expected = 1 - np.exp(-density * math.pi / 4 * found.width**2)
    assert found.coverage == pytest.approx(expected, rel=1e-12)


def test_passes_cover_more_and_go_no_deeper() -> None:
    one, three = (values(simulated("fractional-1550", draws=1, settings__passes=n)) for n in (1, 3))
    assert one["depth_um"] == three["depth_um"]
    # Passes fall at random places: what stays uncovered is multiplied. Six digits each.
    assert 1 - three["coverage_fraction"] == pytest.approx((1 - one["coverage_fraction"]) ** 3, abs=3e-6)


def test_a_crater_is_energy_over_enthalpy() -> None:
    beam, skins = skins_of("fractional-co2")
    known = microbeam_calibration(10_600.0)
    assert known is not None
    # Its edge is that of a wide beam of the same pulse.
    threshold = ablating_tissue(skins, 10_600.0, beam.pulse_ms * MS).threshold
    enthalpy = value_at_normal(known.enthalpy, skins["ablation_enthalpy_shift"])
    found = microlesion_model(skins, beam, skins)(np.full(8, 40 * MJ))
    peak = 2 * 40 * MJ / (math.pi * (60 * UM) ** 2)
    assert found.ablation_depth == pytest.approx((peak - threshold) / enthalpy, rel=1e-12)
    assert (found.depth > found.ablation_depth).all()


def test_light_that_does_not_ablate_leaves_no_crater() -> None:
    found = values(simulated("fractional-1550"))
    assert found["ablation_depth_um"] == 0
    assert found["depth_um"] > 50


def test_craters_of_a_laser_that_only_wide_beams_were_measured_of_are_unknown() -> None:
    found = simulated("fractional-co2", laser={"wavelength_nm": 2940.0})["microlesion"]["ablation_depth_um"]
    assert found["unknown"].startswith("no sourced depth of the craters of microbeams of 2940")


def test_pulses_on_one_place_are_not_taken_for_one() -> None:
    found = simulated("fractional-1550", settings__pulses=3, settings__repetition_Hz=10.0)
    whole(found)
    # What all of them heat together is known all the same.
    assert all("unknown" in value for name, value in found["microlesion"].items() if name != "bulk_rise_K")


def test_a_crater_outside_the_calibration_is_unknown() -> None:
    found = simulated("fractional-co2", microbeam__diameter_um=1000.0)
    whole(found)
    assert "unknown" in found["microlesion"]["depth_um"]
    assert "calibration" in found["microlesion"]["depth_um"]["unknown"]


def test_more_energy_than_the_calibration_had_is_unknown_and_not_searched() -> None:
    assert "200" in simulated("fractional-co2", microbeam__energy_mJ=201.0)["microlesion"]["depth_um"]["unknown"]
    assert "unknown" not in simulated("fractional-co2", microbeam__energy_mJ=200.0)["microlesion"]["depth_um"]
    assert find_threshold(loaded("fractional-co2"), "ablation", draws=4).to_dict()["bracket"] == [0.01, 200.0]


def test_the_rim_beside_a_crater_is_neither_without_pulse_nor_with_its_root() -> None:
    beam, skins = skins_of("fractional-co2")
    rims = []
    for pulse_ms in (0.01, 1.0, 9.0):
        pulse = replace(beam, pulse_ms=pulse_ms)
        onset = ablating_tissue(skins, 10_600.0, pulse_ms * MS).threshold
        found = microlesion_model(skins, pulse, skins)(np.full(8, 20 * MJ))
        peak = 2 * 20 * MJ / (math.pi * (60 * UM) ** 2)
        rims.append((found.width - 120 * UM * np.sqrt(np.log(peak / onset) / 2)) / 2)
    short, middle, long = (np.median(each) for each in rims)
    # sqrt(4 kappa tau) would be 2, 21 and 63 um. What the front leaves does not wait for conduction, and longer pulses
    # leave more of it and hold the wall.
    assert 5 * UM < short < 30 * UM
    assert middle < 3 * short
    assert long > short


@pytest.mark.parametrize(
    ("case", "endpoint", "reached"),
    [
        ("fractional-1550", "collagen-coagulation", lambda found: found.width >= 20 * UM),
        ("fractional-co2", "ablation", lambda found: found.ablation_depth > 0),
    ],
)
def test_the_threshold_energy_is_where_the_lesion_turns(case: str, endpoint: str, reached: Any) -> None:
    beam, skins = skins_of(case)
    energy = endpoint_energy_mJ(endpoint, skins, beam, skins) * MJ
    # Sixteen halvings of ln(1e5) leave 1.8e-4.
    assert not reached(microlesion_model(skins, beam, skins)(energy * (1 - 2e-4))).any()
    assert reached(microlesion_model(skins, beam, skins)(energy * (1 + 2e-4))).all()


def test_a_wider_beam_needs_more_energy() -> None:
    found = [
        median(
            find_threshold(
                loaded("fractional-1550", microbeam__diameter_um=um), "collagen-coagulation", draws=8
            ).to_dict()["dose"]
        )
        for um in (70.0, 120.0, 250.0)
    ]
    assert found == sorted(found)
    assert found[-1] > 2 * found[0]


def test_a_microbeam_is_not_asked_about_a_full_field() -> None:
    with pytest.raises(NotAvailable) as caught:
        find_threshold(loaded("fractional-1550"), "epidermal-necrosis", draws=4)
    assert caught.value.body["of"] == "microbeam_mJ"


def test_fields_of_a_microbeam_are_not_written(tmp_path: Any) -> None:
    with pytest.raises(NotAvailable, match="fields"):
        simulate_case(loaded("fractional-1550"), draws=4, output=tmp_path / "fields.zarr").to_dict()
    assert not list(tmp_path.iterdir())


def test_a_column_needs_tissue_that_absorbs_and_scatters_forwards() -> None:
    layers = [{"name": "dermis", "mua_per_cm": 5.0, "mus_per_cm": 200.0, "g": 0.0, "n": 1.4}]
    found = simulated("fractional-1550", skin={"layer": layers}, draws=2)
    assert "forwards" in found["microlesion"]["depth_um"]["unknown"]


def test_bulk_heat_is_that_of_the_same_energy_as_a_wide_beam() -> None:
    """In proportion to density, energy and, where passes follow at once, their number.

    Columns of twice the density merge in half of the time, so that less has left by then; of two passes the first has
    lost some of its heat when the second comes.
    """

    def rise(**changes: Any) -> float:
        return median(simulated("fractional-1550", draws=4, **changes)["microlesion"]["bulk_rise_K"])

    one = rise()
    assert 0.1 < one < 30
    assert rise(microbeam__energy_mJ=40.0) == pytest.approx(2 * one, rel=1e-5)
    assert 2 * one <= rise(microbeam__density_per_cm2=200.0) < 4 * one
    assert 1.5 * one < rise(settings__passes=2, settings__pass_interval_s=0.05) < 2 * one

"""What the surface of the skin loses: to still air in parts, and to the film that a spray leaves."""

from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median, responses, wide_response

from skinbeam.api.simulate import simulate_case
from skinbeam.laser.cooling import STEFAN_BOLTZMANN_W_m2K4, air_heat_loss, resolve_cooling
from skinbeam.model.exposure import Cooling
from skinbeam.model.input_files import parse_record
from skinbeam.physics.heat.surface_exchange import liquid_film_cover
from skinbeam.simulate.pulse.response import PulseResponse, simulate_pulse
from skinbeam.simulate.pulse.schedule import pulse_schedule
from skinbeam.simulate.scene import build_scene, run_chunks
from skinbeam.skin.draws import value_at_normal

SPRAYED = {
    "skin": {"preset": "human"},
    "laser": {"wavelength_nm": 595.0},
    "settings": {"fluence_J_cm2": 7.0, "pulse_ms": 6.0, "spot_mm": 7.0},
    "cooling": {"kind": "spray", "cryogen": "R134a", "before_ms": 50.0, "delay_ms": 30.0},
}


def test_still_air_is_convection_radiation_and_evaporation() -> None:
    found = air_heat_loss(33.0, 22.0)
    assert found.total == pytest.approx(found.convection + found.radiation + found.evaporation)
    for skin, room in ((33.0, 22.0), (60.0, 22.0)):
        warm, cold = skin + 273.15, room + 273.15
        exact = 0.971 * STEFAN_BOLTZMANN_W_m2K4 * (warm**4 - cold**4) / (warm - cold)
        # (dT / 2 Tm)² of it: 0.4 % for 38 K.
        assert air_heat_loss(skin, room).radiation == pytest.approx(exact, rel=5e-3)
    # 9.69 g of water in an hour take 6.5 W/m², from 11 K.
    assert found.evaporation == pytest.approx(9.69e-3 / 3600 * 2.43e6 / 11, rel=1e-6)
    assert resolve_cooling(None).air_coefficient_W_m2K == found.total


def test_wet_skin_loses_more_the_hotter_it_is() -> None:
    dry, wet, hot = air_heat_loss(45.0, 22.0), air_heat_loss(45.0, 22.0, wet=True), air_heat_loss(60.0, 22.0, wet=True)
    assert (wet.convection, wet.radiation) == (dry.convection, dry.radiation)
    # Saturated at 45 °C 9.58 kPa, half of 2.64 kPa in the room (steam tables).
    assert wet.evaporation == pytest.approx(16.5 * 3.35 * (9.58 - 1.32) / 23, rel=0.01)
    assert hot.evaporation > wet.evaporation
    with pytest.raises(ValueError, match="not warmer"):
        air_heat_loss(20.0, 22.0)


def test_a_film_lasts_for_what_was_left_of_it() -> None:
    flux, step = np.full((1, 100), 1e5), np.full(100, 1e-3)
    spraying = np.arange(100) < 30
    cover = liquid_film_cover(flux, step, spraying, np.array([2.0]), 2e5)
    # 30 ms leave 2 kg/m²s less the 0.5 that evaporate: 0.045 kg/m², which last 90 ms; the 70 steps are all covered.
    assert cover.mass[0, 29] == pytest.approx(0.045, rel=1e-12)
    assert cover.covered_share[0].sum() == pytest.approx(100, rel=1e-12)
    assert cover.mass[0, -1] == pytest.approx(0.045 - 0.07 * 0.5, rel=1e-9)
    short = liquid_film_cover(flux, step, spraying, np.array([0.7]), 2e5)
    # 0.006 kg/m² last 12 ms; and a spray that evaporates as it comes leaves none.
    assert short.covered_share[0, 30:].sum() == pytest.approx(12.0, rel=1e-9)
    assert liquid_film_cover(flux, step, spraying, np.array([0.4]), 2e5).covered_share[0, 30:].sum() == 0


def sprayed(draws: int = 32, share: float = 1.0, **changes: Any) -> PulseResponse:
    scene = build_scene(loaded(SPRAYED, **changes))
    schedule = pulse_schedule(scene.beam, scene.cooling, cooling_share=share)
    return run_chunks(scene, draws, 0, lambda s: wide_response(s, scene, schedule=schedule))[0]


def test_the_film_takes_the_heat_that_evaporates_it() -> None:
    case = {"skin": {"preset": "human"}, "cooling": {"kind": "spray", "cryogen": "R134a", "before_ms": 60.0}}
    scene = build_scene(loaded(case))
    response = run_chunks(scene, 32, 0, lambda skins: simulate_pulse(skins, None, scene.cooling, illumination=None))[0]
    plan, met, film = response.schedule, response.surface_conditions, scene.cooling.film
    assert film is not None
    middle = (response.surface_base_K[:, 1:] + response.surface_base_K[:, :-1]) / 2
    lost = met.h_W_m2K * (middle - met.outside_K) * plan.step_s
    spurt = lost[:, plan.is_cooled].sum(axis=1)
    deposit = value_at_normal(film.deposit_kg_m2s, response.skins["film_deposit_shift"]) * 0.06 * film.latent_J_kg
    # Steps in which the film alone is there; the trapezium rule misses some per cent of the spurt's steep beginning.
    covered = np.isclose(met.outside_K, film.temperature_C + 273.15) & ~plan.is_cooled
    by_film = (lost * covered).sum(axis=1)
    stays = met.film_duration_s > 5e-3
    assert stays.sum() > 10
    assert by_film[stays] == pytest.approx((deposit - spurt)[stays], rel=0.2, abs=0.05 * deposit.max())
    # Nothing stays of a spray that brings less than skin evaporates even at its end, where skin gives least.
    last = np.flatnonzero(plan.is_cooled)[-1]
    dry = deposit / 0.06 < 0.95 * lost[:, last] / plan.step_s[last]
    assert dry.any()
    assert (met.film_duration_s[dry] == 0).all()


@pytest.mark.parametrize("kind", ["spray", "contact", "air"])
def test_every_draw_has_a_cooling_of_its_own(kind: str) -> None:
    case = {"skin": {"preset": "human"}, "cooling": {"kind": kind, "before_ms": 100.0}}
    scene = build_scene(loaded(case))
    response = run_chunks(scene, 32, 0, lambda skins: simulate_pulse(skins, None, scene.cooling, illumination=None))[0]
    on, met, skins = response.schedule.is_cooled, response.surface_conditions, response.skins
    drawn_h = value_at_normal(scene.cooling.coefficient, skins["cooling_shift"])
    drawn_C = value_at_normal(scene.cooling.temperature, skins["cooling_temperature_shift"])
    assert met.h_W_m2K[:, on] == pytest.approx(np.broadcast_to(drawn_h[:, None], (32, on.sum())), rel=1e-12)
    assert met.outside_K[:, on] == pytest.approx(np.broadcast_to(drawn_C[:, None] + 273.15, (32, on.sum())), rel=1e-12)
    # Stronger cooling, colder skin: the end of the cooling follows the flux into a surface at rest.
    end = response.surface_base_K[:, np.flatnonzero(on)[-1] + 1]
    rest = response.surface_base_K[:, 0]
    strength = drawn_h * (rest - 273.15 - drawn_C)
    assert np.corrcoef(np.argsort(np.argsort(strength)), np.argsort(np.argsort(rest - end)))[0, 1] > 0.8
    stated = {"temperature_C": -5.0, "coefficient_W_m2K": 900.0}
    scene = build_scene(loaded(case, **{f"cooling__{name}": value for name, value in stated.items()}))
    met = run_chunks(scene, 4, 0, lambda skins: simulate_pulse(skins, None, scene.cooling, illumination=None))[
        0
    ].surface_conditions
    assert (met.h_W_m2K[:, on] == 900.0).all()
    assert met.outside_K[:, on] == pytest.approx(268.15)


def test_surfaces_of_skin_are_as_cold_as_radiometry_saw_them() -> None:
    """5 °C after 20 ms and -9 °C after 100 ms of spray, 14 to 19 °C after 1 s of sapphire at 6 to 12 °C, from 30 °C
    (anvari1998). Radiometry sees some way into the skin, here 15 µm; what it saw lies between that and the surface."""
    for kind, ms, seen_C in (("spray", 20.0, 5.0), ("spray", 100.0, -9.0), ("contact", 1000.0, 16.5)):
        cooled: dict[str, Any] = {"kind": kind, "before_ms": ms}
        if kind == "contact":
            cooled["temperature_C"] = 9.0
        scene = build_scene(loaded({"skin": {"preset": "human", "temperature_C": 30.0}, "cooling": cooled}))
        found = run_chunks(
            scene, 32, 0, lambda skins, scene=scene: simulate_pulse(skins, None, scene.cooling, illumination=None)
        )[0]
        end = np.flatnonzero(found.schedule.is_cooled)[-1] + 1
        weight = np.exp(-found.grid.centres / 15e-6) * found.grid.widths
        inside = (found.base_K[:, end] * weight).sum(axis=-1) / weight.sum(axis=-1)
        surface = found.surface_base_K[:, end]
        assert np.median(surface) - 273.15 - 1.0 < seen_C < np.median(inside) - 273.15 + 2.0


def test_short_spurts_do_not_freeze_the_border_of_the_dermis() -> None:
    """38 ms of spray in all left it above 0 °C in skin ex vivo, from 30 °C (ramirez2006)."""
    case = {"skin": {"preset": "human", "temperature_C": 30.0}, "cooling": {"kind": "spray", "before_ms": 38.0}}
    scene = build_scene(loaded(case))
    found = run_chunks(scene, 32, 0, lambda skins: simulate_pulse(skins, None, scene.cooling, illumination=None))[0]
    cell = found.grid.last_cell(found.layers.index("basal layer"))
    early = np.cumsum(found.schedule.step_s) < 0.1
    assert np.median(found.lower_face_response(cell).base_K[:, 1:][:, early].min(axis=1)) > 273.15


def test_a_longer_spurt_leaves_a_longer_film_and_colder_skin() -> None:
    one, two = (sprayed(cooling__before_ms=ms) for ms in (30.0, 80.0))
    assert np.median(two.surface_conditions.film_duration_s) > np.median(one.surface_conditions.film_duration_s) > 0
    pulse = int(np.argmax(two.schedule.power_on > 0))
    bare = sprayed(cooling__cryogen="R404A", cooling__temperature_C=-26.0, cooling__coefficient_W_m2K=4000.0)
    assert (bare.surface_conditions.film_duration_s == 0).all()
    filmed = sprayed(cooling__temperature_C=-26.0, cooling__coefficient_W_m2K=4000.0)
    assert np.median(filmed.surface_base_K[:, pulse]) < np.median(bare.surface_base_K[:, pulse])
    assert (filmed.surface_base_K[:, pulse] <= bare.surface_base_K[:, pulse] + 1e-9).all()


def test_less_cooling_never_makes_the_film_longer() -> None:
    """Half of the coefficient alone would: the film would evaporate half as fast."""
    whole, half, none = (sprayed(share=share) for share in (1.0, 0.5, 0.0))
    assert (half.surface_conditions.film_duration_s <= whole.surface_conditions.film_duration_s + 1e-12).all()
    assert (none.surface_conditions.film_duration_s == 0).all()
    for less, more in ((half, whole), (none, half)):
        assert (less.surface_base_K.min(axis=1) >= more.surface_base_K.min(axis=1)).all()


def test_light_makes_the_film_no_longer() -> None:
    lit = sprayed()
    scene = build_scene(loaded(SPRAYED))
    dark = run_chunks(scene, 32, 0, lambda skins: simulate_pulse(skins, None, scene.cooling, illumination=None))[0]
    assert (lit.surface_conditions.film_duration_s <= dark.surface_conditions.film_duration_s + 1e-3).all()
    assert lit.surface_conditions.film_duration_s.sum() < dark.surface_conditions.film_duration_s.sum()


def test_only_a_spray_leaves_a_film() -> None:
    for kind in ("contact", "air", "none"):
        plan = resolve_cooling(parse_record(Cooling, {"kind": kind}, file="case.toml"))
        assert plan.film is None
    assert (responses(SPRAYED, 4, cooling=None)[0].surface_conditions.film_duration_s == 0).all()
    spray = simulate_case(loaded(SPRAYED), draws=32).to_dict()["cooling"]["film_ms"]
    assert 0 < median(spray) < spray["high"]
    other = simulate_case(loaded(SPRAYED, cooling__cryogen="R404A"), draws=4).to_dict()["cooling"]["film_ms"]
    assert "unknown" in other
    assert median(simulate_case(loaded(SPRAYED, cooling=None), draws=4).to_dict()["cooling"]["film_ms"]) == 0

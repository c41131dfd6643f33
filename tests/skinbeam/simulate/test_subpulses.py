"""Pulses made of sub-pulses: their energy, what narrow and wide vessels make of them, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulse_samples import loaded, median, wide_response
from scipy.special import i0e, i1e

from skinbeam.api.threshold import find_threshold
from skinbeam.laser.beam import Beam
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.exposure import PulseTrain
from skinbeam.model.units import J_CM2, MS, UM
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.physics.targets.vessel import VesselHistory, radial_response
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.pulse.nonlinear_response import apply_stopped_flow, response_at_dose
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.pulse.schedule import pulse_schedule, subpulse_phases
from skinbeam.simulate.scene import build_scene, run_chunks
from skinbeam.simulate.vessels.heated_blood import vessels_at_dose
from skinbeam.simulate.vessels.vessel_response import simulate_vessels

K, C = 0.4, 3.7e6
KAPPA = K / C
SKIN = (K, C)
CASE: dict[str, Any] = {
    "skin": {"preset": "human", "site": "cheeks"},
    "vessel": [{"depth_um": 300.0, "diameter_um": 30.0}],
    "laser": {"wavelength_nm": 595.0},
    "settings": {"pulse_ms": 20.0, "spot_mm": 10.0, "fluence_J_cm2": 5.0},
}
WAYS = {"settings__subpulses": [2, 4, 8], "settings__subpulse_ms": [0.5, 0.25, 0.125]}


def beam_of(case: Any = CASE, **changes: Any) -> Beam:
    return resolve_beam(loaded(case, **changes).case)


def response_of(case: Any = CASE, *, draws: int = 12, **changes: Any) -> PulseResponse:
    scene = build_scene(loaded(case, **changes), dose_required=False)
    (response,) = run_chunks(scene, draws, 0, lambda skins: wide_response(skins, scene))
    return response


# The light


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0.01, 1.0)), min_size=1, max_size=4), st.floats(1e-6, 1.0))
def test_every_train_has_the_energy_of_the_flat_pulse_and_lasts_as_long(
    ways: list[tuple[int, float]], pulse_s: float
) -> None:
    trains = [(n, pulse_s * (1.0 if n == 1 else part / n)) for n, part in ways]
    duration, power = subpulse_phases(pulse_s, trains)
    assert duration.sum() == pytest.approx(pulse_s, rel=1e-12)
    assert power @ duration == pytest.approx(np.full(len(trains), pulse_s), rel=1e-12)
    # Light at both ends, whatever lies between.
    assert np.all(power[:, 0] > 0)
    assert np.all(power[:, -1] > 0)


def test_subpulses_are_spread_evenly_and_share_the_energy() -> None:
    duration, power = subpulse_phases(0.01, [(3, 0.001)])
    # 1 ms of light at 0, 4.5 and 9 ms: 10 / 3 times the power of 10 ms.
    assert duration == pytest.approx([1e-3, 3.5e-3, 1e-3, 3.5e-3, 1e-3])
    assert power[0] == pytest.approx([10 / 3, 0, 10 / 3, 0, 10 / 3])


def test_one_subpulse_of_full_length_is_the_flat_pulse() -> None:
    flat, given_as_one = response_of(), response_of(settings__subpulses=1, settings__subpulse_ms=20.0)
    beam = beam_of()
    plan = pulse_schedule(beam, build_scene(loaded(CASE)).cooling)
    train = pulse_schedule(replace(beam, trains=(PulseTrain(1, 20.0),)), build_scene(loaded(CASE)).cooling)
    for name in ("step_s", "power_on", "h_W_m2K", "outside_C"):
        assert np.array_equal(getattr(plan, name), getattr(train, name))
    assert np.array_equal(flat.unit_K, given_as_one.unit_K)


def test_subpulses_that_touch_are_the_flat_pulse() -> None:
    duration, power = subpulse_phases(0.02, [(8, 0.0025)])
    assert power == pytest.approx(np.ones_like(power))
    assert duration.sum() == pytest.approx(0.02)


def test_every_pulse_of_a_train_of_pulses_is_made_of_subpulses() -> None:
    plan = pulse_schedule(
        beam_of(settings__pulses=3, settings__repetition_Hz=10.0, settings__subpulses=4, settings__subpulse_ms=0.2),
        build_scene(loaded(CASE)).cooling,
    )
    assert np.count_nonzero(np.diff(plan.power_on, prepend=0.0) > 0) == 3 * 4
    assert plan.power_on @ plan.step_s == pytest.approx(3 * 20 * MS)
    assert plan.train_length_s == pytest.approx(2 * 0.1 + 20 * MS)


def test_more_subpulses_than_can_be_followed_are_not_tried() -> None:
    many = {"settings__subpulses": [900, 1000], "settings__subpulse_ms": 2 * [0.001], "settings__repetition_Hz": 1.0}
    with pytest.raises(NotAvailable, match="5700 were requested"):
        pulse_schedule(beam_of(**many, settings__pulses=3), build_scene(loaded(CASE)).cooling)


# The heat


def in_vessel(diameter_um: float, pulse_s: float, trains: list[tuple[int, float]]) -> VesselHistory:
    """Warming by power that would bring 100 K without loss, with 10 ms after the pulse."""
    duration, power = subpulse_phases(pulse_s, trains)
    steps, phase = graded_time_steps([*duration, 0.01], first_fraction=0.02)
    on = np.append(power[0], 0.0)[phase]
    return radial_response(diameter_um * UM, 3e-6, 100 * C / pulse_s, steps, on, blood=SKIN, dermis=SKIN)


def test_a_narrow_vessel_is_as_hot_in_each_subpulse_as_in_it_alone() -> None:
    # 10 µm against sqrt(kappa x 5 ms) = 23 µm.
    number, length, spacing = 4, 1e-4, 5e-3
    pulse = (number - 1) * spacing + length
    train = in_vessel(10.0, pulse, [(number, length)]).lumen.max()
    alone = in_vessel(10.0, length, [(1, length)]).lumen.max() / number
    flat = in_vessel(10.0, pulse, [(1, pulse)]).lumen.max()
    # Each of the earlier ones left what a flash leaves of its 25 K (Carslaw and Jaeger 1959, 10.3); its own length
    # and the grid change that by a few per cent of itself.
    y = (5e-6) ** 2 / (4 * KAPPA * spacing * np.arange(1, number))
    left = (100 / number * (1 - i0e(2 * y) - i1e(2 * y))).sum()
    assert train == pytest.approx(alone + left, rel=0.02)
    assert alone < train < 1.15 * alone
    # The flat pulse is spread over hundreds of relaxation times.
    assert train > 4 * flat


def test_a_wide_vessel_is_heated_as_by_the_flat_pulse() -> None:
    # 500 µm against sqrt(kappa x 0.7 ms) = 9 µm. Losses are of the edge, a few per cent, and those of the train, even
    # about the middle of the pulse like the flat one, differ in the second order.
    flat = in_vessel(500.0, 5e-3, [(1, 5e-3)]).lumen.max()
    assert in_vessel(500.0, 5e-3, [(8, 1e-4)]).lumen.max() == pytest.approx(flat, rel=0.01)


def test_a_vessel_tears_sooner_the_fewer_the_subpulses() -> None:
    flat = median(find_threshold(loaded(CASE), "vessel-rupture", draws=12).to_dict()["dose"])
    doses = [
        median(
            find_threshold(
                loaded(CASE, settings__subpulses=n, settings__subpulse_ms=0.125), "vessel-rupture", draws=12
            ).to_dict()["dose"]
        )
        for n in (2, 4, 8, 32)
    ]
    assert all(fewer < more for fewer, more in zip(doses, [*doses[1:], flat], strict=True))
    # 30 µm against sqrt(kappa x 20 ms) = 46 µm: half of the energy at once nearly halves what a single flash needs.
    assert doses[0] < 0.5 * flat


def test_skin_takes_up_the_same_heat_from_a_train() -> None:
    heats = []
    for changes in ({}, WAYS):
        response = response_of(**changes)
        end = int(np.flatnonzero(response.schedule.is_lit)[-1]) + 1
        capacity = response.heat.heat_capacity_vol[:, response.grid.layer] * response.grid.widths
        heats.append((response.unit_K[:, end] * capacity).sum(axis=1))
        assert response.illumination is not None
        absorbed = (response.illumination.heating_per_m * response.grid.widths).sum(axis=1)
        # In 20 ms the air takes about h sqrt(t / k rho c) of the heat of the surface, 10 x 1e-4 of it.
        assert heats[-1] == pytest.approx(absorbed, rel=2e-3)


# Where it is not known how a pulse is made


@pytest.mark.parametrize("endpoint", ["vessel-rupture", "vessel-closure", "purpura", "melanosome-disruption"])
def test_each_draw_has_one_of_the_ways(endpoint: str) -> None:
    mixed = response_of(**WAYS)
    way = np.argmin(np.abs(mixed.schedule.stretch_s[:, None] - np.array([0.5, 0.25, 0.125]) * MS), axis=1)
    assert set(way) == {0, 1, 2}
    alone = [
        endpoint_fluence(endpoint, response_of(settings__subpulses=n, settings__subpulse_ms=length))
        for n, length in zip(*WAYS.values(), strict=True)
    ]
    # Draws share the steps of all ways: more of them than of its own, whose error is a per cent.
    assert endpoint_fluence(endpoint, mixed) == pytest.approx(np.choose(way, alone), rel=0.02)


def test_ways_are_as_likely_and_the_middle_skin_has_the_middle_one() -> None:
    scene = build_scene(loaded(CASE, **WAYS))
    plan = pulse_schedule(scene.beam, scene.cooling)
    assert plan.assign_trains(scene.median_skin).stretch_s == pytest.approx([0.25 * MS])
    drawn = plan.assign_trains(scene.skin.sample(3000, 0)).stretch_s
    # Three standard errors of a third of 3000 draws.
    for length in (0.5, 0.25, 0.125):
        assert np.isclose(drawn, length * MS).mean() == pytest.approx(1 / 3, abs=3 * np.sqrt(2 / 9 / 3000))


def test_boiling_and_heated_blood_follow_the_train_of_each_draw() -> None:
    mixed = response_of(**WAYS, draws=6)
    row = int(np.flatnonzero(np.isclose(mixed.schedule.stretch_s, 0.25 * MS))[0])
    own = response_of(settings__subpulses=4, settings__subpulse_ms=0.25, draws=6)
    # What would bring the hottest cell to 430 K if it did not boil.
    dose = float(((430 - mixed.base_K) / np.maximum(mixed.unit_K, 1e-9))[row].min())
    hot = [response_at_dose(r, dose).base_K[row].max() for r in (mixed, own)]
    vessels = [vessels_at_dose(r, 2 * J_CM2) for r in (mixed, own)]
    assert all(one is not None for one in vessels)
    heated = [one.lumen[row].max() for one in vessels if one is not None]
    # As above: steps of time, 1 % of the rise of 130 K; what heated blood absorbs is computed anew at other instants.
    assert hot[0] == pytest.approx(hot[1], abs=1.5)
    assert hot[0] < 430
    assert heated[0] == pytest.approx(heated[1], rel=0.03)


def test_blood_that_stops_follows_the_train_of_each_draw() -> None:
    long = {"settings__pulses": 12, "settings__repetition_Hz": 5.0}
    mixed = response_of(**WAYS, **long, draws=4)
    row = int(np.flatnonzero(np.isclose(mixed.schedule.stretch_s, 0.25 * MS))[0])
    own = response_of(**long, settings__subpulses=4, settings__subpulse_ms=0.25, draws=4)
    stopped = [apply_stopped_flow(r, 3 * J_CM2).unit_K[row].max() for r in (mixed, own)]
    assert stopped[0] == pytest.approx(stopped[1], rel=0.02)


# What is asked


def test_a_dye_laser_makes_its_long_pulses_of_subpulses() -> None:
    device = {"laser__device": "pulsed-dye-595", "settings__spot_mm": 7.0}
    assert beam_of(**device, settings__pulse_ms=6.0).trains == (
        PulseTrain(3, 0.25),
        PulseTrain(4, 0.2),
        PulseTrain(8, 0.1),
    )
    assert beam_of(**device, settings__pulse_ms=0.45).trains == ()
    own = beam_of(**device, settings__pulse_ms=6.0, settings__subpulses=6, settings__subpulse_ms=0.15)
    assert own.trains == (PulseTrain(6, 0.15),)
    assert beam_of(**device, settings__pulse_ms=6.0, settings__subpulses=1).trains == ()
    assert response_vessel_peak(**device, settings__pulse_ms=6.0) > 1.2 * response_vessel_peak(
        **device, settings__pulse_ms=6.0, settings__subpulses=1
    )


def response_vessel_peak(**changes: Any) -> float:
    response = response_of(**changes)
    vessels = simulate_vessels(response)
    assert vessels is not None
    return float(np.median(vessels.lumen.max(axis=-1)))


def test_a_pulse_of_another_length_is_made_as_the_device_makes_it() -> None:
    dye = beam_of(laser__device="pulsed-dye-595", settings__spot_mm=7.0, settings__pulse_ms=6.0)
    assert dye.with_pulse_length(0.45).trains == ()
    assert dye.with_pulse_length(40.0).trains == dye.trains
    given_by_case = beam_of(settings__subpulses=4, settings__subpulse_ms=0.5)
    assert given_by_case.with_pulse_length(40.0).trains == (PulseTrain(4, 0.5),)
    with pytest.raises(NotAvailable, match=r"4 sub-pulses of .* overlap"):
        given_by_case.with_pulse_length(1.0)


@pytest.mark.parametrize(
    ("changes", "field", "read"),
    [
        ({"subpulses": 8, "subpulse_ms": 3.0}, "settings.subpulse_ms", "overlap in a pulse of 20 ms"),
        ({"subpulses": [2, 8], "subpulse_ms": [3.0, 3.0]}, "settings.subpulse_ms", "8 sub-pulses of 3 ms"),
        ({"subpulses": 8}, "settings.subpulse_ms", "subpulses without subpulse_ms"),
        ({"subpulse_ms": 0.1}, "settings.subpulses", "subpulse_ms without subpulses"),
        ({"subpulses": [4, 8], "subpulse_ms": 0.1}, "settings.subpulse_ms", "2 in subpulses, 1 in subpulse_ms"),
        ({"subpulses": 1, "subpulse_ms": 3.0}, "settings.subpulse_ms", "one sub-pulse of 3 ms"),
        ({"subpulses": 0, "subpulse_ms": 3.0}, "settings.subpulses", "read 0"),
        ({"subpulses": [], "subpulse_ms": []}, "settings.subpulses", "not one value or a list"),
    ],
)
def test_impossible_subpulses_are_refused(changes: dict[str, Any], field: str, read: str) -> None:
    with pytest.raises(InputError, match=read) as refused:
        loaded(CASE, **{f"settings__{name}": value for name, value in changes.items()})
    assert refused.value.field == field
    assert refused.value.hint


def test_subpulses_that_a_device_does_not_make_are_refused() -> None:
    given_by_case = {"settings__subpulses": 4, "settings__subpulse_ms": 0.1, "settings__spot_mm": 4.0}
    with pytest.raises(InputError, match="makes no trains") as refused:
        beam_of(laser={"device": "ktp-532"}, settings__pulse_ms=10.0, **given_by_case)
    assert refused.value.field == "settings.subpulses"


# Passes


def test_each_pass_has_its_own_cooling() -> None:
    air = {"kind": "air", "before_ms": 1000.0, "during": True, "after_ms": 500.0}
    passes = {"settings__passes": 3, "settings__pass_interval_s": 60.0, "settings__pulse_ms": 20.0}
    scene = build_scene(loaded(CASE, cooling=air, **passes))
    plan = pulse_schedule(scene.beam, scene.cooling)
    # Nobody cools a spot through the minutes between two passes.
    assert plan.step_s[plan.is_cooled].sum() == pytest.approx(3 * (1.0 + 0.02 + 0.5))
    assert plan.step_s[plan.is_lit].sum() == pytest.approx(3 * 0.02)
    assert plan.train_length_s == pytest.approx(2 * 60.0 + 3 * 0.02)
    close = build_scene(loaded(CASE, cooling=air, **(passes | {"settings__pass_interval_s": 1.4})))
    together = pulse_schedule(close.beam, close.cooling)
    # No time for one each: the air blows on.
    assert together.step_s[together.is_cooled].sum() == pytest.approx(1.0 + 3 * 0.02 + 2 * 1.4 + 0.5)


def test_damage_is_kept_from_pass_to_pass() -> None:
    case = {name: CASE[name] for name in ("skin", "laser", "settings")}
    air = {"kind": "air", "before_ms": 1000.0, "during": True, "after_ms": 1000.0}
    air |= {"temperature_C": -10.0, "coefficient_W_m2K": 200.0}  # the same in all draws
    one, two = (
        find_threshold(
            loaded(case, cooling=air, settings__passes=n, settings__pass_interval_s=60.0), "purpura", draws=12
        ).to_dict()
        for n in (1, 2)
    )
    # Twice the damage moves the temperature of a wall by R T² ln 2 / E: 1.7 K of some 60 K at E = 4.3e5 J/mol.
    assert 0.9 < median(two["dose"]) / median(one["dose"]) < 0.99

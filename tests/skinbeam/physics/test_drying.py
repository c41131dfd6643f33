"""Trains of ablating pulses: the ledger of energy and water, and what drying and warmth do to later pulses."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.physics.heat.cells import Material, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.removal.pulse_train import AblatingTissue, ablate_train, dried_tissue_removal, water_deficit_share


def ground(*, blow_off=True, **changed):
    penetration, enthalpy = 3e-5, 1.7e9
    values = {
        # So short that no heat spreads; what boiled leaves after the pulse, or at once.
        "pulse_s": 1e-20,
        "ejection_s": np.array([1.0 if blow_off else 1e-40]),
        "enthalpy": np.array([enthalpy]),
        "ejection": np.array([enthalpy]),
        "penetration": np.array([penetration]),
        "capacity": np.array([3.76e6]),
        "diffusivity": np.array([1e-7]),
        "boiling_rise": np.array([67.0]),
        "water": np.array([650.0]),
        "latent": 2.257e6,
        "vented_share": np.array([0.5]),
        "dry_enthalpy": np.array([2.2e8]),
        "water_diffusivity": np.array([1e-9]),
        "radius": 1.5e-3,
        "gaussian": False,
    }
    return AblatingTissue(**(values | changed))


def steps(count, rate_Hz):
    return np.arange(count) / rate_Hz


@pytest.mark.parametrize("blow_off", [True, False])
@given(st.floats(1e3, 1e6))
def test_wet_tissue_is_removed_as_by_a_single_pulse(blow_off, exposure):
    place = ground(blow_off=blow_off)
    depth, heat, floor = dried_tissue_removal(exposure, place, np.zeros(1), np.ones(1))
    ratio = max(exposure / 5.1e4, 1.0)
    alone = 3e-5 * (math.log(ratio) if blow_off else ratio - 1)
    assert depth == pytest.approx(alone, rel=1e-12, abs=1e-18)
    assert heat == pytest.approx(np.minimum(exposure, place.threshold), rel=1e-12)
    # A floor that stops is on the verge of leaving; one that never left holds its share of that.
    assert floor == pytest.approx(place.enthalpy * heat / place.threshold, rel=1e-12)


@given(st.floats(5.2e4, 1e6), st.floats(0.0, 3e-4), st.floats(0.02, 1.0))
def test_a_moving_front_pays_for_what_it_removes(exposure, dried, share):
    place = ground(blow_off=False)
    depth, heat, _ = dried_tissue_removal(exposure, place, np.array([dried]), np.array([share]))
    layer = share * 1.7e9 + (1 - share) * 2.2e8
    paid = layer * min(depth[0], dried) + 1.7e9 * max(depth[0] - dried, 0.0)
    assert paid + heat[0] == pytest.approx(exposure, rel=1e-9)


@given(st.floats(5.2e4, 1e6), st.floats(0.0, 3e-4), st.floats(0.02, 1.0))
def test_blow_off_leaves_what_lies_below_its_floor(exposure, dried, share):
    place = ground()
    depth, heat, _ = dried_tissue_removal(exposure, place, np.array([dried]), np.array([share]))
    # Light that passes the floor, by the law of Beer through the dried and the wet part above it.
    above = min(depth[0], dried) * share + max(depth[0] - dried, 0.0)
    assert heat[0] == pytest.approx(exposure * math.exp(-above / 3e-5), rel=1e-9)


@given(st.floats(1e3, 5e5), st.integers(2, 12), st.floats(0.5, 200.0), st.booleans(), st.floats(0, 1))
def test_every_pulse_balances_energy_and_no_water_is_invented(exposure, count, rate_Hz, blow_off, vented):
    place = ground(blow_off=blow_off, vented_share=np.array([vented]))
    pulses = ablate_train(np.array([exposure]), steps(count, rate_Hz), place)
    for pulse in pulses:
        assert pulse.removed_energy + pulse.heat == pytest.approx(exposure, rel=1e-12)
        assert 0 <= pulse.steam <= pulse.heat
        assert 0 <= pulse.vented_share <= vented + 1e-12
        assert 0 <= pulse.water_share <= 1
        assert 0 <= pulse.prior_rise_K < 67.0
        assert (pulse.depth > 0) == (pulse.removed_energy > 0)
    # All steam came out of tissue that was there: that which left, and that in which water boils now.
    boiled = sum(pulse.steam[0] for pulse in pulses) / 2.257e6
    reach = max(
        (p.heat / p.floor * np.log(np.maximum(p.floor / (3.76e6 * (67 - p.prior_rise_K)), 1)))[0] for p in pulses
    )
    back = 650 * math.sqrt(1e-9 * count / rate_Hz)  # what diffusion brings from below is at most about this
    assert boiled <= 650 * (sum(pulse.depth[0] for pulse in pulses) + reach) + count * back


def test_a_dry_layer_holds_up_what_a_wet_one_lets_leave():
    place = ground()
    onset = 5.1e4
    # G = (h(u) / u) / h of (ablation 9): at a tenth of the water 1 + 9 x 2.2/17.
    factor = 1 + 9 * 2.2e8 / 1.7e9
    for exposure, removes in ((factor * onset * 0.999, False), (factor * onset * 1.001, True)):
        depth, _, _ = dried_tissue_removal(exposure, place, np.array([5e-5]), np.array([0.1]))
        assert (depth[0] > 0) == removes
    assert dried_tissue_removal(1.2 * onset, place, np.zeros(1), np.ones(1))[0] > 0


def test_far_above_the_onset_less_water_means_more_depth_until_next_to_none_is_left():
    place = ground(blow_off=False)
    exposure, thick = 5e5, np.array([5e-3])

    def removed(share):
        return dried_tissue_removal(exposure, place, thick, np.array([share]))[0][0]

    # Water is what costs energy: a layer without part of it is cheaper to remove, as long as it leaves at all.
    depths = [removed(share) for share in (1.0, 0.5, 0.2, 0.1)]
    assert depths == sorted(depths)
    assert depths[-1] > 3 * depths[0]
    # It stays where G = 1 + (1 - u) / u x 2.2 / 17 exceeds 5e5 / 5.1e4, which is below u = 1.449 %.
    assert removed(0.0146) > 0
    assert removed(0.0144) == 0


def test_without_warmth_near_the_onset_drying_lowers_what_later_pulses_remove():
    # Water that stays away, and a spot so narrow that heat does not pile up: only the drying is left. At 1.1 times the
    # onset a floor is removed while G = 1 + (1 - u) / u x 2.2 / 17 stays below 1.1: with 56 % of its water or more.
    place = ground(vented_share=np.ones(1), water_diffusivity=np.array([1e-16]), radius=1e-6)
    pulses = ablate_train(np.array([1.1 * 5.1e4]), steps(6, 1.0), place)
    depths = [pulse.depth[0] for pulse in pulses]
    assert depths[0] > max(depths[1:])
    assert [depth > 0 for depth in depths] == [pulse.water_share[0] > 0.564 for pulse in pulses]
    assert depths[-1] == 0


def test_water_that_comes_back_makes_a_place_as_it_was():
    place = ground(water_diffusivity=np.array([2.5e-9]), radius=1e-6)
    slow = ablate_train(np.array([6e4]), steps(2, 1e-5), place)
    # A day apart: the deficit has spread over centimetres, and the heat is gone.
    assert slow[1].depth == pytest.approx(slow[0].depth, rel=0.02)
    assert slow[1].water_share > 0.99


def test_warm_tissue_needs_less_energy():
    place = ground(blow_off=False, vented_share=np.zeros(1))
    pulses = ablate_train(np.array([1e5]), steps(5, 0.5), place)
    depths = np.array([pulse.depth[0] for pulse in pulses])
    assert np.all(np.diff(depths) > 0)
    for pulse in pulses:
        # Heating from the higher temperature saves rho c theta of h, and as much of H0 in proportion.
        less = 1.7e9 - 3.76e6 * pulse.prior_rise_K[0]
        assert pulse.depth[0] == pytest.approx((1e5 - 5.1e4 * less / 1.7e9) / less, rel=1e-9)


def test_a_water_deficit_spreads_as_heat_does():
    thickness, time, diffusivity = 5e-5, 2.0, 1e-9
    faces, first = graded_faces([[thickness, 2e-3]], finest_m=1e-6, growth=0.03)
    inside = np.arange(faces.shape[1] - 1) < first[1]
    run = conduct_1d(
        HeatProblem1D(
            slab_cells(faces),
            Material(diffusivity, 1.0),
            inside[None].astype(float),
            graded_time_steps([time], first_fraction=1e-4, growth=1.1, largest_fraction=0.02)[0],
        ),
        LinearConduction(),
    )
    remaining = (run.final[0] * np.diff(faces[0]))[inside].sum() / thickness
    # Of second order in cells of 3 % of their depth and steps of 2 %.
    assert water_deficit_share(thickness, time, diffusivity) == pytest.approx(remaining, rel=2e-3)


@given(st.floats(1e-7, 1e-3), st.floats(0, 1e5))
def test_a_deficit_only_shrinks(thickness, time):
    remaining = water_deficit_share(thickness, time, 1e-9)
    assert 0 < remaining <= 1
    assert water_deficit_share(thickness, 2 * time, 1e-9) <= remaining

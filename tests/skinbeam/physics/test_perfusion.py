"""Blood in heated tissue: the profile at rest, flow that stops with damage, and when blood matters."""

import numpy as np
import pytest
from pulse_samples import responses
from scipy.integrate import solve_ivp

from skinbeam.model.units import GAS_CONSTANT_J_MOL_K
from skinbeam.physics.damage.arrhenius import Kinetics, read_kinetics
from skinbeam.physics.damage.perfusion import FLOW_LAG, DamageLimitedPerfusion, steady_state_profile
from skinbeam.physics.heat.cells import Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.simulate.pulse import response as pulse
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import perfusion_coefficient

K, C, P = 0.37, 3.7e6, 7.4e3
WALL = read_kinetics("agah-artery")


def test_rest_is_the_fin_of_the_textbook() -> None:
    depth = 0.02
    cells = slab_cells(np.linspace(0, depth, 401)[None, :])
    flow = np.full((1, 400), P)
    found = steady_state_profile(
        cells, Material(K, C), LinearConduction(flow, [310.0]), [306.0], RobinBoundary(np.inf, 310.0)
    )
    m = np.sqrt(P / K)
    expected = 310.0 - 4.0 * np.sinh(m * (depth - cells.centres)) / np.sinh(m * depth)
    # Second order: (m dx)² / 12 of 4 K is 2e-5 K; the half cells at the ends are as exact.
    assert found == pytest.approx(expected, abs=1e-4)


def test_without_damage_the_march_is_the_linear_one() -> None:
    faces, _ = graded_faces([[80e-6, 2e-3]], finest_m=4e-6, growth=0.1)
    cells, (steps, _) = slab_cells(faces), graded_time_steps([20.0], first_fraction=1e-4)
    march = HeatProblem1D(
        cells, Material(K, C), 306.0, steps, surface=RobinBoundary(np.inf, 318.0), bottom=RobinBoundary(np.inf, 310.0)
    )
    linear = conduct_1d(march, LinearConduction(P, 310.0))
    living = conduct_1d(march, DamageLimitedPerfusion(P, 310.0, WALL))
    # Vessel walls do not feel 45 °C: the same steps, up to rounding and a damage of 1e-5.
    assert living.damage.max() < 1e-4
    assert living.cell_temperature == pytest.approx(linear.cell_temperature, abs=1e-6)
    assert living.surface == pytest.approx(linear.surface, abs=1e-6)


def test_flow_that_stops_follows_its_equation() -> None:
    """Insulated tissue of one temperature, so that (perfusion 1) is an ordinary equation."""
    stops = Kinetics(np.array([1e40]), np.array([2.7e5]), np.array([0.0]), np.array([np.inf]))
    flow, start, blood = 1e5, 345.0, 310.0

    def equation(_t: float, state: np.ndarray) -> list[float]:
        temperature, damage = state
        rate = 1e40 * np.exp(-2.7e5 / (GAS_CONSTANT_J_MOL_K * temperature))
        return [-flow / C * np.exp(-damage) * (temperature - blood), rate]

    exact = solve_ivp(equation, (0, 60), [start, 0.0], rtol=1e-10, atol=1e-10).y[:, -1]
    march = HeatProblem1D(slab_cells(np.linspace(0, 1e-3, 6)[None, :]), Material(K, C), start, np.full(600, 0.1))
    found = conduct_1d(march, DamageLimitedPerfusion(flow, blood, stops))
    still = conduct_1d(march, LinearConduction(flow, blood))
    fallen = start - exact[0]
    assert 0.1 < exact[1] < 3  # the flow does stop, and not at once
    # The flow lags by two per cent of what it was: of the fall as much at most.
    assert start - found.cell_temperature[0, -1, 2] == pytest.approx(fallen, rel=FLOW_LAG)
    assert found.damage[0, 2] == pytest.approx(exact[1], rel=0.05)
    # Blood that went on would have taken clearly more.
    assert start - still.cell_temperature[0, -1, 2] > 1.2 * fallen


def test_each_sample_may_have_steps_of_its_own() -> None:
    cells = slab_cells(np.linspace(0, 2e-3, 41)[None, :])
    steps, _ = graded_time_steps([1.0])
    march = HeatProblem1D(
        cells, Material(K, C), 306.0, np.stack([steps, 30 * steps]), surface=RobinBoundary(np.inf, 330.0)
    )
    both = conduct_1d(march, LinearConduction())
    for row, factor in enumerate((1, 30)):
        one = conduct_1d(march._replace(step_s=factor * steps), LinearConduction())
        np.testing.assert_array_equal(both.cell_temperature[row], one.cell_temperature[0])


def test_blood_flows_in_dermis_and_fat_of_the_living_alone() -> None:
    skins = SkinDistribution().sample(400, 1)
    flow = perfusion_coefficient(skins)
    named = dict(zip(skins.layers, flow.T, strict=True))
    assert (named["stratum corneum"] == 0).all()
    assert (named["living epidermis"] == 0).all()
    # 106 ml/min/kg of blood of 3.8 MJ/m³K in tissue of 1109 kg/m³; 400 draws of a factor of two know it to 10 %.
    assert np.median(named["papillary dermis"]) == pytest.approx(106e-6 / 60 * 1109 * 1050 * 3617, rel=0.1)
    assert np.median(named["fat"]) < np.median(named["papillary dermis"])
    layer = {"thickness_um": None, "mua_per_cm": 1.0, "mus_per_cm": 0.0, "g": 0.0, "n": 1.0}
    assert (perfusion_coefficient(responses("layers", 1)[0].skins) == 0).all(), layer


def test_blood_changes_nothing_in_short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """What blood takes in a time t is at most p t / c of the largest rise."""
    case = {"cooling": None, "settings__fluence_J_cm2": 5.0}
    without = responses("vessel", 8, **case)[0]
    monkeypatch.setattr(pulse, "LONG_EXPOSURE_S", -1.0)
    with_it = responses("vessel", 8, **case)[0]
    time = np.concatenate([[0.0], np.cumsum(without.schedule.step_s)])
    heat = [r.base_K + 5e4 * r.unit_K for r in (without, with_it)]
    changed = np.abs(heat[1] - heat[0]).max(axis=2)
    rise = np.abs(heat[0] - heat[0][:, :1]).max(axis=(1, 2))
    pace = (perfusion_coefficient(without.skins) / without.heat.heat_capacity_vol).max(axis=1)
    for until in (0.01, 0.1, 1.0):
        bound = pace * until * rise
        assert (changed[:, time <= until].max(axis=1) <= bound * (1 + 1e-9)).all()
        # A five-hundredth of a rise in a second, a factor of two or three between skins.
        assert np.median(bound / rise) < 4e-3 * until
    first = changed[:, time <= 0.01].max(axis=1)
    assert first.max() < 3e-3
    assert np.median(first) < 1e-3

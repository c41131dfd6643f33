"""Boiling: closed forms, balance of enthalpy, orders of convergence, agreement with conduction where nothing boils."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.boiling import ORDER_TIME, BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import conduct_xyz

K, C, DRIED = 0.37, 3.76e6, 1.2e6  # W/mK, J/m³K
LATENT = 0.65 * 1000 * 2.2565e6  # J/m³
START, RANGE = 383.0, 10.0
WATER = BoilingWater(START, RANGE, LATENT, DRIED)
ORDER_MARGIN = 0.1


def heat_to(start_K, end_K):
    """Heat per volume between two temperatures, (boiling 2)."""
    knots = np.array([START - 1000, START, START + RANGE, START + RANGE + 1000])
    held = np.array([-1000 * C, 0.0, LATENT + (C + DRIED) / 2 * RANGE, LATENT + (C + DRIED) / 2 * RANGE + 1000 * DRIED])
    return np.interp(end_K, knots, held) - np.interp(start_K, knots, held)


def pulsed(share=1.0):
    """A pulse of 1 ms that would bring six skins to hundreds of degrees, or a share of that, under a film."""
    faces, _ = graded_faces(np.full((6, 1), 3e-3), finest_m=3e-6, growth=0.1)
    cells = slab_cells(faces)
    steps = np.concatenate([np.full(20, 5e-5), np.geomspace(1e-5, 0.2, 40)])
    power = share * np.linspace(0.3, 1.5, 6)[:, None] * 500 * C * np.exp(-cells.centres / 1e-4) / 1e-3
    source = HeatSource(power, np.repeat([1.0, 0.0], [20, 40]))
    return HeatProblem1D(
        cells, Material(K, C), 306.0, steps, source, RobinBoundary(500.0, 295.0), RobinBoundary(math.inf, 306.0)
    )


# --- where nothing boils ------------------------------------------------------------------------------------------


def test_without_boiling_it_is_conduction():
    march = pulsed(0.1)  # 15 to 75 K
    history, plain = conduct_1d(march, WATER), conduct_1d(march, LinearConduction())
    # Both solve the same systems; 1e-9 K is a thousand times their rounding.
    np.testing.assert_allclose(history.cell_temperature, plain.cell_temperature, atol=1e-9)
    np.testing.assert_allclose(history.surface, plain.surface, atol=1e-9)
    np.testing.assert_allclose(history.heat_gain, plain.heat_gain[:, :, :2], atol=1e-6 * np.abs(plain.heat_gain).max())
    assert not history.vapour.any()


def test_skins_side_by_side_do_not_see_each_other():
    march = pulsed()
    together = conduct_1d(march, WATER)
    own = march.source._replace(power_density=march.source.power_density[3])
    cells = type(march.cells)(*(part[3:4] for part in march.cells))
    alone = conduct_1d(march._replace(cells=cells, source=own), WATER)
    np.testing.assert_array_equal(together.cell_temperature[3], alone.cell_temperature[0])


# --- balance ------------------------------------------------------------------------------------------------------


def test_enthalpy_balances_through_boiling_drying_and_condensing():
    march = pulsed()
    history, volumes = conduct_1d(march, WATER), march.cells.volumes
    assert history.vapour.min(axis=0).max() > 0  # all boil, and
    assert history.vapour[-1].max() == 1.0  # the hottest dries
    lit = np.cumsum(march.source.power_on * march.step_s)
    absorbed = (march.source.power_density * volumes).sum(axis=1)[:, None] * lit
    balance = history.stored_heat[:, 1:] - absorbed - history.heat_gain[:, 1:].sum(axis=2)
    assert np.abs(balance).max() < 1e-8 * absorbed.max()
    # What is stored is what the temperatures hold.
    held = (heat_to(306.0, history.cell_temperature) * volumes[:, None, :]).sum(axis=2)
    np.testing.assert_allclose(held, history.stored_heat, atol=1e-8 * absorbed.max())


@pytest.mark.parametrize("energy", [0.5, 0.999, 1.001, 3.0, 5.9, 8.0])
@pytest.mark.parametrize("steps", [1, 7])
def test_heat_without_loss_gives_the_temperature_of_its_enthalpy(energy, steps):
    """One cell's worth of tissue in parts of C (T_s - T_0): sensible, boiling and dried, in one step or many."""
    given = energy * C * (START - 306.0)
    history = conduct_1d(
        HeatProblem1D(
            slab_cells(np.linspace(0, 1e-4, 5)),
            Material(K, C),
            306.0,
            np.full(steps, 1e-3 / steps),
            HeatSource(given / 1e-3),
        ),
        WATER,
    )
    # 1e-9: rounding, which the heat of boiling magnifies by its heat capacity over that of tissue, 40.
    assert heat_to(306.0, history.cell_temperature[0, -1]) == pytest.approx(given, rel=1e-9)


@pytest.mark.parametrize("dried", [DRIED, C, 5e6])
def test_solvers_that_carry_enthalpy_follow_the_same_law(dried):
    """Light heats a column that loses no heat; its water boils down to some depth, and is gone down to a lesser one."""
    z, r = np.linspace(0, 3e-4, 31), np.linspace(0, 2e-3, 3)
    cells, water = slab_cells(z), BoilingWater(START, RANGE, LATENT, dried)
    power = 6 * (LATENT + 90 * C) * np.exp(-cells.centres / 5e-5) / 0.02
    few, many = (
        conduct_1d(
            HeatProblem1D(cells, Material(K, C), 306.0, np.full(steps, 0.02 / steps), HeatSource(power)), water
        ).cell_temperature[0, -1]
        for steps in (100, 1600)
    )
    lit = HeatProblem(Material(K, C), 306.0, [0.02], HeatSource(power), water, tolerance_K=1e-3)
    axis, cube = conduct_rz((r, z), lit).final[0, 0], conduct_xyz((r, r, z), lit).final[0, 0]
    # Space is the same. In time the error is of first order where the water of a cell begins to boil or is gone: that
    # of many steps, a sixteenth, is less than what few differ from them.
    for there in (axis, cube):
        assert np.abs(many - there).max() < np.abs(few - many).max()
    assert axis.min() < START < START + RANGE < axis.max()  # some of it is wet, some dry


def test_vapour_gives_its_heat_back():
    """Half of a slab is dried and left to share its heat with the other half, which is cold."""
    cells = slab_cells(np.linspace(0, 1e-4, 21))
    initial = np.where(cells.centres < 5e-5, START + RANGE + 5.0, 290.0)
    history = conduct_1d(HeatProblem1D(cells, Material(K, C), initial, np.geomspace(1e-6, 1.0, 80)), WATER)
    mean = heat_to(306.0, initial).mean()
    end = brentq(lambda t: heat_to(306.0, t) - mean, 200.0, 600.0)
    # After a second, 200 times L²/kappa, all is even.
    np.testing.assert_allclose(history.cell_temperature[0, -1], end, rtol=1e-9)
    assert START < end < START + RANGE


def test_drying_front_under_a_hot_wall_follows_stefan():
    """Tissue about to boil under a wall of 60 K more: the heat through the wall is that of Stefan's problem.

    lambda exp(lambda²) erf(lambda) = Ste / sqrt(pi), Q = 2 k (T_w - T_s) sqrt(t) / (sqrt(pi kappa) erf(lambda)).
    """
    wall, narrow, end = 60.0, 0.05, 1.0
    diffusivity, ste = K / DRIED, DRIED * wall / LATENT
    lam = brentq(lambda x: x * math.exp(x * x) * math.erf(x) - ste / math.sqrt(math.pi), 1e-3, 5.0)
    through = 2 * K * wall * math.sqrt(end / (math.pi * diffusivity)) / math.erf(lam)
    errors = []
    for cells in (50, 100, 200):
        faces = np.linspace(0, 6 * lam * math.sqrt(diffusivity * end), cells + 1)
        history = conduct_1d(
            HeatProblem1D(
                slab_cells(faces),
                Material(K, C),
                START,
                graded_time_steps([end], first_fraction=1e-6, growth=1.03, largest_fraction=0.002)[0],
                surface=RobinBoundary(math.inf, START + wall),
            ),
            BoilingWater(START, narrow, LATENT, DRIED),
        )
        errors.append(abs(history.heat_gain[0, -1, 0] / through - 1))
    # 1 % (closed forms); the front lies within a cell, so that the error falls at least with the width of the cells.
    assert errors[-1] < 0.01
    assert errors[-1] < errors[0] / 2


# --- orders -------------------------------------------------------------------------------------------------------


def order_in_time(initial, power, end=0.02):
    """Order from three halvings against a run of 64 times as many steps."""
    cells = slab_cells(np.linspace(0, 3e-4, 41))

    def final(steps):
        return conduct_1d(
            HeatProblem1D(
                cells,
                Material(K, C),
                initial(cells.centres),
                np.full(steps, end / steps),
                HeatSource(power * np.exp(-cells.centres / 1e-4)),
                bottom=RobinBoundary(math.inf, initial(cells.centres)[0, -1]),
            ),
            WATER,
        ).cell_temperature[0, -1]

    exact = final(64 * 160)
    errors = [np.abs(final(steps) - exact).max() for steps in (40, 80, 160)]
    return math.log2(errors[0] / errors[-1]) / 2


def test_second_order_while_the_water_boils():
    order = order_in_time(lambda z: START + 4 + 3 * np.cos(np.pi * z / 3e-4), power=1e9)
    assert order > 2 - ORDER_MARGIN


def test_order_while_cells_begin_to_boil_and_dry():
    order = order_in_time(lambda z: np.full_like(z, 306.0), power=2.5e11)
    assert order > ORDER_TIME - ORDER_MARGIN


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"water": WATER._replace(range_K=0.0)},
        {"water": WATER._replace(latent_heat=-1.0)},
        {"water": WATER._replace(dried_heat_capacity=0.0)},
        {"water": WATER._replace(latent_heat=1e6)},  # less than what heating would take up
        {"march": pulsed()._replace(step_s=[0.0])},
        {"march": pulsed()._replace(material=Material(0.0, C))},
    ],
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=r"positive|negative|heating"):
        conduct_1d(change.get("march", pulsed()), change.get("water", WATER))

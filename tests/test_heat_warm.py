"""Conduction with properties that change with temperature: closed forms, orders, balance, and what it does to doses."""

import math

import numpy as np
import pytest
from scipy.special import erf

from skinbeam.physics.cells import graded_faces, slab
from skinbeam.physics.heat import conduct, time_steps
from skinbeam.physics.heat_warm import ORDER_SPACE, ORDER_TIME, Slopes, conduct_warm

K, C, COOL = 0.37, 3.76e6, 306.0  # W/mK, J/m³K, K
B, G = 2e-3, 5e-4  # 1/K
ORDER_MARGIN = 0.1


def integral(rise, slope):
    """Of 1 + slope x, from 0 to the rise."""
    return rise * (1 + slope * rise / 2)


def inverse(held, slope):
    return (np.sqrt(1 + 2 * slope * held) - 1) / slope


def pulsed(**changes):
    """Three skins heated by up to 70 K in 10 ms under a film, of two materials."""
    faces, first = graded_faces(np.full((3, 2), [1e-4, 3e-3]), finest_m=3e-6, growth=0.1)
    cells = slab(faces)
    upper = np.arange(cells.volumes.shape[1]) < first[1]
    steps = np.concatenate([np.full(20, 5e-4), np.geomspace(1e-4, 0.5, 40)])
    given = {
        "conductivity": np.where(upper, 0.29, K),
        "heat_capacity_vol": C,
        "initial": COOL,
        "step_s": steps,
        "power_density": np.array([[0.3], [0.7], [1.0]]) * 100 * C * np.exp(-cells.centres / 2e-4) / 1e-2,
        "power_on": np.repeat([1.0, 0.0], [20, 40]),
        "h_surface": np.repeat([4000.0, 10.0], [20, 40]),
        "outside_surface": 250.0,
        "h_bottom": math.inf,
        "outside_bottom": COOL,
    }
    return cells, Slopes(COOL, np.where(upper, B, -B), G), given | changes


def test_without_slopes_it_is_conduction():
    cells, _, given = pulsed()
    warm, plain = conduct_warm(cells, Slopes(COOL, 0.0, 0.0), **given), conduct(cells, **given)
    # Newton ends at 1e-9 of a rise of 70 K, and its error is far below that: the systems are linear.
    np.testing.assert_allclose(warm.recorded, plain.recorded, atol=1e-8)
    np.testing.assert_allclose(warm.surface, plain.surface, atol=1e-8)
    np.testing.assert_allclose(warm.gained, plain.gained[:, :, :2], atol=1e-8 * np.abs(plain.gained).max())


def test_equal_slopes_leave_the_diffusivity_and_kirchhoffs_integral_follows_erf():
    """With b = g the integral of k dT / k obeys the linear equation, so under a held surface it is erf."""
    faces, _ = graded_faces([[1e-3]], finest_m=0.5e-6, growth=0.02)
    cells, end, hot = slab(faces), 0.05, 60.0
    history = conduct_warm(
        cells,
        Slopes(COOL, B, B),
        conductivity=K,
        heat_capacity_vol=C,
        initial=COOL + hot,
        step_s=time_steps([end], first_fraction=1e-5, growth=1.05)[0],
        h_surface=math.inf,
        outside_surface=COOL,
    )
    exact = inverse(integral(hot, B) * erf(cells.centres[0] / np.sqrt(4 * K / C * end)), B)
    # 0.1 % of the step; a solver with the properties of the start would be off by 3 % of it.
    np.testing.assert_allclose(history.recorded[0, -1] - COOL, exact, atol=0.06)
    plain = hot * erf(cells.centres[0] / np.sqrt(4 * K / C * end))
    assert np.abs(plain - exact).max() > 0.5


def test_even_heating_without_loss_gives_the_temperature_of_its_enthalpy():
    given = np.array([10.0, 40.0, 70.0])[:, None] * C
    history = conduct_warm(
        slab(np.linspace(0, 1e-3, 11)),
        Slopes(COOL, B, G),
        conductivity=K,
        heat_capacity_vol=C,
        initial=COOL,
        step_s=[0.3, 0.7],
        power_density=given,
    )
    exact = np.broadcast_to(inverse(given / C, G), (3, 10))
    # A correction of 1e-9 of the rise ends Newton's iteration, whose error is then its square: rounding.
    np.testing.assert_allclose(history.recorded[:, -1] - COOL, exact, rtol=1e-12)


def steady(n):
    """Error of the steady state between two held faces, of two materials of unlike slopes, K; largest in any cell."""
    k1, k2, b1, b2, edge, hot = 1.0, 0.4, 8e-3, -4e-3, 0.4, 60.0
    cells = slab(np.concatenate([np.linspace(0, edge, n + 1), np.linspace(edge, 1, n + 1)[1:]]))
    upper = np.arange(2 * n) < n
    history = conduct_warm(
        cells,
        Slopes(300.0, np.where(upper, b1, b2), 0.0),
        conductivity=np.where(upper, k1, k2),
        heat_capacity_vol=1.0,
        initial=330.0,
        step_s=np.full(60, 0.5),
        h_surface=math.inf,
        outside_surface=300.0 + hot,
        h_bottom=math.inf,
        outside_bottom=300.0,
    )
    # Θ is linear on both sides; the temperature between them by bisection on the flux, which falls on one, rises on
    # the other.
    low, high = 0.0, hot
    for _ in range(60):
        middle = (low + high) / 2
        into = k1 * (integral(hot, b1) - integral(middle, b1)) / edge
        out = k2 * integral(middle, b2) / (1 - edge)
        low, high = (middle, high) if into > out else (low, middle)
    x, flux = cells.centres[0], k2 * integral(low, b2) / (1 - edge)
    exact = np.where(upper, inverse(integral(hot, b1) - flux * x / k1, b1), inverse(flux * (1 - x) / k2, b2))
    return np.abs(history.recorded[0, -1] - 300.0 - exact).max()


def test_order_in_space_through_an_interface_of_unlike_slopes():
    errors = [steady(n) for n in (20, 40, 80)]
    assert math.log2(errors[1] / errors[2]) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


def test_order_in_time():
    cells = slab(np.linspace(0, 1, 21))
    finals = [
        conduct_warm(
            cells,
            Slopes(0.0, 0.5, 0.3),
            conductivity=1.0,
            heat_capacity_vol=1.0,
            initial=np.cos(np.pi * cells.centres),
            step_s=np.full(n, 0.1 / n),
        ).recorded[0, -1]
        for n in (16, 32, 64, 1024)
    ]
    # 1024 steps leave a 256th of the error of 64.
    errors = [np.abs(final - finals[-1]).max() for final in finals[:-1]]
    assert math.log2(errors[1] / errors[2]) == pytest.approx(ORDER_TIME, abs=ORDER_MARGIN)


def test_enthalpy_balances():
    cells, slopes, given = pulsed()
    history = conduct_warm(cells, slopes, **given)
    lit = np.cumsum(given["power_on"] * given["step_s"])
    absorbed = (given["power_density"] * cells.volumes).sum(axis=1)[:, None] * lit
    balance = history.stored[:, 1:] - absorbed - history.gained[:, 1:].sum(axis=2)
    assert np.abs(balance).max() < 1e-8 * absorbed.max()
    # What is stored is what the temperatures hold.
    held = (C * integral(history.recorded - COOL, G) * cells.volumes[:, None, :]).sum(axis=2)
    np.testing.assert_allclose(held, history.stored, atol=1e-8 * absorbed.max())


def test_skins_side_by_side_do_not_see_each_other():
    cells, slopes, given = pulsed()
    together = conduct_warm(cells, slopes, **given)
    alone = conduct_warm(
        type(cells)(*(part[1:2] for part in cells)), slopes, **given | {"power_density": given["power_density"][1]}
    )
    np.testing.assert_array_equal(together.recorded[1], alone.recorded[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conductivity": 0.0}, "conductivity must be positive"),
        ({"heat_capacity_vol": -1.0}, "heat capacity must be positive"),
        ({"step_s": 0.0}, "step_s must be positive"),
    ],
)
def test_impossible_tissue_is_refused(changes, message):
    cells, slopes, given = pulsed()
    steps = {"step_s": given["step_s"] * changes["step_s"]} if "step_s" in changes else {}
    with pytest.raises(ValueError, match=message):
        conduct_warm(cells, slopes, **given | changes | steps)


def test_a_line_drawn_out_too_far_is_refused():
    cells, _, given = pulsed()
    with pytest.raises(ValueError, match="conductivity must stay above a tenth"):
        conduct_warm(cells, Slopes(COOL, -0.02, 0.0), **given)

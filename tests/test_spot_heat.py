"""A spot by waves, and patterns of spots: closed forms, the solver about an axis, sums of displaced spots, refusals."""

import math

import numpy as np
import pytest
from scipy.special import erfc, erfcx, j0, j1, jv

from skinbeam.physics.bessel import bessel
from skinbeam.physics.cells import graded_faces, slab
from skinbeam.physics.heat_rz import conduct_rz
from skinbeam.physics.spot_heat import spot_heat, spots_rise

K, C = 0.37, 3.76e6  # skin, W/mK and J/m³K
KAPPA = K / C
MUA, W = 2000.0, 300e-6  # 1/m, m


def skin(depth=6e-3, finest=4e-6):
    """Cells, and what each absorbs of a beam that falls exponentially, 1/m."""
    faces = graded_faces([[depth]], finest_m=finest, growth=0.04)[0]
    return slab(faces), -np.diff(np.exp(-MUA * faces[0])) / np.diff(faces[0])


def spot(**changes):
    cells, heating = skin()
    given = {
        "radius_m": W,
        "profile": "gaussian",
        "pulse_s": 1e-3,
        "until_s": 0.2,
        "reach_m": 2e-3,
        "conductivity": K,
        "heat_capacity_vol": C,
        "heating_per_m": heating,
    }
    return spot_heat(cells, **given | changes)


def absorbed_depth(z, tau):
    """Rise at depth z a time after a joule per m² has been absorbed at once, of one insulated face, K m²/J."""
    root = np.sqrt(KAPPA * tau)
    near, far = MUA * root - z / (2 * root), MUA * root + z / (2 * root)
    gauss = np.exp(-(z**2) / (4 * KAPPA * tau))
    # exp(mua² kappa tau - mua z) erfc(near) = gauss erfcx(near), without a product of the huge and the tiny; where
    # near is far below zero the plain form is the safe one.
    first = np.where(near > -5, gauss * erfcx(np.maximum(near, -5)), np.exp((MUA * root) ** 2 - MUA * z) * erfc(near))
    return MUA / (2 * C) * (first + gauss * erfcx(far))


def moving(x, y, z, t, speed, power, steps=4000):
    """A Gaussian beam that moves along x and began at 0 at time 0: its closed form, integrated over its past.

    The rise of an instant spreads across as a Gaussian, w² + 8 kappa tau (Eagar and Tsai 1983), and with depth as
    Carslaw and Jaeger say of a half space.
    """
    # Lags from short to long: tau = t s³, by midpoints.
    s = (np.arange(steps) + 0.5) / steps
    tau, dtau = t * s**3, 3 * t * s**2 / steps
    wide = W**2 + 8 * KAPPA * tau
    across = 2 / (np.pi * wide) * np.exp(-2 * ((x - speed * (t - tau)) ** 2 + y**2) / wide)
    return power * (across * absorbed_depth(z, tau) * dtau).sum()


@pytest.mark.parametrize("order", [0, 1, 2])
def test_bessel_functions_are_those_of_a_library(order):
    x = np.concatenate([[0.0], np.geomspace(1e-6, 800.0, 400)])
    exact = {0: j0, 1: j1}.get(order, lambda at: jv(order, at))(x)
    # Some hundred cosines of rounded arguments: 800 x 1e-16 each, averaged.
    np.testing.assert_allclose(bessel(order, x), exact, atol=1e-13)


@pytest.mark.parametrize("at", [(0.0, 1e-3), (0.0, 0.05), (4e-4, 0.05), (8e-4, 0.2)])
def test_one_spot_follows_the_closed_form(at):
    r, t = at
    found = spots_rise(spot(), [[0.0, 0.0, 0.0, 1.0]], [[r, 0.0]], [t])[0, 0, 0]
    # A pulse of a millisecond is a beam that stands still for one.
    exact = moving(r, 0.0, 0.0, t, 0.0, 1e3) - (moving(r, 0.0, 0.0, t - 1e-3, 0.0, 1e3) if t > 1e-3 else 0.0)
    assert found == pytest.approx(exact, rel=5e-3)


@pytest.mark.parametrize("speed", [2e-3, 20e-3])
@pytest.mark.parametrize("place", [(0.0, 0.0), (-6e-4, 0.0), (2e-4, 3e-4)])
def test_a_beam_that_moves_follows_the_closed_form(speed, place):
    """Ahead of, under and behind the beam, on the surface and below it, after 2 mm of way."""
    way, power = 2e-3, 0.5
    cells, _ = skin()
    deep = 20
    end = way / speed
    part = W / 6 / speed  # a pulse while the beam moves by a sixth of its radius, at the middle of this
    count = math.ceil(end / part)
    part = end / count
    begin = part * np.arange(count)
    shots = np.stack([speed * (begin + part / 2), 0 * begin, begin, np.full(count, power * part)], axis=1)
    heat = spot(pulse_s=part, until_s=end + part, reach_m=4e-3, record_cells=[deep])
    x, y = way + place[0], place[1]
    found = spots_rise(heat, shots, [[x, y]], [end])[0, 0]
    exact = [moving(x, y, z, end, speed, power) for z in (0.0, cells.centres[0, deep])]
    # 1 % of the hottest place: steps of the path and of time.
    hottest = moving(way, 0.0, 0.0, end, speed, power)
    np.testing.assert_allclose(found, exact, atol=0.01 * hottest)


def test_a_spot_on_two_layers_agrees_with_the_solver_about_an_axis():
    """A disc with a blurred edge on a layer that conducts badly, under a film."""
    radius, edge, pulse = 300e-6, 120e-6, 5e-3
    cells, heating = skin(3e-3, 5e-6)
    z = np.concatenate([[0.0], np.cumsum(cells.volumes[0])])
    upper = cells.centres[0] < 1e-4
    k, c = np.where(upper, 0.2, K), np.where(upper, 2.5e6, C)
    heat = spot_heat(
        cells, radius_m=radius, profile="top-hat", pulse_s=pulse, until_s=0.1, reach_m=1e-3, conductivity=k,
        heat_capacity_vol=c, heating_per_m=heating, blur_m=edge, h_surface=2000.0, record_cells=[5, 30],
    )  # fmt: skip
    r = np.linspace(0, 2e-3, 201)
    centre = (r[1:] + r[:-1]) / 2
    # The disc, blurred: 2/(pi s²) exp(-2 d²/s²) over it, by polar sums, over its area.
    rho = radius * np.sqrt((np.arange(60) + 0.5) / 60)[:, None]
    angle = 2 * np.pi * (np.arange(180) + 0.5) / 180
    d2 = centre[:, None, None] ** 2 + rho**2 - 2 * centre[:, None, None] * rho * np.cos(angle)
    beam = (2 / (np.pi * edge**2) * np.exp(-2 * d2 / edge**2)).mean(axis=(1, 2))
    energy = 0.05
    history = conduct_rz(
        r, z, conductivity=k[None, None, :], heat_capacity_vol=c[None, None, :], initial=0.0,
        interval_s=[pulse, 0.1 - pulse], power_on=[1.0, 0.0], h_surface=2000.0,
        power_density=(energy / pulse * beam[:, None] * heating)[None], bottom=0.0, tolerance_K=0.02,
        record_cells=[[0, 5], [0, 30], [40, 5], [40, 30]],
    )  # fmt: skip
    points = [[centre[0], 0.0], [centre[40], 0.0]]
    found = energy * spots_rise(heat, [[0.0, 0.0, 0.0, 1.0]], points, [pulse, 0.1])
    other = history.recorded[0, 1:].reshape(2, 2, 2)  # time, point, cell
    assert other.max() > 20.0
    # 1 % of the hottest: rings of 10 µm, and 0.02 K a step.
    np.testing.assert_allclose(np.moveaxis(found[:, :, 1:], 0, 1), other, atol=0.01 * other.max())


def test_far_from_its_edges_a_wide_disc_is_a_wide_beam():
    from skinbeam.physics.heat import conduct, time_steps

    cells, heating = skin()
    heat = spot(radius_m=4e-3, profile="top-hat", blur_m=1e-3, reach_m=1e-4, until_s=0.1)
    found = spots_rise(heat, [[0, 0, 0, np.pi * 4e-3**2]], [[0.0, 0.0]], [1e-3, 0.1])[0, :, 0]
    steps, phase = time_steps([1e-3, 0.099], first_fraction=2e-3, growth=1.05, largest_fraction=0.05)
    plain = conduct(
        cells, conductivity=K, heat_capacity_vol=C, initial=0.0, step_s=steps, power_density=heating / 1e-3,
        power_on=(phase == 0).astype(float), h_bottom=math.inf,
    ).surface[0]  # fmt: skip
    at = int((phase == 0).sum())
    np.testing.assert_allclose(found, [plain[at], plain[-1]], rtol=2e-3)


def test_shots_add_wherever_and_whenever_they_are():
    heat = spot()
    shots = np.array([[0.0, 0.0, 0.0, 1.0], [5e-4, 0.0, 0.02, 2.0], [0.0, -4e-4, 0.05, 0.5]])
    points, times = np.array([[1e-4, 2e-4], [5e-4, -1e-4]]), np.array([0.01, 0.03, 0.051, 0.2])
    together = spots_rise(heat, shots, points, times)
    apart = sum(spots_rise(heat, [one], points, times) for one in shots)
    np.testing.assert_allclose(together, apart, rtol=1e-12)
    # The second alone, at a place and time of its own: displaced and delayed it is the first, twice.
    moved = spots_rise(heat, [[0.0, 0.0, 0.0, 2.0]], points - shots[1, :2], times[1:] - 0.02)
    np.testing.assert_allclose(spots_rise(heat, shots[1:2], points, times[1:]), moved, rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"radius_m": 0.0}, "radius_m must be positive"),
        ({"pulse_s": -1.0}, "pulse_s must be positive"),
        ({"until_s": 1e-4}, "until_s must be longer than the pulse"),
        ({"profile": "top-hat"}, "blur_m: a disc needs an edge"),
        ({"blur_m": -1e-6}, "blur_m cannot be negative"),
        ({"heating_per_m": 0.0}, "nothing is heated"),
    ],
)
def test_impossible_spots_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        spot(**changes)


def test_places_and_times_beyond_what_was_followed_are_refused():
    heat = spot()
    with pytest.raises(ValueError, match="points_m: farther"):
        spots_rise(heat, [[0.0, 0.0, 0.0, 1.0]], [[0.0, 3e-3]], [0.1])
    with pytest.raises(ValueError, match="times_s: longer"):
        spots_rise(heat, [[0.0, 0.0, 0.0, 1.0]], [[0.0, 0.0]], [0.3])

"""Heat of a spot in layers, across and along the depth, and of many spots one after another.

A round spot on layers that reach sideways without end is a sum of waves J_0(q r), and each wave is a problem of depth
alone, whose heat leaks away sideways:

    T(r, z, t) = 1/(2 pi) integral of q J_0(q r) B(q) T_q(z, t) dq                                              (scan 1)
    c dT_q/dt = d/dz (k dT_q/dz) - k q² T_q + f(t) a(z) exp(-q² s(z)² / 8)                                      (scan 2)

B is the transform of the beam over its power: exp(-q² w² / 8) for a Gaussian of 1/e² radius w, 2 J_1(q w) / (q w) for a
disc of radius w; a(z) is what each depth absorbs of the power, 1/m; s(z) the 1/e² radius of a Gaussian by which light
has been blurred there. (scan 2) is (heat 1) with a perfusion of k q², so `physics.heat` solves all waves side by side.

The equation is linear and the same at every place and time: any pattern of spots is a sum of one spot's rise, displaced
and delayed, and a beam that moves is a row of short pulses. Nothing that changes with time, such as a spurt of cryogen,
may be on the surface then; a steady film may.
"""

import math
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.bessel import bessel
from skinbeam.physics.cells import Cells
from skinbeam.physics.full import full
from skinbeam.physics.heat import conduct, time_steps
from skinbeam.physics.refuse import require

__all__ = ["Profile", "SpotHeat", "spot_heat", "spots_rise"]

Array = NDArray[np.float64]
Profile = Literal["gaussian", "top-hat"]

# Waves shorter than those that a blur leaves a 1e-9 of are left out: exp(-q² w² / 8) = 1e-9.
_SHORTEST: Final = math.sqrt(8 * math.log(1e9))
# Nodes: enough for a smooth integrand, and one for each 1.7 radians of the wave at the farthest place.
_FEWEST: Final = 64
_PER_RADIAN: Final = 0.6
# Steps after a switch grow by this; between them the rise is taken as straight.
_GROWTH: Final = 1.05


class SpotHeat(NamedTuple):
    """Waves of one spot's rise, of one joule in its pulse.

    Parameters
    ----------
    times : (time,) since the pulse began, s.
    wave : (wave,) q, 1/m. weight : (wave,) that of (scan 1), the transform of the beam among it, 1/m².
    rise : (time, wave, place) T_q at the surface, then at the recorded cells, K m²/J.
    reach_m : the farthest place for which the waves are fine enough.
    """

    times: Array
    wave: Array
    weight: Array
    rise: Array
    reach_m: float


def spot_heat(
    cells: Cells,
    *,
    radius_m: float,
    profile: Profile,
    pulse_s: float,
    until_s: float,
    reach_m: float,
    conductivity: ArrayLike,
    heat_capacity_vol: ArrayLike,
    heating_per_m: ArrayLike,
    blur_m: ArrayLike = 0.0,
    h_surface: float = 0.0,
    record_cells: ArrayLike = (),
) -> SpotHeat:
    """Solve (scan 2) for every wave that the spot needs; the last face keeps its temperature.

    Parameters
    ----------
    cells : of one skin, so of a single row.
    radius_m : of a disc, or the 1/e² radius of a Gaussian.
    pulse_s, until_s : length of the pulse, and the time from its beginning to which it is followed.
    reach_m : the farthest place that will be asked for.
    conductivity, heat_capacity_vol, heating_per_m, blur_m : (cell,) k, c, a and s.
    h_surface : of a steady film, W/m²K.
    record_cells : (place - 1,) cells to keep.

    Raises
    ------
    ValueError : a length or time that is not positive; a spot that ends before its pulse; a disc with a sharp edge.
    """
    for value, name in ((radius_m, "radius_m"), (pulse_s, "pulse_s"), (reach_m, "reach_m")):
        require(math.isfinite(value) and value > 0, f"{name} must be positive", value)
    require(until_s > pulse_s, "until_s must be longer than the pulse", until_s)
    require(cells.volumes.shape[0] == 1, "the cells are those of one skin", float(cells.volumes.shape[0]))
    n = cells.volumes.shape[1]
    k, c, heating, blur = (full(a, n) for a in (conductivity, heat_capacity_vol, heating_per_m, blur_m))
    require(blur >= 0, "blur_m cannot be negative", blur)
    narrow = float(blur[heating > 0].min(initial=math.inf))
    require(narrow < math.inf, "heating_per_m: nothing is heated", narrow)
    if profile == "top-hat":
        require(narrow > 0, "blur_m: a disc needs an edge that light has blurred at every heated depth", narrow)
        finest = narrow
    else:
        finest = math.hypot(narrow, radius_m)
    longest = _SHORTEST / finest
    node, share = np.polynomial.legendre.leggauss(_FEWEST + math.ceil(_PER_RADIAN * longest * reach_m))
    # q = longest u²: close together at long waves, which outlive the others.
    u = (node + 1) / 2
    q = longest * u**2
    beam = np.exp(-((q * radius_m) ** 2) / 8) if profile == "gaussian" else 2 * bessel(1, q * radius_m) / (q * radius_m)
    weight = beam * q / (2 * np.pi) * share / 2 * 2 * longest * u
    steps, phase = time_steps([pulse_s, until_s - pulse_s], first_fraction=2e-3, growth=_GROWTH, largest_fraction=0.05)
    history = conduct(
        cells,
        conductivity=k,
        heat_capacity_vol=c,
        initial=0.0,
        step_s=steps,
        power_density=heating / pulse_s * np.exp(-((q[:, None] * blur) ** 2) / 8),
        power_on=(phase == 0).astype(np.float64),
        h_surface=h_surface,
        h_bottom=math.inf,
        perfusion=k * q[:, None] ** 2,
        record_cells=np.array(record_cells, dtype=np.int64),
    )
    rise = np.concatenate([history.surface[:, :, None], history.recorded], axis=2)
    times = np.concatenate([[0.0], np.cumsum(steps)])
    return SpotHeat(times, q, weight, np.ascontiguousarray(np.moveaxis(rise, 0, 1)), float(reach_m))


def spots_rise(heat: SpotHeat, shots: ArrayLike, points_m: ArrayLike, times_s: ArrayLike) -> Array:
    """Return the rise by all shots together, (point, time, place), K.

    Parameters
    ----------
    shots : (shot, 4) x and y of its centre, m; beginning of its pulse, s; energy, J.
    points_m : (point, 2) x and y.
    times_s : (time,).

    Raises
    ------
    ValueError : a point farther from a shot than `heat` reaches, or a time longer after one than it was followed.
    """
    shot, point = np.atleast_2d(np.asarray(shots, dtype=np.float64)), np.atleast_2d(np.asarray(points_m, dtype=float))
    time = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
    away = np.hypot(point[:, None, 0] - shot[:, 0], point[:, None, 1] - shot[:, 1])
    require(away <= heat.reach_m * (1 + 1e-9), "points_m: farther from a shot than the spot was followed, m", away)
    lag = time - shot[:, 2, None]
    require(lag <= heat.times[-1] * (1 + 1e-9), "times_s: longer after a shot than it was followed, s", lag)
    # Places of a pattern repeat their distances: waves are computed once for each.
    distances, which = np.unique(np.round(away, 12), return_inverse=True)
    waves = bessel(0, np.outer(distances, heat.wave)) * heat.weight
    which = which.reshape(away.shape)
    total = np.zeros((len(point), len(time), heat.rise.shape[2]))
    for index in range(len(shot)):
        begun = np.flatnonzero(lag[index] > 0)
        after = np.minimum(lag[index, begun], heat.times[-1])
        step = np.clip(np.searchsorted(heat.times, after, side="left"), 1, len(heat.times) - 1)
        part = (after - heat.times[step - 1]) / (heat.times[step] - heat.times[step - 1])
        rise = (1 - part)[:, None, None] * heat.rise[step - 1] + part[:, None, None] * heat.rise[step]
        total[:, begun] += shot[index, 3] * np.einsum("pq,tqr->ptr", waves[which[:, index]], rise, optimize=True)
    return total

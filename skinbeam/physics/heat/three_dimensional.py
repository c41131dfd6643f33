"""Solve heat conduction in three dimensions, with water that boils, for one skin.

    dE/dt = div(k grad T) + f(t) q(x, y, z),    T = T(E) by (enthalpy 1)                                      (heat 7)

The boundary conditions are (surface 1) at the first z, insulated sides, and insulation or a fixed temperature at the
bottom. Finite volumes as in (heat 1). Time steps as about an axis (`axisymmetric_kernels`): explicit stages where they
are stable, implicit steps along lines of x, y and z where steps are longer, by the estimated error.

An engine takes the steps. It holds a state, and a step produces a trial state that is accepted or dropped. States are
(x, y * z).
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.problem import HeatProblem, IntervalConditions, check_faces, expand_problem
from skinbeam.physics.heat.surface_exchange import surface_flux
from skinbeam.physics.heat.three_dimensional_kernels import (
    FLOWS,
    STAGE,
    STEP_ERROR,
    Body3D,
    advance_states,
    run_first_stage,
    run_stage,
    solve_along_lines,
    write_capacities_3d,
)
from skinbeam.physics.numerics.time_stepping import (
    MAX_STAGES,
    RKC_COEFFICIENTS,
    ROSENBROCK_GAMMA,
    control_step,
    longest_stable_step,
    restart_step,
    stage_count,
)

__all__ = [
    "ORDER_SPACE",
    "ORDER_TIME",
    "HeatEngine",
    "History3D",
    "StepResult",
    "cell_volumes",
    "conduct_xyz",
]

Array = NDArray[np.float64]


class StepResult(NamedTuple):
    """Heat that entered through top and bottom during a step, J, and the estimated error, K."""

    top: float
    bottom: float
    error: float


class HeatEngine:
    """Time steps on the processor; `has_implicit_steps` is True if the engine supports the implicit steps of (heat
    6)."""

    has_implicit_steps = True

    def __init__(self, body: Body3D, energy: Array) -> None:
        self.body = body
        self._y = energy.copy()
        self._w, self._v, self._rates, self._trial_rates, self._flow = (np.zeros_like(energy) for _ in range(5))
        self._ends = self._trial_ends = (0.0, 0.0)

    def set_conditions(self, now: IntervalConditions) -> None:
        """Compute the flows of the state under new conditions."""
        self._ends = self._stage(FLOWS, now, (), self._y, self._y, self._rates, self._rates)[:2]

    def step_explicit(self, dt: float, stages: int, now: IntervalConditions) -> StepResult:
        """Take a trial step by (chebyshev 1)."""
        newest, other, table = self._w, self._v, RKC_COEFFICIENTS[stages]
        flows = self._ends
        self._start(dt * table[1, 2], newest, other)
        heat, before = [dt * table[1, 2] * flow for flow in flows], [0.0, 0.0]
        for j in range(2, stages + 1):
            mu, nu, m, g = table[j, 0], table[j, 1], dt * table[j, 2], dt * table[j, 3]
            c = (1.0 - mu - nu, mu, nu, m, g)
            ends = self._stage(STAGE, now, c, self._y, newest, self._rates, other)
            after = [mu * heat[n] + nu * before[n] + m * ends[n] + g * flows[n] for n in range(2)]
            heat, before, newest, other = after, heat, other, newest
        self._w, self._v = newest, other
        top, bottom, error = self._stage(STEP_ERROR, now, (0.4 * dt,), self._y, newest, self._rates, self._trial_rates)
        self._trial_ends = top, bottom
        return StepResult(heat[0], heat[1], error)

    def step_implicit(self, dt: float, now: IntervalConditions) -> StepResult:
        """Take a trial step by (heat 6)."""
        b, y, w, k1, k2 = self.body, self._y, self._w, self._v, self._trial_rates
        store = b.store
        if b.boils:
            store = self._flow
            write_capacities_3d(y, b.store, b.boiling, store)
        film = b.area * (b.inside if now.h == math.inf else b.inside * now.h / (b.inside + now.h))
        k1[:] = self._rates
        mend = solve_along_lines(ROSENBROCK_GAMMA * dt, b, film, store, k1)
        first = [self._ends[n] + mend[n] for n in range(2)]
        advance_states(y, store, dt, k1, 0.0, k1, w)
        ends = self._stage(FLOWS, now, (), w, w, k2, k2)
        advance_states(k2, store, -2.0, k1, 0.0, k1, k2)
        mend = solve_along_lines(ROSENBROCK_GAMMA * dt, b, film, store, k2)
        second = [ends[n] - 2.0 * first[n] + mend[n] for n in range(2)]
        error = dt / 2 * advance_states(y, store, 1.5 * dt, k1, 0.5 * dt, k2, w)
        top, bottom = (dt * (1.5 * first[n] + 0.5 * second[n]) for n in range(2))
        self._trial_ends = self._stage(FLOWS, now, (), w, w, k2, k2)[:2]
        return StepResult(top, bottom, error)

    def accept(self) -> None:
        """Make the trial state the state."""
        self._y, self._w = self._w, self._y
        self._rates, self._trial_rates = self._trial_rates, self._rates
        self._ends = self._trial_ends

    def energy(self) -> Array:
        """Return the enthalpies of the state, J."""
        return self._y

    def temperatures(self) -> Array:
        """Return the temperature of every cell of the state, K."""
        b, energy = self.body, self.energy()
        if b.boils:
            start, share, latent, gain = b.boiling
            taken = share * (energy - start)
            energy = energy - np.clip(taken, 0.0, latent) + gain * np.maximum(taken - latent, 0.0)
        result: Array = energy * b.per_store
        return result

    def _start(self, m: float, w: Array, v: Array) -> None:
        run_first_stage(m, self._y, self._rates, w, v)

    def _stage(
        self, kind: int, now: IntervalConditions, c: tuple[float, ...], y: Array, w: Array, rates: Array, out: Array
    ) -> tuple[float, float, float]:
        coefficients = np.array([*c, *[0.0] * (5 - len(c))])
        return run_stage(kind, self.body, now, coefficients, y, w, rates, out)


# The solver of (heat 7).

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2


class History3D(NamedTuple):
    """Temperatures and heat of the skin over time; time 0 is the initial state, time n the end of interval n - 1.

    Parameters
    ----------
    cell_temperature : (time, record) temperature of the recorded cells, K.
    surface : (time, x, y) temperature of the surface, K.
    heat_gain : (time, 3) heat taken up since the start through the surface, through the bottom and from light, J.
    enthalpy : (time,) of all cells, J, zero at 0 K.
    final, peak : (x, y, z) temperature at the end and the highest after any step, K.
    steps : numbers of explicit steps, steps along lines and rejected steps.
    """

    cell_temperature: Array
    surface: Array
    heat_gain: Array
    enthalpy: Array
    final: Array
    peak: Array
    steps: tuple[int, int, int]


def cell_volumes(faces_m: Sequence[ArrayLike]) -> Array:
    """Return the volume of every cell, (x, y, z), m³, between faces of x, y and z."""
    dx, dy, dz = (np.diff(check_faces(faces, axis)) for faces, axis in zip(faces_m, "xyz", strict=True))
    result: Array = dx[:, None, None] * dy[None, :, None] * dz[None, None, :]
    return result


def conduct_xyz(faces_m: Sequence[ArrayLike], problem: HeatProblem, engine: type[HeatEngine] = HeatEngine) -> History3D:
    """Solve (heat 7).

    Parameters
    ----------
    faces_m : faces of x, of y and of z, increasing, m; the surface is at the first z.
    problem : in cells (x, y, z).
    engine : class that takes the steps, on the processor or on a graphics card (`heat.three_dimensional_cuda`).

    Raises
    ------
    ValueError : shapes that do not fit; a number that no tissue has, with its place.
    """
    volumes = cell_volumes(faces_m)
    posed = expand_problem(problem, volumes)
    flat = len(volumes), volumes[0].size
    boiling = np.stack([posed.start, posed.share, posed.latent, posed.gain]).reshape(4, *flat)
    dx, dy, dz = (np.diff(np.asarray(faces, dtype=np.float64)) for faces in faces_m)
    body = Body3D(
        *_face_conductances(dx, dy, dz, posed.conductivity, posed.bottom_fixed),
        store=posed.store.reshape(flat),
        per_store=1.0 / posed.store.reshape(flat),
        power=posed.power.reshape(flat),
        boiling=boiling if posed.boils else np.ascontiguousarray(boiling[:, :1]),
        boils=posed.boils,
        bottom_K=float(posed.bottom_K[0]),
    )
    every = zip(posed.power_on, posed.h_surface, posed.outside_surface, strict=True)
    now = [IntervalConditions(float(on), float(film), float(air)) for on, film, air in every]
    return _march_intervals(
        engine(body, posed.energy.reshape(flat)), posed.seconds, now, posed.record, posed.tolerance_K
    )


def _face_conductances(
    dx: Array, dy: Array, dz: Array, k: Array, fixed: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], Array, Array, Array]:
    """Return the first six fields of `Body3D`, the conductances and areas."""
    nx, ny, nz = k.shape
    gx, gy, gz = np.zeros((nx + 1, ny, nz)), np.zeros((nx, ny + 1, nz)), np.zeros((nx, ny, nz))
    half = (dx / 2)[:, None, None] / k
    gx[1:-1] = dy[:, None] * dz / (half[1:] + half[:-1])
    half = (dy / 2)[:, None] / k
    gy[:, 1:-1] = dx[:, None, None] * dz / (half[:, 1:] + half[:, :-1])
    half = (dz / 2) / k
    gz[:, :, 1:] = (dx[:, None] * dy)[:, :, None] / (half[:, :, 1:] + half[:, :, :-1])
    area = dx[:, None] * dy
    flat = np.concatenate([gz.reshape(nx, ny * nz), np.zeros((nx, 1))], axis=1)
    faces = gx.reshape(nx + 1, ny * nz), gy.reshape(nx, (ny + 1) * nz), flat
    ends = 1.0 / half[:, :, 0], area, area / half[:, :, -1] if fixed else np.zeros_like(area)
    gx32, gy32, gz32 = (face.astype(np.float32) for face in faces)
    inside, areas, below = (np.ascontiguousarray(end) for end in ends)
    return gx32, gy32, gz32, inside, areas, below


def _decay_rate_bound(body: Body3D) -> float:
    """Return an upper bound of the decay rates, 1/s, for any film, by Gershgorin's circles."""
    nx, ny = body.area.shape
    total = (body.gx[1:] + body.gx[:-1]).astype(np.float64).reshape(nx, ny, -1)
    gy = body.gy.reshape(nx, ny + 1, -1)
    total += gy[:, 1:] + gy[:, :-1]
    total += (body.gz[:, 1:] + body.gz[:, :-1]).reshape(total.shape)
    total[:, :, 0] += body.area * body.inside
    total[:, :, -1] += body.bottom
    most = body.per_store * np.maximum(1.0 + body.boiling[1] * body.boiling[3], 1.0)  # dried cells are the fastest
    return float((2.0 * total * most.reshape(total.shape)).max())


def _march_intervals(
    engine: HeatEngine, seconds: Array, nows: list[IntervalConditions], record: NDArray[np.int64], tolerance: float
) -> History3D:
    body = engine.body
    nx, ny = body.area.shape
    fastest, light = _decay_rate_bound(body), float(body.power.sum())
    recorded, faces = np.empty((len(seconds) + 1, len(record))), np.empty((len(seconds) + 1, nx, ny))
    gained, total = np.zeros((len(seconds) + 1, 3)), np.empty(len(seconds) + 1)
    longest = math.inf if engine.has_implicit_steps else longest_stable_step(fastest)
    taken = [0, 0, 0]
    peak = engine.temperatures()
    dt, grown = restart_step(fastest)
    for n in range(len(seconds) + 1):
        now = nows[max(n - 1, 0)]
        t = engine.temperatures().reshape(nx, ny, -1)
        total[n] = engine.energy().sum()
        recorded[n] = t[tuple(record.T)]
        faces[n] = [
            [surface_flux(t[i, j, 0], body.inside[i, j], now.h, now.outside_K)[2] for j in range(ny)] for i in range(nx)
        ]
        if n == len(seconds):
            break
        now = nows[n]
        if n == 0 or now != nows[n - 1]:
            engine.set_conditions(now)
            dt, grown = restart_step(fastest)
        gained[n + 1] = gained[n]
        gained[n + 1, 2] += now.power_share * light * seconds[n]
        left = float(seconds[n])
        while left > 0.0:
            parts = math.ceil(left / min(dt, longest))
            step = left / parts
            stages = stage_count(step, fastest)
            explicit = stages <= MAX_STAGES
            top, bottom, error = (
                engine.step_explicit(step, stages, now) if explicit else engine.step_implicit(step, now)
            )
            stays, dt, grown = control_step(step, error, tolerance, explicit, dt, grown)
            if not stays:
                taken[2] += 1
                continue
            taken[0 if explicit else 1] += 1
            left = 0.0 if parts == 1 else left - step
            gained[n + 1, :2] += top, bottom
            engine.accept()
            np.maximum(peak, engine.temperatures(), out=peak)
    shape = nx, ny, -1
    final = engine.temperatures().reshape(shape)
    return History3D(recorded, faces, gained, total, final, peak.reshape(shape), (taken[0], taken[1], taken[2]))

"""Heat conduction in three dimensions, with water that boils, for one skin.

    dE/dt = div(k grad T) + f(t) q(x, y, z),    T = T(E) by (enthalpy 1)                                      (heat 7)

with the surface of (surface 1) at the first z, insulated sides, and below insulation or a fixed temperature. Finite
volumes as in (heat 1). Steps in time as about an axis (`heat_rz_march`): explicit stages where they are stable, lines
along x, y and z where steps are longer, by the estimated error.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.problem import Now, Problem, faces_of, given
from skinbeam.physics.heat.surface import surface
from skinbeam.physics.heat.xyz_engine import Engine
from skinbeam.physics.heat.xyz_stage import Body
from skinbeam.physics.kernel.chebyshev import MOST_STAGES
from skinbeam.physics.kernel.pace import after_a_switch, judged, longest_step, stages_for

__all__ = ["ORDER_SPACE", "ORDER_TIME", "HistoryXYZ", "cell_volumes", "conduct_xyz"]

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2

Array = NDArray[np.float64]


class HistoryXYZ(NamedTuple):
    """What became of the skin; time 0 is the initial state, time n the end of interval n - 1.

    Parameters
    ----------
    recorded : (time, record) temperature of the recorded cells, K.
    surface : (time, x, y) temperature of the surface, K.
    gained : (time, 3) heat taken up since the start through the surface, through the bottom and from light, J.
    enthalpy : (time,) of all cells, J, zero at 0 K.
    final, peak : (x, y, z) temperature at the end and the highest after any step, K.
    steps : explicit steps, steps along lines, steps taken back.
    """

    recorded: Array
    surface: Array
    gained: Array
    enthalpy: Array
    final: Array
    peak: Array
    steps: tuple[int, int, int]


def cell_volumes(faces_m: Sequence[ArrayLike]) -> Array:
    """Return the volume of every cell, (x, y, z), m³, between faces of x, y and z."""
    dx, dy, dz = (np.diff(faces_of(faces, axis)) for faces, axis in zip(faces_m, "xyz", strict=True))
    result: Array = dx[:, None, None] * dy[None, :, None] * dz[None, None, :]
    return result


def conduct_xyz(faces_m: Sequence[ArrayLike], problem: Problem, engine: type[Engine] = Engine) -> HistoryXYZ:
    """Solve (heat 7).

    Parameters
    ----------
    faces_m : faces of x, of y and of z, increasing, m; the surface is at the first z.
    problem : in cells (x, y, z).
    engine : what takes the steps: the processor, or a card (`heat.xyz_cuda`).

    Raises
    ------
    ValueError : shapes that do not fit; a number that no tissue has, with its place.
    """
    volumes = cell_volumes(faces_m)
    posed = given(problem, volumes)
    flat = len(volumes), volumes[0].size
    boiling = np.stack([posed.start, posed.share, posed.latent, posed.gain]).reshape(4, *flat)
    dx, dy, dz = (np.diff(np.asarray(faces, dtype=np.float64)) for faces in faces_m)
    body = Body(
        *_conductances(dx, dy, dz, posed.conductivity, posed.fixed),
        store=posed.store.reshape(flat),
        per_store=1.0 / posed.store.reshape(flat),
        power=posed.power.reshape(flat),
        boiling=boiling if posed.boils else np.ascontiguousarray(boiling[:, :1]),
        boils=posed.boils,
        table=posed.table,
        below=float(posed.below[0]),
    )
    every = zip(posed.power_on, posed.h_surface, posed.outside_surface, strict=True)
    now = [Now(float(on), float(film), float(air)) for on, film, air in every]
    return _march(engine(body, posed.energy.reshape(flat)), posed.seconds, now, posed.record, posed.tolerance_K)


def _conductances(
    dx: Array, dy: Array, dz: Array, k: Array, fixed: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], Array, Array, Array]:
    """Return the first six fields of a body."""
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


def _fastest(body: Body) -> float:
    """Return a bound of the largest rate of decay, 1/s, whatever the film: by Gershgorin's circles."""
    nx, ny = body.area.shape
    total = (body.gx[1:] + body.gx[:-1]).astype(np.float64).reshape(nx, ny, -1)
    gy = body.gy.reshape(nx, ny + 1, -1)
    total += gy[:, 1:] + gy[:, :-1]
    total += (body.gz[:, 1:] + body.gz[:, :-1]).reshape(total.shape)
    total[:, :, 0] += body.area * body.inside
    total[:, :, -1] += body.bottom
    most = body.per_store * np.maximum(1.0 + body.boiling[1] * body.boiling[3], 1.0)  # dried cells are the fastest
    return float((2.0 * total * most.reshape(total.shape)).max())


def _march(engine: Engine, seconds: Array, nows: list[Now], record: NDArray[np.int64], tolerance: float) -> HistoryXYZ:
    body = engine.body
    nx, ny = body.area.shape
    fastest, light = _fastest(body), float(body.power.sum())
    recorded, faces = np.empty((len(seconds) + 1, len(record))), np.empty((len(seconds) + 1, nx, ny))
    gained, total = np.zeros((len(seconds) + 1, 3)), np.empty(len(seconds) + 1)
    longest = math.inf if engine.along_lines else longest_step(fastest)
    taken = [0, 0, 0]
    peak = engine.temperatures()
    dt, grown = after_a_switch(fastest)
    for n in range(len(seconds) + 1):
        now = nows[max(n - 1, 0)]
        t = engine.temperatures().reshape(nx, ny, -1)
        total[n] = engine.energy().sum()
        recorded[n] = t[tuple(record.T)]
        faces[n] = [
            [surface(t[i, j, 0], body.inside[i, j], now.h, now.outside, body.table)[2] for j in range(ny)]
            for i in range(nx)
        ]
        if n == len(seconds):
            break
        now = nows[n]
        if n == 0 or now != nows[n - 1]:
            engine.switch(now)
            dt, grown = after_a_switch(fastest)
        gained[n + 1] = gained[n]
        gained[n + 1, 2] += now.on * light * seconds[n]
        left = float(seconds[n])
        while left > 0.0:
            parts = math.ceil(left / min(dt, longest))
            step = left / parts
            stages = stages_for(step, fastest)
            explicit = stages <= MOST_STAGES
            top, bottom, error = engine.explicit(step, stages, now) if explicit else engine.implicit(step, now)
            stays, dt, grown = judged(step, error, tolerance, explicit, dt, grown)
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
    return HistoryXYZ(recorded, faces, gained, total, final, peak.reshape(shape), (taken[0], taken[1], taken[2]))

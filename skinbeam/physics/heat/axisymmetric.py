"""Solve heat conduction about an axis (rings and depths), for many samples at once, with water that boils.

    dE/dt = (1/r) d/dr (r k dT/dr) + d/dz (k dT/dz) + f(t) q(r, z),    T = T(E) by (enthalpy 1)               (heat 5)

The boundary conditions are (surface 1) at the first depth, insulation at the last ring, and insulation or a fixed
temperature at the bottom. Finite volumes as in (heat 1): what leaves a cell enters its neighbour, so that enthalpy is
conserved to rounding on any grid and with any step.

The time steps are described in `axisymmetric_kernels`.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.axisymmetric_kernels import march_axisymmetric
from skinbeam.physics.heat.problem import HeatProblem, check_faces, count_samples, expand_problem
from skinbeam.physics.numerics.arrays import broadcast_copy

__all__ = ["ORDER_SPACE", "ORDER_TIME", "AxisymmetricHistory", "conduct_rz", "ring_volumes"]

ORDER_SPACE: Final = 2
ORDER_TIME: Final = 2

Array = NDArray[np.float64]


class AxisymmetricHistory(NamedTuple):
    """Temperatures and heat of each sample over time; time 0 is the initial state, time n the end of interval n - 1.

    Parameters
    ----------
    cell_temperature : (sample, time, record) temperature of the recorded cells, K.
    surface : (sample, time, r) temperature of the surface, K.
    heat_gain : (sample, time, 3) heat taken up since the start through the surface, through the bottom and from light,
        J.
    enthalpy : (sample, time) of all cells, J, zero at 0 K.
    final, peak : (sample, r, z) temperature at the end and the highest after any step, K.
    steps : (sample, 3) numbers of explicit steps, implicit steps and rejected steps.
    """

    cell_temperature: Array
    surface: Array
    heat_gain: Array
    enthalpy: Array
    final: Array
    peak: Array
    steps: NDArray[np.int64]


def ring_volumes(faces_m: tuple[ArrayLike, ArrayLike]) -> Array:
    """Return the volume of every cell, (sample, r, z), m³, from faces (sample, r + 1) or (r + 1,), likewise for z."""
    r, z = _check_ring_faces(faces_m)
    result: Array = np.pi * np.diff(r**2, axis=1)[:, :, None] * np.diff(z, axis=1)[:, None, :]
    return result


def conduct_rz(faces_m: tuple[ArrayLike, ArrayLike], problem: HeatProblem) -> AxisymmetricHistory:
    """Solve (heat 5) for every sample.

    Parameters
    ----------
    faces_m : faces of the rings, (r + 1,), and of the depths, (z + 1,), or (sample, ...) of either, increasing, m.
    problem : in cells (r, z), or (sample, r, z).

    Raises
    ------
    ValueError : shapes that do not fit; a number that no tissue has, with its place.
    """
    r, z = _check_ring_faces(faces_m)
    cells = (r.shape[1] - 1, z.shape[1] - 1)
    n = count_samples(problem, cells, len(r), len(z))
    posed = expand_problem(problem, broadcast_copy(ring_volumes((r, z)), n, *cells), n)
    return AxisymmetricHistory(
        *march_axisymmetric(broadcast_copy(r, n, cells[0] + 1), broadcast_copy(z, n, cells[1] + 1), posed)
    )


def _check_ring_faces(faces_m: tuple[ArrayLike, ArrayLike]) -> tuple[Array, Array]:
    """Check and return the faces of rings and of depths, each (1 or sample, face)."""
    r, z = (np.atleast_2d(check_faces(faces, axis)) for faces, axis in zip(faces_m, "rz", strict=True))
    return r, z

"""Solve heat conduction along one axis under a law that is passed in.

The input is checked and broadcast once, for all laws. A step is TR-BDF2 as a Runge-Kutta method: a trapezium over (2 -
sqrt 2) of the step, then BDF2 (Hosea and Shampine 1996). The law adds to conduction: perfusion by blood
(`heat.linear_conduction`), water that boils (`heat.boiling`), or blood whose flow stops (`damage.perfusion`).
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat.cells import INSULATED, NO_SOURCE, Cells, HeatSource, Material, RobinBoundary
from skinbeam.physics.numerics.arrays import broadcast_copy, require

__all__ = [
    "TR_BDF2_DIAGONAL",
    "TR_BDF2_WEIGHT",
    "HeatArrays1D",
    "HeatLaw",
    "HeatProblem1D",
    "conduct_1d",
    "series_conductance",
]

Array = NDArray[np.float64]
Found = TypeVar("Found", covariant=True)

TR_BDF2_WEIGHT: Final = math.sqrt(2.0) / 4.0  # of the first two stages
TR_BDF2_DIAGONAL: Final = 1.0 - math.sqrt(2.0) / 2.0  # of the last stage


class HeatProblem1D(NamedTuple):
    """Rows of cells with their boundary conditions and heat source in each step.

    Temperatures are in K, or differences of temperature where the law is linear.

    Parameters
    ----------
    cells : geometry; a single row serves all samples.
    material : (sample, cell). initial : (sample, cell) temperature. All following fields are broadcast, too.
    step_s : (step,) shared by all samples, or (sample, step).
    source : power density (sample, cell); share that is on (step,), or (sample, step) where pulses differ.
    surface : (sample, step) at face 0. bottom : (sample,) at the last face.
    record_cells : (record,) cells to record; all when left out.
    """

    cells: Cells
    material: Material
    initial: ArrayLike
    step_s: ArrayLike
    source: HeatSource = NO_SOURCE
    surface: RobinBoundary = INSULATED
    bottom: RobinBoundary = INSULATED
    record_cells: ArrayLike | None = None


class HeatArrays1D(NamedTuple):
    """A problem broadcast to full arrays for compiled code.

    Parameters
    ----------
    areas : (sample, cell + 1). volumes, half_widths : (sample, cell), as of `Cells`.
    conductivity, heat_capacity_vol, initial, power_density : (sample, cell) W/mK, J/m³K, K, W/m³.
    step_s, power_on, h_surface, outside_surface : (sample, step) s, a share, W/m²K, K.
    h_bottom, outside_bottom : (sample,) W/m²K, K.
    record : (record,) cells to record.
    """

    areas: Array
    volumes: Array
    half_widths: Array
    conductivity: Array
    heat_capacity_vol: Array
    initial: Array
    power_density: Array
    step_s: Array
    power_on: Array
    h_surface: Array
    outside_surface: Array
    h_bottom: Array
    outside_bottom: Array
    record: NDArray[np.int64]


class HeatLaw(Protocol[Found]):
    """Protocol of a law of heat: how cells store heat, and which processes act besides conduction."""

    @property
    def cell_properties(self) -> tuple[ArrayLike, ...]:
        """Return the properties of the law that are given for each cell, to be broadcast to (sample, cell)."""

    def solve(self, row: HeatArrays1D, cellwise: Sequence[Array]) -> Found:
        """Return temperatures after each step; `cellwise` holds the properties broadcast to (sample, cell).

        Raises
        ------
        ValueError : a number that no tissue has.
        """


def conduct_1d(problem: HeatProblem1D, law: HeatLaw[Found]) -> Found:
    """Check and broadcast a problem and solve it for every sample by a law.

    Raises
    ------
    ValueError : shapes that do not fit, a step, heat capacity or conductivity that is not positive, or as the law.
    """
    row, cellwise = _expand_problem(problem, law.cell_properties)
    return law.solve(row, cellwise)


def _expand_problem(march: HeatProblem1D, cellwise: Sequence[ArrayLike]) -> tuple[HeatArrays1D, list[Array]]:
    """Broadcast the problem to (sample, cell), (sample, step) or (sample,), and `cellwise` to (sample, cell)."""
    cells, source, surface, bottom = march.cells, march.source, march.surface, march.bottom
    steps = np.asarray(march.step_s, dtype=np.float64)
    require(steps.ndim in (1, 2), "step_s must be one duration a step, (step,) or (sample, step)", float(steps.ndim))
    require(np.isfinite(steps) & (steps > 0), "step_s must be positive, s", steps)
    n_step, n_cell = steps.shape[-1], cells.volumes.shape[1]
    cell_values = (*march.material, march.initial, source.power_density)
    n_sample = np.broadcast_shapes(cells.volumes.shape, *(np.shape(a) for a in (*cell_values, *cellwise)))[0]
    for stepwise in (steps, source.power_on, *surface):
        n_sample = np.broadcast_shapes((n_sample, n_step), np.shape(stepwise))[0]
    k, c, start, power = (broadcast_copy(a, n_sample, n_cell) for a in cell_values)
    require(np.isfinite(k) & (k > 0), "conductivity must be positive, W/mK", k)
    require(np.isfinite(c) & (c > 0), "heat capacity must be positive, J/m³K", c)
    row = HeatArrays1D(
        broadcast_copy(cells.areas, n_sample, n_cell + 1),
        broadcast_copy(cells.volumes, n_sample, n_cell),
        broadcast_copy(cells.half_widths, n_sample, n_cell),
        k,
        c,
        start,
        power,
        broadcast_copy(steps, n_sample, n_step),
        broadcast_copy(source.power_on, n_sample, n_step),
        broadcast_copy(surface.h, n_sample, n_step),
        broadcast_copy(surface.outside, n_sample, n_step),
        broadcast_copy(bottom.h, n_sample),
        broadcast_copy(bottom.outside, n_sample),
        np.arange(n_cell) if march.record_cells is None else np.array(march.record_cells, dtype=np.int64),
    )
    return row, [broadcast_copy(a, n_sample, n_cell) for a in cellwise]


@njit(cache=True, error_model="numpy")
def series_conductance(h: float, inside: float) -> float:  # pragma: no cover - compiled
    """Return the conductance of an outer film and of half a cell in series, W/m²K; h may be 0 or inf."""
    return 0.0 if h == 0.0 else 1.0 / (1.0 / h + 1.0 / inside)

"""One march of heat along one axis, whatever the law: what it is given, checked once, its ends and its steps.

A step is TR-BDF2 as a Runge-Kutta method: a trapezium to (2 - sqrt 2) of it, then BDF2 (Hosea and Shampine 1996). The
law says what takes part beside conduction: blood (`heat.linear`), water that boils (`heat.boiling`), blood whose flow
stops (`damage.perfusion`).
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
    """Rows of cells, and what happens to them in steps. Temperatures are in K, or differences where the law is linear.

    Parameters
    ----------
    cells : geometry; a single row serves all samples.
    material : (sample, cell). initial : (sample, cell) temperature. All that follows is broadcast, too.
    step_s : (step,) shared by all samples, or (sample, step).
    source : power density (sample, cell); what is on (step,), or (sample, step) where pulses differ.
    surface : (sample, step) at face 0. bottom : (sample,) at the last face.
    record_cells : (record,) cells to keep; all when left out.
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
    """A march in full size, as compiled code takes it.

    Parameters
    ----------
    areas : (sample, cell + 1). volumes, half_widths : (sample, cell), as of `Cells`.
    conductivity, heat_capacity_vol, initial, power_density : (sample, cell) W/mK, J/m³K, K, W/m³.
    step_s, power_on, h_surface, outside_surface : (sample, step) s, a share, W/m²K, K.
    h_bottom, outside_bottom : (sample,) W/m²K, K.
    record : (record,) cells to keep.
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
    """How cells hold heat, and what takes part beside conduction."""

    @property
    def cellwise(self) -> tuple[ArrayLike, ...]:
        """What the law says of each cell, broadcast to (sample, cell) with all else."""

    def solve(self, row: HeatArrays1D, cellwise: Sequence[Array]) -> Found:
        """Return temperatures after each step; `cellwise` in full size.

        Raises
        ------
        ValueError : a number that no tissue has.
        """


def conduct_1d(march: HeatProblem1D, law: HeatLaw[Found]) -> Found:
    """Return what becomes of every sample by a law.

    Raises
    ------
    ValueError : shapes that do not fit, a step, heat capacity or conductivity that is not positive, or as the law.
    """
    row, cellwise = _expand_problem(march, law.cellwise)
    return law.solve(row, cellwise)


def _expand_problem(march: HeatProblem1D, cellwise: Sequence[ArrayLike]) -> tuple[HeatArrays1D, list[Array]]:
    """All that is broadcast to (sample, cell), (sample, step) or (sample,), and `cellwise` with it."""
    cells, source, surface, bottom = march.cells, march.source, march.surface, march.bottom
    steps = np.asarray(march.step_s, dtype=np.float64)
    require(steps.ndim in (1, 2), "step_s must be one duration a step, (step,) or (sample, step)", float(steps.ndim))
    require(np.isfinite(steps) & (steps > 0), "step_s must be positive, s", steps)
    n_step, n_cell = steps.shape[-1], cells.volumes.shape[1]
    each = (*march.material, march.initial, source.power_density)
    n_sample = np.broadcast_shapes(cells.volumes.shape, *(np.shape(a) for a in (*each, *cellwise)))[0]
    for stepwise in (steps, source.power_on, *surface):
        n_sample = np.broadcast_shapes((n_sample, n_step), np.shape(stepwise))[0]
    k, c, start, power = (broadcast_copy(a, n_sample, n_cell) for a in each)
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
    """Conductance of an outer film and of half a cell in series, W/m²K; h may be 0 or inf."""
    return 0.0 if h == 0.0 else 1.0 / (1.0 / h + 1.0 / inside)

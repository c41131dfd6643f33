"""Heat conduction in three dimensions on a graphics card, with one thread to a cell.

Stages and sums are those of the processor. States stay on the card; the heat that entered, the error and the recorded
temperatures are copied back. Steps are explicit only, so that a step is never longer than the largest number of stages
allows. Sums over threads have no fixed order: two runs agree to the rounding of double precision, not to the bit.

This module needs numba-cuda; with NUMBA_ENABLE_CUDASIM=1 in the environment it runs in its simulator.
"""

from typing import Any, Final

import numpy as np
from numba import config, cuda
from numpy.typing import NDArray

from skinbeam.physics.heat.problem import IntervalConditions
from skinbeam.physics.heat.surface_exchange import surface_flux
from skinbeam.physics.heat.three_dimensional import HeatEngine
from skinbeam.physics.heat.three_dimensional_kernels import STAGE, STEP_ERROR, Body3D

__all__ = ["CudaHeatEngine"]

Array = NDArray[np.float64]

BLOCK: Final = 4 if config.ENABLE_CUDASIM else 256  # the simulator runs each thread as a Python thread
_OPTIONS = {} if config.ENABLE_CUDASIM else {"cache": True}
_surface_flux = cuda.jit(device=True)(surface_flux.py_func)


@cuda.jit(device=True)
def _temperature(energy, per_store, boiling, boils, i, m):  # type: ignore[no-untyped-def]
    """Return the temperature of a cell."""
    e = energy[i, m]
    if boils:
        taken = boiling[1, i, m] * (e - boiling[0, i, m])
        e += boiling[3, i, m] * max(taken - boiling[2, i, m], 0.0) - min(max(taken, 0.0), boiling[2, i, m])
    return e * per_store[i, m]


@cuda.jit(**_OPTIONS)
def _stage_kernel(  # type: ignore[no-untyped-def]
    kind, nz, gx, gy, gz, inside, area, bottom, per_store, power, boiling, boils, below, on, h, outside,
    c, y, w, rates, out, sums,
):  # fmt: skip
    n = cuda.grid(1)
    planes, cells = w.shape
    if n >= planes * cells:
        return
    i, m = n // cells, n % cells
    j, k = m // nz, m % nz
    t = _temperature(w, per_store, boiling, boils, i, m)
    f = on * power[i, m]
    if i > 0:
        f += gx[i, m] * (_temperature(w, per_store, boiling, boils, i - 1, m) - t)
    if i + 1 < planes:
        f += gx[i + 1, m] * (_temperature(w, per_store, boiling, boils, i + 1, m) - t)
    if m >= nz:
        f += gy[i, m] * (_temperature(w, per_store, boiling, boils, i, m - nz) - t)
    if m + nz < cells:
        f += gy[i, m + nz] * (_temperature(w, per_store, boiling, boils, i, m + nz) - t)
    if k > 0:
        f += gz[i, m] * (_temperature(w, per_store, boiling, boils, i, m - 1) - t)
    else:
        enters = area[i, j] * _surface_flux(t, inside[i, j], h, outside)[0]
        f += enters
        cuda.atomic.add(sums, 0, enters)
    if k + 1 < nz:
        f += gz[i, m + 1] * (_temperature(w, per_store, boiling, boils, i, m + 1) - t)
    else:
        enters = bottom[i, j] * (below - t)
        f += enters
        cuda.atomic.add(sums, 1, enters)
    if kind == STAGE:
        out[i, m] = c[0] * y[i, m] + c[1] * w[i, m] + c[2] * out[i, m] + c[3] * f + c[4] * rates[i, m]
    else:
        out[i, m] = f
    if kind == STEP_ERROR:
        error = abs(0.8 * (y[i, m] - w[i, m]) + c[0] * (rates[i, m] + f)) * per_store[i, m]
        if boils:
            error *= max(1.0 + boiling[1, i, m] * boiling[3, i, m], 1.0)
        cuda.atomic.max(sums, 2, error)


@cuda.jit(**_OPTIONS)
def _first_stage_kernel(m, y, rates, w, v):  # type: ignore[no-untyped-def]
    n = cuda.grid(1)
    planes, cells = w.shape
    if n < planes * cells:
        i, j = n // cells, n % cells
        v[i, j] = y[i, j]
        w[i, j] = y[i, j] + m * rates[i, j]


class CudaHeatEngine(HeatEngine):
    """Explicit time steps on a graphics card."""

    has_implicit_steps = False

    def __init__(self, body: Body3D, energy: Array) -> None:
        super().__init__(body, energy)
        b = body
        self._y, self._w, self._v, self._rates, self._trial_rates = (
            cuda.to_device(a) for a in (self._y, self._w, self._v, self._rates, self._trial_rates)
        )
        fields = b.gx, b.gy, b.gz, b.inside, b.area, b.bottom, b.per_store, b.power, b.boiling
        self._fields = [cuda.to_device(field) for field in fields]
        self._nz = energy.shape[1] // b.area.shape[1]
        self._blocks = (energy.size + BLOCK - 1) // BLOCK

    def energy(self) -> Array:
        """Copy the enthalpies of the state from the card, J."""
        on_card: Any = self._y
        result: Array = on_card.copy_to_host()
        return result

    def _start(self, m: float, w: Array, v: Array) -> None:
        _first_stage_kernel[self._blocks, BLOCK](m, self._y, self._rates, w, v)

    def _stage(
        self, kind: int, now: IntervalConditions, c: tuple[float, ...], y: Array, w: Array, rates: Array, out: Array
    ) -> tuple[float, float, float]:
        b = self.body
        sums, coefficients = cuda.to_device(np.zeros(3)), cuda.to_device(np.array([*c, *[0.0] * (5 - len(c))]))
        _stage_kernel[self._blocks, BLOCK](
            kind, self._nz, *self._fields, b.boils, b.bottom_K, *now, coefficients, y, w, rates, out, sums
        )
        top, bottom, error = sums.copy_to_host()
        return float(top), float(bottom), float(error)

"""What takes steps of heat in three dimensions: states and the ways in which the processor moves them on.

An engine holds a state, and a step leads to a trial beside it that is accepted or left. States are (x, y * z).
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.heat.xyz_lines import advance, along_lines, films, stores_xyz
from skinbeam.physics.heat.xyz_stage import FLOWS, JUDGE, STAGE, opening, stage
from skinbeam.physics.kernel.chebyshev import COEFFICIENTS

__all__ = ["Body", "Engine", "Now", "Taken"]

Array = NDArray[np.float64]
Singles = NDArray[np.float32]

_A: Final = 1.0 - math.sqrt(0.5)


@dataclass(frozen=True)
class Body:
    """One skin.

    Parameters
    ----------
    gx, gy, gz : conductances of the faces before each cell, W/K: (x + 1, y * z), (x, (y + 1) * z), (x, y * z + 1); a
        face at an end of the grid conducts nothing.
    inside, area, bottom : (x, y) conductance from the first centre to the surface, W/m²K; area, m²; conductance from
        the last centre to the last face where that is held at `below`, else 0, W/K.
    store, power : (x, y * z) J/K, W.
    boiling : (3, x, y * z) start, share and latent heat of (enthalpy 1), or (3, 1, y * z) where nothing boils.
    table : of (surface 1).
    """

    gx: Singles
    gy: Singles
    gz: Singles
    inside: Array
    area: Array
    bottom: Array
    store: Array
    per_store: Array
    power: Array
    boiling: Array
    boils: bool
    table: Array
    below: float

    @property
    def nz(self) -> int:
        """Cells of a row along z."""
        return self.store.shape[1] // self.area.shape[1]


class Now(NamedTuple):
    """What is switched during an interval: share of the power, film W/m²K, temperature outside K."""

    on: float
    h: float
    outside: float


class Taken(NamedTuple):
    """What entered during a step through top and bottom, J, and the estimated error, K."""

    top: float
    bottom: float
    error: float


class Engine:
    """Steps on the processor; `along_lines` says whether it has the steps of (heat 6)."""

    along_lines = True

    def __init__(self, body: Body, energy: Array) -> None:
        self.body = body
        self._y = energy.copy()
        self._w, self._v, self._rates, self._trial_rates, self._flow = (np.zeros_like(energy) for _ in range(5))
        self._ends = self._trial_ends = (0.0, 0.0)

    def switch(self, now: Now) -> None:
        """Find the flows of the state under what is now on."""
        self._ends = self._stage(FLOWS, now, (), self._y, self._y, self._rates, self._rates)[:2]

    def explicit(self, dt: float, stages: int, now: Now) -> Taken:
        """Take a step by (chebyshev 1)."""
        newest, other, table = self._w, self._v, COEFFICIENTS[stages]
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
        top, bottom, error = self._stage(JUDGE, now, (0.4 * dt,), self._y, newest, self._rates, self._trial_rates)
        self._trial_ends = top, bottom
        return Taken(heat[0], heat[1], error)

    def implicit(self, dt: float, now: Now) -> Taken:
        """Take a step by (heat 6)."""
        b, y, w, k1, k2 = self.body, self._y, self._w, self._v, self._trial_rates
        store = b.store
        if b.boils:
            store = self._flow
            stores_xyz(y, b.store, b.boiling, store)
        film, top_cell = np.empty_like(b.area), np.ascontiguousarray(self.temperatures()[:, :: b.nz])
        films(top_cell, b.inside, b.area, now.h, now.outside, b.table, film)
        k1[:] = self._rates
        mend = along_lines(_A * dt, b.nz, b.gx, b.gy, b.gz, film, b.bottom, store, k1)
        first = [self._ends[n] + mend[n] for n in range(2)]
        advance(y, store, dt, k1, 0.0, k1, w)
        ends = self._stage(FLOWS, now, (), w, w, k2, k2)
        advance(k2, store, -2.0, k1, 0.0, k1, k2)
        mend = along_lines(_A * dt, b.nz, b.gx, b.gy, b.gz, film, b.bottom, store, k2)
        second = [ends[n] - 2.0 * first[n] + mend[n] for n in range(2)]
        error = dt / 2 * advance(y, store, 1.5 * dt, k1, 0.5 * dt, k2, w)
        top, bottom = (dt * (1.5 * first[n] + 0.5 * second[n]) for n in range(2))
        self._trial_ends = self._stage(FLOWS, now, (), w, w, k2, k2)[:2]
        return Taken(top, bottom, error)

    def accept(self) -> None:
        """Take the trial as the state."""
        self._y, self._w = self._w, self._y
        self._rates, self._trial_rates = self._trial_rates, self._rates
        self._ends = self._trial_ends

    def energy(self) -> Array:
        """Return the state, J."""
        return self._y

    def temperatures(self) -> Array:
        """Return the temperature of every cell of the state, K."""
        b, energy = self.body, self.energy()
        if b.boils:
            energy = energy - np.clip(b.boiling[1] * (energy - b.boiling[0]), 0.0, b.boiling[2])
        result: Array = energy * b.per_store
        return result

    def _start(self, m: float, w: Array, v: Array) -> None:
        opening(m, self._y, self._rates, w, v)

    def _stage(
        self, kind: int, now: Now, c: tuple[float, ...], y: Array, w: Array, rates: Array, out: Array
    ) -> tuple[float, float, float]:
        b = self.body
        return stage(
            kind, b.nz, b.gx, b.gy, b.gz, b.inside, b.area, b.bottom, b.per_store, b.power, b.boiling, b.boils, b.table,
            b.below, *now, np.array([*c, *[0.0] * (5 - len(c))]), y, w, rates, out,
        )  # fmt: skip

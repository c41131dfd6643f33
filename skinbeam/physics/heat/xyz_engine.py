"""What takes steps of heat in three dimensions: states and the ways in which the processor moves them on.

An engine holds a state, and a step leads to a trial beside it that is accepted or left. States are (x, y * z).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.heat.problem import Now
from skinbeam.physics.heat.xyz_lines import advance, along_lines, films, stores_xyz
from skinbeam.physics.heat.xyz_stage import FLOWS, JUDGE, STAGE, Body, opening, stage
from skinbeam.physics.kernel.chebyshev import COEFFICIENTS
from skinbeam.physics.kernel.pace import SPLIT

__all__ = ["Engine", "Taken"]

Array = NDArray[np.float64]


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
        film, top_cell = (
            np.empty_like(b.area),
            np.ascontiguousarray(self.temperatures()[:, :: b.store.shape[1] // b.area.shape[1]]),
        )
        films(top_cell, b, now, film)
        k1[:] = self._rates
        mend = along_lines(SPLIT * dt, b, film, store, k1)
        first = [self._ends[n] + mend[n] for n in range(2)]
        advance(y, store, dt, k1, 0.0, k1, w)
        ends = self._stage(FLOWS, now, (), w, w, k2, k2)
        advance(k2, store, -2.0, k1, 0.0, k1, k2)
        mend = along_lines(SPLIT * dt, b, film, store, k2)
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
            start, share, latent, gain = b.boiling
            taken = share * (energy - start)
            energy = energy - np.clip(taken, 0.0, latent) + gain * np.maximum(taken - latent, 0.0)
        result: Array = energy * b.per_store
        return result

    def _start(self, m: float, w: Array, v: Array) -> None:
        opening(m, self._y, self._rates, w, v)

    def _stage(
        self, kind: int, now: Now, c: tuple[float, ...], y: Array, w: Array, rates: Array, out: Array
    ) -> tuple[float, float, float]:
        coefficients = np.array([*c, *[0.0] * (5 - len(c))])
        return stage(kind, self.body, now, coefficients, y, w, rates, out)

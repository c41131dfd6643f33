"""What flows into the cells about an axis from their neighbours, from light, and through the surface and the bottom.

Finite volumes of (heat 5): conductances of the faces between cells, and of half a cell at both ends of the depths. All
cells lie in one long line, ring after ring, so that a cell's four neighbours are at fixed distances, and the flows are
a single loop, which becomes vector instructions.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.heat.enthalpy import temperatures
from skinbeam.physics.heat.problem import Given, Now
from skinbeam.physics.heat.surface import surface
from skinbeam.physics.kernel.layout import OPTIONS
from skinbeam.physics.kernel.pace import FAST

__all__ = ["Body", "body_of", "fastest_decay", "rates_of"]

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _conductances(r: Array, z: Array, k: Array, fixed: bool) -> tuple[Array, Array]:  # pragma: no cover - compiled
    """Conductance of the faces before each ring, (r + 1, z), and above each depth, (r, z + 1), W/K; 0 if insulated."""
    rings, depths = k.shape
    out, down = np.zeros((rings + 1, depths)), np.zeros((rings, depths + 1))
    for i in range(rings):
        area, half = np.pi * (r[i + 1] ** 2 - r[i] ** 2), (r[i + 1] - r[i]) / 2
        for j in range(depths):
            thick = z[j + 1] - z[j]
            if i > 0:
                before = (r[i] - r[i - 1]) / 2
                out[i, j] = 2 * np.pi * r[i] * thick / (before / k[i - 1, j] + half / k[i, j])
            if j > 0:
                down[i, j] = area / ((z[j] - z[j - 1]) / 2 / k[i, j - 1] + thick / 2 / k[i, j])
        if fixed:
            down[i, depths] = area * k[i, depths - 1] / ((z[depths] - z[depths - 1]) / 2)
    return out, down


class Body(NamedTuple):
    """One sample: conductances W/K, light W, what cells hold, and the half cells below the surface."""

    out: Array
    down: Array
    along: Array  # of `down` between cells, ring after ring; 0 where a ring ends
    power: Array
    store: Array
    per_store: Array
    most_per_store: Array  # where it is dried, too
    start: Array
    share: Array
    latent: Array
    gain: Array
    boils: bool
    inside: Array  # W/m²K
    area: Array  # m²
    table: Array
    below: float


@njit(fastmath=FAST, **OPTIONS)
def _flows(
    on: float,
    light: Array,
    here: Array,
    inner: Array,
    outer: Array,
    above: Array,
    below: Array,
    to_inner: Array,
    to_outer: Array,
    to_above: Array,
    to_below: Array,
    flow: Array,
) -> None:  # pragma: no cover - compiled
    """Write what flows into each cell from its neighbours and from light, W; not what crosses top and bottom."""
    for i in range(len(flow)):
        t = here[i]
        f = on * light[i] + to_inner[i] * (inner[i] - t) + to_outer[i] * (outer[i] - t)
        flow[i] = f + to_above[i] * (above[i] - t) + to_below[i] * (below[i] - t)


@njit(cache=True)
def rates_of(
    energy: Array,
    body: Body,
    now: Now,
    t: Array,
    flow: Array,
    film: Array,
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Write temperatures, flows and the conductance of the film, W/K; return what enters at top and bottom, W.

    `t` is (1 + ring + 1, depth): the first and the last row are next to no cell that conducts to them.
    """
    rings, depths = energy.shape
    n, last = energy.size, depths - 1
    one = 1, n
    temperatures(
        energy.reshape(one),
        body.per_store.reshape(one),
        body.start.reshape(one),
        body.share.reshape(one),
        body.latent.reshape(one),
        body.gain.reshape(one),
        body.boils,
        t[1:-1].reshape(one),
    )
    line, out = t.ravel(), body.out.ravel()
    _flows(
        now.on,
        body.power.ravel(),
        line[depths : depths + n],
        line[:n],
        line[2 * depths :],
        line[last : last + n],
        line[depths + 1 : depths + 1 + n],
        out[:n],
        out[depths:],
        body.along[:n],
        body.along[1:],
        flow.ravel(),
    )
    top = bottom = 0.0
    for i in range(rings):
        flux, slope, _ = surface(t[i + 1, 0], body.inside[i], now.h, now.outside, body.table)
        up = body.down[i, depths] * (body.below - t[i + 1, last])
        film[i] = body.area[i] * slope
        flow[i, 0] += body.area[i] * flux
        flow[i, last] += up
        top += body.area[i] * flux
        bottom += up
    return top, bottom


@njit(cache=True, error_model="numpy")
def body_of(r: Array, z: Array, posed: Given, s: int) -> Body:  # pragma: no cover - compiled
    """Return one sample of a problem from its faces, m."""
    k, store = posed.conductivity[s], posed.store[s]
    out, down = _conductances(r, z, k, posed.fixed)
    inside = k[:, 0] / ((z[1] - z[0]) / 2)
    area = np.pi * (r[1:] ** 2 - r[:-1] ** 2)
    along = np.zeros(k.size + 1)
    for i in range(len(k)):
        along[i * k.shape[1] + 1 : (i + 1) * k.shape[1]] = down[i, 1:-1]
    per_store, share, gain = 1.0 / store, posed.share[s], posed.gain[s]
    most = per_store * np.maximum(1.0 + share * gain, 1.0)
    return Body(
        out, down, along, posed.power[s], store, per_store, most, posed.start[s], share, posed.latent[s], gain,
        posed.boils, inside, area, posed.table, posed.below[s],
    )  # fmt: skip


@njit(cache=True)
def fastest_decay(body: Body) -> float:  # pragma: no cover - compiled
    """Bound of the largest rate of decay, 1/s, whatever the film: by Gershgorin's circles."""
    rings, depths = body.store.shape
    worst = 0.0
    for i in range(rings):
        for j in range(depths):
            g = body.out[i, j] + body.out[i + 1, j] + body.down[i, j + 1]
            g += body.area[i] * body.inside[i] if j == 0 else body.down[i, j]
            worst = max(worst, 2.0 * g * body.most_per_store[i, j])
    return worst

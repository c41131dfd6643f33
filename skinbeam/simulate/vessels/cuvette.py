"""Blood in a cuvette that absorbs more as it heats, as that in vessels does: the light in it follows its temperature.

Blood absorbs far more than it scatters, so light is lost along its way as absorption says: what blood in layers of
warm and cold absorbs is what as much cold blood would, with each depth counted in what lies above it,

    power between z1 and z2 = A(s(z2)) - A(s(z1)),   s(z) = integral of mu_a(T) / mu_a,cold dz    (cuvette 1)

with A what cold blood absorbs down to a depth, of which scattering is part. No energy is lost by it. Heat flows along
the depth alone.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.heat.linear import Linear
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import Film, Source
from skinbeam.simulate.light.illumination import Line
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.vessels.hot_blood import heated_factor, heated_mua, why_unheated

__all__ = ["cuvette_at", "is_hot_cuvette"]

Floats = NDArray[np.float64]


def is_hot_cuvette(response: Response) -> bool:
    """Whether a response is of blood in a cuvette whose absorption rises as it heats."""
    lit_blood = response.layers == ["blood"] and response.lit is not None
    return lit_blood and response.heated_blood and why_unheated(response) is None


def cuvette_at(response: Response, dose: Floats | float) -> Response:
    """Return the response at a dose, one or (sample,) J/m², divided by it: it holds there alone.

    The light is that which heats on average over the pulse. What is no cuvette of such blood comes back as it is.
    """
    if not is_hot_cuvette(response):
        return response
    lit, plan, grid = response.lit, response.schedule, response.grid
    assert lit is not None  # as it is lit blood
    each = np.broadcast_to(np.asarray(dose, dtype=np.float64), (response.skins.sizes["sample"],))[:, None]
    rise = np.zeros(grid.centres.shape)
    surface, steps = [np.zeros(len(each))], [rise]
    energy = np.zeros((len(lit.lines), *rise.shape))
    material = grid.material(response.heat)
    for step, seconds in enumerate(plan.step_s):
        on = plan.power_on[..., step : step + 1]
        ahead = rise
        # Once with the temperature at the start of the step, once with that half way through it.
        for _ in range(2 if np.any(on) else 1):
            power = _absorbed(response, response.base_K[:, step] + (rise + ahead) / 2)
            source = Source(power.sum(axis=0) * _heated(response) * each / plan.pulse_s, on)
            film = Film(response.met.h_W_m2K[..., step : step + 1], np.zeros((1, 1)))
            march = March(grid.cells, material, rise, np.array([seconds]), source, film, grid.bottom(0 * each[:, 0]))
            history = conduct(march, Linear())
            ahead = np.maximum(history.recorded[:, 1], 0.0)
        rise = ahead
        energy += power * on * seconds / plan.pulse_s
        steps.append(rise)
        surface.append(np.maximum(history.surface[:, 1], 0.0))
    lines = tuple(_shining(line, energy[i], grid.layer) for i, line in enumerate(lit.lines))
    return replace(
        response,
        lit=replace(lit, lines=lines),
        unit_K=np.stack(steps, axis=1) / each[..., None],
        surface_unit_K=np.stack(surface, axis=1) / each,
    )


def _absorbed(response: Response, temperature_K: Floats) -> Floats:
    """What blood of a temperature in each cell absorbs of each line per depth, (line, sample, cell), 1/m."""
    assert response.lit is not None  # asked of lit blood
    skins, widths = response.skins, response.grid.widths
    haematocrit, oxygenation = (skins[f"blood_{name}"].to_numpy()[:, None] for name in ("haematocrit", "oxygenation"))
    factor = heated_factor(response, temperature_K)
    parts = []
    for line in response.lit.lines:
        hot, cold = (
            heated_mua(line.wavelength_nm, haematocrit, oxygenation, one) for one in (factor, np.ones_like(factor))
        )
        depth, seen = (_down(values * widths) for values in (np.ones_like(widths), hot / cold))
        within = _down(line.share * line.optics.mua[:, response.grid.layer] * line.light.fluence_rate_ratio * widths)
        taken = np.stack([np.interp(s, z, a) for s, z, a in zip(seen, depth, within, strict=True)])
        parts.append(np.diff(taken, axis=1) / widths)
    return np.stack(parts)


def _down(values: Floats) -> Floats:
    """Sum of the cells above each face, (sample, face)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _heated(response: Response) -> Floats | float:
    """Share of what is absorbed that heats, (sample, 1)."""
    assert response.lit is not None  # asked of lit blood
    return 1.0 if response.lit.heated_share is None else response.lit.heated_share[:, None]


def _shining(line: Line, absorbed: Floats, layer: NDArray[np.int64]) -> Line:
    """A line with the light that cold blood would have to absorb as much from."""
    ratio = absorbed / (line.share * line.optics.mua[:, layer])
    return replace(line, light=replace(line.light, fluence_rate_ratio=ratio))

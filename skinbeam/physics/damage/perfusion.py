"""Heat in tissue whose blood flow stops where it is damaged.

    c dT/dt = div(k grad T) + q - p0 exp(-Omega) (T - T_blood)                                  (perfusion 1)

with p0 the exchange at rest (`heat`, equation 1) and Omega the damage to the vessels. Flow changes only as Omega grows,
over seconds, so it is held while the march goes on and taken anew as soon as it has fallen by two per cent of what it
was anywhere: the flow lags by less than that. Where nothing is damaged the march is one linear solution.

Hyperaemia is left out: the skin's flow rises 15 to 20 times at 43 °C, but over many minutes (Song et al. 1990), and no
source gives its course. Without it blood takes away less heat, and burns come sooner.

Times are in a ratio of their own for each sample, so that every sample can be exposed for a time of its own.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, fastest_growth, omega_growth
from skinbeam.physics.heat.cells import Cells
from skinbeam.physics.heat.linear import conduct

__all__ = ["Perfused", "conduct_perfused", "rest_profile"]

Array = NDArray[np.float64]

LAG: Final = 0.02  # of the flow
WINDOW: Final = 32  # steps marched at most before the flow is looked at
STILL: Final = 20.0  # damage from which on what flow is left, 2e-9, changes nothing
STEADY_S: Final = 1e12  # a step in which an L-stable method forgets where it began


class Perfused(NamedTuple):
    """Temperatures of all cells, (sample, time, cell), and of the surface, (sample, time), in K; Omega of the vessels
    at the end, (sample, cell), too high by at most `LAG` / 10 for each window in which hardly any of a cell is damaged,
    and by any amount beyond `STILL`."""

    cells: Array
    surface: Array
    damage: Array


def rest_profile(
    cells: Cells,
    *,
    conductivity: Array,
    perfusion: Array,
    surface_K: ArrayLike,
    blood_K: ArrayLike,
    h_bottom: ArrayLike = np.inf,
) -> Array:
    """Return the temperature of tissue at rest, (sample, cell), K: the steady state of (perfusion 1).

    The surface has its own temperature; what lies below the last face has that of the blood.

    Parameters
    ----------
    conductivity, perfusion : (sample, cell) W/mK and W/m³K.
    surface_K, blood_K : (sample,)
    """
    surface = np.asarray(surface_K, dtype=np.float64)
    found = conduct(
        cells,
        conductivity=conductivity,
        heat_capacity_vol=1.0,
        initial=surface[:, None],
        step_s=[STEADY_S],
        h_surface=np.inf,
        outside_surface=surface[:, None],
        h_bottom=h_bottom,
        outside_bottom=blood_K,
        perfusion=perfusion,
        blood_temperature=blood_K,
        record_cells=[0],
    )
    return found.final


def conduct_perfused(
    cells: Cells,
    *,
    conductivity: Array,
    heat_capacity_vol: Array,
    initial: Array,
    step_s: Array,
    perfusion: Array,
    blood_K: Array,
    stops: Kinetics,
    power_density: ArrayLike = 0.0,
    power_on: ArrayLike = 1.0,
    h_surface: ArrayLike = 0.0,
    outside_surface: ArrayLike = 0.0,
    h_bottom: ArrayLike = 0.0,
    outside_bottom: ArrayLike = 0.0,
) -> Perfused:
    """Solve (perfusion 1) for every sample; arguments as of `heat.conduct`.

    Parameters
    ----------
    step_s : (step,) or (sample, step).
    perfusion : (sample, cell) at rest, W/m³K.
    stops : processes that damage the vessels.

    Raises
    ------
    ValueError : as `conduct`.
    """
    now = np.array(initial, dtype=np.float64)
    n_sample, n_cell = now.shape
    steps = np.broadcast_to(np.asarray(step_s, dtype=np.float64), (n_sample, np.shape(step_s)[-1]))
    n_step = steps.shape[1]
    on = np.broadcast_to(np.asarray(power_on, dtype=np.float64), (n_sample, n_step))
    top, outside = (np.broadcast_to(np.asarray(a), (n_sample, n_step)) for a in (h_surface, outside_surface))
    flows = np.flatnonzero(perfusion.max(axis=0) > 0)
    damage = np.zeros((n_sample, n_cell))
    history, surface = np.empty((n_sample, n_step + 1, n_cell)), np.empty((n_sample, n_step + 1))
    history[:, 0], surface[:, 0] = now, now[:, 0]
    done, window = 0, WINDOW if flows.size else n_step
    while done < n_step:
        ahead = slice(done, min(done + window, n_step))
        found = conduct(
            cells,
            conductivity=conductivity,
            heat_capacity_vol=heat_capacity_vol,
            initial=now,
            step_s=steps[:, ahead],
            power_density=power_density,
            power_on=on[:, ahead],
            h_surface=top[:, ahead],
            outside_surface=outside[:, ahead],
            h_bottom=h_bottom,
            outside_bottom=outside_bottom,
            perfusion=perfusion * np.exp(-damage),
            blood_temperature=blood_K,
        )
        kept, grown = _while_it_flows(found.recorded[:, :, flows], steps[:, ahead], damage[:, flows], stops)
        damage[:, flows] = grown
        history[:, done + 1 : done + kept + 1] = found.recorded[:, 1 : kept + 1]
        surface[:, done + 1 : done + kept + 1] = found.surface[:, 1 : kept + 1]
        done += kept
        now = history[:, done]
        # What is marched beyond the step at which the flow has fallen is lost.
        window = min(max(2 * kept, 4), WINDOW)
    return Perfused(history, surface, damage)


def _while_it_flows(history: Array, steps: Array, before: Array, stops: Kinetics) -> tuple[int, Array]:
    """How many steps pass until the flow has fallen by `LAG` somewhere, at least one, and the damage by then."""
    if not before.size:
        return steps.shape[1], before
    bound = fastest_growth(history.max(axis=1), stops) * steps.sum(axis=1)[:, None]
    # Where the bound stands for the growth, the flow is ahead of the damage by less than a tenth of its lag.
    followed = np.flatnonzero((bound.max(axis=0) >= LAG / 10) & (before.min(axis=0) < STILL))
    after = before + bound
    if not followed.size:
        return steps.shape[1], after
    growth = np.cumsum(omega_growth(history[:, :, followed], steps, stops), axis=1)
    damage = before[:, None, followed] + growth
    lost = (np.exp(-before[:, followed])[:, None] - np.exp(-damage)).max(axis=(0, 2))
    kept = int(np.argmax(lost > LAG)) + 1 if lost[-1] > LAG else steps.shape[1]
    after[:, followed] = damage[:, kept - 1]
    return kept, after

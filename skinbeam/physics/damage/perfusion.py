"""Heat conduction in tissue whose blood flow stops where the tissue is damaged.

    c dT/dt = div(k grad T) + q - p0 exp(-Omega) (T - T_blood)                                  (perfusion 1)

with p0 the perfusion at rest (p of (heat 1)) and Omega the damage to the vessels. Flow changes only as Omega grows,
over seconds, so it is held constant over a window of steps and updated as soon as it has fallen anywhere by two per
cent of its value at rest: the flow lags by less than that. Where nothing is damaged the whole history is one linear
solution.

Hyperaemia is left out: the skin's flow rises 15 to 20 times at 43 °C, but over many minutes (Song et al. 1990), and no
source gives its course. Without it blood takes away less heat, and burns occur sooner.

The time steps may differ between samples, so that every sample can have an exposure time of its own.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, omega_growth, omega_rate_bound
from skinbeam.physics.heat.cells import NO_SOURCE, Cells, Material, RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatArrays1D, HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction

__all__ = ["DamageLimitedPerfusion", "PerfusedHistory", "steady_state_profile"]

Array = NDArray[np.float64]

FLOW_LAG: Final = 0.02  # of the flow
MAX_WINDOW_STEPS: Final = 32  # largest number of steps between updates of the flow
NO_FLOW_OMEGA: Final = 20.0  # damage beyond which the remaining flow, 2e-9, has no effect
STEADY_S: Final = 1e12  # a step so long that an L-stable method reaches the steady state


class PerfusedHistory(NamedTuple):
    """Temperatures and damage of the vessels.

    Parameters
    ----------
    cell_temperature : (sample, time, record) temperature of the recorded cells, K.
    surface : (sample, time) temperature of the surface, K.
    damage : (sample, cell) Omega of the vessels at the end. It is too high by at most `FLOW_LAG` / 10 for each window
        in which hardly any of a cell is damaged, and by any amount beyond `NO_FLOW_OMEGA`.
    """

    cell_temperature: Array
    surface: Array
    damage: Array


class DamageLimitedPerfusion(NamedTuple):
    """Perfusion that falls with damage to the vessels, as in (perfusion 1).

    Parameters
    ----------
    perfusion : (sample, cell) at rest, W/m³K.
    blood : (sample,) temperature, K.
    vessel_kinetics : processes that damage the vessels.
    """

    perfusion: ArrayLike
    blood: ArrayLike
    vessel_kinetics: Kinetics

    @property
    def cell_properties(self) -> tuple[ArrayLike, ...]:
        """Return the properties that are given for each cell: the perfusion."""
        return (self.perfusion,)

    def solve(self, row: HeatArrays1D, cellwise: Sequence[Array]) -> PerfusedHistory:
        """Solve (perfusion 1) with (heat 2)."""
        (perfusion,), now = cellwise, row.initial
        n_sample, n_cell = now.shape
        n_step = row.step_s.shape[1]
        whole = row._replace(record=np.arange(n_cell))
        flows = np.flatnonzero(perfusion.max(axis=0) > 0)
        damage = np.zeros((n_sample, n_cell))
        history, surface = np.empty((n_sample, n_step + 1, n_cell)), np.empty((n_sample, n_step + 1))
        history[:, 0], surface[:, 0] = now, now[:, 0]
        done, window = 0, MAX_WINDOW_STEPS if flows.size else n_step
        while done < n_step:
            ahead = slice(done, min(done + window, n_step))
            part = _select_steps(whole, ahead)._replace(initial=np.ascontiguousarray(history[:, done]))
            flow = perfusion * np.exp(-damage)
            found = LinearConduction(flow, self.blood).solve(part, [flow])
            valid_steps, grown = _steps_until_flow_falls(
                found.cell_temperature[:, :, flows], part.step_s, damage[:, flows], self.vessel_kinetics
            )
            damage[:, flows] = grown
            history[:, done + 1 : done + valid_steps + 1] = found.cell_temperature[:, 1 : valid_steps + 1]
            surface[:, done + 1 : done + valid_steps + 1] = found.surface[:, 1 : valid_steps + 1]
            done += valid_steps
            # Steps computed beyond the one at which the flow has fallen are discarded, so the window is kept short.
            window = min(max(2 * valid_steps, 4), MAX_WINDOW_STEPS)
        return PerfusedHistory(history[:, :, row.record], surface, damage)


def steady_state_profile(
    cells: Cells, material: Material, flow: LinearConduction, surface_K: ArrayLike, bottom: RobinBoundary
) -> Array:
    """Return the steady-state temperature of tissue, (sample, cell), K, by (perfusion 1) without damage or light.

    Parameters
    ----------
    flow : perfusion at rest.
    surface_K : (sample,) fixed temperature of the surface.
    """
    surface = np.asarray(surface_K, dtype=np.float64)[:, None]
    # The heat capacity does not affect the steady state.
    still = material._replace(heat_capacity_vol=1.0)
    march = HeatProblem1D(cells, still, surface, [STEADY_S], NO_SOURCE, RobinBoundary(np.inf, surface), bottom, [0])
    return conduct_1d(march, flow).final


def _select_steps(row: HeatArrays1D, which: slice) -> HeatArrays1D:
    """Return a part of the time steps of a problem."""
    names = "step_s", "power_on", "h_surface", "outside_surface"
    return row._replace(**{name: np.ascontiguousarray(getattr(row, name)[:, which]) for name in names})


def _steps_until_flow_falls(history: Array, steps: Array, before: Array, stops: Kinetics) -> tuple[int, Array]:
    """Return the number of steps, at least one, until the flow has fallen by `FLOW_LAG`, and the damage by then.

    The flow is checked in every cell of every sample.
    """
    if not before.size:
        return steps.shape[1], before
    bound = omega_rate_bound(history.max(axis=1), stops) * steps.sum(axis=1)[:, None]
    # Where the bound is used instead of the growth itself, the flow leads the damage by less than a tenth of its lag.
    followed = np.flatnonzero((bound.max(axis=0) >= FLOW_LAG / 10) & (before.min(axis=0) < NO_FLOW_OMEGA))
    after = before + bound
    if not followed.size:
        return steps.shape[1], after
    growth = np.cumsum(omega_growth(history[:, :, followed], steps, stops), axis=1)
    damage = before[:, None, followed] + growth
    lost = (np.exp(-before[:, followed])[:, None] - np.exp(-damage)).max(axis=(0, 2))
    valid_steps = int(np.argmax(lost > FLOW_LAG)) + 1 if lost[-1] > FLOW_LAG else steps.shape[1]
    after[:, followed] = damage[:, valid_steps - 1]
    return valid_steps, after

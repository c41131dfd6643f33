"""One pulse, train or bath on many sampled skins: light, then heat, as the response to a unit dose.

Heat conduction is linear while properties stay constant, so a temperature is the history without the beam plus the
dose times the history of a unit dose (heat 4). One run then answers every dose, and thresholds come from bisection.
Blood at rest takes part where pulses last longer than a second; before, it changes nothing (`skin.properties`).
Absorption and conductivity are those of unheated skin. What a finite spot brings to its axis is the light of a wide
beam times its share by depth (`light.spot`), and its heat that of a wide beam times what stays there (`sideways`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.physics.heat.linear import Linear
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import DARK, Film, Source
from skinbeam.simulate.light.illumination import Illumination
from skinbeam.simulate.pulse.schedule import Schedule, pulse_schedule
from skinbeam.simulate.pulse.sideways import Kept, kept_share, loses_sideways
from skinbeam.simulate.pulse.surface import Surface, surface_of
from skinbeam.simulate.skins.grid import DepthGrid, pulse_grid
from skinbeam.skin.properties import Thermal, perfusion, thermal
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "Place",
    "Response",
    "Unlit",
    "respond",
]

Floats = NDArray[np.float64]

# From here on blood at rest, which takes a five-hundredth of a rise away in a second, is counted.
LONG_S = 1.0


class Unlit(NamedTuple):
    """A history of cells, (sample, time, cell), and of the surface, (sample, time), K; and what it met."""

    cells: Floats
    surface: Floats
    met: Surface


class Place(NamedTuple):
    """Temperature at one depth, (sample, time): without the beam in K, and the change per J/m²."""

    base_K: Floats
    unit_K: Floats


@dataclass(frozen=True)
class Response:
    """Temperatures of sampled skins without the beam, and their change per unit radiant exposure.

    Parameters
    ----------
    skins : the draws.
    grid, heat : cells and heat properties.
    lit : light in the cells; None without a beam.
    schedule : steps of time.
    base_K : (sample, time, cell) absolute temperature without the beam, of all cells or of the uppermost ones.
    unit_K : (sample, time, cell) change per J/m² of one pulse.
    surface_base_K, surface_unit_K : (sample, time) the same at the surface itself.
    met : what the surface meets.
    beam : None without one.
    heated_blood : whether blood in vessels absorbs more as it heats; without, it keeps the absorption of its table.
    methaemoglobin : share of the haemoglobin of coagulated blood that absorbs as methaemoglobin, 0 to 1. No source
        measured it in a pulse: none is the default, all a bound.
    """

    skins: "xr.Dataset"
    grid: DepthGrid
    heat: Thermal
    lit: Illumination | None
    schedule: Schedule
    base_K: Floats
    unit_K: Floats
    surface_base_K: Floats
    surface_unit_K: Floats
    met: Surface
    beam: Beam | None = None
    heated_blood: bool = True
    methaemoglobin: float = 0.0

    @property
    def layers(self) -> list[str]:
        """Names of the layers, from the surface."""
        return [str(name) for name in self.skins.variables["layer"].values]

    @cached_property
    def weights(self) -> Floats:
        """Weight of each draw."""
        return np.asarray(self.skins.variables["weight"].values, dtype=np.float64)

    def of_draws(self, which: NDArray[np.int64]) -> "Response":
        """Return the response of some of the draws, by their places among these."""
        grid = self.grid.of_draws(which)
        histories = ("base_K", "unit_K", "surface_base_K", "surface_unit_K")
        return replace(
            self,
            skins=self.skins.isel(sample=which),
            grid=grid,
            heat=self.heat.of_draws(which),
            lit=None if self.lit is None else self.lit.of_draws(which, grid),
            schedule=self.schedule.of_draws(which),
            met=self.met.of_draws(which),
            **{name: getattr(self, name)[which] for name in histories},
        )

    def below_cell(self, cell: int) -> Place:
        """Return the temperature of the face under a cell, from the flux through it; of the cell itself if it is last.

        A cell's own temperature would stand half a cell above its lower face, where it is hotter or colder.
        """
        if cell + 1 >= self.grid.layer.size:
            return Place(self.base_K[:, :, cell], self.unit_K[:, :, cell])
        layer = self.grid.layer[cell : cell + 2]
        conductance = self.heat.conductivity[:, layer] / self.grid.cells.half_widths[:, cell : cell + 2]
        upper = (conductance[:, 0] / conductance.sum(axis=1))[:, None]
        return Place(
            *(upper * part[:, :, cell] + (1 - upper) * part[:, :, cell + 1] for part in (self.base_K, self.unit_K))
        )


def respond(
    skins: "xr.Dataset",
    beam: Beam | None,
    cooling: CoolingPlan,
    *,
    lit: Illumination | None,
    schedule: Schedule | None = None,
    cooling_share: float = 1.0,
    unlit: Unlit | None = None,
    uppermost: int | None = None,
) -> Response:
    """Return the response of every draw.

    Parameters
    ----------
    lit : the light of the beam in these skins; None without a beam.
    schedule : steps of time when they are not those of the beam and the cooling.
    cooling_share : the cooling's coefficient is multiplied by this.
    unlit : the history without the beam, when it is known already for this cooling, schedule and number of cells.
    uppermost : how many cells from the surface on to remember, where no end is asked for below; all when left out.

    Raises
    ------
    ValueError : a beam without its light.
    """
    if beam is not None and lit is None:
        raise ValueError("a beam comes with its light")
    grid = lit.grid if lit is not None else pulse_grid(skins)
    plan = schedule if schedule is not None else pulse_schedule(beam, cooling, cooling_share=cooling_share)
    kept = _kept(beam, lit, plan)
    plan = plan.drawn(skins)
    heat = thermal(skins)
    start = np.asarray(skins.variables["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K
    flow = perfusion(skins)[:, grid.layer] if plan.busy_s > LONG_S else np.zeros(1)
    cells = np.arange(grid.layer.size if uppermost is None else min(uppermost, grid.layer.size))
    base = unlit
    if base is None:
        met = surface_of(skins, cooling, plan, lambda film: _heat_taken(grid, heat, plan, start, film))
        base = _march(grid, heat, plan, start, met, None, flow, cells)
    met = base.met
    if lit is None:
        unit = Unlit(np.zeros_like(base.cells), np.zeros_like(base.surface), met)
    else:
        power = lit.heating_per_m / plan.pulse_s
        dark = met._replace(outside_K=np.zeros_like(met.outside_K))
        unit = _march(grid, heat, plan, np.zeros_like(start), dark, power, flow, cells)
        # Heat never cools: an implicit step may undershoot by a little where nothing was heated.
        for values in unit[:2]:
            np.maximum(values, 0.0, out=values)
        if kept is not None:
            kept.apply(unit.cells, grid.centres[:, cells])
            unit.surface[:] *= kept.surface
    return Response(skins, grid, heat, lit, plan, base.cells, unit.cells, base.surface, unit.surface, met, beam)


def _kept(beam: Beam | None, lit: Illumination | None, plan: Schedule) -> Kept | None:
    """What a finite spot keeps of its heat on the axis; None where it keeps all."""
    if beam is None or lit is None or lit.shares is None or lit.middle is None or not loses_sideways(beam, plan):
        return None
    return kept_share(lit.middle, beam, lit.shares, plan, perfused=plan.busy_s > LONG_S)


def _march(
    grid: DepthGrid,
    heat: Thermal,
    plan: Schedule,
    start: Floats,
    met: Surface,
    power: Floats | None,
    flow: Floats,
    cells: NDArray[np.int64],
) -> Unlit:
    film = Film(met.h_W_m2K, met.outside_K)
    source = DARK if power is None else Source(power, plan.power_on)
    march = March(grid.cells, grid.material(heat), start[:, None], plan.step_s, source, film, grid.bottom(start), cells)
    # Skin at rest is in balance with its blood, which pulls back what departs from that.
    history = conduct(march, Linear(flow, start))
    return Unlit(history.recorded, history.surface, met)


def _heat_taken(grid: DepthGrid, heat: Thermal, plan: Schedule, start: Floats, film: Film) -> Floats:
    """Heat that has left through the surface by the end of each step without a beam, (sample, step), J/m²."""
    march = March(grid.cells, grid.material(heat), start[:, None], plan.step_s, DARK, film, grid.bottom(start), [0])
    return -conduct(march, Linear()).gained[:, 1:, 0]

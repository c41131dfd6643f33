"""One pulse, train or bath on many sampled skins: light, then heat, as the response to a unit dose.

Heat conduction is linear while properties stay constant, so a temperature is the history without the beam plus the
dose times the history of a unit dose. One run then answers every dose, and thresholds come from bisection.
Blood at rest takes part where pulses last longer than a second; before, it changes nothing (`skin.properties`).
Absorption and conductivity are those of unheated skin. What a finite spot brings to its axis is the light of a wide
beam times its share by depth (`spot_share`); heat flows along the depth alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.physics.heat.linear import conduct
from skinbeam.physics.light.ordinates import Light, solve
from skinbeam.simulate.grid import DEEPEST_M, DepthGrid, grid_of
from skinbeam.simulate.schedule import Schedule, pulse_schedule
from skinbeam.simulate.spot_share import SpotShare
from skinbeam.simulate.surface import Surface, surface_of
from skinbeam.skin.properties import Optics, Thermal, optics, perfusion, thermal
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "Illumination",
    "Line",
    "Place",
    "Response",
    "Unlit",
    "illuminate",
    "illuminate_each",
    "light_between",
    "pulse_grid",
    "respond",
]

Floats = NDArray[np.float64]

# Eight directions in a hemisphere hold absorbed light to about 1e-3 of itself; skin is known to about a tenth.
STREAMS = 8
# From here on blood at rest, which takes a five-hundredth of a rise away in a second, is counted.
LONG_S = 1.0
BELOW_VESSELS = 1.5  # the grid reaches at least this many times as deep as the deepest vessel


@dataclass(frozen=True)
class Line:
    """Light of one wavelength in sampled skins; `share` is its part of the beam's energy."""

    wavelength_nm: float
    share: float
    optics: Optics
    light: Light


@dataclass(frozen=True)
class Illumination:
    """Light in sampled skins, one line for a laser and several for a lamp, and the grid that it was computed on.

    `shares` are what a finite spot left of it on the axis; None for a wide beam. `heated_share`, (sample,), is the part
    of what is absorbed that heats; None where all of it does.
    """

    grid: DepthGrid
    lines: tuple[Line, ...]
    shares: tuple[SpotShare, ...] | None = None
    heated_share: Floats | None = None

    def narrowed(self, shares: tuple[SpotShare, ...] | None) -> "Illumination":
        """Return the light on the axis of a finite spot; `shares` are of each line, None for a beam as good as wide."""
        if shares is None:
            return self
        lines = tuple(
            replace(line, light=replace(line.light, fluence_rate_ratio=ratio * share.at(self.grid.centres)))
            for line, share in zip(self.lines, shares, strict=True)
            for ratio in (line.light.fluence_rate_ratio,)
        )
        return replace(self, lines=lines, shares=shares)

    def mean(self, of: Callable[[Line], Floats]) -> Floats:
        """Return a quantity averaged over the energy of the beam."""
        total: Floats = np.sum([line.share * of(line) for line in self.lines], axis=0)
        return total

    @cached_property
    def absorbed_per_m(self) -> Floats:
        """Share of the incident power that each cell absorbs per depth, (sample, cell), 1/m."""
        return self.mean(lambda line: line.optics.mua[:, self.grid.layer] * line.light.fluence_rate_ratio)

    @property
    def heating_per_m(self) -> Floats:
        """Share of the incident power that heats each cell per depth, (sample, cell), 1/m."""
        return self.absorbed_per_m if self.heated_share is None else self.absorbed_per_m * self.heated_share[:, None]

    @cached_property
    def fluence_rate_ratio(self) -> Floats:
        """Fluence rate over irradiance in each cell, (sample, cell)."""
        return self.mean(lambda line: line.light.fluence_rate_ratio)

    @property
    def reflectance(self) -> Floats:
        """Specular and diffuse together, (sample,)."""
        return self.mean(lambda line: line.light.reflectance_specular + line.light.reflectance_diffuse)

    @property
    def absorbed(self) -> Floats:
        """Share of the incident power that each layer absorbs, (sample, layer)."""
        return self.mean(lambda line: line.light.absorbed)


class Unlit(NamedTuple):
    """A history of all cells, (sample, time, cell), and of the surface, (sample, time), K; and what it met."""

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
    base_K : (sample, time, cell) absolute temperature without the beam.
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
        return [str(name) for name in self.skins["layer"].values]

    @cached_property
    def weights(self) -> Floats:
        """Weight of each draw."""
        return np.asarray(self.skins["weight"].values, dtype=np.float64)

    def below_cell(self, cell: int) -> Place:
        """Return the temperature of the face under a cell, from the flux through it; of the cell itself if it is last.

        A cell's own temperature would stand half a cell above its lower face, where it is hotter or colder.
        """
        if cell + 1 >= self.base_K.shape[2]:
            return Place(self.base_K[:, :, cell], self.unit_K[:, :, cell])
        layer = self.grid.layer[cell : cell + 2]
        conductance = self.heat.conductivity[:, layer] / self.grid.cells.half_widths[:, cell : cell + 2]
        upper = (conductance[:, 0] / conductance.sum(axis=1))[:, None]
        return Place(
            *(upper * part[:, :, cell] + (1 - upper) * part[:, :, cell + 1] for part in (self.base_K, self.unit_K))
        )


def illuminate(skins: "xr.Dataset", spectrum: Sequence[tuple[float, float]]) -> Illumination:
    """Return the light of a broad collimated beam in every draw.

    Parameters
    ----------
    spectrum : (wavelength_nm, share of the energy) of each line; shares sum to 1.
    """
    return illuminate_each(skins, [spectrum])[0]


def illuminate_each(skins: "xr.Dataset", spectra: Sequence[Sequence[tuple[float, float]]]) -> list[Illumination]:
    """Return the light of several beams, as `illuminate` of each, solved together."""
    grid = pulse_grid(skins)
    lines = [line for spectrum in spectra for line in spectrum]
    each = [optics(skins, wavelength_nm) for wavelength_nm, _ in lines]
    lights = _lights_between(skins, each, grid.faces) if lines else []
    made = iter([Line(*line, of, light) for line, of, light in zip(lines, each, lights, strict=True)])
    heated = skins["heated_share"].to_numpy() if "heated_share" in skins else None
    return [Illumination(grid, tuple(islice(made, len(spectrum))), heated_share=heated) for spectrum in spectra]


def _lights_between(skins: "xr.Dataset", each: Sequence[Optics], faces: Floats) -> list[Light]:
    """The light of every wavelength; those of sampled layers are solved together, which costs far fewer calls."""
    if len(each) == 1 or "mua_per_m" in skins:
        return [light_between(skins, properties, faces) for properties in each]
    thickness = np.asarray(skins["thickness_m"].values, dtype=np.float64)
    mua, mus, g, n = (np.concatenate([getattr(p, name) for p in each]) for name in ("mua", "mus", "g", "n"))
    below, edges = (np.tile(rows, (len(each), 1)) for rows in (thickness, faces))
    whole = solve(mua, mus, g, n, below, z_edges=edges, streams=STREAMS)
    draws = len(thickness)
    return [
        Light(*(getattr(whole, part.name)[i * draws : (i + 1) * draws] for part in fields(whole)))
        for i in range(len(each))
    ]


def pulse_grid(skins: "xr.Dataset") -> DepthGrid:
    """Return the cells that pulses of sampled skins are followed in."""
    # A vessel that is given deeper than pulses heat still needs the light and the temperature of its own depth.
    vessels = np.asarray(skins["vessel_depth_m"].values) if "vessel_depth_m" in skins else np.zeros((1, 0))
    deepest = max(DEEPEST_M, BELOW_VESSELS * float(np.median(vessels, axis=0).max(initial=0.0)))
    return grid_of(skins, deepest_m=deepest)


def light_between(skins: "xr.Dataset", properties: Optics, edges_m: Floats) -> Light:
    """Return the light of every draw between the depths `edges_m`, (edge,) or (sample, edge) m.

    Below a last layer with a thickness lies air. Explicit layers are the same in every draw and are solved once.
    """
    thickness = np.asarray(skins["thickness_m"].values, dtype=np.float64)
    columns = (properties.mua, properties.mus, properties.g, properties.n, thickness)
    if "mua_per_m" not in skins:
        return solve(*columns, z_edges=edges_m, streams=STREAMS)
    key = tuple(
        np.ascontiguousarray(column[0], dtype=np.float64).tobytes() for column in (*columns, np.atleast_2d(edges_m))
    )
    one = _explicit_light(key)
    return Light(*(np.repeat(getattr(one, part.name), len(thickness), axis=0) for part in fields(one)))


@lru_cache(maxsize=8)
def _explicit_light(key: tuple[bytes, ...]) -> Light:
    """Light in one stack of layers, remembered: chunks of draws and lines of a lamp ask for the same."""
    *columns, edges = (np.frombuffer(part, dtype=np.float64)[None, :] for part in key)
    return solve(*columns, z_edges=edges, streams=STREAMS)


def respond(
    skins: "xr.Dataset",
    beam: Beam | None,
    cooling: CoolingPlan,
    *,
    lit: Illumination | None = None,
    schedule: Schedule | None = None,
    cooling_share: float = 1.0,
    unlit: Unlit | None = None,
) -> Response:
    """Return the response of every draw.

    Parameters
    ----------
    lit : light at the beam's wavelength when it is known already.
    schedule : steps of time when they are not those of the beam and the cooling.
    cooling_share : the cooling's coefficient is multiplied by this.
    unlit : the history without the beam, when it is known already for this cooling and schedule.
    """
    if beam is not None and lit is None:
        lit = illuminate(skins, beam.spectrum)
    grid = lit.grid if lit is not None else pulse_grid(skins)
    plan = schedule if schedule is not None else pulse_schedule(beam, cooling, cooling_share=cooling_share)
    plan = plan.drawn(skins)
    heat = thermal(skins)
    start = np.asarray(skins["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K
    flow = perfusion(skins)[:, grid.layer] if plan.busy_s > LONG_S else np.zeros(1)
    base = unlit
    if base is None:
        met = surface_of(skins, cooling, plan, lambda h, outside: _heat_taken(grid, heat, plan, start, h, outside))
        base = _march(grid, heat, plan, start, met, None, flow)
    met = base.met
    if lit is None:
        unit = Unlit(np.zeros_like(base.cells), np.zeros_like(base.surface), met)
    else:
        power = lit.heating_per_m / plan.pulse_s
        dark = met._replace(outside_K=np.zeros_like(met.outside_K))
        unit = _march(grid, heat, plan, np.zeros_like(start), dark, power, flow)
        # Heat never cools: an implicit step may undershoot by a little where nothing was heated.
        for values in unit[:2]:
            np.maximum(values, 0.0, out=values)
    return Response(skins, grid, heat, lit, plan, base.cells, unit.cells, base.surface, unit.surface, met, beam)


def _march(
    grid: DepthGrid, heat: Thermal, plan: Schedule, start: Floats, met: Surface, power: Floats | None, flow: Floats
) -> Unlit:
    history = conduct(
        grid.cells,
        conductivity=heat.conductivity[:, grid.layer],
        heat_capacity_vol=heat.heat_capacity_vol[:, grid.layer],
        initial=start[:, None],
        step_s=plan.step_s,
        power_density=0.0 if power is None else power,
        power_on=plan.power_on,
        h_surface=met.h_W_m2K,
        outside_surface=met.outside_K,
        # Deep tissue keeps its temperature; a slab that ends loses next to nothing to the air below it.
        h_bottom=0.0 if grid.ends else np.inf,
        outside_bottom=start,
        # Skin at rest is in balance with its blood, which pulls back what departs from that.
        perfusion=flow,
        blood_temperature=start,
    )
    return Unlit(history.recorded, history.surface, met)


def _heat_taken(grid: DepthGrid, heat: Thermal, plan: Schedule, start: Floats, h: Floats, outside: Floats) -> Floats:
    """Heat that has left through the surface by the end of each step without a beam, (sample, step), J/m²."""
    history = conduct(
        grid.cells,
        conductivity=heat.conductivity[:, grid.layer],
        heat_capacity_vol=heat.heat_capacity_vol[:, grid.layer],
        initial=start[:, None],
        step_s=plan.step_s,
        h_surface=h,
        outside_surface=outside,
        h_bottom=0.0 if grid.ends else np.inf,
        outside_bottom=start,
        record_cells=[0],
    )
    return -history.gained[:, 1:, 0]

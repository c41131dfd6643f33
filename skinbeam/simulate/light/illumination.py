"""Light in sampled skins: on the axis of a broad beam, exact in layers, line by line of its spectrum.

What a finite spot brings to its axis is the light of a wide beam times its share by depth (`spot_share`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.settings import Beam
from skinbeam.physics.light.ordinates import Light, solve
from skinbeam.simulate.light.spot_share import SpotShare
from skinbeam.simulate.skins.grid import DEEPEST_M, DepthGrid, grid_of
from skinbeam.skin.properties import Optics, optics

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Illumination", "Line", "axis_ratio", "illuminate", "illuminate_each", "light_between", "pulse_grid"]

Floats = NDArray[np.float64]

# Eight directions in a hemisphere hold absorbed light to about 1e-3 of itself; skin is known to about a tenth.
STREAMS = 8
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


def axis_ratio(beam: Beam) -> float:
    """Return the radiant exposure on the axis over the fluence of the beam: 2 for a Gaussian over its 1/e² disc."""
    return 2.0 if beam.profile == "gaussian" and beam.microbeam is None else 1.0


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

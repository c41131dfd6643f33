"""Full model of a coagulation column in the median skin: traced light, axisymmetric heat conduction, boiling water.

The semi-analytic column of `physics.removal.microbeam` is fast enough for every draw, but treats light as a Gaussian,
skin as dermis only, and water as never boiling. The full model traces the actual beam in all layers and conducts heat
in r and z with boiling water, for the median skin and a ladder of energies. The ratio of the two models, smooth in the
energy, corrects the draws: the variation between skins is left to the quick model.

The light is computed again several times in the pulse, each time in the skin in its current state: scattering follows
temperature and the state of collagen, water absorbs according to its temperature, and vapour absorbs nothing. Vapour is
assumed to stay where it forms, and bubbles to scatter no more than the tissue around: neither is known.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cache_with_sources
from skinbeam.model.units import MM, UM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import omega, read_kinetics
from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, graded_faces
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import RingSpace
from skinbeam.simulate.pulse.nonlinear_response import dry_heat_capacity, water_by_volume
from skinbeam.simulate.removal.heated_optics import ThermalOptics, heated_coefficients
from skinbeam.simulate.skins.tissue_kinetics import COLLAGEN_KINETICS
from skinbeam.skin.properties import optical_properties, thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_sourced, tissue_table

__all__ = ["ENERGY_LADDER_J", "WARMED_PHOTONS", "FullColumn", "MedianSkinLayers", "full_column", "median_skin_layers"]

# Energies at which the full model is run, four per decade: the ratio changes by a few per cent between neighbours.
ENERGY_LADDER_J: Final = np.geomspace(1e-5, 1.0, 21)
_PHOTONS, _BATCHES = 50_000, 4
WARMED_PHOTONS = 12_000  # each time the light is computed: gives the size of a column to one or two per cent
# Rings for the light, per beam diameter, and further rings for heat only.
_RINGS_A_DIAMETER, _RINGS = 8, 32
_OUTER_RINGS = np.geomspace(1.15, 6.0, 12)
_FINEST_M, _GROWTH, _DEEPEST_M = 8 * UM, 0.08, 3 * MM
_COOLING = 25.0  # time after the pulse, in units of w² / (8 kappa), as in the semi-analytic column
_TOLERANCE_K = 0.5
# How often light is computed in the pulse: columns are then two per cent deeper and one wider than with four times as
# many.
LIGHT_UPDATES: Final = 4


class MedianSkinLayers(NamedTuple):
    """Layers of the median skin, (layer,) each, SI; thickness of the last may be inf.

    Parameters
    ----------
    latent_heat_vol : latent heat of the water in a volume, J/m³. dried_vol : heat capacity without that water, J/m³K.
    start_K : temperature before the pulse.
    """

    thickness: Floats
    mua: Floats
    mus: Floats
    g: Floats
    n: Floats
    conductivity: Floats
    heat_capacity_vol: Floats
    latent_heat_vol: Floats
    dry_heat_capacity_vol: Floats
    start_K: float


class FullColumn(NamedTuple):
    """Depth of Ω = 1 on the axis and its greatest width, m; 0 where it is nowhere reached."""

    depth: float
    width: float


def median_skin_layers(skins: SkinSample, wavelength_nm: float) -> MedianSkinLayers:
    """Return the layers of the median of drawn skins; a single skin is returned as it is."""
    of, heat = optical_properties(skins, wavelength_nm), thermal_properties(skins)
    latent = read_sourced(tissue_table("boiling")["water"]["latent_J_kg"]).value
    density = read_sourced(tissue_table("thermal")["water"]["density_kg_m3"]).value
    water = water_by_volume(skins)

    def middle(values: Floats) -> Floats:
        return np.asarray(np.median(values, axis=0))

    return MedianSkinLayers(
        thickness=middle(skins["thickness_m"]),
        mua=middle(of.mua),
        mus=middle(of.mus),
        g=middle(of.g),
        n=middle(of.n),
        conductivity=middle(heat.conductivity),
        heat_capacity_vol=middle(heat.heat_capacity_vol),
        latent_heat_vol=np.zeros(of.mua.shape[1]) if water is None else middle(water * density * latent),
        dry_heat_capacity_vol=middle(
            dry_heat_capacity(heat.heat_capacity_vol, 0.0 if water is None else water * density)
        ),
        start_K=float(np.median(skins["temperature_C"])) + ZERO_CELSIUS_K,
    )


def full_column(
    skin: MedianSkinLayers,
    *,
    diameter_m: float,
    profile: str,
    pulse_s: float,
    energy_J: float,
    thermal_optics: ThermalOptics | None = None,
    light_updates: int = LIGHT_UPDATES,
    photons: int = WARMED_PHOTONS,
) -> FullColumn:
    """Return the column of one beam of `energy_J`, most of which enters the skin.

    Parameters
    ----------
    thermal_optics : changes of the optics with heat; without it they stay those of cold skin.
    light_updates : how often in the pulse the light is then computed, at least 3, with so many `photons` each time.

    Raises
    ------
    ValueError : fewer than three times.
    """
    if light_updates < 3:
        raise ValueError(f"the light in a column is computed at least 3 times in a pulse, not {light_updates}")
    of_heat = None if thermal_optics is None else tuple(np.ascontiguousarray(part).tobytes() for part in thermal_optics)
    beam = _ColumnPulse(diameter_m, profile, pulse_s, energy_J)
    key = tuple(np.ascontiguousarray(part).tobytes() for part in skin[:-1])
    return _cached_column(key, skin.start_K, beam, of_heat, light_updates, photons)


class _ColumnPulse(NamedTuple):
    diameter_m: float
    profile: str
    pulse_s: float
    energy_J: float


class _ColumnGrid(NamedTuple):
    """Faces in r and z, m, and the layer of each depth; light is tallied in the first `_RINGS` rings."""

    r: Floats
    z: Floats
    layer: NDArray[np.int64]
    ring_width_m: float


def _column_grid(thickness: Floats, diameter_m: float) -> _ColumnGrid:
    ends = np.append(thickness[:-1], min(thickness[-1], max(_DEEPEST_M - thickness[:-1].sum(), 0.1 * MM)))
    faces, first = graded_faces(ends, finest_m=_FINEST_M, growth=_GROWTH)
    ring = diameter_m / _RINGS_A_DIAMETER
    inner = ring * np.arange(_RINGS + 1)
    layer = np.repeat(np.arange(thickness.size), np.diff(first))
    return _ColumnGrid(np.concatenate([inner, inner[-1] * _OUTER_RINGS]), faces[0], layer, ring)


def _key_layers(key: tuple[bytes, ...]) -> list[Floats]:
    """Return thickness, μa, μs, g and n of the layers from the cache key of a skin."""
    return [np.frombuffer(part, dtype=np.float64) for part in key[:5]]


@cache_with_sources(64)
def _cold_absorbed_power(key: tuple[bytes, ...], diameter_m: float, profile: str) -> Floats:
    """Return absorbed power over incident power and volume in cold skin, (ring, depth), 1/m³."""
    thickness, mua, mus, _, _ = _key_layers(key)
    grid = _column_grid(thickness, diameter_m)
    shape = (_RINGS, 1)
    cold = np.tile(mua[grid.layer], shape), np.tile(mus[grid.layer], shape)
    return _absorbed_power(key, grid, _light_beam(diameter_m, profile), _PHOTONS, *cold)


def _light_beam(diameter_m: float, profile: str) -> LightBeam:
    return LightBeam(kind="gaussian" if profile == "gaussian" else "flat", spot_mm=diameter_m / MM)


def _absorbed_power(
    key: tuple[bytes, ...], grid: _ColumnGrid, beam: LightBeam, photons: int, mua: Floats, mus: Floats
) -> Floats:
    """Return absorbed power over incident power and volume, (ring, depth), 1/m³, for the given optics of the rings."""
    thickness, *optics, g, n = _key_layers(key)
    medium = LayeredMedium(*(part.tolist() for part in (*optics, g, n, thickness)))
    space, tally = RingSpace(medium, grid.ring_width_m, grid.z, mua, mus), LightTally(grid.z, grid.ring_width_m, _RINGS)
    light = MonteCarlo(photons, batches=_BATCHES).compute_light(space, beam, tally)
    assert light.fluence_rate_rz is not None  # rings were requested
    absorbed = np.zeros((len(grid.r) - 1, grid.layer.size))
    absorbed[:_RINGS] = light.fluence_rate_rz.T * mua
    return absorbed


@cache_with_sources(1024)
def _cached_column(
    key: tuple[bytes, ...],
    start_K: float,
    beam: _ColumnPulse,
    thermal_key: tuple[bytes, ...] | None,
    light_updates: int,
    photons: int,
) -> FullColumn:
    grid = _column_grid(_key_layers(key)[0], beam.diameter_m)
    conductivity, capacity, latent, dried = (np.frombuffer(part, dtype=np.float64)[grid.layer] for part in key[5:])
    boiling = tissue_table("boiling")["start"]
    begins = read_sourced(boiling["temperature_C"]).value + ZERO_CELSIUS_K
    width = read_sourced(boiling["range_K"]).value
    ends = begins + width
    material, water = Material(conductivity, capacity), BoilingWater(begins, width, latent, dried)
    processes = read_kinetics(COLLAGEN_KINETICS)
    spans = 1 if thermal_key is None else light_updates
    if thermal_key is None:
        absorbed = _cold_absorbed_power(key[:5], beam.diameter_m, beam.profile)
    else:
        absorbed = _initial_absorbed_power(key[:5], start_K, beam.diameter_m, beam.profile, thermal_key, photons)
    after = _COOLING * beam.diameter_m**2 / (32 * float(np.min(conductivity / capacity)))
    steps, phase = graded_time_steps(
        [*[beam.pulse_s / spans] * spans, after], first_fraction=0.1, growth=1.35, largest_fraction=0.2
    )
    cells = np.indices(absorbed.shape).reshape(2, -1).T
    temperature, damage = np.full(absorbed.shape, start_K), np.zeros(absorbed.shape)
    for span in range(spans + 1):
        if thermal_key is not None and 0 < span < spans:
            vapour = np.where(latent > 0, np.clip((temperature - begins) / (ends - begins), 0.0, 1.0), 0.0)
            light_beam = _light_beam(beam.diameter_m, beam.profile)
            absorbed = _heated_absorbed_power(
                key[:5], grid, light_beam, thermal_key, (temperature, damage, vapour), photons
            )
        problem = HeatProblem(
            material,
            temperature[None],
            steps[phase == span],
            HeatSource(absorbed * (beam.energy_J / beam.pulse_s), float(span < spans)),
            water,
            bottom=start_K,
            record_cells=cells,
            tolerance_K=_TOLERANCE_K,
        )
        history = conduct_rz((grid.r, grid.z), problem)
        temperature = history.final[0]
        damage = damage + omega(history.cell_temperature, steps[phase == span], processes).reshape(damage.shape)
    middles = ((faces[1:] + faces[:-1]) / 2 for faces in (grid.r, grid.z))
    return _damage_extent(damage, *middles)


@cache_with_sources(64)
def _initial_absorbed_power(
    key: tuple[bytes, ...],
    start_K: float,
    diameter_m: float,
    profile: str,
    thermal_key: tuple[bytes, ...],
    photons: int,
) -> Floats:
    """Return absorbed power as `_cold_absorbed_power` before anything is warmed, for all energies and pulses."""
    grid = _column_grid(_key_layers(key)[0], diameter_m)
    shape = len(grid.r) - 1, grid.layer.size
    before = np.full(shape, start_K), np.zeros(shape), np.zeros(shape)
    return _heated_absorbed_power(key, grid, _light_beam(diameter_m, profile), thermal_key, before, photons)


def _heated_absorbed_power(
    key: tuple[bytes, ...],
    grid: _ColumnGrid,
    beam: LightBeam,
    thermal_key: tuple[bytes, ...],
    state: tuple[Floats, Floats, Floats],
    photons: int,
) -> Floats:
    """Return absorbed power as `_cold_absorbed_power`, for temperature, damage and vapour, (ring, depth) each."""
    _, mua, mus, _, _ = _key_layers(key)
    water, (slope,), scattering_slope, denatured = (np.frombuffer(part, dtype=np.float64) for part in thermal_key)
    warming = ThermalOptics(water, float(slope), scattering_slope, denatured)
    lit = tuple(part[:_RINGS] for part in state)
    optics = heated_coefficients(warming, grid.layer, mua, mus, (lit[0], lit[1], lit[2]))
    return _absorbed_power(key, grid, beam, photons, *optics)


def _damage_extent(damage: Floats, radius: Floats, depth: Floats) -> FullColumn:
    """Return the greatest depth of Ω = 1 on the axis, and twice its greatest radius; ln Ω is linear between cells."""
    logs = np.maximum(np.log(np.maximum(damage, 1e-300)), -100.0)
    deepest = _last_crossing(depth, logs[0])
    widest = max(_last_crossing(radius, logs[:, j]) for j in range(depth.size))
    return FullColumn(deepest, 2 * widest)


def _last_crossing(position: Floats, logs: Floats) -> float:
    """Return the last position at which a logarithm crosses 0; 0 where it is never above."""
    above = np.flatnonzero(logs >= 0)
    if above.size == 0:
        return 0.0
    last = int(above[-1])
    if last + 1 == position.size:
        return float(position[last])
    share = logs[last] / (logs[last] - logs[last + 1])
    return float(position[last] + share * (position[last + 1] - position[last]))

"""Compute light in sampled skins: a wide beam by discrete ordinates, or the axis of a finite spot by Monte Carlo."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from skinbeam.laser.beam import Beam
from skinbeam.model.errors import InputError
from skinbeam.model.sources import cache_with_sources, collect_sources
from skinbeam.model.units import MM
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.batches import BATCHES
from skinbeam.simulate.light.engines import SKIN_ORDINATES
from skinbeam.simulate.light.illumination import Illumination, LitSkin, SpectralLine, SpotShare
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.spot import FEW_BATCHES, PENCIL_BEAM, AxisRings
from skinbeam.simulate.skins.depth_grid import pulse_grid
from skinbeam.skin.properties import OpticalProperties, optical_properties
from skinbeam.skin.sample import SkinSample

__all__ = ["PHOTONS", "fluence_between_depths", "illuminate", "illuminate_each", "illuminate_spot", "light_first_skin"]

PHOTONS = 10_000  # per draw and wavelength: fluence in the dermis to about 1 %; skin is known to a tenth
_WIDE_BEAM = LightBeam()


def illuminate(skins: SkinSample, spectrum: Sequence[tuple[float, float]]) -> Illumination:
    """Return the light of a broad collimated beam in every draw.

    Parameters
    ----------
    spectrum : (wavelength_nm, share of the energy) of each line; shares sum to 1.
    """
    (found,) = illuminate_each([skins], spectrum)
    return found


def illuminate_each(samples: Sequence[SkinSample], spectrum: Sequence[tuple[float, float]]) -> tuple[Illumination, ...]:
    """Return the light of a broad beam in several samples of as many draws each; otherwise as `illuminate`.

    Draws of one number are solved one after the other, so that the layers that they share, as a lesion and the skin
    around it do, are solved once.
    """
    grids = [pulse_grid(skins) for skins in samples]
    with collect_sources() as sources:
        optics = [[optical_properties(skins, wavelength_nm) for wavelength_nm, _ in spectrum] for skins in samples]
        lights = _solve_together(samples, optics, [grid.faces for grid in grids])
    return tuple(
        Illumination(
            grid,
            tuple(SpectralLine(*line, of, light) for line, of, light in zip(spectrum, own, lit, strict=True)),
            None,
            skins.arrays.get("heated_share"),
            tuple(sources),
        )
        for skins, grid, own, lit in zip(samples, grids, optics, lights, strict=True)
    )


def light_first_skin(skins: SkinSample, spectrum: Sequence[tuple[float, float]]) -> LitSkin:
    """Return the first of several skins with the light of a broad beam in it."""
    first = skins if skins.count == 1 else skins.select(slice(1))
    return LitSkin(first, illuminate(first, spectrum))


def _solve_together(
    samples: Sequence[SkinSample], optics: Sequence[Sequence[OpticalProperties]], faces: Sequence[Floats]
) -> list[list[LightField]]:
    """Return the light of every wavelength in each sample; sampled layers are solved in one call, which is faster."""
    thickness = [skins["thickness_m"] for skins in samples]
    is_one = len(samples) * len(optics[0]) == 1
    is_alike = len({(edges.shape, of.shape) for edges, of in zip(faces, thickness, strict=True)}) == 1
    if is_one or not is_alike or any("mua_per_m" in skins for skins in samples):
        return [
            [fluence_between_depths(skins, properties, edges) for properties in own]
            for skins, own, edges in zip(samples, optics, faces, strict=True)
        ]
    columns = np.array(
        [
            [LayeredMedium.from_optics(properties, of).columns for properties in own]
            for own, of in zip(optics, thickness, strict=True)
        ]
    )  # (sample, line, column, draw, layer)
    of_samples, lines, _, draws, layers = columns.shape
    mua, mus, g, n, together = columns.transpose(2, 1, 3, 0, 4).reshape(len(columns[0, 0]), -1, layers)
    edges = np.tile(np.stack(faces, axis=1).reshape(draws * of_samples, -1), (lines, 1))
    whole = _solve_media(LayeredMedium(mua, mus, g, n, together), edges)
    rows = draws * of_samples  # of a line
    return [
        [whole.select_draws(slice(line * rows + sample, (line + 1) * rows, of_samples)) for line in range(lines)]
        for sample in range(of_samples)
    ]


def fluence_between_depths(skins: SkinSample, properties: OpticalProperties, edges_m: Floats) -> LightField:
    """Return the light of every draw between the depths `edges_m`, (edge,) or (sample, edge) m.

    Below a last layer of finite thickness there is air. Explicit layers are the same in every draw and are solved once.
    """
    media = LayeredMedium.from_optics(properties, skins["thickness_m"])
    if "mua_per_m" not in skins:
        return _solve_media(media, np.asarray(edges_m))
    light = _cached_explicit_light(media.select_draw(0), tuple(np.atleast_2d(edges_m)[0].tolist()))
    return LightField.stack_draws([light] * len(media.thickness_m))


def _solve_media(media: LayeredMedium, edges_m: Floats) -> LightField:
    """Return the light in many stacks of layers, from a cache shared by cases that differ only in dose or pulse."""
    columns = np.stack(media.columns)
    return _cached_light(columns.tobytes(), columns.shape, edges_m.tobytes(), edges_m.shape)


@cache_with_sources(4)
def _cached_light(layers: bytes, shape: tuple[int, ...], edges: bytes, edges_shape: tuple[int, ...]) -> LightField:
    mua, mus, g, n, thickness = np.frombuffer(layers).reshape(shape)
    media = LayeredMedium(mua, mus, g, n, thickness)
    light = SKIN_ORDINATES.compute_light(media, _WIDE_BEAM, LightTally(np.frombuffer(edges).reshape(edges_shape)))
    for part in (light.absorbed_fraction, light.fluence_rate_ratio):
        part.flags.writeable = False
    return light


@cache_with_sources(8)
def _cached_explicit_light(medium: LayeredMedium, edges_m: tuple[float, ...]) -> LightField:
    """Return the light in one stack of layers, cached across chunks of draws and lines of a lamp."""
    return SKIN_ORDINATES.compute_light(medium, _WIDE_BEAM, LightTally(np.array(edges_m)))


def illuminate_spot(
    skins: SkinSample,
    beam: Beam,
    spot_shares: tuple[SpotShare, ...] | None = None,
    lit_median_skin: LitSkin | None = None,
    *,
    error: float | None,
    seed: int,
) -> Illumination:
    """Return the light on the axis of the beam in every draw.

    Parameters
    ----------
    skins : have the coordinate `draw`, the number of each draw, which with `seed` determines its random numbers.
    spot_shares : of the median skin, for the light between depths other than those of the cells.
    lit_median_skin : as of `Illumination`.
    error : relative standard error of the absorption in each layer at which a run ends; None for `PHOTONS` packets.

    Raises
    ------
    InputError : a semi-infinite layer absorbs nothing, so that packets would never end.
    """
    wide = illuminate(skins, beam.spectrum)
    endless = np.isinf(skins["thickness_m"][:, -1])
    if any(np.any(endless & (line.optics.mua[:, -1] == 0.0)) for line in wide.spectral_lines):
        raise InputError(
            "endless-layer",
            "the last layer has no thickness and absorbs nothing: photons stay in it for ever",
            field="light",
            hint="Give the layer a thickness_um or some absorption, or take ordinates for the light.",
        )
    lines = tuple(
        replace(
            line,
            light=replace(
                line.light, fluence_rate_ratio=_axis_ratio_by_packets(skins, wide, line, k, beam, error, seed)
            ),
        )
        for k, line in enumerate(wide.spectral_lines)
    )
    return replace(wide, spectral_lines=lines, spot_shares=spot_shares, lit_median_skin=lit_median_skin)


def _axis_ratio_by_packets(
    skins: SkinSample,
    wide: Illumination,
    line: SpectralLine,
    line_index: int,
    beam: Beam,
    error: float | None,
    seed: int,
) -> Floats:
    """Return the fluence rate on the axis over the irradiance there, (sample, cell).

    Absorption of the whole beam in a layer, and reflectance, do not depend on the spot and stay exact.
    """
    assert beam.spot_mm is not None  # a microbeam has a model of its own
    rings = AxisRings.for_spot(beam.spot_mm * MM, beam.profile)
    media, found = LayeredMedium.from_optics(line.optics, skins["thickness_m"]), []
    for row, draw in enumerate(skins.numbers):
        number = int(np.random.SeedSequence([seed, int(draw), line_index]).generate_state(1, np.uint64)[0])
        engine = MonteCarlo(PHOTONS, seed=number, batches=FEW_BATCHES)
        if error is not None:
            engine = MonteCarlo(100 * PHOTONS, error, seed=number, batches=BATCHES)
        light = engine.compute_light(media.select_draw(row), PENCIL_BEAM, rings.build_tally(wide.grid.faces[row]))
        found.append(rings.axis_fluence(light))
    return np.array(found)

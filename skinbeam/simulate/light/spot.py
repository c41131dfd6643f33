"""Light on the axis of a finite spot in sampled skins, by Monte Carlo.

Layers look the same from everywhere, so what a spot brings to its axis is what a pencil beam brings to everywhere
within the spot: every packet of a pencil counts, by the irradiance of the spot at its distance,

    φ(z) / E₀ = ∫ φ_pencil(r, z) E(r) / E₀ 2πr dr.                                                         (light 10)

What a layer absorbs of the whole beam, and what is reflected, does not depend on the spot and stays exact.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from skinbeam.errors import InputError
from skinbeam.laser.settings import Beam
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.batches import BATCHES
from skinbeam.simulate.light.illumination import Illumination, Line, illuminate
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.spot_share import Rings, SpotShare
from skinbeam.units import MM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PHOTONS", "illuminate_spot"]

PHOTONS = 10_000  # of a draw and wavelength: the fluence in the dermis to about 1 %, where skin is known to a tenth
_FEW_BATCHES = 4  # few packets a batch leave lanes idle, and without a wanted error none is looked at
_PENCIL = LightBeam(kind="pencil")


def illuminate_spot(
    skins: "xr.Dataset",
    beam: Beam,
    shares: tuple[SpotShare, ...] | None = None,
    *,
    error: float | None,
    seed: int,
) -> Illumination:
    """Return the light on the axis of the beam in every draw.

    Parameters
    ----------
    skins : carry `draw`, the number of each draw, which chooses its random numbers with `seed`.
    shares : of the middle skin, for those who ask for the light between other depths than those of the cells.
    error : relative standard error of what each layer absorbs that ends a run; None for `PHOTONS` packets.

    Raises
    ------
    InputError : a semi-infinite layer absorbs nothing, so that packets would never end.
    """
    wide = illuminate(skins, beam.spectrum)
    endless = np.isinf(np.asarray(skins["thickness_m"].values)[:, -1])
    if any(np.any(endless & (line.optics.mua[:, -1] == 0.0)) for line in wide.lines):
        raise InputError(
            "endless-layer",
            "the last layer has no thickness and absorbs nothing: photons stay in it for ever",
            field="--light",
            hint="Give the layer a thickness_um or some absorption, or use --light ordinates.",
        )
    lines = tuple(
        replace(line, light=replace(line.light, fluence_rate_ratio=_on_axis(skins, wide, line, k, beam, error, seed)))
        for k, line in enumerate(wide.lines)
    )
    return replace(wide, lines=lines, shares=shares)


def _on_axis(
    skins: "xr.Dataset", wide: Illumination, line: Line, k: int, beam: Beam, error: float | None, seed: int
) -> Floats:
    """Fluence rate on the axis over the irradiance there, (sample, cell)."""
    assert beam.spot_mm is not None  # a microbeam has a model of its own
    rings = Rings.of(beam.spot_mm * MM, beam.profile)
    thickness = np.asarray(skins["thickness_m"].values, dtype=np.float64)
    of, found = line.optics, []
    for row, draw in enumerate(skins["draw"].values):
        medium = LayeredMedium(of.mua[row], of.mus[row], of.g[row], of.n[row], thickness[row])
        number = int(np.random.SeedSequence([seed, int(draw), k]).generate_state(1, np.uint64)[0])
        engine = MonteCarlo(
            seed=number, ring_m=rings.width_m, rings=rings.weight.size, photons=PHOTONS, batches=_FEW_BATCHES
        )
        if error is not None:
            engine = replace(engine, photons=100 * PHOTONS, batches=BATCHES, error=error)
        light = engine.fluence(medium, _PENCIL, wide.grid.faces[row])
        assert light.fluence_rate_rz is not None  # rings were asked for
        found.append(light.fluence_rate_rz @ rings.weight)
    return np.array(found)

"""Light of a beam in sampled skins: on the axis of the beam, for each line of its spectrum.

On the axis of a finite spot it is the light of a wide beam times a share that depends on depth (`spot`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import J_CM2
from skinbeam.model.value_equality import compared_by_value
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.skins.depth_grid import DepthGrid
from skinbeam.skin.properties import OpticalProperties
from skinbeam.skin.sample import SkinSample

__all__ = ["Illumination", "LitSkin", "SpectralLine", "SpotShare", "axis_exposure", "axis_fluence_ratio"]


class SpotShare(NamedTuple):
    """Fluence rate on the axis over that of a wide beam of the same irradiance on the axis.

    Parameters
    ----------
    depth_m : (depth,) rising. share : (depth,).
    medium : the layers in which the light was traced.
    """

    depth_m: Floats
    share: Floats
    medium: LayeredMedium

    def at(self, depth_m: Floats) -> Floats:
        """Return the share at any depths, of their shape; constant before the first and after the last."""
        return np.interp(depth_m, self.depth_m, self.share)


@dataclass(frozen=True)
class SpectralLine:
    """Light of one wavelength in sampled skins; `energy_share` is its share of the beam's energy."""

    wavelength_nm: float
    energy_share: float
    optics: OpticalProperties
    light: LightField


@compared_by_value
@dataclass(frozen=True)
class Illumination:
    """Light in sampled skins, one line for a laser and several for a lamp, and the grid on which it was computed.

    `spot_shares` are the shares of a wide beam's light on the axis of a finite spot; None for a wide beam.
    `lit_median_skin` is the median skin in its light, from which lateral loss of heat is computed; None where no heat
    leaves sideways. `heated_share`, (sample,), is the share of absorbed light that heats; None where all of it does.
    `sources` are those of the light, cited again whenever it is narrowed to a beam, because the same light may be used
    for many beams.
    """

    grid: DepthGrid
    spectral_lines: tuple[SpectralLine, ...]
    spot_shares: tuple[SpotShare, ...] | None = None
    heated_share: Floats | None = None
    sources: tuple[str, ...] = ()
    lit_median_skin: "LitSkin | None" = None

    def narrow_to_spot(
        self, spot_shares: tuple[SpotShare, ...] | None, lit_median_skin: "LitSkin | None" = None
    ) -> "Illumination":
        """Return the light on the axis of a finite spot.

        `spot_shares` are those of each line, None for a beam that counts as wide. With `lit_median_skin`, heat that
        leaves the axis sideways is taken into account, too.
        """
        cite_sources(*self.sources)
        if spot_shares is None:
            return self
        lines = tuple(
            replace(line, light=replace(line.light, fluence_rate_ratio=ratio * share.at(self.grid.centres)))
            for line, share in zip(self.spectral_lines, spot_shares, strict=True)
            for ratio in (line.light.fluence_rate_ratio,)
        )
        return replace(self, spectral_lines=lines, spot_shares=spot_shares, lit_median_skin=lit_median_skin)

    def select_draws(self, indices: NDArray[np.int64], grid: DepthGrid) -> "Illumination":
        """Return the light in a selection of the skins, whose cells are `grid`."""
        lines = tuple(
            replace(line, optics=line.optics.select_draws(indices), light=line.light.select_draws(indices))
            for line in self.spectral_lines
        )
        heated = None if self.heated_share is None else self.heated_share[indices]
        return replace(self, grid=grid, spectral_lines=lines, heated_share=heated)

    def mean(self, quantity: Callable[[SpectralLine], Floats]) -> Floats:
        """Return a quantity averaged over the energy of the beam."""
        total: Floats = np.sum([line.energy_share * quantity(line) for line in self.spectral_lines], axis=0)
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
        """Specular and diffuse reflectance together, (sample,)."""
        return self.mean(lambda line: np.asarray(line.light.reflectance_specular + line.light.reflectance_diffuse))

    @property
    def absorbed(self) -> Floats:
        """Share of the incident power that each layer absorbs, (sample, layer)."""
        return self.mean(lambda line: line.light.absorbed_fraction)


class LitSkin(NamedTuple):
    """A single skin, and the light of a wide beam in it."""

    skin: SkinSample
    illumination: Illumination


def axis_fluence_ratio(beam: Beam) -> float:
    """Return the radiant exposure on the axis over the fluence of the beam: 2 for a Gaussian over its 1/e² disc."""
    return 2.0 if beam.profile == "gaussian" and beam.microbeam is None else 1.0


def axis_exposure(beam: Beam) -> float:
    """Return the radiant exposure on the axis of a beam from its fluence, J/m²; the only place of this conversion."""
    assert beam.fluence_J_cm2 is not None  # a dose was required
    return axis_fluence_ratio(beam) * beam.fluence_J_cm2 * J_CM2

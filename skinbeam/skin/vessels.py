"""Blood vessels of drawn skins: populations, vessels given by a case, and widths measured on photographs.

A photograph narrows the diameters. A vessel of the diameter d looks hypot(k d, s) wide (photo 5) once the blur of the
camera is removed: light spreads in the skin above it by s, and the flanks of a round vessel are deeper than its top, so
that k of its width is visible. Both are taken as uniform between the ends that traced light gives
(data/seen_vessels.toml). A narrow vessel therefore looks some 0.3 mm wide whatever its diameter, and such a width
contains almost no information on the diameter.
The published distribution of the diameter is the prior. Visible widths are lognormal about the apparent width of a
vessel, with the two halves of the interval that was read as its sides; the interval includes scale, blur and the
variety of the vessels of a site. Prior times likelihood (photo 6) gives weights to the quantiles of the prior, and a
draw takes the same place among weighted quantiles that it had among equal ones: no draw is lost, and draws stay
stratified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import NormalDist
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.exposure import Vessel
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.skin.draws import BLOCK, RandomDraws, StandardDraws, draw_value, normal_cdf, stream_key, value_at_normal
from skinbeam.skin.layers import PAPILLARY_DERMIS
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import cite_value, read_number, read_sourced, tissue_table

__all__ = [
    "PhotographedVesselWidth",
    "VesselKind",
    "VesselPopulation",
    "Vessels",
    "add_port_wine_stain",
    "case_vessels",
    "lesion_network",
    "tube_haematocrit",
    "vessel_network",
    "vessel_population",
]

_width_table = partial(load_package_table, "data/seen_vessels.toml")
Array = NDArray[np.float64]
# Quantiles of a prior, as standard normals; a billionth of it is beyond 6.
_PRIOR_NORMALS: Final = np.linspace(-6.0, 6.0, 1201)
_PRIOR_WEIGHTS: Final = np.exp(-0.5 * _PRIOR_NORMALS**2) / np.exp(-0.5 * _PRIOR_NORMALS**2).sum()
_UNIFORM_PLACES: Final = (np.arange(8) + 0.5) / 8  # quantiles of a uniform distribution


@dataclass(frozen=True)
class PhotographedVesselWidth:
    """Apparent width of the vessels of a site on a photograph.

    Parameters
    ----------
    width_um : median of the widths, µm, with the narrowest and the widest; a low end of 0 means that blur may explain
        all of it.
    """

    width_um: Estimate

    def diameters_m(self, prior: SourcedValue, normal: Array) -> Array:
        """Return posterior diameters, m, at the quantiles of standard normals, of the shape of `normal`.

        Parameters
        ----------
        prior : published diameters, µm.
        """
        weights = _PRIOR_WEIGHTS * self._likelihood(prior)
        below = np.cumsum(weights) - weights / 2
        return np.asarray(
            value_at_normal(prior, np.interp(normal_cdf(normal) * weights.sum(), below, _PRIOR_NORMALS)) * UM
        )

    def relative_likelihood(self, prior: SourcedValue) -> float:
        """Return the likelihood of the visible width under a distribution of diameters.

        It is relative to the likelihood under vessels that look exactly as wide.
        """
        return float(_PRIOR_WEIGHTS @ self._likelihood(prior))

    def is_plausible(self, parts: Sequence[tuple[float, SourcedValue]]) -> bool:
        """Return whether the visible width is plausible: some such vessels look as narrow, and some as wide.

        Parameters
        ----------
        parts : (share, published diameter in µm) of the kinds of vessels that there may be.
        """
        least = read_number(_width_table()["least_share"])
        total = sum(share for share, _ in parts)
        narrower = sum(share / total * self._narrower_share(prior) for share, prior in parts)
        return least <= narrower <= 1 - least

    def _narrower_share(self, prior: SourcedValue) -> float:
        """Return the probability that such vessels look narrower than the visible width."""
        return float(_PRIOR_WEIGHTS @ normal_cdf(self._deviations(prior)).mean(axis=1))

    def _likelihood(self, prior: SourcedValue) -> Array:
        """Return the likelihood of the visible width at each quantile of a prior.

        It is relative to the likelihood for a vessel that looks exactly as wide.
        """
        return np.asarray(np.exp(-0.5 * self._deviations(prior) ** 2).mean(axis=1))

    def _deviations(self, prior: SourcedValue) -> Array:
        """Return by how many standard deviations the visible width exceeds the apparent width of each quantile.

        The result is (quantile, combination of k and s).
        """
        k, s = (_uniform_values(read_sourced(_width_table()[name])) for name in ("share_of_width", "spread_um"))
        looks = np.hypot(value_at_normal(prior, _PRIOR_NORMALS)[:, None, None] * k[:, None], s).reshape(
            len(_PRIOR_NORMALS), -1
        )
        ends = NormalDist().inv_cdf((1 + self.width_um.level) / 2)
        narrow = np.log(self.width_um.median / self.width_um.low) / ends if self.width_um.low > 0 else np.inf
        apart = np.log(self.width_um.median / looks)
        return np.asarray(apart / np.where(apart > 0, narrow, np.log(self.width_um.high / self.width_um.median) / ends))


def _uniform_values(value: SourcedValue) -> Array:
    return np.asarray(value.low + (value.high - value.low) * _UNIFORM_PLACES)


# Vessels and populations of vessels.

VesselKind = Literal["normal", "facial-telangiectasia", "port-wine-stain"]
STAINED_LAYERS = 3  # layers of the dermis that hold the vessels of a port-wine stain
LESION_DEPTHS = 6  # depths that represent the vessels of a lesion
VESSEL_SIZES = 4  # diameters that represent the vessels of a layer, with the same amount of blood in each


@compared_by_value
@dataclass(frozen=True)
class Vessels:
    """Vessels of each draw, SI: `depth` is of the axis below the surface; all (sample, vessel)."""

    depth: Array
    diameter: Array
    wall: Array
    haematocrit: Array
    oxygenation: Array

    def select(self, draws: NDArray[np.int64], vessels: NDArray[np.int64]) -> "Vessels":
        """Select some of the vessels of some of the draws."""
        rows = np.ix_(draws, vessels)
        columns = (self.depth, self.diameter, self.wall, self.haematocrit, self.oxygenation)
        return Vessels(*(part[rows] for part in columns))


@dataclass(frozen=True)
class VesselPopulation:
    """Distribution of depth and diameter of vessels of a kind.

    Parameters
    ----------
    kind : its name.
    parts : (share, diameter in µm, depth of the axis in µm or None for the upper plexus), the shares in any unit.
    photographed_width : apparent width of this person's vessels, which updates diameters and shares; None without a
        photograph.
    """

    kind: str
    parts: tuple[tuple[float, SourcedValue, SourcedValue | None], ...]
    photographed_width: PhotographedVesselWidth | None = None

    def draw(self, draws: StandardDraws, epidermis_m: Array, plexus_top_m: Array, plexus_m: Array) -> Vessels:
        """Draw one vessel for each skin, below the epidermis and no nearer to the surface than its own radius and wall.

        Parameters
        ----------
        epidermis_m : depth of the lower border of the epidermis, (sample,).
        plexus_top_m, plexus_m : depth of the upper plexus and its thickness, (sample,).
        """
        part, diameter_m = self._draw_diameters(draws)
        depths = [
            plexus_top_m + plexus_m * draws.uniform("vessel depth")
            if depth is None
            else draw_value(draws, "vessel depth", depth) * UM
            for _, _, depth in self.parts
        ]
        wall, haematocrit, oxygenation = (values[:, 0] for values in _draw_vessel_properties(draws, 1))
        haematocrit = tube_haematocrit(haematocrit, diameter_m)
        depth_m = np.maximum(np.choose(part, depths), epidermis_m + diameter_m / 2 + wall)
        return Vessels(*(a[:, None] for a in (depth_m, diameter_m, wall, haematocrit, oxygenation)))

    def with_photographed_width(self, width: PhotographedVesselWidth | None) -> "VesselPopulation":
        """Return the population updated with the apparent width of its vessels.

        It is unchanged without a width, or with one that such vessels do not have.
        """
        fits = width is not None and width.is_plausible([(share, diameter) for share, diameter, _ in self.parts])
        return replace(self, photographed_width=width) if fits else self

    def diameter_um(self) -> Estimate:
        """Return the median diameter of its vessels, µm, with the 10 and 90 % quantiles."""
        _, drawn_m = self._draw_diameters(RandomDraws(stream_key(0), BLOCK))
        low, middle, high = (float(quantile) for quantile in np.quantile(drawn_m / UM, (0.1, 0.5, 0.9)))
        return Estimate(middle, low, high, 0.8, "modelled", draws=BLOCK)

    def lesion_depths(self, draws: StandardDraws) -> Array:
        """Return depths that represent the vessels of the lesion of each draw, (sample, place), m.

        The result is empty, (sample, 0), where the vessels of the population are in the upper plexus.
        """
        if any(depth is None for _, _, depth in self.parts):
            return np.zeros((draws.count, 0))
        z = np.array([NormalDist().inv_cdf((place + 0.5) / LESION_DEPTHS) for place in range(LESION_DEPTHS)])
        depths = np.stack([value_at_normal(depth, z) for _, _, depth in self.parts if depth is not None])
        return np.asarray(depths[self._draw_part(draws)] * UM)

    def _draw_diameters(self, draws: StandardDraws) -> tuple[NDArray[np.int64], Array]:
        """Draw the part of the population for each draw, and the diameter, m, (sample,)."""
        part = self._draw_part(draws)
        if self.photographed_width is None:
            diameters = [draw_value(draws, "vessel diameter", published) * UM for _, published, _ in self.parts]
        else:
            normal = draws.normal("vessel diameter")
            diameters = [self.photographed_width.diameters_m(published, normal) for _, published, _ in self.parts]
        return part, np.choose(part, diameters)

    def _draw_part(self, draws: StandardDraws) -> NDArray[np.int64]:
        """Draw the part of the population for each draw, (sample,)."""
        likely = [
            1.0 if self.photographed_width is None else self.photographed_width.relative_likelihood(diameter)
            for _, diameter, _ in self.parts
        ]
        shares = np.array([share for share, _, _ in self.parts]) * likely
        return np.searchsorted(np.cumsum(shares / shares.sum()), draws.uniform("vessel kind"), side="right")


def vessel_population(kind: VesselKind) -> VesselPopulation:
    """Return the sourced population of vessels of a kind."""
    entry = tissue_table("vessels")[kind]
    if kind == "port-wine-stain":
        parts = tuple(
            (float(part["share"]), read_sourced(part["diameter_um"]), read_sourced(part["depth_um"])) for part in entry
        )
        return VesselPopulation(kind, parts)
    depth = read_sourced(entry["depth_um"]) if "depth_um" in entry else None
    return VesselPopulation(kind, ((1.0, read_sourced(entry["diameter_um"]), depth),))


def case_vessels(
    draws: StandardDraws, vessels: Sequence[Vessel], preset_properties: Mapping[str, SourcedValue]
) -> Vessels:
    """Return the vessels of a case, the same in each draw; properties that the case leaves out are drawn.

    Parameters
    ----------
    preset_properties : properties of vessels that a preset has of its own, not yet cited: `wall_um`, `haematocrit`,
        `oxygenation`.
    """
    shape = (draws.count, len(vessels))
    depth = np.broadcast_to(np.array([vessel.depth_um for vessel in vessels]) * UM, shape).copy()
    diameter = np.broadcast_to(np.array([vessel.diameter_um for vessel in vessels]) * UM, shape).copy()
    wall, haematocrit, oxygenation = _draw_vessel_properties(draws, len(vessels), preset_properties)
    haematocrit = tube_haematocrit(haematocrit, diameter)
    for index, vessel in enumerate(vessels):
        if vessel.wall_um is not None:
            wall[:, index] = vessel.wall_um * UM
        if vessel.haematocrit is not None:
            haematocrit[:, index] = vessel.haematocrit
        if vessel.oxygenation is not None:
            oxygenation[:, index] = vessel.oxygenation
    return Vessels(depth, diameter, wall, haematocrit, oxygenation)


def tube_haematocrit(haematocrit: Array, diameter_m: Array) -> Array:
    """Return the haematocrit inside a vessel through which blood of `haematocrit` flows; arguments broadcast.

    Red cells travel in the middle, faster than the plasma, so fewer are in a narrow vessel at a time than pass through
    it: a fourth fewer at 20 µm (Fahraeus effect; fit to human blood in glass tubes, pries1990, equation 1).
    """
    entry = tissue_table("vessels")["fahraeus"]
    cite_sources(entry["source"])
    d = diameter_m / UM
    mixed = 1 + entry["near"] * np.exp(-d / entry["near_um"]) - entry["far"] * np.exp(-d / entry["far_um"])
    return np.asarray(haematocrit * np.minimum(haematocrit + (1 - haematocrit) * mixed, 1.0))


def vessel_network(skins: SkinSample) -> tuple[Vessels, Array]:
    """Return vessels that represent all vessels of a normal skin, and the share of the blood of the dermis in each.

    Each layer has quantiles of its diameters, weighted with the square of the diameter, to which the blood is
    proportional, at one or more depths. The quantiles are the same in every draw; the depths of the layers and their
    blood differ. Wall and blood are those of the person's vessels.
    """
    names = list(skins.layers)
    thickness, fraction = skins["thickness_m"], skins["blood_fraction"]
    bottoms = np.cumsum(thickness, axis=1)
    depth, diameter, held = [], [], []
    for part in tissue_table("vessels")["network"]:
        layer, across = names.index(part["layer"]), read_sourced(part["diameter_um"])
        sizes = _blood_weighted_sizes(across) * UM
        count = int(part["depths"])
        blood = fraction[:, layer, None] * thickness[:, layer, None]
        for place in (np.arange(count) + 0.5) / count:
            top, bottom = bottoms[:, layer - 1, None], bottoms[:, layer, None]
            depth.append(np.repeat(top + place * (bottom - top), VESSEL_SIZES, axis=1))
            diameter.append(np.broadcast_to(sizes, depth[-1].shape))
            held.append(np.repeat(blood / (count * VESSEL_SIZES), VESSEL_SIZES, axis=1))
    share = np.concatenate(held, axis=1)
    ones = np.ones(share.shape)
    across_m = np.concatenate(diameter, axis=1)
    cells = tube_haematocrit(skins["blood_haematocrit"][:, None], across_m)
    wall, oxygenation = (skins[name][:, :1] * ones for name in ("wall_m", "oxygenation"))
    network = Vessels(np.concatenate(depth, axis=1), across_m, wall, cells, oxygenation)
    return network, share / share.sum(axis=1, keepdims=True)


def add_port_wine_stain(
    draws: StandardDraws, blood: Sequence[Array], radius: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    """Return blood fractions and vessel radii (m) of the layers below the epidermis of a port-wine stain.

    Its vessels fill the uppermost millimetre of the dermis, down to the deep plexus, with their share of it; where the
    skin around holds more, that value stays.

    Parameters
    ----------
    blood, radius : the same of the skin around; papillary dermis, upper plexus and reticular dermis are first.
    """
    entry = tissue_table("vessels")["stain"]
    share = np.maximum(draw_value(draws, "stain blood", read_sourced(entry["blood_fraction"])), 0.0)
    wide = draw_value(draws, "stain radius", read_sourced(entry["radius_um"])) * UM
    more = [share > fraction for fraction in blood[:STAINED_LAYERS]]
    fractions = [np.where(found, share, fraction) for found, fraction in zip(more, blood, strict=False)]
    radii = [np.where(found, wide, normal_radius) for found, normal_radius in zip(more, radius, strict=False)]
    return [*fractions, *blood[STAINED_LAYERS:]], [*radii, *radius[STAINED_LAYERS:]]


def lesion_network(skins: SkinSample) -> tuple[Vessels, Array]:
    """Return vessels that represent all vessels of a lesion, and the share of its blood in each.

    They are as wide as the vessel of the draw (vessels of a lesion are alike, barsky1980) and are placed at
    `lesion_depth_m`, but below the epidermis.
    """
    places = skins["lesion_depth_m"]
    diameter, wall, haematocrit, oxygenation = (
        skins[name][:, :1] * np.ones(places.shape)
        for name in ("vessel_diameter_m", "wall_m", "haematocrit", "oxygenation")
    )
    above = list(skins.layers).index(PAPILLARY_DERMIS)
    epidermis = skins["thickness_m"][:, :above].sum(axis=1)[:, None]
    depth = np.maximum(places, epidermis + diameter / 2 + wall)
    return Vessels(depth, diameter, wall, haematocrit, oxygenation), np.full(places.shape, 1 / places.shape[1])


def _blood_weighted_sizes(diameter: SourcedValue) -> Array:
    """Return quantiles of diameters, (VESSEL_SIZES,), in their unit.

    They are weighted with the square of the diameter, to which the blood is proportional.
    """
    # The range and the step give the quantiles to 1e-6.
    z = np.linspace(-8.0, 8.0, 8001)
    sizes = value_at_normal(diameter, z)
    density = np.exp(-0.5 * z**2) * sizes**2
    below = np.cumsum(density) - density / 2
    return np.asarray(np.interp((np.arange(VESSEL_SIZES) + 0.5) / VESSEL_SIZES * density.sum(), below, sizes))


def _draw_vessel_properties(
    draws: StandardDraws, count: int, preset_properties: Mapping[str, SourcedValue] = MappingProxyType({})
) -> tuple[Array, Array, Array]:
    """Draw wall (m), haematocrit and oxygenation, (sample, count).

    A person's blood is the same in all of their vessels.
    """
    table = tissue_table("vessels")
    entries = {"wall_um": table["wall_um"], **table["blood"]}

    def drawn(name: str, what: str) -> Array:
        own = preset_properties.get(name)
        return draw_value(draws, what, read_sourced(entries[name]) if own is None else cite_value(own))

    wall = drawn("wall_um", "vessel wall") * UM
    haematocrit = np.clip(drawn("haematocrit", "vessel haematocrit"), 0.0, 1.0)
    oxygenation = drawn("oxygenation", "vessel oxygenation")
    return tuple(np.repeat(a[:, None], count, axis=1) for a in (wall, haematocrit, oxygenation))  # type: ignore[return-value]  # three arrays in, three out

"""How wide the vessels of a person are, where a photograph shows some: what is published joined with what is seen.

A vessel of the diameter d looks hypot(k d, s) wide (photo 5) once the blur of the camera is taken off: light spreads in
the skin above it by s, and the flanks of a round vessel lie deeper than its top, so that k of its width is seen. Both
are taken as even between the ends that traced light gives (data/seen_vessels.toml). A narrow vessel therefore looks
some 0.3 mm wide whatever it is, and a width like that tells next to nothing of its diameter.

The published law of the diameter is the prior. Seen widths spread about what a vessel looks like as a normal law of
their logarithm, whose sides are the two halves of the interval that was read, which holds scale, blur and the variety
of the vessels of a site. Prior times likelihood (photo 6) gives weights to the quantiles of the prior, and a draw takes
the same place among weighted quantiles that it had among even ones: no draw is lost, and draws stay stratified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.exposure import Vessel
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import UM
from skinbeam.skin.draws import BLOCK, RandomDraws, StandardDraws, draw_value, normal_cdf, stream_key, value_at_normal
from skinbeam.skin.layers import PAPILLARY_DERMIS
from skinbeam.skin.tables import read_number, read_sourced, tissue_table

if TYPE_CHECKING:
    import xarray as xr

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

Array = NDArray[np.float64]
# Quantiles of a prior, as standard normals: past 6 of them lies a billionth of it.
_PRIOR_NORMALS: Final = np.linspace(-6.0, 6.0, 1201)
_PRIOR_WEIGHTS: Final = np.exp(-0.5 * _PRIOR_NORMALS**2) / np.exp(-0.5 * _PRIOR_NORMALS**2).sum()
_UNIFORM_PLACES: Final = (np.arange(8) + 0.5) / 8  # places between the two ends of what is taken as even between them


@dataclass(frozen=True)
class PhotographedVesselWidth:
    """How wide the vessels of a site look on a photograph.

    Parameters
    ----------
    um : the middle of them, µm, from the narrowest to the widest; a low end of 0 says that the blur may be all of it.
    """

    um: Estimate

    def diameters_m(self, prior: SourcedValue, normal: Array) -> Array:
        """Return diameters, m, in the places of standard normals, of the shape of `normal`.

        Parameters
        ----------
        prior : published diameters, µm.
        """
        weights = _PRIOR_WEIGHTS * self._likelihood(prior)
        below = np.cumsum(weights) - weights / 2
        return np.asarray(
            value_at_normal(prior, np.interp(normal_cdf(normal) * weights.sum(), below, _PRIOR_NORMALS)) * UM
        )

    def share(self, prior: SourcedValue) -> float:
        """Return how likely what is seen is of such vessels, over that of vessels that look just like it."""
        return float(_PRIOR_WEIGHTS @ self._likelihood(prior))

    def fits(self, parts: Sequence[tuple[float, SourcedValue]]) -> bool:
        """Return whether some such vessels look as narrow, and some as wide, as what is seen.

        Parameters
        ----------
        parts : (share, published diameter in µm) of the kinds of vessels that there may be.
        """
        least = read_number(_width_table()["least_share"])
        total = sum(share for share, _ in parts)
        narrower = sum(share / total * self._narrower_share(prior) for share, prior in parts)
        return least <= narrower <= 1 - least

    def _narrower_share(self, prior: SourcedValue) -> float:
        """Share of what would be seen of such vessels that is narrower than what is seen."""
        return float(_PRIOR_WEIGHTS @ normal_cdf(self._deviations(prior)).mean(axis=1))

    def _likelihood(self, prior: SourcedValue) -> Array:
        """Of what is seen, at each quantile of a prior, over that of a vessel that looks just like it."""
        return np.asarray(np.exp(-0.5 * self._deviations(prior) ** 2).mean(axis=1))

    def _deviations(self, prior: SourcedValue) -> Array:
        """How many deviations wider what is seen is than each quantile looks, (quantile, way that light may spread)."""
        k, s = (_uniform_values(read_sourced(_width_table()[name])) for name in ("share_of_width", "spread_um"))
        looks = np.hypot(value_at_normal(prior, _PRIOR_NORMALS)[:, None, None] * k[:, None], s).reshape(
            len(_PRIOR_NORMALS), -1
        )
        ends = NormalDist().inv_cdf((1 + self.um.level) / 2)
        narrow = np.log(self.um.median / self.um.low) / ends if self.um.low > 0 else np.inf
        apart = np.log(self.um.median / looks)
        return np.asarray(apart / np.where(apart > 0, narrow, np.log(self.um.high / self.um.median) / ends))


def _width_table() -> Mapping[str, Any]:
    return load_package_table("data/seen_vessels.toml")


def _uniform_values(value: SourcedValue) -> Array:
    return np.asarray(value.low + (value.high - value.low) * _UNIFORM_PLACES)


# Blood vessels that a pulse meets: those given, or draws of a population of them.

VesselKind = Literal["normal", "facial-telangiectasia", "port-wine-stain"]
STAINED_LAYERS = 3  # layers of the dermis that hold the vessels of a port-wine stain
LESION_DEPTHS = 6  # depths that stand for the vessels of a lesion
VESSEL_SIZES = 4  # diameters that stand for the vessels of a layer, with as much blood in each


@dataclass(frozen=True)
class Vessels:
    """Vessels of each draw, SI: `depth` is of the axis below the surface; all (sample, vessel)."""

    depth: Array
    diameter: Array
    wall: Array
    haematocrit: Array
    oxygenation: Array

    def some(self, draws: NDArray[np.int64], vessels: NDArray[np.int64]) -> "Vessels":
        """Return some of the vessels of some of the draws."""
        rows = np.ix_(draws, vessels)
        each = (self.depth, self.diameter, self.wall, self.haematocrit, self.oxygenation)
        return Vessels(*(part[rows] for part in each))


@dataclass(frozen=True)
class VesselPopulation:
    """Where vessels of a kind lie and how wide they are.

    Parameters
    ----------
    kind : its name.
    parts : (share, diameter in µm, depth of the axis in µm or None for the upper plexus), the shares in any unit.
    seen : how wide those of this person look, which the diameters and shares are joined with; None without.
    """

    kind: str
    parts: tuple[tuple[float, SourcedValue, SourcedValue | None], ...]
    seen: PhotographedVesselWidth | None = None

    def draw(self, draws: StandardDraws, epidermis_m: Array, plexus_top_m: Array, plexus_m: Array) -> Vessels:
        """Return one vessel a draw, below the epidermis and no nearer to the surface than its own radius and wall.

        Parameters
        ----------
        epidermis_m : depth of the lower border of the epidermis, (sample,).
        plexus_top_m, plexus_m : depth of the upper plexus and its thickness, (sample,).
        """
        part, diameter_m = self._diameters(draws)
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

    def joined(self, seen: PhotographedVesselWidth | None) -> "VesselPopulation":
        """Return the same vessels joined with how wide they look; as they are where they do not look so."""
        fits = seen is not None and seen.fits([(share, diameter) for share, diameter, _ in self.parts])
        return replace(self, seen=seen) if fits else self

    def diameter_um(self) -> Estimate:
        """Return how wide its vessels are, between a tenth of them and nine tenths."""
        _, drawn_m = self._diameters(RandomDraws(stream_key(0), BLOCK))
        low, middle, high = (float(one) for one in np.quantile(drawn_m / UM, (0.1, 0.5, 0.9)))
        return Estimate(middle, low, high, 0.8, "modelled", draws=BLOCK)

    def lesion_depths(self, draws: StandardDraws) -> Array:
        """Return depths that stand for the vessels of the lesion that each draw is of, (sample, place), m.

        None of them, (sample, 0), where the vessels of the population lie in the upper plexus.
        """
        if any(depth is None for _, _, depth in self.parts):
            return np.zeros((draws.count, 0))
        z = np.array([NormalDist().inv_cdf((place + 0.5) / LESION_DEPTHS) for place in range(LESION_DEPTHS)])
        each = np.stack([value_at_normal(depth, z) for _, _, depth in self.parts if depth is not None])
        return np.asarray(each[self._part(draws)] * UM)

    def _diameters(self, draws: StandardDraws) -> tuple[NDArray[np.int64], Array]:
        """Which of its parts each draw is of, and how wide it is, m, (sample,)."""
        part = self._part(draws)
        if self.seen is None:
            each = [draw_value(draws, "vessel diameter", published) * UM for _, published, _ in self.parts]
        else:
            normal = draws.normal("vessel diameter")
            each = [self.seen.diameters_m(published, normal) for _, published, _ in self.parts]
        return part, np.choose(part, each)

    def _part(self, draws: StandardDraws) -> NDArray[np.int64]:
        """Which of its parts each draw is of, (sample,)."""
        likely = [1.0 if self.seen is None else self.seen.share(diameter) for _, diameter, _ in self.parts]
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


def case_vessels(draws: StandardDraws, vessels: Sequence[Vessel], known: Mapping[str, Any]) -> Vessels:
    """Return the vessels of a case, the same in each draw; what is left out is drawn.

    Parameters
    ----------
    known : entries of the table of vessels that a preset has of its own: `wall_um`, `haematocrit`, `oxygenation`.
    """
    shape = (draws.count, len(vessels))
    depth = np.broadcast_to(np.array([vessel.depth_um for vessel in vessels]) * UM, shape).copy()
    diameter = np.broadcast_to(np.array([vessel.diameter_um for vessel in vessels]) * UM, shape).copy()
    wall, haematocrit, oxygenation = _draw_vessel_properties(draws, len(vessels), known)
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
    """Return the haematocrit of the blood inside a vessel through which blood of `haematocrit` flows; they broadcast.

    Red cells travel in the middle, faster than the plasma, so fewer are in a narrow vessel at a time than pass through
    it: a fourth fewer at 20 µm (Fahraeus effect; fit to human blood in glass tubes, pries1990, equation 1).
    """
    entry = tissue_table("vessels")["fahraeus"]
    cite_sources(entry["source"])
    d = diameter_m / UM
    mixed = 1 + entry["near"] * np.exp(-d / entry["near_um"]) - entry["far"] * np.exp(-d / entry["far_um"])
    return np.asarray(haematocrit * np.minimum(haematocrit + (1 - haematocrit) * mixed, 1.0))


def vessel_network(skins: "xr.Dataset") -> tuple[Vessels, Array]:
    """Return vessels that stand for all of a normal skin, and the share of the blood of the dermis in each.

    Each layer has quantiles of its diameters, weighted with the square by which blood goes, at one or more depths. The
    same numbers serve in every draw; what differs is where the layers lie and how much blood they hold. Wall and blood
    are those of the person's vessels.
    """
    names = [str(name) for name in skins["layer"].values]
    thickness, fraction = skins["thickness_m"].to_numpy(), skins["blood_fraction"].to_numpy()
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
    one = np.ones(share.shape)
    across_m = np.concatenate(diameter, axis=1)
    cells = tube_haematocrit(skins["blood_haematocrit"].to_numpy()[:, None], across_m)
    wall, oxygenation = (skins[name].to_numpy()[:, :1] * one for name in ("wall_m", "oxygenation"))
    network = Vessels(np.concatenate(depth, axis=1), across_m, wall, cells, oxygenation)
    return network, share / share.sum(axis=1, keepdims=True)


def add_port_wine_stain(
    draws: StandardDraws, blood: Sequence[Array], radius: Sequence[Array]
) -> tuple[list[Array], list[Array]]:
    """Return blood fractions and vessel radii (m) of the layers below the epidermis of a port-wine stain.

    Its vessels fill the uppermost millimetre of the dermis, down to the deep plexus, with their share of it; where the
    skin around holds more, that stays.

    Parameters
    ----------
    blood, radius : the same of the skin around; papillary dermis, upper plexus and reticular dermis come first.
    """
    entry = tissue_table("vessels")["stain"]
    share = np.maximum(draw_value(draws, "stain blood", read_sourced(entry["blood_fraction"])), 0.0)
    wide = draw_value(draws, "stain radius", read_sourced(entry["radius_um"])) * UM
    more = [share > one for one in blood[:STAINED_LAYERS]]
    fractions = [np.where(found, share, one) for found, one in zip(more, blood, strict=False)]
    radii = [np.where(found, wide, one) for found, one in zip(more, radius, strict=False)]
    return [*fractions, *blood[STAINED_LAYERS:]], [*radii, *radius[STAINED_LAYERS:]]


def lesion_network(skins: "xr.Dataset") -> tuple[Vessels, Array]:
    """Return vessels that stand for all of a lesion, and the share of its blood in each.

    They are as wide as the one of the draw (vessels of a lesion are alike, barsky1980) and lie at `lesion_depth_m`, but
    below the epidermis.
    """
    places = skins["lesion_depth_m"].to_numpy()
    diameter, wall, haematocrit, oxygenation = (
        skins[name].to_numpy()[:, :1] * np.ones(places.shape)
        for name in ("vessel_diameter_m", "wall_m", "haematocrit", "oxygenation")
    )
    above = [str(name) for name in skins["layer"].values].index(PAPILLARY_DERMIS)
    epidermis = skins["thickness_m"].to_numpy()[:, :above].sum(axis=1)[:, None]
    depth = np.maximum(places, epidermis + diameter / 2 + wall)
    return Vessels(depth, diameter, wall, haematocrit, oxygenation), np.full(places.shape, 1 / places.shape[1])


def _blood_weighted_sizes(diameter: SourcedValue) -> Array:
    """Return quantiles of diameters, (SIZES,), each weighted with the square by which blood goes, in their unit."""
    # Far enough out and fine enough that the quantiles are good to 1e-6.
    z = np.linspace(-8.0, 8.0, 8001)
    sizes = value_at_normal(diameter, z)
    density = np.exp(-0.5 * z**2) * sizes**2
    below = np.cumsum(density) - density / 2
    return np.asarray(np.interp((np.arange(VESSEL_SIZES) + 0.5) / VESSEL_SIZES * density.sum(), below, sizes))


def _draw_vessel_properties(
    draws: StandardDraws, count: int, known: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Array, Array, Array]:
    """Wall (m), haematocrit and oxygenation, (sample, count): a person's blood is the same in all of their vessels."""
    entry = {"wall_um": tissue_table("vessels")["wall_um"], **tissue_table("vessels")["blood"], **known}
    wall = draw_value(draws, "vessel wall", read_sourced(entry["wall_um"])) * UM
    haematocrit = np.clip(draw_value(draws, "vessel haematocrit", read_sourced(entry["haematocrit"])), 0.0, 1.0)
    oxygenation = draw_value(draws, "vessel oxygenation", read_sourced(entry["oxygenation"]))
    return tuple(np.repeat(a[:, None], count, axis=1) for a in (wall, haematocrit, oxygenation))  # type: ignore[return-value]  # three arrays in, three out

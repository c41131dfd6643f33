"""Blood vessels that a pulse meets: those given, or draws of a population of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate
from skinbeam.provenance import used
from skinbeam.schema.exposure import Vessel
from skinbeam.skin.draws import BLOCK, Draws, RandomDraws, key_of
from skinbeam.skin.layers import PAPILLARY_DERMIS
from skinbeam.skin.seen_widths import SeenWidth
from skinbeam.skin.spread import spread, spread_at
from skinbeam.skin.tables import sourced, table
from skinbeam.sources import Sourced
from skinbeam.units import UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "VesselKind",
    "VesselPopulation",
    "Vessels",
    "given_vessels",
    "lesion_network",
    "stained",
    "tube_haematocrit",
    "vessel_network",
    "vessel_population",
]

Array = NDArray[np.float64]
VesselKind = Literal["normal", "facial-telangiectasia", "port-wine-stain"]
STAINED = 3  # layers of the dermis that hold the vessels of a port-wine stain
PLACES = 6  # depths that stand for the vessels of a lesion
SIZES = 4  # diameters that stand for the vessels of a layer, with as much blood in each


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
    parts: tuple[tuple[float, Sourced, Sourced | None], ...]
    seen: SeenWidth | None = None

    def draw(self, draws: Draws, epidermis_m: Array, plexus_top_m: Array, plexus_m: Array) -> Vessels:
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
            else spread(draws, "vessel depth", depth) * UM
            for _, _, depth in self.parts
        ]
        wall, haematocrit, oxygenation = (values[:, 0] for values in _defaults(draws, 1))
        haematocrit = tube_haematocrit(haematocrit, diameter_m)
        depth_m = np.maximum(np.choose(part, depths), epidermis_m + diameter_m / 2 + wall)
        return Vessels(*(a[:, None] for a in (depth_m, diameter_m, wall, haematocrit, oxygenation)))

    def joined(self, seen: SeenWidth | None) -> "VesselPopulation":
        """Return the same vessels joined with how wide they look; as they are where they do not look so."""
        fits = seen is not None and seen.fits([(share, diameter) for share, diameter, _ in self.parts])
        return replace(self, seen=seen) if fits else self

    def diameter_um(self) -> Estimate:
        """Return how wide its vessels are, between a tenth of them and nine tenths."""
        _, drawn_m = self._diameters(RandomDraws(key_of(0), BLOCK))
        low, middle, high = (float(one) for one in np.quantile(drawn_m / UM, (0.1, 0.5, 0.9)))
        return Estimate(middle, low, high, 0.8, "modelled", draws=BLOCK)

    def lesion_depths(self, draws: Draws) -> Array:
        """Return depths that stand for the vessels of the lesion that each draw is of, (sample, place), m.

        None of them, (sample, 0), where the vessels of the population lie in the upper plexus.
        """
        if any(depth is None for _, _, depth in self.parts):
            return np.zeros((draws.count, 0))
        z = np.array([NormalDist().inv_cdf((place + 0.5) / PLACES) for place in range(PLACES)])
        each = np.stack([spread_at(depth, z) for _, _, depth in self.parts if depth is not None])
        return np.asarray(each[self._part(draws)] * UM)

    def _diameters(self, draws: Draws) -> tuple[NDArray[np.int64], Array]:
        """Which of its parts each draw is of, and how wide it is, m, (sample,)."""
        part = self._part(draws)
        if self.seen is None:
            each = [spread(draws, "vessel diameter", published) * UM for _, published, _ in self.parts]
        else:
            normal = draws.normal("vessel diameter")
            each = [self.seen.diameters_m(published, normal) for _, published, _ in self.parts]
        return part, np.choose(part, each)

    def _part(self, draws: Draws) -> NDArray[np.int64]:
        """Which of its parts each draw is of, (sample,)."""
        likely = [1.0 if self.seen is None else self.seen.share(diameter) for _, diameter, _ in self.parts]
        shares = np.array([share for share, _, _ in self.parts]) * likely
        return np.searchsorted(np.cumsum(shares / shares.sum()), draws.uniform("vessel kind"), side="right")


def vessel_population(kind: VesselKind) -> VesselPopulation:
    """Return the sourced population of vessels of a kind."""
    entry = table("vessels")[kind]
    if kind == "port-wine-stain":
        parts = tuple((float(part["share"]), sourced(part["diameter_um"]), sourced(part["depth_um"])) for part in entry)
        return VesselPopulation(kind, parts)
    depth = sourced(entry["depth_um"]) if "depth_um" in entry else None
    return VesselPopulation(kind, ((1.0, sourced(entry["diameter_um"]), depth),))


def given_vessels(draws: Draws, vessels: Sequence[Vessel], known: Mapping[str, Any]) -> Vessels:
    """Return the vessels of a case, the same in each draw; what is left out is drawn.

    Parameters
    ----------
    known : entries of the table of vessels that a preset has of its own: `wall_um`, `haematocrit`, `oxygenation`.
    """
    shape = (draws.count, len(vessels))
    depth = np.broadcast_to(np.array([vessel.depth_um for vessel in vessels]) * UM, shape).copy()
    diameter = np.broadcast_to(np.array([vessel.diameter_um for vessel in vessels]) * UM, shape).copy()
    wall, haematocrit, oxygenation = _defaults(draws, len(vessels), known)
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
    entry = table("vessels")["fahraeus"]
    used(entry["source"])
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
    for part in table("vessels")["network"]:
        layer, across = names.index(part["layer"]), sourced(part["diameter_um"])
        sizes = _sizes_by_blood(across) * UM
        count = int(part["depths"])
        blood = fraction[:, layer, None] * thickness[:, layer, None]
        for place in (np.arange(count) + 0.5) / count:
            top, bottom = bottoms[:, layer - 1, None], bottoms[:, layer, None]
            depth.append(np.repeat(top + place * (bottom - top), SIZES, axis=1))
            diameter.append(np.broadcast_to(sizes, depth[-1].shape))
            held.append(np.repeat(blood / (count * SIZES), SIZES, axis=1))
    share = np.concatenate(held, axis=1)
    one = np.ones(share.shape)
    across_m = np.concatenate(diameter, axis=1)
    cells = tube_haematocrit(skins["blood_haematocrit"].to_numpy()[:, None], across_m)
    wall, oxygenation = (skins[name].to_numpy()[:, :1] * one for name in ("wall_m", "oxygenation"))
    network = Vessels(np.concatenate(depth, axis=1), across_m, wall, cells, oxygenation)
    return network, share / share.sum(axis=1, keepdims=True)


def stained(draws: Draws, blood: Sequence[Array], radius: Sequence[Array]) -> tuple[list[Array], list[Array]]:
    """Return blood fractions and vessel radii (m) of the layers below the epidermis of a port-wine stain.

    Its vessels fill the uppermost millimetre of the dermis, down to the deep plexus, with their share of it; where the
    skin around holds more, that stays.

    Parameters
    ----------
    blood, radius : the same of the skin around; papillary dermis, upper plexus and reticular dermis come first.
    """
    entry = table("vessels")["stain"]
    share = np.maximum(spread(draws, "stain blood", sourced(entry["blood_fraction"])), 0.0)
    wide = spread(draws, "stain radius", sourced(entry["radius_um"])) * UM
    more = [share > one for one in blood[:STAINED]]
    fractions = [np.where(found, share, one) for found, one in zip(more, blood, strict=False)]
    radii = [np.where(found, wide, one) for found, one in zip(more, radius, strict=False)]
    return [*fractions, *blood[STAINED:]], [*radii, *radius[STAINED:]]


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


def _sizes_by_blood(diameter: Sourced) -> Array:
    """Return quantiles of diameters, (SIZES,), each weighted with the square by which blood goes, in their unit."""
    # Far enough out and fine enough that the quantiles are good to 1e-6.
    z = np.linspace(-8.0, 8.0, 8001)
    sizes = spread_at(diameter, z)
    density = np.exp(-0.5 * z**2) * sizes**2
    below = np.cumsum(density) - density / 2
    return np.asarray(np.interp((np.arange(SIZES) + 0.5) / SIZES * density.sum(), below, sizes))


def _defaults(draws: Draws, count: int, known: Mapping[str, Any] = MappingProxyType({})) -> tuple[Array, Array, Array]:
    """Wall (m), haematocrit and oxygenation, (sample, count): a person's blood is the same in all of their vessels."""
    entry = {"wall_um": table("vessels")["wall_um"], **table("vessels")["blood"], **known}
    wall = spread(draws, "vessel wall", sourced(entry["wall_um"])) * UM
    haematocrit = np.clip(spread(draws, "vessel haematocrit", sourced(entry["haematocrit"])), 0.0, 1.0)
    oxygenation = spread(draws, "vessel oxygenation", sourced(entry["oxygenation"]))
    return tuple(np.repeat(a[:, None], count, axis=1) for a in (wall, haematocrit, oxygenation))  # type: ignore[return-value]  # three arrays in, three out

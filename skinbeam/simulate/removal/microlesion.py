"""Lesions of fractional beams in sampled skins: columns of coagulation, craters, coverage, and their thresholds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.settings import Beam, Microbeam
from skinbeam.messages import text
from skinbeam.physics.damage.arrhenius import Kinetics, kinetics
from skinbeam.physics.light.fresnel import normal_reflectance
from skinbeam.physics.removal.drying import Ground
from skinbeam.physics.removal.edge import rim_of_edge
from skinbeam.physics.removal.microbeam import (
    ColumnHeat,
    Crater,
    Dermis,
    column,
    column_heat,
    coverage,
    crater,
    rim_below,
)
from skinbeam.physics.removal.residual import FloorHeat
from skinbeam.physics.removal.table import Ablation, microbeam_ablation_of
from skinbeam.physics.removal.wall import damage_of_dwell
from skinbeam.simulate.removal.ablation import SLACK, deep_layer, ground_of, removes, wall_K
from skinbeam.simulate.removal.column import LADDER_J, WARMED_PHOTONS, MiddleSkin, full_column, middle_skin
from skinbeam.simulate.removal.column_table import tabulated_corrections
from skinbeam.simulate.removal.warming import Warming, warming_of
from skinbeam.simulate.skins.kinetics import COAGULATED_WIDTH_M, COLLAGEN_KINETICS, sampled_kinetics
from skinbeam.simulate.skins.observed import Observed
from skinbeam.skin.properties import optics, thermal
from skinbeam.skin.spread import spread_at
from skinbeam.units import CM, MJ, MM, MS, UM, ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "ENERGY_RANGE_mJ",
    "Lesion",
    "LesionOf",
    "column_ratios",
    "energy_for",
    "energy_through",
    "highest_energy_mJ",
    "lesion",
    "lesions",
    "microlesions",
]

Floats = NDArray[np.float64]

ENERGY_RANGE_mJ: Final = (0.01, 1000.0)
# Depths looked at, finer where the beam is widest; in between the logarithm of damage is taken as straight.
_DEPTHS_M = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.2, 1.6, 2.2, 4.0]) * MM
_NARROWEST = 1e-3  # in radii: where nothing is removed there is no edge, and what is found there is not used
_BISECTIONS = 16  # of a factor of 1e5 in energy: to 2e-4 of its logarithm


class Lesion(NamedTuple):
    """Lesions in sampled skins, (sample,): crater, whole depth and width in m, and the share of skin covered."""

    ablation_depth: Floats
    depth: Floats
    width: Floats
    cover: Floats


LesionOf = Callable[[Floats], Lesion]
"""From energies, (sample,), J, to lesions."""


def microlesions(skins: "xr.Dataset", beam: Beam, middle: "xr.Dataset") -> Observed:
    """Return the quantities of a fractional pulse by the names of the interface."""
    micro = _micro(beam)
    assert micro.energy_mJ is not None  # a dose was required
    names = ("ablation_depth_um", "depth_um", "width_um")
    try:
        found = lesion(skins, beam, np.full(skins.sizes["sample"], micro.energy_mJ * MJ), middle)
    except NotAvailable as error:
        unknown = Unknown(error.reason)
        return {f"microlesion.{name}": unknown for name in (*names, "coverage_fraction")}
    seen: Observed = {
        f"microlesion.{name}": values / UM
        for name, values in zip(names, (found.ablation_depth, found.depth, found.width), strict=True)
    }
    seen["microlesion.coverage_fraction"] = found.cover
    return seen


def lesion(
    skins: "xr.Dataset", beam: Beam, energy_J: Floats, middle: "xr.Dataset", *, tabulated: bool = False
) -> Lesion:
    """Return the lesion of one microbeam of `energy_J` (sample,), and the share of skin that all passes cover.

    Parameters
    ----------
    middle : the skin in the middle of the draws, or some of them, on which columns are computed in full.
    tabulated : read what those of shipped devices come to from a table, in which they were computed in a like skin.

    Raises
    ------
    NotAvailable : no sourced data for such a beam or energy.
    """
    return lesions(skins, beam, middle, tabulated=tabulated)(energy_J)


def lesions(
    skins: "xr.Dataset", beam: Beam, middle: "xr.Dataset", *, rims: bool = True, tabulated: bool = False
) -> LesionOf:
    """Return what turns energies into lesions; all that does not depend on the energy is done once.

    Without `rims` craters are as wide as what is removed, which saves nearly all of the time. Otherwise as `lesion`.
    """
    micro = _micro(beam)
    most = highest_energy_mJ(beam)
    if beam.pulses > 1:
        raise NotAvailable(text("simulate.stacked-microbeams"))
    density = micro.density_per_cm2 / CM**2 * beam.passes
    craters = _craters(skins, beam, micro) if removes(beam) else None
    columns = _Columns(skins, beam, micro, middle, tabulated)

    def of(energy_J: Floats) -> Lesion:
        if energy_J.max(initial=0.0) > most * MJ * (1 + SLACK):
            raise NotAvailable(text("endpoint.crater-energy", {"high": most}))
        if craters is None:
            depth, width = columns.of(energy_J)
            return Lesion(np.zeros_like(depth), depth, width, coverage(density, np.pi / 4 * width**2))
        found = craters.of(energy_J, rims=rims)
        cover = coverage(density, np.pi / 4 * found.width_m**2)
        return Lesion(found.ablation_depth_m, found.depth_m, found.width_m, cover)

    return of


def highest_energy_mJ(beam: Beam) -> float:
    """Return the highest energy of a microbeam that is answered, mJ: of craters the end of their calibration.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    if not removes(beam):
        return ENERGY_RANGE_mJ[1]
    return min(ENERGY_RANGE_mJ[1], _known(beam).limits["energy_J"][1] / MJ)


def energy_for(endpoint: str, skins: "xr.Dataset", beam: Beam, middle: "xr.Dataset") -> Floats:
    """Return the energy of one microbeam at which each draw reaches `endpoint`, (sample,), mJ; inf if none does.

    Raises
    ------
    NotAvailable : an endpoint that is not judged for microbeams.
    """
    reached: dict[str, Callable[[Lesion], NDArray[np.bool_]]] = {
        "collagen-coagulation": lambda found: found.width >= COAGULATED_WIDTH_M,
        "ablation": lambda found: found.ablation_depth > 0,
    }
    if endpoint not in reached:
        raise NotAvailable(text("endpoint.not-fractional"))
    if endpoint == "ablation" and not removes(beam):
        raise NotAvailable(text("endpoint.not-ablative", {"wavelength_nm": beam.wavelength_nm}))
    return _least_energy(skins, beam, middle, reached[endpoint], wide=endpoint != "ablation")


def energy_through(skins: "xr.Dataset", beam: Beam, middle: "xr.Dataset", depth_m: Floats) -> Floats:
    """Return the energy of one microbeam whose lesion is `depth_m` deep, (sample,), mJ; inf if none is.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    return _least_energy(skins, beam, middle, lambda found: found.depth >= depth_m, wide=False)


def _least_energy(
    skins: "xr.Dataset",
    beam: Beam,
    middle: "xr.Dataset",
    reached: Callable[[Lesion], NDArray[np.bool_]],
    *,
    wide: bool,
) -> Floats:
    """The least energy that reaches an end, (sample,), mJ; without `wide` it does not look at width and cover."""
    lesion_of = lesions(skins, beam, middle, rims=wide)
    ends = ENERGY_RANGE_mJ[0], highest_energy_mJ(beam)
    low, high = (np.full(skins.sizes["sample"], end * MJ) for end in ends)
    most = high
    for _ in range(_BISECTIONS):
        tried = np.sqrt(low * high)
        done = reached(lesion_of(tried))
        high, low = np.where(done, tried, high), np.where(done, low, tried)
    untried = high == most  # by any draw that has reached the end below
    never = untried & ~reached(lesion_of(most)) if untried.any() else untried
    return np.where(never, np.inf, np.sqrt(low * high) / MJ)


def _micro(beam: Beam) -> Microbeam:
    if beam.microbeam is None:
        raise NotAvailable(text("not-apply.no-microbeam"))
    return beam.microbeam


@dataclass(frozen=True)
class _Columns:
    """Columns of one beam in sampled skins; `middle` is the skin on which they are computed in full.

    With `tabulated` the corrections of shipped beams are read from a table.
    """

    skins: "xr.Dataset"
    beam: Beam
    micro: Microbeam
    middle: "xr.Dataset"
    tabulated: bool

    def of(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """Depth and width of columns of beams of these energies, (sample,), m."""
        depth, width = self._drawn.of(energy_J)
        by_depth, by_width = self._corrections(energy_J)
        return np.minimum(by_depth * depth, _DEPTHS_M[-1]), by_width * width

    @cached_property
    def _drawn(self) -> "_Quick":
        skins = self.skins
        properties, heat, layer = optics(skins, self.beam.wavelength_nm), thermal(skins), deep_layer(skins)
        if np.any(properties.mua[:, layer] <= 0) or np.any(properties.g[:, layer] <= 0):
            raise NotAvailable(text("endpoint.column-optics"))
        each = (properties.mua, properties.mus, properties.g, heat.conductivity, heat.heat_capacity_vol)
        start = np.asarray(skins["temperature_C"].values) + ZERO_CELSIUS_K
        mua, mus, g, conductivity, capacity = (part[:, layer] for part in each)
        dermis = Dermis(mua, mus, g, conductivity, capacity, start)
        return self._quick(dermis, properties.n[:, 0], sampled_kinetics(COLLAGEN_KINETICS, skins))

    @cached_property
    def _middle(self) -> tuple[MiddleSkin, Warming | None, "_Quick"]:
        wavelength_nm, layer = self.beam.wavelength_nm, deep_layer(self.skins)
        middle = middle_skin(self.middle, wavelength_nm)
        each = (middle.mua, middle.mus, middle.g, middle.conductivity, middle.heat_capacity_vol)
        mua, mus, g, conductivity, capacity = (part[layer : layer + 1] for part in each)
        dermis = Dermis(mua, mus, g, conductivity, capacity, np.array([middle.start_K]))
        quick = self._quick(dermis, middle.n[:1], kinetics(COLLAGEN_KINETICS))
        return middle, warming_of(self.middle, wavelength_nm), quick

    def _quick(self, dermis: Dermis, n: Floats, processes: Kinetics) -> "_Quick":
        pulse_s, radius_m = self.beam.pulse_ms * MS, self.micro.diameter_um * UM / 2
        heat = column_heat(_DEPTHS_M, dermis, radius_m=radius_m, pulse_s=pulse_s)
        return _Quick(heat, 1 - normal_reflectance(np.ones(1), n), processes)

    def _corrections(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """What the full model of the middle skin has in depth and in width over the quick one, (sample,).

        Linear in the logarithm of the energy between the rungs of the ladder around the energies that are asked for;
        where either model shows nothing, the nearest rung where both do serves.
        """
        if self.tabulated and (found := tabulated_corrections(self.beam, energy_J, self.middle)) is not None:
            return found
        first, last = np.searchsorted(LADDER_J, [energy_J.min(), energy_J.max()])
        energies = LADDER_J[max(first - 1, 0) : last + 1]
        depth, width = (_at(energy_J, energies, ratio) for ratio in self.ratios(energies))
        return depth, width

    def ratios(self, energies_J: Floats, photons: int = WARMED_PHOTONS) -> tuple[Floats, Floats]:
        """The corrections of depth and width at energies, (energy,); nan where either model shows nothing."""
        middle, warming, quick = self._middle
        full = [
            full_column(
                middle,
                diameter_m=self.micro.diameter_um * UM,
                profile=self.micro.profile,
                pulse_s=self.beam.pulse_ms * MS,
                energy_J=float(energy),
                warming=warming,
                photons=photons,
            )
            for energy in energies_J
        ]
        found = []
        for by_quick, by_full in zip(quick.of(energies_J), np.array(full).T, strict=True):
            both = (by_quick > 0) & (by_full > 0)
            found.append(np.where(both, by_full / np.where(both, by_quick, 1.0), np.nan))
        return found[0], found[1]


def _at(energy_J: Floats, energies_J: Floats, ratio: Floats) -> Floats:
    """A correction at energies, from those that have one; 1 where none has."""
    known = np.isfinite(ratio)
    if not known.any():
        return np.ones(energy_J.shape)
    return np.interp(np.log(energy_J), np.log(energies_J[known]), ratio[known])


def column_ratios(middle: "xr.Dataset", beam: Beam, energies_J: Floats, *, photons: int) -> tuple[Floats, Floats]:
    """Return depth and width of a column in full over those of the quick model, (energy,), in one skin.

    Parameters
    ----------
    middle : the skin, or draws of whose properties the medians are taken. photons : each time light is computed.
    """
    return _Columns(middle, beam, _micro(beam), middle, False).ratios(energies_J, photons)


class _Quick(NamedTuple):
    """Columns by the semi-analytic model; `enters` is the share of the light that does, (sample,)."""

    heat: ColumnHeat
    enters: Floats
    processes: Kinetics

    def of(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """Depth and width, (sample,), m; at most the deepest depth looked at, and twice that."""
        found = column(self.heat, energy_J * self.enters, self.processes)
        return np.minimum(found.depth_m, _DEPTHS_M[-1]), np.minimum(found.width_m, 2 * _DEPTHS_M[-1])


@dataclass(frozen=True)
class _Craters:
    """Craters of one beam in sampled skins."""

    skins: "xr.Dataset"
    known: Ablation
    ground: Ground
    micro: Microbeam
    pulse_s: float

    def of(self, energy_J: Floats, *, rims: bool) -> Crater:
        """Craters of beams of these energies, (sample,), with the rim below them and, where asked for, beside them."""
        known, micro = self.known, self.micro
        assert known.rim is not None  # a microbeam of this kind has one
        assert known.rim_energy_J is not None
        gaussian = micro.profile == "gaussian"
        radius = micro.diameter_um * UM / 2
        bare = crater(
            energy_J=energy_J,
            radius_m=radius,
            threshold_J_m2=self.ground.threshold,
            enthalpy_J_m3=spread_at(known.enthalpy, self.skins["ablation_enthalpy_shift"]),
            profile="gaussian" if gaussian else "top-hat",
        )
        beside = np.zeros_like(bare.ablation_width_m)
        if rims:
            edge = np.maximum(bare.ablation_width_m / 2, radius * _NARROWEST)
            beside = np.maximum(self._of_front(edge, radius if gaussian else 0.0), self._of_wall)
        below = rim_below(energy_J, spread_at(known.rim, self.skins["ablation_penetration_shift"]), known.rim_energy_J)
        hit = bare.ablation_depth_m > 0
        depth = np.where(hit, bare.ablation_depth_m + below, 0.0)
        return Crater(*bare[:2], depth, np.where(hit, bare.ablation_width_m + 2 * beside, 0.0))

    def _of_front(self, edge: Floats, radius: float) -> Floats:
        """Rim that the heat of the front and of the light beside it leaves; at the edge it came all through a pulse."""
        ground = self.ground
        left = FloorHeat(
            ground.threshold,
            ground.threshold / ground.penetration,
            ground.capacity * ground.boiling_rise,
            ground.vented,
            ground.diffusivity,
            ground.capacity,
        )
        return rim_of_edge(
            left,
            edge_m=edge,
            radius_m=radius,
            start_K=self.start_K,
            processes=self.processes,
            age_s=self.pulse_s / 2,
        )

    @cached_property
    def _of_wall(self) -> Floats:
        """Rim beside a wall that is held hot until the beam goes."""
        return damage_of_dwell(
            self.pulse_s,
            wall_K=wall_K(self.ground),
            start_K=self.start_K,
            diffusivity_m2_s=self.ground.diffusivity,
            processes=self.processes,
        )

    @cached_property
    def start_K(self) -> Floats:
        """Temperature before the pulse, (sample,)."""
        return np.asarray(self.skins["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K

    @cached_property
    def processes(self) -> Kinetics:
        """Kinetics of collagen in each sample."""
        return sampled_kinetics(COLLAGEN_KINETICS, self.skins)


def _known(beam: Beam) -> Ablation:
    """What is known of microbeams that ablate at this wavelength.

    Raises
    ------
    NotAvailable : nothing.
    """
    known = microbeam_ablation_of(beam.wavelength_nm)
    if known is None or known.rim is None:
        raise NotAvailable(text("endpoint.no-crater-data", {"wavelength_nm": beam.wavelength_nm}))
    return known


def _craters(skins: "xr.Dataset", beam: Beam, micro: Microbeam) -> _Craters:
    known = _known(beam)
    shortest, longest = known.limits["diameter_m"]
    if not shortest <= micro.diameter_um * UM <= longest:
        raise NotAvailable(text("endpoint.crater-diameter", {"low": shortest / UM, "high": longest / UM}))
    pulse_s = beam.pulse_ms * MS
    return _Craters(skins, known, ground_of(skins, beam.wavelength_nm, pulse_s), micro, pulse_s)

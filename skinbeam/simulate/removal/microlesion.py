"""Lesions of fractional beams in sampled skins: columns of coagulation, craters, coverage, and their thresholds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam, MicrobeamPattern
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import CM, MJ, MM, MS, UM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import Kinetics, read_kinetics
from skinbeam.physics.light.plane_layers import normal_reflectance
from skinbeam.physics.removal.calibration import AblationCalibration, microbeam_calibration
from skinbeam.physics.removal.crater_rim import dwell_damage_width, edge_rim
from skinbeam.physics.removal.microbeam import (
    ColumnHeat,
    DermisProperties,
    coagulated_column,
    column_heat,
    coverage,
    microbeam_crater,
    rim_below,
)
from skinbeam.physics.removal.pulse_train import AblatingTissue
from skinbeam.physics.removal.residual_heat import FloorHeat
from skinbeam.simulate.removal.ablation import (
    CALIBRATION_SLACK,
    ablating_tissue,
    is_ablative,
    reticular_layer,
    wall_temperature_K,
)
from skinbeam.simulate.removal.column import (
    ENERGY_LADDER_J,
    WARMED_PHOTONS,
    MedianSkinLayers,
    full_column,
    median_skin_layers,
)
from skinbeam.simulate.removal.column_table import lookup_column_corrections
from skinbeam.simulate.removal.heated_optics import ThermalOptics, thermal_optics
from skinbeam.simulate.skins.ensemble import SampledQuantities
from skinbeam.simulate.skins.tissue_kinetics import COAGULATED_WIDTH_M, COLLAGEN_KINETICS, sample_kinetics
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import optical_properties, thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "ENERGY_RANGE_mJ",
    "LesionByEnergy",
    "Microlesion",
    "column_ratios",
    "crater_calibration",
    "endpoint_energy_mJ",
    "energy_for_depth_mJ",
    "max_energy_mJ",
    "microlesion_model",
    "microlesion_quantities",
]

Floats = NDArray[np.float64]

ENERGY_RANGE_mJ: Final = (0.01, 1000.0)
# Depths that are evaluated, finer where the beam is widest; in between the logarithm of damage is taken as linear.
_DEPTHS_M = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.2, 1.6, 2.2, 4.0]) * MM
_NARROWEST = 1e-3  # in radii: without removal there is no edge, and the result is not used
_SEARCH_BISECTIONS = 16  # of a factor of 1e5 in energy: to 2e-4 of its logarithm


class Microlesion(NamedTuple):
    """Lesions in sampled skins, (sample,): crater depth, total depth and width in m, and the share of skin covered."""

    ablation_depth: Floats
    depth: Floats
    width: Floats
    coverage: Floats


LesionByEnergy = Callable[[Floats], Microlesion]
"""From energies, (sample,), J, to lesions."""


def microlesion_quantities(skins: SkinSample, beam: Beam, median_skin: SkinSample) -> SampledQuantities:
    """Return the quantities of a fractional pulse by the names of the output document."""
    micro = _microbeam(beam)
    assert micro.energy_mJ is not None  # a dose was required
    names = ("ablation_depth_um", "depth_um", "width_um")
    try:
        found = microlesion_model(skins, beam, median_skin)(np.full(skins.count, micro.energy_mJ * MJ))
    except NotAvailable as error:
        unknown = Unknown(error.reason)
        return {f"microlesion.{name}": unknown for name in (*names, "coverage_fraction")}
    seen: SampledQuantities = {
        f"microlesion.{name}": values / UM
        for name, values in zip(names, (found.ablation_depth, found.depth, found.width), strict=True)
    }
    seen["microlesion.coverage_fraction"] = found.coverage
    return seen


def microlesion_model(
    skins: SkinSample, beam: Beam, median_skin: SkinSample, *, with_rims: bool = True, use_table: bool = False
) -> LesionByEnergy:
    """Return a function from the energy of one microbeam, (sample,), J, to its lesion and the share that passes cover.

    Everything that does not depend on the energy is computed once.

    Parameters
    ----------
    median_skin : the median skin, or some of the draws, for which columns are computed by the full model.
    with_rims : without them craters are as wide as the removed tissue, which saves nearly all of the time.
    use_table : read the corrections for shipped devices from a table, in which they were computed in a similar skin.

    Raises
    ------
    NotAvailable : no sourced data for such a beam, or, of the function, for such an energy.
    """
    micro = _microbeam(beam)
    most = max_energy_mJ(beam)
    if beam.pulses > 1:
        raise NotAvailable(render_message("simulate.stacked-microbeams"))
    density = micro.density_per_cm2 / CM**2 * beam.passes
    craters = _crater_model(skins, beam, micro) if is_ablative(beam) else None
    columns = _ColumnModel(skins, beam, micro, median_skin, use_table)

    def of(energy_J: Floats) -> Microlesion:
        if energy_J.max(initial=0.0) > most * MJ * (1 + CALIBRATION_SLACK):
            raise NotAvailable(render_message("endpoint.crater-energy", {"high": most}))
        if craters is None:
            depth, width = columns.compute(energy_J)
            return Microlesion(np.zeros_like(depth), depth, width, coverage(density, np.pi / 4 * width**2))
        crater_depth, depth, width = craters.compute(energy_J, with_rims=with_rims)
        return Microlesion(crater_depth, depth, width, coverage(density, np.pi / 4 * width**2))

    return of


def max_energy_mJ(beam: Beam) -> float:
    """Return the highest energy of a microbeam that the model covers, mJ: for craters the end of their calibration.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    if not is_ablative(beam):
        return ENERGY_RANGE_mJ[1]
    return min(ENERGY_RANGE_mJ[1], crater_calibration(beam.wavelength_nm).limits["energy_J"][1] / MJ)


def endpoint_energy_mJ(endpoint: str, skins: SkinSample, beam: Beam, median_skin: SkinSample) -> Floats:
    """Return the energy of one microbeam at which each draw reaches `endpoint`, (sample,), mJ; inf if none does.

    Raises
    ------
    NotAvailable : an endpoint that is not modelled for microbeams.
    """
    reached: dict[str, Callable[[Microlesion], NDArray[np.bool_]]] = {
        "collagen-coagulation": lambda found: found.width >= COAGULATED_WIDTH_M,
        "ablation": lambda found: found.ablation_depth > 0,
    }
    if endpoint not in reached:
        raise NotAvailable(render_message("endpoint.not-fractional"))
    if endpoint == "ablation" and not is_ablative(beam):
        raise NotAvailable(render_message("endpoint.not-ablative", {"wavelength_nm": beam.wavelength_nm}))
    return _least_energy_mJ(skins, beam, median_skin, reached[endpoint], with_rims=endpoint != "ablation")


def energy_for_depth_mJ(skins: SkinSample, beam: Beam, median_skin: SkinSample, depth_m: Floats) -> Floats:
    """Return the energy of one microbeam whose lesion is `depth_m` deep, (sample,), mJ; inf if none is.

    Raises
    ------
    NotAvailable : no sourced data for such a beam.
    """
    return _least_energy_mJ(skins, beam, median_skin, lambda found: found.depth >= depth_m, with_rims=False)


def _least_energy_mJ(
    skins: SkinSample,
    beam: Beam,
    median_skin: SkinSample,
    reached: Callable[[Microlesion], NDArray[np.bool_]],
    *,
    with_rims: bool,
) -> Floats:
    """Return the least energy that reaches a target, (sample,), mJ.

    Without `with_rims` the target does not use width and coverage, and rims are not computed.
    """
    lesion_of = microlesion_model(skins, beam, median_skin, with_rims=with_rims)
    ends = ENERGY_RANGE_mJ[0], max_energy_mJ(beam)
    low, high = (np.full(skins.count, end * MJ) for end in ends)
    most = high
    for _ in range(_SEARCH_BISECTIONS):
        tried = np.sqrt(low * high)
        done = reached(lesion_of(tried))
        high, low = np.where(done, tried, high), np.where(done, low, tried)
    untried = high == most  # for draws that reached the target at a lower energy this is False
    never = untried & ~reached(lesion_of(most)) if untried.any() else untried
    return np.where(never, np.inf, np.sqrt(low * high) / MJ)


def _microbeam(beam: Beam) -> MicrobeamPattern:
    if beam.microbeam is None:
        raise NotAvailable(render_message("not-apply.no-microbeam"))
    return beam.microbeam


@dataclass(frozen=True)
class _ColumnModel:
    """Columns of one beam in sampled skins; `median_skin` is the skin for which they are computed by the full model.

    With `use_table` the corrections of shipped beams are read from a table.
    """

    skins: SkinSample
    beam: Beam
    pattern: MicrobeamPattern
    median_skin: SkinSample
    use_table: bool

    def compute(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """Return depth and width of columns at these energies, (sample,), m."""
        depth, width = self._draw_columns.compute(energy_J)
        by_depth, by_width = self._corrections(energy_J)
        return np.minimum(by_depth * depth, _DEPTHS_M[-1]), by_width * width

    @cached_property
    def _draw_columns(self) -> "_QuickColumns":
        skins = self.skins
        properties, heat, layer = (
            optical_properties(skins, self.beam.wavelength_nm),
            thermal_properties(skins),
            reticular_layer(skins),
        )
        if np.any(properties.mua[:, layer] <= 0) or np.any(properties.g[:, layer] <= 0):
            raise NotAvailable(render_message("endpoint.column-optics"))
        layer_values = (properties.mua, properties.mus, properties.g, heat.conductivity, heat.heat_capacity_vol)
        start = skins["temperature_C"] + ZERO_CELSIUS_K
        mua, mus, g, conductivity, capacity = (part[:, layer] for part in layer_values)
        dermis = DermisProperties(mua, mus, g, conductivity, capacity, start)
        return self._build_quick_columns(dermis, properties.n[:, 0], sample_kinetics(COLLAGEN_KINETICS, skins))

    @cached_property
    def _median_models(self) -> tuple[MedianSkinLayers, ThermalOptics | None, "_QuickColumns"]:
        wavelength_nm, layer = self.beam.wavelength_nm, reticular_layer(self.skins)
        middle = median_skin_layers(self.median_skin, wavelength_nm)
        middle_values = (middle.mua, middle.mus, middle.g, middle.conductivity, middle.heat_capacity_vol)
        mua, mus, g, conductivity, capacity = (part[layer : layer + 1] for part in middle_values)
        dermis = DermisProperties(mua, mus, g, conductivity, capacity, np.array([middle.start_K]))
        quick = self._build_quick_columns(dermis, middle.n[:1], read_kinetics(COLLAGEN_KINETICS))
        return middle, thermal_optics(self.median_skin, wavelength_nm), quick

    def _build_quick_columns(self, dermis: DermisProperties, n: Floats, processes: Kinetics) -> "_QuickColumns":
        pulse_s, radius_m = self.beam.pulse_ms * MS, self.pattern.diameter_um * UM / 2
        heat = column_heat(_DEPTHS_M, dermis, radius_m=radius_m, pulse_s=pulse_s)
        return _QuickColumns(heat, 1 - normal_reflectance(np.ones(1), n), processes)

    def _corrections(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """Return depth and width by the full model of the median skin over those by the quick model, (sample,).

        Linear in the logarithm of the energy between the rungs of the ladder around the requested energies; where
        either model gives no column, the nearest rung with both is used.
        """
        if (
            self.use_table
            and (corrections := lookup_column_corrections(self.beam, energy_J, self.median_skin)) is not None
        ):
            return corrections
        first, last = np.searchsorted(ENERGY_LADDER_J, [energy_J.min(), energy_J.max()])
        energies = ENERGY_LADDER_J[max(first - 1, 0) : last + 1]
        depth, width = (_interpolate_ratio(energy_J, energies, ratio) for ratio in self.compute_ratios(energies))
        return depth, width

    def compute_ratios(self, energies_J: Floats, photons: int = WARMED_PHOTONS) -> tuple[Floats, Floats]:
        """Return the corrections of depth and width at energies, (energy,); nan where either model gives no column."""
        middle, warming, quick = self._median_models
        full = [
            full_column(
                middle,
                diameter_m=self.pattern.diameter_um * UM,
                profile=self.pattern.profile,
                pulse_s=self.beam.pulse_ms * MS,
                energy_J=float(energy),
                thermal_optics=warming,
                photons=photons,
            )
            for energy in energies_J
        ]
        ratios = []
        for by_quick, by_full in zip(quick.compute(energies_J), np.array(full).T, strict=True):
            both = (by_quick > 0) & (by_full > 0)
            ratios.append(np.where(both, by_full / np.where(both, by_quick, 1.0), np.nan))
        return ratios[0], ratios[1]


def _interpolate_ratio(energy_J: Floats, energies_J: Floats, ratio: Floats) -> Floats:
    """Return a correction at energies, from those that have one; 1 if none has."""
    known = np.isfinite(ratio)
    if not known.any():
        return np.ones(energy_J.shape)
    return np.interp(np.log(energy_J), np.log(energies_J[known]), ratio[known])


def column_ratios(median_skin: SkinSample, beam: Beam, energies_J: Floats, *, photons: int) -> tuple[Floats, Floats]:
    """Return depth and width of a column by the full model over those by the quick model, (energy,), in one skin.

    Parameters
    ----------
    median_skin : the median skin, or draws of whose properties the medians are used. photons : each time light is
        computed.
    """
    return _ColumnModel(median_skin, beam, _microbeam(beam), median_skin, False).compute_ratios(energies_J, photons)


class _QuickColumns(NamedTuple):
    """Columns by the semi-analytic model; `transmitted_share` is the share of the light that enters the skin,
    (sample,)."""

    heat: ColumnHeat
    transmitted_share: Floats
    processes: Kinetics

    def compute(self, energy_J: Floats) -> tuple[Floats, Floats]:
        """Return depth and width, (sample,), m; at most the greatest evaluated depth, and twice that."""
        found = coagulated_column(self.heat, energy_J * self.transmitted_share, self.processes)
        return np.minimum(found.depth_m, _DEPTHS_M[-1]), np.minimum(found.width_m, 2 * _DEPTHS_M[-1])


@dataclass(frozen=True)
class _CraterModel:
    """Craters of one beam in sampled skins."""

    skins: SkinSample
    calibration: AblationCalibration
    tissue: AblatingTissue
    pattern: MicrobeamPattern
    pulse_s: float

    def compute(self, energy_J: Floats, *, with_rims: bool) -> tuple[Floats, Floats, Floats]:
        """Return craters at these energies, (sample,), m: their depth, then depth and width with the rim around them.

        Without `with_rims` there is no rim beside them.
        """
        known, micro = self.calibration, self.pattern
        assert known.rim is not None  # checked by `crater_calibration`
        assert known.rim_energy_J is not None
        gaussian = micro.profile == "gaussian"
        radius = micro.diameter_um * UM / 2
        bare_depth, bare_width = microbeam_crater(
            energy_J=energy_J,
            radius_m=radius,
            threshold_J_m2=self.tissue.threshold,
            enthalpy_J_m3=value_at_normal(known.enthalpy, self.skins["ablation_enthalpy_shift"]),
            profile="gaussian" if gaussian else "top-hat",
        )
        beside = np.zeros_like(bare_width)
        if with_rims:
            edge = np.maximum(bare_width / 2, radius * _NARROWEST)
            beside = np.maximum(self._front_rim(edge, radius if gaussian else 0.0), self._wall_rim)
        below = rim_below(
            energy_J, value_at_normal(known.rim, self.skins["ablation_penetration_shift"]), known.rim_energy_J
        )
        hit = bare_depth > 0
        depth = np.where(hit, bare_depth + below, 0.0)
        return bare_depth, depth, np.where(hit, bare_width + 2 * beside, 0.0)

    def _front_rim(self, edge: Floats, radius: float) -> Floats:
        """Return the rim left by the heat of the front and of the light beside it.

        At the edge, that heat arrives throughout the pulse.
        """
        ground = self.tissue
        left = FloorHeat(
            ground.threshold,
            ground.threshold / ground.penetration,
            ground.capacity * ground.boiling_rise,
            ground.vented_share,
            ground.diffusivity,
            ground.capacity,
        )
        return edge_rim(
            left,
            edge_m=edge,
            radius_m=radius,
            start_K=self.start_K,
            processes=self.processes,
            age_s=self.pulse_s / 2,
        )

    @cached_property
    def _wall_rim(self) -> Floats:
        """Rim beside a wall that is held hot until the beam ends."""
        return dwell_damage_width(
            self.pulse_s,
            wall_K=wall_temperature_K(self.tissue),
            start_K=self.start_K,
            diffusivity_m2_s=self.tissue.diffusivity,
            processes=self.processes,
        )

    @cached_property
    def start_K(self) -> Floats:
        """Temperature before the pulse, (sample,)."""
        return self.skins["temperature_C"] + ZERO_CELSIUS_K

    @cached_property
    def processes(self) -> Kinetics:
        """Kinetics of collagen in each sample."""
        return sample_kinetics(COLLAGEN_KINETICS, self.skins)


def crater_calibration(wavelength_nm: float) -> AblationCalibration:
    """Return the calibration of ablative microbeams at this wavelength.

    Raises
    ------
    NotAvailable : there is none.
    """
    known = microbeam_calibration(wavelength_nm)
    if known is None or known.rim is None:
        raise NotAvailable(render_message("endpoint.no-crater-data", {"wavelength_nm": wavelength_nm}))
    return known


def _crater_model(skins: SkinSample, beam: Beam, micro: MicrobeamPattern) -> _CraterModel:
    known = crater_calibration(beam.wavelength_nm)
    shortest, longest = known.limits["diameter_m"]
    if not shortest <= micro.diameter_um * UM <= longest:
        raise NotAvailable(render_message("endpoint.crater-diameter", {"low": shortest / UM, "high": longest / UM}))
    pulse_s = beam.pulse_ms * MS
    return _CraterModel(skins, known, ablating_tissue(skins, beam.wavelength_nm, pulse_s), micro, pulse_s)

"""Ablation of sampled skins: onset, depth and width of the crater, and residual heat and damage below it.

Limits of the model: heat and water below the floor are those of the dermis, whatever layer the floor is in, and the
spot is treated as wide. Removal by later pulses of a train follows from the balance of energy and water alone
(`physics.removal.pulse_train`), which was compared with no measurement except those of the validation; the share of the
steam that escapes is drawn between none and all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MM, MS, ZERO_CELSIUS_K
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.damage.arrhenius import Kinetics
from skinbeam.physics.removal import calibration as physics
from skinbeam.physics.removal.ablation_front import ejection_enthalpy, heating_length, sonic_recoil
from skinbeam.physics.removal.crater_rim import dwell_for_damage
from skinbeam.physics.removal.pulse_train import AblatingTissue, PulseRemoval, ablate_train
from skinbeam.physics.removal.residual_heat import FloorHeat, residual_damage_depth
from skinbeam.simulate.pulse.nonlinear_response import dry_heat_capacity
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.pulse.schedule import MAX_PULSES
from skinbeam.simulate.skins.tissue_kinetics import COLLAGEN_KINETICS, sample_kinetics
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.layers import RETICULAR_DERMIS
from skinbeam.skin.properties import thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, read_sourced, tissue_table
from skinbeam.text import render_message

__all__ = [
    "AblationResult",
    "ablate",
    "ablating_tissue",
    "ablation_onset",
    "dryness_C",
    "injury_by_dose",
    "injury_dose",
    "is_ablative",
    "is_fast_train",
    "is_pulse_calibrated",
    "profile_width",
    "recoil_stress",
    "removal_calibration",
    "reticular_layer",
    "side_wall_dwell",
    "wall_temperature_K",
]

Floats = NDArray[np.float64]

MAX_ONSETS = 1000.0  # highest dose that is searched, over the onset
MAX_CUTS = 8  # most steps of a search: to 2e-4 of the dose in trains; one or two are enough for a single pulse
DEPTH_TOLERANCE = 1e-6  # of the depth: ends a search
ZONE_UPDATES = 3
CALIBRATION_SLACK = 1e-6  # relative: a pulse at the end of the calibration counts as inside


@compared_by_value
@dataclass(frozen=True)
class AblationResult:
    """Crater depth and thickness of the damaged zone below its floor after a pulse or pass, (sample,), m."""

    depth_m: Floats
    residual_damage_m: Floats


def is_ablative(beam: Beam) -> bool:
    """Return whether light of this wavelength can ablate skin."""
    return beam.wavelength_nm >= _shortest_ablative_nm()


def is_fast_train(beam: Beam) -> bool:
    """Return whether ablative pulses follow each other faster than those of the calibration."""
    fastest_Hz = read_number(tissue_table("ablation")["range"]["fastest_Hz"])
    return is_ablative(beam) and beam.microbeam is None and beam.pulses > 1 and beam.repetition_Hz > fastest_Hz


def reticular_layer(skins: SkinSample) -> int:
    """Return the index of the reticular dermis; in skin without one, that of its thickest layer."""
    layers = list(skins.layers)
    return (
        layers.index(RETICULAR_DERMIS)
        if RETICULAR_DERMIS in layers
        else int(np.argmax(skins["thickness_m"].mean(axis=0)))
    )


def ablation_onset(response: PulseResponse) -> Floats:
    """Return the radiant exposure at which ablation begins, (sample,), J/m².

    Raises
    ------
    NotAvailable : no sourced data at this wavelength.
    """
    assert response.illumination is not None  # endpoints are computed for a beam
    wavelength_nm = response.illumination.spectral_lines[0].wavelength_nm
    return _beam_ablation(response.skins, wavelength_nm, response.schedule.pulse_s, np.zeros(1)).tissue.threshold


def ablate(skins: SkinSample, beam: Beam, fluence_J_m2: float | Floats) -> AblationResult:
    """Return crater and residual damage on the axis of a wide beam after all pulses and passes.

    Raises
    ------
    NotAvailable : no sourced data at this wavelength or pulse length, or more pulses than are simulated.
    """
    return _ablation_by_beam(skins, beam).ablate_at(fluence_J_m2)


def injury_by_dose(skins: SkinSample, beam: Beam) -> Callable[[float], Floats]:
    """Return a function from the dose, J/m², to the depth of crater and residual damage together, (sample,), m.

    It is meant for successive doses: the search for each damaged zone starts from the previous one.

    Raises
    ------
    NotAvailable : as `ablate`.
    """
    sampled, near = _ablation_by_beam(skins, beam), None

    @cache
    def of(fluence_J_m2: float) -> Floats:
        nonlocal near
        done = sampled.ablate_at(fluence_J_m2, initial_zone_m=near)
        near = done.residual_damage_m
        return done.depth_m + done.residual_damage_m

    return of


def injury_dose(skins: SkinSample, beam: Beam, depth_m: Floats) -> Floats:
    """Return the radiant exposure at which crater and residual damage together reach `depth_m`, (sample,), J/m².

    The crater grows with the dose, so it is searched between the onset and a thousand times the onset; inf beyond that.
    The damaged zone hardly changes with the dose: it is recomputed a few times, and the crater makes up the rest.

    Raises
    ------
    NotAvailable : as `ablate`.
    """
    sampled = _ablation_by_beam(skins, beam)
    least = sampled.tissue.threshold
    zone = sampled.ablate_at(2 * least).residual_damage_m
    dose = _crater_dose(sampled, depth_m - zone)
    for _ in range(ZONE_UPDATES):
        zone = sampled.ablate_at(np.clip(dose, 1.01 * least, MAX_ONSETS * least), initial_zone_m=zone).residual_damage_m
        dose = _crater_dose(sampled, depth_m - zone)
    return dose


def _crater_dose(ablation: "_BeamAblation", depth_m: Floats) -> Floats:
    """Return the least dose that removes `depth_m`, (sample,), J/m²; inf where a thousand times the onset does not.

    The search is by false position, in which the end that does not move counts half (Illinois). A crater grows with the
    dose, or with its logarithm in a pulse that ends before material is ejected, so that the curves are nearly straight.
    """
    of_log = ablation.tissue.pulse_s < ablation.tissue.ejection_s
    low, high = ablation.tissue.threshold, MAX_ONSETS * ablation.tissue.threshold
    below, above = -depth_m, ablation.crater_depth(high) - depth_m
    never, always = above < 0, below >= 0
    stayed = np.zeros(depth_m.shape)  # 1 where the upper end moved last, -1 where the lower did
    for _ in range(MAX_CUTS):
        share = np.clip(below / np.minimum(below - above, -1e-300), 0.0, 1.0)
        dose = np.where(of_log, low * (high / low) ** share, low + share * (high - low))
        found = ablation.crater_depth(dose) - depth_m
        deeper = found >= 0
        below = np.where(deeper, np.where(stayed > 0, below / 2, below), found)
        above = np.where(deeper, found, np.where(stayed < 0, above / 2, above))
        low, high = np.where(deeper, low, dose), np.where(deeper, dose, high)
        stayed = np.where(deeper, 1.0, -1.0)
        met = np.abs(found) <= DEPTH_TOLERANCE * np.abs(depth_m)
        if np.all(met | never | always):
            break
    return np.where(never, np.inf, np.where(always, ablation.tissue.threshold, np.where(met, dose, high)))


def profile_width(beam: Beam, exposure_J_m2: Floats, onset_J_m2: Floats) -> Floats:
    """Return the diameter within which a beam exceeds `onset_J_m2`, (sample,), m; `exposure_J_m2` is that on its axis.

    Lateral spread of light and heat below the surface is neglected: the spot is treated as wide.
    """
    assert beam.spot_mm is not None  # a wide beam has a spot
    spot = beam.spot_mm * MM
    ratio = np.maximum(exposure_J_m2 / np.maximum(onset_J_m2, 1e-300), 1.0)
    if beam.profile == "gaussian":
        return spot * np.sqrt(np.log(ratio) / 2)
    return np.where(ratio > 1, spot, 0.0)


def dryness_C(skins: SkinSample) -> Floats:
    """Return the temperature that conduction without boiling must reach before the surface can be dry, (sample,), °C.

    The heat that boils off all water would warm tissue without boiling by that much; before that, nothing can char.
    """
    heat, layer = tissue_table("ablation")["heat"], reticular_layer(skins)
    capacity = thermal_properties(skins).heat_capacity_vol[:, layer]
    water = _dermis_water(skins)
    result: Floats = read_number(heat["boiling_C"]) + water * _latent_heat() / capacity
    return result


def side_wall_dwell(skins: SkinSample, wavelength_nm: float) -> Floats:
    """Return the dwell time of a beam above which damage beside the crater wall grows, (sample,), s; inf for never.

    Shorter dwell times leave only the damage of the ablation front, which is the zone below the floor. Tissue from
    which steam escapes dries: the temperature of the wall is between boiling and the decomposition of dry tissue, in
    proportion to the share of the steam that escapes.

    Raises
    ------
    NotAvailable : no sourced data at this wavelength.
    """
    _, longest = _calibration(wavelength_nm).limits["pulse_s"]
    sampled = _beam_ablation(skins, wavelength_nm, longest, np.zeros(1))
    zone = sampled.onset_zone
    return dwell_for_damage(
        zone,
        wall_K=wall_temperature_K(sampled.tissue),
        start_K=sampled.start_K,
        diffusivity_m2_s=sampled.tissue.diffusivity,
        processes=sampled.processes,
    )


def wall_temperature_K(tissue: AblatingTissue) -> Floats:
    """Return the temperature of the wall of a crater while the beam is on, (sample,), K."""
    boiling, dry = (read_number(tissue_table("ablation")["heat"][name]) for name in ("boiling_C", "decomposition_C"))
    result: Floats = boiling + tissue.vented_share * (dry - boiling) + ZERO_CELSIUS_K
    return result


def ablating_tissue(skins: SkinSample, wavelength_nm: float, pulse_s: float) -> AblatingTissue:
    """Return the tissue properties for one ablative pulse, (sample,), SI.

    Raises
    ------
    NotAvailable : no sourced data at this wavelength or pulse length.
    """
    return _beam_ablation(skins, wavelength_nm, pulse_s, np.zeros(1)).tissue


def is_pulse_calibrated(wavelength_nm: float, pulse_ms: float) -> bool:
    """Return whether the calibration at a wavelength covers this pulse length; True where there is no calibration."""
    known = physics.ablation_calibration(wavelength_nm)
    return known is None or _is_calibrated(known, pulse_ms * MS)


def removal_calibration(wavelength_nm: float, pulse_s: float) -> physics.AblationCalibration:
    """Return the calibration of what pulses of a wide beam remove.

    Raises
    ------
    NotAvailable : there is none at this wavelength, or it does not cover this pulse length.
    """
    known = _calibration(wavelength_nm)
    if not _is_calibrated(known, pulse_s):
        low_ms, high_ms = (limit / MS for limit in known.limits["pulse_s"])
        asked = {"pulse_ms": pulse_s / MS, "wavelength_nm": wavelength_nm, "low_ms": low_ms, "high_ms": high_ms}
        raise NotAvailable(render_message("endpoint.ablation-pulse", asked))
    return known


def _is_calibrated(calibration: physics.AblationCalibration, pulse_s: float) -> bool:
    shortest, longest = calibration.limits["pulse_s"]
    return shortest * (1 - CALIBRATION_SLACK) <= pulse_s <= longest * (1 + CALIBRATION_SLACK)


def recoil_stress(skins: SkinSample, wavelength_nm: float, pulse_s: float, fluence_J_m2: float) -> Floats:
    """Return the recoil stress under the material ejected by one short pulse, mean over the pulse, (sample,), Pa.

    Raises
    ------
    NotAvailable : no sourced data at this wavelength, or a pulse that does not confine its heat.
    """
    sampled = _beam_ablation(skins, wavelength_nm, pulse_s, np.zeros(1))
    ground = sampled.tissue
    if not physics.is_blow_off(pulse_s, ground.penetration, ground.diffusivity).all():
        raise NotAvailable(render_message("endpoint.recoil-of-a-long-pulse"))
    (pulse,) = ablate_train(np.full(skins.count, fluence_J_m2), sampled.pulse_starts_s, ground)
    density = thermal_properties(skins).density[:, reticular_layer(skins)]
    mass = np.maximum(density * pulse.depth, 1e-12)
    gamma = value_at_normal(
        read_sourced(tissue_table("ablation")["recoil"]["heat_capacity_ratio"]),
        skins["ablation_jet_shift"],
    )
    return sonic_recoil(mass / pulse_s, pulse.removed_energy / mass, ground.enthalpy / density, gamma)


@dataclass(frozen=True)
class _BeamAblation:
    """Model of ablation of sampled skins by one beam."""

    tissue: AblatingTissue
    pulse_starts_s: Floats  # (pulse,) s
    start_K: Floats
    processes: Kinetics

    def crater_depth(self, fluence_J_m2: float | Floats) -> Floats:
        """Return the depth that all pulses remove, (sample,), m."""
        depth: Floats = np.sum([pulse.depth for pulse in self._pulses(fluence_J_m2)], axis=0)
        return depth

    def ablate_at(self, fluence_J_m2: float | Floats, initial_zone_m: Floats | None = None) -> AblationResult:
        """Return crater and damaged zone; `initial_zone_m`, (sample,), m, is a starting value for the thickness of the
        zone."""
        pulses = self._pulses(fluence_J_m2)
        depth: Floats = np.sum([pulse.depth for pulse in pulses], axis=0)
        return AblationResult(depth, np.where(depth > 0, self._zone(pulses[-1], initial_zone_m), 0.0))

    def _pulses(self, fluence_J_m2: float | Floats) -> list[PulseRemoval]:
        return ablate_train(np.broadcast_to(fluence_J_m2, self.start_K.shape), self.pulse_starts_s, self.tissue)

    @property
    def onset_zone(self) -> Floats:
        """Damaged zone below the floor of a pulse at the onset of ablation, (sample,), m."""
        (pulse,) = ablate_train(self.tissue.threshold, self.pulse_starts_s, self.tissue)
        return self._zone(pulse)

    def _zone(self, pulse: PulseRemoval, near_m: Floats | None = None) -> Floats:
        """Return the damaged zone below the floor; the heat profile includes its conduction during the pulse."""
        ground = self.tissue
        boiling = ground.capacity * (ground.boiling_rise - pulse.prior_rise_K)
        left = FloorHeat(pulse.heat, pulse.floor, boiling, pulse.vented_share, ground.diffusivity, ground.capacity)
        return residual_damage_depth(
            left, start_K=self.start_K, processes=self.processes, earlier=pulse.earlier_heat, guess_m=near_m
        )


def _ablation_by_beam(skins: SkinSample, beam: Beam) -> _BeamAblation:
    count = beam.pulses * beam.passes
    if count > MAX_PULSES:
        raise NotAvailable(render_message("simulate.train-too-long", {"most": MAX_PULSES, "asked": count}))
    pulse_s = beam.pulse_ms * MS
    period = 1 / beam.repetition_Hz if beam.pulses > 1 else pulse_s
    of_pass = period * (beam.pulses - 1) + pulse_s + beam.pass_interval_s
    starts = np.add.outer(of_pass * np.arange(beam.passes), period * np.arange(beam.pulses)).reshape(-1)
    assert beam.spot_mm is not None  # a wide beam has a spot
    return _beam_ablation(
        skins, beam.wavelength_nm, pulse_s, starts, radius_m=beam.spot_mm * MM / 2, gaussian=beam.profile == "gaussian"
    )


def _beam_ablation(
    skins: SkinSample,
    wavelength_nm: float,
    pulse_s: float,
    pulse_starts_s: Floats,
    *,
    radius_m: float = np.inf,
    gaussian: bool = False,
) -> _BeamAblation:
    known = removal_calibration(wavelength_nm, pulse_s)
    assert known.penetration is not None  # a wide beam always has both
    penetration = value_at_normal(known.penetration, skins["ablation_penetration_shift"])
    heat, layer, entry = thermal_properties(skins), reticular_layer(skins), tissue_table("ablation")["heat"]
    capacity = heat.heat_capacity_vol[:, layer]
    diffusivity = heat.conductivity[:, layer] / capacity
    start_C = skins["temperature_C"]
    # Both vary with the same shift, because they are read from the same measurement.
    enthalpy, confined = (
        value_at_normal(value, skins["ablation_enthalpy_shift"])
        for value in (known.enthalpy, known.ejection or known.enthalpy)
    )
    heated = heating_length(pulse_s, penetration, diffusivity)
    water = _dermis_water(skins)
    ground = AblatingTissue(
        pulse_s=pulse_s,
        ejection_s=value_at_normal(read_sourced(entry["ejection_s"]), skins["ablation_ejection_shift"]),
        enthalpy=enthalpy,
        ejection=ejection_enthalpy(enthalpy, confined, penetration, heated),
        penetration=penetration,
        capacity=capacity,
        diffusivity=diffusivity,
        boiling_rise=read_number(entry["boiling_C"]) - start_C,
        water=water,
        latent=_latent_heat(),
        vented_share=value_at_normal(read_sourced(entry["vented"]), skins["ablation_vented_shift"]),
        dry_enthalpy=dry_heat_capacity(capacity, water) * (read_number(entry["decomposition_C"]) - start_C),
        water_diffusivity=value_at_normal(
            read_sourced(entry["water_diffusivity_m2_s"]), skins["ablation_rewetting_shift"]
        ),
        radius=radius_m,
        gaussian=gaussian,
    )
    return _BeamAblation(
        ground,
        pulse_starts_s,
        start_C + ZERO_CELSIUS_K,
        sample_kinetics(COLLAGEN_KINETICS, skins),
    )


def _latent_heat() -> float:
    return read_number(tissue_table("boiling")["water"]["latent_J_kg"])


def _dermis_water(skins: SkinSample) -> Floats:
    """Return the water content of the dermis, (sample,), kg/m³; explicit layers have that of the mean dermis."""
    density = read_number(tissue_table("thermal")["water"]["density_kg_m3"])
    if "water_fraction" not in skins:
        return np.full(skins.count, density * read_number(tissue_table("optics")["water"]["hydration"]))
    result: Floats = density * skins["water_fraction"][:, reticular_layer(skins)]
    return result


def _shortest_ablative_nm() -> float:
    return read_number(tissue_table("ablation")["range"]["shortest_nm"])


def _calibration(wavelength_nm: float) -> physics.AblationCalibration:
    if wavelength_nm < _shortest_ablative_nm():
        raise NotAvailable(render_message("endpoint.not-ablative", {"wavelength_nm": wavelength_nm}))
    known = physics.ablation_calibration(wavelength_nm)
    ysgg_nm = read_sourced(tissue_table("ablation")["range"]["er_ysgg_nm"])
    if known is None and ysgg_nm.low <= wavelength_nm <= ysgg_nm.high:
        raise NotAvailable(render_message("endpoint.no-ablation-enthalpy", {"wavelength_nm": wavelength_nm}))
    if known is None:
        raise NotAvailable(render_message("endpoint.no-ablation-data", {"wavelength_nm": wavelength_nm}))
    return known

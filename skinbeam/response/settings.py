"""List the settings to try on a device: within published practice, below the caps, with the device's own cooling."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import Any, Final, TypeVar

from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.synthesis.regime import light_regime
from skinbeam.laser import beam_of_case as laser_settings
from skinbeam.laser import cooling as laser_cooling
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import Device
from skinbeam.laser.setting_grid import BeamSetting, case_tables, dose_steps
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.published_doses.counts import uncooled_burn_threshold_J_cm2
from skinbeam.published_doses.settings import PublishedSetting, pulse_energy_J
from skinbeam.response.column_energy import HeatedBeam, energies_in_beam
from skinbeam.response.envelope import (
    DARKEST_PHOTOTYPE,
    PracticeEnvelope,
    PracticeLight,
    PublishedRange,
    find_envelope,
    is_thick_scar,
    lending_conditions,
    settings_with_light,
    span_ends,
    values_by_source,
)
from skinbeam.response.envelope_rules import envelope_rules
from skinbeam.response.records import CoolingSetting
from skinbeam.suitability.dose_bars import DoseBar, drop_barred_doses

__all__ = [
    "CoolingTiming",
    "PracticeRegion",
    "PulseCaps",
    "SearchMachine",
    "SettingCap",
    "build_beam",
    "built_in_cooling",
    "find_cap",
    "is_bruising_light",
    "is_facial",
    "light_of_setting",
    "shortest_allowed_pulse_ms",
    "site_group",
    "sources_without_dose",
    "thin_evenly",
]

# Caps on spot and energy, which hold for every setting.

# Most sources treated the face; a source that names no site is taken to mean it.
_FACE_GROUP: Final = "face"
_MOUTH_GROUP: Final = "mouth"
_COLUMN_CLASS: Final = re.compile(r"fx-(\d+)")  # of microbeams, with their wavelength in nm
# Green and yellow light, which blood absorbs so well that a short pulse ruptures fine vessels.
_BRUISING_NM: Final = (500.0, 600.0)


@dataclass(frozen=True)
class SettingCap:
    """The greatest value of a quantity that is tried, and the sources of it."""

    value: float
    sources: tuple[str, ...]

    def allows(self, value: float) -> bool:
        """Return whether a value is no greater, except for the rounding of sources."""
        return value <= self.value * envelope_rules().rounding_ratio


@dataclass(frozen=True)
class PulseCaps:
    """Caps on every setting of a modality for a condition at a site, for any laser.

    They are the widest spot and the greatest energy of a pulse, or of a microbeam, in print. A published fluence is not
    valid for a spot with which nobody gave it: the wider the spot, the deeper and the hotter the same fluence heats,
    and the larger is the area that it harms. So no setting exceeds these caps, inside published doses or beyond them.

    Parameters
    ----------
    phototype : the darkest that the skin may have, 1 to 6; None where it is not known.
    """

    condition: str
    modality: str
    site: str
    phototype: int | None = None

    def doses(self, device: Device, setting: BeamSetting, doses: Sequence[float]) -> tuple[float, ...]:
        """Return those of the doses of a setting, J/cm², or mJ of a microbeam, that exceed no cap."""
        if device.lens_array:  # what it focuses has no spot and energy that compare with those of a full field
            return tuple(doses)
        least = shortest_allowed_pulse_ms(self.condition, self.modality, device, setting.wavelength_nm)
        if setting.pulse_ms < least <= _longest_pulse_ms(device):
            return ()
        light = light_of_setting(self.modality, device, setting)
        if device.microbeam:
            energy = find_cap("microbeam_mJ", self.condition, light, self.site)
            return tuple(dose for dose in doses if energy is None or energy.allows(dose))
        spot = find_cap("spot_mm", self.condition, light, self.site)
        if spot is not None and not spot.allows(setting.spot_mm):
            return ()
        energy = find_cap("pulse_energy_J", self.condition, light, self.site)
        borne = tuple(d for d in doses if energy is None or energy.allows(pulse_energy_J(d, setting.spot_mm)))
        return self._below_never_doses(device, setting, borne)

    def _below_never_doses(self, device: Device, setting: BeamSetting, doses: tuple[float, ...]) -> tuple[float, ...]:
        """Return the doses of light on vessels below those that such skin and such a site never get.

        A machine without cooling gives none above which skin without cooling was burnt: most doses of such light were
        printed for skin that was sprayed.
        """
        shortest, longest = _BRUISING_NM
        is_bruising = device.is_lamp or shortest <= setting.wavelength_nm <= longest
        if self.modality != "vascular" or not is_bruising:
            return doses
        for never in envelope_rules().never:
            is_meant = self.phototype in never.phototypes or self.site in never.sites
            if is_meant and not (device.is_lamp and never.lasers_only):
                cite_sources(never.source)
                doses = tuple(filter(never.allows, doses))
        if device.cooling or device.is_lamp:
            return doses
        burning = uncooled_burn_threshold_J_cm2(setting.wavelength_nm, setting.pulse_ms)
        return doses if burning is None else tuple(dose for dose in doses if dose <= burning)


def light_of_setting(modality: str, device: Device, setting: BeamSetting) -> PracticeLight:
    """Return the light of a setting of a device, as published settings name it."""
    beam_um = HeatedBeam.of_setting(setting).diameter_um if device.microbeam else None
    return PracticeLight(
        modality,
        setting.wavelength_nm,
        setting.pulse_ms,
        lamp=device.is_lamp,
        beam_um=beam_um,
        lens_array=device.lens_array,
    )


def find_cap(quantity: str, condition: str, light: PracticeLight, site: str) -> SettingCap | None:
    """Return the cap of `spot_mm`, `pulse_energy_J` or `microbeam_mJ`; None where too little was published for one.

    At a site where the condition was treated it is the greatest published value, elsewhere the usual one of all sites.
    On eyelids and off the face, columns that are removed get no more than the most careful source gave any condition:
    such skin is thin or heals slowly, and a column is as deep for any condition. Raised scars are thick.

    Lamps have no spot that compares with a laser's. The limit on the removal of skin is the computed depth.
    """
    if light.lamp or light.modality == "ablative":
        return None
    cap = _compute_cap(quantity, condition, light, site_group(site))
    if cap is not None and quantity == "microbeam_mJ":
        cap = _raise_to_guideline(cap, condition, light, site_group(site))
    if cap is not None:
        cite_sources(envelope_rules().source, *cap.sources)
    return cap


def shortest_allowed_pulse_ms(condition: str, modality: str, device: Device, wavelength_nm: float) -> float:
    """Return the shortest pulse that is tried of a laser whose light bruises; 0 where any pulse is allowed."""
    rules = envelope_rules()
    least = rules.unbruised_pulse_ms
    is_bounded = condition in rules.unbruised_fields or (
        condition in rules.unbruised_veins and _longest_pulse_ms(device) >= least
    )
    if not is_bruising_light(modality, device, wavelength_nm) or not is_bounded:
        return 0.0
    cite_sources(rules.unbruised_source)
    return least


def _longest_pulse_ms(device: Device) -> float:
    return max(head.pulse_ms.ends[1] for head in device.heads)


def is_bruising_light(modality: str, device: Device, wavelength_nm: float) -> bool:
    """Return whether a laser heats vessels with light that bruises more with shorter pulses."""
    least_nm, most_nm = _BRUISING_NM
    return modality == "vascular" and not device.is_lamp and least_nm <= wavelength_nm <= most_nm


def site_group(site: str) -> str:
    """Return the group of sites in the evidence; a site without a group heals as the face does."""
    return evidence_settings().group_of_site.get(site, _FACE_GROUP)


def is_facial(site: str) -> bool:
    """Return whether the skin of a site is as thick as that which most sources treated: the face, without the lids."""
    return site_group(site) in (_FACE_GROUP, _MOUTH_GROUP)


@cache
def _compute_cap(quantity: str, condition: str, light: PracticeLight, group: str) -> SettingCap | None:
    rows = settings_with_light(light)
    least = envelope_rules().least_sources
    here = _greatest_values(quantity, condition, light, [row for row in rows if group in _row_site_groups(row)])
    # Off the face few treat, and one source may be all there is.
    if len(here) >= (least if group == _FACE_GROUP else 1):
        return SettingCap(max(here.values()), tuple(here))
    thin = group not in (_FACE_GROUP, _MOUTH_GROUP) and not is_thick_scar(condition)
    if thin and light.modality == "fractional-ablative":
        careful = _greatest_by_source(quantity, rows)
        return SettingCap(min(careful.values()), tuple(careful)) if careful else None
    every = _greatest_values(quantity, condition, light, rows)
    return SettingCap(median(every.values()), tuple(every)) if len(every) >= least else None


@cache
def _raise_to_guideline(cap: SettingCap, condition: str, light: PracticeLight, group: str) -> SettingCap:
    """Return a cap that is no lower than the energies of the guideline for the condition at such sites."""
    greater = {source: mJ for source, mJ in _guideline_energies(condition, group, light) if mJ > cap.value}
    return SettingCap(max(greater.values()), tuple(greater)) if greater else cap


def _guideline_energies(condition: str, group: str, light: PracticeLight) -> Iterator[tuple[str, float]]:
    """Yield the sources and the greatest energies of the guideline for a condition at such sites, mJ, in the beam."""
    if light.column_beam is None:
        return
    for cell in load_cells():
        of_site = _FACE_GROUP if not cell.site else site_group(cell.site)
        if cell.condition != condition or of_site != group:
            continue
        for dose in doses_of_cell(cell):
            name = _COLUMN_CLASS.fullmatch(dose.component or dose.device_class)
            if name is None or dose.quantity != "energy_mJ" or getattr(cell, dose.place).treatment != light.modality:
                continue
            wavelength_nm = float(name[1])
            if light_regime(light.modality, wavelength_nm, "") != light.regime:
                continue
            found = energies_in_beam(
                dose.high, dose.high, wavelength_nm, light.column_beam, diameter_um=dose.diameter_um
            )
            if found is not None:
                yield from ((source, found.high_mJ) for source in dose.sources)


def _greatest_values(
    quantity: str, condition: str, light: PracticeLight, rows: Sequence[PublishedSetting]
) -> dict[str, float]:
    """Return the greatest value by source for the condition, and for those that lend to it until there are enough."""
    greatest: dict[str, float] = {}
    for lender in lending_conditions(condition, light.modality, lamp=light.lamp):
        if len(greatest) < envelope_rules().enough_sources:
            greatest |= _greatest_by_source(quantity, [row for row in rows if row.condition == lender])
    return greatest


def _greatest_by_source(quantity: str, rows: Sequence[PublishedSetting]) -> dict[str, float]:
    return {source: max(values) for source, values in values_by_source(quantity, rows).items()}


@cache
def _row_site_groups(row: PublishedSetting) -> frozenset[str]:
    """Return the groups of sites that a row treated, by the words of its source."""
    words = {**evidence_settings().group_of_site, **envelope_rules().site_words}
    named = re.findall(r"[a-z-]+", row.site.lower())
    return frozenset(words[word] for word in named if word in words) if named else frozenset((_FACE_GROUP,))


# Settings of a device within published practice.


def sources_without_dose(condition: str, modality: str, phototype: int | None, device: Device) -> tuple[str, ...]:
    """Return the sources that treated such skin with such light for a condition.

    Empty where a dose for such skin is printed.
    """
    sources: dict[str, None] = {}
    for head in device.heads:
        pulse_ms = head.pulse_ms.ends[0]
        light = PracticeLight(modality, head.wavelength_nm, pulse_ms, lamp=head.band_nm is not None)
        envelope = find_envelope(condition, light, phototype)
        if device.microbeam or envelope is None or envelope.nearest_condition != (condition, True):
            continue
        dose = envelope.dose_range("fluence_J_cm2", pulse_ms=pulse_ms, spot_mm=None)
        if dose is None or not (dose.includes_phototype and dose.condition == condition):
            rows = envelope.tiers[0].rows
            dosed = {row.source for row in rows if span_ends(row.fluence_J_cm2)}
            sources |= {row.source: None for row in rows if row.source not in dosed}
    cite_sources(*sources)
    return tuple(sources)


@dataclass(frozen=True)
class PracticeRegion:
    """Published settings of a condition with a modality, as a region of the settings of a device.

    Parameters
    ----------
    phototype : the darkest that the person may have, 1 to 6; None where it is not known.
    """

    condition: str
    modality: str
    phototype: int | None

    def published_value(
        self, quantity: str, device: Device, setting: BeamSetting, place: float = 0.5, beside: str | None = None
    ) -> float | None:
        """Return a quantile of a quantity over the sources of such light; None where none prints one.

        Parameters
        ----------
        quantity : `pulse_ms` or `spot_mm`.
        place : of the quantile, from 0 to 1; the median without it.
        beside : as of `PracticeEnvelope.quantiles`.
        """
        envelope = self._envelope_at(device, setting)
        return next(iter(envelope.quantiles(quantity, [place], beside)), None) if envelope is not None else None

    def lighter_highs(self, device: Device, setting: BeamSetting) -> list[float]:
        """Return the usual greatest doses of lighter skins, of those for which one is published; infinity beside them.

        Darker skin does not get more than lighter skin, whichever sources happened to treat them.
        """
        lighter = (
            replace(self, phototype=darkness).dose_range(device, setting)
            for darkness in range(1, self.phototype or DARKEST_PHOTOTYPE)
        )
        return [
            math.inf,
            *(
                min(published.usual_high, published.own_high or math.inf)
                for published in lighter
                if published is not None
            ),
        ]

    def dose_range(self, device: Device, setting: BeamSetting, *, needs_pulse: bool = False) -> PublishedRange | None:
        """Return the published range of the dose at a setting; `needs_pulse` as of `PracticeEnvelope.dose_range`."""
        envelope = self._envelope_at(device, setting)
        if envelope is None:
            return None
        quantity = "microbeam_mJ" if device.microbeam else "fluence_J_cm2"
        spot = None if device.microbeam else setting.spot_mm
        return envelope.dose_range(quantity, pulse_ms=setting.pulse_ms, spot_mm=spot, needs_pulse=needs_pulse)

    def names_site(self, device: Device, setting: BeamSetting, sources: Collection[str], site: str) -> bool:
        """Return whether one of the sources treated skin of the kind of a site alone with such light."""
        envelope = self._envelope_at(device, setting)
        rows = () if envelope is None else (row for tier in envelope.tiers for row in tier.rows)
        return any(row.source in sources and row.site and _row_site_groups(row) == {site_group(site)} for row in rows)

    def _envelope_at(self, device: Device, setting: BeamSetting) -> PracticeEnvelope | None:
        return find_envelope(self.condition, light_of_setting(self.modality, device, setting), self.phototype)


SpacedItem = TypeVar("SpacedItem")


@dataclass(frozen=True)
class SearchMachine:
    """A device with its name in the case, of an own one the name of its file, and the doses of it that may be tried.

    Parameters
    ----------
    dose_bars : doses that harmed before.
    caps : the spots and energies that no setting exceeds; None for no caps.
    """

    case_name: str
    device: Device
    dose_bars: tuple[DoseBar, ...] = ()
    caps: PulseCaps | None = None

    def doing(self, modality: str) -> "SearchMachine | None":
        """Return the machine with only the light that does a modality; None if none does."""
        device = self.device.doing(modality)
        return None if device is None else self if device is self.device else replace(self, device=device)

    def doses(self, setting: BeamSetting) -> tuple[float, ...]:
        """Return the doses that may be tried at a setting, ascending, J/cm², or mJ for a microbeam."""
        every = drop_barred_doses(
            dose_steps(self.device, setting), setting.wavelength_nm, setting.pulse_ms, self.dose_bars
        )
        return tuple(every if self.caps is None else self.caps.doses(self.device, setting, every))


def thin_evenly(values: Sequence[SpacedItem], most: int) -> list[SpacedItem]:
    """Return at most `most` of the values, evenly spaced, with the first and the last among them."""
    if len(values) <= most:
        return list(values)
    if most == 1:
        return [values[0]]
    last = len(values) - 1
    return [values[round(index * last / (most - 1))] for index in range(most)]


def built_in_cooling(device: Device) -> tuple[CoolingPlan, CoolingSetting | None]:
    """Return the cooling that a plan uses on a device, and its setting with the field names of the case file."""
    if not device.cooling:
        return laser_cooling.resolve_cooling(None), None
    head = device.cooling[0]
    timing = _cooling_timings()[head.kind]
    cite_sources(timing.source)
    table: dict[str, Any] = {"kind": head.kind}
    if head.cryogen is not None:
        table["cryogen"] = head.cryogen
    for name in ("before_ms", "delay_ms", "after_ms"):
        offer, usual = getattr(head, name), getattr(timing, name)
        if usual is not None and offer is not None:
            low, high = offer.ends
            table[name] = min(max(usual, low), high)
    if head.during:
        table["during"] = True
    case = parse_record(Case, {"cooling": table}, file="plan")
    plan = laser_cooling.resolve_cooling(case.cooling, device)
    # The settings contain the computed cooling, even where a case file could leave it out.
    return plan, CoolingSetting(temperature_C=plan.temperature_C, coefficient_W_m2K=plan.coefficient_W_m2K, **table)


def build_beam(machine: SearchMachine, setting: BeamSetting, dose: float, density_per_cm2: float | None = None) -> Beam:
    """Return the checked beam of a setting.

    Raises
    ------
    InputError : the device cannot emit it.
    """
    tables = case_tables(machine.device, setting, dose, density_per_cm2)
    return laser_settings.resolve_beam(parse_record(Case, tables, file="plan"), device=machine.device)


@dataclass(frozen=True)
class CoolingTiming:
    """When a kind of cooling begins and ends in a plan, where a device lets it be set; None of a time that it lacks."""

    source: str
    before_ms: float | None = None
    delay_ms: float | None = None
    after_ms: float | None = None


@cache
def _cooling_timings() -> Mapping[str, CoolingTiming]:
    table = load_package_table("data/limits.toml")["cooling"]
    return {kind: CoolingTiming(**entry) for kind, entry in table.items()}

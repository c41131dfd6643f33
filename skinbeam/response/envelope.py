"""Find the published settings of a condition for such light: the envelope of pulse, spot, dose and density.

Rows of published doses and arms of trials are one list. Light is classified as in the evidence, with lamps and
microbeams separate from the beam of a laser. Where a condition has no settings of its own for a class of phototypes,
those of its other phototypes follow, then those of conditions that `data/envelopes.toml` names; a result names the
condition that its settings belong to.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from itertools import accumulate
from statistics import median
from typing import Any, NamedTuple

from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.regime import light_regime, pulse_class, pulse_class_matters
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import COLUMN_MODALITIES, PHOTOTYPES, PIGMENT_MODALITIES
from skinbeam.published_doses.rows import PrintedSpan, is_lamp, is_lens_array, practice_rows, wavelength_from_name_nm
from skinbeam.published_doses.settings import PrintedColumns, PublishedSetting, published_settings
from skinbeam.response.column_energy import HEATED_COLUMNS, HeatedBeam, energies_in_beam
from skinbeam.response.envelope_rules import envelope_rules

__all__ = [
    "DARKEST_PHOTOTYPE",
    "PracticeEnvelope",
    "PracticeLight",
    "PublishedRange",
    "find_envelope",
    "is_thick_scar",
    "least_field_spot_mm",
    "lending_conditions",
    "phototype_class",
    "settings_with_light",
    "span_ends",
    "values_by_source",
]

_SHORT_PULSE_UNITS = ("ps", "ns")
DARKEST_PHOTOTYPE = len(PHOTOTYPES)


@dataclass(frozen=True)
class PracticeLight:
    """Light of a modality.

    Parameters
    ----------
    wavelength_nm : of a lamp the cut-off of its filter.
    lamp : whether it is from a lamp.
    beam_um : the diameter of beams that heat columns, in which published energies are then moved to those that reach as
        deep; None for energies as printed, and of other light.
    lens_array : whether an optic splits its spot into small beams.
    """

    modality: str
    wavelength_nm: float
    pulse_ms: float
    lamp: bool = False
    beam_um: float | None = None
    lens_array: bool = False

    @property
    def regime(self) -> str:
        """The regime of light in the evidence."""
        return light_regime(self.modality, self.wavelength_nm, pulse_class(self.pulse_ms))

    @property
    def column_beam(self) -> HeatedBeam | None:
        """The beam that published energies are moved to."""
        if self.beam_um is None or self.modality != HEATED_COLUMNS:
            return None
        return HeatedBeam(self.wavelength_nm, self.beam_um)


@dataclass(frozen=True)
class PublishedRange:
    """A published range of one quantity.

    Parameters
    ----------
    usual_high : median of the greatest values of the sources.
    middle : median of the sources, each by the middle of its printed range, on a logarithmic scale.
    condition : the condition of the settings: the requested one, or one whose settings are borrowed.
    includes_phototype : whether people of the requested phototype were among those treated.
    own_high : greatest value of the sources that treated such people; None where none did, or it is not known.
    printed : least and greatest value as printed, where the range was widened; else None.
    is_cooled : whether a source of it says that the skin was cooled.
    columns : the energies of microbeams as printed, where they were moved to beams that reach as deep; else None.
    """

    low: float
    high: float
    usual_high: float
    middle: float
    sources: tuple[str, ...]
    condition: str
    includes_phototype: bool
    own_high: float | None = None
    printed: tuple[float, float] | None = None
    is_cooled: bool = False
    columns: PrintedColumns | None = None


@dataclass(frozen=True)
class _EvidenceTier:
    """Rows that are equally close to the request."""

    condition: str
    rows: tuple[PublishedSetting, ...]


@dataclass(frozen=True)
class PracticeEnvelope:
    """Published settings of a condition, a light and a class of phototypes, the nearest rows first.

    Parameters
    ----------
    cut_off_nm : of a lamp's filter; None of a laser.
    removes_skin : whether the skin is removed, for which few print a dose and some a dose that removes nothing, so that
        one source alone is no range.
    """

    condition: str
    phototype: int
    tiers: tuple[_EvidenceTier, ...]
    cut_off_nm: float | None = None
    removes_skin: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source of the nearest rows, whatever settings they print."""
        return _setting_sources(self.tiers[0].rows)

    @property
    def own_rows(self) -> tuple[PublishedSetting, ...]:
        """Rows of the condition itself, for any phototype."""
        return tuple(row for tier in self.tiers if tier.condition == self.condition for row in tier.rows)

    def with_rows(self, rows: Sequence[PublishedSetting]) -> "PracticeEnvelope":
        """Return a copy with only these rows of the condition."""
        return replace(self, tiers=(_EvidenceTier(self.condition, tuple(rows)),))

    @property
    def nearest_condition(self) -> tuple[str, bool]:
        """Condition of the nearest rows, and whether people of the requested phototype were treated."""
        return self.tiers[0].condition, self._includes_phototype(self.tiers[0].rows)

    def published_range(self, quantity: str) -> PublishedRange | None:
        """Return the range of a quantity, such as `spot_mm`; None where too few sources print one for a range.

        It is that of the nearest rows, and where few sources are among them, of the next ones with them.
        """
        rules = envelope_rules()
        rows = _settings_that_print(quantity, self.tiers, rules.enough_sources)
        return (
            self._published_range(quantity, self.tiers[0], rows)
            if len(_setting_sources(rows)) >= rules.least_sources
            else None
        )

    def quantiles(self, quantity: str, places: Sequence[float], beside: str | None = None) -> list[float]:
        """Return the quantiles of the published values of a quantity at some places, from 0 to 1.

        Each source has the same weight, however many rows and ends it prints.

        Parameters
        ----------
        beside : another quantity, which the rows must print too, if any rows print both.
        """
        both = [
            replace(tier, rows=tuple(r for r in tier.rows if span_ends(getattr(r, beside))))
            for tier in self.tiers
            if beside
        ]
        enough = envelope_rules().enough_sources
        printed = values_by_source(quantity, _settings_that_print(quantity, both, enough)) or values_by_source(
            quantity, _settings_that_print(quantity, self.tiers, enough)
        )
        weighed = sorted((value, 1 / len(values)) for values in printed.values() for value in values)
        sums = list(accumulate(weight for _, weight in weighed))
        return [weighed[bisect_left(sums, place * sums[-1])][0] for place in places] if weighed else []

    def dose_range(
        self, quantity: str, *, pulse_ms: float, spot_mm: float | None, needs_pulse: bool = False
    ) -> PublishedRange | None:
        """Return the range of a dose at about this pulse and spot; where no dose is printed near them, one at any.

        Of a lamp a dose counts where its filter transmits the same light or little more: a dose with a redder filter,
        or with one that is not named, is not used. A laser's dose at another pulse or spot is not used either; one of a
        source that prints neither counts where no dose is printed near them. A range is no narrower than that of one
        clinic usually is. The dose of one source alone is joined with those for other skins and the same condition;
        doses for another condition are not mixed in, and one source of it alone is no range.

        Parameters
        ----------
        spot_mm : None of microbeams, whose width sources do not print.
        needs_pulse : whether a dose counts only where its pulse, or the class of it, is printed.
        """
        rules = envelope_rules()

        def filtered(row: PublishedSetting) -> bool:
            if needs_pulse and not (row.pulse_ms or row.pulse_class in _SHORT_PULSE_UNITS):
                return False
            if self.cut_off_nm is None:
                return True
            least = self.cut_off_nm / rules.near_cut_off_ratio
            return row.wavelength_nm is not None and least <= row.wavelength_nm <= self.cut_off_nm

        def is_near(row: PublishedSetting) -> bool:
            pulse, spot = _distance_ratio(row.pulse_ms, pulse_ms), _distance_ratio(row.spot_mm, spot_mm)
            return filtered(row) and pulse <= rules.near_pulse_ratio and spot <= rules.near_spot_ratio

        def printed_near(row: PublishedSetting) -> bool:
            return is_near(row) and bool(row.pulse_ms or row.spot_mm or row.pulse_class in _SHORT_PULSE_UNITS)

        if spot_mm is None or self.cut_off_nm is not None:
            return self._dose(quantity, is_near) or self._dose(quantity, filtered)
        return self._dose(quantity, printed_near) or self._dose(quantity, is_near)

    def _dose(self, quantity: str, wanted: Callable[[PublishedSetting], bool]) -> PublishedRange | None:
        least = envelope_rules().least_sources
        printing = [
            (tier, [row for row in tier.rows if wanted(row) and span_ends(getattr(row, quantity))])
            for tier in self.tiers
        ]
        for place, (whose, nearest) in enumerate(printing):
            if not nearest:
                continue
            rows: list[PublishedSetting] = []
            for tier, more in printing[place:]:
                if tier.condition == whose.condition and len(_setting_sources(rows)) < least:
                    rows += more
            alone = whose.condition == self.condition and not self.removes_skin
            if alone or len(_setting_sources(rows)) >= least:
                return _widen_range(self._published_range(quantity, whose, rows))
        return None

    def _published_range(self, quantity: str, whose: _EvidenceTier, rows: Sequence[PublishedSetting]) -> PublishedRange:
        printed = values_by_source(quantity, rows)
        lows, highs = ([end(ends) for ends in printed.values()] for end in (min, max))
        own = values_by_source(quantity, [row for row in rows if self._includes_phototype([row])])
        return PublishedRange(
            low=min(lows),
            high=max(highs),
            usual_high=median(highs),
            middle=median(math.sqrt(low * high) for low, high in zip(lows, highs, strict=True)),
            sources=tuple(printed),
            condition=whose.condition,
            includes_phototype=self._includes_phototype(rows),
            own_high=max((max(values) for values in own.values()), default=None),
            is_cooled=any(row.is_cooled for row in rows if span_ends(getattr(row, quantity))),
            columns=_join_columns(rows) if quantity == "microbeam_mJ" else None,
        )

    def _includes_phototype(self, rows: Sequence[PublishedSetting]) -> bool:
        return any(_covers_phototypes(row, self.phototype, self.phototype) for row in rows)


def find_envelope(condition: str, light: PracticeLight, phototype: int | None) -> PracticeEnvelope | None:
    """Return the published settings of a condition under such light; None where nobody published any.

    Parameters
    ----------
    phototype : 1 to 6; where it is unknown, that of the darkest is used, since a missing answer must not reduce
        caution.
    """
    envelope = _build_envelope(condition, _light_key(light), phototype or DARKEST_PHOTOTYPE)
    for rule in _lending_bars(condition, light.modality, lamp=light.lamp):
        cite_sources(rule["source"])
    if envelope is None:
        return None
    cite_sources(envelope_rules().source)
    return replace(envelope, cut_off_nm=light.wavelength_nm) if light.lamp else envelope


def lending_conditions(condition: str, modality: str, *, lamp: bool) -> tuple[str, ...]:
    """Return a condition and those whose settings replace its own where it has few, the nearest first.

    The doses at which a laser whitens single spots, or bruises port-wine stains, are lent to no field.
    """
    lenders = envelope_rules().lenders.get(condition, ())
    barred = {lender for rule in _lending_bars(condition, modality, lamp=lamp) for lender in rule["lenders"]}
    return (condition, *(lender for lender in lenders if lender not in barred))


def _lending_bars(condition: str, modality: str, *, lamp: bool) -> list[Mapping[str, Any]]:
    """Return the rules that bar conditions from lending to a field; lamps have doses for spots and fields alike."""
    table = load_package_table("data/lending.toml")
    rules = [table["spots"]] if modality in PIGMENT_MODALITIES and not lamp else []
    rules += [table["stains"]] if modality == "vascular" else []
    return [rule for rule in rules if condition in rule["fields"]]


def least_field_spot_mm(condition: str, modality: str) -> float:
    """Return the narrowest spot of light for vessels that covers a field of a condition, in mm.

    0 where spots are traced along single vessels, and of other light.
    """
    traced = load_package_table("data/lending.toml")["traced"]
    if modality != "vascular" or condition not in traced["fields"]:
        return 0.0
    cite_sources(traced["source"])
    return float(traced["narrower_than_mm"])


def settings_with_light(light: PracticeLight) -> tuple[PublishedSetting, ...]:
    """Return every published setting of such light, for any condition."""
    return _settings_with_light(_light_key(light))


def values_by_source(quantity: str, rows: Sequence[PublishedSetting]) -> dict[str, list[float]]:
    """Return the printed values of a quantity, such as `spot_mm`, by source; sources without any are left out."""
    values: dict[str, list[float]] = {}
    for row in rows:
        ends = span_ends(getattr(row, quantity))
        if ends:
            values.setdefault(row.source, []).extend(ends)
    return values


def phototype_class(phototype: int) -> tuple[int, int]:
    """Return the lowest and highest phototype of the class that contains a phototype, 1 to 6."""
    return next((low, high) for low, high in envelope_rules().phototype_classes if low <= phototype <= high)


def is_thick_scar(condition: str) -> bool:
    """Return whether a condition is a scar that is thicker than the skin around it."""
    return condition in envelope_rules().thick_scars


class _LightKey(NamedTuple):
    """What decides which published settings have the light, and in which beam their energies are."""

    modality: str
    regime: str
    lamp: bool
    lens_array: bool
    column_beam: HeatedBeam | None


def _light_key(light: PracticeLight) -> _LightKey:
    return _LightKey(light.modality, light.regime, light.lamp, light.lens_array, light.column_beam)


@cache
def _build_envelope(condition: str, light: _LightKey, phototype: int) -> PracticeEnvelope | None:
    rows = _settings_with_light(light)
    tiers = tuple(
        tier
        for lender in lending_conditions(condition, light.modality, lamp=light.lamp)
        for tier in _evidence_tiers(lender, phototype_class(phototype), rows)
    )
    return PracticeEnvelope(condition, phototype, tiers, removes_skin=light.modality == "ablative") if tiers else None


@cache
def _settings_with_light(light: _LightKey) -> tuple[PublishedSetting, ...]:
    rows = (row for row in _all_settings() if _has_same_light(row, light))
    return tuple(rows if light.column_beam is None else (_in_beam(row, light.column_beam) for row in rows))


def _in_beam(row: PublishedSetting, beam: HeatedBeam) -> PublishedSetting:
    """Return a setting with the energies of a beam that reach as deep as the printed ones.

    A row without a wavelength, or with one that no known machine has, keeps its energies: nobody knows its columns.
    """
    ends = span_ends(row.microbeam_mJ)
    if not ends or row.wavelength_nm is None:
        return row
    found = energies_in_beam(ends[0], ends[-1], row.wavelength_nm, beam)
    if found is None or found.columns is None:
        return row
    return replace(row, microbeam_mJ=(found.low_mJ, found.high_mJ), columns=found.columns)


def _join_columns(rows: Sequence[PublishedSetting]) -> PrintedColumns | None:
    """Return the energies and diameters as printed of rows whose energies were moved; None where none was."""
    moved = [row.columns for row in rows if row.columns is not None]
    return reduce(PrintedColumns.join, moved) if moved else None


def _evidence_tiers(
    condition: str, phototypes: tuple[int, int], rows: Sequence[PublishedSetting]
) -> Iterator[_EvidenceTier]:
    """Yield the rows of a condition: those of the class of phototypes, then the others."""
    of_condition = [row for row in rows if row.condition == condition]
    for such_skin in (True, False):
        rows_of_class = tuple(row for row in of_condition if _covers_phototypes(row, *phototypes) is such_skin)
        if rows_of_class:
            yield _EvidenceTier(condition, rows_of_class)


def _covers_phototypes(row: PublishedSetting, low: int, high: int) -> bool:
    """Return whether any phototype from `low` to `high` was among the people of a row."""
    least, most = row.phototypes or envelope_rules().untold_phototypes
    return least <= high and low <= most


def _settings_that_print(quantity: str, tiers: Sequence[_EvidenceTier], enough: int) -> list[PublishedSetting]:
    """Return the rows that print a quantity, from as many tiers as needed for `enough` sources."""
    printing: list[PublishedSetting] = []
    for tier in tiers:
        if len(_setting_sources(printing)) < enough:
            printing += [row for row in tier.rows if span_ends(getattr(row, quantity))]
    return printing


def _has_same_light(row: PublishedSetting, light: _LightKey) -> bool:
    """Return whether a row has the light of a modality. Filters differ between lamps, so all lamps are one regime.

    The fluence of a lens array is a mean over spots and the skin between them, which is no fluence of a whole field.
    """
    if row.microbeams != (light.modality in COLUMN_MODALITIES) or row.lamp != light.lamp:
        return False
    if row.lens_array != light.lens_array:
        return False
    pulse = pulse_class(min(span_ends(row.pulse_ms), default=None)) or row.pulse_class
    if not row.microbeams and (pulse in _SHORT_PULSE_UNITS) != pulse_class_matters(light.modality):
        return False
    return bool(light.lamp or light_regime(light.modality, row.wavelength_nm, pulse) == light.regime)


@cache
def _all_settings() -> tuple[PublishedSetting, ...]:
    """Return every published setting: of practice, and of trials whose source practice does not use for validation."""
    aside = {row.source for row in practice_rows() if row.role == "validation"}
    treated = (arm for arm in trial_arms() if arm.condition and light_regime(arm.modality, arm.wavelength_nm, ""))
    return (*published_settings(), *(_setting_from_arm(arm) for arm in treated if arm.study not in aside))


def _setting_from_arm(arm: Arm) -> PublishedSetting:
    return PublishedSetting(
        row=arm.row,
        source=arm.study,
        condition=arm.condition,
        wavelength_nm=arm.wavelength_nm or (None if is_lamp(arm.device) else wavelength_from_name_nm(arm.device)),
        lamp=is_lamp(arm.device),
        microbeams=arm.modality in COLUMN_MODALITIES or "fractional" in arm.device.lower(),
        pulse_class=arm.pulse_class,
        phototypes=None if arm.phototypes is None else (arm.phototypes[0] + 1, arm.phototypes[1] + 1),
        pulse_ms=_single_value_span(arm.pulse_ms),
        spot_mm=_single_value_span(arm.spot_mm),
        fluence_J_cm2=arm.fluence_J_cm2,
        microbeam_mJ=arm.microbeam_mJ,
        density_per_cm2=None,
        passes=None,
        site=" ".join(arm.sites),
        lens_array=is_lens_array(arm.device),
    )


def _single_value_span(value: float | None) -> PrintedSpan | None:
    return None if value is None else (value, value)


def _widen_range(published: PublishedRange) -> PublishedRange:
    """Return a range of doses that is no narrower than that of one clinic usually is.

    A single figure represents one skin and one spot.
    """
    wide = envelope_rules().usual_range_ratio
    if published.high >= wide * published.low:
        return published
    middle = math.sqrt(published.low * published.high)
    low, high = middle / math.sqrt(wide), middle * math.sqrt(wide)
    own_high = None if published.own_high is None else published.own_high * high / published.high
    printed = published.low, published.high
    return replace(published, low=low, usual_high=high, high=high, own_high=own_high, printed=printed)


def _setting_sources(rows: Sequence[PublishedSetting]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.source for row in rows))


def span_ends(printed: PrintedSpan | float | None) -> tuple[float, ...]:
    """Return the printed ends of a range, ascending; a single value is its own end."""
    if isinstance(printed, float):
        return (printed,)
    return tuple(end for end in printed or () if end is not None)


def _distance_ratio(span: PrintedSpan | None, value: float | None) -> float:
    """Return how far a value is outside a range, as a ratio; 1 inside it, and where either is missing."""
    ends = span_ends(span)
    return max(1.0, ends[0] / value, value / ends[-1]) if ends and value is not None else 1.0

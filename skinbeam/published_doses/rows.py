"""Read and validate rows of `data/practice.csv`, the published doses.

A range has two columns, such as `fluence_low_J_cm2` and `fluence_high_J_cm2`: they are equal if a single value is
printed, and one of them is empty if the source prints a bound. An empty cell was not printed; no value is filled in.
`harm_origin` is `printed` for a count that is printed, and `per-cent` for a count computed from a rounded percentage.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from skinbeam.laser.device_class import class_of_light
from skinbeam.model.conditions import known_conditions
from skinbeam.model.csv_rows import CsvRow
from skinbeam.model.package_data import load_package_table, load_package_text

__all__ = [
    "COOLING_KINDS",
    "GROWTHS",
    "HARM_KINDS",
    "HARM_UNITS",
    "OTHER_CONDITIONS",
    "PRACTICE_FILE",
    "ROW_KINDS",
    "SOURCE_GRADES",
    "HarmRecord",
    "PracticeRow",
    "PrintedSpan",
    "is_lamp",
    "is_lens_array",
    "practice_rows",
    "read_practice_rows",
    "source_role",
    "wavelength_from_name_nm",
]

ROW_KINDS = ("recommended", "used", "tolerated", "adverse", "threshold", "first-line")
SOURCE_GRADES = ("full-text", "abstract", "summary", "manual", "guideline")
COOLING_KINDS = ("none", "air", "contact", "spray")
# `any` is any adverse event, `serious` an event that the source calls serious; the others are observed signs.
HARM_KINDS = (
    "any",
    "serious",
    "blister",
    "crust",
    "burn",
    "erosion",
    "purpura",
    "redness",
    "prolonged-erythema",
    "pih",
    "hypopigmentation",
    "pigment-change",
    "scar",
    "herpes",
)
SKIN_INJURIES = ("blister", "crust", "burn", "erosion")
HARM_UNITS = ("patients", "treatments", "sites", "lesions")
# Conditions that clinics treat but case files cannot name, and mixtures of conditions in one count.
OTHER_CONDITIONS = (
    "acne-keloidalis",
    "angiofibroma",
    "basal-cell-carcinoma",
    "burn-scars",
    "congenital-naevus",
    "cutaneous-lupus",
    "dermatosis-papulosa-nigra",
    "dry-eye",
    "haemangioma",
    "hair-removal",
    "healthy-skin",
    "hidradenitis",
    "hori-naevus",
    "keratosis-pilaris",
    "leg-veins",
    "mixed",
    "molluscum",
    "naevus-of-ota",
    "onychomycosis",
    "photodamage",
    "pigmented-lesions",
    "port-wine-stain",
    "pyogenic-granuloma",
    "radiation-telangiectasia",
    "rejuvenation",
    "sebaceous-hyperplasia",
    "seborrhoeic-keratosis",
    "tattoo",
    "traumatic-scars",
    "venous-lake",
    "venous-malformation",
    "warts",
)
# Conditions in which the treated growth, or nail, is itself burnt: its tolerance says nothing about normal skin.
GROWTHS = frozenset(
    (
        "angiofibroma",
        "basal-cell-carcinoma",
        "congenital-naevus",
        "hidradenitis",
        "molluscum",
        "onychomycosis",
        "pyogenic-granuloma",
        "sebaceous-hyperplasia",
        "warts",
    )
)
# Not "flashlamp" alone, which pumps a dye laser.
_LAMP = re.compile(r"\b(lamp|ipl|pulsed light|broadband|incoherent)\b")
_VALIDATION_MODULUS = 3  # one source in three is reserved for validation

PrintedSpan = tuple[float | None, float | None]
"""Low and high end as printed; an end that is not printed is None, and a single value has both ends alike."""


@dataclass(frozen=True)
class HarmRecord:
    """The harm in a row: its kind, and its count and duration if they are printed.

    Parameters
    ----------
    kind : one of `HARM_KINDS`.
    events, total : numerator and denominator; None if the source prints none.
    unit : the counted unit, one of `HARM_UNITS`; empty without a count.
    from_per_cent : whether the count was computed from a rounded percentage.
    days, days_statistic : duration, and whether that is a mean, at-most or at-least.
    """

    kind: str
    events: int | None
    total: int | None
    unit: str
    from_per_cent: bool
    days: float | None
    days_statistic: str

    @property
    def has_count(self) -> bool:
        """Whether both numerator and denominator are printed."""
        return self.events is not None and self.total is not None

    @property
    def counts_skin_injury(self) -> bool:
        """Whether blisters, crusts, burns or erosions are counted; a count of no adverse events means none of these."""
        return self.has_count and (self.kind in SKIN_INJURIES or (self.kind == "any" and self.events == 0))


@dataclass(frozen=True)
class PracticeRow:
    """One row of `data/practice.csv`. None and empty strings mean not printed.

    Parameters
    ----------
    row, source, grade, kind : name of the row, key of the bibliography, one of `SOURCE_GRADES`, one of `ROW_KINDS`.
    condition, site, phototype, ethnic_group : treated condition and site, and the skin; `phototype` as `III` or
        `III-V`.
    patients, treatments, sessions : people in the row, treatments of all of them together, sessions of each.
    wavelength_nm, band_nm : of a laser; of a lamp or of several lasers in the same row.
    device : name of the machine.
    pulse_ms, spot_mm, fluence_J_cm2 : ranges of the settings.
    mean_fluence_J_cm2 : the mean over people, where it is printed.
    microbeam_mJ, density_per_cm2, density_of, coverage_pct : of fractional devices; the density is that of one `pass`,
        of all passes together (`total`), or not stated (empty).
    passes : over the same skin in one session.
    cooling, cooling_detail : one of `COOLING_KINDS` and a description; an empty `cooling` is unknown, not none.
    spurt_ms, delay_ms : of a cryogen spray.
    harm : the reported harm; None if the source reports none.
    effect, effect_count, effect_of, downtime_days : the effect, its count and denominator, and the downtime.
    note : remarks for readers of the figures.
    """

    row: str
    source: str
    grade: str
    kind: str
    condition: str
    site: str
    phototype: str
    ethnic_group: str
    patients: int | None
    treatments: int | None
    sessions: PrintedSpan | None
    wavelength_nm: float | None
    band_nm: PrintedSpan | None
    device: str
    pulse_ms: PrintedSpan | None
    spot_mm: PrintedSpan | None
    fluence_J_cm2: PrintedSpan | None
    mean_fluence_J_cm2: float | None
    microbeam_mJ: PrintedSpan | None
    density_per_cm2: PrintedSpan | None
    density_of: str
    coverage_pct: PrintedSpan | None
    passes: PrintedSpan | None
    cooling: str
    cooling_detail: str
    spurt_ms: PrintedSpan | None
    delay_ms: PrintedSpan | None
    harm: HarmRecord | None
    effect: str
    effect_count: int | None
    effect_of: int | None
    downtime_days: PrintedSpan | None
    note: str

    @property
    def pulse_class(self) -> str:
        """`ps` or `ns` if the name of the device says so; else empty."""
        words = self.device.lower()
        if "pico" in words:
            return "ps"
        return "ns" if any(word in words for word in ("q-switched", "qs ", "nanosecond")) else ""

    @property
    def lamp(self) -> bool:
        """Whether the light comes from a filtered lamp, by the name of the device."""
        return is_lamp(self.device)

    @property
    def microbeams(self) -> bool:
        """Whether the treatment used microbeams with untreated skin between them."""
        printed = self.microbeam_mJ or self.density_per_cm2 or self.coverage_pct
        return printed is not None or "fractional" in self.device.lower()

    @property
    def lens_array(self) -> bool:
        """Whether an optic splits the spot into small beams, by the name of the device."""
        return is_lens_array(self.device)

    @property
    def device_class(self) -> str | None:
        """Class of the light, such as `qs-532`; None where its wavelength is not printed, or no class has such light.

        A laser whose name and pulse say nothing else is one of long pulses.
        """
        nm = self.wavelength_nm or (self.band_nm[0] if self.band_nm is not None else None)
        if nm is None:
            return "ipl-any" if self.lamp else None
        shortest = min((end for end in self.pulse_ms or () if end is not None), default=None)
        return class_of_light(
            nm,
            _CLASS_PULSE_MS[self.pulse_class] if shortest is None else shortest,
            lamp=self.lamp,
            microbeams=self.microbeams,
            lens_array=self.lens_array,
            compression=any(word in self.device.lower() for word in ("compression", "glass")),
        )

    @property
    def role(self) -> str:
        """`validation` or `calibration`; it depends on the source alone."""
        return source_role(self.source)


def is_lamp(device: str) -> bool:
    """Return whether the name of a machine is that of a filtered lamp."""
    return _LAMP.search(device.lower()) is not None


def is_lens_array(device: str) -> bool:
    """Return whether the name of a machine says that an optic splits its spot into small beams."""
    return "array" in device.lower()


def wavelength_from_name_nm(device: str) -> float | None:
    """Return the wavelength in nm of a laser by its medium in the name of the device; None for none or several."""
    named: Mapping[str, float] = load_package_table("data/envelopes.toml")["named"]
    words = re.findall(r"\w+", device.lower())
    wavelengths_nm = {nm for word, nm in named.items() if word in words}
    return wavelengths_nm.pop() if len(wavelengths_nm) == 1 else None


@lru_cache(maxsize=1024)
def source_role(source: str) -> str:
    """Return `validation` if the SHA-256 of the key of a source is 0 modulo 3, else `calibration`.

    The split cannot be chosen: the key is in the bibliography before anything is fitted, and all rows of a source have
    the same role.
    """
    number = int(hashlib.sha256(source.encode()).hexdigest(), 16)
    return "validation" if number % _VALIDATION_MODULUS == 0 else "calibration"


PRACTICE_FILE = "practice.csv"
DAY_KINDS = ("mean", "at-most", "at-least")
DENSITY_KINDS = ("pass", "total")
HARM_ORIGINS = ("printed", "per-cent")
_MAX_DAYS = 3650.0
_CLASS_PULSE_MS = {"ps": 5e-7, "ns": 1e-5, "": 10.0}  # pulses within the classes that names of devices state


@cache
def practice_rows() -> tuple[PracticeRow, ...]:
    """Return every row of the table in the package.

    Raises
    ------
    InputError : an invalid row; the field is `row.column`.
    """
    return read_practice_rows(load_package_text(f"data/{PRACTICE_FILE}"))


def read_practice_rows(text: str) -> tuple[PracticeRow, ...]:
    """Return the rows of a table in CSV.

    Raises
    ------
    InputError : an unknown word or key, a number out of range, or figures that contradict each other.
    """
    return tuple(record.to_row() for record in _PracticeRecord.read_rows(text))


class _PracticeRecord(CsvRow):
    """Validator of a record of `data/practice.csv`."""

    file, code = PRACTICE_FILE, "wrong-practice-row"

    def to_row(self) -> PracticeRow:
        text = self.record
        row = PracticeRow(
            row=self.name,
            source=self.source_key("source"),
            grade=self.known_word("grade", SOURCE_GRADES),
            kind=self.known_word("kind", ROW_KINDS),
            condition=self.known_word("condition", (*known_conditions(), *OTHER_CONDITIONS)),
            site=text["site"],
            phototype=self.phototype(empty=True),
            ethnic_group=text["people"],
            patients=self.whole_number("patients"),
            treatments=self.whole_number("treatments"),
            sessions=self.number_range("sessions", 1.0, 200.0),
            wavelength_nm=self.number("wavelength_nm", 200.0, 20_000.0),
            band_nm=self.number_range("band", 200.0, 20_000.0, unit="_nm"),
            device=text["device"],
            pulse_ms=self.number_range("pulse", 1e-8, 1e4, unit="_ms"),
            spot_mm=self.number_range("spot", 0.05, 50.0, unit="_mm"),
            fluence_J_cm2=self.number_range("fluence", 0.01, 1e3, unit="_J_cm2"),
            mean_fluence_J_cm2=self.number("fluence_mean_J_cm2", 0.01, 1e3),
            microbeam_mJ=self.number_range("microbeam", 0.1, 1e3, unit="_mJ"),
            density_per_cm2=self.number_range("density", 1.0, 1e4, unit="_per_cm2"),
            density_of=self.known_word("density_of", DENSITY_KINDS, empty=True),
            coverage_pct=self.number_range("coverage", 0.1, 100.0, unit="_pct"),
            passes=self.number_range("passes", 1.0, 20.0),
            cooling=self.known_word("cooling", COOLING_KINDS, empty=True),
            cooling_detail=text["cooling_detail"],
            spurt_ms=self.number_range("spurt", 1.0, 200.0, unit="_ms"),
            delay_ms=self.number_range("delay", 0.0, 200.0, unit="_ms"),
            harm=self._read_harm(),
            effect=text["effect"],
            effect_count=self.whole_number("effect_count"),
            effect_of=self.whole_number("effect_of"),
            downtime_days=self.number_range("downtime", 0.0, 365.0, unit="_days"),
            note=text["note"],
        )
        self._check_consistency(row)
        return row

    def _check_consistency(self, row: PracticeRow) -> None:
        """Check that the figures of a row do not contradict each other."""
        if row.wavelength_nm is not None and row.band_nm is not None:
            raise self.error("band_low_nm", "stands beside wavelength_nm", "One wavelength, or the band of a lamp.")
        if row.cooling != "spray" and (row.spurt_ms or row.delay_ms):
            raise self.error("spurt_low_ms", f'belongs to a spray, not to "{row.cooling}"', "cooling: spray.")
        if row.cooling == "none" and row.cooling_detail:
            raise self.error("cooling_detail", "says how nothing was cooled", "Leave it out.")
        if row.density_of and row.density_per_cm2 is None:
            raise self.error("density_of", "has no density", "The density, or nothing.")
        if row.fluence_J_cm2 is not None and row.mean_fluence_J_cm2 is not None:
            low, high = row.fluence_J_cm2
            if not (low or 0.0) <= row.mean_fluence_J_cm2 <= (high or row.mean_fluence_J_cm2):
                raise self.error("fluence_mean_J_cm2", f"is not from {low} to {high}", "A mean within the range.")
        if row.effect_count is not None and row.effect_of is not None and row.effect_count > row.effect_of:
            raise self.error("effect_count", f"{row.effect_count} of {row.effect_of} cannot be", "A count of those.")
        harm = row.harm
        in_people = harm is not None and harm.unit == "patients" and harm.total is not None
        if in_people and row.patients is not None and harm is not None and (harm.total or 0) > row.patients:
            raise self.error(
                "harm_of", f"{harm.total} are more than the {row.patients} patients", "At most all of them."
            )

    def _read_harm(self) -> HarmRecord | None:
        kind = self.known_word("harm", HARM_KINDS, empty=True)
        events, of = self.whole_number("harm_count"), self.whole_number("harm_of")
        days = self.number("harm_days", 0.0, _MAX_DAYS)
        if not kind:
            for column in ("harm_count", "harm_of", "harm_unit", "harm_origin", "harm_days", "harm_days_is"):
                if self.record[column]:
                    raise self.error(
                        column, "counts a harm that is not named", f"harm: one of {', '.join(HARM_KINDS)}."
                    )
            return None
        if of is not None and (events is None or of == 0 or events > of):
            raise self.error("harm_count", f"{events} of {of} cannot be", "A count and the number it is among.")
        is_counted = events is not None
        return HarmRecord(
            kind=kind,
            events=events,
            total=of,
            unit=self.known_word("harm_unit", HARM_UNITS if is_counted else ("",)),
            from_per_cent=self.known_word("harm_origin", HARM_ORIGINS if is_counted else ("",)) == "per-cent",
            days=days,
            days_statistic=self.known_word("harm_days_is", ("",) if days is None else DAY_KINDS),
        )

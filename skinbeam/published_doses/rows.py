"""One published dose: who was treated, with which settings, under which cooling, and what harm was counted."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from skinbeam.shipped import shipped_table

__all__ = [
    "COOLINGS",
    "GRADES",
    "GROWTHS",
    "HARMS",
    "HARM_UNITS",
    "KINDS",
    "OTHER_CONDITIONS",
    "Harm",
    "PracticeRow",
    "Span",
    "is_lamp",
    "named_nm",
    "role_of",
]

KINDS = ("recommended", "used", "tolerated", "adverse", "threshold", "first-line")
GRADES = ("full-text", "abstract", "summary", "manual", "guideline")
COOLINGS = ("none", "air", "contact", "spray")
# `any` is any adverse event at all, `serious` one that the source calls so; the others are named by what was seen.
HARMS = (
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
# What clinics treat and no case file names, or several conditions in one count.
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
# What is itself burnt, a nail too: how much it bears says nothing of the skin around it.
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
_LAMP = re.compile(r"\b(lamp|ipl|pulsed light|broadband)\b")  # a flashlamp pumps a dye laser
_HELD_OUT_OF = 3  # one source in so many is kept aside

Span = tuple[float | None, float | None]
"""Low and high end as printed; an end that is not printed is None, and a single value has both ends alike."""


@dataclass(frozen=True)
class Harm:
    """What was seen, and how often.

    Parameters
    ----------
    kind : one of `HARMS`.
    events, of : how many of how many; None where the source prints none.
    unit : what is counted, one of `HARM_UNITS`; empty without a count.
    from_per_cent : whether the count was worked out from a rounded per cent.
    days, days_are : how long it lasted, and whether that is a mean, at-most or at-least.
    """

    kind: str
    events: int | None
    of: int | None
    unit: str
    from_per_cent: bool
    days: float | None
    days_are: str

    @property
    def counted(self) -> bool:
        """Whether both numerator and denominator are printed."""
        return self.events is not None and self.of is not None

    @property
    def counts_skin_injury(self) -> bool:
        """Whether blisters, crusts, burns or erosions are counted; no adverse event at all counts as none of them."""
        return self.counted and (self.kind in SKIN_INJURIES or (self.kind == "any" and self.events == 0))


@dataclass(frozen=True)
class PracticeRow:
    """One row of `data/practice.csv`. None and empty strings mean not printed.

    Parameters
    ----------
    row, source, grade, kind : its name, the key of the bibliography, how far the source was read, and what it is.
    condition, site, phototype, people : what was treated and whose skin; `phototype` as `III` or `III-V`.
    patients, treatments, sessions : people in the row, treatments of all of them together, sessions of each.
    wavelength_nm, band_nm : of a laser; of a lamp or of lasers that one row mixes.
    device : the machine in words.
    pulse_ms, spot_mm, fluence_J_cm2 : ranges of the settings.
    mean_fluence_J_cm2 : the mean over people, where it is printed.
    microbeam_mJ, density_per_cm2, density_of, coverage_pct : of fractional devices; the density is that of one `pass`,
        of all together (`total`), or the source does not say.
    passes : over the same skin in one session.
    cooling, cooling_detail : one of `COOLINGS` and its words; an empty `cooling` is unknown, not none.
    spurt_ms, delay_ms : of a cryogen spray.
    harm : what was seen; None where the source tells of none.
    effect, effect_count, effect_of, downtime_days : what it did.
    note : what a reader of the figures has to know.
    """

    row: str
    source: str
    grade: str
    kind: str
    condition: str
    site: str
    phototype: str
    people: str
    patients: int | None
    treatments: int | None
    sessions: Span | None
    wavelength_nm: float | None
    band_nm: Span | None
    device: str
    pulse_ms: Span | None
    spot_mm: Span | None
    fluence_J_cm2: Span | None
    mean_fluence_J_cm2: float | None
    microbeam_mJ: Span | None
    density_per_cm2: Span | None
    density_of: str
    coverage_pct: Span | None
    passes: Span | None
    cooling: str
    cooling_detail: str
    spurt_ms: Span | None
    delay_ms: Span | None
    harm: Harm | None
    effect: str
    effect_count: int | None
    effect_of: int | None
    downtime_days: Span | None
    note: str

    @property
    def pulse_words(self) -> str:
        """`ps` or `ns` where the device is named after such pulses; else empty."""
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
        """Whether it was given as microbeams with skin left between them."""
        printed = self.microbeam_mJ or self.density_per_cm2 or self.coverage_pct
        return printed is not None or "fractional" in self.device.lower()

    @property
    def role(self) -> str:
        """`validation` or `calibration`, by the source alone."""
        return role_of(self.source)


def is_lamp(device: str) -> bool:
    """Whether a machine in words is a filtered lamp."""
    return _LAMP.search(device.lower()) is not None


def named_nm(device: str) -> float | None:
    """Return the wavelength in nm of a laser that is named after what shines in it; None of other or several names."""
    named: Mapping[str, float] = shipped_table("data/envelopes.toml")["named"]
    words = re.findall(r"\w+", device.lower())
    found = {nm for word, nm in named.items() if word in words}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def role_of(source: str) -> str:
    """Return `validation` where the SHA-256 of a source's key is 0 modulo 3, else `calibration`.

    Nobody chooses: the key stands in the bibliography before anything is fitted, and all rows of a source go together.
    """
    number = int(hashlib.sha256(source.encode()).hexdigest(), 16)
    return "validation" if number % _HELD_OUT_OF == 0 else "calibration"

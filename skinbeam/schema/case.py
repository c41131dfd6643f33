"""The case file: a consultation, or a pulse on a skin, in clinical units.

Attribute names are the keys of the file. Every value is checked alone here; `Case` checks what only several
values together can break. What a device can emit is checked in `laser.settings`.
"""

import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from skinbeam.schema.fields import (
    PHOTOTYPES,
    SEVERITIES,
    FieldFault,
    Section,
    choice,
    flag,
    grades,
    named,
    number,
    text,
    whole,
)

__all__ = [
    "Bath",
    "Case",
    "Clinic",
    "Concern",
    "Cooling",
    "Laser",
    "Layer",
    "Lesion",
    "Medication",
    "Microbeam",
    "Patient",
    "Photo",
    "Reflectance",
    "SessionDone",
    "Settings",
    "Skin",
    "TestSpot",
    "Vessel",
]

PRESETS = (
    "human",
    "pig",
    "minipig",
    "guinea-pig",
    "guinea-pig-albino",
    "rat",
    "hamster",
    "mouse-ear",
    "chick-membrane",
    "blood",
    "melanosome",
    "phantom",
)
LESION_KINDS = (
    "lentigo",
    "freckle",
    "naevus-of-ota",
    "telangiectasia",
    "port-wine-stain",
    "spider",
    "scar",
    "hair",
    "undiagnosed",
)
# What a person may have had or has now; the rules in data/rules.toml speak of these words.
HISTORY = (
    "active-infection",
    "active-inflammatory-acne",
    "allergy-anaesthetic",
    "argyria",
    "bleeding-disorder",
    "body-dysmorphic-concern",
    "collagen-vascular-disease",
    "dermabrasion-recent",
    "deep-peel-recent",
    "diabetes-uncontrolled",
    "eczema-severe",
    "face-lift",
    "filler-recent",
    "gold-therapy",
    "heart-disease",
    "hepatitis-b",
    "herpes-labialis",
    "hiv",
    "hypertrophic-scar",
    "immunosuppression",
    "keloid",
    "laser-resurfacing-recent",
    "liver-disease",
    "lupus",
    "melasma",
    "permanent-make-up",
    "photosensitivity",
    "pih",
    "psoriasis",
    "radiotherapy-field",
    "self-tanner-recent",
    "silver-dressing",
    "skin-cancer",
    "tattoo-in-field",
    "vitiligo",
)
LESION_SIGNS = ("new", "changing", "bleeding", "irregular", "solitary-pearly")

Phototype = grades(PHOTOTYPES, "phototype")
Severity = grades(SEVERITIES, "severity")


def _a_date(read: Any) -> datetime.date:
    if isinstance(read, str):
        try:
            read = datetime.date.fromisoformat(read)
        except ValueError:
            pass
    if isinstance(read, datetime.datetime) or not isinstance(read, datetime.date):
        raise FieldFault("not-a-date", f"is not a date, read {read!r}", "A date such as 2026-11-02, without quotation marks.")
    return read


Date = Annotated[datetime.date, BeforeValidator(_a_date)]


class Medication(Section):
    """Something the person takes or took; any name is accepted."""

    name: text(100)
    last_dose_months: number(0, 1200, "months") = 0.0


class Patient(Section):
    """Who is treated, without anything that names them."""

    age_years: number(0, 120, "years")
    sex: choice("female", "male", "other") | None = None
    phototype: Phototype | None = None
    ita_deg: number(-90, 90, "degrees") | None = None
    tan: choice("none", "recent", "current") = "none"
    medications: list[Medication] = Field(default=[], max_length=100)
    history: list[choice(*HISTORY)] = Field(default=[], max_length=100)
    pregnant: flag() = False
    lactating: flag() = False
    expectation: choice("modest", "noticeable", "perfect") | None = None
    downtime_days_accepted: number(0, 365, "days") | None = None


class Concern(Section):
    """What the person wants treated, and where."""

    condition: named("condition")
    site: named("site")
    severity: Severity | None = None
    area_cm2: number(0, 20_000, "cm²", above=True) | None = None
    diagnosed: flag() = False
    diagnosed_by: text(100) | None = None
    diagnosis_method: choice("examination", "dermoscopy", "biopsy") | None = None
    diagnosis_date: Date | None = None
    lesion_signs: list[choice(*LESION_SIGNS)] = Field(default=[], max_length=10)

    @model_validator(mode="after")
    def _diagnosis_is_whole(self) -> "Concern":
        given = {
            "diagnosed_by": self.diagnosed_by,
            "diagnosis_method": self.diagnosis_method,
            "diagnosis_date": self.diagnosis_date,
        }
        missing = [name for name, value in given.items() if value is None]
        if self.diagnosed and missing:
            raise FieldFault(
                "diagnosis-incomplete",
                f"diagnosed = true without {', '.join(missing)}",
                "Say by whom (diagnosed_by), how (diagnosis_method) and when (diagnosis_date), or leave diagnosed out.",
            )
        return self


class TestSpot(Section):
    """What an earlier test spot showed."""

    __test__ = False  # its name makes pytest take it for a test

    device: text(200)
    site: named("site")
    fluence_J_cm2: number(0, 1000, "J/cm²", above=True) | None = None
    energy_mJ: number(0, 10_000, "mJ", above=True) | None = None
    pulse_ms: number(1e-9, 1e4, "ms") | None = None
    read_after_h: number(0, 10_000, "hours")
    reaction: choice("none", "redness", "whitening", "purpura", "blister", "crust", "pigment-change")


class SessionDone(Section):
    """A session that has taken place."""

    week: number(0, 5000, "weeks")
    treats: named("condition")
    response_pct: number(-100, 100, "%") | None = None
    adverse: list[text(100)] = Field(default=[], max_length=50)


class Clinic(Section):
    """What the clinic has. No list means every known device."""

    devices: list[text(200)] | None = Field(default=None, min_length=1, max_length=100)


class Photo(Section):
    """A photograph beside the case file."""

    file: text(255)
    white_card: list[number(0, 100_000, "pixels")] | None = Field(default=None, min_length=4, max_length=4)


class Reflectance(Section):
    """A spectrophotometer's or melanin meter's reading of untreated skin."""

    wavelength_nm: list[number(300, 2500, "nm")] = Field(min_length=1, max_length=10_000)
    value: list[number(0, 1, "")] = Field(min_length=1, max_length=10_000)
    specular: choice("included", "excluded") = "included"

    @model_validator(mode="after")
    def _same_length(self) -> "Reflectance":
        if len(self.wavelength_nm) != len(self.value):
            raise FieldFault(
                "lengths-differ",
                f"{len(self.wavelength_nm)} wavelengths and {len(self.value)} values",
                "As many values as wavelengths.",
            )
        return self


class Layer(Section):
    """A layer given in full, at the wavelength of the laser."""

    name: text(100)
    thickness_um: number(0, 1e6, "µm", above=True) | None = None
    mua_per_cm: number(0, 1e6, "1/cm")
    mus_per_cm: number(0, 1e6, "1/cm")
    g: number(-0.999, 0.999, "")
    n: number(1, 3, "")
    density_kg_m3: number(0, 20_000, "kg/m³", above=True) = 1109.0
    heat_capacity_J_kgK: number(0, 10_000, "J/(kg K)", above=True) = 3391.0
    conductivity_W_mK: number(0, 500, "W/(m K)", above=True) = 0.37


class Skin(Section):
    """The skin; what is left out follows from the preset and the patient."""

    preset: choice(*PRESETS) = "human"
    site: named("site") | None = None
    ita_deg: number(-90, 90, "degrees") | None = None
    temperature_C: number(-20, 60, "°C") | None = None
    hydration: number(0, 1, "") | None = None
    melanosome: choice("retinal", "cutaneous") | None = None
    reflectance: Reflectance | None = None
    layer: list[Layer] = Field(default=[], max_length=100)


class Vessel(Section):
    """A blood vessel parallel to the surface."""

    depth_um: number(0, 1e5, "µm", above=True)
    diameter_um: number(0, 1e4, "µm", above=True)
    wall_um: number(0, 1000, "µm", above=True) | None = None
    haematocrit: number(0, 1, "", above=True) | None = None
    oxygenation: number(0, 1, "") | None = None

    @model_validator(mode="after")
    def _below_surface(self) -> "Vessel":
        if self.depth_um < self.diameter_um / 2:
            raise FieldFault(
                "vessel-above-surface",
                f"a vessel of {self.diameter_um:g} µm with its axis at {self.depth_um:g} µm stands out of the skin",
                "depth_um is the depth of the axis: at least half the diameter.",
            )
        return self


class Lesion(Section):
    """A pigment spot, scar or the like in the beam."""

    kind: choice(*LESION_KINDS)
    diameter_mm: number(0, 1000, "mm", above=True) | None = None
    melanin_ratio: number(0, 100, "", above=True) | None = None


class Laser(Section):
    """A device by name or file, or a bare wavelength."""

    device: text(200) | None = None
    wavelength_nm: number(193, 12_000, "nm") | None = None

    @model_validator(mode="after")
    def _something(self) -> "Laser":
        if self.device is None and self.wavelength_nm is None:
            raise FieldFault("laser-empty", "neither device nor wavelength_nm is given", "Give device, or wavelength_nm.")
        return self


class Settings(Section):
    """What is set on the device."""

    overlap_fraction: number(0, 0.95, "") = 0.0
    fluence_J_cm2: number(0, 1000, "J/cm²", above=True) | None = None
    energy_J: number(0, 1000, "J", above=True) | None = None
    power_W: number(0, 10_000, "W", above=True) | None = None
    pulse_ms: number(1e-9, 1e4, "ms") | None = None
    spot_mm: number(0, 200, "mm", above=True) | None = None
    profile: choice("top-hat", "gaussian") = "top-hat"
    pulses: whole(1, 10_000) = 1
    repetition_Hz: number(0, 1e6, "Hz") = 0.0
    passes: whole(1, 100) = 1
    pass_interval_s: number(0, 86_400, "s") = 0.0

    @model_validator(mode="after")
    def _one_dose(self) -> "Settings":
        given = [n for n in ("fluence_J_cm2", "energy_J", "power_W") if getattr(self, n) is not None]
        if len(given) > 1:
            raise FieldFault(
                "two-doses", f"{' and '.join(given)} are both given", "Keep one of fluence_J_cm2, energy_J, power_W."
            )
        if self.power_W is not None and self.pulse_ms is None:
            raise FieldFault("no-pulse", "power_W without pulse_ms", "Give pulse_ms: energy is power times pulse length.")
        if self.pulses > 1 and self.repetition_Hz == 0:
            raise FieldFault("no-rate", f"{self.pulses} pulses at 0 Hz", "Give repetition_Hz for a train of pulses.")
        if self.pulses > 1 and self.pulse_ms is not None and self.pulse_ms * 1e-3 * self.repetition_Hz > 1:
            raise FieldFault(
                "pulses-overlap",
                f"pulses of {self.pulse_ms:g} ms at {self.repetition_Hz:g} Hz overlap in time",
                "pulse_ms x repetition_Hz / 1000 at most 1.",
            )
        return self


class Microbeam(Section):
    """One of the many small beams of a fractional device."""

    energy_mJ: number(0, 10_000, "mJ", above=True) | None = None
    diameter_um: number(1, 5000, "µm")
    density_per_cm2: number(0, 100_000, "1/cm²", above=True)
    profile: choice("top-hat", "gaussian") = "gaussian"


class Cooling(Section):
    """How the surface is cooled, and when."""

    kind: choice("none", "air", "contact", "spray")
    cryogen: choice("R134a", "R404A") | None = None
    temperature_C: number(-80, 60, "°C") | None = None
    coefficient_W_m2K: number(0, 1e5, "W/(m² K)") | None = None
    before_ms: number(0, 60_000, "ms") = 0.0
    delay_ms: number(0, 60_000, "ms") = 0.0
    during: flag() = False
    after_ms: number(0, 600_000, "ms") = 0.0


class Bath(Section):
    """A surface held at a temperature: a contact burn experiment."""

    temperature_C: number(-80, 300, "°C")
    exposure_s: number(0, 1e6, "s", above=True) | None = None


class Case(Section):
    """A whole case file."""

    title: text(200) = ""
    patient: Patient | None = None
    concern: list[Concern] = Field(default=[], max_length=50)
    test_spot: list[TestSpot] = Field(default=[], max_length=200)
    session: list[SessionDone] = Field(default=[], max_length=200)
    clinic: Clinic | None = None
    photo: Photo | None = None
    skin: Skin | None = None
    vessel: list[Vessel] = Field(default=[], max_length=1000)
    lesion: list[Lesion] = Field(default=[], max_length=100)
    laser: Laser | None = None
    settings: Settings | None = None
    microbeam: Microbeam | None = None
    cooling: Cooling | None = None
    bath: Bath | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Case":
        for check in (_concerns_differ, _one_heat_source, _microbeam_holds_the_dose, _vessels_apart, _layers_sound):
            check(self)
        return self


def _concerns_differ(case: Case) -> None:
    seen: dict[tuple[str, str], int] = {}
    for index, concern in enumerate(case.concern):
        key = (concern.condition, concern.site)
        if key in seen:
            raise FieldFault(
                "concern-twice",
                f"concern[{index}] is {concern.condition} at {concern.site}, as is concern[{seen[key]}]",
                "Name each condition once a site.",
            )
        seen[key] = index


def _one_heat_source(case: Case) -> None:
    if case.bath is not None and (case.laser or case.settings or case.microbeam):
        raise FieldFault(
            "two-heat-sources", "[bath] stands beside a laser", "Keep [bath], or [laser] with [settings]."
        )


def _microbeam_holds_the_dose(case: Case) -> None:
    if case.microbeam is None or case.settings is None:
        return
    given = [
        name
        for name in ("fluence_J_cm2", "energy_J", "power_W", "spot_mm")
        if getattr(case.settings, name) is not None
    ]
    if given:
        raise FieldFault(
            "two-beams",
            f"[settings] {', '.join(given)} beside [microbeam]",
            "With [microbeam] the dose is energy_mJ per beam; [settings] holds pulse_ms and trains only.",
        )


def _vessels_apart(case: Case) -> None:
    deep = sorted(enumerate(case.vessel), key=lambda item: item[1].depth_um)
    for (i, upper), (j, lower) in zip(deep, deep[1:], strict=False):
        gap = lower.depth_um - upper.depth_um
        if gap < (upper.diameter_um + lower.diameter_um) / 2:
            raise FieldFault(
                "vessels-overlap",
                f"vessel[{i}] and vessel[{j}] overlap: axes {gap:g} µm apart, radii "
                f"{upper.diameter_um / 2:g} and {lower.diameter_um / 2:g} µm",
                "The depths of two axes differ by at least the sum of the radii.",
            )


def _layers_sound(case: Case) -> None:
    if case.skin is None:
        return
    names = [layer.name for layer in case.skin.layer]
    for index, layer in enumerate(case.skin.layer):
        if layer.name in names[:index]:
            raise FieldFault(
                "layer-twice", f'skin.layer[{index}] is the second called "{layer.name}"', "Layer names are unique."
            )
        if layer.thickness_um is None and index < len(names) - 1:
            raise FieldFault(
                "layer-without-thickness",
                f"skin.layer[{index}] has no thickness_um and is not the last",
                "Only the last layer may be left without a thickness: it is then semi-infinite.",
            )

"""Case file tables of a consultation: patient, concerns, earlier test spots and sessions, clinic, photograph."""

import contextlib
import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from skinbeam.model.errors import spelling_hint
from skinbeam.model.fields import (
    FieldError,
    InputTable,
    choice,
    exact_length,
    flag,
    grade_range,
    number,
    person_name,
    text,
    value_error,
    vocabulary_name,
)
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, PHOTOTYPES, SEVERITIES, condition_subtypes

__all__ = [
    "CLEARABLE_RULES",
    "HISTORY",
    "HISTORY_GROUPS",
    "LESION_SIGNS",
    "REACTIONS",
    "Clearance",
    "Clinic",
    "Concern",
    "EarlierSession",
    "EarlierTestSpot",
    "KeloidDecision",
    "Medication",
    "Patient",
    "Photo",
]

# Past and present conditions of the person, in groups in which a form asks for them; the rules in data/rules.toml use
# these words.
HISTORY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "skin": (
        "active-infection",
        "active-inflammatory-acne",
        "herpes-labialis",
        "eczema-severe",
        "psoriasis",
        "melasma",
        "pih",
        "vitiligo",
        "photosensitivity",
        "skin-cancer",
    ),
    "healing": (
        "keloid",
        "hypertrophic-scar",
        "bleeding-disorder",
        "diabetes-uncontrolled",
        "immunosuppression",
        "hiv",
        "hepatitis-b",
    ),
    "body": (
        "lupus",
        "collagen-vascular-disease",
        "heart-disease",
        "pacemaker",
        "epilepsy",
        "thrombosis",
        "liver-disease",
        "smoking",
        "allergy-anaesthetic",
        "body-dysmorphic-concern",
    ),
    "treated": (
        "filler-recent",
        "deep-peel-recent",
        "dermabrasion-recent",
        "laser-resurfacing-recent",
        "face-lift",
        "radiotherapy-field",
        "gold-therapy",
    ),
    "field": ("tattoo-in-field", "permanent-make-up", "self-tanner-recent", "silver-dressing", "argyria"),
}
HISTORY = tuple(sorted(word for words in HISTORY_GROUPS.values() for word in words))
# Observed reactions to a test spot; data/reactions.toml defines each.
REACTIONS = (
    "none",
    "redness",
    "whitening",
    "grey",
    "purpura",
    "crust",
    "erosion",
    "herpes-labialis",
    "infection",
    "eye-injury",
    "blister",
    "burn",
    "dark-mark",
    "pale-mark",
    "pigment-change",
    "scar",
)
LESION_SIGNS = ("new", "changing", "bleeding", "irregular", "solitary-pearly")

Phototype = Annotated[str, grade_range(PHOTOTYPES, "phototype")]
Severity = Annotated[str, grade_range(SEVERITIES, "severity")]
Wavelength = Annotated[float, number(193, 12_000, "nm")]
Fluence = Annotated[float, number(0, 1000, "J/cm²", exclude_low=True)]
Energy = Annotated[float, number(0, 10_000, "mJ", exclude_low=True)]
ColumnDensity = Annotated[float, number(0, 100_000, "1/cm²", exclude_low=True)]
Pulse = Annotated[float, number(1e-9, 1e4, "ms")]
SpotSize = Annotated[float, number(0, 200, "mm", exclude_low=True)]
Pixel = Annotated[float, number(0, 100_000, "pixels")]
PicturePoint = Annotated[list[Pixel], exact_length(2)]


_DATE_HINT = "A date such as 2026-11-02, without quotation marks or a time of day."


def _parse_date(read: Any) -> datetime.date:
    if isinstance(read, str):
        with contextlib.suppress(ValueError):
            read = datetime.date.fromisoformat(read)
    if isinstance(read, datetime.datetime) or not isinstance(read, datetime.date):
        raise value_error(read, "is not a date", _DATE_HINT, "not-a-date")
    return read


Date = Annotated[datetime.date, BeforeValidator(_parse_date)]


class Medication(InputTable):
    """A medication that the person takes or took; any name is accepted."""

    name: Annotated[str, text(100, min_length=1)]
    last_dose_months: Annotated[float, number(0, 1200, "months")] = 0.0


class KeloidDecision(InputTable):
    """A specialist's decision to allow certain lasers although the person forms keloids."""

    by: Annotated[str, person_name()]
    date: Date
    allows: Annotated[
        list[Annotated[str, choice(*ABLATIVE_MODALITIES)]], AfterValidator(lambda words: sorted(set(words)))
    ] = Field(min_length=1, max_length=10)


class Patient(InputTable):
    """The person to be treated, without any identifying data."""

    age_years: Annotated[float, number(0, 120, "years")]
    sex: Annotated[str, choice("female", "male", "other")] | None = None
    phototype: Phototype | None = None
    ita_deg: Annotated[float, number(-90, 90, "degrees")] | None = None
    tan: Annotated[str, choice("none", "recent", "current")] = "none"
    medications: list[Medication] = Field(default=[], max_length=100)
    # A set: neither order nor repetition changes a plan or its hash.
    history: Annotated[list[Annotated[str, choice(*HISTORY)]], AfterValidator(lambda words: sorted(set(words)))] = (
        Field(default=[], max_length=100)
    )
    keloid_decision: KeloidDecision | None = None
    pregnant: Annotated[bool, flag()] = False
    lactating: Annotated[bool, flag()] = False
    expectation: Annotated[str, choice("modest", "noticeable", "perfect")] | None = None
    downtime_days_accepted: Annotated[float, number(0, 365, "days")] | None = None


def _check_subtypes(words: list[str], info: ValidationInfo) -> list[str]:
    """Check the subtypes and return each once in the order of the vocabulary; order and repetition carry no meaning."""
    condition = info.data.get("condition")
    if condition is None:
        return words  # the condition itself is wrong, and that fault is reported first
    known = condition_subtypes(condition)
    strange = next((word for word in words if word not in known), None)
    if strange is None:
        return [word for word in known if word in words]
    if not known:
        raise FieldError("no-subtypes", f'"{strange}" is said of {condition}, which has no kinds', "Leave it out.")
    raise FieldError(
        "unknown-subtype",
        f'"{strange}" is not a kind of {condition}',
        f"{spelling_hint([strange], known)}Known: {', '.join(known)}.",
    )


class Concern(InputTable):
    """A condition that the person wants treated, and its site."""

    condition: Annotated[str, vocabulary_name("condition")]
    site: Annotated[str, vocabulary_name("site")]
    subtypes: Annotated[list[Annotated[str, text(100, min_length=1)]], AfterValidator(_check_subtypes)] = Field(
        default=[], max_length=10
    )
    severity: Severity | None = None
    area_cm2: Annotated[float, number(0, 20_000, "cm²", exclude_low=True)] | None = None
    creams_months: Annotated[float, number(0, 1200, "months")] | None = None
    diagnosed: Annotated[bool, flag()] = False
    diagnosed_by: Annotated[str, person_name()] | None = None
    diagnosis_method: Annotated[str, choice("examination", "dermoscopy", "biopsy")] | None = None
    diagnosis_date: Date | None = None
    lesion_signs: list[Annotated[str, choice(*LESION_SIGNS)]] = Field(default=[], max_length=10)

    @property
    def place(self) -> str:
        """Condition and site, by which reasons, visits and sessions name a concern."""
        return f"{self.condition} at {self.site}"

    @model_validator(mode="after")
    def _diagnosis_is_whole(self) -> "Concern":
        given = {
            "diagnosed_by": self.diagnosed_by,
            "diagnosis_method": self.diagnosis_method,
            "diagnosis_date": self.diagnosis_date,
        }
        missing = [name for name, value in given.items() if value is None]
        if self.diagnosed and missing:
            raise FieldError(
                "diagnosis-incomplete",
                f"diagnosed = true without {', '.join(missing)}",
                "Say by whom (diagnosed_by), how (diagnosis_method) and when (diagnosis_date), or leave diagnosed out.",
            )
        return self


CLEARABLE_RULES: Final[tuple[str, ...]] = tuple(load_package_table("data/clearances.toml")["rules"])


class Clearance(InputTable):
    """A clinician's decision to treat all the same, where a rule refers; without a condition, whatever is treated."""

    rule: Annotated[str, choice(*CLEARABLE_RULES)]
    condition: Annotated[str, vocabulary_name("condition")] | None = None
    by: Annotated[str, person_name()]
    date: Date


class EarlierTestSpot(InputTable):
    """An earlier test spot: its setting and the reaction."""

    __test__ = False  # because of its name pytest would collect it as a test

    device: Annotated[str, text(200)]
    site: Annotated[str, vocabulary_name("site")]
    wavelength_nm: Wavelength | None = None
    fluence_J_cm2: Fluence | None = None
    energy_mJ: Energy | None = None
    density_per_cm2: ColumnDensity | None = None
    pulse_ms: Pulse | None = None
    spot_mm: SpotSize | None = None
    ita_deg: Annotated[float, number(-90, 90, "degrees")] | None = None
    read_after_h: Annotated[float, number(0, 10_000, "hours")]
    reaction: Annotated[str, choice(*REACTIONS)]


class EarlierSession(InputTable):
    """An earlier treatment session."""

    week: Annotated[float, number(0, 5000, "weeks")]
    weeks_ago: Annotated[float, number(0, 5000, "weeks")] | None = None
    treats: Annotated[str, vocabulary_name("condition")]
    site: Annotated[str, vocabulary_name("site")] | None = None
    device: Annotated[str, text(200)] | None = None
    wavelength_nm: Wavelength | None = None
    fluence_J_cm2: Fluence | None = None
    energy_mJ: Energy | None = None
    density_per_cm2: ColumnDensity | None = None
    pulse_ms: Pulse | None = None
    spot_mm: SpotSize | None = None
    ita_deg: Annotated[float, number(-90, 90, "degrees")] | None = None
    response_pct: Annotated[float, number(-100, 100, "%")] | None = None
    adverse: list[Annotated[str, text(100)]] = Field(default=[], max_length=50)
    cooling: Annotated[str, choice("none", "air", "contact", "spray", "gel", "ice")] | None = None


class Clinic(InputTable):
    """The devices of the clinic and its telephone number. Without a list every known device is used."""

    devices: list[Annotated[str, text(200)]] | None = Field(default=None, min_length=1, max_length=100)
    phone: Annotated[str, text(60)] = ""


class Photo(InputTable):
    """A photograph, beside the case file or uploaded with it, and what a person marked on it or stated about it.

    Parameters
    ----------
    spots_examined : whether a doctor has examined the very dark spots that it shows, and found each of them harmless.
    """

    file: Annotated[str, text(255)] | None = None
    white_card: Annotated[list[Pixel], exact_length(4)] | None = None
    points: Annotated[list[PicturePoint], exact_length(3)] | None = None
    spots_examined: Annotated[bool, flag()] | None = None

    @property
    def flat_points(self) -> list[float] | None:
        """Coordinates x and y of right pupil, left pupil and mouth in one list, or None."""
        return None if self.points is None else [value for point in self.points for value in point]

"""What the records hand out of what is done after consent: frozen, decrypted, without anything of a database."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from skinbeam.model.package_data import load_package_table

__all__ = [
    "ADVERSE_KINDS",
    "AdverseEvent",
    "AdverseEventGrade",
    "AdverseEventSource",
    "AreaFiring",
    "BodySide",
    "ChecklistAnswer",
    "ChecklistDecision",
    "ClinicMachine",
    "Deviation",
    "TreatedArea",
    "Treatment",
    "TreatmentNote",
    "TreatmentOrder",
    "TreatmentState",
    "find_deviations",
]

# Harms as `practice.csv` and plans name them, so that what went wrong can be counted against what was foretold.
ADVERSE_KINDS = (
    "burn",
    "blister",
    "crust",
    "erosion",
    "purpura",
    "pih",
    "hypopigmentation",
    "scar",
    "atrophy",
    "infection",
    "herpes",
    "prolonged-erythema",
    "acne-flare",
    "eye",
    "other",
)


class TreatmentState(StrEnum):
    """How far a treatment is."""

    PREPARING = "preparing"
    TREATING = "treating"
    DONE = "done"
    STOPPED = "stopped"


class AdverseEventGrade(StrEnum):
    """How bad an adverse event is: grades 1 to 4 of CTCAE."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    SERIOUS = "serious"


class AdverseEventSource(StrEnum):
    """Where an adverse event was told of."""

    SESSION = "session"
    DIARY = "diary"
    FOLLOW_UP = "follow-up"


class BodySide(StrEnum):
    """Which of the two sides of a person, as that person has them."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class ClinicMachine:
    """A device that stands in the clinic; `device` is its name among the known ones.

    Parameters
    ----------
    retired_at : since when nobody treats with it any more; None while it is in use.
    """

    id: str
    name: str
    device: str
    serial: str
    room: str
    created_at: datetime.datetime
    retired_at: datetime.datetime | None


@dataclass(frozen=True)
class TreatmentOrder:
    """What a plan says of the option that was agreed to, as far as a treatment is held against it.

    Parameters
    ----------
    settings : name in the case file → what the plan sets.
    allowed : name → the greatest value that a rule of the plan allows.
    emitted : name → the greatest value that the device emits.
    asked : items of the checklist beside those that are always asked.
    """

    condition: str
    site: str
    device: str
    settings: Mapping[str, float]
    allowed: Mapping[str, float]
    emitted: Mapping[str, float]
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistDecision:
    """What a clinician decided about an answer that stops: to go on, and why."""

    why: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class ChecklistAnswer:
    """One answer to an item of the checklist; the last one to an item counts, the others stay."""

    item: str
    answer: str
    words: str
    at: datetime.datetime
    by: str
    decision: ChecklistDecision | None = None


@dataclass(frozen=True)
class Deviation:
    """A setting that was fired otherwise than planned.

    Parameters
    ----------
    hotter : whether it is likelier to hurt than what the plan was checked at.
    most : what a rule or the device allows at most, where that was passed.
    """

    name: str
    planned: float
    fired: float
    hotter: bool
    most: float | None = None

    @property
    def pct(self) -> float:
        """By how much it was fired above the plan, in per cent; negative below."""
        return 100 * (self.fired / self.planned - 1)


@dataclass(frozen=True, kw_only=True)
class AreaFiring:
    """What was fired at one area, as somebody tells it.

    Parameters
    ----------
    settings : in the words of the case file.
    endpoint : `seek`, `stop.N` (the sign of this number in the plan), `none` or `other`.
    reason : why it was fired otherwise than planned.
    corrects : the row that this one takes the place of.
    why : why a row is corrected, or added after the end.
    struck : nothing of this was fired: the row that it corrects was a mistake.
    """

    site: str
    side: BodySide = BodySide.BOTH
    settings: Mapping[str, float]
    passes: int | None = None
    pulses: int | None = None
    endpoint: str
    endpoint_words: str = ""
    pain_0_10: float | None = None
    words: str = ""
    reason: str = ""
    corrects: str | None = None
    why: str = ""
    struck: bool = False


@dataclass(frozen=True)
class TreatedArea:
    """A row of what was fired, never changed, with how it differs from the plan."""

    id: str
    fired: AreaFiring
    deviations: tuple[Deviation, ...]
    fired_at: datetime.datetime
    fired_by: str


@dataclass(frozen=True)
class AdverseEvent:
    """Something that went wrong after a treatment.

    Parameters
    ----------
    site : where, as the case schema names it; empty where no one place has it.
    resolved : what came of it, in words.
    """

    id: str
    treatment_id: str
    consultation_id: str
    source: AdverseEventSource
    kind: str
    grade: AdverseEventGrade
    site: str
    words: str
    seen_at: datetime.datetime
    noted_at: datetime.datetime
    noted_by: str
    resolved_at: datetime.datetime | None
    resolved: str


@dataclass(frozen=True)
class TreatmentNote:
    """What somebody wrote beside a treatment."""

    words: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class Treatment:
    """One session under a consent.

    Parameters
    ----------
    device, serial : of the machine as it was on that day; None until one was picked.
    number : which session of its consultation it is, from 1.
    answers : every answer to the checklist, oldest first.
    areas : every row, oldest first, also those that a later one corrects.
    """

    id: str
    consultation_id: str
    plan_id: str
    option: str
    consent_id: str
    appointment_id: str | None
    machine_id: str | None
    device: str | None
    serial: str | None
    number: int
    state: TreatmentState
    ordered: TreatmentOrder
    answers: tuple[ChecklistAnswer, ...]
    areas: tuple[TreatedArea, ...]
    events: tuple[AdverseEvent, ...]
    notes: tuple[TreatmentNote, ...]
    created_at: datetime.datetime
    created_by: str
    started_at: datetime.datetime | None
    started_by: str | None
    ended_at: datetime.datetime | None
    ended_by: str | None

    @property
    def ended(self) -> bool:
        """Whether it is read from now on."""
        return self.state in (TreatmentState.DONE, TreatmentState.STOPPED)

    @property
    def answered(self) -> Mapping[str, ChecklistAnswer]:
        """Item → the answer that counts."""
        return {one.item: one for one in self.answers}

    @property
    def standing(self) -> tuple[TreatedArea, ...]:
        """The rows that no other one corrects, and that were not struck out."""
        corrected = {one.fired.corrects for one in self.areas}
        return tuple(one for one in self.areas if one.id not in corrected and not one.fired.struck)


# How what was fired differs from what was planned, and which of it is likelier to hurt.
#
# A plan was held against its limits at the settings that it names. More dose, more columns, more passes, a wider spot,
# a
# shorter pulse or another light is what it was not checked at; less is noted, too, since it may explain a poor result.

# The sense in which a setting gives more heat: +1 with more of it, -1 with less; 0 of light, which is another or not.
_HEATING_DIRECTION = {
    "wavelength_nm": 0,
    "fluence_J_cm2": 1,
    "energy_mJ": 1,
    "density_per_cm2": 1,
    "spot_mm": 1,
    "passes": 1,
    "pulse_ms": -1,
}


def find_deviations(ordered: TreatmentOrder, fired: Mapping[str, float]) -> tuple[Deviation, ...]:
    """Return every setting that was fired otherwise than planned, in the order in which settings are told."""
    found = []
    for name, heat in _HEATING_DIRECTION.items():
        if name not in fired:
            continue
        value, planned = fired[name], ordered.settings.get(name, fired[name])
        most = min(held.get(name, value) for held in (ordered.allowed, ordered.emitted))
        other = abs(value - planned) > (_rounding_tolerance() * planned if heat else 0.0)
        if other or value > most:
            hotter = value > most or heat == 0 or heat * (value - planned) > 0
            found.append(Deviation(name, planned, value, hotter, most if value > most else None))
    return tuple(found)


def _rounding_tolerance() -> float:
    """The share by which a value may differ and still be the planned one, as a display rounds it."""
    return float(load_package_table("data/sessions.toml")["same_within"]["value"])

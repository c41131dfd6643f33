"""Immutable, decrypted records of machines, treatments and adverse events, and deviations from the plan."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import SerializerFunctionWrapHandler, model_serializer

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.model.package_data import load_package_table
from skinbeam_clinic.pulse_settings import NO_SETTINGS, OrderedSettings, PulseSettings, WithMeasuredColour
from skinbeam_clinic.used_cooling import CoolingChange, UsedCooling

__all__ = [
    "ADVERSE_KINDS",
    "AdverseEvent",
    "AdverseEventGrade",
    "AdverseEventSource",
    "AdverseKind",
    "AlsoTreated",
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
    "find_current_answers",
    "find_deviations",
    "find_valid_areas",
    "find_valid_firings",
    "is_elsewhere",
]


@dataclass(frozen=True)
class AdverseKind:
    """A kind of adverse event.

    Parameters
    ----------
    case_words : what a case file calls it.
    advice_rules : the rules of the plan's advice on complications.
    """

    case_words: str
    advice_rules: tuple[str, ...] = ()


# Names of harms as in `practice.csv` and plans, so that observed events can be compared with predicted ones.
ADVERSE_KINDS: Mapping[str, AdverseKind] = {
    "burn": AdverseKind("burn", ("complication-burn",)),
    "blister": AdverseKind("blister", ("complication-burn",)),
    "crust": AdverseKind("crust", ("complication-burn",)),
    "erosion": AdverseKind("erosion", ("complication-burn",)),
    "purpura": AdverseKind("purpura"),
    "pih": AdverseKind("pih", ("complication-dark-marks",)),
    "hypopigmentation": AdverseKind("hypopigmentation", ("complication-pale-marks",)),
    "scar": AdverseKind("scar", ("complication-scar",)),
    "atrophy": AdverseKind("atrophic scar", ("complication-scar",)),
    "infection": AdverseKind("infection", ("complication-infection",)),
    "herpes": AdverseKind("herpes", ("complication-infection",)),
    "prolonged-erythema": AdverseKind("prolonged erythema", ("complication-long-redness",)),
    "acne-flare": AdverseKind("acne flare"),
    "eye": AdverseKind("eye injury"),
    "other": AdverseKind("other adverse event"),
}


class TreatmentState(StrEnum):
    """The state of a treatment."""

    PREPARING = "preparing"
    TREATING = "treating"
    DONE = "done"
    STOPPED = "stopped"


class AdverseEventGrade(StrEnum):
    """Severity of an adverse event: grades 1 to 4 of CTCAE."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    SERIOUS = "serious"


class AdverseEventSource(StrEnum):
    """Where an adverse event was reported."""

    SESSION = "session"
    DIARY = "diary"
    FOLLOW_UP = "follow-up"


class BodySide(StrEnum):
    """Side of the body, from the patient's point of view."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class ClinicMachine:
    """A machine of the clinic; `device` is the name of a device of the catalogue or of the clinic itself.

    Parameters
    ----------
    retired_at : when it was taken out of use; None while it is in use.
    version : what the next change must name.
    """

    id: str
    name: str
    device: str
    serial: str
    room: str
    created_at: datetime.datetime
    retired_at: datetime.datetime | None
    version: str


@dataclass(frozen=True)
class AlsoTreated:
    """A concern that the pulses of an order treat beside its own, which gets no pulses for itself in that session.

    Parameters
    ----------
    option : the position of its own laser in the plan.
    """

    condition: str
    site: str
    option: str


@dataclass(frozen=True)
class TreatmentOrder(WithMeasuredColour):
    """The settings and limits of the consented option, with which a treatment is compared.

    Parameters
    ----------
    settings : the values of the plan.
    allowed : the greatest values that a rule of the plan allows.
    emitted : the greatest values that the device emits.
    asked : items of the checklist beside those that are always included.
    cooling : that of the plan; None in orders of versions that did not record it.
    ita_deg : the colour of the skin that the plan was made for; None where nobody measured it.
    also : what else the same pulses treat; empty in orders of versions that did not record it.
    """

    condition: str
    site: str
    device: str
    settings: OrderedSettings
    allowed: PulseSettings = NO_SETTINGS
    emitted: PulseSettings = NO_SETTINGS
    asked: tuple[str, ...] = ()
    cooling: UsedCooling | None = None
    ita_deg: float | None = None
    also: tuple[AlsoTreated, ...] = ()

    @model_serializer(mode="wrap")
    def as_record(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return what JSON holds: without other concerns what programs wrote that knew of none."""
        values: dict[str, Any] = super().as_record(write)
        return values if self.also else {name: value for name, value in values.items() if name != "also"}


@dataclass(frozen=True)
class ChecklistDecision:
    """A clinician's decision to continue in spite of a blocking answer, with the reason."""

    why: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class ChecklistAnswer:
    """An answer to an item of the checklist; the last answer to an item is valid, earlier ones stay stored."""

    item: str
    answer: str
    words: str
    at: datetime.datetime
    by: str
    decision: ChecklistDecision | None = None


@dataclass(frozen=True)
class Deviation:
    """A setting that was fired differently from the plan.

    Parameters
    ----------
    hotter : whether it is more likely to do harm than the setting that the plan was checked with.
    most : the limit of a rule or of the device, if it was exceeded.
    """

    name: str
    planned: float
    fired: float
    hotter: bool
    most: float | None = None

    @property
    def pct(self) -> float:
        """Deviation from the planned value in per cent; negative below the plan."""
        return 100 * (self.fired / self.planned - 1)


@dataclass(frozen=True, kw_only=True)
class AreaFiring:
    """The pulses fired at one area, as entered.

    Parameters
    ----------
    cooling : the cooling that was used; None where it is not recorded, which does not mean that there was none.
    endpoint : `seek`, `stop.N` (the sign of this number in the plan), `none` or `other`.
    reason : reason for the deviation from the plan.
    corrects : id of the row that this one replaces.
    why : reason for the correction, or for adding a row after the end.
    struck : nothing of this was fired: the row that it corrects was a mistake.
    """

    site: str
    side: BodySide = BodySide.BOTH
    settings: PulseSettings
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
    cooling: UsedCooling | None = None

    @property
    def settings_with_passes(self) -> OrderedSettings:
        """The settings with the number of passes, to be compared with an order."""
        return OrderedSettings(**vars(self.settings), passes=None if self.passes is None else float(self.passes))


Firing = TypeVar("Firing", bound=AreaFiring)


@dataclass(frozen=True)
class TreatedArea:
    """A stored row of fired pulses, which never changes, with its deviations from the plan.

    Parameters
    ----------
    cooling_change : how the cooling differed from the plan; None where it did not, or is not recorded.
    """

    id: str
    fired: AreaFiring
    deviations: tuple[Deviation, ...]
    fired_at: datetime.datetime
    fired_by: str
    cooling_change: CoolingChange | None = None


def find_valid_firings(firings: Mapping[str, Firing]) -> dict[str, Firing]:
    """Return, by id, the rows that are neither corrected by another one nor struck out."""
    corrected = {firing.corrects for firing in firings.values()}
    return {id: firing for id, firing in firings.items() if id not in corrected and not firing.struck}


def find_valid_areas(areas: Sequence[TreatedArea]) -> tuple[TreatedArea, ...]:
    """Return the rows that are neither corrected by another one nor struck out."""
    valid = find_valid_firings({area.id: area.fired for area in areas})
    return tuple(area for area in areas if area.id in valid)


@dataclass(frozen=True)
class AdverseEvent:
    """An adverse event of a treatment.

    Parameters
    ----------
    site : site as named in the case schema; empty where it is not at a single site.
    seen_at, noted_at : when it was observed, and when it was recorded.
    resolved : description of its outcome.
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


# Items that are answered for the machine chosen: another device emits other light and has its own cooling.
_MACHINE_ITEMS = ("cooling", "eyewear-patient", "eyewear-room")


def find_current_answers(answers: Iterable[ChecklistAnswer]) -> dict[str, ChecklistAnswer]:
    """Return item → its last answer; one about the machine is open again once another device was chosen."""
    current: dict[str, ChecklistAnswer] = {}
    for answer in answers:
        before = current.get(answer.item)
        if answer.item == "device" and "other" in (answer.answer, before.answer if before is not None else ""):
            current = {item: given for item, given in current.items() if item not in _MACHINE_ITEMS}
        current[answer.item] = answer
    return current


@dataclass(frozen=True)
class TreatmentNote:
    """A note about a treatment."""

    words: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class Treatment:
    """A treatment session under a consent.

    Parameters
    ----------
    device, serial : of the machine on that day; None until a machine was chosen.
    number : number of the session within its consultation, from 1.
    answers : every answer to the checklist, oldest first.
    areas : every row, oldest first, corrected ones included.
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
    def is_over(self) -> bool:
        """Whether it is over and therefore read-only."""
        return self.state in (TreatmentState.DONE, TreatmentState.STOPPED)

    @property
    def current_answers(self) -> Mapping[str, ChecklistAnswer]:
        """Item → its last answer (`find_current_answers`)."""
        return find_current_answers(self.answers)

    @property
    def valid_areas(self) -> tuple[TreatedArea, ...]:
        """The valid rows: not corrected by another row, and not struck out."""
        return find_valid_areas(self.areas)

    def restrict_to(self, areas: Sequence[TreatedArea]) -> "Treatment":
        """Return what was fired at some of its areas, with the adverse events that may be of them.

        One that names no site that was treated may be of each area.
        """

        def is_of(event: AdverseEvent) -> bool:
            here = [area for area in self.valid_areas if sites_overlap(area.fired.site, event.site)]
            return not here or any(area in areas for area in here)

        return replace(self, areas=tuple(areas), events=tuple(filter(is_of, self.events)))


# Deviations from the plan. The limits of a plan were checked at its settings alone. More dose, more columns, more
# passes, a wider spot, a shorter pulse or another wavelength were not checked; less is recorded, too, since it may
# explain a poor result.

# The direction in which a setting gives more heat: +1 upwards, -1 downwards; 0 for the wavelength, where any change is.
_HEATING_DIRECTION = {
    "wavelength_nm": 0,
    "fluence_J_cm2": 1,
    "energy_mJ": 1,
    "density_per_cm2": 1,
    "spot_mm": 1,
    "passes": 1,
    "pulse_ms": -1,
}


def find_deviations(order: TreatmentOrder, delivered: OrderedSettings) -> tuple[Deviation, ...]:
    """Return every setting that was fired differently from the plan, in the order of display."""
    found, fired, ordered = [], delivered.numbers(), order.settings.numbers()
    limits = order.allowed.numbers(), order.emitted.numbers()
    for name, heat in _HEATING_DIRECTION.items():
        if name not in fired:
            continue
        value, planned = fired[name], ordered.get(name, fired[name])
        most = min(limit.get(name, value) for limit in limits)
        other = abs(value - planned) > (_rounding_tolerance() * planned if heat else 0.0)
        if other or value > most:
            hotter = value > most or heat == 0 or heat * (value - planned) > 0
            found.append(Deviation(name, planned, value, hotter, most if value > most else None))
    return tuple(found)


def is_elsewhere(order: TreatmentOrder, firing: AreaFiring) -> bool:
    """Return whether pulses were fired at a site for which the plan has no dose, and the patient gave no consent."""
    return not firing.struck and not sites_overlap(firing.site, order.site)


def _rounding_tolerance() -> float:
    """Return the relative difference up to which a value counts as the planned one, since displays round."""
    return float(load_package_table("data/sessions.toml")["same_within"]["value"])

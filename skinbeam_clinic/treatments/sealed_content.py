"""The sealed columns of treatments, treated areas and adverse events, in which members stand by their ids."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.treatment_tables import AdverseEventRow, TreatedAreaRow, TreatmentRow
from skinbeam_clinic.treatments.models import (
    AdverseEventGrade,
    AreaFiring,
    ChecklistAnswer,
    Deviation,
    TreatmentNote,
    TreatmentOrder,
)
from skinbeam_clinic.used_cooling import CoolingChange

__all__ = [
    "ADVERSE_EVENT_CONTENT",
    "CHECKLIST_CONTENT",
    "FIRED_CONTENT",
    "NOTES_CONTENT",
    "AdverseEventContent",
    "ChecklistContent",
    "FiredContent",
    "NotesContent",
    "name_members",
]

_LONGEST_JSON = 20_000  # characters
_LONGEST_EVENT_JSON = 5_000


@dataclass(frozen=True)
class ChecklistContent:
    """The order of a treatment, and every answer to its checklist, oldest first."""

    ordered: TreatmentOrder
    answers: tuple[ChecklistAnswer, ...] = ()


@dataclass(frozen=True)
class NotesContent:
    """The notes about a treatment, oldest first."""

    notes: tuple[TreatmentNote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FiredContent(AreaFiring):
    """The pulses fired at an area, with their deviations from the plan."""

    deviations: tuple[Deviation, ...]
    cooling_change: CoolingChange | None = None

    @property
    def firing(self) -> AreaFiring:
        """The pulses as they were entered."""
        return AreaFiring(**{field.name: getattr(self, field.name) for field in fields(AreaFiring)})


@dataclass(frozen=True)
class AdverseEventContent:
    """The description of an adverse event; `resolved` describes its outcome."""

    kind: str
    grade: AdverseEventGrade
    site: str
    words: str
    resolved: str = ""


CHECKLIST_CONTENT = SealedRecord(ChecklistContent, TreatmentRow.checklist_sealed, _LONGEST_JSON, "words")
NOTES_CONTENT = SealedRecord(NotesContent, TreatmentRow.notes_sealed, _LONGEST_JSON, "words")
FIRED_CONTENT = SealedRecord(FiredContent, TreatedAreaRow.fired_sealed, _LONGEST_JSON, "words")
ADVERSE_EVENT_CONTENT = SealedRecord(AdverseEventContent, AdverseEventRow.event_sealed, _LONGEST_EVENT_JSON, "words")


def name_members(answers: tuple[ChecklistAnswer, ...], name_of: Callable[[str], str]) -> tuple[ChecklistAnswer, ...]:
    """Return the answers to a checklist with the names of members in place of their ids."""
    return tuple(
        replace(
            answer,
            by=name_of(answer.by),
            decision=None if answer.decision is None else replace(answer.decision, by=name_of(answer.decision.by)),
        )
        for answer in answers
    )

"""Counts per patient that are not improvement: harms and satisfaction, in the words of the table.

Each outcome is counted once for each cohort and treatment, and only where patients, not treatments or lesions, were
counted.
"""

from dataclasses import dataclass
from functools import cache

from skinbeam.evidence.studies.arm import Arm, Grades
from skinbeam.evidence.studies.shipped import arms

__all__ = ["HARMS", "LASTING", "LATE", "OUTCOMES", "PIGMENT", "Counted", "counted", "counted_in", "pain_columns"]

HARMS = (
    "pih", "hypopigmentation", "scar", "infection", "blister", "prolonged-erythema", "acne-flare", "atrophy",
)  # fmt: skip
OUTCOMES = (*HARMS, "satisfaction")
PIGMENT = ("pih", "hypopigmentation")  # outcomes that skin colour bears on
LATE = ("hypopigmentation", "scar")  # outcomes that show months after the wound has closed
LASTING = ("pih", *LATE)  # what stays for months or for good


@dataclass(frozen=True)
class Counted:
    """One count: `events` of `of` patients of an arm."""

    outcome: str
    arm: Arm
    events: int
    of: int

    @property
    def study(self) -> str:
        """Key of the study."""
        return self.arm.study

    @property
    def modality(self) -> str:
        """Kind of treatment."""
        return self.arm.modality

    @property
    def condition(self) -> str:
        """What was treated; empty where the table has no name for it."""
        return self.arm.condition

    @property
    def phototypes(self) -> Grades | None:
        """Phototypes of the patients, None where nobody printed them."""
        return self.arm.phototypes

    @property
    def months(self) -> float | None:
        """How long the patients were followed."""
        return self.arm.followup_months if self.arm.harms_months is None else self.arm.harms_months


@cache
def counted() -> tuple[Counted, ...]:
    """Return every count of the table, in its order."""
    return tuple(found for arm in arms() for found in _of(arm))


def counted_in(outcome: str, modality: str) -> tuple[Counted, ...]:
    """Return the counts of one outcome after one modality."""
    return tuple(row for row in counted() if row.outcome == outcome and row.modality == modality)


@cache
def pain_columns() -> tuple[str, ...]:
    """Return the modalities of which a study printed pain."""
    return tuple(dict.fromkeys(arm.modality for arm in arms() if arm.pain_0_10))


def _of(arm: Arm) -> list[Counted]:
    counts = {} if arm.harms_excluded else dict(arm.harms)
    if arm.pih is not None and arm.pih_per == "patients" and not arm.harms_excluded:
        counts["pih"] = arm.pih
    if arm.satisfied is not None:
        counts["satisfaction"] = arm.satisfied
    return [Counted(name, arm, counts[name].events, counts[name].of) for name in OUTCOMES if name in counts]

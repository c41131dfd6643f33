"""Counts of patients with harms, and of satisfied patients, from the table of trial arms.

Each outcome is counted once for each cohort and treatment, and only where patients, not treatments or lesions, were
counted.
"""

from dataclasses import dataclass
from functools import cache

from skinbeam.evidence.studies.trial_arm import Arm, Grades
from skinbeam.evidence.studies.trial_table import trial_arms

__all__ = [
    "HARMS",
    "LASTING_HARMS",
    "LATE_HARMS",
    "OUTCOMES",
    "PIGMENT_HARMS",
    "OutcomeCount",
    "counts_after",
    "outcome_counts",
    "pain_modalities",
]

HARMS = (
    "pih", "hypopigmentation", "scar", "infection", "blister", "prolonged-erythema", "acne-flare", "atrophy",
)  # fmt: skip
OUTCOMES = (*HARMS, "satisfaction")
PIGMENT_HARMS = ("pih", "hypopigmentation")  # outcomes that depend on skin colour
LATE_HARMS = ("hypopigmentation", "scar")  # outcomes that appear months after the wound has closed
LASTING_HARMS = ("pih", *LATE_HARMS)  # outcomes that last for months or are permanent


@dataclass(frozen=True)
class OutcomeCount:
    """One count: an outcome in `events` of `patients` patients of an arm."""

    outcome: str
    arm: Arm
    events: int
    patients: int

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
        """The condition that was treated; empty where the table has no name for it."""
        return self.arm.condition

    @property
    def phototypes(self) -> Grades | None:
        """Phototypes of the patients; None where the study did not print them."""
        return self.arm.phototypes

    @property
    def months(self) -> float | None:
        """How long the patients were followed."""
        return self.arm.followup_months if self.arm.harms_months is None else self.arm.harms_months


@cache
def outcome_counts() -> tuple[OutcomeCount, ...]:
    """Return every count of the table, in table order."""
    return tuple(found for arm in trial_arms() for found in _arm_counts(arm))


def counts_after(outcome: str, modality: str) -> tuple[OutcomeCount, ...]:
    """Return the counts of one outcome after one modality."""
    return tuple(row for row in outcome_counts() if row.outcome == outcome and row.modality == modality)


@cache
def pain_modalities() -> tuple[str, ...]:
    """Return the modalities for which a study printed pain."""
    return tuple(dict.fromkeys(arm.modality for arm in trial_arms() if arm.pain_0_10))


def _arm_counts(arm: Arm) -> list[OutcomeCount]:
    counts = {} if arm.harms_excluded else dict(arm.harms)
    if arm.pih is not None and arm.pih_per == "patients" and not arm.harms_excluded:
        counts["pih"] = arm.pih
    if arm.satisfied is not None:
        counts["satisfaction"] = arm.satisfied
    return [OutcomeCount(name, arm, counts[name].events, counts[name].patients) for name in OUTCOMES if name in counts]

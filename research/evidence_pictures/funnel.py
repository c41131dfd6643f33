"""Data of the funnel plots of harms by size of study, and of the table of treatments without studies.

Where only small studies without harm were published, the right corner of a funnel is empty. The number of patients is
used as precision: the standard error of log-odds depends on the share harmed itself, and would bend the funnel of a
rare harm (Hunter et al. 2014, J Clin Epidemiol 67:897).
"""

import math
from dataclasses import dataclass

from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.studies.searches import searches_for
from skinbeam.evidence.synthesis.design import UNTREATED, arms_for
from skinbeam.model.vocabulary import vocabulary_table

__all__ = [
    "FUNNEL_OUTCOMES",
    "TREATMENT_KINDS",
    "FunnelPoint",
    "StudyCount",
    "funnel_points",
    "log_odds",
    "study_counts",
]

FUNNEL_OUTCOMES = ("pih", "hypopigmentation", "scar")
TREATMENT_KINDS = {
    "lasers that remove skin": ("ablative", "fractional-ablative"),
    "non-ablative fractional lasers": ("non-ablative-fractional",),
    "vascular lasers and lamps": ("vascular",),
    "pigment lasers and lamps": ("pigment-short-pulse", "pigment-long-pulse"),
    "other treatments": (),  # all others
}


@dataclass(frozen=True)
class FunnelPoint:
    """One point of a funnel plot: a count of harms and the number of patients."""

    kind: str
    log_odds: float
    patients: int


def funnel_points(outcome: str) -> tuple[FunnelPoint, ...]:
    """Return the counts of an outcome in treated patients."""
    return tuple(
        FunnelPoint(_kind(row.modality), log_odds(row.events, row.patients), row.patients)
        for row in outcome_counts()
        if row.outcome == outcome and row.modality != UNTREATED
    )


def log_odds(events: int, of: float) -> float:
    """Return the log-odds of a harm, with half a patient added to those with and to those without it."""
    return math.log((events + 0.5) / (of - events + 0.5))


def _kind(modality: str) -> str:
    assert modality in vocabulary_table("modality")
    return next((kind for kind, names in TREATMENT_KINDS.items() if modality in names), "other treatments")


# Number of studies of improvement and of dark marks, by condition and treatment.


@dataclass(frozen=True)
class StudyCount:
    """Number of studies of one condition and treatment; `searches` is the number of queries for it."""

    condition: str
    modality: str
    improvement: int
    dark_marks: int
    searches: int


def study_counts() -> tuple[StudyCount, ...]:
    """Return the counts of every pair of condition and treatment, row by row."""
    return tuple(
        _study_count(condition, modality)
        for condition in vocabulary_table("condition")
        for modality in vocabulary_table("modality")
    )


def _study_count(condition: str, modality: str) -> StudyCount:
    harmed = {
        row.study
        for row in outcome_counts()
        if (row.outcome, row.condition, row.modality) == ("pih", condition, modality)
    }
    improved = {arm.study for arm in arms_for(condition, modality)}
    return StudyCount(condition, modality, len(improved), len(harmed), len(searches_for(condition, modality)))

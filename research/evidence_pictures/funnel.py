"""Funnels of harms by size of study, and the treatments that nobody has studied.

Harms against the number of patients: where small studies without harm alone were printed, the right corner is empty.

The number of patients stands for precision: the standard error of log-odds follows the share harmed itself, and would
bend the funnel of a rare harm (Hunter et al. 2014, J Clin Epidemiol 67:897).
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
    "other treatments": (),  # all that are not named here
}


@dataclass(frozen=True)
class FunnelPoint:
    """One count among some patients."""

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
    """Return the log-odds of a harm, half a patient added to those with it and to those without."""
    return math.log((events + 0.5) / (of - events + 0.5))


def _kind(modality: str) -> str:
    assert modality in vocabulary_table("modality")
    return next((kind for kind, names in TREATMENT_KINDS.items() if modality in names), "other treatments")


# What nobody has studied: how many studies of each condition and treatment counted improvement, and dark marks.


@dataclass(frozen=True)
class StudyCount:
    """Studies of one condition and treatment; `searches` are the queries for it."""

    condition: str
    modality: str
    improvement: int
    dark_marks: int
    searches: int


def study_counts() -> tuple[StudyCount, ...]:
    """Return every condition with every treatment, row by row."""
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

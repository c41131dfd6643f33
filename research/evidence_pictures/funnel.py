"""Harms against the number of patients: where small studies without harm alone were printed, the right corner is empty.

The number of patients stands for precision: the standard error of log-odds follows the share harmed itself, and would
bend the funnel of a rare harm (Hunter et al. 2014, J Clin Epidemiol 67:897).
"""

import math
from dataclasses import dataclass

from skinbeam.evidence.studies.outcomes import counted
from skinbeam.evidence.synthesis.design import UNTREATED
from skinbeam.schema.names import table

__all__ = ["KINDS", "OUTCOMES", "Mark", "log_odds", "marks"]

OUTCOMES = ("pih", "hypopigmentation", "scar")
KINDS = {
    "lasers that remove skin": ("ablative", "fractional-ablative"),
    "non-ablative fractional lasers": ("non-ablative-fractional",),
    "vascular lasers and lamps": ("vascular",),
    "pigment lasers and lamps": ("pigment-short-pulse", "pigment-long-pulse"),
    "other treatments": (),  # all that are not named here
}


@dataclass(frozen=True)
class Mark:
    """One count among some patients."""

    kind: str
    log_odds: float
    patients: int


def marks(outcome: str) -> tuple[Mark, ...]:
    """Return the counts of an outcome in treated patients."""
    return tuple(
        Mark(_kind(row.modality), log_odds(row.events, row.of), row.of)
        for row in counted()
        if row.outcome == outcome and row.modality != UNTREATED
    )


def log_odds(events: int, of: float) -> float:
    """Return the log-odds of a harm, half a patient added to those with it and to those without."""
    return math.log((events + 0.5) / (of - events + 0.5))


def _kind(modality: str) -> str:
    assert modality in table("modality")
    return next((kind for kind, names in KINDS.items() if modality in names), "other treatments")

"""Counts per patient that are not improvement: harms and satisfaction, in the words of the table.

Each outcome is counted once per cohort and only where patients, not treatments, were counted. The condition enters
where the table has one; a cohort without one informs its modality alone.
"""

from dataclasses import dataclass
from functools import cache

from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.shipped import arms, dark_fraction

__all__ = ["HARMS", "OUTCOMES", "PIGMENT", "Counted", "counted", "counted_in", "effect_columns", "pain_columns", "tied"]

HARMS = ("pih", "hypopigmentation", "scar", "infection")
OUTCOMES = (*HARMS, "satisfaction")
PIGMENT = ("pih", "hypopigmentation")  # outcomes that skin colour bears on


@dataclass(frozen=True)
class Counted:
    """One count: `events` of `of` patients."""

    outcome: str
    study: str
    condition: str
    modality: str
    events: int
    of: int
    dark: float


@cache
def counted() -> tuple[Counted, ...]:
    """Return every count of the table, in its order."""
    return tuple(found for arm in arms() for found in _of(arm))


def counted_in(outcome: str, modality: str) -> tuple[Counted, ...]:
    """Return the counts of one outcome after one modality."""
    return tuple(row for row in counted() if row.outcome == outcome and row.modality == modality)


@cache
def effect_columns() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str, str], ...]]:
    """Return the effects that counts share: (outcome, modality) and, where tied, (outcome, modality, condition)."""
    rows = counted()
    modalities = tuple(dict.fromkeys((r.outcome, r.modality) for r in rows))
    conditions = tuple(dict.fromkeys((r.outcome, r.modality, r.condition) for r in rows if tied(r)))
    return modalities, conditions


@cache
def pain_columns() -> tuple[str, ...]:
    """Return the modalities of which a study printed pain."""
    return tuple(dict.fromkeys(arm.modality for arm in arms() if arm.pain_0_10))


def tied(row: Counted) -> bool:
    """Whether the condition bears on the count: how often skin darkens depends on what was treated."""
    return row.outcome == "pih" and bool(row.condition)


def _of(arm: Arm) -> list[Counted]:
    counts = dict(arm.harms) if not arm.harms_excluded else {}
    if arm.pih is not None and arm.pih_per == "patients" and not arm.harms_excluded:
        counts["pih"] = arm.pih
    if arm.satisfied is not None:
        counts["satisfaction"] = arm.satisfied
    dark = dark_fraction(arm.phototypes) if arm.dark_fraction is None else arm.dark_fraction
    return [
        Counted(outcome, arm.study, arm.condition, arm.modality, counts[outcome].events, counts[outcome].of, dark)
        for outcome in OUTCOMES
        if outcome in counts
    ]

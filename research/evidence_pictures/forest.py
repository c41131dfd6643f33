"""Data of the forest plots: every fitted arm of a condition by treatment, with the prediction for each group."""

from collections.abc import Sequence
from dataclasses import dataclass

from research.evidence_pictures.intervals import (
    PredictiveInterval,
    PrintedInterval,
    light_label,
    mean_interval,
    name_title,
    share_interval,
    study_label,
)
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.design import Features, fitted_arms
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics
from skinbeam.model.vocabulary import vocabulary_table

__all__ = ["MOST_ROWS", "Forest", "ForestRow", "TreatmentGroup", "forests", "new_clinic_intervals"]

MOST_ROWS = 54  # of a picture that fits on a page


@dataclass(frozen=True)
class ForestRow:
    """One arm. `printed` is in per cent: of patients who improved by at least `cut_pct`, or of mean improvement."""

    label: str
    patients: int | None
    cut_pct: float | None
    printed: PrintedInterval


@dataclass(frozen=True)
class TreatmentGroup:
    """The arms of one treatment."""

    modality: str
    title: str
    lines: tuple[ForestRow, ...]


@dataclass(frozen=True)
class Forest:
    """One forest plot: a condition, or some of its treatments."""

    name: str
    condition: str
    title: str
    groups: tuple[TreatmentGroup, ...]

    @property
    def rows(self) -> int:
        """Number of rows of the plot: a group takes three besides its arms."""
        return sum(len(group.lines) + 3 for group in self.groups)


def forests() -> tuple[Forest, ...]:
    """Return the forests of all conditions that have a fitted arm, in the order of the conditions."""
    return tuple(found for condition in vocabulary_table("condition") for found in _condition_forests(condition))


def new_clinic_intervals(condition: str, modality: str) -> tuple[PredictiveInterval, PredictiveInterval]:
    """Return predictions for a new clinic, in per cent: patients who improve by at least half, and mean improvement."""
    (clinics,) = draw_new_clinics([Features.from_question(EvidenceQuestion(condition, modality))])
    return PredictiveInterval.of_draws(100.0 * clinics.share_above(HALF_PCT)), PredictiveInterval.of_draws(
        clinics.mean_pct
    )


def _condition_forests(condition: str) -> list[Forest]:
    arms = [arm for arm in fitted_arms() if arm.condition == condition]
    groups = [
        TreatmentGroup(name, name_title("modality", name), _forest_rows([arm for arm in arms if arm.modality == name]))
        for name in vocabulary_table("modality")
        if any(arm.modality == name for arm in arms)
    ]
    if not groups:
        return []
    name = name_title("condition", condition)
    whole = Forest(condition, condition, name, tuple(groups))
    if whole.rows <= MOST_ROWS:
        return [whole]
    lasers = tuple(group for group in groups if vocabulary_table("modality")[group.modality]["laser"])
    others = tuple(group for group in groups if group not in lasers)
    return [
        Forest(f"{condition}-light", condition, f"{name}: lasers and lamps", lasers),
        Forest(f"{condition}-other", condition, f"{name}: other treatments", others),
    ]


def _forest_rows(arms: Sequence[Arm]) -> tuple[ForestRow, ...]:
    """Return the rows of a group sorted by year; several arms of a study are labelled with their names in the table."""
    several = {arm.study for arm in arms if sum(other_arm.study == arm.study for other_arm in arms) > 1}
    lines = []
    for arm in sorted(arms, key=lambda arm: (arm.study.lstrip("abcdefghijklmnopqrstuvwxyz"), arm.study)):
        own = arm.row.partition("/")[2] if arm.study in several else ""
        words = [study_label(arm.study), "" if own == "1" else own, light_label(arm)]
        cut = min(arm.cuts, key=lambda c: abs(c - HALF_PCT), default=None)
        lines.append(ForestRow(", ".join(filter(None, words)), arm.patients, cut, _printed_figure(arm, cut)))
    return tuple(lines)


def _printed_figure(arm: Arm, cut_pct: float | None) -> PrintedInterval:
    if cut_pct is None:
        return mean_interval(arm.mean_pct or 0.0, arm.mean_sd_pct, arm.patients)
    interval = share_interval(arm.count_reaching(cut_pct), arm.graded_count)
    return PrintedInterval(*(100.0 * (value or 0.0) for value in (interval.middle, interval.low, interval.high)))

"""Every fitted arm of a condition as it was printed, in groups by treatment, and the model's answer to each group."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.evidence.question import Question
from skinbeam.evidence.shown.interval import Answer, Printed, mean, share
from skinbeam.evidence.shown.labels import light, name_of, title
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.synthesis.clinic import new_clinics
from skinbeam.evidence.synthesis.design import Features, fitted_arms
from skinbeam.evidence.synthesis.law import HALF_PCT
from skinbeam.schema.names import table

__all__ = ["MOST_ROWS", "Forest", "Group", "Line", "answers", "forests"]

MOST_ROWS = 54  # of a picture that a page holds


@dataclass(frozen=True)
class Line:
    """One arm. `printed` is in per cent: of patients who improved by at least `cut_pct`, or of mean improvement."""

    label: str
    patients: int | None
    cut_pct: float | None
    printed: Printed


@dataclass(frozen=True)
class Group:
    """The arms of one treatment."""

    modality: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Forest:
    """One picture: a condition, or some of its treatments."""

    name: str
    condition: str
    title: str
    groups: tuple[Group, ...]

    @property
    def rows(self) -> int:
        """Rows of the picture: a group takes three besides its arms."""
        return sum(len(group.lines) + 3 for group in self.groups)


def forests() -> tuple[Forest, ...]:
    """Return the forests of all conditions that have a fitted arm, in the order of the conditions."""
    return tuple(found for condition in table("condition") for found in _of(condition))


def answers(condition: str, modality: str) -> tuple[Answer, Answer]:
    """Return what a new clinic would see, in per cent: patients who improve by at least half, and mean improvement."""
    (clinics,) = new_clinics([Features.of_question(Question(condition, modality))])
    return Answer.of_draws(100.0 * clinics.share(HALF_PCT)), Answer.of_draws(clinics.mean_pct)


def _of(condition: str) -> list[Forest]:
    arms = [arm for arm in fitted_arms() if arm.condition == condition]
    groups = [
        Group(name, title("modality", name), _lines([arm for arm in arms if arm.modality == name]))
        for name in table("modality")
        if any(arm.modality == name for arm in arms)
    ]
    if not groups:
        return []
    name = title("condition", condition)
    whole = Forest(condition, condition, name, tuple(groups))
    if whole.rows <= MOST_ROWS:
        return [whole]
    lasers = tuple(group for group in groups if table("modality")[group.modality]["laser"])
    others = tuple(group for group in groups if group not in lasers)
    return [
        Forest(f"{condition}-light", condition, f"{name}: lasers and lamps", lasers),
        Forest(f"{condition}-other", condition, f"{name}: other treatments", others),
    ]


def _lines(arms: Sequence[Arm]) -> tuple[Line, ...]:
    """The arms of a group, by year; a study with several tells them apart by their name in the table."""
    several = {arm.study for arm in arms if sum(other.study == arm.study for other in arms) > 1}
    lines = []
    for arm in sorted(arms, key=lambda arm: (arm.study.lstrip("abcdefghijklmnopqrstuvwxyz"), arm.study)):
        own = arm.row.partition("/")[2] if arm.study in several else ""
        words = [name_of(arm.study), "" if own == "1" else own, light(arm)]
        cut = min(arm.cuts, key=lambda c: abs(c - HALF_PCT), default=None)
        lines.append(Line(", ".join(filter(None, words)), arm.patients, cut, _printed(arm, cut)))
    return tuple(lines)


def _printed(arm: Arm, cut_pct: float | None) -> Printed:
    if cut_pct is None:
        return mean(arm.mean_pct or 0.0, arm.mean_sd_pct, arm.patients)
    found = share(arm.reached(cut_pct), arm.graded)
    return Printed(*(100.0 * (value or 0.0) for value in (found.middle, found.low, found.high)))

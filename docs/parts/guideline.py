"""Tables of the guideline: for each condition what comes first, second and third, what is avoided, and the sources."""

from collections.abc import Iterator

from parts import markdown
from parts.markdown import plain
from skinbeam.evidence.guideline.device_classes import guideline_conditions, outside_conditions
from skinbeam.evidence.guideline.doses import doses_of_cell
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.evidence.guideline.words import (
    amount_words,
    avoidance_words,
    condition_words,
    dose_words,
    kind_words,
    short_treatment_words,
)

__all__ = ["tables"]

_HEAD = ("kind, site", "phototypes", "first", "second", "third", "avoid", "firmness", "sources")


def tables() -> str:
    """A table for each condition, those that plans cover first."""
    parts = []
    for condition in guideline_conditions():
        rows = [_row(cell) for cell in load_cells() if cell.condition == condition]
        note = "Plans do not cover this.\n\n" if condition in outside_conditions() else ""
        parts.append(f"### {condition_words(condition)}\n\n{note}{markdown.table(_HEAD, rows)}")
    return "\n\n".join(parts)


def _row(cell: GuidelineCell) -> tuple[str, ...]:
    return (
        kind_words(cell) or "any",
        cell.phototype,
        *(plain(" ".join(_place(cell, place))) for place in ("first", "second", "third")),
        plain("; ".join(map(avoidance_words, cell.avoid))) or "–",
        cell.firmness,
        ", ".join(f"[{key}](sources.md#{key})" for key in _sources(cell)),
    )


def _place(cell: GuidelineCell, place: str) -> Iterator[str]:
    """The treatment of a place, and its doses or its printed setting."""
    treatment = getattr(cell, place)
    if treatment is None:
        yield "none known"
        return
    yield short_treatment_words(treatment)
    words = dose_words if len(treatment.device_classes) > 1 or "+" in treatment.device_classes[0] else amount_words
    doses = [words(dose) for dose in doses_of_cell(cell) if dose.place == place]
    if doses or treatment.setting_text:
        yield f"({'; '.join(doses) or treatment.setting_text})"


def _sources(cell: GuidelineCell) -> dict[str, None]:
    return dict.fromkeys((*cell.sources, *(key for dose in doses_of_cell(cell) for key in dose.sources)))

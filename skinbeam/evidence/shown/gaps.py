"""What nobody has studied: how many studies of each condition and treatment counted improvement, and dark marks."""

from dataclasses import dataclass

from skinbeam.evidence.studies.outcomes import counted
from skinbeam.evidence.studies.searches import searched
from skinbeam.evidence.synthesis.design import arms_of
from skinbeam.schema.names import table

__all__ = ["Cell", "cells"]


@dataclass(frozen=True)
class Cell:
    """Studies of one condition and treatment; `searches` are the queries for it."""

    condition: str
    modality: str
    improvement: int
    dark_marks: int
    searches: int


def cells() -> tuple[Cell, ...]:
    """Return every condition with every treatment, row by row."""
    return tuple(_cell(condition, modality) for condition in table("condition") for modality in table("modality"))


def _cell(condition: str, modality: str) -> Cell:
    harmed = {
        row.study for row in counted() if (row.outcome, row.condition, row.modality) == ("pih", condition, modality)
    }
    improved = {arm.study for arm in arms_of(condition, modality)}
    return Cell(condition, modality, len(improved), len(harmed), len(searched(condition, modality)))

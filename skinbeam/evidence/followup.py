"""When the trials behind an expected result looked at their patients: the follow-up column of `data/studies.csv`."""

import csv
import io
from collections.abc import Iterable
from functools import cache
from importlib import resources

from skinbeam.estimate import Unknown
from skinbeam.evidence.studies import FILE
from skinbeam.messages import Message

__all__ = ["followup_months"]


def followup_months(condition: str, modality: str, studies: Iterable[str]) -> tuple[float, float] | Unknown:
    """Return the shortest and longest follow-up of these studies of one treatment, in months after the last session."""
    wanted = set(studies)
    printed = [
        months
        for study, of, by, months in _rows()
        if study in wanted and (of, by) == (condition, modality) and months is not None
    ]
    return (min(printed), max(printed)) if printed else Unknown(Message("evidence.no-followup").text)


@cache
def _rows() -> tuple[tuple[str, str, str, float | None], ...]:
    """Study, condition, modality and months, None where none are printed."""
    text = (resources.files("skinbeam") / "data" / FILE).read_text(encoding="utf-8")
    return tuple(
        (r["study"], r["condition"], r["modality"], float(r["followup_months"]) if r["followup_months"] else None)
        for r in csv.DictReader(io.StringIO(text))
    )

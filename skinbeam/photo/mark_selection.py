"""Select the marks of an analysis that a person confirmed, by their places."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis
from skinbeam.photo.findings.finding import MarkRecord, SkinFinding
from skinbeam.photo.limits import limit

__all__ = ["MarkPlace", "select_marks"]


@dataclass(frozen=True)
class MarkPlace:
    """Kind of a mark, and its place in mm as in `MarkRecord`."""

    kind: str
    x_mm: float
    y_mm: float


def select_marks(analysis: PhotoAnalysis, places: Sequence[MarkPlace] | None) -> PhotoAnalysis:
    """Return an analysis with only the marks at these places, and with their number in its findings.

    A mark is at a place of its kind that is as near as a mark is on a copy of the same photograph. Kinds whose marks
    have no place, such as pores, stay, and so do spots that a doctor must see: nobody's choice clears them.

    Parameters
    ----------
    places : None where nobody chose any; the analysis is returned as it is.
    """
    if places is None or isinstance(analysis.skin, Unknown):
        return analysis
    return replace(analysis, skin=_select(analysis.skin, places))


def _select(skin: SkinAnalysis, places: Sequence[MarkPlace]) -> SkinAnalysis:
    records = {mark.id: mark for finding in skin.findings for mark in finding.marks or ()}
    numbers: Counter[str] = Counter()
    selected = []
    for mark in skin.marks:
        name = f"{mark.kind}-{mark.region}"
        numbers[name] += 1
        record = records.get(f"{name}-{numbers[name]}")
        if record is None or mark.needs_examination or _is_at_one(record, mark.kind, places):
            selected.append(mark)
    return replace(skin, marks=tuple(selected), findings=tuple(_selected(finding, places) for finding in skin.findings))


def _selected(finding: SkinFinding, places: Sequence[MarkPlace]) -> SkinFinding:
    if not finding.marks:
        return finding
    marks = tuple(mark for mark in finding.marks if _is_at_one(mark, finding.kind, places))
    return replace(finding, marks=marks, count=finding.count if isinstance(finding.count, Unknown) else len(marks))


def _is_at_one(mark: MarkRecord, kind: str, places: Sequence[MarkPlace]) -> bool:
    near_mm = limit("reread", "near_mm")
    return any(
        place.kind == kind and math.hypot(place.x_mm - mark.x_mm, place.y_mm - mark.y_mm) <= near_mm for place in places
    )

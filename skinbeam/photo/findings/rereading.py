"""Read the skin again on copies of the photograph, and keep the marks that come back.

A mark near the limits of detection is found in one copy of a picture and not in the next: another size, another turn or
another coding of the same file moves it across a limit. Such a mark says nothing about the skin. Copies of the picture
are read in the same way, and a mark is reported if it is found on all of them. A large spot, and one that a doctor must
see, is reported whether it comes back or not: a missed one is worse than a false alarm.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.lines import is_line_of
from skinbeam.photo.findings.mark import LineSight, Mark, Repeatability
from skinbeam.photo.findings.skin_copy import SkinCopy
from skinbeam.photo.limits import limit

__all__ = ["REREAD_KINDS", "count_interval", "is_found_again", "is_repeated", "reread_marks"]

Array = NDArray[np.float64]

_SPOTS = ("spots", "inflamed", "unclassified-spots")
_LINES = ("vessels", "fine-lines")
# Kinds that are looked for again. Brown patches need the maps of pigment, whose own error is taken off them; very dark
# spots are reported in any case.
REREAD_KINDS = (*_SPOTS, "scars", *_LINES, "redness")


def reread_marks(
    marks: Sequence[Mark],
    copies: Iterable[SkinCopy],
    find_marks: Callable[[SkinCopy], Iterable[Mark]],
    find_lines: Callable[[SkinCopy, Sequence[Mark]], Sequence[LineSight]],
    mm_per_px: float,
) -> tuple[Mark, ...]:
    """Return the marks with how often they come back on copies; `is_repeated` says which of them are reported.

    A spot that is brown in one read and red in another is of no certain kind. A line that is none of its kind over all
    reads, or a slight one, is left out.

    Parameters
    ----------
    find_marks : returns the marks of a copy that are no lines, in pixels of its view.
    find_lines : returns what each of these lines, in pixels of the original view, looks like on a copy.
    mm_per_px : of the original view.
    """
    sought = frozenset(mark.kind for mark in marks) & frozenset(REREAD_KINDS)
    if not sought:
        return tuple(marks)
    lines = [mark for mark in marks if mark.line is not None]
    found: list[list[_Place]] = []
    sights: list[list[LineSight]] = [[] for _ in lines]
    for copy in copies:
        again = find_marks(copy) if sought - set(_LINES) else ()
        found.append([_Place(mark, copy.to_original(mark.points)) for mark in again])
        for own, sight in zip(sights, find_lines(copy, lines) if lines else (), strict=True):
            own.append(sight)
    of_line = iter(sights)
    judged = (
        _judged(mark, found, mm_per_px) if mark.line is None else _judged_line(mark, next(of_line)) for mark in marks
    )
    return tuple(mark for mark in judged if mark is not None)


def is_repeated(mark: Mark) -> bool:
    """Whether a mark comes back often enough to be reported, or is reported in any case."""
    return _is_always_reported(mark) or is_found_again(mark)


def is_found_again(mark: Mark) -> bool:
    """Whether a mark is found again on enough copies, or is of a kind that is not looked for on them."""
    return mark.repeatability is None or mark.repeatability.finds >= limit("reread", "came_back_min")


def count_interval(marks: Sequence[Mark]) -> tuple[int, int] | None:
    """Return how many of these marks another photograph of the same skin would report, or None where it is not known.

    One read finds a mark with a probability whose law, after the reads of this photograph, is that of Jeffreys. A mark
    is reported again if the other photograph and all of its copies find it; one that is reported in any case, if the
    photograph does. Marks are taken as independent.

    Parameters
    ----------
    marks : found in the photograph, reported or not.
    """
    law = np.ones(1)
    for mark in marks:
        if mark.repeatability is None:
            return None
        law = np.convolve(law, [1 - (again := _p_found_again(mark, mark.repeatability)), again])
    outside, total = (1 - limit("reread", "level")) / 2, np.cumsum(law)
    low, high = (int(np.searchsorted(total, share)) for share in (outside, 1 - outside))
    repeated = sum(is_repeated(mark) for mark in marks)
    return min(low, repeated), max(high, repeated)


def _is_always_reported(mark: Mark) -> bool:
    """Whether a mark is a spot for which a false alarm is better than a miss."""
    return mark.needs_examination or (mark.kind in _SPOTS and mark.size_mm.median >= limit("reread", "large_spot_mm"))


def _p_found_again(mark: Mark, seen: Repeatability) -> float:
    reads = seen.copies + 1
    found, missed = seen.finds + 1.5, seen.copies - seen.finds + 0.5
    times = 1 if _is_always_reported(mark) else reads
    return math.prod((found + k) / (found + missed + k) for k in range(times))


@dataclass(frozen=True)
class _Place:
    """A mark of a copy with its points (n, 2) in pixels of the original view."""

    mark: Mark
    points: Array


def _judged_line(mark: Mark, sights: Sequence[LineSight]) -> Mark | None:
    """Return a line with its repeatability, or None if over all reads it is no line of its kind, or a slight one."""
    every = (*(() if mark.sight is None else (mark.sight,)), *sights)
    if every and not is_line_of(mark.kind, mark.size_mm.median, every):
        return None
    if every and mark.kind == "fine-lines" and _darkness_mm(mark, every) < limit("reread", "line_darkness_mm_min"):
        return None
    finds = sum(sight.share >= limit("reread", "line_share_min") for sight in sights)
    return replace(mark, repeatability=Repeatability(finds, len(sights)))


def _darkness_mm(mark: Mark, sights: Sequence[LineSight]) -> float:
    """Return the middle density of a line times the distance of its ends, small for hair and uneven skin."""
    assert mark.line is not None  # the caller judges lines
    along = float(np.hypot(*np.diff(mark.line, axis=0).T).sum())
    apart = float(np.hypot(*(mark.line[-1] - mark.line[0])))
    return float(np.median([sight.density for sight in sights])) * mark.size_mm.median * apart / along


def _judged(mark: Mark, copies: Sequence[Sequence[_Place]], mm_per_px: float) -> Mark:
    """Return a mark with its repeatability, and of no certain kind if its reads contradict each other.

    Copies add no certainty: they are smaller and store colour more coarsely, so that a small red spot looks browner.
    """
    if mark.kind not in REREAD_KINDS:
        return mark
    reads = [again for copy in copies if (again := _find_again(mark, copy, mm_per_px)) is not None]
    repeated = replace(mark, repeatability=Repeatability(len(reads), len(copies)))
    if mark.kind in _SPOTS and {"spots", "inflamed"} <= {read.kind for read in (mark, *reads)}:
        return _of_no_certain_kind(repeated, reads)
    return repeated


def _of_no_certain_kind(mark: Mark, reads: Sequence[Mark]) -> Mark:
    """Return a spot as one of no certain kind, as suspicious as in the most suspicious read of it."""
    return replace(
        mark,
        kind="unclassified-spots",
        map_name="shade",
        excess=mark.excess * np.float32(mark.unit_density),
        contrast=mark.contrast * mark.unit_density,
        unit_density=1.0,
        looks_suspicious=any(read.looks_suspicious for read in (mark, *reads)),
    )


def _find_again(mark: Mark, copy: Sequence[_Place], mm_per_px: float) -> Mark | None:
    """Return the mark of a copy that a mark is found as; None where it is not found there."""
    alike = [place for place in copy if place.mark.kind == mark.kind or {place.mark.kind, mark.kind} <= set(_SPOTS)]
    if mark.kind == "redness":
        return next((place.mark for place in alike if place.mark.region == mark.region), None)
    if not alike:
        return None
    away = [float(np.hypot(*(place.points[0] - mark.points[0]))) for place in alike]
    nearest = int(np.argmin(away))
    # A spot is as far as its middle may be: half of its own width away.
    reach = max(limit("reread", "near_mm"), mark.size_mm.median / 2) / mm_per_px
    return alike[nearest].mark if away[nearest] <= reach else None

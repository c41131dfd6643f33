"""Read the skin again on copies of the photograph, and keep the marks that come back.

A mark near the limits of detection is found in one copy of a picture and not in the next: another size, another turn or
another coding of the same file moves it across a limit. Such a mark says nothing about the skin. Copies of the picture
are read in the same way, and a mark is told if it is found on all of them. A large spot, and one that a doctor must
see, is told whether it comes back or not: missing one is worse than seeing one in vain.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.findings.lines import is_line_of
from skinbeam.photo.findings.mark import LineSight, Mark, Repeatability
from skinbeam.photo.findings.skin_copy import SkinCopy
from skinbeam.photo.findings.spots import as_kind, kind_of_colour
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.mark_colour import MarkColour

__all__ = ["REREAD_KINDS", "comes_back", "count_interval", "is_repeated", "reread_marks"]

Array = NDArray[np.float64]

_SPOTS = ("spots", "inflamed", "unclassified-spots")
_LINES = ("vessels", "fine-lines")
# Kinds that are looked for again. Brown patches need the maps of pigment, whose own error is taken off them; very dark
# spots are told in any case.
REREAD_KINDS = (*_SPOTS, "scars", *_LINES, "redness")


def reread_marks(
    marks: Sequence[Mark],
    copies: Iterable[SkinCopy],
    find_marks: Callable[[SkinCopy], Iterable[Mark]],
    find_lines: Callable[[SkinCopy, Sequence[Mark]], Sequence[LineSight]],
    mm_per_px: float,
) -> tuple[Mark, ...]:
    """Return the marks with how often they come back on copies; `is_repeated` says which of them are told.

    A spot is of the kind that its colour tells over all reads, and of no certain one if it is brown in one read and red
    in another. A line that is none of its kind over all reads is left out.

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
    """Whether a mark comes back often enough to be told, or is told in any case."""
    return _is_always_reported(mark) or comes_back(mark)


def comes_back(mark: Mark) -> bool:
    """Whether a mark is found again on enough copies, or is of a kind that is not looked for on them."""
    return mark.repeatability is None or mark.repeatability.finds >= limit("reread", "came_back_min")


def count_interval(marks: Sequence[Mark]) -> tuple[int, int] | None:
    """Return how many of these marks another photograph of the same skin tells, or None where it is not known.

    One read finds a mark with a probability whose law, after the reads of this photograph, is that of Jeffreys. A mark
    is told again if the other photograph and all of its copies find it; one that is told in any case, if the photograph
    does. Marks are taken as independent.

    Parameters
    ----------
    marks : found in the photograph, told or not.
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
    """Whether a mark is a spot that is better told in vain than missed."""
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
    """Return a line with its repeatability, or None if it is no line of its kind over all reads."""
    own = () if mark.sight is None else (mark.sight,)
    if (own or sights) and not is_line_of(mark.kind, mark.size_mm.median, (*own, *sights)):
        return None
    finds = sum(sight.share >= limit("reread", "line_share_min") for sight in sights)
    return replace(mark, repeatability=Repeatability(finds, len(sights)))


def _judged(mark: Mark, copies: Sequence[Sequence[_Place]], mm_per_px: float) -> Mark:
    """Return a mark with its repeatability, and of the kind that all reads of it tell."""
    if mark.kind not in REREAD_KINDS:
        return mark
    reads = [again for copy in copies if (again := _find_again(mark, copy, mm_per_px)) is not None]
    repeated = replace(mark, repeatability=Repeatability(len(reads), len(copies)))
    return _of_common_kind(repeated, reads) if mark.kind in _SPOTS else repeated


def _of_common_kind(mark: Mark, reads: Sequence[Mark]) -> Mark:
    """Return a spot as of the kind that it is told as over all reads.

    The colour of one read may lie on the other side of a limit. A spot that turns out to be of no certain kind is as
    suspicious as in the most suspicious read of it, and a suspicious one does not become red, of which a doctor is not
    told.
    """
    every = (mark, *reads)
    colours = [read.colour.kinds for read in every if read.colour is not None]
    kind = kind_of_colour(_middle_colour(colours)) if colours else mark.kind
    if kind not in _SPOTS or {"spots", "inflamed"} <= {read.kind for read in every}:
        kind = "unclassified-spots"
    suspicious = any(read.looks_suspicious for read in every)
    if kind == mark.kind or (kind == "inflamed" and suspicious):
        return mark
    told = as_kind(mark, kind)
    return replace(told, looks_suspicious=suspicious) if kind == "unclassified-spots" else told


def _middle_colour(colours: Sequence[MarkColour]) -> MarkColour:
    """Return the median of each probability."""
    brown, red, shade = np.median([(one.brown, one.red, one.shade) for one in colours], axis=0).tolist()
    return MarkColour(brown, red, shade)


def _find_again(mark: Mark, copy: Sequence[_Place], mm_per_px: float) -> Mark | None:
    """Return the mark of a copy that a mark is found as; None where it is not found there."""
    alike = [one for one in copy if one.mark.kind == mark.kind or {one.mark.kind, mark.kind} <= set(_SPOTS)]
    if mark.kind == "redness":
        return next((one.mark for one in alike if one.mark.region == mark.region), None)
    if not alike:
        return None
    away = [float(np.hypot(*(one.points[0] - mark.points[0]))) for one in alike]
    nearest = int(np.argmin(away))
    # A spot is as far as its middle may be: half of its own width away.
    reach = max(limit("reread", "near_mm"), mark.size_mm.median / 2) / mm_per_px
    return alike[nearest].mark if away[nearest] <= reach else None

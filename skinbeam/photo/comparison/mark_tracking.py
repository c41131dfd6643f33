"""Find each roundish mark of a face again in the other picture of a pair, and tell what became of it.

A mark is gone, or new, only where two things agree: it was found in one picture alone, and its contrast changed by more
than the joint error of all marks of the pair, to a third of what it was or less (or from that). A change that storing a
picture badly also makes is no change, and anything in between is reported as such. Lines and patches have no such
places; they are compared by region (`change`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import dataclass_fields
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.photo.comparison.frame import ComparedPhoto, ComparisonFrame
from skinbeam.photo.comparison.mark_groups import MarkGroup
from skinbeam.photo.comparison.registration import RegisteredPicture
from skinbeam.photo.comparison.repeatability import RepeatedMeasurement, comparison_estimate, joint_factor
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.mark import Mark, Repeatability
from skinbeam.photo.findings.rereading import is_repeated
from skinbeam.photo.limits import limit
from skinbeam.text import Message

__all__ = ["MarkChange", "MarkOutcome", "TrackedMark", "measure_mark_changes", "track_marks"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TRACKED = ("dark-spots", "spots", "unclassified-spots", "inflamed")


class MarkOutcome(StrEnum):
    """What became of a mark between two pictures."""

    GONE = "gone"
    NEW = "new"
    UNCHANGED = "unchanged"
    WEAKER = "weaker"
    STRONGER = "stronger"
    NOT_TOLD = "not-told"


@dataclass(frozen=True, kw_only=True)
class MarkChange:
    """One mark of a pair.

    Parameters
    ----------
    kind, region : as in the picture before, or in the one after if the mark is only there.
    before, after : whether it was found in that picture.
    finds, copies : on how many copies of its pictures it was found again, the worse picture first; None where it is not
        looked for on them.
    contrast_change : in optical density, with the error of the comparison.
    needs_examination : whether a doctor must examine it before any laser, by either picture.
    outcome : `unchanged` where it is in both pictures and no change exceeds the joint error; `not-told` where it is in
        one alone and none does, since a mark near the detection limit comes and goes.
    message : in words.
    """

    kind: str
    region: str
    site: str
    size_mm: Estimate
    before: bool
    after: bool
    finds: int | None
    copies: int | None
    contrast_change: Value
    needs_examination: bool
    outcome: MarkOutcome
    message: Message

    def as_record(self) -> dict[str, Any]:
        """Return the JSON form."""
        record = dataclass_fields(self)
        return record | {"outcome": self.outcome.value, "told": record.pop("message").english}


@dataclass(frozen=True)
class TrackedMark:
    """A mark of the picture before, of the one after, or of both at one place; `group` is where it is measured."""

    before: Mark | None
    after: Mark | None
    group: MarkGroup

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The mark in each picture in which it was found."""
        return tuple(mark for mark in (self.before, self.after) if mark is not None)


@dataclass(frozen=True)
class _PlacedMark:
    """A mark with its middle and radius in pixels of the frame."""

    mark: Mark
    middle: complex
    radius_px: float


def track_marks(
    before: ComparedPhoto, after: ComparedPhoto, registered: RegisteredPicture, frame: ComparisonFrame
) -> tuple[TrackedMark, ...]:
    """Return the marks of both pictures, those at one place together, where at least one of the two is reported."""
    untold = {
        finding.kind for shot in (before, after) for finding in shot.findings if isinstance(finding.confidence, Unknown)
    }
    first, second = (
        [mark for mark in shot.marks if mark.kind in _TRACKED and mark.kind not in untold] for shot in (before, after)
    )
    own = [_PlacedMark(mark, at, _radius_px(mark, before, frame)) for mark, at in _middles_before(first, frame)]
    other = [_PlacedMark(mark, at, _radius_px(mark, after, frame)) for mark, at in _middles_after(second, registered)]
    margin_px = limit("pair", "margin_pupil") * frame.pupil_px
    pairs = _match(own, other, margin_px)
    left = {id(mark) for pair in pairs for mark in pair}
    places: list[tuple[_PlacedMark | None, _PlacedMark | None]] = [
        *pairs,
        *((mark, None) for mark in own if id(mark) not in left),
        *((None, mark) for mark in other if id(mark) not in left),
    ]
    shape = frame.light.shape[:2]
    repeated = (place for place in places if any(mark is not None and is_repeated(mark.mark) for mark in place))
    all_marks = _cover((mark for place in places for mark in place if mark is not None), shape)
    return tuple(_tracked_mark(mark, two, shape, margin_px, all_marks) for mark, two in repeated)


def _middles_before(marks: Sequence[Mark], frame: ComparisonFrame) -> list[tuple[Mark, complex]]:
    rows, columns = frame.window
    return [
        (mark, frame.scale * complex(x - columns.start + 0.5, y - rows.start + 0.5) - complex(0.5, 0.5))
        for mark in marks
        for x, y in [mark.points.mean(axis=0)]
    ]


def _middles_after(marks: Sequence[Mark], registered: RegisteredPicture) -> list[tuple[Mark, complex]]:
    """Return the marks that lie inside the frame, each with the pixel of the frame that shows its middle."""
    middles = []
    for mark in marks:
        away = np.hypot(*np.moveaxis(registered.positions - mark.points.mean(axis=0), -1, 0))
        row, column = np.unravel_index(int(away.argmin()), away.shape)
        if away[row, column] <= max(1.0, registered.scale) * math.sqrt(0.5):  # half a pixel of the frame, both ways
            middles.append((mark, complex(column, row)))
    return middles


def _radius_px(mark: Mark, shot: ComparedPhoto, frame: ComparisonFrame) -> float:
    """Return the radius in pixels of the frame of the disc of the same area; the eyes of both pictures lie alike."""
    return math.sqrt(mark.area_px / math.pi) * frame.pupil_px / shot.face.pupil_px


def _match(
    own: Sequence[_PlacedMark], other: Sequence[_PlacedMark], margin_px: float
) -> list[tuple[_PlacedMark, _PlacedMark]]:
    """Return the marks at one place, the nearest first, each in one pair at most."""
    near = sorted(
        (abs(mark.middle - two.middle), first, second)
        for first, mark in enumerate(own)
        for second, two in enumerate(other)
        if abs(mark.middle - two.middle) <= max(margin_px, mark.radius_px, two.radius_px)
    )
    taken_own: set[int] = set()
    taken_other: set[int] = set()
    pairs = []
    for _, first, second in near:
        if first not in taken_own and second not in taken_other:
            taken_own.add(first)
            taken_other.add(second)
            pairs.append((own[first], other[second]))
    return pairs


def _tracked_mark(
    one: _PlacedMark | None, two: _PlacedMark | None, shape: tuple[int, int], margin_px: float, all_marks: Mask
) -> TrackedMark:
    there = [place for place in (one, two) if place is not None]
    own = _cover(there, shape)
    cover = own | (_cover(there, shape, margin_px) & ~all_marks)  # without marks beside it
    mark = there[0].mark
    group = MarkGroup(mark.kind, mark.region, mark.map_name, cover, int(one is not None), int(two is not None))
    return TrackedMark(None if one is None else one.mark, None if two is None else two.mark, group)


def _cover(places: Iterable[_PlacedMark], shape: tuple[int, int], margin_px: float = 0.0) -> Mask:
    """Return the pixels of the discs of marks, each wider by a margin."""
    cover = np.zeros(shape, bool)
    for place in places:
        reach, column, row = place.radius_px + margin_px, place.middle.real, place.middle.imag
        left, top = max(0, math.floor(column - reach)), max(0, math.floor(row - reach))
        right, bottom = max(0, math.ceil(column + reach) + 1), max(0, math.ceil(row + reach) + 1)
        window = cover[top:bottom, left:right]
        y, x = np.ogrid[top : top + window.shape[0], left : left + window.shape[1]]
        window |= np.hypot(x - column, y - row) <= reach
    return cover


def measure_mark_changes(
    tracked: Sequence[TrackedMark], measurement: RepeatedMeasurement, first: int
) -> tuple[MarkChange, ...]:
    """Return what became of each mark.

    Parameters
    ----------
    first : place of the first of them among what was measured.
    """
    factor = joint_factor(len(tracked))
    return tuple(_mark_change(mark, first + k, measurement, factor) for k, mark in enumerate(tracked))


def _mark_change(tracked: TrackedMark, k: int, measurement: RepeatedMeasurement, factor: float) -> MarkChange:
    before, after, spread = (float(values[k]) for values in (measurement.before, measurement.after, measurement.spread))
    kind, region = tracked.group.kind, tracked.group.region
    repeats = [mark.repeatability for mark in tracked.marks]
    worst = min((repeat for repeat in repeats if repeat is not None), key=_share, default=None)
    moved: Value
    if math.isnan(before + after + spread):
        moved, outcome = Unknown(Message("photo-pair.little_seen").text), MarkOutcome.NOT_TOLD
    else:
        moved = comparison_estimate(after - before, measurement.single_factor * spread)
        outcome = _outcome(tracked, before, after, factor * spread)
    return MarkChange(
        kind=kind,
        region=region,
        site=REGION_SITES.get(region, region),
        size_mm=tracked.marks[0].size_mm,
        before=tracked.before is not None,
        after=tracked.after is not None,
        finds=None if worst is None else worst.finds,
        copies=None if worst is None else worst.copies,
        contrast_change=moved,
        needs_examination=any(mark.needs_examination for mark in tracked.marks),
        outcome=outcome,
        message=Message(
            "photo-pair.little_seen" if isinstance(moved, Unknown) else f"photo-pair.mark_{_word(outcome)}"
        ),
    )


def _outcome(tracked: TrackedMark, before: float, after: float, surely: float) -> MarkOutcome:
    change, both = after - before, tracked.before is not None and tracked.after is not None
    share = limit("pair", "mark_share_min")
    little = share * max(before, after)
    if abs(change) <= max(surely, little):
        return MarkOutcome.UNCHANGED if both or abs(change) + surely <= little else MarkOutcome.NOT_TOLD
    if change < 0:
        return MarkOutcome.GONE if tracked.after is None and after <= share * before else MarkOutcome.WEAKER
    return MarkOutcome.NEW if tracked.before is None and before <= share * after else MarkOutcome.STRONGER


def _share(repeatability: Repeatability) -> float:
    return repeatability.finds / repeatability.copies


def _word(outcome: MarkOutcome) -> str:
    return outcome.value.replace("-", "_")

"""Compute what a course removes: the findings of each treated concern, by the improvement of one patient in trials.

A concern without a drawing has a reason: no laser is offered, trials counted responders only, the photograph cannot
show it or does not, or a doctor has to examine it first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.face.regions import REGION_SITES
from skinbeam.photo.findings.finding import SkinFinding
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.pigment_maps.pigment_density import colour_blur_px
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.preview.rendering import Float
from skinbeam.preview.settings import finding_kinds, late_months
from skinbeam.preview.strip import Omission, Removal
from skinbeam.text import Message

__all__ = ["concern_message", "fade_mask", "find_removals", "is_on_site"]

Mask = NDArray[np.bool_]

_ITERATIONS = 2  # more would sharpen noise
_EDGE_GAIN = 1.6  # makes the edge fade outside the cover of a mark


@dataclass(frozen=True)
class _ConcernRemovals:
    removals: tuple[Removal, ...]
    omissions: tuple[Omission, ...]


def find_removals(
    concerns: Sequence[ConcernPlan], skin: SkinAnalysis
) -> tuple[tuple[Removal, ...], tuple[Omission, ...]]:
    """Return what is removed from each concern of a plan, and what is not drawn."""
    drawn = [_concern_removals(concern, skin) for concern in concerns]
    removals = tuple(removal for concern_removals in drawn for removal in concern_removals.removals)
    return removals, tuple(omission for concern_removals in drawn for omission in concern_removals.omissions)


def _concern_removals(concern: ConcernPlan, seen: SkinAnalysis) -> _ConcernRemovals:
    title = concern_message(concern)
    if concern.first_laser is None:
        return _no_removals(title, Message("preview.no-laser"))
    option = concern.first_laser[0]
    improved = option.expected.person_improvement_pct
    if improved is None:
        return _no_removals(title, Message("preview.old-plan"))
    if isinstance(improved, Unknown):
        return _no_removals(title, Message("preview.not-counted", {"reason": improved.reason}))
    kinds = finding_kinds(concern.condition)
    if not kinds:
        return _no_removals(title, Message("preview.not-in-a-photograph"))
    if isinstance(seen.maps, Unknown):
        return _no_removals(title, Message("preview.not-seen", {"reason": seen.maps.reason}))
    found, left = [], []
    marks = [mark for mark in seen.marks if mark.kind in kinds and is_on_site(mark.region, concern.site)]
    if doubtful := sum(mark.needs_examination for mark in marks):
        left.append(Omission((title,), Message("preview.seen-by-a-doctor", {"count": doubtful})))
    for kind in kinds:
        treated = [mark for mark in marks if mark.kind == kind and not mark.needs_examination]
        for carried_by in dict.fromkeys(mark.map_name for mark in treated):
            together = [mark for mark in treated if mark.map_name == carried_by]
            found.append(
                Removal(
                    concern=concern.place,
                    title=title,
                    finding=kind,
                    count=len(together),
                    map_name=carried_by,
                    excess=_excess(together, seen),
                    treatment=option.modality,
                    improvement_pct=improved,
                    remaining_fraction=_kept_fraction(option),
                )
            )
    if not found and not left:
        left.append(Omission((title,), _no_finding_message(kinds, seen.findings, concern)))
    return _ConcernRemovals(tuple(found), tuple(left))


def _no_removals(title: Message, why: Message) -> _ConcernRemovals:
    return _ConcernRemovals((), (Omission((title,), why),))


def concern_message(concern: ConcernPlan) -> Message:
    """Return condition and site in words."""
    site = str(vocabulary_table("site")[concern.site]["title"])
    if site.lower() in concern.title.lower():
        return Message("preview.named", {"concern": concern.title})
    return Message("preview.place", {"concern": concern.title, "site": site})


def is_on_site(region: str, site: str) -> bool:
    """Return whether a region of the photograph belongs to a site of the case."""
    return site == "full-face" or REGION_SITES.get(region, region) == site


def _kept_fraction(option: Option) -> Value:
    kept = option.expected.durability.get(str(late_months()))
    return Unknown(Message("preview.not-followed", {"months": late_months()}).text) if kept is None else kept


def _no_finding_message(kinds: Iterable[str], findings: Sequence[SkinFinding], concern: ConcernPlan) -> Message:
    """Return why the photograph shows nothing of a concern: it cannot be judged, or nothing was found."""
    told = [finding for finding in findings if finding.kind in kinds]
    here = [
        mark_finding
        for mark_finding in told
        if mark_finding.site in (concern.site, "full-face") or concern.site == "full-face"
    ]
    for finding in here:
        if isinstance(finding.count, Unknown) and isinstance(finding.area_mm2, Unknown):
            return Message("preview.not-seen", {"reason": finding.count.reason})
    if any(not isinstance(mark_finding.count, Unknown) and mark_finding.count != 0 for mark_finding in here):
        return Message("preview.no-outline")
    return Message("preview.none-found") if told else Message("preview.no-reader")


def _excess(marks: Sequence[Mark], seen: SkinAnalysis) -> Float:
    """Return the joint excess of marks in their map; where two overlap, the larger one is used."""
    whole = np.zeros(seen.view.rgb.shape[:2], np.float32)
    for mark in marks:
        there = whole[mark.window]
        excess = (
            mark.excess if mark.line is not None else _sharpen_excess(mark, colour_blur_px(seen.view.place.pupil_px))
        )
        np.maximum(there, np.maximum(excess, 0.0), out=there)
    return whole


def _sharpen_excess(mark: Mark, blur_px: float) -> Float:
    """Return the excess of a mark before blurring, by van Cittert's iteration, faded at its edge.

    The picture was blurred to find the mark. The excess that is subtracted from the sharp picture has to be as sharp,
    or a dark core would remain of a removed small spot.
    """
    near = cv2.dilate(mark.cover, np.ones((3, 3), np.uint8))
    edge = np.clip(_EDGE_GAIN * cv2.GaussianBlur(near, (0, 0), max(1.0, blur_px)), 0.0, 1.0)
    measured = np.maximum(mark.excess, 0.0) * edge
    sharp = measured.copy()
    for _ in range(_ITERATIONS):
        sharp = np.maximum(sharp + measured - cv2.GaussianBlur(sharp, (0, 0), blur_px), 0.0)
    return np.asarray(np.where(measured > 0, sharp, 0.0), np.float32)


def fade_mask(mask: Mask, rim_px: float) -> Float:
    """Return weights (height, width) that rise from 0 at the edge of a mask to 1 at `rim_px` inside it."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(inside / max(rim_px, 1.0), 0.0, 1.0), np.float32)

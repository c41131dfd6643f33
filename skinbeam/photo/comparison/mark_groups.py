"""Group the marks of both pictures by kind and region, in the common frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.comparison.frame import ComparedPhoto, ComparisonFrame
from skinbeam.photo.comparison.registration import RegisteredPicture
from skinbeam.photo.findings.mark import MapName, Mark
from skinbeam.photo.limits import limit

__all__ = ["MarkGroup", "cover_mask", "group_marks"]

Mask = NDArray[np.bool_]


@compared_by_value
@dataclass(frozen=True)
class MarkGroup:
    """Marks of a kind in a region: those of the picture before and those of the picture after together.

    Places chosen from one picture alone would appear weaker in the other, because chance fluctuations do not repeat
    (regression to the mean).

    Parameters
    ----------
    cover : (height, width), area of the marks, with a margin for the error of registration.
    before, after : how many there are in each picture.
    """

    kind: str
    region: str
    map_name: MapName
    cover: Mask
    before: int
    after: int

    @property
    def is_patch(self) -> bool:
        """Whether it is compared with the whole face, and not with the skin next to it."""
        return self.kind in ("redness", "diffuse-pigment")


def group_marks(
    before: ComparedPhoto, after: ComparedPhoto, registered: RegisteredPicture, frame: ComparisonFrame
) -> tuple[MarkGroup, ...]:
    """Return the groups of marks, of the kinds that could be determined in both pictures."""
    untold = {
        finding.kind for shot in (before, after) for finding in shot.findings if isinstance(finding.confidence, Unknown)
    }
    chosen = dict.fromkeys((mark.kind, mark.region) for shot in (before, after) for mark in shot.marks)
    margin = max(1, round(limit("pair", "margin_pupil") * frame.pupil_px))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    groups = []
    for kind, region in chosen:
        if kind in untold:
            continue
        own, other = (
            [mark for mark in shot.marks if (mark.kind, mark.region) == (kind, region)] for shot in (before, after)
        )
        cover = frame.resample(_combine_marks(own, before))
        there = cv2.remap(_combine_marks(other, after), registered.positions, None, cv2.INTER_LINEAR)
        mask = cv2.dilate((np.maximum(cover, there) > 0.25).astype(np.uint8), disc)
        groups.append(MarkGroup(kind, region, (own or other)[0].map_name, mask.astype(bool), len(own), len(other)))
    return tuple(groups)


def cover_mask(groups: Sequence[MarkGroup], shape: tuple[int, ...], *, patches: bool) -> Mask:
    """Return the area of patches, or of all other marks (height, width)."""
    mask = np.zeros(shape[:2], bool)
    for place in groups:
        if place.is_patch == patches:
            mask |= place.cover
    return mask


def _combine_marks(marks: Sequence[Mark], shot: ComparedPhoto) -> NDArray[np.float32]:
    whole = np.zeros(shot.skin.shape, np.float32)
    for mark in marks:
        there = whole[mark.window]
        np.maximum(there, mark.cover[: there.shape[0], : there.shape[1]], out=there)
    return whole

"""Compare two photographs of a face: changes of the marks of each kind and region, or why they cannot be compared."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.json_fields import json_name, json_sentence
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.comparison.blur import blur_light, blur_to_match_px, texture_ratio_ln
from skinbeam.photo.comparison.contrast import ReferenceSkin, make_measures
from skinbeam.photo.comparison.frame import ComparedPhoto, ComparisonFrame, compared_photo, comparison_frame
from skinbeam.photo.comparison.illumination import LightChange, match_light
from skinbeam.photo.comparison.mark_groups import MarkGroup, cover_mask, group_marks
from skinbeam.photo.comparison.mark_tracking import MarkChange, measure_mark_changes, track_marks
from skinbeam.photo.comparison.registration import RegisteredPicture, register, register_mirrored
from skinbeam.photo.comparison.repeatability import (
    ComparisonSetup,
    RepeatedMeasurement,
    comparison_estimate,
    joint_factor,
    measure_repeatedly,
)
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import FINDING_KINDS
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.blood_separation import blood_separation
from skinbeam.photo.pigment_maps.pigment_density import pigment_directions
from skinbeam.text import Message

__all__ = [
    "FindingChange",
    "PhotoChange",
    "compare_or_refuse",
    "compare_photographs",
    "measure_finding_changes",
]

_BY_SHADE = ("scars", "fine-lines")
_SUREST = 1 - 1e-12  # probability at which the normal law is truncated, at seven standard deviations
_NODES = 200  # quadrature nodes of each law: the ends of intervals are then accurate to half a percent of probability


@dataclass(frozen=True, kw_only=True)
class FindingChange:
    """The change of the marks of a kind in a region, or why it cannot be determined.

    Parameters
    ----------
    before, after : how many marks were found in each picture; a mark near the detection limit may be in only one.
    contrast_before, contrast_after : at the same places, in optical density, including a margin around each mark.
    contrast_change : after minus before, with the error of the comparison.
    change_pct : in per cent of the contrast of the marks themselves before; never below -100.
    direction : `not-told` where the change does not exceed the joint error of all comparisons of the pair.
    message : in words.
    """

    kind: str
    region: str
    site: str
    before: int
    after: int
    contrast_before: float | Unknown
    contrast_after: float | Unknown
    contrast_change: Value
    change_pct: Value
    direction: Literal["weaker", "stronger", "not-told"] = field(metadata=json_name("changed"))
    message: Message = field(metadata=json_sentence("told"))


def measure_finding_changes(
    groups: tuple[MarkGroup, ...],
    measurement: RepeatedMeasurement,
    light_change: LightChange,
    *,
    blood_is_separable: bool,
) -> tuple[FindingChange, ...]:
    """Return the change of each group of marks.

    Parameters
    ----------
    measurement : of these groups, and then of other places.
    blood_is_separable : whether the optics of this skin tells blood from melanin and shade.
    """
    factor = joint_factor(len(groups))
    return tuple(
        _unknown_change(place, Message("photo-pair.redness_untold"))
        if place.kind == "redness" and not blood_is_separable
        else _change_at(place, k, measurement, light_change, factor)
        for k, place in enumerate(groups)
    )


def _change_at(
    place: MarkGroup, k: int, measurement: RepeatedMeasurement, lit: LightChange, factor: float
) -> FindingChange:
    before, after, spread = (float(values[k]) for values in (measurement.before, measurement.after, measurement.spread))
    if place.kind in _BY_SHADE and lit.spread_ln > limit("pair", "relief_spread_max"):
        return _unknown_change(place, Message("photo-pair.relief"))
    if math.isnan(before + after + spread):
        return _unknown_change(place, Message("photo-pair.little_seen"))
    change, reach, surely = after - before, measurement.single_factor * spread, factor * spread
    moved = comparison_estimate(change, reach)
    share = _relative_change(before, after, reach, surely, float(measurement.unevenness[k]))
    changed: Literal["weaker", "stronger", "not-told"] = "not-told"
    if abs(change) > surely:
        changed = "weaker" if change < 0 else "stronger"
    message = _change_message(changed, share, surely / before if before > surely else None)
    return replace(
        _unknown_change(place, message),
        contrast_before=before,
        contrast_after=after,
        contrast_change=moved,
        change_pct=share,
        direction=changed,
    )


def _relative_change(before: float, after: float, reach: float, surely: float, uneven: float) -> Value:
    """Return the change as a percentage of the contrast of the marks themselves before.

    A measured contrast includes the unknown contrast that the skin would have there without the mark. This is taken as
    normal, with the unevenness of plain skin as its standard deviation, truncated so that a mark never has a negative
    contrast in either picture.
    """
    from scipy.special import ndtr, ndtri  # imported late: a page without a photograph does not need it

    nothing = Unknown(Message("photo-pair.nothing_before").text)
    if math.isnan(uneven):
        return nothing
    middle = (np.arange(_NODES) + 0.5) / _NODES
    least = -min(before, after)
    sd = max(uneven, 1e-9)
    ranks = np.minimum(ndtr(least / sd) + middle * (1 - ndtr(least / sd)), _SUREST)
    below = np.maximum(sd * ndtri(ranks), least)
    own = before + below
    outside = (1 - limit("pair", "level")) / 2
    if np.quantile(own, outside) <= surely:
        return nothing
    change = after - before + reach / ndtri(1 - outside) * ndtri(middle)
    share = np.maximum(100 * change[:, None] / own, -100.0)
    low, half, high = (float(value) for value in np.quantile(share, (outside, 0.5, 1 - outside)))
    return replace(comparison_estimate(half, 0.0), low=low, high=high)


def _change_message(changed: str, share: Value, least: float | None) -> Message:
    if changed == "not-told":
        if isinstance(share, Unknown) or least is None:
            return Message("photo-pair.same")
        return Message("photo-pair.same_within", {"percent": math.ceil(100 * least)})
    if isinstance(share, Unknown):
        return Message(f"photo-pair.{changed}")
    # A reported change is on one side of 0, but rounding of its share may reach 0.
    sign = -1 if changed == "weaker" else 1
    low, half, high = sorted(max(round(sign * value), 0) for value in (share.low, share.median, share.high))
    return Message(f"photo-pair.{changed}_by", {"percent": half, "low": low, "high": high})


def _unknown_change(place: MarkGroup, why: Message) -> FindingChange:
    no = Unknown(why.text)
    return FindingChange(
        kind=place.kind,
        region=place.region,
        site=REGION_SITES.get(place.region, place.region),
        before=place.before,
        after=place.after,
        contrast_before=no,
        contrast_after=no,
        contrast_change=no,
        change_pct=no,
        direction="not-told",
        message=why,
    )


# Comparison of two photographs of a face.

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@compared_by_value
@dataclass(frozen=True)
class PhotoChange:
    """The comparison of two registered pictures of one face.

    Parameters
    ----------
    light : (height, width, 3), linear, of the picture after, registered to the one before and matched to its lighting.
    light_change : difference in lighting.
    blur_px : blur of each picture, so that both are equally sharp where they are measured.
    skin : (height, width), visible in both pictures.
    not_compared : kind → why it is not compared.
    mm_per_px : of the frame.
    """

    frame: ComparisonFrame
    registered: RegisteredPicture
    light: Image
    light_change: LightChange
    blur_px: tuple[float, float]
    skin: Mask
    measurement: RepeatedMeasurement
    findings: tuple[FindingChange, ...]
    marks: tuple[MarkChange, ...]
    not_compared: dict[str, str]
    mm_per_px: Estimate


def compare_photographs(before: PhotoAnalysis, after: PhotoAnalysis) -> PhotoChange | Unknown:
    """Compare two photographs of a face, or return why they cannot be compared."""
    change = compare_or_refuse(before, after)
    return Unknown(change.text) if isinstance(change, Message) else change


def compare_or_refuse(before: PhotoAnalysis, after: PhotoAnalysis) -> PhotoChange | Message:
    """Compare two photographs of a face, or return the message why they cannot be compared."""
    first, second = compared_photo(before), compared_photo(after)
    if isinstance(first, Unknown):
        return _incomparable("before_unread", reason=_unusable_reason(before, first))
    if isinstance(second, Unknown):
        return _incomparable("after_unread", reason=_unusable_reason(after, second))
    pixels = first.face.pupil_px, second.face.pupil_px
    if max(pixels) > limit("pair", "size_ratio_max") * min(pixels):
        return _incomparable("size", before=round(pixels[0]), after=round(pixels[1]))
    frame = comparison_frame(first, min(pixels))
    laid = register(second.light, second.face, frame)
    likelier = max(laid.agreement + limit("pair", "mirror_margin"), limit("pair", "agreement_min"))
    # No picture agrees better than a copy, whose correlation is 1.
    if likelier < 1.0 and register_mirrored(second.light, second.face, frame).agreement > likelier:
        return _incomparable("mirrored")
    return _incomparable_reason(laid) or _compare_shots(first, second, frame, laid)


def _incomparable(why: str, **params: float | str | Message) -> Message:
    return Message(f"photo-pair.{why}", params)


def _unusable_reason(analysis: PhotoAnalysis, unknown: Unknown) -> Message | str:
    """Return why a picture cannot be used, as a message where it is a fault of the picture."""
    prevented = "all" if isinstance(analysis.skin, Unknown) else "colour"
    return next((problem.message for problem in analysis.problems if problem.prevents == prevented), unknown.reason)


def _incomparable_reason(laid: RegisteredPicture) -> Message | None:
    """Return why two registered faces cannot be compared; None where they can."""
    if laid.agreement < limit("pair", "agreement_min"):
        return _incomparable("other_face")
    if abs(laid.stretch - 1) > limit("pair", "stretch_max"):
        return _incomparable("stretched", percent=round(100 * abs(laid.stretch - 1)))
    if laid.flow_pupil > limit("pair", "flow_held_pupil"):
        return _incomparable("turned")
    return None


def _compare_shots(
    first: ComparedPhoto, second: ComparedPhoto, frame: ComparisonFrame, laid: RegisteredPicture
) -> PhotoChange | Message:
    places = group_marks(first, second, laid, frame)
    ground = _reference_skin(first, second, frame, laid, places)
    if ground.unmarked.sum() < limit("pair", "even_share_min") * ground.skin.sum() or not ground.unshaded.any():
        return _incomparable("no_even_skin")
    matched, lit = match_light(laid.light, frame, ground.unmarked, ground.plain | ~ground.skin)
    if lit.spread_ln > limit("pair", "light_spread_max"):
        return _incomparable("light", times=float(np.exp(lit.spread_ln)))
    if abs(np.log(lit.contrast)) > limit("pair", "contrast_apart_max"):
        return _incomparable("contrast", times=lit.contrast)
    mm = first.mm_per_px.scaled(1 / frame.scale)
    blur = max(limit("spots", "smooth_mm") / mm.median, limit("spots", "smooth_px_min"))
    pigment = pigment_directions(first.level)
    tracked = track_marks(first, second, laid, frame)
    measured_at = make_measures((*places, *(mark.group for mark in tracked)), ground, pigment, frame.pupil_px)
    compared = ComparisonSetup(frame, measured_at, ground, pigment, blur)
    soft_px = blur_to_match_px(
        frame.light, matched, frame.face_mask() & laid.inside_mask & (ground.plain | ~ground.skin)
    )
    sharp = blur_light(frame.light, soft_px[0]), blur_light(matched, soft_px[1])
    texture = texture_ratio_ln(*sharp, ground.plain, frame.pupil_px)
    if abs(texture) > limit("pair", "texture_apart_max"):
        return _incomparable("smoothed", times=float(np.exp(texture)))
    measured = measure_repeatedly(compared, laid, lit, soft_px)
    blood_is_separable = blood_separation(first.level) >= limit("pair", "blood_separation_min")
    if not blood_is_separable:
        nowhere = np.zeros_like(measured.significant["haemoglobin"])
        measured = replace(measured, significant={**measured.significant, "haemoglobin": nowhere})
    findings = measure_finding_changes(places, measured, lit, blood_is_separable=blood_is_separable)
    return PhotoChange(
        frame=frame,
        registered=laid,
        light=matched,
        light_change=lit,
        blur_px=soft_px,
        skin=ground.skin,
        measurement=measured,
        findings=findings,
        marks=measure_mark_changes(tracked, measured, len(places)),
        not_compared=_kinds_not_compared(first, second, findings, blood_is_separable=blood_is_separable),
        mm_per_px=mm,
    )


def _reference_skin(
    first: ComparedPhoto,
    second: ComparedPhoto,
    frame: ComparisonFrame,
    laid: RegisteredPicture,
    places: tuple[MarkGroup, ...],
) -> ReferenceSkin:
    def both(own: Mask, other: Mask) -> Mask:
        there = cv2.remap(other.astype(np.uint8), laid.positions, None, cv2.INTER_NEAREST)
        return np.asarray((frame.resample(own.astype(np.float32)) > 0.5) & there.astype(bool) & laid.inside_mask)

    skin = both(first.skin, second.skin)
    plain = skin & ~cover_mask(places, skin.shape, patches=False)
    even = plain & ~cover_mask(places, skin.shape, patches=True) & both(first.pigment_known, second.pigment_known)
    return ReferenceSkin(skin, plain, even, even & both(first.unshaded, second.unshaded))


def _kinds_not_compared(
    first: ComparedPhoto, second: ComparedPhoto, findings: tuple[FindingChange, ...], *, blood_is_separable: bool
) -> dict[str, str]:
    """Return the kinds without a comparison, each with the reason."""
    left = [kind for kind in FINDING_KINDS if all(finding.kind != kind for finding in findings)]
    why = {}
    for kind in left:
        untold = [
            finding.confidence.reason
            for shot in (first, second)
            for finding in shot.findings
            if finding.kind == kind and isinstance(finding.confidence, Unknown)
        ]
        unseen = {"pores": "pores"} if blood_is_separable else {"pores": "pores", "redness": "redness_untold"}
        none = Message(f"photo-pair.{unseen.get(kind, 'neither')}").text
        why[kind] = untold[0] if untold else none
    return why

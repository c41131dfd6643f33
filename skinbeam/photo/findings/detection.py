"""Everything that is looked for on the skin of a face, in one go: marks, and the findings made of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message
from skinbeam.photo.card.calibration import Calibration
from skinbeam.photo.colour import linear
from skinbeam.photo.face.regions import Regions
from skinbeam.photo.face.view import FaceView
from skinbeam.photo.findings.blobs import dents, inflamed, spots
from skinbeam.photo.findings.contrast import shows_redness
from skinbeam.photo.findings.detail import Detail
from skinbeam.photo.findings.finding import KINDS, ON_FACES, Finding, unknown_finding
from skinbeam.photo.findings.lines import vessels, wrinkles
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.patches import diffuse_pigment, redness
from skinbeam.photo.findings.pigment import pigments_at
from skinbeam.photo.findings.pores import textures
from skinbeam.photo.findings.summary import Measure, findings_of, texture_findings
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.maps.inverse import SkinMaps
from skinbeam.photo.maps.pigments import density
from skinbeam.photo.view import View

__all__ = ["read_findings", "too_coarse"]

_FINE = ("vessels", "fine-lines", "pores")


def too_coarse(seen: View) -> str:
    """Return why a picture tells no fine things: too few pixels between the pupils; empty where it does tell them."""
    pupil_px, least = seen.place.pupil_px / seen.scale, limit("gate", "pupil_px_detail")
    if pupil_px >= least:
        return ""
    if isinstance(seen, FaceView):
        return Message("photo-finding.too_few_pixels", {"pupils": round(pupil_px), "least": least}).text
    pupils_mm = float(entry("scale", "pupil_distance_mm")["value"])
    return Message("photo-site.too_coarse", {"mm": pupils_mm / pupil_px, "most": pupils_mm / least}).text


def read_findings(
    seen: View,
    regions: Regions,
    maps: SkinMaps | Unknown,
    mm_per_px: Value,
    fine: Detail | Unknown,
    card: Calibration,
) -> tuple[tuple[Mark, ...], tuple[Finding, ...]]:
    """Return the marks of a face or another place, and of every kind what is found, or why it is unknown.

    Parameters
    ----------
    mm_per_px : of the view; without it nothing is told, since whatever is looked for has a size.
    fine : the skin in detail, or why it tells nothing.
    card : corrects linear light.
    """
    untold = {} if isinstance(seen, FaceView) else dict.fromkeys(ON_FACES, Message("photo-site.on_faces").text)
    if isinstance(fine, Unknown):
        untold = {**dict.fromkeys(_FINE, fine.reason), **untold}
    if isinstance(maps, Unknown) or isinstance(mm_per_px, Unknown):
        reason = next(one.reason for one in (maps, mm_per_px) if isinstance(one, Unknown))
        return (), tuple(unknown_finding(kind, untold.get(kind, reason), seen.place.site) for kind in KINDS)
    area = {name: float(mask.sum()) for name, mask in regions.masks.items()}
    measure = Measure(mm_per_px, seen.place.site, seen.scale, seen.place.roll_deg, area)
    dense = density(card(_lightly_smoothed(seen, mm_per_px)))
    pigment = pigments_at(maps.level)
    marks = [
        *spots(dense, pigment, regions, mm_per_px),
        *diffuse_pigment(maps, pigment, regions, mm_per_px),
        *redness(maps.redness, regions, mm_per_px),
        *inflamed(dense, pigment, regions, mm_per_px),
        *dents(dense, pigment, regions, mm_per_px),
    ]
    if isinstance(fine, Detail):
        marks += [*vessels(fine), *wrinkles(fine)]
    marks = [mark for mark in _without_doubles(marks, dense.shape) if mark.kind not in untold]
    found: list[Finding] = []
    for kind in KINDS:
        if kind in untold:
            found.append(unknown_finding(kind, untold[kind], measure.site))
        elif kind == "pores" and isinstance(fine, Detail):
            found += _pores(fine, measure)
        elif kind == "redness" and not any(mark.kind == kind for mark in marks) and not shows_redness(maps.level):
            found.append(unknown_finding(kind, Message("photo-plan.too_dark_for_redness").text, measure.site))
        else:
            found += findings_of(kind, marks, measure)
    return tuple(marks), tuple(found)


def _lightly_smoothed(seen: View, mm_per_px: Estimate) -> NDArray[np.float64]:
    """Return linear light of a view, blurred less than the smallest spot is wide."""
    sigma = max(limit("spots", "smooth_mm") / mm_per_px.median, limit("spots", "smooth_px_min"))
    return np.asarray(cv2.GaussianBlur(linear(seen.rgb), (0, 0), sigma))


def _without_doubles(marks: list[Mark], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks less the dents that lie on a line or a spot: a wide wrinkle is darkest somewhere."""
    taken = np.zeros(shape[:2], np.uint8)
    for mark in marks:
        if mark.kind in ("spots", "inflamed", "fine-lines"):
            there = taken[mark.window]
            there |= (mark.cover[: there.shape[0], : there.shape[1]] > 0.25).astype(np.uint8)
    taken = cv2.dilate(taken, np.ones((3, 3), np.uint8))
    return [
        mark for mark in marks if mark.kind != "scars" or not (taken[mark.window].astype(bool) & (mark.cover > 0)).any()
    ]


def _pores(fine: Detail, measure: Measure) -> list[Finding]:
    least = limit("pores", "mm_per_px_max")
    mm = fine.mm_per_px.median
    if mm > least:
        reason = Message("finding.pores_need", {"mm": mm, "least": least}).text
        return [unknown_finding("pores", reason, measure.site)]
    found = texture_findings(textures(fine), measure)
    return found or [unknown_finding("pores", Message("finding.no_area").text, measure.site)]

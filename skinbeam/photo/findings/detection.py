"""Detect all marks on the skin of a face or site, and summarise them as findings."""

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.colour_target import ColourCalibration
from skinbeam.photo.face.face import FaceView
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.dark_spots import find_dark_spots
from skinbeam.photo.findings.detail import SkinDetail
from skinbeam.photo.findings.finding import FACE_ONLY_KINDS, FINDING_KINDS, SkinFinding, unknown_finding
from skinbeam.photo.findings.lines import find_vessels, find_wrinkles
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.patches import find_diffuse_pigment, find_redness
from skinbeam.photo.findings.spots import find_round_marks
from skinbeam.photo.findings.summary import PixelScale, summarise_marks, summarise_textures
from skinbeam.photo.findings.texture import measure_textures
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.blood_contrast import shows_redness
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.pigment_density import optical_density, pigment_directions
from skinbeam.photo.view import View
from skinbeam.text import Message

__all__ = ["coarseness_reason", "detect_findings"]

_FINE = ("vessels", "fine-lines", "pores")


def coarseness_reason(view: View) -> str:
    """Return why a picture is too coarse for fine detail (too few pixels between the pupils); empty where it is not."""
    pupil_px, least = view.place.pupil_px / view.scale, limit("gate", "pupil_px_detail")
    if pupil_px >= least:
        return ""
    if isinstance(view, FaceView):
        return Message("photo-finding.too_few_pixels", {"pupils": round(pupil_px), "least": least}).text
    pupils_mm = float(limit_entry("scale", "pupil_distance_mm")["value"])
    return Message("photo-site.too_coarse", {"mm": pupils_mm / pupil_px, "most": pupils_mm / least}).text


def detect_findings(
    view: View,
    regions: SkinRegions,
    maps: SkinMaps | Unknown,
    mm_per_px: Value,
    detail: SkinDetail | Unknown,
    calibration: ColourCalibration,
) -> tuple[tuple[Mark, ...], tuple[SkinFinding, ...]]:
    """Return the marks of a face or site, and for every kind its findings, or why it is unknown.

    Parameters
    ----------
    maps : without them only very dark spots are told, whose colour does not matter.
    mm_per_px : of the view; without it every kind is unknown, because all detection limits are sizes.
    detail : the skin in detail, or why it is not available.
    calibration : correction of linear light.
    """
    untold = {} if isinstance(view, FaceView) else dict.fromkeys(FACE_ONLY_KINDS, Message("photo-site.on_faces").text)
    if isinstance(detail, Unknown):
        untold = {**dict.fromkeys(_FINE, detail.reason), **untold}
    if isinstance(mm_per_px, Unknown):
        reason = maps.reason if isinstance(maps, Unknown) else mm_per_px.reason
        return (), tuple(unknown_finding(kind, untold.get(kind, reason), view.place.site) for kind in FINDING_KINDS)
    area = {name: float(mask.sum()) for name, mask in regions.masks.items()}
    measure = PixelScale(mm_per_px, view.place.site, view.scale, view.place.roll_deg, area)
    dark = () if regions.surface is None else find_dark_spots(view, regions.surface, mm_per_px)
    if isinstance(maps, Unknown):
        others = [kind for kind in FINDING_KINDS if kind != "dark-spots"]
        unknown = [unknown_finding(kind, untold.get(kind, maps.reason), view.place.site) for kind in others]
        return dark, (*summarise_marks("dark-spots", dark, measure), *unknown)
    dense = optical_density(calibration(_lightly_smoothed(view, mm_per_px)))
    pigment = pigment_directions(maps.level)
    marks = [
        *find_round_marks(dense, pigment, maps.level.ita_deg, regions, mm_per_px),
        *find_diffuse_pigment(maps, pigment, regions, mm_per_px),
        *find_redness(dense, maps.level.ita_deg, regions, mm_per_px),
    ]
    if isinstance(detail, SkinDetail):
        marks += [*find_vessels(detail), *find_wrinkles(detail)]
    marks = [*dark, *_drop_repeats(marks, dark, dense.shape)]
    marks = [mark for mark in _drop_duplicate_dents(marks, dense.shape) if mark.kind not in untold]
    found: list[SkinFinding] = []
    for kind in FINDING_KINDS:
        if kind in untold:
            found.append(unknown_finding(kind, untold[kind], measure.site))
        elif kind == "pores" and isinstance(detail, SkinDetail):
            found += _pore_findings(detail, measure)
        elif kind == "redness" and not any(mark.kind == kind for mark in marks) and not shows_redness(maps.level):
            found.append(unknown_finding(kind, Message("photo-plan.too_dark_for_redness").text, measure.site))
        else:
            found += summarise_marks(kind, marks, measure)
    return tuple(marks), tuple(found)


def _lightly_smoothed(seen: View, mm_per_px: Estimate) -> NDArray[np.float64]:
    """Return linear light of a view, blurred by less than the width of the smallest spot."""
    sigma = max(limit("spots", "smooth_mm") / mm_per_px.median, limit("spots", "smooth_px_min"))
    return np.asarray(cv2.GaussianBlur(srgb_to_linear(seen.rgb), (0, 0), sigma))


def _drop_repeats(marks: list[Mark], dark: tuple[Mark, ...], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks without roundish ones at a very dark spot: they are the same spot, or its soft rim."""
    covered = np.zeros(shape[:2], np.uint8)
    for mark in dark:
        covered[mark.window] |= (mark.cover > 0.25).astype(np.uint8)
    taken = cv2.dilate(covered, np.ones((7, 7), np.uint8)) > 0
    same = ("spots", "inflamed", "unclassified-spots", "scars")
    return [mark for mark in marks if mark.kind not in same or not (taken[mark.window] & (mark.cover > 0)).any()]


def _drop_duplicate_dents(marks: list[Mark], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks without dents that overlap a line or a spot, since a wide wrinkle also looks like a dent."""
    taken = np.zeros(shape[:2], np.uint8)
    for mark in marks:
        if mark.kind in ("spots", "inflamed", "unclassified-spots", "fine-lines"):
            there = taken[mark.window]
            there |= (mark.cover[: there.shape[0], : there.shape[1]] > 0.25).astype(np.uint8)
    taken = cv2.dilate(taken, np.ones((3, 3), np.uint8))
    return [
        mark for mark in marks if mark.kind != "scars" or not (taken[mark.window].astype(bool) & (mark.cover > 0)).any()
    ]


def _pore_findings(fine: SkinDetail, measure: PixelScale) -> list[SkinFinding]:
    least = limit("pores", "mm_per_px_max")
    mm = fine.mm_per_px.median
    if mm > least:
        reason = Message("finding.pores_need", {"mm": mm, "least": least}).text
        return [unknown_finding("pores", reason, measure.site)]
    found = summarise_textures(measure_textures(fine), measure)
    return found or [unknown_finding("pores", Message("finding.no_area").text, measure.site)]

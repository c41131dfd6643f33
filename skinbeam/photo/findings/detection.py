"""Detect all marks on the skin of a face or site, and summarise them as findings."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.colour_target import ColourCalibration, no_calibration
from skinbeam.photo.face.face import FaceView
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.dark_spots import find_dark_spots
from skinbeam.photo.findings.detail import SkinDetail, extract_detail
from skinbeam.photo.findings.finding import FACE_ONLY_KINDS, FINDING_KINDS, SkinFinding, unknown_finding
from skinbeam.photo.findings.lines import find_vessels, find_wrinkles, look_at_lines
from skinbeam.photo.findings.mark import LineSight, Mark
from skinbeam.photo.findings.patches import find_diffuse_pigment, find_redness
from skinbeam.photo.findings.rereading import is_found_again, is_repeated, reread_marks
from skinbeam.photo.findings.skin_copy import SkinCopy
from skinbeam.photo.findings.spots import find_colourless_spots, find_round_marks
from skinbeam.photo.findings.summary import PixelScale, summarise_marks, summarise_textures
from skinbeam.photo.findings.texture import measure_textures
from skinbeam.photo.green_light import green_picture, is_green_readable
from skinbeam.photo.limits import limit, limit_entry, round_towards_value
from skinbeam.photo.pigment_maps.blood_contrast import shows_redness
from skinbeam.photo.pigment_maps.inversion import SkinMaps
from skinbeam.photo.pigment_maps.pigment_density import PigmentDirections, optical_density, pigment_directions
from skinbeam.photo.pigment_maps.skin_level import SkinLevel
from skinbeam.photo.view import View
from skinbeam.text import Message

__all__ = ["coarseness_reason", "detect_findings"]

_FINE = ("vessels", "fine-lines", "pores")
_SPOTS = ("spots", "unclassified-spots")
_ROUND = (*_SPOTS, "inflamed", "scars")


def coarseness_reason(view: View) -> str:
    """Return why a picture is too coarse for fine detail (too few pixels between the pupils); empty where it is not."""
    pupil_px, least = view.place.pupil_px / view.scale, limit("gate", "pupil_px_detail")
    if pupil_px >= least:
        return ""
    if isinstance(view, FaceView):
        return Message(
            "photo-finding.too_few_pixels", {"pupils": round_towards_value(pupil_px, least), "least": least}
        ).text
    pupils_mm = float(limit_entry("scale", "pupil_distance_mm")["value"])
    return Message("photo-site.too_coarse", {"mm": pupils_mm / pupil_px, "most": pupils_mm / least}).text


def detect_findings(
    view: View,
    regions: SkinRegions,
    maps: SkinMaps | Unknown,
    mm_per_px: Value,
    detail: SkinDetail | Unknown,
    calibration: ColourCalibration,
    copies: Iterable[SkinCopy],
) -> tuple[tuple[Mark, ...], tuple[SkinFinding, ...]]:
    """Return the marks of a face or site, and for every kind its findings, or why it is unknown.

    Parameters
    ----------
    maps : without them very dark spots are reported, whose colour does not matter, and by green light dark spots and
        lines.
    mm_per_px : of the view; without it every kind is unknown, because all detection limits are sizes.
    detail : the skin in detail, of green light alone where there are no maps, or why it is not available.
    calibration : correction of linear light.
    copies : of the skin; they are made only if there are marks to be looked for on them.
    """
    untold = {} if isinstance(view, FaceView) else dict.fromkeys(FACE_ONLY_KINDS, Message("photo-site.on_faces").text)
    if isinstance(detail, Unknown):
        untold = {**dict.fromkeys(_FINE, detail.reason), **untold}
    if isinstance(mm_per_px, Unknown):
        reason = maps.reason if isinstance(maps, Unknown) else mm_per_px.reason
        return (), tuple(unknown_finding(kind, untold.get(kind, reason), view.place.site) for kind in FINDING_KINDS)
    area = {name: float(mask.sum()) for name, mask in regions.masks.items()}
    measure = PixelScale(mm_per_px, view.place.site, view.scale, view.place.roll_deg, area, _middle(view))
    found_dark = () if regions.surface is None else find_dark_spots(view, regions.surface, mm_per_px)
    dark = tuple(mark for mark in found_dark if mark.kind == "dark-spots")
    wide = tuple(mark for mark in found_dark if mark.kind != "dark-spots")
    if isinstance(maps, Unknown):
        candidates = list(dark)
        reported_kinds = {"dark-spots"}
        if is_green_readable(view.rgb[regions.skin]):
            candidates += _colourless_marks(view, regions, mm_per_px, detail, dark, wide, copies)
            reported_kinds |= {"unclassified-spots", "fine-lines"} - set(untold)
        elif wide:  # which need no colour and no green light
            candidates += wide
            reported_kinds.add("unclassified-spots")
        findings: list[SkinFinding] = []
        for kind in FINDING_KINDS:
            if kind not in reported_kinds:
                findings.append(unknown_finding(kind, untold.get(kind, maps.reason), measure.site))
            elif kind == "dark-spots":
                findings += summarise_marks(kind, candidates, measure)
            else:
                findings += map(_without_colour, summarise_marks(kind, candidates, measure))
        return tuple(mark for mark in candidates if is_repeated(mark) and mark.kind in reported_kinds), tuple(findings)
    pigment = pigment_directions(maps.level)
    marks = [
        *_round_marks(view, regions, maps.level, pigment, mm_per_px, calibration),
        *find_diffuse_pigment(maps, pigment, regions, mm_per_px),
    ]
    if isinstance(detail, SkinDetail):
        marks += [*find_vessels(detail), *find_wrinkles(detail)]
    shape = view.rgb.shape
    marks = _drop_duplicate_dents(_drop_repeats(marks, dark, shape), shape)
    marks = [mark for mark in marks if mark.kind not in untold]

    def find_again(copy: SkinCopy) -> Iterable[Mark]:
        mm = copy.mm_per_px.scaled(1 / copy.view.scale)
        return _round_marks(copy.view, copy.regions, maps.level, pigment, mm, calibration)

    def find_lines_again(copy: SkinCopy, lines: Sequence[Mark]) -> Sequence[LineSight]:
        fine = extract_detail(copy.rgb, copy.view, copy.regions, copy.mm_per_px, calibration)
        return _look_at_lines(fine, copy, lines)

    reread = reread_marks(marks, copies, find_again, find_lines_again, mm_per_px.median)
    candidates = [*dark, *_with_wide_spots(reread, wide, shape)]
    marks = [mark for mark in candidates if is_repeated(mark)]
    found: list[SkinFinding] = []
    for kind in FINDING_KINDS:
        if kind in untold:
            found.append(unknown_finding(kind, untold[kind], measure.site))
        elif kind == "pores" and isinstance(detail, SkinDetail):
            found += _pore_findings(detail, measure)
        elif kind == "redness" and not any(mark.kind == kind for mark in marks) and not shows_redness(maps.level):
            found.append(unknown_finding(kind, Message("photo-plan.too_dark_for_redness").text, measure.site))
        else:
            found += summarise_marks(kind, candidates, measure)
    return tuple(marks), tuple(found)


def _colourless_marks(
    view: View,
    regions: SkinRegions,
    mm_per_px: Estimate,
    detail: SkinDetail | Unknown,
    dark: tuple[Mark, ...],
    wide: tuple[Mark, ...],
    copies: Iterable[SkinCopy],
) -> tuple[Mark, ...]:
    """Return the dark spots and lines of green light, with how often they come back.

    Without colours a slope of shade passes for a wide or uneven spot, so that a doctor is asked to see one only if it
    comes back, or is dark on every side.
    """
    marks = [*_green_spots(view, regions, mm_per_px)]
    if isinstance(detail, SkinDetail):
        marks += find_wrinkles(detail)

    def find_again(copy: SkinCopy) -> Iterable[Mark]:
        return _green_spots(copy.view, copy.regions, copy.mm_per_px.scaled(1 / copy.view.scale))

    def find_lines_again(copy: SkinCopy, lines: Sequence[Mark]) -> Sequence[LineSight]:
        fine = extract_detail(green_picture(copy.rgb), copy.view, copy.regions, copy.mm_per_px, no_calibration())
        return _look_at_lines(fine, copy, lines)

    marks = _drop_repeats(marks, dark, view.rgb.shape)
    reread = reread_marks(marks, copies, find_again, find_lines_again, mm_per_px.median)
    return tuple(_with_wide_spots([mark for mark in reread if is_found_again(mark)], wide, view.rgb.shape))


def _look_at_lines(fine: SkinDetail, copy: SkinCopy, lines: Sequence[Mark]) -> Sequence[LineSight]:
    """Return what lines, in pixels of the original view, look like on a copy."""
    found: dict[int, LineSight] = {}
    for kind in dict.fromkeys(line.kind for line in lines):
        own = [line for line in lines if line.kind == kind]
        sights = look_at_lines(fine, kind, [copy.from_original(line.points) for line in own])
        found |= {id(line): sight for line, sight in zip(own, sights, strict=True)}
    return [found[id(line)] for line in lines]


def _green_spots(view: View, regions: SkinRegions, mm_per_px: Estimate) -> tuple[Mark, ...]:
    green = replace(view, rgb=green_picture(view.rgb))
    return find_colourless_spots(optical_density(_lightly_smoothed(green, mm_per_px)), regions, mm_per_px)


def _without_colour(finding: SkinFinding) -> SkinFinding:
    """Return a finding of green light: what it is of is not known, so that it suggests no condition."""
    if finding.told is None:
        return replace(finding, suggests=None)
    name = f"photo-finding.{finding.kind.replace('-', '_')}_colourless"
    note = Message(f"{name}_seen", {"count": finding.to_be_seen}) if finding.to_be_seen else Message(name)
    return replace(finding, suggests=None, confidence="low", note=note)


def _middle(view: View) -> tuple[float, float]:
    """Return the point of a view from which places are measured: between the pupils, or the middle of the picture."""
    return view.face.middle if isinstance(view, FaceView) else (view.rgb.shape[1] / 2, view.rgb.shape[0] / 2)


def _round_marks(
    view: View,
    regions: SkinRegions,
    level: SkinLevel,
    pigment: PigmentDirections,
    mm_per_px: Estimate,
    calibration: ColourCalibration,
) -> list[Mark]:
    """Return the roundish marks and the redness of a view."""
    dense = optical_density(calibration(_lightly_smoothed(view, mm_per_px)))
    return [
        *find_round_marks(dense, pigment, level.ita_deg, regions, mm_per_px),
        *find_redness(dense, level.ita_deg, regions, mm_per_px),
    ]


def _lightly_smoothed(view: View, mm_per_px: Estimate) -> NDArray[np.float64]:
    """Return linear light of a view, blurred by less than the width of the smallest spot."""
    sigma = max(limit("spots", "smooth_mm") / mm_per_px.median, limit("spots", "smooth_px_min"))
    return np.asarray(cv2.GaussianBlur(srgb_to_linear(view.rgb), (0, 0), sigma))


def _drop_repeats(marks: list[Mark], dark: tuple[Mark, ...], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks without roundish ones at a very dark spot: they are the same spot, or its soft rim."""
    covered = np.zeros(shape[:2], np.uint8)
    for mark in dark:
        covered[mark.window] |= (mark.cover > 0.25).astype(np.uint8)
    taken = cv2.dilate(covered, np.ones((7, 7), np.uint8)) > 0
    return [mark for mark in marks if mark.kind not in _ROUND or not (taken[mark.window] & (mark.cover > 0)).any()]


def _with_wide_spots(marks: Sequence[Mark], wide: tuple[Mark, ...], shape: tuple[int, ...]) -> list[Mark]:
    """Return the marks with wide dark spots, which a doctor must see whatever else was found at their place.

    A spot that was found there and has at least half of the area keeps its kind, unless it is red or a dent: both would
    be reported without the notice. Anything else of which half lies there is a part of the wide spot.
    """
    marks_left = list(marks)
    for spot in wide:
        own = spot.embed_in(shape, spot.cover) > 0.25

        def shared(mark: Mark, own: NDArray[np.bool_] = own) -> int:
            return int(own[mark.window][mark.cover > 0.25].sum())

        same = [mark for mark in marks_left if mark.kind in _SPOTS and 2 * shared(mark) >= own.sum()]
        part = [
            mark
            for mark in marks_left
            if mark.kind in _ROUND and 2 * shared(mark) >= max(int((mark.cover > 0.25).sum()), 1)
        ]
        gone = {id(mark) for mark in (*same, *part)}
        marks_left = [mark for mark in marks_left if id(mark) not in gone]
        marks_left += [replace(mark, looks_suspicious=True) for mark in same] or [spot]
    return marks_left


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
    findings = summarise_textures(measure_textures(fine), measure)
    return findings or [unknown_finding("pores", Message("finding.no_area").text, measure.site)]

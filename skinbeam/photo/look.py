"""Looks at a photograph: one face, its skin, the light and colour on it, as a record that every reader shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.document import sha256_of
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message, Warned
from skinbeam.photo.card.calibration import Calibration, by_chart, by_white, uncorrected
from skinbeam.photo.card.chart import find_chart
from skinbeam.photo.colour import Colour, card_gain, read_colour
from skinbeam.photo.face.finder import Refusal, the_face, usable
from skinbeam.photo.face.given import face_given
from skinbeam.photo.face.record import Face
from skinbeam.photo.face.regions import SHADED, Regions, find_regions, view
from skinbeam.photo.face.scale import check_length, scale_of
from skinbeam.photo.findings.detail import Detail, detail_of
from skinbeam.photo.findings.finding import Finding
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.read import read_findings, too_coarse
from skinbeam.photo.gates import limit
from skinbeam.photo.length import scale_given
from skinbeam.photo.maps.inverse import SkinMaps, skin_maps
from skinbeam.photo.maps.pigments import PigmentMaps, pigments, smoothed
from skinbeam.photo.quality import Problem, check, dim, exposure
from skinbeam.photo.reading.read import Photograph, Picture
from skinbeam.photo.view import View
from skinbeam.provenance import collect

__all__ = ["Look", "SeenSkin", "look_at"]

_CHART_MARGIN = 1.15  # of its patches' outline: the frame around them


@dataclass(frozen=True)
class SeenSkin:
    """The skin of the one face of a photograph.

    Parameters
    ----------
    face : in pixels of the picture.
    view : the part of the picture around it, on which everything else was read.
    maps : of the pigments, or why colour says nothing.
    optics : melanin, blood and brightness by the optics of skin, or why colour says nothing.
    marks : what was found, each where it lies.
    colour : of the face, or why lightness says nothing.
    scale_mm_per_px : of the picture, at the eyes or where a length was given.
    """

    face: Face
    view: View
    regions: Regions
    maps: PigmentMaps | Unknown
    optics: SkinMaps | Unknown
    marks: tuple[Mark, ...]
    colour: Colour | Unknown
    findings: tuple[Finding, ...]
    scale_mm_per_px: Estimate


@dataclass(frozen=True)
class Look:
    """What a photograph shows.

    Parameters
    ----------
    photo_sha256, case_sha256 : of the file, and of file and white card.
    faces : how many were seen.
    problems : what is wrong with the photograph, the gravest first.
    skin : of the face, or why no face can be used.
    sources : keys of the limits and constants that were read.
    card : what the colours were corrected by, or why by nothing.
    """

    photo_sha256: str
    case_sha256: str
    warnings: tuple[Warned, ...]
    faces: int
    problems: tuple[Problem, ...]
    skin: SeenSkin | Unknown
    sources: tuple[str, ...]
    card: Calibration | Unknown


def look_at(
    photograph: Photograph,
    white_card: Sequence[float] | None = None,
    points: Sequence[float] | None = None,
    *,
    length: Sequence[float] | None = None,
) -> Look:
    """Return what a photograph shows.

    Parameters
    ----------
    white_card : x, y, width, height in pixels of the upright picture.
    points : x and y of right pupil, left pupil and mouth, where a person has set them; nothing is searched then.
    length : x and y of two points and the mm between them, which say how large a pixel is in place of the eyes.

    Raises
    ------
    InputError : the card or a point lies outside the picture, the points are those of no upright face, or the length
        is that of nothing on it.
    """
    with collect() as sources:
        rgb = photograph.rgb
        card = _calibration(rgb, white_card)
        scale = None if length is None else scale_given(rgb, length)
        found = the_face(rgb) if points is None else usable(rgb, [face_given(rgb, points)])
        faces, problems, skin = _seen(rgb, found, scale, card if isinstance(card, Calibration) else None)
    said = {"white_card": white_card, "points": points, "length": length}
    given = {name: list(value) for name, value in said.items() if value is not None}
    return Look(
        photograph.sha256,
        sha256_of({"photo_sha256": photograph.sha256} | given),
        _warnings(card),
        faces,
        tuple(problems),
        Unknown(problems[0].message.text) if skin is None else skin,
        tuple(sources),
        Unknown(Message("photo-quality.no_card").text) if card is None else card,
    )


def _calibration(rgb: Picture, white_card: Sequence[float] | None) -> Calibration | Unknown | None:
    """Return the correction by the white card that was given, else by a chart in the picture; None without either."""
    if white_card is not None:
        gain = card_gain(rgb, white_card)
        return gain if isinstance(gain, Unknown) else by_white(gain)
    chart = find_chart(rgb)
    return None if chart is None else by_chart(chart)


def _seen(
    rgb: Picture, face: Face | Refusal, given: Estimate | None, card: Calibration | None
) -> tuple[int, list[Problem], SeenSkin | None]:
    """The number of faces, what is wrong, and the skin of the only face if it can be used."""
    if isinstance(face, Refusal):
        dark = exposure(rgb)
        refused = Problem(face.code, face.message, "all")
        return face.faces, [refused] if dark is None else [refused, dark], None
    if given is not None:
        check_length(face, given)
    seen = view(rgb, face)
    regions = find_regions(seen)
    if card is not None and card.outline is not None:
        regions = _beside(regions, seen, card.outline)
    problems = check(seen, regions, face.pupil_px, card or uncorrected())
    if card is None and (dark := dim(rgb)) is not None:
        problems.append(dark)
    if any(problem.takes == "all" for problem in problems):
        return 1, problems, None
    return 1, problems, _skin(rgb, face, given or scale_of(face), seen, regions, problems, card)


def _beside(regions: Regions, seen: View, outline: NDArray[np.float64]) -> Regions:
    """Return the regions without what a chart covers, a margin around it included; patches of it look like skin."""
    corners = (outline + 0.5 - seen.origin) * seen.scale - 0.5
    wider = corners.mean(axis=0) + _CHART_MARGIN * (corners - corners.mean(axis=0))
    hidden = np.zeros(seen.rgb.shape[:2], np.uint8)
    cv2.fillPoly(hidden, [np.round(wider).astype(np.int32)], 1)
    masks = {name: mask & (hidden == 0) for name, mask in regions.masks.items()}
    masks = {name: mask for name, mask in masks.items() if mask.sum() >= limit("gate", "region_px_min")}
    polygons = {name: regions.polygons[name] for name in masks}
    return replace(regions, masks=masks, polygons=polygons)


def _skin(
    rgb: Picture,
    face: Face,
    scale: Estimate,
    seen: View,
    regions: Regions,
    problems: Sequence[Problem],
    card: Calibration | None,
) -> SeenSkin:
    """What a view says of the skin in it, as far as the problems leave it; fine things are read from the picture."""
    correction, calibrated = card or uncorrected(), card is not None
    light = correction(smoothed(seen.rgb, seen.place.pupil_px))
    no_colour = next((p.message.text for p in problems if p.takes == "colour"), "")
    no_tone = next((p.message.text for p in problems if p.takes in ("colour", "tone")), "")
    medians = {name: np.median(light[mask], axis=0) for name, mask in regions.masks.items() if name not in SHADED}
    maps: PigmentMaps | Unknown = Unknown(no_colour) if no_colour else pigments(light)
    optics: SkinMaps | Unknown
    optics = Unknown(no_colour) if no_colour else skin_maps(light, regions.skin, calibrated=calibrated)
    angle = None if calibrated or isinstance(optics, Unknown) else optics.level.ita_deg
    left = correction.delta_E or 0.0
    colour = Unknown(no_tone) if no_tone else read_colour(medians, angle, left_delta_E=left)
    fine: Detail | Unknown
    if too_few := too_coarse(face.pupil_px):
        fine = Unknown(too_few)
    elif lost := next((p.message.text for p in problems if p.takes in ("detail", "colour")), ""):
        fine = Unknown(lost)
    else:
        fine = detail_of(rgb, seen, regions, scale, correction)
    marks, findings = read_findings(seen, regions, maps, optics, scale.scaled(1 / seen.scale), fine, correction)
    return SeenSkin(face, seen, regions, maps, optics, marks, colour, findings, scale)


def _warnings(card: Calibration | Unknown | None) -> tuple[Warned, ...]:
    if isinstance(card, Unknown):
        return (Warned("card-not-used", Message("photo-quality.card", {"reason": card.reason})),)
    return (Warned("uncalibrated-photo", Message("photo-quality.uncalibrated")),) if card is None else ()

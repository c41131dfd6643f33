"""Analyse a photograph: locate the face or a named site, check quality, and read skin, colour and findings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import collect_sources
from skinbeam.photo.body_site import find_site, resolve_site
from skinbeam.photo.card_colour import read_colour_by_card
from skinbeam.photo.colour import PhotoColour, read_colour, white_card_gain
from skinbeam.photo.colour_target import (
    ColourCalibration,
    calibrate_by_chart,
    calibrate_by_printed_card,
    calibrate_by_white_card,
    find_chart,
    no_calibration,
)
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import FaceRefusal, check_single_face, face_finder, find_single_face
from skinbeam.photo.face.manual_landmarks import face_from_landmarks
from skinbeam.photo.face.regions import SHADED, SkinRegions, face_view, find_regions
from skinbeam.photo.findings.detail import SkinDetail, extract_detail
from skinbeam.photo.findings.detection import coarseness_reason, detect_findings
from skinbeam.photo.findings.finding import SkinFinding, referral_message
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.skin_copy import copy_skin
from skinbeam.photo.green_light import green_picture, is_green_readable
from skinbeam.photo.limits import limit, limit_entry, round_towards_value
from skinbeam.photo.pigment_maps.inversion import SkinMaps, compute_skin_maps
from skinbeam.photo.pigment_maps.pigment_density import smooth_for_colour
from skinbeam.photo.printed_card.cover import CARD_MARGIN, cover_card, uncover_card
from skinbeam.photo.printed_card.finder import FoundCard, find_printed_card
from skinbeam.photo.printed_card.measurement import measure_printed_card
from skinbeam.photo.quality import QualityProblem, check_quality, darkness_problem, exposure_problem, resolution_problem
from skinbeam.photo.scale import check_length, face_scale, is_face_length, scale_from_card, scale_from_length
from skinbeam.photo.view import View, fill_outline, widen_outline
from skinbeam.text import DocumentWarning, Message

__all__ = ["PhotoAnalysis", "SkinAnalysis", "analyse_photograph"]

_CHART_MARGIN = 1.15  # size of the chart with its frame, relative to the outline of its patches


@dataclass(frozen=True)
class SkinAnalysis:
    """The skin of the only face of a photograph, or of a site that the user named.

    Parameters
    ----------
    face : in pixels of the picture; None where the user named a site.
    view : the part of the picture around it, on which everything else was measured.
    maps : melanin, blood and brightness from the optics of skin, or why they cannot be computed.
    marks : the marks that were found, each with its position.
    colour : of the face, or why it cannot be determined.
    scale_mm_per_px : of the picture, at the eyes or where a length was given; unknown for a site without a length.
    """

    face: Face | None
    view: View
    regions: SkinRegions
    maps: SkinMaps | Unknown
    marks: tuple[Mark, ...]
    colour: PhotoColour | Unknown
    findings: tuple[SkinFinding, ...]
    scale_mm_per_px: Value


@dataclass(frozen=True)
class PhotoAnalysis:
    """The results of the analysis of a photograph.

    Parameters
    ----------
    photo_sha256, case_sha256 : of the file, and of file and white card.
    faces : number of faces found.
    problems : faults of the photograph, the gravest first.
    skin : of the face or the site, or why neither can be used.
    sources : keys of the limits and constants that were used.
    calibration : the colour calibration that was applied, or why none was.
    """

    photo_sha256: str
    case_sha256: str
    warnings: tuple[DocumentWarning, ...]
    faces: int
    problems: tuple[QualityProblem, ...]
    skin: SkinAnalysis | Unknown
    sources: tuple[str, ...]
    calibration: ColourCalibration | Unknown


def analyse_photograph(
    photograph: DecodedPhotograph,
    white_card: Sequence[float] | None = None,
    points: Sequence[float] | None = None,
    *,
    site: str | None = None,
    length: Sequence[float] | None = None,
) -> PhotoAnalysis:
    """Analyse a photograph.

    Parameters
    ----------
    white_card : x, y, width, height in pixels of the upright picture.
    points : x and y of right pupil, left pupil and mouth, where a person has set them; no face is searched for then.
    site : site of a photograph without a face, by its name in the case file: hands, arms, neck, décolletage, back or
        abdomen.
    length : x and y of two points and the mm between them, which give the size of a pixel instead of the eyes.

    Raises
    ------
    InputError : the card or a point is outside the picture, the points are not those of an upright face, or the length
        does not fit the picture; the site is one of a face, or is combined with points of a face.
    """
    with collect_sources() as sources:
        rgb = photograph.rgb
        printed = find_printed_card(rgb)
        card = _calibration(rgb, white_card, printed)
        given = None if length is None else scale_from_length(rgb, length)
        bare = rgb if printed is None else cover_card(rgb, printed)
        found = _locate_face(bare, points, given) if site is None else _locate_site(bare, site, points, given, printed)
        usable = card if isinstance(card, ColourCalibration) else None
        problems = _card_problems(usable, printed, found, measured=given is None)
        if printed is not None and isinstance(found, _LocatedSkin):
            found = _beside_card(rgb, found, printed, measured=given is None)
        more, skin = _read_located_skin(rgb, found, usable)
        problems = [*more, *problems]
    arguments = {"white_card": white_card, "points": points, "length": length}
    settings = {name: list(value) for name, value in arguments.items() if value is not None}
    named = {} if site is None else {"site": resolve_site(site)}
    return PhotoAnalysis(
        photograph.sha256,
        sha256_hex({"photo_sha256": photograph.sha256} | settings | named),
        _warnings(card, skin),
        found.faces if isinstance(found, FaceRefusal) else int(found.face is not None),
        tuple(problems),
        Unknown(problems[0].message.text) if skin is None else skin,
        tuple(sources),
        Unknown(Message("photo-quality.no_card").text) if card is None else card,
    )


def _calibration(
    rgb: Picture, white_card: Sequence[float] | None, printed: FoundCard | None
) -> ColourCalibration | Unknown | None:
    """Return the calibration by the given white card, else by a printed card or a chart in the picture, else None."""
    if white_card is not None:
        gain = white_card_gain(rgb, white_card)
        return gain if isinstance(gain, Unknown) else calibrate_by_white_card(gain)
    if printed is not None:
        measured = measure_printed_card(rgb, printed)
        return measured if isinstance(measured, Unknown) else calibrate_by_printed_card(measured)
    chart = find_chart(rgb)
    return None if chart is None else calibrate_by_chart(chart)


@dataclass(frozen=True)
class _LocatedSkin:
    """The located skin of a face or of a named site, before anything is measured on it."""

    face: Face | None
    view: View
    regions: SkinRegions
    scale: Value


def _locate_face(rgb: Picture, points: Sequence[float] | None, scale: Estimate | None) -> _LocatedSkin | FaceRefusal:
    """Return the skin of the only face, or why it cannot be used."""
    face = find_single_face(rgb) if points is None else check_single_face(rgb, [face_from_landmarks(rgb, points)])
    if isinstance(face, FaceRefusal):
        return face
    if scale is not None:
        check_length(face, scale)
    seen = face_view(rgb, face)
    return _LocatedSkin(face, seen, find_regions(seen), scale or face_scale(face))


def _locate_site(
    rgb: Picture, site: str, points: Sequence[float] | None, scale: Estimate | None, printed: FoundCard | None
) -> _LocatedSkin | FaceRefusal:
    """Return the skin of a site, or why it cannot be used; a printed card gives its scale unless a length does.

    A picture with a face is refused, because the findings could belong to either.
    """
    if points is not None:
        hint = Message("photo-site.points_hint").text
        raise InputError("site-and-points", Message("photo-site.points").text, field="site", hint=hint)
    name = resolve_site(site)
    if faces := face_finder()(rgb):
        return FaceRefusal("face-beside", Message("photo-site.face"), len(faces))
    if scale is None and printed is not None:
        scale = scale_from_card(printed)
    found = find_site(rgb, name, scale)
    if isinstance(found, FaceRefusal):
        return found
    return _LocatedSkin(None, *found, scale or Unknown(Message("photo-site.no_length").text))


def _read_located_skin(
    rgb: Picture, found: _LocatedSkin | FaceRefusal, card: ColourCalibration | None
) -> tuple[list[QualityProblem], SkinAnalysis | None]:
    """Return the problems of the photograph, and the analysis of its skin if it can be used."""
    if isinstance(found, FaceRefusal):
        dark = exposure_problem(rgb)
        refused = QualityProblem(found.code, found.message, "all")
        return [refused] if dark is None else [refused, dark], None
    if card is not None and card.outline is not None and card.printed_card is None:
        found = replace(found, regions=_without_target(found.regions, found.view, card.outline, _CHART_MARGIN))
    problems = check_quality(found.view, found.regions, card or no_calibration())
    if isinstance(found.scale, Estimate) and (blunt := resolution_problem(found.view)) is not None:
        problems.append(blunt)
    if card is None and (dark := darkness_problem(rgb)) is not None:
        problems.append(dark)
    if any(problem.prevents == "all" for problem in problems):
        return problems, None
    return problems, _analyse_skin(rgb, found, problems, card)


def _without_target(regions: SkinRegions, view: View, outline: NDArray[np.float64], margin: float) -> SkinRegions:
    """Return the regions without the area of a chart or card and a margin around it; some patches look like skin."""
    hidden = fill_outline(view.rgb.shape, widen_outline(view.from_picture(outline), margin))
    masks = {name: mask & ~hidden for name, mask in regions.masks.items()}
    masks = {name: mask for name, mask in masks.items() if mask.sum() >= limit("gate", "region_px_min")}
    polygons = {name: regions.polygons[name] for name in masks}
    surface = regions.surface
    if surface is not None:
        surface = replace(surface, outline=surface.outline & ~hidden, skin_colour=surface.skin_colour & ~hidden)
    return replace(regions, masks=masks, polygons=polygons, surface=surface)


def _beside_card(rgb: Picture, located: _LocatedSkin, printed: FoundCard, *, measured: bool) -> _LocatedSkin:
    """Return skin that was found with a printed card covered: the card is shown again, is no skin, and gives the scale.

    Parameters
    ----------
    measured : whether the scale may be that of the card; on a face it has to give a possible pupil distance.
    """
    regions = _without_target(located.regions, located.view, printed.outline, CARD_MARGIN)
    scale = scale_from_card(printed)
    fits = measured and (located.face is None or is_face_length(located.face, scale))
    return replace(
        located, view=uncover_card(rgb, located.view, printed), regions=regions, scale=scale if fits else located.scale
    )


def _card_problems(
    card: ColourCalibration | None, printed: FoundCard | None, found: _LocatedSkin | FaceRefusal, *, measured: bool
) -> list[QualityProblem]:
    """Return what a printed card shows of the photograph: a mirror image, uneven light, a wrong size."""
    problems: list[QualityProblem] = []
    if printed is None:
        return problems
    if printed.mirrored:
        problems.append(QualityProblem("mirror-image", Message("photo-card-reading.mirrored"), "nothing"))
    light = None if card is None or card.printed_card is None else card.printed_card.evenness_pct
    most = limit("printed-card", "uneven_pct_max")
    if isinstance(light, float) and light > most:
        message = Message(
            "photo-card-reading.uneven", {"percent": round_towards_value(light, most), "most": round(most)}
        )
        problems.append(QualityProblem("uneven-light", message, "nothing"))
    face = found.face if isinstance(found, _LocatedSkin) else None
    scale = scale_from_card(printed)
    if measured and face is not None and not is_face_length(face, scale):
        likely = limit_entry("scale", "pupils_given_mm")
        params = {"mm": round(scale.median * face.pupil_px), "low": likely["low"], "high": likely["high"]}
        problems.append(QualityProblem("card-size", Message("photo-card-reading.length", params), "nothing"))
    return problems


def _analyse_skin(
    rgb: Picture, located: _LocatedSkin, problems: Sequence[QualityProblem], card: ColourCalibration | None
) -> SkinAnalysis:
    """Analyse the skin in a view, as far as the problems permit; fine detail is measured on the full-size picture."""
    seen, regions, scale = located.view, located.regions, located.scale
    correction, calibrated = card or no_calibration(), card is not None
    shown = smooth_for_colour(seen.rgb, seen.place.pupil_px)
    light = correction(shown)
    no_colour = next((p.message.text for p in problems if p.prevents == "colour"), "")
    no_tone = next((p.message.text for p in problems if p.prevents in ("colour", "tone")), "")
    maps: SkinMaps | Unknown
    maps = Unknown(no_colour) if no_colour else compute_skin_maps(light, regions.skin, calibrated=calibrated)
    colour: PhotoColour | Unknown
    if no_tone:
        colour = Unknown(no_tone)
    elif correction.printed_card is not None:
        by_region = {name: _median_light(shown, mask, seen) for name, mask in _evenly_lit_masks(located).items()}
        colour = read_colour_by_card(by_region, correction.printed_card, on_face=located.face is not None)
    else:
        angle = None if calibrated or isinstance(maps, Unknown) else maps.level.ita_deg
        medians = {name: np.median(light[mask], axis=0) for name, mask in _evenly_lit_masks(located).items()}
        colour = read_colour(medians, angle, residual_delta_E=correction.delta_E or 0.0)
    fine: SkinDetail | Unknown
    if isinstance(scale, Unknown):
        fine = scale
    elif too_few := coarseness_reason(seen):
        fine = Unknown(too_few)
    elif lost := next((p.message.text for p in problems if p.prevents == "detail"), ""):
        fine = Unknown(lost)
    elif no_colour and not is_green_readable(seen.rgb[regions.skin]):
        fine = Unknown(no_colour)
    elif no_colour:
        fine = extract_detail(green_picture(rgb), seen, regions, scale, no_calibration())
    else:
        fine = extract_detail(rgb, seen, regions, scale, correction)
    of_view = scale if isinstance(scale, Unknown) else scale.scaled(1 / seen.scale)
    copies = () if isinstance(scale, Unknown) else copy_skin(rgb, seen, regions, scale)
    marks, findings = detect_findings(seen, regions, maps, of_view, fine, correction, copies)
    return SkinAnalysis(located.face, seen, regions, maps, marks, colour, findings, scale)


def _median_light(
    light: NDArray[np.float64], mask: NDArray[np.bool_], view: View
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median light (3,) of a mask, and the middle (2,) of the mask in pixels of the picture."""
    rows, columns = np.nonzero(mask)
    middle = view.to_picture(np.array([[columns.mean(), rows.mean()]]))[0]
    return np.median(light[mask], axis=0), middle


def _evenly_lit_masks(located: _LocatedSkin) -> dict[str, NDArray[np.bool_]]:
    """Return the masks for the skin colour: regions of a face that are turned to the light, or the quarters of a site.

    The differences between the quarters of a site measure how unevenly it is lit, as those between regions do on a
    face.
    """
    if located.face is not None:
        return {name: mask for name, mask in located.regions.masks.items() if name not in SHADED}
    ((name, mask),) = located.regions.masks.items()
    rows, columns = np.nonzero(mask)
    below, beside = (np.arange(n) > np.median(at) for n, at in zip(mask.shape, (rows, columns), strict=True))
    quarters = (mask & (below == low)[:, None] & (beside == right) for low in (False, True) for right in (False, True))
    return {f"{name}-{number}": quarter for number, quarter in enumerate(quarters, 1) if quarter.any()}


def _warnings(card: ColourCalibration | Unknown | None, skin: SkinAnalysis | None) -> tuple[DocumentWarning, ...]:
    """Return the warnings of a photograph; that a doctor must see a spot comes first."""
    referral = None if skin is None else referral_message(skin.findings)
    warnings = [] if referral is None else [DocumentWarning("spot-to-be-seen", referral)]
    if isinstance(card, Unknown):
        warnings.append(DocumentWarning("card-not-used", Message("photo-quality.card", {"reason": card.reason})))
    elif card is None:
        warnings.append(DocumentWarning("uncalibrated-photo", Message("photo-quality.uncalibrated")))
    return tuple(warnings)

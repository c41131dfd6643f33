"""The document of a photograph (`skinbeam.photo/1`): what is seen, what is not, and why."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import document, sha256_of
from skinbeam.errors import NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message
from skinbeam.photo.colour import card_gain, read_colour
from skinbeam.photo.face import Refusal, the_face
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.maps import PigmentMaps, pigments, smoothed
from skinbeam.photo.marks import Redness, Spots, redness, spots
from skinbeam.photo.overlays import MAP_FILES, write_overlays
from skinbeam.photo.quality import Problem, check, dim, exposure
from skinbeam.photo.read import decode
from skinbeam.photo.record import Face
from skinbeam.photo.regions import SITES, Regions, View, find_regions, view
from skinbeam.schema.load import read_bytes

__all__ = ["colour_for_plan", "photo_document"]

SCHEMA = "skinbeam.photo/1"

# What only a close picture shows → the condition it would suggest.
_DETAIL = {"fine-lines": "fine-lines-periorbital", "pores": "skin-texture", "vessels": "facial-telangiectasia"}


def photo_document(
    path: Path | str, out: Path | None = None, *, white_card: Sequence[float] | None = None, field: str = "photo"
) -> dict[str, Any]:
    """Return the document `skinbeam.photo/1` of a photograph and write its overlays into `out`.

    Parameters
    ----------
    path : the picture file.
    out : folder for the overlays; none are written without it.
    white_card : x, y, width, height in pixels of the upright picture.

    Raises
    ------
    InputError : the file cannot be read, or the card lies outside the picture.
    NotAvailable : no face can be used; its body is the whole document, unknowns in place of values.
    """
    path = Path(path)
    data = read_bytes(path, field=field, most=int(limit("read", "bytes_max")), what="a photograph")
    rgb = decode(data, name=path.name, field=field)
    gain = None if white_card is None else card_gain(rgb, white_card, field="white_card")
    arguments = {"photo_sha256": sha256_of(data)} | ({} if white_card is None else {"white_card": list(white_card)})
    case_sha256 = sha256_of(arguments)
    warnings = _warnings(gain, asked=white_card is not None)

    face = the_face(rgb)
    if isinstance(face, Refusal):
        problems = [Problem(face.code, face.message, "all")]
        if (dark := exposure(rgb)) is not None:
            problems.append(dark)
        raise _not_available(problems, face.faces, case_sha256, warnings)
    seen = view(rgb, face)
    regions = find_regions(seen)
    calibrated = isinstance(gain, np.ndarray)
    correction = gain if isinstance(gain, np.ndarray) else 1.0
    problems = check(seen, regions, face.pupil_px, correction)
    if not calibrated and (dark := dim(rgb)) is not None:
        problems.append(dark)
    if any(problem.takes == "all" for problem in problems):
        raise _not_available(problems, 1, case_sha256, warnings)

    light = smoothed(seen.rgb, seen.face.pupil_px) * correction
    no_colour = next((p.message.text for p in problems if p.takes == "colour"), "")
    no_tone = next((p.message.text for p in problems if p.takes in ("colour", "tone")), "")
    maps = None if no_colour else pigments(light)
    medians = {name: np.median(light[mask], axis=0) for name, mask in regions.masks.items()}
    colour = Unknown(no_tone) if no_tone else read_colour(medians, calibrated=calibrated)
    scale = _scale(face)
    dark_spots = {} if maps is None else spots(light, maps, regions, seen.face.pupil_px)
    body = {
        "faces": 1,
        "face": _face_record(face),
        "quality": {"ok": True, "problems": problems},
        "regions": {name: seen.back(points) for name, points in regions.polygons.items()},
        "regions_note": Message("photo-finding.approximate").text,
        "maps": _maps(out, seen, regions, maps, dark_spots, no_colour),
        "colour": colour,
        "findings": [
            *_marks(dark_spots, {} if maps is None else redness(maps, regions), seen.scale, scale, no_colour),
            *_detail(face.pupil_px),
        ],
        "scale_mm_per_px": scale,
    }
    return document(SCHEMA, case_sha256=case_sha256, seed=0, warnings=warnings, body=body)


def colour_for_plan(found: Mapping[str, Any]) -> dict[str, Any] | Unknown:
    """Return what a plan may use of the skin colour in a photo document, or why it may use nothing.

    `ita_median_deg`, `ita_low_deg`, `ita_high_deg` (the central interval), `darkest_deg` (of the regions as read) and
    `calibrated`. Only with `calibrated` may the interval replace a phototype's; without it the median alone counts,
    and only when it is darker than what the plan already holds for.
    """
    colour = found["colour"]
    if "unknown" in colour:
        return Unknown(colour["unknown"])
    ita = colour["ita_deg"]
    return {
        "ita_median_deg": ita["median"],
        "ita_low_deg": ita["low"],
        "ita_high_deg": ita["high"],
        "darkest_deg": colour["darkest_deg"],
        "calibrated": colour["calibrated"],
    }


def _warnings(gain: NDArray[np.float64] | Unknown | None, *, asked: bool) -> list[dict[str, str]]:
    if isinstance(gain, Unknown):
        return [{"code": "card-not-used", "message": Message("photo-quality.card", {"reason": gain.reason}).text}]
    return [] if asked else [{"code": "uncalibrated-photo", "message": Message("photo-quality.uncalibrated").text}]


def _not_available(
    problems: list[Problem], faces: int, case_sha256: str, warnings: list[dict[str, str]]
) -> NotAvailable:
    """Return the refusal whose body is the whole document with unknowns."""
    reason = problems[0].message.text
    unknown = Unknown(reason)
    body = {
        "faces": faces,
        "face": unknown,
        "quality": {"ok": False, "problems": problems},
        "regions": unknown,
        "regions_note": Message("photo-finding.approximate").text,
        "maps": unknown,
        "colour": unknown,
        "findings": unknown,
        "scale_mm_per_px": unknown,
    }
    whole = document(SCHEMA, case_sha256=case_sha256, seed=0, warnings=warnings, body=body)
    return NotAvailable(reason, body=whole)


def _face_record(face: Face) -> dict[str, Any]:
    return {
        "backend": face.backend,
        "pupil_distance_px": face.pupil_px,
        "roll_deg": face.roll_deg,
        "right_pupil": face.right_pupil,
        "left_pupil": face.left_pupil,
        "mouth": face.mouth,
        "box": face.box,
    }


def _scale(face: Face) -> Estimate:
    """Return mm per pixel at the eyes, from the pupil distance of adults."""
    record = entry("scale", "pupil_distance_mm")
    value, low, high = (float(record[name]) / face.pupil_px for name in ("value", "low", "high"))
    return Estimate(value, low, high, limit("scale", "level"), "assumed", basis=(record["source"],))


def _maps(
    out: Path | None,
    seen: View,
    regions: Regions,
    maps: PigmentMaps | None,
    dark_spots: Mapping[str, Spots],
    no_colour: str,
) -> dict[str, Any]:
    """Return map → file name, or why there is none."""
    if out is None:
        return dict.fromkeys(MAP_FILES, Unknown(Message("photo-finding.no_folder").text))
    marked = np.zeros(seen.rgb.shape[:2], bool)
    for found in dark_spots.values():
        marked |= found.mask
    written = write_overlays(out, seen, regions, maps, marked)
    return {name: written[name] if name in written else Unknown(no_colour) for name in MAP_FILES}


def _area(area_px: float, scale: Estimate) -> Estimate:
    """Return pixels of the picture as mm²; the spread is that of the scale."""
    return Estimate(
        area_px * scale.median**2,
        area_px * scale.low**2,
        area_px * scale.high**2,
        scale.level,
        scale.kind,
        basis=scale.basis,
    )


def _marks(
    dark_spots: Mapping[str, Spots], red: Mapping[str, Redness], view_scale: float, scale: Estimate, no_colour: str
) -> list[dict[str, Any]]:
    """Return the findings that colour carries: one unknown of each kind without colour, a zero where none was seen."""
    if no_colour:
        return [_unknown("spots", "age-spots", no_colour), _unknown("redness", "redness", no_colour)]
    uncounted = Unknown(Message("photo-finding.not_counted").text)
    records = []
    for name, spot in dark_spots.items():
        records.append(
            _mark("spots", name, spot.count, spot.area_px / view_scale**2, scale) | {"contrast": spot.contrast}
        )
    if not dark_spots:
        records.append(_mark("spots", "full-face", 0, 0.0, scale))
    for name, patch in red.items():
        area_px = patch.area_px / view_scale**2
        records.append(_mark("redness", name, uncounted, area_px, scale) | {"contrast": patch.contrast})
    if not red:
        records.append(_mark("redness", "full-face", uncounted, 0.0, scale))
    return records


def _mark(kind: str, region: str, count: int | Unknown, area_px: float, scale: Estimate) -> dict[str, Any]:
    seen = area_px > 0
    params = {"mm": limit("spots", "diameter_px_min") * scale.median} if kind == "spots" and not seen else {}
    return {
        "kind": kind,
        "region": region,
        "site": SITES.get(region, region),
        "count": count,
        "area_mm2": _area(area_px, scale),
        "area_px": area_px,
        "severity": Unknown(Message("photo-finding.no_severity").text),
        "confidence": "low",
        "suggests": {"spots": "age-spots", "redness": "redness"}[kind],
        "note": Message(f"photo-finding.{kind}{'' if seen else '_none'}", params).text,
    }


def _detail(pupil_px: float) -> list[dict[str, Any]]:
    """Return the unknowns for what needs more pixels or a reader that does not exist."""
    least = limit("gate", "pupil_px_detail")
    if pupil_px < least:
        message = Message("photo-finding.too_few_pixels", {"pupils": round(pupil_px), "least": least})
    else:
        message = Message("photo-finding.no_reader")
    return [_unknown(kind, condition, message.text) for kind, condition in _DETAIL.items()]


def _unknown(kind: str, condition: str, reason: str) -> dict[str, Any]:
    unknown: Value = Unknown(reason)
    return {
        "kind": kind,
        "region": "full-face",
        "site": "full-face",
        "count": unknown,
        "area_mm2": unknown,
        "severity": unknown,
        "confidence": unknown,
        "suggests": condition,
    }

"""Looks at a photograph: one face, its skin, the light and colour on it, as a record that every reader shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.document import sha256_of
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message, Warned
from skinbeam.photo.colour import Colour, card_gain, read_colour
from skinbeam.photo.face import Refusal, the_face
from skinbeam.photo.findings import Finding, too_fine, with_colour, without_colour
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.maps import PigmentMaps, pigments, smoothed
from skinbeam.photo.marks import Spots, redness, spots
from skinbeam.photo.quality import Problem, check, dim, exposure
from skinbeam.photo.read import Photograph, Picture
from skinbeam.photo.record import Face
from skinbeam.photo.regions import Regions, View, find_regions, view
from skinbeam.provenance import collect

__all__ = ["Look", "SeenSkin", "look_at"]


@dataclass(frozen=True)
class SeenSkin:
    """The skin of the one face of a photograph.

    Parameters
    ----------
    face : in pixels of the picture.
    view : the part of the picture around it, on which everything else was read.
    maps : of the pigments, or why colour says nothing.
    spots : region → pigmented spots, for the regions that have any.
    colour : of the face, or why lightness says nothing.
    scale_mm_per_px : at the eyes.
    """

    face: Face
    view: View
    regions: Regions
    maps: PigmentMaps | Unknown
    spots: Mapping[str, Spots]
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
    """

    photo_sha256: str
    case_sha256: str
    warnings: tuple[Warned, ...]
    faces: int
    problems: tuple[Problem, ...]
    skin: SeenSkin | Unknown
    sources: tuple[str, ...]


def look_at(photograph: Photograph, white_card: Sequence[float] | None = None) -> Look:
    """Return what a photograph shows.

    Parameters
    ----------
    white_card : x, y, width, height in pixels of the upright picture.

    Raises
    ------
    InputError : the card lies outside the picture.
    """
    with collect() as sources:
        rgb = photograph.rgb
        gain = None if white_card is None else card_gain(rgb, white_card)
        faces, problems, skin = _seen(rgb, gain if isinstance(gain, np.ndarray) else None)
    card = {} if white_card is None else {"white_card": list(white_card)}
    return Look(
        photograph.sha256,
        sha256_of({"photo_sha256": photograph.sha256} | card),
        _warnings(gain),
        faces,
        tuple(problems),
        Unknown(problems[0].message.text) if skin is None else skin,
        tuple(sources),
    )


def _seen(rgb: Picture, gain: NDArray[np.float64] | None) -> tuple[int, list[Problem], SeenSkin | None]:
    """The number of faces, what is wrong, and the skin of the only face if it can be used; `gain` (3,) is a card's."""
    face = the_face(rgb)
    if isinstance(face, Refusal):
        dark = exposure(rgb)
        refused = Problem(face.code, face.message, "all")
        return face.faces, [refused] if dark is None else [refused, dark], None
    seen = view(rgb, face)
    regions = find_regions(seen)
    correction = 1.0 if gain is None else gain
    problems = check(seen, regions, face.pupil_px, correction)
    if gain is None and (dark := dim(rgb)) is not None:
        problems.append(dark)
    if any(problem.takes == "all" for problem in problems):
        return 1, problems, None
    light = smoothed(seen.rgb, seen.face.pupil_px) * correction
    return 1, problems, _skin(face, seen, regions, light, problems, calibrated=gain is not None)


def _skin(
    face: Face,
    seen: View,
    regions: Regions,
    light: NDArray[np.float64],
    problems: Sequence[Problem],
    *,
    calibrated: bool,
) -> SeenSkin:
    """What linear light (height, width, 3) of a view says of the skin in it, as far as the problems leave it."""
    scale = _scale(face)
    no_colour = next((p.message.text for p in problems if p.takes == "colour"), "")
    no_tone = next((p.message.text for p in problems if p.takes in ("colour", "tone")), "")
    medians = {name: np.median(light[mask], axis=0) for name, mask in regions.masks.items()}
    colour = Unknown(no_tone) if no_tone else read_colour(medians, calibrated=calibrated)
    maps: PigmentMaps | Unknown = Unknown(no_colour) if no_colour else pigments(light)
    if isinstance(maps, Unknown):
        dark: Mapping[str, Spots] = {}
        marks = without_colour(maps.reason)
    else:
        dark = spots(light, maps, regions, seen.face.pupil_px)
        marks = with_colour(dark, redness(maps, regions), seen.scale, scale)
    findings = (*marks, *too_fine(face.pupil_px))
    return SeenSkin(face, seen, regions, maps, dark, colour, findings, scale)


def _scale(face: Face) -> Estimate:
    """Return mm per pixel at the eyes, from the pupil distance of adults."""
    record = entry("scale", "pupil_distance_mm")
    value, low, high = (float(record[name]) / face.pupil_px for name in ("value", "low", "high"))
    return Estimate(value, low, high, limit("scale", "level"), "assumed", basis=(record["source"],))


def _warnings(gain: NDArray[np.float64] | Unknown | None) -> tuple[Warned, ...]:
    if isinstance(gain, Unknown):
        return (Warned("card-not-used", Message("photo-quality.card", {"reason": gain.reason})),)
    return (Warned("uncalibrated-photo", Message("photo-quality.uncalibrated")),) if gain is None else ()

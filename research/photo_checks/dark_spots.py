"""Count how many very dark spots drawn on portraits are reported, and how often plain portraits raise an alarm.

python -m research.photo_checks.dark_spots PORTRAIT... [--aside NAME...] [--rounds 2] [-o dark_spots.json]

Every portrait is taken as it is, and with less and with more melanin in its skin. Spots of four colours, three sizes
and two outlines are drawn at places of the face template where the plain picture shows skin. The file of counts, which
holds nothing of the portraits, is the source of the table in docs/photo.md; `--aside` names the portraits on which
nothing was developed, and the table separates them.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from research.photo_checks.skin_pictures import repigment_portrait
from skinbeam.model.document import write_atomically
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_lab, linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture, read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_single_face
from skinbeam.photo.face.regions import colour_sample_area, face_view, find_regions
from skinbeam.photo.findings.dark_spots import find_dark_spots
from skinbeam.photo.scale import face_scale
from skinbeam.photo.view import fill_outline

__all__ = [
    "COLOURS",
    "PLACES",
    "SHIPPED",
    "SIZES_MM",
    "TONES",
    "DrawnSpot",
    "PlainPictureAlarms",
    "SpotCounts",
    "count_alarms",
    "draw_spot",
    "load_counts",
    "main",
    "pictures_of_tones",
    "skin_places",
    "spots_found",
    "tone_of",
]

Array = NDArray[np.float64]

SHIPPED = Path(__file__).with_name("dark_spots.json")
SIZES_MM = (3.0, 5.0, 8.0)
COLOURS = {
    "near black": (24, 21, 21),
    "black-brown": (44, 31, 27),
    "dark brown": (68, 45, 35),
    "blue-black": (30, 34, 48),
}
# On one side, in pupil distances from the middle of the eyes; those off the middle are drawn on both sides.
PLACES = {
    "forehead": ((0.0, -0.7), (0.4, -0.62)),
    "between the brows": ((0.0, -0.25),),
    "nose": ((0.0, 0.12), (0.0, 0.42), (0.17, 0.3)),
    "under the eye": ((0.5, 0.3),),
    "temple": ((0.93, 0.08),),
    "cheek": ((0.62, 0.62), (0.88, 0.5)),
    "upper lip": ((0.0, 0.82), (0.28, 0.82)),
    "chin": ((0.0, 1.55), (0.2, 1.5)),
    "jaw": ((0.66, 1.22),),
}
TONES = {"light": 68.0, "medium": 54.0, "brown": 40.0, "dark": 0.0}  # from which L* of the skin in the picture on
_MELANIN_FACTORS = (0.3, 1.0, 3.0, 8.0)
_GROUPS = 3  # pictures over which the places are spread, so that spots are far apart
_SKIN_SHARE = 0.95  # of a disc of twice the width of a spot, on the plain picture


@dataclass(frozen=True)
class DrawnSpot:
    """A drawn spot: place x, y in the face template."""

    place: str
    x: float
    y: float
    size_mm: float
    colour: str
    ragged: bool


@dataclass(frozen=True)
class SpotCounts:
    """A drawn spot with the tone of the skin, whether the portrait was kept aside, and its detection.

    A spot in a picture that was refused as a whole is not examined and counts as missed.
    """

    place: str
    size_mm: float
    colour: str
    ragged: bool
    tone: str
    aside: bool
    detection: bool
    examined: bool = True


@dataclass(frozen=True)
class PlainPictureAlarms:
    """Alarms on a plain picture: very dark spots, and all marks that a doctor must see."""

    tone: str
    other_melanin: bool
    aside: bool
    dark_spots: int
    to_be_seen: int


def draw_spot(
    rgb: Picture,
    centre: tuple[float, float],
    diameter_px: float,
    colour: Sequence[float],
    *,
    ragged: bool,
    seed: int,
    edge_px: float,
) -> Picture:
    """Return a picture with a spot: smooth and even, or of a ragged outline and an uneven colour."""
    rng = np.random.default_rng(seed)
    half = int(0.9 * diameter_px + 4 * edge_px + 4)
    left, top = int(centre[0]) - half, int(centre[1]) - half
    finer = 4
    at = (np.arange(2 * half * finer) + 0.5) / finer - 0.5
    x, y = np.meshgrid(at + left - centre[0], at + top - centre[1])
    radius = np.full(x.shape, diameter_px / 2)
    if ragged:
        waves = np.arange(2, 8)
        phases, heights = rng.uniform(0, 2 * np.pi, waves.size), rng.normal(0, 0.09, waves.size)
        angle = np.arctan2(y, x)
        radius = radius * (1 + sum(h * np.sin(n * angle + p) for n, p, h in zip(waves, phases, heights, strict=True)))
    inside = (np.hypot(x, y) < radius).astype(np.float32)
    cover = cv2.resize(inside, (2 * half, 2 * half), interpolation=cv2.INTER_AREA)
    cover = cv2.GaussianBlur(cover, (0, 0), edge_px)[..., None]
    uneven = cv2.GaussianBlur(rng.standard_normal((2 * half, 2 * half)), (0, 0), max(diameter_px / 8, 0.6))
    brown = np.asarray(colour, np.float64) * (1 + (0.15 if ragged else 0) * uneven / uneven.std())[..., None]
    drawn = rgb.copy()
    rows, columns = slice(max(top, 0), top + 2 * half), slice(max(left, 0), left + 2 * half)
    part = drawn[rows, columns]
    own = slice(rows.start - top, rows.start - top + part.shape[0])
    beside = slice(columns.start - left, columns.start - left + part.shape[1])
    cover, brown = cover[own, beside], brown[own, beside]
    noise = rng.normal(0, 1, part.shape) * cover
    drawn[rows, columns] = np.round(np.clip(part * (1 - cover) + brown * cover + noise, 0, 255)).astype(np.uint8)
    return drawn


def skin_places(rgb: Picture, face: Face, size_mm: float) -> list[tuple[str, float, float]]:
    """Return the places (name, x, y) at which a plain picture shows skin twice as wide as a spot."""
    view = face_view(rgb, face)
    surface = find_regions(view).surface
    assert surface is not None
    radius_px = size_mm / face_scale(face).median * view.scale
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = radius_px * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = []
    for name, points in PLACES.items():
        for x, y in [(side * u, v) for u, v in points for side in ((1,) if u == 0 else (1, -1))]:
            disc = fill_outline(view.rgb.shape, view.face.template_to_pixels(np.array([[x, y]])) + ring)
            if disc.any() and surface.skin_colour[disc].mean() >= _SKIN_SHARE:
                places.append((name, x, y))
    return places


def spots_found(rgb: Picture, centres: Array) -> list[bool] | None:
    """Return whether a very dark spot is reported at each of the centres (n, 2) in pixels of a picture.

    None where the picture as a whole is refused, since its face is not found or is turned.
    """
    face = find_single_face(rgb)
    if not isinstance(face, Face):
        return None
    view = face_view(rgb, face)
    surface = find_regions(view).surface
    scale = face_scale(face)
    if surface is None:
        return [False] * len(centres)
    marks = find_dark_spots(view, surface, scale.scaled(1 / view.scale))
    covers = [
        cv2.dilate((mark.embed_in(view.rgb.shape, mark.cover) > 0.25).astype(np.uint8), np.ones((3, 3)))
        for mark in marks
        if mark.kind == "dark-spots"
    ]
    outcomes = []
    for x, y in (centres - view.origin + 0.5) * view.scale - 0.5:
        row, column = round(float(y)), round(float(x))
        inside = 0 <= row < view.rgb.shape[0] and 0 <= column < view.rgb.shape[1]
        outcomes.append(inside and any(cover[row, column] for cover in covers))
    return outcomes


def tone_of(rgb: Picture, face: Face) -> str:
    """Return the tone of the skin in a picture by its median lightness."""
    view = face_view(rgb, face)
    colour = np.median(srgb_to_linear(view.rgb)[colour_sample_area(view)], axis=0)
    lightness = float(linear_to_lab(colour)[0])
    return next(name for name, least in TONES.items() if lightness >= least)


def pictures_of_tones(rgb: Picture, factors: Sequence[float]) -> Iterator[tuple[Picture, bool]]:
    """Yield a portrait and copies with other melanin, and whether it was changed."""
    for factor in factors:
        if factor == 1.0:
            yield rgb, False
            continue
        linear = repigment_portrait(srgb_to_linear(rgb), factor)
        yield np.round(255 * linear_to_srgb(np.clip(linear, 0, 1))).astype(np.uint8), True


def _count_spots(rgb: Picture, face: Face, tone: str, aside: bool, rounds: range) -> Iterator[SpotCounts]:
    """Yield the counts of a plain picture, over which every kind of spot goes from place to place."""
    kinds = [(size, colour, ragged) for size in SIZES_MM for colour in COLOURS for ragged in (False, True)]
    mm = face_scale(face).median
    places = skin_places(rgb, face, max(SIZES_MM))
    for number in rounds:
        for group in range(_GROUPS):
            drawn, spots = rgb, []
            for index in range(group, len(places), _GROUPS):
                size, colour, ragged = kinds[(7 * index + 5 * number) % len(kinds)]
                spots.append(DrawnSpot(*places[index], size, colour, ragged))
            if not spots:
                continue
            centres = face.template_to_pixels(np.array([(spot.x, spot.y) for spot in spots]))
            for spot, (x, y) in zip(spots, centres, strict=True):
                seed, edge = number * 100 + round(100 * spot.x), max(0.5, 0.3 / mm)
                drawn = draw_spot(
                    drawn,
                    (x, y),
                    spot.size_mm / mm,
                    COLOURS[spot.colour],
                    ragged=spot.ragged,
                    seed=seed + 500,
                    edge_px=edge,
                )
            outcomes = spots_found(drawn, centres)
            for spot, detection in zip(spots, outcomes or [False] * len(spots), strict=True):
                yield SpotCounts(
                    spot.place, spot.size_mm, spot.colour, spot.ragged, tone, aside, detection, outcomes is not None
                )


def count_alarms(photograph: DecodedPhotograph, tone: str, changed: bool, aside: bool) -> PlainPictureAlarms | None:
    """Return the alarms on a plain picture, or None if it has no usable face."""
    skin = analyse_photograph(photograph).skin
    if isinstance(skin, Unknown):
        return None
    dark = sum(mark.kind == "dark-spots" for mark in skin.marks)
    return PlainPictureAlarms(tone, changed, aside, dark, sum(mark.needs_examination for mark in skin.marks))


def load_counts(file: Path) -> tuple[tuple[SpotCounts, ...], tuple[PlainPictureAlarms, ...]]:
    """Return the counts of a file that this command wrote."""
    body = json.loads(file.read_text())
    return tuple(SpotCounts(**spot) for spot in body["spots"]), tuple(
        PlainPictureAlarms(**alarm) for alarm in body["alarms"]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw on the portraits, count, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--aside", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--factors", nargs="*", type=float, default=_MELANIN_FACTORS, help="of the melanin")
    parser.add_argument("--add", action="store_true", help="to the counts of the file")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    given = parser.parse_args(arguments)
    before = load_counts(given.output) if given.add else ((), ())
    spots: list[SpotCounts] = list(before[0])
    alarms: list[PlainPictureAlarms] = list(before[1])
    for path in given.portraits:
        photograph, aside = read_photograph(path), path.stem in given.aside
        for rgb, changed in pictures_of_tones(photograph.rgb, given.factors):
            face = find_single_face(rgb)
            if not isinstance(face, Face):
                continue
            tone = tone_of(rgb, face)
            if (alarm := count_alarms(replace(photograph, rgb=rgb), tone, changed, aside)) is not None:
                alarms.append(alarm)
            first = len(alarms) * given.rounds  # so that a kind of spot is not always at the same place
            new = list(_count_spots(rgb, face, tone, aside, range(first, first + given.rounds)))
            spots += new
            print(path.stem, tone, alarm, f"{sum(count.detection for count in new)} of {len(new)} told", flush=True)
        body = {"spots": [asdict(spot) for spot in spots], "alarms": [asdict(count) for count in alarms]}
        write_atomically(given.output, (json.dumps(body) + "\n").encode())


if __name__ == "__main__":
    main()

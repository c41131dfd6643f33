"""How marks drawn in measured colours are read, by tone: python -m research.photo_checks.colour_reading [PORTRAIT...].

Brown and red discs in the colours of people who set no limit (`mark_colours.json`) are drawn on mottled skin of every
tone, by cameras of three contrasts under light that is balanced nearly right, and stored as a JPEG. With portraits, the
same discs are also drawn on their skin, and each picture is read from file to finding. Tables in Markdown are printed,
with an interval of 95 % over colours, since the discs of one colour are read alike.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from research.photo_checks.dark_spots import skin_places
from research.photo_checks.mark_colours import KINDS, TONES, MeasuredMark, load_mark_colours
from research.photo_checks.skin_pictures import face_points, read_small
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_single_face
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.findings.spots import find_round_marks
from skinbeam.photo.pigment_maps.pigment_density import optical_density, pigment_directions
from skinbeam.photo.pigment_maps.skin_level import estimate_skin_level
from skinbeam.photo.scale import face_scale

__all__ = ["READINGS", "ColourReading", "draw_skin", "main", "read_drawn", "read_on_portrait", "table"]

Array = NDArray[np.float64]

READINGS = ("brown", "red", "not told", "dent", "missed")
_KIND_READING = {"spots": "brown", "inflamed": "red", "unclassified-spots": "not told", "scars": "dent"}
_SIDE, _MM_PER_PX, _DISC_MM = 96, 0.39, 3.0
_PLACES = tuple(product(range(16, 96, 32), range(16, 96, 32)))
_GREEN = (0.2, 0.3, 0.45)  # density in green that the discs of a row add
_ON_PORTRAITS = 3  # one colour in so many: each picture is read whole
_CONTRASTS, _CAST_LN, _GREY = (1.0, 1.15, 1.3), 0.08, 0.18
_SCALE = Estimate(_MM_PER_PX, 0.9 * _MM_PER_PX, 1.1 * _MM_PER_PX, 0.95, "assumed")
_WHOLE = np.ones((_SIDE, _SIDE), bool)
_ONE_REGION = SkinRegions({"cheek-right": _WHOLE}, {}, ())


@dataclass(frozen=True)
class ColourReading:
    """One drawn disc: its tone, kind and colour, and how it was read."""

    tone: str
    kind: str
    colour: int
    reading: str


def _field(rng: np.random.Generator, sd_px: float) -> Array:
    noise = cv2.GaussianBlur(rng.standard_normal((_SIDE, _SIDE)), (0, 0), sd_px)
    return np.asarray(noise / noise.std())


def draw_skin(colour: MeasuredMark, cover: Array, green: Array, mottle: tuple[Array, Array], seed: int) -> Array:
    """Return linear light (side, side, 3) of mottled skin with discs, as a camera stores it.

    Parameters
    ----------
    cover : (side, side), share of each pixel that a disc covers.
    green : (side, side), density that the disc adds in green.
    mottle : density (3,) of a brown and of a red mark of this tone, of which skin has a little everywhere.
    """
    rng = np.random.default_rng(seed)
    density = (cover * green / colour.density[1])[..., None] * np.asarray(colour.density)
    for texture in mottle:
        density = density + 0.03 * _field(rng, 8.0)[..., None] * texture / texture[1]
    shade = 0.02 * _field(rng, 1.5) + 0.3 * np.linspace(-0.5, 0.5, _SIDE)[:, None]
    light = np.asarray(colour.skin) * np.exp(-density - shade[..., None])
    light = light * np.exp(rng.normal(0, _CAST_LN, 3) * (1, 0, 1)) * 2.0 ** rng.uniform(-0.7, 0.2)
    shown = _GREY * (np.clip(light, 1e-4, 1) / _GREY) ** _CONTRASTS[seed % len(_CONTRASTS)]
    blurred = cv2.GaussianBlur(255 * linear_to_srgb(np.clip(shown, 0, 1)), (0, 0), 0.5)
    noisy = np.clip(np.round(blurred + rng.normal(0, 1.5, blurred.shape)), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", noisy[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 92))
    stored = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.GaussianBlur(srgb_to_linear(stored[..., ::-1]), (0, 0), 0.35 / _MM_PER_PX))


def _readings(marks: Iterable[Mark], shape: tuple[int, ...], centres: Sequence[tuple[int, int]]) -> list[str]:
    """Return how the disc at each centre (x, y) is read; one that is read as red as well counts as red."""
    readings: list[set[str]] = [set() for _ in centres]
    for mark in marks:
        if mark.kind in _KIND_READING or mark.kind == "dark-spots":
            cover = mark.embed_in(shape, mark.cover) > 0.25
            for kinds, (x, y) in zip(readings, centres, strict=True):
                if cover[y, x]:
                    kinds.add(_KIND_READING.get(mark.kind, "not told"))
    return [
        next((name for name in ("red", "brown", "not told", "dent") if name in kinds), "missed") for kinds in readings
    ]


def read_drawn(colours: Sequence[MeasuredMark]) -> Iterator[ColourReading]:
    """Yield the readings of discs in these colours on drawn skin of their tones."""
    yy, xx = np.mgrid[:_SIDE, :_SIDE]
    distance = np.stack([np.hypot(xx - x, yy - y) for x, y in _PLACES])
    cover = np.clip(_DISC_MM / 2 / _MM_PER_PX + 0.5 - distance.min(axis=0), 0, 1)
    green = np.asarray(_GREEN)[distance.argmin(axis=0) % len(_GREEN)]
    for number, colour in enumerate(colours):
        means = tuple(
            np.mean(
                [np.array(mark.density) / mark.density[1] for mark in colours if (mark.tone, mark.kind) == key], axis=0
            )
            for key in product((colour.tone,), KINDS)
        )
        light = draw_skin(colour, cover, green, (means[0], means[1]), number)
        level = estimate_skin_level(np.median(light.reshape(-1, 3), axis=0), calibrated=False)
        marks = find_round_marks(optical_density(light), pigment_directions(level), level.ita_deg, _ONE_REGION, _SCALE)
        for reading in _readings(marks, _WHOLE.shape, _PLACES):
            yield ColourReading(colour.tone, colour.kind, number, reading)


def read_on_portrait(
    photograph: DecodedPhotograph, tone: str, colours: Sequence[MeasuredMark]
) -> Iterator[ColourReading]:
    """Yield the readings of discs in these colours on the skin of a portrait, at several places in turn."""
    face = find_single_face(photograph.rgb)
    if not isinstance(face, Face):
        return
    plain = analyse_photograph(photograph, points=face_points(face)).skin
    if isinstance(plain, Unknown):
        return
    mm = face_scale(face).median
    places = [(x, y) for name, x, y in skin_places(photograph.rgb, face, 6.0) if name in ("forehead", "cheek", "chin")]
    centres = face.template_to_pixels(np.array(places))
    linear = srgb_to_linear(photograph.rgb)
    yy, xx = np.mgrid[: linear.shape[0], : linear.shape[1]]
    radius = _DISC_MM / 2 / mm
    cover = np.max([np.clip(radius + 0.5 - np.hypot(xx - x, yy - y), 0, 1) for x, y in centres], axis=0)
    cover = cv2.GaussianBlur(cover, (0, 0), max(0.5, 0.3 / mm))
    at = (centres - plain.view.origin + 0.5) * plain.view.scale - 0.5
    middles = [(round(float(x)), round(float(y))) for x, y in at]
    before = _readings(plain.marks, plain.view.rgb.shape, middles)
    for number, colour in enumerate(colours):
        drawn = linear * np.exp(-cover[..., None] * colour.darker(_GREEN[number % len(_GREEN)]))
        rgb = np.round(255 * linear_to_srgb(np.clip(drawn, 0, 1))).astype(np.uint8)
        skin = analyse_photograph(replace(photograph, rgb=rgb), points=face_points(face)).skin
        if isinstance(skin, Unknown) or isinstance(skin.maps, Unknown):
            continue
        for was, reading in zip(before, _readings(skin.marks, skin.view.rgb.shape, middles), strict=True):
            if was == "missed":
                yield ColourReading(tone, colour.kind, number, reading)


def table(readings: Sequence[ColourReading], title: str) -> str:
    """Return a table of the shares of each reading, with intervals of 95 % over colours."""
    lines = [f"| {title} | discs (colours) | " + " | ".join(READINGS) + " |", "|---" * (len(READINGS) + 2) + "|"]
    rng = np.random.default_rng(0)
    for kind, tone in product(KINDS, TONES):
        own = [reading for reading in readings if (reading.tone, reading.kind) == (tone, kind)]
        colours = sorted({reading.colour for reading in own})
        if not colours:
            continue
        counts = np.array(
            [
                [Counter(reading.reading for reading in own if reading.colour == c)[name] for name in READINGS]
                for c in colours
            ]
        )
        drawn = counts[rng.integers(len(colours), size=(2000, len(colours)))].sum(axis=1)
        share = drawn / drawn.sum(axis=1, keepdims=True)
        low, high = np.quantile(share, (0.025, 0.975), axis=0)
        # Where no disc of any colour was read so, the bound is that of 0 of so many colours.
        high = np.where(counts.sum(axis=0) == 0, 1 - 0.05 ** (1 / len(colours)), high)
        whole = counts.sum(axis=0) / counts.sum()
        cells = [f"{100 * w:.0f} % ({100 * a:.0f} to {100 * b:.0f})" for w, a, b in zip(whole, low, high, strict=True)]
        lines.append(f"| {kind} on {tone} | {len(own)} ({len(colours)}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="*", help="TONE=FILE: the tone of the skin of each is told by eye")
    given = parser.parse_args(arguments)
    colours = load_mark_colours()
    print(table(list(read_drawn(colours)), "drawn skin"))
    on_faces: list[ColourReading] = []
    for pair in given.portraits:
        tone, file = pair.split("=", 1)
        own = [colour for colour in colours if colour.tone == tone][::_ON_PORTRAITS]
        on_faces += read_on_portrait(read_small(Path(file)), tone, own)
    if on_faces:
        print()
        print(table(on_faces, "portraits"))


if __name__ == "__main__":
    main()

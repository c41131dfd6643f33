"""Count how many wide brown spots in measured colours, drawn on portraits, are reported with the notice for a doctor.

python -m research.photo_checks.wide_spots PORTRAIT... [--rounds 0 1 2] [-o wide_spots.json]

Every portrait is taken as it is, and with less and with more melanin in its skin. Discs of three sizes and three
densities, even or ragged, a third of them with a soft edge, are drawn at places of the face template where the plain
picture shows skin, in colours of people who set no limit (`mark_colours.json`). A place at which the plain picture has
a notice is not counted. The file of counts, which holds nothing of the portraits, is the source of the table in
docs/photo.md.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from research.photo_checks.dark_spots import pictures_of_tones, skin_places, tone_of
from research.photo_checks.mark_colours import MeasuredMark, load_mark_colours
from research.photo_checks.skin_pictures import face_points
from skinbeam.model.document import write_atomically
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture, read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_single_face
from skinbeam.photo.scale import face_scale

__all__ = [
    "DENSITIES",
    "SHIPPED",
    "SIZES_MM",
    "WideSpot",
    "WideSpotCount",
    "draw_wide_spot",
    "drawn_pictures",
    "load_wide_counts",
    "main",
]

Array = NDArray[np.float64]

SHIPPED = Path(__file__).with_name("wide_spots.json")
SIZES_MM = (5.0, 7.0, 10.0)
DENSITIES = (0.45, 0.6, 0.8)  # natural, in green
_EDGES_MM = (0.3, 0.3, 0.9)  # standard deviation of the blur of the rim
_FACTORS = (0.3, 1.0, 3.0, 8.0)  # of the melanin of the skin
_ROUNDS, _OF_A_ROUND = 3, 100  # rounds of spots, and the most pictures of one
_GROUPS = 4  # pictures over which the places are spread, so that no spot is the skin around another
# Tones by typology angle whose measured colours are drawn on a tone of a picture.
_COLOURS_OF = {
    "light": ("very light", "light"),
    "medium": ("intermediate", "tan"),
    "brown": ("brown",),
    "dark": ("dark",),
}


@dataclass(frozen=True)
class WideSpot:
    """A drawn spot: its place in the face template, and its middle in pixels of the picture."""

    place: str
    centre: tuple[float, float]
    size_mm: float
    density: float
    ragged: bool
    edge_mm: float

    @property
    def is_soft(self) -> bool:
        """Whether its edge is the soft one."""
        return self.edge_mm == max(_EDGES_MM)


@dataclass(frozen=True)
class WideSpotCount:
    """A drawn spot with the tone of the skin and its round, and whether it has the notice for a doctor.

    The limits of the search were set on the first two rounds.
    """

    place: str
    tone: str
    size_mm: float
    density: float
    ragged: bool
    soft: bool
    round: int
    detection: bool


def draw_wide_spot(
    linear: Array,
    centre: tuple[float, float],
    diameter_px: float,
    density: Array,
    *,
    ragged: bool,
    edge_px: float,
    seed: int,
) -> Array:
    """Return linear light with a spot that adds a density (3,): even and round, or of a ragged outline and uneven."""
    rng = np.random.default_rng(seed)
    half = round(0.8 * diameter_px + 4 * edge_px + 4)
    rows, columns = (slice(max(round(at) - half, 0), round(at) + half + 1) for at in (centre[1], centre[0]))
    y, x = np.mgrid[rows, columns][:, : linear.shape[0] - rows.start, : linear.shape[1] - columns.start]
    away, angle = np.hypot(x - centre[0], y - centre[1]), np.arctan2(y - centre[1], x - centre[0])
    radius = np.full(away.shape, diameter_px / 2)
    uneven = np.ones(away.shape)
    if ragged:
        for wave in range(2, 8):
            radius += diameter_px / 2 * rng.normal(0, 0.09) * np.sin(wave * angle + rng.uniform(0, 2 * np.pi))
        noise = cv2.GaussianBlur(rng.standard_normal(away.shape), (0, 0), max(diameter_px / 8, 0.6))
        uneven += 0.15 * noise / noise.std()
    cover = cv2.GaussianBlur(np.clip(radius + 0.5 - away, 0, 1), (0, 0), max(edge_px, 0.5))
    drawn = linear.copy()
    drawn[rows, columns] *= np.exp(-(cover * uneven)[..., None] * density)
    return drawn


def drawn_pictures(rgb: Picture, face: Face, tone: str, number: int) -> Iterator[tuple[Picture, list[WideSpot]]]:
    """Yield a plain picture with spots, far apart; `number` of the round chooses which spot lies at which place."""
    kinds = list(product(SIZES_MM, DENSITIES, (False, True), _EDGES_MM))
    rng = np.random.default_rng(number)
    colours = [mark for mark in load_mark_colours() if mark.kind == "brown" and mark.tone in _COLOURS_OF[tone]]
    mm = face_scale(face).median
    places = skin_places(rgb, face, max(SIZES_MM))
    order = rng.permutation(len(kinds))
    for group in range(_GROUPS):
        linear, spots = srgb_to_linear(rgb), []
        for index in range(group, len(places), _GROUPS):
            name, x, y = places[index]
            size, density, ragged, edge = kinds[order[index % len(kinds)]]
            colour: MeasuredMark = colours[int(rng.integers(len(colours)))]
            px, py = (float(value) for value in face.template_to_pixels(np.array([[x, y]]))[0])
            spot = WideSpot(name, (px, py), size, density, ragged, edge)
            linear = draw_wide_spot(
                linear,
                spot.centre,
                size / mm,
                colour.darker(density),
                ragged=ragged,
                edge_px=edge / mm,
                seed=100 * number + index,
            )
            spots.append(spot)
        if spots:
            yield np.round(255 * linear_to_srgb(np.clip(linear, 0, 1))).astype(np.uint8), spots


def _notices(photograph: DecodedPhotograph, face: Face, spots: Sequence[WideSpot]) -> list[bool]:
    """Return whether a notice for a doctor lies at each spot; none does in a picture that is refused."""
    skin = analyse_photograph(photograph, points=face_points(face)).skin
    if isinstance(skin, Unknown):
        return [False] * len(spots)
    view = skin.view
    covers = [mark.embed_in(view.rgb.shape, mark.cover) > 0.25 for mark in skin.marks if mark.needs_examination]
    at = (np.array([spot.centre for spot in spots]) - view.origin + 0.5) * view.scale - 0.5
    return [any(cover[round(y), round(x)] for cover in covers) for x, y in at.tolist()]


def _counts(photograph: DecodedPhotograph, face: Face, tone: str, numbers: Sequence[int]) -> Iterator[WideSpotCount]:
    """Yield the counts of rounds of spots on a plain picture."""
    drawn = [(number, *picture) for number in numbers for picture in drawn_pictures(photograph.rgb, face, tone, number)]
    every = [spot for _, _, spots in drawn for spot in spots]
    before = iter(_notices(photograph, face, every))
    for number, rgb, spots in drawn:
        for spot, told in zip(spots, _notices(replace(photograph, rgb=rgb), face, spots), strict=True):
            if not next(before):
                yield WideSpotCount(
                    spot.place, tone, spot.size_mm, spot.density, spot.ragged, spot.is_soft, number // _OF_A_ROUND, told
                )


def load_wide_counts(file: Path = SHIPPED) -> tuple[WideSpotCount, ...]:
    """Return the counts of a file that this command wrote."""
    return tuple(WideSpotCount(**row) for row in json.loads(file.read_text()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw on the portraits, count, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--rounds", nargs="*", type=int, default=range(_ROUNDS))
    parser.add_argument("--factors", nargs="*", type=float, default=_FACTORS, help="of the melanin")
    parser.add_argument("--add", action="store_true", help="to the counts of the file")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    given = parser.parse_args(arguments)
    counts = list(load_wide_counts(given.output)) if given.add else []
    for portrait, path in enumerate(given.portraits):
        photograph = read_photograph(path)
        for factor, (rgb, _) in enumerate(pictures_of_tones(photograph.rgb, given.factors)):
            face = find_single_face(rgb)
            if isinstance(face, Face):
                tone = tone_of(rgb, face)
                # So that a kind of spot is not always at the same place.
                numbers = [_OF_A_ROUND * number + 10 * portrait + factor for number in given.rounds]
                new = list(_counts(replace(photograph, rgb=rgb), face, tone, numbers))
                counts += new
                print(path.stem, tone, f"{sum(count.detection for count in new)} of {len(new)} told", flush=True)
        rows = ",\n".join(json.dumps(asdict(count)) for count in counts)
        write_atomically(given.output, f"[{rows}]\n".encode())


if __name__ == "__main__":
    main()

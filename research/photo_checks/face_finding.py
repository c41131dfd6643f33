"""Faces found in altered portraits and none elsewhere: python -m research.photo_checks.face_finding [PORTRAIT...]

Each portrait is enlarged and reduced until its face is 60 to 2,000 px wide, turned by up to 30°, mirrored, coded,
darkened and brightened, and covered with a drawn hat, sunglasses, beard and mask; its head is turned by drawing the
picture again on an ellipsoid. Pupils are compared with those of the unchanged picture, moved like the picture. With
`--marked FILE`, lines of `name,x,y,x,y` with pupils marked by hand, they are compared with those, too. Without
portraits, pictures without a face are drawn and searched. Tables in Markdown are printed.
"""

import argparse
import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.decoding.photograph import Picture, read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import BACKENDS, FaceFinder, face_finder

__all__ = ["ALTERATIONS", "COVERS", "Alteration", "alter_picture", "empty_pictures", "main", "turn_head"]

Array = NDArray[np.float64]

WIDTH_OF_PUPILS = 2.2  # of a face, in pupil distances


@dataclass(frozen=True)
class Alteration:
    """What is done to a portrait, in this order.

    Parameters
    ----------
    mirrored : left and right are exchanged.
    face_px, longer_px : width of the face, or the longer side of the picture, afterwards.
    roll_deg : turn in the picture plane, anticlockwise as seen; the edge is repeated beyond the picture.
    light : factor on the coded levels.
    quality : of a JPEG that the picture is saved as.
    """

    mirrored: bool = False
    face_px: float | None = None
    longer_px: float | None = None
    roll_deg: float = 0.0
    light: float = 1.0
    quality: int | None = None


ALTERATIONS: Mapping[str, tuple[Alteration, ...]] = {
    "face 60 px wide": (Alteration(face_px=60),),
    "face 120 to 300 px wide": tuple(Alteration(face_px=px) for px in (120, 300)),
    "face 1,000 to 2,000 px wide": tuple(Alteration(face_px=px) for px in (1000, 2000)),
    "turned by 10°": tuple(Alteration(roll_deg=turn) for turn in (-10, 10)),
    "turned by 20°": tuple(Alteration(roll_deg=turn) for turn in (-20, 20)),
    "turned by 30°": tuple(Alteration(roll_deg=turn) for turn in (-30, 30)),
    "mirrored": (Alteration(mirrored=True),),
    "JPEG of quality 40": (Alteration(quality=40),),
    "darker and brighter": tuple(Alteration(light=light) for light in (0.6, 1.3)),
    "picture of 450 and 900 px, turned by 5° and 15°": (
        Alteration(longer_px=450, roll_deg=5),
        Alteration(longer_px=450, roll_deg=-15),
        Alteration(longer_px=900, roll_deg=-5),
        Alteration(longer_px=900, roll_deg=15),
    ),
    "face 120 px wide, turned by 30°": (Alteration(face_px=120, roll_deg=30),),
    "mirrored, turned by 15°, half the light, quality 40": (
        Alteration(mirrored=True, roll_deg=15, light=0.5, quality=40),
    ),
}


def alter_picture(rgb: Picture, pupils: Array, alteration: Alteration) -> tuple[Picture, Array]:
    """Return the altered picture, and where pairs of a right and a left pupil (n, 2, 2) are then."""
    picture, points = rgb, pupils
    if alteration.mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
        points = (points * (-1, 1) + (rgb.shape[1] - 1, 0))[:, ::-1]
    scale = 1.0
    if alteration.face_px is not None:
        scale = alteration.face_px / (WIDTH_OF_PUPILS * math.dist(*pupils[0]))
    if alteration.longer_px is not None:
        scale = alteration.longer_px / max(rgb.shape[:2])
    if scale != 1.0:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        before = picture.shape[1::-1]
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
        points = (points + 0.5) * np.array(picture.shape[1::-1]) / before - 0.5
    if alteration.roll_deg:
        height, width = picture.shape[:2]
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), alteration.roll_deg, 1.0)
        picture = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        points = points @ turn[:, :2].T + turn[:, 2]
    picture = np.clip(picture * alteration.light, 0, 255).astype(np.uint8)
    if alteration.quality is not None:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, alteration.quality])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return picture, points


def turn_head(rgb: Picture, pupils: Array, yaw_deg: float) -> tuple[Picture, Array]:
    """Return the picture with its head turned to a side, as an ellipsoid with a nose, and where the pupils are then.

    Lengths are in pupil distances around the point between the pupils: a head 1.25 to each side and 1.9 up and down
    around a point 0.45 below the eyes, 1.4 deep; a nose that stands out 0.35.
    """
    apart, middle = math.dist(*pupils), pupils.mean(axis=0)
    sin, cos = math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))

    def depth(x: Array, y: Array) -> Array:
        round_head = np.clip(1 - (x / 1.25) ** 2 - ((y - 0.45) / 1.9) ** 2, 0, 1)
        nose = 0.35 * np.exp(-0.5 * ((x / 0.16) ** 2 + ((y - 0.6) / 0.22) ** 2))
        return np.asarray(1.4 * np.sqrt(round_head) + nose)

    def turned(x: Array, y: Array) -> Array:
        return np.asarray(x * cos + (depth(x, y) - 1.4) * sin)

    height, width = rgb.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    x, y = (columns - middle[0]) / apart, (rows - middle[1]) / apart
    source = np.linspace(-1.25, 1.25, 501)
    from_x = x.copy()
    for row in range(height):
        # Of several points in one line of sight the nearest to the middle stays: the far side is hidden.
        seen = np.maximum.accumulate(turned(source, np.full_like(source, y[row, 0])))
        inside = (x[row] > seen[0]) & (x[row] < seen[-1])
        steps = seen + 1e-9 * np.arange(len(seen))
        from_x[row] = np.where(inside, np.interp(x[row], steps, source), x[row])
    picture = cv2.remap(
        rgb,
        (from_x * apart + middle[0]).astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    place = (pupils - middle) / apart
    moved = np.stack([turned(place[:, 0], place[:, 1]), place[:, 1]], axis=1)
    return picture, moved * apart + middle


def _painted(
    rgb: Picture, pupils: Array, outlines: list[list[tuple[float, float]]], colour: tuple[int, ...]
) -> Picture:
    """Return the picture with outlines filled, in pupil distances from between the eyes, and a little texture."""
    across = pupils[1] - pupils[0]
    down = np.array([-across[1], across[0]])
    mask = np.zeros(rgb.shape[:2], np.uint8)
    for outline in outlines:
        x, y = np.array(outline).T
        points = pupils.mean(axis=0) + x[:, None] * across + y[:, None] * down
        cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)
    share = cv2.GaussianBlur(mask, (0, 0), 0.01 * math.dist(*pupils)).astype(np.float64)[..., None] / 255
    cloth = np.array(colour) + np.random.default_rng(3).normal(0, 6, rgb.shape[:2])[..., None]
    return np.asarray(np.clip(rgb * (1 - share) + cloth * share, 0, 255).astype(np.uint8))


def _ring(x: float, y: float, half_x: float, half_y: float) -> list[tuple[float, float]]:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return [(x + half_x * math.cos(a), y + half_y * math.sin(a)) for a in angle]


def _both(outline: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    return [outline, [(-x, y) for x, y in outline]]


_HAT = [(-1.5, -0.62), (1.5, -0.62), (1.3, -0.8), (1.0, -2.2), (-1.0, -2.2), (-1.3, -0.8)]
_MASK = [(-1.05, 0.35), (0.0, 0.22), (1.05, 0.35), (0.95, 1.2), (0.45, 1.95), (-0.45, 1.95), (-0.95, 1.2)]
_BEARD = [
    (-1.1, 0.5),
    (-0.8, 0.95),
    (-0.35, 0.8),
    (0.35, 0.8),
    (0.8, 0.95),
    (1.1, 0.5),
    (0.9, 1.5),
    (0.0, 2.2),
    (-0.9, 1.5),
]
# What a face is covered with.
COVERS: Mapping[str, Callable[[Picture, Array], Picture]] = {
    "hat to the brows": lambda rgb, pupils: _painted(rgb, pupils, [_HAT], (40, 45, 70)),
    "beard": lambda rgb, pupils: _painted(rgb, pupils, [_BEARD], (45, 38, 34)),
    "mask over nose and mouth": lambda rgb, pupils: _painted(rgb, pupils, [_MASK], (150, 190, 215)),
    "sunglasses": lambda rgb, pupils: _painted(
        rgb,
        pupils,
        [*_both(_ring(0.5, 0.02, 0.4, 0.28)), [(-0.2, -0.1), (0.2, -0.1), (0.2, 0.0), (-0.2, 0.0)]],
        (15, 15, 18),
    ),
}


def empty_pictures() -> Iterator[tuple[str, Picture]]:
    """Yield drawn pictures without a face, with what each shows."""
    rng = np.random.default_rng(7)
    size = 480
    rows, columns = np.mgrid[:size, :size].astype(np.float64)

    def soft(sigma: float) -> Array:
        noise = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), sigma)
        return np.asarray((noise - noise.mean()) / noise.std())

    def coloured(field: Array, colour: tuple[int, ...], contrast: float) -> Picture:
        return np.clip(np.array(colour) * (1 + contrast * field[..., None]), 0, 255).astype(np.uint8)

    skins = {"light": (222, 180, 155), "brown": (150, 105, 80), "dark": (85, 58, 46)}
    for name, colour in skins.items():
        yield f"plain {name} skin", coloured(0 * rows, colour, 0)
        for sigma in (2, 8, 25, 60):
            yield f"mottled {name} skin", coloured(soft(sigma), colour, 0.12)
        yield f"a hand, {name}", _drawn_hand(colour, rng)
        yield f"marks on {name} skin", _discs(colour, rng)
    yield "white", np.full((size, size, 3), 255, np.uint8)
    yield "black", np.zeros((size, size, 3), np.uint8)
    yield "noise", rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
    for angle in (0.0, 0.6, 1.2):
        wave = np.sin((columns * math.cos(angle) + rows * math.sin(angle)) / 9)
        yield "stripes", coloured(wave, (160, 150, 130), 0.4)
        yield "wood", coloured(np.sin(columns / 14 + 3 * soft(40)), (150, 105, 65), 0.25)
        yield "a gradient", coloured(np.cos(angle) * columns / size - 0.5, (170, 160, 150), 0.5)
    for px in (20, 40, 80):
        yield "a checked cloth", coloured(np.sign(np.sin(columns / px * 3) * np.sin(rows / px * 3)), (150, 60, 60), 0.4)
        yield "bricks", _bricks(px)
        yield "a page of print", _print_page(px / 40, rng)
        yield "leaves", _leaves(px, rng)
        yield (
            "coloured fields",
            np.kron(rng.integers(0, 256, (size // px, size // px, 3)), np.ones((px, px, 1))).astype(np.uint8),
        )
    for k in range(3):
        yield "a clock", _clock(k)
        yield "a mug", _mug(k)
        yield "a socket", _socket(k)
        yield "a car from the front", _car(k)


def _canvas(colour: tuple[int, ...]) -> Picture:
    noise = np.random.default_rng(5).normal(0, 4, (480, 480, 1))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


def _drawn_hand(colour: tuple[int, ...], rng: np.random.Generator) -> Picture:
    picture = _canvas((120, 125, 135))
    cv2.ellipse(picture, (240, 320), (95, 110), 0, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)
    for k, x in enumerate((170, 215, 265, 310)):
        top = 90 + 25 * abs(k - 1)
        cv2.line(picture, (x, 280), (x + 12 * (k - 1), top), colour, 42, cv2.LINE_AA)
        nail = tuple(min(int(1.15 * value), 255) for value in colour)
        cv2.ellipse(picture, (x + 12 * (k - 1), top), (12, 16), 0, 0, 360, nail, cv2.FILLED, cv2.LINE_AA)
    cv2.line(picture, (160, 350), (90, 260), colour, 46, cv2.LINE_AA)
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def _discs(colour: tuple[int, ...], rng: np.random.Generator) -> Picture:
    picture = np.full((480, 480, 3), colour, np.uint8)
    dark = tuple(int(0.55 * value) for value in colour)
    for x, y, radius in zip(*rng.integers(20, 460, (2, 25)), rng.integers(4, 22, 25), strict=True):
        cv2.circle(picture, (int(x), int(y)), int(radius), dark, cv2.FILLED, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8)


def _bricks(px: int) -> Picture:
    picture = _canvas((200, 195, 185))
    for row, y in enumerate(range(0, 480, px)):
        for x in range(-px, 480, 2 * px):
            left = x + (px if row % 2 else 0)
            cv2.rectangle(picture, (left + 2, y + 2), (left + 2 * px - 4, y + px - 4), (150, 70, 55), cv2.FILLED)
    return picture


def _print_page(scale: float, rng: np.random.Generator) -> Picture:
    picture = _canvas((245, 244, 238))
    for y in range(30, 480, int(40 * scale)):
        text = "".join(rng.choice(list("abcdeghmnorstuw   "), 60))
        cv2.putText(picture, text, (10, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (30, 30, 30), 1, cv2.LINE_AA)
    return picture


def _leaves(px: int, rng: np.random.Generator) -> Picture:
    picture = _canvas((60, 80, 40))
    for _ in range(120):
        x, y, green = (int(value) for value in rng.integers((0, 0, 70), (480, 480, 200)))
        axes = px // 2, px // 5
        cv2.ellipse(picture, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, (green // 2, green, 30), cv2.FILLED)
    return picture


def _clock(k: int) -> Picture:
    picture = _canvas((190, 200, 205))
    cv2.circle(picture, (240, 240), 170, (250, 250, 245), cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, (240, 240), 170, (40, 40, 40), 8, cv2.LINE_AA)
    for hour in range(12):
        angle = math.radians(30 * hour)
        x, y = 240 + 140 * math.sin(angle), 240 - 140 * math.cos(angle)
        cv2.circle(picture, (round(x), round(y)), 8, (30, 30, 30), cv2.FILLED, cv2.LINE_AA)
    for length, angle in ((80, 1.0 + k), (120, 2.5 + 2 * k)):
        end = round(240 + length * math.sin(angle)), round(240 - length * math.cos(angle))
        cv2.line(picture, (240, 240), end, (20, 20, 20), 9, cv2.LINE_AA)
    return picture


def _mug(k: int) -> Picture:
    picture = _canvas((175, 160, 140))
    cv2.circle(picture, (330, 260), 70, (200, 60 + 60 * k, 60), 22, cv2.LINE_AA)
    cv2.rectangle(picture, (130, 150), (320, 390), (210, 70 + 60 * k, 70), cv2.FILLED)
    cv2.ellipse(picture, (225, 150), (95, 28), 0, 0, 360, (60, 35, 25), cv2.FILLED, cv2.LINE_AA)
    return picture


def _socket(k: int) -> Picture:
    picture = _canvas((205, 205, 200))
    cv2.rectangle(picture, (110, 110), (370, 370), (248, 248, 246), cv2.FILLED)
    cv2.circle(picture, (240, 240), 100, (225, 225, 222), cv2.FILLED, cv2.LINE_AA)
    for x in (200, 280):
        cv2.circle(picture, (x, 240), 14 + 2 * k, (25, 25, 25), cv2.FILLED, cv2.LINE_AA)
    return picture


def _car(k: int) -> Picture:
    picture = _canvas((150, 165, 180))
    body = (170 - 50 * k, 30 + 40 * k, 40)
    cv2.rectangle(picture, (100, 200), (380, 360), body, cv2.FILLED)
    cv2.fillPoly(picture, [np.array([(140, 200), (180, 120), (300, 120), (340, 200)])], (60, 75, 90))
    for x in (145, 335):
        cv2.circle(picture, (x, 260), 28, (250, 245, 220), cv2.FILLED, cv2.LINE_AA)
        cv2.rectangle(picture, (x - 25, 350), (x + 25, 410), (25, 25, 25), cv2.FILLED)
    cv2.rectangle(picture, (190, 290), (290, 320), (30, 30, 30), cv2.FILLED)
    return picture


@dataclass
class _Row:
    """What one finder did on one kind of picture."""

    pictures: int = 0
    alone: int = 0  # pictures in which exactly one face was found
    off: tuple[float, ...] = ()  # the worse pupil of each, in shares of their distance

    def add(self, faces: list[Face], pupils: Array) -> None:
        """Count a picture, and how far the worse pupil is off."""
        self.pictures += 1
        if len(faces) != 1:
            return
        self.alone += 1
        found = np.array([faces[0].right_pupil, faces[0].left_pupil])
        self.off += (float(np.hypot(*(found - pupils).T).max() / math.dist(*pupils)),)

    def __str__(self) -> str:
        if not self.off:
            return f"{self.alone} of {self.pictures} | |"
        near = sum(off <= 0.03 for off in self.off)
        return (
            f"{self.alone} of {self.pictures} | {near} | {100 * np.median(self.off):.1f} %, {100 * max(self.off):.1f} %"
        )


def _altered(rgb: Picture, pupils: Array) -> Iterator[tuple[str, Picture, Array]]:
    """Yield every altered picture with its kind and its pairs of pupils (n, 2, 2), the first of which is the face's."""
    yield "unchanged", rgb, pupils
    for kind, alterations in ALTERATIONS.items():
        for alteration in alterations:
            yield kind, *alter_picture(rgb, pupils, alteration)
    for yaw in (-25.0, -15.0, 15.0, 25.0):
        picture, moved = turn_head(rgb, pupils[0], yaw)
        yield f"head turned to a side by {abs(yaw):.0f}°", picture, moved[None]
    for kind, cover in COVERS.items():
        yield kind, cover(rgb, pupils[0]), pupils[:1]


def _portrait_table(finder: FaceFinder, files: list[Path], marked: Mapping[str, Array]) -> None:
    """Print what a finder does on altered portraits, and on two of them side by side."""
    table: dict[str, _Row] = {}
    against_marks = _Row()
    portraits = [read_photograph(file).rgb for file in files]
    for file, rgb in zip(files, portraits, strict=True):
        (reference,) = finder(rgb)
        pupils = np.array([[reference.right_pupil, reference.left_pupil]])
        if file.name in marked:
            pupils = np.concatenate([pupils, marked[file.name][None]])
        for kind, picture, pairs in _altered(rgb, pupils):
            faces = finder(picture)
            table.setdefault(kind, _Row()).add(faces, pairs[0])
            if len(pairs) > 1:
                against_marks.add(faces, pairs[1])
    for one, other in pairwise([*portraits, portraits[0]]):
        table.setdefault("two faces", _Row()).add(finder(np.concatenate([one, other], axis=1)), pupils[0])
    print("| | one face | within 3 % | median, worst |\n|---|---|---|---|")
    for kind, row in table.items():
        print(f"| {kind} | {row} |")
    print(f"| the upper ones, against pupils marked by hand | {against_marks} |")


def main(arguments: list[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portraits", type=Path, nargs="*")
    parser.add_argument("--backend", choices=sorted(BACKENDS))
    parser.add_argument("--marked", type=Path)
    given = parser.parse_args(arguments)
    finder = face_finder() if given.backend is None else BACKENDS[given.backend]
    if given.portraits:
        marked: dict[str, Array] = {}
        if given.marked is not None:
            with given.marked.open(encoding="utf-8") as file:
                marked = {name: np.array(places, np.float64).reshape(2, 2) for name, *places in csv.reader(file)}
        _portrait_table(finder, given.portraits, marked)
        return
    pictures = list(empty_pictures())
    kinds = [kind for kind, picture in pictures if finder(picture)]
    print(f"a face in {len(kinds)} of {len(pictures)} pictures without one: {', '.join(kinds) or 'none'}")


if __name__ == "__main__":
    main()

"""How often another copy repeats a reported mark: python -m research.photo_checks.repeated_marks FOLDER

Every picture of a folder is stored again at JPEG quality 95 and 40, made smaller, mirrored, turned, exposed half a stop
less and more, and smoothed as a beauty filter does; the place of each reported mark is then looked up among the marks
reported of the copy. A roundish mark comes back where a mark of its kind lies within half of its width and 1.5 mm, a
line where half of its length lies within 1.5 mm of lines of its kind, a patch where its region is reported again. With
`--pairs` each copy is compared with its original as a later photograph would be. Tables in Markdown are printed.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.comparison.change import compare_photographs
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture, read_photograph
from skinbeam.photo.findings.mark import Mark

__all__ = ["VARIANTS", "PlacedMark", "is_found_again", "main", "placed_marks", "vary"]

Array = NDArray[np.float64]

_NEAR_MM = 1.5
_LINES = ("vessels", "fine-lines")
_PATCHES = ("redness", "diffuse-pigment")
_GROUPS = {"roundish": ("spots", "unclassified-spots", "inflamed", "scars", "dark-spots"), "lines": _LINES}


@dataclass(frozen=True)
class PlacedMark:
    """A reported mark: its points (n, 2) in pixels of the picture (its middle where roundish), and its width in mm."""

    kind: str
    region: str
    points: Array
    width_mm: float


def _stored(rgb: Picture, quality: int) -> Picture:
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return np.asarray(decoded[..., ::-1], np.uint8).copy()


def _moved(rgb: Picture, at: Array, quality: int = 95) -> Picture:
    height, width = rgb.shape[:2]
    smaller = np.hypot(*at[:, 0]) < 1
    size = (round(width * np.hypot(*at[:, 0])), round(height * np.hypot(*at[:, 0]))) if smaller else (width, height)
    if smaller and at[0, 1] == 0:
        return _stored(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), quality)
    moved = cv2.warpAffine(rgb, at, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _stored(np.asarray(moved, np.uint8), quality)


def _scaling(share: float) -> Array:
    return np.array([[share, 0.0, 0.5 * share - 0.5], [0.0, share, 0.5 * share - 0.5]])


def _exposed(rgb: Picture, stops: float) -> Picture:
    light = np.clip(srgb_to_linear(rgb) * 2.0**stops, 0, 1)
    return _stored(np.round(255 * linear_to_srgb(light)).astype(np.uint8), 95)


def _beautified(rgb: Picture) -> Picture:
    return _stored(np.asarray(cv2.bilateralFilter(rgb, 0, 25, 4), np.uint8), 95)


Moved = tuple[Picture, Array]  # a copy, and the matrix (2, 3) from pixels of the original to its pixels
_STILL = np.eye(2, 3)


def _same(change: Callable[[Picture], Picture]) -> Callable[[Picture], Moved]:
    return lambda rgb: (change(rgb), _STILL)


def _sized(share: Callable[[Picture], float]) -> Callable[[Picture], Moved]:
    def change(rgb: Picture) -> Moved:
        at = _scaling(share(rgb))
        return _moved(rgb, at), at

    return change


def _turned(degrees: float) -> Callable[[Picture], Moved]:
    def change(rgb: Picture) -> Moved:
        height, width = rgb.shape[:2]
        at = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
        return _moved(rgb, at), at

    return change


def _mirrored(rgb: Picture) -> Moved:
    at = np.array([[-1.0, 0.0, rgb.shape[1] - 1.0], [0.0, 1.0, 0.0]])
    return _stored(np.ascontiguousarray(rgb[:, ::-1]), 95), at


VARIANTS: dict[str, Callable[[Picture], Moved]] = {
    "quality 95": _same(lambda rgb: _stored(rgb, 95)),
    "quality 40": _same(lambda rgb: _stored(rgb, 40)),
    "900 px": _sized(lambda rgb: 900 / max(rgb.shape)),
    "75 %": _sized(lambda _: 0.75),
    "60 %": _sized(lambda _: 0.6),
    "half a stop less": _same(lambda rgb: _exposed(rgb, -0.5)),
    "half a stop more": _same(lambda rgb: _exposed(rgb, 0.5)),
    "turned by 2°": _turned(2.0),
    "turned by −3°": _turned(-3.0),
    "mirrored": _mirrored,
    "beauty filter": _same(_beautified),
}


def vary(photograph: DecodedPhotograph, name: str) -> tuple[DecodedPhotograph, Array]:
    """Return a copy of a photograph, and the matrix (2, 3) from pixels of the original to pixels of the copy."""
    rgb, at = VARIANTS[name](photograph.rgb)
    return replace(photograph, rgb=rgb, sha256=f"{photograph.sha256}-{name}"), at


def placed_marks(skin: SkinAnalysis) -> list[PlacedMark]:
    """Return the reported marks of a photograph."""
    return [_placed(mark, skin) for mark in skin.marks]


def _placed(mark: Mark, skin: SkinAnalysis) -> PlacedMark:
    if mark.line is not None:
        points, width = mark.line, 0.0
    else:
        rows, columns = np.nonzero(mark.cover > 0.5)
        points, width = np.array([[columns.mean(), rows.mean()]]) + mark.origin, mark.size_mm.median
    return PlacedMark(mark.kind, mark.region, skin.view.to_picture(points), width)


def is_found_again(
    mark: PlacedMark, at: Array, copied: Sequence[PlacedMark], mm_per_px: float, *, any_kind: bool
) -> bool:
    """Whether a mark is reported on a copy, too; `at` is the matrix to its pixels, `mm_per_px` that of the copy."""
    group = next((kinds for kinds in _GROUPS.values() if mark.kind in kinds), (mark.kind,))
    alike = [copy for copy in copied if copy.kind == mark.kind or (any_kind and copy.kind in group)]
    if mark.kind in _PATCHES:
        side = at[0, 0] < 0
        swap = {"-right": "-left", "-left": "-right"}
        wanted = next((mark.region.replace(a, b) for a, b in swap.items() if side and a in mark.region), mark.region)
        return any(copy.region == wanted for copy in alike)
    if not alike:
        return False
    there = mark.points @ at[:, :2].T + at[:, 2]
    points = np.concatenate([copy.points for copy in alike])
    away = np.linalg.norm(there[:, None] - points, axis=2).min(axis=1) * mm_per_px
    return bool(np.mean(away <= _NEAR_MM + mark.width_mm / 2) >= 0.5)


def _rows(photograph: DecodedPhotograph, *, pairs: bool) -> Iterator[tuple[str, str, bool, bool, str]]:
    """Yield variant, group of marks, whether a mark comes back in its kind and in any of its group, and its kind."""
    analysis = analyse_photograph(photograph)
    if isinstance(analysis.skin, Unknown):
        return
    marks = placed_marks(analysis.skin)
    for name in VARIANTS:
        copy, at = vary(photograph, name)
        again = analyse_photograph(copy)
        if isinstance(again.skin, Unknown) or isinstance(again.skin.scale_mm_per_px, Unknown):
            print(f"  {name}: {again.skin.reason if isinstance(again.skin, Unknown) else 'no scale'}")
            copied, mm = [], 1.0
        else:
            copied, mm = placed_marks(again.skin), again.skin.scale_mm_per_px.median
        for mark in marks:
            group = next((title for title, kinds in _GROUPS.items() if mark.kind in kinds), "patches")
            same, other = (is_found_again(mark, at, copied, mm, any_kind=either) for either in (False, True))
            yield name, group, same, other, mark.kind
        counts = {g: (sum(m.kind in k for m in marks), sum(m.kind in k for m in copied)) for g, k in _GROUPS.items()}
        print(f"  {name}: " + ", ".join(f"{g} {a} -> {b}" for g, (a, b) in counts.items()), flush=True)
        if pairs:
            change = compare_photographs(analysis, again)
            if isinstance(change, Unknown):
                print(f"    pair: {change.reason}")
            else:
                reported = [
                    f"{finding.kind} {finding.region} {finding.direction}"
                    for finding in change.findings
                    if finding.direction != "not-told"
                ]
                print(f"    pair: {len(reported)} of {len(change.findings)} told: {'; '.join(reported)}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of pictures with one face each")
    parser.add_argument("--pairs", action="store_true", help="compare each copy with its original, too")
    given = parser.parse_args(arguments)
    rows: list[tuple[str, str, bool, bool, str]] = []
    for file in sorted(given.folder.glob("*.jpg")):
        print(file.name, flush=True)
        rows += _rows(read_photograph(file), pairs=given.pairs)
    groups = list(dict.fromkeys(row[1] for row in rows))
    print("| copy | " + " | ".join(groups) + " |\n|---" + "|---" * len(groups) + "|")
    for name in VARIANTS:
        cells = []
        for group in groups:
            own = [row for row in rows if row[:2] == (name, group)]
            cells.append(f"{sum(row[2] for row in own)} ({sum(row[3] for row in own)}) of {len(own)}")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()

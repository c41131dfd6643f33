"""Redness reported for flushed and shaded portraits: python -m research.photo_checks.redness_reading TONE=PORTRAIT...

Cheeks are flushed in measured colours of blood on skin of the portrait's tone (`mark_colours.json`), with soft edges.
Shade falls over the whole face from four sides, grey, warm and cold, up to 0.6 in density from one side to the other,
and into both eye sockets and beside the nose. Areas that are reported on the plain portrait do not count in either
table; they are listed, to be looked at. Tables in Markdown are printed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from research.photo_checks.mark_colours import MeasuredMark, load_mark_colours
from research.photo_checks.skin_pictures import face_points, read_small
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.colour import linear_to_srgb, srgb_to_linear
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.photo.face.face import Face

__all__ = ["SHADES", "flush_areas", "main", "red_regions", "shade_areas"]

Array = NDArray[np.float64]

_CHEEKS = ("cheek-right", "cheek-left")
_FLUSH = (0.15, 0.3, 0.45)  # green density of blood
_COLOURS = 6  # of blood, for each portrait and density
# Red, green and blue density of shade: of a neutral picture, lit by skin or a warm wall, lit by the sky.
SHADES = {"grey": (1.0, 1.0, 1.0), "warm": (0.7, 1.0, 1.3), "cold": (1.0, 1.0, 0.85)}
_SIDES = ("right", "left", "above", "below")
_DEEP = 0.6
_HOLLOWS = ((-0.5, 0.05), (0.5, 0.05), (-0.32, 0.5), (0.32, 0.5))  # eyes and beside the nose, in pupil distances


def red_regions(photograph: DecodedPhotograph, face: Face, linear: Array) -> set[str] | None:
    """Return the regions reported as red of a photograph with this light, or None where redness cannot be read."""
    rgb = np.round(255 * linear_to_srgb(np.clip(linear, 0, 1))).astype(np.uint8)
    skin = analyse_photograph(replace(photograph, rgb=rgb), points=face_points(face)).skin
    if isinstance(skin, Unknown) or isinstance(skin.maps, Unknown):
        return None
    return {mark.region for mark in skin.marks if mark.kind == "redness"}


def _spots(skin: SkinAnalysis, shape: tuple[int, ...], places: Sequence[tuple[float, float]], radius: float) -> Array:
    """Return soft discs (height, width) of a radius in pupil distances at places of the face template."""
    assert skin.face is not None
    pupil_px = skin.view.place.pupil_px / skin.view.scale
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    centres = skin.face.template_to_pixels(np.array(places))
    away = np.min([np.hypot(xx - x, yy - y) for x, y in centres], axis=0) / pupil_px
    return np.asarray(np.clip((radius - away) / (radius / 3), 0, 1))


def flush_areas(photograph: DecodedPhotograph, colours: Sequence[MeasuredMark]) -> Iterator[tuple[float, bool]]:
    """Yield the green density of a flush and whether it is reported, for both cheeks in several colours."""
    plain, linear = analyse_photograph(photograph).skin, srgb_to_linear(photograph.rgb)
    if isinstance(plain, Unknown) or plain.face is None:
        return
    if (before := red_regions(photograph, plain.face, linear)) is None:
        return
    cheeks = [name for name in _CHEEKS if name in plain.regions.masks and name not in before]
    reds = [colour for colour in colours if colour.kind == "red"]
    for name, green, k in product(cheeks, _FLUSH, np.linspace(0, len(reds) - 1, _COLOURS).astype(int)):
        mask = plain.regions.masks[name]
        rows, columns = np.nonzero(mask)
        at = plain.view.to_picture(np.array([[columns.mean(), rows.mean()]]))
        cover = _disc_at(plain, linear.shape, at[0])
        regions = red_regions(photograph, plain.face, linear * np.exp(-cover[..., None] * reds[k].darker(green)))
        yield green, regions is not None and name in regions


def _disc_at(skin: SkinAnalysis, shape: tuple[int, ...], centre: Array) -> Array:
    pupil_px = skin.view.place.pupil_px / skin.view.scale
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot(xx - centre[0], yy - centre[1]) / pupil_px
    return np.asarray(np.clip((0.5 - away) / 0.15, 0, 1))


def shade_areas(photograph: DecodedPhotograph) -> Iterator[tuple[str, int, int]]:
    """Yield the name of a shade, the regions reported as red by it, and all regions that were read."""
    plain, linear = analyse_photograph(photograph).skin, srgb_to_linear(photograph.rgb)
    if isinstance(plain, Unknown) or plain.face is None:
        return
    if (before := red_regions(photograph, plain.face, linear)) is None:
        return
    height, width = linear.shape[:2]
    pupil_px = plain.view.place.pupil_px / plain.view.scale
    x, y = plain.face.template_to_pixels(np.array([[0.0, 0.4]]))[0]
    across = np.clip((np.arange(width) - x) / (2 * pupil_px), -0.5, 0.5)[None, :] + np.zeros((height, 1))
    down = np.clip((np.arange(height) - y) / (2 * pupil_px), -0.5, 0.5)[:, None] + np.zeros((1, width))
    fields = dict(zip(_SIDES, (0.5 - across, 0.5 + across, 0.5 - down, 0.5 + down), strict=True))
    hollow = cv2.GaussianBlur(_spots(plain, linear.shape, _HOLLOWS, 0.22), (0, 0), 0.06 * pupil_px)
    for (place, field), (name, shade) in product({**fields, "hollows": hollow}.items(), SHADES.items()):
        regions = red_regions(photograph, plain.face, linear * np.exp(-_DEEP * field[..., None] * np.asarray(shade)))
        if regions is not None:
            yield f"{place}, {name}", len(regions - before), len(plain.regions.masks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="+", help="TONE=FILE: the tone of the skin of each is told by eye")
    given = parser.parse_args(arguments)
    print("| portrait | told as it is | " + " | ".join(f"flush of {green:g}" for green in _FLUSH) + " | shaded areas |")
    print("|---" * (len(_FLUSH) + 3) + "|")
    for pair in given.portraits:
        tone, file = pair.split("=", 1)
        photograph = read_small(Path(file))
        own = [colour for colour in load_mark_colours() if colour.tone == tone]
        flushed = list(flush_areas(photograph, own))
        shaded = list(shade_areas(photograph))
        cells = []
        for green in _FLUSH:
            reported = [is_told for density, is_told in flushed if density == green]
            cells.append(f"{sum(reported)} of {len(reported)}")
        wrong, whole = sum(wrongly for _, wrongly, _ in shaded), sum(number for _, _, number in shaded)
        skin = analyse_photograph(photograph).skin
        marks = () if isinstance(skin, Unknown) else skin.marks
        plain = ", ".join(sorted(mark.region for mark in marks if mark.kind == "redness")) or "none"
        print(f"| {Path(file).stem}, {tone} | {plain} | " + " | ".join(cells) + f" | {wrong} of {whole} |", flush=True)
        print("  ", [(name, number) for name, number, _ in shaded if number], flush=True)


if __name__ == "__main__":
    main()

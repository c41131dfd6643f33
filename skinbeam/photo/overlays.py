"""Draw pictures for the report as PNG: outlines of regions, marks with a legend, and pigment maps with a scale."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.conditions import known_sites
from skinbeam.model.document import write_atomically
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.view import fill_outline
from skinbeam.text import render_message

__all__ = [
    "MAP_FILES",
    "SCALE_PX",
    "WIDTH_PX",
    "draw_length_bar",
    "draw_marks",
    "write_label",
    "write_overlays",
    "write_png",
]

RgbColour = tuple[int, int, int]

# Kinds also differ in shape: spots are circles, patches outlines, vessels and folds lines.
_COLOURS: Mapping[str, RgbColour] = {
    "diffuse-pigment": (150, 90, 0),
    "redness": (255, 120, 180),
    "fine-lines": (255, 255, 255),
    "vessels": (0, 70, 255),
    "scars": (150, 60, 220),
    "inflamed": (230, 0, 60),
    "unclassified-spots": (170, 170, 0),
    "spots": (255, 120, 0),
    "dark-spots": (255, 235, 0),
}
_REFERRAL_COLOUR: RgbColour = (20, 20, 20)  # the second circle around a spot that a doctor must see
_ROW_PX, _SIGN_PX = 26, 40
_LETTERS = 0.55  # font scale: letters 12 px high


def draw_marks(picture: Picture, marks: Sequence[Mark], origin: tuple[int, int], zoom: float) -> Picture:
    """Draw marks on a picture, with a legend of their kinds below it.

    Parameters
    ----------
    picture : the view from `origin` on, enlarged `zoom` times.
    """
    drawn = picture.copy()
    for kind, colour in _COLOURS.items():
        for mark in marks:
            if mark.kind == kind:
                _draw_mark(drawn, mark, colour, np.array(origin), zoom)
    kinds = [kind for kind in _COLOURS if any(mark.kind == kind for mark in marks)]
    return np.vstack(
        [drawn, _draw_mark_legend(drawn.shape[1], kinds, is_seen=any(mark.needs_examination for mark in marks))]
    )


def _draw_mark(drawn: Picture, mark: Mark, colour: RgbColour, origin: NDArray[np.int_], zoom: float) -> None:
    corner = np.array(mark.origin)
    if mark.line is not None:
        along = np.round((mark.line + 0.5 - origin) * zoom).astype(np.int32)
        cv2.polylines(drawn, [along], False, _REFERRAL_COLOUR, 4, cv2.LINE_AA)
        cv2.polylines(drawn, [along], False, colour, 2, cv2.LINE_AA)
        return
    contours, _ = cv2.findContours((mark.cover > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        if mark.kind in ("redness", "diffuse-pigment"):
            outline = np.round((contour.reshape(-1, 2) + corner + 0.5 - origin) * zoom).astype(np.int32)
            cv2.polylines(drawn, [outline], True, colour, 2, cv2.LINE_AA)
            continue
        centre, radius = cv2.minEnclosingCircle(contour)
        x, y = ((np.array(centre) + corner + 0.5 - origin) * zoom).round().astype(int).tolist()
        around = round((radius + 1.5) * zoom)
        cv2.circle(drawn, (x, y), around, colour, 2, cv2.LINE_AA)
        if mark.needs_examination:
            cv2.circle(drawn, (x, y), around + 5, _REFERRAL_COLOUR, 2, cv2.LINE_AA)


def _draw_mark_legend(width: int, kinds: Sequence[str], *, is_seen: bool) -> Picture:
    """Return a legend with a symbol and a name for each kind, two per row; it says so when there are no marks."""
    names = [(_COLOURS[kind], render_message(f"finding-kind.{kind}"), kind) for kind in kinds]
    if is_seen:
        names.append((_REFERRAL_COLOUR, render_message("finding-kind.to-be-seen"), "to-be-seen"))
    rows = max(1, (len(names) + 1) // 2)
    legend = np.full((rows * _ROW_PX + 12, width, 3), 225, np.uint8)
    if not names:
        _write_name(legend, render_message("finding-kind.none"), 8, 6 + _ROW_PX // 2)
    for number, (colour, name, kind) in enumerate(names):
        x, y = 8 + (number % 2) * width // 2, 6 + number // 2 * _ROW_PX + _ROW_PX // 2
        middle = (x + _SIGN_PX // 2, y)
        if kind in ("vessels", "fine-lines"):
            cv2.line(legend, (x + 4, y), (x + _SIGN_PX - 4, y), _REFERRAL_COLOUR, 4, cv2.LINE_AA)
            cv2.line(legend, (x + 4, y), (x + _SIGN_PX - 4, y), colour, 2, cv2.LINE_AA)
        elif kind in ("redness", "diffuse-pigment"):
            cv2.rectangle(legend, (x + 6, y - 8), (x + _SIGN_PX - 6, y + 8), colour, 2)
        else:
            cv2.circle(legend, middle, 8, colour, 2, cv2.LINE_AA)
        _write_name(legend, name, x + _SIGN_PX + 6, y)
    return legend


def _write_name(image: Picture, name: str, x: int, y: int) -> None:
    (_, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    cv2.putText(image, name, (x, y + height // 2), cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, _REFERRAL_COLOUR, 1, cv2.LINE_AA)


# Writing of the overlays as PNG without metadata.

MAP_FILES: Mapping[str, str] = {
    "regions": "regions.png",
    "marks": "marks.png",
    "melanin": "melanin.png",
    "haemoglobin": "haemoglobin.png",
}

WIDTH_PX = 720  # width of a written picture: small faces are enlarged so that lines are finer than the marks
SCALE_PX = 24
_SHARES = (0.3, 3.3)  # ends of the scale relative to the face's pigment: fixed, so that pictures can be compared
_TICKS = (0.5, 1, 2)
_LENGTH_mm = 20.0
_OUTLINE = (0, 150, 90)


def write_overlays(folder: Path, skin: SkinAnalysis) -> dict[str, str]:
    """Write the overlays into `folder` and return name → file; without maps of pigment only outlines and marks."""
    seen, regions = skin.view, skin.regions
    x0, y0, x1, y1 = seen.place.report_box
    zoom = WIDTH_PX / (x1 - x0)
    size = WIDTH_PX, round((y1 - y0) * zoom)

    def enlarge(image: Picture) -> Picture:
        return np.asarray(cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_CUBIC), np.uint8)

    picture = enlarge(seen.rgb)
    outlined = picture.copy()
    outlines = {region: (points + 0.5 - (x0, y0)) * zoom for region, points in regions.polygons.items()}
    for points in outlines.values():
        _draw_outline(outlined, points, _OUTLINE)
    for region, points in outlines.items():
        title = known_sites()[REGION_SITES.get(region, region)].title.lower()
        write_label(outlined, title, _label_position(points, outlined.shape[:2]))
    written = {"regions": outlined, "marks": draw_marks(picture, skin.marks, (x0, y0), zoom)}
    if not isinstance(skin.maps, Unknown):
        level = skin.maps.level
        pale = enlarge(cv2.cvtColor(cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
        readable = (regions.skin & skin.maps.valid)[y0:y1, x0:x1].astype(np.uint8)
        over = cv2.resize(readable, size, interpolation=cv2.INTER_NEAREST).astype(bool)
        scale = skin.scale_mm_per_px
        mm_px = scale.scaled(1 / (seen.scale * zoom)) if isinstance(scale, Estimate) else None
        shares = {"melanin": skin.maps.melanin / level.melanin, "haemoglobin": skin.maps.blood / level.blood}
        for name, share in shares.items():
            colours = cv2.applyColorMap(_colour_steps(share), cv2.COLORMAP_VIRIDIS)[..., ::-1]
            drawn = np.where(over[..., None], enlarge(np.ascontiguousarray(colours)), pale)
            draw_length_bar(drawn, mm_px)
            written[name] = np.vstack([drawn, _colour_scale(size[0], name)])
        draw_length_bar(outlined, mm_px)
    for name, image in written.items():
        write_png(folder / MAP_FILES[name], image)
    return {name: MAP_FILES[name] for name in written}


def write_png(path: Path, image: Picture) -> None:
    """Write a picture as PNG without metadata."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    write_atomically(path, data.tobytes())


def _colour_steps(share: NDArray[np.float64]) -> Picture:
    """Return the colour level (0 to 255) of each share of the face's pigment, logarithmic over `_SHARES`."""
    low, high = np.log(_SHARES)
    level = np.clip((np.log(np.maximum(share, _SHARES[0])) - low) / (high - low), 0, 1)
    return np.asarray(np.round(255 * level), np.uint8)


def _colour_scale(width: int, name: str) -> Picture:
    """Return a colour bar for a map, labelled with shares of the pigment of this face."""
    shares = np.geomspace(_SHARES[0], _SHARES[1], width)
    steps = np.tile(_colour_steps(shares), (SCALE_PX, 1))
    gap = np.full((SCALE_PX // 2, width, 3), 255, np.uint8)
    bar = np.ascontiguousarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[..., ::-1])
    for share in _TICKS:
        write_label(bar, f"{share:g}", (int(np.searchsorted(shares, share)), SCALE_PX // 2))
    caption = np.full((SCALE_PX, width, 3), 255, np.uint8)
    write_label(caption, render_message(f"photo-scale.{name}"), (width // 2, SCALE_PX // 2))
    return np.vstack([gap, bar, caption])


def draw_length_bar(image: Picture, mm_px: Estimate | None) -> None:
    """Draw a scale bar with its length on skin and its uncertainty; nothing where the scale is unknown."""
    if mm_px is None:
        return
    long_px = round(_LENGTH_mm / mm_px.median)
    x, y = 16, image.shape[0] - 16
    _draw_outline(image, np.array([[x, y], [x + long_px, y]], np.float64), (20, 30, 40))
    params = {"mm": _LENGTH_mm, "low": long_px * mm_px.low, "high": long_px * mm_px.high}
    write_label(image, render_message("photo-scale.length", params), (x + long_px // 2, y - 14))


def _label_position(points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[int, int]:
    """Return x and y of the point inside an outline that is farthest from it, where a label fits best."""
    inside = fill_outline(shape, points).astype(np.uint8)
    y, x = np.unravel_index(np.argmax(cv2.distanceTransform(inside, cv2.DIST_L2, 5)), shape)
    return int(x), int(y)


def write_label(image: Picture, name: str, middle: tuple[int, int]) -> None:
    """Write a label centred at a point, dark with a light edge, kept within the picture."""
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    x = min(max(middle[0] - width // 2, 2), image.shape[1] - width - 2)
    at = x, middle[1] + height // 2
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (20, 30, 40), 1, cv2.LINE_AA)


def _draw_outline(image: Picture, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, colour, 2, cv2.LINE_AA)

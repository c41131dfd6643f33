"""Pictures for the report: outlines of regions, marks, and pigment maps with their scale, as PNG without metadata."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.document import write_atomically
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import text
from skinbeam.photo.drawn_marks import with_marks
from skinbeam.photo.face.regions import SITES
from skinbeam.photo.look import SeenSkin
from skinbeam.photo.reading.read import Picture
from skinbeam.photo.view import filled
from skinbeam.schema.names import table

__all__ = ["MAP_FILES", "SCALE_PX", "WIDTH_PX", "length_bar", "write_overlays", "write_png", "written_at"]

MAP_FILES: Mapping[str, str] = {
    "regions": "regions.png",
    "marks": "marks.png",
    "melanin": "melanin.png",
    "haemoglobin": "haemoglobin.png",
}

WIDTH_PX = 720  # of a written picture: small faces are enlarged so that outlines are finer than what they outline
SCALE_PX = 24
_SHARES = (0.3, 3.3)  # of the face's pigment: the same ends in every picture, so that pictures compare
_TICKS = (0.5, 1, 2)
_LENGTH_mm = 20.0
_LETTERS = 0.55  # of the font's size: 12 px high
_OUTLINE = (0, 150, 90)


def write_overlays(folder: Path, skin: SeenSkin) -> dict[str, str]:
    """Write the overlays into `folder` and return name → file; where colour says nothing the outlines alone."""
    seen, regions = skin.view, skin.regions
    x0, y0, x1, y1 = seen.place.drawn
    zoom = WIDTH_PX / (x1 - x0)
    size = WIDTH_PX, round((y1 - y0) * zoom)

    def enlarge(image: Picture) -> Picture:
        return np.asarray(cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_CUBIC), np.uint8)

    picture = enlarge(seen.rgb)
    outlined = picture.copy()
    outlines = {region: (points + 0.5 - (x0, y0)) * zoom for region, points in regions.polygons.items()}
    for points in outlines.values():
        _line(outlined, points, _OUTLINE)
    for region, points in outlines.items():
        title = table("site")[SITES.get(region, region)]["title"].lower()
        written_at(outlined, title, _widest(points, outlined.shape[:2]))
    written = {"regions": outlined, "marks": with_marks(picture, skin.marks, (x0, y0), zoom)}
    if not isinstance(skin.maps, Unknown):
        level = skin.maps.level
        pale = enlarge(cv2.cvtColor(cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
        told = (regions.skin & skin.maps.known)[y0:y1, x0:x1].astype(np.uint8)
        over = cv2.resize(told, size, interpolation=cv2.INTER_NEAREST).astype(bool)
        scale = skin.scale_mm_per_px
        mm_px = scale.scaled(1 / (seen.scale * zoom)) if isinstance(scale, Estimate) else None
        shares = {"melanin": skin.maps.melanin / level.melanin, "haemoglobin": skin.maps.blood / level.blood}
        for name, share in shares.items():
            colours = cv2.applyColorMap(_steps(share), cv2.COLORMAP_VIRIDIS)[..., ::-1]
            drawn = np.where(over[..., None], enlarge(np.ascontiguousarray(colours)), pale)
            length_bar(drawn, mm_px)
            written[name] = np.vstack([drawn, _scale(size[0], name)])
        length_bar(outlined, mm_px)
    for name, image in written.items():
        write_png(folder / MAP_FILES[name], image)
    return {name: MAP_FILES[name] for name in written}


def write_png(path: Path, image: Picture) -> None:
    """Write a picture without metadata."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    write_atomically(path, data.tobytes())


def _steps(share: NDArray[np.float64]) -> Picture:
    """Return the colour step of each share of the face's pigment, its logarithm even over `_SHARES`."""
    low, high = np.log(_SHARES)
    level = np.clip((np.log(np.maximum(share, _SHARES[0])) - low) / (high - low), 0, 1)
    return np.asarray(np.round(255 * level), np.uint8)


def _scale(width: int, name: str) -> Picture:
    """A bar of the colours of a map below it, with what they stand for: shares of the pigment of this face."""
    shares = np.geomspace(_SHARES[0], _SHARES[1], width)
    steps = np.tile(_steps(shares), (SCALE_PX, 1))
    gap = np.full((SCALE_PX // 2, width, 3), 255, np.uint8)
    bar = np.ascontiguousarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[..., ::-1])
    for share in _TICKS:
        written_at(bar, f"{share:g}", (int(np.searchsorted(shares, share)), SCALE_PX // 2))
    said = np.full((SCALE_PX, width, 3), 255, np.uint8)
    written_at(said, text(f"photo-scale.{name}"), (width // 2, SCALE_PX // 2))
    return np.vstack([gap, bar, said])


def length_bar(image: Picture, mm_px: Estimate | None) -> None:
    """Lay a bar of a length on skin on the picture, and how surely it is that long; none where no scale is known."""
    if mm_px is None:
        return
    long_px = round(_LENGTH_mm / mm_px.median)
    x, y = 16, image.shape[0] - 16
    _line(image, np.array([[x, y], [x + long_px, y]], np.float64), (20, 30, 40))
    params = {"mm": _LENGTH_mm, "low": long_px * mm_px.low, "high": long_px * mm_px.high}
    written_at(image, text("photo-scale.length", params), (x + long_px // 2, y - 14))


def _widest(points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[int, int]:
    """Where an outline has the most room for a name, x and y."""
    inside = filled(shape, points).astype(np.uint8)
    y, x = np.unravel_index(np.argmax(cv2.distanceTransform(inside, cv2.DIST_L2, 5)), shape)
    return int(x), int(y)


def written_at(image: Picture, name: str, middle: tuple[int, int]) -> None:
    """Write a name around a point, dark on a light edge, within the picture."""
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    x = min(max(middle[0] - width // 2, 2), image.shape[1] - width - 2)
    at = x, middle[1] + height // 2
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (20, 30, 40), 1, cv2.LINE_AA)


def _line(image: Picture, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, colour, 2, cv2.LINE_AA)

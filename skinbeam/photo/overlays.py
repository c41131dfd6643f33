"""Pictures for the report: outlines of the regions, and pigment maps with their scale, as PNG without metadata."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.document import write_atomically
from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.photo.look import SeenSkin
from skinbeam.photo.read import Picture
from skinbeam.photo.regions import SITES, View
from skinbeam.schema.names import table

__all__ = ["MAP_FILES", "write_overlays"]

MAP_FILES: Mapping[str, str] = {"regions": "regions.png", "melanin": "melanin.png", "haemoglobin": "haemoglobin.png"}

_WIDTH_PX = 720  # of a written picture: small faces are enlarged so that outlines are finer than what they outline
_SCALE_PX = 24
_LETTERS = 0.55  # of the font's size: 12 px high
_SPOT, _OUTLINE = (255, 80, 0), (0, 150, 90)


def write_overlays(folder: Path, skin: SeenSkin) -> dict[str, str]:
    """Write the overlays into `folder` and return name → file; where colour says nothing the outlines alone."""
    seen, regions, maps = skin.view, skin.regions, skin.maps
    x0, y0, x1, y1 = _frame(seen)
    zoom = _WIDTH_PX / (x1 - x0)
    size = _WIDTH_PX, round((y1 - y0) * zoom)

    def enlarge(image: Picture) -> Picture:
        return np.asarray(cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_CUBIC), np.uint8)

    picture = enlarge(seen.rgb)
    outlined = picture.copy()
    outlines = {region: (points + 0.5 - (x0, y0)) * zoom for region, points in regions.polygons.items()}
    for points in outlines.values():
        _line(outlined, points, _OUTLINE)
    for region, points in outlines.items():
        _written(outlined, table("site")[SITES[region]]["title"].lower(), _widest(points, outlined.shape[:2]))
    spots = np.zeros(seen.rgb.shape[:2], np.uint8)
    for found in skin.spots.values():
        spots |= found.mask
    contours, _ = cv2.findContours(spots, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        centre, radius = cv2.minEnclosingCircle(contour)
        at = round((centre[0] + 0.5 - x0) * zoom), round((centre[1] + 0.5 - y0) * zoom)
        cv2.circle(outlined, at, round((radius + 1.5) * zoom), _SPOT, 2, cv2.LINE_AA)
    written = {"regions": outlined}
    if not isinstance(maps, Unknown):
        there = regions.skin
        pale = enlarge(cv2.cvtColor(cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
        over = cv2.resize(there[y0:y1, x0:x1].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        for name, index in (("melanin", maps.melanin), ("haemoglobin", maps.haemoglobin)):
            low, high = np.quantile(index[there], (0.02, 0.98))
            level = np.clip((index - low) / max(high - low, 1e-9), 0, 1)
            colours = cv2.applyColorMap(np.round(255 * level).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
            drawn = np.where(over[..., None], enlarge(np.ascontiguousarray(colours)), pale)
            written[name] = np.vstack([drawn, _scale(size[0])])
    for name, image in written.items():
        _, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
        write_atomically(folder / MAP_FILES[name], data.tobytes())
    return {name: MAP_FILES[name] for name in written}


def _scale(width: int) -> Picture:
    """A bar of the colours of a map below it, from little on the left to much on the right."""
    steps = np.tile(np.linspace(0, 255, width).astype(np.uint8), (_SCALE_PX, 1))
    gap = np.full((_SCALE_PX // 2, width, 3), 255, np.uint8)
    bar = np.ascontiguousarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[..., ::-1])
    for end, at_px in (("little", 0.06 * width), ("much", 0.94 * width)):
        _written(bar, text(f"photo-scale.{end}"), (round(at_px), _SCALE_PX // 2))
    return np.vstack([gap, bar])


def _widest(points: NDArray[np.float64], shape: tuple[int, int]) -> tuple[int, int]:
    """Where an outline has the most room for a name, x and y."""
    inside = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [np.round(points).astype(np.int32)], 1)
    y, x = np.unravel_index(np.argmax(cv2.distanceTransform(inside, cv2.DIST_L2, 5)), shape)
    return int(x), int(y)


def _written(image: Picture, name: str, middle: tuple[int, int]) -> None:
    """Write a name around a point, dark on a light edge, within the picture."""
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    x = min(max(middle[0] - width // 2, 2), image.shape[1] - width - 2)
    at = x, middle[1] + height // 2
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (20, 30, 40), 1, cv2.LINE_AA)


def _frame(seen: View) -> tuple[int, int, int, int]:
    """Return the part of the view that is drawn: the face with a margin, x0, y0, x1, y1."""
    (x, y), reach = seen.face.middle, seen.face.pupil_px
    height, width = seen.rgb.shape[:2]
    return (
        max(int(x - 1.6 * reach), 0),
        max(int(y - 1.5 * reach), 0),
        min(int(x + 1.6 * reach) + 1, width),
        min(int(y + 2.8 * reach) + 1, height),
    )


def _line(image: Picture, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.polylines(image, [np.round(points).astype(np.int32)], True, colour, 2, cv2.LINE_AA)

"""Regions of skin on a face: outlines from the eyes and mouth (or the mesh), drawn in to skin of this face's colour.

The outlines are approximate and every document says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.colour import lab, linear
from skinbeam.photo.gates import limit, template
from skinbeam.photo.read import Picture
from skinbeam.photo.record import Face

__all__ = ["SITES", "Regions", "View", "find_regions", "view"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Region → site of the case file.
SITES: Mapping[str, str] = {
    "forehead": "forehead",
    "periorbital-right": "periorbital",
    "periorbital-left": "periorbital",
    "nose": "nose",
    "cheek-right": "cheeks",
    "cheek-left": "cheeks",
    "perioral": "perioral",
    "chin": "chin",
    "neck": "neck",
}
_MIRRORED = ("periorbital", "cheek")


@dataclass(frozen=True)
class View:
    """The part of the picture around the face, reduced where it is large.

    Parameters
    ----------
    rgb : (height, width, 3).
    face : the face in pixels of `rgb`.
    scale : pixels of `rgb` per pixel of the picture.
    origin : x, y of the cut in the picture.
    """

    rgb: Picture
    face: Face
    scale: float
    origin: tuple[int, int]

    def back(self, points: Array) -> Array:
        """Return points (n, 2) of this view as pixels of the picture."""
        return (points + 0.5) / self.scale + self.origin - 0.5


def view(rgb: Picture, face: Face) -> View:
    """Return the view of a face: three pupil distances around it, at most 160 px between the pupils."""
    reach = 3.2 * face.pupil_px
    (x, y), (height, width) = face.middle, rgb.shape[:2]
    x0, y0 = max(int(x - reach), 0), max(int(y - reach), 0)
    x1, y1 = min(int(x + reach) + 1, width), min(int(y + reach) + 1, height)
    cut = rgb[y0:y1, x0:x1]
    scale = min(1.0, limit("face", "analysis_pupil_px") / face.pupil_px)
    if scale < 1:
        # Whole pixels on the finer side, so that one factor holds for both axes to within a pixel.
        size = round(cut.shape[1] * scale), round(cut.shape[0] * scale)
        cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
        scale = size[0] / (x1 - x0)
    # A copy, so that the picture need not be kept.
    return View(np.array(cut), face.moved(scale, x0, y0), scale, (x0, y0))


@dataclass(frozen=True)
class Regions:
    """The skin of a face.

    Parameters
    ----------
    masks : region → (height, width) of the view.
    polygons : region → (n, 2) outline in pixels of the view.
    far_side : the regions left out because the face is turned away.
    """

    masks: Mapping[str, Mask]
    polygons: Mapping[str, Array]
    far_side: tuple[str, ...]

    @property
    def skin(self) -> Mask:
        """All regions together."""
        return np.asarray(np.logical_or.reduce(list(self.masks.values())))


def find_regions(seen: View) -> Regions:
    """Return the regions of the face in a view; those with too little skin are absent."""
    skin = _skin(seen)
    far = _far_side(seen, skin)
    core = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, _disc(seen, "close_pupil"))
    core = cv2.erode(core, _disc(seen, "erode_pupil"))
    holes = _holes(seen)
    masks: dict[str, Mask] = {}
    polygons: dict[str, Array] = {}
    for name, outline in _outlines(seen.face).items():
        if name.endswith(far) and far:
            continue
        inside = (_filled(seen, outline) & core.astype(bool) & ~holes).astype(np.uint8)
        contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if not contours:
            continue
        largest = max(contours, key=cv2.contourArea)
        # The outer contour is filled: a dark spot or a very red patch is skin, though not of the face's usual colour.
        whole = np.zeros_like(inside)
        cv2.drawContours(whole, [largest], -1, 1, cv2.FILLED)
        mask = whole.astype(bool) & ~holes
        if mask.sum() >= limit("gate", "region_px_min"):
            masks[name] = mask
            outline = cv2.approxPolyDP(largest, 0.02 * seen.face.pupil_px, True)
            polygons[name] = outline.reshape(-1, 2).astype(np.float64)
    for name in _worn_over(seen, masks):
        del masks[name], polygons[name]
    return Regions(masks, polygons, tuple(sorted(f"{name}-{far[1:]}" for name in _MIRRORED)) if far else ())


def _worn_over(seen: View, masks: Mapping[str, Mask]) -> list[str]:
    """Return the regions with far more fine structure than the face has: the frame of glasses, or hair."""
    if not masks:
        return []
    light = cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
    fine, coarse, around = (share * seen.face.pupil_px for share in (0.006, 0.03, 0.05))
    band = cv2.GaussianBlur(light, (0, 0), max(0.6, fine)) - cv2.GaussianBlur(light, (0, 0), coarse)
    structure = np.sqrt(cv2.GaussianBlur(band * band, (0, 0), around))
    usual = float(np.median(structure[np.logical_or.reduce(list(masks.values()))]))
    most = limit("skin", "structure_max") * max(usual, 1.0)  # a level of 255 is noise
    return [name for name, mask in masks.items() if float(np.median(structure[mask])) > most]


@cache
def _template() -> tuple[dict[str, Array], Array, dict[str, Any]]:
    """Return region → template outline, the outline where skin colour is learnt, and the holes."""
    table = template()
    outlines: dict[str, Array] = {}
    for name, points in table["half"].items():
        right = np.array(points)
        if name in table["middle"]:
            outlines[name] = _closed(right)
        else:
            outlines[f"{name}-right"], outlines[f"{name}-left"] = right, right * (-1, 1)
    return outlines, _closed(np.array(table["learn"]["half"])), table["holes"]


def _closed(half: Array) -> Array:
    """Return a half outline and its mirror image as one outline."""
    return np.concatenate([half, half[::-1] * (-1, 1)])


def _outlines(face: Face) -> dict[str, Array]:
    """Return region → outline in pixels, before any look at the colour."""
    placed = {name: face.place(points) for name, points in _template()[0].items()}
    if face.points is not None:
        from skinbeam.photo.mesh import MESH_REGIONS

        placed |= {name: face.points[indices] for name, indices in MESH_REGIONS.items()}  # the mesh has no neck
    return {name: placed[name] for name in SITES}


def _filled(seen: View, outline: Array) -> Mask:
    mask = np.zeros(seen.rgb.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(bool)


def _disc(seen: View, name: str) -> NDArray[np.uint8]:
    """Return a disc whose radius is a limit in pupil distances, at least one pixel."""
    radius = max(1, round(limit("skin", name) * seen.face.pupil_px))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _holes(seen: View) -> Mask:
    """Eyes, mouth and nostrils."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    mask = np.zeros(seen.rgb.shape[:2], bool)
    for x, y, half_x, half_y in _template()[2].values():
        for side in (1, -1):
            ring = np.stack([side * x + half_x * np.cos(angle), y + half_y * np.sin(angle)], axis=1)
            mask |= _filled(seen, seen.face.place(ring))
    return mask


def _skin(seen: View) -> Mask:
    """Return where the picture has this face's colour: Mahalanobis distance in Lab from cheeks, nose and chin."""
    values = lab(linear(cv2.GaussianBlur(seen.rgb, (0, 0), max(0.4, 0.012 * seen.face.pupil_px))))
    sample = values[_filled(seen, seen.face.place(_template()[1])) & ~_holes(seen)]
    most = limit("skin", "mahalanobis_max")
    floor = np.array([limit("skin", "spread_min_L"), limit("skin", "spread_min_ab"), limit("skin", "spread_min_ab")])
    kept = np.ones(len(sample), bool)
    centre: Array = np.zeros(3)
    inverse: Array = np.eye(3)
    for _ in range(4):  # trimmed: nostrils, glints and hair that fell into the sample leave it
        if kept.sum() < 10:  # no colour can be learnt from so little
            return np.zeros(seen.rgb.shape[:2], bool)
        centre = np.asarray(sample[kept].mean(axis=0), np.float64)
        inverse = np.asarray(np.linalg.inv(_at_least(np.cov(sample[kept], rowvar=False), floor)), np.float64)
        kept = _distance(sample, centre, inverse) < most
    return _distance(values, centre, inverse) < most


def _at_least(covariance: Array, floor: Array) -> Array:
    """Return the covariance with the standard deviation of each axis raised to `floor`, correlations kept."""
    spread = np.sqrt(np.diag(covariance))
    raise_by = np.maximum(spread, floor) / np.maximum(spread, 1e-9)
    raised = covariance * np.outer(raise_by, raise_by)
    # A flat picture has no correlations: a tenth of the floor on the diagonal keeps the inverse finite.
    return np.asarray(raised + np.diag((0.1 * floor) ** 2) + np.diag(np.where(spread < 1e-9, floor**2, 0.0)))


def _distance(values: Array, centre: Array, inverse: Array) -> Array:
    off = values - centre
    return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", off, inverse, off)))


def _far_side(seen: View, skin: Mask) -> str:
    """Return `-right` or `-left` when that side of the face is turned away, else an empty string."""
    if seen.face.points is not None:
        from skinbeam.photo.mesh import asymmetry

        value = asymmetry(seen.face.points)
    else:
        right, left = (_extent(seen, skin, side) for side in (-1, 1))
        value = (right - left) / (right + left) if right + left > 0 else 0.0
    if abs(value) <= limit("face", "asymmetry_max"):
        return ""
    return "-right" if value < 0 else "-left"


def _extent(seen: View, skin: Mask, side: int) -> float:
    """Return how far skin reaches to one side at the height of the cheeks, in pupil distances from the middle."""
    x = np.linspace(0.3, 1.3, 51)
    rows = []
    for y in np.linspace(0.4, 0.7, 7):
        at = np.round(seen.face.place(np.stack([side * x, np.full_like(x, y)], axis=1))).astype(int)
        at = np.clip(at, 0, np.array(skin.shape[::-1]) - 1)
        here = skin[at[:, 1], at[:, 0]]
        rows.append(x[here][-1] if here.any() else 0.0)
    return float(np.median(rows))

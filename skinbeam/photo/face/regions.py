"""Regions of skin on a face: outlines from the eyes and mouth (or the mesh), drawn in to bare skin of this face.

The outlines are approximate and every document says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.covered import covered
from skinbeam.photo.face.skin import skin_of, tones
from skinbeam.photo.face.template import disc, filled, learnt, outlines
from skinbeam.photo.face.view import View, view
from skinbeam.photo.gates import limit

__all__ = ["SHADED", "SITES", "Regions", "View", "find_regions", "view"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Region → site of the case file.
SITES: Mapping[str, str] = {
    "forehead": "forehead",
    "glabella": "glabella",
    "periorbital-right": "periorbital",
    "periorbital-left": "periorbital",
    "eyelid-right": "eyelid",
    "eyelid-left": "eyelid",
    "nose": "nose",
    "cheek-right": "cheeks",
    "cheek-left": "cheeks",
    "perioral": "perioral",
    "chin": "chin",
    "jaw-right": "jaw",
    "jaw-left": "jaw",
    "neck": "neck",
    "decolletage": "decolletage",
}
# What turns away from a light before the face, or lies in the shade of it: its colour is not that of the face.
SHADED = frozenset(("eyelid-right", "eyelid-left", "jaw-right", "jaw-left", "decolletage"))
_DRESSED = ("neck", "decolletage")


@dataclass(frozen=True)
class Regions:
    """The skin of a face.

    Parameters
    ----------
    masks : region → (height, width) of the view.
    polygons : region → (n, 2) outline in pixels of the view.
    far_side : the regions left out because the face is turned away.
    left_out : region → why it is absent, by the end of a message's id.
    """

    masks: Mapping[str, Mask]
    polygons: Mapping[str, Array]
    far_side: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def skin(self) -> Mask:
        """All regions together."""
        return np.asarray(np.logical_or.reduce(list(self.masks.values())))


def find_regions(seen: View) -> Regions:
    """Return the regions of the face in a view; those with too little skin are absent, with the reason."""
    sample = learnt(seen)
    tone = tones(seen, sample)
    if tone is None:  # no colour can be learnt from so little
        return Regions({}, {}, (), {})
    skin = skin_of(seen, tone)
    far = _far_side(seen, skin)
    cover = covered(seen, tone)
    bare = _bare(seen, skin, cover, sample)
    masks: dict[str, Mask] = {}
    polygons: dict[str, Array] = {}
    left_out: dict[str, str] = {}
    placed = outlines(seen.face)
    for name in SITES:
        outline = filled(seen, placed[name])
        if far and name.endswith(far):
            left_out[name] = "turned_away"
            continue
        # Cloth and strands of hair lie about a neck, so what does not hang together is not taken for one.
        kept = _pieces(outline & bare, share=1.0 if name in _DRESSED else limit("skin", "piece_share_min"))
        if kept is None or kept[0].sum() < limit("gate", "region_px_min"):
            left_out[name] = "no_skin"
        elif kept[0].sum() < limit("skin", "kept_share_min") * outline.sum():
            left_out[name] = "little_skin"
        else:
            masks[name], contour = kept
            polygon = cv2.approxPolyDP(contour, 0.02 * seen.face.pupil_px, True)
            polygons[name] = polygon.reshape(-1, 2).astype(np.float64)
    return Regions(masks, polygons, tuple(name for name, why in left_out.items() if why == "turned_away"), left_out)


def _bare(seen: View, skin: Mask, cover: Mask, sample: Mask) -> Mask:
    """Return bare skin (height, width) that hangs together with the face but for narrow gaps, edges drawn in."""
    whole = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, disc(seen, limit("skin", "open_pupil")))
    # A dark spot or a very red patch is skin, though not of the face's usual colour; a wider gap is something else.
    gaps, labels, stats, _ = cv2.connectedComponentsWithStats(1 - whole)
    small = [k for k in range(1, gaps) if stats[k, cv2.CC_STAT_AREA] < _widest_mark(seen)]
    whole[np.isin(labels, small)] = 1
    # The shade under a chin and the frame of glasses part a face; a jacket of its colour lies farther off.
    _, labels = cv2.connectedComponents(cv2.dilate(whole, disc(seen, limit("skin", "bridge_pupil"))))
    own = np.bincount(labels[sample], minlength=1)
    own[0] = 0
    whole = cv2.erode(whole, disc(seen, limit("skin", "erode_pupil")))
    return np.asarray(whole.astype(bool) & (labels == own.argmax()) & ~cover)


def _widest_mark(seen: View) -> float:
    """Return the area, in pixels, of the widest mark that is taken for one of the skin."""
    return float(np.pi / 4 * (limit("skin", "mark_pupil") * seen.face.pupil_px) ** 2)


def _pieces(mask: Mask, *, share: float) -> tuple[Mask, NDArray[np.int32]] | None:
    """Return the largest piece of a mask with those that have a share of its area, and the outline of the largest."""
    pieces, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if pieces < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = (labels == 1 + areas.argmax()).astype(np.uint8)
    contours, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.isin(labels, 1 + np.flatnonzero(areas >= share * areas.max())), np.asarray(contours[0], np.int32)


def _far_side(seen: View, skin: Mask) -> str:
    """Return `-right` or `-left` when that side of the face is turned away, else an empty string."""
    if seen.face.points is not None:
        from skinbeam.photo.face.mesh import asymmetry

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

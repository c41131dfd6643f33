"""Regions of skin on a face: outlines from the eyes and mouth (or the mesh), drawn in to bare skin of this face.

The outlines are approximate and every document says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.face.bare import bare_skin, pieces
from skinbeam.photo.face.covered import covered
from skinbeam.photo.face.skin import skin_of, tones
from skinbeam.photo.face.template import above_chin, learnt, outlines
from skinbeam.photo.face.view import FaceView, view
from skinbeam.photo.gates import limit
from skinbeam.photo.view import filled

__all__ = ["SHADED", "SITES", "FaceView", "Regions", "find_regions", "view"]

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


def find_regions(seen: FaceView) -> Regions:
    """Return the regions of the face in a view; those with too little skin are absent, with the reason."""
    sample = learnt(seen)
    tone = tones(seen, sample)
    if tone is None:  # no colour can be learnt from so little
        return Regions({}, {}, (), {})
    skin = skin_of(seen, tone, above_chin(seen))
    far = _far_side(seen, skin)
    cover = covered(seen, tone)
    bare = bare_skin(seen, skin, cover, sample)
    masks: dict[str, Mask] = {}
    polygons: dict[str, Array] = {}
    left_out: dict[str, str] = {}
    placed = outlines(seen.face)
    for name in SITES:
        outline = filled(seen.rgb.shape, placed[name])
        if far and name.endswith(far):
            left_out[name] = "turned_away"
            continue
        # Cloth and strands of hair lie about a neck, so what does not hang together is not taken for one.
        kept = pieces(outline & bare, share=1.0 if name in _DRESSED else limit("skin", "piece_share_min"))
        if kept is None or kept[0].sum() < limit("gate", "region_px_min"):
            left_out[name] = "no_skin"
        elif kept[0].sum() < limit("skin", "kept_share_min") * outline.sum():
            left_out[name] = "little_skin"
        else:
            masks[name], contour = kept
            polygon = cv2.approxPolyDP(contour, 0.02 * seen.place.pupil_px, True)
            polygons[name] = polygon.reshape(-1, 2).astype(np.float64)
    return Regions(masks, polygons, tuple(name for name, why in left_out.items() if why == "turned_away"), left_out)


def _far_side(seen: FaceView, skin: Mask) -> str:
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


def _extent(seen: FaceView, skin: Mask, side: int) -> float:
    """Return how far skin reaches to one side at the height of the cheeks, in pupil distances from the middle."""
    x = np.linspace(0.3, 1.3, 51)
    rows = []
    for y in np.linspace(0.4, 0.7, 7):
        at = np.round(seen.face.place(np.stack([side * x, np.full_like(x, y)], axis=1))).astype(int)
        at = np.clip(at, 0, np.array(skin.shape[::-1]) - 1)
        here = skin[at[:, 1], at[:, 0]]
        rows.append(x[here][-1] if here.any() else 0.0)
    return float(np.median(rows))

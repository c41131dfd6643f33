"""Regions of bare skin on a face: outlines of the face template (or the mesh), minus everything that covers the skin.

The template also gives the area from which the usual skin colour is sampled, and the openings (eyes, mouth, nostrils)
that are cut out of all regions. Brows, beard, lips and glasses are detected in the picture. The outlines are
approximate, and every document says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.face.face import Face, FaceView, face_view
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.face.template import face_template, mirror_outline
from skinbeam.photo.limits import limit
from skinbeam.photo.skin_mask import (
    RelativeTones,
    SkinSurface,
    connected_bare_skin,
    disc_kernel,
    find_skin,
    largest_pieces,
    relative_tones,
)
from skinbeam.photo.view import fill_outline

__all__ = [
    "SHADED",
    "FaceView",
    "SkinRegions",
    "above_chin",
    "colour_sample_area",
    "face_view",
    "facial_openings",
    "find_regions",
    "occlusion_mask",
    "region_outlines",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def region_outlines(face: Face) -> dict[str, Array]:
    """Return region → outline in pixels, before the colour of the picture is used."""
    placed = {name: face.template_to_pixels(points) for name, points in face_template().regions.items()}
    if face.points is not None:
        from skinbeam.photo.face.mesh import MESH_REGIONS

        placed |= {name: face.points[indices] for name, indices in MESH_REGIONS.items()}
    return placed


# The root of the nose and the skin between the brows, above every mask, in pupil distances.
_NOSE_ROOT = np.array([[-0.16, -0.3], [0.16, -0.3], [0.16, 0.18], [-0.16, 0.18]])


def colour_sample_area(view: FaceView) -> Mask:
    """Return the area from which the usual skin colour is sampled: cheeks, nose and chin.

    Where that is much less red than the root of the nose, cloth covers it, as a mask does, and the root is sampled.
    """
    openings = facial_openings(view)
    middle = fill_outline(view.rgb.shape, view.face.template_to_pixels(face_template().colour_sample)) & ~openings
    root = fill_outline(view.rgb.shape, view.face.template_to_pixels(_NOSE_ROOT)) & ~openings
    least = limit("skin", "covered_redness") * _redness(view, root)
    return root if _redness(view, middle) < least else middle


def _redness(view: FaceView, area: Mask) -> float:
    """Return the median of log(red/green) in an area, 0 where it is empty."""
    light = srgb_to_linear(view.rgb[area]) + 1e-3
    return float(np.median(np.log(light[:, 0] / light[:, 1]))) if len(light) else 0.0


def facial_openings(view: FaceView) -> Mask:
    """Return the mask of eyes, mouth and nostrils, at their usual size."""
    mask = np.zeros(view.rgb.shape[:2], bool)
    for hole in face_template().holes.values():
        for side in (1, -1):
            ring = _ellipse_outline(*hole) * (side, 1)
            mask |= fill_outline(view.rgb.shape, view.face.template_to_pixels(ring))
    return mask


def _ellipse_outline(x: float, y: float, half_x: float, half_y: float) -> Array:
    """Return the outline (n, 2) of an ellipse with this centre and these half axes."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack([x + half_x * np.cos(angle), y + half_y * np.sin(angle)], axis=1)


def above_chin(view: FaceView) -> Mask:
    """Return the part of a view above the lower lip, without the areas beside the face."""
    half = np.array([[-0.7, 1.4], [-1.05, 0.6], [-1.05, -1.2]])
    return fill_outline(view.rgb.shape, view.face.template_to_pixels(mirror_outline(half)))


# Occlusions of the skin, detected in the picture: brows, lips and teeth, frames of glasses, beard.

# Search area of the brows in pupil distances from the middle of the eyes: across, and down.
_ACROSS, _DOWN = np.linspace(0.1, 1.05, 96), np.linspace(-0.62, -0.14, 49)
_USUAL_BROW = -0.33
_LIPS = (0.62, 0.36)  # half axes of the search area of lips and teeth around the mouth, in pupil distances


def occlusion_mask(view: FaceView, tone: RelativeTones) -> Mask:
    """Return the mask of eyes, nostrils, mouth, brows, beard and frames (height, width), each with a margin."""
    return facial_openings(view) | _brows(view, tone) | _mouth(view, tone) | _glasses(view, tone) | _beard(view, tone)


def _brows(view: FaceView, tone: RelativeTones) -> Mask:
    """Return the band of each brow: darker or less red than the skin above and below it."""
    hair = (-tone.light - 1.5 * np.minimum(tone.red, 0)).astype(np.float32)
    height, width = view.rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for side in (-1, 1):
        at = np.stack(np.meshgrid(side * _ACROSS, _DOWN), axis=-1)
        pixels = view.face.template_to_pixels(at.reshape(-1, 2)).astype(np.float32).reshape(at.shape)
        seen_hair = cv2.remap(hair, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # Response to structures lower than a third of a pupil distance; the kernel is one column wide.
        stands = cv2.morphologyEx(seen_hair, cv2.MORPH_TOPHAT, np.ones((35, 1), np.uint8))
        stands = cv2.GaussianBlur(stands, (0, 0), 3.0) * np.exp(-0.5 * ((_DOWN - _USUAL_BROW) / 0.15) ** 2)[:, None]
        ridge = stands.argmax(axis=0)
        strong = stands.max(axis=0) > limit("skin", "brow_stands_min")
        ridge = np.where(strong, ridge, int(np.abs(_DOWN - _USUAL_BROW).argmin()))
        for column in range(len(_ACROSS)):
            rows = np.abs(np.arange(len(_DOWN)) - ridge[column]) <= 5
            if strong[column]:
                rows |= stands[:, column] > 0.35 * stands[ridge[column], column]
            elif _ACROSS[column] < 0.2 or _ACROSS[column] > 0.9:
                continue  # outside its usual ends a brow need not be present
            for x, y in pixels[rows, column]:
                mask[_clip_index(y, height), _clip_index(x, width)] = 1
    return np.asarray(cv2.dilate(mask, disc_kernel(view, limit("skin", "brow_margin_pupil"))) > 0)


def _clip_index(value: float, size: int) -> int:
    return min(max(round(float(value)), 0), size - 1)


def _mouth(view: FaceView, tone: RelativeTones) -> Mask:
    """Return the mask of lips, teeth and the gap between them: redder, paler or much darker than skin, at the mouth."""
    where = _ellipse(view, *_LIPS)
    teeth = (tone.red < -0.35) & (tone.light > -0.8)
    other = where & ((tone.red > limit("skin", "lips_redder")) | teeth | (tone.light < -1.1))
    joined = cv2.morphologyEx(other.astype(np.uint8), cv2.MORPH_CLOSE, disc_kernel(view, 0.04))
    _, labels = cv2.connectedComponents(joined)
    touching = np.unique(labels[_ellipse(view, 0.3, 0.1)])
    mouth = np.isin(labels, touching[touching > 0])
    return np.asarray(cv2.dilate(mouth.astype(np.uint8), disc_kernel(view, 0.04)) > 0)


def _ellipse(view: FaceView, half_x: float, half_y: float) -> Mask:
    face = view.face
    mask = np.zeros(view.rgb.shape[:2], np.uint8)
    axes = round(half_x * face.pupil_px), round(half_y * face.pupil_px)
    centre = round(face.mouth[0]), round(face.mouth[1])
    cv2.ellipse(mask, centre, axes, face.roll_deg, 0, 360, 1, cv2.FILLED)
    return mask.astype(bool)


def _glasses(view: FaceView, tone: RelativeTones) -> Mask:
    """Return areas of much stronger fine structure than this face's skin, and the lenses of glasses.

    The lower rim of a frame runs below a whole eye; lids and lashes end above it. Rimless glasses are not detected.
    """
    strong = (tone.roughness > limit("skin", "structure_max")).astype(np.uint8)
    mask = cv2.dilate(strong, disc_kernel(view, 0.02)).astype(bool)
    across, down = np.linspace(-0.2, 0.2, 41), np.linspace(0.22, 0.5, 29)
    for side in (-1, 1):
        below = np.stack(np.meshgrid(0.5 * side + across, down), axis=-1)
        pixels = view.face.template_to_pixels(below.reshape(-1, 2)).astype(np.float32).reshape(below.shape)
        rim = cv2.remap(strong, pixels, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        if rim.any(axis=0).mean() > limit("skin", "rim_share_min"):
            lens = np.array([[-0.42, -0.2], [0.42, -0.2], [0.42, 0.36], [-0.42, 0.36]])
            mask |= fill_outline(view.rgb.shape, view.face.template_to_pixels(lens + np.array([0.5 * side, 0.0])))
    return np.asarray(mask)


def _beard(view: FaceView, tone: RelativeTones) -> Mask:
    """Return the mask of beard and stubble: below the nose, darker than the cheeks, neither redder nor yellower.

    Shading makes skin redder and pigment makes it yellower; hair in front of it or in its pores does neither.
    """
    face = view.face
    cheeks = np.zeros(view.rgb.shape[:2], bool)
    for side in (-1, 1):
        box = np.array([[0.42, 0.4], [0.8, 0.4], [0.8, 0.66], [0.42, 0.66]]) * (side, 1.0)
        cheeks |= fill_outline(view.rgb.shape, face.template_to_pixels(box))
    soft_px = limit("skin", "beard_blur_pupil") * face.pupil_px
    light, red, yellow = (
        cv2.GaussianBlur(field, (0, 0), soft_px) - float(np.median(field[cheeks]))
        for field in (tone.light, tone.red, tone.yellow)
    )
    hair = (light < -limit("skin", "beard_darker")) & (red < limit("skin", "beard_redder"))
    hair &= yellow < -limit("skin", "beard_bluer")
    there = fill_outline(
        view.rgb.shape, face.template_to_pixels(np.array([[-1.2, 0.68], [1.2, 0.68], [1.2, 2.0], [-1.2, 2.0]]))
    )
    return np.asarray(cv2.dilate((hair & there).astype(np.uint8), disc_kernel(view, 0.03)).astype(bool))


# Regions of skin: the outlines, restricted to bare skin of this face.

# Regions turned away from a frontal light, or shaded by the face: their colour is not that of the face.
SHADED = frozenset(("eyelid-right", "eyelid-left", "jaw-right", "jaw-left", "decolletage"))
_CLOTHED = ("neck", "decolletage")


@compared_by_value
@dataclass(frozen=True)
class SkinRegions:
    """The regions of skin on a face or site.

    Parameters
    ----------
    masks : region → (height, width) of the view.
    polygons : region → (n, 2) outline in pixels of the view.
    turned_away : the regions left out because the face is turned away.
    absence_reasons : region → why it is absent, as the last part of a message's id.
    surface : the part of the view in which very dark spots are searched for; None where no skin was found.
    """

    masks: Mapping[str, Mask]
    polygons: Mapping[str, Array]
    turned_away: tuple[str, ...]
    absence_reasons: Mapping[str, str] = field(default_factory=dict)
    surface: SkinSurface | None = None

    @property
    def skin(self) -> Mask:
        """The union of all regions."""
        return np.asarray(np.logical_or.reduce(list(self.masks.values())))


def find_regions(view: FaceView) -> SkinRegions:
    """Return the regions of the face in a view; those with too little skin are absent, with the reason."""
    sample = colour_sample_area(view)
    tone = relative_tones(view, sample)
    if tone is None:  # the sample of skin is too small for its colour
        return SkinRegions({}, {}, (), {})
    skin = find_skin(view, tone, above_chin(view))
    far = _far_side(view, skin)
    cover = occlusion_mask(view, tone)
    bare = connected_bare_skin(view, skin, cover, sample)
    masks: dict[str, Mask] = {}
    polygons: dict[str, Array] = {}
    left_out: dict[str, str] = {}
    placed = region_outlines(view.face)
    for name in REGION_SITES:
        outline = fill_outline(view.rgb.shape, placed[name])
        if far and name.endswith(far):
            left_out[name] = "turned_away"
            continue
        # Near cloth and strands of hair, only the largest connected piece of the neck is used.
        pieces = largest_pieces(outline & bare, share=1.0 if name in _CLOTHED else limit("skin", "piece_share_min"))
        if pieces is None or pieces[0].sum() < limit("gate", "region_px_min"):
            left_out[name] = "no_skin"
        elif pieces[0].sum() < limit("skin", "kept_share_min") * outline.sum():
            left_out[name] = "little_skin"
        else:
            masks[name], contour = pieces
            polygon = cv2.approxPolyDP(contour, 0.02 * view.place.pupil_px, True)
            polygons[name] = polygon.reshape(-1, 2).astype(np.float64)
    turned = tuple(name for name, why in left_out.items() if why == "turned_away")
    return SkinRegions(masks, polygons, turned, left_out, _skin_surface(view, skin, placed))


def _skin_surface(view: FaceView, skin: Mask, placed: Mapping[str, Array]) -> SkinSurface:
    """Return the part of a face and neck in which very dark spots are searched for, from ear to ear."""

    def fill(template: Array) -> Mask:
        return fill_outline(view.rgb.shape, view.face.template_to_pixels(template))

    dark = face_template().dark_spots
    openings = fill(dark.mouth)
    brows = np.zeros_like(openings)
    for side in (1, -1):
        for ellipse in (dark.eye, dark.nostril):
            openings |= fill(_ellipse_outline(*ellipse) * (side, 1))
        brows |= fill(dark.brow * (side, 1))
    return SkinSurface(fill(dark.outline), skin, openings, brows, placed)


def _far_side(view: FaceView, skin: Mask) -> str:
    """Return `-right` or `-left` when that side of the face is turned away, else an empty string."""
    if view.face.points is not None:
        from skinbeam.photo.face.mesh import asymmetry

        value = asymmetry(view.face.points)
    else:
        right, left = (_extent(view, skin, side) for side in (-1, 1))
        value = (right - left) / (right + left) if right + left > 0 else 0.0
    if abs(value) <= limit("face", "asymmetry_max"):
        return ""
    return "-right" if value < 0 else "-left"


def _extent(view: FaceView, skin: Mask, side: int) -> float:
    """Return how far skin extends to one side at the height of the cheeks, in pupil distances from the middle."""
    x = np.linspace(0.3, 1.3, 51)
    rows = []
    for y in np.linspace(0.4, 0.7, 7):
        at = np.round(view.face.template_to_pixels(np.stack([side * x, np.full_like(x, y)], axis=1))).astype(int)
        at = np.clip(at, 0, np.array(skin.shape[::-1]) - 1)
        here = skin[at[:, 1], at[:, 0]]
        rows.append(x[here][-1] if here.any() else 0.0)
    return float(np.median(rows))

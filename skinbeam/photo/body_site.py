"""Find the bare skin of a named site without a face: a hand, an arm, a neck, a décolletage.

The most central area of a plausible skin colour is the sample of this person's skin; the rest is compared with it, as
on a face. A table or a cloth of a similar colour can only be separated from skin where its colour, without shading and
gloss, forms a cluster of its own that reaches the edge of the picture.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.conditions import known_sites
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate
from skinbeam.model.vocabulary import resolve_name
from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.finder import FaceRefusal
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.skin_mask import (
    RelativeTones,
    SkinSurface,
    connected_bare_skin,
    disc_kernel,
    find_skin,
    largest_mark_area_px,
    largest_pieces,
    relative_tones,
)
from skinbeam.photo.view import View, ViewPlace, bounding_window, fill_outline
from skinbeam.text import Message

__all__ = ["find_site", "resolve_site"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DARKEST = 1e-4  # keeps a logarithm finite
_ROUNDS = 12  # iterations of the two means, which converge long before


def resolve_site(word: str) -> str:
    """Return the site off the face that a word means.

    Raises
    ------
    InputError : no site has this name, or it is a site of the face, which is analysed with its eyes and mouth.
    """
    off_face = [name for name, site in known_sites().items() if site.use == "treatment" and site.off_face]
    site = resolve_name("site", word, field="site")
    if site not in off_face:
        message = Message("photo-site.on_face", {"site": site})
        hint = Message("photo-site.on_face_hint", {"known": ", ".join(off_face)})
        raise InputError("not-a-place", message.text, field="site", hint=hint.text)
    return site


def find_site(rgb: Picture, site: str, mm_per_px: Estimate | None) -> tuple[View, SkinRegions] | FaceRefusal:
    """Return the view of a site and its skin, or why it cannot be analysed.

    Parameters
    ----------
    rgb : upright picture (height, width, 3).
    mm_per_px : of the picture; without it the shorter side is taken as a nominal length, by which the widths of noise
        filters and edges are set, and nothing is measured.
    """
    seen = _site_view(rgb, site, mm_per_px)
    least = limit("gate", "pupil_px_min")
    if mm_per_px is not None and seen.place.pupil_px / seen.scale < least:
        params = {"mm": float(limit_entry("scale", "pupil_distance_mm")["value"]) / least}
        return FaceRefusal("too-small", Message("photo-site.small", params), 0)
    sample = _central_skin(seen)
    tone = None if sample is None else relative_tones(seen, sample)
    if sample is None or tone is None:
        return FaceRefusal("no-skin", Message("photo-site.none"), 0)
    nowhere = np.zeros(sample.shape, bool)
    skin = _without_background(find_skin(seen, tone, nowhere), sample, tone)
    bare = connected_bare_skin(seen, skin, nowhere, sample)
    piece = largest_pieces(_piece_with_sample(sample, bare & ~_outlines(seen, tone, bare)), share=1.0)
    if piece is None or piece[0].mean() < limit("site", "share_min"):
        return FaceRefusal("no-skin", Message("photo-site.none"), 0)
    mask, contour = piece
    polygon = cv2.approxPolyDP(contour, 0.02 * seen.place.pupil_px, True).reshape(-1, 2).astype(np.float64)
    rows, columns = bounding_window(mask)
    box = columns.start, rows.start, columns.stop, rows.stop
    seen = replace(seen, place=replace(seen.place, quality_box=box, report_box=_widen_box(box, mask.shape)))
    outline = fill_outline(mask.shape, contour.reshape(-1, 2).astype(np.float64))
    surface = SkinSurface(outline, skin, nowhere, nowhere, {site: polygon})
    return seen, SkinRegions({site: mask}, {site: polygon}, (), surface=surface)


def _site_view(rgb: Picture, site: str, mm_per_px: Estimate | None) -> View:
    """Return the whole picture, reduced to the resolution of a face view where it has more."""
    height, width = rgb.shape[:2]
    if mm_per_px is None:
        pupil_px = min(height, width) / limit("site", "side_pupils")
    else:
        pupil_px = float(limit_entry("scale", "pupil_distance_mm")["value"]) / mm_per_px.median
    scale = min(1.0, limit("face", "analysis_pupil_px") / pupil_px, limit("site", "side_px_max") / max(height, width))
    if scale < 1:
        size = round(width * scale), round(height * scale)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        scale = size[0] / width
    whole = 0, 0, rgb.shape[1], rgb.shape[0]
    return View(np.array(rgb), ViewPlace(site, pupil_px * scale, 0.0, whole, whole), scale, (0, 0))


def _widen_box(box: Sequence[int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return a box with a margin of a twentieth of its longer side."""
    x0, y0, x1, y1 = box
    margin = round(0.05 * max(x1 - x0, y1 - y0))
    return max(x0 - margin, 0), max(y0 - margin, 0), min(x1 + margin, shape[1]), min(y1 + margin, shape[0])


def _central_skin(view: View) -> Mask | None:
    """Return the most central part of the area whose colour may be skin, (height, width)."""
    light = cv2.GaussianBlur(srgb_to_linear(view.rgb), (0, 0), max(0.7, 0.02 * view.place.pupil_px)) + _DARKEST
    ratios = np.log(light / np.roll(light, -1, axis=-1))
    red, yellow = limit_entry("site", "red"), limit_entry("site", "yellow")
    likely = (ratios[..., 0] > red["low"]) & (ratios[..., 0] < red["high"])
    likely &= (ratios[..., 1] > yellow["low"]) & (ratios[..., 1] < yellow["high"])
    height, width = likely.shape
    yy, xx = np.mgrid[:height, :width]
    away = np.hypot(xx - (width - 1) / 2, yy - (height - 1) / 2) / min(height, width)
    central = np.exp(-0.5 * (away / limit("site", "middle_spread")) ** 2)
    whole = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_OPEN, disc_kernel(view, limit("skin", "open_pupil")))
    _, labels = cv2.connectedComponents(whole)
    weight = np.bincount(labels.ravel(), weights=central.ravel())
    weight[0] = 0.0
    if weight.max() <= 0.0:
        return None
    own = labels == weight.argmax()
    return np.asarray(own & (central >= np.quantile(central[own], 0.7)))


def _outlines(view: View, tone: RelativeTones, bare: Mask) -> Mask:
    """Return areas much rougher than this skin (outlines, jewellery, grain), except small ones within it (spots)."""
    rough = cv2.dilate((tone.roughness > limit("skin", "structure_max")).astype(np.uint8), disc_kernel(view, 0.02))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(rough)
    spot = stats[:, cv2.CC_STAT_AREA] < largest_mark_area_px(view)
    spot[labels[~bare]] = False
    spot[0] = True
    return np.asarray(~spot[labels])


def _piece_with_sample(sample: Mask, bare: Mask) -> Mask:
    """Return the piece of bare skin with most of the sample; other pieces may be cloth of the same colour."""
    _, labels = cv2.connectedComponents(bare.astype(np.uint8))
    sample_pixels = np.bincount(labels[sample], minlength=labels.max() + 1)
    sample_pixels[0] = 0
    return np.asarray(bare & (labels == sample_pixels.argmax()))


def _without_background(skin: Mask, sample: Mask, tone: RelativeTones) -> Mask:
    """Return the skin without pixels that form a colour cluster of their own and reach the edge of the picture.

    Two means are fitted to the colours, one started at the sample and one at the edge. They count as two things where
    the distance between them is larger than the width of both.
    """
    edge = _border_mask(skin.shape)
    if not (skin & edge).any():
        return skin
    colours = np.stack([tone.red, tone.yellow], axis=-1)
    inside = colours[skin]
    means = np.stack([np.median(colours[sample], axis=0), np.median(colours[skin & edge], axis=0)])
    for _ in range(_ROUNDS):
        other = _is_nearer_second(inside, means)
        if other.all() or not other.any():
            return skin
        means = np.stack([inside[~other].mean(axis=0), inside[other].mean(axis=0)])
    across = (means[1] - means[0]) / max(float(np.linalg.norm(means[1] - means[0])), 1e-9)
    along = inside @ across
    wide = np.hypot(along[~other].std(), along[other].std())
    if np.sqrt(2) * abs(along[other].mean() - along[~other].mean()) < limit("site", "apart_min") * wide:
        return skin
    ground = skin.copy()
    ground[skin] = other
    if ground[sample].mean() > 0.5 or (ground & edge).sum() < 0.5 * (skin & edge).sum():
        return skin
    return skin & ~ground


def _is_nearer_second(colours: Array, means: Array) -> Mask:
    """Return whether colours (n, 2) are nearer to the second of two means."""
    first, second = (np.square(colours - mean).sum(axis=-1) for mean in means)
    return np.asarray(second < first)


def _border_mask(shape: tuple[int, ...]) -> Mask:
    edge = np.ones(shape, bool)
    edge[1:-1, 1:-1] = False
    return edge

"""Find the bare skin in a view, as opposed to hair, beard, cloth, metal or background, and its connected pieces.

Skin, light and gloss are separated by the dichromatic reflection model of Shafer (1985): a pixel is body colour times
shade, plus gloss in the colour of the light. In log ratios of the channels shade cancels, and gloss is brightness
beyond the usual. Blood makes skin of every tone redder than hair of any colour, cloth and pearls. Shade between folds
makes it redder still, while dark hair is grey, so a dark pixel has to be redder than a light one to count as skin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE, highest_channel, srgb_to_linear
from skinbeam.photo.limits import limit
from skinbeam.photo.view import View, bounding_window

__all__ = [
    "RelativeTones",
    "SkinSurface",
    "connected_bare_skin",
    "disc_kernel",
    "find_skin",
    "largest_mark_area_px",
    "largest_pieces",
    "relative_tones",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST_OWN = 0.2  # minimum of the divisor: log ratios of a grey or blue picture are too small for it
_DARKEST = 1e-4  # keeps the logarithm finite: a third of the first step of 8-bit sRGB


@compared_by_value
@dataclass(frozen=True)
class RelativeTones:
    """Colours of a view relative to the usual skin colour of its face, (height, width) each.

    Parameters
    ----------
    light : natural logarithm of luminance over that of the face.
    red, yellow : log(red/green) and log(green/blue) over the face's own, minus 1: 0 is usual after gloss is removed.
    roughness : fine structure relative to that of the face's own skin.
    """

    light: Array
    red: Array
    yellow: Array
    roughness: Array


@compared_by_value
@dataclass(frozen=True)
class SkinSurface:
    """The part of a view in which very dark spots are searched for, with masks (height, width).

    Parameters
    ----------
    outline : the searched part of the person, whatever covers it.
    skin_colour : pixels with the colour of skin.
    openings : eyes, nostrils and mouth, which are dark by themselves.
    brows : the bands of the brows.
    regions : region → outline (n, 2) in pixels of the view.
    """

    outline: Mask
    skin_colour: Mask
    openings: Mask
    brows: Mask
    regions: Mapping[str, Array]

    def nearest_region(self, x: float, y: float) -> str:
        """Return the region that contains a point of the view, or the nearest one."""

        def depth(name: str) -> float:
            return float(cv2.pointPolygonTest(self.regions[name].astype(np.float32), (x, y), True))

        return max(self.regions, key=depth)


def relative_tones(view: View, sample: Mask) -> RelativeTones | None:
    """Return a view relative to the usual colour in `sample` (height, width), or None if that cannot be estimated."""
    cite_sources("shafer1985")
    blur_px = max(0.4, limit("skin", "blur_pupil") * view.place.pupil_px)
    light = cv2.GaussianBlur(srgb_to_linear(view.rgb), (0, 0), blur_px) + _DARKEST
    body = _usual_colour(light[sample])
    if body is None:
        return None
    luminance = light @ LUMINANCE / float(body @ LUMINANCE)
    own = -np.diff(np.log(body))
    off = -np.diff(np.log(light), axis=-1) - own
    glossy = luminance > 1
    gloss = (luminance[glossy] - 1)[:, None] * float(body @ LUMINANCE)
    off[glossy] += own + np.diff(np.log(body + gloss), axis=-1)
    off /= np.maximum(np.abs(own), _LEAST_OWN)
    return RelativeTones(np.log(luminance), off[..., 0], off[..., 1], _roughness(view, sample))


def _usual_colour(light: Array) -> Array | None:
    """Return the usual colour (3,) of linear light (n, 3): the median of pixels that are neither very dark nor grey."""
    inliers = np.ones(len(light), bool)
    for _ in range(3):
        if inliers.sum() < 10:
            return None
        body = np.asarray(np.median(light[inliers], axis=0), np.float64)
        dark = np.log(light @ LUMINANCE / float(body @ LUMINANCE))
        red = np.log(light[:, 0] / light[:, 1])
        own = float(np.log(body[0] / body[1]))
        inliers = (dark > -1.0) & (red > own - 0.4 * max(abs(own), _LEAST_OWN))
    return body


def _roughness(view: View, sample: Mask) -> Array:
    light = cv2.cvtColor(view.rgb, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
    fine, coarse, around = (share * view.place.pupil_px for share in (0.006, 0.03, 0.025))
    band = cv2.GaussianBlur(light, (0, 0), max(0.6, fine)) - cv2.GaussianBlur(light, (0, 0), coarse)
    structure = np.sqrt(cv2.GaussianBlur(band * band, (0, 0), around))
    # A structure of one level in 255 is noise, so the divisor is at least that.
    return np.asarray(structure / max(float(np.median(structure[sample])), 1.0), np.float64)


def find_skin(view: View, tone: RelativeTones, glossy: Mask) -> Mask:
    """Return the mask of skin in a view: red enough for its darkness, and of no other colour.

    Parameters
    ----------
    glossy : (height, width), where only skin can be as light as gloss.
    """
    dark = np.maximum(-tone.light - limit("skin", "shade_from"), 0)
    least = -limit("skin", "pale_max") + limit("skin", "shade_redder") * dark
    # A clipped pixel is paler than the skin was; where it cannot be cloth or paper, it is gloss.
    end = (highest_channel(view.rgb) >= limit("skin", "end_level")) & glossy & (tone.light > 0)
    least = np.where(end, -limit("skin", "pale_end_max"), least)
    there = (tone.red > least) & (tone.red < limit("skin", "red_max"))
    there &= (np.abs(tone.yellow) < limit("skin", "yellow_max")) | end
    there &= tone.light > -limit("skin", "shade_max")
    return np.asarray(there)


# Connected pieces of bare skin.


def connected_bare_skin(view: View, skin: Mask, cover: Mask, sample: Mask) -> Mask:
    """Return bare skin (height, width) connected with the sample except for narrow gaps, with eroded edges."""
    whole = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, disc_kernel(view, limit("skin", "open_pupil")))
    # A dark spot or a very red patch is skin, though not of the face's usual colour; a wider gap is not.
    gaps, labels, stats, _ = cv2.connectedComponentsWithStats(1 - whole)
    small = [k for k in range(1, gaps) if stats[k, cv2.CC_STAT_AREA] < largest_mark_area_px(view)]
    whole[np.isin(labels, small)] = 1
    # The shade under a chin and the frame of glasses divide a face; a jacket of its colour is farther away.
    _, labels = cv2.connectedComponents(cv2.dilate(whole, disc_kernel(view, limit("skin", "bridge_pupil"))))
    own = np.bincount(labels[sample], minlength=1)
    own[0] = 0
    whole = cv2.erode(whole, disc_kernel(view, limit("skin", "erode_pupil")))
    return np.asarray(whole.astype(bool) & (labels == own.argmax()) & ~cover)


def largest_mark_area_px(view: View) -> float:
    """Return the largest area, in pixels, of a gap that counts as a mark on the skin."""
    return float(np.pi / 4 * (limit("skin", "mark_pupil") * view.place.pupil_px) ** 2)


def largest_pieces(mask: Mask, *, share: float) -> tuple[Mask, NDArray[np.int32]] | None:
    """Return the largest piece of a mask with those of at least a share of its area, and the outline of the largest."""
    if not mask.any():
        return None
    at = bounding_window(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[at].astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = (labels == 1 + areas.argmax()).astype(np.uint8)
    corner = (at[1].start, at[0].start)
    contours, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=corner)
    large = np.zeros_like(mask)
    large[at] = np.isin(labels, 1 + np.flatnonzero(areas >= share * areas.max()))
    return large, np.asarray(contours[0], np.int32)


def disc_kernel(view: View, pupils: float) -> NDArray[np.uint8]:
    """Return a disc whose radius is given in pupil distances, at least one pixel."""
    radius = max(1, round(pupils * view.place.pupil_px))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)

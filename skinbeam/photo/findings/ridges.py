"""Detect lines in a map: ridge filter at several scales, thinning (Zhang and Suen 1984), traces, and line widths."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.findings.detail import BlurEstimate

__all__ = [
    "LineProfile",
    "LineTrace",
    "LineWidth",
    "centre_line",
    "fit_line_box",
    "hysteresis_mask",
    "line_profile",
    "ridge_strength",
    "thin_mask",
    "trace_lines",
]

Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

# Bits of the eight neighbours, clockwise from the one above (P2 to P9 of the paper).
_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


def thin_mask(mask: Mask) -> Mask:
    """Return the skeleton of a mask: one pixel wide, with the same connectivity."""
    left = mask.astype(np.uint8)
    left[[0, -1]] = 0
    left[:, [0, -1]] = 0
    changed = True
    while changed:
        changed = False
        for table in _tables():
            going = cv2.LUT(cv2.filter2D(left, -1, _BITS, borderType=cv2.BORDER_CONSTANT), table) & left
            changed = changed or bool(going.any())
            left &= ~going
    return left.astype(bool)


@cache
def _tables() -> tuple[Bytes, Bytes]:
    """Return, for each of the two halves of a step, code of the neighbours → whether the pixel is removed."""
    tables = np.zeros((2, 256), np.uint8)
    for code in range(256):
        p = [code >> bit & 1 for bit in range(8)]
        turns = sum(p[k] == 0 and p[(k + 1) % 8] == 1 for k in range(8))
        if 2 <= sum(p) <= 6 and turns == 1:
            above, right, below, left = p[0], p[2], p[4], p[6]
            tables[0, code] = above * right * below == 0 and right * below * left == 0
            tables[1, code] = above * right * left == 0 and above * below * left == 0
    return tables[0], tables[1]


def hysteresis_mask(weak: Mask, strong: Mask) -> Mask:
    """Return the connected parts of `weak` that contain a pixel of `strong`."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    has_seed = np.zeros(count, bool)
    has_seed[labels[strong & weak]] = True
    has_seed[0] = False
    return np.asarray(has_seed[labels])


# Ridge filter, traces and line widths.

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Pixel = tuple[int, int]

_XX = np.array([[0, 0, 0], [1, -2, 1], [0, 0, 0]], np.float32)
_XY = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) / 4
_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))  # straight ones first
_STEEP = 1.4826  # standard deviation of a normal law over its median absolute deviation
_WANDER = 0.35  # error of the middle of a line in pixels, standard deviation: measured on simulated lines
_ALONG = 9  # points of a line whose profiles are averaged to find its middle
_SMOOTH = 5  # points of a trace that are averaged, because a skeleton moves in whole pixels


@compared_by_value
@dataclass(frozen=True)
class LineTrace:
    """A line: (n, 2) x, y of its middle, one point about every pixel, and its strength relative to the noise."""

    points: Array
    strength: float

    @property
    def length_px(self) -> float:
        """Length along the line."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())


@dataclass(frozen=True)
class LineWidth:
    """Width of a line in pixels, corrected for blur: most likely, with the largest blur, with the smallest blur."""

    px: float
    low_px: float
    high_px: float


@dataclass(frozen=True)
class LineProfile:
    """The cross-section of a line: its height without blur, its observed height, and its width."""

    height: float
    observed_height: float
    width: LineWidth


def trace_lines(
    image: Image, mask: Mask, sigmas_px: Sequence[float], *, seed: float, grow: float, length_px: float
) -> list[LineTrace]:
    """Return the lines along which `image` is higher than on both sides.

    The curvature across a line of Gaussian profile s, after a blur by sigma, is greatest in the norm sigma^(3/2) where
    sigma = s (Lindeberg 1998, gamma = 3/4). The curvature along it is subtracted, so that points respond less than
    lines.

    Parameters
    ----------
    mask : where lines are searched for.
    sigmas_px : the scales.
    seed, grow : multiples of the noise of a scale that a line reaches somewhere, and everywhere.
    length_px : the minimum length.
    """
    strength = ridge_strength(image, mask, sigmas_px)
    there = hysteresis_mask(mask & (strength > grow), strength > seed)
    lines = []
    for points in _paths(thin_mask(there), length_px):
        rows, columns = points[:, 1].astype(int), points[:, 0].astype(int)
        lines.append(LineTrace(_smooth_path(points), float(strength[rows, columns].mean())))
    return [line for line in lines if line.length_px >= length_px]


def _extend_mask(image: Image, mask: Mask, reach: float) -> Image:
    """Replace the image outside the mask by nearby values inside, so that the edge of the mask is not a line."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), reach)
    near = cv2.GaussianBlur(np.where(mask, image, 0).astype(np.float32), (0, 0), reach) / np.maximum(weight, 1e-6)
    inside = float(np.median(image[mask]))
    return np.where(mask, image, np.where(weight > 1e-3, near, inside)).astype(np.float32)


def ridge_strength(image: Image, mask: Mask, sigmas_px: Sequence[float]) -> Image:
    """Return the response of the ridge filter at its best scale, in standard deviations of the noise of that scale."""
    image = _extend_mask(image, mask, 3 * max(sigmas_px))
    best = np.zeros_like(image)
    for sigma in sigmas_px:
        smooth = cv2.GaussianBlur(image, (0, 0), sigma)
        xx, yy, xy = (cv2.filter2D(smooth, -1, kernel) for kernel in (_XX, _XX.T, _XY))
        half, turn = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        across, along = half - turn, half + turn
        line = -across - np.abs(along)
        noise = _STEEP * float(np.median(np.abs(across[mask] - np.median(across[mask]))))
        best = np.maximum(best, line / max(noise, 1e-9))
    return best


def _paths(skeleton: Mask, length_px: float) -> list[Array]:
    """Return the lines of a skeleton as ordered (n, 2) x, y: the longest path of each tree, then that of the rest."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skeleton.astype(np.uint8), connectivity=8)
    least = max(length_px / 2**0.5, _SMOOTH)  # pixels: a diagonal step is longer than one pixel
    paths = []
    for label in range(1, count):
        x, y, w, h, area = stats[label]
        if area < least:
            continue
        rows, columns = np.nonzero(labels[y : y + h, x : x + w] == label)
        trees = [set(zip((columns + x).tolist(), (rows + y).tolist(), strict=True))]
        while trees:
            tree = trees.pop()
            path = _walk(tree, _walk(tree, min(tree))[-1])
            if len(path) < least:
                continue
            paths.append(np.array(path, np.float64))
            tree -= set(path)
            while tree:
                reached = set(_walk_order(tree, min(tree)))
                tree -= reached
                if len(reached) >= least:
                    trees.append(reached)
    return paths


def _walk_order(tree: set[Pixel], start: Pixel) -> dict[Pixel, Pixel]:
    """Return each pixel connected to `start`, in breadth-first order → the pixel before it."""
    before, near = {start: start}, [start]
    while near:
        far = []
        for x, y in near:
            for dx, dy in _STEPS:
                if (at := (x + dx, y + dy)) in tree and at not in before:
                    before[at] = (x, y)
                    far.append(at)
        near = far
    return before


def _walk(tree: set[Pixel], start: Pixel) -> list[Pixel]:
    """Return the path to the pixel that is the most steps from `start`."""
    before = _walk_order(tree, start)
    path = [next(reversed(before))]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def _smooth_path(points: Array) -> Array:
    """Return a path smoothed by a moving average; its ends stay."""
    reach = _SMOOTH // 2
    padded = np.pad(points, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(padded[:, k], np.ones(_SMOOTH) / _SMOOTH, "valid") for k in (0, 1)], axis=1)


def centre_line(image: Image, points: Array) -> Array:
    """Return a line moved to the nearest ridge of `image`, by up to two pixels."""
    offsets, values, normal = _sample_across(image, points, 2)
    reach = min(_ALONG, len(points) // 2 * 2 - 1)
    smooth = cv2.blur(values, (1, reach), borderType=cv2.BORDER_REFLECT)
    at = np.clip(smooth.argmax(axis=1), 1, len(offsets) - 2)
    row = np.arange(len(points))
    left, middle, right = (smooth[row, at + k] for k in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    shift = offsets[at] + np.clip((left - right) / (2 * bend), -1, 1) * (offsets[1] - offsets[0])
    return _smooth_path(points + cv2.blur(shift[:, None], (1, reach), borderType=cv2.BORDER_REFLECT) * normal)


def _sample_across(image: Image, points: Array, reach_px: int) -> tuple[Array, Image, Array]:
    """Return offsets (m,) across a line, the image (n, m) at each from each point, and the normals (n, 2)."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    offsets = _offsets(reach_px)
    at = (points[:, None] + offsets[None, :, None] * normal[:, None]).astype(np.float32)
    values = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return offsets, values, normal


def line_profile(image: Image, points: Array, reach_px: int, blur: BlurEstimate) -> LineProfile:
    """Return the mean cross-section of a line, with `reach_px` to each side.

    A line of even height and width w, blurred by s, has the profile Φ((t + w/2)/s) - Φ((t - w/2)/s). Width and a linear
    background are fitted by least squares, with the likely, the largest and the smallest blur.
    """
    values = _section(image, points, reach_px)
    fitted = [_fit_profile(values, math.hypot(s, _WANDER)) for s in (blur.px, blur.high_px, blur.low_px)]
    (height, likely), (_, low), (_, high) = fitted
    low, _, high = sorted((low, likely, high))
    peak = math.erf(likely / 2**1.5 / math.hypot(blur.px, _WANDER))
    return LineProfile(height, height * peak, LineWidth(likely, low, high))


def fit_line_box(image: Image, points: Array, reach_px: int, blur: BlurEstimate) -> tuple[float, float]:
    """Return height and width of the line for the likely blur only, as fitted by `line_profile`."""
    return _fit_profile(_section(image, points, reach_px), math.hypot(blur.px, _WANDER))


def _section(image: Image, points: Array, reach_px: int) -> Array:
    """Return the mean of the image at each offset across a line."""
    _, across, _ = _sample_across(image, points, reach_px)
    return np.asarray(across.mean(axis=0), np.float64)


def _fit_profile(values: Array, s: float) -> tuple[float, float]:
    """Return height and width of the line of blur s whose profile fits the mean section best."""
    widths, models, solving = _models(values.size // 4, s)
    solved = solving @ values
    left = np.square((models @ solved[..., None])[..., 0] - values).sum(axis=1)
    best = int(left.argmin())
    return float(solved[best, 0]), float(widths[best])


@lru_cache(maxsize=64)  # a picture has three blurs, one reach for vessels and one for folds
def _models(reach_px: int, s: float) -> tuple[Array, Array, Array]:
    """Return widths (k) of lines of blur s, the terms of their profiles (k, m, 3), and pseudo-inverses (k, 3, m)."""
    offsets = _offsets(reach_px)
    widths = np.geomspace(0.25, offsets[-1], 48)
    ends = (offsets + widths[:, None, None] / 2 * np.array([[1.0], [-1.0]])) / s
    reached = 0.5 * np.array([math.erf(end / math.sqrt(2)) for end in ends.ravel()]).reshape(ends.shape)
    ground = np.broadcast_to(np.stack([np.ones_like(offsets), offsets], axis=1), (widths.size, offsets.size, 2))
    models = np.concatenate([(reached[:, 0] - reached[:, 1])[..., None], ground], axis=-1)
    return widths, models, np.linalg.pinv(models)


def _offsets(reach_px: int) -> Array:
    """Return offsets (m,) across a line, half a pixel apart."""
    return np.arange(-2 * reach_px, 2 * reach_px + 1) / 2

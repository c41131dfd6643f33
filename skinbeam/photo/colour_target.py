"""Find the colour chart of 24 patches in a picture, and calibrate the picture's colours by it or by a white card.

The chart has four rows of six patches on a dark frame, at any rotation and tilt. Bright patches stand out from the
frame in the brightest of their channels, under any light. Bright, nearly square areas are joined with their neighbours
to a lattice, and a homography maps the lattice to the picture. Each way of placing the chart on it is judged by colour:
one matrix must map the measured colours to those of the chart. No other pattern passes this test, however regular.

A white card and the printed card give one factor for each channel; a chart gives a matrix or a polynomial fitted to its
24 patches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE, highest_channel, linear_to_lab, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import chart_patches, limit, limit_entry
from skinbeam.photo.printed_card.measurement import CalibrationSummary, PrintedCard
from skinbeam.photo.view import shrink_image
from skinbeam.text import Message

__all__ = [
    "COLUMNS",
    "ROWS",
    "ColourCalibration",
    "ColourChart",
    "calibrate_by_chart",
    "calibrate_by_printed_card",
    "calibrate_by_white_card",
    "corrected_lab",
    "find_chart",
    "fit_colour_matrix",
    "no_calibration",
    "reference_light",
]

Array = NDArray[np.float64]
Gray = NDArray[np.uint8]

ROWS, COLUMNS = 4, 6
_SEARCH_PX = 1600  # longer side of the copy in which the chart is searched for
_BLOCKS = (12, 24, 48)  # block sizes of the adaptive threshold, as fractions of the longer side
# The frame isolates the chart: few other objects fall into its lattice.
_MANY, _MOST_JOINED, _ATTEMPTS = 600, 36, 300
_STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))
_BEYOND = 5  # cells around the lattice in which the rest of the chart may be
_INSIDE = np.linspace(-0.2, 0.2, 7)  # sample positions in a cell: the middle of a patch

# CIE L*a*b* with the white of D50 to linear sRGB, adapted to D65 (Bradford).
_D50 = np.array([0.9642, 1.0, 0.8249])
_TO_LINEAR = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
)


@compared_by_value
@dataclass(frozen=True)
class ColourChart:
    """A colour chart found in a picture.

    Parameters
    ----------
    light : (24, 3) mean linear light of each patch, in the order of the reference: by rows from dark skin to black.
    clipped : (24,) whether a channel of the patch is clipped.
    outline : (4, 2) corners in pixels of the picture.
    """

    light: Array
    clipped: NDArray[np.bool_]
    outline: Array


@cache
def reference_light() -> Array:
    """Return the linear sRGB light (24, 3) of the patches, as a perfect camera would record it."""
    L, a, b = np.array(chart_patches(), np.float64).T
    f = np.stack([(L + 16) / 116 + a / 500, (L + 16) / 116, (L + 16) / 116 - b / 200], axis=1)
    side = 6 / 29
    return np.asarray(np.where(f > side, f**3, 3 * side**2 * (f - 4 / 29)) * _D50 @ _TO_LINEAR.T)


def find_chart(rgb: Picture) -> ColourChart | None:
    """Return the chart in a picture (height, width, 3), or None."""
    scale = min(1.0, _SEARCH_PX / max(rgb.shape[:2]))
    small = shrink_image(rgb, scale)
    bright = cv2.GaussianBlur(highest_channel(small), (0, 0), 1.0)
    for share in _BLOCKS:
        patches = _find_squares(bright, max(small.shape[:2]) // share)
        for lattice in _find_lattices(patches):
            plane = _fit_homography(lattice, patches)
            if plane is not None and (chart := _place_chart(small, plane, lattice, scale)) is not None:
                return chart
    return None


def _find_squares(bright: Gray, block: int) -> Array:
    """Return bright, nearly square areas: (n, 3) x, y and side."""
    above = cv2.adaptiveThreshold(bright, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, max(block, 3) | 1, -4)
    above = cv2.erode(above, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    least, most = limit("chart", "patch_px_min"), max(bright.shape) / (COLUMNS + 1)
    squares = []
    for contour in contours:
        _, _, width, height = cv2.boundingRect(contour)
        if not (least <= min(width, height) and max(width, height) <= 1.5 * most):
            continue
        (x, y), (long, short), _ = cv2.minAreaRect(contour)
        long, short = max(long, short), min(long, short)
        area = cv2.contourArea(contour)
        if (
            short < least
            or long > limit("chart", "aspect_max") * short
            or area < limit("chart", "fill_min") * long * short
        ):
            continue
        squares.append((x, y, float(np.sqrt(area)) + 2.0))  # the erosion removed a pixel on each side
    return np.array(squares, np.float64).reshape(-1, 3)


def _find_lattices(patches: Array) -> Iterator[dict[tuple[int, int], int]]:
    """Yield lattices (column, row) → index of a patch, each grown from neighbour to neighbour."""
    least, taken = limit("chart", "patches_min"), set[int]()
    if len(patches) > _MANY:  # a carpet or a tiled wall, which would take too long to search
        return
    left = _ATTEMPTS
    for seed in np.argsort(-patches[:, 2]) if len(patches) else []:
        if int(seed) in taken:
            continue
        for axes in _axes(patches, int(seed)):
            left -= 1
            if left < 0:
                return
            lattice = _grow_lattice(patches, int(seed), axes)
            if len(lattice) >= least:
                taken |= set(lattice.values())
                if len(lattice) <= _MOST_JOINED:
                    yield lattice
                break


def _axes(patches: Array, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield pairs of nearly perpendicular steps from a patch to neighbours of similar size."""
    x, y, side = patches[seed]
    off = patches[:, :2] - (x, y)
    far = np.hypot(*off.T)
    like = (patches[:, 2] < 1.6 * side) & (patches[:, 2] > side / 1.6)
    near = np.flatnonzero(like & (far > 0.9 * side) & (far < 1.9 * side))
    near = near[np.argsort(far[near])][:6]
    for k, first in enumerate(near):
        for second in near[k + 1 :]:
            cross = off[first][0] * off[second][1] - off[first][1] * off[second][0]
            if abs(cross) > 0.8 * far[first] * far[second]:
                yield off[first], off[second]


def _grow_lattice(patches: Array, seed: int, axes: tuple[Array, Array]) -> dict[tuple[int, int], int]:
    """Return the lattice around a patch; its steps adapt to the perspective from cell to cell."""
    lattice, taken = {(0, 0): seed}, {seed}
    open_ends = [((0, 0), axes)]
    while open_ends and len(lattice) <= _MOST_JOINED:
        (column, row), (across, down) = open_ends.pop(0)
        here = patches[lattice[column, row]]
        for right, below in _STEPS:
            cell = column + right, row + below
            if cell in lattice:
                continue
            expected = here[:2] + right * across + below * down
            off = np.hypot(*(patches[:, :2] - expected).T)
            nearest = int(np.argmin(off))
            side = patches[nearest, 2]
            if off[nearest] > 0.3 * here[2] or nearest in taken or not here[2] / 1.6 < side < 1.6 * here[2]:
                continue
            lattice[cell] = nearest
            taken.add(nearest)
            step = patches[nearest, :2] - here[:2]
            turned = (right * step, down) if right else (across, below * step)
            open_ends.append((cell, turned))
    return lattice


def _fit_homography(lattice: dict[tuple[int, int], int], patches: Array) -> Array | None:
    """Return the homography (3, 3) from cells to pixels that fits most of a lattice, or None."""
    cells = np.array(list(lattice), np.float64)
    if min(np.ptp(cells, axis=0)) < 1:
        return None
    at = patches[list(lattice.values())]
    plane, inside = cv2.findHomography(cells, at[:, :2], cv2.RANSAC, 0.15 * float(np.median(at[:, 2])))
    return None if plane is None or inside.sum() < limit("chart", "patches_min") else np.asarray(plane)


def _cells_to_pixels(plane: Array, cells: Array) -> Array:
    """Convert positions in cells (..., 2) to pixels."""
    flat = cv2.perspectiveTransform(cells.reshape(-1, 1, 2), plane)
    return np.asarray(flat.reshape(cells.shape))


def _place_chart(small: Picture, plane: Array, lattice: dict[tuple[int, int], int], scale: float) -> ColourChart | None:
    """Return the chart on a plane, if one way of placing it there matches its colours, else None."""
    cells = np.array(list(lattice))
    (left, top), (right, bottom) = cells.min(axis=0) - _BEYOND, cells.max(axis=0) + _BEYOND
    columns, rows = np.arange(left, right + 1), np.arange(top, bottom + 1)
    middles = np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.float64)
    light, uneven, clipped = _sample_cells(small, plane, middles)
    joined = np.zeros(light.shape[:2], bool)
    joined[cells[:, 1] - top, cells[:, 0] - left] = True
    best, at = limit("chart", "match_delta_E"), None
    for turn in range(8):
        there = [_turn_grid(values, turn) for values in (light, uneven, clipped, joined, middles)]
        for row in range(there[0].shape[0] - ROWS + 1):
            for column in range(there[0].shape[1] - COLUMNS + 1):
                part = [values[row : row + ROWS, column : column + COLUMNS] for values in there]
                if part[3].sum() < limit("chart", "patches_min") or part[1].max() > limit("chart", "uneven_max"):
                    continue
                apart = _mean_delta_E(part[0].reshape(-1, 3), part[2].reshape(-1))
                if apart < best:
                    best, at = apart, part
    if at is None:
        return None
    corners = np.array([(-0.6, -0.6), (0.6, -0.6), (0.6, 0.6), (-0.6, 0.6)])
    ends = np.array([at[4][0, 0], at[4][0, -1], at[4][-1, -1], at[4][-1, 0]])
    outward = np.sign(ends - ends.mean(axis=0)) * np.abs(corners)
    outline = (_cells_to_pixels(plane, ends + outward) + 0.5) / scale - 0.5
    return ColourChart(at[0].reshape(-1, 3), at[2].reshape(-1), outline)


def _turn_grid(values: Any, turn: int) -> Any:
    """Return a grid of cells in one of its eight orientations, including mirrored ones (a selfie)."""
    return np.rot90(values[:, ::-1] if turn >= 4 else values, turn % 4)


def _sample_cells(small: Picture, plane: Array, middles: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return for each cell its mean linear light, its unevenness in levels of 255, and whether a channel is clipped."""
    inside = np.stack(np.meshgrid(_INSIDE, _INSIDE), axis=-1).reshape(-1, 2)
    at = _cells_to_pixels(plane, middles[:, :, None, :] + inside)
    inner = ((at >= 0) & (at <= np.array(small.shape[1::-1]) - 1)).all(axis=(2, 3))
    flat = np.clip(at, -1e4, 1e4).astype(np.float32).reshape(-1, len(inside), 2)
    seen = cv2.remap(small, flat, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE).reshape(*at.shape[:3], 3)
    uneven = np.where(inner, seen.std(axis=2).max(axis=-1), np.inf)
    ended = (seen >= 254).any(axis=3).mean(axis=2) > limit("colour", "card_clipped_max")
    return srgb_to_linear(seen).mean(axis=2), uneven, ended


def _mean_delta_E(light: Array, clipped: NDArray[np.bool_]) -> float:
    """Return the mean ΔE of patches (24, 3) from the reference after correction with the best-fitting matrix."""
    used = ~clipped
    if used.sum() < limit("chart", "patches_min"):
        return float("inf")
    wanted = reference_light()
    off = corrected_lab(light @ fit_colour_matrix(light[used], wanted[used])) - corrected_lab(wanted)
    return float(np.mean(np.linalg.norm(off[used], axis=1)))


def fit_colour_matrix(terms: Array, wanted: Array) -> Array:
    """Return the least-squares matrix from terms (patch, n) to linear light (patch, 3), errors weighted as in L*."""
    weight = (np.maximum(wanted @ LUMINANCE, 0.0) + 0.02)[:, None] ** (-2 / 3)
    matrix, *_ = np.linalg.lstsq(terms * weight, wanted * weight, rcond=None)
    return np.asarray(matrix)


def corrected_lab(light: Array) -> Array:
    """Convert corrected linear light to L*, a*, b*; values that a matrix made negative are set to 0."""
    return linear_to_lab(np.maximum(light, 0.0))


# Correction of the colours of a picture by a card or a chart.


@compared_by_value
@dataclass(frozen=True)
class ColourCalibration:
    """Correction of measured linear light to true linear light.

    Parameters
    ----------
    matrix : (3, 3), or (6, 3) for light and its root products.
    delta_E : mean residual error on the patches of a chart, each predicted from the others; None without a chart.
    outline : (4, 2) corners of the chart or the printed card in pixels of the picture, or None.
    printed_card : the printed card by which it was made, or None.
    """

    matrix: Array
    delta_E: float | None = None
    outline: Array | None = None
    printed_card: PrintedCard | None = None

    @property
    def is_correction(self) -> bool:
        """Whether it is a correction by a card or chart, as opposed to the identity."""
        return not np.array_equal(self.matrix, np.eye(3))

    def __call__(self, light: Array) -> Array:
        """Return corrected light (..., 3), never negative."""
        if not self.is_correction:
            return np.maximum(light, 0.0)
        terms = light if len(self.matrix) == 3 else _root_polynomial(light)
        return np.asarray(np.maximum(terms @ self.matrix, 0.0))

    def as_record(self) -> CalibrationSummary:
        """Return the JSON form."""
        if self.printed_card is not None:
            return self.printed_card.as_record()
        if self.delta_E is None or self.outline is None:
            return CalibrationSummary("white-card")
        return CalibrationSummary("chart", self.delta_E, self.outline)


def no_calibration() -> ColourCalibration:
    """Return the identity calibration."""
    return ColourCalibration(np.eye(3))


def calibrate_by_white_card(gain: Array) -> ColourCalibration:
    """Return the calibration by a white card: a factor (3,) for each channel."""
    return ColourCalibration(np.diag(gain))


def calibrate_by_printed_card(card: PrintedCard) -> ColourCalibration:
    """Return the calibration by a printed card: a factor (3,) for each channel, from the light of its paper."""
    paper = np.array(limit_entry("printed-card", "paper")["value"])
    return ColourCalibration(np.diag(paper / card.white), outline=card.card.outline, printed_card=card)


def calibrate_by_chart(chart: ColourChart) -> ColourCalibration | Unknown:
    """Return the calibration by a chart, or why it cannot be used.

    Two models are fitted: a matrix, and a matrix on light and the square roots of its products (Finlayson, Mackiewicz
    and Hurlbert 2015), which scale with exposure in the same way. The one that better predicts each patch from the
    others is used. Errors are weighted as in L*, which follows the cube root of light.
    """
    cite_sources("finlayson2015")
    usable = ~chart.clipped
    if usable.sum() < limit("chart", "patches_min"):
        return Unknown(Message("photo-colour.chart_clipped").text)
    seen, wanted = chart.light[usable], reference_light()[usable]
    errors = {}
    for count, terms in ((3, seen), (6, _root_polynomial(seen))):
        others = [np.delete(np.arange(len(seen)), k) for k in range(len(seen))]
        foretold = [terms[k] @ fit_colour_matrix(terms[rest], wanted[rest]) for k, rest in enumerate(others)]
        errors[count] = float(
            np.mean(np.linalg.norm(corrected_lab(np.array(foretold)) - corrected_lab(wanted), axis=1))
        )
    best = min(errors, key=lambda count: errors[count])
    if errors[best] > limit("chart", "use_delta_E"):
        params = {"delta_E": errors[best], "most": limit("chart", "use_delta_E")}
        return Unknown(Message("photo-colour.chart_uneven", params).text)
    terms = seen if best == 3 else _root_polynomial(seen)
    return ColourCalibration(fit_colour_matrix(terms, wanted), errors[best], chart.outline)


def _root_polynomial(light: Array) -> Array:
    light = np.maximum(light, 0.0)
    return np.concatenate([light, np.sqrt(light * np.roll(light, -1, axis=-1))], axis=-1)

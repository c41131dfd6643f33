"""Measure on a printed card how a picture shows light: its white, the camera's contrast, and how even the light is.

A camera shows linear light as its power, with one exponent (its contrast) for all channels. For a screen of black lines
of a share a and a pitch p, the mean reflectance relative to paper is 1 - (1 - b) (a + 2 d / p): b is the reflectance of
black over that of paper, d the ink that spreads at each edge. The mean of the pixels, taken to the power of one over
the contrast, must be that reflectance. Where a picture resolves the lines, this holds for every contrast, and the
screens say little; where they blur to grey, they say much. Contrast, spread of ink and black are summed over a grid,
each weighted by its prior and by how well the screens agree (photo 9).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import LUMINANCE, srgb_to_linear
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.printed_card.finder import FoundCard
from skinbeam.photo.printed_card.layout import BLACK_CELLS, FIELD_MM, SCREENS, WHITE_CELLS, Cell, Screen
from skinbeam.text import Message

__all__ = ["CalibrationSummary", "LightPlane", "PrintedCard", "measure_printed_card"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CONTRASTS = np.geomspace(0.75, 1.75, 41)
_SPREADS_MM = np.linspace(-0.03, 0.12, 16)
_CORNERS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])  # of a square around its middle
_PERIODS = 9  # of the coarse lines, whose side of a screen is read: whole periods, away from the edges of the field
_FEWEST_CELLS, _FEWEST_PX = 6, 4
_DARKEST = 1e-4
_BLACK_MOST = 0.6  # of paper: keeps the share of a screen above zero in haze, which is refused afterwards


@compared_by_value
@dataclass(frozen=True)
class LightPlane:
    """Light on the card, as the picture shows it: ln of it is linear in the pixels of the picture.

    Parameters
    ----------
    middle : x, y of the middle of the measured cells.
    slope : change of ln light per pixel to the right and downwards.
    covariance : (3, 3) of the value at the middle and of the slope.
    """

    middle: Array
    slope: Array
    covariance: Array

    def change(self, pixels: Array) -> tuple[Array, Array]:
        """Return ln of the light at points (n, 2) over that at the middle, and the variance of it."""
        off = pixels - self.middle
        terms = np.column_stack([np.ones(len(off)), off])
        return off @ self.slope, np.einsum("ni,ij,nj->n", terms, self.covariance, terms)


@compared_by_value
@dataclass(frozen=True)
class CalibrationSummary:
    """A colour calibration as a document has it; what its kind does not have is None.

    Parameters
    ----------
    delta_E : of a chart, the mean residual error on its patches.
    outline : corners of the chart or card in pixels of the picture.
    mirrored, exposure, contrast, evenness_pct : of a printed card.
    """

    kind: Literal["white-card", "chart", "printed-card"]
    delta_E: float | None = None
    outline: Array | None = None
    mirrored: bool | None = None
    exposure: float | None = None
    contrast: Estimate | None = None
    evenness_pct: float | Unknown | None = None


@compared_by_value
@dataclass(frozen=True)
class PrintedCard:
    """What a printed card in a picture measures.

    Parameters
    ----------
    card : its place.
    white : (3,) linear light of the paper at the middle of the card, as the picture shows it; above 1 where the picture
        is overexposed there.
    light : how the light changes over the card; None where too little white is readable.
    contrasts : (node,) exponents of the camera.
    weights : (node,) their probabilities.
    ln_white : (node, 3) ln of the paper's light with the contrast of the node removed.
    contrast : median and central interval of the exponent.
    evenness_pct : change of light from the darkest to the brightest end of the card, in per cent of the brighter.
    """

    card: FoundCard
    white: Array
    light: LightPlane | None
    contrasts: Array
    weights: Array
    ln_white: Array
    contrast: Estimate
    evenness_pct: float | Unknown

    def relative_light(self, light: Array, pixels: Array) -> tuple[Array, Array]:
        """Return ln of light (n, 3) at pixels (n, 2) over that of the paper there, and its covariance (n, 3, 3).

        The contrast of the camera and the change of light over the picture are removed. The covariance holds the
        errors of both, and of nothing else.
        """
        change, variance = np.zeros(len(light)), np.full(len(light), limit("printed-card", "uneven_ln") ** 2)
        if self.light is not None:
            change, variance = self.light.change(pixels)
            variance = variance + (limit("printed-card", "beyond_share") * change) ** 2
        shown = np.log(np.maximum(light, _DARKEST)) - change[:, None]
        nodes = shown[:, None, :] / self.contrasts[:, None] - self.ln_white
        mean = np.einsum("k,nkc->nc", self.weights, nodes)
        off = nodes - mean[:, None, :]
        covariance = np.einsum("k,nkc,nkd->ncd", self.weights, off, off)
        scene = variance / self.contrast.median**2
        return mean, covariance + scene[:, None, None]

    def as_record(self) -> "CalibrationSummary":
        """Return the JSON form."""
        return CalibrationSummary(
            "printed-card",
            outline=self.card.outline,
            mirrored=self.card.mirrored,
            exposure=float(self.white @ LUMINANCE),
            contrast=self.contrast,
            evenness_pct=self.evenness_pct,
        )


def measure_printed_card(rgb: Picture, card: FoundCard) -> PrintedCard | Unknown:
    """Return what a card measures, or why it cannot be used: overexposed, too dark, in haze or shine."""
    window = _CardPixels.cut(rgb, card)
    cells, black = window.cells(WHITE_CELLS), window.cells(BLACK_CELLS)
    bright = [cell for cell in cells if not cell.clipped]
    light = _fit_plane(bright, limit("printed-card", "cell_ln"))
    if light is None:
        light = _fit_plane(black, limit("printed-card", "black_cell_ln"))
    screens = _usable_screens(window)
    if not black or (len(bright) < _FEWEST_CELLS and len(screens) < 2):
        over = sum(cell.clipped for cell in cells) > len(cells) / 2
        return Unknown(Message("photo-card-reading.clipped" if over else "photo-card-reading.covered").text)
    whites = _even(bright, light) if len(bright) >= _FEWEST_CELLS else None
    fit = _fit_contrast(whites, _even(black, light), [(screen, _even([cell], light)) for screen, cell in screens])
    white = np.exp(np.einsum("k,kc->c", fit.weights * fit.contrasts, fit.ln_white))
    if white.min() < limit("printed-card", "white_min"):
        return Unknown(Message("photo-card-reading.dark").text)
    if float((np.median(_even(black, light), axis=0) / white).max()) > limit("printed-card", "black_max"):
        return Unknown(Message("photo-card-reading.hazy").text)
    return PrintedCard(
        card, white, light, fit.contrasts, fit.weights, fit.ln_white, fit.estimate(), _evenness_pct(card, light)
    )


@dataclass(frozen=True)
class _Cell:
    """Pixels of a field: linear light (n, 3) at pixels (n, 2), and whether some of it is clipped."""

    light: Array
    pixels: Array
    clipped: bool


@dataclass(frozen=True)
class _CardPixels:
    """The pixels of the picture around a card, with their places on it in mm."""

    rgb: Picture
    origin: tuple[int, int]
    mm: Array
    card: FoundCard

    @classmethod
    def cut(cls, rgb: Picture, card: FoundCard) -> "_CardPixels":
        height, width = rgb.shape[:2]
        low = np.clip(np.floor(card.outline.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
        high = np.clip(np.ceil(card.outline.max(axis=0)) + 1, low + 1, (width, height)).astype(int)
        xx, yy = np.meshgrid(np.arange(low[0], high[0], dtype=float), np.arange(low[1], high[1], dtype=float))
        mm = card.to_mm(np.stack([xx, yy], axis=-1).reshape(-1, 2)).reshape(*xx.shape, 2)
        return cls(rgb[low[1] : high[1], low[0] : high[0]], (int(low[0]), int(low[1])), mm, card)

    def cells(self, cells: Iterable[Cell]) -> "list[_Cell]":
        """Return the pixels of those squares of the card that the picture holds enough of."""
        found = (self.square(cell.xy_mm, cell.half_mm) for cell in cells)
        return [cell for cell in found if cell is not None]

    def square(self, middle: tuple[float, float], half_mm: float) -> _Cell | None:
        """Return the pixels of a square of the card, or None if the picture holds too few."""
        corners = self.card.to_pixels(np.array(middle) + half_mm * _CORNERS) - self.origin
        low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        high = np.maximum(np.ceil(corners.max(axis=0)) + 1, 0).astype(int)
        near = slice(low[1], high[1]), slice(low[0], high[0])
        inside = (np.abs(self.mm[near] - middle) <= half_mm).all(axis=-1)
        if inside.sum() < _FEWEST_PX:
            return None
        levels = self.rgb[near][inside]
        rows, columns = np.nonzero(inside)
        ended = float((levels >= 254).any(axis=1).mean()) > limit("colour", "card_clipped_max")
        return _Cell(srgb_to_linear(levels), np.column_stack([columns, rows]) + low + self.origin, ended)


def _middle(corner: tuple[float, float]) -> tuple[float, float]:
    return corner[0] + FIELD_MM / 2, corner[1] + FIELD_MM / 2


def _usable_screens(window: _CardPixels) -> list[tuple[Screen, _Cell]]:
    """Return the screens that are not clipped, each with the pixels of whole periods."""
    half = _PERIODS * SCREENS[0].pitch_mm / 2
    cells = [(screen, window.square(_middle(screen.xy_mm), half)) for screen in SCREENS]
    return [(screen, cell) for screen, cell in cells if cell is not None and not cell.clipped and len(cell.light) >= 16]


def _fit_plane(cells: list[_Cell], cell_ln: float) -> LightPlane | None:
    """Return the light over cells of one tone; cells in a shadow or under a finger are left out.

    Parameters
    ----------
    cell_ln : least standard deviation of ln light between such cells.
    """
    if len(cells) < _FEWEST_CELLS:
        return None
    at = np.array([cell.pixels.mean(axis=0) for cell in cells])
    value = np.log(np.array([np.median(cell.light @ LUMINANCE) for cell in cells]) + _DARKEST)
    inliers = np.abs(value - np.median(value)) < limit("printed-card", "cell_apart_max")
    for _ in range(3):
        if inliers.sum() < _FEWEST_CELLS:
            return None
        middle = at[inliers].mean(axis=0)
        terms = np.column_stack([np.ones(len(at)), at - middle])
        coefficients = np.linalg.lstsq(terms[inliers], value[inliers], rcond=None)[0]
        off = value - terms @ coefficients
        spread = max(1.4826 * float(np.median(np.abs(off[inliers]))), cell_ln)
        inliers = np.abs(off) < 3.5 * spread
    if inliers.sum() < _FEWEST_CELLS:
        return None
    covariance = np.linalg.inv(terms[inliers].T @ terms[inliers]) * spread**2
    return LightPlane(middle, coefficients[1:], covariance)


def _even(cells: list[_Cell], light: LightPlane | None) -> Array:
    """Return the light (n, 3) of cells as it would be at the middle of the card."""
    shown = np.concatenate([cell.light for cell in cells])
    if light is None:
        return shown
    change, _ = light.change(np.concatenate([cell.pixels for cell in cells]))
    return np.asarray(shown * np.exp(-change)[:, None])


@dataclass(frozen=True)
class _ContrastFit:
    contrasts: Array
    weights: Array
    ln_white: Array

    def estimate(self) -> Estimate:
        level, order = limit("colour", "level"), self.contrasts.argsort()
        share = np.cumsum(self.weights[order]) - self.weights[order] / 2
        low, middle, high = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], share, self.contrasts[order])
        return Estimate(float(middle), float(low), float(high), level, "measured", basis=("skinbeam2026photo",))


def _fit_contrast(whites: Array | None, blacks: Array, screens: list[tuple[Screen, Array]]) -> _ContrastFit:
    """Return the contrasts that the fields allow, with their probabilities and the paper's light for each.

    Black over paper is read from the black cells, which hold the stray light of the lens as the screens do. It depends
    on the paper's light, which depends on it: it is put in until it stays.
    """
    fields = [] if whites is None else [np.median(whites, axis=0)[None]]
    fields += [np.maximum(light, _DARKEST) for _, light in screens]
    seen = np.array([[np.log((light ** (1 / c)).mean(axis=0)) for light in fields] for c in _CONTRASTS])
    seen_black = np.log(np.maximum(np.median(blacks, axis=0), _DARKEST)) / _CONTRASTS[:, None]
    usual, ink = limit_entry("printed-card", "black_of_paper"), limit_entry("printed-card", "ink_spread_mm")
    share, pitch = (np.array([getattr(screen, name) for screen, _ in screens]) for name in ("black", "pitch_mm"))
    covered = np.clip(share + 2 * _SPREADS_MM[:, None] / pitch, 0, 1)  # (spread, screen)
    black = np.full((len(_CONTRASTS), len(_SPREADS_MM)), float(usual["value"]))
    for _ in range(4):
        part = 1 - (1 - black[..., None]) * covered  # (contrast, spread, screen)
        error = limit("printed-card", "screen_error") / part
        if whites is not None:
            ends = np.ones((*black.shape, 1))
            part, error = (
                np.concatenate(pair, axis=-1)
                for pair in ((ends, part), (limit("printed-card", "cell_ln") * ends, error))
            )
        weight = error**-2 / (error**-2).sum(axis=-1, keepdims=True)
        left = seen[:, None] - np.log(part)[..., None]  # (contrast, spread, field, channel)
        white = np.einsum("knf,knfc->knc", weight, left)
        black = np.minimum(np.exp((seen_black[:, None] - white).mean(axis=-1)), _BLACK_MOST)
    missed = (left - white[:, :, None]).mean(axis=-1) / error
    prior = ((_SPREADS_MM - float(ink["value"])) / float(ink["sd"])) ** 2
    prior = prior + (np.log(black / float(usual["value"])) / float(usual["ln_sd"])) ** 2
    centre, reach = limit("maps", "contrast"), limit("maps", "card_contrast_ln")
    prior = prior + (np.log(_CONTRASTS / centre) / reach)[:, None] ** 2
    logarithm = -0.5 * ((missed**2).sum(axis=-1) + prior)
    weights = np.exp(logarithm - logarithm.max())
    likely = weights > 1e-6
    contrasts = np.broadcast_to(_CONTRASTS[:, None], weights.shape)
    return _ContrastFit(contrasts[likely], weights[likely] / weights[likely].sum(), white[likely])


def _evenness_pct(card: FoundCard, light: LightPlane | None) -> float | Unknown:
    """Return how much darker the darkest corner of the card is than its brightest, as the picture shows them."""
    if light is None:
        return Unknown(Message("photo-card-reading.no_light").text)
    change, _ = light.change(card.outline)
    return float(100 * (1 - np.exp(change.min() - change.max())))

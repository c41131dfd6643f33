"""Compute maps of melanin, blood and brightness from the colour of every pixel, each with its uncertainty.

Each pixel has three channels and three unknowns. The solution is the most probable melanin, blood and brightness that
make its colour by the optics of skin (photo 4), given the noise of its channels and a prior for the deviation of
pigment and shade from those of the face. Where colour separates melanin from blood the prior hardly matters; on very
dark skin, where it does not, the standard deviations grow towards those of the prior.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.colour import linear_to_srgb
from skinbeam.photo.limits import limit
from skinbeam.photo.pigment_maps.pigment_density import optical_density
from skinbeam.photo.pigment_maps.skin_colours import SkinColourGrid, skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import SkinLevel, estimate_skin_level, remove_contrast

__all__ = ["SkinMaps", "compute_skin_maps"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class _GridAxis(NamedTuple):
    low: float
    high: float
    nodes: int


# The problem is solved on a grid of a pixel's log colour relative to the face, and interpolated: ln(red/green),
# ln(green/blue), ln(green).
_GRID = (_GridAxis(-0.8, 0.9, 23), _GridAxis(-0.9, 0.8, 23), _GridAxis(-1.8, 1.1, 10))
_STEPS = 5
_STEP_MAX = 0.5
_COARSE = 15  # stride of the grid of colours for the start of the search


@compared_by_value
@dataclass(frozen=True)
class SkinMaps:
    """Pigment maps of the skin of a picture, every map (height, width).

    Parameters
    ----------
    melanin, blood : volume fractions, of melanosomes in the epidermis and of blood in the dermis.
    gain : brightness relative to the middle of the face: lighting and shade.
    melanin_sd, blood_sd : standard deviations within this picture, for the difference between two places of it. The
        overall level is less certain: `level`.
    valid : where melanin, blood and brightness reproduce the observed colour; elsewhere the maps are invalid.
    level : of the face, and the colour of the light.
    """

    melanin: Array
    blood: Array
    gain: Array
    melanin_sd: Array
    blood_sd: Array
    valid: Mask
    level: SkinLevel


def compute_skin_maps(light: Array, skin: Mask, *, calibrated: bool = False) -> SkinMaps:
    """Compute the maps of linear sRGB light (height, width, 3) in `skin`, relative to the level of its median.

    The standard deviations include noise, and the change of a pixel's pigment relative to the face if the level of the
    face were a standard deviation lower or higher, or the contrast of the camera different.
    """
    seen = -optical_density(light[skin])
    level = estimate_skin_level(np.exp(np.median(seen, axis=0)), calibrated=calibrated)
    ln = remove_contrast(seen, level.contrast)
    middle = np.median(ln, axis=0)
    solved = _solve_nodes(level, middle)
    aside = [
        _solve_nodes(level.with_melanin(level.melanin * factor), middle)
        for factor in np.exp([-level.melanin_ln_sd, level.melanin_ln_sd])
    ]
    nodes = solved[:3] + np.log([level.melanin, level.blood, 1.0])[:, None, None, None]
    moved = np.mean([(estimate[:2] - solved[:2]) ** 2 for estimate in aside], axis=0)
    moved = moved + (solved[:2] * level.contrast_ln_sd) ** 2
    at = _grid_places(ln - middle)
    deviations = np.sqrt(solved[3:5] ** 2 + moved)
    u, v, s, su, sv, miss = _interpolate_grid(np.stack([*nodes, *deviations, solved[5]]), at)
    melanin, blood, gain = np.exp([u, v, s])
    fits = (miss <= limit("maps", "miss_max")) & (gain >= limit("maps", "gain_min"))
    fits &= (gain <= limit("maps", "gain_max")) & _is_on_grid(at)
    return SkinMaps(
        _as_map(melanin, skin, level.melanin),
        _as_map(blood, skin, level.blood),
        _as_map(gain, skin, 1.0),
        _as_map(melanin * su, skin, 0.0),
        _as_map(blood * sv, skin, 0.0),
        _as_map(fits, skin, 0.0) > 0,
        level,
    )


def _as_map(values: Array | Mask, skin: Mask, elsewhere: float) -> Array:
    """Return values of the pixels in `skin` as a map."""
    laid = np.full(skin.shape, elsewhere)
    laid[skin] = values
    return laid


def _grid_places(over: Array) -> list[Array]:
    """Return the positions on the grid of `_GRID` of log colours relative to the face (n, 3), in steps."""
    places = (over[:, 0] - over[:, 1], over[:, 1] - over[:, 2], over[:, 1])
    return [(place - low) / (high - low) * (n - 1) for place, (low, high, n) in zip(places, _GRID, strict=True)]


def _is_on_grid(at: list[Array]) -> Mask:
    """Whether a position (n) is on the grid in every direction."""
    ends = (n - 1 for _, _, n in _GRID)
    return np.asarray(np.all([(place >= 0) & (place <= end) for place, end in zip(at, ends, strict=True)], axis=0))


def _interpolate_grid(nodes: Array, at: list[Array]) -> Array:
    """Interpolate values (k, ...) of the grid linearly at positions (n), as (k, n); constant beyond its ends."""
    flat = nodes.reshape(len(nodes), -1)
    first = np.zeros(at[0].shape, np.intp)
    shares = []
    for place, (_, _, n) in zip(at, _GRID, strict=True):
        inside = np.clip(place, 0.0, n - 1.0)
        step = np.minimum(inside.astype(np.intp), n - 2)
        first = first * n + step
        shares.append((1.0 - (inside - step), inside - step))
    strides = (_GRID[1].nodes * _GRID[2].nodes, _GRID[2].nodes, 1)
    laid = np.zeros((len(nodes), first.size))
    for corner in product((0, 1), repeat=3):
        weight = math.prod(share[side] for share, side in zip(shares, corner, strict=True))
        laid += weight * flat[:, first + sum(side * stride for side, stride in zip(corner, strides, strict=True))]
    return laid


def _noise_ln(ln: Array) -> Array:
    """Return the standard deviation of the logarithm of linear light (...): noise in sRGB levels, and a floor."""
    light = np.exp(ln)
    encoded = linear_to_srgb(light)
    slope = np.where(encoded <= 0.04045, 1 / 12.92, 2.4 / 1.055 * ((encoded + 0.055) / 1.055) ** 1.4)
    return np.hypot(limit("maps", "noise_levels") / 255 * slope / light, limit("maps", "floor_ln"))


def _solve_nodes(level: SkinLevel, middle: Array) -> Array:
    """Return the mean ln melanin, ln blood and ln gain over the face's, the deviations of the first two, and the miss.

    (6, ...) at every node of `_GRID`, for a face of median logarithm `middle` (3,). Skin of less melanin than the
    yellowest has about the colour of other skin with more: a solution is searched for on both sides by Gauss-Newton
    steps, and the two are weighted by their probability.
    """
    rg, gb, g = np.meshgrid(*(np.linspace(*axis) for axis in _GRID), indexing="ij")
    over = np.stack([g + rg, g, g - gb], axis=-1).reshape(-1, 3)
    pixel, shade = limit("maps", "pixel_ln"), limit("maps", "shade_ln")
    asked = _InverseProblem(
        observed=over + middle - np.log(level.cast * level.gain),
        weight=_noise_ln(over + middle) ** -2,
        prior_weight=np.array([pixel, pixel, shade]) ** -2,
        prior_mean=np.array([np.log(level.melanin), np.log(level.blood), 0.0]),
    )
    yellowest = np.log(limit("maps", "yellowest"))
    sides = [_most_probable_in_range(asked, -np.inf, yellowest), _most_probable_in_range(asked, yellowest, np.inf)]
    evidence = np.stack([logarithm for _, _, logarithm, _ in sides])
    share = np.exp(evidence - evidence.max(axis=0))
    share = (share / share.sum(axis=0))[..., None]
    x = sum(part * at for part, (at, _, _, _) in zip(share, sides, strict=True))
    squares = sum(part * (own + (at - x) ** 2) for part, (at, own, _, _) in zip(share, sides, strict=True))
    miss = np.min([missed for _, _, _, missed in sides], axis=0)
    return np.stack([*(x - asked.prior_mean).T, *np.sqrt(squares[:, :2]).T, miss]).reshape(6, *rg.shape)


@dataclass(frozen=True)
class _InverseProblem:
    """Observed logarithms with their weights (node, 3), and prior weights and means of the unknowns (3,)."""

    observed: Array
    weight: Array
    prior_weight: Array
    prior_mean: Array

    def cost(self, x: Array, mixture: Array) -> tuple[Array, Array]:
        """Return squared deviations of unknowns that make logarithms (..., 3): over channels, and over unknowns."""
        missed = self.observed - mixture - x[..., 2:]
        return (self.weight * missed**2).sum(axis=-1), (self.prior_weight * (x - self.prior_mean) ** 2).sum(axis=-1)


def _most_probable_in_range(problem: _InverseProblem, low: float, high: float) -> tuple[Array, Array, Array, Array]:
    """Return the most probable unknowns with ln melanin in a range, (node, 3), variances, ln evidence and miss."""
    colours = skin_colour_grid()
    axes = (colours.ln_melanin, colours.ln_blood)
    ends = np.array(
        [[max(axes[0][0], low), axes[1][0], _GRID[2].low], [min(axes[0][-1], high), axes[1][-1], _GRID[2].high]]
    )
    x = _coarse_search(colours, problem, low, high)
    for _ in range(_STEPS):
        planes = colours.read(x[:, 0], x[:, 1], slice(0, 9))
        slopes = np.stack([planes[:, 3:6], planes[:, 6:9], np.ones_like(x)], axis=-1)  # (node, channel, unknown)
        weighted = np.swapaxes(slopes * problem.weight[..., None], 1, 2)
        curvature = weighted @ slopes + np.diag(problem.prior_weight)
        residual = problem.observed - planes[:, :3] - x[:, 2:]
        pull = (weighted @ residual[..., None])[..., 0] - problem.prior_weight * (x - problem.prior_mean)
        step = np.linalg.solve(curvature, pull[..., None])[..., 0]
        x = np.clip(x + np.clip(step, -_STEP_MAX, _STEP_MAX), *ends)
    missed, apart = problem.cost(x, colours.read(x[:, 0], x[:, 1], slice(0, 3)))
    variances = np.diagonal(np.linalg.inv(curvature), axis1=1, axis2=2)
    evidence = -0.5 * (missed + apart + np.log(np.linalg.det(curvature)))
    return x, variances, evidence, np.sqrt(missed)


def _coarse_search(colours: SkinColourGrid, problem: _InverseProblem, low: float, high: float) -> Array:
    """Return the best point of a coarse grid of melanin and blood, each with its best brightness, (node, 3)."""
    u, v = np.meshgrid(colours.ln_melanin[::_COARSE], colours.ln_blood[::_COARSE])
    inside = (u >= low) & (u <= high)
    made = colours.planes[::_COARSE, ::_COARSE, :3][inside]
    tried = np.stack([u[inside], v[inside]], axis=1)
    # Sums over channels of weight * (observed - made) and its square, multiplied out into products of matrices.
    weight, weighted = problem.weight, problem.weight * problem.observed
    slope = weighted.sum(axis=1, keepdims=True) - weight @ made.T
    square = (weighted * problem.observed).sum(axis=1, keepdims=True) - 2.0 * weighted @ made.T + weight @ (made**2).T
    stiffness = weight.sum(axis=1, keepdims=True) + problem.prior_weight[2]
    apart = (problem.prior_weight[:2] * (tried - problem.prior_mean[:2]) ** 2).sum(axis=1)
    best = (square - slope**2 / stiffness + apart).argmin(axis=1)  # each with its best brightness, slope / stiffness
    gain = np.take_along_axis(slope / stiffness, best[:, None], axis=1)
    return np.concatenate([tried[best], gain], axis=1)

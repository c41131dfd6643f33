"""A vessel in light: how much it absorbs, and how warm lumen and wall become per unit of dose.

The vessel is a straight cylinder: blood inside, a wall, dermis around. Light in the dermis is close to isotropic, so a
vessel in a fluence rate phi receives phi/4 per area of its surface. A ray that enters crosses a chord of length s and
loses 1 - exp(-mu_a s), so with the mean <.> over rays,

    absorbed power per volume = phi (S / 4V) <1 - exp(-mu_a s)> = phi mu_a shading(mu_a d),         (vessel 1)
    shading(x) = (1/x) <1 - exp(-x s/d)>,  s/d = cos(psi) / sin(alpha),  weight sin^2(alpha) cos(psi) / pi,

alpha the angle with the axis and psi the angle with the normal in the cross-section. The mean chord of isotropic rays
is 4V/S = d (Cauchy), so shading -> 1 for a thin vessel and -> 1/x for a black one. (Rays at right angles to the axis,
a collimated beam, have the mean chord pi d/4 instead.) The mean over chords is evaluated, not the value at the mean
chord, which would overstate absorption by up to 7 %.

Absorbed power is spread evenly over the lumen: the lumped radial model. It says nothing about the difference between
the lit and the dark side of a vessel. What the vessel absorbs above its surroundings is the source; what the
surroundings absorb is a background history that the caller adds: temperature = base + dose x (background + vessel).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.heat import Cells, conduct, cylinder

__all__ = ["VesselHistory", "radial_response", "relaxation_time", "shading"]

Array = NDArray[np.float64]

_LUMEN_CELLS = 10
_WALL_CELLS = 3
_OUTER_GROWTH = 0.15  # size of the cells outside: of the wall's or lumen's cell, plus this share of the distance
_REACH = 4.0  # outer face in diffusion lengths sqrt(4 kappa t) from the wall; erfc(4) = 1.5e-8 of the heat arrives


class VesselHistory(NamedTuple):
    """Temperature rise after each step, time 0 first, all (sample, vessel, time).

    Parameters
    ----------
    lumen : mean over the lumen.
    lumen_edge : at the boundary of lumen and wall.
    wall : at the outer edge of the wall.
    """

    lumen: Array
    lumen_edge: Array
    wall: Array


def shading(mua: ArrayLike, diameter_m: ArrayLike) -> Array:
    """Return mean over unattenuated fluence rate inside a vessel in isotropic light (vessel 1), between 0 and 1.

    Gauss quadrature in alpha and psi; relative error below 1e-4 up to mua x diameter = 100.

    Parameters
    ----------
    mua : absorption coefficient of the blood, 1/m. diameter_m : of the lumen. They broadcast.

    Raises
    ------
    ValueError : a negative value.
    """
    x = np.asarray(mua, dtype=np.float64) * np.asarray(diameter_m, dtype=np.float64)
    if np.any(x < 0) or np.any(np.asarray(mua) < 0):
        raise ValueError("absorption and diameter cannot be negative")
    node, weight = np.polynomial.legendre.leggauss(24)
    alpha, psi = (node + 1) * math.pi / 4, (node + 1) * math.pi / 4  # one quadrant; the others are its mirror images
    share = np.multiply.outer(weight * np.sin(alpha) ** 2, weight * np.cos(psi)) * math.pi / 4
    chord = np.cos(psi)[None, :] / np.sin(alpha)[:, None]
    safe = np.maximum(x, 1e-9)[..., None]
    lost = -np.expm1(-safe * chord.ravel())
    return (lost * share.ravel()).sum(axis=-1) / safe[..., 0]


def relaxation_time(diameter_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return d^2 / (16 kappa), s: a Gaussian cylinder of 1/e radius d/2 has lost half its axial temperature.

    For display only: damage is computed from histories, never from this number (Anderson and Parrish 1983).
    """
    return np.asarray(diameter_m, dtype=np.float64) ** 2 / (16 * np.asarray(diffusivity_m2_s, dtype=np.float64))


def radial_response(
    diameter_m: ArrayLike,
    wall_m: ArrayLike,
    power_density: ArrayLike,
    step_s: ArrayLike,
    power_on: ArrayLike,
    *,
    blood: tuple[ArrayLike, ArrayLike],
    dermis: tuple[ArrayLike, ArrayLike],
) -> VesselHistory:
    """Return the rise above the surroundings that power in the lumen causes, linear in that power.

    Parameters
    ----------
    diameter_m, wall_m : (sample, vessel) lumen diameter and wall thickness.
    power_density : (sample, vessel) power per volume of lumen above what the surroundings absorb, W/m³.
    step_s, power_on : (step,) steps and the share of the power that is on.
    blood, dermis : conductivity W/mK and heat capacity J/m³K of lumen, and of wall and surroundings; scalar or
        (sample, vessel).

    Raises
    ------
    ValueError : a diameter or wall that is not positive, or shapes that do not fit.
    """
    diameter, wall, power = np.broadcast_arrays(
        *(np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (diameter_m, wall_m, power_density))
    )
    if not (np.all(diameter > 0) and np.all(wall > 0)):
        raise ValueError("diameter and wall must be positive")
    shape = diameter.shape

    def flat(values: ArrayLike) -> Array:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape).reshape(-1, 1)

    k_blood, c_blood, k_dermis, c_dermis = (flat(v) for v in (*blood, *dermis))
    steps = np.asarray(step_s, dtype=np.float64)
    reach = _REACH * np.sqrt(4 * (k_dermis / c_dermis).max() * steps.sum())
    cells = _cells(diameter.reshape(-1, 1) / 2, wall.reshape(-1, 1), reach)
    n_cell = cells.volumes.shape[1]
    in_lumen = np.arange(n_cell) < _LUMEN_CELLS
    history = conduct(
        cells,
        conductivity=np.where(in_lumen, k_blood, k_dermis),
        heat_capacity_vol=np.where(in_lumen, c_blood, c_dermis),
        initial=0.0,
        step_s=steps,
        power_density=np.where(in_lumen, power.reshape(-1, 1), 0.0),
        power_on=power_on,
        h_bottom=math.inf,
        record_cells=np.arange(_LUMEN_CELLS + _WALL_CELLS + 1),
    ).recorded
    volume = cells.volumes[:, None, :_LUMEN_CELLS]
    lumen = (history[..., :_LUMEN_CELLS] * volume).sum(axis=-1) / volume.sum(axis=-1)
    k = np.where(in_lumen, k_blood, k_dermis)
    edges = [
        _at_face(history, cells, k, face).reshape(*shape, -1) for face in (_LUMEN_CELLS, _LUMEN_CELLS + _WALL_CELLS)
    ]
    return VesselHistory(lumen.reshape(*shape, -1), *edges)


def _cells(radius: Array, wall: Array, reach: float) -> Cells:
    """Cells of lumen, finer towards its edge, wall, and surroundings to `reach` beyond the wall."""
    # Equal volumes would be coarse at the axis, equal widths at the edge; this spacing lies between.
    inner = np.linspace(0.0, 1.0, _LUMEN_CELLS + 1) ** 0.75
    walls = np.linspace(0.0, 1.0, _WALL_CELLS + 1)[1:]
    smallest = np.minimum(radius / _LUMEN_CELLS, wall / _WALL_CELLS)
    # Distance from the wall grows as (exp(g u) - 1) / g in units of the smallest cell; the count serves the finest.
    u_end = np.log1p(_OUTER_GROWTH * reach / smallest) / _OUTER_GROWTH
    n_outer = math.ceil(u_end.max())
    u = u_end * np.linspace(0.0, 1.0, n_outer + 1)[1:]
    outer = smallest / _OUTER_GROWTH * np.expm1(_OUTER_GROWTH * u)
    return cylinder(np.concatenate((radius * inner, radius + wall * walls, radius + wall + outer), axis=1))


def _at_face(history: Array, cells: Cells, k: Array, face: int) -> Array:
    """Temperature at a face between two recorded cells, from the flux through it."""
    before = (k[:, face - 1] / cells.half_widths[:, face - 1])[:, None]
    after = (k[:, face] / cells.half_widths[:, face])[:, None]
    value: Array = (before * history[:, :, face - 1] + after * history[:, :, face]) / (before + after)
    return value

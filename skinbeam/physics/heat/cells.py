"""Cells along one axis, of a slab or a cylinder, and their material, heat source and boundary conditions."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "INSULATED",
    "NO_SOURCE",
    "Cells",
    "HeatSource",
    "Material",
    "RobinBoundary",
    "cylinder_cells",
    "graded_faces",
    "slab_cells",
]

Array = NDArray[np.float64]

_LEAST_CELLS = 4  # in a layer


class Cells(NamedTuple):
    """Geometry of the cells, per unit area (slab) or unit length (cylinder).

    Parameters
    ----------
    areas : (sample, cell + 1) area of each face, m²/m² or m²/m.
    volumes : (sample, cell) m³/m² or m³/m.
    half_widths : (sample, cell) distance from the centre to either face, m.
    centres : (sample, cell) m.
    """

    areas: Array
    volumes: Array
    half_widths: Array
    centres: Array


def slab_cells(faces_m: ArrayLike) -> Cells:
    """Return the cells between parallel faces, (sample, cell + 1) or (cell + 1,), in m and increasing."""
    faces = _check_faces(faces_m)
    volumes = np.diff(faces, axis=1)
    return Cells(np.ones_like(faces), volumes, volumes / 2, (faces[:, 1:] + faces[:, :-1]) / 2)


def cylinder_cells(faces_m: ArrayLike) -> Cells:
    """Return the cells between coaxial faces of the given radii, (sample, cell + 1) or (cell + 1,), in m.

    The unknown is the value at half the width of the cell; its difference from the mean over the cell is of second
    order.
    """
    faces = _check_faces(faces_m)
    if np.any(faces[:, 0] < 0):
        raise ValueError("a radius cannot be negative")
    return Cells(
        2 * np.pi * faces,
        np.pi * np.diff(faces**2, axis=1),
        np.diff(faces, axis=1) / 2,
        (faces[:, 1:] + faces[:, :-1]) / 2,
    )


def _check_faces(faces_m: ArrayLike) -> Array:
    faces = np.atleast_2d(np.asarray(faces_m, dtype=np.float64))
    if faces.shape[1] < 3 or np.any(np.diff(faces, axis=1) <= 0):
        raise ValueError("at least three faces, increasing, are needed")
    return faces


def graded_faces(
    thickness_m: ArrayLike,
    *,
    finest_m: float,
    growth: float,
    typical_m: ArrayLike | None = None,
    refined_layer: int = 0,
) -> tuple[Array, NDArray[np.int64]]:
    """Return faces that coincide with layer boundaries, with cells that grow with depth.

    The size of a cell is finest + growth x depth, so u(z) = ln(1 + growth z / finest) / growth counts cells; from the
    top of layer `refined_layer` on, depth is measured from there. The count in each layer follows from its typical
    thickness and is shared by all samples; within a layer the faces are equally spaced in u between the layer's median
    boundaries and stretched to each sample's own thickness.

    Parameters
    ----------
    thickness_m : (sample, layer) finite thicknesses from the surface down.
    finest_m : size of the cell at the surface.
    growth : increase of cell size per depth, > 0.
    typical_m : (layer,) thicknesses from which the number of cells is computed; the median of the samples when left
        out.
    refined_layer : index of the layer at whose top cells are as fine as at the surface.

    Returns
    -------
    faces : (sample, cell + 1) m. first : (layer + 1,) index of the face at each boundary, so layer j holds the cells
        first[j] .. first[j + 1] - 1.
    """
    thickness = np.atleast_2d(np.asarray(thickness_m, dtype=np.float64))
    if not (np.all(np.isfinite(thickness)) and np.all(thickness > 0) and finest_m > 0 and growth > 0):
        raise ValueError("finite positive thicknesses, finest_m and growth are needed")
    layer_m = np.median(thickness, axis=0) if typical_m is None else np.asarray(typical_m, dtype=np.float64)
    typical = np.concatenate(([0.0], np.cumsum(layer_m)))
    tops = np.concatenate((np.zeros((len(thickness), 1)), np.cumsum(thickness, axis=1)), axis=1)
    pieces, first = [tops[:, :1]], [0]
    for layer in range(thickness.shape[1]):
        start = typical[refined_layer] if layer >= refined_layer else 0.0
        upper, lower = np.log1p(growth * (typical[layer : layer + 2] - start) / finest_m) / growth
        n = max(_LEAST_CELLS, math.ceil(lower - upper))
        depth = finest_m / growth * np.expm1(growth * np.linspace(upper, lower, n + 1))
        share = (depth - depth[0]) / (depth[-1] - depth[0])
        pieces.append(tops[:, layer, None] + share[None, 1:] * thickness[:, layer, None])
        first.append(first[-1] + n)
    return np.concatenate(pieces, axis=1), np.array(first)


class Material(NamedTuple):
    """Thermal conductivity, W/mK, and heat capacity by volume, J/m³K, of each cell."""

    conductivity: ArrayLike
    heat_capacity_vol: ArrayLike


class HeatSource(NamedTuple):
    """Power density of each cell, W/m³, and the share of it that is on in each step, for pulses and pauses."""

    power_density: ArrayLike = 0.0
    power_on: ArrayLike = 1.0


class RobinBoundary(NamedTuple):
    """Boundary condition (heat 2) at an end: heat transfer coefficient, W/m²K, and outside temperature, K.

    A coefficient of 0 is insulation, an infinite one a fixed temperature.
    """

    h: ArrayLike = 0.0
    outside: ArrayLike = 0.0


NO_SOURCE: Final = HeatSource()
INSULATED: Final = RobinBoundary()

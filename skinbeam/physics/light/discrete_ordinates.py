"""Solve light transport in plane layers under a broad collimated beam by discrete ordinates, exact in depth.

The azimuthal mean of the radiative transfer equation (chandrasekhar1960) in optical depth τ, I± the radiance downwards
and upwards at μ = |cos θ|, p the mean of the Henyey–Greenstein function over azimuth (henyey1941; moments gˡ),

    ±μ dI±/dτ = −I± + (ω/2) ∫₀¹ [p(μ, μ') I± + p(μ, −μ') I∓] dμ' + (light scattered out of the beam),  (light 1)

is solved at the directions of `directions`, which all layers share: steps of the refractive index, the surfaces
included, are then diagonal (`plane_layers.fresnel_reflectance`) and total reflection is exact. The phase function is
truncated by delta-M (wiscombe1977): light that is scattered into the truncated peak counts as collimated (light 2).

With u, v ∝ √(μw) (I⁺ ± I⁻), M = diag μ, W = diag w and the even and odd moments E, O of p, a layer obeys

    u' = −B v + …,  v' = −A u + …,                                                                      (light 4)
    A = M^-½ (1 − ω W^½ E W^½) M^-½,  B = M^-½ (1 − ω W^½ O W^½) M^-½,                            (light 5)

both symmetric. With B = L Lᵀ and Lᵀ A L = Y k² Yᵀ (the symmetric reduction of nakajima1986), X = L Y and Z = L^-ᵀ Y,
the modes separate: α' = −β, β' = −k² α, solved by cosh kτ and sinh(kτ)/k down to k = 0 (no absorption) and by decaying
exponentials alone at depth (stamnes1988). Layers are joined by adding (plass1973), first upwards, for the reflection
and emission of all that is below each layer, then downwards for the light itself. Depth enters in closed form only: bin
means and layer sums are exact integrals of the solution, and energy is conserved to rounding. With the number of
directions the error falls faster than any power.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.light.directions import (
    InterfaceCoefficients,
    LayerDirections,
    layer_directions,
    layer_directions_by_sample,
    snell_segments,
)
from skinbeam.physics.light.layer_fluence import (
    CollimatedLight,
    collimated_light,
    diffuse_fluence,
    mean_collimated_fluence,
    mean_layer_fluence,
)
from skinbeam.physics.light.layer_modes import (
    LayerOperators,
    LayerSources,
    apply_matrix,
    layer_modes,
    layer_operators,
    layer_sources,
)
from skinbeam.physics.light.plane_layers import PlaneLayers, check_layers, cut_bins, normal_reflectance

__all__ = ["LayeredLight", "count_directions", "solve_layers"]

Array = NDArray[np.float64]

# Samples in one batch: large enough to hide the cost of a call, small enough to stay in the caches.
CHUNK_SAMPLES = 32
MAX_THREADS = 4
# Refractive indices are rounded to this many decimals, so that layers of equal nominal index share their directions.
INDEX_DECIMALS = 6


@dataclass(frozen=True)
class LayeredLight:
    """Reflected, transmitted and absorbed light of a collimated beam at normal incidence, over the incident power.

    Parameters
    ----------
    reflectance_specular : of the first surface alone, (sample,).
    reflectance_diffuse : everything that comes back later, (sample,).
    transmittance : diffuse and unscattered; 0 for a semi-infinite last layer, (sample,).
    absorbed : (sample, layer).
    fluence_rate_ratio : fluence rate over the incident irradiance, mean over the bin, (sample, bin). The fluence rate
        below the last layer counts as 0.
    unscattered_ratio : the part of it that was never scattered, (sample, bin).
    """

    reflectance_specular: Array
    reflectance_diffuse: Array
    transmittance: Array
    absorbed: Array
    fluence_rate_ratio: Array
    unscattered_ratio: Array


def solve_layers(layers: PlaneLayers, z_edges: ArrayLike | None = None, *, streams: int = 16) -> LayeredLight:
    """Compute the light in layers under a broad collimated beam at normal incidence.

    A sample's result does not depend on the others.

    Parameters
    ----------
    layers : of every sample. For g from −0.9 to 0.99 any number of streams gives a positive fluence rate, sharper peaks
        need 64.
    z_edges : edges of the depth bins, m, rising from 0 or more, (bin + 1,) or (sample, bin + 1); without them no bins,
        which saves their work.
    streams : directions in a hemisphere of a medium without steps of the index; more where there are steps.

    Raises
    ------
    ValueError : shapes or values out of range, or a semi-infinite layer that neither scatters nor absorbs.
    """
    optical = [np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(*layers[:5])]
    if streams < 4:
        raise ValueError("at least 4 streams")
    check_layers(optical)
    samples = len(optical[0])
    edges = None if z_edges is None else _sample_edges(z_edges, samples)
    around = _surrounding_indices(optical[3], optical[4], layers.ambient_n, layers.below_n)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for sample, row in enumerate(around):
        groups[snell_segments(row.tobytes(), streams).counts].append(sample)
    parts = [
        members[start : start + CHUNK_SAMPLES]
        for members in groups.values()
        for start in range(0, len(members), CHUNK_SAMPLES)
    ]

    def solved(part: list[int]) -> LayeredLight:
        media = around[part]
        alike = np.all(media == media[0])
        angles = layer_directions(media[0].tobytes(), streams) if alike else layer_directions_by_sample(media, streams)
        mua, mus, g, _, thickness = (a[part] for a in optical)
        return _solve_chunk(angles, media, mua, mus, g, thickness, None if edges is None else edges[part])

    result: dict[str, Array] = {}
    for part, light in zip(parts, _map_in_threads(solved, parts), strict=True):
        for field in fields(LayeredLight):
            values = getattr(light, field.name)
            result.setdefault(field.name, np.empty((samples, *values.shape[1:])))[part] = values
    return LayeredLight(**result)


def _sample_edges(z_edges: ArrayLike, samples: int) -> Array:
    """Return the edges of every sample, (sample, bin + 1)."""
    edges = np.asarray(z_edges, dtype=np.float64)
    edges = np.broadcast_to(edges, (samples, edges.shape[-1]))
    if edges.shape[1] < 2 or np.any(edges[:, 0] < 0.0) or not np.all(np.diff(edges, axis=1) > 0.0):
        raise ValueError("z_edges rise from 0 or more")
    return edges


def _map_in_threads(work: Callable[[list[int]], LayeredLight], parts: Sequence[list[int]]) -> Iterator[LayeredLight]:
    """Return the results in order, computed in threads.

    NumPy releases the interpreter lock inside its matrix routines, so threads speed up the work.
    """
    if len(parts) == 1:
        return map(work, parts)
    return _thread_pool().map(work, parts)


@cache
def _thread_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(MAX_THREADS, os.cpu_count() or 1))


def count_directions(layers: PlaneLayers, streams: int) -> int:
    """Return the largest number of directions in a hemisphere that `solve_layers` uses for these layers."""
    n, thickness = np.asarray(layers.n, dtype=np.float64), np.asarray(layers.thickness)
    around = _surrounding_indices(n, thickness, layers.ambient_n, layers.below_n)
    return max(sum(snell_segments(row.tobytes(), streams).counts) for row in around)


def _surrounding_indices(n: Array, thickness: Array, ambient_n: ArrayLike, below_n: ArrayLike) -> Array:
    """Return the rounded indices of the ambient medium, the layers and the medium below, (sample, layer + 2)."""
    around = np.empty((n.shape[0], n.shape[1] + 2))
    around[:, 0], around[:, 1:-1], around[:, -1] = ambient_n, n, below_n
    around = around.round(INDEX_DECIMALS)
    if not (np.all(around[:, 0] >= 1.0) and np.all(around[:, -1] >= 1.0)):
        raise ValueError("ambient_n and below_n are at least 1")
    # A semi-infinite layer has no lower end: it is followed by a medium of its own index, which makes no step.
    around[:, -1] = np.where(np.isinf(thickness[:, -1]), around[:, -2], around[:, -1])
    return around


def _solve_chunk(
    angles: LayerDirections,
    around: Array,
    mua: Array,
    mus: Array,
    g: Array,
    thickness: Array,
    edges: Array | None,
) -> LayeredLight:
    """Compute the light in samples that share the number of nodes.

    Arrays are as in `solve_layers`, all with a leading sample axis.
    """
    peak = g**angles.moments
    scaled = mua + mus * (1.0 - peak)
    loss = np.where(scaled > 0.0, mua / np.where(scaled > 0.0, scaled, 1.0), 1.0)
    tau = _optical_thickness(scaled, thickness)
    modes = layer_modes(angles, loss, g, tau, peak)
    operators = layer_operators(modes)
    sources = layer_sources(modes, operators)
    beam = collimated_light(around, tau)
    field = _add_layers(operators, sources, beam, angles.faces)
    light = {
        "beam_down": beam.down,
        "beam_up": beam.up,
        "enter_top": field.enter_top,
        "enter_bottom": field.enter_bottom,
    }

    passed = angles.faces.transmittance
    returned = np.sum(angles.weight * passed[:, 0] * field.leave_top[:, 0], axis=-1) + beam.internal_reflectance
    through = np.sum(angles.weight * passed[:, -1] * field.leave_bottom[:, -1], axis=-1) + beam.transmittance

    # Absorbed power: absorption times the mean fluence rate; in a semi-infinite layer, all that enters.
    endless, end = np.isinf(thickness), modes.end
    mean = mean_layer_fluence(modes, operators, sources, **light) + mean_collimated_fluence(
        beam.down, beam.up, np.zeros_like(end), end, end
    )
    inflow = np.sum(angles.weight[:, None, :] * (field.enter_top - field.leave_top), axis=-1) + beam.down
    inflow = np.where(mua > 0.0, inflow, 0.0)
    absorbed = np.where(endless, inflow, mua * np.where(endless, 0.0, thickness) * mean)
    specular = normal_reflectance(around[:, 0], around[:, 1])
    if edges is None:
        return LayeredLight(specular, returned, through, absorbed, *np.empty((2, len(mua), 0)))

    diffuse = diffuse_fluence(modes, operators, sources, **light)
    pieces = cut_bins(edges, thickness)
    top, bottom = pieces.layer_values(scaled) * pieces.top, pieces.layer_values(scaled) * pieces.bottom
    total = diffuse.mean(pieces.layer, top, bottom)
    total += mean_collimated_fluence(
        pieces.layer_values(beam.down), pieces.layer_values(beam.up), top, bottom, pieces.layer_values(end)
    )
    true_tau = _optical_thickness(mua + mus, thickness)
    straight = collimated_light(around, true_tau)
    top, bottom = pieces.layer_values(mua + mus) * pieces.top, pieces.layer_values(mua + mus) * pieces.bottom
    end = pieces.layer_values(np.where(endless, 0.0, true_tau))
    unscattered = mean_collimated_fluence(
        pieces.layer_values(straight.down), pieces.layer_values(straight.up), top, bottom, end
    )
    return LayeredLight(specular, returned, through, absorbed, pieces.collect(total), pieces.collect(unscattered))


def _optical_thickness(coefficient: Array, thickness: Array) -> Array:
    """Return coefficient · thickness, 0 for a clear layer."""
    return np.where(coefficient > 0.0, coefficient, 0.0) * np.where(coefficient > 0.0, thickness, 0.0)


@dataclass(frozen=True)
class _DiffuseField:
    """Diffuse light entering and leaving each layer at its top and bottom, (sample, layer, node)."""

    enter_top: Array
    enter_bottom: Array
    leave_top: Array
    leave_bottom: Array


def _add_layers(
    operators: LayerOperators, sources: LayerSources, beam: CollimatedLight, faces: InterfaceCoefficients
) -> _DiffuseField:
    """Join the layers by adding.

    The upward pass computes the reflection and emission of all that is below each layer, the downward pass the light
    itself.
    """
    down, up = beam.down[..., None], beam.up[..., None]
    emit_top = down * sources.up + up * sources.down
    emit_bottom = down * sources.down + up * sources.up
    samples, layers, nodes = emit_top.shape
    identity = np.eye(nodes)
    # Matrices for entering light have a last column for emitted light. Below layer i, `rest` is the reflection and
    # `glow` the emission; `rise` is the light that enters the layer from below, and `leave` the light that leaves at
    # its top.
    rest = faces.reflectance_from_above[:, layers, :, None] * identity
    glow = np.zeros((samples, nodes))
    rises: list[Array] = []
    leaves: list[Array] = []
    for i in range(layers - 1, -1, -1):
        reflect, transmit = operators.reflect[:, i], operators.transmit[:, i]
        rise = _append_column(rest @ transmit, glow + apply_matrix(rest, emit_bottom[:, i]))
        rise = _sum_echoes(rest @ reflect, rise)
        leave = transmit @ rise
        leave[..., :-1] += reflect
        leave[..., -1] += emit_top[:, i]
        under, passed = faces.reflectance_from_below[:, i], faces.transmittance[:, i]
        if np.any(under):
            leave = _sum_echoes(leave[..., :-1] * under[:, None, :], leave)
        leave[..., :-1] *= passed[:, None, :]
        rises.append(rise)
        leaves.append(leave)
        rest = faces.reflectance_from_above[:, i, :, None] * identity + passed[..., None] * leave[..., :-1]
        glow = passed * leave[..., -1]
    field = _DiffuseField(*(np.empty_like(emit_top) for _ in range(4)))
    falling = np.zeros((samples, nodes))
    for i in range(layers):
        leave, rise = leaves.pop(), rises.pop()
        leaving = apply_matrix(leave[..., :-1], falling) + leave[..., -1]
        entering = faces.transmittance[:, i] * falling + faces.reflectance_from_below[:, i] * leaving
        rising = apply_matrix(rise[..., :-1], entering) + rise[..., -1]
        falling = (
            apply_matrix(operators.transmit[:, i], entering)
            + apply_matrix(operators.reflect[:, i], rising)
            + emit_bottom[:, i]
        )
        field.enter_top[:, i], field.enter_bottom[:, i] = entering, rising
        field.leave_top[:, i], field.leave_bottom[:, i] = leaving, falling
    return field


def _sum_echoes(again: Array, light: Array) -> Array:
    """Return (1 + again + again² + …) light: light that is reflected back and forth without end."""
    return np.asarray(np.linalg.solve(np.eye(again.shape[-1]) - again, light), dtype=np.float64)


def _append_column(matrix: Array, column: Array) -> Array:
    return np.concatenate([matrix, column[..., None]], axis=-1)

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

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.directions import (
    InterfaceCoefficients,
    LayerDirections,
    layer_directions,
    layer_directions_by_sample,
    snell_segments,
)
from skinbeam.physics.light.layer_fluence import (
    DiffuseFluence,
    LayerBeams,
    beams_of_sample,
    collimated_light,
    find_bin_means,
    find_fluence,
)
from skinbeam.physics.light.layer_modes import (
    MATRICES,
    VECTORS,
    LayerModes,
    LayerOperators,
    LayerOptics,
    LayerSources,
    ModeSpace,
    find_modes,
    find_operators,
    find_sources,
    mean_decay,
    modes_of_layer,
    operators_of_layer,
    optics_of_sample,
    orthonormal_bases,
    sources_of_layer,
    space_of_layer,
)
from skinbeam.physics.light.plane_layers import PlaneLayers, check_layers, normal_reflectance
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS
from skinbeam.physics.numerics.small_matrices import apply, multiply, solve
from skinbeam.physics.numerics.threads import map_in_threads

__all__ = ["LayeredLight", "count_directions", "solve_layers"]

Array = NDArray[np.float64]

# Samples in one batch: large enough to hide the cost of a call, small enough to stay in the caches.
CHUNK_SAMPLES = 64
MAX_THREADS = 4
# Refractive indices are rounded to this many decimals, so that layers of equal nominal index share their directions.
INDEX_DECIMALS = 6


@compared_by_value
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
    """

    reflectance_specular: Array
    reflectance_diffuse: Array
    transmittance: Array
    absorbed: Array
    fluence_rate_ratio: Array


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
    optical = [np.array(a, dtype=np.float64, order="C") for a in np.broadcast_arrays(*layers[:5])]
    if streams < 4:
        raise ValueError("at least 4 streams")
    check_layers(optical)
    samples = len(optical[0])
    # A single edge bounds no bin.
    edges = np.zeros((samples, 1)) if z_edges is None else _sample_edges(z_edges, samples)
    around = _surrounding_indices(optical[3], optical[4], layers.ambient_n, layers.below_n)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for sample, counts in enumerate(snell_segments(around, streams).counts):
        groups[counts.tobytes()].append(sample)
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
        return _solve_chunk(angles, media, mua, mus, g, thickness, edges[part])

    result: dict[str, Array] = {}
    for part, light in zip(parts, map_in_threads(solved, parts, most=MAX_THREADS), strict=True):
        for field in fields(LayeredLight):
            values = getattr(light, field.name)
            result.setdefault(field.name, np.empty((samples, *values.shape[1:])))[part] = values
    return LayeredLight(**result)


def _sample_edges(z_edges: ArrayLike, samples: int) -> Array:
    """Return the edges of every sample, (sample, bin + 1)."""
    edges = np.asarray(z_edges, dtype=np.float64)
    edges = np.broadcast_to(edges, (samples, edges.shape[-1])).copy()
    if edges.shape[1] < 2 or np.any(edges[:, 0] < 0.0) or not np.all(np.diff(edges, axis=1) > 0.0):
        raise ValueError("z_edges rise from 0 or more")
    return edges


def count_directions(layers: PlaneLayers, streams: int) -> int:
    """Return the largest number of directions in a hemisphere that `solve_layers` uses for these layers."""
    n, thickness = np.asarray(layers.n, dtype=np.float64), np.asarray(layers.thickness)
    around = _surrounding_indices(n, thickness, layers.ambient_n, layers.below_n)
    return int(snell_segments(around, streams).counts.sum(axis=1).max())


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
    angles: LayerDirections, around: Array, mua: Array, mus: Array, g: Array, thickness: Array, edges: Array
) -> LayeredLight:
    """Compute the light in samples that share the number of nodes.

    Arrays are as in `solve_layers`, all with a leading sample axis.
    """
    peak = g**angles.moments
    scaled = mua + mus * (1.0 - peak)
    loss = np.where(scaled > 0.0, mua / np.where(scaled > 0.0, scaled, 1.0), 1.0)
    beam = collimated_light(around, _optical_thickness(scaled, thickness))
    samples, bins = len(mua), edges.shape[1] - 1
    light = _DiffuseLight(
        np.empty(samples), np.empty(samples), np.empty(mua.shape), np.empty(mua.shape), np.empty((samples, bins))
    )
    optics = LayerOptics(loss, g, peak, scaled, thickness)
    _solve_samples(angles, optics, LayerBeams(beam.down, beam.up), edges, light)
    # Absorbed power: absorption times the mean fluence rate; in a semi-infinite layer, all that enters.
    endless = np.isinf(thickness)
    absorbed = np.where(
        endless,
        np.where(mua > 0.0, light.inflow + beam.down, 0.0),
        mua * np.where(endless, 0.0, thickness) * light.mean,
    )
    return LayeredLight(
        reflectance_specular=normal_reflectance(around[:, 0], around[:, 1]),
        reflectance_diffuse=light.returned + beam.internal_reflectance,
        transmittance=light.through + beam.transmittance,
        absorbed=absorbed,
        fluence_rate_ratio=light.fluence,
    )


def _optical_thickness(coefficient: Array, thickness: Array) -> Array:
    """Return coefficient · thickness, 0 for a clear layer."""
    return np.where(coefficient > 0.0, coefficient, 0.0) * np.where(coefficient > 0.0, thickness, 0.0)


class _DiffuseLight(NamedTuple):
    """The diffuse light of each sample, to be written.

    Parameters
    ----------
    returned, through : what leaves above and below, (sample,).
    inflow, mean : net light that enters each layer at its top, and mean fluence rate in the layer, of no meaning where
        semi-infinite, (sample, layer).
    fluence : fluence rate of all light, (sample, bin).
    """

    returned: Array
    through: Array
    inflow: Array
    mean: Array
    fluence: Array


class _DiffuseField(NamedTuple):
    """Diffuse light entering and leaving each layer at its top and bottom, (layer, node), and how it comes about.

    Parameters
    ----------
    rise, leave : light that enters a layer from below and that leaves at its top, as matrices for the light that enters
        it at its top, in `leave` above its upper face; a last column is for emitted light, (layer, node · (node + 1)).
    """

    enter_top: Array
    enter_bottom: Array
    leave_top: Array
    leave_bottom: Array
    rise: Array
    leave: Array


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_samples(  # pragma: no cover - compiled
    angles: LayerDirections, optics: LayerOptics, beams: LayerBeams, edges: Array, light: _DiffuseLight
) -> None:
    """Compute the diffuse light, sample by sample.

    A layer that is the same in the sample before keeps its modes, operators and sources.
    """
    samples, layers = optics.thickness.shape
    modes, operators, sources, fluence, field, space = _empty_layers(layers, angles.mu.shape[2])
    tau = np.empty(layers)
    bases_of = -1
    for s in range(samples):
        at = min(s, len(angles.mu) - 1)
        own, beam, existing = optics_of_sample(optics, s), beams_of_sample(beams, s), angles.existing[at]
        as_before = s > 0 and (at < s or _has_same_directions(angles, at))
        bases_of = bases_of if as_before else -1
        alike = 0  # the first of the neighbouring layers of one index, which share bases
        for i in range(layers):
            alike = alike if i > 0 and angles.n[at, i] == angles.n[at, i - 1] else i
            if as_before and _is_same_layer(optics, s, i):
                continue
            tau[i] = own.scaled[i] * own.thickness[i]
            nodes = existing[i]
            room = space_of_layer(space, nodes)
            if bases_of != alike:
                orthonormal_bases(angles.mu[at, i, :nodes], angles.q[at, i, :nodes], angles.moments[at, i], room)
                bases_of = alike
            its_modes, its_operators = modes_of_layer(modes, i, nodes), operators_of_layer(operators, i, nodes)
            find_modes(its_modes, angles, at, i, own, tau[i], room)
            find_operators(its_modes, tau[i], its_operators, room)
            find_sources(its_modes, its_operators, tau[i], sources_of_layer(sources, i, nodes), room)
        _add_layers(existing, operators, sources, beam, angles.faces, at, field, space)
        weight, passed = angles.weight[at], angles.faces.transmittance[at]
        light.returned[s] = light.through[s] = 0.0
        for j in range(existing[0]):
            light.returned[s] += weight[j] * passed[0, j] * field.leave_top[0, j]
        for j in range(existing[layers - 1]):
            light.through[s] += weight[j] * passed[layers, j] * field.leave_bottom[layers - 1, j]
        for i in range(layers):
            nodes = existing[i]
            light.inflow[s, i] = 0.0
            for j in range(nodes):
                light.inflow[s, i] += weight[j] * (field.enter_top[i, j] - field.leave_top[i, j])
            light.mean[s, i] = find_fluence(
                modes_of_layer(modes, i, nodes),
                operators_of_layer(operators, i, nodes),
                sources_of_layer(sources, i, nodes),
                i,
                tau[i],
                beam,
                field.enter_top[i],
                field.enter_bottom[i],
                fluence,
                space_of_layer(space, nodes),
            )
            light.mean[s, i] += (beam.down[i] + beam.up[i]) * mean_decay(tau[i])
        find_bin_means(edges[s], existing, own, beam, modes, fluence, light.fluence[s])


@njit(cache=True)
def _has_same_directions(angles: LayerDirections, at: int) -> bool:  # pragma: no cover - compiled
    """Return whether a sample has the directions of the one before, and with them its refractive indices."""
    return (
        np.array_equal(angles.n[at], angles.n[at - 1])
        and np.array_equal(angles.mu[at], angles.mu[at - 1])
        and np.array_equal(angles.amplitude[at], angles.amplitude[at - 1])
    )


@njit(cache=True)
def _is_same_layer(optics: LayerOptics, sample: int, layer: int) -> bool:  # pragma: no cover - compiled
    """Return whether a layer is the same as in the sample before."""
    return (
        optics.loss[sample, layer] == optics.loss[sample - 1, layer]
        and optics.g[sample, layer] == optics.g[sample - 1, layer]
        and optics.scaled[sample, layer] == optics.scaled[sample - 1, layer]
        and optics.thickness[sample, layer] == optics.thickness[sample - 1, layer]
    )


@njit(cache=True)
def _empty_layers(  # pragma: no cover - compiled
    layers: int, nodes: int
) -> tuple[LayerModes, LayerOperators, LayerSources, DiffuseFluence, _DiffuseField, ModeSpace]:
    """Return room for what is computed of the layers of one sample."""
    by_node, by_light, by_mode = (layers, nodes), (layers, nodes * (nodes + 1)), (layers, nodes * nodes)
    return (
        LayerModes(
            np.empty(by_mode),
            np.empty(by_mode),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
        ),
        LayerOperators(np.empty(by_mode), np.empty(by_mode), np.empty(by_mode), np.empty(by_mode)),
        LayerSources(np.empty(by_node), np.empty(by_node), np.empty(by_node), np.empty(by_node)),
        DiffuseFluence(
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(layers),
            np.empty(layers),
        ),
        _DiffuseField(
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_node),
            np.empty(by_light),
            np.empty(by_light),
        ),
        ModeSpace(
            np.empty(nodes * nodes),
            np.empty(nodes * nodes),
            np.empty(MATRICES * nodes * nodes),
            np.empty(VECTORS * nodes),
        ),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _add_layers(  # pragma: no cover - compiled
    existing: NDArray[np.int64],
    operators: LayerOperators,
    sources: LayerSources,
    beam: LayerBeams,
    faces: InterfaceCoefficients,
    at: int,
    field: _DiffuseField,
    space: ModeSpace,
) -> None:
    """Join the layers of one sample by adding.

    The upward pass computes the reflection and emission of all that is below each layer, the downward pass the light
    itself.

    Parameters
    ----------
    existing : how many directions exist in each layer, (layer,).
    beam : collimated light, (layer,).
    faces : transmittance and reflectance of the faces, of which `at` is the sample.
    """
    layers = len(existing)
    passed, from_above, from_below = (
        faces.transmittance[at],
        faces.reflectance_from_above[at],
        faces.reflectance_from_below[at],
    )
    nodes = existing[layers - 1]
    room = space_of_layer(space, nodes)
    # Below layer i, `rest` is the reflection and `glow` the emission.
    rest, glow = room.matrices[0], room.vectors[0]
    for j in range(nodes):
        glow[j] = 0.0
        for m in range(nodes):
            rest[j, m] = from_above[layers, j] if j == m else 0.0
    for i in range(layers - 1, -1, -1):
        own, light = operators_of_layer(operators, i, nodes), sources_of_layer(sources, i, nodes)
        rise, leave, again = (
            _with_emission(field.rise[i], nodes),
            _with_emission(field.leave[i], nodes),
            room.matrices[1],
        )
        emitted, other = room.vectors[1], room.vectors[2]
        down, up = beam.down[i], beam.up[i]
        for j in range(nodes):
            emitted[j] = down * light.down[j] + up * light.up[j]
        apply(rest, emitted, other)
        multiply(rest, own.transmit, rise)
        multiply(rest, own.reflect, again)
        for j in range(nodes):
            rise[j, nodes] = glow[j] + other[j]
        _sum_echoes(again, rise)
        multiply(own.transmit, rise, leave)
        for j in range(nodes):
            leave[j, nodes] += down * light.up[j] + up * light.down[j]
            for m in range(nodes):
                leave[j, m] += own.reflect[j, m]
        under, through = from_below[i, :nodes], passed[i, :nodes]
        if under.any():
            for j in range(nodes):
                for m in range(nodes):
                    again[j, m] = leave[j, m] * under[m]
            _sum_echoes(again, leave)
        for j in range(nodes):
            for m in range(nodes):
                leave[j, m] *= through[m]
        # What the layer above sees; directions that do not exist below the face are totally reflected there.
        above = existing[max(i - 1, 0)]
        room = space_of_layer(space, above)
        rest, glow = room.matrices[0], room.vectors[0]
        for j in range(above):
            glow[j] = through[j] * leave[j, nodes] if j < nodes else 0.0
            for m in range(above):
                rest[j, m] = through[j] * leave[j, m] if j < nodes and m < nodes else 0.0
            rest[j, j] += from_above[i, j]
        nodes = above
    # Light that falls on a layer, of which only directions that exist above it can have any.
    all_nodes = len(passed[0])
    falling, other = space.vectors[:all_nodes], space.vectors[all_nodes : 2 * all_nodes]
    for j in range(all_nodes):
        falling[j] = 0.0
    for i in range(layers):
        nodes = existing[i]
        own, light = operators_of_layer(operators, i, nodes), sources_of_layer(sources, i, nodes)
        leave, rise = _with_emission(field.leave[i], nodes), _with_emission(field.rise[i], nodes)
        leaving, rising, entering = (
            field.leave_top[i, :nodes],
            field.enter_bottom[i, :nodes],
            field.enter_top[i, :nodes],
        )
        apply(leave, falling[:nodes], leaving)
        for j in range(nodes):
            leaving[j] += leave[j, nodes]
            entering[j] = passed[i, j] * falling[j] + from_below[i, j] * leaving[j]
        apply(rise, entering, rising)
        for j in range(nodes):
            rising[j] += rise[j, nodes]
        apply(own.transmit, entering, falling[:nodes])
        apply(own.reflect, rising, other[:nodes])
        for j in range(nodes):
            falling[j] += other[j] + beam.down[i] * light.down[j] + beam.up[i] * light.up[j]
            field.leave_bottom[i, j] = falling[j]
        for j in range(nodes, all_nodes):
            falling[j] = 0.0


@njit(cache=True)
def _with_emission(memory: Array, nodes: int) -> Array:  # pragma: no cover - compiled
    """Return the beginning of contiguous memory as a square matrix with a column for emitted light."""
    return memory[: nodes * (nodes + 1)].reshape(nodes, nodes + 1)


@njit(cache=True, **NJIT_OPTIONS)
def _sum_echoes(again: Array, light: Array) -> None:  # pragma: no cover - compiled
    """Replace `light` by (1 + again + again² + …) light: light that is reflected back and forth without end."""
    for j in range(len(again)):
        for m in range(len(again)):
            again[j, m] = (1.0 if j == m else 0.0) - again[j, m]
    solve(again, light)

"""Light in plane layers under a broad collimated beam: discrete ordinates, exact in depth.

The azimuthal mean of the radiative transfer equation (chandrasekhar1960) in optical depth τ, I± the radiance downwards
and upwards at μ = |cos θ|, p the mean of the Henyey–Greenstein function over azimuth (henyey1941; moments gˡ),

    ±μ dI±/dτ = −I± + (ω/2) ∫₀¹ [p(μ, μ') I± + p(μ, −μ') I∓] dμ' + (light scattered out of the beam),

is solved at the directions of `quadrature`, which all layers share: steps of the refractive index, the surfaces
included, are then diagonal (`fresnel`) and total reflection is exact. The phase function is truncated by delta-M
(wiscombe1977): what is scattered into the truncated peak counts as collimated.

With u, v ∝ √(μw) (I⁺ ± I⁻), M = diag μ, W = diag w and the even and odd moments E, O of p, a layer obeys

    u' = −B v + …,  v' = −A u + …,  A = M^-½ (1 − ω W^½ E W^½) M^-½,  B = M^-½ (1 − ω W^½ O W^½) M^-½,

both symmetric. With B = L Lᵀ and Lᵀ A L = Y k² Yᵀ (the symmetric reduction of nakajima1986), X = L Y and Z = L^-ᵀ Y,
the modes part: α' = −β, β' = −k² α, solved by cosh kτ and sinh(kτ)/k down to k = 0 (no absorption) and by decaying
exponentials alone at depth (stamnes1988). Layers are joined by adding (plass1973), upwards for what lies below each,
then downwards for the light itself. Depth enters in closed form only: bin means and layer sums are exact integrals of
the solution, and energy closes to rounding. In the number of directions the error falls faster than any power.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.bins import cut
from skinbeam.physics.collimated import Beam, beam_mean, collimated_beam
from skinbeam.physics.fresnel import normal_reflectance, reflectance
from skinbeam.physics.inside import inside
from skinbeam.physics.modes import Operators, Sources, layer_modes, layer_operators, layer_sources, times
from skinbeam.physics.optical import check_layers
from skinbeam.physics.quadrature import Directions, levels_of, nodes_per_segment, shared_directions

__all__ = ["Light", "directions_count", "solve"]

Array = NDArray[np.float64]

# Samples worked on together: large enough to hide the cost of a call, small enough to stay in the caches.
CHUNK = 32
MOST_THREADS = 4
Part = tuple[tuple[int, ...], list[int]]
# Refractive indices are taken to this many decimals, so that layers meant to be alike share their directions.
INDEX_DECIMALS = 6
# Total reflection is held this far below 1: light cannot enter a clear layer in directions that are trapped in it, and
# its sum over endless reflections would read 0/0.
LARGEST_REFLECTANCE = 1.0 - 4.0 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Light:
    """Where the light of a collimated beam at normal incidence goes, as fractions of the incident power.

    Parameters
    ----------
    reflectance_specular : of the first surface alone, (sample,).
    reflectance_diffuse : everything that comes back later, (sample,).
    transmittance : diffuse and unscattered; 0 for a semi-infinite last layer, (sample,).
    absorbed : (sample, layer).
    fluence_rate_ratio : fluence rate over the incident irradiance, mean over the bin, (sample, bin). What lies below
        the last layer counts as dark.
    unscattered_ratio : the part of it that was never scattered, (sample, bin).
    """

    reflectance_specular: Array
    reflectance_diffuse: Array
    transmittance: Array
    absorbed: Array
    fluence_rate_ratio: Array
    unscattered_ratio: Array


def solve(
    mua: ArrayLike,
    mus: ArrayLike,
    g: ArrayLike,
    n: ArrayLike,
    thickness: ArrayLike,
    *,
    ambient_n: ArrayLike = 1.0,
    below_n: ArrayLike = 1.0,
    z_edges: ArrayLike,
    streams: int = 16,
) -> Light:
    """Return the light in layers under a broad collimated beam at normal incidence.

    A sample's result does not depend on the others.

    Parameters
    ----------
    mua, mus : absorption and scattering coefficients, 1/m, (sample, layer).
    g : mean cosine of scattering, −1 < g < 1; from −0.9 to 0.99 any number of streams gives a positive fluence rate,
        sharper peaks need 64. n : refractive index, at least 1.
    thickness : m, above 0; that of the last layer may be inf (nothing then comes from below, `below_n` is not used).
    ambient_n, below_n : scalars or (sample,).
    z_edges : edges of the depth bins, m, rising from 0 or more, (bin + 1,) or (sample, bin + 1).
    streams : directions in a hemisphere of a medium without steps of the index; more where there are steps.

    Raises
    ------
    ValueError : shapes or values out of range, or a semi-infinite layer that neither scatters nor absorbs.
    """
    optical = [np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(mua, mus, g, n, thickness)]
    if streams < 4:
        raise ValueError("at least 4 streams")
    check_layers(optical)
    samples = len(optical[0])
    edges = np.asarray(z_edges, dtype=np.float64)
    edges = np.broadcast_to(edges, (samples, edges.shape[-1]))
    if edges.shape[1] < 2 or np.any(edges[:, 0] < 0.0) or not np.all(np.diff(edges, axis=1) > 0.0):
        raise ValueError("z_edges rise from 0 or more")
    index, ambient, below, levels = _indices(optical[3], optical[4], ambient_n, below_n)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for sample, level in enumerate(levels):
        groups[nodes_per_segment(level, streams)].append(sample)
    parts = [
        (counts, members[start : start + CHUNK])
        for counts, members in groups.items()
        for start in range(0, len(members), CHUNK)
    ]

    def solved(work: Part) -> Light:
        counts, part = work
        return _solve_chunk(
            shared_directions(np.array([levels[sample] for sample in part]), counts),
            streams,
            *(a[part] for a in (*optical[:3], index, optical[4], ambient, below, edges)),
        )

    result: dict[str, Array] = {}
    for (_, part), light in zip(parts, _each(solved, parts), strict=True):
        for field in fields(Light):
            values = getattr(light, field.name)
            result.setdefault(field.name, np.empty((samples, *values.shape[1:])))[part] = values
    return Light(**result)


def _each(work: Callable[[Part], Light], parts: Sequence[Part]) -> Iterator[Light]:
    """The results in order. NumPy lets go of the interpreter inside its matrix routines, so threads share the parts."""
    if len(parts) == 1:
        return map(work, parts)
    return _pool().map(work, parts)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=min(MOST_THREADS, os.cpu_count() or 1))


def directions_count(n: ArrayLike, thickness: ArrayLike, *, ambient_n: float, below_n: float, streams: int) -> int:
    """Return the most directions in a hemisphere that `solve` uses for these layers, (sample, layer)."""
    levels = _indices(np.asarray(n, dtype=np.float64), np.asarray(thickness), ambient_n, below_n)[-1]
    return max(sum(nodes_per_segment(level, streams)) for level in levels)


def _indices(
    n: Array, thickness: Array, ambient_n: ArrayLike, below_n: ArrayLike
) -> tuple[Array, Array, Array, list[Array]]:
    """Return the rounded indices of layers, ambient and below, and the steps among them for each sample."""
    index = n.round(INDEX_DECIMALS)
    ambient, below = (
        np.broadcast_to(np.asarray(a, dtype=np.float64), (len(n),)).round(INDEX_DECIMALS) for a in (ambient_n, below_n)
    )
    if not (np.all(ambient >= 1.0) and np.all(below >= 1.0)):
        raise ValueError("ambient_n and below_n are at least 1")
    # A semi-infinite layer ends nowhere: let its own index follow, which makes no step.
    below = np.where(np.isinf(thickness[:, -1]), index[:, -1], below)
    return index, ambient, below, levels_of(index, ambient, below)


def _solve_chunk(
    directions: Directions,
    streams: int,
    mua: Array,
    mus: Array,
    g: Array,
    n: Array,
    thickness: Array,
    ambient: Array,
    below: Array,
    edges: Array,
) -> Light:
    """Return the light in samples that share the number of nodes; arrays as in `solve`, all with a leading sample."""
    moments = _moments(directions, n, streams)
    peak = g**moments
    scaled = mua + mus * (1.0 - peak)
    loss = np.where(scaled > 0.0, mua / np.where(scaled > 0.0, scaled, 1.0), 1.0)
    tau, true_tau = _optical_thickness(scaled, thickness), _optical_thickness(mua + mus, thickness)
    modes = layer_modes(directions, n, loss, g, tau, peak, moments)
    operators = layer_operators(modes)
    sources = layer_sources(modes, operators)

    around = np.concatenate([ambient[:, None], n, below[:, None]], axis=1)
    beam = collimated_beam(around, tau)
    faces = _faces(directions, around)
    field = _add(operators, sources, beam, faces)
    diffuse = inside(
        modes,
        operators,
        sources,
        beam_down=beam.down,
        beam_up=beam.up,
        enter_top=field.enter_top,
        enter_bottom=field.enter_bottom,
    )

    weight = np.sqrt(directions.flux_weight)
    returned = np.sum(weight * faces.passed[:, 0] * field.leave_top[:, 0], axis=-1) + beam.returned
    through = np.sum(weight * faces.passed[:, -1] * field.leave_bottom[:, -1], axis=-1) + beam.through

    # Absorbed: absorption times the mean fluence rate; in a semi-infinite layer, all that enters.
    endless = np.isinf(thickness)
    zero, end = np.zeros_like(tau), np.where(endless, 0.0, tau)
    mean = diffuse.mean(zero, end) + beam_mean(beam.down, beam.up, zero, end, end)
    inflow = np.sum(weight[:, None, :] * (field.enter_top - field.leave_top), axis=-1) + beam.down
    inflow = np.where(mua > 0.0, inflow, 0.0)
    absorbed = np.where(endless, inflow, mua * np.where(endless, 0.0, thickness) * mean)

    pieces = cut(edges, thickness)
    top, bottom = pieces.of(scaled) * pieces.top, pieces.of(scaled) * pieces.bottom
    total = diffuse.at(pieces.layer).mean(top, bottom)
    total += beam_mean(pieces.of(beam.down), pieces.of(beam.up), top, bottom, pieces.of(end))
    straight = collimated_beam(around, true_tau)
    top, bottom = pieces.of(mua + mus) * pieces.top, pieces.of(mua + mus) * pieces.bottom
    end = pieces.of(np.where(endless, 0.0, true_tau))
    unscattered = beam_mean(pieces.of(straight.down), pieces.of(straight.up), top, bottom, end)
    return Light(
        normal_reflectance(ambient, n[:, 0]),
        returned,
        through,
        absorbed,
        pieces.collect(total),
        pieces.collect(unscattered),
    )


def _moments(directions: Directions, n: Array, streams: int) -> NDArray[np.intp]:
    """Return how many moments of the phase function the directions of each layer carry, (sample, layer).

    A Gauss rule alone carries two for each node (wiscombe1977); where parts are joined, one for each node that exists
    in the layer, and narrow parts count little.
    """
    if np.all(directions.level == directions.level[:, :1]):
        return np.full(n.shape, 2 * streams)
    existing = np.sum(directions.level[:, None, :] <= n[..., None], axis=-1)
    return np.minimum(existing, 3 * streams // 2)


def _optical_thickness(coefficient: Array, thickness: Array) -> Array:
    """Return coefficient · thickness, 0 for a clear layer."""
    return np.where(coefficient > 0.0, coefficient, 0.0) * np.where(coefficient > 0.0, thickness, 0.0)


@dataclass(frozen=True)
class _Faces:
    """What interfaces pass, and reflect on each side, from the top surface to the bottom, (sample, interface, node)."""

    passed: Array
    above: Array
    below: Array


def _faces(directions: Directions, around: Array) -> _Faces:
    """Return what each interface passes and reflects; directions that do not exist on a side reflect nothing there."""
    upper, lower = around[:, :-1, None], around[:, 1:, None]
    level = directions.level[:, None, :]
    r = reflectance(directions.s_squared[:, None, :], upper, lower)
    in_upper, in_lower = level <= upper, level <= lower
    passed = np.where(in_upper & in_lower, 1.0 - r, 0.0)
    r = np.minimum(r, LARGEST_REFLECTANCE)
    return _Faces(passed, np.where(in_upper, r, 0.0), np.where(in_lower, r, 0.0))


@dataclass(frozen=True)
class _Field:
    """Diffuse light entering and leaving each layer at its top and bottom, (sample, layer, node)."""

    enter_top: Array
    enter_bottom: Array
    leave_top: Array
    leave_bottom: Array


def _add(operators: Operators, sources: Sources, beam: Beam, faces: _Faces) -> _Field:
    """Join the layers: upwards what lies below each of them reflects and emits, then downwards the light itself."""
    down, up = beam.down[..., None], beam.up[..., None]
    emit_top = down * sources.up + up * sources.down
    emit_bottom = down * sources.down + up * sources.up
    samples, layers, nodes = emit_top.shape
    identity = np.eye(nodes)
    # Below layer i: reflectance under it (rest), light it sends up (glow); with the layer (`whole_*`).
    rest = faces.above[:, layers, :, None] * identity
    glow = np.zeros((samples, nodes))
    kept: list[tuple[Array, Array, Array, Array]] = []
    for i in range(layers - 1, -1, -1):
        reflect, transmit = operators.reflect[:, i], operators.transmit[:, i]
        echo = np.linalg.inv(identity - rest @ reflect)
        rise = echo @ np.concatenate([rest @ transmit, (glow + times(rest, emit_bottom[:, i]))[..., None]], axis=-1)
        whole = transmit @ rise
        whole_rest = reflect + whole[..., :-1]
        whole_glow = emit_top[:, i] + whole[..., -1]
        passed, under = faces.passed[:, i], faces.below[:, i]
        bounce = np.linalg.inv(identity - whole_rest * under[:, None, :])
        kept.append((rise, bounce, whole_rest, whole_glow))
        surface = bounce @ np.concatenate([whole_rest * passed[:, None, :], whole_glow[..., None]], axis=-1)
        rest = faces.above[:, i, :, None] * identity + passed[..., None] * surface[..., :-1]
        glow = passed * surface[..., -1]
    field = _Field(*(np.empty_like(emit_top) for _ in range(4)))
    falling = np.zeros((samples, nodes))
    for i in range(layers):
        rise, bounce, whole_rest, whole_glow = kept.pop()
        entering = faces.passed[:, i] * falling
        leaving = times(bounce, times(whole_rest, entering) + whole_glow)
        entering = entering + faces.below[:, i] * leaving
        rising = times(rise[..., :-1], entering) + rise[..., -1]
        falling = times(operators.transmit[:, i], entering) + times(operators.reflect[:, i], rising) + emit_bottom[:, i]
        field.enter_top[:, i], field.enter_bottom[:, i] = entering, rising
        field.leave_top[:, i], field.leave_bottom[:, i] = leaving, falling
    return field

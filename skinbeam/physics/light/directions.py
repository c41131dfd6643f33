"""Quadrature directions shared by all layers of a medium, and interface coefficients in these directions.

Along a ray s = n sin θ is constant through every layer, so a quadrature in s makes each interface a diagonal matrix: no
interpolation between angles, and total reflection is exact. The fluxes of a layer of index n are integrals over 2 μ dμ
= 2 s ds / n² (light 3); one set of weights for s ds serves all layers.

The radiance has a kink at each s equal to an index of the medium (the critical angles), so the range is split there and
each part [a, b] has its own Gauss–Legendre rule. The variable is μ_b = √(1 − s²/b²), in which the radiance on the thin
side and the transmission of the interface are smooth. In the next denser layer of index c the cosine is √(δ + (1 − δ)
μ_b²), δ = 1 − b²/c², with branch points at μ_b = ±i√(δ/(1 − δ)); with μ_b = η sinh t, η² = δ/(1 − δ), both cosines are
analytic in t and the rule converges as if there were no step.

Directions in every layer and Fresnel reflectances depend on the refractive indices alone. Wavelengths and skins with
the same indices share them, whatever they absorb and scatter.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.plane_layers import fresnel_reflectance

__all__ = [
    "InterfaceCoefficients",
    "LayerDirections",
    "SharedDirections",
    "SnellSegments",
    "layer_directions",
    "layer_directions_by_sample",
    "shared_directions",
    "snell_segments",
]

Array = NDArray[np.float64]

# For η below this the sinh map would spend its nodes on directions that carry less than η² of the flux.
NARROWEST_SEGMENT = 0.1


@compared_by_value
@dataclass(frozen=True)
class SharedDirections:
    """Quadrature nodes in the Snell invariant s.

    Parameters
    ----------
    s_squared : s² of each node, (sample, node).
    flux_weight : weights of s ds, (sample, node); the sum over s < n is n²/2.
    level, cosine : the segment's upper index and the cosine there, (sample, node).
    """

    s_squared: Array
    flux_weight: Array
    level: Array
    cosine: Array

    def cosines(self, n: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return the cosines μ in layers of index n, (sample, layer), and a mask of the directions that exist.

        Both results are (sample, layer, node). The cosine is 1 where a direction does not exist.
        """
        level, index = self.level[:, None, :], n[:, :, None]
        exists = level <= index
        # (n² − b²) + b² μ_b² has no cancellation, unlike n² − s².
        squared = (index - level) * (index + level) + (level * self.cosine[:, None, :]) ** 2
        return np.sqrt(np.where(exists, squared, index**2)) / index, exists


def shared_directions(levels: Array, counts: tuple[int, ...]) -> SharedDirections:
    """Return the nodes of samples whose segments have the same numbers of nodes.

    Parameters
    ----------
    levels : upper ends of the segments, rising, (sample, segment).
    counts : nodes of each segment.
    """
    s_squared, weights, level, cosine = [], [], [], []
    for segment, count in enumerate(counts):
        upper = levels[:, segment]
        lower = levels[:, segment - 1] if segment else np.zeros_like(upper)
        top = np.sqrt((upper - lower) * (upper + lower)) / upper
        x, w = _unit_gauss_legendre(count)
        if segment + 1 < len(counts):
            denser = levels[:, segment + 1]
            eta = np.maximum(np.sqrt((denser - upper) * (denser + upper)) / upper, NARROWEST_SEGMENT)
            end = np.arcsinh(top / eta)
            t = end[:, None] * x
            mu = eta[:, None] * np.sinh(t)
            d_mu = (eta * end)[:, None] * np.cosh(t) * w
        else:
            mu = top[:, None] * x
            d_mu = top[:, None] * w
        squared = upper[:, None] ** 2
        s_squared.append(squared * (1.0 - mu) * (1.0 + mu))
        weights.append(squared * mu * d_mu)
        level.append(np.broadcast_to(upper[:, None], mu.shape))
        cosine.append(mu)
    parts = (np.concatenate(part, axis=1) for part in (s_squared, weights, level, cosine))
    return SharedDirections(*parts)


@cache
def _unit_gauss_legendre(count: int) -> tuple[Array, Array]:
    """Return nodes and weights of the Gauss–Legendre rule on the interval from 0 to 1."""
    x, w = np.polynomial.legendre.leggauss(count)
    return 0.5 * (x + 1.0), 0.5 * w


# Layer directions and interface coefficients.

# Total reflection is set this far below 1: light cannot enter a clear layer in directions that are trapped in it, and
# its sum over endless reflections would be 0/0.
LARGEST_REFLECTANCE = 1.0 - 4.0 * np.finfo(np.float64).eps


class InterfaceCoefficients(NamedTuple):
    """Coefficients of the interfaces from the top surface to the bottom, (sample, interface, node).

    Parameters
    ----------
    transmittance : transmittance.
    reflectance_from_above, reflectance_from_below : reflectance for light from above and from below.
    """

    transmittance: Array
    reflectance_from_above: Array
    reflectance_from_below: Array


class LayerDirections(NamedTuple):
    """Directions in each layer; the sample axis has length 1 where all samples share them.

    Parameters
    ----------
    n : refractive index of the layers, (sample, layer).
    mu : cosine; 1 where the direction does not exist, (sample, layer, node).
    weight : √ of the weights of s ds, (sample, node).
    amplitude : the same in each layer; 0 where the direction does not exist, (sample, layer, node).
    q : √ of the weights of dμ, 0 where the direction does not exist, (sample, layer, node).
    existing : how many directions exist in a layer, which are the first ones, (sample, layer).
    moments : how many moments of the phase function the directions of a layer carry, (sample, layer).
    """

    n: Array
    mu: Array
    weight: Array
    amplitude: Array
    q: Array
    existing: NDArray[np.int64]
    moments: NDArray[np.int64]
    faces: InterfaceCoefficients


class SnellSegments(NamedTuple):
    """Segments of the range of s: their upper ends, rising, and the number of nodes of each, (sample, segment).

    Samples with fewer segments than others have inf and 0 at the end.
    """

    levels: Array
    counts: NDArray[np.int64]


def snell_segments(around: Array, streams: int) -> SnellSegments:
    """Return the segments, which end at the indices at which directions appear or are totally reflected.

    A single segment has all nodes, narrow ones of several have fewer.

    Parameters
    ----------
    around : refractive indices from the ambient medium to the medium below the layers, (sample, layer + 2).
    """
    levels = np.sort(around, axis=1)
    below = np.concatenate([np.zeros((len(levels), 1)), levels[:, :-1]], axis=1)
    exists = (levels > below) & (levels <= around[:, 1:-1].max(axis=1, keepdims=True))
    span = np.sqrt(1.0 - (below / levels) ** 2)
    share = np.where(span > 0.5, 0.5, np.where(span > 0.25, 0.25, 0.125))
    counts = np.where(exists, np.maximum(np.ceil(share * streams), 2), 0).astype(np.int64)
    counts = np.where(exists & (exists.sum(axis=1, keepdims=True) == 1), streams, counts)
    order = np.argsort(~exists, axis=1, kind="stable")
    levels = np.where(exists, levels, np.inf)
    return SnellSegments(np.take_along_axis(levels, order, axis=1), np.take_along_axis(counts, order, axis=1))


@lru_cache(maxsize=16)
def layer_directions(around: bytes, streams: int) -> LayerDirections:
    """Return the directions, with one sample, for media of indices `around`, passed as bytes for the cache."""
    return layer_directions_by_sample(np.frombuffer(around)[None, :], streams)


def layer_directions_by_sample(around: Array, streams: int) -> LayerDirections:
    """Return the directions for media of indices `around`, (sample, layer + 2), whose segments have equal counts."""
    levels, nodes = snell_segments(around, streams)
    counts = tuple(int(count) for count in nodes[0] if count)
    directions = shared_directions(levels[:, : len(counts)], counts)
    n = around[:, 1:-1].copy()
    mu, exists = directions.cosines(n)
    flux = np.where(exists, directions.flux_weight[:, None, :], 0.0)
    q = np.sqrt(flux / (n[..., None] ** 2 * mu))
    # A Gauss rule carries two moments for each node (wiscombe1977); where several segments are joined it is one for
    # each node that exists in the layer, and narrow segments count little.
    existing = np.sum(exists, axis=-1)
    moments = np.minimum(existing, 3 * streams // 2) if len(counts) > 1 else np.full(n.shape, 2 * streams)
    return LayerDirections(
        n=n,
        mu=mu,
        weight=np.sqrt(directions.flux_weight),
        amplitude=np.sqrt(flux),
        q=q,
        existing=existing,
        moments=moments,
        faces=_interface_coefficients(directions, around),
    )


def _interface_coefficients(directions: SharedDirections, around: Array) -> InterfaceCoefficients:
    """Return transmittance and reflectance of each interface.

    Directions that do not exist on a side reflect nothing there.
    """
    upper, lower = around[:, :-1, None], around[:, 1:, None]
    level = directions.level[:, None, :]
    r = fresnel_reflectance(directions.s_squared[:, None, :], upper, lower)
    in_upper, in_lower = level <= upper, level <= lower
    passed = np.where(in_upper & in_lower, 1.0 - r, 0.0)
    r = np.minimum(r, LARGEST_REFLECTANCE)
    return InterfaceCoefficients(passed, np.where(in_upper, r, 0.0), np.where(in_lower, r, 0.0))

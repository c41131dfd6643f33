"""Directions shared by all layers of a medium whose refractive index changes in steps.

Along a ray s = n sin θ is constant through every layer, so a quadrature in s makes each interface a diagonal
matrix: no interpolation between angles, and total reflection is exact. The fluxes of a layer of index n are
integrals over 2 μ dμ = 2 s ds / n² (light 3); one set of weights for s ds serves all layers.

The radiance has a kink at each s equal to an index of the medium (the critical angles), so the range is split
there and each part [a, b] has its own Gauss–Legendre rule. The variable is μ_b = √(1 − s²/b²), in which the
radiance on the thin side and the transmission of the interface are smooth. In the next denser layer of index c
the cosine is √(δ + (1 − δ) μ_b²), δ = 1 − b²/c², with branch points at μ_b = ±i√(δ/(1 − δ)); with
μ_b = η sinh t, η² = δ/(1 − δ), both cosines are analytic in t and the rule converges as if there were no step.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Directions", "levels_of", "nodes_per_segment", "shared_directions"]

Array = NDArray[np.float64]

# Below this η the sinh map spends its nodes on directions that carry less than η² of the flux.
NARROWEST = 0.1


@dataclass(frozen=True)
class Directions:
    """Nodes in the Snell invariant.

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
        """Return μ in layers of index n, (sample, layer), and where it exists, (sample, layer, node); 1 elsewhere."""
        level, index = self.level[:, None, :], n[:, :, None]
        exists = level <= index
        # (n² − b²) + b² μ_b² has no cancellation, unlike n² − s².
        squared = (index - level) * (index + level) + (level * self.cosine[:, None, :]) ** 2
        return np.sqrt(np.where(exists, squared, index**2)) / index, exists


def levels_of(around: Array) -> Array:
    """Return the sorted distinct indices at which directions appear or are totally reflected.

    Parameters
    ----------
    around : refractive indices from the ambient medium to what lies below, (layer + 2,).
    """
    found = np.unique(around)
    return found[found <= around[1:-1].max()]


def nodes_per_segment(levels: Array, streams: int) -> tuple[int, ...]:
    """Return how many nodes each segment gets: all for one segment, and fewer for the narrow ones of many."""
    if len(levels) == 1:
        return (streams,)
    lower = np.concatenate([[0.0], levels[:-1]])
    span = np.sqrt(1.0 - (lower / levels) ** 2)
    share = np.where(span > 0.5, 0.5, np.where(span > 0.25, 0.25, 0.125))
    return tuple(int(count) for count in np.maximum(np.ceil(share * streams), 2))


def shared_directions(levels: Array, counts: tuple[int, ...]) -> Directions:
    """Return the nodes of samples whose segments have the same counts.

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
        x, w = _gauss(count)
        if segment + 1 < len(counts):
            denser = levels[:, segment + 1]
            eta = np.maximum(np.sqrt((denser - upper) * (denser + upper)) / upper, NARROWEST)
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
    return Directions(*parts)


@cache
def _gauss(count: int) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss–Legendre rule of the interval from 0 to 1."""
    x, w = np.polynomial.legendre.leggauss(count)
    return 0.5 * (x + 1.0), 0.5 * w

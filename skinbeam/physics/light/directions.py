"""All that the refractive indices alone decide: directions in every layer, phase function bases, Fresnel reflectances.

Wavelengths and skins of the same indices share it, whatever they absorb and scatter.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.fresnel import reflectance
from skinbeam.physics.light.quadrature import Directions, levels_of, nodes_per_segment, shared_directions

__all__ = ["Angles", "Faces", "Segments", "angles_between", "angles_of", "segments_of"]

Array = NDArray[np.float64]

# Total reflection is held this far below 1: light cannot enter a clear layer in directions that are trapped in it, and
# its sum over endless reflections would read 0/0.
LARGEST_REFLECTANCE = 1.0 - 4.0 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Faces:
    """What interfaces pass, and reflect on each side, from the top surface to the bottom, (sample, interface, node)."""

    passed: Array
    above: Array
    below: Array


@dataclass(frozen=True)
class Angles:
    """Directions as each layer sees them; `sample` is 1 where all samples share them.

    In place of Legendre polynomials stand polynomials orthonormal in the quadrature itself, which differ by its error
    only. So scattering conserves energy, the mean cosine is exact, and no eigenvalue of scattering exceeds a moment.

    Parameters
    ----------
    n : refractive index of the layers, (sample, layer).
    mu : cosine; 1 where the direction does not exist, (sample, layer, node).
    weight : √ of the weights of s ds, (sample, node).
    amplitude : the same in each layer; 0 where the direction does not exist, (sample, layer, node).
    q : √ of the weights of dμ, 0 where the direction does not exist, (sample, layer, node).
    moments : how many moments of the phase function the directions of a layer carry, (sample, layer).
    even_legendre, odd_legendre : (2l + 1) P_l(μ), (sample, layer, node, l).
    even_basis, odd_basis : √w times the orthonormal polynomials, (sample, layer, node, l).
    """

    n: Array
    mu: Array
    weight: Array
    amplitude: Array
    q: Array
    moments: NDArray[np.intp]
    even_legendre: Array
    odd_legendre: Array
    even_basis: Array
    odd_basis: Array
    faces: Faces


class Segments(NamedTuple):
    """Parts of the range of s: their upper ends, rising, and how many nodes each has."""

    levels: Array
    counts: tuple[int, ...]


@lru_cache(maxsize=4096)
def segments_of(around: bytes, streams: int) -> Segments:
    """Return the segments between media of indices `around`, ambient, layers, below, as bytes."""
    levels = levels_of(np.frombuffer(around))
    return Segments(levels, nodes_per_segment(levels, streams))


@lru_cache(maxsize=16)
def angles_of(around: bytes, streams: int) -> Angles:
    """Return the directions, with one sample, of media of indices `around`, as bytes."""
    return angles_between(np.frombuffer(around)[None, :], streams)


def angles_between(around: Array, streams: int) -> Angles:
    """Return the directions of media of indices `around`, (sample, layer + 2), whose segments have the same counts."""
    segments = [segments_of(row.tobytes(), streams) for row in around]
    counts = segments[0].counts
    directions = shared_directions(np.array([each.levels for each in segments]), counts)
    n = around[:, 1:-1]
    mu, exists = directions.cosines(n)
    flux = np.where(exists, directions.flux_weight[:, None, :], 0.0)
    q = np.sqrt(flux / (n[..., None] ** 2 * mu))
    # A Gauss rule alone carries two moments for each node (wiscombe1977); where parts are joined, one for each node
    # that exists in the layer, and narrow parts count little.
    moments = (
        np.minimum(np.sum(exists, axis=-1), 3 * streams // 2) if len(counts) > 1 else np.full(n.shape, 2 * streams)
    )
    p = _legendre(mu, int(moments.max()))
    scaled = p * (2 * np.arange(p.shape[-1]) + 1)
    p *= q[..., None]
    return Angles(
        n=n,
        mu=mu,
        weight=np.sqrt(directions.flux_weight),
        amplitude=np.sqrt(flux),
        q=q,
        moments=moments,
        even_legendre=scaled[..., 0::2].copy(),
        odd_legendre=scaled[..., 1::2].copy(),
        even_basis=np.linalg.qr(p[..., 0::2]).Q,
        odd_basis=np.linalg.qr(p[..., 1::2]).Q,
        faces=_faces(directions, around),
    )


def _legendre(mu: Array, count: int) -> Array:
    """Return P_l(μ) for l < count, with l last."""
    p = np.empty((count, *mu.shape))
    p[0] = 1.0
    p[1] = mu
    for order in range(1, count - 1):
        p[order + 1] = ((2 * order + 1) * mu * p[order] - order * p[order - 1]) / (order + 1)
    return np.moveaxis(p, 0, -1)


def _faces(directions: Directions, around: Array) -> Faces:
    """Return what each interface passes and reflects; directions that do not exist on a side reflect nothing there."""
    upper, lower = around[:, :-1, None], around[:, 1:, None]
    level = directions.level[:, None, :]
    r = reflectance(directions.s_squared[:, None, :], upper, lower)
    in_upper, in_lower = level <= upper, level <= lower
    passed = np.where(in_upper & in_lower, 1.0 - r, 0.0)
    r = np.minimum(r, LARGEST_REFLECTANCE)
    return Faces(passed, np.where(in_upper, r, 0.0), np.where(in_lower, r, 0.0))

"""Convolve the light of a pencil beam with a flat or Gaussian beam: matrices from rings to rings.

Light that a pencil beam leaves at the distance ρ from its axis, at any angle, a beam of finite width leaves at |x + y|,
with |x| = ρ and y the place where the beam meets the surface. Light by radius, e(ρ), is taken as a straight line over
each ring, through the content of the ring and with half the difference of its neighbours as its slope: exact near the
axis where light was scattered once, e constant, and where light is diffuse, e ∝ ρ. Then

    E'(j) = Σ ∫ over ring k of e(ρ) P(|x + y| in ring j) dρ = Σ E(k) S[k, j]                                 (light 12)

with S of the beam alone. Flat beam of radius R: P(|x + y| < b) is the share of its circle that a circle of radius b
about the axis covers, the exact lens of two circles. Gaussian beam, irradiance exp(-2 r² / w²): the noncentral χ² law
of two degrees. By its mixture, with N and M drawn by Poisson's law,

    P(|x + y| < b) = P(M > N),   means 2 ρ² / w² of N and 2 b² / w² of M                                     (light 13)

The integral over a ring is by Gauss and Legendre. Rows of S sum to 1 with the share outside the last ring, so that
energy is conserved; single shares may be a little below 0 because of the slope.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["axis_shares", "flat_beam_shares", "gaussian_beam_shares"]

Floats = NDArray[np.float64]

_NODES = 10  # of a ring, or of its pieces: shares are good to 1e-9
_BLOCK = 256  # values of N that are summed at a time
_WINGS = 12.0  # standard deviations beyond which Poisson's law holds nothing that double precision would show


def flat_beam_shares(radius: float, ring: float, rings: int) -> Floats:
    """Return S of a flat beam, lengths in m, at least two rings; the last column is outside, (ring, ring + 1)."""
    edges: Floats = ring * np.arange(rings + 1.0)
    # The lens has kinks where a circle of the rings touches the beam: at these shares of every ring.
    kinks = np.unique([0.0, radius / ring % 1.0, 1.0 - radius / ring % 1.0, 1.0])[:, None]
    t, w = _unit_nodes()
    # The substitution 3 t² - 2 t³ turns powers of 3/2 at both ends into integer powers.
    at = kinks[:-1] + np.diff(kinks, axis=0) * t**2 * (3.0 - 2.0 * t)
    weight = np.diff(kinks, axis=0) * w * 6.0 * t * (1.0 - t)
    even, tilted = np.zeros((2, rings, rings))
    for place, share in zip(at.ravel(), weight.ravel(), strict=True):
        landed = share * np.diff(_covered_share(radius, edges, edges[:-1, None] + ring * place))
        even += landed
        tilted += (place - 0.5) * landed
    return _combine_shares(even, tilted)


def gaussian_beam_shares(radius: float, ring: float, rings: int) -> Floats:
    """Return S of a Gaussian beam of 1/e² radius `radius`, as `flat_beam_shares` does.

    Raises
    ------
    ValueError : the beam's diameter is below the width of a ring.
    """
    if 2.0 * radius < ring:
        raise ValueError("a Gaussian beam narrower than a ring: take narrower rings, or a pencil")
    t, w = _unit_nodes()
    edge_means: Floats = 2.0 * (ring * np.arange(rings + 1.0) / radius) ** 2
    means = 2.0 * (ring * (np.arange(rings)[:, None] + t) / radius) ** 2
    even, tilted = np.zeros((2, rings, rings))
    below = np.zeros(rings + 1)  # P(M < i) at each edge, i the first of the block
    end = int(edge_means[-1] + _WINGS * np.sqrt(edge_means[-1]) + 50.0)
    for first in range(0, end, _BLOCK):
        i = np.arange(first, min(first + _BLOCK, end))
        # Edges far inside have P(M > i) = 0, those far outside 1: they and their rings contribute nothing to this
        # block.
        low = np.searchsorted(edge_means, i[0] - _WINGS * np.sqrt(i[0] + 1.0) - 50.0)
        high = np.searchsorted(edge_means, i[-1] + _WINGS * np.sqrt(i[-1] + 1.0) + 50.0)
        active = slice(max(low - 1, 0), min(high + 1, rings + 1))
        cumulated = below[active, None] + np.cumsum(_poisson_law(i, edge_means[active, None]), axis=1)
        below[active] = cumulated[:, -1]
        landed = -np.diff(cumulated, axis=0)
        there = slice(active.start, active.start + len(landed))
        sent = _poisson_law(i, means[there, :, None])
        even[there, there] += np.einsum("q,kqi->ki", w, sent) @ landed.T
        tilted[there, there] += np.einsum("q,kqi->ki", w * (t - 0.5), sent) @ landed.T
    return _combine_shares(even, tilted)


def axis_shares(kind: str, radius: float, ring: float, rings: int) -> Floats:
    """Return the distribution over rings, (ring + 1,), of light on a pencil's axis, for a flat or Gaussian beam."""
    edges = ring * np.arange(rings + 1)
    within = np.minimum((edges / radius) ** 2, 1.0) if kind == "flat" else -np.expm1(-2.0 * (edges / radius) ** 2)
    return np.diff(within, append=1.0)


def _unit_nodes() -> tuple[Floats, Floats]:
    """Return nodes and weights of the Gauss-Legendre rule on the interval from 0 to 1."""
    t, w = np.polynomial.legendre.leggauss(_NODES)
    return (t + 1.0) / 2.0, w / 2.0


def _combine_shares(even: Floats, tilted: Floats) -> Floats:
    """Return S from the distributions of uniform and of sloped light, (ring, ring).

    `even` is that of light that is uniform over its ring, `tilted` that of light of slope 1 and sum 0.
    """
    slopes = np.gradient(np.eye(len(even)), axis=1)  # of the rings, from what each of them holds
    shares = even + slopes @ tilted
    return np.hstack([shares, 1.0 - shares.sum(axis=1, keepdims=True)])


def _covered_share(radius: float, b: Floats, rho: Floats) -> Floats:
    """Return the share of a circle of `radius` covered by a circle of radius `b` whose centre is `rho` away."""
    product = (rho + radius + b) * (radius + b - rho) * (rho + radius - b) * (rho - radius + b)
    chord = np.sqrt(np.maximum(product, 0.0)) / (2.0 * rho)
    own = np.arctan2(chord, (rho + (radius - b) * (radius + b) / rho) / 2.0)
    other = np.arctan2(chord, (b**2 + (rho - radius) * (rho + radius)) / (2.0 * rho))
    lens = radius**2 * own + b**2 * other - rho * chord
    whole = np.where(b > rho, np.minimum(b, radius) ** 2, np.where(rho > radius, 0.0, b**2)) * np.pi
    return np.clip(np.where(product > 0.0, lens, whole) / (np.pi * radius**2), 0.0, 1.0)


def _poisson_law(i: NDArray[np.int64], mean: Floats) -> Floats:
    """Return Poisson probabilities of i, (term,), at means, (..., 1), without differences of large numbers."""
    n = np.maximum(i, 1).astype(np.float64)
    # ln n! by Stirling's series; small factorials are summed.
    small = np.cumsum(np.log(np.maximum(np.arange(16), 1)))
    rest = 1.0 / (12.0 * n) - 1.0 / (360.0 * n**3) + 1.0 / (1260.0 * n**5)
    exact = small[np.minimum(i, 15)] - n * np.log(n) + n - 0.5 * np.log(2.0 * np.pi * n)
    ratio = np.maximum(mean, 1e-300) / n
    away = ratio - 1.0
    logarithm = n * (np.where(ratio > 0.1, np.log1p(np.maximum(away, -0.9)), np.log(ratio)) - away)
    law = np.exp(logarithm - 0.5 * np.log(2.0 * np.pi * n) - np.where(i < 16, exact, rest))
    return np.asarray(np.where(i == 0, np.exp(-mean), law), dtype=np.float64)

"""Whether bodies meet: distances between straight segments, and overlap of ellipsoids and upright elliptic discs.

Lengths are in any one unit. Bodies that only touch do not overlap; `SLACK` takes up the rounding of decimals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SLACK", "Body", "Floats", "overlap", "segment_distance"]

Floats = NDArray[np.float64]
SLACK = 1e-9
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
# Each golden step leaves 0.618 of the interval: 60 leave 3e-13 of it, and the function is flat at its highest.
STEPS = 60


def segment_distance(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Return the shortest distances between segments a-b and c-d, any of which may be a point.

    Parameters
    ----------
    a, b, c, d : ends, (..., 3), broadcast against each other.

    Notes
    -----
    The squared distance is a convex quadratic of the two places: its least value lies where both lines are nearest,
    when that is inside both segments, else at an end of one of them.
    """
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = _dot(u, u), _dot(u, v), _dot(v, v)
    uw, vw = _dot(u, w), _dot(v, w)
    across = uu * vv - uv * uv
    s = np.clip(_ratio(uv * vw - vv * uw, across), 0.0, 1.0)
    t = np.clip(_ratio(vw + uv * s, vv), 0.0, 1.0)
    inside = _length(w + s[..., None] * u - t[..., None] * v)
    ends = (_from_point(a, c, v), _from_point(b, c, v), _from_point(c, a, u), _from_point(d, a, u))
    return np.asarray(np.minimum.reduce([inside, *ends]))


def _from_point(point: Floats, start: Floats, along: Floats) -> Floats:
    away = point - start
    place = np.clip(_ratio(_dot(away, along), _dot(along, along)), 0.0, 1.0)
    return _length(away - place[..., None] * along)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray((one * other).sum(axis=-1), float)


def _length(vector: Floats) -> Floats:
    return np.asarray(np.sqrt(_dot(vector, vector)))


def _ratio(above: Floats, below: Floats) -> Floats:
    out = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    return np.asarray(np.divide(above, below, out=out, where=below > 0))


@dataclass(frozen=True)
class Body:
    """An ellipsoid with axes along x, y, z, or a disc: an elliptic cylinder that stands upright.

    Parameters
    ----------
    centre, half : x, y, z of the centre; half widths.
    """

    centre: Sequence[float]
    half: Sequence[float]
    disc: bool = False


def overlap(one: Body, other: Body) -> bool:
    """Return whether two bodies share more than a touching point; exact but for rounding."""
    if any(
        abs(p - q) >= (a + b) * (1 - SLACK)
        for p, q, a, b in zip(one.centre, other.centre, one.half, other.half, strict=True)
    ):
        return False
    if not one.disc and not other.disc:
        return _ellipsoids_meet(one.centre, one.half, other.centre, other.half)
    if one.disc and other.disc:
        return _ellipsoids_meet(one.centre[:2], one.half[:2], other.centre[:2], other.half[:2])
    disc, round_one = (one, other) if one.disc else (other, one)
    # The level cuts of an ellipsoid lie inside the one nearest to its middle: that cut meets the disc, or none does.
    bottom, top = disc.centre[2] - disc.half[2], disc.centre[2] + disc.half[2]
    level = min(max(round_one.centre[2], bottom), top)
    off = (level - round_one.centre[2]) / round_one.half[2]
    cut = [half * math.sqrt(max(0.0, 1 - off * off)) for half in round_one.half[:2]]
    return _ellipsoids_meet(disc.centre[:2], disc.half[:2], round_one.centre[:2], cut)


def _ellipsoids_meet(p: Sequence[float], a: Sequence[float], q: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two ellipsoids (or ellipses) with centres p, q and half axes a, b overlap.

    They do when the greatest value over 0 < t < 1 of sum((p - q)² t (1 - t) / ((1 - t) a² + t b²)) is below 1; the sum
    is concave in t, and any t with 1 or more proves them apart (Perram and Wertheim, J Comput Phys 1985;58:409).
    """

    def contact(t: float) -> float:
        widths = (math.hypot(math.sqrt(1 - t) * half, math.sqrt(t) * other) for half, other in zip(a, b, strict=True))
        return t * (1 - t) * sum(((x - y) / width) ** 2 for x, y, width in zip(p, q, widths, strict=True))

    low, high = 0.0, 1.0
    left, right = 1 - GOLDEN, GOLDEN
    at_left, at_right = contact(left), contact(right)
    for _ in range(STEPS):
        if max(at_left, at_right) >= 1 - SLACK:
            return False
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = contact(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = contact(left)
    return True

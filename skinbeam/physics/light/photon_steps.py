"""Single steps of one photon packet, written once for the processor and the graphics card.

The functions are plain Python; `load` compiles all of them with the decorator of a target, so that the kernels of the
processor (`photon_lanes`, `photon_flight`) and of the graphics card (`photons_cuda`) use the same physics. Flights are
in single precision, events at surfaces in double. Lengths are in metres.

    f = -ln ξ / M                                              free path, M the largest μa + μs around
    1 - μ = (1 - g)² (1 - q) (1 + g + D) / (2 D²)              cosine of the turn, D = 1 + g q, q in ]-1, 1[  (light 9)

(light 9) is the law of Henyey and Greenstein (1941) without a difference of nearly equal numbers, for every g and
uniformly distributed q. A direction is turned in the frame of Duff et al. (2017), surfaces follow Fresnel for
unpolarised light (Born and Wolf 1999, 1.5.2), and random numbers are xoroshiro128++ (Blackman and Vigna 2021).
"""

import math
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

__all__ = [
    "EDITION",
    "FIBRE",
    "FLAT",
    "FOCUSED",
    "GAUSSIAN",
    "LONG_FLIGHT_CHANCE",
    "LONG_FLIGHT_GROWTH",
    "LONG_FLIGHT_STEPS",
    "PENCIL",
    "RECTANGLE",
    "RING",
    "ROULETTE_BELOW",
    "ROULETTE_CHANCE",
    "azimuth",
    "bin_at",
    "column",
    "deflection",
    "deflection_by_table",
    "emitted",
    "even",
    "folded",
    "fraction",
    "fresnel",
    "inside",
    "launched",
    "load",
    "minus_log",
    "nearest_wall",
    "next_word",
    "ring",
    "roulette",
    "single",
    "turned",
    "voxel",
    "weight_left",
]

# Numba identifies a kernel by the date of its own file. Kernels include this number, so that a change in this file, or
# in another file that they are made of, recompiles them.
EDITION = 6

F, J, U, W, D = np.float32, np.int32, np.uint32, np.uint64, np.float64

# Shapes of a beam where it meets the surface.
PENCIL, FLAT, GAUSSIAN, RING, FOCUSED, FIBRE, RECTANGLE = range(7)
ROULETTE_BELOW, ROULETTE_CHANCE = 1e-4, 0.1
# Where hardly anything is absorbed, the number of steps until a packet leaves has a tail: n steps or more with a chance
# of n ** -1/2, as of every random walk that begins at the face, so that a few packets take nearly all the time. After
# this many steps, and each time that their number has grown fourfold, two packets in five go on with 2.5 times the
# weight. With half of them, twice the weight, each fourfold would add as much to the work as to the scatter; but the
# last packets, which all others wait for, would then fly several times as long.
LONG_FLIGHT_STEPS, LONG_FLIGHT_GROWTH, LONG_FLIGHT_CHANCE = 16384, 4, 0.4
_PI = math.pi
_HALF_TURN = F(math.pi)
_LN2 = F(0.6931471805599453)
_SIXTH = F(-1.0 / 6.0)


def next_word(a, b):  # type: ignore[no-untyped-def]
    """Return a random number of 64 bits and the state that follows (a, b)."""
    total = a + b
    word = ((total << W(17)) | (total >> W(47))) + a
    b ^= a
    return word, ((a << W(49)) | (a >> W(15))) ^ b ^ (b << W(21)), (b << W(28)) | (b >> W(36))


def fraction(word):  # type: ignore[no-untyped-def]
    """Return 53 bits of a word as a number in ]0, 1[."""
    return (D(np.int64(word >> W(11))) + 0.5) * 2.0**-53


def single(bits):  # type: ignore[no-untyped-def]
    """Return 24 bits of 32 as a number in ]0, 1]."""
    return (F(J(U(bits >> U(8)))) + F(0.5)) * F(2.0**-24)


def even(bits):  # type: ignore[no-untyped-def]
    """Return 20 bits of 32 as a number in ]-1, 1[: q of (light 9)."""
    return (F(J(U(bits >> U(12)))) + F(0.5)) * F(2.0**-19) - F(1.0)


def azimuth(bits, others):  # type: ignore[no-untyped-def]
    """Return a number in ]-½, ½[ from the bits of `bits` and `others` that `single` and `even` do not use."""
    rest = U(U(U(others & U(0xFFF)) << U(8)) | U(bits & U(0xFF)))
    return (F(J(rest)) + F(0.5)) * F(2.0**-20) - F(0.5)


def minus_log(u):  # type: ignore[no-untyped-def]
    """Return -ln u to 2e-8: exponent, and the mantissa in [2/3, 4/3[ by a polynomial fitted to ln(1 + x) / x."""
    bits = F(u).view(J)
    exponent = J((bits - J(0x3F2AAAAB)) >> J(23))
    x = J(bits - J(exponent << J(23))).view(F) - F(1.0)
    series = F(-0.16412799) + x * (F(0.13980709) + x * (F(-0.15403155) + x * F(0.14087329)))
    series = F(0.33333158) + x * (F(-0.25008027) + x * (F(0.20012427) + x * series))
    series = F(1.0) + x * (F(-0.49999932) + x * series)
    return -(F(exponent) * _LN2 + x * series)


def deflection(g, q):  # type: ignore[no-untyped-def]
    """Return 1 - cos of the turn (light 9)."""
    inverse = F(1.0) / (F(1.0) + g * q)
    near = (F(1.0) - g) * inverse
    return F(0.5) * near * near * (F(1.0) - q) * (F(2.0) + g + g * q)


def deflection_by_table(cosines, row, bits):  # type: ignore[no-untyped-def]
    """Return 1 - cos of the turn from a row of values at equal steps of probability."""
    at = (F(J(U(bits >> U(12)))) + F(0.5)) * F(2.0**-20) * F(cosines.shape[1] - 1)
    k = int(at)
    low = cosines[row, k]
    return low + (at - F(k)) * (cosines[row, k + 1] - low)


def turned(ux, uy, uz, v, azimuth):  # type: ignore[no-untyped-def]
    """Return the direction turned by the angle of cosine 1 - v, about itself by `azimuth`, ]-½, ½[ of a whole turn."""
    cosine = F(1.0) - v
    sine = math.sqrt(v * (F(2.0) - v))
    # Sine and cosine of the azimuth from those of its half, which lies within a quarter turn; to 1e-7.
    half = azimuth * _HALF_TURN
    h = half * half
    tail = F(8.3333333e-3) + h * (F(-1.98412698e-4) + h * (F(2.7557319e-6) + h * F(-2.5052108e-8)))
    sin_half = half * (F(1.0) + h * (_SIXTH + h * tail))
    tail = F(-1.3888889e-3) + h * (F(2.4801587e-5) + h * (F(-2.7557319e-7) + h * F(2.0876757e-9)))
    cos_half = F(1.0) + h * (F(-0.5) + h * (F(4.1666667e-2) + h * tail))
    twice = sine * (sin_half + sin_half)
    along = sine - twice * sin_half
    across = twice * cos_half
    # An orthonormal frame about the direction without a pole.
    sign = F(1.0) if uz >= F(0.0) else F(-1.0)
    p = F(-1.0) / (sign + uz)
    r = ux * uy * p
    vx = along * (F(1.0) + sign * ux * ux * p) + across * r + cosine * ux
    vy = along * sign * r + across * (sign + uy * uy * p) + cosine * uy
    vz = cosine * uz - along * sign * ux - across * uy
    # One Newton step restores the direction to length 1.
    scale = F(1.5) - F(0.5) * (vx * vx + vy * vy + vz * vz)
    return vx * scale, vy * scale, vz * scale


def weight_left(w, fluence, mua, chance):  # type: ignore[no-untyped-def]
    """Return the weight w after a collision with fluence w / M in a medium of μa.

    Where little weight is absorbed, rounding would always err to the same side. The weight is therefore rounded at
    random by `chance`, in ]-½, ½[, with the last place of w as the width.
    """
    last_place = J(F(w).view(J) & J(0x7F800000)).view(F) * F(2.0**-23)
    left = fluence * mua
    left = left + chance * last_place if left > F(0.0) else F(0.0)
    return w - (left if left < w else w)


def fresnel(n1, n2, steep):  # type: ignore[no-untyped-def]
    """Return the reflectance of the step from n1 to n2 and the refracted cosine, at the cosine `steep`."""
    sine = n1 / n2 * math.sqrt(max(0.0, 1.0 - steep * steep))
    if sine >= 1.0:
        return 1.0, 0.0
    refracted = math.sqrt(1.0 - sine * sine)
    s = (n1 * steep - n2 * refracted) / (n1 * steep + n2 * refracted)
    p = (n1 * refracted - n2 * steep) / (n1 * refracted + n2 * steep)
    return 0.5 * (s * s + p * p), refracted


def folded(x, width, per_width):  # type: ignore[no-untyped-def]
    """Return x in the cell about 0 that repeats every `width`; x itself where `per_width` is 0."""
    return x - width * math.floor(x * per_width + F(0.5))


def inside(shapes, s, x, y, z):  # type: ignore[no-untyped-def]
    """Return whether a point is inside shape s.

    In its own frame the shape is the cylinder (0) or ball (1) of radius 1 and height ±1.
    """
    dx, dy, dz = x - shapes[s, 0], y - shapes[s, 1], z - shapes[s, 2]
    a = shapes[s, 3] * dx + shapes[s, 4] * dy + shapes[s, 5] * dz
    b = shapes[s, 6] * dx + shapes[s, 7] * dy + shapes[s, 8] * dz
    c = shapes[s, 9] * dx + shapes[s, 10] * dy + shapes[s, 11] * dz
    return (a * a + b * b + shapes[s, 12] * c * c <= F(1.0)) & (c * c <= F(1.0))


def voxel(at, per_size, count):  # type: ignore[no-untyped-def]
    """Return the index of the voxel at `at` out of `count`; rounding at the faces gives the last voxel at most."""
    return min(max(int(at * per_size), 0), count - 1)


def ring(x, y, per_ring, rings):  # type: ignore[no-untyped-def]
    """Return the ring of a place; the last ring is everything beyond the others."""
    far = math.sqrt(x * x + y * y) * per_ring
    return J(far if far < F(rings) else F(rings))


def column(x, y, nx, ny, per_dx, per_dy):  # type: ignore[no-untyped-def]
    """Return the column of a place on a map about 0; the last column is everything beside the map."""
    across, along = x * per_dx + F(0.5) * F(nx), y * per_dy + F(0.5) * F(ny)
    on = (across >= F(0.0)) & (across < F(nx)) & (along >= F(0.0)) & (along < F(ny))
    across, along = (across if on else F(0.0)), (along if on else F(0.0))
    return J(J(J(J(across) * ny) + J(along)) if on else J(nx * ny))


def bin_at(level, depths, place, places):  # type: ignore[no-untyped-def]
    """Return the bin of a depth, in bins from the first, and a place; the last bin is everything above and below."""
    there = (level >= F(0.0)) & (level < F(depths))
    k = J(J(J(level if there else F(0.0)) * J(places)) + J(place))
    return J(k if there else J(depths * places))


def nearest_wall(x, y, z, ux, uy, uz, thick, half_x, half_y):  # type: ignore[no-untyped-def]
    """Return the way to the first face of the block 0 < z < thick, |x| < half_x, |y| < half_y, and its axis, 0 to 2."""
    far_z = ((thick - z) if uz > F(0.0) else z) / max(abs(uz), F(1e-12))
    far_x = (half_x - x if ux > F(0.0) else half_x + x) / max(abs(ux), F(1e-12))
    far_y = (half_y - y if uy > F(0.0) else half_y + y) / max(abs(uy), F(1e-12))
    if far_z <= far_x and far_z <= far_y:
        return max(far_z, F(0.0)), 2
    if far_x <= far_y:
        return max(far_x, F(0.0)), 0
    return max(far_y, F(0.0)), 1


def emitted(beam, u1, u2, u3, u4):  # type: ignore[no-untyped-def]
    """Return where a packet of the beam meets the surface, x and y, and its direction outside.

    `beam` is kind, radius, inner radius, depth of the waist, its radius, cosine of the fibre's half angle, sine and
    cosine of the angle of incidence, x, y, and half widths of a rectangle. u1 .. u4 are random numbers in ]0, 1[.
    """
    kind = int(beam[0])
    dx, dy, dz = beam[6], 0.0, beam[7]
    x, y = 0.0, 0.0
    if kind == RECTANGLE:
        x, y = (2.0 * u1 - 1.0) * beam[10], (2.0 * u2 - 1.0) * beam[11]
    elif kind != PENCIL:
        inner = beam[2] / beam[1] if beam[1] > 0.0 else 0.0
        far = math.sqrt(inner * inner + (1.0 - inner * inner) * u1)
        if kind in (GAUSSIAN, FOCUSED):
            far = math.sqrt(-0.5 * math.log(u1))  # irradiance exp(-2 r² / radius²)
        x, y = beam[1] * far * math.cos(2.0 * _PI * u2), beam[1] * far * math.sin(2.0 * _PI * u2)
    if kind == FIBRE:
        dz = 1.0 - u3 * (1.0 - beam[5])
        across = math.sqrt(max(0.0, 1.0 - dz * dz))
        dx, dy = across * math.cos(2.0 * _PI * u4), across * math.sin(2.0 * _PI * u4)
    elif kind == FOCUSED:
        far = beam[4] * math.sqrt(-0.5 * math.log(u3))
        tx, ty = far * math.cos(2.0 * _PI * u4) - x, far * math.sin(2.0 * _PI * u4) - y
        length = math.sqrt(tx * tx + ty * ty + beam[3] * beam[3])
        dx, dy, dz = tx / length, ty / length, beam[3] / length
    return x + beam[8], y + beam[9], dx, dy, dz


def launched(beam, n1, n2, weighs, u1, u2, u3, u4):  # type: ignore[no-untyped-def]
    """Return where a packet enters, x and y, its direction in the medium n2 and its weight.

    The weight is the transmittance of the surface at the packet's angle if `weighs` is set, and else 1.
    """
    x, y, dx, dy, dz = emitted(beam, u1, u2, u3, u4)  # type: ignore[no-untyped-call]
    weight = 1.0
    if weighs:
        reflected, _ = fresnel(n1, n2, dz)  # type: ignore[no-untyped-call]
        weight = D(F(1.0 - reflected))
    dx, dy = n1 / n2 * dx, n1 / n2 * dy
    return x, y, dx, dy, math.sqrt(max(0.0, 1.0 - dx * dx - dy * dy)), weight


def roulette(weight, u, chance):  # type: ignore[no-untyped-def]
    """Return the weight after roulette: `chance` of the packets continue with 1 / chance of their weight, or zero."""
    return weight * F(1.0 / chance) if u < chance else F(0.0)


_STEPS = (
    next_word, fraction, single, even, azimuth, minus_log, deflection, deflection_by_table, turned, weight_left,
    fresnel, folded, inside, voxel, ring, column, bin_at, nearest_wall, emitted, launched, roulette,
)  # fmt: skip


def load(decorate: Callable[[Any], Any], replaced: dict[str, Callable[..., Any]] | None = None) -> SimpleNamespace:
    """Return all steps compiled by `decorate`; they call each other as compiled.

    Parameters
    ----------
    replaced : steps for which a target has its own instruction, by name, not yet decorated.
    """
    space: dict[str, Any] = dict(globals())
    for step in _STEPS:
        own = (replaced or {}).get(step.__name__)
        space[step.__name__] = decorate(own or FunctionType(step.__code__, space, step.__name__))
    return SimpleNamespace(**{step.__name__: space[step.__name__] for step in _STEPS})

"""Monte Carlo light in plane layers: photon packets in lanes, traced side by side.

A packet of weight w flies a free path of -ln(ξ) mean free paths; where a boundary comes first it stops there and draws
anew, which an exponential law allows. At a collision it leaves the part μa / (μa + μs) of its weight and turns by the
Henyey-Greenstein law; at a boundary it is reflected with Fresnel's probability for unpolarised light (Wang, Jacques and
Zheng 1995). Below a small weight one in ten goes on with ten times of it (roulette); what that gave or took is counted,
so that the energy closes to rounding.

    μ = (1 + g² - ((1 - g²) / (1 + g (2ξ - 1)))²) / (2g)     cosine of the turn; by its series in g below 0.1   (P1)
    φ(z) = Σ w / (μa + μs) / Δz                              fluence from collisions, w before each             (P2)

Where nothing collides the path through the layer is tallied instead. `LANES` packets are held as rows of one array, and
`_fly` moves all of them without a branch, so that the compiler makes one instruction serve many lanes; what differs
from lane to lane (tallies, boundaries, new packets) is done one by one in `_trace`. Flights are in single precision,
with depths measured from the top of the layer; everything that is summed is in double precision. Each batch has streams
of its own (xoroshiro128++, Blackman and Vigna 2021, one a lane), so that a result follows from the seed on any number
of threads.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ABSORBED", "BEAMS", "REFLECTED", "ROULETTE", "TRANSMITTED", "Batch", "prepare", "trace_batch"]

Floats = NDArray[np.float64]
F = np.float32

LANES = 64
BEAMS = ("pencil", "flat", "gaussian")
_ROULETTE_BELOW, _ROULETTE_CHANCE = 1e-4, 0.1
_DEEP_M = 1e6  # stands for infinity in single precision

# Rows of the array of packets; the last five are properties of the layer that a lane is in.
_X, _Y, _Z, _UX, _UY, _UZ, _W, _OLD, _HIT, _U, _MUT, _ALBEDO, _G, _THICK = range(14)
_ROWS = 14
# Rows of the array of properties, by medium: above, layers, below.
_P_MUT, _P_ALBEDO, _P_G, _P_THICK, _P_N, _P_TOP = range(6)
# Entries of the sums of a batch; layers follow.
REFLECTED, TRANSMITTED, ROULETTE, ABSORBED = range(4)


@dataclass(frozen=True)
class Batch:
    """Sums over the packets of one batch, each launched with weight 1 below the surface.

    Parameters
    ----------
    sums : reflected, transmitted, taken by roulette, absorbed in each layer: (3 + layer,).
    fluence : Σ w / (μa + μs) by depth and ring, m, (bin, ring); the last ring holds all that is farther out.
    """

    sums: Floats
    fluence: Floats


def prepare(
    mua: Floats, mus: Floats, g: Floats, n: Floats, thickness: Floats, ambient_n: float, below_n: float
) -> NDArray[np.float32]:
    """Return the properties of the media above, of the layers and below, as `trace_batch` takes them.

    Parameters
    ----------
    mua, mus : 1/m, (layer,). g, n : (layer,). thickness : m, (layer,), inf in the last for a semi-infinite medium.
    """
    mut = mua + mus
    depth = np.where(np.isfinite(thickness), thickness, _DEEP_M)
    table = np.zeros((6, len(mua) + 2))
    table[_P_THICK] = 1.0
    table[_P_MUT, 1:-1] = mut
    table[_P_ALBEDO, 1:-1] = np.divide(mus, mut, out=np.ones_like(mut), where=mut > 0.0)
    table[_P_G, 1:-1] = g
    table[_P_THICK, 1:-1] = depth
    table[_P_TOP, 1:-1] = np.concatenate(([0.0], np.cumsum(depth[:-1])))
    table[_P_N] = np.concatenate(([ambient_n], n, [below_n]))
    return table.astype(np.float32)


def trace_batch(
    table: NDArray[np.float32],
    photons: int,
    *,
    seed: int,
    batch: int,
    edges: Floats,
    ring: float = 0.0,
    rings: int = 1,
    beam: str = "pencil",
    radius: float = 0.0,
) -> Batch:
    """Return the sums of one batch.

    Parameters
    ----------
    table : of `prepare`.
    photons : packets to launch, at least 1.
    seed, batch : choose the streams of random numbers.
    edges : rising depths of the tally, m, (bin + 1,).
    ring, rings : width of the rings, m, and their number; with `ring` 0 the radius is not tallied.
    beam, radius : one of `BEAMS`, and its radius, m; of a Gaussian where the irradiance is 1/e² of the axis'.
    """
    sums = np.zeros(ABSORBED + table.shape[1] - 2)
    fluence = np.zeros((len(edges) - 1, rings))
    step = np.diff(edges)
    even = bool(np.allclose(step, step[0], rtol=1e-9, atol=0.0))
    packets = np.zeros(_ROWS * LANES, dtype=np.float32)
    where = np.full(LANES, -1, dtype=np.int32)
    _trace(
        photons, packets, where, _streams(seed, batch), table, sums, fluence, edges, 1.0 / step[0] if even else 0.0,
        1.0 / ring if ring > 0.0 else 0.0, BEAMS.index(beam), radius,
    )  # fmt: skip
    return Batch(sums, fluence)


def _streams(seed: int, batch: int) -> NDArray[np.uint64]:
    """States of the generators, two rows of lanes, from a hash of seed and batch: never all zero, never the same."""
    words = np.random.SeedSequence([seed, batch]).generate_state(2 * LANES, np.uint64)
    return np.asarray(words | np.uint64(1), dtype=np.uint64)


_FAST = {"contract", "arcp", "afn", "nsz"}  # what keeps infinities and comparisons as they are


@njit(cache=True, fastmath=_FAST, error_model="numpy", nogil=True)
def _fly(packets, states):  # type: ignore[no-untyped-def]
    """Move every lane to its next collision or boundary, and turn those that collide."""
    for i in range(LANES):
        a, b = states[i], states[LANES + i]
        total = a + b
        first = ((total << np.uint64(17)) | (total >> np.uint64(47))) + a
        b ^= a
        a = ((a << np.uint64(49)) | (a >> np.uint64(15))) ^ b ^ (b << np.uint64(21))
        b = (b << np.uint64(28)) | (b >> np.uint64(36))
        total = a + b
        second = ((total << np.uint64(17)) | (total >> np.uint64(47))) + a
        b ^= a
        states[i] = ((a << np.uint64(49)) | (a >> np.uint64(15))) ^ b ^ (b << np.uint64(21))
        states[LANES + i] = (b << np.uint64(28)) | (b >> np.uint64(36))
        # Four numbers of 24 bits, each in the middle of its step: never 0, never 1.
        path_u = (F(np.int32(first >> np.uint64(40))) + F(0.5)) * F(2.0**-24)
        turn_u = (F(np.int32((first >> np.uint64(8)) & np.uint64(0xFFFFFF))) + F(0.5)) * F(2.0**-24)
        round_u = (F(np.int32(second >> np.uint64(40))) + F(0.5)) * F(2.0**-24)
        packets[_U * LANES + i] = (F(np.int32((second >> np.uint64(8)) & np.uint64(0xFFFFFF))) + F(0.5)) * F(2.0**-24)

        # -ln(ξ): exponent and mantissa in [√½, √2), the latter by the series of artanh to 2e-9.
        bits = np.float32(path_u).view(np.int32)
        exponent = F(np.int32((bits >> np.int32(23)) - np.int32(127)))
        mantissa = np.int32((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
        large = mantissa > F(1.41421356)
        mantissa = mantissa * F(0.5) if large else mantissa
        exponent = exponent + F(1.0) if large else exponent
        t = (mantissa - F(1.0)) / (mantissa + F(1.0))
        t2 = t * t
        series = F(1.0) + t2 * (F(1.0 / 3.0) + t2 * (F(0.2) + t2 * (F(1.0 / 7.0) + t2 * F(1.0 / 9.0))))
        free = -(exponent * F(0.6931471805599453) + F(2.0) * t * series)

        ux, uy, uz = packets[_UX * LANES + i], packets[_UY * LANES + i], packets[_UZ * LANES + i]
        mut, thick = packets[_MUT * LANES + i], packets[_THICK * LANES + i]
        z = packets[_Z * LANES + i]
        steep = abs(uz)
        steep = steep if steep > F(1e-12) else F(1e-12)
        to_wall = ((thick - z) if uz > F(0.0) else z) / steep
        hit = free >= to_wall * mut
        flight = to_wall if hit else free / mut
        z = z + uz * flight
        z = z if z > F(0.0) else F(0.0)
        z = z if z < thick else thick
        packets[_X * LANES + i] += ux * flight
        packets[_Y * LANES + i] += uy * flight
        packets[_Z * LANES + i] = z
        packets[_HIT * LANES + i] = F(1.0) if hit else F(0.0)
        weight = packets[_W * LANES + i]
        packets[_OLD * LANES + i] = weight
        packets[_W * LANES + i] = weight if hit else weight * packets[_ALBEDO * LANES + i]

        # (P1); the series has no difference of nearly equal numbers where g is small, the closed form where it is not.
        g = packets[_G * LANES + i]
        q = F(2.0) * turn_u - F(1.0)
        inverse = F(1.0) / (F(1.0) + g * q)
        gg = g * g
        near = (q + g * (F(1.5) + F(0.5) * q * q) + gg * q + F(0.5) * gg * g * (q * q - F(1.0))) * inverse * inverse
        peaked = abs(g) > F(0.1)
        ratio = (F(1.0) - gg) * inverse
        cosine = (F(1.0) + gg - ratio * ratio) / (F(2.0) * (g if peaked else F(0.1))) if peaked else near
        cosine = cosine if cosine < F(1.0) else F(1.0)
        cosine = cosine if cosine > F(-1.0) else F(-1.0)
        sine = math.sqrt(F(1.0) - cosine * cosine)
        # Sine and cosine of the azimuth from those of half of it, which lies within a quarter turn; to 1e-7.
        half = (round_u - F(0.5)) * F(math.pi)
        h2 = half * half
        s5 = F(8.3333333e-3) + h2 * (F(-1.98412698e-4) + h2 * (F(2.7557319e-6) + h2 * F(-2.5052108e-8)))
        sin_half = half * (F(1.0) + h2 * (F(-1.0 / 6.0) + h2 * s5))
        c6 = F(-1.3888889e-3) + h2 * (F(2.4801587e-5) + h2 * (F(-2.7557319e-7) + h2 * F(2.0876757e-9)))
        cos_half = F(1.0) + h2 * (F(-0.5) + h2 * (F(4.1666667e-2) + h2 * c6))
        along = sine * (F(1.0) - F(2.0) * sin_half * sin_half)
        across = sine * (F(2.0) * sin_half * cos_half)
        # An orthonormal frame about the direction without a pole (Duff et al. 2017).
        sign = F(1.0) if uz >= F(0.0) else F(-1.0)
        p = F(-1.0) / (sign + uz)
        r = ux * uy * p
        vx = along * (F(1.0) + sign * ux * ux * p) + across * r + cosine * ux
        vy = along * sign * r + across * (sign + uy * uy * p) + cosine * uy
        vz = cosine * uz - along * sign * ux - across * uy
        # One step of Newton's keeps the direction of length 1.
        scale = F(1.5) - F(0.5) * (vx * vx + vy * vy + vz * vz)
        packets[_UX * LANES + i] = ux if hit else vx * scale
        packets[_UY * LANES + i] = uy if hit else vy * scale
        packets[_UZ * LANES + i] = uz if hit else vz * scale


@njit(cache=True, error_model="numpy", nogil=True)
def _enter(packets, i, table, medium):  # type: ignore[no-untyped-def]
    """Give a lane the properties of the layer that it is in."""
    packets[_MUT * LANES + i] = table[_P_MUT, medium]
    packets[_ALBEDO * LANES + i] = table[_P_ALBEDO, medium]
    packets[_G * LANES + i] = table[_P_G, medium]
    packets[_THICK * LANES + i] = table[_P_THICK, medium]


@njit(cache=True, error_model="numpy", nogil=True)
def _uniform(states, i):  # type: ignore[no-untyped-def]
    """One number of 53 bits from the stream of a lane, never 0."""
    a, b = states[i], states[LANES + i]
    total = a + b
    out = ((total << np.uint64(17)) | (total >> np.uint64(47))) + a
    b ^= a
    states[i] = ((a << np.uint64(49)) | (a >> np.uint64(15))) ^ b ^ (b << np.uint64(21))
    states[LANES + i] = (b << np.uint64(28)) | (b >> np.uint64(36))
    return (np.float64(np.int64(out >> np.uint64(11))) + 0.5) * 2.0**-53


@njit(cache=True, error_model="numpy", nogil=True)
def _launch(packets, i, where, states, table, beam, radius):  # type: ignore[no-untyped-def]
    """Put a new packet on a lane, below the surface, straight down."""
    for row in range(_W):
        packets[row * LANES + i] = F(0.0)
    packets[_UZ * LANES + i] = F(1.0)
    packets[_W * LANES + i] = F(1.0)
    if beam > 0:
        u = _uniform(states, i)
        distance = radius * (math.sqrt(u) if beam == 1 else math.sqrt(-0.5 * math.log(u)))
        packets[_X * LANES + i] = distance  # the tally knows rings alone, so the azimuth is free
    where[i] = 1
    _enter(packets, i, table, 1)


@njit(cache=True, error_model="numpy", nogil=True)
def _rest(packets, i, where):  # type: ignore[no-untyped-def]
    """Leave a lane without a packet."""
    where[i] = -1
    packets[_W * LANES + i] = F(0.0)
    packets[_MUT * LANES + i] = F(1.0)
    packets[_THICK * LANES + i] = F(1.0)
    packets[_UZ * LANES + i] = F(1.0)
    packets[_Z * LANES + i] = F(0.0)


@njit(cache=True, error_model="numpy", nogil=True)
def _bin(edges, per_m, z):  # type: ignore[no-untyped-def]
    """Place of a depth among the edges, -1 outside; `per_m` is 1 / width of even bins, 0 for others."""
    last = len(edges) - 1
    if z < edges[0] or z >= edges[last]:
        return -1
    if per_m > 0.0:
        return min(int((z - edges[0]) * per_m), last - 1)
    return np.searchsorted(edges, z, side="right") - 1


@njit(cache=True, error_model="numpy", nogil=True)
def _cross_clear(fluence, edges, top, thick, per_steep, weight, ring):  # type: ignore[no-untyped-def]
    """Tally the path straight through a layer in which nothing collides."""
    for k in range(len(edges) - 1):
        overlap = min(edges[k + 1], top + thick) - max(edges[k], top)
        if overlap > 0.0:
            fluence[k, ring] += weight * overlap * per_steep


@njit(cache=True, fastmath=_FAST, error_model="numpy", nogil=True)
def _trace(  # type: ignore[no-untyped-def]
    photons, packets, where, states, table, sums, fluence, edges, per_m, per_ring, beam, radius
):
    layers = table.shape[1] - 2
    rings = fluence.shape[1]
    launched = 0
    alive = 0
    for i in range(LANES):
        if launched < photons:
            _launch(packets, i, where, states, table, beam, radius)
            launched += 1
            alive += 1
        else:
            _rest(packets, i, where)
    while alive > 0:
        _fly(packets, states)
        for i in range(LANES):
            medium = where[i]
            if medium < 0:
                _rest(packets, i, where)
                continue
            weight = packets[_W * LANES + i]
            ended = False
            ring = 0
            if per_ring > 0.0:
                x, y = packets[_X * LANES + i], packets[_Y * LANES + i]
                ring = min(int(math.sqrt(x * x + y * y) * per_ring), rings - 1)
            if packets[_HIT * LANES + i] == F(0.0):
                old = packets[_OLD * LANES + i]
                sums[ABSORBED + medium - 1] += np.float64(old) - np.float64(weight)
                k = _bin(edges, per_m, np.float64(table[_P_TOP, medium]) + np.float64(packets[_Z * LANES + i]))
                if k >= 0:
                    fluence[k, ring] += old / table[_P_MUT, medium]  # (P2)
                if weight < F(_ROULETTE_BELOW):
                    ended = weight == F(0.0) or packets[_U * LANES + i] >= F(_ROULETTE_CHANCE)
                    kept = F(0.0) if ended else weight * F(1.0 / _ROULETTE_CHANCE)
                    sums[ROULETTE] += np.float64(weight) - np.float64(kept)
                    packets[_W * LANES + i] = kept
            else:
                uz = packets[_UZ * LANES + i]
                down = uz > F(0.0)
                steep = abs(np.float64(uz))
                if table[_P_MUT, medium] == F(0.0):
                    _cross_clear(
                        fluence, edges, np.float64(table[_P_TOP, medium]), np.float64(table[_P_THICK, medium]),
                        1.0 / max(steep, 1e-12), np.float64(weight), ring,
                    )  # fmt: skip
                beyond = medium + 1 if down else medium - 1
                n1, n2 = np.float64(table[_P_N, medium]), np.float64(table[_P_N, beyond])
                index = n1 / n2
                sine2 = index * index * (1.0 - steep * steep)
                reflect, refracted = np.float64(0.0), steep
                if n1 != n2:
                    reflect, refracted = np.float64(1.0), np.float64(0.0)
                    if sine2 < 1.0:
                        refracted = np.float64(math.sqrt(1.0 - sine2))
                        s = (n1 * steep - n2 * refracted) / (n1 * steep + n2 * refracted)
                        p = (n1 * refracted - n2 * steep) / (n1 * refracted + n2 * steep)
                        reflect = 0.5 * (s * s + p * p)
                if np.float64(packets[_U * LANES + i]) < reflect:
                    packets[_UZ * LANES + i] = -uz
                elif beyond == 0 or beyond > layers:
                    sums[REFLECTED if beyond == 0 else TRANSMITTED] += np.float64(weight)
                    ended = True
                else:
                    if n1 != n2:
                        packets[_UX * LANES + i] *= F(index)
                        packets[_UY * LANES + i] *= F(index)
                        packets[_UZ * LANES + i] = F(refracted) if down else -F(refracted)
                    packets[_Z * LANES + i] = F(0.0) if down else table[_P_THICK, beyond]
                    where[i] = beyond
                    _enter(packets, i, table, beyond)
            if ended:
                if launched < photons:
                    _launch(packets, i, where, states, table, beam, radius)
                    launched += 1
                else:
                    _rest(packets, i, where)
                    alive -= 1

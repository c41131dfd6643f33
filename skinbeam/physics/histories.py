"""Histories of packets that scatter only, and what any absorption makes of them.

Absorption does not turn a packet, it takes weight along its path. So packets are traced once with free paths of
-ln ξ / μs, and each tells which layers it visited, how long its path L was in each visit, and how it ended (Graaff et
al. 1993). With absorption μa a packet comes out of a visit with the weight

    w = k exp(-Σ μa L), the sum over all visits so far, k = 1 at first,                                     (light 11)

and leaves the difference in the layer. Roulette is played with a reference absorption, below which no other may lie:
when w by it has come down to 10⁻⁴, nine packets in ten end and k of the tenth becomes ten times larger, which is right
on average for every absorption.

A record is two rows, `entries` and `lengths`. An entry below the number of layers is a visit to that layer; one above
it, less the number of layers, is an event: roulette survived, or the end of the packet, after which the next begins.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.lanes import STEPS
from skinbeam.physics.layout import FAST, FREE, INDEX, MUA, MUS, OPTIONS, THICK, G
from skinbeam.physics.photons import streams
from skinbeam.physics.steps import ROULETTE_BELOW, ROULETTE_CHANCE

__all__ = ["ENDED", "ENTRY_BYTES", "REFLECTED", "SURVIVED", "TRANSMITTED", "Record", "evaluate", "trace_histories"]

F, J, U, W, D = np.float32, np.int32, np.uint32, np.uint64, np.float64

Floats = NDArray[np.float64]
Record = tuple[NDArray[np.uint16], NDArray[np.float32]]

# Events of a record; the ends are also the first rows of what `evaluate` returns, in this order.
ENDED, REFLECTED, TRANSMITTED, SURVIVED = range(4)
ENTRY_BYTES = 6

_DEEPEST = math.log(1.0 / ROULETTE_BELOW)
_LN_GAIN = math.log(1.0 / ROULETTE_CHANCE)
_GAIN = 1.0 / ROULETTE_CHANCE
_MOST_TAU = 80.0  # e^-80 is still a normal number in single precision

next_word, fraction, single, even, azimuth = (
    STEPS.next_word, STEPS.fraction, STEPS.single, STEPS.even, STEPS.azimuth,
)  # fmt: skip
minus_log, deflection, turned, fresnel = STEPS.minus_log, STEPS.deflection, STEPS.turned, STEPS.fresnel


def trace_histories(slabs: NDArray[np.float32], photons: int, *, seed: int, batch: int) -> Record:
    """Return the record of `photons` packets that fall straight onto plane layers, from inside the first surface.

    Parameters
    ----------
    slabs : table of `photons.Scene`: μs, g, refractive index and thickness of the layers, and as μa the reference.
    seed, batch : choose the random numbers.
    """
    table = np.asarray(slabs, dtype=np.float32).copy()
    table[FREE] = 1.0 / np.maximum(table[MUS], F(1e-12))
    state = streams(seed, batch)[-2:].copy()
    pieces: list[Record] = []
    left, size = photons, 16 * photons + 1024
    while left:
        entries, lengths = np.empty(size, np.uint16), np.empty(size, np.float32)
        done, filled = _trace(left, state, table, entries, lengths)
        # Where not even one packet fitted there must be more room.
        size = size if done else 2 * size
        pieces.append((entries[:filled].copy(), lengths[:filled].copy()))
        left -= done
    return np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces])


@njit(cache=True, fastmath=FAST, **OPTIONS)
def _trace(photons, state, slabs, entries, lengths):  # type: ignore[no-untyped-def]
    """Record packets until there are enough or the room is used up; how many, and how many entries they have.

    A packet for which there is no room leaves no trace: it is the first of the next call.
    """
    layers = slabs.shape[1] - 2
    a, b = state[0], state[1]
    filled = 0
    for done in range(photons):
        state[0], state[1] = a, b
        begun = filled
        layer = 1
        z, ux, uy, uz = F(0.0), F(0.0), F(0.0), F(1.0)
        path, tau, roulette_at = D(0.0), D(0.0), D(_DEEPEST)
        thick, free, g, mua = slabs[THICK, 1], slabs[FREE, 1], slabs[G, 1], D(slabs[MUA, 1])
        while True:
            if filled + 2 > len(entries):
                return done, begun
            word, a, b = next_word(a, b)
            low, high = U(word), U(word >> W(32))
            way = minus_log(single(low)) * free
            far = z + uz * way
            event = -1
            beyond = layer
            if (far >= F(0.0)) & (far <= thick):
                z = far
                ux, uy, uz = turned(ux, uy, uz, deflection(g, even(high)), azimuth(low, high))
            else:
                down = uz > F(0.0)
                way = ((thick - z) if down else z) / max(abs(uz), F(1e-12))
                z = thick if down else F(0.0)
                beyond = layer + 1 if down else layer - 1
                n1, n2 = D(slabs[INDEX, layer]), D(slabs[INDEX, beyond])
                if n1 != n2:
                    reflected, refracted = fresnel(n1, n2, abs(D(uz)))
                    word, a, b = next_word(a, b)
                    if reflected >= 1.0 or fraction(word) < reflected:
                        uz = -uz
                        beyond = layer
                    else:
                        ux *= F(n1 / n2)
                        uy *= F(n1 / n2)
                        uz = F(refracted) if down else F(-refracted)
                if beyond == 0:
                    event = REFLECTED
                elif beyond > layers:
                    event = TRANSMITTED
            path += D(way)
            tau += D(way) * mua
            if event < 0 and tau > roulette_at:
                word, a, b = next_word(a, b)
                event = SURVIVED if fraction(word) < ROULETTE_CHANCE else ENDED
                roulette_at += _LN_GAIN
            if event >= 0 or beyond != layer:
                entries[filled], lengths[filled] = layer - 1, path
                filled += 1
                path = D(0.0)
            if event >= 0:
                entries[filled], lengths[filled] = layers + event, 0.0
                filled += 1
                if event != SURVIVED:
                    break
            if beyond != layer:
                z = F(0.0) if beyond > layer else slabs[THICK, beyond]
                layer = beyond
                thick, free, g, mua = slabs[THICK, layer], slabs[FREE, layer], slabs[G, layer], D(slabs[MUA, layer])
    state[0], state[1] = a, b
    return photons, filled


def evaluate(record: Record, mua: Floats) -> Floats:
    """Return sums over the packets for each member: taken by roulette, reflected, transmitted, absorbed by layer.

    Attenuation is good to 10⁻⁷ of what is lost in a visit, however little that is; weights come out of their sums as
    differences in double precision, so that the energy closes to rounding.

    Parameters
    ----------
    mua : (member, layer), 1/m, none below the reference.

    Returns
    -------
    (3 + layer, member)
    """
    members, layers = mua.shape
    sums = np.zeros((3 + layers, members))
    _evaluate(*record, np.ascontiguousarray(mua.T, dtype=np.float32), np.ones(members), sums)
    return sums


@njit(fastmath=FAST, forceinline=True, **OPTIONS)
def _kept(tau):  # type: ignore[no-untyped-def]
    """Return e^-tau for 0 <= tau <= 80: a power of two, times 1 and a small rest of seven terms of its series."""
    halvings = tau * F(1.4426950408889634)
    whole = J(halvings + F(0.5))
    x = (F(whole) - halvings) * F(0.6931471805599453)
    rest = F(1 / 24) + x * (F(1 / 120) + x * (F(1 / 720) + x * F(1 / 5040)))
    rest = x * (F(1.0) + x * (F(1 / 2) + x * (F(1 / 6) + x * rest)))
    # 1 is added in double precision, where the rest keeps all its places.
    return D(J(J(J(127) - whole) << J(23)).view(F)) * (1.0 + D(rest))


@njit(cache=True, fastmath=FAST, **OPTIONS)
def _evaluate(entries, lengths, mua, weights, sums):  # type: ignore[no-untyped-def]
    """Go through the packets once, with all members side by side."""
    layers, members = mua.shape
    for k in range(len(entries)):
        entry = int(entries[k])
        if entry < layers:
            length = lengths[k]
            for m in range(members):
                after = weights[m] * _kept(min(mua[entry, m] * length, F(_MOST_TAU)))
                sums[3 + entry, m] += weights[m] - after
                weights[m] = after
        elif entry == layers + SURVIVED:
            for m in range(members):
                sums[ENDED, m] += weights[m] - weights[m] * _GAIN
                weights[m] *= _GAIN
        else:
            for m in range(members):
                sums[entry - layers, m] += weights[m]
                weights[m] = 1.0

"""Modes of the radiance in one homogeneous layer, and the reflection, transmission and emission of the layer.

τ is optical depth scaled by delta-M, counted from the top of the layer. The equations are in `discrete_ordinates`; in
addition u = X α(τ), v = Z β(τ), XᵀZ = 1, and the downward and upward amplitudes are b± = (u ± v) / 2, in units in which
Σ √ŵ v is the flux (ŵ the weights of s ds).

Layers are worked on one by one in compiled code, since a library's call for such small matrices costs more than the
sums. The nodes of a layer are the directions that exist in it: those that only denser layers have would cost a third of
the time and carry no light. Memory has room for all directions in each layer, and a layer uses the beginning of it.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.light.directions import LayerDirections
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS
from skinbeam.physics.numerics.small_matrices import apply, apply_transposed, diagonalise, invert, multiply, transpose

__all__ = [
    "MATRICES",
    "TINY",
    "VECTORS",
    "LayerModes",
    "LayerOperators",
    "LayerOptics",
    "LayerSources",
    "ModeSpace",
    "find_modes",
    "find_operators",
    "find_sources",
    "mean_decay",
    "modes_of_layer",
    "operators_of_layer",
    "optics_of_sample",
    "orthonormal_bases",
    "resonant_decay",
    "sources_of_layer",
    "space_of_layer",
]

Array = NDArray[np.float64]

# Replaces 0 where a quotient has a limit there: so small that the result is the limit to the last digit.
TINY = 1e-300
# Matrices and vectors that the work on one layer needs.
MATRICES, VECTORS = 6, 7


class LayerModes(NamedTuple):
    """Modes of one layer; of all layers, arrays are (layer, node · mode) and (layer, mode).

    Parameters
    ----------
    x, z : X and Z, (node, mode).
    k : decay per unit of scaled optical depth, (mode,).
    half : kτ/2, inf where semi-infinite, (mode,).
    tanh_ratio : tanh(kτ/2) / (kτ/2), (mode,).
    fluence : fluence rate of a unit α, (mode,).
    drive : p, the source that a unit beam makes in each u, (mode,).
    particular : the factor of φ in the particular solution, (mode,).
    """

    x: Array
    z: Array
    k: Array
    half: Array
    tanh_ratio: Array
    fluence: Array
    drive: Array
    particular: Array


class LayerOperators(NamedTuple):
    """Reflection and transmission of diffuse light by one layer; of all layers, arrays are (layer, node · node).

    Parameters
    ----------
    reflect, transmit : R and T, the same from both sides, (node, node).
    even, odd : inverses of X + Z k tanh(kτ/2) and X tanh(kτ/2)/k + Z; `odd` is not set where semi-infinite.
    """

    reflect: Array
    transmit: Array
    even: Array
    odd: Array


class LayerSources(NamedTuple):
    """Diffuse light from a unit collimated beam that enters at the top of a layer, (node,).

    Parameters
    ----------
    up, down : diffuse light that leaves through the top and the bottom when none enters.
    top, bottom : diffuse light of the particular solution that enters at the top and the bottom.
    """

    up: Array
    down: Array
    top: Array
    bottom: Array


class LayerOptics(NamedTuple):
    """Optics of layers, (sample, layer), or (layer,) of one sample.

    Parameters
    ----------
    loss : 1 − scaled albedo, kept apart so that it has its precision near 0.
    g : mean cosine before scaling.
    peak : share of scattering that delta-M counts as unscattered.
    scaled : attenuation scaled by delta-M, 1/m.
    thickness : m.
    """

    loss: Array
    g: Array
    peak: Array
    scaled: Array
    thickness: Array


@njit(cache=True)
def optics_of_sample(optics: LayerOptics, sample: int) -> LayerOptics:  # pragma: no cover - compiled
    """Return the optics of one sample."""
    return LayerOptics(
        optics.loss[sample],
        optics.g[sample],
        optics.peak[sample],
        optics.scaled[sample],
        optics.thickness[sample],
    )


class ModeSpace(NamedTuple):
    """Space for the modes of one layer; the memory that all layers share has one axis only.

    Parameters
    ----------
    even_basis, odd_basis : √w times orthonormal polynomials, (polynomial, node).
    matrices : (matrix, node, node). vectors : (vector, node).
    """

    even_basis: Array
    odd_basis: Array
    matrices: Array
    vectors: Array


@njit(cache=True)
def _square(memory: Array, nodes: int) -> Array:  # pragma: no cover - compiled
    """Return the beginning of contiguous memory as a square matrix."""
    return memory[: nodes * nodes].reshape(nodes, nodes)


@njit(cache=True)
def modes_of_layer(modes: LayerModes, layer: int, nodes: int) -> LayerModes:  # pragma: no cover - compiled
    """Return the modes of one layer, in which so many directions exist."""
    return LayerModes(
        _square(modes.x[layer], nodes),
        _square(modes.z[layer], nodes),
        modes.k[layer, :nodes],
        modes.half[layer, :nodes],
        modes.tanh_ratio[layer, :nodes],
        modes.fluence[layer, :nodes],
        modes.drive[layer, :nodes],
        modes.particular[layer, :nodes],
    )


@njit(cache=True)
def operators_of_layer(
    operators: LayerOperators, layer: int, nodes: int
) -> LayerOperators:  # pragma: no cover - compiled
    """Return the operators of one layer, in which so many directions exist."""
    return LayerOperators(
        _square(operators.reflect[layer], nodes),
        _square(operators.transmit[layer], nodes),
        _square(operators.even[layer], nodes),
        _square(operators.odd[layer], nodes),
    )


@njit(cache=True)
def sources_of_layer(sources: LayerSources, layer: int, nodes: int) -> LayerSources:  # pragma: no cover - compiled
    """Return the sources of one layer, in which so many directions exist."""
    return LayerSources(
        sources.up[layer, :nodes],
        sources.down[layer, :nodes],
        sources.top[layer, :nodes],
        sources.bottom[layer, :nodes],
    )


@njit(cache=True)
def space_of_layer(space: ModeSpace, nodes: int) -> ModeSpace:  # pragma: no cover - compiled
    """Return the space for a layer in which so many directions exist."""
    return ModeSpace(
        _square(space.even_basis, nodes),
        _square(space.odd_basis, nodes),
        space.matrices[: MATRICES * nodes * nodes].reshape(MATRICES, nodes, nodes),
        space.vectors[: VECTORS * nodes].reshape(VECTORS, nodes),
    )


@njit(cache=True, **NJIT_OPTIONS)
def orthonormal_bases(mu: Array, q: Array, moments: int, space: ModeSpace) -> None:  # pragma: no cover - compiled
    """Write the bases that carry so many moments: even and odd polynomials in μ, orthonormal under the weights q².

    Polynomials that are orthonormal in the quadrature itself replace Legendre polynomials; they differ by the error of
    the quadrature only. So scattering conserves energy, the mean cosine is exact, and no eigenvalue of scattering
    exceeds a moment. Each is μ² times the one before, less its parts along all before; the parts are removed twice,
    after which rounding leaves none.
    """
    for odd in range(2):
        basis = space.odd_basis if odd else space.even_basis
        for order in range((moments + 1 - odd) // 2):
            row = basis[order]
            for i in range(len(mu)):
                factor = mu[i] * mu[i] * basis[order - 1, i] if order else q[i]
                row[i] = factor * mu[i] if odd and not order else factor
            for earlier in range(2 * order):
                other = basis[earlier % order]
                along = 0.0
                for i in range(len(mu)):
                    along += row[i] * other[i]
                for i in range(len(mu)):
                    row[i] -= along * other[i]
            squares = 0.0
            for i in range(len(mu)):
                squares += row[i] * row[i]
            inverse = 1.0 / math.sqrt(squares)
            for i in range(len(mu)):
                row[i] *= inverse


@njit(cache=True, **NJIT_OPTIONS)
def find_modes(  # pragma: no cover - compiled
    modes: LayerModes, angles: LayerDirections, at: int, layer: int, optics: LayerOptics, tau: float, space: ModeSpace
) -> None:
    """Compute the modes of one layer.

    The square root of 1 − ω W^½ O W^½ is S = 1 − Q (1 − √(1 − ωχ)) Qᵀ, Q the orthonormal basis and χ the moments, and
    its inverse has the same form: L = M^-½ S needs neither a factorisation nor a solution of equations.

    Parameters
    ----------
    angles : directions, of which `at` is the sample. optics : of one sample. tau : scaled optical thickness.
    """
    nodes = len(modes.k)
    mu, amplitude, q = angles.mu[at, layer, :nodes], angles.amplitude[at, layer, :nodes], angles.q[at, layer, :nodes]
    moments, n = angles.moments[at, layer], angles.n[at, layer]
    loss, g, peak = optics.loss[layer], optics.g[layer], optics.peak[layer]
    omega = 1.0 - loss
    x, z, k, fluence = modes.x, modes.z, modes.k, modes.fluence
    root, inverse, d, other = space.matrices[0], space.matrices[1], space.matrices[2], space.matrices[3]
    lost, gained = space.matrices[4], space.matrices[5]
    even, odd, even_beam, odd_beam = space.vectors[0], space.vectors[1], space.vectors[4], space.vectors[5]
    scattered, steep = space.vectors[6], space.vectors[3]

    # What the moments make of the beam, (2l + 1) χ P, and of the odd polynomials in S and its inverse.
    for i in range(nodes):
        steep[i] = 1.0 / mu[i]
        even_beam[i] = odd_beam[i] = 0.0
        even[i], odd[i] = 1.0, mu[i]
    power, first_moment = 1.0, 0.0
    for order in range(moments):
        chi = (power - peak) / (1.0 - peak)
        power *= g
        # Legendre polynomials of order l and l + 1 in turn.
        here, after, beam = (odd, even, odd_beam) if order % 2 else (even, odd, even_beam)
        for i in range(nodes):
            beam[i] += (2 * order + 1) * chi * here[i]
        if order:
            now, before = (2 * order + 1) / (order + 1), order / (order + 1)
            for i in range(nodes):
                after[i] = now * mu[i] * here[i] - before * after[i]
        if order == 1:
            first_moment = chi
        half_order = order // 2
        if order % 2:
            stretch = math.sqrt(1.0 - omega * chi)
            for i in range(nodes):
                lost[i, half_order] = (stretch - 1.0) * space.odd_basis[half_order, i]
                gained[i, half_order] = (1.0 / stretch - 1.0) * space.odd_basis[half_order, i]
        else:
            scattered[half_order] = omega * chi
    odd_basis, even_basis = space.odd_basis[: moments // 2], space.even_basis[: (moments + 1) // 2]
    multiply(lost, odd_basis, root)
    multiply(gained, odd_basis, inverse)
    # Lᵀ A L = Dᵀ (1 − ω W^½ E W^½) D with D = M⁻¹ S.
    for i in range(nodes):
        root[i, i] += 1.0
        inverse[i, i] += 1.0
        for j in range(nodes):
            d[i, j] = root[i, j] * steep[i]
            root[i, j] *= steep[j]
    projected, weighted = space.matrices[4], space.matrices[5]
    multiply(even_basis, d, projected[: len(even_basis)])
    for order in range(len(even_basis)):
        for i in range(nodes):
            weighted[i, order] = scattered[order] * projected[order, i]
    multiply(root, d, other)
    multiply(weighted, projected[: len(even_basis)], root)
    for i in range(nodes):
        for j in range(nodes):
            other[i, j] -= root[i, j]
    diagonalise(other, root, space.vectors)
    transpose(root, other)
    turned = root
    multiply(d, other, turned)
    multiply(inverse, other, z)
    _find_decay(k, loss, g, peak, moments, q, turned, space)
    for i in range(nodes):
        scale = math.sqrt(mu[i])
        for m in range(nodes):
            x[i, m] = scale * turned[i, m]
            z[i, m] *= scale

    beam, carried, drive_v = space.vectors[0], space.vectors[1], space.vectors[2]
    for i in range(nodes):
        beam[i] = amplitude[i] / mu[i]
    apply_transposed(x, beam, fluence)
    first, area = 0.0, 0.0
    for i in range(nodes):
        first += q[i] * q[i] * mu[i] * odd_beam[i]
        area += amplitude[i] * amplitude[i]
    exact = first_moment / first if first != 0.0 else 0.0
    for i in range(nodes):
        unit = omega / (n * n) * amplitude[i] / mu[i]
        odd_beam[i] *= exact * unit
        even_beam[i] *= unit
    drive = modes.drive
    apply_transposed(z, odd_beam, drive)
    apply_transposed(z, amplitude, carried)
    apply_transposed(x, even_beam, drive_v)
    # In a mode k² · flux = loss · fluence rate. Rounding breaks this by about 1e-16 of the largest k², and with it the
    # energy balance: correct the fluxes, and with them the emission of the beam.
    flow_error, emitted = space.vectors[3], 0.0
    for m in range(nodes):
        flow = loss * fluence[m] / (k[m] * k[m]) if k[m] > 0.0 else carried[m]
        flow_error[m] = (flow - carried[m]) / area
        emitted += flow * drive_v[m]
    for i in range(nodes):
        for m in range(nodes):
            z[i, m] += amplitude[i] * flow_error[m]
    exact = omega / emitted if emitted > 0.0 else 0.0
    half, ratio, particular = modes.half, modes.tanh_ratio, modes.particular
    for m in range(nodes):
        particular[m] = -(drive[m] + exact * drive_v[m]) / (1.0 + k[m])
        half[m] = math.inf if math.isinf(tau) else 0.5 * k[m] * tau
        ratio[m] = math.tanh(max(half[m], TINY)) / max(half[m], TINY)


@njit(cache=True, **NJIT_OPTIONS)
def _find_decay(  # pragma: no cover - compiled
    k: Array, loss: float, g: float, peak: float, moments: int, q: Array, turned: Array, space: ModeSpace
) -> None:
    """Compute k of every mode; `turned` are the modes.

    k² is a Rayleigh quotient without cancellation: scattering preserves the part of a mode along q, so that for little
    loss only the part orthogonal to q counts.
    """
    along, squares, deflected = space.vectors[0], space.vectors[1], space.vectors[2]
    seen = space.matrices[4][: (moments + 1) // 2]
    multiply(space.even_basis[: len(seen)], turned, seen)
    apply_transposed(turned, q, along)
    total = 0.0
    for i in range(len(q)):
        total += q[i] * q[i]
    for m in range(len(q)):
        along[m] /= total
        squares[m] = deflected[m] = 0.0
    for i in range(len(q)):
        for m in range(len(q)):
            across = turned[i, m] - q[i] * along[m]
            squares[m] += turned[i, m] * turned[i, m]
            deflected[m] += across * across
    power = g * g
    for order in range(2, moments, 2):
        chi = (power - peak) / (1.0 - peak)
        power *= g * g
        for m in range(len(q)):
            deflected[m] -= chi * seen[order // 2, m] ** 2
    for m in range(len(q)):
        k[m] = math.sqrt(max(loss * squares[m] + (1.0 - loss) * deflected[m], 0.0))
    if loss == 0.0:
        k[0] = 0.0


@njit(cache=True, **NJIT_OPTIONS)
def find_operators(  # pragma: no cover - compiled
    modes: LayerModes, tau: float, operators: LayerOperators, space: ModeSpace
) -> None:
    """Compute reflection and transmission of one layer without its interfaces.

    With B = X + Z k t, C = X t/k + Z, t = tanh(kτ/2): R + T = 1 − 2 Z k t B⁻¹ and T = Z C⁻¹ X sech²(kτ/2) B⁻¹; the
    second is not a difference, so that T keeps its relative precision at any depth. `tau` is scaled optical thickness.
    """
    x, z, k, half, ratio = modes.x, modes.z, modes.k, modes.half, modes.tanh_ratio
    reflect, transmit, even, odd = operators
    turned, scaled, factor = space.matrices[0], space.matrices[1], space.vectors[0]
    nodes = len(k)
    for m in range(nodes):
        factor[m] = k[m] * math.tanh(half[m])
    for i in range(nodes):
        for m in range(nodes):
            turned[i, m] = z[i, m] * factor[m]
            even[i, m] = x[i, m] + turned[i, m]
    invert(even, space.vectors[1])
    multiply(turned, even, reflect)
    if math.isinf(tau):
        for i in range(nodes):
            for j in range(nodes):
                transmit[i, j] = 0.0
    else:
        sech_squared = space.vectors[1]
        for m in range(nodes):
            decay = math.exp(-2.0 * half[m])
            sech_squared[m] = 4.0 * decay / ((1.0 + decay) * (1.0 + decay))
            factor[m] = 0.5 * tau * ratio[m]
        for i in range(nodes):
            for m in range(nodes):
                scaled[i, m] = x[i, m] * sech_squared[m]
                odd[i, m] = x[i, m] * factor[m] + z[i, m]
        invert(odd, space.vectors[2])
        multiply(scaled, even, turned)
        multiply(odd, turned, scaled)
        multiply(z, scaled, transmit)
    for i in range(nodes):
        for j in range(nodes):
            reflect[i, j] = (1.0 if i == j else 0.0) - 2.0 * reflect[i, j] - transmit[i, j]


@njit(cache=True, **NJIT_OPTIONS)
def find_sources(  # pragma: no cover - compiled
    modes: LayerModes, operators: LayerOperators, tau: float, sources: LayerSources, space: ModeSpace
) -> None:
    """Compute the sources of a unit beam from above; for one from below exchange top and bottom, up and down.

    `tau` is scaled optical thickness.
    """
    s, p, k, half = modes.particular, modes.drive, modes.k, modes.half
    up, down, top, bottom = sources
    alpha, beta, both = space.vectors[0], space.vectors[1], space.vectors[2]
    u, v = space.vectors[3], space.vectors[4]
    endless = math.isinf(tau)
    passed = math.exp(-tau)
    for m in range(len(k)):
        alpha[m] = 0.0 if endless else s[m] * resonant_decay(k[m], tau, passed)
        beta[m] = p[m] * passed + alpha[m] + s[m] * math.exp(-2.0 * half[m])
        both[m] = p[m] + s[m]
    apply(modes.x, alpha, u)
    apply(modes.z, beta, v)
    apply(modes.z, both, top)
    for i in range(len(k)):
        top[i] *= 0.5
        bottom[i] = 0.5 * (u[i] - v[i])
        down[i] = 0.5 * (u[i] + v[i])
    reflect, transmit = operators.reflect, operators.transmit
    for i in range(len(k)):
        back, through = 0.0, 0.0
        for j in range(len(k)):
            back += reflect[i, j] * top[j] + transmit[i, j] * bottom[j]
            through += reflect[i, j] * bottom[j] + transmit[i, j] * top[j]
        up[i] = -top[i] - back
        down[i] -= through


@njit(cache=True, **NJIT_OPTIONS)
def mean_decay(y: float) -> float:  # pragma: no cover - compiled
    """Return (1 − e⁻ʸ) / y, the mean of a decay over an optical path y ≥ 0; 1 at 0."""
    safe = max(y, TINY)
    return -math.expm1(-safe) / safe


@njit(cache=True, **NJIT_OPTIONS)
def resonant_decay(k: float, tau: float, decay: float) -> float:  # pragma: no cover - compiled
    """Return φ(τ) = (e^-τ − e^-kτ) / (1 − k), finite and smooth through k = 1, where it is −τ e^-τ.

    `decay` is e^-τ.
    """
    slower = decay if k >= 1.0 else math.exp(-k * tau)
    return -slower * tau * mean_decay(abs(1.0 - k) * tau)

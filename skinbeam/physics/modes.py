"""Modes of the radiance in one homogeneous layer, and what the layer reflects, passes on and emits.

Arrays are (sample, layer, node) or (sample, layer, node, mode); τ is optical depth scaled by delta-M, counted from
the top of the layer. The equations stand in `ordinates`; here u = X α(τ), v = Z β(τ), XᵀZ = 1, and the downward and
upward amplitudes are b± = (u ± v) / 2, in units in which Σ √ŵ v is the flux (ŵ the weights of s ds).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.quadrature import Directions

__all__ = [
    "Modes",
    "Operators",
    "Sources",
    "layer_modes",
    "layer_operators",
    "layer_sources",
    "mean_decay",
    "resonant",
    "times",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Modes:
    """Modes of every layer.

    Parameters
    ----------
    x, z : X and Z, (sample, layer, node, mode).
    k : decay per unit of scaled optical depth, (sample, layer, mode).
    tau : scaled optical thickness, inf where semi-infinite, (sample, layer).
    fluence : fluence rate of a unit α, (sample, layer, mode).
    drive_u, drive_v : p and r, the source that a unit beam makes in each mode, (sample, layer, mode).
    """

    x: Array
    z: Array
    k: Array
    tau: Array
    fluence: Array
    drive_u: Array
    drive_v: Array

    @property
    def half(self) -> Array:
        """k τ/2, inf where semi-infinite, (sample, layer, mode)."""
        endless = np.isinf(self.tau)
        half = 0.5 * self.k * np.where(endless, 0.0, self.tau)[..., None]
        return np.where(endless[..., None], np.inf, half)

    @property
    def particular(self) -> Array:
        """The factor of φ in the particular solution, (sample, layer, mode)."""
        return -(self.drive_u + self.drive_v) / (1.0 + self.k)


@dataclass(frozen=True)
class Operators:
    """What layers do to diffuse light that enters them.

    Parameters
    ----------
    reflect, transmit : R and T, the same from both sides, (sample, layer, node, node).
    even, odd : inverses of X + Z k tanh(kτ/2) and X tanh(kτ/2)/k + Z; `odd` has no meaning where semi-infinite.
    """

    reflect: Array
    transmit: Array
    even: Array
    odd: Array


@dataclass(frozen=True)
class Sources:
    """What a unit collimated beam, entering at the top of a layer, makes in it; all (sample, layer, node).

    Parameters
    ----------
    up, down : diffuse light that leaves through the top and the bottom when none enters.
    top, bottom : diffuse light that the particular solution has entering at the top and the bottom.
    """

    up: Array
    down: Array
    top: Array
    bottom: Array


def layer_modes(
    directions: Directions, n: Array, loss: Array, g: Array, tau: Array, peak: Array, moments: NDArray[np.intp]
) -> Modes:
    """Return the modes of layers; all but the directions are (sample, layer).

    Parameters
    ----------
    loss : 1 − scaled albedo, given apart so that it keeps its precision near 0.
    g : mean cosine before scaling. tau : scaled optical thickness.
    peak : share of scattering that delta-M counts as unscattered.
    moments : number of moments of the phase function that are kept.
    """
    omega = 1.0 - loss
    mu, exists = directions.cosines(n)
    flux = np.where(exists, directions.flux_weight[:, None, :], 0.0)
    w = flux / (n[..., None] ** 2 * mu)
    q = np.sqrt(w)
    order = np.arange(moments.max())
    chi = np.where(order < moments[..., None], (g[..., None] ** order - peak[..., None]) / (1.0 - peak[..., None]), 0.0)
    even, odd, even_beam, odd_beam = _phase_matrices(mu, q, chi)

    identity = np.eye(mu.shape[-1])
    root = np.sqrt(mu)[..., None]
    lower = np.asarray(np.linalg.cholesky(identity - omega[..., None, None] * odd), dtype=np.float64)
    half = lower / root
    a = (identity - omega[..., None, None] * even) / (root * _transposed(root))
    _, y = np.linalg.eigh(_transposed(half) @ a @ half)
    x = half @ y
    z = root * np.linalg.solve(_transposed(lower), y)

    # k² as a Rayleigh quotient without cancellation: 1 − even annihilates q, so that for little loss only the part
    # of the mode orthogonal to q counts.
    turned = x / root
    along = (q[..., None, :] @ turned) / np.sum(w, axis=-1)[..., None, None]
    across = turned - q[..., None] * along
    deflected = np.sum(across * ((identity - even) @ across), axis=-2)
    k_squared = loss[..., None] * np.sum(turned * turned, axis=-2) + omega[..., None] * deflected
    k = np.sqrt(np.maximum(k_squared, 0.0))
    k[..., 0] = np.where(loss == 0.0, 0.0, k[..., 0])

    amplitude = np.sqrt(flux)
    collected = amplitude / mu
    fluence = times(_transposed(x), collected)
    unit = (omega / n**2)[..., None] * collected
    drive_u = times(_transposed(z), unit * odd_beam)
    # In a mode k² · flux = loss · fluence rate. Rounding breaks this by about 1e-16 of the largest k², and with it
    # the energy balance: mend the fluxes, and with them what the beam emits.
    flowing = k > 0.0
    carried = times(_transposed(z), amplitude)
    flow = np.where(flowing, loss[..., None] * fluence / np.where(flowing, k, 1.0) ** 2, carried)
    z = z + amplitude[..., None] * (flow - carried)[..., None, :] / np.sum(flux, axis=-1)[..., None, None]
    drive_v = times(_transposed(x), unit * even_beam)
    emitted = np.sum(flow * drive_v, axis=-1)
    drive_v = drive_v * np.where(emitted > 0.0, omega / np.where(emitted > 0.0, emitted, 1.0), 0.0)[..., None]
    return Modes(x, z, k, tau, fluence, drive_u, drive_v)


def layer_operators(modes: Modes) -> Operators:
    """Return reflection and transmission of every layer by itself, without interfaces.

    With B = X + Z k t, C = X t/k + Z, t = tanh(kτ/2): R + T = 1 − 2 Z k t B⁻¹ and T = Z C⁻¹ X sech²(kτ/2) B⁻¹; the
    second is not a difference, so that T keeps its relative precision at any depth.
    """
    half = modes.half
    endless = np.isinf(modes.tau)[..., None]
    still = modes.k == 0.0
    tanh = np.tanh(half)
    decay = np.exp(-2.0 * half)
    sech_squared = 4.0 * decay / (1.0 + decay) ** 2
    limit = 0.5 * np.where(endless, 0.0, modes.tau[..., None])
    ratio = np.where(endless, 1.0, np.where(still, limit, tanh / np.where(still, 1.0, modes.k)))
    z_k_tanh = modes.z * (modes.k * tanh)[..., None, :]
    even = np.asarray(np.linalg.inv(modes.x + z_k_tanh), dtype=np.float64)
    odd = np.asarray(np.linalg.inv(modes.x * ratio[..., None, :] + modes.z), dtype=np.float64)
    transmit = modes.z @ (odd @ ((modes.x * sech_squared[..., None, :]) @ even))
    reflect = np.eye(modes.x.shape[-1]) - 2.0 * (z_k_tanh @ even) - transmit
    return Operators(reflect, transmit, even, odd)


def layer_sources(modes: Modes, operators: Operators) -> Sources:
    """Return the sources of a unit beam; for a beam from below exchange top and bottom, up and down."""
    s, k = modes.particular, modes.k
    endless = np.isinf(modes.tau)[..., None]
    tau = np.where(endless, 0.0, modes.tau[..., None])
    alpha = np.where(endless, 0.0, s * resonant(k, tau))
    beta = np.where(endless, 0.0, modes.drive_u * np.exp(-tau) + alpha + s * np.exp(-k * tau))
    top_v = times(modes.z, modes.drive_u + s)
    u, v = times(modes.x, alpha), times(modes.z, beta)
    top, bottom = 0.5 * top_v, 0.5 * (u - v)
    up = -top - times(operators.reflect, top) - times(operators.transmit, bottom)
    down = 0.5 * (u + v) - times(operators.reflect, bottom) - times(operators.transmit, top)
    return Sources(up, down, top, bottom)


def mean_decay(y: Array) -> Array:
    """Return (1 − e⁻ʸ) / y, the mean of a decay over an optical path y ≥ 0; 1 at 0."""
    safe = np.where(y == 0.0, 1.0, y)
    return np.where(y == 0.0, 1.0, -np.expm1(-safe) / safe)


def resonant(k: Array, tau: Array) -> Array:
    """Return φ(τ) = (e^-τ − e^-kτ) / (1 − k), finite and smooth through k = 1, where it is −τ e^-τ."""
    return -np.exp(-np.minimum(k, 1.0) * tau) * tau * mean_decay(np.abs(1.0 - k) * tau)


def times(matrix: Array, vector: Array) -> Array:
    """Return matrix · vector over the leading dimensions."""
    return (matrix @ vector[..., None])[..., 0]


def _phase_matrices(mu: Array, q: Array, chi: Array) -> tuple[Array, Array, Array, Array]:
    """Return the even and odd moments as W^½ E W^½ and W^½ O W^½, and those of light from the beam, (…, node).

    In place of Legendre polynomials stand polynomials orthonormal in the quadrature itself, which differ by its error
    only. So scattering conserves energy (even q = q), the mean cosine is exact (odd qμ = g' qμ), and no eigenvalue
    exceeds a moment: 1 − ω odd is positive definite whatever the nodes.

    Parameters
    ----------
    q : √w, 0 where a direction does not exist. chi : moments, 0 beyond those kept, (…, moment).
    """
    p = _legendre(mu, chi.shape[-1])
    from_beam = p * ((2 * np.arange(chi.shape[-1]) + 1) * chi)[:, :, None, :]
    even_beam, odd_beam = from_beam[..., 0::2].sum(-1), from_beam[..., 1::2].sum(-1)
    p = p * q[..., None]
    even_basis, odd_basis = np.linalg.qr(p[..., 0::2]).Q, np.linalg.qr(p[..., 1::2]).Q
    even = (even_basis * chi[:, :, None, 0::2]) @ _transposed(even_basis)
    odd = (odd_basis * chi[:, :, None, 1::2]) @ _transposed(odd_basis)
    even_beam = even_beam / np.sum(q**2 * even_beam, axis=-1, keepdims=True)
    first = np.sum(q**2 * mu * odd_beam, axis=-1, keepdims=True)
    scale = np.where(first != 0.0, chi[..., 1:2] / np.where(first != 0.0, first, 1.0), 0.0)
    return even, odd, even_beam, odd_beam * scale


def _legendre(mu: Array, count: int) -> Array:
    """Return P_l(μ) for l < count, with l last."""
    p = np.empty((*mu.shape, count))
    p[..., 0] = 1.0
    p[..., 1] = mu
    for order in range(1, count - 1):
        p[..., order + 1] = ((2 * order + 1) * mu * p[..., order] - order * p[..., order - 1]) / (order + 1)
    return p


def _transposed(matrix: Array) -> Array:
    return matrix.swapaxes(-1, -2)

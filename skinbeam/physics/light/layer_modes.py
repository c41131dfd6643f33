"""Modes of the radiance in one homogeneous layer, and the reflection, transmission and emission of the layer.

Arrays are (sample, layer, node) or (sample, layer, node, mode); τ is optical depth scaled by delta-M, counted from the
top of the layer. The equations are in `discrete_ordinates`; in addition u = X α(τ), v = Z β(τ), XᵀZ = 1, and the
downward and upward amplitudes are b± = (u ± v) / 2, in units in which Σ √ŵ v is the flux (ŵ the weights of s ds).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.directions import LayerDirections

__all__ = [
    "TINY",
    "LayerModes",
    "LayerOperators",
    "LayerSources",
    "apply_matrix",
    "layer_modes",
    "layer_operators",
    "layer_sources",
    "mean_decay",
    "resonant_decay",
]

Array = NDArray[np.float64]

# Replaces 0 where a quotient has a limit there: so small that the result is the limit to the last digit.
TINY = 1e-300


@dataclass(frozen=True)
class LayerModes:
    """Modes of every layer.

    Parameters
    ----------
    x, z : X and Z, (sample, layer, node, mode).
    k : decay per unit of scaled optical depth, (sample, layer, mode).
    tau : scaled optical thickness, inf where semi-infinite, (sample, layer).
    end : the same, 0 where semi-infinite.
    half : kτ/2, inf where semi-infinite, (sample, layer, mode).
    tanh_ratio : tanh(kτ/2) / (kτ/2), (sample, layer, mode).
    fluence : fluence rate of a unit α, (sample, layer, mode).
    drive : p, the source that a unit beam makes in each u, (sample, layer, mode).
    particular : the factor of φ in the particular solution, (sample, layer, mode).
    """

    x: Array
    z: Array
    k: Array
    tau: Array
    end: Array
    half: Array
    tanh_ratio: Array
    fluence: Array
    drive: Array
    particular: Array


@dataclass(frozen=True)
class LayerOperators:
    """Reflection and transmission of diffuse light by layers.

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
class LayerSources:
    """Diffuse light from a unit collimated beam that enters at the top of a layer; all (sample, layer, node).

    Parameters
    ----------
    up, down : diffuse light that leaves through the top and the bottom when none enters.
    top, bottom : diffuse light of the particular solution that enters at the top and the bottom.
    """

    up: Array
    down: Array
    top: Array
    bottom: Array


def layer_modes(angles: LayerDirections, loss: Array, g: Array, tau: Array, peak: Array) -> LayerModes:
    """Return the modes of layers; all arguments but the angles are (sample, layer).

    The square root of 1 − ω W^½ O W^½ is S = 1 − Q (1 − √(1 − ωχ)) Qᵀ, Q the orthonormal basis and χ the moments, and
    its inverse has the same form: L = M^-½ S needs neither a factorisation nor a solution of equations.

    Parameters
    ----------
    loss : 1 − scaled albedo, a separate argument so that it keeps its precision near 0.
    g : mean cosine before scaling. tau : scaled optical thickness.
    peak : share of scattering that delta-M counts as unscattered.
    """
    omega = 1.0 - loss
    share, order = peak[..., None], np.arange(int(angles.moments.max()))
    chi = np.where(order < angles.moments[..., None], (g[..., None] ** order - share) / (1.0 - share), 0.0)
    chi_even, chi_odd = chi[..., 0::2], chi[..., 1::2]
    stretch = np.sqrt(1.0 - omega[..., None] * chi_odd)[..., None, :]
    basis, back = angles.odd_basis, _transpose(angles.odd_basis)
    identity = np.eye(basis.shape[-2])
    mu = angles.mu[..., None]
    root = np.sqrt(mu)

    # Lᵀ A L = Dᵀ (1 − ω W^½ E W^½) D with D = M⁻¹ S.
    d = (identity - (basis * (1.0 - stretch)) @ back) / mu
    projected = _transpose(angles.even_basis) @ d
    scattered = (omega[..., None] * chi_even)[..., None] * projected
    _, y = np.linalg.eigh(_transpose(d) @ d - _transpose(projected) @ scattered)
    turned = d @ y
    x = root * turned
    z = root * (y + (basis * (1.0 / stretch - 1.0)) @ (back @ y))

    k = _mode_decay(angles, loss, chi_even, turned, projected[..., 1:, :] @ y)

    amplitude = angles.amplitude
    collected = amplitude / angles.mu
    fluence = apply_matrix(_transpose(x), collected)
    unit = (omega / angles.n**2)[..., None] * collected
    odd_beam = apply_matrix(angles.odd_legendre, chi_odd)
    first = np.sum(angles.q**2 * angles.mu * odd_beam, axis=-1, keepdims=True)
    odd_beam = odd_beam * np.where(first != 0.0, chi_odd[..., :1] / np.where(first != 0.0, first, 1.0), 0.0)
    drive_u = apply_matrix(_transpose(z), unit * odd_beam)
    # In a mode k² · flux = loss · fluence rate. Rounding breaks this by about 1e-16 of the largest k², and with it the
    # energy balance: correct the fluxes, and with them the emission of the beam.
    flowing = k > 0.0
    carried = apply_matrix(_transpose(z), amplitude)
    flow = np.where(flowing, loss[..., None] * fluence / np.where(flowing, k, 1.0) ** 2, carried)
    z = z + amplitude[..., None] * ((flow - carried) / np.sum(amplitude**2, axis=-1, keepdims=True))[..., None, :]
    drive_v = apply_matrix(_transpose(x), unit * apply_matrix(angles.even_legendre, chi_even))
    emitted = np.sum(flow * drive_v, axis=-1)
    drive_v = drive_v * np.where(emitted > 0.0, omega / np.where(emitted > 0.0, emitted, 1.0), 0.0)[..., None]

    endless = np.isinf(tau)
    end = np.where(endless, 0.0, tau)
    half = np.where(endless[..., None], np.inf, 0.5 * k * end[..., None])
    tanh_ratio = np.tanh(np.maximum(half, TINY)) / np.maximum(half, TINY)
    return LayerModes(x, z, k, tau, end, half, tanh_ratio, fluence, drive_u, -(drive_u + drive_v) / (1.0 + k))


def _mode_decay(angles: LayerDirections, loss: Array, chi_even: Array, turned: Array, seen: Array) -> Array:
    """Return k of every mode; `turned` are the modes, `seen` their even moments except the first.

    k² is a Rayleigh quotient without cancellation: scattering preserves the part of a mode along q, so that for little
    loss only the part orthogonal to q counts.
    """
    along = (angles.q[..., None, :] @ turned) / np.sum(angles.q**2, axis=-1)[..., None, None]
    across = turned - angles.q[..., None] * along
    kept = (chi_even[..., None, 1:] @ seen**2)[..., 0, :]
    deflected = np.sum(across * across, axis=-2) - kept
    k_squared = loss[..., None] * np.sum(turned * turned, axis=-2) + (1.0 - loss)[..., None] * deflected
    k = np.sqrt(np.maximum(k_squared, 0.0))
    k[..., 0] = np.where(loss == 0.0, 0.0, k[..., 0])
    return np.asarray(k)


def layer_operators(modes: LayerModes) -> LayerOperators:
    """Return reflection and transmission of every layer without its interfaces.

    With B = X + Z k t, C = X t/k + Z, t = tanh(kτ/2): R + T = 1 − 2 Z k t B⁻¹ and T = Z C⁻¹ X sech²(kτ/2) B⁻¹; the
    second is not a difference, so that T keeps its relative precision at any depth.
    """
    decay = np.exp(-2.0 * modes.half)
    sech_squared = 4.0 * decay / (1.0 + decay) ** 2
    ratio = (0.5 * modes.end)[..., None] * modes.tanh_ratio
    z_k_tanh = modes.z * (modes.k * np.tanh(modes.half))[..., None, :]
    even = np.asarray(np.linalg.inv(modes.x + z_k_tanh), dtype=np.float64)
    odd = np.asarray(np.linalg.inv(modes.x * ratio[..., None, :] + modes.z), dtype=np.float64)
    transmit = modes.z @ (odd @ ((modes.x * sech_squared[..., None, :]) @ even))
    reflect = np.eye(modes.x.shape[-1]) - 2.0 * (z_k_tanh @ even) - transmit
    return LayerOperators(reflect, transmit, even, odd)


def layer_sources(modes: LayerModes, operators: LayerOperators) -> LayerSources:
    """Return the sources of a unit beam from above; for a beam from below exchange top and bottom, up and down."""
    s = modes.particular
    alpha = s * resonant_decay(modes.k, modes.end[..., None])
    beta = modes.drive * np.exp(-modes.tau)[..., None] + alpha + s * np.exp(-2.0 * modes.half)
    u, v = apply_matrix(modes.x, alpha), apply_matrix(modes.z, beta)
    top, bottom = 0.5 * apply_matrix(modes.z, modes.drive + s), 0.5 * (u - v)
    both = np.stack([top, bottom], axis=-1)
    reflected, passed = operators.reflect @ both, operators.transmit @ both
    up = -top - reflected[..., 0] - passed[..., 1]
    down = 0.5 * (u + v) - reflected[..., 1] - passed[..., 0]
    return LayerSources(up, down, top, bottom)


def mean_decay(y: Array) -> Array:
    """Return (1 − e⁻ʸ) / y, the mean of a decay over an optical path y ≥ 0; 1 at 0."""
    safe = np.maximum(y, TINY)
    return np.asarray(-np.expm1(-safe) / safe)


def resonant_decay(k: Array, tau: Array) -> Array:
    """Return φ(τ) = (e^-τ − e^-kτ) / (1 − k), finite and smooth through k = 1, where it is −τ e^-τ."""
    return -np.exp(-np.minimum(k, 1.0) * tau) * tau * mean_decay(np.abs(1.0 - k) * tau)


def apply_matrix(matrix: Array, vector: Array) -> Array:
    """Return matrix · vector over the leading dimensions."""
    return (matrix @ vector[..., None])[..., 0]


def _transpose(matrix: Array) -> Array:
    return matrix.swapaxes(-1, -2)

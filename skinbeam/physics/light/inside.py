"""The fluence rate inside the layers, averaged over bins of depth in closed form.

Each mode of a layer holds, with x = τ − τ_layer/2 and h = τ_layer/2,

    α(τ) = c cosh kx / cosh kh + d sinh kx / (k cosh kh)      where kh is small,
    α(τ) = P e^-kτ + Q e^-k(τ_layer − τ)                      elsewhere,                               (light 16)

and s φ(τ), s φ(τ_layer − τ) for the collimated light from above and below (`modes.resonant`). P and Q are never
differences of nearly equal numbers, so the fluence rate keeps its relative precision as deep as floating point reaches.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.modes import TINY, Modes, Operators, Sources, mean_decay, resonant, times

__all__ = ["Inside", "inside", "layer_means"]

Array = NDArray[np.float64]

# Below this kh a mode is written with cosh and sinh.
THIN = 0.5


@dataclass(frozen=True)
class Inside:
    """Diffuse fluence rate of each mode, weighted with what a unit of the mode contributes to it.

    Parameters
    ----------
    tau : scaled optical thickness; 0 where semi-infinite, (sample, layer).
    k : (sample, layer, mode), as all that follow. thin_k : the same where thin, else 0.
    falling, rising : P and Q, 0 where thin.
    even, odd : c / cosh kh and d / cosh kh, 0 where thick.
    from_above, from_below : factors of φ.
    """

    tau: Array
    k: Array
    thin_k: Array
    falling: Array
    rising: Array
    even: Array
    odd: Array
    from_above: Array
    from_below: Array

    def at(self, layer: NDArray[np.intp]) -> "Inside":
        """Return the same for one layer index a bin, (sample, bin)."""
        sample = np.arange(len(layer))[:, None]
        return Inside(*(getattr(self, f.name)[sample, layer] for f in fields(self)))

    def mean(self, top: Array, bottom: Array) -> Array:
        """Return the mean diffuse fluence rate between optical depths `top` and `bottom`, (sample, bin)."""
        wide, above = (bottom - top)[..., None], top[..., None]
        below = np.maximum(self.tau - bottom, 0.0)[..., None]
        shape = mean_decay(self.k * wide)
        total = shape * (self.falling * np.exp(-self.k * above) + self.rising * np.exp(-self.k * below))
        middle = 0.5 * (top + bottom - self.tau)[..., None]
        thin = self.even * np.cosh(self.thin_k * middle) + self.odd * middle * _sinhc(self.thin_k * middle)
        total += thin * _sinhc(0.5 * self.thin_k * wide)
        steep = wide * _divided_difference(wide, self.k * wide)
        total += self.from_above * (np.exp(-above) * steep + shape * resonant(self.k, above))
        total += self.from_below * (np.exp(-below) * steep + shape * resonant(self.k, below))
        return np.asarray(np.sum(total, axis=-1))


def layer_means(
    modes: Modes,
    operators: Operators,
    sources: Sources,
    *,
    beam_down: Array,
    beam_up: Array,
    enter_top: Array,
    enter_bottom: Array,
) -> Array:
    """Return the mean diffuse fluence rate in each layer, (sample, layer); no meaning where semi-infinite.

    Only what is even about the middle of the layer counts, and the mean of cosh kx / cosh kh is tanh kh / kh.
    Parameters as in `inside`.
    """
    beam, end = (beam_down + beam_up)[..., None], modes.end[..., None]
    entering = enter_top + enter_bottom - beam * (sources.top + sources.bottom)
    steep = end * _divided_difference(end, modes.k * end)
    means = times(operators.even, entering) * modes.tanh_ratio + beam * modes.particular * steep
    return np.asarray(np.sum(modes.fluence * means, axis=-1))


def inside(
    modes: Modes,
    operators: Operators,
    sources: Sources,
    *,
    beam_down: Array,
    beam_up: Array,
    enter_top: Array,
    enter_bottom: Array,
) -> Inside:
    """Return the diffuse light inside the layers.

    Parameters
    ----------
    beam_down, beam_up : collimated light entering each layer at its top and its bottom, (sample, layer).
    enter_top, enter_bottom : diffuse light entering each layer there, (sample, layer, node).
    """
    down, up = beam_down[..., None], beam_up[..., None]
    top = enter_top - down * sources.top - up * sources.bottom
    bottom = enter_bottom - down * sources.bottom - up * sources.top
    half = modes.half
    endless = np.isinf(half)
    thin = half < THIN
    tops, bottoms = times(operators.even, top), times(operators.even, bottom)

    # P = (B⁻¹ + A⁻¹) top + (B⁻¹ − A⁻¹) bottom, over 1 + e^-2kh, with B = X + Zkt, A = Xt + Zk = C k, t = tanh kh
    # (C as in `layer_operators`); Q the same with top and bottom exchanged. B⁻¹ − A⁻¹ = A⁻¹ (Zk − X)(1 − t) B⁻¹.
    decay = np.exp(-2.0 * half)
    missing = 2.0 * decay / (1.0 + decay)
    k = np.where(thin | endless, 1.0, modes.k)
    turn = modes.z * modes.k[..., None, :] - modes.x
    cross_top = times(operators.odd, times(turn, missing * tops)) / k
    cross_bottom = times(operators.odd, times(turn, missing * bottoms)) / k
    falling = np.where(endless, 2.0 * tops, (2.0 * tops - cross_top + cross_bottom) / (1.0 + decay))
    rising = np.where(endless, 0.0, (2.0 * bottoms - cross_bottom + cross_top) / (1.0 + decay))
    thick = np.where(thin, 0.0, modes.fluence)
    near = np.where(thin, modes.fluence / np.cosh(np.where(thin, half, 0.0)), 0.0)
    return Inside(
        tau=modes.end,
        k=modes.k,
        thin_k=np.where(thin, modes.k, 0.0),
        falling=falling * thick,
        rising=rising * thick,
        even=near * (tops + bottoms),
        odd=-near * times(operators.odd, top - bottom),
        from_above=down * modes.particular * modes.fluence,
        from_below=up * modes.particular * modes.fluence,
    )


def _sinhc(y: Array) -> Array:
    """Return sinh(y) / y; 1 at 0."""
    safe = np.maximum(np.abs(y), TINY)
    return np.asarray(np.sinh(safe) / safe)


def _divided_difference(y1: Array, y2: Array) -> Array:
    """Return (η(y1) − η(y2)) / (y1 − y2) of η = `mean_decay`, finite where y1 = y2 > 0; 0 where both are 0.

    Where both are 0 the true value is −1/2, but it is only ever multiplied by the width of a bin, 0 there too.
    """
    low, high = np.minimum(y1, y2), np.maximum(y1, y2)
    return np.asarray((np.exp(-low) * mean_decay(high - low) - mean_decay(low)) / np.maximum(high, TINY))

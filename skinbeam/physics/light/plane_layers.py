"""Depth bins cut where layers meet, so that a mean over a bin is a sum of means inside single layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pieces", "cut"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pieces:
    """Depth bins cut at the interfaces.

    Parameters
    ----------
    layer : the layer that a piece lies in, (sample, piece).
    top, bottom : depth below the top of that layer, m, (sample, piece).
    bin : the bin that it belongs to, `bins` for none, (sample, piece).
    share : of the bin's width, (sample, piece).
    bins : number of bins.
    """

    layer: NDArray[np.intp]
    top: Array
    bottom: Array
    bin: NDArray[np.intp]
    share: Array
    bins: int

    def of(self, layers: Array) -> Array:
        """Return for each piece the value of its layer, from (sample, layer)."""
        return np.take_along_axis(layers, self.layer, axis=1)

    def collect(self, means: Array) -> Array:
        """Return bin means, (sample, bin), from the means over pieces."""
        samples = means.shape[0]
        total = np.zeros((samples, self.bins + 1))
        np.add.at(total, (np.arange(samples)[:, None], self.bin), means * self.share)
        return total[:, :-1]


def cut(edges: Array, thickness: Array) -> Pieces:
    """Return the bins between `edges`, m, (sample, bin + 1), cut by layers of `thickness`, m, (sample, layer)."""
    layers, bins = thickness.shape[1], edges.shape[1] - 1
    bottoms = np.cumsum(thickness, axis=1)
    tops = np.concatenate([np.zeros_like(bottoms[:, :1]), bottoms[:, :-1]], axis=1)
    inner = np.clip(bottoms, edges[:, :1], edges[:, -1:])
    cuts = np.sort(np.concatenate([edges, inner], axis=1), axis=1)
    low, high = cuts[:, :-1], cuts[:, 1:]
    middle = 0.5 * (low + high)
    layer = np.sum(middle[:, :, None] >= bottoms[:, None, :], axis=-1)
    index = np.sum(middle[:, :, None] >= edges[:, None, 1:], axis=-1)
    outside = (layer == layers) | (index == bins)
    layer = np.minimum(layer, layers - 1)
    width = np.take_along_axis(np.diff(edges, axis=1), np.minimum(index, bins - 1), axis=1)
    top = np.take_along_axis(tops, layer, axis=1)
    limit = np.where(outside, 0.0, np.take_along_axis(thickness, layer, axis=1))
    # Rounding may put an edge a little outside its layer.
    return Pieces(
        layer,
        np.clip(low - top, 0.0, limit),
        np.clip(high - top, 0.0, limit),
        np.where(outside, bins, index),
        (high - low) / width,
        bins,
    )

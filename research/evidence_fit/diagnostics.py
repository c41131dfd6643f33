"""Convergence diagnostics of the sampler: R-hat and effective sample sizes.

Rank-normalised split R-hat, bulk and tail effective sample size after Vehtari et al. 2021 (Bayesian Analysis 16:667);
autocorrelation is summed over Geyer's initial monotone sequence.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["effective_size", "r_hat", "tail_size"]

Floats = NDArray[np.float64]


def r_hat(chains: NDArray[Any]) -> float:
    """Return the larger of the R-hats of location and of scale; `chains` (chain, draw)."""
    x = _split_chains(chains)
    folded = abs(x - np.median(x))
    return max(_variance_ratio(_normal_ranks(x)), _variance_ratio(_normal_ranks(folded)))


def effective_size(chains: NDArray[Any]) -> float:
    """Return the bulk effective sample size."""
    return _sample_size(_normal_ranks(_split_chains(chains)))


def tail_size(chains: NDArray[Any]) -> float:
    """Return the smaller effective sample size of the 5 % and 95 % quantiles."""
    x = _split_chains(chains)
    return min(_sample_size((x <= np.quantile(x, q)).astype(float)) for q in (0.05, 0.95))


def _split_chains(chains: NDArray[Any]) -> Floats:
    x = np.asarray(chains, dtype=float)
    half = x.shape[1] // 2
    return np.concatenate((x[:, :half], x[:, x.shape[1] - half :]))


def _normal_ranks(x: Floats) -> Floats:
    """Replace values by the normal quantiles of their ranks, ties by their mean rank."""
    flat = x.ravel()
    _, place, count = np.unique(flat, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return np.asarray(ndtri((rank - 0.375) / (flat.size + 0.25))).reshape(x.shape)


def _variance_ratio(x: Floats) -> float:
    n = x.shape[1]
    within = x.var(axis=1, ddof=1).mean()
    between = x.mean(axis=1).var(ddof=1)
    return float(np.sqrt((n - 1) / n + between / within))


def _sample_size(x: Floats) -> float:
    m, n = x.shape
    centred = x - x.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * n)
    covariance = np.fft.irfft(abs(spectrum) ** 2, 2 * n)[:, :n] / n
    within = covariance[:, 0].mean() * n / (n - 1)
    total = within * (n - 1) / n + x.mean(axis=1).var(ddof=1)
    if total == 0.0:
        return float(m * n)
    rho = 1.0 - (within - covariance.mean(axis=0) * n / (n - 1)) / total
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
    stop = int(np.argmax(pairs < 0.0)) if (pairs < 0.0).any() else len(pairs)
    tau = -1.0 + 2.0 * np.minimum.accumulate(pairs[:stop]).sum()
    return float(m * n / max(tau, 1.0 / np.log10(m * n)))

"""How long the next step of heat is, and of how many stages.

Errors of a step grow with its third power where it is explicit (chebyshev 2) and with its second where it is taken
along lines (heat 6), so that a step of the tolerance follows from the last one's error.
"""

from typing import Final

import numpy as np
from numba import njit

from skinbeam.physics.kernel.chebyshev import MOST_STAGES

__all__ = ["GROWTH", "longest_step", "stages_for", "wished"]

GROWTH: Final = 3.0  # of a step beside the one before, at most


@njit(cache=True)
def stages_for(step: float, fastest: float) -> int:  # pragma: no cover - compiled
    """Return the stages, two or more, with which an explicit step is stable; `fastest` is a rate of decay, 1/s."""
    return max(2, int(np.ceil(np.sqrt(1.0 + 1.54 * step * fastest))))


def longest_step(fastest: float) -> float:
    """Return the longest step that is stable with the most stages, s."""
    return (MOST_STAGES**2 - 1.001) / (1.54 * fastest)


@njit(cache=True)
def wished(step: float, error: float, tolerance: float, explicit: bool) -> float:  # pragma: no cover - compiled
    """Return the step whose error would be nine tenths of what is tolerated, to the first order."""
    ratio = max(error / tolerance, 1e-3)
    return step * 0.9 * ratio ** (-1.0 / 3.0 if explicit else -0.5)

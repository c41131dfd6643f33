"""How long the next step of heat is, and of how many stages.

Errors of a step grow with its third power where it is explicit (chebyshev 2) and with its second where it is taken
along lines (heat 6), so that a step of the tolerance follows from the last one's error.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from skinbeam.physics.kernel.chebyshev import MOST_STAGES

__all__ = ["FAST", "SPLIT", "after_a_switch", "judged", "longest_step", "stages_for"]

_GROWTH: Final = 3.0  # of a step beside the one before, at most
FAST: Final = {"nnan", "nsz", "contract"}  # lets the largest error be sought side by side
SPLIT: Final = 1.0 - math.sqrt(0.5)  # a of (heat 6) over the step


@njit(cache=True)
def stages_for(step: float, fastest: float) -> int:  # pragma: no cover - compiled
    """Return the stages, two or more, with which an explicit step is stable; `fastest` is a rate of decay, 1/s."""
    return max(2, int(np.ceil(np.sqrt(1.0 + 1.54 * step * fastest))))


def longest_step(fastest: float) -> float:
    """Return the longest step that is stable with the most stages, s."""
    return (MOST_STAGES**2 - 1.001) / (1.54 * fastest)


@njit(cache=True)
def judged(
    step: float, error: float, tolerance: float, explicit: bool, dt: float, grown: float
) -> tuple[bool, float, float]:  # pragma: no cover - compiled
    """Return whether a step is taken, how long the next one may be, and by how much the one after it may grow.

    Parameters
    ----------
    dt, grown : what the same said before. A step may be shorter than `dt`, so that it ends with its interval.
    """
    ratio = max(error / tolerance, 1e-3)
    # The step whose error would be nine tenths of what is tolerated, to the first order.
    best = step * 0.9 * ratio ** (-1.0 / 3.0 if explicit else -0.5)
    if error > tolerance:
        return False, best, 1.0
    return True, max(min(best, grown * step), min(dt, best)), _GROWTH


@njit(cache=True)
def after_a_switch(fastest: float) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return how long the next step may be and by how much the one after it may grow: what a switch stirs up is fast,
    is followed first, and damped."""
    return 2.0 / fastest, _GROWTH

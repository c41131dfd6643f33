"""A step towards the zero of a smooth function between two places on both sides of it."""

from numba import njit

__all__ = ["towards_zero"]


@njit(cache=True)
def towards_zero(  # pragma: no cover - compiled
    start: float, end: float, other: float, at_start: float, at_end: float, at_other: float
) -> float:
    """Return where a function is zero, by an inverse parabola through three places, or a straight line through two.

    Parameters
    ----------
    start, end : places, the first below the second, with values of opposite signs.
    other : a third place; where the parabola is none, or leads out of the first two, it is left out.
    """
    if at_other != at_start and at_other != at_end:
        found = start * at_end * at_other / ((at_start - at_end) * (at_start - at_other))
        found += end * at_start * at_other / ((at_end - at_start) * (at_end - at_other))
        found += other * at_start * at_end / ((at_other - at_start) * (at_other - at_end))
        if start < found < end:
            return found
    return start + (end - start) * at_start / (at_start - at_end)

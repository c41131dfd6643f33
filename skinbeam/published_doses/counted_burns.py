"""Anchor P(burn) at usual doses: no more burns are foretold there than clinics counted with such light.

The model says how P(burn) moves with dose and skin; its level at the dose that clinics use is what they counted. Counts
of other clinics foretell that level no worse than the calibrated model does, which knows dose and skin.

Clinics that gave much less than the usual dose cannot say how few of its people burn: their counts may raise the level,
and do not lower it.
"""

import math
from collections.abc import Callable
from typing import Final

from skinbeam.published_doses.counts import HarmCount, count_harm_that_calibrates

__all__ = ["anchor_scale", "counted_burn_share", "usual_burn_share"]

_MOST_RAISED: Final = 20.0  # a model that is off by more than this is not anchored, and its limits hold
_STEPS: Final = 40  # of a bisection: 20 is halved to a part in 10^11
_MUCH_LESS: Final = 1.5  # by the calibration, a dose this many times as great burns four to nine times as many


def counted_burn_share(wavelength_nm: float, pulse_ms: float, *, lamp: bool, most: float) -> float:
    """Return the share of people whom clinics counted with a burn at such light; half of `most` without a count.

    Half an event is added, because nobody burnt among a few is no reassurance. Counts of the validation set are left
    out. Each source left out in turn, these shares foretell its count better than the shares of a family of lasers do.

    Parameters
    ----------
    wavelength_nm : of a lamp the mean of its light.
    most : the greatest share that is returned: that from which a plan warns.
    """
    return _share(count_harm_that_calibrates(wavelength_nm, pulse_ms, lamp=lamp), most)


def usual_burn_share(wavelength_nm: float, pulse_ms: float, log_dose: float, *, lamp: bool, most: float) -> float:
    """Return the share of people who are taken to burn at a usual dose.

    It is that of all whom clinics counted at such light, or that of those alone who got no much lower dose, whichever
    is greater.

    Parameters
    ----------
    wavelength_nm, most : as those of `counted_burn_share`.
    log_dose : ln(usual dose / computed dose that burns), as a mean of the skins that it is given to.
    """
    least = log_dose - math.log(_MUCH_LESS)
    alike = count_harm_that_calibrates(wavelength_nm, pulse_ms, lamp=lamp, least_log_dose=least)
    return max(counted_burn_share(wavelength_nm, pulse_ms, lamp=lamp, most=most), _share(alike, most))


def _share(count: HarmCount | None, most: float) -> float:
    return most / 2 if count is None else min((count.harmed + 0.5) / (count.treated + 1.0), most)


def anchor_scale(share: Callable[[float], float], counted: float) -> float:
    """Return the factor on computed doses that burn at which the usual dose burns as many as were counted.

    1 where the model computes no more than they counted.

    Parameters
    ----------
    share : P(burn) at the usual dose by the factor on computed doses, which it falls with.
    """
    if share(1.0) <= counted or share(_MOST_RAISED) > counted:
        return 1.0
    low, high = 1.0, _MOST_RAISED
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if share(middle) <= counted else (middle, high)
    return high

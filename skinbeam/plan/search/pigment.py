"""How likely a short pulse breaks the pigment of the skin around its target, the model's error in it.

A pulse of nanoseconds breaks melanosomes one by one, in light skin and in dark at much the same dose. Whatever breaks
half of those beside a spot, or of a field that has no spots, injures the cells that hold them. Caution enters once, as
the level of the limit.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skinbeam.simulate.ends.melanosomes import melanosome_disruption
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.pulse.response import Response
from skinbeam.units import J_CM2

__all__ = ["DISRUPTION", "p_disruption"]

Floats = NDArray[np.float64]

DISRUPTION: Final = "melanosome-disruption"  # what the model's error is taken of


def p_disruption(around: Response) -> Callable[[float], Floats]:
    """Return how likely a dose, J/cm², breaks half of the melanosomes of each draw, (sample,), by (plan 5).

    Raises
    ------
    NotAvailable : pulses that confine stress.
    """
    computed = np.log(melanosome_disruption(around) / J_CM2)
    spread = np.log(model_error(DISRUPTION))
    return lambda dose: np.asarray(ndtr((np.log(dose) - computed) / spread))

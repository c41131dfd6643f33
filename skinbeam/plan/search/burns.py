"""How likely a dose burns, on the distribution that practice calibrates: people and the model's error in one.

What is computed is the best estimate: the dose at which the lowest cells of the epidermis die, melanin as it is drawn,
the cooling in full. How far such doses lie from true ones is the calibration's; no caution is added to it (plan 2).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.settings import Beam
from skinbeam.outcome.calibrated import calibration_of
from skinbeam.practice.calibration import Calibration
from skinbeam.practice.spots import Learned

__all__ = ["BURN", "Burns", "burns_of"]

Floats = NDArray[np.float64]

BURN: Final = "epidermal-necrosis"  # the endpoint whose doses are calibrated


@dataclass(frozen=True)
class Burns:
    """What is known of the doses that burn, or that burn deeper, at one setting.

    Parameters
    ----------
    computed_J_cm2 : the computed dose of each draw, (sample,).
    calibration : how far such doses lie from true ones, of everybody or as this person's skin has shown.
    """

    computed_J_cm2: Floats
    calibration: Calibration | Learned

    def p(self, dose_J_cm2: float) -> Floats:
        """Return the probability that a dose burns each draw, (sample,)."""
        with np.errstate(divide="ignore"):  # the surroundings alone may burn, at a dose of 0
            return self.calibration.p_reached(dose_J_cm2 / self.computed_J_cm2)


def burns_of(beam: Beam, computed_J_cm2: Floats, learned: Learned | None = None) -> Burns:
    """Return what is known of the doses of a beam that burn, given the computed ones, (sample,).

    Parameters
    ----------
    learned : what earlier pulses of this light told of these draws.
    """
    everybody = calibration_of(beam)
    return Burns(computed_J_cm2, everybody if learned is None else learned)

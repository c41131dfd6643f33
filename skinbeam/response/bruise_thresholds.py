"""Doses that bruise the skin around vessels, found draw by draw as doses are asked about.

Heated blood absorbs more light, so that only a simulation at a dose says whether a skin bruises at it. But a skin that
bruises at a dose bruises at every greater one, and a skin that does not, at no lower one. Each draw therefore has
an interval that contains its threshold, and only draws whose interval contains a dose are simulated for it. The answer
is that of a simulation of every draw at that dose; along doses that lie between known ones hardly any is simulated.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.units import J_CM2
from skinbeam.response.candidate import BruisingEstimate
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.model_error import draw_error_factor
from skinbeam.simulate.vessels.purpura import is_skin_bruised

__all__ = ["BruiseThresholds"]

Floats = NDArray[np.float64]

_PURPURA_ENDPOINT = "purpura"  # endpoint of the model error


@dataclass
class BruiseThresholds:
    """The intervals of doses, J/cm², that contain the threshold of each draw at one pulse and spot.

    Parameters
    ----------
    skins : with the target whose pulse may bruise them.
    """

    skins: SiteSkins
    cooling: CoolingPlan
    _spared: Floats = field(init=False, repr=False)  # the greatest dose known to leave each draw unbruised
    _bruised: Floats = field(init=False, repr=False)  # the least dose known to bruise it
    _basis: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        draws = len(self.skins.weights[0])
        self._spared, self._bruised = np.zeros(draws), np.full(draws, np.inf)

    def judge(self, beam: Beam, dose: float) -> BruisingEstimate:
        """Return which of the target's skins bruise at `dose`, J/cm², with the planned cooling.

        The model's error in experiments is included: a dose near the threshold of a bruise is never certain.

        Parameters
        ----------
        beam : at any dose; always the same pulse and spot.
        """
        undecided = np.flatnonzero((self._spared < dose) & (dose < self._bruised))
        if undecided.size:
            self._simulate(beam, dose, undecided)
        else:
            cite_sources(*self._basis)
        return BruisingEstimate(dose >= self._bruised, self.skins.weights[0], self._basis)

    def _simulate(self, beam: Beam, dose: float, draws: NDArray[np.int64]) -> None:
        """Simulate some draws at a dose, which narrows their intervals."""
        with collect_sources() as sources:
            response = self.skins.respond(beam, self.cooling, limiting=False)
            errors = draw_error_factor(_PURPURA_ENDPOINT, response.skins, "harm")
            some = response if draws.size == errors.size else response.select_draws(draws)
            is_bruised = is_skin_bruised(some, dose * J_CM2 / errors[draws])
        self._bruised[draws[is_bruised]] = dose
        self._spared[draws[~is_bruised]] = dose
        self._basis = tuple(dict.fromkeys((*self._basis, *sources)))

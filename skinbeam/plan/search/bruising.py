"""Whether the skin around a target is bruised by a pulse that is meant for its vessels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.provenance import collect
from skinbeam.simulate.model_error import error_factor
from skinbeam.simulate.skins.ensemble import probability
from skinbeam.simulate.vessels.purpura import bruised_around
from skinbeam.units import J_CM2

__all__ = ["Bruising", "bruising_of"]

PURPURA = "purpura"  # what the model's error is taken of


@dataclass(frozen=True)
class Bruising:
    """Purpura of the skin around at a dose.

    Parameters
    ----------
    bruised : (sample,) which draws are purple the next day.
    weights : of the draws.
    basis : keys of the sources behind it.
    """

    bruised: NDArray[np.bool_]
    weights: NDArray[np.float64]
    basis: tuple[str, ...]

    @property
    def p(self) -> Estimate:
        """Share of such skins that are bruised."""
        return probability(self.bruised, self.weights, self.basis)


def bruising_of(beam: Beam, dose: float, skins: SiteSkins, cooling: CoolingPlan) -> Bruising:
    """Return which of the target's skins bruise at `dose`, J/cm², with the cooling that they will have.

    The model's error beside experiments is counted: a dose near the threshold of a bruise is never called sure.
    """
    with collect() as sources:
        response = skins.respond(beam, cooling, limiting=False)
        bruised = bruised_around(response, dose * J_CM2 / error_factor(PURPURA, response.skins, "harm"))
    return Bruising(bruised, skins.weights[0], tuple(sources))

"""What one simulation of a setting says of every dose: what it reaches, what it breaks, how much of a limit it uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skinbeam.laser.settings import Beam
from skinbeam.plan.search.burns import Burns
from skinbeam.plan.search.limits import Limit, Quantity
from skinbeam.simulate.ends.melanosomes import melanosome_disruption
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.skins.ensemble import share
from skinbeam.units import J_CM2

__all__ = ["DISRUPTION", "OfDose", "Reached", "Thresholds", "p_disruption"]

DISRUPTION: Final = "melanosome-disruption"  # what the model's error is taken of

Floats = NDArray[np.float64]
OfDose = Callable[[float], Floats]  # J/cm² → (sample,)
Reached = Callable[[float], NDArray[np.bool_]]


@dataclass(frozen=True)
class Thresholds:
    """Doses in J/cm².

    Parameters
    ----------
    wanted : whether a dose reaches the target, (sample,).
    aimed : whether, or how likely, it does as deep as is aimed, (sample,); the same where depth is not the goal.
    value : limit → its quantity at a dose, (sample,).
    broken : how likely a dose breaks an injury limit, (sample,).
    uncooled : how likely it burns if the cooling fails, (sample,); None without cooling and in a first look.
    in_doubt : how likely it breaks a limit with the model's error counted, (sample,), where that is not in `broken`;
        None in a first look.
    burns : of the skin around; None where skin is removed.
    enough : whether other skins tell that a dose is as high as is aimed; None where these themselves do.
    """

    beam: Beam
    wanted: Reached
    aimed: Reached | OfDose
    value: Mapping[str, Callable[[float], Quantity]]
    broken: OfDose
    uncooled: OfDose | None
    in_doubt: OfDose | None
    basis: tuple[str, ...]
    burns: Burns | None = None
    enough: Callable[[float], bool] | None = None

    def spent(self, limits: Sequence[Limit], dose: float, weights: Floats) -> dict[str, float]:
        """Return how much of each limit a dose uses up, by its id: 1 at the limit, more beyond it.

        It is the chance to break the limit over the chance that is allowed. The error of the draws, which a dose has to
        keep on top of it to be chosen, is left out.
        """
        return {
            limit.id: limit.spent(share(limit.kept(self.value[limit.id](dose), limit.stop), weights)[0])
            for limit in limits
        }


def p_disruption(around: Response) -> Callable[[float], Floats]:
    """Return how likely a dose, J/cm², breaks half of the melanosomes of each draw, (sample,), by (plan 5).

    A pulse of nanoseconds breaks melanosomes one by one, in light skin and in dark at much the same dose. Whatever
    breaks half of those beside a spot, or of a field that has no spots, injures the cells that hold them. Caution
    enters once, as the level of the limit.

    Raises
    ------
    NotAvailable : pulses that confine stress.
    """
    computed = np.log(melanosome_disruption(around) / J_CM2)
    spread = np.log(model_error(DISRUPTION))
    return lambda dose: np.asarray(ndtr((np.log(dose) - computed) / spread))

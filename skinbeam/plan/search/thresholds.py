"""What one simulation of a setting says of every dose: what it reaches, what it breaks, how much of a limit it uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.settings import Beam
from skinbeam.plan.search.burns import Burns
from skinbeam.plan.search.limits import Limit, Quantity
from skinbeam.simulate.skins.ensemble import share

__all__ = ["OfDose", "Reached", "Thresholds"]

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

"""One damage from several sets: a rule for their rates.

    independent:  k = k1 + k2 + ...                any of them is enough, Omegas add                (combine 1)
    limiting:     1 / k = 1 / k1 + 1 / k2 + ...    each has to happen, the slowest sets the pace    (combine 2)

The second is the form of two limiting processes, one for long and one for very short heating (Lukac et al. 2019).
"""

from typing import Final

import numpy as np

from skinbeam.errors import unknown_name
from skinbeam.physics.damage.arrhenius import Kinetics, kinetics

__all__ = ["RULES", "combination", "combined"]

RULES: Final = ("independent", "limiting")


def combination(*names: str, rule: str = "independent") -> Kinetics:
    """Return sets of `data/tissue/kinetics.toml` as one damage, sets and rule by name.

    Raises
    ------
    InputError : no such set or rule; the nearest is named.
    """
    if rule not in RULES:
        raise unknown_name("rule", rule, RULES, field="rule")
    return combined(*(kinetics(name) for name in names), rule=rule)


def combined(*parts: Kinetics, rule: str) -> Kinetics:
    """Return several processes, each of one stage, as one damage; either all or none have rates by sample."""
    stages = [number for number, part in enumerate(parts) for _ in range(np.shape(part.frequency_1_s)[-1])]
    return Kinetics(
        np.concatenate([part.frequency_1_s for part in parts], axis=-1),
        np.concatenate([part.activation_J_mol for part in parts], axis=-1),
        np.concatenate([part.low_K for part in parts], axis=-1),
        np.concatenate([part.high_K for part in parts], axis=-1),
        tuple(stages) if rule == "limiting" else (),
    )

"""How often what a pulse did leads to lasting harm: the share that trials counted after that kind of laser.

Nothing sourced joins a dose to pigment change or scars, so a share does not grow with the damage of a draw; it grows
with the share of such skins that are hurt at all. Where none is, it is 0, but for scars of someone who forms them too
easily: slight injury may be enough there, and trials did not count it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown, Value
from skinbeam.messages import text
from skinbeam.outcome.calibrated import preset_of_no_person
from skinbeam.outcome.injury import INJURIES, NOTHING, OTHER
from skinbeam.schema.case import Case
from skinbeam.schema.scars import forms_raised_scars
from skinbeam.simulate.skins.ensemble import LEVEL, summarise
from skinbeam.simulate.skins.observed import Observed

__all__ = ["HARMS", "Counted", "harm_group"]

Floats = NDArray[np.float64]
Counted = Callable[[str, str, Case], Value]  # outcome and modality, as the evidence names them, and the case → share

HARMS: Final[Mapping[str, str]] = {"p_pih": "pih", "p_hypopigmentation": "hypopigmentation", "p_scar": "scar"}


def harm_group(seen: Observed, weights: Floats, case: Case, basis: Sequence[str], counted: Counted) -> dict[str, Any]:
    """Return the group `harm` of the document.

    Parameters
    ----------
    basis : behind what was simulated.
    counted : the share of people of trials.
    """
    kinds = seen["injury.kind"]
    if isinstance(kinds, Unknown):
        return dict.fromkeys(HARMS, kinds)
    total = weights.sum()
    shares = {kind: float(weights[kinds == index].sum() / total) for index, kind in enumerate(INJURIES)}
    hurt = 1.0 - shares[NOTHING]
    if not hurt > 0.0:
        none: dict[str, Any] = dict.fromkeys(HARMS, summarise(np.zeros(weights.size), weights, basis))
        return none | ({"p_scar": Unknown(text("harm.raised-scars"))} if forms_raised_scars(case) else {})
    if (preset := preset_of_no_person(case)) is not None:
        return dict.fromkeys(HARMS, Unknown(text("harm.no-person", {"preset": preset})))
    if shares[OTHER] > (1 - LEVEL) / 2:
        return dict.fromkeys(HARMS, Unknown(text("harm.other-injury")))
    modality = max((kind for kind in INJURIES if kind not in (NOTHING, OTHER)), key=shares.__getitem__)
    found = {name: counted(outcome, modality, case) for name, outcome in HARMS.items()}
    return {name: value if isinstance(value, Unknown) else value.scaled(hurt) for name, value in found.items()}

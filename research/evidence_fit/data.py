"""The arms whose improvement is fitted, as arrays in the order of the table: what is given, what is to be explained."""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.synthesis.design import UNTREATED, Features, deviates, fitted_arms, layout, weakness
from skinbeam.evidence.synthesis.law import single

__all__ = ["CLASSES", "Data", "Observed", "arrays", "observed", "table_data"]

CLASSES = 4  # most classes that a paper printed
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """What is fixed. Shapes: arm, study, class.

    Parameters
    ----------
    x : (arm, column), the linear part.
    study : (arm,), index of its study.
    lower, upper : (arm, class) cut points in per cent, ±inf at the ends; unused classes have lower = upper = -inf.
    binned : (arm,), whether it was printed in classes; else its mean was.
    n : (arm,) patients; `units` (arm,) graded units; equal where patients were graded.
    untreated : (study,), whether its people were left alone.
    single : (arm,), whether its lesions are single ones, that can be gone.
    """

    x: Floats
    study: Whole
    lower: Floats
    upper: Floats
    binned: NDArray[np.bool_]
    n: Floats
    units: Floats
    untreated: NDArray[np.bool_]
    single: NDArray[np.bool_]
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Observed:
    """What varies between fits. `used` masks leave rows out without changing a shape.

    `counts` (arm, class), `mean` (arm,), `sd` (arm,) with 0 for not printed, `weak` (study,) factors on the spread
    between studies.
    """

    counts: Floats
    mean: Floats
    sd: Floats
    used: Floats
    weak: Floats

    def without(self, left_out: NDArray[np.bool_]) -> "Observed":
        """Return the same with some arms left out."""
        return replace(self, used=np.where(left_out, 0.0, self.used))


def arrays(part: Any) -> dict[str, Any]:
    """Return the fields of a record of arrays by name."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


@cache
def table_data() -> Data:
    """Return the fixed arrays of the shipped table."""
    found = fitted_arms()
    studies = tuple(dict.fromkeys(deviates(arm) for arm in found))
    lower, upper = np.full((2, len(found), CLASSES), -np.inf)
    for k, arm in enumerate(found):
        above = np.inf
        for j, (cut, _) in enumerate(arm.bins):
            upper[k, j], lower[k, j] = above, -np.inf if cut is None else cut
            above = lower[k, j]
    return Data(
        x=np.array([layout().row(Features.of_arm(arm))[0] for arm in found]),
        study=np.array([studies.index(deviates(arm)) for arm in found]),
        lower=lower,
        upper=upper,
        binned=np.array([bool(arm.bins) for arm in found]),
        n=np.array([float(arm.patients or 0) for arm in found]),
        units=np.array([float(arm.patients or 0) * arm.units_per_patient for arm in found]),
        untreated=np.array(
            [any(deviates(arm) == study and arm.modality == UNTREATED for arm in found) for study in studies]
        ),
        single=np.array([single(arm.condition) for arm in found]),
        studies=studies,
    )


@cache
def observed() -> Observed:
    """Return what the shipped table printed."""
    found = fitted_arms()
    counts = np.zeros((len(found), CLASSES))
    for k, arm in enumerate(found):
        for j, (_, count) in enumerate(arm.bins):
            counts[k, j] = count
    return Observed(
        counts=counts,
        mean=np.array([0.0 if arm.bins else float(arm.mean_pct or 0.0) for arm in found]),
        sd=np.array([0.0 if arm.bins else float(arm.mean_sd_pct or 0.0) for arm in found]),
        used=np.ones(len(found)),
        weak=np.array([weakness([arm for arm in found if deviates(arm) == study]) for study in table_data().studies]),
    )

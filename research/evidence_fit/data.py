"""Arrays for the fits of improvement and of counts of harms, and the hashes of their inputs."""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.derived_table import values_sha256
from skinbeam.evidence.settings import evidence_priors
from skinbeam.evidence.studies.outcomes import OUTCOMES, outcome_counts, pain_modalities
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.counts import (
    EFFECTS,
    CountQuestion,
    effect_columns,
    effect_names,
    follow_up_doublings,
    phototype_span,
)
from skinbeam.evidence.synthesis.design import (
    UNTREATED,
    Features,
    design_layout,
    deviation_group,
    fitted_arms,
    weakness_factor,
)
from skinbeam.evidence.synthesis.improvement_law import has_single_lesions

__all__ = [
    "CLASSES",
    "CountData",
    "CountsSeen",
    "Data",
    "Observed",
    "calibration_sha256",
    "checks_sha256",
    "count_data",
    "inputs_sha256",
    "printed_counts",
    "printed_improvement",
    "record_arrays",
    "table_data",
]

CLASSES = 4  # largest number of classes in a paper
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """Fixed arrays of the improvement model. Shapes: arm, study, class.

    Parameters
    ----------
    x : (arm, column), the linear part.
    study : (arm,), index of its study.
    lower, upper : (arm, class) cut points in per cent, ±inf at the ends; unused classes have lower = upper = -inf.
    binned : (arm,), whether it was printed in classes; else its mean was.
    n : (arm,) patients; `units` (arm,) graded units; equal where patients were graded.
    untreated : (study,), whether its people were left untreated.
    single : (arm,), whether its lesions are single ones, which can clear completely.
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
    """Observed improvement, which varies between fits. `used` masks arms without changing a shape.

    `counts` (arm, class), `mean` (arm,), `sd` (arm,) with 0 for not printed, `weak` (study,) factors on the spread
    between studies.
    """

    counts: Floats
    mean: Floats
    sd: Floats
    used: Floats
    weak: Floats

    def excluding(self, left_out: NDArray[np.bool_]) -> "Observed":
        """Return a copy with some arms left out."""
        return replace(self, used=np.where(left_out, 0.0, self.used))


def record_arrays(part: Any) -> dict[str, Any]:
    """Return the fields of a record of arrays by name."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


@cache
def table_data() -> Data:
    """Return the fixed arrays of the shipped table."""
    arms = fitted_arms()
    studies = tuple(dict.fromkeys(deviation_group(arm) for arm in arms))
    lower, upper = np.full((2, len(arms), CLASSES), -np.inf)
    for k, arm in enumerate(arms):
        above = np.inf
        for j, (cut, _) in enumerate(arm.bins):
            upper[k, j], lower[k, j] = above, -np.inf if cut is None else cut
            above = lower[k, j]
    return Data(
        x=np.array([design_layout().row(Features.from_arm(arm))[0] for arm in arms]),
        study=np.array([studies.index(deviation_group(arm)) for arm in arms]),
        lower=lower,
        upper=upper,
        binned=np.array([bool(arm.bins) for arm in arms]),
        n=np.array([float(arm.patients or 0) for arm in arms]),
        units=np.array([float(arm.patients or 0) * arm.units_per_patient for arm in arms]),
        untreated=np.array(
            [any(deviation_group(arm) == study and arm.modality == UNTREATED for arm in arms) for study in studies]
        ),
        single=np.array([has_single_lesions(arm.condition) for arm in arms]),
        studies=studies,
    )


@cache
def printed_improvement() -> Observed:
    """Return the improvement reported in the shipped table."""
    arms = fitted_arms()
    counts = np.zeros((len(arms), CLASSES))
    for k, arm in enumerate(arms):
        for j, (_, count) in enumerate(arm.bins):
            counts[k, j] = count
    return Observed(
        counts=counts,
        mean=np.array([0.0 if arm.bins else float(arm.mean_pct or 0.0) for arm in arms]),
        sd=np.array([0.0 if arm.bins else float(arm.mean_sd_pct or 0.0) for arm in arms]),
        used=np.ones(len(arms)),
        weak=np.array(
            [weakness_factor([arm for arm in arms if deviation_group(arm) == study]) for study in table_data().studies]
        ),
    )


# Counts of harms and satisfaction, and pain.


@dataclass(frozen=True)
class CountData:
    """Fixed arrays of the count model. Shapes: row (a count), effect, own (an outcome of a study), report (of pain).

    Parameters
    ----------
    outcome, of : (row,), index into `OUTCOMES`, patients.
    effects : (row, effect), index into `effect_columns()`, and one past its end where a row has none.
    effect_kind, effect_outcome : (column,), indices into `EFFECTS` and `OUTCOMES`.
    own : (row,), index of the outcome of its study; `own_outcome` (own,); `several`, the rows whose study printed more
        than one count of their outcome.
    type_low, type_high : (row,), bounds of the mean phototype in steps from III.
    later : (row,), doublings of the follow-up.
    pain_modality, pain_n : (report,).
    """

    outcome: Whole
    of: Whole
    effects: Whole
    effect_kind: Whole
    effect_outcome: Whole
    own: Whole
    own_outcome: Whole
    several: Whole
    type_low: Floats
    type_high: Floats
    later: Floats
    pain_modality: Whole
    pain_n: Floats


@dataclass(frozen=True)
class CountsSeen:
    """Observed counts, which vary between fits.

    `events` (row,), `pain` (report,); `used` (row,) masks counts that are left out.
    """

    events: Whole
    pain: Floats
    used: Floats

    def excluding(self, left_out: NDArray[np.bool_]) -> "CountsSeen":
        """Return a copy with some counts left out."""
        return replace(self, used=np.where(left_out, 0.0, self.used))


@cache
def count_data() -> CountData:
    """Return the fixed arrays of the shipped table."""
    rows = outcome_counts()
    asked = [CountQuestion.from_count(row) for row in rows]
    effects = effect_columns()
    places = {column: k for k, column in enumerate(effects)}
    own = tuple(dict.fromkeys((row.study, row.outcome) for row in rows))
    at = np.array([own.index((row.study, row.outcome)) for row in rows])
    spans = np.array([phototype_span(row.phototypes) for row in rows])
    painful = [arm for arm in trial_arms() if arm.pain_0_10]
    return CountData(
        outcome=np.array([OUTCOMES.index(row.outcome) for row in rows]),
        of=np.array([row.patients for row in rows]),
        effects=np.array(
            [
                [
                    places.get((kind, question.outcome, name), len(effects))
                    for kind, name in zip(EFFECTS, named, strict=True)
                ]
                for question, named in ((question, effect_names(question)) for question in asked)
            ]
        ),
        effect_kind=np.array([EFFECTS.index(kind) for kind, _, _ in effects]),
        effect_outcome=np.array([OUTCOMES.index(outcome) for _, outcome, _ in effects]),
        own=at,
        own_outcome=np.array([OUTCOMES.index(outcome) for _, outcome in own]),
        several=np.flatnonzero(np.bincount(at)[at] > 1),
        type_low=spans[:, 0],
        type_high=spans[:, 1],
        later=np.array([follow_up_doublings(question) for question in asked]),
        pain_modality=np.array([pain_modalities().index(arm.modality) for arm in painful]),
        pain_n=np.array([float(arm.patients or 1) for arm in painful]),
    )


@cache
def printed_counts() -> CountsSeen:
    """Return the counts reported in the shipped table."""
    return CountsSeen(
        events=np.array([row.events for row in outcome_counts()]),
        pain=np.array([sum(arm.pain_0_10) / 2.0 for arm in trial_arms() if arm.pain_0_10]),
        used=np.ones(len(outcome_counts())),
    )


# Hashes of the inputs: the numbers that go in, and versions of the code that uses them.

# Raise them when `model` describes another model, and when the long checks draw, leave out or score otherwise.
MODEL_VERSION: Final = 3
CHECKS_VERSION: Final = 2


def inputs_sha256() -> str:
    """Return the hash of the arrays of the table, the columns, the priors and the version of the model."""
    parts = {
        type(part).__name__: record_arrays(part)
        for part in (table_data(), printed_improvement(), count_data(), printed_counts())
    }
    names = [design_layout().columns, effect_columns(), pain_modalities()]
    return values_sha256(MODEL_VERSION, [parts, names, _priors()])


def calibration_sha256() -> str:
    """Return the hash of the model and its priors, on which the calibration by simulation depends."""
    return values_sha256(MODEL_VERSION, _priors())


def checks_sha256() -> str:
    """Return the hash of all inputs of the long checks."""
    return values_sha256(CHECKS_VERSION, inputs_sha256())


def _priors() -> dict[str, Any]:
    return {part: evidence_priors(part) for part in ("improvement", "outcomes", "counts", "pain", "shape")}

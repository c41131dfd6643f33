"""Counts of harms and satisfaction, and pain, as arrays in the order of the table."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.studies.outcomes import OUTCOMES, counted, pain_columns
from skinbeam.evidence.studies.shipped import arms
from skinbeam.evidence.synthesis.counts import EFFECTS, Asked, columns, later, named_effects, phototype_span

__all__ = ["CountData", "CountsSeen", "count_data", "counts_seen"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class CountData:
    """What is fixed. Shapes: row (a count), effect, own (an outcome of a study), report (of pain).

    Parameters
    ----------
    outcome, of : (row,), index into `OUTCOMES`, patients.
    effects : (row, effect), index into `counts.columns`, and one past its end where a row has none.
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
    """What varies between fits: `events` (row,), `pain` (report,); `used` (row,) masks counts that are left out."""

    events: Whole
    pain: Floats
    used: Floats

    def without(self, left_out: NDArray[np.bool_]) -> "CountsSeen":
        """Return the same with some counts left out."""
        return replace(self, used=np.where(left_out, 0.0, self.used))


@cache
def count_data() -> CountData:
    """Return the fixed arrays of the shipped table."""
    rows = counted()
    asked = [Asked.of_row(row) for row in rows]
    effects = columns()
    places = {column: k for k, column in enumerate(effects)}
    own = tuple(dict.fromkeys((row.study, row.outcome) for row in rows))
    at = np.array([own.index((row.study, row.outcome)) for row in rows])
    spans = np.array([phototype_span(row.phototypes) for row in rows])
    painful = [arm for arm in arms() if arm.pain_0_10]
    return CountData(
        outcome=np.array([OUTCOMES.index(row.outcome) for row in rows]),
        of=np.array([row.of for row in rows]),
        effects=np.array(
            [
                [places.get((kind, one.outcome, name), len(effects)) for kind, name in zip(EFFECTS, named, strict=True)]
                for one, named in ((one, named_effects(one)) for one in asked)
            ]
        ),
        effect_kind=np.array([EFFECTS.index(kind) for kind, _, _ in effects]),
        effect_outcome=np.array([OUTCOMES.index(outcome) for _, outcome, _ in effects]),
        own=at,
        own_outcome=np.array([OUTCOMES.index(outcome) for _, outcome in own]),
        several=np.flatnonzero(np.bincount(at)[at] > 1),
        type_low=spans[:, 0],
        type_high=spans[:, 1],
        later=np.array([later(one) for one in asked]),
        pain_modality=np.array([pain_columns().index(arm.modality) for arm in painful]),
        pain_n=np.array([float(arm.patients or 1) for arm in painful]),
    )


@cache
def counts_seen() -> CountsSeen:
    """Return what the shipped table printed."""
    return CountsSeen(
        events=np.array([row.events for row in counted()]),
        pain=np.array([sum(arm.pain_0_10) / 2.0 for arm in arms() if arm.pain_0_10]),
        used=np.ones(len(counted())),
    )

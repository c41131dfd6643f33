"""Judge an answer beside a row, and count verdicts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import text
from skinbeam.validation.ask import Answer
from skinbeam.validation.origins import calibrator_of
from skinbeam.validation.rows import Row

__all__ = ["Score", "Shares", "Verdict", "judge", "score", "shares"]

GRADES_THAT_COUNT = ("A", "B")


@dataclass(frozen=True)
class Verdict:
    """A row with what the model says of it.

    Parameters
    ----------
    ratio : computed over measured; unknown for a bound, which is no number to compare with, for a difference, and where
        nothing was computed.
    reason : why it was not posed, or how far outside; empty within.
    beyond : the dose that was not enough, in the unit of the row; None where one was, or none was sought.
    """

    row: Row
    computed: Estimate | Unknown
    verdict: Literal["within", "outside", "not-posed"]
    ratio: float | Unknown
    reason: str
    beyond: float | None = None

    @property
    def calibrator(self) -> str | None:
        """What set a number of the model and is of the same paper or laboratory; None of an independent row."""
        return calibrator_of(self.row.source)

    @property
    def independent(self) -> bool:
        """Whether nothing of the same paper or laboratory set a number of the model."""
        return self.calibrator is None


def judge(row: Row, answer: Answer | None) -> Verdict:
    """Return the verdict of a row; `answer` is None where it is not posed.

    The median is judged. A bound holds on its own side alone.
    """
    if answer is None:
        assert row.not_posed is not None  # a row is posed or says why not
        return Verdict(row, Unknown(row.not_posed), "not-posed", Unknown(row.not_posed), row.not_posed)
    value = answer.value
    if answer.beyond is not None:
        computed = math.inf
    elif isinstance(value, Unknown):
        return Verdict(row, value, "not-posed", value, value.reason)
    else:
        computed = value.median
    low, high = row.ends
    least, most = row.tolerance.limits(low if low is not None else -math.inf, high if high is not None else math.inf)
    if row.bound == "lower":
        most = math.inf
    elif row.bound == "upper":
        least = -math.inf
    return Verdict(
        row,
        value,
        "within" if least <= computed <= most else "outside",
        _ratio(row, computed),
        "" if least <= computed <= most else _how_far(row, computed, answer),
        answer.beyond,
    )


def _ratio(row: Row, computed: float) -> float | Unknown:
    low, high = row.ends
    if low is None or high is None:
        return Unknown(text("validate.bound-has-no-ratio"))
    if row.pose is not None and row.pose.less:
        # What is left of two like numbers may be next to nothing: its logarithm would say nothing of the rest.
        return Unknown(text("validate.difference-has-no-ratio"))
    if not math.isfinite(computed):
        return Unknown(text("validate.not-enough"))
    return computed / math.sqrt(low * high)


def _how_far(row: Row, computed: float, answer: Answer) -> str:
    """The direction, and the factor from the nearest end of what was measured."""
    low, high = row.ends
    if answer.beyond is not None:
        return text("validate.beyond", {"dose": answer.beyond, "unit": row.unit})
    if high is not None and computed > high:
        return text("validate.above", {"factor": computed / high})
    assert low is not None  # below a range that has no lower end is within
    if computed <= 0:
        return text("validate.nothing")
    return text("validate.below", {"factor": low / computed})


@dataclass(frozen=True)
class Score:
    """Counts of a group; `compared` is the number of rows behind the ratio."""

    rows: int
    posed: int
    within: int
    compared: int
    geometric_mean_ratio: float | Unknown
    geometric_spread: float | Unknown


def score(verdicts: Sequence[Verdict]) -> Score:
    """Return counts, geometric mean of computed over measured, and geometric standard deviation about it.

    A computed zero has no logarithm and is not among the compared.
    """
    logs = [math.log(one.ratio) for one in verdicts if not isinstance(one.ratio, Unknown) and one.ratio > 0]
    mean: float | Unknown = Unknown(text("validate.too-few"))
    spread: float | Unknown = Unknown(text("validate.too-few"))
    if len(logs) >= 2:
        middle = sum(logs) / len(logs)
        mean = math.exp(middle)
        spread = math.exp(math.sqrt(sum((one - middle) ** 2 for one in logs) / (len(logs) - 1)))
    return Score(
        len(verdicts),
        sum(one.verdict != "not-posed" for one in verdicts),
        sum(one.verdict == "within" for one in verdicts),
        len(logs),
        mean,
        spread,
    )


@dataclass(frozen=True)
class Shares:
    """How many rows that count are met: those with a number, of grade A or B."""

    rows: int
    posed: int
    within: int
    within_of_posed_fraction: float | Unknown
    within_of_all_fraction: float | Unknown


def shares(verdicts: Sequence[Verdict]) -> Shares:
    """Return the shares of rows that are met, of those posed and of all."""
    counted = [one for one in verdicts if one.row.numeric and one.row.grade in GRADES_THAT_COUNT]
    posed = sum(one.verdict != "not-posed" for one in counted)
    within = sum(one.verdict == "within" for one in counted)
    nothing = Unknown(text("validate.none-posed"))
    return Shares(
        len(counted),
        posed,
        within,
        within / posed if posed else nothing,
        within / len(counted) if counted else nothing,
    )

"""Compare the model's answers with published rows, count verdicts, and derive the model's error at each endpoint."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.simulate.model_error import default_error_factor, min_sources
from skinbeam.text import render_message
from skinbeam.validation.model_query import ModelAnswer
from skinbeam.validation.published_rows import ModelQuestion, PublishedRow, find_calibrator, source_origin

__all__ = [
    "EndpointError",
    "GroupScore",
    "ObservedError",
    "RowShares",
    "RowVerdict",
    "endpoint_errors",
    "judge_row",
    "row_shares",
    "score_verdicts",
]

GRADES_THAT_COUNT = ("A", "B")


@dataclass(frozen=True)
class RowVerdict:
    """A published row with the model's answer and the verdict.

    Parameters
    ----------
    ratio : computed over measured; unknown for a bound, which gives no single number, for a difference, and where
        nothing was computed.
    reason : why the row was not posed, or how far outside it is; empty within.
    insufficient_dose : the dose that was not enough, in the unit of the row; None where a dose was enough, or none was
        sought.
    """

    row: PublishedRow
    computed: Estimate | Unknown
    verdict: Literal["within", "outside", "not-posed"]
    ratio: float | Unknown
    reason: str
    insufficient_dose: float | None = None

    @property
    def calibrator(self) -> str | None:
        """A source that calibrated the model, of the same paper or laboratory; None for an independent row."""
        return find_calibrator(self.row.source)

    @property
    def independent(self) -> bool:
        """Whether no source of the same paper or laboratory calibrated the model."""
        return self.calibrator is None


def judge_row(row: PublishedRow, answer: ModelAnswer | None) -> RowVerdict:
    """Return the verdict of a row; `answer` is None where it is not posed.

    The median is compared. A bound limits one side only.
    """
    if answer is None:
        assert row.not_posed is not None  # a row without a question gives the reason
        return RowVerdict(row, Unknown(row.not_posed), "not-posed", Unknown(row.not_posed), row.not_posed)
    value = answer.value
    if answer.insufficient_dose is not None:
        computed = math.inf
    elif isinstance(value, Unknown):
        return RowVerdict(row, value, "not-posed", value, value.reason)
    else:
        computed = value.median
    low, high = row.ends
    least, most = row.tolerance.limits(low if low is not None else -math.inf, high if high is not None else math.inf)
    if row.bound == "lower":
        most = math.inf
    elif row.bound == "upper":
        least = -math.inf
    return RowVerdict(
        row,
        value,
        "within" if least <= computed <= most else "outside",
        _ratio(row, computed),
        "" if least <= computed <= most else _distance_in_words(row, computed, answer),
        answer.insufficient_dose,
    )


def _ratio(row: PublishedRow, computed: float) -> float | Unknown:
    low, high = row.ends
    if low is None or high is None:
        return Unknown(render_message("validate.bound-has-no-ratio"))
    if row.pose is not None and row.pose.less:
        # A difference of similar numbers may be close to zero, so that its logarithm would dominate the others.
        return Unknown(render_message("validate.difference-has-no-ratio"))
    if not math.isfinite(computed):
        return Unknown(render_message("validate.not-enough"))
    return computed / math.sqrt(low * high)


def _distance_in_words(row: PublishedRow, computed: float, answer: ModelAnswer) -> str:
    """Return the direction, and the factor from the nearest end of the measured range."""
    low, high = row.ends
    if answer.insufficient_dose is not None:
        return render_message("validate.beyond", {"dose": answer.insufficient_dose, "unit": row.unit})
    if high is not None and computed > high:
        return render_message("validate.above", {"factor": computed / high})
    assert low is not None  # below a range that has no lower end is within
    if computed <= 0:
        return render_message("validate.nothing")
    return render_message("validate.below", {"factor": low / computed})


@dataclass(frozen=True)
class GroupScore:
    """Counts and ratio statistics of a group; `compared` is the number of rows behind the ratio."""

    rows: int
    posed: int
    within: int
    compared: int
    geometric_mean_ratio: float | Unknown
    geometric_spread: float | Unknown


def score_verdicts(verdicts: Sequence[RowVerdict]) -> GroupScore:
    """Return counts, geometric mean of computed over measured, and geometric standard deviation about it.

    A computed zero has no logarithm and is left out of the compared rows.
    """
    logs = [
        math.log(verdict.ratio) for verdict in verdicts if not isinstance(verdict.ratio, Unknown) and verdict.ratio > 0
    ]
    mean: float | Unknown = Unknown(render_message("validate.too-few"))
    spread: float | Unknown = Unknown(render_message("validate.too-few"))
    if len(logs) >= 2:
        middle = sum(logs) / len(logs)
        mean = math.exp(middle)
        spread = math.exp(math.sqrt(sum((log - middle) ** 2 for log in logs) / (len(logs) - 1)))
    return GroupScore(
        len(verdicts),
        sum(verdict.verdict != "not-posed" for verdict in verdicts),
        sum(verdict.verdict == "within" for verdict in verdicts),
        len(logs),
        mean,
        spread,
    )


@dataclass(frozen=True)
class RowShares:
    """Shares of rows within tolerance, among rows with a number and of grade A or B."""

    rows: int
    posed: int
    within: int
    within_of_posed_fraction: float | Unknown
    within_of_all_fraction: float | Unknown


def row_shares(verdicts: Sequence[RowVerdict]) -> RowShares:
    """Return the shares of rows within tolerance, of those posed and of all."""
    counted = [verdict for verdict in verdicts if verdict.row.numeric and verdict.row.grade in GRADES_THAT_COUNT]
    posed = sum(verdict.verdict != "not-posed" for verdict in counted)
    within = sum(verdict.verdict == "within" for verdict in counted)
    nothing = Unknown(render_message("validate.none-posed"))
    return RowShares(
        len(counted),
        posed,
        within,
        within / posed if posed else nothing,
        within / len(counted) if counted else nothing,
    )


# Model error at each endpoint, which thresholds print and plans include.

# Simulated sizes that experiments measured; ratios of temperatures, times and shares are not meaningful.
SIZES = ("ablation.", "microlesion.", "damage.")
DIGITS = 3


@dataclass(frozen=True)
class ObservedError:
    """The geometric error about 1 of rows at an endpoint.

    Parameters
    ----------
    sources, rows : how many have a ratio.
    observed : the error; None where no row has a ratio.
    unreached : rows that no dose reaches; None where there are none.
    """

    sources: int
    rows: int
    observed: float | None = None
    unreached: int | None = None


@dataclass(frozen=True)
class EndpointError:
    """The model error of an endpoint.

    Parameters
    ----------
    sources, rows, observed, unreached : as of `ObservedError`, of independent rows.
    geometric_error : the error that thresholds print and plans include.
    dependent : the same statistics of the other rows; None where none of them has a ratio.
    """

    endpoint: str
    sources: int
    rows: int
    observed: float | None
    unreached: int | None
    geometric_error: float
    dependent: ObservedError | None = None


def endpoint_errors(verdicts: Sequence[RowVerdict]) -> tuple[EndpointError, ...]:
    """Return the model error of each endpoint, sorted by name.

    Only independent rows make the error, and each source (a laboratory where it is known) has the same weight: the mean
    of ln(computed / measured) over its rows. The error is exp of the root mean square of these means, so that a bias
    counts as much as a spread. It is never below the widest tolerance of the rows, and a factor of 2 where fewer than
    five sources are available. The same statistics of the other rows are in `dependent`, where any has a ratio; they do
    not enter the error.

    A bound counts where it is broken, by how far. A computed zero has no ratio, and a row that compares two cases
    does not describe a single one. A row that no dose reaches counts as the end of the searched range, which is a lower
    bound: `unreached` is the number of such rows, and the error is then a lower bound.
    """
    found: dict[str, list[RowVerdict]] = {}
    for verdict in verdicts:
        name = _endpoint(verdict.row.pose)
        if name is not None and verdict.verdict != "not-posed":
            found.setdefault(name, []).append(verdict)
    return tuple(_endpoint_error(name, found[name]) for name in sorted(found))


def _endpoint(pose: ModelQuestion | None) -> str | None:
    if pose is None or pose.over or pose.less:
        return None
    if pose.threshold is not None:
        return pose.threshold
    size = pose.simulate
    return size if size is not None and size.startswith(SIZES) and size.endswith("_um") else None


def _endpoint_error(name: str, verdicts: Sequence[RowVerdict]) -> EndpointError:
    independent = [verdict for verdict in verdicts if verdict.independent]
    exact, rounded = _observed_error(independent)
    factor = default_error_factor()
    if exact is not None and rounded.sources >= min_sources():
        factor = max(exact, *(_floor(verdict.row) for verdict in independent))
    _, others = _observed_error([verdict for verdict in verdicts if not verdict.independent])
    return EndpointError(
        name,
        **vars(rounded),
        geometric_error=round_significant(factor, DIGITS),
        dependent=others if others.rows else None,
    )


def _observed_error(verdicts: Sequence[RowVerdict]) -> tuple[float | None, ObservedError]:
    """Return the geometric error about 1 over sources, None where no row has a ratio, and its record, rounded."""
    logs: dict[str, list[float]] = {}
    unreached = 0
    for verdict in verdicts:
        log = _log_ratio(verdict)
        if log is not None:
            logs.setdefault(source_origin(verdict.row.source), []).append(log)
            unreached += verdict.insufficient_dose is not None
    rows = sum(map(len, logs.values()))
    if not logs:
        return None, ObservedError(len(logs), rows)
    means = [sum(source_logs) / len(source_logs) for source_logs in logs.values()]
    exact = math.exp(math.sqrt(sum(mean * mean for mean in means) / len(means)))
    return exact, ObservedError(len(logs), rows, round_significant(exact, DIGITS), unreached or None)


def _log_ratio(verdict: RowVerdict) -> float | None:
    if not isinstance(verdict.ratio, Unknown):
        return math.log(verdict.ratio) if verdict.ratio > 0 else None
    ends = [end for end in verdict.row.ends if end is not None]
    if verdict.insufficient_dose is not None and verdict.verdict == "outside":
        # From the geometric middle of the measured range, as in a ratio. Beyond the searched range nothing is known.
        return max(0.0, math.log(verdict.insufficient_dose / math.exp(sum(map(math.log, ends)) / len(ends))))
    if verdict.row.bound is None or verdict.verdict != "outside" or isinstance(verdict.computed, Unknown):
        return None
    return math.log(verdict.computed.median / ends[0]) if verdict.computed.median > 0 else None


def _floor(row: PublishedRow) -> float:
    """Return the tolerance of a row as a factor; a range has none."""
    tolerance = row.tolerance
    if tolerance.factor is not None:
        return tolerance.factor
    return 1.0 + tolerance.share if tolerance.share is not None else 1.0

"""Funnel plot of harms by operator, against the number expected for their own patients; limits narrow with cases."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from skinbeam.model.estimate import Unknown
from skinbeam.outcome_audit.counts import MIN_CASES, MIN_OPERATORS, share_quantile, too_few_cases
from skinbeam.outcome_audit.outcomes import AuditedCourse, any_harm_forecast

__all__ = ["FUNNEL_LEVELS", "FunnelPlot", "OperatorResult", "funnel_limits", "funnel_plot"]

FUNNEL_LEVELS = (0.95, 0.998)
_MIN_EXPECTED = 1.0  # below, a single harmed patient doubles the ratio, and too few harms cannot be detected
_TRIM_FRACTION = 0.1  # share of deviations at each end that are winsorised, so as not to widen the limits of others


@dataclass(frozen=True)
class OperatorResult:
    """Result of an operator.

    Parameters
    ----------
    courses, harmed : judged courses, and those with a harm whose share the plan predicted.
    expected : predicted number of courses with a harm for these patients.
    exceeded_level : the widest of `FUNNEL_LEVELS` outside which the ratio is, 0 within all.
    above : whether the ratio is above that of the whole clinic.
    """

    name: str
    courses: int
    harmed: int
    expected: float
    exceeded_level: float
    above: bool

    @property
    def ratio(self) -> float:
        """Harmed over expected courses."""
        return self.harmed / self.expected


@dataclass(frozen=True)
class FunnelPlot:
    """Funnel plot of all operators with enough cases.

    Parameters
    ----------
    harmed, expected : of the whole clinic, including operators that are not plotted.
    spread : overdispersion of the operators, as a factor on the variance by chance, at least 1; unknown if there are
        too few operators, and then the limits include chance alone.
    operators : in the order of expected harms.
    omitted_operators, omitted_courses : number of operators with too few cases to be plotted, and of their courses.
    shared_courses : number of courses with several operators.
    """

    harmed: int
    expected: float
    spread: float | Unknown
    operators: tuple[OperatorResult, ...]
    omitted_operators: int
    omitted_courses: int
    shared_courses: int

    @property
    def target(self) -> float:
        """Harmed over expected courses of the whole clinic, the centre of the limits."""
        return self.harmed / self.expected


def funnel_plot(outcomes: Iterable[AuditedCourse]) -> FunnelPlot | Unknown:
    """Return the funnel plot of all operators, or the reason why there is none."""
    counted: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for outcome in outcomes:
        if judged := any_harm_forecast(outcome):
            counted[outcome.operator].append(judged)
    shared = counted.pop("", [])
    pairs = [pair for of_member in (*counted.values(), shared) for pair in of_member]
    expected, seen = sum(p for p, _ in pairs), sum(happened for _, happened in pairs)
    if len(pairs) < MIN_CASES:
        return too_few_cases(len(pairs), "learning.of-judged")
    if not seen:
        return too_few_cases(0, "learning.of-harmed", 1)
    target = seen / expected
    enough = {
        name: of_member
        for name, of_member in counted.items()
        if len(of_member) >= MIN_CASES and target * sum(p for p, _ in of_member) >= _MIN_EXPECTED
    }
    few = [of_member for name, of_member in counted.items() if name not in enough]
    sums = {
        name: (sum(p for p, _ in of_member), sum(happened for _, happened in of_member))
        for name, of_member in enough.items()
    }
    spread = _excess_variance([(target * mean, count) for mean, count in sums.values()])
    plot = FunnelPlot(seen, expected, spread, (), len(few), sum(map(len, few)), len(shared))
    shown = [_operator_result(plot, name, len(enough[name]), *sums[name]) for name in enough]
    return replace(plot, operators=tuple(sorted(shown, key=lambda operator: operator.expected)))


def funnel_limits(funnel: FunnelPlot, expected: Iterable[float], level: float) -> tuple[list[float], list[float]]:
    """Return the limits that contain the share `level` of operators with these expected harms (learning 9)."""
    factor = funnel.spread if isinstance(funnel.spread, float) else 1.0
    means = np.asarray(list(expected), dtype=np.float64)
    events = max(1, round(funnel.harmed / factor))
    low, high = (share_quantile(means / funnel.expected, events, 0.5 + side * level / 2.0) for side in (-1, 1))
    scale = funnel.harmed / events / means
    return [float(x) for x in low * scale], [float(x) for x in high * scale]


def _operator_result(plot: FunnelPlot, name: str, courses: int, expected: float, seen: int) -> OperatorResult:
    outside, ratio = 0.0, seen / expected
    for level in FUNNEL_LEVELS:
        (low,), (high,) = funnel_limits(plot, [expected], level)
        if not low <= ratio <= high:
            outside = level
    return OperatorResult(name, courses, seen, expected, outside, ratio > plot.target)


def _excess_variance(counts: list[tuple[float, int]]) -> float | Unknown:
    """Return the variance between operators over that of chance, with extreme deviations winsorised (learning 10)."""
    if len(counts) < MIN_OPERATORS:
        return too_few_cases(len(counts), "learning.of-operators", MIN_OPERATORS)
    deviations = np.sort([2.0 * (np.sqrt(seen) - np.sqrt(mean)) for mean, seen in counts])
    ends = np.quantile(deviations, (_TRIM_FRACTION, 1.0 - _TRIM_FRACTION))
    return max(1.0, float(np.mean(np.clip(deviations, *ends) ** 2)))

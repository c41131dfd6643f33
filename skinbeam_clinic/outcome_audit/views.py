"""View models of the outcome page: calibration, harms, intervals and funnel, with small groups merged."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.outcome_audit.calibration import (
    BrierScore,
    ForecastCalibration,
    ReliabilityGroup,
    brier_score,
    forecast_calibration,
    reliability_curve,
)
from skinbeam.outcome_audit.counts import MIN_CASES
from skinbeam.outcome_audit.coverage import ClinicCount, IntervalCoverage, clinic_count, interval_coverage
from skinbeam.outcome_audit.funnel import FunnelPlot, funnel_plot
from skinbeam.outcome_audit.outcomes import (
    AuditedCourse,
    downtime_pairs,
    harm_forecasts,
    improvement_forecasts,
    pain_pairs,
)
from skinbeam.text import Formatter, catalogue, render_message, translate

__all__ = [
    "ClinicPlace",
    "HarmRow",
    "OutcomeSummary",
    "TreatmentKind",
    "summarize_outcomes",
    "treatment_kinds",
]


@dataclass(frozen=True)
class TreatmentKind:
    """A condition and a modality, by their names in the plan, with enough people to be shown separately."""

    condition_name: str
    modality_name: str
    people: int

    @property
    def name(self) -> str:
        """Both names, joined by a dot."""
        return f"{self.condition_name}.{self.modality_name}"

    @property
    def condition(self) -> str:
        """The title of the condition."""
        return _vocabulary_title("condition", self.condition_name)

    @property
    def modality(self) -> str:
        """The title of the modality."""
        return _vocabulary_title("modality", self.modality_name)


@dataclass(frozen=True)
class ClinicPlace:
    """The clinic's observed count within the predicted distribution, for one kind of treatment."""

    kind: TreatmentKind
    count: ClinicCount


@dataclass(frozen=True)
class HarmRow:
    """Calibration of the predictions of one harm."""

    title: str
    calibration: ForecastCalibration

    @property
    def ratio(self) -> str:
        """Observed over predicted, as text."""
        return Formatter().interval(self.calibration.ratio)


@dataclass(frozen=True)
class OutcomeSummary:
    """All figures of the page for some outcomes.

    Parameters
    ----------
    unpredicted : titles of harms that were recorded although no plan had predicted a share of them.
    """

    improvement: ForecastCalibration
    groups: tuple[ReliabilityGroup, ...] | Unknown
    score: BrierScore | Unknown
    places: tuple[ClinicPlace, ...]
    harms: tuple[HarmRow, ...]
    unpredicted: tuple[str, ...]
    downtime: tuple[IntervalCoverage, ...]
    pain: tuple[IntervalCoverage, ...]
    funnel: FunnelPlot | Unknown

    @property
    def verdict(self) -> str:
        """Comparison of observed and predicted improvement: `fits`, `less` or `more`; empty where it is not known."""
        ratio = self.improvement.odds if isinstance(self.improvement.odds, Estimate) else self.improvement.ratio
        if not isinstance(ratio, Estimate):
            return ""
        return "less" if ratio.high < 1.0 else "more" if ratio.low > 1.0 else "fits"


def treatment_kinds(outcomes: Sequence[AuditedCourse]) -> tuple[tuple[TreatmentKind, ...], int, int]:
    """Return the kinds of treatment that are shown separately; how many are not, and how many people these have."""
    counts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for outcome in outcomes:
        counts[outcome.condition, outcome.modality].add(outcome.person)
    shown = tuple(
        TreatmentKind(condition, modality, len(people))
        for (condition, modality), people in sorted(counts.items())
        if len(people) >= MIN_CASES
    )
    few = [people for people in counts.values() if len(people) < MIN_CASES]
    return shown, len(few), len(set().union(*few))


def summarize_outcomes(outcomes: Sequence[AuditedCourse], kinds: Sequence[TreatmentKind]) -> OutcomeSummary:
    """Return the summary of some outcomes for the page."""
    better = improvement_forecasts(outcomes)
    names = sorted({name for outcome in outcomes for name in outcome.predicted.harms})
    rows = [(name, harm_forecasts(outcomes, name)) for name in names]
    seen = {name for outcome in outcomes for name in outcome.observed.harms}
    predicted = {name for name, forecasts in rows if forecasts}
    return OutcomeSummary(
        improvement=forecast_calibration(better),
        groups=reliability_curve(better),
        score=brier_score(better),
        places=tuple(_clinic_places(outcomes, kinds)),
        harms=tuple(
            HarmRow(_harm_title(name), forecast_calibration(forecasts))
            for name, forecasts in rows
            if len(forecasts) >= MIN_CASES
        ),
        unpredicted=tuple(sorted(map(_harm_title, seen - predicted))),
        downtime=interval_coverage(downtime_pairs(outcomes)),
        pain=interval_coverage(pain_pairs(outcomes)),
        funnel=funnel_plot(outcomes),
    )


def _harm_title(name: str) -> str:
    """Return the title of a harm, or its name where the catalogue has none."""
    for id in (f"leaflet_harm.{name}", f"reaction.{name}"):
        if id in catalogue():
            return render_message(id)
    return name


def _clinic_places(outcomes: Sequence[AuditedCourse], kinds: Sequence[TreatmentKind]) -> list[ClinicPlace]:
    by_kind: dict[str, list[AuditedCourse]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[f"{outcome.condition}.{outcome.modality}"].append(outcome)
    counts = ((kind, clinic_count(improvement_forecasts(by_kind[kind.name]))) for kind in kinds)
    return [ClinicPlace(kind, count) for kind, count in counts if isinstance(count, ClinicCount)]


def _vocabulary_title(kind: Literal["condition", "modality"], name: str) -> str:
    known = vocabulary_table(kind)
    return translate(str(known[name]["title"])) if name in known else name

"""Predictions for the most important harms, beside every study that counted them.

A study is outside where its count is outside the central 95 % of the predicted count of a new clinic with as many
patients and the same treatment. The model was fitted to these studies; docs/evidence.md also gives predictions
without them.
"""

from dataclasses import dataclass
from typing import Final

from research.evidence_pictures.intervals import PredictiveInterval
from skinbeam.evidence.studies.outcomes import OutcomeCount, outcome_counts
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.counts import CountQuestion, draw_share
from skinbeam.evidence.synthesis.distributions import UncertainRate, count_intervals, count_pmf
from skinbeam.model.vocabulary import PHOTOTYPES

__all__ = ["MONTHS", "HarmQuestion", "harm_interval", "harm_questions", "predicted_count"]

MONTHS: Final = (3.0, 6.0, 12.0, 24.0, 36.0, 60.0)
_LIGHT_SKIN, _DARK_SKIN = (0, PHOTOTYPES.index("III")), (PHOTOTYPES.index("IV"), PHOTOTYPES.index("VI"))


@dataclass(frozen=True)
class HarmQuestion:
    """A question about a harm in several variants, each with a label, and the counts of studies to compare with."""

    name: str
    title: str
    variants: tuple[tuple[str, CountQuestion], ...]
    study_counts: tuple[OutcomeCount, ...]

    @property
    def outcome(self) -> str:
        """The outcome that was counted."""
        return self.variants[0][1].outcome


def harm_questions() -> tuple[HarmQuestion, ...]:
    """Return the harm questions: one by months of follow-up, one by phototype, one for light and dark skin."""
    co2 = regime.light_regime("ablative", 10_600.0, "")
    glass = regime.light_regime("non-ablative-fractional", 1550.0, "")
    green = regime.light_regime("pigment-short-pulse", 532.0, "ns")

    def of_co2(months: float) -> CountQuestion:
        return CountQuestion("hypopigmentation", "ablative", "wrinkles", co2, None, months)

    def of_glass(k: int) -> CountQuestion:
        return CountQuestion("pih", "non-ablative-fractional", "acne-scars", glass, (k, k))

    def of_green(phototypes: tuple[int, int]) -> CountQuestion:
        return CountQuestion("pih", "pigment-short-pulse", "age-spots", green, phototypes)

    return (
        HarmQuestion(
            "light-marks-co2",
            "Light marks after full-field CO2 laser (10,600 nm) for wrinkles, by months of follow-up",
            tuple((f"after {m:g} months", of_co2(m)) for m in MONTHS),
            _counts_of_light("hypopigmentation", "ablative", (10_000.0, 11_000.0)),
        ),
        HarmQuestion(
            "dark-marks-1550",
            "Dark marks after non-ablative fractional laser of 1540 to 1565 nm for acne scars, by phototype",
            tuple((f"phototype {name}", of_glass(k)) for k, name in enumerate(PHOTOTYPES)),
            _counts_of_light("pih", "non-ablative-fractional", (1540.0, 1565.0)),
        ),
        HarmQuestion(
            "dark-marks-532",
            "Dark marks after nanosecond laser of 532 nm for age spots, in light and in dark skin",
            (("phototypes I to III", of_green(_LIGHT_SKIN)), ("phototypes IV to VI", of_green(_DARK_SKIN))),
            tuple(
                row
                for row in _counts_of_light("pih", "pigment-short-pulse", (532.0, 532.0))
                if regime.arm_regime(row.arm) == green
            ),
        ),
    )


def harm_interval(question: CountQuestion) -> PredictiveInterval:
    """Return the predicted share of patients that a new clinic harms."""
    return PredictiveInterval.of_draws(draw_share(question))


def predicted_count(row: OutcomeCount) -> tuple[int, int]:
    """Return the central 95 % of the count predicted for a new clinic with a study's treatment and size."""
    rate = UncertainRate.from_draws(draw_share(CountQuestion.from_count(row)), row.patients)
    return count_intervals(count_pmf(rate, row.patients))["95"]


def _counts_of_light(outcome: str, modality: str, span_nm: tuple[float, float]) -> tuple[OutcomeCount, ...]:
    low, high = span_nm
    counts = [
        row
        for row in outcome_counts()
        if (row.outcome, row.modality) == (outcome, modality) and low <= (row.arm.wavelength_nm or 0.0) <= high
    ]
    return tuple(sorted(counts, key=lambda row: (row.months or 0.0, row.phototypes or (-1, -1))))

"""Follow-up of the trials, days of downtime, and the share of a gain that remains after months."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from skinbeam.evidence.expectation.estimates import inline_title, interval_probabilities
from skinbeam.evidence.expectation.expectation import SunProtection
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_table import treatment_arms, trial_arms
from skinbeam.evidence.synthesis.design import Features
from skinbeam.evidence.synthesis.distributions import quantiles
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics
from skinbeam.evidence.synthesis.posterior import posterior
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import cite_sources
from skinbeam.text import Message

__all__ = [
    "downtime_days",
    "durability",
    "followup_months",
    "sun_protection",
]


def followup_months(condition: str, modality: str, studies: Iterable[str]) -> tuple[float, float] | Unknown:
    """Return the shortest and longest follow-up of these studies of one treatment, in months after the last session."""
    wanted = set(studies)
    printed = [
        arm.followup_months
        for arm in treatment_arms(condition, modality)
        if arm.study in wanted and arm.followup_months is not None
    ]
    return (min(printed), max(printed)) if printed else Unknown(Message("evidence.no-followup").text)


# Days until crusts are gone, and the share of a gain that remains after months.

_Z = 1.2815515655446004  # half-width of the central 80 % of the normal law, in standard deviations


def downtime_days(modality: str) -> Value:
    """Return days until crusts or the like are gone, as a mixture of the printed spans with equal weights.

    A study's span is taken as uniform over its patients. Only spans of one kind are mixed: the kind that most studies
    print.
    """
    spans: dict[str, dict[str, tuple[float, float]]] = {}
    for arm in trial_arms():
        if arm.modality == modality and arm.downtime_days and arm.downtime_days[0] < arm.downtime_days[1]:
            spans.setdefault(arm.downtime_kind, {})[arm.study] = arm.downtime_days
    most = max(spans.values(), key=len, default={})
    if len(most) < evidence_settings().fewest_spans:
        return Unknown(Message("evidence.no-downtime", {"modality": inline_title("modality", modality)}).text)
    at = np.array(sorted({end for span in most.values() for end in span}))
    cumulative = np.mean([np.interp(at, span, (0.0, 1.0)) for span in most.values()], axis=0)
    low, median, high = quantiles(at, cumulative, interval_probabilities())
    cite_sources(*most)
    return Estimate(median, low, high, evidence_settings().level, "pooled", basis=tuple(most))


def durability(question: EvidenceQuestion) -> dict[str, Value]:
    """Return the share of the gain that remains after 3, 6, 12 and 24 months, where a study followed patients so long.

    A study prints one share without its spread. Its error combines that of two means of its patients with the
    difference between arms of one study: (2 sd² / n + omega²) / gain², all from the fit; the gain is that of a typical
    course.
    """
    followed = {
        months: (arm, share / 100.0)
        for arm in treatment_arms(question.condition, question.modality)
        for months, share in arm.gain_kept_pct.items()
    }
    gain = _typical_gain(question) if followed else None
    lasting: dict[str, Value] = {}
    for months in evidence_settings().durability_months:
        if gain is None or months not in followed:
            lasting[str(months)] = Unknown(Message("evidence.durability-none", {"months": months}).text)
            continue
        arm, share = followed[months]
        cite_sources(arm.study)
        draws = posterior()
        patient, between = float(np.exp(2.0 * draws["sd_mid"]).mean()), float((draws["omega"] ** 2).mean())
        error = _Z * math.sqrt(2.0 * patient / (arm.patients or 1) + between) / gain
        lasting[str(months)] = Estimate(
            share,
            max(0.0, share - error),
            min(1.0, share + error),
            evidence_settings().level,
            "modelled",
            basis=(arm.study,),
        )
    return lasting


def _typical_gain(question: EvidenceQuestion) -> float:
    """Return the mean improvement in per cent of a typical course, ignoring the question's sessions and follow-up."""
    typical = replace(question, follow_up_months=None, sessions=None)
    return float(np.mean(draw_new_clinics([Features.from_question(typical)])[0].mean_pct))


def sun_protection() -> SunProtection:
    """Return the effect of daily sunscreen on ageing; no study followed the gain of a laser with and without it."""
    ratio = evidence_settings().sunscreen
    cite_sources(*ratio.basis)
    params = {"value": ratio.median, "low": ratio.low, "high": ratio.high}
    return SunProtection(ratio, Message("evidence.sun-protection", params))

"""What a trial arm, or a question, has in common with others: the columns of the linear part of the model.

theta = x · beta + study + arm (+ reading, where classes were printed) is the latent improvement of a typical patient in
per cent. beta holds

    typical, family, condition, modality, pair          partially pooled, each level towards the one before
    regime of light, site                                within a modality
    subtype                                              within a condition
    severity, sessions, build, fade, dark, rater         slopes, shared by all
    untreated, untreated of a condition                  the natural course, which light teaches nothing about

Shapes (`data/evidence.toml`, [shape]): sessions n enter as 1 - exp(-(n - 1) / 2), the time t since the last session as
-exp(-t / 2) for gains that are still being built and as -log2(1 + t / 6) for what is lost again; each is measured from
its value at a typical course, so that what nobody printed counts as typical.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import Arm, Grades
from skinbeam.evidence.studies.trial_table import dark_phototype_fraction, treatment_arms, trial_arms
from skinbeam.evidence.synthesis import regime
from skinbeam.published_doses.rows import is_lamp

__all__ = [
    "HIERARCHICAL",
    "LEVELS",
    "POSITIVE",
    "UNTREATED",
    "DesignLayout",
    "Features",
    "arms_for",
    "design_layout",
    "deviation_group",
    "fitted_arms",
    "longest_follow_up_months",
    "same_family",
    "same_site",
    "similar_arms",
    "weakness_factor",
]

UNTREATED = "no-treatment"
HIERARCHICAL = (
    "family",
    "condition",
    "modality",
    "pair",
    "regime",
    "subtype",
    "site",
)  # groups of columns whose spread is estimated
LEVELS = (*HIERARCHICAL, "study", "arm", "reading")  # all groups among which the total spread is divided
POSITIVE = ("sessions", "build", "fade", "fade_fast")  # slopes that cannot be negative
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """The features of an arm or a question that enter the linear part; None and empty mean not specified."""

    condition: str
    modality: str
    regimes: tuple[str, ...]
    subtypes: tuple[str, ...]
    sites: tuple[str, ...]
    severity: float | None
    sessions: float | None
    months: float | None
    dark: float | None
    rater: str

    @staticmethod
    def from_arm(arm: Arm) -> "Features":
        """Return the features of a trial arm."""
        return Features(
            condition=arm.condition,
            modality=arm.modality,
            regimes=tuple(filter(None, (regime.arm_regime(arm),))),
            subtypes=arm.subtypes,
            sites=tuple(dict.fromkeys(_site_group(site) for site in arm.sites)) or ("unstated",),
            severity=_severity(arm.severity),
            sessions=None if arm.sessions is None else sum(arm.sessions) / 2.0,
            months=arm.followup_months,
            dark=dark_phototype_fraction(arm.phototypes)
            if arm.dark_fraction is None and arm.phototypes
            else arm.dark_fraction,
            rater=arm.rater or "unstated",
        )

    @staticmethod
    def from_question(question: EvidenceQuestion) -> "list[tuple[Features, float]]":
        """Return the ways in which trials did the treatment of a question, with weights; each study has one vote.

        The ways differ in wavelength and site where the question does not specify them. No patients were followed for
        longer than the longest follow-up of the trials, so longer times count as that one.
        """
        rows = arms_for(question.condition, question.modality)
        asked = Features(
            condition=question.condition,
            modality=question.modality,
            regimes=_question_regime(question),
            subtypes=question.subtypes,
            sites=("unstated",) if question.site is None else (_site_group(question.site),),
            severity=_severity(question.severities),
            sessions=question.sessions,
            months=None
            if question.follow_up_months is None
            else min(question.follow_up_months, longest_follow_up_months()),
            dark=None if question.phototypes is None else dark_phototype_fraction(question.phototypes),
            rater=question.rater or "unstated",
        )
        ways: dict[Features, float] = {}
        for arm in rows:
            as_done = Features.from_arm(arm)
            way = replace(
                asked,
                regimes=as_done.regimes if _same_light(arm, question) else asked.regimes,
                sites=as_done.sites if question.site is None else asked.sites,
            )
            ways[way] = ways.get(way, 0.0) + 1.0 / sum(other_arm.study == arm.study for other_arm in rows)
        return list(ways.items()) or [(asked, 1.0)]


@dataclass(frozen=True)
class DesignLayout:
    """The columns of the design matrix: (group, name) in order."""

    columns: tuple[tuple[str, str], ...]

    def row(self, features: Features) -> tuple[Floats, Mapping[str, float]]:
        """Return x (column,) and, for each group, the variance of terms without a column, in units of its scale².

        A band or site that was never studied with this modality has an effect of its own, drawn from the spread of its
        group.
        """
        x = np.zeros(len(self.columns))
        unseen: dict[str, float] = {}
        for (group, name), value in _terms(features):
            at = self._column_index.get((group, name))
            if at is not None:
                x[at] += value
            elif group in HIERARCHICAL:
                unseen[group] = unseen.get(group, 0.0) + value**2
        return x, unseen

    @cached_property
    def _column_index(self) -> Mapping[tuple[str, str], int]:
        return {column: k for k, column in enumerate(self.columns)}


@cache
def fitted_arms() -> tuple[Arm, ...]:
    """Return the arms whose improvement is fitted, in the order of the table."""
    return tuple(arm for arm in trial_arms() if arm.is_fitted)


def arms_for(condition: str, modality: str) -> tuple[Arm, ...]:
    """Return the fitted arms of a condition and a modality."""
    return tuple(arm for arm in treatment_arms(condition, modality) if arm.is_fitted)


def similar_arms(question: EvidenceQuestion) -> tuple[Arm, ...]:
    """Return the fitted arms of a question's condition and modality, without those that printed different light.

    Different light is a laser instead of a lamp (or the reverse), another regime, and for lasers a pulse or a spot too
    far from those of the question.
    """
    arms = arms_for(question.condition, question.modality)
    if question.lamp is not None:
        arms = tuple(arm for arm in arms if is_lamp(arm.device) is question.lamp)
    if question.wavelength_nm is None:
        return arms
    asked = regime.light_regime(question.modality, question.wavelength_nm, regime.pulse_class(question.pulse_ms))
    settings = evidence_settings()

    def is_like(arm: Arm) -> bool:
        near = _within_ratio(arm.pulse_ms, question.pulse_ms, settings.alike_pulse_ratio)
        return (
            near
            and _within_ratio(arm.spot_mm, question.spot_mm, settings.alike_spot_ratio)
            and regime.arm_regime(arm) == asked
        )

    return tuple(filter(is_like, arms))


@cache
def longest_follow_up_months() -> float:
    """Return the longest follow-up of any fitted arm."""
    return max(arm.followup_months for arm in fitted_arms() if arm.followup_months is not None)


def _within_ratio(printed: float | None, wanted: float | None, ratio: float) -> bool:
    """Whether two values are within a ratio of each other; an unknown value always is."""
    return printed is None or wanted is None or 1.0 / ratio <= printed / wanted <= ratio


def same_family(arm: Arm, question: EvidenceQuestion) -> bool:
    """Whether an arm and a question have the same family of wavelengths; an unspecified one is a family of its own."""
    return regime.wavelength_family(arm.wavelength_nm) == regime.wavelength_family(question.wavelength_nm)


@cache
def design_layout() -> DesignLayout:
    """Return the columns that the fitted arms need."""
    return DesignLayout(
        tuple(dict.fromkeys(column for arm in fitted_arms() for column, _ in _terms(Features.from_arm(arm))))
    )


def deviation_group(arm: Arm) -> str:
    """Return the group that shares the deviation of an arm: the treated arms of its study, or the untreated ones."""
    return f"{arm.study} untreated" if arm.modality == UNTREATED else arm.study


def same_site(arm: Arm, question: EvidenceQuestion) -> bool:
    """Whether an arm treated the site of a question, or one that shares its effect."""
    return question.site is not None and _site_group(question.site) in map(_site_group, arm.sites)


def weakness_factor(rows: Sequence[Arm]) -> float:
    """Return the factor by which a study's own deviation is assumed to be larger, from the design of its arms."""
    factors = evidence_settings().weakness
    design = {word for arm in rows for word in arm.design}
    weak = 1.0
    if not design & {"controlled", "split"}:
        weak *= factors["uncontrolled"]
    for word in ("sponsor", "completers"):
        if word in design:
            weak *= factors[word]
    if any(arm.grade in ("secondary", "unverified") for arm in rows):
        weak *= factors["secondary"]
    return float(weak)


def _terms(features: Features) -> list[tuple[tuple[str, str], float]]:
    condition, modality = features.condition, features.modality
    settings = evidence_settings()
    rater = [] if features.rater == "blinded" else [((features.rater, ""), 1.0)]
    if modality == UNTREATED:
        return [(("untreated", ""), 1.0), (("untreated_condition", condition), 1.0), *rater]
    terms = [
        (("typical", ""), 1.0),
        (("family", settings.family_of_condition[condition]), 1.0),
        (("condition", condition), 1.0),
        (("modality", modality), 1.0),
        (("pair", f"{condition} {modality}"), 1.0),
        *_equal_parts("regime", modality, features.regimes),
        *_equal_parts("subtype", condition, features.subtypes),
        *_equal_parts("site", modality, features.sites),
        *rater,
    ]
    if features.severity is not None:
        terms.append((("severity", ""), features.severity))
    if features.dark is not None:
        terms.append((("dark", ""), features.dark - 0.5))
    if features.sessions is not None:
        terms.append((("sessions", ""), _sessions(features.sessions) - _sessions(settings.typical_sessions)))
    if features.months is not None:
        typical = settings.typical_months
        if modality in settings.building_modalities:
            terms.append((("build", ""), _build(features.months) - _build(typical)))
        faded = _fade(features.months) - _fade(typical)
        terms.append((("fade", ""), faded))
        if condition in settings.fast_fading:
            terms.append((("fade_fast", ""), faded))
    return terms


def _equal_parts(group: str, modality: str, names: Sequence[str]) -> list[tuple[tuple[str, str], float]]:
    """Return the terms of several names at once, with equal weights."""
    return [((group, f"{modality} {name}"), names.count(name) / len(names)) for name in dict.fromkeys(names) if names]


def _sessions(n: float) -> float:
    return -math.exp(-(n - 1.0) / evidence_settings().sessions_scale)


def _build(months: float) -> float:
    return -math.exp(-months / evidence_settings().build_months)


def _fade(months: float) -> float:
    return -math.log2(1.0 + months / evidence_settings().fade_months)


def _severity(range_: Grades | None) -> float | None:
    """Return the middle of a range, from -1 (mild) to 1 (severe)."""
    return None if range_ is None else sum(range_) / 2.0 - 1.0


def _question_regime(question: EvidenceQuestion) -> tuple[str, ...]:
    """Return the regime of light that a question names, as far as it does."""
    pulse = regime.pulse_class(question.pulse_ms)
    return tuple(filter(None, (regime.light_regime(question.modality, question.wavelength_nm, pulse),)))


def _same_light(arm: Arm, question: EvidenceQuestion) -> bool:
    """Whether an arm fits what a question leaves open: any light if it names no wavelength, else any pulse there."""
    if question.wavelength_nm is None:
        return True
    return question.pulse_ms is None and same_family(arm, question)


def _site_group(site: str) -> str:
    return evidence_settings().group_of_site[site]

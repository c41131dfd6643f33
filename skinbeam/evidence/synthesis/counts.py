"""Model of harm and satisfaction counts, and draws of their shares in a new clinic.

Log-odds of outcome o in row r, a count of one arm of study s:

    logit p = base_o + modality + regime + condition + pair + darker_o (x_r - III) + late_o m_r + v_o t_so

The four effects are specific to the outcome and are partially pooled about zero, each with a scale of that outcome. x
is the mean phototype of the people, in steps from III; where a range was printed, or nothing, it is unknown within that
range. darker is never negative, and applies to dark and light marks only. m is log2((1 + months / 6) / (1 + typical /
6)) after ablation, for light marks and scars, which appear late. t has heavy tails; each outcome has its own spread
between studies, v.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.outcomes import (
    LATE_HARMS,
    OUTCOMES,
    PIGMENT_HARMS,
    OutcomeCount,
    outcome_counts,
)
from skinbeam.evidence.studies.trial_arm import Grades, parse_grades
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.new_clinic import CLINICS
from skinbeam.evidence.synthesis.posterior import Posterior, fitted_columns, posterior
from skinbeam.model.vocabulary import PHOTOTYPES

__all__ = [
    "EFFECTS",
    "CountQuestion",
    "draw_share",
    "draw_shares",
    "effect_columns",
    "effect_names",
    "follow_up_doublings",
    "pain_points",
    "phototype_span",
]

EFFECTS = ("modality", "regime", "condition", "pair")
_REFERENCE = PHOTOTYPES.index("III")
_NEW, _NONE = -1, -2  # instead of a column number: an effect without counts, and no effect at all


@dataclass(frozen=True)
class CountQuestion:
    """A question about the share of one outcome; None where nothing is specified.

    `light` is the regime (`regime.light_regime`), `phototypes` are indices in `PHOTOTYPES`, `months` is the follow-up.
    """

    outcome: str
    modality: str
    condition: str
    light: str | None = None
    phototypes: Grades | None = None
    months: float | None = None

    @staticmethod
    def from_count(row: OutcomeCount) -> "CountQuestion":
        """Return the question that a count of the table answers."""
        return CountQuestion(
            row.outcome, row.modality, row.condition, regime.arm_regime(row.arm), row.phototypes, row.months
        )


def effect_names(question: CountQuestion) -> tuple[str, ...]:
    """Return the name of each of `EFFECTS`, empty where the effect does not apply."""
    light = f"{question.modality} {question.light}" if question.light else ""
    pair = f"{question.condition} {question.modality}" if question.condition else ""
    return question.modality, light, question.condition, pair


@cache
def _table_questions() -> tuple[CountQuestion, ...]:
    """Return the question that each count of the table answers, in table order."""
    return tuple(map(CountQuestion.from_count, outcome_counts()))


@cache
def effect_columns() -> tuple[tuple[str, str, str], ...]:
    """Return the effects that the counts of the table have: (effect, outcome, name)."""
    return tuple(
        dict.fromkeys(
            (effect, question.outcome, name)
            for question in _table_questions()
            for effect, name in zip(EFFECTS, effect_names(question), strict=True)
            if name
        )
    )


def phototype_span(phototypes: Grades | None) -> tuple[float, float]:
    """Return the bounds of the mean phototype of a group of people, in steps from III."""
    known = parse_grades(evidence_settings().unknown_phototype, PHOTOTYPES) if phototypes is None else phototypes
    return float(known[0] - _REFERENCE), float(known[1] - _REFERENCE)


def follow_up_doublings(question: CountQuestion) -> float:
    """Return log2 of the ratio of 1 + months / 6 to its typical value; 0 where follow-up has no effect or is None."""
    settings = evidence_settings()
    is_late = question.outcome in LATE_HARMS and question.modality in settings.late_modalities
    if not is_late or question.months is None:
        return 0.0
    return math.log2((1.0 + question.months / 6.0) / (1.0 + settings.typical_count_months / 6.0))


def draw_share(question: CountQuestion, *, seed: int = 0, posterior_override: Posterior | None = None) -> Floats:
    """Return the share of a new clinic's patients with a harm, or satisfied, (clinic,), each strictly inside 0 to 1.

    An effect without counts is drawn from its prior. What the question leaves open is taken from the counts of that
    condition and treatment, else of that treatment: each new clinic works as in one of these counts.
    """
    return draw_shares([question], seed=seed, posterior_override=posterior_override)[0]


def draw_shares(
    questions: Sequence[CountQuestion], *, seed: int = 0, posterior_override: Posterior | None = None
) -> list[Floats]:
    """Return the shares of several treatments in the same new clinics, so that differences may be taken.

    A clinic has the same deviation, the same place of its people within a range of phototypes, and the same new effects
    (for example of the condition) for all treatments that share them; two counts of one study differ by a further
    deviation of each, as in the model. All questions are about one outcome; arguments and shapes otherwise as in
    `draw_share`.
    """
    draws = posterior_override or posterior()
    place = OUTCOMES.index(questions[0].outcome)
    drawn = [
        _ClinicDraws.draw(question, np.random.default_rng([seed, place, k]), len(draws))
        for k, question in enumerate(questions)
    ]
    first = drawn[0]
    found = []
    for draws_of_question in drawn:
        both = [
            name != "" and name == other_name
            for name, other_name in zip(*map(effect_names, (first.question, draws_of_question.question)), strict=True)
        ]
        fresh = np.where(np.array(both)[:, None], first.new_effects, draws_of_question.new_effects)
        same_clinic = replace(
            draws_of_question,
            phototype_position=first.phototype_position,
            clinic_deviation=first.clinic_deviation,
            new_effects=fresh,
        )
        found.append(_clinic_shares(same_clinic, draws, treatments=len(questions)))
    return found


@dataclass(frozen=True)
class _ClinicDraws:
    """Random draws for each new clinic, (clinic,).

    `way_index` is the index of its way of treatment among `ways`, `phototype_position` the place of its people within a
    range of phototypes, `new_effects` new effects (effect, clinic), `clinic_deviation` the deviation of the clinic, and
    `count_deviation` that of one of several counts.
    """

    question: CountQuestion
    ways: Sequence[CountQuestion]
    way_index: NDArray[np.int64]
    phototype_position: Floats
    new_effects: Floats
    clinic_deviation: Floats
    count_deviation: Floats

    @staticmethod
    def draw(question: CountQuestion, rng: np.random.Generator, draws: int) -> "_ClinicDraws":
        n, ways = draws * CLINICS, _nearest_questions(question)
        way, within = rng.integers(0, len(ways), n), rng.beta(2.0, 2.0, n)
        fresh = rng.standard_normal((len(EFFECTS), n))
        own = rng.standard_t(evidence_settings().count_freedom, n)
        return _ClinicDraws(question, ways, way, within, fresh, own, rng.standard_normal(n))


def _clinic_shares(drawn: _ClinicDraws, draws: Posterior, *, treatments: int) -> Floats:
    """Return the shares of one treatment, (clinic,), where each clinic does `treatments` treatments."""
    name_of, ways, way = drawn.question.outcome, drawn.ways, drawn.way_index
    outcome = OUTCOMES.index(name_of)
    again = np.repeat(np.arange(len(draws)), CLINICS)
    log_odds = draws["base"][again, outcome] + draws["count_study"][again, outcome] * drawn.clinic_deviation
    if treatments > 1:
        log_odds = log_odds + draws["count_row"][again, outcome] * drawn.count_deviation
    spans = np.array([phototype_span(question.phototypes) for question in ways])[way]
    if name_of in PIGMENT_HARMS:
        type_ = spans[:, 0] + (spans[:, 1] - spans[:, 0]) * drawn.phototype_position
        log_odds = log_odds + draws["darker"][again, PIGMENT_HARMS.index(name_of)] * type_
    if name_of in LATE_HARMS:
        doublings = np.array([follow_up_doublings(question) for question in ways])[way]
        log_odds = log_odds + draws["late"][again, LATE_HARMS.index(name_of)] * doublings
    names = [effect_names(question) for question in ways]
    for k, effect in enumerate(EFFECTS):
        of_way = np.array([_effect_place(effect, name_of, name[k]) for name in names])[way]
        new = draws["count_scale"][again, k, outcome] * drawn.new_effects[k]
        known = draws.part("effects", again, np.maximum(of_way, 0))
        log_odds = log_odds + np.where(of_way >= 0, known, np.where(of_way == _NEW, new, 0.0))
    tiny = np.finfo(float).tiny
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(-log_odds)), tiny, 1.0 - 2.0**-53))


@cache
def _effect_places() -> dict[tuple[str, str, str], int]:
    return {column: k for k, column in enumerate(fitted_columns().effects)}


def _effect_place(effect: str, outcome: str, name: str) -> int:
    return _effect_places().get((effect, outcome, name), _NEW) if name else _NONE


def _nearest_questions(target: CountQuestion) -> Sequence[CountQuestion]:
    """Return a complete question as it is; otherwise its completions from the nearest counts of the table."""
    if target.light is not None and target.phototypes is not None:
        return [target]
    alike = [
        question
        for question in _table_questions()
        if (question.outcome, question.modality) == (target.outcome, target.modality)
    ]
    if target.light is not None:
        alike = [question for question in alike if question.light == target.light] or alike
    alike = [question for question in alike if question.condition == target.condition] or alike
    return [
        replace(
            target,
            light=question.light if target.light is None else target.light,
            phototypes=question.phototypes if target.phototypes is None else target.phototypes,
        )
        for question in alike
    ] or [target]


def pain_points(modality: str, *, seed: int = 0) -> Floats:
    """Return the mean pain of a new clinic's patients in points of 10, (clinic,)."""
    draws = posterior()
    rng = np.random.default_rng([seed, len(OUTCOMES)])
    again = np.repeat(np.arange(len(draws)), CLINICS)
    fitted = fitted_columns().pain_modality
    if modality in fitted:
        deviation = draws["pain_modality"][:, fitted.index(modality)]
    else:  # a row of the table that is newer than the fit
        deviation = draws["pain_scale"] * rng.standard_normal(len(draws))
    centre = draws["pain_typical"] + deviation
    mean = centre[again] + draws["pain_between"][again] * rng.standard_normal(len(again))
    return np.clip(mean, 0.0, 10.0)

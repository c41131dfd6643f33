"""Simulate data sets of harms, satisfaction and pain: the equations of `count_model` in NumPy."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from research.evidence_fit.data import CountData, CountsSeen
from skinbeam.evidence.settings import evidence_priors, evidence_settings
from skinbeam.evidence.studies.outcomes import LATE_HARMS, OUTCOMES, PIGMENT_HARMS, pain_modalities
from skinbeam.evidence.synthesis.counts import EFFECTS, effect_columns

__all__ = ["Parameters", "draw_counts", "draw_parameters"]

Parameters = Mapping[str, Any]


def draw_parameters(rng: np.random.Generator) -> Parameters:
    """Return one draw of every parameter from the priors."""
    prior, rule, pain = map(evidence_priors, ("outcomes", "counts", "pain"))

    def half(sd: Any, size: Any = None) -> Any:
        return abs(rng.normal(0.0, sd, size))

    scale = np.array([half(rule[kind]["sd"], len(OUTCOMES)) for kind in EFFECTS])
    pain_scale = half(pain["modality"]["sd"])
    return {
        "base": rng.normal([prior[o]["value"] for o in OUTCOMES], [prior[o]["sd"] for o in OUTCOMES]),
        "count_scale": scale,
        "effects": np.array(
            [
                scale[EFFECTS.index(kind), OUTCOMES.index(outcome)] * rng.normal()
                for kind, outcome, _ in effect_columns()
            ]
        ),
        "darker": half(rule["darker"]["sd"], len(PIGMENT_HARMS)),
        "late": half(rule["late"]["sd"], len(LATE_HARMS)),
        "count_study": half(rule["study"]["sd"], len(OUTCOMES)),
        "count_row": half(rule["row"]["sd"], len(OUTCOMES)),
        "pain_typical": rng.normal(pain["typical"]["value"], pain["typical"]["sd"]),
        "pain_scale": pain_scale,
        "pain_modality": pain_scale * rng.normal(size=len(pain_modalities())),
        "pain_between": half(pain["between_studies"]["sd"]),
    }


def draw_counts(parameters: Parameters, data: CountData, shape: CountsSeen, rng: np.random.Generator) -> CountsSeen:
    """Return one simulated data set for these parameters, in the shape of another: same rows, same number of people."""
    n = len(data.outcome)
    own = rng.standard_t(evidence_settings().count_freedom, len(data.own_outcome))
    log_odds = parameters["base"][data.outcome] + np.append(parameters["effects"], 0.0)[data.effects].sum(
        axis=1
    )  # (evidence 6)
    log_odds = log_odds + (parameters["count_study"][data.own_outcome] * own)[data.own]
    spread = parameters["count_row"][data.outcome[data.several]]
    log_odds[data.several] += spread * rng.standard_normal(len(data.several))
    type_ = data.type_low + (data.type_high - data.type_low) * rng.beta(2.0, 2.0, n)
    for k, outcome in enumerate(PIGMENT_HARMS):
        log_odds = log_odds + np.where(data.outcome == OUTCOMES.index(outcome), parameters["darker"][k] * type_, 0.0)
    for k, outcome in enumerate(LATE_HARMS):
        log_odds = log_odds + np.where(data.outcome == OUTCOMES.index(outcome), parameters["late"][k] * data.later, 0.0)
    patient = evidence_priors("pain")["patient_sd"]["value"]
    centre = parameters["pain_typical"] + parameters["pain_modality"][data.pain_modality]  # (evidence 7)
    return replace(
        shape,
        events=rng.binomial(data.of, 1.0 / (1.0 + np.exp(-log_odds))),
        pain=rng.normal(centre, np.sqrt(parameters["pain_between"] ** 2 + patient**2 / data.pain_n)),
    )

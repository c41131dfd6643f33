"""The model of harms, satisfaction and pain, in PyMC.

Patients of an arm who had an outcome, out of all who were asked or examined:

    events ~ Binomial(of, p)
    logit p = base + modality + regime + condition + pair + darker x + late m + v t + u e     (evidence 6)

as `synthesis.counts` describes: effects and spreads are specific to the outcome; x, the mean phototype in steps from
III, is unknown within the printed range; t is Student's with few degrees of freedom, one for each outcome of a study.
e is normal, one for each count of a study that printed several; a study that printed one has t alone. So zero events
among a few patients do not imply zero among many, and arms of one study show how phototype, condition and light
differ. Pain: means between 0 and 10, normal between kinds of treatment and studies.       (evidence 7)
"""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from research.evidence_fit.data import CountData, CountsSeen, record_arrays
from skinbeam.evidence.settings import evidence_priors
from skinbeam.evidence.studies.outcomes import LATE_HARMS, OUTCOMES, PIGMENT_HARMS, pain_modalities
from skinbeam.evidence.synthesis.counts import EFFECTS

__all__ = ["build_count_model"]


def build_count_model(data: CountData, observed: CountsSeen) -> pm.Model:
    """Return the model; every array of `observed` is exchangeable data of the same name."""
    with pm.Model() as model:
        given = {name: pm.Data(name, np.asarray(value, dtype=float)) for name, value in record_arrays(observed).items()}
        _add_counts(data, given)
        _add_pain(data, given)
    return model


def _add_counts(data: CountData, arms_data: dict[str, Any]) -> None:
    prior, rule = evidence_priors("outcomes"), evidence_priors("counts")
    base = pm.Normal("base", [prior[o]["value"] for o in OUTCOMES], [prior[o]["sd"] for o in OUTCOMES])
    spreads = np.array([[rule[kind]["sd"]] * len(OUTCOMES) for kind in EFFECTS])
    scale = pm.HalfNormal("count_scale", spreads, shape=spreads.shape)
    z = pm.Normal("z_effect", 0.0, 1.0, shape=len(data.effect_kind))
    effects = pm.Deterministic("effects", scale[data.effect_kind, data.effect_outcome] * z)
    darker = pm.HalfNormal("darker", rule["darker"]["sd"], shape=len(PIGMENT_HARMS))
    late = pm.HalfNormal("late", rule["late"]["sd"], shape=len(LATE_HARMS))
    study = pm.HalfNormal("count_study", rule["study"]["sd"], shape=len(OUTCOMES))
    row = pm.HalfNormal("count_row", rule["row"]["sd"], shape=len(OUTCOMES))
    own = pm.StudentT("own", nu=rule["freedom"]["value"], mu=0.0, sigma=1.0, shape=len(data.own_outcome))
    apart = pm.Normal("apart", 0.0, 1.0, shape=len(data.several))
    log_odds = base[data.outcome] + pt.concatenate([effects, [0.0]])[data.effects].sum(axis=1)
    log_odds = log_odds + (study[data.own_outcome] * own)[data.own]
    log_odds = pt.inc_subtensor(log_odds[data.several], row[data.outcome[data.several]] * apart)
    log_odds = (
        log_odds
        + _select_outcomes(darker, PIGMENT_HARMS)[data.outcome] * _mean_phototypes(data)
        + _select_outcomes(late, LATE_HARMS)[data.outcome] * data.later
    )
    log = arms_data["events"] * log_odds - data.of * pt.softplus(log_odds)
    pm.Potential("counts", pt.sum(arms_data["used"] * log))


def _mean_phototypes(data: CountData) -> Any:
    """Return the mean phototype of each row, (row,).

    For outcomes that depend on pigment it is a parameter within the printed range, for others the middle of the range.
    """
    free = np.flatnonzero((data.type_high > data.type_low) & _pigment(data))
    known = 0.5 * (data.type_low + data.type_high)
    within = pm.Beta("within", 2.0, 2.0, shape=len(free))
    return pt.set_subtensor(
        pt.as_tensor(known)[free], data.type_low[free] + (data.type_high - data.type_low)[free] * within
    )


def _pigment(data: CountData) -> Any:
    return np.isin(data.outcome, [OUTCOMES.index(name) for name in PIGMENT_HARMS])


def _select_outcomes(values: Any, names: tuple[str, ...]) -> Any:
    """Return the values of some outcomes, (outcome,), 0 for the others."""
    return pt.stack([values[names.index(name)] if name in names else pt.zeros(()) for name in OUTCOMES])


def _add_pain(data: CountData, given: dict[str, Any]) -> None:
    prior = evidence_priors("pain")
    typical = pm.Normal("pain_typical", prior["typical"]["value"], prior["typical"]["sd"])
    scale = pm.HalfNormal("pain_scale", prior["modality"]["sd"])
    between = pm.HalfNormal("pain_between", prior["between_studies"]["sd"])
    of_modality = pm.Normal("pain_of_modality", 0.0, 1.0, shape=len(pain_modalities()))
    modality = pm.Deterministic("pain_modality", scale * of_modality)
    variance = between**2 + prior["patient_sd"]["value"] ** 2 / data.pain_n
    off = given["pain"] - typical - modality[data.pain_modality]
    pm.Potential("pain_means", pt.sum(-0.5 * (off**2 / variance + pt.log(variance))))

"""Shares of people like the patient with a harm after a kind of laser in trials, for `skinbeam.simulate/1`."""

from skinbeam.evidence.expectation.expect import outcome_share
from skinbeam.evidence.studies.outcomes import PIGMENT_HARMS
from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.evidence.synthesis.counts import CountQuestion
from skinbeam.model.case import Case, forms_raised_scars
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.skin.melanin import matching_phototypes
from skinbeam.text import render_message

__all__ = ["harm_share_in_trials", "scar_share_refusal"]

# The condition under which trials count a lesion of a pulse case; other lesions have no counts of their own.
_CONDITION_BY_LESION = {
    "lentigo": "age-spots",
    "freckle": "freckles",
    "telangiectasia": "facial-telangiectasia",
    "spider": "spider-angioma",
    "scar": "surgical-scars",
}


def harm_share_in_trials(outcome: str, modality: str, case: Case) -> Value:
    """Return the share of a new clinic's patients with an outcome after a modality, per course of treatment.

    Parameters
    ----------
    outcome : pih, hypopigmentation or scar.
    modality : name.
    case : holds colour or phototype, without which changes of pigment are unknown, and the concern or lesion.
    """
    untold = scar_share_refusal(case)
    if outcome == "scar" and untold is not None:
        return untold
    phototype = _case_phototype(case)
    if phototype is None and outcome in PIGMENT_HARMS:
        return Unknown(render_message("harm.no-colour"))
    phototypes = None if phototype is None else parse_grades(phototype, PHOTOTYPES)
    return outcome_share(CountQuestion(outcome, modality, _case_condition(case), phototypes=phototypes)).p


def scar_share_refusal(case: Case) -> Unknown | None:
    """Return why the share of people with a scar in trials does not apply to this person; None where it applies."""
    return Unknown(render_message("harm.raised-scars")) if forms_raised_scars(case) else None


def _case_phototype(case: Case) -> str | None:
    """Return the phototypes that match a measured colour, else the phototype of the case."""
    skin, patient = case.skin, case.patient
    for part in (skin, patient):
        if part is not None and part.ita_deg is not None:
            return matching_phototypes(part.ita_deg)
    return patient.phototype if patient is not None else None


def _case_condition(case: Case) -> str:
    """Return the condition that is treated, named as in the trials; empty where the case does not name it."""
    if case.concern:
        return case.concern[0].condition
    return next(
        (_CONDITION_BY_LESION[lesion.kind] for lesion in case.lesion if lesion.kind in _CONDITION_BY_LESION), ""
    )

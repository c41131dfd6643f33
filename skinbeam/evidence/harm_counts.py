"""Which share of people like this one trials counted with a harm after a kind of laser, for `skinbeam.simulate/1`."""

from skinbeam.evidence.expectation.expect import outcome_share
from skinbeam.evidence.studies.outcomes import PIGMENT_HARMS
from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.evidence.synthesis.counts import CountQuestion
from skinbeam.model.case import Case, forms_raised_scars
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.skin.melanin import matching_phototypes
from skinbeam.text import render_message

__all__ = ["harm_share_in_trials", "scar_share_unknown"]

# What a lesion of a pulse case is called where trials count; other lesions inform no count of their own.
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
    case : says colour or phototype, without which no change of pigment is told, and the concern or lesion.
    """
    untold = scar_share_unknown(case)
    if outcome == "scar" and untold is not None:
        return untold
    phototype = _case_phototype(case)
    if phototype is None and outcome in PIGMENT_HARMS:
        return Unknown(render_message("harm.no-colour"))
    phototypes = None if phototype is None else parse_grades(phototype, PHOTOTYPES)
    return outcome_share(CountQuestion(outcome, modality, _case_condition(case), phototypes=phototypes)).p


def scar_share_unknown(case: Case) -> Unknown | None:
    """Return why the share of people with a scar in trials is not told of this person; None where it is."""
    return Unknown(render_message("harm.raised-scars")) if forms_raised_scars(case) else None


def _case_phototype(case: Case) -> str | None:
    """The phototypes of a measured colour, else the one that was said."""
    skin, patient = case.skin, case.patient
    for one in (skin, patient):
        if one is not None and one.ita_deg is not None:
            return matching_phototypes(one.ita_deg)
    return patient.phototype if patient is not None else None


def _case_condition(case: Case) -> str:
    """What is treated, in the words of the trials; empty where the case does not say it."""
    if case.concern:
        return case.concern[0].condition
    return next(
        (_CONDITION_BY_LESION[lesion.kind] for lesion in case.lesion if lesion.kind in _CONDITION_BY_LESION), ""
    )

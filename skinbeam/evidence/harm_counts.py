"""Which share of people like this one trials counted with a harm after a kind of laser, for `skinbeam.simulate/1`."""

from skinbeam.estimate import Unknown, Value
from skinbeam.evidence.expectation.risk import counted_risk
from skinbeam.evidence.studies.arm import grades
from skinbeam.evidence.studies.outcomes import PIGMENT
from skinbeam.evidence.synthesis.counts import Asked
from skinbeam.messages import text
from skinbeam.schema.case import Case
from skinbeam.schema.names import PHOTOTYPES
from skinbeam.schema.scars import forms_raised_scars
from skinbeam.skin.melanin import phototype_range

__all__ = ["counted_harm", "untold_scars"]

# What a lesion of a pulse case is called where trials count; other lesions inform no count of their own.
_CONDITION_OF = {
    "lentigo": "age-spots",
    "freckle": "freckles",
    "telangiectasia": "facial-telangiectasia",
    "spider": "spider-angioma",
    "scar": "surgical-scars",
}


def counted_harm(outcome: str, modality: str, case: Case) -> Value:
    """Return the share of a new clinic's patients with an outcome after a modality, per course of treatment.

    Parameters
    ----------
    outcome : pih, hypopigmentation or scar.
    modality : name.
    case : says colour or phototype, without which no change of pigment is told, and the concern or lesion.
    """
    untold = untold_scars(case)
    if outcome == "scar" and untold is not None:
        return untold
    phototype = _phototype(case)
    if phototype is None and outcome in PIGMENT:
        return Unknown(text("harm.no-colour"))
    phototypes = None if phototype is None else grades(phototype, PHOTOTYPES)
    return counted_risk(Asked(outcome, modality, _condition(case), phototypes=phototypes)).p


def untold_scars(case: Case) -> Unknown | None:
    """Return why the share of people with a scar in trials is not told of this person; None where it is."""
    return Unknown(text("harm.raised-scars")) if forms_raised_scars(case) else None


def _phototype(case: Case) -> str | None:
    """The phototypes of a measured colour, else the one that was said."""
    skin, patient = case.skin, case.patient
    for one in (skin, patient):
        if one is not None and one.ita_deg is not None:
            return phototype_range(one.ita_deg)
    return patient.phototype if patient is not None else None


def _condition(case: Case) -> str:
    """What is treated, in the words of the trials; empty where the case does not say it."""
    if case.concern:
        return case.concern[0].condition
    return next((_CONDITION_OF[lesion.kind] for lesion in case.lesion if lesion.kind in _CONDITION_OF), "")

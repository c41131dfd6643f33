"""Harms and satisfaction, counted per patient and course: what a new clinic would see of each.

Studies of every condition that a modality treats are pooled. No events in a study never becomes no risk; a harm that
nobody counted after a modality is unknown, and so is one that was counted per treatment only.
"""

from skinbeam.estimate import Unknown, Value
from skinbeam.evidence.expectation.parts import estimate, keys, patient_share, title
from skinbeam.evidence.expectation.records import PatientShare
from skinbeam.evidence.studies.arm import Grades
from skinbeam.evidence.studies.outcomes import counted_in
from skinbeam.evidence.studies.shipped import arms, dark_fraction
from skinbeam.evidence.synthesis.clinic import counted_share, pain_points
from skinbeam.messages import Message
from skinbeam.provenance import used

__all__ = ["OTHER_HARMS", "counted_risk", "pain"]

OTHER_HARMS = ("hypopigmentation", "scar", "infection", "prolonged-erythema", "acne-flare")


def counted_risk(
    outcome: str, modality: str, condition: str, *, phototypes: Grades | None = None, patients: int = 100, seed: int = 0
) -> PatientShare:
    """Return the share of patients with an outcome, or why nobody knows it.

    Parameters
    ----------
    outcome : pih, hypopigmentation, scar, infection, prolonged-erythema, acne-flare or satisfaction.
    modality, condition : names.
    phototypes : places in `PHOTOTYPES`; None takes the stated share of darker skin.
    patients : how many the counts are of.
    """
    rows = counted_in(outcome, modality)
    if not rows:
        reason = Message("evidence.nobody-counted", {"modality": title("modality", modality)})
        return PatientShare.unknown(Unknown(reason.text))
    basis = keys(rows)
    used(*basis)
    shares = counted_share(outcome, modality, condition, dark_fraction(phototypes), seed=seed)
    return patient_share(shares, patients, basis)


def pain(modality: str, *, seed: int = 0) -> Value:
    """Return the mean pain of a new clinic's patients, 0 to 10, where a study of the modality printed one."""
    found = [arm for arm in arms() if arm.modality == modality and arm.pain_0_10]
    if not found:
        return Unknown(Message("evidence.no-pain", {"modality": title("modality", modality)}).text)
    used(*keys(found))
    return estimate(pain_points(modality, seed=seed), keys(found))

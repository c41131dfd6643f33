"""Harms and satisfaction, counted per patient and course: what a new clinic would see of each.

Studies of every condition that a modality treats are pooled. No events in a study never becomes no risk; a harm that
nobody counted after a modality is unknown, and so is one that was counted per treatment only.
"""

from skinbeam.estimate import Unknown, Value
from skinbeam.evidence.expectation.parts import estimate, keys, patient_share, title
from skinbeam.evidence.expectation.records import PatientShare
from skinbeam.evidence.studies.outcomes import HARMS, counted_in
from skinbeam.evidence.studies.shipped import arms
from skinbeam.evidence.synthesis.counts import Asked, counted_share, pain_points
from skinbeam.messages import Message
from skinbeam.provenance import used

__all__ = ["OTHER_HARMS", "counted_risk", "pain"]

OTHER_HARMS = tuple(harm for harm in HARMS if harm != "pih")


def counted_risk(asked: Asked, *, patients: int = 100, seed: int = 0) -> PatientShare:
    """Return the share of patients with an outcome, or why nobody knows it; `patients`: how many the counts are of."""
    rows = counted_in(asked.outcome, asked.modality)
    if not rows:
        reason = Message("evidence.nobody-counted", {"modality": title("modality", asked.modality)})
        return PatientShare.unknown(Unknown(reason.text))
    basis = keys(rows)
    used(*basis)
    return patient_share(counted_share(asked, seed=seed), patients, basis)


def pain(modality: str, *, seed: int = 0) -> Value:
    """Return the mean pain of a new clinic's patients, 0 to 10, where a study of the modality printed one."""
    found = [arm for arm in arms() if arm.modality == modality and arm.pain_0_10]
    if not found:
        return Unknown(Message("evidence.no-pain", {"modality": title("modality", modality)}).text)
    used(*keys(found))
    return estimate(pain_points(modality, seed=seed), keys(found))

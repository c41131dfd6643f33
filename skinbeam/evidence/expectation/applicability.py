"""Check whether the trials apply to a question: the place of a setting among their doses, and warnings of an answer.

The printed doses of the trials make a range for each kind of light. A radiant exposure means little without its pulse
duration, so it is compared only with trials of the same wavelengths and a similar pulse; a fractional beam is compared
by the energy of a microbeam. Outside the range the estimate is not shifted but widened by the spread between studies,
and by twice that spread far outside. The answer is not refused, because too few trials printed their dose to know where
the others treated.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from skinbeam.evidence.expectation.estimates import inline_title, study_keys
from skinbeam.evidence.expectation.expectation import DosePlacement
from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import Arm, Grades
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.design import arms_for, longest_follow_up_months, same_family, same_site
from skinbeam.text import DocumentWarning, Formatter, Message

__all__ = [
    "COMBINED_IN_ALL",
    "OTHER_LIGHT",
    "expectation_warnings",
    "is_kind_tried",
    "lesions_per_patient",
    "place_setting",
    "widening",
]

COMBINED_IN_ALL: Final = "combined-in-all-trials"
"""Code of the warning that every trial behind an answer gave another treatment with the one that is asked about."""
OTHER_LIGHT: Final = "wavelength-not-studied"
"""Code of the warning that no trial behind an answer used light like that which is asked about."""
_SPREADS = {"outside": 1.0, "far-outside": 2.0}


def place_setting(question: EvidenceQuestion) -> DosePlacement | None:
    """Return where the setting of a question is among the trials of its modality; None when it names no setting."""
    if question.microbeam_mJ is not None:
        return _place_dose(
            question, question.microbeam_mJ, [(a, a.microbeam_mJ) for a in _similar_arms(question)], "mJ"
        )
    if question.fluence_J_cm2 is None:
        return None
    same_pulse = [a for a in _similar_arms(question) if _has_like_pulse(a, question)]
    return _place_dose(question, question.fluence_J_cm2, [(a, a.fluence_J_cm2) for a in same_pulse], "J/cm²")


def widening(question: EvidenceQuestion) -> float:
    """Return by how many spreads between studies an answer is widened because of the place of its setting."""
    placed = place_setting(question)
    return 0.0 if placed is None else _SPREADS.get(placed.where, 0.0)


def _similar_arms(question: EvidenceQuestion) -> list[Arm]:
    return [a for a in trial_arms() if a.modality == question.modality and same_family(a, question)]


def _has_like_pulse(arm: Arm, question: EvidenceQuestion) -> bool:
    if arm.pulse_ms is None or question.pulse_ms is None:
        return False
    alike = evidence_settings().alike_pulse_ratio
    return 1.0 / alike <= arm.pulse_ms / question.pulse_ms <= alike


def _place_dose(
    question: EvidenceQuestion, dose: float, printed: list[tuple[Arm, tuple[float, float] | None]], unit: str
) -> DosePlacement:
    spans = [(arm.study, span) for arm, span in printed if span is not None]
    if not spans:
        return DosePlacement("unknown", Message("evidence.dose-unknown"))
    low, high = min(span[0] for _, span in spans), max(span[1] for _, span in spans)
    studies = tuple(dict.fromkeys(study for study, _ in spans))
    write = Formatter().number
    light = f"{write(question.wavelength_nm)} nm, " if question.wavelength_nm is not None else ""
    setting = f"{light}{write(dose)} {unit}"
    params = {"setting": setting, "low": low, "high": high, "unit": unit, "studies": list(studies)}
    if low <= dose <= high:
        return DosePlacement("inside", Message("evidence.dose-inside", params), studies)
    factor = evidence_settings().far_outside_ratio
    if low / factor <= dose <= high * factor:
        return DosePlacement("outside", Message("evidence.dose-outside", params), studies)
    return DosePlacement("far-outside", Message("evidence.dose-far-outside", params), studies)


# Warnings about the limits of an answer.


def expectation_warnings(question: EvidenceQuestion) -> tuple[DocumentWarning, ...]:
    """Return the warnings of an answer."""
    usable = arms_for(question.condition, question.modality)
    warnings: list[DocumentWarning] = []

    def warn(code: str, name: str, **params: Any) -> None:
        warnings.append(DocumentWarning(code, Message(f"evidence-warning.{name}", params)))

    if len(study_keys(usable)) == 1:
        warn("one-study", "one-study", study=usable[0].study)
    if question.follow_up_months is not None and question.follow_up_months > longest_follow_up_months():
        warn("longer-than-followed", "longer", months=longest_follow_up_months())
    if question.site and not any(same_site(arm, question) for arm in usable):
        warn("site-not-studied", "site", site=inline_title("site", question.site))
    strange = [kind for kind in question.subtypes if not any(kind in arm.subtypes for arm in usable)]
    if strange:
        warn("subtype-not-studied", "subtype", subtypes=strange)
    light = question.modality in evidence_settings().plausible_nm
    if not light and (question.wavelength_nm or question.pulse_ms):
        warn("light-not-counted", "no-light")
    elif question.pulse_ms and not question.fluence_J_cm2 and not _pulse_matters(question):
        warn("pulse-not-counted", "pulse")
    if light and question.wavelength_nm and not any(same_family(arm, question) for arm in usable):
        warn(OTHER_LIGHT, "wavelength", wavelength_nm=question.wavelength_nm)
    if question.phototypes and not any(_overlap(question.phototypes, arm.phototypes) for arm in usable):
        warn("phototype-not-studied", "phototype", phototype=question.phototype)
    placed = place_setting(question)
    if placed is not None and placed.where in ("outside", "far-outside"):
        warnings.append(DocumentWarning("dose-outside-trials", placed.text))
    unverified = study_keys([arm for arm in usable if arm.grade == "unverified"])
    if unverified:
        warn("unverified", "unverified", studies=list(unverified))
    combined = study_keys([arm for arm in usable if arm.combined_with])
    if combined and all(arm.combined_with for arm in usable):
        warn(COMBINED_IN_ALL, "combined-in-all", studies=list(combined))
    elif combined:
        warn("combined-treatment", "combined", studies=list(combined))
    if question.unit == "lesions":
        warn("lesions-alike", "lesions", group=lesions_per_patient(usable))
    return tuple(warnings)


def is_kind_tried(question: EvidenceQuestion) -> bool:
    """Return whether the trials are of a stated kind of the condition; without a stated kind or any trial, they are.

    Trials that print no kind are of the usual one.
    """
    arms = arms_for(question.condition, question.modality)
    if not arms or not question.subtypes:
        return True
    tried = {default_subtype(question.condition), *chain.from_iterable(arm.subtypes for arm in arms)}
    return not tried.isdisjoint(question.subtypes)


def lesions_per_patient(arms: Sequence[Arm]) -> float:
    """Return the mean number of lesions per patient where they were counted: in these studies, else in the table."""
    for rows in (arms, trial_arms()):
        per_patient = [arm.units_per_patient for arm in rows if arm.unit in ("lesions", "areas")]
        if per_patient:
            return sum(per_patient) / len(per_patient)
    return 1.0


def _pulse_matters(question: EvidenceQuestion) -> bool:
    """Whether trials of this light are classified by their pulses."""
    return question.wavelength_nm is not None and regime.pulse_class_matters(question.modality)


def _overlap(grades: Grades, studied: Grades | None) -> bool:
    return studied is not None and grades[0] <= studied[1] and studied[0] <= grades[1]

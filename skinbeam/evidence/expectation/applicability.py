"""What an answer does not hold, said rather than hidden."""

from collections.abc import Sequence
from typing import Any

from skinbeam.evidence.expectation.dose import place
from skinbeam.evidence.expectation.parts import keys, title
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.arm import Arm, Grades
from skinbeam.evidence.studies.shipped import arms, settings
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.design import arms_of, longest_months, same_family, same_site
from skinbeam.messages import Message, Warned

__all__ = ["lesions_per_patient", "warnings_of"]


def warnings_of(question: Question) -> tuple[Warned, ...]:
    """Return the warnings of an answer."""
    usable = arms_of(question.condition, question.modality)
    found: list[Warned] = []

    def warn(code: str, name: str, **params: Any) -> None:
        found.append(Warned(code, Message(f"evidence-warning.{name}", params)))

    if len(keys(usable)) == 1:
        warn("one-study", "one-study", study=usable[0].study)
    if question.follow_up_months is not None and question.follow_up_months > longest_months():
        warn("longer-than-followed", "longer", months=longest_months())
    if question.site and not any(same_site(arm, question) for arm in usable):
        warn("site-not-studied", "site", site=title("site", question.site))
    strange = [kind for kind in question.subtypes if not any(kind in arm.subtypes for arm in usable)]
    if strange:
        warn("subtype-not-studied", "subtype", subtypes=strange)
    light = question.modality in settings()["plausible_nm"]
    if not light and (question.wavelength_nm or question.pulse_ms):
        warn("light-not-counted", "no-light")
    elif question.pulse_ms and not question.fluence_J_cm2 and not _pulse_counts(question):
        warn("pulse-not-counted", "pulse")
    if light and question.wavelength_nm and not any(same_family(arm, question) for arm in usable):
        warn("wavelength-not-studied", "wavelength", wavelength_nm=question.wavelength_nm)
    if question.phototypes and not any(_overlap(question.phototypes, arm.phototypes) for arm in usable):
        warn("phototype-not-studied", "phototype", phototype=question.phototype)
    placed = place(question)
    if placed is not None and placed.where in ("outside", "far-outside"):
        found.append(Warned("dose-outside-trials", placed.text))
    unverified = keys([arm for arm in usable if arm.grade == "unverified"])
    if unverified:
        warn("unverified", "unverified", studies=list(unverified))
    combined = keys([arm for arm in usable if arm.combined_with])
    if combined:
        warn("combined-treatment", "combined", studies=list(combined))
    if question.unit == "lesions":
        warn("lesions-alike", "lesions", group=lesions_per_patient(usable))
    return tuple(found)


def lesions_per_patient(usable: Sequence[Arm]) -> float:
    """Return the mean number of lesions to a patient where they were counted: in these studies, else in the table."""
    for rows in (usable, arms()):
        per_patient = [arm.units_per_patient for arm in rows if arm.unit in ("lesions", "areas")]
        if per_patient:
            return sum(per_patient) / len(per_patient)
    return 1.0


def _pulse_counts(question: Question) -> bool:
    """Whether trials of this light are told apart by their pulses."""
    return question.wavelength_nm is not None and regime.told_by_pulse(question.modality)


def _overlap(asked: Grades, studied: Grades | None) -> bool:
    return studied is not None and asked[0] <= studied[1] and studied[0] <= asked[1]

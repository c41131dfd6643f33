"""What trials say of a treatment of a concern, for this person and at a setting."""

from dataclasses import replace

from skinbeam.answers.harm import untold_scars
from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.expectation.answer import expect_of_setting
from skinbeam.evidence.expectation.records import Expectation, PatientShare
from skinbeam.evidence.expectation.risk import counted_risk
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.arm import grades
from skinbeam.evidence.synthesis.counts import Asked
from skinbeam.plan import aftercare
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import PHOTOTYPES

__all__ = ["expected_of", "question_of", "share_untold"]


def question_of(case: Case, concern: Concern, modality: str, trial: Trial | None = None) -> Question:
    """Return what the trials are asked of a modality for this person, at a setting where there is one."""
    patient = case.patient
    question = Question(
        concern.condition,
        modality,
        severity=concern.severity,
        site=concern.site,
        phototype=patient.phototype if patient is not None else None,
        sessions=_sessions(modality, concern),
        subtypes=tuple(concern.subtypes),
    )
    return question if trial is None else _at(question, trial)


def expected_of(case: Case, question: Question) -> Expectation:
    """Return what trials say of a question for this person, or unknowns with the reason."""
    expected = expect_of_setting(question)
    untold = untold_scars(case)
    return expected if untold is None else _without_scars(expected, untold)


def _without_scars(expected: Expectation, untold: Unknown) -> Expectation:
    """The same, with the share of people with a scar unknown, after the treatment and in its natural course."""
    natural = expected.untreated
    return replace(
        expected,
        harms={**expected.harms, "scar": PatientShare.unknown(untold)},
        untreated=None if natural is None else _without_scars(natural, untold),
    )


def share_untold(case: Case, concern: Concern, modality: str) -> float:
    """Return the share with a scar in trials where it is not told of this person; 0 where it is, or nobody knows."""
    if untold_scars(case) is None:
        return 0.0
    phototype = case.patient.phototype if case.patient is not None else None
    phototypes = None if phototype is None else grades(phototype, PHOTOTYPES)
    risk = counted_risk(Asked("scar", modality, concern.condition, phototypes=phototypes))
    return risk.p.median if isinstance(risk.p, Estimate) else 0.0


def _sessions(modality: str, concern: Concern) -> float | None:
    """The middle of how many sessions the course has."""
    span = aftercare.sessions(modality, concern.condition, site=concern.site)
    return None if isinstance(span, Unknown) else (span.low + span.high) / 2.0


def _at(question: Question, trial: Trial) -> Question:
    """The same question of a setting. The wavelength of a lamp is that of a filter, which no trial arm is sorted by."""
    lamp = trial.band_nm is not None
    fractional = trial.density_per_cm2 is not None
    return replace(
        question,
        lamp=lamp,
        wavelength_nm=None if lamp else trial.setting.wavelength_nm,
        microbeam_mJ=trial.dose if fractional else None,
        fluence_J_cm2=None if fractional else trial.dose,
        pulse_ms=None if fractional else trial.setting.pulse_ms,
        spot_mm=None if fractional or lamp else trial.setting.spot_mm,
    )

"""Expected improvement after each session of a course, in a new clinic and for a person with a known response."""

from collections.abc import Sequence
from dataclasses import replace

from skinbeam.evidence.expectation.applicability import widening
from skinbeam.evidence.expectation.estimates import estimate_from_draws, study_keys
from skinbeam.evidence.expectation.expect import abstention
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.synthesis.design import Features, arms_for
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT
from skinbeam.evidence.synthesis.new_clinic import NewClinics, draw_new_clinics
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import cite_sources

__all__ = ["half_improved_after_sessions", "improvement_at_same_rank"]

_SEED = 0  # of the new clinics, as in a plan
_STEPS = 14  # of a bisection over 1 to 99 %, accurate to a hundredth


def half_improved_after_sessions(question: EvidenceQuestion, counts: Sequence[int]) -> tuple[Estimate, ...] | Unknown:
    """Return the share of people at least half improved after each number of sessions, in the same new clinics."""
    silent = abstention(question)
    if silent is not None:
        return Unknown(silent.text)
    basis = study_keys(arms_for(question.condition, question.modality))
    cite_sources(*basis)
    return tuple(
        estimate_from_draws(clinics.share_above(HALF_PCT), basis) for clinics in _draw_clinics(question, counts)
    )


def improvement_at_same_rank(
    question: EvidenceQuestion, sessions_done: int, response_pct: float, counts: Sequence[int]
) -> tuple[float, ...] | None:
    """Return the improvement, in per cent, after further sessions of a person who keeps their rank among people.

    The rank is the share of people with at least as much improvement after as many sessions in trials. No study
    measured how well a person keeps it, so this is one bound; the average of all people is the other.

    Returns
    -------
    None where the trials have no answer.

    Parameters
    ----------
    sessions_done, response_pct : sessions that took place, and the improvement since before the first.
    """
    if abstention(question) is not None:
        return None
    now, *later = _draw_clinics(question, [sessions_done, *counts])
    place_now = _share_above(now, min(max(response_pct, 1.0), 99.0))
    return tuple(_improvement_at_share(clinics, place_now) for clinics in later)


def _draw_clinics(question: EvidenceQuestion, counts: Sequence[int]) -> list[NewClinics]:
    courses = [Features.from_question(_with_sessions(question, count)) for count in counts]
    return draw_new_clinics(courses, seed=_SEED, widen=[widening(question)] * len(courses))


def _with_sessions(question: EvidenceQuestion, count: int) -> EvidenceQuestion:
    return replace(question, sessions=float(count))


def _share_above(clinics: NewClinics, threshold_pct: float) -> float:
    return float(clinics.share_above(threshold_pct).mean())


def _improvement_at_share(clinics: NewClinics, share: float) -> float:
    """Return the improvement that this share of people reaches, by bisection: fewer people reach more."""
    low, high = 1.0, 99.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _share_above(clinics, middle) > share else (low, middle)
    return (low + high) / 2.0

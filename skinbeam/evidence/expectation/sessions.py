"""What trials say of a new clinic after each session of a course, and of a person whose response is known."""

from collections.abc import Sequence
from dataclasses import replace

from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.expectation.answer import abstention
from skinbeam.evidence.expectation.dose import widening
from skinbeam.evidence.expectation.parts import estimate, keys
from skinbeam.evidence.question import Question
from skinbeam.evidence.synthesis.clinic import NewClinics, new_clinics
from skinbeam.evidence.synthesis.design import Features, arms_of
from skinbeam.evidence.synthesis.law import HALF_PCT
from skinbeam.provenance import used

__all__ = ["half_better_after", "kept_place"]

_STEPS = 14  # of a bisection over 1 to 99 %: to a hundredth


def half_better_after(question: Question, counts: Sequence[int], *, seed: int = 0) -> tuple[Estimate, ...] | Unknown:
    """Return the share of people with at least half improvement after so many sessions, in the same new clinics."""
    silent = abstention(question)
    if silent is not None:
        return Unknown(silent.text)
    basis = keys(arms_of(question.condition, question.modality))
    used(*basis)
    return tuple(estimate(clinics.share(HALF_PCT), basis) for clinics in _clinics(question, counts, seed))


def kept_place(question: Question, done: int, response_pct: float, counts: Sequence[int]) -> tuple[float, ...] | None:
    """Return the improvement, in per cent, after further sessions of someone who keeps their place among people.

    The place is the share of people whom trials saw at least as much improved after as many sessions. Nobody counted
    how well it is kept, so that this is one end, and what people have on average the other.

    Returns
    -------
    None where trials are silent.

    Parameters
    ----------
    done, response_pct : sessions that took place, and the improvement since before the first.
    """
    if abstention(question) is not None:
        return None
    now, *later = _clinics(question, [done, *counts], 0)
    place_now = _above(now, min(max(response_pct, 1.0), 99.0))
    return tuple(_at(clinics, place_now) for clinics in later)


def _clinics(question: Question, counts: Sequence[int], seed: int) -> list[NewClinics]:
    courses = [Features.of_question(_after(question, count)) for count in counts]
    return new_clinics(courses, seed=seed, widen=[widening(question)] * len(courses))


def _after(question: Question, count: int) -> Question:
    return replace(question, sessions=float(count))


def _above(clinics: NewClinics, threshold_pct: float) -> float:
    return float(clinics.share(threshold_pct).mean())


def _at(clinics: NewClinics, share: float) -> float:
    """The improvement that so many people reach, by bisection: fewer reach more."""
    low, high = 1.0, 99.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _above(clinics, middle) > share else (low, middle)
    return (low + high) / 2.0

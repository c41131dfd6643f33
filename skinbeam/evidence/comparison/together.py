"""Several treatments of one condition in the same new clinics, so that what differs between clinics falls out.

How many people a clinic helps by half depends on the clinic more than on the treatment. A person who chooses between
treatments is treated in one clinic, so the difference is what counts, and it is known better than either share.
"""

from collections.abc import Sequence

import numpy as np

from skinbeam.evidence.expectation.answer import abstention
from skinbeam.evidence.expectation.dose import widening
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis import regime
from skinbeam.evidence.synthesis.clinic import new_clinics
from skinbeam.evidence.synthesis.design import Features, arms_of
from skinbeam.evidence.synthesis.distributions import Floats

__all__ = ["clearly_more", "own_studies", "shares_together"]

HALF_PCT = 50.0


def shares_together(questions: Sequence[Question], *, seed: int = 0) -> list[Floats | None]:
    """Return for each question the share of people with at least half improvement, (clinic,), in the same clinics.

    Where the evidence abstains it is None.
    """
    answered = [question for question in questions if abstention(question) is None]
    if not answered:
        return [None] * len(questions)
    clinics = new_clinics(
        [Features.of_question(question) for question in answered],
        seed=seed,
        widen=[widening(question) for question in answered],
    )
    shares = {id(question): one.share(HALF_PCT) for question, one in zip(answered, clinics, strict=True)}
    return [shares.get(id(question)) for question in questions]


def clearly_more(a: Floats, b: Floats) -> bool:
    """Return whether a helps more people than b: the central interval of the difference, (clinic,), lies above 0."""
    tail = (1.0 - settings()["rule"]["level"]) / 2.0
    ordered = np.sort(a - b)
    return bool(ordered[round(tail * (len(ordered) - 1))] > 0.0)


def own_studies(question: Question) -> tuple[str, ...]:
    """Return the studies of the condition with this treatment; of light, with the same regime where one is asked."""
    arms = arms_of(question.condition, question.modality)
    pulse = regime.pulse_class(question.pulse_ms)
    asked = regime.of_light(question.modality, question.wavelength_nm, pulse)
    if question.wavelength_nm is not None:
        arms = tuple(arm for arm in arms if regime.of_arm(arm) == asked)
    return tuple(dict.fromkeys(arm.study for arm in arms))

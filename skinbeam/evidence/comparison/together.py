"""Several treatments of one condition in the same new clinics, so that what differs between clinics falls out.

How many people a clinic helps by half depends on the clinic more than on the treatment. A person who chooses between
treatments is treated in one clinic, so the difference is what counts, and it is known better than either share.
"""

from collections.abc import Sequence
from itertools import compress

from skinbeam.evidence.expectation.answer import abstention
from skinbeam.evidence.expectation.dose import widening
from skinbeam.evidence.expectation.parts import estimate, keys
from skinbeam.evidence.question import Question
from skinbeam.evidence.synthesis.clinic import new_clinics
from skinbeam.evidence.synthesis.design import Features, like_arms
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.law import HALF_PCT

__all__ = ["clearly_more", "own_studies", "shares_together"]


def shares_together(questions: Sequence[Question], *, seed: int = 0) -> list[Floats | None]:
    """Return for each question the share of people with at least half improvement, (clinic,), in the same clinics.

    Where the evidence abstains it is None.
    """
    answered = [abstention(question) is None for question in questions]
    asked = list(compress(questions, answered))
    clinics = iter(
        new_clinics(
            [Features.of_question(question) for question in asked], seed=seed, widen=[widening(one) for one in asked]
        )
    )
    return [next(clinics).share(HALF_PCT) if told else None for told in answered]


def clearly_more(a: Floats, b: Floats) -> bool:
    """Return whether a helps more people than b: the central interval of the difference, (clinic,), lies above 0."""
    return estimate(a - b, ()).low > 0.0


def own_studies(question: Question) -> tuple[str, ...]:
    """Return the studies of the condition with this treatment; of a setting, those whose light was like it."""
    return keys(like_arms(question))

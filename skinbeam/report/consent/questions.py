"""Questions by which somebody tells back what was explained, with the answers that the plan gives.

Asking people to say in their own words what they were told shows what was not understood while it can still be
explained; a wrong answer is explained again and asked again.
"""

from collections.abc import Iterator

from skinbeam.document import sha256_of
from skinbeam.estimate import Unknown
from skinbeam.plan.records import Option, Plan
from skinbeam.report.consent.context import Question
from skinbeam.report.consent.harms import lasting_names
from skinbeam.report.leaflet.words import of_100
from skinbeam.report.outcomes import good_of
from skinbeam.report.showing import days_in_words
from skinbeam.report.shown import capital, join, say

__all__ = ["teach_back"]


def teach_back(plan: Plan, option: Option) -> tuple[Question, ...]:
    """Return the questions of an option, each with one right answer, whose place hangs on the plan alone."""
    return tuple(_question(plan, id, right) for id, right in _answers(plan, option))


def _answers(plan: Plan, option: Option) -> Iterator[tuple[str, str]]:
    """Name and right answer of each question that the plan can answer."""
    yield "free", say("consent.question_free_right")
    good = good_of(option)
    unknown = isinstance(good, Unknown)
    yield (
        "half",
        say("consent.question_half_unknown") if unknown else say("consent.question_half_right", people=of_100(good)),
    )
    if isinstance(option.shows_days, Unknown):
        yield "days", say("consent.question_days_unknown")
    else:
        yield "days", say("consent.question_days_right", days=capital(days_in_words(option)))
    if lasting := lasting_names(option):
        yield "lasting", say("consent.question_lasting_right", harms=join(lasting))
    if plan.when_to_call:
        yield "call", say("consent.question_call_right")


def _question(plan: Plan, id: str, right: str) -> Question:
    answers = [say(f"consent.question_{id}_wrong_1"), say(f"consent.question_{id}_wrong_2")]
    place = int(sha256_of(f"{plan.plan_sha256} {id}".encode())[:8], 16) % 3
    answers.insert(place, right)
    return Question(id, say(f"consent.question_{id}"), tuple(answers), place)

"""Lines on options whose concerns the course treats with one pattern of columns: which of them carries it."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.course.shared_pattern import list_shared_patterns
from skinbeam.plan_records.plan import ConcernPlan, Plan
from skinbeam.report.formatting import concern_name
from skinbeam_clinic.models import PlanChoice
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef

__all__ = ["PatternLine", "pattern_lines"]


@dataclass(frozen=True)
class PatternLine:
    """What is fired in the visits that an option shares with another concern.

    Parameters
    ----------
    carrier : number of the concern whose option is fired in its place; None where this option is fired.
    carrier_name : its name; empty where this option is fired.
    """

    text: str
    carrier: int | None = None
    carrier_name: str = ""


def pattern_lines(plan: Plan, choices: Sequence[PlanChoice], place: str) -> tuple[PatternLine, ...]:
    """Return the lines on the option at a position such as `0.1` of a plan in the current language."""
    concern, option = find_option(plan, place)
    lines = []
    for shared in list_shared_patterns(_scheduled_concerns(plan, choices), plan.course):
        message = shared.message_on(concern, option)
        if message is None:
            continue
        if concern.place == shared.carrier.place:
            lines.append(PatternLine(message.text))
        else:
            lines.append(PatternLine(message.text, plan.concerns.index(shared.carrier), concern_name(shared.carrier)))
    return tuple(lines)


def _scheduled_concerns(plan: Plan, choices: Sequence[PlanChoice]) -> list[ConcernPlan]:
    """Return the concerns for which no other option than that of the course, their first laser, was chosen last."""
    chosen = {ref.concern: ref.option for choice in choices if (ref := OptionRef.find(choice.option)) is not None}
    return [
        concern
        for number, concern in enumerate(plan.concerns)
        if number not in chosen
        or (concern.first_laser is not None and concern.options[chosen[number]] == concern.first_laser[0])
    ]

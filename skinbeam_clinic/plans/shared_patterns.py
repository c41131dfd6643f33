"""What one pass treats beside the concern of its option: lines on which option carries it, and what is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.course.shared_pattern import list_shared_patterns, list_treated_with
from skinbeam.plan_records.plan import ConcernPlan, Plan
from skinbeam.report.formatting import concern_name
from skinbeam.text import render_message
from skinbeam_clinic.models import PlanChoice
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.treatments.models import AlsoTreated

__all__ = ["PatternLine", "has_same_setting", "list_also_treated", "pattern_lines"]


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
    also = [other.option for other in list_also_treated(plan, choices, place)]
    same = [find_option(plan, other)[0] for other in also if has_same_setting(plan, place, other)]
    lines = []
    if same:
        names = "; ".join(concern_name(each) for each in (concern, *same))  # a name may hold a comma
        lines.append(PatternLine(render_message("course.one-pass", {"concerns": names})))
    for shared in list_shared_patterns(_scheduled_concerns(plan, choices), plan.course):
        message = shared.message_on(concern, option)
        if message is None:
            continue
        if concern.place == shared.carrier.place:
            lines.append(PatternLine(message.text))
        else:
            lines.append(PatternLine(message.text, plan.concerns.index(shared.carrier), concern_name(shared.carrier)))
    return tuple(lines)


def list_also_treated(plan: Plan, choices: Sequence[PlanChoice], place: str) -> tuple[AlsoTreated, ...]:
    """Return the other concerns that a session with the option at a position treats: none where it stands alone."""
    concern, option = find_option(plan, place)
    if concern.first_laser is None or concern.first_laser[0] != option:
        return ()
    return tuple(
        AlsoTreated(other.condition, other.site, _first_laser_place(plan, other))
        for other in list_treated_with(concern, _scheduled_concerns(plan, choices), plan.course)
    )


def has_same_setting(plan: Plan, place: str, other: str) -> bool:
    """Return whether a plan has one setting of one device for the options at two positions."""
    first, second = (find_option(plan, option)[1].setup for option in (place, other))
    if first is None or second is None:
        return False
    return (first.device, first.settings) == (second.device, second.settings)


def _first_laser_place(plan: Plan, concern: ConcernPlan) -> str:
    """Return the position of the laser that the course of a plan uses for a concern."""
    assert concern.first_laser is not None  # no other concern takes part in a visit
    return str(OptionRef(plan.concerns.index(concern), concern.options.index(concern.first_laser[0])))


def _scheduled_concerns(plan: Plan, choices: Sequence[PlanChoice]) -> list[ConcernPlan]:
    """Return the concerns for which no other option than that of the course, their first laser, was chosen last."""
    chosen = {ref.concern: ref.option for choice in choices if (ref := OptionRef.find(choice.option)) is not None}
    return [
        concern
        for number, concern in enumerate(plan.concerns)
        if number not in chosen
        or (concern.first_laser is not None and concern.options[chosen[number]] == concern.first_laser[0])
    ]

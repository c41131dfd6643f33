"""Where an option stands in a plan: `0.1` is the second option of the first concern."""

import re

from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.records.faults import fault

__all__ = ["option_at"]

_PLACE = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)


def option_at(plan: Plan, place: str) -> tuple[ConcernPlan, Option]:
    """Return the option at a place, with its concern.

    Raises
    ------
    AbsentError : the plan has none there.
    """
    if match := _PLACE.fullmatch(place):
        concern, option = map(int, match.groups())
        if concern < len(plan.concerns) and option < len(plan.concerns[concern].options):
            return plan.concerns[concern], plan.concerns[concern].options[option]
    raise fault("absent", "plan")

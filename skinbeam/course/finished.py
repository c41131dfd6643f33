"""Whether earlier sessions have improved a concern so much that another one needs a new decision."""

from collections.abc import Sequence
from dataclasses import replace

from skinbeam.assessment.earlier_sessions import TreatedPlace, is_place_known
from skinbeam.model.case import Case
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.suitability.session_response import count_sessions_with, session_response

__all__ = ["is_improved_enough", "mark_done_concerns"]


def mark_done_concerns(concerns: Sequence[ConcernPlan], case: Case) -> tuple[ConcernPlan, ...]:
    """Return the concerns of a plan, of which those that sessions have improved enough are marked as done."""
    return tuple(
        replace(concern, is_done=True) if is_improved_enough(case, concern, concern.options) else concern
        for concern in concerns
    )


def is_improved_enough(case: Case, place: TreatedPlace, options: Sequence[Option]) -> bool:
    """Return whether sessions with the first laser of a concern have improved it enough.

    What another light improved says nothing of what this one adds, as it refers nobody from it (`response_reasons`). Of
    two sites of one condition nobody knows which has improved, where a session names none.

    Parameters
    ----------
    options : of the concern, in their order.
    """
    first = next((option for option in options if option.setup is not None), None)
    if first is None or first.reaches_nobody or not is_place_known(case, place):
        return False
    return count_sessions_with(case, place, first.modality) > 0 and session_response(case, place).is_enough

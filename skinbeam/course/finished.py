"""Whether earlier sessions have improved a concern so much that another one is decided anew."""

from collections.abc import Sequence

from skinbeam.model.case import Case
from skinbeam.plan_records.plan import Option
from skinbeam.suitability.session_response import count_sessions_with, is_on_one_site, session_response

__all__ = ["is_improved_enough"]


def is_improved_enough(case: Case, condition: str, options: Sequence[Option]) -> bool:
    """Return whether sessions with the first laser of a concern have improved it enough.

    What another light improved says nothing of what this one adds, as it refers nobody from it (`response_reasons`). A
    session names a condition and no site, so that of two places of one condition nobody knows which has improved.

    Parameters
    ----------
    options : of the concern, in their order.
    """
    first = next((option for option in options if option.setup is not None), None)
    if first is None or first.reaches_nobody or not is_on_one_site(case, condition):
        return False
    return count_sessions_with(case, condition, first.modality) > 0 and session_response(case, condition).is_enough

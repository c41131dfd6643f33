"""Find concerns of one field that one device treats, since a pattern of its columns renews all of them.

Each concern is planned by itself. Where columns that open the skin lead for one, and columns that leave it closed for
another one of the same field, clinics treat both with the first: the pattern renews the layers above it, and a second
course would be more visits for skin that is already treated.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from skinbeam.assessment.earlier_sessions import count_sessions, sessions_on
from skinbeam.assessment.questionnaire import site_holds
from skinbeam.course.shared_pattern import ColumnPattern, first_pattern
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.plan.device_option import LaserOption
from skinbeam.plan.guideline_place import concern_cells
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.response.column_energy import HEATED_COLUMNS
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.session_response import count_sessions_with

__all__ = ["cells_of_field", "find_shared_columns", "options_to_share"]

_OPEN: Final = "fractional-ablative"  # columns that open the skin; heated ones leave it closed


def cells_of_field(case: Case, concern: Concern, modality: str) -> list[GuidelineCell]:
    """Return the cells of the guideline for the concerns of the field; none for light that opens no skin in columns."""
    if modality != _OPEN:
        return []
    return [cell for other in _concerns_of_field(case, concern) for cell in concern_cells(case, other)]


def _concerns_of_field(case: Case, concern: Concern) -> list[Concern]:
    """Return the concerns whose field holds that of a concern, and which columns renew together with it."""
    renewed = course_rules().renewed_together
    if concern.condition not in renewed:
        return []
    return [
        other
        for other in case.concern
        if other.place != concern.place and other.condition in renewed and site_holds(other.site, concern.site)
    ]


def options_to_share(case: Case, concern: Concern, options: Sequence[LaserOption]) -> list[LaserOption]:
    """Return the options that come first where another concern of the field is treated with their columns.

    None are where the case has no such concern, and where sessions with other light have begun.

    Parameters
    ----------
    options : the laser options of the concern, in order.
    """
    if not _concerns_of_field(case, concern) or not options:
        return []
    if options[0].option.modality != HEATED_COLUMNS or options[0].standing.helped_in is not None:
        return []
    if count_sessions_with(case, concern, _OPEN) < count_sessions(sessions_on(case, concern)):
        return []
    return [
        offered
        for offered in options
        if offered.option.modality == _OPEN
        and (offered.standing.has_place or not offered.standing.is_out_of_reach)
        and not offered.standing.is_last_resort
        and not offered.option.reaches_nobody
    ]


def find_shared_columns(concerns: Sequence[ConcernPlan], variants: Sequence[Sequence[ConcernPlan]]) -> list[int | None]:
    """Return for each concern which of its variants shares the columns of another one; None where none does.

    The concern decides for which a laser stands higher: what other treatments come before, as for loose skin, is no
    reason to open skin whose lines are treated without that.

    Parameters
    ----------
    concerns : as planned by themselves, with the finished ones marked.
    variants : of each concern, with one of the options of `options_to_share` first in each.
    """
    leading = [
        (concern.first_laser[0].rank, pattern)
        for concern in concerns
        if not concern.is_done and concern.first_laser is not None and not concern.first_laser[0].reaches_nobody
        if (pattern := first_pattern(concern)) is not None and pattern.modality == _OPEN
    ]

    def shared(concern: ConcernPlan, of_concern: Sequence[ConcernPlan]) -> int | None:
        if concern.is_done or concern.first_laser is None:
            return None
        patterns = [pattern for rank, pattern in leading if rank <= concern.first_laser[0].rank]
        for at, variant in enumerate(of_concern):
            own = first_pattern(variant)
            if own is not None and any(_treats_field_of(pattern, own) for pattern in patterns):
                return at
        return None

    return [shared(concern, of_concern) for concern, of_concern in zip(concerns, variants, strict=True)]


def _treats_field_of(pattern: ColumnPattern, other: ColumnPattern) -> bool:
    """Return whether the same columns would treat both, the other one on the whole field of the first or a part."""
    return site_holds(pattern.site, other.site) and replace(pattern, site=other.site).renews_with(other)

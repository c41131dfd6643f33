"""Find concerns of one field that one device treats, since a pattern of its columns renews all of them.

Each concern is planned by itself. Where columns that open the skin lead for one, and columns that leave it closed for
another one of the same field, clinics treat both with the first: the pattern renews the layers above it, and a second
course would be more visits for skin that is already treated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skinbeam.assessment.earlier_sessions import count_sessions, sessions_on
from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.course.shared_pattern import ColumnPattern
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.plan.device_option import LaserOption
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.session_response import count_sessions_with

__all__ = ["concerns_of_field", "find_shared_columns", "options_to_share"]

_OPEN, _CLOSED = "fractional-ablative", "non-ablative-fractional"


def concerns_of_field(case: Case, concern: Concern) -> list[Concern]:
    """Return the concerns whose field holds that of a concern, and which columns renew together with it."""
    renewed = course_rules().renewed_together
    if concern.condition not in renewed:
        return []
    return [
        other
        for other in case.concern
        if other.place != concern.place and other.condition in renewed and _holds(other.site, concern.site)
    ]


def _holds(site: str, part: str) -> bool:
    return site == part or part in fact_tables().site_parts.get(site, ())


def options_to_share(case: Case, concern: Concern, options: Sequence[LaserOption]) -> list[LaserOption]:
    """Return the options that come first where another concern of the field is treated with their columns.

    None are where the case has no such concern, and where sessions with other light have begun.

    Parameters
    ----------
    options : the laser options of the concern, in order.
    """
    if not concerns_of_field(case, concern) or not options:
        return []
    if options[0].option.modality != _CLOSED or options[0].standing.helped_in is not None:
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
    first = [None if concern.is_done else _first_columns(concern) for concern in concerns]
    leading = [
        lead for lead in first if lead is not None and lead.pattern.modality == _OPEN and not lead.reaches_nobody
    ]

    def shared(own: _FirstColumns | None, of_concern: Sequence[ConcernPlan]) -> int | None:
        if own is None:
            return None
        patterns = [lead.pattern for lead in leading if lead.rank <= own.rank]
        for at, variant in enumerate(of_concern):
            columns = _first_columns(variant)
            if columns is not None and any(_treats_field_of(pattern, columns.pattern) for pattern in patterns):
                return at
        return None

    return [shared(own, of_concern) for own, of_concern in zip(first, variants, strict=True)]


def _treats_field_of(pattern: ColumnPattern, other: ColumnPattern) -> bool:
    """Return whether the same columns would treat both, the other one on the whole field of the first or a part."""
    return _holds(pattern.site, other.site) and replace(pattern, site=other.site).renews_with(other)


@dataclass(frozen=True)
class _FirstColumns:
    pattern: ColumnPattern
    rank: int
    reaches_nobody: bool


def _first_columns(concern: ConcernPlan) -> _FirstColumns | None:
    if concern.first_laser is None:
        return None
    option, setup = concern.first_laser
    pattern = ColumnPattern(concern.condition, concern.site, option.modality, setup)
    return _FirstColumns(pattern, option.rank, option.reaches_nobody)

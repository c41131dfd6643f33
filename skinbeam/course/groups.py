"""The concerns of a course in groups that one device treats in the same visits, and how groups follow on one field.

No place is treated twice in one visit, since harm and downtime are computed of one pass. Two settings of one device
that heat vessels or pigment of one skin share it: lines and single spots first, the background outside them; on fair
skin so do vessels and the brown spots of another laser. Two
patterns of columns, two ablations, two backgrounds, or two settings that heat deep skin cannot be kept apart in one
field, so one follows the other. Melasma has visits of its own, since it comes first on its skin. Concerns that wait for
another group are kept apart from those of their device that need not wait, unless their skin is opened: then all fields
heal in the same days.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from skinbeam.assessment.earlier_sessions import (
    is_place_known,
    session_indices,
    sessions_on,
    sessions_on_skin,
    weeks_since,
)
from skinbeam.assessment.questionnaire import darkest_phototype, read_questionnaire, sites_overlap, sites_touch
from skinbeam.assessment.reactions import EarlierReaction, earlier_reactions
from skinbeam.course.concern_group import ConcernGroup, GroupedConcern, running_course_params
from skinbeam.course.first_creams import DARK_MARKS, MELASMA, first_creams
from skinbeam.course.interval import share_intervals
from skinbeam.course.rest import has_undated_session, rest_before
from skinbeam.course.resurfacing import ablates_again, fresh_skin_rule
from skinbeam.course.session_counts import count_given_sessions, sessions_until_enough
from skinbeam.laser.case_devices import find_device
from skinbeam.model.case import Case
from skinbeam.model.conditions import title_with_site
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import HOURS_PER_WEEK
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.suitability.session_response import (
    MARKS_OF_LIGHT,
    is_too_little,
    session_modalities,
    session_response,
)
from skinbeam.text import Message

__all__ = ["group_concerns"]

_DARKEST_FAIR: Final = 3  # in darker skin each light may leave a dark mark, which is read alone
_AFTER_CREAMS: Final = "short-pulse-after-melasma"  # the rule on pulses that whiten a spot near melasma


def group_concerns(concerns: Sequence[ConcernPlan], case: Case | None) -> list[ConcernGroup]:
    """Group the concerns by device and kind of light, in the order in which these follow each other.

    A concern that is done is in no group: another session needs a new decision.
    """
    groups: list[ConcernGroup] = []
    for concern in concerns:
        if concern.first_laser is None or concern.first_laser[0].reaches_nobody or concern.is_done:
            continue
        option, setup = concern.first_laser
        response = None if case is None else session_response(case, concern)
        done = 0 if response is None else response.sessions
        alike = 0 if case is None else count_given_sessions(case, concern, option.modality, setup)
        title = _title_with_site(concern)
        first = tuple(other.title for other in concern.options if other.setup is None and other.rank < option.rank)
        # Which place has improved, and whether it still has.
        is_known = case is not None and is_place_known(case, concern)
        is_known &= response is not None and not response.restarts_count
        has_creams_first = case is not None and not done and first_creams(concern.condition) is not None
        part = GroupedConcern(
            concern.place,
            title,
            concern.condition,
            concern.site,
            option,
            setup,
            sessions_done=done,
            sessions_alike=alike,
            earlier_treatments=first,
            is_judged=response is not None and response.is_last_judged and not response.restarts_count,
            improved_pct=response.improved_pct if response is not None and is_known and alike == done else None,
            other_course=_other_course(case, concern, title) if case is not None and is_known and not alike else None,
            creams_months=_months_of_creams(case, concern) if case is not None and has_creams_first else 0.0,
            most_sessions=sessions_until_enough(case, concern, option.modality),
        )
        group = next((group for group in groups if group.takes(part)), None)
        if group is None:
            groups.append(ConcernGroup([part]))
        else:
            group.parts.append(part)
    groups = _in_order(_join_by_device(groups))
    groups = _split_by_wait(groups, lambda group: _creams_weeks(group, concerns, case))
    for group in groups:
        group.creams_weeks = _creams_weeks(group, concerns, case)
        if case is not None:
            darkest = darkest_phototype(case)
            group.is_fair = darkest is not None and darkest <= _DARKEST_FAIR
            group.is_resurfaced = _is_resurfaced(case, group)
            marked = _conditions_after(case, group, lambda reaction: reaction.is_lasting_mark)
            visible = _conditions_after(case, group, lambda left: left.is_lasting_mark and not left.has_ended)
            group.has_marked = bool(visible.difference(MARKS_OF_LIGHT))
            group.has_darkened = bool(marked.intersection(MARKS_OF_LIGHT))
            reddened = _conditions_after(case, group, lambda left: left.is_long_redness and not left.has_ended)
            group.has_reddened = bool(reddened)
            burnt = _conditions_after(case, group, lambda left: left.is_open_burn)
            group.has_burnt = bool(burnt)
            group.is_on_fresh_skin = _waits_for_fresh_skin(case, group)
            group.rest = rest_before(case, group.sites, group.modalities, group.interval.least)
            group.has_undated = has_undated_session(case, group.sites)
        group.dark_marks = tuple(_title_with_site(concern) for concern in concerns if _is_on_resurfaced(concern, group))
        group.melasma = tuple(_title_with_site(concern) for concern in concerns if _is_melasma_under(concern, group))
        beside = (concern for concern in concerns if _is_melasma_beside(concern, group))
        group.melasma_beside = tuple(_title_with_site(concern) for concern in beside)
    begin: dict[int, list[ConcernGroup]] = {}
    for place, group in enumerate(groups):
        waits = (before for before in groups[:place] if group.follows(before))
        if all(group.shares_visits_with(before) for before in waits):
            begin.setdefault(group.least_week, []).append(group)
    for together in begin.values():
        for group, interval in zip(together, share_intervals(group.interval for group in together), strict=True):
            group.shared_interval = interval
    return groups


def _in_order(groups: Sequence[ConcernGroup]) -> list[ConcernGroup]:
    """Return groups in the order in which they follow each other on one field."""

    def order(group: ConcernGroup) -> tuple[float, bool]:
        closed = [other.order for other in groups if group.opens_before(other)]
        return min([group.order, *closed]), not closed

    return sorted(groups, key=order)


def _join_by_device(groups: Sequence[ConcernGroup]) -> list[ConcernGroup]:
    """Return groups of one modality, of which those that one device treats on the same skin in its visits are one."""
    joined: list[ConcernGroup] = []
    for group in groups:
        first = next((first for first in joined if first.joins(group)), None)
        if first is None:
            joined.append(group)
        else:
            first.parts += group.parts
    # Vessels of one field bring brown spots of another nowhere forward.
    return [each for group in joined for each in _split(group, lambda field: field.order)]


def _split_by_wait(groups: Sequence[ConcernGroup], creams_weeks: Callable[[ConcernGroup], int]) -> list[ConcernGroup]:
    """Return groups in their order, each split where its skin waits differently, for creams or for earlier groups.

    Skin that is opened waits for that of its device which waits longer, unless its sessions have begun.
    """
    split: list[ConcernGroup] = []

    def wait(field: ConcernGroup) -> tuple[int, ...]:
        has_begun = any(part.sessions_alike for part in field.parts)
        earlier = (field.follows(before) for before in split) if has_begun or not field.opens_skin else ()
        return creams_weeks(field), *earlier

    for group in groups:
        together = _split(group, wait)
        for each in together:
            each.heal_together = _list_free(each, split)
        split += together
    return split


def _list_free(group: ConcernGroup, earlier: Sequence[ConcernGroup]) -> tuple[str, ...]:
    """Return the titles of the concerns of a group whose field follows no earlier group."""
    free = [field for field in _separate_fields(group.parts) if not any(map(field.follows, earlier))]
    return tuple(part.title for field in free for part in field.parts)


def _creams_weeks(group: ConcernGroup, concerns: Sequence[ConcernPlan], case: Case | None) -> int:
    """Return the weeks for which creams come before the light of a group: on what it treats, or on what lies there.

    Any light waits for those on melasma of its skin, columns and pulses that whiten for those on melasma beside it, and
    resurfacing for those on dark marks. A concern whose sessions have begun waits for none. Where a session or a test
    spot darkened it, whatever light that was, creams start again, and so they do where a course does.
    """
    left = [0]
    for concern in concerns:
        is_treated = any(part.place == concern.place for part in group.parts)
        creams = first_creams(concern.condition)
        waits_for = (_is_melasma_under, _is_melasma_beside, _is_on_resurfaced)
        if creams is None or not (is_treated or any(waits(concern, group) for waits in waits_for)):
            continue
        if case is None:
            left.append(creams.weeks_left(0.0))
            continue
        ago = _weeks_since_darkening(case, concern)
        has_begun = sessions_on(case, concern) and not session_response(case, concern).restarts_count
        if ago is not None or not has_begun:
            since = math.inf if ago is None else ago
            left.append(creams.weeks_left(_months_of_creams(case, concern), at_most_weeks=since))
    return max(left)


def _weeks_since_darkening(case: Case, concern: ConcernPlan) -> float | None:
    """Return how many weeks ago light last darkened a concern or left a mark in it that nobody saw fade.

    A test spot has no date, but it is at least as old as it was when it was read. 0 where nobody knows when a session
    was; None where no light left one. Dark marks are mostly what other light left, and creams were used on it: where
    nobody knows when that was, no wait would end.
    """
    marks = [left for left in earlier_reactions(case) if left.is_lasting_mark and not left.has_ended]
    here, done = sessions_on_skin(case, {concern.site}), sessions_on(case, concern)
    darkened = [one for left in marks if not left.is_test_spot and (one := case.session[left.index]) in here]
    if concern.condition == DARK_MARKS:
        marks = []
        darkened = [session for session in darkened if session in done or weeks_since(case, session) is not None]
    if done and session_response(case, concern).is_worse:
        darkened.append(done[-1])
    ages = [0.0 if (ago := weeks_since(case, session)) is None else ago for session in darkened]
    for left in marks:
        if left.read_after_h is not None and left.site is not None and sites_overlap(left.site, concern.site):
            ages.append(left.read_after_h / HOURS_PER_WEEK)
    return min(ages, default=None)


def _months_of_creams(case: Case, concern: ConcernPlan) -> float:
    """Return for how many months creams were used on a concern until today; 0 where the case does not say."""
    used = (asked.creams_months for asked in case.concern if asked.place == concern.place)
    return max((months for months in used if months is not None), default=0.0)


def _split(group: ConcernGroup, key: Callable[[ConcernGroup], Hashable]) -> list[ConcernGroup]:
    """Return a group split by the key of its fields."""
    split: dict[Hashable, ConcernGroup] = {}
    for field in _separate_fields(group.parts):
        split.setdefault(key(field), ConcernGroup([])).parts.extend(field.parts)
    return list(split.values())


def _separate_fields(parts: Sequence[GroupedConcern]) -> list[ConcernGroup]:
    """Return concerns in groups that share no skin, in their order."""
    fields: list[ConcernGroup] = []
    for part in parts:
        alone = ConcernGroup([part])
        shared = [field for field in fields if field.overlaps(alone)]
        alone.parts = [*(part for field in shared for part in field.parts), part]
        fields = [*(field for field in fields if field not in shared), alone]
    return fields


def _other_course(case: Case, concern: ConcernPlan, title: str) -> Message | None:
    """Return that a course with another laser of a concern works and is not over, so that it is not begun again.

    One that harmed is not pointed to.
    """
    response = session_response(case, concern)
    improved_pct = response.improved_pct
    devices = [find_device(session.device or "", case) for session in sessions_on(case, concern)]
    if improved_pct is None or is_too_little(improved_pct) or None in devices or response.is_enough:
        return None
    done = set(session_indices(case, concern))
    if any(left.meaning == "harm" and not left.is_test_spot and left.index in done for left in earlier_reactions(case)):
        return None
    for option in concern.options:
        span = option.sessions
        is_it = option.setup is not None and all(device and option.modality in device.modalities for device in devices)
        if is_it and not isinstance(span, Unknown) and response.sessions < span.high:
            params = running_course_params(title, span, response.sessions, improved_pct)
            return Message("course.other-running", params | {"other": option.title})
    return None


def _title_with_site(concern: ConcernPlan) -> str:
    return title_with_site(concern.title, concern.site)


def _is_on_resurfaced(concern: ConcernPlan, group: ConcernGroup) -> bool:
    """Return whether a concern is dark marks on skin that a group resurfaces for another concern."""
    is_resurfacing = group.is_surface and not group.treats_dark_marks
    return concern.condition == DARK_MARKS and is_resurfacing and _is_under(concern, group)


def _is_melasma_under(concern: ConcernPlan, group: ConcernGroup) -> bool:
    """Return whether a concern is melasma on skin that a group treats for another concern."""
    return concern.condition == MELASMA and not group.treats_melasma and _is_under(concern, group)


def _is_melasma_beside(concern: ConcernPlan, group: ConcernGroup) -> bool:
    """Return whether a concern is melasma on skin that touches that of a group, whose light may darken it.

    It seldom ends at the border of a site. Columns heat all skin there; a rule has creams before pulses that whiten.
    """
    whitens = any(reason.rule == _AFTER_CREAMS for part in group.parts for reason in part.option.reasons)
    touches = any(sites_touch(concern.site, part.site) for part in group.parts)
    return concern.condition == MELASMA and touches and not group.treats_melasma and (group.is_surface or whitens)


def _is_resurfaced(case: Case, group: ConcernGroup) -> bool:
    """Return whether an earlier session resurfaced the skin of a group, and either removes a whole field of it."""
    done = sessions_on_skin(case, group.sites)
    used = (modality for session in done for modality in session_modalities(case, session))
    return ablates_again(group.modalities, used)


def _conditions_after(case: Case, group: ConcernGroup, is_meant: Callable[[EarlierReaction], bool]) -> set[str]:
    """Return the conditions of a group whose skin an earlier session or test spot left with such a reaction."""
    found = [reaction for reaction in earlier_reactions(case) if is_meant(reaction)]
    return {part.condition for part in group.parts for left in found if _is_of_part(left, part)}


def _is_of_part(left: EarlierReaction, part: GroupedConcern) -> bool:
    """Return whether a reaction is on the skin of a concern.

    What another session left is mostly the dark mark itself that is treated.
    """
    if left.site is not None and not sites_overlap(left.site, part.site):
        return False
    if left.condition == part.condition or left.is_test_spot:
        return True
    return left.site is not None and part.condition != DARK_MARKS


def _waits_for_fresh_skin(case: Case, group: ConcernGroup) -> bool:
    """Return whether the rule on light after a recent resurfacing applies: a case has no date or site of it."""
    rule = fresh_skin_rule()
    return (
        not set(rule.modalities).isdisjoint(group.modalities)
        and rule.when.holds(read_questionnaire(case).facts) is True
    )


def _is_under(concern: ConcernPlan, group: ConcernGroup) -> bool:
    return any(sites_overlap(concern.site, part.site) for part in group.parts)

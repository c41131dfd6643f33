"""Schedule one course of sessions for several concerns: visits with their week and steps.

Concerns that share a device are treated together, red lines and brown spots of one field also. Else the kinds of light
follow each other on one field: vessels, pigment, resurfacing, each after the one before has healed. Melasma comes
before everything on its skin, and dark marks before any resurfacing of theirs, whatever treats them, because it darkens
them; weeks of creams come before both. Fields of two kinds that do not overlap share their visits. Where they touch and
one is wounded, light comes first in a visit and no light meets a fresh wound.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.course.concern_group import ConcernGroup, GroupedConcern, share_columns
from skinbeam.course.first_creams import DARK_MARKS, MELASMA, first_creams
from skinbeam.course.groups import group_concerns
from skinbeam.course.resurfacing import ablation_rule, fresh_skin_rule, weeks_before_ablation
from skinbeam.model.case import Case
from skinbeam.model.sources import cite_sources
from skinbeam.plan_records.course import SessionGain, Visit
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import Message

__all__ = ["schedule_course"]


def schedule_course(
    concerns: Sequence[ConcernPlan], case: Case | None = None, gains: Sequence[SessionGain] = ()
) -> tuple[Visit, ...]:
    """Return visits with their week, concerns and steps, for the first laser option of each concern.

    A laser that reaches the target of nobody has no visits, unless trials counted people whom it helped, and neither
    has a concern that is done (`mark_done_concerns`). A course reserves the median number of sessions in trials, less
    those that took place with such a laser; where nobody counted them `planned_sessions` gives the number. The interval
    is the source's upper end, never less than the least of the course rules, nor than the days of downtime; a session
    whose week one of these decided says so.
    """
    groups = group_concerns(concerns, case)
    if groups:
        cite_sources(course_rules().source)
    due: dict[int, list[_CourseSession]] = {}
    for place, group in enumerate(groups):
        earlier = _groups_before(group, groups[:place])
        week = _week_after(earlier, group)
        group.rests_longest = group.weeks_left > max(week, group.creams_weeks)
        group.waits_for_creams = group.creams_weeks > max(week, group.weeks_left)
        group.start_week = week = max(week, group.least_week)
        group.waits_for_ablation = any(
            week == before.last_week + weeks_before_ablation() and before.ablates_with(group) for before in earlier
        )
        deciding = [before for before in earlier if before.last_week + before.weeks_before(group) == week]
        group.waits_beside = bool(deciding) and not any(before.overlaps(group) for before in deciding)
        renewing = [part for before in earlier if group.renews_with(before) for part in before.parts]
        group.renewed_before = tuple(part.title for part in renewing if any(map(part.overlaps, group.parts)))
        of_this_kind = [part for before in earlier if before.repeats_kind_of(group) for part in before.parts]
        group.kept_apart_from = tuple(part.title for part in of_this_kind if group.repeats(part))
        for index, session_week in enumerate(group.session_weeks(week)):
            due.setdefault(session_week, []).append(_CourseSession(group, index))
    visits: list[Visit] = []
    for week in sorted(due):
        here = _in_order_of_visit(due[week])
        steps = [*_first_steps(groups, case)] if not visits else [Message("course.review")]
        parts = [part for session in here for part in session.parts]
        has_several = len(_distinct_treatments(parts)) > 1
        steps += [step for session in here for step in session.steps(named=has_several)]
        pairs = list(itertools.combinations(here, 2))
        if pairs and not any(one.group.overlaps(two.group) for one, two in pairs):
            steps.append(Message("course.share"))
        for one, two in pairs:
            if one.group.fires_between(two.group):
                cite_sources(course_rules().between_source)
                steps += _spots_first_messages(one, two)
        beside = any(two.group.shares_visits_beside(one.group) for one, two in pairs)
        if beside:
            cite_sources(course_rules().beside_source)
            steps.append(Message("course.wound-last"))
        after = tuple(
            gain
            for session in here
            for part in session.parts
            for gain in gains
            if gain.treats == part.place and gain.sessions == part.sessions_alike + session.index + 1
        )
        visits.append(Visit(len(visits) + 1, week, tuple(part.place for part in parts), tuple(steps), after))
    return tuple(visits)


def _in_order_of_visit(sessions: "Sequence[_CourseSession]") -> "list[_CourseSession]":
    """Return the sessions of a visit in the order in which they are done: brown spots, then vessels around them."""
    return sorted(sessions, key=lambda one: not any(one.group.fires_between(other.group) for other in sessions))


def _spots_first_messages(spots: "_CourseSession", vessels: "_CourseSession") -> list[Message]:
    """Return that the light for vessels leaves out the brown spots of its skin, which another laser has treated."""
    name = "course.lines-first-again" if spots.index else "course.lines-first"
    found = []
    for part in vessels.parts:
        first = [spot.title for spot in spots.parts if spot.overlaps(part)]
        if first:
            found.append(Message(name, {"first": first, "then": part.title}))
    return found


def _groups_before(group: ConcernGroup, placed: Sequence[ConcernGroup]) -> list[ConcernGroup]:
    """Return the groups that must be over before another begins.

    Columns beside one begin with it if no light meets a fresh wound then, in any week of both, and so do brown spots of
    the skin whose vessels it treats.
    """
    follows = [before for before in placed if group.follows(before)]
    over = [before for before in follows if not group.shares_visits_with(before)]
    while True:
        week = max(_week_after(over, group), group.least_week)
        met = [before for before in follows if before not in over and before.meets_too_soon(group, week)]
        if not met:
            return over
        over += met


def _week_after(earlier: Sequence[ConcernGroup], group: ConcernGroup) -> int:
    """Return the week in which all earlier groups are over and their skin may be treated again; 0 without any."""
    return max((before.last_week + before.weeks_before(group) for before in earlier), default=0)


@dataclass(frozen=True)
class _CourseSession:
    """One session of a group, the first with index 0."""

    group: ConcernGroup
    index: int

    @property
    def parts(self) -> list[GroupedConcern]:
        """The concerns that still take part in this session, with the settings that they are treated with.

        Lines and single spots come before the background, and a part of a field before the rest of it.
        """
        present = share_columns([part for part in self.group.parts if self.index < part.sessions])
        return sorted(present, key=lambda part: part.parts_of_site if part.fills_field else part.is_background)

    def steps(self, *, named: bool) -> list[Message]:
        """Return the reason for this week, whether to continue, and the treatments, `named` by their concerns."""
        found: list[Message] = []
        if self.index == 0 and self.group.melasma:
            found.append(_comes_first_message("melasma-first", MELASMA, self.group.melasma))
        if self.index == 0 and self.group.melasma_beside and self.group.creams_weeks:
            found.append(_comes_first_message("melasma-beside", MELASMA, self.group.melasma_beside))
        if self.index == 0 and self.group.dark_marks:
            found.append(_comes_first_message("dark-marks-first", DARK_MARKS, self.group.dark_marks))
        if self.index == 0 and self.group.creams_weeks:
            found += self._creams_messages
        elif self.index == 0:
            found += self._used_creams_messages
        is_waiting = self.group.start_week and not (self.group.rests_longest or self.group.waits_for_creams)
        if self.index == 0 and is_waiting:
            found.append(self._start_message)
        if self.index == 0 and self.group.renewed_before:
            first, left = list(self.group.renewed_before), [part.title for part in self.parts]
            found.append(Message("course.renewed-before", {"first": first, "concerns": left}))
        is_held_back = self.group.start_week > self.group.least_week
        if self.index == 0 and is_held_back and self.group.heal_together:
            found.append(Message("course.heal-together", {"concerns": list(self.group.heal_together)}))
        if self.index == 0 and self.group.kept_apart_from:
            found.append(Message("course.apart", {"earlier": list(self.group.kept_apart_from)}))
        elif self.index > 0 and self.group.interval.reason is not None:
            found.append(self.group.interval.reason)
        if self.index == 0:
            found += self._since_last_messages
            found += [step for part in self.parts for step in part.first_messages]
        found += self._stop_messages(named=named)
        found += self._shared_skin_messages
        for treatment, titles in _distinct_treatments(self.parts):
            found.append(Message("course.treat-for", {"concerns": titles, **treatment.params}) if named else treatment)
        return found

    def _stop_messages(self, *, named: bool) -> list[Message]:
        """When the courses stop that come to that, `named` by their concerns."""
        rules = course_rules()
        stopping: dict[int, list[str]] = {}
        for part in self.parts:
            if self._reaches_stop_rule(part):
                stopping.setdefault(self._sessions_to_judge(part), []).append(part.title)
        below = {"pct": rules.stop_below_pct}
        if named:
            return [
                Message("course.stop-rule-for", {"concerns": titles, "sessions": sessions, **below})
                for sessions, titles in stopping.items()
            ]
        return [Message("course.stop-rule", {"sessions": sessions, **below}) for sessions in stopping]

    def _reaches_stop_rule(self, part: GroupedConcern) -> bool:
        """Return whether this session follows those after which a course may stop; not where that was judged already.

        A course that improved too little is refused, and has no visits.
        """
        is_answered = self.index == 0 and part.is_judged
        return part.sessions_alike + self.index == self._sessions_to_judge(part) and not is_answered

    def _sessions_to_judge(self, part: GroupedConcern) -> int:
        """Return the sessions after which a course may stop: some more where they follow sooner than they show."""
        rules = course_rules()
        visits_until_shown = math.ceil(rules.least_weeks / max(self.group.interval.weeks, 1))
        return rules.stop_after(part.option.modality) + max(visits_until_shown, 1) - 1

    @property
    def _since_last_messages(self) -> list[Message]:
        """How long the first of its sessions waits after what was done before this plan."""
        found: list[Message] = []
        rest = self.group.rest
        is_undated = rest is None or self.group.has_undated
        if self.group.is_resurfaced and (is_undated or (rest is not None and rest.for_ablation and rest.weeks_left)):
            found.append(Message("course.since-resurfacing", dict(ablation_rule().message.params)))
        if rest is not None and self.group.rests_longest:
            found.append(rest.message)
        if is_undated and not self.group.is_resurfaced and any(part.sessions_done for part in self.group.parts):
            found.append(Message("course.since-last", {"weeks": self.group.interval.least}))
        if self.group.is_on_fresh_skin:
            cite_sources(fresh_skin_rule().source)
            found.append(Message("course.since-fresh-skin", dict(fresh_skin_rule().message.params)))
        if self.group.has_marked:
            found.append(Message("course.after-mark"))
        if self.group.has_darkened:
            found.append(Message("course.after-darkening"))
        if self.group.has_reddened:
            found.append(Message("course.after-redness"))
        if self.group.has_burnt:
            found.append(Message("course.after-burn"))
        return found

    @property
    def _creams_messages(self) -> list[Message]:
        """How long creams come before light on each of its conditions, and when that begins."""
        titles: dict[str, list[str]] = {}
        for part in self.parts:
            titles.setdefault(part.condition, []).append(part.title)
        return [
            Message(
                "course.creams-first",
                {"concerns": concerns, "creams": creams.message, "weeks": self.group.creams_weeks},
            )
            for condition, concerns in titles.items()
            if (creams := first_creams(condition)) is not None
        ]

    @property
    def _used_creams_messages(self) -> list[Message]:
        """For how many months creams have been used on what no longer waits for them."""
        used = ((part.title, part.creams_months) for part in self.parts)
        return [Message("course.creams-used", {"concern": title, "months": months}) for title, months in used if months]

    @property
    def _start_message(self) -> Message:
        """The reason for the week in which its group begins."""
        weeks = self.group.start_week
        if self.group.waits_for_ablation:
            return Message("course.wait-ablation", {"weeks": weeks, **ablation_rule().message.params})
        return Message("course.wait-beside" if self.group.waits_beside else "course.wait", {"weeks": weeks})

    @property
    def _shared_skin_messages(self) -> list[Message]:
        """How concerns on the same skin share this session without a second pulse at any place."""
        found: list[Message] = []
        parts = self.parts
        for place, part in enumerate(parts):
            earlier = [concern for concern in parts[:place] if concern.overlaps(part)]
            same = [concern for concern in earlier if concern.setup.settings == part.setup.settings]
            others = [concern.title for concern in earlier if concern not in same]
            if same:
                found.append(_one_pass_message([*same, part]))
            elif others:
                found.append(Message("course.lines-first", {"first": others, "then": part.title}))
        return found


def _one_pass_message(parts: Sequence[GroupedConcern]) -> Message:
    """Return that one pass treats concerns of the same skin, and of which of them the pattern is, where they differ."""
    titles = [part.title for part in parts]
    deepest = next((part.pattern_of for part in parts if part.pattern_of is not None), None)
    if deepest is None:
        return Message("course.one-pass", {"concerns": titles})
    return Message("course.one-pattern", {"concerns": titles, "deepest": deepest})


def _comes_first_message(name: str, condition: str, titles: Sequence[str]) -> Message:
    """Return that a condition is treated before others of its skin, and how long with creams."""
    creams = first_creams(condition)
    assert creams is not None  # both conditions that come first have them
    return Message(f"course.{name}", {"concerns": list(titles), "creams": creams.message})


def _distinct_treatments(parts: Sequence[GroupedConcern]) -> list[tuple[Message, list[str]]]:
    """Return the treatments of concerns, each once with the titles of those that it is for."""
    found: list[tuple[Message, list[str]]] = []
    for part in parts:
        titles = next((titles for treatment, titles in found if treatment == part.treatment_message), None)
        if titles is None:
            found.append((part.treatment_message, [part.title]))
        else:
            titles.append(part.title)
    return found


def _first_steps(groups: Sequence[ConcernGroup], case: Case | None) -> list[Message]:
    # Of fields that share no skin, one may be resurfaced at the visit of the other.
    is_ordered = any(
        one.is_surface != two.is_surface and one.overlaps(two) for one, two in itertools.combinations(groups, 2)
    )
    found = [Message("course.order")] if is_ordered else []
    found.append(Message("course.sun", {"weeks": course_rules().least_weeks}))
    if case is not None and case.patient is not None and case.patient.medications:
        names = [taken.name for taken in case.patient.medications]
        found.append(Message("course.pause", {"medicines": names}))
    return found

"""A concern in a course, and a group of concerns that one device treats in the same visits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from skinbeam.assessment.questionnaire import FactValue, fact_tables, sites_overlap, sites_touch
from skinbeam.course.downtime import days_until_marks_show
from skinbeam.course.first_creams import DARK_MARKS, MELASMA
from skinbeam.course.interval import Interval, session_interval
from skinbeam.course.rest import Rest
from skinbeam.course.resurfacing import FULL_FIELD_ABLATION, ablates_again, weeks_before_ablation
from skinbeam.course.session_counts import sessions_left
from skinbeam.course.setting_words import describe_settings_after_title
from skinbeam.course.shared_pattern import ColumnPattern, find_deepest
from skinbeam.evidence.settings import evidence_settings
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.units import DAYS_PER_WEEK
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, COLUMN_MODALITIES, SURFACE_MODALITIES
from skinbeam.plan_records.course import DeviceSetup, Duration, SourceRange
from skinbeam.plan_records.plan import Option
from skinbeam.response.goals import is_field_pigment
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.session_response import (
    MARKS_OF_LIGHT,
    is_too_little,
)
from skinbeam.suitability.table import suitability_rule
from skinbeam.text import Message

__all__ = ["ConcernGroup", "GroupedConcern", "running_course_params", "share_columns"]


@dataclass(frozen=True)
class GroupedConcern:
    """A concern in the course: its first laser with settings, sessions done, and earlier steps.

    Parameters
    ----------
    sessions_done, sessions_alike : all before this plan, and those that may have been done with such a laser.
    is_judged : whether somebody has judged what the last of them improved.
    improved_pct : improvement by sessions that may all have been done with such a laser; None where not judged.
    other_course : a course with another of its lasers that works and is not over; None without one.
    creams_months : for which creams have been used on what waits for them; 0 where none have.
    most_sessions : that it may still get in a lifetime; None without such a bound.
    pattern_of : title of the concern whose columns treat it, too, in place of its own; None where its own do.
    """

    place: str
    title: str
    condition: str
    site: str
    option: Option
    setup: DeviceSetup
    sessions_done: int
    sessions_alike: int
    earlier_treatments: tuple[str, ...]
    is_judged: bool = False
    improved_pct: float | None = None
    other_course: Message | None = None
    creams_months: float = 0.0
    most_sessions: int | None = None
    pattern_of: str | None = None

    @property
    def sessions(self) -> int:
        """The number of further sessions; those with a laser of another kind are none of those that this one needs."""
        return sessions_left(self.option.sessions, self.option.modality, self.sessions_alike, self.most_sessions)

    @property
    def is_background(self) -> bool:
        """Whether it treats a whole field, and no lines or single spots in it."""
        return self.condition in course_rules().background

    @property
    def parts_of_site(self) -> int:
        """The number of other sites that its site holds."""
        return len(fact_tables().site_parts.get(self.site, ()))

    @property
    def fills_field(self) -> bool:
        """Whether its pulses cover a field in a pattern or remove it, so that no second setting fits beside them."""
        return self.setup.settings.microbeam is not None or self.option.modality in ABLATIVE_MODALITIES

    @property
    def is_gentle(self) -> bool:
        """Whether it fades the pigment of a field with pulses that whiten nothing and leave no crust."""
        return is_field_pigment(self.option.modality, self.condition)

    @property
    def heats_deep(self) -> bool:
        """Whether its pulses heat deep skin, where the heat of two passes adds up."""
        rule = suitability_rule("deep-heat-apart")
        facts: dict[str, FactValue] = {"pulse": "long", "wavelength_nm": self.setup.wavelength_nm}
        return self.option.modality in rule.modalities and rule.when.holds(facts) is True

    def overlaps(self, other: "GroupedConcern") -> bool:
        """Return whether the fields of two concerns share skin."""
        return sites_overlap(self.site, other.site)

    def excludes(self, other: "GroupedConcern") -> bool:
        """Return whether it cannot be treated in one visit with another, since one place would get two passes.

        Columns or removal on a part of a field leave the rest of the field to the other setting.
        """
        if not self.overlaps(other) or self.setup.settings == other.setup.settings:
            return False
        if self.pattern.renews_with(other.pattern):
            return False
        if self.fills_field:
            return self.site == other.site
        return (self.heats_deep and other.heats_deep) or (self.is_background and other.is_background)

    @property
    def pattern(self) -> ColumnPattern:
        """The setting that its laser is planned with."""
        return ColumnPattern(self.condition, self.site, self.option.modality, self.setup)

    @property
    def treatment_message(self) -> Message:
        """The treatment at each visit."""
        words = describe_settings_after_title(self.setup)
        return Message("course.treat", {"device": self.setup.device_title, "settings": words})

    @property
    def first_messages(self) -> list[Message]:
        """The steps before its first laser visit, and the expected number of sessions."""
        found = [] if self.other_course is None else [self.other_course]
        if self.earlier_treatments:
            params = {"concern": self.title, "first": list(self.earlier_treatments)}
            found.append(Message("course.after", params))
        return [*found, self.sessions_message]

    @property
    def sessions_message(self) -> Message:
        """The expected number of sessions, with its source where that is known."""
        span = self.option.sessions
        if isinstance(span, Unknown):
            once = self.option.modality == FULL_FIELD_ABLATION
            return Message(
                "course.sessions-unknown-once" if once else "course.sessions-unknown", {"concern": self.title}
            )
        if self.sessions_alike >= span.high:
            params = {"concern": self.title, "done": self.sessions_alike, "most": span.high}
            return Message("course.sessions-exceeded", params)
        if self.improved_pct is not None and not is_too_little(self.improved_pct):
            params = running_course_params(self.title, span, self.sessions_alike, self.improved_pct)
            return Message("course.sessions-running", params)
        if self.sessions_alike:
            usual = _usual_sessions(span)
            params = {"concern": self.title, "usual": usual, "done": self.sessions_alike, "left": self.sessions}
            return Message("course.sessions-begun", params)
        if span.low == span.high:
            return Message("course.sessions-alike", {"concern": self.title, "count": span.high})
        params = {"concern": self.title, "low": span.low, "high": span.high, "planned": self.sessions}
        return Message("course.sessions", params)


@dataclass
class ConcernGroup:
    """Concerns that one device treats in the same visits.

    Parameters
    ----------
    start_week : in which their sessions begin.
    waits_for_ablation : whether the rule on skin that was resurfaced decided it.
    waits_beside : whether a field beside its own decided it.
    rests_longest : whether an earlier session decided it.
    creams_weeks : weeks from today for which creams come before its light.
    waits_for_creams : whether they decided it.
    kept_apart_from : concerns that the same device treats in the same way on this skin in earlier visits.
    heal_together : titles of the concerns that would not wait by themselves: where the group does, all its fields heal
        together.
    renewed_before : titles of the concerns whose columns renew its field in earlier visits.
    dark_marks : titles of the dark marks on skin that it resurfaces.
    melasma : titles of the melasma on skin that it treats for another concern.
    melasma_beside : titles of the melasma on skin that touches its own, whose creams it waits for.
    is_resurfaced : whether an earlier session resurfaced its skin, and either that or this removes a whole field.
    has_marked : whether an earlier session or test spot left a mark on its skin that nobody saw fade.
    has_darkened : whether one left it in melasma or dark marks, which are treated.
    has_reddened : whether one left redness that stayed too long, and that nobody saw fade.
    has_burnt : whether one burnt it, and nobody saw it heal.
    is_fair : whether its skin is of phototype I to III, on which two kinds of light may be read in one visit.
    is_on_fresh_skin : whether the person was resurfaced in recent months and its light waits until redness has gone.
    rest : of its skin after the session that decides when it may begin; None where the time of none is known.
    has_undated : whether nobody knows how long ago an earlier session on its skin was.
    shared_interval : in the visits of the courses that begin with it; None where it waits for another group.
    """

    parts: list[GroupedConcern]
    start_week: int = 0
    waits_for_ablation: bool = False
    waits_beside: bool = False
    rests_longest: bool = False
    creams_weeks: int = 0
    waits_for_creams: bool = False
    kept_apart_from: tuple[str, ...] = ()
    heal_together: tuple[str, ...] = ()
    renewed_before: tuple[str, ...] = ()
    dark_marks: tuple[str, ...] = ()
    melasma: tuple[str, ...] = ()
    melasma_beside: tuple[str, ...] = ()
    is_resurfaced: bool = False
    has_marked: bool = False
    has_darkened: bool = False
    has_reddened: bool = False
    has_burnt: bool = False
    is_fair: bool = False
    is_on_fresh_skin: bool = False
    rest: Rest | None = None
    has_undated: bool = False
    shared_interval: Interval | None = None

    @property
    def sites(self) -> set[str]:
        """The sites of all its concerns."""
        return {part.site for part in self.parts}

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities of its concerns, in the order of a course: one, or several that leave skin closed."""
        used = {part.option.modality for part in self.parts}
        return tuple(modality for modality in course_rules().order if modality in used)

    @property
    def is_surface(self) -> bool:
        """Whether it renews the surface of a field."""
        return not set(SURFACE_MODALITIES).isdisjoint(self.modalities)

    @property
    def opens_skin(self) -> bool:
        """Whether it removes skin, of a whole field or in columns."""
        return not set(ABLATIVE_MODALITIES).isdisjoint(self.modalities)

    @property
    def device(self) -> str:
        """The device of all its concerns."""
        return self.parts[0].setup.device

    def repeats(self, earlier: GroupedConcern) -> bool:
        """Return whether its laser treats skin of an earlier concern again, with another setting."""
        return any(part.overlaps(earlier) and part.setup.settings != earlier.setup.settings for part in self.parts)

    def takes(self, part: GroupedConcern) -> bool:
        """Return whether a concern of its device and modality can be treated in its visits."""
        if self.device != part.setup.device or self.modalities != (part.option.modality,):
            return False
        if (part.condition == MELASMA) != self.treats_melasma:
            return self._fades_with(part)  # melasma comes first on its skin, and brings nothing forward elsewhere
        if self.is_surface and (part.condition == DARK_MARKS) != self.treats_dark_marks:
            return False  # dark marks come before resurfacing
        return not any(concern.excludes(part) for concern in self.parts)

    def _fades_with(self, part: GroupedConcern) -> bool:
        """Return whether the passes for melasma and dark marks of one skin are the same, so that one treats both."""
        parts = [*self.parts, part]
        is_marks = all(concern.condition in MARKS_OF_LIGHT and concern.is_gentle for concern in parts)
        alike = all(concern.setup.settings == part.setup.settings for concern in self.parts)
        return is_marks and alike and all(concern.overlaps(part) for concern in self.parts)

    def joins(self, other: "ConcernGroup") -> bool:
        """Return whether its device treats another group in the same visits: light for vessels, and for brown spots."""
        parts = [*self.parts, *other.parts]
        used = {*self.modalities, *other.modalities}
        if self.device != other.device or not used <= set(course_rules().one_visit):
            return False
        if any(part.condition in MARKS_OF_LIGHT for part in parts):
            return False  # they come first, and are read alone
        return not any(part.excludes(two) for part in self.parts for two in other.parts)

    @property
    def order(self) -> float:
        """Its place among the kinds of light on one field: melasma first, dark marks before all resurfacing."""
        order = course_rules().order
        if self.treats_melasma:
            return -1.0
        place = order.index(self.modalities[0])
        return min(place, min(map(order.index, SURFACE_MODALITIES)) - 0.5) if self.treats_dark_marks else place

    def renews_with(self, other: "ConcernGroup") -> bool:
        """Return whether the columns of both renew the same field, each for concerns of its own."""
        columns = {*self.modalities, *other.modalities}
        renewed = set(course_rules().renewed_together)
        return columns <= set(COLUMN_MODALITIES) and any(
            part.overlaps(two) and {part.condition, two.condition} <= renewed
            for part in self.parts
            for two in other.parts
        )

    def opens_before(self, closed: "ConcernGroup") -> bool:
        """Return whether its columns, which open the skin, come before those that renew the same field closed.

        They renew more, and are first where the plan ranks them no lower; what is left is decided on after them.
        """
        is_pair = self.opens_skin and not closed.opens_skin
        return is_pair and self.renews_with(closed) and self.best_rank <= closed.best_rank

    @property
    def best_rank(self) -> int:
        """The rank of its laser for the concern for which it stands highest."""
        return min(part.option.rank for part in self.parts)

    @property
    def treats_dark_marks(self) -> bool:
        """Whether dark marks are among its concerns."""
        return any(part.condition == DARK_MARKS for part in self.parts)

    @property
    def treats_melasma(self) -> bool:
        """Whether melasma is among its concerns."""
        return any(part.condition == MELASMA for part in self.parts)

    @property
    def count(self) -> int:
        """The number of sessions, by the concern that needs the most."""
        return max(part.sessions for part in self.parts)

    def session_weeks(self, first_week: int) -> list[int]:
        """Return the weeks of its sessions, if the first is in a week."""
        return [first_week + index * self.interval_weeks for index in range(self.count)]

    @property
    def last_week(self) -> int:
        """The week of its last session."""
        return self.start_week + (self.count - 1) * self.interval_weeks

    @property
    def interval(self) -> Interval:
        """Between two sessions, in the visits of another course where it shares them."""
        return self.shared_interval or self._own_interval

    @cached_property
    def _own_interval(self) -> Interval:
        """Between two sessions, whatever else is treated.

        Dark marks that the pass for melasma fades have no pass of their own.
        """
        parts = [part for part in self.parts if part.condition == MELASMA] or self.parts
        options = [part.option for part in parts]
        return session_interval(options, is_gentle=all(part.is_gentle for part in self.parts))

    @property
    def interval_weeks(self) -> int:
        """Weeks between two sessions."""
        return self.interval.weeks

    @property
    def healing_weeks(self) -> int:
        """Weeks until another light may treat the same field: no change is seen, and late marks were looked for."""
        shown = (part.option.shows_days for part in self.parts)
        gone = (days.high for days in shown if isinstance(days, Duration))
        looked = (days_until_marks_show(part.option.modality, part.condition) for part in self.parts)
        return _weeks_of(max(*gone, *looked, 0.0))

    def weeks_before(self, other: "ConcernGroup") -> int:
        """Return the weeks from its last session to the first of another group on the same or the next field."""
        weeks = [self.healing_weeks]
        if self.overlaps(other) and self.repeats_kind_of(other):
            weeks.append(self.interval_weeks)
        if self.ablates_with(other):
            weeks.append(weeks_before_ablation())
        return max(weeks)

    def ablates_with(self, other: "ConcernGroup") -> bool:
        """Return whether both resurface the same skin, and one of them removes that of a whole field."""
        return ablates_again(other.modalities, self.modalities) and self.overlaps(other)

    def repeats_kind_of(self, other: "ConcernGroup") -> bool:
        """Return whether one device treats both, and in the same way."""
        return self.device == other.device and not set(self.modalities).isdisjoint(other.modalities)

    def overlaps(self, other: "ConcernGroup") -> bool:
        """Return whether the fields of two groups share skin."""
        return any(part.overlaps(two) for part in self.parts for two in other.parts)

    @property
    def weeks_left(self) -> int:
        """Weeks from today that its skin still rests after earlier sessions."""
        return 0 if self.rest is None else self.rest.weeks_left

    @property
    def least_week(self) -> int:
        """The week in which it may begin at the earliest, whatever else is treated: its skin rests, or has creams."""
        return max(self.weeks_left, self.creams_weeks)

    def follows(self, earlier: "ConcernGroup") -> bool:
        """Return whether it may have to wait for an earlier group: on shared skin, and beside it where one wounds."""
        return self.overlaps(earlier) or self.is_beside_wound(earlier)

    def is_beside_wound(self, earlier: "ConcernGroup") -> bool:
        """Return whether its field touches that of an earlier group, and one of them wounds its skin."""
        touch = any(sites_touch(part.site, two.site) for part in self.parts for two in earlier.parts)
        return touch and (self.opens_skin or earlier.opens_skin) and not self.overlaps(earlier)

    def shares_visits_beside(self, earlier: "ConcernGroup") -> bool:
        """Return whether columns beside an earlier group need not wait for the end of its course.

        In one visit the light comes first, and skin is wounded last. Skin that is removed as a whole, a lamp, whose
        window may reach into the wound, and whatever follows columns stay apart.
        """
        has_lamp = any(part.setup.lamp for group in (self, earlier) for part in group.parts)
        opens_last = not earlier.opens_skin and FULL_FIELD_ABLATION not in self.modalities
        return self.is_beside_wound(earlier) and opens_last and not has_lamp

    def fires_between(self, earlier: "ConcernGroup") -> bool:
        """Return whether it treats single brown spots of fair skin whose vessels another laser treats.

        Clinics do both in one visit, spots first and the light for vessels around them. A lamp cannot leave out a spot.
        """
        parts = [*self.parts, *earlier.parts]
        return (
            self.is_fair
            and self.modalities == ("pigment-short-pulse",)
            and earlier.modalities == ("vascular",)
            and all(part.condition in evidence_settings().single_lesions for part in self.parts)
            and not any(part.setup.lamp or part.setup.settings.microbeam for part in parts)
            and self.overlaps(earlier)
        )

    def shares_visits_with(self, earlier: "ConcernGroup") -> bool:
        """Return whether it need not wait for the end of an earlier course on its skin, or beside it."""
        return self.shares_visits_beside(earlier) or self.fires_between(earlier)

    def meets_too_soon(self, later: "ConcernGroup", week: int) -> bool:
        """Return whether a session of one would meet skin that has not healed from the other, if that begins in a week.

        In one visit they are no second treatment of a place.
        """
        if not later.fires_between(self):
            return self.lights_fresh_wound_of(later, week)
        healed = max(self.healing_weeks, later.healing_weeks)
        own_weeks, later_weeks = self.session_weeks(self.start_week), later.session_weeks(week)
        return any(0 < abs(one - two) < healed for one in own_weeks for two in later_weeks)

    def lights_fresh_wound_of(self, later: "ConcernGroup", week: int) -> bool:
        """Return whether one of its sessions follows one of a later group too soon, if that begins in a week.

        Skin beside columns is treated again when a field itself would be, and not before their wound has healed.
        """
        closed = later.wound_weeks
        light_weeks, wound_weeks = self.session_weeks(self.start_week), later.session_weeks(week)
        return any(0 < light - wound < closed for light in light_weeks for wound in wound_weeks)

    @property
    def wound_weeks(self) -> int:
        """Weeks until light may come beside the skin that it treats."""
        days = (part.option.downtime_days for part in self.parts)
        longest = max((span.high for span in days if isinstance(span, Estimate)), default=0.0)
        return _weeks_of(longest)


def share_columns(parts: Sequence[GroupedConcern]) -> list[GroupedConcern]:
    """Return the concerns of a visit, of which those that one pattern of columns renews have the deepest of theirs."""
    shared: list[GroupedConcern] = []
    patterns = [part.pattern for part in parts]
    for place, part in enumerate(parts):
        deepest = find_deepest(place, patterns)
        if deepest != place:
            part = replace(part, setup=parts[deepest].setup, pattern_of=parts[deepest].title)
        shared.append(part)
    return shared


def _weeks_of(days: float) -> int:
    """Return so many days in whole weeks, or the least between two treatments of one field."""
    return max(course_rules().least_weeks, math.ceil(days / DAYS_PER_WEEK))


def running_course_params(title: str, span: SourceRange, number: int, improved_pct: float) -> dict[str, object]:
    """Return the parameters of a message on the next session of a course."""
    return {"concern": title, "improved": improved_pct, "next": number + 1, "usual": _usual_sessions(span)}


def _usual_sessions(span: SourceRange) -> float | Message:
    return span.low if span.low == span.high else Message("course.usual", {"low": span.low, "high": span.high})

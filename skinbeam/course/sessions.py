"""Schedule one course of sessions for several concerns, with its calendar, settings in words, and totals.

Concerns that share a device are treated together. On one field the kinds of light follow each other: vessels, pigment,
resurfacing, each after the one before has healed. Dark marks come before any resurfacing of their skin, whatever treats
them, because it darkens them. Where the fields of two kinds do not touch, they share their visits.

No place is treated twice in one visit, since harm and downtime are computed of one pass. Two settings that heat vessels
or pigment of one skin share it: lines and single spots first, the background outside them. Two patterns of columns, two
ablations, or two settings that heat deep skin cannot be kept apart in one field, so one follows the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import median, quantiles
from typing import Final

from skinbeam.assessment.questionnaire import FactValue, sites_overlap
from skinbeam.course import aftercare
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.laser.beam import coverage_pct
from skinbeam.laser.device import describe_light, describe_pulse, describe_window
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import SURFACE_MODALITIES
from skinbeam.plan_records.course import (
    CourseTotal,
    DeviceSetting,
    DeviceSetup,
    Duration,
    SessionGain,
    SourceRange,
    Visit,
)
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.response.goals import is_field_pigment
from skinbeam.suitability.history import session_response
from skinbeam.suitability.table import Rule, load_rules
from skinbeam.text import Formatter, Message, render_message

__all__ = [
    "CourseRules",
    "course_total",
    "describe_settings",
    "describe_train",
    "expected_sessions",
    "planned_sessions",
    "schedule_course",
]

# Number of sessions.


def expected_sessions(modality: str, condition: str, site: str) -> SourceRange | Unknown:
    """Return the expected number of sessions as a range: of at least two trials, else of a rule, else of one trial.

    A trial reports how many sessions its people had, and many stop after one to measure it. So a plan gives the middle
    half of the trials, and prepares for their median, which is never the least of the range. The range is never a
    promise.
    """
    counts = _trial_session_counts(modality, condition)
    by_rule = aftercare.session_range(modality, condition, site=site)
    if not counts or (len(counts) == 1 and not isinstance(by_rule, Unknown)):
        return (
            by_rule
            if isinstance(by_rule, Unknown)
            else SourceRange(by_rule.low, by_rule.high, by_rule.unit, by_rule.source, by_rule.message)
        )
    cite_sources(*counts)
    means = list(counts.values())
    low, _, high = quantiles(means, n=4, method="inclusive") if len(means) > 1 else (means[0],) * 3
    usual = float(math.ceil(median(means)))
    low, high = float(math.floor(low)), float(math.ceil(high))
    least, most = float(math.floor(min(means))), float(math.ceil(max(means)))
    counted = Message("course.sessions-counted-alike", {"trials": len(means), "each": means[0]})
    if min(means) < max(means):
        params = {"trials": len(means), "least": least, "most": most, "usual": usual}
        counted = Message("course.sessions-counted", params)
        if (least, most) != (low, high) and low < high:
            counted = Message("course.sessions-counted-half", params | {"low": low, "high": high})
    return SourceRange(low, high, "sessions", None, counted, usual)


def planned_sessions(span: SourceRange | Unknown, modality: str) -> int:
    """Return the number of sessions that a course reserves.

    Two where nobody counted, so that the first is judged; one of them where skin of a whole field is removed.
    """
    if isinstance(span, Unknown):
        return 1 if modality == _FULL_FIELD_ABLATION else _course_rules().unknown_sessions
    usual = math.ceil((span.low + span.high) / 2.0 if span.usual is None else span.usual)
    return max(usual, int(span.low) + 1) if span.high > span.low else max(usual, 1)


def _trial_session_counts(modality: str, condition: str) -> dict[str, float]:
    """Return the number of sessions of each study, averaged over its arms."""
    found: dict[str, list[float]] = {}
    for arm in trial_arms():
        if (arm.condition, arm.modality) == (condition, modality) and arm.sessions is not None:
            found.setdefault(arm.study, []).append(sum(arm.sessions) / 2.0)
    return {study: sum(each) / len(each) for study, each in found.items()}


_DAYS_PER_WEEK = 7.0


@dataclass(frozen=True)
class CourseRules:
    """Order and spacing of treatments in a course, and when it stops.

    Parameters
    ----------
    order : modalities, those first that are done first.
    background : conditions of a whole field, which lines and single spots of the same field come before.
    least_weeks, least_weeks_between_craters : between two sessions; between two that remove columns of skin, where no
        source gives an interval.
    unknown_sessions : planned where nobody counted sessions.
    stop_after_sessions, stop_below_pct : a course that has improved less by then is not repeated of itself.
    """

    order: tuple[str, ...]
    background: tuple[str, ...]
    least_weeks: int
    least_weeks_between_craters: int
    unknown_sessions: int
    stop_after_sessions: int
    stop_below_pct: float
    source: str


@cache
def _course_rules() -> CourseRules:
    table = load_package_table("data/limits.toml")["course"]
    return CourseRules(**{**table, "order": tuple(table["order"]), "background": tuple(table["background"])})


_FULL_FIELD_ABLATION: Final = "ablative"
_FRACTIONAL_ABLATION: Final = "fractional-ablative"
_DARK_MARKS: Final = "post-inflammatory-hyperpigmentation"
_RESURFACING: Final = (_FULL_FIELD_ABLATION, _FRACTIONAL_ABLATION)
_WEEKS_PER_MONTH: Final = 365.25 / 12 / 7


def _suitability_rule(id: str) -> Rule:
    (rule,) = (one for one in load_rules("suitability") if one.id == id)
    return rule


def _ablation_rule() -> Rule:
    """Return the rule on how long skin that was resurfaced waits before it is ablated again."""
    rule = _suitability_rule("recent-resurfacing")
    cite_sources(rule.source)
    return rule


def _weeks_before_ablation() -> int:
    """Return the weeks that resurfaced skin waits before it is ablated again: the least that the rule asks for."""
    months: float = _ablation_rule().message.params["low_months"]
    return math.ceil(months * _WEEKS_PER_MONTH)


def schedule_course(
    concerns: Sequence[ConcernPlan], case: Case | None = None, gains: Sequence[SessionGain] = ()
) -> tuple[Visit, ...]:
    """Return visits with their week, concerns and steps, for the first laser option of each concern.

    A laser that reaches the target of nobody has no visits, unless trials counted people whom it helped. A course
    reserves the median number of sessions in trials, less those that took place; where nobody counted them
    `planned_sessions` gives the number. The interval is the source's upper end, never less than the least of the course
    rules, nor than the days of downtime; a session whose week one of these decided says so.
    """
    groups = _group_concerns(concerns, case)
    if groups:
        cite_sources(_course_rules().source)
    due: dict[int, list[_CourseSession]] = {}
    for place, group in enumerate(groups):
        earlier = [before for before in groups[:place] if before.overlaps(group)]
        week = max((before.last_week + before.weeks_before(group) for before in earlier), default=0)
        group.start_week = week
        group.waits_for_ablation = any(
            week == before.last_week + _weeks_before_ablation() and before.ablates_with(group) for before in earlier
        )
        of_this_kind = [part for before in earlier if before.kind == group.kind for part in before.parts]
        group.kept_apart_from = tuple(part.title for part in of_this_kind if group.repeats(part))
        for index in range(group.count):
            due.setdefault(week + index * group.interval_weeks, []).append(_CourseSession(group, index))
    visits: list[Visit] = []
    for week in sorted(due):
        here = due[week]
        steps = [*_first_steps(groups, case)] if not visits else [Message("course.review")]
        steps += [step for session in here for step in session.steps]
        if len(here) > 1:
            steps.append(Message("course.share"))
        parts = [part for session in here for part in session.parts]
        after = tuple(
            gain
            for session in here
            for part in session.parts
            for gain in gains
            if gain.treats == part.place and gain.sessions == part.sessions_done + session.index + 1
        )
        visits.append(Visit(len(visits) + 1, week, tuple(part.place for part in parts), tuple(steps), after))
    return tuple(visits)


@dataclass(frozen=True)
class _CoursePart:
    """A concern in the course: its first laser with settings, sessions done, and earlier steps."""

    place: str
    title: str
    condition: str
    site: str
    option: Option
    setup: DeviceSetup
    sessions_done: int
    earlier_treatments: tuple[str, ...]

    @property
    def sessions(self) -> int:
        """The number of further sessions to reserve; at least one, which is judged like any other."""
        return max(planned_sessions(self.option.sessions, self.option.modality) - self.sessions_done, 1)

    @property
    def is_background(self) -> bool:
        """Whether it treats a whole field, and no lines or single spots in it."""
        return self.condition in _course_rules().background

    @property
    def fills_field(self) -> bool:
        """Whether its pulses cover a field in a pattern or remove it, so that no second setting fits beside them."""
        return self.setup.settings.microbeam is not None or self.option.modality in _RESURFACING

    @property
    def is_gentle(self) -> bool:
        """Whether it fades the pigment of a field with pulses that whiten nothing and leave no crust."""
        return is_field_pigment(self.option.modality, self.condition)

    @property
    def heats_deep(self) -> bool:
        """Whether its pulses heat deep skin, where the heat of two passes adds up."""
        rule = _suitability_rule("deep-heat-apart")
        facts: dict[str, FactValue] = {"pulse": "long", "wavelength_nm": self.setup.wavelength_nm}
        return self.option.modality in rule.modalities and rule.when.holds(facts) is True

    def overlaps(self, other: "_CoursePart") -> bool:
        """Return whether the fields of two concerns meet."""
        return sites_overlap(self.site, other.site)

    @property
    def treatment_message(self) -> Message:
        """The treatment at each visit."""
        words = describe_settings(self.setup.settings, lamp=self.setup.lamp)
        return Message("course.treat", {"device": self.setup.device_title, "settings": words})

    @property
    def first_messages(self) -> list[Message]:
        """The steps before its first laser visit, and the expected number of sessions."""
        if not self.earlier_treatments:
            return [self.sessions_message]
        return [
            Message("course.after", {"concern": self.title, "first": list(self.earlier_treatments)}),
            self.sessions_message,
        ]

    @property
    def sessions_message(self) -> Message:
        """The expected number of sessions, with its source where that is known."""
        span = self.option.sessions
        if isinstance(span, Unknown):
            once = self.option.modality == _FULL_FIELD_ABLATION
            return Message(
                "course.sessions-unknown-once" if once else "course.sessions-unknown", {"concern": self.title}
            )
        if span.low == span.high:
            return Message("course.sessions-alike", {"concern": self.title, "count": span.high})
        params = {
            "concern": self.title,
            "low": span.low,
            "high": span.high,
            "planned": self.sessions_done + self.sessions,
        }
        return Message("course.sessions", params)


@dataclass
class _CourseGroup:
    """Concerns that one device treats in one way.

    Parameters
    ----------
    start_week : in which their sessions begin.
    waits_for_ablation : whether the rule on skin that was resurfaced decided it.
    kept_apart_from : concerns that the same device treats in the same way on this skin in earlier visits.
    dark_marks : titles of the dark marks on skin that it resurfaces.
    """

    parts: list[_CoursePart]
    start_week: int = 0
    waits_for_ablation: bool = False
    kept_apart_from: tuple[str, ...] = ()
    dark_marks: tuple[str, ...] = ()

    @property
    def modality(self) -> str:
        """The modality of all its concerns."""
        return self.parts[0].option.modality

    @property
    def kind(self) -> tuple[str, str]:
        """Its modality and device."""
        return self.modality, self.parts[0].setup.device

    def repeats(self, earlier: _CoursePart) -> bool:
        """Return whether its laser treats skin of an earlier concern again, with another setting."""
        return any(one.overlaps(earlier) and one.setup.settings != earlier.setup.settings for one in self.parts)

    def takes(self, part: _CoursePart) -> bool:
        """Return whether a concern can be treated in its visits without a second pass of the same skin."""
        if self.kind != (part.option.modality, part.setup.device):
            return False
        if self.modality in SURFACE_MODALITIES and (part.condition == _DARK_MARKS) != self.treats_dark_marks:
            return False  # dark marks come before resurfacing
        return not any(
            (one.fills_field or (one.heats_deep and part.heats_deep) or (one.is_background and part.is_background))
            and one.overlaps(part)
            and one.setup.settings != part.setup.settings
            for one in self.parts
        )

    @property
    def order(self) -> float:
        """Its place among the kinds of light on one field; of dark marks at the latest before all resurfacing."""
        order = _course_rules().order
        if not self.treats_dark_marks:
            return order.index(self.modality)
        return min(order.index(self.modality), min(map(order.index, SURFACE_MODALITIES)) - 0.5)

    @property
    def treats_dark_marks(self) -> bool:
        """Whether dark marks are among its concerns."""
        return any(part.condition == _DARK_MARKS for part in self.parts)

    @property
    def count(self) -> int:
        """The number of sessions, by the concern that needs the most."""
        return max(part.sessions for part in self.parts)

    @property
    def last_week(self) -> int:
        """The week of its last session."""
        return self.start_week + (self.count - 1) * self.interval_weeks

    @cached_property
    def interval(self) -> tuple[int, Message | None]:
        """Weeks between two sessions, and where no source decided them, the reason."""
        known = [
            int(p.option.interval_weeks.high) for p in self.parts if not isinstance(p.option.interval_weeks, Unknown)
        ]
        least = self._least_weeks(has_source=bool(known))
        healed = max(math.ceil(_downtime_days(part.option) / _DAYS_PER_WEEK) for part in self.parts)
        rest = _weeks_before_ablation() if self.modality == _FULL_FIELD_ABLATION and not known else 0
        if rest > max(healed, least):
            return rest, Message("course.ablated-again", {"weeks": rest, **_ablation_rule().message.params})
        if healed > max([*known, least]):
            return healed, Message("course.healing", {"weeks": healed})
        if not known:
            return least, Message("course.least-unknown", {"weeks": least})
        if max(known) < least:
            return least, Message("course.least", {"weeks": least, "source_weeks": max(known)})
        return max(known), None

    def _least_weeks(self, *, has_source: bool) -> int:
        """Return the least weeks between two sessions, whatever healing takes."""
        if has_source and all(part.is_gentle for part in self.parts):
            return 1  # nothing has to heal: the source decides
        if not has_source and self.modality == _FRACTIONAL_ABLATION:
            return _course_rules().least_weeks_between_craters
        return _course_rules().least_weeks

    @property
    def interval_weeks(self) -> int:
        """Weeks between two sessions."""
        return self.interval[0]

    @property
    def healing_weeks(self) -> int:
        """Weeks until another light may treat the same field: every visible change has gone."""
        shown = (part.option.shows_days for part in self.parts)
        days = max((one.high for one in shown if isinstance(one, Duration)), default=0.0)
        return max(_course_rules().least_weeks, math.ceil(days / _DAYS_PER_WEEK))

    def weeks_before(self, other: "_CourseGroup") -> int:
        """Return the weeks from its last session to the first of another group on the same field."""
        weeks = [self.healing_weeks]
        if self.kind == other.kind:
            weeks.append(self.interval_weeks)
        if self.ablates_with(other):
            weeks.append(_weeks_before_ablation())
        return max(weeks)

    def ablates_with(self, other: "_CourseGroup") -> bool:
        """Return whether both resurface skin, and one of them removes that of a whole field."""
        both = {self.modality, other.modality}
        return both <= set(_RESURFACING) and _FULL_FIELD_ABLATION in both

    def overlaps(self, other: "_CourseGroup") -> bool:
        """Return whether the fields of two groups meet."""
        return any(one.overlaps(two) for one in self.parts for two in other.parts)


@dataclass(frozen=True)
class _CourseSession:
    """One session of a group, the first with index 0."""

    group: _CourseGroup
    index: int

    @property
    def parts(self) -> list[_CoursePart]:
        """The concerns that still take part in this session, lines and single spots before the background."""
        present = [part for part in self.group.parts if self.index < part.sessions]
        return sorted(present, key=lambda part: part.is_background)

    @property
    def steps(self) -> list[Message]:
        """The reason for this week, whether to continue, and the treatments."""
        found: list[Message] = []
        if self.index == 0 and self.group.dark_marks:
            found.append(Message("course.dark-marks-first", {"marks": list(self.group.dark_marks)}))
        if self.index == 0 and self.group.start_week:
            found.append(self._start_message)
        if self.index == 0 and self.group.kept_apart_from:
            found.append(Message("course.apart", {"earlier": list(self.group.kept_apart_from)}))
        elif self.index > 0 and self.group.interval[1] is not None:
            found.append(self.group.interval[1])
        if self.index == 0:
            found += [step for part in self.parts for step in part.first_messages]
        rules = _course_rules()
        if any(part.sessions_done + self.index == rules.stop_after_sessions for part in self.parts):
            params = {"sessions": rules.stop_after_sessions, "pct": rules.stop_below_pct}
            found.append(Message("course.stop-rule", params))
        treatments = [part.treatment_message for part in self.parts]
        return [*found, *self._shared_skin_messages, *_drop_repeated(treatments)]

    @property
    def _start_message(self) -> Message:
        """The reason for the week in which its group begins."""
        weeks = self.group.start_week
        if self.group.waits_for_ablation:
            return Message("course.wait-ablation", {"weeks": weeks, **_ablation_rule().message.params})
        return Message("course.wait", {"weeks": weeks})

    @property
    def _shared_skin_messages(self) -> list[Message]:
        """How concerns on the same skin share this session without a second pulse at any place."""
        found: list[Message] = []
        for place, part in enumerate(self.parts):
            earlier = [one for one in self.parts[:place] if one.overlaps(part)]
            same = [one.title for one in earlier if one.setup.settings == part.setup.settings]
            others = [one.title for one in earlier if one.title not in same]
            if same:
                found.append(Message("course.one-pass", {"concerns": [*same, part.title]}))
            elif others:
                found.append(Message("course.lines-first", {"first": others, "then": part.title}))
        return found


def _drop_repeated(messages: Sequence[Message]) -> list[Message]:
    """Return messages without those that were said before."""
    return [one for place, one in enumerate(messages) if one not in messages[:place]]


def _group_concerns(concerns: Sequence[ConcernPlan], case: Case | None) -> list[_CourseGroup]:
    """Group the concerns by device and kind of light, in the order in which these follow each other."""
    groups: list[_CourseGroup] = []
    for concern in concerns:
        if concern.first_laser is None or concern.first_laser[0].reaches_nobody:
            continue
        option, setup = concern.first_laser
        done = 0 if case is None else session_response(case, concern.condition).sessions
        title = _title_with_site(concern)
        first = tuple(one.title for one in concern.options if one.setup is None and one.rank < option.rank)
        part = _CoursePart(concern.place, title, concern.condition, concern.site, option, setup, done, first)
        group = next((one for one in groups if one.takes(part)), None)
        if group is None:
            groups.append(_CourseGroup([part]))
        else:
            group.parts.append(part)
    for group in groups:
        group.dark_marks = tuple(
            _title_with_site(concern) for concern in concerns if _lies_on_resurfaced(concern, group)
        )
    return sorted(groups, key=lambda group: group.order)


def _title_with_site(concern: ConcernPlan) -> str:
    return f"{concern.title} ({known_sites()[concern.site].title})"


def _lies_on_resurfaced(concern: ConcernPlan, group: _CourseGroup) -> bool:
    """Return whether a concern is dark marks on skin that a group resurfaces for another concern."""
    is_resurfacing = group.modality in SURFACE_MODALITIES and not group.treats_dark_marks
    is_there = any(sites_overlap(concern.site, part.site) for part in group.parts)
    return concern.condition == _DARK_MARKS and is_resurfacing and is_there


def _first_steps(groups: Sequence[_CourseGroup], case: Case | None) -> list[Message]:
    """Return the steps before the first visit."""
    renews = {group.modality in SURFACE_MODALITIES for group in groups}
    found = [Message("course.order")] if len(renews) > 1 else []
    found.append(Message("course.sun", {"weeks": _course_rules().least_weeks}))
    if case is not None and case.patient is not None and case.patient.medications:
        names = [taken.name for taken in case.patient.medications]
        found.append(Message("course.pause", {"medicines": names}))
    return found


def _downtime_days(option: Option) -> float:
    days = option.downtime_days
    return days.median if isinstance(days, Estimate) else 0.0


def describe_train(settings: DeviceSetting) -> str:
    """Return the train of pulses that is set on a device in words; empty where a single pulse is set."""
    if settings.subpulse_delay_ms is None or settings.subpulses is None or settings.subpulse_ms is None:
        return ""
    return render_message(
        "setting.pulses",
        {
            "number": settings.subpulses[0],
            "length": describe_pulse(settings.subpulse_ms[0]),
            "delay": describe_pulse(settings.subpulse_delay_ms),
        },
    )


def describe_settings(settings: DeviceSetting, *, lamp: bool = False) -> str:
    """Return settings as a short text with units, the light first, because a device may have several.

    Parameters
    ----------
    lamp : whether it is a filtered lamp, whose wavelength is the cut-off of its filter.
    """
    write = Formatter().number
    parts = [describe_light(settings.wavelength_nm, lamp=lamp)]
    if settings.columns is not None:
        beam = settings.columns
        parts += [
            render_message("setting.microbeam", {"energy": beam.energy_mJ, "diameter": beam.diameter_um}),
            render_message("setting.density", {"number": beam.density_per_cm2}),
            render_message(
                "setting.coverage", {"share": write(coverage_pct(beam.diameter_um, beam.density_per_cm2), digits=2)}
            ),
        ]
    if settings.fluence_J_cm2 is not None:
        parts.append(f"{write(settings.fluence_J_cm2)} J/cm²")
    if settings.footprint_mm is not None:
        parts.append(describe_window(settings.footprint_mm))
    elif settings.spot_mm is not None:
        parts.append(render_message("setting.spot", {"diameter": settings.spot_mm}))
    parts.append(
        describe_train(settings) or render_message("setting.pulse", {"length": describe_pulse(settings.pulse_ms)})
    )
    if settings.passes is not None:
        parts.append(
            render_message("setting.one-pass")
            if settings.passes == 1
            else render_message("setting.passes", {"number": settings.passes})
        )
    if settings.compression is not None:
        parts.append(render_message("setting.compression"))
    if settings.cooling is not None:
        parts.append(render_message("setting.cooling", {"kind": settings.cooling.kind}))
    return ", ".join(parts)


# Totals of a course.


def course_total(concerns: Sequence[ConcernPlan], course: Sequence[Visit]) -> CourseTotal:
    """Return the totals of a course: visits, weeks, time in the chair, days of downtime, and how long the gain lasts.

    Minutes of one visit add up, those of a pass that treats several concerns once; of its downtimes the longest counts.
    """
    titles = {concern.place: concern.title for concern in concerns}
    lasers = {concern.place: concern.first_laser for concern in concerns if concern.first_laser is not None}
    treated = {concern.place: concern for concern in concerns}
    passes = [_passes([treated[place] for place in visit.treats]) for visit in course]
    visits = [[lasers[place][0] for place in visit.treats] for visit in course]
    return CourseTotal(
        visits=len(course),
        weeks=course[-1].week if course else 0,
        minutes=_total_minutes(passes),
        downtime_days=_total_downtime(visits),
        afterwards=tuple(_durability_message(titles[place], *laser) for place, laser in lasers.items()),
    )


def _passes(concerns: Sequence[ConcernPlan]) -> list[Option]:
    """Return the laser options of a visit, without those that are done in the pass of another on the same skin."""
    passes: list[tuple[str, Option, DeviceSetup]] = []
    for concern in concerns:
        assert concern.first_laser is not None  # the course treats no other
        option, setup = concern.first_laser
        if not any(done == setup and sites_overlap(site, concern.site) for site, _, done in passes):
            passes.append((concern.site, option, setup))
    return [option for _, option, _ in passes]


def _total_minutes(visits: Sequence[Sequence[Option]]) -> SourceRange | Unknown:
    spans = [option.minutes for visit in visits for option in visit]
    known = [span for span in spans if not isinstance(span, Unknown)]
    if not known or len(known) < len(spans):
        return Unknown(render_message("course.total-unknown"))
    return SourceRange(sum(span.low for span in known), sum(span.high for span in known), "minutes")


def _total_downtime(visits: Sequence[Sequence[Option]]) -> SourceRange | Unknown:
    spans = [[_downtime_span(option) for option in visit] for visit in visits]
    known = [[span for span in visit if span is not None] for visit in spans]
    if not spans or known != spans:
        return Unknown(render_message("course.total-unknown"))
    low, high = (sum(max(span[end] for span in visit) for visit in known) for end in (0, 1))
    return SourceRange(low, high, "days")


def _downtime_span(option: Option) -> tuple[float, float] | None:
    """Return the least and the most days of downtime of a session, with a likely bruise; None where unknown."""
    days = option.downtime_days
    if not isinstance(days, Estimate):
        return None
    bruises = [one.high for one in option.shows if one.what == "bruise"]  # named where a bruise is likely
    return days.low, max([days.high, *bruises])


def _durability_message(title: str, option: Option, setup: DeviceSetup) -> Message:
    """Return how much of the gain trials found later, at the latest time that is known; or why nothing is gained."""
    if option.reaches_nobody:
        return Message("course.not-reached", {"concern": title, "device": setup.device_title})
    shares = {float(months): share for months, share in option.expected.durability.items()}
    known = {months: share for months, share in shares.items() if isinstance(share, Estimate)}
    if not known:
        return Message("course.kept-unknown", {"concern": title})
    months = max(known)
    share = known[months]
    assert isinstance(share, Estimate)  # those alone were taken
    return Message("course.kept", {"concern": title, "months": months, "pct": round(100.0 * share.median)})

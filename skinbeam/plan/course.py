"""One course that treats several concerns in a sensible order.

Concerns that share a device are treated together. On one field the kinds of light follow each other: vessels, pigment,
resurfacing, each after the one before has healed. Where the fields of two kinds do not touch, they share their visits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skinbeam.assessment.questionnaire import fields_overlap
from skinbeam.estimate import Estimate, Unknown
from skinbeam.laser.wording import light_of
from skinbeam.messages import Formatter, Message, text
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.rules.response import response_of
from skinbeam.plan.setup import DeviceSetting, Setup
from skinbeam.plan.spans import Duration
from skinbeam.plan.visit.sessions import planned_sessions
from skinbeam.plan.visits import Gain, Visit
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.names import table
from skinbeam.shipped import shipped_table
from skinbeam.units import MS, NS, PS, US

__all__ = ["course_of", "settings_in_words"]

_DAYS_A_WEEK = 7.0


def _rules() -> Mapping[str, Any]:
    rules: Mapping[str, Any] = shipped_table("data/limits.toml")["course"]
    return rules


def course_of(
    concerns: Sequence[ConcernPlan], case: Case | None = None, gains: Sequence[Gain] = ()
) -> tuple[Visit, ...]:
    """Return visits with their week, concerns and steps, for the first laser option of each concern.

    There is room for as many sessions as trials had in the middle, less those that took place; where nobody counted
    them there is room for two, since the first is judged before the second. The interval is the source's upper end,
    never less than the least of the course rules, nor than the days of downtime; a session whose week one of these
    decided says so.
    """
    groups = _groups(concerns, case)
    if groups:
        used(_rules()["source"])
    due: dict[int, list[_Session]] = {}
    for place, group in enumerate(groups):
        week = max((before.ends + before.rest for before in groups[:place] if before.touches(group)), default=0)
        group.begins = week
        for index in range(group.count):
            due.setdefault(week + index * group.gap, []).append(_Session(group, index))
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
            if gain.treats == part.place and gain.sessions == part.done + session.index + 1
        )
        visits.append(Visit(len(visits) + 1, week, tuple(part.place for part in parts), tuple(steps), after))
    return tuple(visits)


@dataclass(frozen=True)
class _Part:
    """A concern in the course: its first laser with settings, how many sessions took place, and what comes before."""

    place: str
    title: str
    site: str
    option: Option
    setup: Setup
    done: int
    first: tuple[str, ...]

    @property
    def sessions(self) -> int:
        """For how many more there is room; always for one, which is judged like any other."""
        return max(planned_sessions(self.option.sessions) - self.done, 1)

    @property
    def step(self) -> Message:
        """What is done at each visit."""
        words = settings_in_words(self.setup.settings, lamp=self.setup.lamp)
        return Message("course.treat", {"device": self.setup.device_title, "settings": words})

    @property
    def begins(self) -> list[Message]:
        """What comes before its first laser visit, and how many are expected."""
        if not self.first:
            return [self.counted]
        return [Message("course.after", {"concern": self.title, "first": list(self.first)}), self.counted]

    @property
    def counted(self) -> Message:
        """How many sessions are expected, and from where that is known."""
        span = self.option.sessions
        if isinstance(span, Unknown):
            return Message("course.sessions-unknown", {"concern": self.title})
        if span.low == span.high:
            return Message("course.sessions-alike", {"concern": self.title, "count": span.high})
        params = {"concern": self.title, "low": span.low, "high": span.high, "planned": self.done + self.sessions}
        return Message("course.sessions", params)


@dataclass
class _Group:
    """Concerns that one device treats in one way, and when: their sessions begin in week `begins`."""

    parts: list[_Part]
    begins: int = 0

    @property
    def count(self) -> int:
        """Sessions, by the concern that needs the most."""
        return max(part.sessions for part in self.parts)

    @property
    def ends(self) -> int:
        """Week of its last session."""
        return self.begins + (self.count - 1) * self.gap

    @cached_property
    def spaced(self) -> tuple[int, Message | None]:
        """Weeks between two sessions; where no source decided them, what did."""
        least = int(_rules()["least_weeks"])
        known = [
            int(p.option.interval_weeks.high) for p in self.parts if not isinstance(p.option.interval_weeks, Unknown)
        ]
        healed = max(math.ceil(_downtime_days(part.option) / _DAYS_A_WEEK) for part in self.parts)
        if healed > max([*known, least]):
            return healed, Message("course.healing", {"weeks": healed})
        if not known:
            return least, Message("course.least-unknown", {"weeks": least})
        if max(known) < least:
            return least, Message("course.least", {"weeks": least, "source_weeks": max(known)})
        return max(known), None

    @property
    def gap(self) -> int:
        """Weeks between two sessions."""
        return self.spaced[0]

    @property
    def rest(self) -> int:
        """Weeks until another light may meet the same field: all that shows has gone."""
        shown = (part.option.shows_days for part in self.parts)
        days = max((one.high for one in shown if isinstance(one, Duration)), default=0.0)
        return max(int(_rules()["least_weeks"]), math.ceil(days / _DAYS_A_WEEK))

    def touches(self, other: "_Group") -> bool:
        """Whether the fields of two groups meet."""
        return any(fields_overlap(one.site, two.site) for one in self.parts for two in other.parts)


@dataclass(frozen=True)
class _Session:
    """One session of a group, the first with index 0."""

    group: _Group
    index: int

    @property
    def parts(self) -> list[_Part]:
        """The concerns that still take part."""
        return [part for part in self.group.parts if self.index < part.sessions]

    @property
    def steps(self) -> list[Message]:
        """Why in this week, whether to go on, and what is done."""
        found: list[Message] = []
        if self.index == 0 and self.group.begins:
            found.append(Message("course.wait", {"weeks": self.group.begins}))
        elif self.index > 0 and self.group.spaced[1] is not None:
            found.append(self.group.spaced[1])
        if self.index == 0:
            found += [step for part in self.parts for step in part.begins]
        rules = _rules()
        if any(part.done + self.index == rules["stop_after_sessions"] for part in self.parts):
            params = {"sessions": rules["stop_after_sessions"], "pct": rules["stop_below_pct"]}
            found.append(Message("course.stop-rule", params))
        return [*found, *(part.step for part in self.parts)]


def _groups(concerns: Sequence[ConcernPlan], case: Case | None) -> list[_Group]:
    """The concerns by device and kind of light, in the order in which these follow each other."""
    found: dict[tuple[str, str], _Group] = {}
    for concern in concerns:
        if concern.first_laser is not None:
            option, setup = concern.first_laser
            done = 0 if case is None else response_of(case, concern.condition).sessions
            title = f"{concern.title} ({table('site')[concern.site]['title']})"
            first = tuple(one.title for one in concern.options if one.setup is None and one.rank < option.rank)
            part = _Part(concern.place, title, concern.site, option, setup, done, first)
            found.setdefault((option.modality, setup.device), _Group([])).parts.append(part)
    return [group for _, group in sorted(found.items(), key=lambda item: _rules()["order"].index(item[0][0]))]


def _first_steps(groups: Sequence[_Group], case: Case | None) -> list[Message]:
    """What is settled before the first visit."""
    found = [Message("course.order")] if len(groups) > 1 else []
    found.append(Message("course.sun", {"weeks": _rules()["least_weeks"]}))
    if case is not None and case.patient is not None and case.patient.medications:
        names = [taken.name for taken in case.patient.medications]
        found.append(Message("course.pause", {"medicines": names}))
    return found


def _downtime_days(option: Option) -> float:
    days = option.downtime_days
    return days.median if isinstance(days, Estimate) else 0.0


def _pulse_in_words(pulse_ms: float) -> str:
    """A pulse length in the unit that people say it in: ps, ns, µs, or ms from a tenth of one on."""
    units = ((0.1, 1.0, "ms"), (US / MS, US / MS, "µs"), (NS / MS, NS / MS, "ns"), (0.0, PS / MS, "ps"))
    _, size, unit = next(one for one in units if pulse_ms >= one[0])
    return f"{Formatter().number(pulse_ms / size)} {unit}"


def settings_in_words(settings: DeviceSetting, *, lamp: bool = False) -> str:
    """Return settings as a short text with units, the light first: a device may have several.

    Parameters
    ----------
    lamp : whether it is a filtered lamp, whose wavelength is the cut-off of its filter.
    """
    write = Formatter().number
    parts = [light_of(settings.wavelength_nm, lamp=lamp)]
    if settings.microbeam is not None:
        beam = settings.microbeam
        parts += [
            text("setting.microbeam", {"energy": beam.energy_mJ, "diameter": beam.diameter_um}),
            text("setting.density", {"number": beam.density_per_cm2}),
        ]
    if settings.fluence_J_cm2 is not None:
        parts.append(f"{write(settings.fluence_J_cm2)} J/cm²")
    if settings.spot_mm is not None:
        parts.append(text("setting.spot", {"diameter": settings.spot_mm}))
    parts.append(text("setting.pulse", {"length": _pulse_in_words(settings.pulse_ms)}))
    if settings.passes is not None:
        parts.append(
            text("setting.one-pass") if settings.passes == 1 else text("setting.passes", {"number": settings.passes})
        )
    if settings.compression is not None:
        parts.append(text("setting.compression"))
    if settings.cooling is not None:
        parts.append(text("setting.cooling", {"kind": settings.cooling.kind}))
    return ", ".join(parts)

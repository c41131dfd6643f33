"""Derive the appointments that a plan requires from its chosen options: test spots, reading, sessions, follow-up."""

import datetime
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.course.schedule import schedule_course
from skinbeam.course.totals import device_minutes
from skinbeam.model.case import Case
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import DAYS_PER_MONTH, DAYS_PER_WEEK
from skinbeam.plan_records.course import DeviceSetup, TestSpotLadder, Visit
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.formatting import concern_name
from skinbeam.text import translate
from skinbeam_clinic.appointments.models import Purpose
from skinbeam_clinic.models import PlanChoice
from skinbeam_clinic.patients.history import HistoryFact
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.session_interval import find_last_session, shortest_interval

__all__ = [
    "USUAL_MINUTES",
    "PlannedAppointment",
    "PlannedCourse",
    "list_chosen_lasers",
    "plan_course",
    "session_minutes",
]

# Default durations, a judgement; the duration of a session is that of its plan if there is one.
USUAL_MINUTES: Mapping[Purpose, int] = {
    Purpose.CONSULTATION: 30,
    Purpose.TEST_SPOT: 20,
    Purpose.READING: 10,
    Purpose.SESSION: 30,
    Purpose.FOLLOW_UP: 20,
}
_STEP_MINUTES = 5
_HOURS_PER_DAY = 24


@dataclass(frozen=True)
class PlannedAppointment:
    """An appointment that a plan requires.

    Parameters
    ----------
    days : days from the start of the course; negative for test spots before it.
    device : name of the device that it needs; empty where it needs none.
    """

    purpose: Purpose
    days: int
    minutes: int
    device: str
    description: str


@dataclass(frozen=True)
class _ChosenLaser:
    """A concern whose chosen option has a device."""

    concern: ConcernPlan
    option: Option
    setup: DeviceSetup


def list_chosen_lasers(plan: Plan, choices: Sequence[PlanChoice]) -> tuple[_ChosenLaser, ...]:
    """Return the concerns whose last choice is an option with a laser, in the order of the plan positions."""
    last = {place.concern: place for place in (OptionRef.parse(choice.option) for choice in choices)}
    lasers = []
    for place in sorted(last.values()):
        concern = plan.concerns[place.concern]
        chosen = concern.options[place.option]
        if chosen.setup is not None:
            lasers.append(_ChosenLaser(concern, chosen, chosen.setup))
    return tuple(lasers)


def session_minutes(lasers: Sequence[_ChosenLaser]) -> int:
    """Return the duration of one visit with these lasers in minutes, by the upper ends given by their sources.

    Where a source gives no duration, the result is at least the usual duration of a session.
    """
    minutes = _round_minutes(sum(span.high for span in device_minutes((each.option, each.setup) for each in lasers)))
    is_known = bool(lasers) and not any(isinstance(laser.option.minutes, Unknown) for laser in lasers)
    return minutes if is_known else max(USUAL_MINUTES[Purpose.SESSION], minutes)


@dataclass(frozen=True)
class PlannedCourse:
    """The chosen lasers of a plan, the visits that use them and the appointments that both require; none without one.

    Sessions are in the weeks of the plan's course, one appointment for each device of a visit. Test spots of a chosen
    device precede its first session on that skin by the time until they can be read; a follow-up is as late as in the
    trials behind the plan.
    """

    lasers: tuple[_ChosenLaser, ...] = ()
    visits: tuple[Visit, ...] = ()
    appointments: tuple[PlannedAppointment, ...] = ()

    @property
    def devices(self) -> frozenset[str]:
        """The names of the devices of the chosen lasers."""
        return frozenset(laser.setup.device for laser in self.lasers)

    def least_days(self, device: str) -> int:
        """Return the fewest days between two sessions on a device; 0 where no chosen laser has it.

        They are the least that a plan allows; where concerns alternate on the device, its visits may be closer.
        """
        weeks = [
            shortest_interval(laser.concern, laser.option) for laser in self.lasers if laser.setup.device == device
        ]
        days = [due.days for due in self.appointments if due.purpose is Purpose.SESSION and due.device == device]
        gaps = [later - earlier for earlier, later in itertools.pairwise(days)]
        return min([min(weeks) * DAYS_PER_WEEK, *gaps]) if weeks else 0

    def treats_alike(self, device: str, other: "PlannedCourse", other_device: str) -> bool:
        """Return whether sessions of two courses on these devices treat a condition on skin that both sites share."""
        return any(
            option.concern.condition == other_option.concern.condition
            and sites_overlap(option.concern.site, other_option.concern.site)
            for option in self.lasers
            for other_option in other.lasers
            if (option.setup.device, other_option.setup.device) == (device, other_device)
        )

    def earliest_start(self, facts: Sequence[HistoryFact]) -> datetime.datetime | None:
        """Return when the course may begin after sessions that were recorded for its concerns; None without one.

        Parameters
        ----------
        facts : the patient's records, oldest first.
        """
        starts = [
            last.next_allowed - datetime.timedelta(weeks=visit.week)
            for visit in self.visits
            for laser in self.lasers
            if laser.concern.place in visit.treats
            and (last := find_last_session(facts, laser.concern, laser.option)) is not None
        ]
        return max(starts, default=None)


def plan_course(plan: Plan, choices: Sequence[PlanChoice], case: Case | None) -> PlannedCourse:
    """Return the course of the options chosen last; it is scheduled again unless they are all first lasers."""
    lasers = list_chosen_lasers(plan, choices)
    if not lasers:
        return PlannedCourse()
    visits = plan.course
    if [laser.option for laser in lasers] != [lead[0] for concern in plan.concerns if (lead := concern.first_laser)]:
        chosen = {laser.concern.place: (laser.option,) for laser in lasers}
        # A concern without a chosen laser has no visits, but melasma or dark marks hold back light on their skin.
        visits = schedule_course(
            [replace(concern, options=chosen.get(concern.place, ())) for concern in plan.concerns], case
        )
    sessions = [due for visit in visits for due in _session_appointments(visit, lasers)]
    if not sessions:  # of what is better enough, or what no light reaches, a course has no visits
        return PlannedCourse(lasers, visits)
    follow_up = _follow_up_appointment(lasers, sessions[-1].days)
    due = [*_spot_appointments(plan, lasers, visits), *sessions]
    return PlannedCourse(lasers, visits, (*sorted(due, key=lambda appointment: appointment.days), *follow_up))


def _session_appointments(request: Visit, lasers: Sequence[_ChosenLaser]) -> list[PlannedAppointment]:
    by_device: dict[str, list[_ChosenLaser]] = {}
    for laser in lasers:
        if laser.concern.place in request.treats:
            by_device.setdefault(laser.setup.device, []).append(laser)
    return [
        PlannedAppointment(
            Purpose.SESSION, request.week * DAYS_PER_WEEK, session_minutes(held), device, _laser_names(held)
        )
        for device, held in by_device.items()
    ]


def _spot_appointments(plan: Plan, lasers: Sequence[_ChosenLaser], visits: Sequence[Visit]) -> list[PlannedAppointment]:
    """Return the test spots of each device and their readings, which are due by its first session on that skin.

    Those of skin that waits for weeks of creams fall into the last of these.
    """
    begins: dict[int, list[TestSpotLadder]] = {}
    for ladder in plan.test_spots:
        week = _first_week(ladder, lasers, visits)
        if week is not None:
            begins.setdefault(week * DAYS_PER_WEEK, []).append(ladder)
    found: list[PlannedAppointment] = []
    for begin, ladders in sorted(begins.items()):
        days = math.ceil(max(ladder.read_after_h for ladder in ladders) / _HOURS_PER_DAY)
        devices = {ladder.device: translate(ladder.device_title) for ladder in ladders}
        found += [
            PlannedAppointment(Purpose.TEST_SPOT, begin - days, USUAL_MINUTES[Purpose.TEST_SPOT], device, title)
            for device, title in devices.items()
        ]
        found.append(PlannedAppointment(Purpose.READING, begin, USUAL_MINUTES[Purpose.READING], "", ""))
    return found


def _first_week(ladder: TestSpotLadder, lasers: Sequence[_ChosenLaser], visits: Sequence[Visit]) -> int | None:
    """Return the week of the first visit in which the device of a ladder treats its skin; None without one."""
    places = {
        laser.concern.place
        for laser in lasers
        if laser.setup.device == ladder.device and sites_overlap(laser.concern.site, ladder.site)
    }
    return next((visit.week for visit in visits if not places.isdisjoint(visit.treats)), None)


def _follow_up_appointment(lasers: Sequence[_ChosenLaser], last: int) -> list[PlannedAppointment]:
    spans = [laser.option.followup_months for laser in lasers]
    months = [span.low if span.usual is None else span.usual for span in spans if not isinstance(span, Unknown)]
    if not months:
        return []
    days = last + math.ceil(max(months) * DAYS_PER_MONTH)
    return [PlannedAppointment(Purpose.FOLLOW_UP, days, USUAL_MINUTES[Purpose.FOLLOW_UP], "", "")]


def _laser_names(lasers: Sequence[_ChosenLaser]) -> str:
    return f"{', '.join(concern_name(laser.concern) for laser in lasers)}: {translate(lasers[0].setup.device_title)}"


def _round_minutes(minutes: float) -> int:
    return math.ceil(minutes / _STEP_MINUTES) * _STEP_MINUTES

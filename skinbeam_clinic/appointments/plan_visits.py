"""The appointments that a plan asks for once its options are chosen: test spots, their reading, sessions, follow-up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skinbeam.estimate import Unknown
from skinbeam.messages import retold
from skinbeam.plan.course import course_of
from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.plan.setup import Setup
from skinbeam.plan.visits import Visit
from skinbeam.records.booked import Purpose
from skinbeam.records.kept import Choice
from skinbeam.report.names import concern_name
from skinbeam.schema.case import Case

__all__ = ["USUAL_MINUTES", "Due", "chosen_lasers", "due_of", "minutes_of"]

# How long an appointment is that nobody gave a length; a judgement, and a session is as long as its plan says.
USUAL_MINUTES: Mapping[Purpose, int] = {
    Purpose.CONSULTATION: 30,
    Purpose.TEST_SPOT: 20,
    Purpose.READING: 10,
    Purpose.SESSION: 30,
    Purpose.FOLLOW_UP: 20,
}
_STEP_MINUTES = 5
_HOURS_A_DAY, _DAYS_A_WEEK, _DAYS_A_MONTH = 24, 7, 365.25 / 12


@dataclass(frozen=True)
class Due:
    """An appointment that a plan asks for.

    Parameters
    ----------
    days : after the first session; of test spots below 0.
    device : name of the device that it needs; empty where it needs none.
    what : what is done, in words.
    """

    purpose: Purpose
    days: int
    minutes: int
    device: str
    what: str


@dataclass(frozen=True)
class _Laser:
    """A concern whose chosen option has a device."""

    concern: ConcernPlan
    option: Option
    setup: Setup


def chosen_lasers(plan: Plan, choices: Sequence[Choice]) -> tuple[_Laser, ...]:
    """Return the concerns for which a laser was chosen, each as it was chosen last, oldest choice first."""
    last = {choice.option.partition(".")[0]: choice.option for choice in choices}
    found = []
    for place in sorted(last.values()):
        number, _, option = place.partition(".")
        concern = plan.concerns[int(number)]
        chosen = concern.options[int(option)]
        if chosen.setup is not None:
            found.append(_Laser(concern, chosen, chosen.setup))
    return tuple(found)


def minutes_of(lasers: Sequence[_Laser]) -> int:
    """Return how long one session of these is, by the upper ends that their sources tell, and at least as long as usual
    where one does not.
    """
    spans = [laser.option.minutes for laser in lasers]
    known = [span.high for span in spans if not isinstance(span, Unknown)]
    if len(known) < len(spans) or not known:
        return max(USUAL_MINUTES[Purpose.SESSION], _rounded(sum(known)))
    return _rounded(sum(known))


def due_of(plan: Plan, choices: Sequence[Choice], case: Case | None) -> tuple[Due, ...]:
    """Return what a plan asks for in its order; nothing where no laser was chosen.

    Sessions stand in the weeks of the plan's course, one appointment for each device of a visit. Test spots of a chosen
    device come so long before as they need to be read; a follow-up stands when the trials behind the plan looked.
    """
    lasers = chosen_lasers(plan, choices)
    if not lasers:
        return ()
    sessions = [due for visit in _course(plan, lasers, case) for due in _sessions(visit, lasers)]
    return (*_spots(plan, lasers), *sessions, *_follow_up(lasers, sessions[-1].days))


def _course(plan: Plan, lasers: Sequence[_Laser], case: Case | None) -> tuple[Visit, ...]:
    """The visits of the plan, made anew where another laser was chosen than its first, or none for a concern."""
    firsts = [one for concern in plan.concerns if (one := concern.first_laser) is not None]
    if [laser.option for laser in lasers] == [option for option, _ in firsts]:
        return plan.course
    return course_of([replace(laser.concern, options=(laser.option,)) for laser in lasers], case)


def _sessions(visit: Visit, lasers: Sequence[_Laser]) -> list[Due]:
    by_device: dict[str, list[_Laser]] = {}
    for laser in lasers:
        if laser.concern.place in visit.treats:
            by_device.setdefault(laser.setup.device, []).append(laser)
    return [
        Due(Purpose.SESSION, visit.week * _DAYS_A_WEEK, minutes_of(held), device, _told(held))
        for device, held in by_device.items()
    ]


def _spots(plan: Plan, lasers: Sequence[_Laser]) -> list[Due]:
    used = {laser.setup.device for laser in lasers}
    ladders = [ladder for ladder in plan.test_spots if ladder.device in used]
    if not ladders:
        return []
    days = math.ceil(max(ladder.read_after_h for ladder in ladders) / _HOURS_A_DAY)
    devices = {ladder.device: retold(ladder.device_title) for ladder in ladders}
    spots = [
        Due(Purpose.TEST_SPOT, -days, USUAL_MINUTES[Purpose.TEST_SPOT], device, title)
        for device, title in devices.items()
    ]
    return [*spots, Due(Purpose.READING, 0, USUAL_MINUTES[Purpose.READING], "", "")]


def _follow_up(lasers: Sequence[_Laser], last: int) -> list[Due]:
    spans = [laser.option.followup_months for laser in lasers]
    months = [span.low if span.usual is None else span.usual for span in spans if not isinstance(span, Unknown)]
    if not months:
        return []
    days = last + math.ceil(max(months) * _DAYS_A_MONTH)
    return [Due(Purpose.FOLLOW_UP, days, USUAL_MINUTES[Purpose.FOLLOW_UP], "", "")]


def _told(lasers: Sequence[_Laser]) -> str:
    return f"{', '.join(concern_name(laser.concern) for laser in lasers)}: {retold(lasers[0].setup.device_title)}"


def _rounded(minutes: float) -> int:
    return math.ceil(minutes / _STEP_MINUTES) * _STEP_MINUTES

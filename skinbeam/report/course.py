"""Visits, test spots and what the course comes to, ready to be read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from skinbeam.estimate import Unknown
from skinbeam.laser.wording import light_of, named_with_light
from skinbeam.plan.spans import Range
from skinbeam.plan.visits import CourseTotal, Gain, Ladder, Rung
from skinbeam.plan.visits import Visit as PlannedVisit
from skinbeam.report.context import Fact, Shown, SpotLadder, Visit
from skinbeam.report.names import site_title
from skinbeam.report.shown import join, per_100, quantity, say, sentences, show, within

__all__ = ["course_shown", "ladder_shown", "total_shown"]

_HOUR = 60  # minutes: above it a sum is told in hours


def course_shown(course: Sequence[PlannedVisit], names: Mapping[str, str]) -> tuple[tuple[Visit, ...], tuple[str, ...]]:
    """Return the visits, and apart from them what is done at each after the first."""
    visits = [_visit(visit, names) for visit in course]
    again = visits[1:] if len(visits) > 2 else []
    always = tuple(step for step in (again[0].steps if again else ()) if all(step in visit.steps for visit in again))
    first, rest = visits[:1], visits[1:]
    told = (replace(visit, steps=tuple(step for step in visit.steps if step not in always)) for visit in rest)
    return (*first, *told), always


def _visit(visit: PlannedVisit, names: Mapping[str, str]) -> Visit:
    """Return one visit; conditions are named as in the plan's concerns."""
    return Visit(
        session=show(visit.session).text,
        week=show(visit.week).text,
        treats="; ".join(names.get(place, place) for place in visit.treats),
        steps=(*sentences(visit.steps), *_gains(visit.expected, names)),
    )


def _gains(gains: Iterable[Gain], names: Mapping[str, str]) -> Iterable[str]:
    """What is expected after the visit, where trials tell."""
    for gain in gains:
        told = {"concern": names.get(gain.treats, gain.treats), "session": gain.sessions}
        if isinstance(gain.p_half, Unknown):
            yield say("gain_unknown", **told, reason=gain.p_half.reason)
        else:
            yield say("gain_after", **told, half=per_100(gain.p_half).text)
        if gain.if_place_kept_pct is not None:
            yield say("gain_kept", **told, kept=round(gain.if_place_kept_pct))


def total_shown(total: CourseTotal) -> tuple[Fact, ...]:
    """Return what the course comes to."""
    return (
        Fact(say("total_visits"), show(total.visits)),
        Fact(say("total_weeks"), show(total.weeks, "weeks")),
        Fact(say("total_minutes"), _hours(total.minutes)),
        Fact(say("total_downtime"), _days(total.downtime_days)),
    )


def _hours(minutes: Range | Unknown) -> Shown:
    """A sum of many visits, in hours as people say them."""
    if isinstance(minutes, Unknown) or minutes.low < _HOUR:
        return show(minutes, quantity("minutes")[1])
    return show(
        Range(round(minutes.low / _HOUR), round(minutes.high / _HOUR), "hours", minutes.source, minutes.text), "hours"
    )


def _days(days: Range | Unknown) -> Shown:
    """A sum of days, of which nobody counts tenths; a part of the last one is a day."""
    if isinstance(days, Unknown):
        return show(days, quantity("downtime_days")[1])
    return show(
        Range(int(days.low), math.ceil(days.high), days.unit, days.source, days.text), quantity("downtime_days")[1]
    )


def ladder_shown(told: Ladder) -> SpotLadder:
    """Return a ladder with a line for each spot, and one for the field after them; where none is known, one for all."""
    rows = [Fact(f"{told.light}, {_spot_in_words(spot)}", per_100(spot.p_burn)) for spot in told.spots]
    rows.append(Fact(say("spots_clean"), per_100(told.p_burn_if_clean)))
    if not any(row.value.known for row in rows):
        rows = [replace(rows[0], name=say("spots_any"))]
    return SpotLadder(_ladder_line(told), told.message.text, tuple(rows))


def _ladder_line(told: Ladder) -> str:
    """What is to be tried before the first session, and when it is looked at."""
    hours = told.read_after_h
    wait = show(hours / 24, "days").text if hours % 24 == 0 else show(hours, "h").text
    densities = dict.fromkeys(spot.density_per_cm2 for spot in told.spots if spot.density_per_cm2 is not None)
    doses = join(dict.fromkeys(_spot_in_words(spot) for spot in told.spots))
    if len(densities) > 1:  # they differ in how close their microbeams stand
        doses = join([doses, *(show(density, quantity("density_per_cm2")[1]).text for density in densities)])
    site = within(site_title(told.site))
    return say("spots_line", device=_named(told), site=site, doses=doses, wait=wait)


def _named(told: Ladder) -> str:
    """The device with its light, which its title may say already."""
    lamp = told.light != light_of(told.wavelength_nm, lamp=False)
    return named_with_light(told.device_title, told.wavelength_nm, lamp=lamp)


def _spot_in_words(spot: Rung) -> str:
    """The dose of one spot; what all have in common stands above."""
    dose, unit = (spot.energy_mJ, "mJ") if spot.fluence_J_cm2 is None else (spot.fluence_J_cm2, "J/cm²")
    return show(dose, unit).text if dose is not None else ""

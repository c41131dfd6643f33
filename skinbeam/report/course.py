"""Visits, test spots and what the course comes to, ready to be read."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from skinbeam.estimate import Unknown
from skinbeam.plan.visits import CourseTotal, Gain, Ladder, Rung
from skinbeam.plan.visits import Visit as PlannedVisit
from skinbeam.report.context import Fact, SpotLadder, Visit
from skinbeam.report.shown import per_100, quantity, say, sentences, show

__all__ = ["ladder_shown", "total_shown", "visit_shown"]


def visit_shown(visit: PlannedVisit, names: Mapping[str, str]) -> Visit:
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
        Fact(say("total_minutes"), show(total.minutes, quantity("minutes")[1])),
        Fact(say("total_downtime"), show(total.downtime_days, quantity("downtime_days")[1])),
    )


def ladder_shown(told: Ladder) -> SpotLadder:
    """Return a ladder with a line for each spot, and one for the field after them; where none is known, one for all."""
    rows = [Fact(f"{told.light}, {_spot_in_words(spot)}", per_100(spot.p_burn)) for spot in told.spots]
    rows.append(Fact(say("spots_clean"), per_100(told.p_burn_if_clean)))
    if not any(row.value.known for row in rows):
        rows = [replace(rows[0], name=say("spots_any"))]
    return SpotLadder(told.message.text, tuple(rows))


def _spot_in_words(spot: Rung) -> str:
    """The dose of one spot; what all have in common stands above."""
    dose, unit = (spot.energy_mJ, "mJ") if spot.fluence_J_cm2 is None else (spot.fluence_J_cm2, "J/cm²")
    return show(dose, unit).text if dose is not None else ""

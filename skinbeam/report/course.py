"""Format the course of treatment for the report: visits, test spots and totals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from skinbeam.laser.device import describe_light, title_with_light
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import CourseTotal, LadderStep, SessionGain, SourceRange, TestSpotLadder
from skinbeam.plan_records.course import Visit as PlannedVisit
from skinbeam.plan_records.document import StoredMessage
from skinbeam.plan_records.plan import Plan
from skinbeam.report.context import DisplayValue, ReportFact, SpotLadder, VisitLine
from skinbeam.report.formatting import (
    display_value,
    inline_name,
    join_items,
    message_texts,
    per_100,
    quantity_label,
    ranked_options,
    report_text,
    site_title,
)
from skinbeam.text import Message

__all__ = ["course_totals", "spot_ladders", "visit_lines"]

_WITH_RULES: Final = "plan.test-spot"  # the message of a ladder that holds the rules of all

_HOUR = 60  # minutes: longer sums are printed in hours


def visit_lines(
    course: Sequence[PlannedVisit], names: Mapping[str, str]
) -> tuple[tuple[VisitLine, ...], tuple[str, ...]]:
    """Return the visits, and separately the steps that are repeated at every visit after the first."""
    visits = [_visit_line(visit, names) for visit in course]
    again = visits[1:] if len(visits) > 2 else []
    always = tuple(step for step in (again[0].steps if again else ()) if all(step in visit.steps for visit in again))
    first, rest = visits[:1], visits[1:]
    left = (tuple(step for step in visit.steps if step not in always) for visit in rest)
    as_above = (report_text("steps_as_above"),)
    return (*first, *(replace(visit, steps=steps or as_above) for visit, steps in zip(rest, left, strict=True))), always


def _visit_line(visit: PlannedVisit, names: Mapping[str, str]) -> VisitLine:
    """Return one visit; conditions are named as in the plan's concerns."""
    return VisitLine(
        session=display_value(visit.session).text,
        week=display_value(visit.week).text,
        concern_names="; ".join(names.get(place, place) for place in visit.treats),
        steps=(*message_texts(visit.steps), *_gain_sentences(visit.expected, names)),
    )


def _gain_sentences(gains: Iterable[SessionGain], names: Mapping[str, str]) -> Iterable[str]:
    """Return the improvement expected after the visit, where trials report it."""
    for gain in gains:
        params = {"concern": names.get(gain.treats, gain.treats), "session": gain.sessions}
        if isinstance(gain.p_half, Unknown):
            yield report_text("gain_unknown", **params, reason=gain.p_half.reason)
        else:
            yield report_text("gain_after", **params, half=per_100(gain.p_half).text)
        if gain.if_place_kept_pct is not None:
            yield report_text("gain_kept", **params, kept=round(gain.if_place_kept_pct))


def course_totals(total: CourseTotal) -> tuple[ReportFact, ...]:
    """Return the totals of the course: visits, weeks, minutes and downtime."""
    return (
        ReportFact(report_text("total_visits"), display_value(total.visits)),
        ReportFact(report_text("total_weeks"), display_value(total.weeks, "weeks")),
        ReportFact(report_text("total_minutes"), _hours(total.minutes)),
        ReportFact(report_text("total_downtime"), _days(total.downtime_days)),
    )


def _hours(minutes: SourceRange | Unknown) -> DisplayValue:
    """Format the sum of many visits, in hours from one hour up."""
    if isinstance(minutes, Unknown) or minutes.low < _HOUR:
        return display_value(minutes, quantity_label("minutes")[1])
    return display_value(
        SourceRange(round(minutes.low / _HOUR), round(minutes.high / _HOUR), "hours", minutes.source, minutes.text),
        "hours",
    )


def _days(days: SourceRange | Unknown) -> DisplayValue:
    """Format a sum of days in whole days; part of a last day counts as a day."""
    if isinstance(days, Unknown):
        return display_value(days, quantity_label("downtime_days")[1])
    return display_value(
        SourceRange(int(days.low), math.ceil(days.high), days.unit, days.source, days.text),
        quantity_label("downtime_days")[1],
    )


def spot_ladders(plan: Plan) -> tuple[SpotLadder, ...]:
    """Return the test spots that belong to a plan; those of lights tied with a first one are made in place of its own.

    The text of a later ladder names what it does not share with an earlier one. Those of a plan that was read from its
    document keep the sentences that are stored in it.
    """
    lasers = [[option.setup for option in ranked_options(one) if option.setup is not None] for one in plan.concerns]
    firsts = [(setups[0], one.site) for setups, one in zip(lasers, plan.concerns, strict=True) if setups]
    found: list[SpotLadder] = []
    are_rules_given = False
    for ladder in plan.test_spots:
        if ladder.when_chosen:
            continue
        has_rules = ladder.message.id == _WITH_RULES and not isinstance(ladder.message, StoredMessage)
        is_below = has_rules and are_rules_given
        below = Message("report.spots_likewise", ladder.message.params) if is_below else ladder.message
        found.append(_spot_ladder(ladder, below.text, alternative=not any(ladder.tries(*first) for first in firsts)))
        are_rules_given = are_rules_given or has_rules
    return tuple(found)


def _spot_ladder(ladder: TestSpotLadder, text_below: str, *, alternative: bool) -> SpotLadder:
    """Return a test-spot ladder with a line for each spot, and one for the whole field after clean spots.

    Where no probability is known, one line stands for all spots.
    """
    rows = [ReportFact(f"{ladder.light}, {_spot_in_words(spot)}", per_100(spot.p_burn)) for spot in ladder.spots]
    rows.append(ReportFact(report_text("spots_clean"), per_100(ladder.p_burn_if_clean)))
    if not any(row.value.is_known for row in rows):
        rows = [replace(rows[0], name=report_text("spots_any"))]
    line = _ladder_line(ladder, "spots_line_instead" if alternative else "spots_line")
    return SpotLadder(line, ladder.message.text, text_below, tuple(rows), alternative)


def _ladder_line(ladder: TestSpotLadder, id: str) -> str:
    """Return the sentence on which test spots to make before the first session, and when to read them."""
    hours = ladder.read_after_h
    wait = display_value(hours / 24, "days").text if hours % 24 == 0 else display_value(hours, "h").text
    densities = dict.fromkeys(spot.density_per_cm2 for spot in ladder.spots if spot.density_per_cm2 is not None)
    doses = join_items(dict.fromkeys(_spot_in_words(spot) for spot in ladder.spots))
    if len(densities) > 1:  # the spots differ in the density of their microbeams
        doses = join_items(
            [doses, *(display_value(density, quantity_label("density_per_cm2")[1]).text for density in densities)]
        )
    site = inline_name(site_title(ladder.site))
    return report_text(id, device=_ladder_light(ladder), site=site, doses=doses, wait=wait)


def _ladder_light(ladder: TestSpotLadder) -> str:
    """Return the device with its light, unless its title already names the light."""
    lamp = ladder.light != describe_light(ladder.wavelength_nm, lamp=False)
    return title_with_light(ladder.device_title, ladder.wavelength_nm, lamp=lamp)


def _spot_in_words(spot: LadderStep) -> str:
    """Return the dose of one spot; settings that all spots share are printed above them."""
    dose, unit = (spot.energy_mJ, "mJ") if spot.fluence_J_cm2 is None else (spot.fluence_J_cm2, "J/cm²")
    return display_value(dose, unit).text if dose is not None else ""

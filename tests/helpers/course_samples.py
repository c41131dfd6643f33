"""Concerns with planned lasers, of which tests make a course, and sessions that took place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from consultations import PERSON, loaded
from plan_reading import read_plan
from report_samples import sample_plan

from skinbeam.course.schedule import schedule_course
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.course import (
    DeviceSetting,
    DeviceSetup,
    MicrobeamSetting,
    SourceRange,
    Visit,
)
from skinbeam.plan_records.plan import ConcernPlan, Option

SETTINGS = DeviceSetting(595.0, 1.0, fluence_J_cm2=5.0, spot_mm=7.0)
PART = read_plan(sample_plan()).concerns[0]
LASER, _, BARE, *_ = PART.options
LASER = replace(LASER, downtime_days=Unknown("not said"), shows_days=Unknown("not said"))


def days(median: float) -> Estimate:
    return Estimate(median, median, median, 0.8, "assumed")


def weeks(low: float, high: float) -> SourceRange:
    return SourceRange(low, high, "weeks")


def option(modality: str, device: str, sessions: SourceRange | Unknown, interval: SourceRange | Unknown) -> Option:
    setup = DeviceSetup(device, device, 595.0, None, SETTINGS)
    return replace(LASER, modality=modality, setup=setup, sessions=sessions, interval_weeks=interval)


def part(condition: str, *options: Option, site: str = "cheeks") -> ConcernPlan:
    return replace(PART, condition=condition, site=site, options=(*options, BARE))


def with_settings(planned: ConcernPlan, **settings: Any) -> ConcernPlan:
    """The concern with other settings of its laser."""
    laser, *others = planned.options
    assert laser.setup is not None
    setup = replace(laser.setup, settings=replace(laser.setup.settings, **settings))
    return replace(planned, options=(replace(laser, setup=setup), *others))


UNKNOWN = Unknown("no source")
ONCE, TWICE, MONTH = SourceRange(1, 1, "sessions"), SourceRange(2, 2, "sessions"), weeks(4, 6)
SCARS = part("acne-scars", option("fractional-ablative", "co2", TWICE, MONTH))
VEINS = part("facial-telangiectasia", option("vascular", "dye", ONCE, UNKNOWN))
SPOTS = part("age-spots", option("pigment-short-pulse", "qs", ONCE, weeks(1, 1)))
REDNESS = part("redness", option("vascular", "dye", TWICE, MONTH))
BEAM = MicrobeamSetting(40.0, 120.0, 225.0, "gaussian")
COLUMNS = {
    modality: {
        name: with_settings(
            part(name, option(modality, "laser", TWICE, MONTH)), microbeam=replace(BEAM, energy_mJ=energy_mJ)
        )
        for name, energy_mJ in (("acne-scars", 40.0), ("pores", 10.0))
    }
    for modality in ("non-ablative-fractional", "fractional-ablative")
}
HALF_A_YEAR_WEEKS = 26


def session(response: float, week: int, device: str = "pulsed-dye-595") -> str:
    return (
        f'\n[[session]]\nweek = {week}\ntreats = "facial-telangiectasia"\ndevice = "{device}"\n'
        f"response_pct = {response}\n"
    )


def step_ids(course: Sequence[Visit]) -> list[set[str]]:
    return [{step.id for step in visit.steps} for visit in course]


THREE = SourceRange(3, 3, "sessions")


def first_step_ids(text: str, concern_plan: ConcernPlan) -> list[str]:
    return [step.id for step in schedule_course([concern_plan], loaded(PERSON + text).case)[0].steps]


def sessions_of(condition: str, device: str, number: int, better: float | None = None) -> str:
    judged = "" if better is None else f"response_pct = {better}\n"
    return "".join(
        f'\n[[session]]\nweek = {4 * k}\ntreats = "{condition}"\ndevice = "{device}"\n{judged}' for k in range(number)
    )


THREE_TO_FOUR = SourceRange(3, 4, "sessions")

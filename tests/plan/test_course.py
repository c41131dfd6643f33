"""One course for several concerns: order, weeks, what is done together."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from consultations import PERSON, concern, devices, document
from plan_reading import read_plan
from report_samples import sample_plan

from skinbeam.estimate import Unknown
from skinbeam.plan.course import course_of, settings_in_words
from skinbeam.plan.records import ConcernPlan, Option, Range, Visit
from skinbeam.plan.setup import CoolingSetting, DeviceSetting, MicrobeamSetting, Setup

SPRAY = CoolingSetting(kind="spray", temperature_C=-26.0, coefficient_W_m2K=4000.0)
SETTINGS = DeviceSetting(595.0, 1.0, fluence_J_cm2=5.0, spot_mm=7.0)
PART = read_plan(sample_plan()).concerns[0]
LASER, _, BARE, *_ = PART.options


def weeks(low: float, high: float) -> Range:
    return Range(low, high, "weeks")


def option(modality: str, device: str, sessions: Range | Unknown, interval: Range | Unknown) -> Option:
    setup = Setup(device, device, 595.0, None, SETTINGS)
    return replace(LASER, modality=modality, setup=setup, sessions=sessions, interval_weeks=interval)


def part(condition: str, *options: Option) -> ConcernPlan:
    return replace(PART, condition=condition, site="cheeks", options=(*options, BARE))


UNKNOWN = Unknown("no source")
TWICE, MONTH = Range(2, 4, "sessions"), weeks(4, 6)
SCARS = part("acne-scars", option("fractional-ablative", "co2", TWICE, MONTH))
VEINS = part("facial-telangiectasia", option("vascular", "dye", UNKNOWN, UNKNOWN))
SPOTS = part("age-spots", option("pigment-short-pulse", "qs", Range(1, 2, "sessions"), weeks(1, 1)))
REDNESS = part("redness", option("vascular", "dye", TWICE, MONTH))


def test_vessels_and_pigment_come_before_resurfacing() -> None:
    course = course_of([SCARS, SPOTS, VEINS])
    assert [session.treats for session in course] == [
        ("facial-telangiectasia at cheeks",),
        ("age-spots at cheeks",),
        ("acne-scars at cheeks",),
        ("acne-scars at cheeks",),
    ]
    assert [session.session for session in course] == [1, 2, 3, 4]
    # Four weeks between treatments of different kinds; six, the upper end of its source, between those of one.
    assert [session.week for session in course] == [0, 4, 8, 14]


def test_concerns_that_share_a_device_are_treated_together() -> None:
    course = course_of([VEINS, REDNESS])
    assert [session.treats for session in course] == [
        ("facial-telangiectasia at cheeks", "redness at cheeks"),
        ("redness at cheeks",),
    ]


def test_an_unknown_number_of_sessions_is_one_and_is_reviewed() -> None:
    assert len(course_of([VEINS])) == 1


def test_sessions_are_never_nearer_than_the_least_interval() -> None:
    course = course_of([part("age-spots", option("pigment-short-pulse", "qs", TWICE, weeks(1, 2)))])
    assert [session.week for session in course] == [0, 4]


def steps(course: Sequence[Visit]) -> list[set[str]]:
    return [{step.id for step in visit.steps} for visit in course]


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (weeks(1, 2), {"course.least"}),
        (UNKNOWN, {"course.least-unknown"}),
        (weeks(2, 4), set()),  # the source asks for as many
        (MONTH, set()),
    ],
)
def test_a_week_that_the_least_interval_decided_says_so(interval: Range | Unknown, said: set[str]) -> None:
    first, second = steps(course_of([part("age-spots", option("pigment-short-pulse", "qs", TWICE, interval))]))
    floors = {"course.least", "course.least-unknown"}
    assert not first & floors
    assert second & floors == said


def test_the_least_interval_is_told_with_both_numbers() -> None:
    course = course_of([part("melasma", option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)))])
    (step,) = (step for step in course[1].steps if step.id == "course.least")
    assert step.params["weeks"] == course[1].week
    assert step.params["source_weeks"] == 2


def test_a_source_of_one_concern_decides_for_what_is_treated_with_it() -> None:
    together = [part("redness", option("vascular", "dye", TWICE, span)) for span in (UNKNOWN, MONTH)]
    course = course_of(together)
    assert course[1].week == MONTH.high
    assert not steps(course)[1] & {"course.least", "course.least-unknown"}


def test_every_session_after_the_first_begins_with_a_review() -> None:
    first, *others = course_of([SCARS, VEINS])
    assert "course.review" not in [step.id for step in first.steps]
    for session in others:
        assert session.steps[0].id == "course.review"


def test_without_a_laser_there_is_no_course() -> None:
    assert course_of([part("dynamic-wrinkles")]) == ()
    assert course_of([]) == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (replace(SETTINGS, pulse_ms=0.45), "595 nm, 5 J/cm², spot 7 mm, pulse 0.45 ms"),
        (replace(SETTINGS, pulse_ms=5e-6), "595 nm, 5 J/cm², spot 7 mm, pulse 5 ns"),
        (replace(SETTINGS, pulse_ms=7.5e-7), "595 nm, 5 J/cm², spot 7 mm, pulse 750 ps"),
        (replace(SETTINGS, pulse_ms=0.08), "595 nm, 5 J/cm², spot 7 mm, pulse 80 µs"),
        (replace(SETTINGS, passes=2), "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms, 2 passes"),
        (replace(SETTINGS, cooling=SPRAY), "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms, spray cooling"),
        (
            DeviceSetting(595.0, 5.0, microbeam=MicrobeamSetting(12.5, 400.0, 50.0, "gaussian")),
            "595 nm, 12.5 mJ per microbeam of 400 µm, 50 per cm², pulse 5 ms",
        ),
    ],
)
def test_settings_read_as_a_person_says_them(settings: DeviceSetting, words: str) -> None:
    assert settings_in_words(settings) == words


def test_of_a_lamp_the_cut_off_of_its_filter_is_told() -> None:
    settings = replace(SETTINGS, wavelength_nm=560.0)
    assert settings_in_words(settings, lamp=True).startswith("from 560 nm, 5 J/cm²")
    lamp = replace(LASER, setup=Setup("ipl", "ipl", 560.0, (560.0, 1200.0), settings))
    (step,) = course_of([part("redness", lamp)])[0].steps
    assert "from 560 nm, 5 J/cm²" in step.text


def test_the_course_of_a_plan_treats_what_was_offered() -> None:
    text = (
        PERSON + concern("acne-scars") + concern("facial-telangiectasia") + devices("pulsed-dye-595", "fractional-1550")
    )
    made = document(text)
    weeks = [session["week"] for session in made["course"]]
    assert weeks == sorted(set(weeks))
    assert made["course"][0]["treats"] == ["facial-telangiectasia at cheeks"]
    assert {name for session in made["course"] for name in session["treats"]} == {
        "facial-telangiectasia at cheeks",
        "acne-scars at cheeks",
    }
    assert {spot["message"]["id"] for spot in made["test_spots"]} == {"plan.test-spot"}
    assert len(made["test_spots"]) == 2

"""Creams before light on melasma and dark marks."""

from dataclasses import replace

import pytest
from consultations import PERSON, concern, loaded
from course_samples import (
    MONTH,
    ONCE,
    SCARS,
    SPOTS,
    THREE_TO_FOUR,
    TWICE,
    VEINS,
    option,
    part,
    session,
    sessions_of,
    step_ids,
)

from skinbeam.course.first_creams import DARK_MARKS, MELASMA
from skinbeam.course.schedule import schedule_course
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message


@pytest.mark.parametrize(("modality", "week"), [("non-ablative-fractional", 14), ("vascular", 0)])
def test_columns_beside_melasma_wait_for_its_creams(modality: str, week: int) -> None:
    """Columns were fired into the nose of a person of phototype IV whose cheeks had untreated melasma."""
    nose = part("acne-scars", option(modality, "glass", TWICE, MONTH), site="nose")
    visits = schedule_course([part(MELASMA), nose])
    assert visits[0].week == week
    assert ("course.melasma-beside" in step_ids(visits)[0]) is (week > 0)
    assert schedule_course([part(MELASMA), replace(nose, site="hands")])[0].week == 0


def test_pulses_that_whiten_beside_melasma_wait_for_its_creams() -> None:
    whitens = RuleReason(
        "short-pulse-after-melasma",
        "with-caution",
        Message("rules.short-pulse-after-melasma"),
        "rulepractice",
        "practice",
    )
    laser, *others = SPOTS.options
    spots = replace(SPOTS, site="nose", options=(replace(laser, reasons=(whitens,)), *others))
    assert schedule_course([part(MELASMA), spots])[0].week == 14
    assert schedule_course([part(MELASMA), replace(SPOTS, site="nose")])[0].week == 0


@pytest.mark.parametrize(("condition", "week", "span"), [(MELASMA, 14, "3 months"), (DARK_MARKS, 8, "8 weeks")])
def test_creams_come_before_light_on_melasma_and_dark_marks(condition: str, week: int, span: str) -> None:
    """A calendar gave melasma its first laser in week 0. Three months are 13.04 weeks."""
    first, *_ = schedule_course([part(condition, SPOTS.options[0])])
    assert first.week == week
    (told,) = (step.text for step in first.steps if step.id == "course.creams-first")
    assert f"at least {span}" in told
    assert f"week {week} " in told
    assert "course.wait" not in {step.id for step in first.steps}


@pytest.mark.parametrize(
    ("condition", "used_months", "week"),
    [(MELASMA, 0.0, 14), (MELASMA, 2.0, 5), (MELASMA, 3.0, 0), (DARK_MARKS, 1.0, 4), (DARK_MARKS, 2.0, 0)],
)
def test_months_of_creams_in_a_case_count(condition: str, used_months: float, week: int) -> None:
    case = loaded(PERSON + concern(condition, extra=f"creams_months = {used_months}\n")).case
    first, *_ = schedule_course([part(condition, SPOTS.options[0])], case)
    assert first.week == week
    assert ("course.creams-first" in {step.id for step in first.steps}) is (week > 0)


def test_a_course_of_melasma_that_has_begun_waits_for_no_creams() -> None:
    case = loaded(PERSON + concern(MELASMA, extra="") + session(30, 6).replace("facial-telangiectasia", MELASMA)).case
    first, *_ = schedule_course([part(MELASMA, SPOTS.options[0])], case)
    assert "course.creams-first" not in {step.id for step in first.steps}
    assert first.week < 14


def test_light_on_the_skin_of_melasma_waits_for_its_creams_where_no_laser_treats_it() -> None:
    veins, elsewhere = schedule_course([part(MELASMA), VEINS]), schedule_course([part(MELASMA, site="neck"), VEINS])
    assert [visit.week for visit in veins] == [14]
    assert [visit.week for visit in elsewhere] == [0]
    scars = schedule_course([part(DARK_MARKS), SCARS])
    assert scars[0].week == 8
    assert schedule_course([part(DARK_MARKS), VEINS])[0].week == 0  # light that resurfaces nothing


@pytest.mark.parametrize("order", [1, -1])
def test_spots_of_other_skin_do_not_wait_for_the_creams_of_dark_marks(order: int) -> None:
    toning = option("pigment-short-pulse", "qs", ONCE, MONTH)
    marks, hands = part(DARK_MARKS, toning), part("age-spots", toning, site="hands")
    visits = schedule_course([marks, hands][::order])
    assert [(visit.week, visit.treats) for visit in visits] == [(0, (hands.place,)), (8, (marks.place,))]


SPOT_THAT_DARKENED = (
    '[[test_spot]]\ndevice = "qs-ndyag-532-1064"\nsite = "cheeks"\nwavelength_nm = 1064\nfluence_J_cm2 = 2.0\n'
    'spot_mm = 6\nread_after_h = 1008\nreaction = "dark-mark"\n'
)
AGE_SPOTS_THAT_DARKENED = (
    '[[session]]\nweek = 0\nweeks_ago = 6\ntreats = "age-spots"\nsite = "cheeks"\ndevice = "qs-ndyag-532-1064"\n'
    'adverse = ["dark marks"]\n'
)


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("", 0),
        (SPOT_THAT_DARKENED, 8),  # six of thirteen weeks after it are over
        (SPOT_THAT_DARKENED.replace("dark-mark", "redness"), 0),
        (SPOT_THAT_DARKENED.replace("cheeks", "forehead"), 0),
        (AGE_SPOTS_THAT_DARKENED, 8),
        (AGE_SPOTS_THAT_DARKENED.replace("dark marks", "dark marks, gone after 5 weeks"), 0),
    ],
)
@pytest.mark.parametrize("condition", ["melasma", "facial-telangiectasia"])
def test_no_light_treats_darkened_melasma_before_its_creams(text: str, week: int, condition: str) -> None:
    """Columns at 1550 nm began at once on melasma that a spot of 1064 nm had darkened six weeks ago."""
    columns = part("melasma", option("non-ablative-fractional", "one", THREE_TO_FOUR, MONTH))
    planned = [columns] if condition == "melasma" else [VEINS, replace(columns, options=())]
    creams = "creams_months = 6\n"
    wanted = concern("melasma", extra=creams) + ("" if condition == "melasma" else concern(condition, extra=""))
    first = schedule_course(planned, loaded(PERSON + wanted + text).case)[0]
    assert first.week == week
    is_told = {"course.after-mark", "course.after-darkening"} & {step.id for step in first.steps}
    assert bool(is_told) is (week > 0) or "gone" in text  # a clinician looks again at melasma that light has darkened


@pytest.mark.parametrize(
    ("text", "months", "week"),
    [
        ("", 6, 0),
        (AGE_SPOTS_THAT_DARKENED, 6, 2),  # six of eight weeks after it are over
        (AGE_SPOTS_THAT_DARKENED.replace("weeks_ago = 6\n", ""), 6, 0),
        (AGE_SPOTS_THAT_DARKENED.replace("weeks_ago = 6\n", ""), 1, 4),
        (SPOT_THAT_DARKENED.replace("1008", "672"), 6, 0),
        (SPOT_THAT_DARKENED.replace("1008", "672"), 1, 4),
    ],
)
def test_creams_on_marks_of_which_nobody_knows_the_day_count(text: str, months: float, week: int) -> None:
    """Columns on scars waited for eight weeks of creams at every visit, however long the marks had been treated."""
    wanted = concern("acne-scars", extra="") + concern(DARK_MARKS, extra=f"creams_months = {months}\n")
    case = loaded(PERSON + wanted + text).case
    assert schedule_course([part(DARK_MARKS), SCARS], case)[0].week == week


@pytest.mark.parametrize(
    ("noted", "better", "ago", "creams", "week"),
    [
        ("none", 40.0, 10, "", 0),
        ("darker than before", 40.0, 10, "", 14),
        ("darker than before", 40.0, 10, "creams_months = 12", 4),  # of which ten weeks came after it
        ("darker than before", 40.0, 10, "creams_months = 1", 9),
        ("none", -20.0, 10, "creams_months = 12", 4),
        ("none", 40.0, 80, "", 14),  # a new course
        ("none", 40.0, 80, "creams_months = 4", 0),
    ],
)
def test_creams_begin_anew_after_light_darkened_melasma(
    noted: str, better: float, ago: int, creams: str, week: int
) -> None:
    """After a rebound columns were planned for the same day."""
    text = PERSON + concern("melasma", extra=creams + "\n") + sessions_of("melasma", "qs-ndyag-532-1064", 2, better)
    case = loaded(text + f'weeks_ago = {ago}\nadverse = ["{noted}"]\n').case
    columns = part("melasma", option("non-ablative-fractional", "erbium", TWICE, MONTH))
    assert schedule_course([columns], case)[0].week == week


@pytest.mark.parametrize(
    ("creams", "week", "told"),
    [
        ("", 14, "course.creams-first"),
        ("creams_months = 2", 5, "course.creams-first"),
        ("creams_months = 3", 0, "course.creams-used"),
    ],
)
def test_months_of_creams_that_were_entered_are_told_where_light_waits_no_longer(
    creams: str, week: int, told: str
) -> None:
    toning = part("melasma", option("pigment-short-pulse", "qs", TWICE, MONTH))
    (first, *_) = schedule_course([toning], loaded(PERSON + concern("melasma", extra=creams + "\n")).case)
    assert first.week == week
    (step,) = [step for step in first.steps if step.id.startswith("course.creams-")]
    assert step.id == told
    if week:
        assert "where the creams are doing enough" in step.text  # which fall into the last weeks of creams

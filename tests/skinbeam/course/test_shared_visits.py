"""What is treated in one visit, and what is done apart."""

import itertools
from dataclasses import replace

import pytest
from consultations import concern, loaded
from course_samples import (
    BEAM,
    COLUMNS,
    MONTH,
    ONCE,
    REDNESS,
    SPOTS,
    THREE,
    TWICE,
    UNKNOWN,
    VEINS,
    option,
    part,
    session,
    step_ids,
    weeks,
    with_settings,
)
from earlier_samples import VEINS_CASE

from skinbeam.course.first_creams import DARK_MARKS, MELASMA
from skinbeam.course.schedule import schedule_course
from skinbeam.plan_records.course import (
    SourceRange,
)
from skinbeam.plan_records.plan import ConcernPlan, Option


@pytest.mark.parametrize("order", [1, -1])
def test_one_pass_fades_melasma_and_dark_marks_of_the_same_skin(order: int) -> None:
    """Cheeks with both got four sessions for melasma and then two more, of the same setting, for the marks."""
    toning = option("pigment-short-pulse", "qs", TWICE, weeks(2, 2))
    melasma, marks = part(MELASMA, toning), part(DARK_MARKS, replace(toning, interval_weeks=UNKNOWN))
    visits = schedule_course([melasma, marks][::order])
    assert [(visit.week, set(visit.treats)) for visit in visits] == [
        (14, {melasma.place, marks.place}),
        (16, {melasma.place, marks.place}),
    ]
    assert "course.one-pass" in step_ids(visits)[0]
    apart = schedule_course([melasma, with_settings(marks, fluence_J_cm2=2.0)][::order])
    assert [len(visit.treats) for visit in apart] == [1] * 4


def test_fields_that_do_not_touch_share_their_visits() -> None:
    hands = replace(SPOTS, site="hands")
    course = schedule_course([REDNESS, hands])
    assert course[0].treats == ("redness at cheeks", "age-spots at hands")
    assert "course.share" in step_ids(course)[0]
    whole = replace(SPOTS, site="full-face")
    assert len(schedule_course([REDNESS, whole])) == 3


def test_a_site_that_is_a_part_of_another_is_the_same_field() -> None:
    """The skin of the lid is treated with what lies around the eye, so it heals before other light meets it."""
    around, lid = replace(REDNESS, site="periorbital"), replace(SPOTS, site="eyelid")
    course = schedule_course([around, lid])
    assert not any(len(visit.treats) > 1 for visit in course)


def test_concerns_that_share_a_device_are_treated_together() -> None:
    course = schedule_course([VEINS, REDNESS])
    assert [session.treats for session in course] == [
        ("facial-telangiectasia at cheeks", "redness at cheeks"),
        ("redness at cheeks",),
    ]


@pytest.mark.parametrize("modality", COLUMNS)
def test_no_visit_puts_two_patterns_of_columns_into_one_skin(modality: str) -> None:
    scars, pores = COLUMNS[modality].values()
    visits = schedule_course([scars, pores])
    assert [visit.treats for visit in visits] == [(scars.place,)] * 2 + [(pores.place,)] * 2
    assert visits[2].week - visits[1].week >= MONTH.high  # at least the interval of such sessions
    assert "course.apart" in step_ids(visits)[2]
    apart = schedule_course([scars, replace(pores, site="neck")])
    assert [len(visit.treats) for visit in apart] == [2, 2]  # other skin is treated at the same visit


@pytest.mark.parametrize("modality", COLUMNS)
@pytest.mark.parametrize("order", [1, -1])
def test_one_pattern_of_columns_renews_a_field(modality: str, order: int) -> None:
    """Loose skin and lines of one neck had a course of CO2 laser each, one after the other."""
    scars = replace(COLUMNS[modality]["acne-scars"], title="Scars")  # 40 mJ
    texture = _shallow_columns("skin-texture", modality)
    visits = schedule_course([scars, texture][::order])
    assert [set(visit.treats) for visit in visits] == [{scars.place, texture.place}] * 2
    for visit in visits:
        (treatment,) = (step for step in visit.steps if step.id == "course.treat")
        assert "40 mJ" in str(treatment.params["settings"])  # the deepest columns renew the layers on their way
        (told,) = (step for step in visit.steps if step.id == "course.one-pattern")
        assert str(told.params["deepest"]).startswith("Scars")


def test_the_longer_course_goes_on_with_its_own_columns() -> None:
    scars = COLUMNS["fractional-ablative"]["acne-scars"]
    texture = _shallow_columns("skin-texture", "fractional-ablative", sessions=THREE)
    last = schedule_course([scars, texture])[2]
    assert last.treats == (texture.place,)
    (treatment,) = (step for step in last.steps if step.id == "course.treat")
    assert "10 mJ" in str(treatment.params["settings"])


def test_columns_of_a_scar_are_not_those_of_the_field_around_it() -> None:
    scars = COLUMNS["fractional-ablative"]["acne-scars"]
    seam = _shallow_columns("surgical-scars", "fractional-ablative")
    assert [visit.treats for visit in schedule_course([scars, seam])] == [(scars.place,)] * 2 + [(seam.place,)] * 2


def _shallow_columns(condition: str, modality: str, sessions: SourceRange = TWICE) -> ConcernPlan:
    """Return a concern that columns of 10 mJ treat."""
    beam = replace(BEAM, energy_mJ=10.0)
    return with_settings(part(condition, option(modality, "laser", sessions, MONTH)), microbeam=beam)


@pytest.mark.parametrize("modality", COLUMNS)
@pytest.mark.parametrize("order", [1, -1])
def test_a_part_of_a_field_gets_its_own_columns_in_the_same_visit(modality: str, order: int) -> None:
    """Lines around the mouth waited until the whole face had had every session with the same laser."""
    scars, pores = COLUMNS[modality].values()
    mouth, face = replace(scars, site="perioral"), replace(pores, site="full-face")
    visits = schedule_course([mouth, face][::order])
    assert [visit.treats for visit in visits] == [(mouth.place, face.place)] * 2
    (step,) = (step for step in visits[0].steps if step.id == "course.lines-first")
    assert step.params == {"first": [f"{mouth.title} (around the mouth)"], "then": f"{face.title} (full face)"}


def test_veins_and_redness_stay_together_where_pigment_of_a_field_shares_their_lamp() -> None:
    veins = with_settings(part("facial-telangiectasia", option("vascular", "ipl", TWICE, MONTH)), fluence_J_cm2=9.0)
    red = part("redness", option("vascular", "ipl", TWICE, MONTH))
    brown = with_settings(part("uneven-pigmentation", option("pigment-long-pulse", "ipl", TWICE, MONTH)), pulse_ms=2.0)
    visits = schedule_course([veins, brown, red])
    assert [visit.treats for visit in visits] == [(veins.place, red.place)] * 2 + [(brown.place,)] * 2


@pytest.mark.parametrize("modality", [*COLUMNS, "vascular"])
def test_one_setting_for_two_concerns_of_one_skin_is_one_pass(modality: str) -> None:
    one, two = (part(name, option(modality, "laser", TWICE, MONTH)) for name in ("redness", "poikiloderma"))
    for visit in schedule_course([one, two]):
        assert visit.treats == (one.place, two.place)
        ids = [step.id for step in visit.steps]
        assert ids.count("course.treat") == 1
        assert "course.one-pass" in ids


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("modality", ["vascular", "pigment-long-pulse"])
def test_lines_come_before_the_background_and_no_place_twice(modality: str, order: int) -> None:
    background = part("redness", option(modality, "laser", TWICE, MONTH))
    lines = with_settings(
        part("facial-telangiectasia", option(modality, "laser", ONCE, MONTH)), spot_mm=5.0, fluence_J_cm2=6.5
    )
    first, second = schedule_course([lines, background][::order])
    assert first.treats == (lines.place, background.place)
    (step,) = (step for step in first.steps if step.id == "course.lines-first")
    assert step.params["first"] == ["Visible facial veins (cheeks)"]
    treated = [step.text for step in first.steps if step.id == "course.treat-for"]
    assert ["6.5 J/cm²" in text for text in treated] == [True, False]
    assert [text.split(" (cheeks): ")[0] for text in treated] == ["Visible facial veins", background.title]
    assert "course.lines-first" not in {step.id for step in second.steps}  # the lines are done
    elsewhere = schedule_course([lines, replace(background, site="neck")])
    assert "course.lines-first" not in step_ids(elsewhere)[0]


@pytest.mark.parametrize("order", [1, -1])
def test_one_lamp_treats_red_and_brown_of_one_field_in_the_same_visits(order: int) -> None:
    """The brown waited until every session for the red was over: 24 weeks and seven visits in place of twelve weeks."""
    red = part("redness", option("vascular", "ipl", SourceRange(4, 4, "sessions"), weeks(4, 4)))
    brown = with_settings(part("age-spots", option("pigment-long-pulse", "ipl", TWICE, weeks(4, 4))), pulse_ms=2.0)
    visits = schedule_course([red, brown][::order])
    assert [visit.week for visit in visits] == [0, 4, 8, 12]
    assert [visit.treats for visit in visits] == [(brown.place, red.place)] * 2 + [(red.place,)] * 2
    assert ["course.lines-first" in ids for ids in step_ids(visits)] == [True, True, False, False]
    other = part("age-spots", option("pigment-long-pulse", "alexandrite", TWICE, weeks(4, 4)))
    assert all(len(visit.treats) == 1 for visit in schedule_course([red, other]))  # two devices follow each other


FAIR_FACE = '[patient]\nage_years = 45\nsex = "female"\nphototype = "{}"\n'


@pytest.mark.parametrize("order", [1, -1])
def test_brown_spots_of_fair_skin_share_the_visits_of_its_vessels(order: int) -> None:
    """Spots that one session clears waited 16 weeks for the end of a course with a dye laser."""
    case = loaded(FAIR_FACE.format("II") + concern("redness")).case
    red = part("redness", option("vascular", "dye", SourceRange(4, 4, "sessions"), weeks(4, 4)))
    brown = replace(part("age-spots", option("pigment-short-pulse", "qs", ONCE, weeks(4, 8))), title="Spots")
    visits = schedule_course([red, brown][::order], case)
    assert [visit.week for visit in visits] == [0, 4, 8, 12]
    assert visits[0].treats == (brown.place, red.place)
    (step,) = (step for step in visits[0].steps if step.id == "course.lines-first")
    assert step.params["first"] == ["Spots (cheeks)"]  # the light for vessels leaves them out
    assert "course.share" not in step_ids(visits)[0]  # the fields overlap
    assert [treated.id for treated in visits[0].steps].count("course.treat-for") == 2


@pytest.mark.parametrize(
    ("phototype", "condition", "device"),
    [
        ("IV", "age-spots", "dye"),  # each light may leave a dark mark
        ("II", "melasma", "dye"),  # no single spots
        ("II", "age-spots", "lamp"),  # its window leaves out no spot
    ],
)
def test_other_pigment_waits_for_the_vessels_of_its_skin(phototype: str, condition: str, device: str) -> None:
    case = loaded(FAIR_FACE.format(phototype) + concern("redness")).case
    red = part("redness", option("vascular", device, TWICE, weeks(4, 4)))
    if device == "lamp":
        laser, *others = red.options
        assert laser.setup is not None
        filtered = replace(laser, setup=replace(laser.setup, band_nm=(560.0, 1200.0)))
        red = replace(red, options=(filtered, *others))
    brown = part(condition, option("pigment-short-pulse", "qs", ONCE, weeks(4, 8)))
    assert all(len(visit.treats) == 1 for visit in schedule_course([red, brown], case))


@pytest.mark.parametrize("spots_weeks", [4, 5, 6, 8])
@pytest.mark.parametrize("red_weeks", [4, 6])
def test_skin_heals_between_spots_and_vessels_unless_one_visit_has_both(spots_weeks: int, red_weeks: int) -> None:
    case = loaded(FAIR_FACE.format("II") + concern("redness")).case
    red = part("redness", option("vascular", "dye", THREE, weeks(red_weeks, red_weeks)))
    brown = part("age-spots", option("pigment-short-pulse", "qs", THREE, weeks(spots_weeks, spots_weeks)))
    found = [visit.week for visit in schedule_course([red, brown], case)]
    assert all(later - week >= 4 for week, later in itertools.pairwise(found))


@pytest.mark.parametrize("condition", ["melasma", "post-inflammatory-hyperpigmentation", "uneven-pigmentation"])
def test_a_field_of_pigment_shares_no_visit_with_redness_of_its_skin(condition: str) -> None:
    """Melasma comes first on its skin, dark marks are read alone, and of two fields neither lies outside the other."""
    red = part("redness", option("vascular", "ipl", TWICE, MONTH))
    field = with_settings(part(condition, option("pigment-long-pulse", "ipl", TWICE, MONTH)), pulse_ms=2.0)
    assert all(len(visit.treats) == 1 for visit in schedule_course([red, field]))


def test_deep_skin_is_not_heated_twice_on_one_day() -> None:
    """Long pulses of 1064 nm at lines and at the background around them went into one visit."""
    background = part("redness", option("vascular", "laser", TWICE, MONTH))
    lines = with_settings(
        part("facial-telangiectasia", option("vascular", "laser", ONCE, MONTH)), spot_mm=5.0, fluence_J_cm2=90.0
    )
    deep = [replace(one, options=tuple(_at_1064_nm(each) for each in one.options)) for one in (lines, background)]
    visits = schedule_course(deep)
    assert all(len(visit.treats) == 1 for visit in visits)
    assert "course.apart" in step_ids(visits)[1]
    assert len(schedule_course([deep[0], replace(deep[1], site="neck")])[0].treats) == 2


def _at_1064_nm(one: Option) -> Option:
    return one if one.setup is None else replace(one, setup=replace(one.setup, wavelength_nm=1064.0))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("veins_weeks", "lines_weeks", "begins"),
    [
        (weeks(4, 6), weeks(4, 8), 0),  # every six weeks both
        (weeks(4, 4), weeks(8, 8), 0),  # 0, 4, 8 and 0, 8: four weeks lie between columns and the next light
        (weeks(6, 6), weeks(4, 4), 16),  # light in week 6 would meet columns of week 4
    ],
)
def test_columns_beside_veins_share_their_visits_if_no_light_meets_a_fresh_wound(
    veins_weeks: SourceRange, lines_weeks: SourceRange, begins: int, order: int
) -> None:
    """Lines around the mouth waited 16 weeks for three sessions of the nose, which clinics treat on one day."""
    veins = part("facial-telangiectasia", option("vascular", "dye", THREE, veins_weeks), site="nose")
    lines = part("perioral-lines", option("fractional-ablative", "co2", TWICE, lines_weeks), site="perioral")
    visits = schedule_course([veins, lines][::order])
    light, wounds = ([visit.week for visit in visits if one.place in visit.treats] for one in (veins, lines))
    assert (light[0], wounds[0]) == (0, begins)
    assert not any(0 < later - wound < 4 for later in light for wound in wounds)
    shared = [visit for visit in visits if len(visit.treats) > 1]
    assert all("course.wound-last" in {step.id for step in visit.steps} for visit in shared)
    assert all(visit.treats == (veins.place, lines.place) for visit in shared)
    assert bool(shared) is (begins == 0)


def test_courses_that_rest_after_one_visit_share_the_next_ones() -> None:
    """Planned anew a week after a visit, veins and lines around the mouth fell into weeks of their own."""
    mouth = '\n[[session]]\nweek = 0\ntreats = "perioral-lines"\nsite = "perioral"\nweeks_ago = 1.0\n'
    text = VEINS_CASE + concern("perioral-lines", site="perioral", extra="") + session(50, 0) + "weeks_ago = 1.0\n"
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(3, 3, "sessions"), MONTH))
    lines = part(
        "perioral-lines",
        option("non-ablative-fractional", "glass", veins.options[0].sessions, weeks(2, 4)),
        site="perioral",
    )
    visits = schedule_course([veins, lines], loaded(text + mouth).case)
    assert [(visit.week, visit.treats) for visit in visits] == [
        (3, (veins.place, lines.place)),
        (7, (veins.place, lines.place)),
    ]

"""One course for several concerns: order, weeks, what is done together."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, loaded
from plan_reading import read_plan
from report_samples import sample_plan

from skinbeam.assessment.earlier_sessions import weeks_since
from skinbeam.course.first_creams import DARK_MARKS, MELASMA
from skinbeam.course.groups import mark_done_concerns
from skinbeam.course.resurfacing import weeks_before_ablation
from skinbeam.course.schedule import schedule_course
from skinbeam.course.session_counts import expected_interval, expected_sessions, planned_sessions
from skinbeam.course.setting_words import describe_settings, describe_settings_after_title
from skinbeam.course.totals import course_total
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.vocabulary import SURFACE_MODALITIES, laser_modalities
from skinbeam.plan.expected_result import response_notices
from skinbeam.plan_records.course import (
    DeviceSetting,
    DeviceSetup,
    Duration,
    MicrobeamSetting,
    SessionGain,
    SourceRange,
    Visit,
)
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.response.records import CoolingSetting
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.session_response import SessionResponse, session_response
from skinbeam.suitability.table import RuleReason
from skinbeam.text import Message

SPRAY = CoolingSetting(kind="spray", temperature_C=-26.0, coefficient_W_m2K=4000.0)
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


def at(planned: ConcernPlan, **settings: Any) -> ConcernPlan:
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


def test_vessels_and_pigment_come_before_resurfacing() -> None:
    course = schedule_course([SCARS, SPOTS, VEINS])
    assert [session.treats for session in course] == [
        ("facial-telangiectasia at cheeks",),
        ("age-spots at cheeks",),
        ("acne-scars at cheeks",),
        ("acne-scars at cheeks",),
    ]
    assert [session.session for session in course] == [1, 2, 3, 4]
    # Four weeks between treatments of different kinds; six, the upper end of its source, between those of one.
    assert [session.week for session in course] == [0, 4, 8, 14]


@pytest.mark.parametrize("marks_by", [*laser_modalities(), ""])
@pytest.mark.parametrize("scars_by", SURFACE_MODALITIES)
def test_dark_marks_come_before_resurfacing_of_their_skin(marks_by: str, scars_by: str) -> None:
    """Resurfacing darkens them; an empty kind stands for marks that no laser treats."""
    scars = part("acne-scars", option(scars_by, "one", TWICE, MONTH))
    lasers = [option(marks_by, "other", ONCE, MONTH)] if marks_by else []
    marks = part("post-inflammatory-hyperpigmentation", *lasers)
    for concerns in ([scars, marks], [marks, scars]):
        course = schedule_course(concerns)
        treated = [place for visit in course for place in visit.treats]
        assert treated == [marks.place] * len(lasers) + [scars.place] * 2
        places = [visit.treats for visit in course if "course.dark-marks-first" in {step.id for step in visit.steps}]
        assert places == [(scars.place,)]
    elsewhere = schedule_course([scars, replace(marks, site="hands")])
    assert not any(step.id == "course.dark-marks-first" for visit in elsewhere for step in visit.steps)
    assert elsewhere[0].week == 0
    assert scars.place in elsewhere[0].treats


def test_the_laser_of_scars_treats_dark_marks_of_the_same_skin_first_and_others_beside_them() -> None:
    laser = option("non-ablative-fractional", "one", TWICE, MONTH)
    scars, marks = part("acne-scars", laser), part("post-inflammatory-hyperpigmentation", laser)
    course = schedule_course([scars, marks])
    assert [visit.treats for visit in course] == [(marks.place,)] * 2 + [(scars.place,)] * 2
    assert not any(step.id == "course.apart" for visit in course for step in visit.steps)
    bare, elsewhere = part("post-inflammatory-hyperpigmentation"), replace(marks, site="forehead")
    first, *_ = schedule_course([scars, bare, elsewhere])
    assert "course.dark-marks-first" in {step.id for step in first.steps}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("marks_by", ["one", "other"])
def test_marks_elsewhere_bring_no_resurfacing_before_the_marks_of_its_skin(order: tuple[int, ...], marks_by: str):
    laser = option("non-ablative-fractional", "one", TWICE, MONTH)
    scars, forehead = (
        part("acne-scars", laser),
        replace(part("post-inflammatory-hyperpigmentation", laser), site="forehead"),
    )
    cheeks = part("post-inflammatory-hyperpigmentation", option("non-ablative-fractional", marks_by, TWICE, MONTH))
    concerns = (scars, cheeks, forehead)
    treated = [place for visit in schedule_course([concerns[k] for k in order]) for place in visit.treats]
    last = len(treated) - 1 - treated[::-1].index(cheeks.place)
    assert last < treated.index(scars.place)


@pytest.mark.parametrize("order", [1, -1])
def test_melasma_is_treated_before_what_one_laser_treats_on_its_skin(order: int) -> None:
    """Freckles of melasma skin went into the visits of the melasma, and columns around the mouth of such a face."""
    toning, columns = option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)), COLUMNS["non-ablative-fractional"]
    face, freckles = part("melasma", toning, site="full-face"), at(part("freckles", toning), fluence_J_cm2=2.0)
    visits = schedule_course([face, freckles][::order])
    assert [(visit.week, visit.treats) for visit in visits] == [
        (14, (face.place,)),
        (16, (face.place,)),
        (20, (freckles.place,)),
        (24, (freckles.place,)),
    ]
    assert "course.melasma-first" in steps(visits)[2]
    whole = part("melasma", columns["pores"].options[0], site="full-face")
    mouth = replace(columns["acne-scars"], site="perioral")
    visits = schedule_course([whole, mouth][::order])
    assert [visit.treats for visit in visits] == [(whole.place,)] * 2 + [(mouth.place,)] * 2
    hands = replace(freckles, site="hands")
    first = schedule_course([face, hands][::order])[0]
    assert (first.week, first.treats) == (0, (hands.place,))  # other skin


@pytest.mark.parametrize(("modality", "week"), [("non-ablative-fractional", 14), ("vascular", 0)])
def test_columns_beside_melasma_wait_for_its_creams(modality: str, week: int) -> None:
    """Columns were fired into the nose of a person of phototype IV whose cheeks had untreated melasma."""
    nose = part("acne-scars", option(modality, "glass", TWICE, MONTH), site="nose")
    visits = schedule_course([part(MELASMA), nose])
    assert visits[0].week == week
    assert ("course.melasma-beside" in steps(visits)[0]) is (week > 0)
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
    assert "course.one-pass" in steps(visits)[0]
    apart = schedule_course([melasma, at(marks, fluence_J_cm2=2.0)][::order])
    assert [len(visit.treats) for visit in apart] == [1] * 4


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_melasma_elsewhere_brings_no_resurfacing_before_the_marks_of_its_skin(order: tuple[int, ...]) -> None:
    laser = option("non-ablative-fractional", "one", TWICE, MONTH)
    melasma, scars = part("melasma", laser, site="neck"), part("acne-scars", laser)
    marks = part("post-inflammatory-hyperpigmentation", option("pigment-short-pulse", "qs", TWICE, MONTH))
    concerns = (melasma, scars, marks)
    treated = [place for visit in schedule_course([concerns[k] for k in order]) for place in visit.treats]
    last = len(treated) - 1 - treated[::-1].index(marks.place)
    assert last < treated.index(scars.place)


def test_vessels_and_spots_do_not_wait_for_dark_marks() -> None:
    marks = part("post-inflammatory-hyperpigmentation", option("non-ablative-fractional", "other", ONCE, MONTH))
    course = schedule_course([marks, SPOTS, VEINS])
    assert [visit.treats for visit in course] == [(VEINS.place,), (SPOTS.place,), (marks.place,)]


def test_what_comes_before_a_laser_is_named_before_its_first_visit() -> None:
    cream, laser = replace(BARE, title="Sun protection", rank=1), replace(SPOTS.options[0], rank=2)
    visits = schedule_course([replace(SPOTS, options=(cream, laser, replace(BARE, title="Peel", rank=3)))])
    texts = [[step.text for step in visit.steps if step.id == "course.after"] for visit in visits]
    assert texts == [
        [
            "Visible facial veins (cheeks): this plan ranks before the laser: Sun protection. "
            "These visits are for what remains after that, or for people who decide against it."
        ]
    ]
    assert not [step for visit in schedule_course([SPOTS]) for step in visit.steps if step.id == "course.after"]


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


@pytest.mark.parametrize(
    ("modality", "condition", "low", "high"),
    [
        # The middle half of the weeks in studies.csv, rounded: 4 4 2 4 4 4 4 4; 2 2 2 2 3; 4 3 4; 4.3 4 4; 4 2.
        ("microneedling", "acne-scars", 4, 4),
        ("chemical-peel", "melasma", 2, 2),
        ("non-ablative-fractional", "melasma", 4, 4),
        ("vascular", "hypertrophic-scars", 4, 4),
        ("non-ablative-fractional", "uneven-pigmentation", 3, 4),
        # Rules come before trials: a review of 38 trials, and two to three months as printed.
        ("intralesional-steroid", "keloid", 4, 4),
        ("fractional-ablative", "hypertrophic-scars", 9, 13),
        ("fractional-ablative", "acne-scars", 4, 7),
        # One trial may have set its visits for its own ends.
        ("tranexamic-acid", "melasma", None, None),
        ("silicone", "keloid", None, None),
    ],
)
def test_weeks_between_sessions_are_those_of_rules_and_else_of_trials(
    modality: str, condition: str, low: int | None, high: int | None
) -> None:
    """ "No source that was read gives the weeks" stood beside trials that had printed them."""
    found = expected_interval(modality, condition, "cheeks")
    assert (None if isinstance(found, Unknown) else (found.low, found.high)) == (None if low is None else (low, high))


def test_the_order_of_lights_is_stated_where_the_surface_is_treated_too() -> None:
    assert "course.order" in steps(schedule_course([VEINS, SCARS]))[0]
    assert "course.order" not in steps(schedule_course([VEINS, SPOTS]))[0]


def test_another_light_waits_until_nothing_shows_any_more() -> None:
    slow = Duration("trials", 20, 60, "days", "synthetic2000", Message("course.wait", {"weeks": 1}))
    shown = part("facial-telangiectasia", replace(VEINS.options[0], shows_days=slow))
    course = schedule_course([SPOTS, shown])
    assert [session.week for session in course] == [0, 9]  # 60 days are nine weeks


def test_a_session_waits_for_the_downtime_of_the_last() -> None:
    long = replace(option("ablative", "co2", TWICE, weeks(4, 4)), downtime_days=days(50.0))
    course = schedule_course([part("wrinkles", long)])
    assert [session.week for session in course] == [0, 8]
    assert "course.healing" in steps(course)[1]


def test_fields_that_do_not_touch_share_their_visits() -> None:
    hands = replace(SPOTS, site="hands")
    course = schedule_course([REDNESS, hands])
    assert course[0].treats == ("redness at cheeks", "age-spots at hands")
    assert "course.share" in steps(course)[0]
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


BEAM = MicrobeamSetting(40.0, 120.0, 225.0, "gaussian")
COLUMNS = {
    modality: {
        name: at(part(name, option(modality, "laser", TWICE, MONTH)), microbeam=replace(BEAM, energy_mJ=energy_mJ))
        for name, energy_mJ in (("acne-scars", 40.0), ("pores", 10.0))
    }
    for modality in ("non-ablative-fractional", "fractional-ablative")
}


@pytest.mark.parametrize("modality", COLUMNS)
def test_no_visit_puts_two_patterns_of_columns_into_one_skin(modality: str) -> None:
    scars, pores = COLUMNS[modality].values()
    visits = schedule_course([scars, pores])
    assert [visit.treats for visit in visits] == [(scars.place,)] * 2 + [(pores.place,)] * 2
    assert visits[2].week - visits[1].week >= MONTH.high  # at least the interval of such sessions
    assert "course.apart" in steps(visits)[2]
    apart = schedule_course([scars, replace(pores, site="neck")])
    assert [len(visit.treats) for visit in apart] == [2, 2]  # other skin is treated at the same visit


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
    veins = at(part("facial-telangiectasia", option("vascular", "ipl", TWICE, MONTH)), fluence_J_cm2=9.0)
    red = part("redness", option("vascular", "ipl", TWICE, MONTH))
    brown = at(part("uneven-pigmentation", option("pigment-long-pulse", "ipl", TWICE, MONTH)), pulse_ms=2.0)
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
    lines = at(part("facial-telangiectasia", option(modality, "laser", ONCE, MONTH)), spot_mm=5.0, fluence_J_cm2=6.5)
    first, second = schedule_course([lines, background][::order])
    assert first.treats == (lines.place, background.place)
    (step,) = (step for step in first.steps if step.id == "course.lines-first")
    assert step.params["first"] == ["Visible facial veins (cheeks)"]
    treated = [step.text for step in first.steps if step.id == "course.treat-for"]
    assert ["6.5 J/cm²" in text for text in treated] == [True, False]
    assert [text.split(" (cheeks): ")[0] for text in treated] == ["Visible facial veins", background.title]
    assert "course.lines-first" not in {step.id for step in second.steps}  # the lines are done
    elsewhere = schedule_course([lines, replace(background, site="neck")])
    assert "course.lines-first" not in steps(elsewhere)[0]


@pytest.mark.parametrize("order", [1, -1])
def test_one_lamp_treats_red_and_brown_of_one_field_in_the_same_visits(order: int) -> None:
    """The brown waited until every session for the red was over: 24 weeks and seven visits in place of twelve weeks."""
    red = part("redness", option("vascular", "ipl", SourceRange(4, 4, "sessions"), weeks(4, 4)))
    brown = at(part("age-spots", option("pigment-long-pulse", "ipl", TWICE, weeks(4, 4))), pulse_ms=2.0)
    visits = schedule_course([red, brown][::order])
    assert [visit.week for visit in visits] == [0, 4, 8, 12]
    assert [visit.treats for visit in visits] == [(brown.place, red.place)] * 2 + [(red.place,)] * 2
    assert ["course.lines-first" in ids for ids in steps(visits)] == [True, True, False, False]
    other = part("age-spots", option("pigment-long-pulse", "alexandrite", TWICE, weeks(4, 4)))
    assert all(len(visit.treats) == 1 for visit in schedule_course([red, other]))  # two devices follow each other


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_vessels_elsewhere_bring_no_pigment_before_the_vessels_of_its_skin(order: tuple[int, ...]) -> None:
    """A vein of the nose, which one lamp treats too, brought the spots of a forehead before its redness."""
    vein = part("spider-angioma", option("vascular", "ipl", TWICE, MONTH), site="nose")
    spots = part("age-spots", option("pigment-long-pulse", "ipl", TWICE, MONTH), site="forehead")
    red = part("redness", option("vascular", "dye", TWICE, MONTH), site="forehead")
    first, second, *rest = schedule_course([(vein, spots, red)[k] for k in order])
    assert {*first.treats} == {*second.treats} == {vein.place, red.place}
    assert [visit.treats for visit in rest] == [(spots.place,)] * 2


@pytest.mark.parametrize("condition", ["melasma", "post-inflammatory-hyperpigmentation", "uneven-pigmentation"])
def test_a_field_of_pigment_shares_no_visit_with_redness_of_its_skin(condition: str) -> None:
    """Melasma comes first on its skin, dark marks are read alone, and of two fields neither lies outside the other."""
    red = part("redness", option("vascular", "ipl", TWICE, MONTH))
    field = at(part(condition, option("pigment-long-pulse", "ipl", TWICE, MONTH)), pulse_ms=2.0)
    assert all(len(visit.treats) == 1 for visit in schedule_course([red, field]))


def test_skin_that_need_not_wait_begins_with_the_first_visit() -> None:
    """Spots of the hands waited for redness of the cheeks, since spots of the cheeks did."""
    red = part("redness", option("vascular", "dye", TWICE, MONTH))
    spots = part("age-spots", option("pigment-short-pulse", "qs", TWICE, MONTH))
    hands = replace(spots, site="hands")
    first, second, third, fourth = schedule_course([red, spots, hands])
    assert first.treats == second.treats == (red.place, hands.place)
    assert third.treats == fourth.treats == (spots.place,)


def test_deep_skin_is_not_heated_twice_on_one_day() -> None:
    """Long pulses of 1064 nm at lines and at the background around them went into one visit."""
    background = part("redness", option("vascular", "laser", TWICE, MONTH))
    lines = at(part("facial-telangiectasia", option("vascular", "laser", ONCE, MONTH)), spot_mm=5.0, fluence_J_cm2=90.0)
    deep = [replace(one, options=tuple(_at_1064_nm(each) for each in one.options)) for one in (lines, background)]
    visits = schedule_course(deep)
    assert all(len(visit.treats) == 1 for visit in visits)
    assert "course.apart" in steps(visits)[1]
    assert len(schedule_course([deep[0], replace(deep[1], site="neck")])[0].treats) == 2


def _at_1064_nm(one: Option) -> Option:
    return one if one.setup is None else replace(one, setup=replace(one.setup, wavelength_nm=1064.0))


def test_skin_is_removed_once_where_nobody_counted_how_often() -> None:
    (visit,) = schedule_course([part("laxity", option("ablative", "er", UNKNOWN, UNKNOWN), site="eyelid")])
    assert "course.sessions-unknown-once" in {step.id for step in visit.steps}


HALF_A_YEAR_WEEKS = 26


def test_ablated_skin_waits_as_the_rule_on_recent_resurfacing_says() -> None:
    """The rule refuses to ablate for six to twelve months after resurfacing: a course keeps it too."""
    again = schedule_course([part("wrinkles", option("ablative", "er", TWICE, UNKNOWN))])
    assert again[1].week >= HALF_A_YEAR_WEEKS
    assert "course.ablated-again" in steps(again)[1]
    full = part("laxity", option("ablative", "er", UNKNOWN, UNKNOWN), site="eyelid")
    around = part("wrinkles", option("fractional-ablative", "co2", TWICE, MONTH), site="periorbital")
    *columns, last = schedule_course([full, around])
    assert last.treats == (full.place,)
    assert last.week - columns[-1].week >= HALF_A_YEAR_WEEKS
    assert "course.wait-ablation" in {step.id for step in last.steps}
    assert columns[1].week - columns[0].week == MONTH.high  # columns alone are repeated as trials did


def test_a_laser_that_reaches_nobody_has_no_sessions_unless_trials_counted_whom_it_helped() -> None:
    """Trials that count people who improved show that the model does not know the light, as that of lamps."""
    counted = replace(VEINS.options[0], p_effective=Estimate(0.0, 0.0, 0.008, 0.8, "modelled"))
    assert isinstance(counted.expected.p_at_least["50"], Estimate)
    unknown = replace(counted.expected, p_at_least=dict.fromkeys(counted.expected.p_at_least, UNKNOWN))
    none = replace(counted, expected=unknown)
    one_in_200 = replace(none, p_effective=Estimate(0.005, 0.001, 0.01, 0.8, "modelled"))
    concerns = [part("redness", none), SPOTS]
    course = schedule_course(concerns)
    assert [visit.treats for visit in course] == [("age-spots at cheeks",)]
    assert course_total(concerns, course).afterwards[0].id == "course.not-reached"
    assert schedule_course([part("redness", none)]) == ()
    assert schedule_course([part("redness", one_in_200)])
    assert schedule_course([part("redness", counted)])
    columns = at(part("acne-scars", none), microbeam=MicrobeamSetting(20.0, 120.0, 100.0, "gaussian"))
    assert schedule_course([columns])  # the depth that they aim at is a judgement


@pytest.mark.parametrize(
    ("span", "planned"),
    [
        (UNKNOWN, 2),  # not one: the second is decided by the first
        (SourceRange(1, 1, "sessions"), 1),
        (SourceRange(1, 3, "sessions"), 2),
        (SourceRange(1, 3, "sessions", usual=1.0), 2),  # never the least of a range
        (SourceRange(2, 6, "sessions", usual=5.0), 5),
        (SourceRange(7.2, 7.2, "sessions"), 8),
    ],
)
def test_room_is_made_for_the_middle_and_never_for_the_least_of_a_range(
    span: SourceRange | Unknown, planned: int
) -> None:
    assert planned_sessions(span, "vascular") == planned
    assert len(schedule_course([part("redness", option("vascular", "dye", span, MONTH))])) == planned


def test_an_unknown_number_of_sessions_is_stated_and_decided_by_the_first() -> None:
    first, second = schedule_course([part("redness", option("vascular", "dye", UNKNOWN, MONTH))])
    assert "course.sessions-unknown" in [step.id for step in first.steps]
    assert second.steps[0].id == "course.review"


@pytest.mark.parametrize("modality", laser_modalities())
@pytest.mark.parametrize("condition", ["acne-scars", "facial-telangiectasia", "age-spots", "melasma", "redness"])
def test_sessions_are_a_range_that_trials_counted(condition: str, modality: str) -> None:
    found = expected_sessions(modality, condition, "cheeks")
    if isinstance(found, SourceRange):
        assert 1.0 <= found.low <= found.high
        assert planned_sessions(found, modality) > found.low or found.low == found.high
        assert found.usual is None or found.low <= found.usual <= found.high


def test_sessions_of_vessels_come_from_many_trials() -> None:
    found = expected_sessions("vascular", "facial-telangiectasia", "cheeks")
    assert isinstance(found, SourceRange)
    assert found.text is not None
    assert found.text.params["trials"] >= 10
    assert (found.low, found.high) == (1.0, 3.0)  # as the review of practice says too


def session(response: float, week: int, device: str = "pulsed-dye-595") -> str:
    return (
        f'\n[[session]]\nweek = {week}\ntreats = "facial-telangiectasia"\ndevice = "{device}"\n'
        f"response_pct = {response}\n"
    )


VEINS_CASE = PERSON + concern("facial-telangiectasia", extra="")


def test_sessions_that_took_place_are_counted_and_the_last_response_is_taken() -> None:
    case = loaded(VEINS_CASE + session(30, 6) + session(10, 0)).case
    assert session_response(case, case.concern[0]) == SessionResponse(2, 30.0, 2, is_last_judged=True)
    assert session_response(case, part("age-spots")) == SessionResponse(0, None)
    course = schedule_course(
        [part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))], case
    )
    assert len(course) == 2


@pytest.mark.parametrize(
    ("responses", "stops"), [((10,), False), ((10, 24), True), ((10, 25), False), ((30, 20), True), ((-10,), True)]
)
def test_less_than_a_quarter_after_two_sessions_stops_the_course(responses: tuple[int, ...], stops: bool) -> None:
    case = loaded(VEINS_CASE + "".join(session(r, 6 * n) for n, r in enumerate(responses))).case

    def judge(modality: str, nm: float, *, pulse_ms: float = 10.0, ipl: bool = False) -> Suitability:
        light = {"device_wavelength_nm": nm, "pulse_ms": pulse_ms, "ipl": ipl}
        return judge_suitability(case, concern=case.concern[0], modality=modality, **light)

    judged = judge("vascular", 595.0)
    assert ("response-too-little" in [reason.rule for reason in judged.reasons]) is stops
    assert (judged.decision == "refer") is stops
    assert judge("fractional-ablative", 10600.0, pulse_ms=1.0).decision != "refer"  # another kind of light
    if not any(one < 0 for one in responses):  # nothing else heats veins that light made worse
        others = [judge("vascular", 1064.0), judge("vascular", 532.0), judge("vascular", 560.0, ipl=True)]
        assert {one.decision == "refer" for one in others} == {False}
        told = {"response-too-little" in [reason.rule for reason in one.reasons] for one in others}
        assert told == {stops}  # the diagnosis is looked at before other light


def test_a_session_that_nobody_judged_stops_no_course() -> None:
    """One session had helped by 10 % when it was judged; the second, after which nobody looked, made two of it."""
    unjudged = session(0, 6).replace("response_pct = 0\n", "")
    for done, stops in ((session(10, 0) + unjudged, False), (session(20, 0) + session(10, 6) + unjudged, True)):
        case = loaded(VEINS_CASE + done.replace("week = 6", "week = 12", done.count("week = 6") - 1)).case
        judged = judge_suitability(case, concern=case.concern[0], modality="vascular", device_wavelength_nm=595.0)
        assert ("response-too-little" in [reason.rule for reason in judged.reasons]) is stops


def test_a_course_stops_for_all_light_where_nobody_knows_which_it_was_or_the_clinic_has_no_other() -> None:
    unknown = session(10, 0, "our old laser") + session(10, 6, "our old laser")
    known = session(10, 0) + session(10, 6)
    decisions = {
        name: judge_suitability(loaded(VEINS_CASE + text).case, concern=veins, modality="vascular").decision == "refer"
        for veins in loaded(VEINS_CASE).case.concern
        for name, text in {
            "unknown": unknown,
            "only": known + '\n[clinic]\ndevices = ["pulsed-dye-595"]\n',
            "another": known + '\n[clinic]\ndevices = ["pulsed-dye-595", "ndyag-1064"]\n',
            "any": known,
        }.items()
    }
    assert decisions == {"unknown": True, "only": True, "another": False, "any": False}


def test_skin_that_is_rebuilt_for_months_is_judged_after_the_third_session_of_columns() -> None:
    scars = PERSON + concern("acne-scars", extra="")
    after = {
        number: judge_suitability(
            (case := loaded(scars + sessions_of("acne-scars", "fractional-1550", number, 22.0)).case),
            concern=case.concern[0],
            modality="non-ablative-fractional",
            device_wavelength_nm=1550.0,
            pulse_ms=3.0,
        ).decision
        == "refer"
        for number in (2, 3)
    }
    assert after == {2: False, 3: True}


@pytest.mark.parametrize(("severity", "is_done"), [("severe", False), ("mild", True)])
def test_what_is_severe_again_is_not_done_however_much_was_better(severity: str, is_done: bool) -> None:
    """Veins that had come back after years got no session: "little is left to gain"."""
    text = VEINS_CASE.replace("area_cm2", f'severity = "{severity}"\narea_cm2', 1)
    response = session_response(loaded(text + session(95, 0)).case, VEINS)
    assert (response.is_enough, response.has_returned) == (is_done, not is_done)
    assert not session_response(loaded(text + session(50, 0)).case, VEINS).has_returned


def test_sessions_that_name_no_site_hold_back_none_of_several() -> None:
    """Age spots of the cheeks, perhaps never treated, were refused since those of the hands did not fade."""
    both = VEINS_CASE + concern("facial-telangiectasia", "nose", extra="")
    case = loaded(both + session(10, 0) + session(10, 6)).case
    assert [one.site for one in case.concern] == ["cheeks", "nose"]
    for one in case.concern:
        judged = judge_suitability(case, concern=one, modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0)
        assert judged.decision != "refer"
        assert "response-too-little" in [reason.rule for reason in judged.reasons]


def test_sessions_that_name_their_site_stop_the_course_there_alone() -> None:
    both = VEINS_CASE + concern("facial-telangiectasia", "nose", extra="")
    on_nose = session(10, 0) + 'site = "nose"\n' + session(10, 6) + 'site = "nose"\n'
    case = loaded(both + on_nose).case
    cheeks, nose = (
        judge_suitability(case, concern=one, modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0)
        for one in case.concern
    )
    assert (cheeks.decision, nose.decision) == ("suitable", "refer")
    assert "response-too-little" not in [reason.rule for reason in cheeks.reasons]
    course = schedule_course([VEINS], case)
    assert "course.since-last" not in [step.id for step in course[0].steps]  # the nose is other skin
    on_face = loaded(both + on_nose.replace("nose", "face")).case
    assert [session_response(on_face, one).sessions for one in on_face.concern] == [2, 2]


@pytest.mark.parametrize(("weeks_ago", "decision"), [(1.5, "with-caution"), (3.9, "with-caution"), (4.0, "refer")])
def test_a_result_that_was_judged_before_it_shows_stops_nothing(weeks_ago: float, decision: str) -> None:
    """Veins fade for weeks after a session; the next is due after four."""
    text = VEINS_CASE + session(10, 0) + session(10, 6) + f"weeks_ago = {weeks_ago}\n"
    case = loaded(text).case
    judged = judge_suitability(
        case, concern=case.concern[0], modality="vascular", device_wavelength_nm=595.0, pulse_ms=10.0
    )
    assert judged.decision == decision
    (reason,) = (one for one in judged.reasons if one.rule == "response-too-little")
    assert reason.message.id == ("response.too-little" if decision == "refer" else "response.too-early")


def test_the_rule_to_stop_stands_before_the_third_session() -> None:
    course = schedule_course([part("redness", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))])
    assert [index for index, ids in enumerate(steps(course)) if "course.stop-rule" in ids] == [2]


def test_medicines_are_paused_by_their_prescriber_alone() -> None:
    taking = PERSON + 'medications = [{name = "warfarin"}]\n' + concern("facial-telangiectasia", extra="")
    (step,) = [s for s in schedule_course([VEINS], loaded(taking).case)[0].steps if s.id == "course.pause"]
    assert "warfarin" in step.text
    assert not [s for s in schedule_course([VEINS], loaded(VEINS_CASE).case)[0].steps if s.id == "course.pause"]


def test_the_course_comes_to_the_sum_of_its_visits() -> None:
    option = replace(VEINS.options[0], minutes=SourceRange(15, 90, "minutes"), downtime_days=days(3.0))
    concerns = [part("redness", replace(option, sessions=TWICE, interval_weeks=MONTH))]
    total = course_total(concerns, schedule_course(concerns))
    assert (total.visits, total.weeks) == (2, 6)
    assert isinstance(total.minutes, SourceRange)
    assert (total.minutes.low, total.minutes.high) == (30, 180)
    assert isinstance(total.downtime_days, SourceRange)
    assert total.downtime_days.high == 6.0
    assert len(total.afterwards) == 1


def test_minutes_of_a_session_count_once_whatever_a_device_treats_in_it() -> None:
    """A source gives the minutes of a session: three settings of one lamp were up to four and a half hours."""
    option = replace(VEINS.options[0], minutes=SourceRange(15, 90, "minutes"), sessions=ONCE)
    redness, mottled = (part(name, option) for name in ("redness", "poikiloderma"))

    def most(*concerns: ConcernPlan) -> float:
        minutes = course_total(concerns, schedule_course(concerns)).minutes
        assert isinstance(minutes, SourceRange)
        return minutes.high

    assert most(redness, mottled) == 90
    assert most(redness, replace(mottled, site="neck")) == 90  # other skin
    assert most(redness, at(part("facial-telangiectasia", option), spot_mm=5.0)) == 90  # another setting
    assert option.setup is not None
    other = replace(option, setup=replace(option.setup, device="another"))
    assert most(redness, part("poikiloderma", other, site="neck")) == 180


def test_the_longest_downtime_of_one_pass_counts() -> None:
    """What is treated in one pass may heal at different times: lines at one place, a field around them."""
    short, long = (replace(VEINS.options[0], downtime_days=days(many), sessions=ONCE) for many in (1.0, 10.0))
    concerns = [part("redness", short), part("poikiloderma", long)]
    total = course_total(concerns, schedule_course(concerns))
    assert isinstance(total.downtime_days, SourceRange)
    assert total.downtime_days.high == 10.0


def test_a_likely_bruise_is_downtime_of_the_course() -> None:
    bruise = Duration("bruise", 7.0, 14.0, "days", "source", Message("plan.shows-bruise", {"low": 7, "high": 14}))
    option = replace(VEINS.options[0], downtime_days=days(3.0), sessions=ONCE)
    for shows, most in (((), 3.0), ((bruise,), 14.0)):
        concerns = [part("redness", replace(option, shows=shows))]
        total = course_total(concerns, schedule_course(concerns))
        assert isinstance(total.downtime_days, SourceRange)
        assert (total.downtime_days.low, total.downtime_days.high) == (3.0, most)


def test_craters_without_a_known_interval_wait_as_long_as_those_of_a_trial() -> None:
    course = schedule_course([part("surgical-scars", option("fractional-ablative", "co2", TWICE, UNKNOWN))])
    assert [visit.week for visit in course] == [0, 7]
    assert "course.least-unknown" in steps(course)[1]


def test_sessions_are_never_nearer_than_the_least_interval() -> None:
    course = schedule_course([part("age-spots", option("pigment-short-pulse", "qs", TWICE, weeks(1, 2)))])
    assert [session.week for session in course] == [0, 4]


def steps(course: Sequence[Visit]) -> list[set[str]]:
    return [{step.id for step in visit.steps} for visit in course]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (weeks(1, 2), {"course.least"}),
        (UNKNOWN, {"course.least-unknown"}),
        (weeks(2, 4), set()),  # the source asks for as many
        (MONTH, set()),
    ],
)
def test_a_week_that_the_least_interval_decided_says_so(interval: SourceRange | Unknown, expected: set[str]) -> None:
    first, second = steps(schedule_course([part("age-spots", option("pigment-short-pulse", "qs", TWICE, interval))]))
    floors = {"course.least", "course.least-unknown"}
    assert not first & floors
    assert second & floors == expected


def test_the_pigment_of_a_field_is_treated_as_often_as_its_source_says() -> None:
    """Gentle pulses leave nothing that has to heal: melasma is treated every one to two weeks."""
    course = schedule_course([part("melasma", option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)))])
    first, second = (visit.week for visit in course)
    assert second - first == 2
    assert not steps(course)[1] & {"course.least", "course.least-unknown"}


def test_the_least_interval_is_stated_with_both_numbers() -> None:
    course = schedule_course([part("freckles", option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)))])
    (step,) = (step for step in course[1].steps if step.id == "course.least")
    assert step.params["weeks"] == course[1].week
    assert step.params["source_weeks"] == 2


def test_a_source_of_one_concern_decides_for_what_is_treated_with_it() -> None:
    together = [part("redness", option("vascular", "dye", TWICE, span)) for span in (UNKNOWN, MONTH)]
    course = schedule_course(together)
    assert course[1].week == MONTH.high
    assert not steps(course)[1] & {"course.least", "course.least-unknown"}


def test_every_session_after_the_first_begins_with_a_review() -> None:
    first, *others = schedule_course([SCARS, VEINS])
    assert "course.review" not in [step.id for step in first.steps]
    for session in others:
        assert session.steps[0].id == "course.review"


def test_without_a_laser_there_is_no_course() -> None:
    assert schedule_course([part("dynamic-wrinkles")]) == ()
    assert schedule_course([]) == ()


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
            "595 nm, 12.5 mJ per microbeam of 400 µm, 50 per cm², 6.1 % of the skin under the beams of one pass, "
            "pulse 5 ms",
        ),
    ],
)
def test_settings_read_as_a_person_says_them(settings: DeviceSetting, words: str) -> None:
    assert describe_settings(settings) == words


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Pulsed dye laser, 595 nm", "5 J/cm², spot 7 mm, pulse 1 ms"),
        ("Laser, 595 and 1064 nm", "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms"),
        ("Dye laser", "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms"),
    ],
)
def test_after_a_title_that_names_the_light_it_is_not_named_again(title: str, words: str) -> None:
    assert describe_settings_after_title(DeviceSetup("d", title, 595.0, None, SETTINGS)) == words


def test_of_a_lamp_the_cut_off_of_its_filter_is_stated() -> None:
    settings = replace(SETTINGS, wavelength_nm=560.0)
    assert describe_settings(settings, lamp=True).startswith("from 560 nm, 5 J/cm²")
    lamp = replace(LASER, setup=DeviceSetup("ipl", "ipl", 560.0, (560.0, 1200.0), settings))
    (step,) = (step for step in schedule_course([part("redness", lamp)])[0].steps if step.id == "course.treat")
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
    steps = [
        step["text"] for visit in made["course"] for step in visit["steps"] if step["id"].startswith("course.treat")
    ]
    assert all(step.count("595 nm") + step.count("1550 nm") == 1 for step in steps)


def test_a_window_and_a_train_are_stated_as_a_lamp_shows_them() -> None:
    lamp = DeviceSetting(
        560.0,
        26.0,
        fluence_J_cm2=14.0,
        spot_mm=25.9,
        footprint_mm=(15.0, 35.0),
        subpulses=(2,),
        subpulse_ms=(3.0,),
        subpulse_delay_ms=20.0,
    )
    sentence = describe_settings(lamp, lamp=True)
    assert "15 by 35 mm" in sentence
    assert "2 pulses of 3 ms, 20 ms apart" in sentence
    assert "25.9" not in sentence
    assert "26 ms" not in sentence


@pytest.mark.parametrize("wounds", ["ablative", "fractional-ablative"])
def test_light_beside_a_field_that_is_resurfaced_is_done_before_it(wounds: str) -> None:
    scars = part("acne-scars", option(wounds, "co2", ONCE, MONTH))
    for site, beside in (("nose", True), ("chin", True), ("hands", False)):
        veins = replace(VEINS, site=site)
        (first,) = {visit.week for visit in schedule_course([scars, veins]) if veins.place in visit.treats}
        (second,) = {visit.week for visit in schedule_course([scars, veins]) if scars.place in visit.treats}
        assert (first, second > first) == (0, beside and wounds == "ablative")
    redness = replace(REDNESS, site="nose")  # where nothing is wounded, neighbours share a visit
    assert {VEINS.place, redness.place} <= set(schedule_course([VEINS, redness])[0].treats)


THREE = SourceRange(3, 3, "sessions")


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


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("condition", "modality"),
    [("acne-scars", "fractional-ablative"), (MELASMA, "vascular"), (MELASMA, "fractional-ablative")],
)
def test_nothing_shares_visits_of_columns_that_come_first_beside_it(condition: str, modality: str, order: int) -> None:
    """Columns around the mouth came two weeks after columns of the cheeks, and light two after those for melasma."""
    cheeks = part(condition, option("fractional-ablative", "co2", TWICE, weeks(4, 4)))
    mouth = part("perioral-lines", option(modality, "other", TWICE, weeks(6, 6)), site="perioral")
    begun = PERSON + concern(condition, extra="") + session(30, 6).replace("facial-telangiectasia", condition)
    visits = schedule_course([cheeks, mouth][::order], loaded(begun).case)  # which waits for no creams
    assert [len(visit.treats) for visit in visits] == [1] * 4
    first, *_, last = visits
    assert not set(first.treats) & set(last.treats)


@pytest.mark.parametrize("wound_days", [10.0, 40.0])
def test_light_beside_columns_waits_until_their_wound_has_healed(wound_days: float) -> None:
    veins = part("facial-telangiectasia", option("vascular", "dye", THREE, weeks(4, 4)), site="nose")
    columns = replace(option("fractional-ablative", "co2", ONCE, weeks(4, 4)), downtime_days=days(wound_days))
    lines = part("perioral-lines", columns, site="perioral")
    (begins,) = {visit.week for visit in schedule_course([veins, lines]) if lines.place in visit.treats}
    assert begins == (0 if wound_days < 28 else 12)


def test_a_lamp_beside_columns_comes_before_them() -> None:
    veins = part("facial-telangiectasia", option("vascular", "ipl", TWICE, weeks(4, 4)), site="nose")
    laser, *others = veins.options
    assert laser.setup is not None
    lamp = replace(veins, options=(replace(laser, setup=replace(laser.setup, band_nm=(560.0, 1200.0))), *others))
    lines = part("perioral-lines", option("fractional-ablative", "co2", ONCE, weeks(4, 4)), site="perioral")
    assert [visit.treats for visit in schedule_course([lamp, lines])] == [(lamp.place,)] * 2 + [(lines.place,)]


def steps_of(text: str, concern_plan: ConcernPlan) -> list[str]:
    return [step.id for step in schedule_course([concern_plan], loaded(PERSON + text).case)[0].steps]


@pytest.mark.parametrize("word", ["deep-peel-recent", "dermabrasion-recent", "laser-resurfacing-recent"])
def test_light_on_skin_that_was_resurfaced_in_recent_months_begins_after_its_redness(word: str) -> None:
    fresh = PERSON + f'history = ["{word}"]\n' + concern("facial-telangiectasia", extra="")
    steps = schedule_course([VEINS], loaded(fresh).case)[0].steps
    (waits,) = (step for step in steps if step.id == "course.since-fresh-skin")
    rule = judge_suitability(loaded(fresh).case, concern=loaded(fresh).case.concern[0], modality="vascular")
    (reason,) = (reason for reason in rule.reasons if reason.rule == "recent-resurfacing-gentle")
    assert waits.params["weeks"] == reason.message.params["weeks"]
    assert "course.since-fresh-skin" not in steps_of(concern("facial-telangiectasia", extra=""), VEINS)


def test_a_further_session_waits_for_the_last_one_and_for_its_mark() -> None:
    veins = concern("facial-telangiectasia", extra="")
    once = '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\nfluence_J_cm2 = 6.0\n'
    assert "course.since-last" not in steps_of(veins, VEINS)
    assert "course.since-last" in steps_of(veins + once, VEINS)
    assert "course.after-mark" not in steps_of(veins + once, VEINS)
    assert "course.after-mark" in steps_of(veins + once + 'adverse = ["dark mark"]\n', VEINS)


@pytest.mark.parametrize(
    ("noted", "step", "waits"),
    [
        ("dark mark for 4 months", "course.after-mark", True),
        ("dark mark, gone after 4 months", "course.after-mark", False),
        ("dark mark for 4 months, not gone", "course.after-mark", True),
        ("redness for 8 weeks", "course.after-redness", True),
        ("redness for 8 weeks, gone", "course.after-redness", False),
    ],
)
def test_what_has_faded_is_not_waited_for(noted: str, step: str, waits: bool) -> None:
    """ "Begin only when it has faded" stood beside a note that it had."""
    once = '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    noted_so = f'fluence_J_cm2 = 6.0\nadverse = ["{noted}"]\n'
    assert (step in steps_of(concern("facial-telangiectasia", extra="") + once + noted_so, VEINS)) is waits


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


def test_a_session_of_unknown_time_hides_none_whose_time_is_known() -> None:
    """Veins were treated a week ago: since nobody knew when the redness was, their course began at once."""
    red = '\n[[session]]\nweek = 0\ntreats = "redness"\nsite = "cheeks"\n'
    text = VEINS_CASE + concern("redness", extra="") + session(50, 0) + "weeks_ago = 1.0\n" + red
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    first, *_ = schedule_course([veins], loaded(text).case)
    assert first.week == 3
    assert {"course.rests-since-last", "course.since-last"} <= {step.id for step in first.steps}


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


@pytest.mark.parametrize(
    ("weeks_ago", "planned", "begins"),
    [
        (1.0, "vascular", 4),  # its sources allow five weeks between sessions, and a course of its own has six
        (5.0, "vascular", 0),
        (1.0, "pigment-short-pulse", 3),  # other light, after the least weeks between two sessions
        (4.5, "pigment-short-pulse", 0),
    ],
)
def test_a_course_begins_when_skin_has_rested_since_a_session_whose_time_is_known(
    weeks_ago: float, planned: str, begins: int
) -> None:
    text = VEINS_CASE + session(50, 0) + session(60, 8) + f"weeks_ago = {weeks_ago}\n"
    course = schedule_course(
        [part("facial-telangiectasia", option(planned, "one", SourceRange(4, 4, "sessions"), weeks(5, 6)))],
        loaded(text).case,
    )
    assert course[0].week == begins
    told = {step.id for step in course[0].steps}
    assert ("course.rests-since-last" in told) is (begins > 0)
    assert not told & {"course.since-last", "course.wait"}


def test_ablation_waits_for_skin_that_was_resurfaced_and_no_longer() -> None:
    made = part("wrinkles", option("ablative", "one", ONCE, MONTH))
    done = '\n[[session]]\nweek = 0\ntreats = "wrinkles"\ndevice = "co2-10600"\nweeks_ago = '
    lines = PERSON + concern("wrinkles", extra="")
    for ago in (2, 20, 100):
        (first, *_) = schedule_course([made], loaded(f"{lines}{done}{ago}\n").case)
        assert first.week == max(weeks_before_ablation() - ago, 0)
        assert ("course.since-resurfacing" in [step.id for step in first.steps]) is (ago < weeks_before_ablation())


def test_the_weeks_since_a_session_follow_from_those_since_a_later_one() -> None:
    case = loaded(VEINS_CASE + session(10, 0) + session(10, 6) + "weeks_ago = 2.0\n").case
    assert [weeks_since(case, one) for one in case.session] == [8.0, 2.0]
    undated = loaded(VEINS_CASE + session(10, 0)).case
    assert weeks_since(undated, undated.session[0]) is None


@pytest.mark.parametrize(
    ("earlier", "planned", "waits"),
    [
        ("co2-10600", "ablative", True),
        ("fractional-co2-10600", "ablative", True),
        ("co2-10600", "fractional-ablative", True),
        ("fractional-co2-10600", "fractional-ablative", False),
        ("fractional-1550", "ablative", False),
        ("co2-10600", "vascular", False),
        ("CO2 laser, 10600 nm", "ablative", True),
        ("our old laser", "ablative", True),  # which may have been any of them
    ],
)
def test_skin_that_was_resurfaced_in_an_earlier_session_waits_before_it_is_ablated(
    earlier: str, planned: str, waits: bool
) -> None:
    lines = concern("wrinkles", extra="")
    done = f'\n[[session]]\nweek = 0\ntreats = "wrinkles"\ndevice = "{earlier}"\n'
    made = part("wrinkles", option(planned, "one", ONCE, MONTH))
    assert ("course.since-resurfacing" in steps_of(lines + done, made)) is waits


def test_sessions_beyond_the_usual_number_are_named_as_such() -> None:
    veins = concern("facial-telangiectasia", extra="")
    done = "".join(f'\n[[session]]\nweek = {4 * k}\ntreats = "facial-telangiectasia"\n' for k in range(4))
    usual = replace(
        VEINS, options=(replace(VEINS.options[0], sessions=SourceRange(1, 3, "sessions")), *VEINS.options[1:])
    )
    assert "course.sessions-exceeded" in steps_of(veins + done, usual)
    assert "course.sessions-exceeded" not in steps_of(veins, usual)


def test_a_field_beside_one_that_was_removed_waits_until_that_has_healed_and_no_longer() -> None:
    lips = replace(part("perioral-lines", option("ablative", "erbium", ONCE, MONTH)), site="perioral")
    course = schedule_course([SCARS, lips])
    (at_lips,) = [visit for visit in course if lips.place in visit.treats]
    last = max(visit.week for visit in course if SCARS.place in visit.treats)
    assert last < at_lips.week < last + HALF_A_YEAR_WEEKS
    assert "course.wait-beside" in {step.id for step in at_lips.steps}


def test_sessions_with_another_laser_do_not_exceed_the_usual_number() -> None:
    scars = concern("acne-scars", extra="")
    done = "".join(
        f'\n[[session]]\nweek = {4 * k}\ntreats = "acne-scars"\ndevice = "fractional-1550"\n' for k in range(4)
    )
    assert "course.sessions-exceeded" not in steps_of(scars + done, SCARS)


def sessions_of(condition: str, device: str, number: int, better: float | None = None) -> str:
    judged = "" if better is None else f"response_pct = {better}\n"
    return "".join(
        f'\n[[session]]\nweek = {4 * k}\ntreats = "{condition}"\ndevice = "{device}"\n{judged}' for k in range(number)
    )


@pytest.mark.parametrize(
    ("device", "left"),
    [("fractional-co2-10600", 2), ("fractional-er-yag-2940", 2), ("our old laser", 2), ("fractional-1550", 4), ("", 4)],
)
def test_sessions_with_a_laser_of_another_kind_are_none_of_those_that_are_needed(device: str, left: int) -> None:
    """After eight sessions of toning melasma had room for "9" sessions of columns, of which one was left."""
    scars = part("acne-scars", option("fractional-ablative", "co2", SourceRange(4, 4, "sessions"), MONTH))
    done = sessions_of("acne-scars", device, 2) if device else ""
    course = schedule_course([scars], loaded(PERSON + concern("acne-scars", extra="") + done).case)
    assert len(course) == left
    spread = part("acne-scars", option("fractional-ablative", "co2", SourceRange(3, 5, "sessions"), MONTH))
    course = schedule_course([spread], loaded(PERSON + concern("acne-scars", extra="") + done).case)
    (told,) = [step for step in course[0].steps if step.id in ("course.sessions", "course.sessions-begun")]
    shown = {key: told.params[key] for key in ("planned", "done", "left") if key in told.params}
    assert shown == ({"planned": 4} if left == 4 else {"done": 2, "left": 2})
    assert len(course) == left


@pytest.mark.parametrize(("device", "alike"), [("pulsed-dye-595", 0), ("co2-10600", 0), ("fractional-1550", 2)])
def test_each_visit_says_what_trials_found_after_as_many_sessions_with_its_laser(device: str, alike: int) -> None:
    """The first session of columns after two of another laser had the result of three, and the last visits none."""
    done = sessions_of("acne-scars", device, 2, 30.0)
    made = document(PERSON + concern("acne-scars") + devices("fractional-1550") + done)
    gains = [gain for visit in made["course"] for gain in visit["expected"]]
    assert [gain["sessions"] for gain in gains] == [alike + number for number in range(1, len(made["course"]) + 1)]
    for gain in gains:
        assert ("if_place_kept_pct" in gain) is (alike > 0)  # the response to other light shows no rank


@pytest.mark.parametrize(
    ("device", "done"),
    [("pulsed-dye-595", 2), ("pulsed-dye-585", 2), ("ipl", 0), ("ktp-532", 0), ("ndyag-1064", 0), ("another lamp", 2)],
)
def test_what_another_light_did_is_no_session_of_this_one(device: str, done: int) -> None:
    """After two sessions of a failing dye laser a lamp had room for two of its four sessions."""
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    text = PERSON + concern("facial-telangiectasia", extra="") + sessions_of("facial-telangiectasia", device, 2, 30.0)
    assert len(schedule_course([veins], loaded(text).case)) == 4 - done


@pytest.mark.parametrize("better", [40.0, 85.0, 95.0])
@pytest.mark.parametrize(("ago", "is_anew"), [(6, False), (51, False), (104, True)])
def test_who_comes_back_after_more_than_a_year_begins_a_new_course(better: float, ago: int, is_anew: bool) -> None:
    """85 % of two years ago was told as "is better", with one session left, and 95 % as done."""
    veins = PERSON + concern("facial-telangiectasia", extra='severity = "moderate"\n') + devices("pulsed-dye-595")
    done = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, better) + f"weeks_ago = {ago}\n"
    made, first = document(veins + done), document(veins)
    if is_anew:
        assert len(made["course"]) == len(first["course"]) > 1
    else:
        assert len(made["course"]) < len(first["course"])
    assert made["concerns"][0].get("is_done", False) is (better > 90.0 and not is_anew)
    assert ("is better" in str(made["warnings"])) is not is_anew
    assert ("come back or is new" in str(made["warnings"])) is is_anew


def test_a_new_course_goes_on_with_its_own_sessions() -> None:
    """After the first session of a new course 95 % of four years ago was called done, and three old ones counted."""
    veins = PERSON + concern("facial-telangiectasia", extra='severity = "moderate"\n') + devices("pulsed-dye-595")
    old = sessions_of("facial-telangiectasia", "pulsed-dye-595", 3, 95.0)
    new = '\n[[session]]\nweek = 208\nweeks_ago = 6\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    for better in ("", "response_pct = 60.0\n"):
        made, alone = document(veins + old + new + better), document(veins + new + better)
        assert made["course"] == alone["course"] != []
        assert made["warnings"] == alone["warnings"]
    settings = "fluence_J_cm2 = 7.0\npulse_ms = 6.0\nspot_mm = 7.0\nresponse_pct = 60.0\n"
    helped = document(veins + old + new + settings)["concerns"][0]["options"][0]
    assert "plan.helped" in str([reason["message"] for reason in helped["reasons"]])


def test_light_that_failed_in_an_earlier_course_is_not_begun_again_unseen() -> None:
    failed = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, 10.0)
    new = '\n[[session]]\nweek = 208\nweeks_ago = 6\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
    made = document(PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595") + failed + new)
    assert made["course"] == []
    assert "After session 2 10 % is better" in str(made["warnings"])


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
        assert "before test spots" in step.text  # which fall into the last weeks of creams


@pytest.mark.parametrize(("better", "asked"), [(None, True), (35.0, False)])
def test_whether_a_course_goes_on_is_asked_where_nobody_has_answered(better: float | None, asked: bool) -> None:
    """ "If less than 25 % is better after 2 sessions, do not go on" stood beside 35 % after two sessions."""
    veins = part("facial-telangiectasia", option("vascular", "dye", SourceRange(4, 4, "sessions"), MONTH))
    done = sessions_of("facial-telangiectasia", "pulsed-dye-595", 2, better)
    steps = steps_of(concern("facial-telangiectasia", extra="") + done, veins)
    assert ("course.stop-rule" in steps) is asked
    once = sessions_of("facial-telangiectasia", "pulsed-dye-595", 1, better)
    course = schedule_course([veins], loaded(PERSON + concern("facial-telangiectasia", extra="") + once).case)
    assert ["course.stop-rule" in {step.id for step in visit.steps} for visit in course] == [False, True, False]


THREE_TO_FOUR = SourceRange(3, 4, "sessions")


@pytest.mark.parametrize(
    ("done", "better", "severity", "place"),
    [
        (1, 40.0, "mild", "session 2 of usually 3 to 4"),
        (3, 40.0, "mild", "session 4 of usually 3 to 4"),
        (1, 95.0, "severe", ""),  # which has come back
        (1, 20.0, "mild", ""),
        (1, None, "mild", ""),
    ],
)
def test_a_course_that_works_goes_on_with_its_next_session(
    done: int, better: float | None, severity: str, place: str
) -> None:
    """A course at its second session was told like one that begins."""
    veins = part("facial-telangiectasia", option("vascular", "dye", THREE_TO_FOUR, MONTH))
    text = concern("facial-telangiectasia", extra=f'severity = "{severity}"\n') + sessions_of(
        "facial-telangiectasia", "pulsed-dye-595", done, better
    )
    steps = schedule_course([veins], loaded(PERSON + text).case)[0].steps
    named = ("course.sessions", "course.sessions-begun", "course.sessions-running")
    (told,) = (step.text for step in steps if step.id in named)
    assert (place in told) if place else ("usually" not in told)


@pytest.mark.parametrize(
    ("device", "done", "better", "told"),
    [
        ("fractional-co2-10600", 1, 40.0, True),
        ("fractional-co2-10600", 1, 20.0, False),
        ("fractional-co2-10600", 1, 95.0, False),  # enough
        ("fractional-co2-10600", 4, 40.0, False),  # over
        ("our old laser", 1, 40.0, False),  # which may have been the first light
        ("pulsed-dye-595", 1, 40.0, False),  # none of the options
    ],
)
def test_a_course_with_another_laser_that_works_is_named_before_one_begins_anew(
    device: str, done: int, better: float, told: bool
) -> None:
    """One session of columns had helped by 40 % when the plan began with one of the full field."""
    lines = part(
        "acne-scars",
        option("ablative", "co2", ONCE, MONTH),
        option("fractional-ablative", "other", THREE_TO_FOUR, MONTH),
    )
    text = concern("acne-scars", extra="") + sessions_of("acne-scars", device, done, better)
    steps = schedule_course([lines], loaded(PERSON + text).case)[0].steps
    harmed = text + '\nadverse = ["blister"]\n'  # which is not pointed to
    assert "course.other-running" not in steps_of(harmed, lines)
    running = [step.text for step in steps if step.id == "course.other-running"]
    assert bool(running) is told
    assert all("session 2 of usually 3 to 4" in one for one in running)


@pytest.mark.parametrize("condition", ["melasma", "post-inflammatory-hyperpigmentation", "facial-telangiectasia"])
def test_no_mark_that_is_what_is_treated_has_to_fade_first(condition: str) -> None:
    """Melasma that a lamp darkened "must have faded" before melasma was treated."""
    spots = part(condition, option("non-ablative-fractional", "one", THREE_TO_FOUR, MONTH))
    marked = sessions_of(condition, "fractional-1550", 1) + 'adverse = ["dark mark"]\n'
    steps = steps_of(concern(condition, extra="") + marked, spots)
    is_itself = condition != "facial-telangiectasia"
    assert ("course.after-darkening" in steps) is is_itself
    assert ("course.after-mark" in steps) is not is_itself


@pytest.mark.parametrize("better", [89.9, 90.0, 100.0])
def test_what_is_better_enough_has_no_session_before_somebody_looks(better: float) -> None:
    """The others keep theirs. The notice of the plan speaks from the same share on."""
    done = f'[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\nresponse_pct = {better}\n'
    case = loaded(PERSON + concern("facial-telangiectasia") + concern("age-spots") + done).case
    planned = mark_done_concerns([VEINS, SPOTS], case)
    course = schedule_course(planned, case)
    enough = better >= 90.0
    assert {place for visit in course for place in visit.treats} == {SPOTS.place, *(() if enough else (VEINS.place,))}
    assert [bool(one.is_done) for one in planned] == [enough, False]
    veins, _ = course_total(planned, course).afterwards
    assert (veins.id == "course.done") is enough
    notices = response_notices(case, ())
    assert [one.message.id for one in notices] == ["response.enough" if enough else "response.untold"]


@pytest.mark.parametrize(
    ("device", "places", "is_done"),
    [
        ("fractional-co2-10600", ("cheeks",), True),
        ("pulsed-dye-595", ("cheeks",), False),  # which says nothing of what columns add
        ("fractional-co2-10600", ("cheeks", "forehead"), False),  # of which nobody knows which has improved
        ("our old laser", ("cheeks",), True),  # which may have been one of columns
    ],
)
def test_a_course_ends_where_its_own_laser_made_its_only_place_better(
    device: str, places: tuple[str, ...], is_done: bool
) -> None:
    """A dye laser ended the course of columns, and cheeks that were better ended that of the hands."""
    scars = [replace(SCARS, site=place) for place in places]
    done = f'[[session]]\nweek = 0\ntreats = "acne-scars"\ndevice = "{device}"\nresponse_pct = 95\n'
    case = loaded(PERSON + "".join(concern("acne-scars", place) for place in places) + done).case
    planned = mark_done_concerns(scars, case)
    assert [bool(one.is_done) for one in planned] == [is_done] * len(places)
    course = schedule_course(planned, case)
    assert {place for visit in course for place in visit.treats} == (set() if is_done else {one.place for one in scars})
    assert {one.id == "course.done" for one in course_total(planned, course).afterwards} == {is_done}
    told = [one.message for one in response_notices(case, ())]
    if len(places) > 1:
        assert [one.id for one in told] == ["response.of-concern"] * len(places)
        told = [one.params["told"] for one in told]
    assert [one.id for one in told] == ["response.enough"] * len(places)


def test_each_place_of_a_condition_is_told_its_own_next_session() -> None:
    """The nose, which had two sessions, was told what a second one adds: that of the cheeks."""
    done = "".join(
        f'[[session]]\nweek = {week}\ntreats = "facial-telangiectasia"\nsite = "{site}"\nresponse_pct = {better}\n'
        for site, week, better in (("cheeks", 0, 30), ("nose", 0, 40), ("nose", 6, 60))
    )
    veins = [concern("facial-telangiectasia", site) for site in ("cheeks", "nose")]
    case = loaded(PERSON + "".join(veins) + done).case
    share = Estimate(median=0.7, low=0.3, high=0.9, level=0.8, kind="pooled", draws=100, basis=("jasim2004",))
    gains = [
        SessionGain(f"facial-telangiectasia at {site}", sessions, share, kept)
        for site, sessions, kept in (("cheeks", 2, 35.0), ("nose", 3, 65.0))
    ]
    cheeks, nose = (one.message.text for one in response_notices(case, gains))
    assert "cheeks" in cheeks.casefold()
    assert "after session 2; if this patient keeps the same rank among patients, the improvement is then 35 %" in cheeks
    assert "nose" in nose.casefold()
    assert "after session 3; if this patient keeps the same rank among patients, the improvement is then 65 %" in nose

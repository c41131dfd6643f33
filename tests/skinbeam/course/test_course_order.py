"""The order of treatments in a course: what comes first on the same skin, and what need not wait."""

import itertools
from dataclasses import replace

import pytest
from consultations import PERSON, concern, loaded
from course_samples import (
    BARE,
    COLUMNS,
    MONTH,
    ONCE,
    REDNESS,
    SCARS,
    SPOTS,
    TWICE,
    VEINS,
    option,
    part,
    session,
    step_ids,
    weeks,
    with_settings,
)

from skinbeam.course.first_creams import MELASMA
from skinbeam.course.schedule import schedule_course
from skinbeam.model.vocabulary import SURFACE_MODALITIES, laser_modalities
from skinbeam.plan_records.plan import ConcernPlan


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
    face, freckles = (
        part("melasma", toning, site="full-face"),
        with_settings(part("freckles", toning), fluence_J_cm2=2.0),
    )
    visits = schedule_course([face, freckles][::order])
    assert [(visit.week, visit.treats) for visit in visits] == [
        (14, (face.place,)),
        (16, (face.place,)),
        (20, (freckles.place,)),
        (24, (freckles.place,)),
    ]
    assert "course.melasma-first" in step_ids(visits)[2]
    whole = part("melasma", columns["pores"].options[0], site="full-face")
    mouth = replace(columns["acne-scars"], site="perioral")
    visits = schedule_course([whole, mouth][::order])
    assert [visit.treats for visit in visits] == [(whole.place,)] * 2 + [(mouth.place,)] * 2
    hands = replace(freckles, site="hands")
    first = schedule_course([face, hands][::order])[0]
    assert (first.week, first.treats) == (0, (hands.place,))  # other skin


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


def test_the_order_of_lights_is_stated_where_the_surface_is_treated_too() -> None:
    assert "course.order" in step_ids(schedule_course([VEINS, SCARS]))[0]
    assert "course.order" not in step_ids(schedule_course([VEINS, SPOTS]))[0]
    # Veins of the nose and columns around the eyes in one visit: "resurfacing comes last" stood above both.
    away = part("acne-scars", option("fractional-ablative", "co2", TWICE, MONTH), site="hands")
    steps = step_ids(schedule_course([VEINS, away]))
    assert "course.share" in steps[0]
    assert "course.order" not in steps[0]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_vessels_elsewhere_bring_no_pigment_before_the_vessels_of_its_skin(order: tuple[int, ...]) -> None:
    """A vein of the nose, which one lamp treats too, brought the spots of a forehead before its redness."""
    vein = part("spider-angioma", option("vascular", "ipl", TWICE, MONTH), site="nose")
    spots = part("age-spots", option("pigment-long-pulse", "ipl", TWICE, MONTH), site="forehead")
    red = part("redness", option("vascular", "dye", TWICE, MONTH), site="forehead")
    first, second, *rest = schedule_course([(vein, spots, red)[k] for k in order])
    assert {*first.treats} == {*second.treats} == {vein.place, red.place}
    assert [visit.treats for visit in rest] == [(spots.place,)] * 2


def test_skin_that_need_not_wait_begins_with_the_first_visit() -> None:
    """Spots of the hands waited for redness of the cheeks, since spots of the cheeks did."""
    red = part("redness", option("vascular", "dye", TWICE, MONTH))
    spots = part("age-spots", option("pigment-short-pulse", "qs", TWICE, MONTH))
    hands = replace(spots, site="hands")
    first, second, third, fourth = schedule_course([red, spots, hands])
    assert first.treats == second.treats == (red.place, hands.place)
    assert third.treats == fourth.treats == (spots.place,)


@pytest.mark.parametrize(("rank", "first"), [(1, "wrinkles"), (2, "wrinkles"), (3, "laxity")])
def test_columns_that_renew_most_come_first_where_they_rank_no_lower(rank: int, first: str) -> None:
    """Loose hands, which a laser treats third, had six visits before those for their lines, which it treats first."""

    def columns(condition: str, modality: str, rank: int) -> ConcernPlan:
        return part(condition, replace(option(modality, modality, TWICE, MONTH), rank=rank), site="hands")

    lines, loose = columns("wrinkles", "fractional-ablative", rank), columns("laxity", "non-ablative-fractional", 2)
    for concerns in ([lines, loose], [loose, lines]):
        visits = schedule_course(concerns)
        assert [visit.treats[0].split(" at ")[0] == first for visit in visits] == [True, True, False, False]
        assert ["course.renewed-before" in ids for ids in step_ids(visits)] == [False, False, True, False]
    apart = schedule_course([lines, replace(loose, site="neck")])
    assert not any("course.renewed-before" in ids for ids in step_ids(apart))


@pytest.mark.parametrize("wounds", ["ablative", "fractional-ablative"])
def test_fields_that_a_laser_opens_heal_together(wounds: str) -> None:
    """A neck was resurfaced in the first visits and the cheeks after those for their redness: twice as many wounds."""
    red = part("redness", option("vascular", "dye", TWICE, MONTH))
    face = part("wrinkles", option(wounds, "co2", TWICE, MONTH))
    neck = replace(face, site="neck")
    visits = schedule_course([red, face, neck])
    assert [visit.week for visit in visits] == [visit.week for visit in schedule_course([red, face])]
    assert [set(visit.treats) for visit in visits[2:]] == [{face.place, neck.place}] * 2
    assert ["course.heal-together" in ids for ids in step_ids(visits)] == [False, False, True, False]
    assert not any("course.heal-together" in ids for ids in step_ids(schedule_course([face, neck])))


def test_light_that_opens_no_skin_is_never_said_to_heal_together() -> None:
    """Spots of the whole face wait for veins of its nose, and those of the cheeks with them, in one field."""
    veins = part("facial-telangiectasia", option("vascular", "dye", TWICE, MONTH), site="nose")
    face = part("age-spots", option("pigment-short-pulse", "qs", TWICE, MONTH), site="full-face")
    cheeks = replace(face, condition="freckles", site="cheeks")
    visits = schedule_course([veins, face, cheeks])
    assert len(visits) > 2
    assert not any("course.heal-together" in ids for ids in step_ids(visits))


def test_a_course_on_a_neck_that_has_begun_does_not_wait_for_the_face() -> None:
    done = session(30.0, 0, "co2").replace("facial-telangiectasia", "wrinkles")
    case = loaded(PERSON + concern("wrinkles", "neck", "") + done).case
    red = part("redness", option("vascular", "dye", TWICE, MONTH))
    face = part("wrinkles", option("fractional-ablative", "co2", TWICE, MONTH))
    neck = replace(face, site="neck")
    visits = schedule_course([red, face, neck], case)
    assert neck.place in visits[0].treats


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


def test_a_lamp_beside_columns_comes_before_them() -> None:
    veins = part("facial-telangiectasia", option("vascular", "ipl", TWICE, weeks(4, 4)), site="nose")
    laser, *others = veins.options
    assert laser.setup is not None
    lamp = replace(veins, options=(replace(laser, setup=replace(laser.setup, band_nm=(560.0, 1200.0))), *others))
    lines = part("perioral-lines", option("fractional-ablative", "co2", ONCE, weeks(4, 4)), site="perioral")
    assert [visit.treats for visit in schedule_course([lamp, lines])] == [(lamp.place,)] * 2 + [(lines.place,)]

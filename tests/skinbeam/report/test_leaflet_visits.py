"""Visits and waiting times as the leaflet tells them."""

from dataclasses import replace

import pytest
from consultations import NAMED, PERSON, devices, document
from consultations import concern as concern_text
from leaflet_samples import READING_AGE_YEARS, Plan, lasers_last
from plan_reading import read_plan
from readability import leaflet_sentences, reading_age_years
from report_samples import leaflet_pdf

from skinbeam.report.clinician_page import report_page
from skinbeam.report.consent_form import consent_page
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import catalogue, use_language

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


def test_before_the_first_laser_the_leaflet_asks_once_for_weeks_without_sun(plan: Plan) -> None:
    """The course began with weeks without a tan; the person, who alone can act on it, was not told."""
    weeks = 6  # of the plan, whatever the rules say when it is printed
    step = {"id": "course.sun", "params": {"weeks": weeks}, "text": "Synthetic."}
    plan["course"][0]["steps"].insert(0, step)
    plan_read = read_plan(lasers_last(plan, set()))
    asked = [
        any(f"{weeks} weeks before each visit" in line for line in told.preparations)
        for told in leaflet_page(plan_read).concerns
    ]
    lasers = [planned.first_laser is not None for planned in plan_read.concerns]
    assert any(lasers)
    assert asked == [place == lasers.index(True) for place in range(len(lasers))]


def test_the_weeks_without_sun_are_those_of_the_course_rules() -> None:
    made = read_plan(document(PERSON + concern_text("redness") + devices("pulsed-dye-595")))
    (told,) = leaflet_page(made).concerns
    (line,) = (line for line in told.preparations if "tanning bed" in line)
    assert f" {course_rules().least_weeks} weeks " in line
    assert line in " ".join(" ".join(page.extract_text().split()) for page in leaflet_pdf(made).pages)


@pytest.mark.parametrize("better", [89.0, 90.0, 100.0])
def test_what_is_better_enough_is_told_and_has_no_visit(better: float) -> None:
    """A concern that was all better was given two more visits, and the note stood among faults.

    The session was of another laser, so that test spots of this one are still to come if it is chosen.
    """
    done = f"""
[[session]]
week = 0
treats = "facial-telangiectasia"
device = "ktp-532"
wavelength_nm = 532
fluence_J_cm2 = 14
pulse_ms = 10.0
spot_mm = 5.0
response_pct = {better}
"""
    case = PERSON + concern_text("facial-telangiectasia", extra=NAMED + 'subtypes = ["fine-red"]')
    made = read_plan(document(case + devices("pulsed-dye-595") + done))
    enough = better >= 90.0
    assert (made.course == ()) is enough
    page = leaflet_page(made)
    assert any("more visits" in line for line in page.decision) is enough
    assert any("laser" in line.lower() for line in page.decision) is not enough  # nor that it is not the first to try
    assert (page.concerns[0].preparations == ()) is enough
    assert made.concerns[0].is_done is (True if enough else None)
    assert made.concerns[0].first_laser is not None
    aim = consent_page(made, made.concerns[0], made.concerns[0].first_laser[0]).aim
    assert (catalogue()["consent.aim_done"] in aim) is enough
    assert any("visits" in line.lower() or "small spots" in line for line in aim if "no more" not in line) is not enough
    assert made.test_spots
    assert all(one.when_chosen is not None for one in made.test_spots) is enough
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS
    assert any(one.id == "course.done" for one in made.course_total.afterwards) is enough
    report = report_page(made, draw_report_figures(made, FigureData()).pictures, (), embedded_figures={}, photo=None)
    assert any(f"{better:.0f} % is better" in line for line in report.earlier)
    assert not [one for one in report.faults if one.code in ("response", "learned", "not-learned")]
    html = render_html(made, FigureData())
    assert catalogue()["report.h_earlier"] in html
    assert ("this course reserves no session" in html) is enough


@pytest.mark.parametrize("done", [0, 1, 2])
def test_leaflet_and_form_say_how_many_visits_the_plan_has_left(done: int) -> None:
    """ "You come 1 to 3 times" stood on the form of who had been twice, beside a plan of one visit."""
    earlier = "".join(
        f"""
[[session]]
week = {6 * number}
treats = "facial-telangiectasia"
device = "pulsed-dye-595"
fluence_J_cm2 = 7.5
response_pct = 40
"""
        for number in range(done)
    )
    case = PERSON + concern_text("facial-telangiectasia", extra=NAMED + 'subtypes = ["fine-red"]')
    made = read_plan(document(case + devices("pulsed-dye-595") + earlier))
    (concern,) = made.concerns
    assert concern.first_laser is not None
    said = f"Visits with laser still to come in this plan: {len(made.course)}."
    assert len(made.course) == 3 - done
    page = leaflet_page(made)
    assert page.concerns[0].preparations[0] == said
    aim = consent_page(made, concern, concern.first_laser[0]).aim
    assert said in aim
    assert not any(line.startswith("You come") for line in aim)
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


def test_the_only_visit_of_a_concern_is_one_visit_in_the_next_sentence_too() -> None:
    """ "Visits: 1. Some of these visits are also for" stood there."""
    case = PERSON + "".join(
        concern_text(name, site, extra=NAMED) for name, site in (("age-spots", "hands"), ("redness", "cheeks"))
    )
    made = read_plan(document(case + devices("qs-ndyag-532-1064", "pulsed-dye-595")))
    spots, red = leaflet_page(made).concerns
    assert "This visit is also for: Red skin (cheeks)." in spots.preparations
    assert "Some of these visits are also for: Age spots (hands)." in red.preparations


def test_visits_that_several_concerns_share_are_not_added_up() -> None:
    """Four visits and three read as seven, where spots and redness of one face are treated in the same four."""
    case = PERSON + "".join(concern_text(name, extra=NAMED) for name in ("redness", "age-spots"))
    made = read_plan(document(case + devices("ipl")))
    red, brown = leaflet_page(made).concerns
    assert len(made.course) == max(len([v for v in made.course if one.place in v.treats]) for one in made.concerns)
    assert "Some of these visits are also for: Age spots (cheeks)." in red.preparations
    assert "Some of these visits are also for: Red skin (cheeks)." in brown.preparations
    assert reading_age_years(leaflet_sentences(leaflet_page(made))) <= READING_AGE_YEARS


def test_what_waits_for_melasma_says_so_and_what_lies_elsewhere_does_not() -> None:
    """The plan lets every other light of that skin wait for months of creams; the leaflet was silent."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"III"')
    case = person + concern_text("melasma") + concern_text("facial-telangiectasia") + concern_text("age-spots", "hands")
    made = read_plan(document(case))
    pages = leaflet_page(made).concerns
    told = {one.condition: page.preparations for one, page in zip(made.concerns, pages, strict=True)}
    waits = catalogue()["leaflet.visits_melasma"]
    assert {condition: waits in lines for condition, lines in told.items()} == {
        "melasma": False,
        "facial-telangiectasia": True,
        "age-spots": False,
    }
    creams = "Laser comes after 14 weeks at the earliest"
    assert [condition for condition, lines in told.items() if creams in " ".join(lines)] == ["melasma"]
    first = next(visit for visit in made.course if "melasma at cheeks" in visit.treats)
    older = replace(made, course=(replace(first, week=0),))  # so older plans told of creams
    assert not any(
        "weeks at the earliest" in line for page in leaflet_page(older).concerns for line in page.preparations
    )


@pytest.mark.parametrize(("language", "time"), [("en", "after 1 week at"), ("de", "nach 1 Woche,")])
def test_one_week_that_is_left_of_the_creams_is_no_plural(language: str, time: str) -> None:
    case = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"III"')
    made = read_plan(document(case + concern_text("melasma", extra=f"{NAMED}creams_months = 2.8\n")))
    with use_language(language):
        (page,) = leaflet_page(made).concerns
        assert time in " ".join(page.preparations)


def test_what_comes_later_in_the_plan_says_when_it_begins() -> None:
    case = PERSON + concern_text("facial-telangiectasia") + concern_text("acne-scars")
    made = read_plan(document(case + devices("pulsed-dye-595", "fractional-co2-10600")))
    veins, scars = (leaflet.preparations for leaflet in leaflet_page(made).concerns)
    week = next(visit.week for visit in made.course if "acne-scars at cheeks" in visit.treats)
    assert week > 0
    assert f"The first comes {week} weeks after the start of the plan, when your skin is calm." in scars
    assert not any(line.startswith("The first comes") for line in veins)


def test_a_single_visit_is_told_once() -> None:
    """The form of full-field ablation said "You come once." and, beside it, "Visits with laser in this plan: 1."."""
    made = read_plan(document(PERSON + concern_text("perioral-lines", "perioral") + devices("co2-10600")))
    (concern,) = made.concerns
    assert concern.first_laser is not None
    aim = consent_page(made, concern, concern.first_laser[0]).aim
    assert catalogue()["consent.aim_visits_one"] in aim
    assert not any(line.startswith("Visits with laser") for line in aim)
    (visit,) = made.course
    later = replace(made, course=(replace(visit, week=16.0),))
    aim = consent_page(later, concern, concern.first_laser[0]).aim
    assert "This visit is 16 weeks after the start of the plan, when your skin is calm." in aim  # and not "The first"

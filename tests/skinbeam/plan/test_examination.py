"""A lesion that a doctor must see first: when, and no comparison of treatments before, in any paper of the plan."""

import pytest
from consultations import NAMED, PERSON, concern, devices, document, loaded
from plan_reading import read_plan
from readability import leaflet_sentences

from skinbeam.plan.referral import lesion_examination
from skinbeam.report.clinician_page import report_page
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.overview import spoken_summary
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.terminal import plan_summary

VESSEL_LASER = devices("ndyag-1064")  # which no brown spot is planned with, so that nothing is searched
URGENT = ["new", "changing", "bleeding", "irregular"]


@pytest.mark.parametrize("condition", ["age-spots", "facial-telangiectasia", "acne-scars"])
@pytest.mark.parametrize("sign", URGENT)
def test_a_sign_of_melanoma_is_examined_within_two_weeks(condition: str, sign: str) -> None:
    case = loaded(PERSON + concern(condition, extra=NAMED + f'lesion_signs = ["{sign}"]')).case
    found = lesion_examination(case, case.concern[0])
    assert found is not None
    assert found.within_days == 14.0  # NICE NG12, 1.7.1: "for an appointment within 2 weeks"
    assert "2 weeks" in found.message.text
    assert "2 weeks" in found.plain.text


def test_an_urgent_sign_outweighs_what_may_wait() -> None:
    signs = 'lesion_signs = ["solitary-pearly", "changing"]'
    case = loaded(PERSON + concern("age-spots", extra=signs)).case  # and nobody has said what it is
    found = lesion_examination(case, case.concern[0])
    assert found is not None
    assert found.within_days == 14.0


@pytest.mark.parametrize("extra", ["", NAMED + 'lesion_signs = ["solitary-pearly"]'], ids=["not-named", "pearly"])
def test_what_only_waits_for_its_name_has_a_time_limit_for_what_changes(extra: str) -> None:
    case = loaded(PERSON + concern("age-spots", extra=extra)).case
    found = lesion_examination(case, case.concern[0])
    assert found is not None
    assert found.within_days is None
    assert "within 2 weeks" in found.message.text
    assert "2 weeks" in found.plain.text


def test_what_lies_beside_it_on_the_same_skin_is_compared() -> None:
    text = PERSON + concern("age-spots") + concern("wrinkles", extra=NAMED) + '[[lesion]]\nkind = "undiagnosed"\n'
    case = loaded(text.replace(NAMED, "", 1)).case
    spots, lines = (lesion_examination(case, one) for one in case.concern)
    assert spots is not None
    assert lines is None


def test_what_a_doctor_has_named_is_planned() -> None:
    case = loaded(PERSON + concern("age-spots")).case
    assert lesion_examination(case, case.concern[0]) is None


@pytest.mark.parametrize("extra", ["", *(NAMED + f'lesion_signs = ["{sign}"]' for sign in URGENT)])
def test_no_paper_compares_treatments_of_a_lesion_that_is_to_be_examined(extra: str) -> None:
    text = PERSON + concern("age-spots", extra=extra) + concern("redness", "chin", NAMED) + VESSEL_LASER
    plan = read_plan(document(text))
    lesion, other = plan.concerns
    assert lesion.examination is not None
    assert other.examination is None
    assert all(option.rank_reason == lesion.examination.message for option in lesion.options)
    assert spoken_summary(lesion) == (lesion.examination.message.text,)
    page = leaflet_page(plan)
    spot, red = page.concerns
    assert (spot.options, spot.choices, spot.text) == ((), (), ())
    assert red.options
    assert "2 weeks" in spot.no_laser_headline
    assert spot.no_laser_headline in page.decision  # on the first page too
    assert "age spot" not in " ".join([spot.title, *page.intro])
    drawn = draw_report_figures(plan, FigureData(()))
    glance = report_page(plan, drawn.pictures, (), embedded_figures={}, photo=None).glance
    assert [line.option for line in glance[:1]] == ["First the diagnosis; until then no treatment is compared."]
    assert glance[1].concern != glance[0].concern == "Age spots (solar lentigines), cheeks"
    names = [file for file in drawn.files if "leaflet" in file]
    assert names
    assert not any("age-spots" in name for name in names)
    summary = plan_summary(plan)
    assert lesion.examination.message.text in summary
    assert "Daily sun protection" not in next(line for line in summary.splitlines() if line.startswith("Age spots"))


def test_a_leaflet_without_a_laser_has_no_advice_on_the_days_after_one() -> None:
    page = leaflet_page(read_plan(document(PERSON + concern("age-spots", extra="") + VESSEL_LASER)))
    told = [*page.healing, *page.aftercare, *page.call_advice, *page.questions]
    assert not any("laser" in line for line in told)
    assert not any("dots" in line for line in leaflet_sentences(page))

"""What a report says once, says first and says in words: no repetition, no hidden caution, no name of a key."""

import copy
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, loaded
from plan_reading import read_plan
from report_samples import sample, sample_figures, sample_plan
from test_report_html import Page

from skinbeam.model.per_hundred import per_hundred
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.course import DeviceSetting, DeviceSetup, Visit
from skinbeam.plan_records.document import StoredMessage
from skinbeam.plan_records.plan import Option, RefusedOption
from skinbeam.report.clinician_page import report_page
from skinbeam.report.context import ReportPage
from skinbeam.report.course import spot_ladders, visit_lines
from skinbeam.report.formatting import device_name, display_value, people_of_100
from skinbeam.report.graphics.charts import CalendarRow, draw_calendar
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.option_cards import refused_options
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import render_html
from skinbeam.report.terminal import plan_summary
from skinbeam.text import Message, catalogue, render_message

pytestmark = pytest.mark.usefixtures("charts_drawn_once")

CAUTION = "Synthetic: an antiviral is given before ablation around the mouth."


def page_of(plan: dict[str, Any]) -> ReportPage:
    drawn = draw_report_figures(read_plan(plan), sample_figures())
    return report_page(read_plan(plan), drawn.pictures, (), embedded_figures={}, photo=None)


def without_device(name: str, rank: int) -> dict[str, Any]:
    """An option without a laser of which nobody has counted anything."""
    unknown = {"unknown": f"No study in the table used this: {name.lower()}."}
    bare: dict[str, Any] = copy.deepcopy(sample_plan()["concerns"][0]["options"][-1])
    expected = json.loads(re.sub(r'\{"unknown": "[^"]*"\}', json.dumps(unknown), json.dumps(bare["expected"])))
    return bare | {
        "modality": name.lower().replace(" ", "-"),
        "title": name,
        "expected": expected | {"abstains": unknown["unknown"]},
        "followup_months": unknown,
        "p_effective": {"unknown": "Without a device nothing is computed."},
        "p_harm": {"unknown": "Without a device nothing is computed."},
        **dict.fromkeys(("sessions", "interval_weeks", "minutes", "pain_0_10", "downtime_days"), unknown),
        "harms": [{"name": "side-effects", "p": {"unknown": "not counted"}, "text": message("not counted")}],
        "rank": rank,
        "rank_reason": message("Synthetic: not ranked."),
    }


def message(text: str) -> dict[str, Any]:
    return {"id": "x", "params": {}, "text": text}


def with_caution() -> dict[str, Any]:
    plan = copy.deepcopy(sample_plan())
    plan["concerns"][0]["options"][0]["reasons"] = [
        plan["concerns"][0]["options"][1]["reasons"][0] | {"text": CAUTION, "source": "kincaid1975"}
    ]
    return plan


def test_choices_with_the_same_text_are_shown_once_with_all_their_names() -> None:
    plan = copy.deepcopy(sample_plan())
    names = ("Cosmetic camouflage", "Daily sun protection", "Filler injection")
    plan["concerns"][0]["options"] = [without_device(name, rank) for rank, name in enumerate(names, 1)]
    (card,) = page_of(plan).concerns[0].options
    assert card.title == "; ".join(names)
    assert card.rank == "1 to 3"
    (gap,) = [one for one in page_of(plan).concerns[0].gaps if "No study in the table" in one.reason]
    assert gap.reason.startswith("No study in the table used this: any of these.")
    assert all(name in " ".join(gap.unknowns) for name in names)
    assert all(name in row.alt for name in names for row in card.icon_rows)


def test_a_choice_of_which_something_else_is_known_keeps_its_own_card() -> None:
    plan = copy.deepcopy(sample_plan())
    plan["concerns"][0]["options"] = [without_device("Filler injection", 1), without_device("Surgery", 2)]
    plan["concerns"][0]["options"][1]["minutes"] = {"low": 30, "high": 60, "unit": "minutes"}
    assert [card.title for card in page_of(plan).concerns[0].options] == ["Filler injection", "Surgery"]


def test_a_caution_about_the_first_option_stands_with_the_decision_and_is_named_by_number_after() -> None:
    plan = with_caution()
    page = page_of(plan)
    (caution,) = [one for one in (*page.decision.reasons, *page.decision.further_reasons) if one.lead == CAUTION]
    assert caution.subject.startswith("Visible facial veins, cheeks: Vascular laser or light, Pulsed dye laser")
    first = page.concerns[0].options[0]
    assert CAUTION not in [one.lead for one in first.reasons]
    assert first.shared_rules.endswith(f": {caution.number}.")
    assert Page(render_html(read_plan(plan), sample_figures())).words.count(CAUTION) == 1
    assert CAUTION in plan_summary(read_plan(plan))


def spoke(rule: str, decision: str, text: str) -> dict[str, Any]:
    reason = {"rule": rule, "decision": decision, "text": text, "message": {"id": "x", "params": {}}}
    return reason | {"source": "kincaid1975", "strength": "review"}


def test_what_changes_most_what_is_done_leads_and_the_rest_stands_one_click_away() -> None:
    plan = copy.deepcopy(sample_plan())
    plan["concerns"][0]["options"][0]["reasons"] = []
    caution = [
        spoke("darker-skin", "with-caution", "Dark: marks are likelier."),
        spoke("face-lift", "with-caution", "Dark: of the same beginning."),
        spoke("tattoo", "with-caution", "Cover it."),
        spoke("isotretinoin-six-months", "with-caution", "Wait."),
        spoke("decolletage", "with-caution", "Colour."),
    ]
    plan["suitability"] = {"decision": "with-caution", "reasons": caution}
    decision = page_of(plan).decision
    assert [one.lead for one in decision.reasons] == ["Wait.", "Cover it.", "Dark: marks are likelier."]
    assert decision.further_reasons_label == "and 2 more"
    assert [one.number for one in (*decision.reasons, *decision.further_reasons)] == ["1", "2", "3", "4", "5"]
    refused = [spoke(f"no-{number}", "refer", f"No {number}.") for number in range(4)]
    plan["suitability"] = {"decision": "refer", "reasons": [*caution, *refused]}
    assert [one.lead for one in page_of(plan).decision.reasons] == [f"No {number}." for number in range(4)]


def test_a_plan_that_is_suitable_does_not_deny_its_cautions() -> None:
    plan = with_caution()
    plan["suitability"] = {"decision": "suitable", "reasons": []}
    assert "No rule speaks against" not in page_of(plan).decision.text
    plan["concerns"][0]["options"][0]["reasons"] = []
    assert "No rule speaks against" in page_of(plan).decision.text


def test_a_rule_about_one_concern_of_several_names_it() -> None:
    plan = copy.deepcopy(sample_plan())
    plan["suitability"]["reasons"][0]["about"] = "age-spots at cheeks"
    assert page_of(plan).decision.reasons[0].subject == "Age spots (solar lentigines), cheeks"


def test_a_visit_that_only_repeats_what_each_does_says_where_that_stands() -> None:
    """Its steps read "none", although the lamp is fired."""
    again = Message("course.review")
    steps: list[tuple[Message, ...]] = [(Message("course.share"),), (again,), (again, Message("course.share"))]
    lines, always = visit_lines([Visit(n, 4 * n, (), of) for n, of in enumerate(steps, 1)], {})
    assert always == (again.text,)
    assert [line.steps for line in lines[1:]] == [(catalogue()["report.steps_as_above"],), (steps[0][0].text,)]


def test_names_of_concerns_that_have_a_comma_are_told_apart() -> None:
    """ "No laser is offered for Age spots, cheeks, Visible facial veins, nose" could be two, three or four concerns."""
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', '"V"')
    both = concern("age-spots") + concern("facial-telangiectasia", "nose")
    plan = make_plan(loaded(person + both + devices("ipl")), draws=PLAN_DRAWS).document
    assert "Age spots (solar lentigines), cheeks; Visible facial veins, nose" in page_of(plan).decision.text
    plan = make_plan(loaded(PERSON + both + concern("wrinkles", "forehead")), draws=PLAN_DRAWS).document
    subjects = [advice.subject for advice in page_of(plan).aftercare]
    assert any("cheeks; " in subject for subject in subjects), subjects


def test_the_terminal_says_why_no_laser_is_offered() -> None:
    plan = copy.deepcopy(sample_plan())
    concern = plan["concerns"][0]
    concern["options"] = [without_device("Filler injection", 1)]
    assert "reaches too few skins" not in plan_summary(read_plan(plan))
    concern["refused"] = [{"modality": "vascular", "title": "x", "reasons": [message("reaches too few skins")]}]
    assert "no laser: reaches too few skins" in plan_summary(read_plan(plan))


def test_refusals_of_one_kind_and_for_one_reason_are_shown_once_without_names_of_keys() -> None:
    asked = [
        RefusedOption("vascular", "Vascular laser", None, "ktp-532", (StoredMessage("x", {}, "KTP laser: too weak"),)),
        RefusedOption("vascular", "Vascular laser", None, "ipl", (StoredMessage("x", {}, "Pulsed light: too weak"),)),
        RefusedOption("a", "Full-field laser", "kincaid1975", None, (StoredMessage("x", {}, "tanned"),)),
        RefusedOption("b", "Fractional laser", None, None, (StoredMessage("x", {}, "tanned"),)),
    ]
    assert [(one.title, one.reasons) for one in refused_options(asked)] == [
        ("Vascular laser", ("KTP laser: too weak.", "Pulsed light: too weak.")),
        ("Full-field laser; Fractional laser", ("tanned.",)),
    ]
    refusals = [one.reasons for one in refused_options(asked, ["tanned"])]
    assert refusals[-1] == (render_message("report.refused_above"),), "what the decision says is not said again"


def test_devices_refused_for_one_reason_are_named_in_one_sentence() -> None:
    asked = [
        RefusedOption("vascular", "Vascular laser", None, name, (Message("plan.no-practice", {"device": name}),))
        for name in ("KTP laser", "Pulsed light", "Ruby laser")
    ]
    (one,) = refused_options(asked)
    assert one.reasons == (render_message("plan.no-practice", {"device": "KTP laser; Pulsed light; Ruby laser"}),)


def test_harms_that_nobody_counted_are_named_once_below_the_options() -> None:
    plan = copy.deepcopy(sample_plan())
    why = {"unknown": "no trial counted this"}
    known = plan["concerns"][0]["options"][0]["harms"][0]
    plan["concerns"][0]["options"][0]["harms"] = [
        {"name": "scar", "p": why, "text": message("not counted")},
        known,
        {"name": "infection", "p": why, "text": message("not counted")},
    ]
    concern = page_of(plan).concerns[0]
    assert [harm.name for harm in concern.options[0].harms] == ["Purpura"]
    (gap,) = [one for one in concern.gaps if one.reason == "no trial counted this not counted"]
    assert gap.unknowns[0].startswith("Scar, Infection: ")


@pytest.mark.parametrize("draws", [200, 97])
def test_a_sentence_counts_the_people_that_the_table_counts(draws: int) -> None:
    """Every share of so many draws, one ulp of a sum below it too: 73 of 200 were 37 in the table and 36 in words."""
    for met in range(draws + 1):
        for share in (met / draws, met / draws * (1 - 2e-16)):
            counted, table = per_hundred(share), people_of_100(round(share, 6))
            if counted >= 1.0 and table.isdigit():
                assert f"{counted:g}" == table
            else:
                assert table in ("under 1", "over 99", "0")
                assert counted < 1.0 or counted > 99.0


@pytest.mark.parametrize(("months", "expected"), [(1, "1 month"), (3, "3 months"), (0.75, "0.75 months")])
def test_one_has_no_plural(months: float, expected: str) -> None:
    assert display_value(months, "months").text == expected


def option_of(title: str, wavelength_nm: float, band_nm: tuple[float, float] | None = None) -> Option:
    option = sample().concerns[0].options[0]
    return replace(option, setup=DeviceSetup("x", title, wavelength_nm, band_nm, DeviceSetting(wavelength_nm, 1.0)))


def test_a_wavelength_that_the_device_is_named_by_is_not_shown_twice() -> None:
    assert device_name(option_of("CO2 laser, 10600 nm", 10600.0)) == "CO2 laser, 10600 nm"
    assert device_name(option_of("CO2 laser", 10600.0)) == "CO2 laser, 10,600 nm"


def test_a_wavelength_that_is_one_of_two_in_the_name_is_shown() -> None:
    title = "Nd:YAG laser, 532 and 1064 nm, Q-switched"
    for wavelength in (532.0, 1064.0):
        assert device_name(option_of(title, wavelength)) == f"{title}, {wavelength:g} nm"
    lamp = option_of("Pulsed light, 560 nm", 560.0, (560.0, 1200.0))
    assert device_name(lamp) == "Pulsed light, 560 nm, from 560 nm"


def test_a_medicine_of_today_is_taken_now() -> None:
    plan = copy.deepcopy(sample_plan())
    (first, *_) = plan["assessment"]["medications"]
    taken = [first | {"name": "doxycycline", "last_dose_months": months} for months in (0.0, 1.0, 14.0)]
    plan["assessment"]["medications"] = taken
    assert [fact.name for fact in page_of(plan).medications] == [
        "doxycycline, taken now",
        "doxycycline, last taken 1 month ago",
        "doxycycline, last taken 14 months ago",
    ]


def test_no_week_stands_before_the_first_visit() -> None:
    drawn = draw_calendar([CalendarRow("Age spots", ((0.0, "1"), (4.0, "2")))])
    assert "<!-- 0 -->" in drawn
    assert "<!-- \N{MINUS SIGN}1 -->" not in drawn


def test_weeks_with_creams_are_a_bar_before_the_first_visit() -> None:
    """The bar is as long as the way from week 0 to the first visit."""
    bare, creams = (
        draw_calendar([CalendarRow("Melasma", ((14.0, "1"), (16.0, "2")), first)]) for first in (False, True)
    )
    (bar,) = re.findall(r'd="M ([\d.]+) [\d.]+ \nL ([\d.]+) [^"]*"[^>]*style="fill: #f2d3c6', creams)
    ticks = [float(x) for x in re.findall(r'<use xlink:href="#[^"]*" x="([\d.]+)"[^>]*fill: #0b5394', creams)]
    assert float(bar[1]) == pytest.approx(min(ticks), abs=0.01)
    assert "#f2d3c6" not in bare


def test_a_long_name_leaves_the_weeks_of_a_calendar_half_of_its_width() -> None:
    """Raised scars of the hands pressed 21 weeks into a third of the figure, which cut the last visit in half."""
    visits = ((0.0, "1"), (7.0, "2"), (14.0, "3"), (21.0, "4"))
    names = ("Scars", "Raised scars that stay, backs of the hands")
    short, long = (draw_calendar([CalendarRow(name, visits)]) for name in names)

    def places(drawn: str) -> list[float]:
        return sorted({float(x) for x in re.findall(r'<use xlink:href="#[^"]*" x="([\d.]+)"[^>]*fill: #0b5394', drawn)})

    width = float(re.findall(r'<svg[^>]*width="([\d.]+)pt"', long)[0])
    assert len(places(short)) == len(places(long)) == len(visits)
    assert places(long)[-1] - places(long)[0] > width / 2
    marks = re.findall(r'<g id="PathCollection_\d+">.*?</g>\s*</g>', long, re.DOTALL)
    assert marks
    assert not any("clip-path" in mark for mark in marks)


def test_a_test_spot_is_watched_as_long_as_the_rule_on_raised_scars_asks() -> None:
    """The rule says months; a sentence that says four weeks alone would send the person to treatment too early."""
    assert all("months" in render_message(f"rules.{rule}") for rule in ("keloid-other-lasers", "raised-scars"))
    assert "a raised scar shows after months" in catalogue()["plan.test-spot"]


def test_the_rules_of_test_spots_are_printed_with_the_first_alone() -> None:
    text = PERSON + concern("acne-scars") + concern("facial-telangiectasia")
    plan = make_plan(loaded(text + devices("pulsed-dye-595", "fractional-1550")), draws=PLAN_DRAWS).plan
    ladders = plan.test_spots
    first, later = spot_ladders(plan)
    for words in ("Stop at the first sign", "a raised scar shows after months", "Do not go on above a dose"):
        assert words in first.text
        assert words in later.text
        assert words in first.text_below
        assert words not in later.text_below
    own = ladders[1].message.params
    assert all(own[name] in later.text_below for name in ("device", "doses", "same"))


def test_spots_of_a_light_that_is_tied_with_the_first_are_made_in_its_place() -> None:
    plan = make_plan(loaded(PERSON.replace('"II"', '"III"') + concern("age-spots")), draws=PLAN_DRAWS).plan
    lasers = [option for option in plan.concerns[0].options if option.setup is not None]
    assert lasers[0].rank == lasers[1].rank
    first, tied = spot_ladders(plan)
    assert first.line.startswith("Test spots, cheeks: ")
    assert tied.line.startswith("Or, if this light is used: test spots, cheeks: ")


def test_a_figure_that_is_not_there_is_named_and_not_explained() -> None:
    words = Page(render_html(sample(), FigureData())).words
    assert "Skin section, Visible facial veins, cheeks" in words
    assert "hatched where" not in words


@pytest.mark.parametrize("beyond", [True, False])
def test_that_settings_are_beyond_practice_stands_with_the_decision_and_beside_them(beyond: bool) -> None:
    plan = copy.deepcopy(sample_plan())
    plan["concerns"][0]["options"][0]["beyond_practice"] = beyond
    page = page_of(plan)
    assert any("beyond practice" in line for line in page.decision.practice_warnings) is beyond
    assert ("beyond practice" in page.glance[0].setting) is beyond
    assert ("beyond practice" in page.concerns[0].options[0].line.setting) is beyond

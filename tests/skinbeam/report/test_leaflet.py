"""The patient's leaflet: few pages, whole and easy to read, with what is not known."""

import copy
import re
from typing import Any

import pytest
from leaflet_samples import READING_AGE_YEARS, Plan, everything_unknown, message
from plan_reading import read_plan
from readability import leaflet_sentences, reading_age_years
from report_samples import leaflet_pdf

from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.report.leaflet.leaflet_page import CONCERNS_IN_FULL, leaflet_page
from skinbeam.text import catalogue

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


def many_concerns(plan: Plan) -> Plan:
    """Each condition once: far more than a leaflet holds in full."""
    crowded = copy.deepcopy(plan)
    first = crowded["concerns"][0]
    crowded["concerns"] = [
        first | {"condition": name, "title": entry["title"]} for name, entry in vocabulary_table("condition").items()
    ]
    crowded["aftercare"] = [
        *crowded["aftercare"],
        *(plan["aftercare"][0] | {"text": f"Keep it clean, {i}."} for i in range(25)),
    ]
    return crowded


def one_concern(plan: Plan) -> Plan:
    return plan | {"concerns": plan["concerns"][:1]}


def no_concern(plan: Plan) -> Plan:
    return plan | {"concerns": [], "aftercare": [], "when_to_call": []}


def many_reasons(plan: Plan) -> Plan:
    """Twenty plain reasons, more than one person has."""
    whole = [re.sub(r"\{\w+\}", "12", text) for key, text in catalogue().items() if key.startswith("leaflet_why.")]
    lines = sorted(whole, key=len)[-20:]
    reasons = [{"because": [message("You said this.")], "text": message(line)} for line in lines]
    return plan | {"suitability": {"decision": "not-suitable", "reasons": []}, "why": reasons}


@pytest.mark.parametrize("change", [dict, everything_unknown, many_concerns, many_reasons, one_concern, no_concern])
def test_the_leaflet_is_short_and_every_page_has_banner_and_plan(plan: Plan, change: Any) -> None:
    """A page for what holds for all, with many reasons or much advice two, and one for each concern."""
    changed = change(plan)
    plan_read = read_plan(changed)
    pages = [page.extract_text().split() for page in leaflet_pdf(plan_read).pages]
    concerns = leaflet_page(plan_read).concerns
    general = len(pages) - len(concerns)
    assert general <= (1 if change in (dict, everything_unknown, one_concern, no_concern) else 2)
    assert general == 1 or len(pages[1]) > 90, "a page with the last lines of the first looks like a mistake"
    for concern, words in zip(concerns, pages[general:], strict=True):
        assert " ".join(words).count(concern.title) >= 1
        assert len(words) <= 600
    for number, words in enumerate(pages, 1):
        text = " ".join(words)
        assert "Demonstration." in text
        assert plan_read.plan_sha256[:24] in text
        assert f"{number} / {len(pages)}" in text


def test_the_leaflet_is_read_without_a_glass(plan: Plan) -> None:
    """Ten points and more, banner, foot and studies too."""
    sizes: dict[float, int] = {}

    def seen(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        points = round(size * abs(tm[3]) * abs(cm[3]), 1)
        sizes[points] = sizes.get(points, 0) + len(text.strip())

    for page in leaflet_pdf(read_plan(many_concerns(plan))).pages:
        page.extract_text(visitor_text=seen)
    assert sum(sizes.values()) > 1000
    assert min(points for points, count in sizes.items() if count) >= 10.0


def test_nothing_is_cut_off(plan: Plan) -> None:
    """The last lines are there even in the most crowded leaflet."""
    crowded = many_concerns(plan)
    text = " ".join(" ".join(page.extract_text().split()) for page in leaflet_pdf(read_plan(crowded)).pages)
    assert leaflet_page(read_plan(crowded)).other_concerns.split(":")[0] in text
    assert leaflet_page(read_plan(crowded)).questions[-1] in text


@pytest.mark.parametrize("decision", ["suitable", "with-caution", "refer", "not-suitable"])
@pytest.mark.parametrize("change", [dict, everything_unknown])
def test_the_reading_age_is_at_most_twelve(plan: Plan, decision: str, change: Any) -> None:
    changed = change(plan)
    changed["suitability"] = changed["suitability"] | {"decision": decision}
    page = leaflet_page(read_plan(changed))
    assert page.decision
    assert reading_age_years(leaflet_sentences(page)) <= READING_AGE_YEARS


def test_what_is_not_known_is_stated(plan: Plan) -> None:
    page = leaflet_page(read_plan(everything_unknown(plan)))
    for concern in page.concerns:
        assert {option.good.number for option in concern.options} == {"not known"}
        assert {option.bad.number for option in concern.options} == {"not known"}
    (line,) = (line for line in page.unknowns if "We do not know how many" in line)  # one for all concerns
    assert line.count("(") == len(page.concerns)


def test_concerns_beyond_the_page_are_named(plan: Plan) -> None:
    crowded = many_concerns(plan)
    page = leaflet_page(read_plan(crowded))
    assert len(page.concerns) == CONCERNS_IN_FULL
    for concern in crowded["concerns"][CONCERNS_IN_FULL:]:
        assert catalogue()[f"leaflet_condition.{concern['condition']}"].lower() in page.other_concerns


def test_whom_to_call_is_what_the_clinic_wrote_or_a_line_to_write_it_on(plan: Plan) -> None:
    assert "____" in leaflet_page(read_plan(plan)).phone
    named = leaflet_pdf(read_plan(plan | {"clinic_phone": "030 1234 567"}))
    assert "030 1234 567" in " ".join(page.extract_text() for page in named.pages)

"""The sliders of a report: every place says what the window says, without a network and by keyboard."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from plan_reading import read_plan
from playwright.sync_api import Browser, Page, Playwright
from report_samples import sample_figures, sample_plan, sample_window
from touch import drag_slider, tap_slider

from skinbeam.report.context import LiveFigure
from skinbeam.report.formatting import people_of_100
from skinbeam.report.graphics.figure_data import WindowData
from skinbeam.report.live_figure import live_figure, script_hashes
from skinbeam.report.report_files import render_html

pytestmark = pytest.mark.usefixtures("charts_drawn_once")

TOUCH_PX = 24  # WCAG 2.2, 2.5.8: the least size of a target for a finger


def made(window: WindowData) -> LiveFigure:
    found = live_figure(window)
    assert found is not None
    return found


def test_every_place_has_the_numbers_of_the_window() -> None:
    window = sample_window()
    numbers = json.loads(made(window).data)
    for counts, shares in ((numbers["effect"], window.p_effect), (numbers["harm"], window.p_harm)):
        assert counts == [[people_of_100(share) for share in row] for row in shares]
    assert numbers["broken"] == [[share > 1.0 for share in row] for row in window.limit_fraction]
    assert len(numbers["doses"]) == len(window.dose)
    assert len(numbers["rows"]) == len(numbers["published"]) == len(window.rows)


def test_the_sliders_begin_at_the_plan() -> None:
    window, found = sample_window(), made(sample_window())
    assert (window.dose[found.dose_start], window.rows[found.row_start]) == (window.chosen_dose, window.chosen_row)
    assert (found.dose_last, found.row_last) == (len(window.dose) - 1, len(window.rows) - 1)


def test_doses_are_inside_what_was_published_at_their_pulse_alone() -> None:
    window = replace(sample_window(), published_doses=sample_window().published_doses[:1])
    numbers = json.loads(made(window).data)
    assert numbers["inside"][0] == [3.0 <= dose <= 8.0 for dose in window.dose]
    assert not any(any(row) for row in numbers["inside"][1:])
    assert "3 to 8 J/cm²" in numbers["published"][0]
    assert "No source" in numbers["published"][1]


def test_between_two_published_densities_doses_are_published_too() -> None:
    """ "No source that was read prints a dose here" stood below settings that lie inside the published ones."""
    window = sample_window()
    low, high = window.rows[0], window.rows[-1]
    ends = [replace(window.published_doses[0], row_value=row) for row in (low, high)]
    assert high / low > 4
    assert all("3 to 8" in text for text in json.loads(made(replace(window, published_doses=ends)).data)["published"])


def test_where_no_range_is_drawn_nothing_is_said_of_one() -> None:
    assert not any(json.loads(made(replace(sample_window(), published_doses=[])).data)["published"])


@pytest.mark.parametrize("missing", [{"p_harm": ()}, {"p_effect": ()}, {"chosen_dose": None}])
def test_without_a_probability_or_a_place_there_are_no_sliders(missing: dict[str, None]) -> None:
    assert live_figure(replace(sample_window(), **missing)) is None


def test_words_cannot_end_the_script_that_holds_them() -> None:
    data = made(replace(sample_window(), effect="</script><b>")).data
    assert "<" not in data
    assert "</script><b>" in json.loads(data)["words"]["answer"]


def test_the_page_holds_the_script_that_the_policy_allows() -> None:
    scripts = re.findall(r"<script>(.*?)</script>", render_html(read_plan(sample_plan()), sample_figures()), flags=re.S)
    (script,) = scripts
    assert script_hashes()[0] == f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@pytest.fixture
def has_touch() -> bool:
    """Whether the reader has a finger rather than a mouse."""
    return False


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render_html(read_plan(sample_plan()), sample_figures()), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: Browser, report: Path, has_touch: bool) -> Iterator[Page]:
    """The report from a file, in a browser without a network."""
    context = browser.new_context(offline=True, has_touch=has_touch)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert not faults


@pytest.mark.check
def test_a_reader_moves_the_dose_by_keyboard_and_comes_back(page: Page) -> None:
    block = page.locator("[data-live]").first
    block.locator("summary").press("Enter")
    answer, dose = block.locator("[data-answer]"), block.locator("[data-axis=dose]")
    window, planned = sample_window(), answer.inner_text()
    assert window.chosen_dose is not None
    start = list(window.dose).index(window.chosen_dose)
    dose.focus()
    page.keyboard.press("ArrowLeft")
    assert people_of_100(window.p_effect[-1][start - 1]) in answer.inner_text()
    assert answer.inner_text() != planned
    assert "J/cm²" in (dose.get_attribute("aria-valuetext") or "")
    page.keyboard.press("End")
    assert "a plan would not give this" in answer.inner_text()
    block.get_by_role("button").click()
    assert answer.inner_text() == planned


@pytest.mark.check
@pytest.mark.parametrize("width", [390, 1280])
def test_sliders_fit_the_page_and_stay_off_paper(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    block = page.locator("[data-live]").first
    block.locator("summary").click()
    box = block.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.emulate_media(media="print")
    assert not block.is_visible()


@pytest.mark.check
@pytest.mark.parametrize("has_touch", [True], ids=["touch"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_finger_moves_the_dose(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    block = page.locator("[data-live]").first
    block.locator("summary").tap()
    answer, dose = block.locator("[data-answer]"), block.locator("[data-axis=dose]")
    planned, last = answer.inner_text(), int(dose.get_attribute("max") or "")
    box = dose.bounding_box()
    assert box is not None
    assert box["height"] >= TOUCH_PX
    tap_slider(dose, 0.02)
    assert dose.input_value() == "0"
    lowest = answer.inner_text()
    assert people_of_100(sample_window().p_effect[-1][0]) in lowest
    drag_slider(page, dose, 0.02, 0.98)
    assert dose.input_value() == str(last)
    assert "a plan would not give this" in answer.inner_text()
    assert len({planned, lowest, answer.inner_text()}) == 3
    assert page.evaluate("scrollX") == 0  # the finger moved the slider and not the page
    block.get_by_role("button").tap()
    assert answer.inner_text() == planned

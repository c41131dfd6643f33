"""How much of a report is in sight: screens of the page with its details closed, pages of the printed plan."""

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from consultations import CONDITIONS, EVERY_FIFTH, EXAMPLES, example, example_figures
from paths import TESTS
from plan_reading import read_plan
from playwright.sync_api import Browser, Playwright
from portrait import portrait_analysis
from preview_samples import look, plan
from pypdf import PdfReader
from readability import leaflet_sentences, reading_age_years
from report_samples import draw_and_write_report, leaflet_pdf, sample_figures, sample_plan

from skinbeam.api.analyse_photo import report_analysis
from skinbeam.api.preview import make_preview
from skinbeam.report.leaflet.leaflet_page import leaflet_page

pytestmark = pytest.mark.check

SCREENS = {(1280, 800): 6, (390, 844): 12}  # a laptop with details closed, a phone
AXE = (TESTS / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FIRST = EXAMPLES / "first-consultation" / "case.toml"
REPORTS = [
    pytest.param(
        file,
        id=file.parent.name if file.stem == "case" else file.stem,
        marks=() if file in (FIRST, *EVERY_FIFTH) else pytest.mark.long,
    )
    for file in (FIRST, *CONDITIONS)
]


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: sudo apt-get install -y chromium")
    started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
    yield started
    started.close()


@pytest.mark.parametrize("file", REPORTS)
def test_a_report_is_short(file: Path, browser: Browser, tmp_path: Path) -> None:
    plan = read_plan(example(file))
    draw_and_write_report(plan, example_figures(file), tmp_path)
    most = 4 + 2 * len(plan.concerns)
    assert len(PdfReader(tmp_path / "report.pdf").pages) <= most
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    for (width, height), screens in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert seen[0] == width, "something sticks out sideways"
        assert seen[1] <= screens * height
    # Printed from the browser, what is closed on the screen stands open, as in the file.
    assert len(PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages) <= most
    page.close()


@pytest.mark.parametrize("file", REPORTS)
def test_a_leaflet_has_a_page_for_all_and_one_for_each_concern(file: Path) -> None:
    plan = read_plan(example(file))
    page = leaflet_page(plan)
    texts = [one.extract_text() for one in leaflet_pdf(plan).pages]
    assert len(texts) == 1 + len(page.concerns)
    # Words, without the numbers and without the list of studies below them.
    assert max(len(re.findall("[A-Za-z]{2,}", text.split("Studies behind")[0])) for text in texts[1:]) <= 600
    assert reading_age_years(leaflet_sentences(page)) <= 12.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_has_no_barrier_that_axe_knows(browser: Browser, tmp_path: Path, scheme: str) -> None:
    file = CONDITIONS[0]
    draw_and_write_report(read_plan(example(file)), example_figures(file), tmp_path)
    page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "report.html").as_uri())
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    page.close()


def test_a_report_with_pictures_of_what_may_come_has_sliders(browser: Browser, tmp_path: Path) -> None:
    draw_and_write_report(read_plan(sample_plan()), sample_figures(), tmp_path, preview=make_preview(plan(), look()))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    sliders = page.locator("[data-pair] input[type=range]")
    assert sliders.count() >= 4
    assert sliders.first.is_visible()
    cover = page.locator(".laid .cover").first
    before = cover.evaluate("one => one.style.clipPath")
    sliders.first.press("End")
    assert cover.evaluate("one => one.style.clipPath") != before
    page.close()


def test_the_report_of_the_first_consultation_with_its_photograph_is_no_longer_than_six_screens(
    browser: Browser, tmp_path: Path
) -> None:
    file = FIRST
    plan, analysis = read_plan(example(file)), portrait_analysis()
    overlays = tmp_path / "photo"
    photo = report_analysis(analysis, overlays)
    preview = make_preview(plan, analysis)
    assert preview.page is not None
    draw_and_write_report(plan, example_figures(file), tmp_path, photo=photo, photo_folder=overlays, preview=preview)
    (width, height), screens = next(iter(SCREENS.items()))
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator("#preview").is_visible()
    assert all(page.get_by_text(line).first.is_visible() for line in preview.page.undrawn_harms)
    assert page.evaluate("document.documentElement.scrollHeight") <= screens * height
    page.close()

"""What the first page promises: a current example, a page that says how to be started, one word on what is kept."""

import re
import shutil
from pathlib import Path

import pictures
import pytest
from consultations import example
from paths import ROOT
from plan_reading import read_plan
from playwright.sync_api import Playwright
from pypdf import PdfReader

from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.report_files import render_html
from skinbeam.text import render_message

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "example"
CASE = ROOT / "examples" / "consultations" / "acne-scars-III.toml"
FIRST = ROOT / "examples" / "first-consultation" / "case.toml"


def words(text: str) -> str:
    return " ".join(text.split())


def test_pages_agree_on_what_is_kept() -> None:
    sentence = "The last plans and photographs lie in a temporary folder of this machine until the program ends"
    guide = (ROOT / "docs" / "guide" / "consultation.md").read_text(encoding="utf-8")
    for page in (README, guide, render_message("app.demo")):
        assert sentence in words(page)
        assert not re.search(r"[Nn]othing is kept on|[Kk]eeps nothing", page)


def test_the_python_example_is_five_lines() -> None:
    """`test_what_a_page_shows_runs` runs it."""
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(list(filter(None, block.splitlines()))) <= 5


def test_the_first_page_installs_the_clinic_from_this_checkout() -> None:
    assert ".venv/bin/pip install -e ./skinbeam_clinic\n.venv/bin/skinbeam serve\n" in README


@pytest.mark.check
def test_the_example_that_the_manual_shows_is_what_a_plan_says_now() -> None:
    """Its options, settings and shares; run `make example` where they moved."""
    from skinbeam.model.input_files import load_case
    from skinbeam.plan.planner import make_plan
    from skinbeam.report.formatting import leading_options
    from skinbeam.report.option_cards import option_glance

    printed = words(" ".join(page.extract_text() for page in PdfReader(EXAMPLE / "report.pdf").pages))
    for concern in make_plan(load_case(CASE)).plan.concerns:
        for option in leading_options(concern):
            line = option_glance(concern, option)
            for statement in (option.title, line.setting, line.good.text.split(" (")[0]):
                assert statement in printed, "run: make example"


def test_the_example_is_small_and_linked() -> None:
    files = list(EXAMPLE.iterdir())
    assert {file.name for file in files} == {"report.pdf", "leaflet.pdf"}
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for page, start in ((README, "docs/example/"), ((ROOT / "docs" / "index.md").read_text("utf-8"), "example/")):
        assert all(f"({start}{file.name})" in page for file in files)
    assert CASE.name in README
    assert f"consult examples/consultations/{CASE.name}" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.check
def test_the_picture_of_the_report_shows_what_the_report_says_now(playwright: Playwright, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(render_html(read_plan(example(FIRST)), FigureData()), encoding="utf-8")
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page()
    pictures.open_report(page, tmp_path / "report.html")
    shown = pictures.shown_text(page)
    browser.close()
    assert pictures.stored_text(pictures.REPORT_PICTURE) == shown, "run: make pictures"

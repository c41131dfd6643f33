"""The clinician's page in a browser: no word of a table runs into the next column, on a telephone and at a desk."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Playwright
from pypdf import PdfReader
from report_samples import draw_and_write_report, sample, sample_figures

from skinbeam.text import LANGUAGES, render_message, use_language

RUN_OVER = """() => [...document.querySelectorAll("table:not(.stack) th, table:not(.stack) td")]
  .filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent)"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_cell_of_a_table_runs_into_the_next(language: str, playwright: Playwright, tmp_path: Path) -> None:
    """The German "Termine" ran into "Tage" on a telephone, and into "Wie lange man etwas sieht" on paper."""
    with use_language(language):
        draw_and_write_report(sample(), sample_figures(), tmp_path)
        texts = {
            name: render_message(f"report.{name}") for name in ("col_visits_short", "col_downtime", "h_days_short")
        }
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((tmp_path / "report.html").as_uri())
        assert page.evaluate(RUN_OVER) == []
    browser.close()
    paper, appendix = (
        "".join(page.extract_text() for page in PdfReader(tmp_path / f"{name}.pdf").pages)
        for name in ("report", "appendix")
    )
    visits = texts["col_visits_short"]
    assert visits in paper
    assert f"{visits}{texts['col_downtime'].split()[0]}" not in paper
    assert f"{visits}{texts['h_days_short']}" not in paper
    assert not re.search(r"[a-zäöüß]{3}\d+[.,]\d", appendix)  # whether a limit is met, and the value beside it

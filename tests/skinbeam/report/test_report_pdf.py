"""The files of a report: whole, the same twice, banner and hash on every page, values never run as code."""

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest
from plan_reading import read_plan
from pypdf import PageObject, PdfReader
from report_samples import draw_and_write_report, sample, sample_figures, sample_plan

from skinbeam.model.vocabulary import subtype_description
from skinbeam.report.graphics.figure_data import FigureData


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    draw_and_write_report(sample(), sample_figures(), folder)
    return folder


UNRANKED = {"id": "x", "params": {}, "text": "nothing was searched"}


def device(option: dict[str, Any]) -> bool:
    return "device" in option


def flat(text: str) -> str:
    return " ".join(text.split())


def test_all_files_are_written_and_returned(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    written = draw_and_write_report(sample(), sample_figures(), tmp_path / "new")
    assert {path.name for path in written} >= {
        "report.html",
        "report.pdf",
        "appendix.pdf",
        "leaflet.pdf",
        "calendar.svg",
    }
    assert sorted(written) == sorted(path for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_same_plan_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for path in draw_and_write_report(sample(), sample_figures(), tmp_path):
        first = folder / path.relative_to(tmp_path)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(first.read_bytes()).digest(), path.name


def test_every_page_carries_banner_plan_and_number(folder: Path) -> None:
    pages = PdfReader(folder / "report.pdf").pages
    for number, page in enumerate(pages, 1):
        text = flat(page.extract_text())
        assert flat(sample_plan()["intended_use"]["text"]) in text
        assert sample_plan()["plan_sha256"][:24] in text
        assert f"{number} / {len(pages)}" in text


def lowest(page: PageObject, foot: float) -> float:
    """Height of the lowest text above the page's foot, both as a share of the page."""
    found: list[float] = []
    height = float(page.mediabox.height)

    def seen(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        place = (tm[5] * cm[3] + cm[5]) / height
        if text.strip() and place > foot:
            found.append(place)

    page.extract_text(visitor_text=seen)
    return min(found)


@pytest.mark.parametrize("name", ["report.pdf", "appendix.pdf"])
def test_no_page_but_the_last_is_left_half_empty(folder: Path, name: str) -> None:
    """What is never parted, a heading with its first row of dots, takes a third of a page at most."""
    *pages, _ = PdfReader(folder / name).pages
    assert max(lowest(page, foot=16 / 297) for page in pages) < 0.5


def words_of(file: Path) -> str:
    return flat(" ".join(page.extract_text() for page in PdfReader(file).pages))


def test_the_pdf_says_what_the_page_says(folder: Path) -> None:
    plan, text = sample_plan(), words_of(folder / "report.pdf")
    for reason in (*plan["suitability"]["reasons"], *plan["unknowns"], *plan["aftercare"], *plan["when_to_call"]):
        assert reason["text"] in text
    for concern in plan["concerns"]:
        for option in (*concern["options"], *concern["refused"]):
            assert option["title"] in text
    assert text.count("Kind:") == sum("subtypes" in concern for concern in plan["concerns"])
    assert flat(f"Kind: {subtype_description('fine-red')} {subtype_description('over-1-mm')}") in text
    for part in ("Test spots", "What is not known", "What to check", "What always holds"):
        assert part in text
    appendix = words_of(folder / "appendix.pdf")
    for part in ("Who was assessed", "Limits checked", "How the numbers were made", "Sources"):
        assert part in appendix
    for concern in plan["concerns"]:
        for option in concern["options"]:
            assert option["title"] in appendix
            assert flat(option["rank_reason"]["text"]) in appendix


def test_the_plan_on_paper_is_short(folder: Path) -> None:
    """Four pages and two for each concern; what stands behind it has a file of its own."""
    most = 4 + 2 * len(sample_plan()["concerns"])
    assert len(PdfReader(folder / "report.pdf").pages) <= most


def test_the_appendix_holds_every_number_on_few_pages(folder: Path) -> None:
    """Two pages about the person and the methods, one for two options, and one for some 45 sources."""
    plan = sample_plan()
    options = sum(len(concern["options"]) for concern in plan["concerns"])
    most = 2 + math.ceil(options / 2) + math.ceil(len(plan["sources"]) / 45)
    assert len(PdfReader(folder / "appendix.pdf").pages) <= most


def test_the_first_page_says_what_to_do(folder: Path) -> None:
    """Decision with its cautions, and of each concern the first option with its setting."""
    page = flat(PdfReader(folder / "report.pdf").pages[0].extract_text())
    assert "Suitable with caution" in page
    for concern in sample().concerns:
        first = concern.options[0]
        assert first.title in page
        if first.setup is not None and first.setup.settings.fluence_J_cm2 is not None:
            assert f"{first.setup.settings.fluence_J_cm2:g} J/cm²" in page


@pytest.mark.parametrize("name", ["report.pdf", "appendix.pdf", "leaflet.pdf"])
def test_the_pdf_is_tagged_titled_and_undated(folder: Path, name: str) -> None:
    pdf = PdfReader(folder / name)
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    assert pdf.metadata is not None
    assert pdf.metadata.title
    assert "/CreationDate" not in pdf.metadata
    assert b"pdfuaid" in (folder / name).read_bytes()


def test_values_are_never_run_as_markup(tmp_path: Path) -> None:
    plan = sample_plan()
    evil = '#panic("x") *bold* $x$ @ref \\ "quote"'
    plan["unknowns"] = [{"id": "x", "params": {}, "text": evil}]
    plan["aftercare"] = [plan["aftercare"][0] | {"text": evil}]
    draw_and_write_report(read_plan(plan), FigureData(), tmp_path)
    for name in ("report.pdf", "leaflet.pdf"):
        text = flat(" ".join(page.extract_text() for page in PdfReader(tmp_path / name).pages))
        assert '#panic("x") *bold* $x$ @ref \\ "quote"' in text


def test_a_plan_of_unknowns_is_still_a_report(tmp_path: Path) -> None:
    plan = sample_plan()
    for concern in plan["concerns"]:
        concern["options"] = [option | {"rank_reason": UNRANKED} for option in concern["options"] if not device(option)]
    plan["course"] = []
    draw_and_write_report(read_plan(plan), FigureData(), tmp_path)
    text = flat(" ".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages))
    assert "nothing was searched" in text
    assert "No visit is planned" in text
    assert len(PdfReader(tmp_path / "leaflet.pdf").pages) <= 3 + len(plan["concerns"])

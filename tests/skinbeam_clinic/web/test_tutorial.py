"""The tutorials of a clinic are done word for word, on both databases: a first patient, and a first week."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic_pages import opened_page, served
from clinic_samples import HOME, PASSWORD, Clinics, planned, two_clinics_on
from paths import ROOT
from playwright.sync_api import Browser
from tutorial import Reader, steps_of

from skinbeam_clinic.jobs.worker import PlanWorker

pytestmark = pytest.mark.check

GUIDE, EXAMPLES = ROOT / "docs" / "guide", ROOT / "examples"
FILES = {"first-patient": EXAMPLES / "first-consultation", "first-week": EXAMPLES / "first-week"}  # by tutorial


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def clinics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", FILES)
def test_every_step_of_the_tutorial_can_be_done(clinics: Clinics, browser: Browser, name: str) -> None:
    tutorial = GUIDE / f"{name}.md"
    worker = PlanWorker(clinics.database, planned)
    worker.start()
    try:
        with served(clinics.app) as address, opened_page(browser) as page:
            reader = Reader(page, address, HOME, PASSWORD, FILES[name], lambda _: None)
            for line, sentence in steps_of(tutorial):
                try:
                    reader.do(sentence)
                except Exception as error:
                    shown = page.locator("main").inner_text()[:1500]
                    pytest.fail(f"{tutorial.name}:{line}: {sentence}\n{error}\n{page.url}\n{shown}")
    finally:
        worker.stop()

"""The tutorial of a clinic is done word for word, on both databases: from the first call to the last follow-up."""

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

TUTORIAL = ROOT / "docs" / "guide" / "first-patient.md"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def clinics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path) as made:
        yield made


def test_every_step_of_the_tutorial_can_be_done(clinics: Clinics, browser: Browser) -> None:
    worker = PlanWorker(clinics.database, planned)
    worker.start()
    try:
        with served(clinics.app) as address, opened_page(browser) as page:
            files = ROOT / "examples" / "first-consultation"
            reader = Reader(page, address, HOME, PASSWORD, files, lambda _: None)
            for line, sentence in steps_of(TUTORIAL):
                try:
                    reader.do(sentence)
                except Exception as error:
                    shown = page.locator("main").inner_text()[:1500]
                    pytest.fail(f"{TUTORIAL.name}:{line}: {sentence}\n{error}\n{page.url}\n{shown}")
    finally:
        worker.stop()

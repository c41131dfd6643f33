"""The tutorials of a clinic, a first patient and a first week, word for word on both databases and in three engines."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clinic_pages import DESK, TABLET, opened_page, served
from clinic_samples import HOME, PASSWORD, Clinics, planned, two_clinics_on
from driven_tutorial import DrivenReader
from new_database import KEY
from paths import ROOT
from playwright.sync_api import Browser
from tutorial import Reader, steps_of
from webdriver import DRIVERS

from skinbeam_clinic.database.connection import FILES_VARIABLE
from skinbeam_clinic.database.encryption import KEY_VARIABLE
from skinbeam_clinic.jobs.worker import PlanWorker

pytestmark = pytest.mark.check

GUIDE, EXAMPLES = ROOT / "docs" / "guide", ROOT / "examples"
FILES = {"first-patient": EXAMPLES / "first-consultation", "first-week": EXAMPLES / "first-week"}  # by tutorial


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def clinics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def command(clinics: Clinics, tmp_path: Path) -> Callable[[str], object]:
    """What runs a line on the machine of the clinic, whose key and database are set."""
    address = clinics.database.engine.url.set(drivername=clinics.database.engine.dialect.name)
    where = {"SKINBEAM_DB": address.render_as_string(hide_password=False) if address.host or address.query else ""}
    where["SKINBEAM_DB"] = where["SKINBEAM_DB"] or str(address.database)
    environment = os.environ | where | {KEY_VARIABLE: KEY, FILES_VARIABLE: str(tmp_path / "files")}

    def run(line: str) -> None:
        words = [sys.executable, "-m", "skinbeam", *shlex.split(line)]
        ran = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr

    return run


@pytest.mark.parametrize("touches", [False, pytest.param(True, marks=pytest.mark.long)], ids=["desk", "tablet"])
@pytest.mark.parametrize("name", FILES)
def test_every_step_of_the_tutorial_can_be_done(
    clinics: Clinics, browser: Browser, name: str, touches: bool, command: Callable[[str], object]
) -> None:
    """At a desk with a mouse, and on a tablet with a finger."""
    tutorial = GUIDE / f"{name}.md"
    worker = PlanWorker(clinics.database, planned)
    worker.start()
    try:
        with served(clinics.app) as address, opened_page(browser, has_touch=touches) as page:
            page.set_viewport_size(TABLET if touches else DESK)
            reader = Reader(
                page, address, HOME, PASSWORD, FILES[name], lambda _: None, touches=touches, command=command
            )
            for line, sentence in steps_of(tutorial):
                try:
                    reader.do(sentence)
                except Exception as error:
                    shown = page.locator("main").inner_text()[:1500]
                    pytest.fail(f"{tutorial.name}:{line}: {sentence}\n{error}\n{page.url}\n{shown}")
    finally:
        worker.stop()


@pytest.mark.parametrize("name", FILES)
def test_an_age_is_told_by_the_year_of_birth_where_the_clinic_knows_it(name: str) -> None:
    """No plan is made for an age that the year of birth excludes, and a number that fits this year soon does not."""
    sentences = [sentence for _, sentence in steps_of(GUIDE / f"{name}.md")]
    tables = "".join(file.read_text(encoding="utf-8") for file in FILES[name].glob("*.csv"))
    ages = [sentence for sentence in sentences if "into **Age" in sentence]
    years = [match[1] for sentence in ages if (match := re.search(r"born in `(\d{4})`", sentence))]
    assert ages
    if "born" in tables.lower() or any("birth" in sentence.lower() for sentence in sentences):
        assert len(years) == len(ages)
    assert all(year in tables for year in years)


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("engine", DRIVERS)
def test_every_step_can_be_done_in_another_browser(
    clinics: Clinics, engine: str, name: str, command: Callable[[str], object]
) -> None:
    tutorial = GUIDE / f"{name}.md"
    worker = PlanWorker(clinics.database, planned)
    worker.start()
    try:
        with served(clinics.app) as address, DRIVERS[engine]() as driver:
            reader = DrivenReader(driver, address, HOME, PASSWORD, FILES[name], command=command)
            for line, sentence in steps_of(tutorial):
                try:
                    reader.do(sentence)
                except Exception as error:
                    shown = driver.run("return location.href + '\\n' + document.querySelector('main').innerText")
                    pytest.fail(f"{tutorial.name}:{line}: {sentence}\n{error}\n{shown[:1500]}")
    finally:
        worker.stop()

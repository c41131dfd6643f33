"""The diary on a telephone without a script, and the banner of an alarm on a page that stays open."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import Clinics, two_clinics
from diary_samples import CALM, WARNING, treated
from playwright.sync_api import Browser, Page, expect

from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.diary_access import DiaryAccess

pytestmark = pytest.mark.check

SMALL = {"width": 320, "height": 568}


@pytest.fixture
def clinics(tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics(tmp_path) as made:
        yield made


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """An old one: small, and without a script."""
    context = browser.new_context(viewport=SMALL, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_warning_sign_from_an_old_telephone_reaches_a_page_that_stays_open(
    browser: Browser, phone: Page, clinics: Clinics
) -> None:
    of = treated(clinics.repositories(), days_ago=2.0, phone="+43 1 234")
    with served(clinics.app) as address, opened_page(browser) as page:
        page.clock.install()
        sign_in(page, address, "clinician")
        page.goto(f"{address}/treatments/{of.treatment}/diary")
        page.get_by_role("button", name="Make a link").click()
        link = page.locator("code").inner_text()
        looked_at(page, "diary-link")
        page.goto(f"{address}/account")
        phone.goto(link)
        for name in ("Pus", "Fever", "a little red"):
            phone.locator("label", has_text=name).click()
        phone.locator('[name="pain"][value="3"]').check()
        phone.locator("textarea").fill("Is this normal?")
        phone.get_by_role("button", name="Send").click()
        expect(phone.get_by_role("alert")).to_contain_text("Call the clinic now")
        expect(page.locator("#alarms")).to_be_empty()
        page.clock.fast_forward(21_000)
        expect(page.locator("#alarms")).to_contain_text("Diaries that must be read now: 1")
        page.get_by_role("link", name="Diaries that must be read").click()
        looked_at(page, "alarms")
        page.get_by_label("What was done").fill("Called; comes at noon.")
        page.get_by_role("button", name="Save the answer").click()
        page.get_by_label("What it was").select_option("infection")
        page.get_by_label("Grade").select_option("moderate")
        page.get_by_label("Why").fill("Pus at the cheek.")
        looked_at(page, "alarms-answered")
        page.get_by_role("button", name="Save the decision").click()
        expect(page.get_by_text("There are no open alarms.")).to_be_visible()
        expect(page.locator("#alarms")).to_be_empty()
        token = link.rpartition("/")[2]
        for number, note in enumerate((CALM, WARNING, CALM)):
            DiaryAccess(clinics.database).open(token).add_entry(
                f"{number:032}", 3 + number, note, photograph=None, alarm=bool(note.signs)
            )
        page.goto(f"{address}/treatments/{of.treatment}/diary")
        looked_at(page, "diary-clinic")


def test_the_page_of_a_patient_is_reached_by_everybody(browser: Browser, clinics: Clinics) -> None:
    of = treated(clinics.repositories(), days_ago=2.0, phone="+43 1 234")
    until = now() + datetime.timedelta(9)
    with served(clinics.app) as address, opened_page(browser) as page:
        for language in ("en", "de"):
            token = clinics.repositories().diaries.create_link(of.treatment, language=language, until=until).token
            page.goto(f"{address}/diary/{token}")
            looked_at(page, f"diary-{language}")
            page.set_viewport_size(SMALL)
            assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
            sizes = page.evaluate(
                "[...document.querySelectorAll('fieldset label, button, .call, textarea')]"
                ".map(one => one.getBoundingClientRect().height)"
            )
            assert min(sizes) >= 44
        DiaryAccess(clinics.database).open(token).add_entry("0" * 32, 2, WARNING, photograph=None, alarm=True)
        page.reload()
        looked_at(page, "diary-warned")
        page.goto(f"{address}/diary/none")
        looked_at(page, "diary-closed")

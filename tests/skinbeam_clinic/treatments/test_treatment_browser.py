"""A treatment in a real browser: checklist, face map by mouse and keyboard, warning, stop, correction, paper."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import Clinics, planned, two_clinics
from playwright.sync_api import Browser, Page, expect
from treatment_samples import read_spots

from skinbeam_clinic.access import Role
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.models import ConsentAnswers
from skinbeam_clinic.treatments.checklist import AUTOMATIC_ITEMS, CHECKLIST_ITEMS

pytestmark = pytest.mark.check


@pytest.fixture
def clinics(tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics(tmp_path) as made:
        yield made


@pytest.fixture
def consent(clinics: Clinics, tmp_path: Path) -> str:
    """The path of the page of a signed consent; the clinic has two machines."""
    repositories, sent = clinics.repositories(Role.OWNER), make_submission(LEAST.items())
    repositories.machines.add(device="pulsed-dye-595", serial="SYN-1", name="Dye laser")
    repositories.machines.add(device="ktp-532", serial="SYN-2", name="Green laser")
    consultation = repositories.consultations.begin(repositories.patients.add("Synthetic 17").id, sent)
    plan = repositories.plans.add(consultation.id, planned(sent, tmp_path, lambda _: None), revision=1)
    read_spots(repositories, plan)
    made = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(made.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": made.not_before}
    repositories.consents.sign(made.id, answers=ConsentAnswers(), **signed)  # type: ignore[arg-type]
    return f"/plans/{plan.id}/consent/0.0"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as page:
        yield page


def answer(page: Page) -> None:
    """The checklist, with a tan."""
    for item in CHECKLIST_ITEMS.values():
        if item.name not in (*AUTOMATIC_ITEMS, "shields"):
            page.locator(f"#{item.name}-{'yes' if item.name == 'tan' else item.accepted_answers[0]}").check()
    page.locator("#tan-words").fill("a weekend on a lake")
    page.get_by_role("button", name="Save the answers").click()


def fire(page: Page, endpoint: str) -> None:
    page.get_by_role("group", name="Endpoint seen").get_by_label(re.compile(endpoint)).check()
    page.get_by_role("button", name="Save this row").click()


def test_from_a_consent_through_a_session_to_the_paper_for_home(page: Page, clinics: Clinics, consent: str) -> None:
    with served(clinics.app) as address:
        sign_in(page, address, "clinician")
        page.goto(f"{address}{consent}")
        page.get_by_role("button", name="Begin a treatment").click()
        page.get_by_label("Machine used").select_option(label="Green laser · SYN-2")
        page.get_by_role("button", name="Use this machine").click()
        expect(page.get_by_text("The machine is a different device")).to_be_visible()
        page.get_by_label("Machine used").select_option(label="Dye laser · SYN-1 · as planned")
        page.get_by_role("button", name="Use this machine").click()
        answer(page)
        expect(page.get_by_text("Tanned skin absorbs more light")).to_be_visible()
        looked_at(page, "treatment-checklist")
        page.get_by_label("Reason to continue").fill("the arms alone")
        page.get_by_role("button", name="Decide to continue").click()
        page.get_by_role("button", name="Release the first pulse").click()

        site, side = page.get_by_label("Place", exact=True), page.get_by_label("Side", exact=True)
        expect(page.locator(".face-map a[aria-current]")).to_have_count(2)  # what the script shows: both cheeks
        page.get_by_role("link", name="nose", exact=True).press("Enter")
        expect(site).to_have_value("nose")
        page.get_by_role("link", name="cheeks, right").click()
        expect(side).to_have_value("right")
        fire(page, "As intended")
        expect(page.get_by_role("link", name="cheeks, right: rows 1")).to_be_visible()

        page.get_by_label(re.compile("^Fluence")).fill("9")
        fire(page, "As intended")
        warning = page.get_by_role("alert")
        expect(warning).to_contain_text("20 % above the plan")
        looked_at(page, "treatment-warned")
        warning.get_by_label("Yes, that is what was fired").check()
        warning.get_by_label("Reason for deviating").fill("no closure at 7.5")
        page.get_by_role("button", name="Save this row").click()
        expect(page.get_by_text("Reason: no closure at 7.5")).to_be_visible()
        looked_at(page, "treatment-rows")

        fire(page, "greying or whitening")
        expect(page.get_by_role("heading", name="Stop", exact=True)).to_be_visible()
        expect(page.get_by_text("A blister: stop and cool.")).to_be_visible()
        looked_at(page, "treatment-stopped")
        page.get_by_role("link", name="Correct row 1").click()
        page.get_by_label("Side", exact=True).select_option("left")
        page.get_by_label("Why it is corrected").fill("mixed up the sides")
        page.get_by_role("button", name="Save this row").click()
        expect(page.get_by_text("corrects row 1: mixed up the sides")).to_be_visible()
        page.get_by_role("link", name="Aftercare to print").click()
        page.get_by_role("link", name="Deutsch").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Nach Ihrer Behandlung")
        looked_at(page, "treatment-aftercare")

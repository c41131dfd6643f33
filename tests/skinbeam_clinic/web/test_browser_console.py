"""What a browser writes on its console while a plan is listened to: nothing; and the page of records that may go."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served
from clinic_samples import Clinics, planned
from playwright.sync_api import Browser, Page, expect

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.jobs import routes
from skinbeam_clinic.jobs.worker import PLAN_JOB, PlanWorker
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.web.client import SESSION_COOKIE

pytestmark = pytest.mark.check


def signed_in(page: Page, clinics: Clinics, address: str, role: Role) -> None:
    clinics.browser(role)
    page.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": clinics.tokens["Harbour Clinic", role], "url": address}]
    )


def test_a_plan_that_ends_leaves_nothing_on_the_console(
    browser: Browser, clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_SESSION_CHECK_S", 0.2)  # the sign-in is looked at again within one stream

    def made(sent: Submission, home: Path, heed: Callable[[str], None], language: str) -> NewPlan:
        for number in range(15):
            heed(f"step {number}")
            time.sleep(0.1)
        return planned(sent, home, heed, language)

    repositories = clinics.repositories(Role.CLINICIAN)
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    job = repositories.jobs.add(PLAN_JOB, {"consultation": consultation.id, "revision": 1, "language": "en"})
    worker, messages = PlanWorker(clinics.database, made), []
    with served(clinics.app) as address, opened_page(browser) as page:
        page.on("console", lambda message: messages.append(message.text))
        signed_in(page, clinics, address, Role.CLINICIAN)
        streams: list[str] = []
        page.on("request", lambda asked: streams.append(asked.url) if asked.url.endswith("/events") else None)
        page.goto(f"{address}/jobs/{job.id}")
        worker.start()
        page.wait_for_url("**/plans/*")
        worker.stop()
    assert messages == []
    assert len(streams) == 1


def test_the_records_that_may_go_are_a_page_like_the_others(browser: Browser, clinics: Clinics) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        signed_in(page, clinics, address, Role.OWNER)
        page.goto(f"{address}/")
        page.get_by_role("link", name="Records due for deletion").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Records due for deletion")
        looked_at(page, "erasures")

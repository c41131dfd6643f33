"""Pages on an option whose concern the course treats with the columns of another one: warned, and not forbidden."""

import copy
import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import opened_page, served, sign_in
from clinic_samples import Clinics, planned
from playwright.sync_api import Browser, expect
from report_samples import sample_plan
from treated_rows import agree

from skinbeam.text import ENGLISH
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.models import NewPlan

SCARS, TEXTURE = 3, 4
STANDS_ALONE = "This setting stands alone: do not add it in these visits"
CARRIES = "one pass with this setting treats Uneven texture, too"


def with_shared_pattern(sent: Submission, home: Path, heed: Callable[[str], None], _language: str = ENGLISH) -> NewPlan:
    """Plan acne scars and texture of the cheeks, which the columns for the scars treat together."""
    document = sample_plan()
    scars = document["concerns"][SCARS]
    texture = copy.deepcopy(scars) | {"condition": "skin-texture", "title": "Uneven texture"}
    texture["options"][0]["settings"]["microbeam"]["energy_mJ"] /= 2
    document["concerns"].append(texture)
    for visit in document["course"]:
        if "acne-scars at cheeks" in visit["treats"]:
            visit["treats"].append("skin-texture at cheeks")
    made = planned(sent, home, heed)
    return replace(made, files={**made.files, "plan.json": json.dumps(document).encode()})


@pytest.fixture
def plan(clinics: Clinics, tmp_path: Path) -> str:
    """The address of such a plan."""
    repositories, sent = clinics.repositories(), make_submission(LEAST.items())
    consultation = repositories.consultations.begin(repositories.patients.add().id, sent)
    made = with_shared_pattern(sent, tmp_path, lambda _: None)
    return f"/plans/{repositories.plans.add(consultation.id, made, revision=consultation.revision).id}"


def test_each_page_of_the_other_option_says_that_its_setting_stands_alone(clinics: Clinics, plan: str) -> None:
    """An order of the shallower columns said nothing of the pass that treats both: the skin could get two patterns."""
    client = clinics.browser(Role.CLINICIAN)
    other = f'<a href="{plan}#concern-{SCARS}">'
    told = html.unescape(client.get(plan).text)
    assert STANDS_ALONE in told
    assert CARRIES in told
    assert other in told
    for number, expected, absent in ((TEXTURE, STANDS_ALONE, CARRIES), (SCARS, CARRIES, STANDS_ALONE)):
        page = client.get(f"{plan}/consent/{number}.0")
        consent = agree(clinics.repositories(), plan.rpartition("/")[2], f"{number}.0")
        begun = client.post(f"/consents/{consent}/treatments")
        assert begun.status_code == 303, "warned, and not forbidden"
        for text in (page.text, client.get(begun.headers["location"]).text):
            assert expected in text
            assert absent not in text
            assert (other in text) == (number == TEXTURE)


def test_nothing_is_said_once_the_scars_get_another_option(clinics: Clinics, plan: str) -> None:
    client = clinics.browser(Role.CLINICIAN)
    client.post(f"{plan}/choice", data={"option": f"{SCARS}.1", "notes": "no ablation for the scars"})
    for page in (plan, f"{plan}/consent/{TEXTURE}.0"):
        assert STANDS_ALONE not in client.get(page).text
    client.post(f"{plan}/choice", data={"option": f"{SCARS}.0", "notes": ""})
    assert STANDS_ALONE in client.get(f"{plan}/consent/{TEXTURE}.0").text


def test_german_pages_say_it_in_german(clinics: Clinics, plan: str) -> None:
    client, german = clinics.browser(Role.CLINICIAN), {"accept-language": "de"}
    text = client.get(f"{plan}/consent/{TEXTURE}.0", headers=german).text
    assert "Diese Einstellung gilt für sich allein" in text
    assert "Zu den Optionen für " in text
    print(text[text.index("Zu den Optionen für") :][:80])


@pytest.mark.check
def test_a_doctor_goes_from_the_other_option_to_the_one_that_is_fired(
    clinics: Clinics, plan: str, browser: Browser
) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        sign_in(page, address, "clinician")
        page.goto(f"{address}{plan}/consent/{TEXTURE}.0")
        page.get_by_role("link", name="To the options for Atrophic acne scars, cheeks").click()
        expect(page).to_have_url(f"{address}{plan}#concern-{SCARS}")
        expect(page.get_by_role("heading", name="Atrophic acne scars, cheeks")).to_be_in_viewport()
        expect(page.get_by_text(CARRIES)).to_be_visible()

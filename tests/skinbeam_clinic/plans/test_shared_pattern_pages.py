"""Pages on an option whose concern the course treats with the columns of another one: warned, and not forbidden."""

import html

import pytest
from clinic_pages import opened_page, served, sign_in
from clinic_samples import Clinics
from playwright.sync_api import Browser, expect
from shared_pattern_samples import SCARS, TEXTURE, add_shared_plan
from treated_rows import agree

from skinbeam_clinic.access import Role

STANDS_ALONE = "This setting stands alone: do not add it in these visits"
CARRIES = "one pass with this setting treats Uneven texture, too"


@pytest.fixture
def plan(clinics: Clinics) -> str:
    """The address of such a plan."""
    return f"/plans/{add_shared_plan(clinics)}"


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


def test_each_page_of_an_option_names_what_else_its_pass_treats_at_the_same_setting(clinics: Clinics) -> None:
    """The course alone said it: whoever ordered both options would have fired the same pass twice."""
    client, plan_id = clinics.browser(Role.CLINICIAN), add_shared_plan(clinics, energy_times=1.0)
    scars, texture = "Atrophic acne scars, cheeks", "Uneven texture, cheeks"
    whole_plan = html.unescape(client.get(f"/plans/{plan_id}").text)
    for number, names in ((SCARS, f"{scars}; {texture}"), (TEXTURE, f"{texture}; {scars}")):
        expected = f"one pass treats these together: {names}. Do not repeat it for each."
        consent = agree(clinics.repositories(), plan_id, f"{number}.0")
        session = client.post(f"/consents/{consent}/treatments").headers["location"]
        for text in (whole_plan, client.get(f"/plans/{plan_id}/consent/{number}.0").text, client.get(session).text):
            assert html.unescape(text).count(expected) == 1
    client.post(f"/plans/{plan_id}/choice", data={"option": f"{TEXTURE}.1", "notes": "creams alone"})
    assert "one pass treats these together: " not in client.get(f"/plans/{plan_id}/consent/{SCARS}.0").text


def test_german_pages_say_it_in_german(clinics: Clinics, plan: str) -> None:
    client, german = clinics.browser(Role.CLINICIAN), {"accept-language": "de"}
    text = client.get(f"{plan}/consent/{TEXTURE}.0", headers=german).text
    assert "Diese Einstellung gilt für sich allein" in text
    assert "Zu den Optionen für " in text


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

"""A sentence that refuses an entry leads to it, on a page with many forms and passwords."""

from collections.abc import Iterator

import pytest
from clinic_pages import opened_page, served
from clinic_samples import PASSWORD, Clinics
from playwright.sync_api import Browser, Page, expect

from skinbeam_clinic.access import Role
from skinbeam_clinic.web.client import SESSION_COOKIE

pytestmark = pytest.mark.check


@pytest.fixture
def people(browser: Browser, clinics: Clinics) -> Iterator[Page]:
    """The owner's page of members."""
    clinics.browser(Role.OWNER)
    with served(clinics.app) as address, opened_page(browser) as page:
        token = clinics.tokens["Harbour Clinic", Role.OWNER]
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
        page.goto(f"{address}/people")
        yield page


def add_member(page: Page, *, password: str, own: str) -> None:
    form = page.get_by_role("region", name="Add a member")
    form.get_by_label("Name").fill("newcomer")
    form.get_by_label("Role").select_option("assistant")
    form.locator("[name=password]").fill(password)
    form.locator("[name=own]").fill(own)
    form.get_by_role("button", name="Add").click()


@pytest.mark.parametrize(
    ("password", "own", "refused"),
    [("short", PASSWORD, "password"), ("first words for one week", "not the owner's own", "own")],
)
def test_the_refused_one_of_many_passwords_is_marked_and_led_to(
    people: Page, password: str, own: str, refused: str
) -> None:
    add_member(people, password=password, own=own)
    marked = people.locator("[aria-invalid=true]")
    expect(marked).to_have_count(1)
    assert marked.get_attribute("name") == refused
    assert "why" in (marked.get_attribute("aria-describedby") or "").split()
    people.get_by_role("alert").get_by_role("link", name="To this entry").click()
    expect(marked).to_be_focused()
    expect(marked).to_be_in_viewport()


def test_a_refused_year_of_birth_is_marked(people: Page) -> None:
    people.goto(people.url.replace("/people", "/"))
    people.get_by_label("Year of birth").fill("1700")
    people.get_by_role("region", name="Add a patient").get_by_role("button", name="Add").click()
    expect(people.locator("[aria-invalid=true]")).to_have_attribute("name", "year_of_birth")


def test_an_error_of_no_entry_leads_nowhere(people: Page) -> None:
    people.get_by_role("region", name="owner", exact=True).get_by_role("button", name="Disable").click()
    expect(people.get_by_role("alert")).to_be_visible()
    expect(people.locator("[aria-invalid=true]")).to_have_count(0)
    expect(people.get_by_role("link", name="To this entry")).to_have_count(0)

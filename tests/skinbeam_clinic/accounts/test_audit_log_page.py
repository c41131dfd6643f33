"""The page of the audit log: every entry can be reached, and every column be read."""

import re

import pytest
from clinic_pages import opened_page, served
from clinic_samples import Clinics
from playwright.sync_api import Browser

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts import routes
from skinbeam_clinic.web.client import LANGUAGE_COOKIE, SESSION_COOKIE

# Entries of the log by their number, and the link that leads on.
_NUMBER, _EARLIER = r">(\d+)</td>", r'href="(/trail\?before=\d+)"'


def test_every_entry_is_on_one_of_the_pages(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AUDIT_LOG_ENTRIES", 4)
    for _ in range(5):
        clinics.repositories().patients.add()
    client = clinics.browser(Role.OWNER)
    page = client.get("/trail").text
    assert "The newest entries" not in page
    numbers = [int(number) for number in re.findall(_NUMBER, page)]
    while found := re.search(_EARLIER, page):
        page = client.get(found[1]).text
        numbers += map(int, re.findall(_NUMBER, page))
        assert "The newest entries" in page
    assert numbers == list(range(numbers[0], 0, -1))
    assert not re.search(_EARLIER, client.get("/trail?before=5").text)  # a full page that ends with the first entry


@pytest.mark.parametrize("before", ["x", "-1", "", "9" * 40])
def test_an_address_that_names_no_entry_shows_the_newest(clinics: Clinics, before: str) -> None:
    answer = clinics.browser(Role.OWNER).get("/trail", params={"before": before})
    assert answer.status_code == 200
    assert re.search(_NUMBER, answer.text)


@pytest.mark.check
@pytest.mark.parametrize("width", [390, 1280])
def test_no_column_is_hidden_beside_the_page(browser: Browser, clinics: Clinics, width: int) -> None:
    clinics.browser(Role.OWNER).get("/")  # an entry that names what was read
    with served(clinics.app) as address, opened_page(browser) as page:
        token = clinics.tokens["Harbour Clinic", Role.OWNER]
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
        page.set_viewport_size({"width": width, "height": 900})
        for language in ("en", "de"):
            page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": address}])
            page.goto(f"{address}/trail")
            hidden = page.locator(".scroll").evaluate("table => table.scrollWidth - table.clientWidth")
            assert hidden <= 0, language

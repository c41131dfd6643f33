"""A member may look at the password that they type, and it is hidden again before it is sent."""

import re

import pytest
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import Clinics
from playwright.sync_api import Browser, expect


@pytest.mark.check
def test_what_is_typed_can_be_shown_by_keyboard_and_is_hidden_before_it_is_sent(
    browser: Browser, clinics: Clinics
) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        page.goto(address)
        field = page.get_by_label("Password")
        field.fill("a word that is typed")
        field.press("Tab")
        page.keyboard.press("Enter")
        expect(field).to_have_attribute("type", "text")
        looked_at(page, "password-shown")
        page.get_by_role("button", name="Hide Password", exact=True).press("Enter")
        expect(field).to_have_attribute("type", "password")
        page.get_by_role("button", name="Show Password", exact=True).click()
        kinds = page.evaluate(
            """() => new Promise((done) => {
              const form = document.querySelector("form[action='/sign-in']");
              form.addEventListener("submit", (event) => {
                event.preventDefault();
                done(form.elements.password.type);
              });
              form.elements.house.value = form.elements.name.value = "x";
              form.requestSubmit();
            })"""
        )
        assert kinds == "password"


@pytest.mark.check
@pytest.mark.parametrize("path", ["/account", "/people"])
def test_every_password_field_can_be_shown(browser: Browser, clinics: Clinics, path: str) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        sign_in(page, address, "owner")
        page.goto(f"{address}{path}")
        fields = page.locator("input[type=password]")
        expect(page.get_by_role("button", name=re.compile("^Show ."))).to_have_count(fields.count())
        assert fields.count() > 3
        looked_at(page, f"passwords{path.replace('/', '-')}")

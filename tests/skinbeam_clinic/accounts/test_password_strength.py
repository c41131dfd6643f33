"""While a member types a new password, a meter says what the server will say when it is saved."""

import pytest
from clinic_pages import opened_page, served, sign_in
from clinic_samples import HOME, PASSWORD, Clinics
from playwright.sync_api import Browser, expect

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import STRONGEST, check_password, measure_strength


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("", "short"),
        ("x", "short"),
        ("password1234", "easy"),
        ("Harbour Clinic", "easy"),
        (PASSWORD, "good"),
        (PASSWORD[:11], "short"),
        (PASSWORD * 10, "long"),
    ],
)
def test_the_meter_is_full_for_what_is_accepted_and_for_nothing_else(password: str, text: str) -> None:
    score, hint = measure_strength(password, "clinician", HOME)
    assert (hint, score == STRONGEST) == (text, text == "good")
    if text == "good":
        check_password(password, "clinician", HOME)
        return
    with pytest.raises(InputError):
        check_password(password, "clinician", HOME)


def test_a_member_is_advised_in_their_language_and_a_stranger_nothing(clinics: Clinics) -> None:
    address, sent = "/account/password/strength", {"password": PASSWORD}
    client = clinics.browser(Role.CLINICIAN)
    assert client.post(address, data=sent).json() == {"score": STRONGEST, "text": "Hard enough to guess."}
    client.post("/language", data={"language": "de"})
    assert client.post(address, data={"password": "kurz"}).json()["text"] == "Zu kurz."
    assert clinics.browser().post(address, data=sent).status_code == 401
    actions = {one.action for one in clinics.repositories(Role.OWNER).audit_log.newest(20)}
    assert not any("password" in action for action in actions), "nothing of it is noted"


@pytest.mark.check
def test_a_meter_moves_while_somebody_types(browser: Browser, clinics: Clinics) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        sign_in(page, address, "clinician")
        page.goto(f"{address}/account")
        field, meter = page.locator("#new"), page.get_by_label("How hard this password is to guess")
        field.fill("short")
        expect(page.get_by_text("Too short.")).to_be_visible()
        field.fill(PASSWORD)
        expect(page.get_by_text("Hard enough to guess.")).to_be_visible()
        assert meter.evaluate("one => one.value") == STRONGEST
        assert page.locator("meter").count() == 1, "below the field of the new password alone"

"""Passkeys at the app's door: what a browser is asked, where they work, and that a real one signs in."""

import json
import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pyotp
import pytest
from clinic_pages import looked_at, opened_page, served
from clinic_samples import COOKIE, HOME, PASSWORD, Clinics
from playwright.sync_api import Browser, Page, Request, expect
from soft_passkey import SoftPasskey
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import ApiTokenAuthenticator
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.application import build_clinic_app

ORIGIN, HOST = "https://localhost", "localhost"


def signed_in(clinics: Clinics, name: str) -> TestClient:
    """The browser of one more member, for what changes their account."""
    owner = clinics.members[HOME, Role.OWNER]
    AccountRepository(clinics.database, owner, PasswordHasher()).add(name, Role.CLINICIAN, PASSWORD)
    client = clinics.browser()
    client.post("/sign-in", data={"house": HOME, "name": name, "password": PASSWORD})
    return client


def with_passkey(client: TestClient, origin: str = ORIGIN, host: str = HOST) -> SoftPasskey:
    device = SoftPasskey(origin, host)
    asked = client.post("/account/passkeys/challenge", data={"name": "Key", "password": PASSWORD})
    assert asked.headers["content-type"] == "application/json"
    saved = client.post("/account/passkeys", data={"name": "Key", "answer": device.created(asked.text)})
    assert saved.headers["location"] == "/account"
    return device


def knock(client: TestClient, device: SoftPasskey) -> Any:
    asked = client.post("/sign-in/passkey/challenge").text
    return client.post("/sign-in/passkey", data={"answer": device.signed(asked)})


def test_a_member_adds_uses_and_removes_a_passkey(clinics: Clinics) -> None:
    client = signed_in(clinics, "keyholder")
    device = with_passkey(client)
    assert "not used yet" in client.get("/account").text
    fresh = clinics.browser()
    came = knock(fresh, device)
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert "keyholder" in fresh.get("/").text
    page = fresh.get("/account").text
    assert "last used" in page
    remove = re.search(r'action="(/account/passkeys/\w+/remove)"', page)[1]  # type: ignore[index]
    assert fresh.post(remove).status_code == 303
    assert remove not in fresh.get("/account").text
    assert knock(clinics.browser(), device).status_code == 422


def test_a_passkey_ends_the_session_before_and_a_planted_one_is_not_taken_over(clinics: Clinics) -> None:
    client = signed_in(clinics, "replaced")
    device = with_passkey(client)
    before = client.cookies[COOKIE]
    knock(client, device)
    assert client.cookies[COOKIE] != before
    assert clinics.browser().get("/", headers={"cookie": f"{COOKIE}={before}"}).headers["location"] == "/sign-in"


def test_a_passkey_that_somebody_planted_goes_with_the_new_password(clinics: Clinics) -> None:
    """Whoever learned the password has added a key of their own, and would come in after it was changed."""
    client, thief = signed_in(clinics, "robbed"), clinics.browser()
    own = with_passkey(client)
    thief.post("/sign-in", data={"house": HOME, "name": "robbed", "password": PASSWORD})
    planted = with_passkey(thief)
    assert 'name="with_keys"' in client.get("/account").text
    form = {"old": PASSWORD, "new": "quite another set of words"}
    assert client.post("/account/password", data=form | {"with_keys": "true"}).headers["location"] == "/sign-in"
    assert thief.get("/").headers["location"] == "/sign-in"
    for device in (planted, own):
        assert knock(clinics.browser(), device).status_code == 422


def test_what_else_somebody_made_with_the_old_password_ends_with_it(clinics: Clinics) -> None:
    name, new = "robbed-owner", "quite another set of words"
    accounts = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    member = accounts.add(name, Role.OWNER, PASSWORD)
    own = AccountRepository(clinics.database, member, PasswordHasher())
    address = own.new_codes_address()
    code = pyotp.parse_uri(address).now()  # type: ignore[attr-defined]
    recovery = own.set_codes(address, code, PASSWORD)
    repositories = ClinicRepositories(clinics.database, member)
    _, token = repositories.tokens.make("made by a thief", 365)
    _, other = clinics.repositories(Role.OWNER).tokens.make("of another owner", 1)
    feed, _ = ClinicRepositories(clinics.database, member).calendar_feeds.create()
    fresh = own.change_password(PASSWORD, new, with_keys=True)
    authenticator = ApiTokenAuthenticator(clinics.database)
    assert authenticator.find_session(token) is None
    assert authenticator.find_session(other) is not None
    assert feed.id not in {one.id for one in ClinicRepositories(clinics.database, member).calendar_feeds.list_open()}
    assert own.recovery_codes_left() == len(fresh) > 0  # one-time codes stay, and a telephone can be lost
    sign_in = SignIn(clinics.database, PasswordHasher())
    with pytest.raises(InputError):
        sign_in.confirm_code(sign_in.sign_in(HOME, name, new).token, recovery[0])
    assert sign_in.confirm_code(sign_in.sign_in(HOME, name, new).token, fresh[0]).step_due is None
    assert all(one.findings == () for one in verify_database(clinics.database))


def test_new_recovery_codes_are_shown_with_the_new_password(clinics: Clinics) -> None:
    client = signed_in(clinics, "careful")
    page = client.get("/account").text
    address = re.search(r'name="address" value="([^"]+)"', page)[1].replace("&amp;", "&")  # type: ignore[index]
    code = pyotp.parse_uri(address).now()
    client.post("/account/codes", data={"address": address, "code": code, "password": PASSWORD})
    form = {"old": PASSWORD, "new": "quite another set of words"}
    response = client.post("/account/password", data=form | {"with_keys": "true"})
    assert (response.status_code, response.text.count("<li><code>")) == (200, 10)
    assert client.get("/account").headers["location"] == "/sign-in"


def test_an_answer_that_somebody_else_prepared_becomes_no_passkey_of_a_member(clinics: Clinics) -> None:
    """A member's browser brings the answer to a challenge of another member's account; it fits neither."""
    client, other = signed_in(clinics, "led-astray"), signed_in(clinics, "preparer")
    asked = other.post("/account/passkeys/challenge", data={"name": "Key", "password": PASSWORD}).text
    answer = SoftPasskey(ORIGIN, HOST).created(asked)
    assert client.post("/account/passkeys", data={"name": "Key", "answer": answer}).status_code == 422
    assert "/account/passkeys/" not in client.get("/account").text.replace("/account/passkeys/challenge", "")


def test_what_is_wrong_with_a_passkey_is_not_shown(clinics: Clinics) -> None:
    device = with_passkey(signed_in(clinics, "quiet"))
    unknown = SoftPasskey(ORIGIN, HOST, handle=device.handle)
    device.origin = "https://evil.example"
    pages = [knock(clinics.browser(), device), knock(clinics.browser(), unknown)]
    pages.append(clinics.browser().post("/sign-in/passkey", data={"answer": "x"}))
    assert {page.status_code for page in pages} == {422}
    assert len({page.text for page in pages}) == 1
    assert "set-cookie" not in pages[0].headers


def test_a_wrong_password_gets_no_challenge_for_a_new_passkey(clinics: Clinics) -> None:
    client = signed_in(clinics, "left-open")
    response = client.post("/account/passkeys/challenge", data={"name": "x", "password": "a guess"})
    assert response.status_code == 422
    assert "The password is wrong" in response.text


@pytest.mark.parametrize(
    ("asked", "origin", "host"),
    [
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
        ("https://localhost:8443", "https://localhost:8443", "localhost"),
        ("http://laser.example", "https://laser.example", "laser.example"),  # behind a server that encrypts
        ("http://laser.example", "http://laser.example", ""),
        ("http://localhost:8000", "https://localhost:8000", ""),
        ("https://localhost", "https://localhost:8443", ""),
        ("https://localhost", "https://laser.example", ""),
    ],
)
def test_a_passkey_belongs_to_the_name_and_origin_that_was_asked(
    clinics: Clinics, asked: str, origin: str, host: str
) -> None:
    app = build_clinic_app(clinics.database, names=["laser.example"])
    client = TestClient(app, base_url=asked, follow_redirects=False)
    device = SoftPasskey(origin, host or "localhost")
    page = client.post("/sign-in", data={"house": HOME, "name": "assistant", "password": PASSWORD})
    held = {"cookie": page.headers["set-cookie"].partition(";")[0]}
    response = client.post("/account/passkeys/challenge", data={"name": "x", "password": PASSWORD}, headers=held)
    sent = {"name": "x", "answer": device.created(response.text)}
    status = client.post("/account/passkeys", data=sent, headers=held).status_code
    assert status == (303 if host else 422)
    assert json.loads(response.text)["rp"]["id"] == asked.partition("//")[2].partition(":")[0]
    if host:
        assert knock(client, device).status_code == 303


def test_under_an_address_of_numbers_there_are_none_and_the_page_says_so(clinics: Clinics) -> None:
    client = TestClient(clinics.app, base_url="https://127.0.0.1:8000", follow_redirects=False)
    assert client.post("/sign-in/passkey/challenge").status_code == 422
    assert "passkey" not in client.get("/sign-in").text
    client.post("/sign-in", data={"house": HOME, "name": "clinician", "password": PASSWORD})
    page = client.get("/account").text
    assert "numeric address" in page
    assert "/account/passkeys" not in page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as page:
        yield page


def add_authenticator(page: Page) -> None:
    """Give the machine of a page an authenticator that has seen finger, face or PIN."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def fill_passkey(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name of the passkey").fill(name)
    page.locator("form[data-challenge]").get_by_label("Password").fill(password)
    page.get_by_role("button", name="Add a passkey").click()


@pytest.mark.check
def test_a_real_browser_makes_a_passkey_and_signs_in_with_it(page: Page, clinics: Clinics) -> None:
    owner = clinics.members[HOME, Role.OWNER]
    AccountRepository(clinics.database, owner, PasswordHasher()).add("browsing", Role.CLINICIAN, PASSWORD)
    add_authenticator(page)
    page.on("dialog", lambda question: question.dismiss())  # one about what is not sent yet would keep the page
    with served(clinics.app) as found:
        address = found.replace("127.0.0.1", "localhost")
        page.goto(address)
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_label("Name").fill("browsing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="browsing").click()
        # The whole page: a page that still settles moves under a picture of one element, which then cuts the code off.
        picture = cv2.imdecode(np.frombuffer(page.screenshot(full_page=True), np.uint8), 0)
        key = cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0]  # the plain detector misses 1 sound code in 150
        assert key == page.locator("[name=address]").input_value()
        page.get_by_role("textbox", name="One-time code").fill(pyotp.parse_uri(key).now())
        page.locator("form[action='/account/codes']").get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Require codes from now on").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        looked_at(page, "recovery")
        page.get_by_role("link", name="They are written down").click()
        expect(page.get_by_text("Not used yet: 10 of 10")).to_be_visible()
        fill_passkey(page, "This computer", "not the password")
        expect(page.get_by_role("alert")).to_contain_text("The password is wrong.")
        fill_passkey(page, "This computer", PASSWORD)
        expect(page.locator(".rows").get_by_text("not used yet")).to_be_visible()
        looked_at(page, "account-passkeys")
        fill_passkey(page, "The same again", PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("on this device already")
        page.get_by_role("button", name="Sign out").click()

        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.post_data or "") if one.url.endswith("in/passkey") else None)
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
        looked_at(page, "sign-in-passkey")
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert page.request.post(f"{address}/sign-in/passkey", data=sent[0], headers=kind).status == 422  # replayed

        page.get_by_role("link", name="browsing").click()
        added_key = page.get_by_text(re.compile("added .* last used"))
        expect(added_key).to_be_visible()
        page.get_by_role("button", name="Remove This computer").click()
        expect(added_key).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("The passkey was not accepted")

        page.get_by_label("Clinic").fill(HOME)
        page.get_by_label("Name").fill("browsing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("textbox", name="One-time code")).to_be_visible()
        looked_at(page, "code")


@pytest.mark.check
def test_a_passkey_is_asked_for_once_however_often_its_button_is_pressed(page: Page, clinics: Clinics) -> None:
    """The form has a second button, which shows its password."""
    owner, asked = clinics.members[HOME, Role.OWNER], list[Request]()
    AccountRepository(clinics.database, owner, PasswordHasher()).add("hasty", Role.CLINICIAN, PASSWORD)
    add_authenticator(page)
    with served(clinics.app) as found:
        page.goto(found.replace("127.0.0.1", "localhost"))
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_label("Name").fill("hasty")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="hasty").click()
        page.route("**/account/passkeys/challenge", lambda _: None)  # which is not answered
        page.on("request", lambda one: asked.append(one) if one.url.endswith("/account/passkeys/challenge") else None)
        with page.expect_request("**/account/passkeys/challenge"):
            fill_passkey(page, "This computer", PASSWORD)
        form = page.locator("form[data-challenge]")
        expect(form.get_by_role("button", name="Show")).to_be_enabled()
        expect(form.get_by_role("button", name="Add a passkey")).to_be_disabled()
    assert len(asked) == 1


@pytest.mark.check
def test_where_no_passkey_can_be_the_page_says_so_and_password_and_code_stay(page: Page, clinics: Clinics) -> None:
    add_authenticator(page)
    with served(clinics.app) as address:
        page.goto(address)
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        expect(page.locator("script[src*=passkey]")).to_have_count(0)
        page.goto(address.replace("127.0.0.1", "localhost"))
        page.get_by_role("button", name="Sign in with a passkey").click()  # this device holds none
        expect(page.get_by_role("alert")).to_contain_text("The browser returned no passkey")

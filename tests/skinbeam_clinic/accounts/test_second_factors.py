"""Where a clinic requires a second factor, nobody sees records without one, and only its own member sets one up."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served
from clinic_samples import HOME, OTHER, PASSWORD, Clinics, two_clinics_on
from playwright.sync_api import Browser, Page, expect
from soft_passkey import SoftPasskey
from sqlalchemy import select, text
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import ROUTES, Role, RouteAccess
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.second_factors import SecondFactorPolicy
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.database.tables import ClinicRow, LoginSessionRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DeniedError
from skinbeam_clinic.models import Member, SignInStep
from skinbeam_clinic.repositories import ClinicRepositories

ORIGIN, HOST = "https://localhost", "localhost"
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.check)]
OPEN_TO_ALL = {RouteAccess.ANYBODY, RouteAccess.LINK, RouteAccess.MACHINE}


@pytest.fixture(params=BOTH)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    """Clinics of which the first requires a second factor; its owner has one-time codes."""
    with two_clinics_on(request.param, tmp_path) as made:
        add_codes(made, made.members[HOME, Role.OWNER])
        policy(made).set_required(required=True, checked=True)
        yield made


def policy(clinics: Clinics, role: Role = Role.OWNER, clinic: str = HOME) -> SecondFactorPolicy:
    return ClinicRepositories(clinics.database, clinics.members[clinic, role]).second_factors


def add_codes(clinics: Clinics, member: Member) -> str:
    """Set up one-time codes, and return their address."""
    accounts = AccountRepository(clinics.database, member, PasswordHasher())
    address = accounts.new_codes_address()
    accounts.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)  # type: ignore[attr-defined]
    return address


def add_passkey(clinics: Clinics, member: Member) -> SoftPasskey:
    keys, device = PasskeyRepository(clinics.database, member, PasswordHasher()), SoftPasskey(ORIGIN, HOST)
    site = PasskeySite(HOST, ORIGIN)
    keys.add(site, "Key", device.created(keys.registration_options(site, "Key", PASSWORD)))
    return device


def by_password(clinics: Clinics, name: str, clinic: str = HOME) -> TestClient:
    client = clinics.browser()
    assert client.post("/sign-in", data={"house": clinic, "name": name, "password": PASSWORD}).status_code == 303
    return client


def by_passkey(clinics: Clinics, device: SoftPasskey) -> TestClient:
    client = clinics.browser()
    asked = client.post("/sign-in/passkey/challenge").text
    assert client.post("/sign-in/passkey", data={"answer": device.signed(asked)}).status_code == 303
    return client


def set_up_codes(client: TestClient, password: str = PASSWORD) -> int:
    page = client.get("/account").text
    found = re.search(r'name="address" value="([^"]+)"', page)
    assert found
    address = found[1].replace("&amp;", "&")
    code = pyotp.parse_uri(address).now()  # type: ignore[attr-defined]
    return client.post("/account/codes", data={"address": address, "code": code, "password": password}).status_code


def test_who_has_codes_is_told_that_another_telephone_replaces_the_first(own: Clinics) -> None:
    client, told = by_password(own, Role.CLINICIAN), "It replaces the telephone that was set up before"
    assert told not in client.get("/account").text
    set_up_codes(client)
    assert told in client.get("/account").text


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ASSISTANT, Role.AUDITOR])
def test_a_member_without_a_factor_reaches_the_page_where_it_is_set_up_and_no_other(own: Clinics, role: Role) -> None:
    """Every route of the table, for each role that has no factor yet."""
    client, waiting = by_password(own, role), 0
    for (method, path), access in ROUTES.items():
        if access in OPEN_TO_ALL or path == "/sign-out":
            continue
        address = re.sub(r"\{\w+\}", "0" * 32, path)
        answer = client.request(method, address, data=LEAST if method == "POST" else None)
        if access is RouteAccess.TOKEN:
            assert answer.status_code == 401, path
        elif access in (RouteAccess.ACCOUNT, RouteAccess.SETUP_DUE, RouteAccess.CODE_DUE):
            assert answer.status_code in (200, 422), path
        else:
            waiting += 1
            turned_away = (303, "/account") if method == "GET" else (401, None)
            assert (answer.status_code, answer.headers.get("location")) == turned_away, path
    assert waiting > 100
    page = client.get("/account").text
    assert "Set up a second factor" in page
    assert 'action="/account/password"' not in page
    assert "<nav" not in page


def test_who_sets_up_codes_is_let_in_and_signs_in_with_them_from_then_on(own: Clinics) -> None:
    client = by_password(own, "clinician")
    assert set_up_codes(client, "a guess at it") == 422
    assert client.get("/").headers["location"] == "/account"
    assert set_up_codes(client) == 200
    assert client.get("/").status_code == 200
    assert by_password(own, "clinician").get("/").headers["location"] == "/sign-in/code"


def test_who_adds_a_passkey_is_let_in_and_no_password_does_instead_of_it(own: Clinics) -> None:
    client, device = by_password(own, "assistant"), SoftPasskey(ORIGIN, HOST)
    asked = client.post("/account/passkeys/challenge", data={"name": "Key", "password": PASSWORD}).text
    assert client.post("/account/passkeys", data={"name": "Key", "answer": device.created(asked)}).status_code == 303
    assert client.get("/").status_code == 200
    # Whoever knows the password alone reaches nothing, and can set up no codes of their own beside the passkey.
    thief = by_password(own, "assistant")
    assert thief.get("/").headers["location"] == thief.get("/account").headers["location"] == "/sign-in"
    assert "sign in with your passkey" in thief.get("/sign-in").text
    address = AccountRepository(own.database, own.members[HOME, Role.ASSISTANT], PasswordHasher()).new_codes_address()
    code = pyotp.parse_uri(address).now()  # type: ignore[attr-defined]
    sent = {"address": address, "code": code, "password": PASSWORD}
    assert thief.post("/account/codes", data=sent).status_code == 401
    assert thief.post("/account/passkeys/challenge", data={"name": "x", "password": PASSWORD}).status_code == 401
    assert by_passkey(own, device).get("/").status_code == 200


def test_at_a_numeric_address_the_page_says_where_the_passkey_works(own: Clinics) -> None:
    """No passkey belongs to such an address, so the button that the page asks for is not there."""
    add_passkey(own, own.members[HOME, Role.CLINICIAN])
    client = TestClient(own.app, base_url="https://127.0.0.1", follow_redirects=False)
    client.headers["origin"] = "https://127.0.0.1"
    client.post("/sign-in", data={"house": HOME, "name": "clinician", "password": PASSWORD})
    assert client.get("/").headers["location"] == "/sign-in"
    page = client.get("/sign-in").text
    assert "sign in with your passkey" in page
    assert 'action="/sign-in/passkey"' not in page
    assert "Open it at its host name" in page
    assert "Open it at its host name" not in by_password(own, "clinician").get("/sign-in").text


def test_sessions_that_are_open_when_it_is_required_are_held_to_it(own: Clinics) -> None:
    sign_in = SignIn(own.database, PasswordHasher())
    policy(own).set_required(required=False, checked=True)
    bare = sign_in.sign_in(HOME, "auditor", PASSWORD)
    device = add_passkey(own, own.members[HOME, Role.CLINICIAN])
    keyed, by_word = by_passkey(own, device), sign_in.sign_in(HOME, "clinician", PASSWORD)
    assert (bare.step_due, by_word.step_due) == (None, None)
    policy(own).set_required(required=True, checked=True)
    steps = [found and found.step_due for found in map(sign_in.find_session, (bare.token, by_word.token))]
    assert steps == [SignInStep.SETUP, SignInStep.PASSKEY]
    assert keyed.get("/").status_code == 200
    policy(own).set_required(required=False, checked=True)
    found = sign_in.find_session(bare.token)
    assert found is not None
    assert found.step_due is None


def test_another_clinic_and_another_program_go_on(own: Clinics) -> None:
    """A token has no second factor: it is random, only reads, ends, and was made by an owner who has one."""
    assert by_password(own, "clinician", OTHER).get("/").status_code == 200
    assert own.reader().get("/fhir/Patient").status_code == 200
    assert by_password(own, "owner").get("/tokens").headers["location"] == "/sign-in/code"


def test_a_provider_of_sign_in_is_no_second_factor(own: Clinics) -> None:
    """What it checked is not known here; an identity is bound by nobody whose sign-in is not complete."""
    member = own.members[HOME, Role.CLINICIAN]
    owner = own.members[HOME, Role.OWNER]
    OidcIdentityRepository(own.database, owner).bind(member.id, OidcSubject("https://login.example", "there"))
    client = by_password(own, "clinician")
    assert client.post("/account/identities", data={"password": PASSWORD}).status_code == 401


def test_only_an_owner_with_a_factor_and_their_password_requires_one_and_it_stands_in_the_audit_log(
    own: Clinics,
) -> None:
    client = by_passkey(own, add_passkey(own, own.members[HOME, Role.OWNER]))
    assert "A second factor is required." in client.get("/people").text
    assert "Members who may sign in: 4; without a second factor: 3" in client.get("/people").text
    assert client.post("/people/second-factor", data={"required": "false", "own": "a guess"}).status_code == 422
    assert policy(own).is_required()
    sent = {"required": "false", "own": PASSWORD}
    assert client.post("/people/second-factor", data=sent).headers["location"] == "/people"
    assert not policy(own).is_required()
    entry = next(
        one for one in own.repositories(Role.OWNER).audit_log.newest(9) if one.action == "clinic.second-factor"
    )
    assert entry.actor == "owner"
    for role in (Role.CLINICIAN, Role.ASSISTANT, Role.AUDITOR):
        assert by_password(own, role).post("/people/second-factor", data=sent).status_code == 403
        with pytest.raises(DeniedError):
            policy(own, role).set_required(required=True, checked=True)
    with pytest.raises(InputError) as refused:
        policy(own, Role.OWNER, OTHER).set_required(required=True, checked=True)
    assert refused.value.code == "no-own-factor"
    assert all(one.findings == () for one in verify_database(own.database))


def test_an_owner_whose_factor_was_not_checked_in_this_session_requires_none(own: Clinics) -> None:
    """A passkey of an earlier host name is a factor on the page, and would let nobody in."""
    owner, sent = own.members[HOME, Role.OWNER], {"required": "true", "own": PASSWORD}
    policy(own).set_required(required=False, checked=True)
    AccountRepository(own.database, owner, PasswordHasher()).reset_password(owner.id, PASSWORD)
    device = add_passkey(own, owner)
    client = by_password(own, "owner")
    answer = client.post("/people/second-factor", data=sent)
    assert (answer.status_code, "did not sign in with your second factor" in answer.text) == (422, True)
    assert not policy(own).is_required()
    add_passkey(own, owner)
    assert by_passkey(own, device).post("/people/second-factor", data=sent).headers["location"] == "/people"
    assert policy(own).is_required()


def test_the_only_owner_needs_more_than_one_passkey_before_it_is_required(own: Clinics) -> None:
    owner, hasher = own.members[HOME, Role.OWNER], PasswordHasher()
    accounts = AccountRepository(own.database, owner, hasher)
    accounts.reset_password(owner.id, PASSWORD)
    add_passkey(own, owner)
    accounts.add("Waiting", Role.OWNER, PASSWORD, temporary=True)  # and may never come
    with pytest.raises(InputError) as refused:
        policy(own).set_required(required=True, checked=True)
    assert refused.value.code == "lone-passkey"
    other = accounts.add("Second", Role.OWNER, PASSWORD)
    policy(own).set_required(required=True, checked=True)
    accounts.set_access(other.id, allowed=False)
    add_codes(own, owner)
    policy(own).set_required(required=True, checked=True)


def test_the_only_factor_is_not_removed_where_one_is_required(own: Clinics) -> None:
    member = own.members[HOME, Role.CLINICIAN]
    client = by_passkey(own, add_passkey(own, member))
    keys = PasskeyRepository(own.database, member, PasswordHasher())
    answer = client.post(f"/account/passkeys/{keys.all()[0].id}/remove")
    assert answer.status_code == 422
    assert "your only second factor" in answer.text
    add_passkey(own, member)
    keys.remove(keys.all()[0].id)
    add_codes(own, member)
    keys.remove(keys.all()[0].id)
    assert keys.all() == ()


@pytest.mark.check
@pytest.mark.parametrize("request_of", ["code", "codes"])
def test_no_request_holds_a_session_while_it_waits_for_the_clinic(request_of: str, tmp_path: Path) -> None:
    """PostgreSQL ends one of two transactions that lock a clinic and a session in different orders."""
    with two_clinics_on("postgresql", tmp_path) as made, ThreadPoolExecutor(1) as pool:
        member, sign_in = made.members[HOME, Role.CLINICIAN], SignIn(made.database, PasswordHasher())
        accounts = AccountRepository(made.database, member, PasswordHasher())
        address = add_codes(made, member) if request_of == "code" else accounts.new_codes_address()
        totp, token = pyotp.parse_uri(address), sign_in.sign_in(HOME, "clinician", PASSWORD).token
        later = totp.at(int(time.time()) + 30)  # type: ignore[attr-defined]  # a code that was not used yet
        with made.database.writing() as session:
            mine = select(ClinicRow).where(ClinicRow.id == member.clinic_id)
            session.scalar(mine.with_for_update())
            if request_of == "code":
                waiting = pool.submit(lambda: str(sign_in.confirm_code(token, later)))
            else:
                waiting = pool.submit(lambda: str(accounts.set_codes(address, later, PASSWORD, token=token)))
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not session.scalar(waits):
                assert not waiting.done(), waiting.result()
                time.sleep(0.01)
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert session.scalar(
                select(LoginSessionRow).where(LoginSessionRow.token_hash == hash_token(token)).with_for_update()
            )
        assert waiting.result(timeout=30)
        if request_of == "codes":  # and the session in which they were set up is not asked for one
            found = sign_in.find_session(token)
            assert found is not None
            assert found.factor_checked


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as page:
        yield page


@pytest.mark.check
def test_a_real_browser_is_led_to_set_up_a_passkey_and_then_to_the_records(page: Page, tmp_path: Path) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    seen = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": about | seen})
    with two_clinics_on("sqlite", tmp_path) as made, served(made.app) as found:
        add_codes(made, made.members[HOME, Role.OWNER])
        policy(made).set_required(required=True, checked=True)
        address = found.replace("127.0.0.1", "localhost")
        page.goto(address)
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_label("Name").fill("clinician")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
        looked_at(page, "second-factor-setup")
        page.goto(f"{address}/alarms")
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
        page.get_by_label("Name of the passkey").fill("This computer")
        page.locator("form[data-challenge]").get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("button", name="Remove This computer")).to_be_visible()
        page.get_by_role("link", name="Patients").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")

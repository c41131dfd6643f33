"""A password that an owner set lets its member choose their own, for a week, and opens nothing else."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from clinic_pages import looked_at, opened_page, served
from clinic_samples import HOME, PASSWORD, PROVIDER, Clinics, two_clinics_on
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import ROUTES, AccessRight, Role, RouteAccess
from skinbeam_clinic.accounts import repository
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import TEMPORARY_LIFE, AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn, begin_session
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import MemberRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.models import SignInStep

NEW, OWN = "a first sentence of words", "words that nobody else knows"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    """Clinics of which the first has a new clinician, added on the page of the members."""
    with two_clinics_on(request.param, tmp_path) as made:
        sent = {"name": "Late", "role": "clinician", "password": NEW, "own": PASSWORD}
        assert made.browser(Role.OWNER).post("/people", data=sent).headers["location"] == "/people"
        yield made


def by_password(clinics: Clinics, name: str, password: str) -> TestClient:
    client = clinics.browser()
    client.post("/sign-in", data={"house": HOME, "name": name, "password": password})
    return client


def test_a_first_password_opens_the_page_of_the_next_one_and_no_other(own: Clinics) -> None:
    client = by_password(own, "Late", NEW)
    for method, path in (route for route, access in ROUTES.items() if isinstance(access, AccessRight)):
        answer = client.request(method, path.replace("{", "").replace("}", ""))
        turned_away = (303, "/account") if method == "GET" else (401, None)
        assert (answer.status_code, answer.headers.get("location")) == turned_away, path
    for path in (path for (method, path), access in ROUTES.items() if access is RouteAccess.SETUP_DUE):
        assert client.post(path, data={"name": "x", "password": NEW}).status_code == 401
    page = client.get("/account").text
    assert "Choose your own password" in page
    assert "<nav" not in page
    same = client.post("/account/password", data={"old": NEW, "new": NEW})
    assert (same.status_code, "the password that you have already" in same.text) == (422, True)
    assert client.post("/account/password", data={"old": NEW, "new": OWN}).headers["location"] == "/sign-in"
    assert by_password(own, "Late", OWN).get("/").status_code == 200
    assert by_password(own, "Late", NEW).get("/").headers["location"] == "/sign-in"
    assert all(one.findings == () for one in verify_database(own.database))


def test_it_is_good_for_a_week(own: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in = SignIn(own.database, PasswordHasher())
    for late, code in ((datetime.timedelta(minutes=-1), None), (datetime.timedelta(minutes=1), "password-expired")):
        monkeypatch.setattr(repository, "now", lambda late=late: now() + TEMPORARY_LIFE + late)
        if code is None:
            assert sign_in.sign_in(HOME, "Late", NEW).step_due is SignInStep.PASSWORD
            continue
        with pytest.raises(InputError) as refused:
            sign_in.sign_in(HOME, "Late", NEW)
        assert refused.value.code == code
        with pytest.raises(InputError) as wrong:  # whoever does not know it is not told that it is over
            sign_in.sign_in(HOME, "Late", "another guess of words")
        assert wrong.value.code == "not-in"
    assert "sign-in.expired" in [one.action for one in own.repositories(Role.OWNER).audit_log.newest(9)]


def test_a_reset_by_an_owner_is_temporary_and_ones_own_is_not(own: Clinics) -> None:
    owner, member = own.browser(Role.OWNER), own.members[HOME, Role.ASSISTANT]
    sent = {"password": NEW, "own": PASSWORD}
    for again in range(2):  # a second reset replaces the first
        assert owner.post(f"/people/{member.id}/password", data=sent).status_code == 303, again
        assert by_password(own, "assistant", NEW).get("/").headers["location"] == "/account"
    self = own.members[HOME, Role.OWNER]
    assert owner.post(f"/people/{self.id}/password", data=sent).status_code == 303
    assert by_password(own, "owner", NEW).get("/").status_code == 200


def test_who_signs_in_without_the_password_is_not_asked_for_another(own: Clinics) -> None:
    """A provider of sign-in let them in; they may never have been told the password."""
    accounts = AccountRepository(own.database, own.members[HOME, Role.OWNER], PasswordHasher())
    late = next(one for one in accounts.all() if one.name == "Late")
    OidcIdentityRepository(own.database, own.members[HOME, Role.OWNER]).bind(
        late.id, OidcSubject(PROVIDER.issuer, "late-there")
    )
    with own.database.writing() as session:
        member = session.get_one(MemberRow, (late.clinic_id, late.id))
        assert begin_session(session, member, code_confirmed=False).step_due is None
        assert begin_session(session, member, code_confirmed=False, by_password=True).step_due is SignInStep.PASSWORD


def late_accounts(clinics: Clinics) -> AccountRepository:
    """Return the accounts in the name of the member whose password is one that the owner set."""
    everybody = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher()).all()
    late = next(one for one in everybody if one.name == "Late")
    return AccountRepository(clinics.database, late, PasswordHasher())


def test_it_confirms_nothing_also_where_the_session_began_without_it(own: Clinics) -> None:
    """A provider of sign-in opens a whole session; the owner knows the password, and could sit at its screen."""
    late = late_accounts(own)
    address = late.new_codes_address()
    code = pyotp.parse_uri(address).now()  # type: ignore[attr-defined]
    for attempt in (
        lambda: late.confirm_password(NEW),
        lambda: late.set_codes(address, code, NEW),
        lambda: late.new_recovery_codes(NEW),
    ):
        with pytest.raises(InputError) as refused:
            attempt()
        assert refused.value.code == "temporary-password"
    late.change_password(NEW, OWN)
    late.confirm_password(OWN)


def test_it_chooses_another_within_its_time_alone(own: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "now", lambda: now() + TEMPORARY_LIFE + datetime.timedelta(minutes=1))
    with pytest.raises(InputError) as refused:
        late_accounts(own).change_password(NEW, OWN)
    assert refused.value.code == "password-expired"


@pytest.mark.check
def test_a_real_browser_is_led_to_choose_a_password(browser: Browser, tmp_path: Path) -> None:
    with two_clinics_on("sqlite", tmp_path) as made, served(made.app) as address, opened_page(browser) as page:
        accounts = AccountRepository(made.database, made.members[HOME, Role.OWNER], PasswordHasher())
        accounts.add("Late", Role.CLINICIAN, NEW, temporary=True)
        for password, heading in ((NEW, "Choose your own password"), (OWN, "Patients")):
            page.goto(address)
            page.get_by_label("Clinic").fill(HOME)
            page.get_by_label("Name").fill("Late")
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page.get_by_role("heading", level=1)).to_have_text(heading)
            if password == NEW:
                looked_at(page, "own-password")
                page.get_by_label("Current password").fill(NEW)
                page.get_by_label("New password").fill(OWN)
                page.get_by_role("button", name="Save").click()
                expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

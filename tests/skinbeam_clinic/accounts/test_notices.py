"""Whoever changes how a member signs in, the member is told of it after the next sign-in, until they have read it."""

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from clinic_samples import HOME, PASSWORD, Clinics, two_clinics_on
from soft_passkey import SoftPasskey
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts import sign_in
from skinbeam_clinic.accounts.notices import NoticeKind, NoticeRepository
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories

NEW = "words that nobody else knows"
SITE = PasskeySite("laser.example", "https://laser.example")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path) as made:
        yield made
        assert [one.findings for one in verify_database(made.database)] == [(), ()]


class Account:
    """The clinician's account, as its member and as an owner reach it."""

    def __init__(self, clinics: Clinics) -> None:
        self.member, owner = clinics.members[HOME, Role.CLINICIAN], clinics.members[HOME, Role.OWNER]
        passwords = PasswordHasher()
        self.mine = AccountRepository(clinics.database, self.member, passwords)
        self.keys = PasskeyRepository(clinics.database, self.member, passwords)
        self.identities = OidcIdentityRepository(clinics.database, self.member)
        self.owners = AccountRepository(clinics.database, owner, passwords)
        self.bind = OidcIdentityRepository(clinics.database, owner).bind

    def set_codes(self) -> None:
        address = self.mine.new_codes_address()
        self.mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)

    def add_passkey(self) -> None:
        answer = SoftPasskey(SITE.origin, SITE.host).created(self.keys.registration_options(SITE, "Phone", PASSWORD))
        self.keys.add(SITE, "Phone", answer)

    def connect(self) -> None:
        self.bind(self.member.id, OidcSubject("https://login.example", "ann-there"))


def nothing(_: Account) -> None:
    """Nothing needs to be there before."""


CHANGES: dict[NoticeKind, tuple[Callable[[Account], object], Callable[[Account], object]]] = {
    NoticeKind.PASSWORD: (nothing, lambda of: of.mine.change_password(PASSWORD, NEW)),
    NoticeKind.CODES: (nothing, Account.set_codes),
    NoticeKind.RECOVERY_CODES: (Account.set_codes, lambda of: of.mine.new_recovery_codes(PASSWORD)),
    NoticeKind.PASSKEY_ADDED: (nothing, Account.add_passkey),
    NoticeKind.PASSKEY_REMOVED: (Account.add_passkey, lambda of: of.keys.remove(of.keys.all()[0].id)),
    NoticeKind.IDENTITY_ADDED: (nothing, Account.connect),
    NoticeKind.IDENTITY_REMOVED: (
        Account.connect,
        lambda of: of.identities.remove_own(of.identities.own()[0].id),
    ),
}


def notices_of(clinics: Clinics, member: Member) -> list[tuple[NoticeKind, str]]:
    notices = NoticeRepository(ClinicAccess(clinics.database, member)).list_unread()
    return [(one.kind, one.noted_by) for one in notices]


@pytest.mark.parametrize("kind", CHANGES)
def test_a_member_is_informed_of_each_change_of_how_they_sign_in_and_nobody_else(
    kind: NoticeKind, own: Clinics
) -> None:
    account, (before, change) = Account(own), CHANGES[kind]
    before(account)
    noted = len(notices_of(own, account.member))
    change(account)
    by = "owner" if kind is NoticeKind.IDENTITY_ADDED else "clinician"
    assert notices_of(own, account.member)[0] == (kind, by)
    assert len(notices_of(own, account.member)) == noted + 1
    assert [notices_of(own, one) for key, one in own.members.items() if one != account.member] == [[]] * 7


def signed_in(clinics: Clinics, password: str = PASSWORD, client: TestClient | None = None) -> TestClient:
    client = client or clinics.browser()
    client.post("/sign-in", data={"house": HOME, "name": "clinician", "password": password})
    return client


def test_a_reset_by_an_owner_is_shown_after_the_next_sign_in_until_it_is_read(own: Clinics) -> None:
    account = Account(own)
    account.owners.reset_password(account.member.id, NEW)
    account.owners.reset_password(account.member.id, f"{NEW}er")  # two unread notices, which one form marks as read
    client = signed_in(own, f"{NEW}er")
    page = html.unescape(client.get("/").text)
    assert page.count("Your password was changed.") == 2
    assert ", owner</span>" in page
    assert "Your password was changed." in client.get("/account").text
    (ids,) = re.findall(r'name="notices" value="([\w ]+)"', page)
    account.connect()  # while the page is read
    other = own.browser(Role.ASSISTANT)
    assert other.post("/account/notices", data={"notices": ids}).status_code == 303
    assert "Your password was changed." in client.get("/").text, "nobody else has read it"
    assert client.post("/account/notices", data={"notices": ids}).headers["location"] == "/"
    page = client.get("/").text
    assert "Your password was changed." not in page
    assert "ann-there" in page
    client.post("/language", data={"language": "de"})
    assert "Eine Anmeldung beim Anbieter wurde verbunden: ann-there." in client.get("/").text


def test_a_sign_in_from_another_browser_is_reported_and_the_first_one_and_a_known_browser_are_not(own: Clinics) -> None:
    known = signed_in(own)
    assert ">Notices<" not in known.get("/").text
    signed_in(own, client=known)
    assert ">Notices<" not in known.get("/").text
    signed_in(own, "a wrong password")
    assert ">Notices<" not in known.get("/").text
    signed_in(own)
    signed_in(own)
    page = known.get("/").text
    assert page.count("a browser from which you had not signed in before") == 1, "once a day, until it is read"
    known.post("/account/notices", data={"notices": re.findall(r'name="notices" value="([\w ]+)"', page)})
    assert ">Notices<" not in known.get("/").text
    signed_in(own)
    assert ">Notices<" in known.get("/").text, "it may be somebody else"


def test_a_code_that_is_sent_again_is_refused_and_reported_to_its_member(own: Clinics) -> None:
    account = Account(own)
    address = account.mine.new_codes_address()
    code = pyotp.parse_uri(address).now()
    recovery = account.mine.set_codes(address, code, PASSWORD)
    thief = signed_in(own)
    assert thief.post("/sign-in/code", data={"code": code}).status_code == 422
    assert thief.post("/sign-in/code", data={"code": "000000"}).status_code == 422
    actions = [one.action for one in own.repositories(Role.OWNER).audit_log.newest(9)]
    assert actions.count("sign-in.code-refused") == 2
    kinds = [kind for kind, _ in notices_of(own, account.member)]
    assert kinds.count(NoticeKind.CODE_USED_AGAIN) == 1
    assert thief.post("/sign-in/code", data={"code": recovery[0]}).headers["location"] == "/"
    assert notices_of(own, account.member)[0][0] is NoticeKind.RECOVERY_CODE_USED


@pytest.mark.parametrize("with_codes", [False, True])
def test_a_password_that_has_leaked_since_opens_the_page_of_the_next_one_alone(
    with_codes: bool, own: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists of the library have grown: whoever knows the password is led to another one, at once."""
    account, recovery = Account(own), ()
    address = account.mine.new_codes_address()
    if with_codes:
        recovery = account.mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    open_before = own.browser(Role.CLINICIAN)
    monkeypatch.setattr(sign_in, "is_easy", lambda password, *_: password == PASSWORD)
    client = signed_in(own)
    if with_codes:
        assert client.get("/").headers["location"] == "/sign-in/code"
        assert client.post("/sign-in/code", data={"code": recovery[0]}).headers["location"] == "/account"
    assert client.get("/").headers["location"] == "/account"
    page = client.get("/account").text
    assert "Your password is on lists of leaked passwords" in page
    assert "An owner set your password" not in page
    assert open_before.get("/").status_code == (303 if with_codes else 200), "a session goes on until it ends"
    assert client.post("/account/password", data={"old": PASSWORD, "new": NEW}).headers["location"] == "/sign-in"
    again = signed_in(own, NEW)
    assert again.get("/").headers.get("location") == ("/sign-in/code" if with_codes else None)


def test_a_password_that_has_leaked_since_removes_no_passkey_where_a_second_factor_is_required(
    own: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows it would set up a second factor of their own at the next sign-in, and read records."""
    account = Account(own)
    account.add_passkey()
    address = account.owners.new_codes_address()
    account.owners.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    ClinicRepositories(own.database, own.members[HOME, Role.OWNER]).second_factors.set_required(
        required=True, checked=True
    )
    monkeypatch.setattr(sign_in, "is_easy", lambda password, *_: password == PASSWORD)
    thief = signed_in(own)
    form = {"old": PASSWORD, "new": NEW, "with_keys": "true"}
    assert thief.post("/account/password", data=form).status_code == 401
    assert len(account.keys.all()) == 1

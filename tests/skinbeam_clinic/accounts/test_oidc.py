"""Sign-in at an OpenID Connect provider: a bound identity opens its member's account, and no other answer opens any."""

import datetime
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyotp
import pytest
from clinic_pages import looked_at, opened_page, served
from clinic_samples import COOKIE, HOME, OTHER, PASSWORD, Clinics
from fastapi import FastAPI
from joserfc.jwk import ECKey, OctKey
from playwright.sync_api import Browser, expect
from soft_provider import CLIENT, SECRET, SoftProvider, soft_provider
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts import challenges
from skinbeam_clinic.accounts.lockout import FREE_FAILURES
from skinbeam_clinic.accounts.oidc_provider import OidcProvider, OidcSettings, OidcSubject, read_oidc_settings
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database.tables import MemberRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ProviderError, RecordNotFoundError
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.client import OIDC_COOKIE

FLOW = f"__Host-{OIDC_COOKIE}"
RETURN = "/sign-in/oidc/return"


@pytest.fixture(scope="module")
def running_provider() -> Iterator[SoftProvider]:
    with soft_provider() as made:
        yield made


@pytest.fixture
def provider(running_provider: SoftProvider) -> Iterator[SoftProvider]:
    """The provider as the standard says, whatever a test asks of it."""
    yield running_provider
    running_provider.claims, running_provider.metadata, running_provider.signing = {}, {}, None
    running_provider.codes.clear()
    running_provider.refused.clear()


@pytest.fixture(scope="module")
def app(clinics: Clinics, running_provider: SoftProvider) -> FastAPI:
    return build_clinic_app(clinics.database, oidc=running_provider.settings)


def member_of(clinics: Clinics, name: str, role: Role = Role.CLINICIAN) -> Member:
    owner = clinics.members[HOME, Role.OWNER]
    return AccountRepository(clinics.database, owner, PasswordHasher()).add(name, role, PASSWORD)


def bound(clinics: Clinics, provider: SoftProvider, name: str, role: Role = Role.CLINICIAN) -> Member:
    """A new member with an identity of their own at the provider, as an owner binds it; its person comes next."""
    made = member_of(clinics, name, role)
    provider.person = f"subject-of-{name}"
    owner = clinics.members[HOME, Role.OWNER]
    OidcIdentityRepository(clinics.database, owner).bind(made.id, OidcSubject(provider.address, provider.person))
    return made


def opened(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://localhost", follow_redirects=False)


def onward(page: str) -> str:
    """Where a page leads to by itself."""
    return html.unescape(re.search(r'content="0; url=([^"]+)"', page)[1])  # type: ignore[index]


def sent_away(client: TestClient, clinic: str = HOME) -> str:
    answer = client.post("/sign-in/oidc", data={"house": clinic})
    assert answer.status_code == 200
    return onward(answer.text)


def come_back(client: TestClient, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}", headers={"sec-fetch-site": "cross-site"})


def signed_in(client: TestClient, provider: SoftProvider, clinic: str = HOME) -> Any:
    return come_back(client, provider.authorize(sent_away(client, clinic)))


def is_inside(client: TestClient) -> bool:
    return client.get("/").status_code == 200


def refused(answer: Any) -> None:
    """Nothing was begun, and the page says nothing of why."""
    assert answer.status_code == 422
    assert "was not completed, or it took too long" in answer.text
    assert f"{COOKIE}=" not in "".join(answer.headers.get_list("set-cookie"))


def test_a_member_connects_an_identity_signs_in_with_it_and_disconnects(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    member = member_of(clinics, "connecting")
    provider.person = "connecting at the provider"
    client = opened(app)
    client.post("/sign-in", data={"house": HOME, "name": "connecting", "password": PASSWORD})
    wrong = client.post("/account/identities", data={"password": "a guess"})
    assert (wrong.status_code, "The password is wrong" in wrong.text) == (422, True)
    away = client.post("/account/identities", data={"password": PASSWORD})
    # The browser comes back without the cookie of its session, which no other site may cause to be sent.
    stranger = opened(app)
    stranger.cookies.set(FLOW, client.cookies[FLOW], domain="localhost.local")
    assert onward(come_back(stranger, provider.authorize(onward(away.text))).text) == "/account"
    assert provider.person in client.get("/account").text

    fresh = opened(app)
    answer = signed_in(fresh, provider)
    assert onward(answer.text) == "/"
    assert is_inside(fresh)
    assert "connecting" in fresh.get("/account").text
    assert FLOW not in fresh.cookies
    wanted = ["sign-in", "identity.added", "sign-in.oidc"]
    entries = clinics.repositories(Role.OWNER).audit_log.newest(50)
    assert [entry.action for entry in entries if entry.actor == member.name and entry.action in wanted][::-1] == wanted
    assert not [finding for one in verify_database(clinics.database) for finding in one.findings]

    page = fresh.get("/account").text
    remove = re.search(r'action="(/account/identities/\w+/remove)"', page)[1]  # type: ignore[index]
    assert fresh.post(remove).status_code == 303
    assert signed_in(opened(app), provider).status_code == 422


def password_reset(clinics: Clinics, client: TestClient, member: Member) -> None:
    owner = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    owner.reset_password(member.id, PASSWORD + " new")


def password_changed(clinics: Clinics, client: TestClient, member: Member) -> None:
    sent = {"old": PASSWORD, "new": PASSWORD + " new"}
    assert client.post("/account/password", data=sent).status_code == 303


def signed_out(clinics: Clinics, client: TestClient, member: Member) -> None:
    assert client.post("/sign-out").status_code == 303


def password_changed_beside_the_session(clinics: Clinics, client: TestClient, member: Member) -> None:
    with clinics.database.writing() as session:
        row = session.get_one(MemberRow, (member.clinic_id, member.id))
        row.password_hash = PasswordHasher().hash(PASSWORD + " new", clinics.database.secret)


@pytest.mark.parametrize(
    "happens",
    [
        password_reset,
        password_changed,
        signed_out,
        password_changed_beside_the_session,
    ],
)
def test_a_binding_does_not_outlive_the_session_or_the_password_with_which_it_was_begun(
    clinics: Clinics, app: FastAPI, provider: SoftProvider, happens: Callable[[Clinics, TestClient, Member], None]
) -> None:
    """Whoever stole a password must not get a lasting sign-in after its owner has taken it away."""
    member = member_of(clinics, happens.__name__)
    provider.person = f"thief-{happens.__name__}"
    client = opened(app)
    client.post("/sign-in", data={"house": HOME, "name": member.name, "password": PASSWORD})
    away = onward(client.post("/account/identities", data={"password": PASSWORD}).text)
    happens(clinics, client, member)
    refused(come_back(client, provider.authorize(away)))
    assert OidcIdentityRepository(clinics.database, member).own() == ()


def test_the_role_is_that_of_the_clinic_whatever_the_token_says(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    bound(clinics, provider, "auditing", Role.AUDITOR)
    provider.claims = {"role": "owner", "roles": ["owner"], "groups": ["owner"]}
    client = opened(app)
    signed_in(client, provider)
    assert is_inside(client)
    assert client.get("/people").status_code == 403


def test_an_address_of_mail_or_a_name_binds_nobody(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    bound(clinics, provider, "mailing")
    provider.claims = {
        "sub": "somebody else",
        "email": "mailing@clinic.example",
        "email_verified": True,
        "name": "mailing",
        "preferred_username": "mailing",
    }
    client = opened(app)
    answer = signed_in(client, provider)
    assert answer.status_code == 422
    assert not is_inside(client)


def test_a_session_that_somebody_planted_does_not_become_ones_own(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    bound(clinics, provider, "unfixed")
    client = opened(app)
    client.cookies.set(COOKIE, "planted", domain="localhost.local")
    signed_in(client, provider)
    assert [cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE] != ["planted"]
    assert is_inside(client)
    planted = opened(app)
    planted.cookies.set(COOKIE, "planted", domain="localhost.local")
    assert not is_inside(planted)


def test_a_new_sign_in_ends_the_session_before(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    bound(clinics, provider, "twice")
    client = opened(app)
    signed_in(client, provider)
    before = client.cookies[COOKIE]
    signed_in(client, provider)
    assert client.cookies[COOKIE] != before
    left = opened(app)
    left.cookies.set(COOKIE, before, domain="localhost.local")
    assert not is_inside(left)


def test_whoever_comes_to_the_provider_signs_in_there_again(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    """At a shared machine the provider's session is that of whoever was there before."""
    client = opened(app)
    bound(clinics, provider, "sharing")
    sign_in = sent_away(client)
    client.post("/sign-in", data={"house": HOME, "name": "sharing", "password": PASSWORD})
    binding = onward(client.post("/account/identities", data={"password": PASSWORD}).text)
    for address in (sign_in, binding):
        assert dict(parse_qsl(urlsplit(address).query))["prompt"] == "login"
    provider.claims = {"auth_time": None}  # which the standard leaves to the provider
    signed_in(client, provider)
    assert is_inside(client)


def test_a_flow_that_somebody_planted_signs_nobody_in_as_them(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    """Whoever is led to the address of another's sign-in would work, unknowing, under that name."""
    bound(clinics, provider, "luring")
    lurer, lured = opened(app), opened(app)
    address = provider.authorize(sent_away(lurer))
    refused(come_back(lured, address))
    sent_away(lured)  # with a sign-in of their own begun, too
    refused(come_back(lured, address))
    assert onward(come_back(lurer, address).text) == "/"  # and it was not used up by that


def test_an_answer_is_good_once(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    bound(clinics, provider, "replayed")
    client = opened(app)
    address = provider.authorize(sent_away(client))
    flow = client.cookies[FLOW]
    assert onward(come_back(client, address).text) == "/"
    again = opened(app)
    again.cookies.set(FLOW, flow, domain="localhost.local")
    refused(come_back(again, address))
    assert provider.refused == []  # the code was not even tried


def test_a_program_that_looks_at_the_address_of_return_uses_nothing_up(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    bound(clinics, provider, "headed")
    client = opened(app)
    address = provider.authorize(sent_away(client))
    looked = client.head(address)
    assert (looked.status_code, looked.headers.get("set-cookie")) == (405, None)
    assert onward(come_back(client, address).text) == "/"


def test_a_code_of_another_sign_in_is_refused(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    bound(clinics, provider, "mixed")
    first, second = opened(app), opened(app)
    stolen = dict(parse_qsl(urlsplit(provider.authorize(sent_away(first))).query))["code"]
    own = urlsplit(provider.authorize(sent_away(second)))
    mixed = dict(parse_qsl(own.query)) | {"code": stolen}
    refused(come_back(second, f"{own.path}?{urlencode(mixed)}"))
    assert provider.refused == [stolen]  # its PKCE verifier is the other one's


AT = 1_700_000_000  # long ago
WRONG_CLAIMS = {
    "nonce of another request": {"nonce": "0" * 64},
    "no nonce": {"nonce": None},
    "audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "one of several audiences, authorised for another": {"aud": [CLIENT, "other"], "azp": "other"},
    "several audiences, authorised for nobody": {"aud": [CLIENT, "other"]},
    "issuer": {"iss": "https://evil.example"},
    "expired": {"exp": AT + 60, "iat": AT},
    "no end": {"exp": None},
    "of the future": {"iat": AT * 2, "exp": AT * 2 + 60},
    "signed in at the provider long ago": {"auth_time": AT},
    "signed in at a time that is none": {"auth_time": "now"},
    "hash of another access token": {"at_hash": "x" * 22},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject that is a number": {"sub": 7},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_token_that_is_not_the_answer_opens_nothing(
    clinics: Clinics, app: FastAPI, provider: SoftProvider, claims: dict[str, Any]
) -> None:
    bound(clinics, provider, f"claims {list(WRONG_CLAIMS.values()).index(claims)}")
    client = opened(app)
    provider.claims = claims
    refused(signed_in(client, provider))
    provider.claims = {}  # what was refused is what was wrong, and nothing else
    signed_in(client, provider)
    assert is_inside(client)


FORGED: dict[str, tuple[ECKey | OctKey | None, str]] = {
    "key of somebody else": (ECKey.generate_key("P-256"), "ES256"),
    "no signature": (None, "none"),
    "client secret as key": (OctKey.import_key(SECRET), "HS256"),
}


@pytest.mark.parametrize("signing", FORGED.values(), ids=FORGED)
def test_a_token_with_another_signature_opens_nothing(
    clinics: Clinics, provider: SoftProvider, signing: tuple[ECKey | OctKey | None, str]
) -> None:
    bound(clinics, provider, f"forged {signing[1]}")
    provider.signing = signing
    provider.metadata = {"id_token_signing_alg_values_supported": ["ES256", "HS256", "none"]}
    refused(signed_in(opened(build_clinic_app(clinics.database, oidc=provider.settings)), provider))


def test_new_keys_of_the_provider_are_fetched(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    bound(clinics, provider, "rotated")
    signed_in(opened(app), provider)
    provider.key = ECKey.generate_key("P-256", auto_kid=True)
    client = opened(app)
    signed_in(client, provider)
    assert is_inside(client)


@pytest.mark.parametrize(
    "changed", [{"iss": "https://evil.example"}, {"iss": ""}, {"state": "0" * 64}, {"error": "access_denied"}]
)
def test_an_answer_of_another_provider_or_of_a_person_who_refused_opens_nothing(
    clinics: Clinics, app: FastAPI, provider: SoftProvider, changed: dict[str, str]
) -> None:
    bound(clinics, provider, "answered " + next(iter(changed.items()))[0] + str(len(next(iter(changed.values())))))
    client = opened(app)
    sent = dict(parse_qsl(urlsplit(provider.authorize(sent_away(client))).query)) | changed
    refused(come_back(client, f"{RETURN}?{urlencode({name: value for name, value in sent.items() if value})}"))
    assert not is_inside(client)


def test_a_forged_cookie_binds_no_identity_to_anybody(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    """The cookie says for what the browser was sent there; the state knows it by the database's secret."""
    victim = member_of(clinics, "victim")
    theirs = opened(app)
    theirs.post("/sign-in", data={"house": HOME, "name": "victim", "password": PASSWORD})
    theirs.post("/account/identities", data={"password": PASSWORD})
    client = opened(app)
    address = provider.authorize(sent_away(client))
    challenge = client.cookies[FLOW].partition(".")[0]
    purpose = theirs.cookies[FLOW].partition(".")[2]
    forger = opened(app)
    forger.cookies.set(FLOW, f"{challenge}.{purpose}", domain="localhost.local")
    refused(come_back(forger, address))
    assert OidcIdentityRepository(clinics.database, victim).own() == ()


def test_a_sign_in_that_took_too_long_is_over(
    clinics: Clinics, app: FastAPI, provider: SoftProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound(clinics, provider, "slow")
    client = opened(app)
    address = provider.authorize(sent_away(client))
    now = challenges.now
    monkeypatch.setattr(challenges, "now", lambda: now() + challenges.CHALLENGE_LIFE + datetime.timedelta(seconds=1))
    refused(come_back(client, address))


def test_an_unknown_subject_is_shown_who_they_are_is_in_the_audit_log_and_waits_after_many(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    provider.person = "nobody-here"
    client = opened(app)
    before = clinics.repositories(Role.OWNER).audit_log.newest(1)[0].seq
    answer = signed_in(client, provider)
    assert answer.status_code == 422
    assert "nobody-here" in answer.text
    assert not is_inside(client)
    (entry,) = (one for one in clinics.repositories(Role.OWNER).audit_log.newest(3) if one.action == "sign-in.refused")
    assert entry.seq > before
    assert entry.subject.startswith("identity/")
    assert "nobody-here" not in entry.subject
    # A clinic that does not exist answers the same.
    elsewhere = signed_in(client, provider, "No such clinic")
    assert (elsewhere.status_code, elsewhere.text) == (422, answer.text)
    for _ in range(FREE_FAILURES - 1):
        assert signed_in(client, provider).status_code == 422
    assert signed_in(client, provider).status_code == 429


def test_a_one_time_code_is_due_as_after_a_password(clinics: Clinics, app: FastAPI, provider: SoftProvider) -> None:
    member = bound(clinics, provider, "coded")
    own = AccountRepository(clinics.database, member, PasswordHasher())
    address = own.new_codes_address()
    own.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    client = opened(app)
    assert onward(signed_in(client, provider).text) == "/sign-in/code"
    assert client.get("/").headers["location"] == "/sign-in/code"


def test_who_never_had_a_password_chooses_one_before_they_set_up_the_required_factor(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    """The setup asks for their password; the one that an owner set, and knows, confirms no factor."""
    first, chosen = "a first sentence of words", "words that nobody else knows"
    owner = clinics.members[HOME, Role.OWNER]
    accounts = AccountRepository(clinics.database, owner, PasswordHasher())
    provider.person = "never-told"
    member = accounts.add("never-told", Role.CLINICIAN, first, temporary=True)
    OidcIdentityRepository(clinics.database, owner).bind(member.id, OidcSubject(provider.address, provider.person))
    assert onward(signed_in(opened(app), provider).text) == "/"  # where none is required, they need no password
    address = accounts.new_codes_address()
    accounts.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    policy = ClinicRepositories(clinics.database, owner).second_factors
    policy.set_required(required=True, checked=True)
    try:
        client = opened(app)
        assert onward(signed_in(client, provider).text) == "/account"
        page = client.get("/account").text
        assert "Choose your own password" in page
        assert "ask an owner of your clinic to set a new one" in page
        sent = {"old": first, "new": chosen}
        assert client.post("/account/password", data=sent).headers["location"] == "/sign-in"
        client = opened(app)
        signed_in(client, provider)
        page = client.get("/account").text
        assert "Set up a second factor" in page
        assert "ask an owner of your clinic to set a new one" in page
        AccountRepository(clinics.database, member, PasswordHasher()).confirm_password(chosen)
    finally:
        policy.set_required(required=False, checked=True)
        accounts.reset_password(owner.id, PASSWORD)


def test_who_is_let_in_no_more_stays_out_and_a_reset_takes_identities_away(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    member = bound(clinics, provider, "leaving")
    owner = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    owner.set_access(member.id, allowed=False)
    assert signed_in(opened(app), provider).status_code == 422
    owner.set_access(member.id, allowed=True)
    client = opened(app)
    signed_in(client, provider)
    assert is_inside(client)
    owner.reset_password(member.id, PASSWORD + " new")
    assert not is_inside(client)
    assert signed_in(opened(app), provider).status_code == 422


def test_an_identity_belongs_to_one_member_of_a_clinic_and_opens_no_other_clinic(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    first = bound(clinics, provider, "only")
    subject, owner = OidcSubject(provider.address, provider.person), clinics.members[HOME, Role.OWNER]
    mine = OidcIdentityRepository(clinics.database, owner)
    with pytest.raises(InputError) as found:
        mine.bind(member_of(clinics, "other").id, subject)
    assert found.value.code == "taken-subject"
    assert signed_in(opened(app), provider, OTHER).status_code == 422
    there = OidcIdentityRepository(clinics.database, clinics.members[OTHER, Role.OWNER])
    with pytest.raises(RecordNotFoundError):
        there.bind(first.id, subject)
    there.bind(clinics.members[OTHER, Role.AUDITOR].id, subject)
    client = opened(app)
    signed_in(client, provider, OTHER)
    assert OTHER in client.get("/account").text
    (identity,) = OidcIdentityRepository(clinics.database, first).own()
    with pytest.raises(RecordNotFoundError):
        OidcIdentityRepository(clinics.database, member_of(clinics, "third")).remove_own(identity.id)


def test_an_owner_connects_and_disconnects_a_member_on_the_page(
    clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    member = member_of(clinics, "connected")
    owner = opened(app)
    owner.post("/sign-in", data={"house": HOME, "name": "owner", "password": PASSWORD})
    assert owner.post(f"/people/{member.id}/identities", data={"subject": "", "own": PASSWORD}).status_code == 422
    assert (
        owner.post(f"/people/{member.id}/identities", data={"subject": "by-owner", "own": PASSWORD}).status_code == 303
    )
    provider.person = "by-owner"
    signed_in(client := opened(app), provider)
    assert is_inside(client)
    remove = re.search(rf'action="(/people/{member.id}/identities/\w+/remove)"', owner.get("/people").text)[1]  # type: ignore[index]
    assert owner.post(remove.replace(member.id, member_of(clinics, "not connected").id)).status_code == 404
    assert owner.post(remove).status_code == 303
    assert signed_in(opened(app), provider).status_code == 422


def test_it_is_off_by_default(clinics: Clinics) -> None:
    assert read_oidc_settings({}) is None
    client = opened(build_clinic_app(clinics.database))
    assert "/sign-in/oidc" not in client.get("/sign-in").text
    assert client.post("/sign-in/oidc", data={"house": HOME}).status_code == 404
    assert client.get(RETURN).status_code == 404


def test_an_identity_can_be_removed_after_the_provider_is_configured_no_more(
    clinics: Clinics, provider: SoftProvider
) -> None:
    members = [bound(clinics, provider, "staying 1"), bound(clinics, provider, "staying 2")]
    own, other = (OidcIdentityRepository(clinics.database, member).own()[0] for member in members)
    app = build_clinic_app(clinics.database)
    client, owner = opened(app), opened(app)
    client.post("/sign-in", data={"house": HOME, "name": "staying 1", "password": PASSWORD})
    owner.post("/sign-in", data={"house": HOME, "name": "owner", "password": PASSWORD})
    remove_own, remove = f"/account/identities/{own.id}/remove", f"/people/{members[1].id}/identities/{other.id}/remove"
    assert f'action="{remove_own}"' in client.get("/account").text
    assert f'action="{remove}"' in owner.get("/people").text
    assert (client.post(remove_own).status_code, owner.post(remove).status_code) == (303, 303)
    assert [OidcIdentityRepository(clinics.database, member).own() for member in members] == [(), ()]


def test_the_settings_are_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n", encoding="utf-8")
    right = {"SKINBEAM_OIDC_ISSUER": "https://login.example/realm", "SKINBEAM_OIDC_CLIENT": "clinic"}
    assert read_oidc_settings(right) == OidcSettings("https://login.example/realm", "clinic", "", "login.example")
    more = right | {"SKINBEAM_OIDC_SECRET_FILE": str(secret), "SKINBEAM_OIDC_NAME": "House"}
    assert read_oidc_settings(more) == OidcSettings("https://login.example/realm", "clinic", "from a file", "House")
    for name, value in (
        ("SKINBEAM_OIDC_ISSUER", "http://login.example"),
        ("SKINBEAM_OIDC_ISSUER", "login.example"),
        ("SKINBEAM_OIDC_ISSUER", "https://login.example/?a=b"),
        ("SKINBEAM_OIDC_CLIENT", ""),
        ("SKINBEAM_OIDC_SECRET_FILE", str(tmp_path / "none")),
    ):
        with pytest.raises(InputError) as found:
            read_oidc_settings(right | {name: value})
        assert (found.value.code, found.value.field) == ("bad-oidc", name)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    provider: SoftProvider, clinics: Clinics, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    answer = opened(build_clinic_app(clinics.database, oidc=provider.settings)).post(
        "/sign-in/oidc", data={"house": HOME}
    )
    assert answer.status_code == 503
    assert "House Login cannot be reached" in answer.text
    assert "Password" in answer.text  # the form for the password is there


def test_a_provider_that_is_gone_is_reported(clinics: Clinics) -> None:
    with soft_provider() as gone:
        settings = replace(gone.settings)
    with pytest.raises(ProviderError):
        OidcProvider(settings).authorization_address(None)  # type: ignore[arg-type]


@pytest.mark.check
def test_a_real_browser_comes_back_from_another_site_and_is_in(
    browser: Browser, clinics: Clinics, app: FastAPI, provider: SoftProvider
) -> None:
    """A browser sends no cookie of the session with what another site caused; the page that leads on is of our own."""
    member_of(clinics, "browsing")
    provider.person = "browsing-there"
    with opened_page(browser) as page, served(app) as found:
        address = found.replace("127.0.0.1", "localhost")  # another site than the provider's
        page.goto(address)
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_role("textbox", name="Name").fill("browsing")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="browsing").click()
        page.locator("form[action='/account/identities']").get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Connect with House Login").click()
        expect(page.locator("strong", has_text="browsing-there")).to_be_visible()
        looked_at(page, "account-identity")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Clinic").fill(HOME)
        looked_at(page, "sign-in-oidc")
        page.get_by_role("button", name="Sign in with House Login").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")

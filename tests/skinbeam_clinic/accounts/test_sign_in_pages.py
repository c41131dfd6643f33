"""The way in and out: who gets in, what a browser holds, and what nobody is told."""

import html
import logging
import re
import time
from typing import Any

import pyotp
import pytest
import segno
from clinic_samples import COOKIE, HOME, OTHER, PASSWORD, Clinics
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from skinbeam_clinic.access import ROUTES, Role
from skinbeam_clinic.accounts import sign_in
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database import columns
from skinbeam_clinic.models import Member
from skinbeam_clinic.web import routing
from skinbeam_clinic.web.application import build_clinic_app

OFTEN = dict(routing._REQUESTS_A_MINUTE)  # before the tests raise it


def knock(client: TestClient, name: str = "clinician", password: str = PASSWORD, house: str = HOME) -> Any:
    return client.post("/sign-in", data={"house": house, "name": name, "password": password})


def somebody(clinics: Clinics, name: str, role: Role = Role.CLINICIAN) -> str:
    """Let one more member in, for what must not be done to those that other tests share."""
    owner = clinics.members[HOME, Role.OWNER]
    return AccountRepository(clinics.database, owner, PasswordHasher()).add(name, role, PASSWORD).id


def everybody(clinics: Clinics) -> tuple[Member, ...]:
    return AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher()).all()


def test_a_member_comes_in_and_goes_out(clinics: Clinics) -> None:
    client = clinics.browser()
    came = knock(client)
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert "Patients" in client.get("/").text
    token = client.cookies[COOKIE]
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    client.cookies.set(COOKIE, token, domain="localhost.local")
    assert client.get("/").headers["location"] == "/sign-in"  # the old token opens nothing


def test_cookies_are_kept_from_scripts_and_from_other_sites(clinics: Clinics) -> None:
    cookies = [one.lower() for one in knock(clinics.browser()).headers.get_list("set-cookie")]
    assert [one.partition("=")[0] for one in cookies] == ["__host-skinbeam", "__host-skinbeam-browser"]
    for cookie in cookies:
        for part in ("httponly", "secure", "samesite=strict", "path=/"):
            assert part in cookie
        assert "domain" not in cookie
    assert "max-age" not in cookies[0]  # the session goes with the browser


@pytest.mark.parametrize(
    ("asked", "behind", "secure"),
    [
        ("http://localhost:8000", {}, False),
        ("http://127.0.0.1:8000", {}, False),
        ("http://[::1]:8000", {}, False),
        ("https://localhost", {}, True),
        ("http://laser.example", {}, True),  # the name of a server that encrypts, and that may not say so
        ("http://192.0.2.7:8000", {}, True),  # so that a password sent in the open leaves nobody signed in
        ("http://localhost", {"x-forwarded-proto": "https"}, True),
    ],
)
def test_a_cookie_is_plain_on_the_machine_itself_alone(
    clinics: Clinics, asked: str, behind: dict[str, str], secure: bool
) -> None:
    app = ProxyHeadersMiddleware(
        build_clinic_app(clinics.database, names=["laser.example"]), trusted_hosts="testclient"
    )
    client = TestClient(app, base_url=asked, follow_redirects=False, headers=behind)
    cookie = knock(client).headers["set-cookie"]
    assert cookie.startswith("__Host-skinbeam=" if secure else "skinbeam=")
    assert ("Secure" in cookie) == secure
    token = cookie.partition("=")[2].partition(";")[0]
    other = "skinbeam" if secure else "__Host-skinbeam"
    assert client.get("/", headers={"cookie": f"{other}={token}"}).headers["location"] == "/sign-in"
    assert client.get("/", headers={"cookie": cookie.partition(";")[0]}).status_code == 200


def test_a_session_that_somebody_planted_does_not_become_ones_own(clinics: Clinics) -> None:
    client = clinics.browser()
    client.cookies.set(COOKIE, "planted", domain="localhost.local")
    knock(client)
    tokens = {cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE} - {"planted"}
    assert len(tokens) == 1
    assert clinics.browser().get("/", headers={"cookie": f"{COOKIE}=planted"}).status_code == 303


def test_signing_in_again_ends_the_session_before(clinics: Clinics) -> None:
    client = clinics.browser()
    knock(client)
    before = client.cookies[COOKIE]
    knock(client)
    assert client.cookies[COOKIE] != before
    assert clinics.browser().get("/", headers={"cookie": f"{COOKIE}={before}"}).headers["location"] == "/sign-in"


def test_a_member_sees_where_they_are_signed_in_and_ends_it_everywhere_else(clinics: Clinics) -> None:
    somebody(clinics, "everywhere")
    here, there, stranger = clinics.browser(), clinics.browser(), clinics.browser(Role.CLINICIAN)
    knock(here, "everywhere")
    assert "/account/sessions/end" not in here.get("/account").text
    knock(there, "everywhere")
    page = here.get("/account").text
    assert len(re.findall(r"<li>(?:<strong>This browser</strong> · )?signed in ", page)) == 2
    assert page.count("<strong>This browser</strong>") == 1
    assert here.post("/account/sessions/end", data={"password": "not it"}).status_code == 422
    assert there.get("/").status_code == 200
    assert here.post("/account/sessions/end", data={"password": PASSWORD}).headers["location"] == "/account"
    assert there.get("/").headers["location"] == "/sign-in"
    assert here.get("/").status_code == stranger.get("/").status_code == 200
    newest = clinics.repositories(Role.OWNER).audit_log.newest(5)
    assert ("everywhere", "member.sessions-ended") in [(one.actor, one.action) for one in newest]


def test_what_was_wrong_is_not_shown(clinics: Clinics) -> None:
    """The same page whether clinic, name or password is wrong; the password does not come back."""
    wrong = (
        {"password": "not the password at all"},
        {"name": "nobody"},
        {"house": "No Clinic"},
        {"house": "Hill Clinics"},
    )
    pages = [knock(clinics.browser(), **one) for one in wrong]
    assert {page.status_code for page in pages} == {422}
    texts = {re.sub(r'value="[^"]*"', "", page.text) for page in pages}
    assert len(texts) == 1
    assert not any("not the password at all" in page.text for page in pages)


def test_names_of_clinics_are_not_shown_where_there_are_several(clinics: Clinics) -> None:
    page = clinics.browser().get("/sign-in").text
    assert HOME not in page
    assert OTHER not in page


def test_after_many_failures_nothing_is_tried_for_a_while(clinics: Clinics) -> None:
    somebody(clinics, "guessed")
    tried = [knock(clinics.browser(), "guessed", f"wrong password {i}").status_code for i in range(7)]
    assert tried[0] == 422
    assert tried[-1] == 429
    assert knock(clinics.browser(), "guessed").status_code == 429  # the right one neither


@pytest.mark.check
def test_a_stranger_locks_nobody_out_of_the_browser_they_use(clinics: Clinics) -> None:
    somebody(clinics, "besieged")
    mine, stranger = clinics.browser(), clinics.browser()
    knock(mine, "besieged")
    mine.post("/sign-out")
    for _ in range(6):
        refused = knock(stranger, "besieged", "a guess")
    assert refused.status_code == 429
    assert knock(mine, "besieged").status_code == 303


def test_one_time_codes_are_set_up_and_then_asked_for(clinics: Clinics) -> None:
    somebody(clinics, "careful")
    client = clinics.browser()
    knock(client, "careful")
    page = client.get("/account").text
    address = re.search(r'name="address" value="([^"]+)"', page)[1].replace("&amp;", "&")  # type: ignore[index]
    codes = pyotp.parse_uri(address)
    assert isinstance(codes, pyotp.TOTP)
    wrong = client.post("/account/codes", data={"address": address, "code": "000000", "password": PASSWORD})
    assert wrong.status_code == 422
    assert address.replace("&", "&amp;") in wrong.text  # the same key, so that the telephone still fits
    used = codes.now()
    sent = {"address": address, "code": used, "password": PASSWORD}
    assert client.post("/account/codes", data=sent).status_code == 200

    later = clinics.browser()
    assert knock(later, "careful").headers["location"] == "/sign-in/code"
    assert later.get("/").headers["location"] == "/sign-in/code"
    assert later.post("/patients", data={"pseudonym": "x"}).status_code == 401
    half = later.cookies[COOKIE]
    assert later.post("/sign-in/code", data={"code": "000000"}).status_code == 422
    assert later.post("/sign-in/code", data={"code": used}).status_code == 422
    following = codes.at(int(time.time()) + codes.interval)
    assert later.post("/sign-in/code", data={"code": following}).headers["location"] == "/"
    assert later.cookies[COOKIE] != half
    assert later.get("/").status_code == 200


def test_the_key_of_codes_is_shown_as_a_picture_that_the_policy_allows(clinics: Clinics) -> None:
    page = clinics.browser(Role.OWNER).get("/account")
    address = re.search(r'name="address" value="([^"]+)"', page.text)[1].replace("&amp;", "&")  # type: ignore[index]
    drawn = segno.make_qr(address, error="m").svg_data_uri(scale=4, dark="#000", light="#fff")
    assert html.escape(drawn) in html.escape(html.unescape(page.text))
    assert "img-src 'self' data:" in page.headers["content-security-policy"]


def test_recovery_codes_are_shown_once_and_let_in_once(clinics: Clinics) -> None:
    somebody(clinics, "prepared")
    client = clinics.browser()
    knock(client, "prepared")
    assert (
        client.post("/account/recovery", data={"password": PASSWORD}).status_code == 422
    )  # without one-time codes they stand in for nothing
    address = re.search(r'name="address" value="([^"]+)"', client.get("/account").text)[1]  # type: ignore[index]
    app = pyotp.parse_uri(address.replace("&amp;", "&"))
    sent = {"address": address.replace("&amp;", "&"), "code": app.now(), "password": PASSWORD}
    codes = re.findall(r"<code>([a-z2-7-]{29})</code>", client.post("/account/codes", data=sent).text)
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) * 5 >= 112 for code in codes), "bits of each, as nothing slows a guess down"
    assert "Not used yet: 10 of 10" in client.get("/account").text
    assert not any(code in client.get("/account").text for code in codes)

    later = clinics.browser()
    knock(later, "prepared")
    assert later.post("/sign-in/code", data={"code": "aaaa-aaaa-aaaa"}).status_code == 422
    typed = codes[3].replace("-", " ").upper()
    assert later.post("/sign-in/code", data={"code": typed}).headers["location"] == "/"
    assert "Not used yet: 9 of 10" in later.get("/account").text
    again = clinics.browser()
    knock(again, "prepared")
    assert again.post("/sign-in/code", data={"code": codes[3]}).status_code == 422
    fresh = re.findall(
        r"<code>([a-z2-7-]{29})</code>", later.post("/account/recovery", data={"password": PASSWORD}).text
    )
    assert again.post("/sign-in/code", data={"code": codes[4]}).status_code == 422
    assert again.post("/sign-in/code", data={"code": fresh[0]}).status_code == 303


def test_an_open_screen_replaces_neither_the_key_of_codes_nor_recovery_codes(clinics: Clinics) -> None:
    id = somebody(clinics, "absentminded")
    mine = AccountRepository(
        clinics.database, next(one for one in everybody(clinics) if one.id == id), PasswordHasher()
    )
    first = mine.new_codes_address()
    client = clinics.browser()
    knock(client, "absentminded")
    for password in ("", "a guess"):  # nor is a first key set: it would lock the member out
        sent = {"address": first, "code": pyotp.parse_uri(first).now(), "password": password}
        response = client.post("/account/codes", data=sent)
        assert response.status_code == 422
        assert "The password is wrong" in response.text
    recovery = mine.set_codes(first, pyotp.parse_uri(first).now(), PASSWORD)
    knock(client, "absentminded")
    assert client.post("/sign-in/code", data={"code": recovery[0]}).status_code == 303
    other = mine.new_codes_address()
    for path in ("/account/codes", "/account/recovery"):
        sent = {"address": other, "code": pyotp.parse_uri(other).now(), "password": "another guess"}
        assert client.post(path, data=sent).status_code == 422
    later = clinics.browser()
    knock(later, "absentminded")
    assert later.post("/sign-in/code", data={"code": recovery[1]}).status_code == 303


def test_an_open_screen_of_an_owner_gives_nobody_access(clinics: Clinics) -> None:
    """Whoever finds it can neither make an account or a token nor take over one; the wrong tries are recorded."""
    guardian = somebody(clinics, "guardian", Role.OWNER)
    insider = somebody(clinics, "insider", Role.ASSISTANT)
    client = clinics.browser()
    knock(client, "guardian")
    before = everybody(clinics)
    tried = {
        "/people": {"name": "Planted", "role": "owner", "password": "a planted sentence"},
        f"/people/{insider}/role": {"role": "owner"},
        f"/people/{insider}/password": {"password": "a planted sentence"},
        f"/people/{insider}/identities": {"subject": "planted"},
        "/tokens": {"name": "planted", "days": "365"},
    }
    for path, form in tried.items():
        response = client.post(path, data=form | {"own": "not it" if path != "/tokens" else ""})
        assert (response.status_code, "wrong" in response.text) == (422, True), path
    assert everybody(clinics) == before
    assert knock(clinics.browser(), "insider").status_code == 303
    assert not any(token.name == "planted" for token in clinics.repositories(Role.OWNER).tokens.all())
    refused = [
        one for one in clinics.repositories(Role.OWNER).audit_log.newest(30) if one.action == "member.password-refused"
    ]
    assert [one.actor for one in refused[: len(tried)]] == ["guardian"] * len(tried)
    owner = clinics.members[HOME, Role.OWNER]  # for other tests the only one again
    AccountRepository(clinics.database, owner, PasswordHasher()).set_access(guardian, allowed=False)


def test_a_wrong_code_and_a_right_that_is_not_ones_own_stand_in_the_audit_log(clinics: Clinics) -> None:
    somebody(clinics, "watched", Role.AUDITOR)
    client = clinics.browser()
    knock(client, "watched")
    assert client.post("/patients", data={"pseudonym": "NEVER"}).status_code == 403
    address = re.search(r'name="address" value="([^"]+)"', client.get("/account").text)[1]  # type: ignore[index]
    app = pyotp.parse_uri(address.replace("&amp;", "&"))
    sent = {"address": address.replace("&amp;", "&"), "code": app.now(), "password": PASSWORD}
    assert client.post("/account/codes", data=sent).status_code == 200
    later = clinics.browser()
    knock(later, "watched")
    assert later.post("/sign-in/code", data={"code": "000000"}).status_code == 422
    newest = clinics.repositories(Role.OWNER).audit_log.newest(10)
    entries = [(one.actor, one.action) for one in newest]
    assert ("watched", "access.refused") in entries
    assert ("watched", "sign-in.code-refused") in entries


def test_a_refused_password_leaves_the_role_that_was_chosen(clinics: Clinics) -> None:
    client = clinics.browser(Role.OWNER)
    add = client.get("/people").text.partition('id="add"')[2]
    assert "selected" not in add  # no role stands there that nobody chose
    response = client.post("/people", data={"name": "Late", "role": "auditor", "password": "short", "own": PASSWORD})
    assert response.status_code == 422
    add = response.text.partition('id="add"')[2]
    assert re.findall(r'value="(\w+)" selected', add) == ["auditor"]
    none = client.post("/people", data={"name": "Late", "role": "", "password": PASSWORD, "own": PASSWORD})
    assert none.status_code == 422
    assert "No role was chosen" in none.text


def test_a_key_that_is_none_sets_up_no_codes(clinics: Clinics) -> None:
    for address in ("", "nonsense", "otpauth://totp/x?secret=!!", "otpauth://hotp/x?secret=AAAA&counter=1"):
        response = clinics.browser(Role.OWNER).post(
            "/account/codes", data={"address": address, "code": "123456", "password": PASSWORD}
        )
        assert response.status_code == 422


def test_a_session_ends_by_itself(clinics: Clinics, monkeypatch: Any) -> None:
    client = clinics.browser()
    knock(client)
    assert client.get("/").status_code == 200
    monkeypatch.setattr(sign_in, "now", lambda: columns.now() + sign_in.IDLE_LIMIT * 1.01)
    assert client.get("/").headers["location"] == "/sign-in"
    assert client.post("/patients", data={"pseudonym": "LATE"}).status_code == 401
    for half_an_hour in range(1, 30):  # one that is used ends, too
        monkeypatch.setattr(sign_in, "now", lambda h=half_an_hour: columns.now() + sign_in.IDLE_LIMIT * 0.9 * h)
        if half_an_hour == 1:
            busy = clinics.browser()
            knock(busy)
        if busy.get("/").status_code != 200:
            break
    assert half_an_hour == pytest.approx(1 + sign_in.LONGEST_SESSION / (sign_in.IDLE_LIMIT * 0.9), abs=1)


def test_a_sign_in_that_waits_for_its_code_ends_by_itself(clinics: Clinics, monkeypatch: Any) -> None:
    id = somebody(clinics, "halfway")
    mine = AccountRepository(
        clinics.database, next(one for one in everybody(clinics) if one.id == id), PasswordHasher()
    )
    address = mine.new_codes_address()
    mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    client = clinics.browser()
    assert knock(client, "halfway").headers["location"] == "/sign-in/code"
    monkeypatch.setattr(sign_in, "now", lambda: columns.now() + sign_in.IDLE_LIMIT * 1.01)
    assert client.get("/sign-in/code").headers["location"] == "/sign-in"
    assert client.post("/sign-in/code", data={"code": "000000"}).status_code == 401


def test_a_session_that_waits_for_its_code_is_not_the_one_after_it(clinics: Clinics) -> None:
    """Who has planted, or seen, the token from before the code holds nothing after it."""
    id = somebody(clinics, "stepwise")
    mine = AccountRepository(
        clinics.database, next(one for one in everybody(clinics) if one.id == id), PasswordHasher()
    )
    address = mine.new_codes_address()
    recovery = mine.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)
    client = clinics.browser()
    knock(client, "stepwise")
    half = client.cookies[COOKIE]
    assert client.post("/sign-in/code", data={"code": recovery[0]}).status_code == 303
    assert client.cookies[COOKIE] != half
    for path in ("/", "/sign-in/code"):
        response = clinics.browser().get(path, headers={"cookie": f"{COOKIE}={half}"})
        assert response.headers["location"] == "/sign-in"


def test_who_is_let_in_no_more_is_out_at_once(clinics: Clinics) -> None:
    id, client, owner = somebody(clinics, "leaving"), clinics.browser(), clinics.browser(Role.OWNER)
    knock(client, "leaving")
    assert owner.post(f"/people/{id}/in", data={"allowed": "false"}).status_code == 303
    assert client.get("/").headers["location"] == "/sign-in"
    assert knock(client, "leaving").status_code == 422
    assert owner.post(f"/people/{id}/in", data={"allowed": "true", "own": PASSWORD}).status_code == 303
    assert knock(client, "leaving").status_code == 303


def test_a_role_that_is_taken_away_is_gone_at_the_next_click(clinics: Clinics) -> None:
    id, client, owner = somebody(clinics, "moved"), clinics.browser(), clinics.browser(Role.OWNER)
    knock(client, "moved")
    owner.post(f"/people/{id}/role", data={"role": "auditor", "own": PASSWORD})
    knock(client, "moved")
    assert client.post("/patients", data={"pseudonym": "M-1"}).status_code == 403


def test_the_last_owner_stays(clinics: Clinics) -> None:
    me = clinics.members[HOME, Role.OWNER].id
    response = clinics.browser(Role.OWNER).post(f"/people/{me}/role", data={"role": "auditor", "own": PASSWORD})
    assert response.status_code == 422
    assert "The clinic would have no owner left" in response.text


FOREIGN = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "nonsense"},
    {"sec-fetch-site": "cross-site", "origin": "https://localhost"},
    {"origin": "https://evil.example"},
    {"origin": "https://localhost.evil.example"},
    {"origin": "https://evil.example@localhost"},
    {"origin": "https://localhost:8443"},
    {"origin": "null"},  # of a page without an origin, such as a file or a frame in a sandbox
    {"origin": ""},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_site_changes_nothing(clinics: Clinics, headers: dict[str, str]) -> None:
    client = clinics.browser(Role.OWNER)
    assert client.post("/patients", data={"pseudonym": "CSRF"}, headers=headers).status_code == 403
    assert "CSRF" not in client.get("/").text


def test_another_site_may_send_to_no_route_and_sign_nobody_in(clinics: Clinics) -> None:
    """Not to the sign-in either: else somebody could work, unknowing, under the name of who lured them there."""
    client, right = clinics.browser(Role.OWNER), {"house": HOME, "name": "clinician", "password": PASSWORD}
    for method, path in ROUTES:
        if method == "POST":
            refused = client.post(path, data=right, headers={"sec-fetch-site": "cross-site"})
            assert (refused.status_code, refused.headers.get("set-cookie")) == (403, None), path


def test_what_only_reads_changes_nothing_about_who_is_in(clinics: Clinics) -> None:
    """A link of another site may lead to any page; none of them signs in, out, or hands out a cookie."""
    for method, path in ROUTES:
        if method == "GET":
            response = clinics.browser(Role.OWNER).get(path, headers={"sec-fetch-site": "cross-site"})
            assert "set-cookie" not in response.headers, path
    assert clinics.browser(Role.OWNER).get("/").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example:443",
        "evil.example#localhost",
        "[::1",
        "",
        " ",
    ],
)
def test_it_answers_to_its_own_name_alone(clinics: Clinics, host: str) -> None:
    named = {"host": host, "x-forwarded-host": "localhost"}
    response = clinics.browser(Role.OWNER).get("/", headers=named)
    assert response.status_code == 421
    assert "Patients:" not in response.text
    assert "evil.example" not in response.text
    assert clinics.browser().post("/sign-in/passkey/challenge", headers=named).status_code == 421


@pytest.mark.parametrize("named", ["x-forwarded-host", "x-host", "forwarded", "x-original-url"])
def test_no_answer_leads_to_an_address_that_was_sent(clinics: Clinics, named: str) -> None:
    for page in ("/", "/people", "/people/"):
        response = clinics.browser().get(page, headers={named: "host=evil.example"})
        assert response.headers["location"] in ("/sign-in", "https://localhost/people")


def test_every_answer_carries_the_strict_headers(clinics: Clinics) -> None:
    for answer in (
        clinics.browser().get("/sign-in"),
        clinics.browser(Role.OWNER).get("/"),
        clinics.browser().get("/no"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_secret_or_personal_is_logged(clinics: Clinics, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = clinics.browser()
    knock(client, "clinician", "a wrong secret phrase")
    knock(client)
    made = client.post("/patients", data={"pseudonym": "LOGGED-1"}).headers["location"]
    client.post(f"{made}/contact", data={"name": "Synthetic Logged", "phone": "030 555"})
    client.get(f"{made}/contact")
    ours = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("httpx"))
    for secret in (
        PASSWORD,
        "a wrong secret phrase",
        "LOGGED-1",
        "Synthetic Logged",
        "030 555",
        client.cookies[COOKIE],
    ):
        assert secret not in ours


def test_who_asks_too_often_waits(clinics: Clinics, monkeypatch: Any) -> None:
    for inside, often in OFTEN.items():
        monkeypatch.setitem(routing._REQUESTS_A_MINUTE, inside, often)
    asked = [clinics.browser().get("/sign-in").status_code for _ in range(70)]
    assert asked[0] == 200
    assert asked[-1] == 429
    assert clinics.browser(Role.OWNER).get("/").status_code == 200  # those inside are not counted with them

"""The diary as a patient holds it, and alarms as the clinic sees them, by the app's own addresses."""

import datetime
import io
import re
import smtplib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_samples import EXAMPLE
from clinic_samples import OTHER, Clinics, two_clinics, two_clinics_on
from diary_samples import CALM, WARNING, Treated, treated
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from page_statements import statements_of
from PIL import Image
from report_samples import sample
from starlette.testclient import TestClient

from skinbeam.course.recovery import (
    PAIN_RANGE,
    REDNESS_GRADES,
    SIGN_NAMES,
    count_diary_days,
    expectation_on_day,
    warning_signs,
)
from skinbeam.model.errors import InputError
from skinbeam.model.package_data import load_package_table
from skinbeam.plan_records.document import read_plan
from skinbeam.suitability.table import load_rules
from skinbeam.text import catalogue, use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries import patient_routes
from skinbeam_clinic.diaries import routes as diary_routes
from skinbeam_clinic.diaries.alarm_notifier import AlarmNotifier, ContactSettings, read_contact_settings
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.diaries.models import AlarmCount
from skinbeam_clinic.diaries.views import make_alarm_banner
from skinbeam_clinic.jobs import queue
from skinbeam_clinic.jobs.queue import JobQueue
from skinbeam_clinic.mail_server import MailServer
from skinbeam_clinic.models import MemberSession
from skinbeam_clinic.plans import document as plan_documents
from skinbeam_clinic.plans.minute_cache import MinuteCache
from skinbeam_clinic.web.application import build_clinic_app

FACE = (EXAMPLE / "face.jpg").read_bytes()
CALMLY = {"pain": "2", "redness": "slight", "question": ""}
FEVER = {"pain": "2", "redness": "slight", "sign.fever": "yes"}


@pytest.fixture
def phone(clinics: Clinics) -> TestClient:
    """A telephone that nobody is signed in with."""
    return clinics.browser()


def link(clinics: Clinics, of: Treated, *, language: str = "en", days: float = 20) -> str:
    until = now() + datetime.timedelta(days)
    return f"/diary/{clinics.repositories().diaries.create_link(of.treatment, language=language, until=until).token}"


@pytest.fixture
def of(clinics: Clinics) -> Treated:
    return treated(clinics.repositories(), days_ago=3.0, phone="+43 1 234")


@pytest.fixture
def place(clinics: Clinics, of: Treated) -> str:
    return link(clinics, of)


def day_of(clinics: Clinics, of: Treated) -> int:
    """Which day it is by the clocks of this machine; a session that began before midnight is a day older."""
    began = clinics.repositories().diaries.get_subject(of.treatment).started_at
    assert began is not None
    with use_time_zone(None):
        return patient_routes.days_since(began)


def key_of(page: str) -> str:
    found = re.search(r'name="entry" value="([0-9a-f]{32})"', page)
    assert found
    return found[1]


def send(phone: TestClient, place: str, data: dict[str, str], **files: bytes) -> str:
    """Fill in the page as a browser does, and return the page that follows."""
    sent = data | {"entry": key_of(phone.get(place).text)}
    answer = phone.post(place, data=sent, files={name: ("x.jpg", content) for name, content in files.items()} or None)
    assert answer.status_code == 303, answer.text
    return phone.get(answer.headers["location"]).text


def entries(clinics: Clinics, of: Treated) -> list[object]:
    return [one.note for one in clinics.repositories().diaries.of(of.treatment)]


def alarms(clinics: Clinics, of: Treated) -> list[str]:
    return [one.id for one in clinics.repositories().alarms.of_consultation(of.consultation)]


def test_the_page_says_which_day_it_is_what_is_normal_and_whom_to_call(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    answer = phone.get(place)
    assert answer.status_code == 200
    day = f"Day {day_of(clinics, of)} after"
    for words in (day, "redness fades", "Harbour Clinic", "tel:+431234", "Call the clinic: +43 1 234", "112"):
        assert words in answer.text
    assert "<script" not in answer.text
    assert "@font-face" not in answer.text
    assert len(answer.content) < 9_000
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    title = re.search(r"<title>(.*?)</title>", answer.text)
    assert title is not None
    assert place.rpartition("/")[2] not in title[1]


def test_the_page_is_in_the_language_of_the_patient_and_not_of_the_browser(
    phone: TestClient, clinics: Clinics, of: Treated
) -> None:
    page = phone.get(link(clinics, of, language="de"), headers={"accept-language": "en"}).text
    assert 'lang="de"' in page
    assert f"Tag {day_of(clinics, of)} nach Ihrer Behandlung" in page
    assert "Fieber ab 38" in page
    assert "Use no make-up" not in page


def test_what_is_written_reaches_the_clinic_and_is_not_shown_again(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    page = send(phone, place, CALMLY | {"question": "May I swim?\r\nAnd shave?"})
    assert "The clinic has received what you wrote" in page
    assert "Call the clinic now" not in page
    later = phone.get(place).text
    assert "shave" not in page + later
    assert "checked" not in later
    send(phone, place, CALMLY)
    assert [one.question for one in entries(clinics, of)] == ["May I swim?\r\nAnd shave?", ""]  # type: ignore[attr-defined]
    assert alarms(clinics, of) == []
    shown = clinics.browser(Role.AUDITOR).get(f"/treatments/{of.treatment}/diary").text
    assert "May I swim?" in shown
    assert "<circle" in shown


def test_a_page_that_is_sent_twice_is_one_entry(phone: TestClient, clinics: Clinics, of: Treated, place: str) -> None:
    sent = FEVER | {"entry": key_of(phone.get(place).text)}
    for _ in range(3):
        assert phone.post(place, data=sent).status_code == 303
    assert len(entries(clinics, of)) == len(alarms(clinics, of)) == 1


def test_who_goes_back_and_adds_a_warning_sign_is_heard(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    key = {"entry": key_of(phone.get(place).text)}
    for sent in (CALMLY, CALMLY, FEVER, FEVER):
        assert phone.post(place, data=sent | key).status_code == 303
    assert [one.note.signs for one in clinics.repositories().diaries.of(of.treatment)] == [(), ("fever",)]
    assert len(alarms(clinics, of)) == 1


def test_a_warning_sign_tells_the_patient_what_to_do_and_the_clinic_at_once(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    page = send(phone, place, FEVER)
    for words in (
        "Call the clinic now",
        "tel:+431234",
        "emergency service today",
        "112",
        "The clinic has received what you wrote",
    ):
        assert words in page
    assert "Call the clinic now" in phone.get(place).text  # until somebody has answered
    assert "fever" not in phone.get(place).text.split("<form")[0].casefold()
    (alarm,) = alarms(clinics, of)
    for role in Role:
        page_text = clinics.browser(role).get("/account").text
        assert "Diaries that must be read now" in page_text
    assert "must be read now" not in clinics.browser(Role.OWNER, OTHER).get("/").text
    listed = clinics.browser(Role.ASSISTANT).get("/alarms").text
    assert "fever" in listed
    assert f"/alarms/{alarm}/answer" in listed
    assert f"/alarms/{alarm}/decision" not in listed
    assert clinics.browser(Role.AUDITOR).post(f"/alarms/{alarm}/answer", data={"done": "x"}).status_code == 403
    assistant = clinics.browser(Role.ASSISTANT)
    assert assistant.post(f"/alarms/{alarm}/answer", data={"done": " "}).status_code == 422
    assert assistant.post(f"/alarms/{alarm}/answer", data={"done": "Called; comes."}).status_code == 303
    assert "The clinic has seen" in phone.get(place).text
    assert assistant.post(f"/alarms/{alarm}/decision", data={"kind": "none", "reason": "x"}).status_code == 403
    clinician = clinics.browser(Role.CLINICIAN)
    decision = {"kind": "infection", "grade": "severe", "site": "cheeks", "reason": "Pus at the cheek."}
    assert clinician.post(f"/alarms/{alarm}/decision", data=decision | {"reason": ""}).status_code == 422
    assert clinician.post(f"/alarms/{alarm}/decision", data=decision | {"kind": "x"}).status_code == 422
    asked = re.findall(r"<select.*?</select>", clinician.get("/alarms").text)
    assert len(asked) == 3
    assert all(re.search(r"<option[^>]*>", one)[0] == '<option value="">' for one in asked)  # type: ignore[index]
    for grade in ("", "x"):  # nobody else decides how bad it was, and what was typed is not lost
        refused = clinician.post(f"/alarms/{alarm}/decision", data=decision | {"grade": grade})
        assert refused.status_code == 422
        assert "how bad the adverse event was is not chosen" in refused.text.lower()
        assert 'value="Pus at the cheek."' in refused.text
        assert '<option value="infection" selected>' in refused.text
        assert '<option value="cheeks" selected>' in refused.text
    assert clinician.post(f"/alarms/{alarm}/decision", data=decision | {"kind": ""}).status_code == 422
    assert clinics.repositories().alarms.is_course_stopped(of.consultation)
    assert clinician.post(f"/alarms/{alarm}/decision", data=decision).status_code == 303
    assert clinician.post(f"/alarms/{alarm}/decision", data=decision).status_code == 422
    (event,) = clinics.repositories().adverse_events.of(of.consultation)
    assert (event.kind, event.grade, event.source, event.site) == ("infection", "severe", "diary", "cheeks")
    assert not clinics.repositories().alarms.is_course_stopped(of.consultation)
    page_text = clinician.get(f"/treatments/{of.treatment}/diary").text
    assert "Adverse event, decided" in page_text
    assert "Called; comes." in page_text


def test_what_cannot_wait_until_the_evening_is_listed_first_and_says_so(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    """data/diary.toml said "not the same day but now" of an eye, and no page of the clinic did."""
    calm = {"pain": "2", "redness": "slight"}
    urgent = {name for name, one in load_package_table("data/diary.toml")["sign"].items() if one.get("at_once")}
    told, words = set(), catalogue()["alarm.emergency"]
    for name in sorted(SIGN_NAMES, key=lambda name: name in urgent):
        page = send(phone, place, calm | {f"sign.{name}": "yes"})
        told.add(page[page.index('<div class="now"') : page.index("</div>", page.index('<div class="now"'))])
    assert len(told) == 1, "who sees the page of a patient does not learn what was ticked"
    sections = clinics.browser(Role.ASSISTANT).get("/alarms").text.split("<section")[1 : len(SIGN_NAMES) + 1]
    first, others = sections[: len(urgent)], sections[len(urgent) :]
    assert urgent
    assert all('class="alarm-loudest"' in one and words in one for one in first)
    assert not any("alarm-loudest" in one or words in one for one in others)
    for alarm in alarms(clinics, of):
        clinics.browser(Role.ASSISTANT).post(f"/alarms/{alarm}/answer", data={"done": "Called; went to hospital."})
    assert words not in clinics.browser(Role.ASSISTANT).get("/alarms").text


@given(st.sampled_from(SIGN_NAMES), st.integers(0, 6), st.sampled_from(("none", "slight", "strong")))
def test_any_one_sign_warns(sign: str, pain: int, redness: str) -> None:
    assert [one.name for one in warning_signs(pain, redness, [sign])] == [sign]


@given(st.sets(st.sampled_from(SIGN_NAMES)), st.integers(*PAIN_RANGE), st.sampled_from(REDNESS_GRADES))
def test_it_warns_exactly_where_a_sign_is_there(signs: set[str], pain: int, redness: str) -> None:
    assert bool(warning_signs(pain, redness, signs)) == bool(signs or pain >= 7 or redness == "spreading")


def test_every_sign_raises_one_alarm_and_none_raises_none(phone: TestClient, clinics: Clinics) -> None:
    of = treated(clinics.repositories())
    place = link(clinics, of)
    calm = {"pain": "6", "redness": "strong"}
    for number, more in enumerate(({f"sign.{name}": "yes"} for name in SIGN_NAMES), 1):
        send(phone, place, calm | more)
        assert len(alarms(clinics, of)) == number
    send(phone, place, calm)
    send(phone, place, calm | {"sign.unheard-of": "yes"})
    assert len(alarms(clinics, of)) == len(SIGN_NAMES)
    for more in (
        {"pain": "7"},
        {"redness": "spreading"},
        {f"sign.{name}": "yes" for name in SIGN_NAMES} | {"pain": "10"},
    ):
        send(phone, place, calm | more)
    assert len(alarms(clinics, of)) == len(SIGN_NAMES) + 3


def test_signs_and_days_are_those_of_rules_that_a_plan_may_hold() -> None:
    rules = load_package_table("data/rules.toml")
    table = load_package_table("data/diary.toml")
    for one in (*table["sign"].values(), table["redness"]["spreading"]):
        assert set(one["rules"]) <= rules.keys()


def test_what_the_leaflet_says_to_call_for_can_be_ticked() -> None:
    """Skin that turns white after light for vessels, and pale dots, were no question of the diary."""
    asked = {rule for one in load_package_table("data/diary.toml")["sign"].values() for rule in one["rules"]}
    calls = [rule for rule in load_rules("aftercare") if rule.is_warning_sign]
    assert {rule.id for rule in calls} <= asked
    questions = " ".join(catalogue()[f"diary-sign.{name}"].lower() for name in SIGN_NAMES)
    told = " ".join(rule.message.text.lower() for rule in calls)
    for sign in ("white", "grey", "black", "pale dots", "crusts", "blisters", "opens again", "fever", "pus", "hour"):
        assert sign in told
        assert sign in questions


def test_what_is_missing_keeps_nothing_and_still_warns(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    for missing in (
        {"redness": "slight"},
        {"pain": "2"},
        {"pain": "11", "redness": "none"},
        {"pain": "2", "redness": "x"},
    ):
        answer = phone.post(place, data=missing | {"sign.eye": "yes", "entry": "0" * 32})
        assert answer.status_code == 422
        assert "Call the clinic now" in answer.text
        assert "Nothing was saved yet" in answer.text
        assert re.search(r'name="sign.eye" value="yes" checked', answer.text)
    assert entries(clinics, of) == []


def test_a_photograph_loses_all_that_a_camera_writes_and_one_that_is_none_stops_no_alarm(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    image, file, exif = Image.open(io.BytesIO(FACE)), io.BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of somebody"
    image.save(file, "JPEG", exif=exif, comment=b"at home")
    send(phone, place, CALMLY, photo=file.getvalue())
    page = send(phone, place, FEVER, photo=b"<svg onload=alert(1)>")
    assert "could not be read" in page
    first, second = clinics.repositories().diaries.of(of.treatment)
    assert first.photograph_id is not None
    assert second.photograph_id is None
    assert len(alarms(clinics, of)) == 1
    photograph, content = clinics.repositories().photographs.read_content(first.photograph_id)
    assert (photograph.media_type, photograph.permissions.teaching) == ("image/jpeg", False)
    assert b"somebody" not in content
    assert b"at home" not in content
    assert Image.open(io.BytesIO(content)).getexif() == {}


def wrong_places(clinics: Clinics, of: Treated) -> dict[str, str]:
    replaced, over = link(clinics, of), link(clinics, of, days=-1)
    ended = link(clinics, of)
    clinics.repositories().diaries.end_link(of.treatment)
    erased = treated(clinics.repositories())
    gone = link(clinics, erased)
    clinics.repositories(Role.OWNER).erasure.erase(erased.patient, retention_years=10)
    return {
        "replaced": replaced,
        "over": over,
        "ended": ended,
        "erased": gone,
        "guessed": "/diary/" + "a" * 43,
        "short": "/diary/x",
        "long": "/diary/" + "x" * 5000,
        "strange": "/diary/%00%ff",
    }


def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(
    phone: TestClient, clinics: Clinics, of: Treated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_routes, "_WRONG_LINKS", RateLimitItemPerMinute(10**6))
    answers = {name: phone.get(place) for name, place in wrong_places(clinics, of).items()}
    answers |= {f"{name} sent": phone.post(place, data=CALMLY) for name, place in wrong_places(clinics, of).items()}
    assert {answer.status_code for answer in answers.values()} == {404}
    assert len({answer.content for answer in answers.values()}) == 1
    headers = [
        {name: value for name, value in answer.headers.items() if "request" not in name} for answer in answers.values()
    ]
    assert all(one == headers[0] for one in headers)
    page = answers["guessed"].text
    for words in ("call the clinic", "rufen Sie die Praxis an", "112"):
        assert words in page.replace("Rufen", "rufen")
    assert "Harbour" not in page


def test_a_link_opens_nothing_else_and_no_sign_in_opens_it(clinics: Clinics, of: Treated, place: str) -> None:
    token = place.rpartition("/")[2]
    for method, path in (("GET", "/"), ("GET", "/alarms"), ("GET", f"/treatments/{of.treatment}/diary")):
        client = clinics.browser()
        client.cookies.set("__Host-skinbeam", token, domain="localhost.local")
        assert client.request(method, path).headers.get("location") == "/sign-in"
        assert client.request(method, path, headers={"authorization": f"Bearer {token}"}).status_code in (303, 401)
    before = clinics.browser().get(place).text
    for clinic in ("Harbour Clinic", OTHER):
        assert len(clinics.browser(Role.OWNER, clinic).get(place).text) == len(before)
    assert clinics.browser(Role.OWNER).get("/diary/" + "a" * 43).status_code == 404


def test_who_guesses_is_held_up_and_who_holds_a_good_link_is_not(
    clinics: Clinics, of: Treated, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_routes, "_WRONG_LINKS", RateLimitItemPerMinute(5))
    phone = TestClient(build_clinic_app(clinics.database), base_url="https://localhost", follow_redirects=False)
    answers = [phone.get(f"/diary/{number:043}") for number in range(8)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 3
    assert len({answer.content for answer in answers}) == 1
    assert phone.get(place).status_code == 200
    assert "The clinic has received what you wrote" in send(phone, place, CALMLY)


def test_an_old_browser_that_hides_its_origin_may_send_the_form_and_another_site_may_not(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    sent = CALMLY | {"entry": key_of(phone.get(place).text)}
    assert phone.post(place, data=sent, headers={"origin": "null"}).status_code == 303
    for headers in (
        {"origin": "https://elsewhere.example"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ):
        assert phone.post(place, data=sent, headers=headers).status_code == 403
    assert phone.post("/sign-in", data={}, headers={"origin": "null"}).status_code == 403


def test_the_clinic_makes_a_link_once_and_its_token_is_in_no_other_place(
    clinics: Clinics, of: Treated, phone: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assistant, here = clinics.browser(Role.ASSISTANT), f"/treatments/{of.treatment}/diary"
    assert clinics.browser(Role.AUDITOR).post(f"{here}/link").status_code == 403
    page = assistant.post(f"{here}/link", data={"language": "de"}).text
    found = re.search(r"https://localhost(/diary/([\w-]{43}))", page)
    assert found
    assert "data:image/svg+xml" in page
    with caplog.at_level("DEBUG"):
        send(phone, found[1], FEVER)
        phone.get("/diary/" + found[2][:-1])
    ours = [one for one in caplog.records if not one.name.startswith("httpx")]  # which is the telephone
    assert ours
    assert found[2] not in repr([vars(one) for one in ours])
    owner = clinics.browser(Role.OWNER)
    assert not any(found[2] in owner.get(path).text for path in (here, "/trail", "/alarms", "/"))
    assistant.post(f"{here}/ending")
    assert phone.get(found[1]).status_code == 404


def test_a_link_is_offered_in_the_language_of_the_page_and_then_in_that_of_the_last_one(
    clinics: Clinics, of: Treated
) -> None:
    """A German clinic was offered English first, and patients got a diary that they could not read."""
    client, here = clinics.browser(Role.ASSISTANT), f"/treatments/{of.treatment}/diary"
    chosen = re.compile(r'<option value="(\w+)" selected>')
    assert chosen.findall(client.get(here, headers={"accept-language": "de"}).text) == ["de"]
    client.post(f"{here}/link", data={"language": "de"})
    assert chosen.findall(client.get(here, headers={"accept-language": "en"}).text) == ["de"]


def test_a_link_is_good_until_the_healing_of_the_plan_is_over_and_two_weeks_more(clinics: Clinics, of: Treated) -> None:
    clinics.browser(Role.OWNER).post(f"/treatments/{of.treatment}/diary/link", data={"language": "en"})
    made = clinics.repositories().diaries.list_links(of.treatment)[-1]
    began = clinics.repositories().diaries.get_subject(of.treatment).started_at
    assert began is not None
    days = (made.expires_at - began) / datetime.timedelta(days=1)
    assert 14 <= days <= 120
    option = sample().concerns[0].options[0]
    assert days == count_diary_days(option)
    assert expectation_on_day(option, 0).current == option.healing[0]
    assert expectation_on_day(option, 2).current == option.healing[1]
    assert expectation_on_day(option, 99).is_over


def test_a_clock_that_was_set_back_counts_no_day_before_the_treatment(
    phone: TestClient, clinics: Clinics, of: Treated, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_routes, "now", lambda: now() - datetime.timedelta(days=9))
    assert "The day of your treatment" in phone.get(place).text
    send(phone, place, FEVER)
    assert [one.day for one in clinics.repositories().diaries.of(of.treatment)] == [0]
    assert "Diaries that must be read now" in clinics.browser(Role.AUDITOR).get("/").text


def test_what_nobody_has_read_is_listed_until_somebody_says_so(
    phone: TestClient, clinics: Clinics, of: Treated, place: str
) -> None:
    send(phone, place, CALMLY | {"question": "May I swim?"})
    pseudonym = clinics.repositories().patients.get(of.patient).pseudonym
    client, here = clinics.browser(Role.CLINICIAN), f"/treatments/{of.treatment}/diary"
    assert pseudonym in client.get("/alarms").text
    assert "not read yet" in client.get(here).text
    client.post(f"{here}/reading")
    assert pseudonym not in client.get("/alarms").text
    assert "not read yet" not in client.get(here).text


def test_a_page_that_asks_by_itself_keeps_no_session_alive(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    uses, who = [], SignIn.find_session

    def watched(self: SignIn, token: str, *, active: bool = True) -> MemberSession | None:
        uses.append(active)
        return who(self, token, active=active)

    monkeypatch.setattr(SignIn, "find_session", watched)
    client = clinics.browser(Role.OWNER)
    assert [client.get(path).status_code for path in ("/alarms/banner", "/alarms")] == [200, 200]
    assert uses == [False, True]


class Post(socketserver.StreamRequestHandler):
    """Takes mail as a server does."""

    taken: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        body: list[str] = []
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (line := self.rfile.readline()) != b".\r\n":
                    body.append(line.decode())
                self.taken.append("".join(body))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@contextmanager
def post_office() -> Iterator[tuple[MailServer, list[str]]]:
    Post.taken = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        yield (
            MailServer("smtp", "127.0.0.1", port, "", "", "alarm@clinic.example", ("a@x.example", "b@x.example")),
            Post.taken,
        )
        server.shutdown()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    """Clinics of their own, in whose queue nothing else waits."""
    with two_clinics(tmp_path_factory.mktemp("fresh")) as made:
        yield made


def raised(clinics: Clinics) -> str:
    of = treated(clinics.repositories())
    token = link(clinics, of).rpartition("/")[2]
    DiaryAccess(clinics.database).open(token).add_entry("0" * 32, 1, WARNING, photograph=None, alarm=True)
    DiaryAccess(clinics.database).open(token).add_entry("1" * 32, 1, CALM, photograph=None, alarm=False)
    return alarms(clinics, of)[0]


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    monkeypatch.setattr(queue, "now", lambda: now() + datetime.timedelta(**by))


def test_somebody_outside_is_called_by_mail_until_the_alarm_is_answered_and_learns_nothing(
    fresh: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = raised(fresh)
    with post_office() as (mail, taken):
        pager = AlarmNotifier(fresh.database, ContactSettings("https://laser.clinic.example", "", mail))
        assert pager.process_next()
        assert not pager.process_next()
        assert len(taken) == 1
        for words in ("A diary of Harbour Clinic needs to be read now", "https://laser.clinic.example/alarms"):
            assert words in taken[0].replace("=\n", "")
        message = taken[0].casefold()
        assert not any(word in message for word in ("fever", "normal?", "p00001", "pain", alarm))
        assert "could not be sent" not in fresh.browser(Role.OWNER).get("/").text
        later(monkeypatch, minutes=20)
        assert pager.process_next()
        assert len(taken) == 2  # a reminder, since nobody has answered
        fresh.repositories().alarms.answer(alarm, "Called.")
        later(monkeypatch, days=1)
        assert pager.process_next()
        assert not pager.process_next()
        assert len(taken) == 2
    assert "alarm.sent" in [one.action for one in fresh.repositories(Role.OWNER).audit_log.newest(50)]


def test_a_notification_that_is_sent_again_after_a_kill_is_the_same_message(
    fresh: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised(fresh)
    with post_office() as (mail, taken):
        pager = AlarmNotifier(fresh.database, ContactSettings("", "", mail))
        with monkeypatch.context() as killed:  # once the mail server has taken the message
            killed.setattr(JobQueue, "postpone", lambda *_: pytest.fail("killed"))
            with pytest.raises(pytest.fail.Exception):
                pager.process_next()
        later(monkeypatch, minutes=2)
        assert pager.process_next()
        later(monkeypatch, minutes=30)
        assert pager.process_next()
    ids = [re.findall(r"Message-ID: <(\w+)@clinic\.example>", message) for message in taken]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(one) == 1 for one in ids)


def test_what_cannot_be_sent_is_tried_again_and_every_page_says_so(
    fresh: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised(fresh)
    with post_office() as (mail, _):
        pass  # and now nobody listens there
    outside = ContactSettings("", "", mail)
    app = build_clinic_app(fresh.database, outside_contact=outside)
    owner = TestClient(app, base_url="https://localhost", follow_redirects=False)
    owner.cookies.update(fresh.browser(Role.OWNER).cookies)
    assert AlarmNotifier(fresh.database, outside).process_next()
    assert "The mail about it could not be sent" in owner.get("/").text
    tried = []

    def refuse(*_: object) -> None:
        tried.append(1)
        raise smtplib.SMTPAuthenticationError(535, b"no")

    for minutes in (2, 5, 11, 22, 38):
        later(monkeypatch, minutes=minutes)
        assert AlarmNotifier(fresh.database, outside, refuse).process_next()
    assert len(tried) == 5
    sent = []
    later(monkeypatch, minutes=60)
    assert AlarmNotifier(fresh.database, outside, lambda *about: sent.append(about)).process_next()
    assert [about[:3] for about in sent] == [(mail, "Harbour Clinic", "/alarms")]
    assert "The mail about it could not be sent" not in owner.get("/").text


def test_where_nobody_outside_can_be_called_the_pages_say_so(fresh: Clinics) -> None:
    raised(fresh)
    assert "No mail is set up" in fresh.browser(Role.OWNER).get("/alarms").text
    assert AlarmNotifier(fresh.database, ContactSettings()).process_next()


def test_pages_of_one_plan_parse_it_once(fresh: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    monkeypatch.setattr(plan_documents, "_PARSED_PLANS", MinuteCache(2))
    monkeypatch.setattr(plan_documents, "read_plan", lambda held: parsed.append(held) or read_plan(held))
    of, client = treated(fresh.repositories()), fresh.browser(Role.CLINICIAN)
    plan = fresh.repositories().treatments.get(of.treatment).plan_id
    for path in (f"/treatments/{of.treatment}/diary", f"/plans/{plan}", f"/treatments/{of.treatment}/diary"):
        assert client.get(path).status_code == 200
    assert len(parsed) == 1


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def test_twenty_alarms_take_no_more_statements_than_two(kind: str, tmp_path: Path) -> None:
    with two_clinics_on(kind, tmp_path) as made:
        client = made.browser(Role.CLINICIAN)
        raised(made)  # its entries stay unread
        for number in range(20):
            alarm = raised(made)
            if number % 3 == 0:
                made.repositories(Role.ASSISTANT).alarms.answer(alarm, "Called.")
                made.repositories(Role.OWNER).diaries.mark_read(
                    made.repositories().alarms.get(alarm).entry.treatment_id
                )
            if number == 0:
                few = statements_of(made, client, "/alarms")
        page = client.get("/alarms").text
        assert page.count('action="/alarms/') == 21
        assert statements_of(made, client, "/alarms") == few


def test_the_page_of_alarms_says_how_many_diaries_it_leaves_out(
    fresh: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        raised(fresh)
    client, left_out = fresh.browser(Role.CLINICIAN), "2 diaries have unread entries"
    assert left_out not in client.get("/alarms").text
    monkeypatch.setattr(diary_routes, "_UNREAD_LIMIT", 1)
    page = client.get("/alarms").text
    assert (left_out in page, page.count("questions 1")) == (True, 1)


def test_the_banner_grows_louder(clinics: Clinics) -> None:
    loud = []
    for minutes in (-60, 0, 14, 15, 59, 60, 60 * 50):
        banner = make_alarm_banner(
            AlarmCount(1, now() - datetime.timedelta(minutes=minutes, seconds=5), False), mail_configured=True
        )
        assert banner is not None
        loud.append((banner.level, banner.text.rpartition("for ")[2]))
    assert [one for one, _ in loud] == ["new", "new", "new", "loud", "loud", "loudest", "loudest"]
    assert (loud[0][1], loud[-1][1]) == ("0 minutes.", "2 days.")
    assert make_alarm_banner(AlarmCount(0, None, False), mail_configured=False) is None


def test_what_the_environment_says_of_the_world_outside_is_held_against_what_it_may_be() -> None:
    smtp = {"SKINBEAM_SMTP": "smtps://me:p%40ss@mail.example", "SKINBEAM_ALARM_FROM": "a@x.example"}
    whole = smtp | {"SKINBEAM_ALARM_TO": "b@x.example, c@x.example", "SKINBEAM_ADDRESS": "https://laser.example/"}
    found = read_contact_settings(whole)
    assert found.address == "https://laser.example"
    assert found.mail is not None
    assert (found.mail.port, found.mail.password, len(found.mail.receivers)) == (465, "p@ss", 2)
    assert read_contact_settings({}) == ContactSettings()
    for bad in (
        {"SKINBEAM_ADDRESS": "laser.example"},
        {"SKINBEAM_SMTP": "https://mail.example"},
        {"SKINBEAM_SMTP": "smtp://mail.example:x"},
        {"SKINBEAM_ALARM_TO": ""},
        {"SKINBEAM_ALARM_TO": "b@x.example\r\nBcc: everybody@x.example"},
        {"SKINBEAM_ALARM_FROM": "nobody"},
    ):
        with pytest.raises(InputError) as error:
            read_contact_settings(whole | bad)
        assert error.value.field in bad

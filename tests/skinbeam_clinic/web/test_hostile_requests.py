"""Hostile texts, addresses and files at every field, address and upload of the app, as its own pages name them."""

import datetime
import html.parser
import io
import itertools
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import httpx2
import pyotp
import pytest
from app_samples import EXAMPLE, LEAST
from clinic_samples import COOKIE, HOME, PASSWORD, PROVIDER, Clinics, planned, two_clinics_on
from diary_samples import WARNING, treated
from limits import RateLimitItemPerMinute
from PIL import Image
from report_samples import sample
from soft_passkey import SoftPasskey
from sqlalchemy import delete
from starlette.testclient import TestClient
from treated_rows import add_treatment, agree
from treatment_samples import ORDERED, clear_answers, read_spots

from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.document import sha256_hex
from skinbeam.report.consent_form import teach_back_questions
from skinbeam_clinic.access import ROUTES, Role, RouteAccess
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.clinic_transfer.mapping import ImportKind
from skinbeam_clinic.clinic_transfer.planning import ImportFile
from skinbeam_clinic.clinic_transfer.preview import plan_files
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.consultations.suggestions import SuggestionContent
from skinbeam_clinic.database.tables import LoginLockRow
from skinbeam_clinic.diaries import patient_routes
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.models import NewPlan, PhotographPermissions, PlanRecord
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource

MARK = "hostile"
FACE = (EXAMPLE / "face.jpg").read_bytes()
TEXTS = (
    f"'\"><script>alert('{MARK}')</script><b id={MARK}>",
    f"<img src=x onerror=alert('{MARK}')>",
    f"<b id={MARK}>",  # short enough for a pseudonym
    f'" onfocus=alert(1) autofocus id={MARK} x="',
    "javascript:alert(1)",
    "'; DROP TABLE patient; --",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "../../../../etc/passwd",
    "..\\..\\etc\\passwd",
    "\u202egnp.exe\u2066\u200f\u200b",
    "a\x00b",
    "\ud800 alone",
    "one\r\nSet-Cookie: planted=1",
    "\u0661\u0669\u0667\u0664",  # digits that are none of ours
    "9" * 5_000,
    "-1e999",
    "x" * 100_000,
)
ADDRESSES = (
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "\x00",
    "\ud800",
    f"<b id={MARK}>",
    "' OR '1'='1",
    "0" * 32,
    "x" * 10_000,
    "0.0/../0.1",
    ".",
)
# Sent by a script or a second button, with the fields of another form.
BY_SCRIPT = {
    "/asked": "/follow-ups/{follow_up}/patient",
    "/suitability": "/consultations/{consultation}/answers",
    "/sign-in/passkey/challenge": "/sign-in/passkey",
    "/account/passkeys/challenge": "/account/passkeys",
    "/account/password/strength": "/account/password",
    "/sign-in/oidc": "/sign-in",  # another button of the same form
}
# Forms below an answer that is simulated or below a preview, which no page of the samples holds.
SIMULATED = {
    "/plans/{plan}/what-if/{option}": {"fluence_J_cm2": "8", "pulse_ms": "10", "reason": ""},
    "/imports": {"waiting": "0" * 32},
}
# What the other fields hold, so that what is hostile is the first thing that is wrong.
HARMLESS = {
    "password": PASSWORD,
    "own": PASSWORD,
    "role": "auditor",
    "person": "Synthetic Person",
    "days": "0",
    "option": "0.0",
}
LONG = 10  # a form of more fields has its answers filled at once with each text
ANSWERS = ("patient.", "concern.", "test_spot.", "session.", "clinic.", "answer.", "tries.")


@dataclass
class Sent:
    """A form of a page: where it goes and what it holds."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(html.parser.HTMLParser):
    """The forms of a page, and whatever in it would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.runs: list[str] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = {name: value or "" for name, value in attrs}
        addresses = [seen.get(name, "").strip().casefold() for name in ("href", "src", "action", "formaction")]
        if (
            seen.get("id") == MARK
            or any(name.startswith("on") for name in seen)
            or any(address.startswith(("javascript:", "data:text")) for address in addresses)
            or (tag == "script" and not seen.get("src", "").startswith("/static/"))
            or tag in ("iframe", "object", "embed", "base")
        ):
            self.runs.append(f"{tag} {seen}")
        if tag == "form":
            self.forms.append(Sent(seen.get("action", "")))
        if seen.get("formaction"):
            self.forms.append(Sent(seen["formaction"], dict(self.forms[-1].fields)))
        if self.forms and seen.get("name") and tag in ("input", "select", "textarea", "button"):
            self.forms[-1].fields.setdefault(seen["name"], seen.get("value", "") if seen.get("type") != "radio" else "")


@pytest.fixture(autouse=True)
def no_diary_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts come faster than one patient writes."""
    monkeypatch.setattr(patient_routes, "_GOOD_LINKS", RateLimitItemPerMinute(10**9))


@dataclass
class House:
    """Records to knock at, and who knocks: an owner, who may do everything."""

    clinics: Clinics
    client: TestClient
    names: Mapping[str, str]
    pages: list[str]
    forms: dict[str, dict[str, str]]  # by route, as pages offer them before any test has sent one


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def clinics(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path_factory.mktemp("hostile")) as made:
        yield made


@pytest.fixture(scope="module")
def house(clinics: Clinics, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A record of each kind, and the pages of all of them in every state that has a form of its own."""
    repositories, client = clinics.repositories(Role.OWNER), clinics.browser(Role.OWNER)
    SignIn(clinics.database, PasswordHasher()).sign_in(HOME, Role.OWNER.value, PASSWORD)  # a session that can be ended
    client.headers.update({"authorization": clinics.reader().headers["authorization"]})
    made = planned(make_submission(LEAST.items()), tmp_path_factory.mktemp("plan"), lambda _: None)
    right = teach_back_questions(sample(), sample().concerns[0].options[0])
    patient = repositories.patients.add("S-17", year_of_birth=1974).id
    fresh, waiting, explained, closed = (another(repositories, patient, made) for _ in range(4))
    for plan in (waiting, explained):
        client.post(f"/plans/{plan.id}/consent/0.0/talk", data={"days": "0"})
    client.post(
        f"/plans/{explained.id}/consent/0.0/told-back", data={f"answer.{one.id}": str(one.right_index) for one in right}
    )
    consent = repositories.consents.of(explained.consultation_id)[0].id
    repositories.consultations.close(closed.consultation_id, revision=1)
    job = repositories.jobs.add(PLAN_JOB, {"consultation": fresh.consultation_id, "revision": 1, "language": "en"}).id
    owner = clinics.members[HOME, Role.OWNER]
    own, keys = (
        AccountRepository(clinics.database, owner, PasswordHasher()),
        PasskeyRepository(clinics.database, owner, PasswordHasher()),
    )
    address = own.new_codes_address()
    own.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD, token=client.cookies[COOKIE])
    device = SoftPasskey("https://localhost", "localhost")
    site = PasskeySite(device.host, device.origin)
    keys.add(site, "key", device.created(keys.registration_options(site, "key", PASSWORD)))
    one_patient = ImportFile(ImportKind.PATIENTS, "patients.csv", b"pseudonym\nIMPORTED-1\n")
    imported = repositories.imports.write(plan_files([one_patient], None))
    identities = OidcIdentityRepository(clinics.database, owner)
    identities.bind(owner.id, OidcSubject(PROVIDER.issuer, "owner-there"))
    repositories.plans.choose(explained.id, "0.0", "")
    begins = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)  # a session keeps one of its day
    ends = begins + datetime.timedelta(minutes=30)
    (soon,) = repositories.appointments.book(Booking(patient, owner.id, Purpose.SESSION, begins, ends))
    reminded, tomorrow = repositories.patients.add("S-19").id, begins - datetime.timedelta(days=2)
    repositories.patients.set_contact(reminded, {"name": "N", "phone": "030 1", "remind_by": "phone"})
    half_an_hour = datetime.timedelta(minutes=30)
    repositories.appointments.book(Booking(reminded, owner.id, Purpose.CONSULTATION, tomorrow, tomorrow + half_an_hour))
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)
    diary = treated(repositories, days_ago=2.0).treatment
    link = repositories.diaries.create_link(diary, language="en", until=until).token
    for key in ("0", "1"):
        DiaryAccess(clinics.database).open(link).add_entry(key * 32, 1, WARNING, photograph=None, alarm=True)
    first, second = repositories.alarms.list_open()
    repositories.alarms.answer(first.id, "Called.")
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    firing = SpotFiring(fresh.id, settings, 72.0, ORAL_CONSENT)
    photograph = repositories.photographs.add(fresh.consultation_id, FACE, "image/jpeg", PhotographPermissions()).id
    shown = SuggestionContent(condition="age-spots", site="cheeks", findings=("two spots",), messages=())
    duplicate = repositories.patients.add("S-17b").id
    names = {
        "patient_link": repositories.patient_links.link(duplicate, patient, "One person.").id,
        "duplicate": repositories.patients.add("S-17d").id,  # which forms close, and not the one with records
        "kept": repositories.patients.add("S-17c").id,
        "note": repositories.notes.add(patient, "Restless.").id,
        "attachment": repositories.attachments.add(
            patient, b"%PDF-1.4\n%%EOF\n", kind="referral-letter", name="letter.pdf"
        ).id,
        "appointment": soon.id,
        "feed": ClinicRepositories(clinics.database, owner).calendar_feeds.create()[0].id,
        "patient": patient,
        "link": link,
        "alarm": second.id,
        "spot": repositories.test_spots.fire(fresh.consultation_id, firing).id,
        "passkey": keys.all()[0].id,
        "identity": identities.own()[0].id,
        "import": imported.id,
        "consultation": fresh.consultation_id,
        "photograph": photograph,
        "suggestion": repositories.suggestions.add(fresh.consultation_id, photograph, [shown])[0].id,
        "plan": explained.id,
        "job": job,
        "option": "0.0",
        "name": "plan.json",
        "language": "de",
        "consent": consent,
        "token": clinics.repositories(Role.OWNER).tokens.make("spare", 1)[0].id,
        "closed": repositories.closed_days.add("2030-12-25").id,
        "machine": repositories.machines.add(device="pulsed-dye-595", serial="SYN-1", name="Dye laser").id,
        "device": repositories.own_devices.add(read_catalogue_file("ktp-532"), "green.toml").id,
        "device_name": f"green-{sha256_hex(read_catalogue_file('ktp-532'))[:6]}",
        "text": repositories.clinic_texts.add(use="letter", language="en", title="Thanks", text="Thank you.").text_id,
        "kind": "Encounter",
        "resource": fresh.consultation_id,
        "member": AccountRepository(clinics.database, owner, PasswordHasher()).add("spare", Role.AUDITOR, PASSWORD).id,
    }
    harmed_patient = repositories.patients.add("S-20").id  # after a harm nobody signs a plan that was made before
    seen, answered = seen_again(clinics, another(repositories, harmed_patient, made))
    names = seen | names
    # What is not signed yet, what ends with its job, and what is nowhere without a token or an answer of a provider.
    silent = ("/document", "/events", "/calendar.ics", "/oidc/return")
    shown = [one for one, door in ROUTES.items() if door not in (RouteAccess.TOKEN, RouteAccess.MACHINE)]
    pages = [path.format(**names) for method, path in shown if method == "GET" and not path.endswith(silent)]
    pages += [
        *(f"/follow-ups/{one}" for one in answered),
        f"/patients/{harmed_patient}/follow-ups",
        f"/treatments/{diary}/diary",
        *(f"/plans/{plan.id}/consent/0.0" for plan in (fresh, waiting)),
    ]
    treated_patient = repositories.patients.add("S-18").id  # without a spot that waits to be read
    pages += prepared(repositories, names["machine"], [another(repositories, treated_patient, made) for _ in range(3)])
    pages.append(f"/consultations/{closed.consultation_id}")
    pages.append(f"/consultations/{with_a_mark(repositories, patient)}")
    return House(clinics, client, names, pages, forms_of(client, pages))


def with_a_mark(repositories: ClinicRepositories, patient: str) -> str:
    """A consultation whose photograph was read: its form holds a mark, and rows for more."""
    consultation = repositories.consultations.begin(patient)
    photograph = repositories.photographs.add(consultation.id, FACE, "image/jpeg", PhotographPermissions()).id
    mark = {"kind": "spots", "region": "nose", "x_mm": "1.0", "y_mm": "30.0", "size_mm": "3.0"}
    entries = [("mark.of", photograph), *((f"mark.0.{key}", value) for key, value in mark.items())]
    answers = make_submission(entries, photograph)
    return repositories.consultations.save(consultation.id, answers, revision=consultation.revision).id


def prepared(repositories: ClinicRepositories, machine: str, plans: list[PlanRecord]) -> list[str]:
    """The pages of sessions whose checklist stops, lets them start, has let them, and of the consent to one."""
    made = [repositories.treatments.begin(agree(repositories, plan.id), ORDERED).id for plan in plans]
    for id, changed in zip(made, ({"tan": ("yes", "")}, {}, {}), strict=True):
        repositories.treatments.choose_machine(id, machine)
        repositories.treatments.add_answers(id, clear_answers() | changed)
    read_spots(repositories, plans[1])
    repositories.treatments.start(made[-1])
    return [*(f"/treatments/{id}" for id in made), f"/plans/{plans[0].id}/consent/0.0"]


def seen_again(clinics: Clinics, plan: PlanRecord) -> tuple[dict[str, str], tuple[str, str]]:
    """A follow-up of a session that is over, with photographs side by side and something that went wrong.

    And two others: one that the patient has answered and the owner has not been shown, and one that was graded blind,
    whose photographs nobody has compared.
    """
    repositories = clinics.repositories(Role.OWNER)
    treatment = add_treatment(repositories, agree(repositories, plan.id), days_ago=100)
    one, other, graded = (repositories.follow_ups.begin(treatment) for _ in range(3))
    faces = [
        repositories.photographs.add(one.consultation_id, content, "image/jpeg", PhotographPermissions()).id
        for content in (FACE, FACE + b"\0")
    ]
    (pair,) = repositories.follow_ups.add_pair(one.id, *faces).pairs
    clinics.repositories(Role.ASSISTANT).follow_ups.save_report(other.id, PatientAnswers(SelfRating(5, 0)))
    clinics.repositories(Role.ASSISTANT).follow_ups.add_pair(graded.id, *faces)
    clinics.repositories(Role.CLINICIAN).follow_ups.add_grade(
        graded.id, ImprovementQuarter.FIRST, AestheticChange.SAME, hidden=True
    )
    repositories.follow_ups.mark_report_read(graded.id)
    event = repositories.adverse_events.add(
        treatment, kind="pih", grade=AdverseEventGrade.MILD, source=AdverseEventSource.FOLLOW_UP
    )
    return {"follow_up": one.id, "pair": pair.id, "event": event.id, "treatment": treatment}, (other.id, graded.id)


def another(repositories: ClinicRepositories, patient: str, made: NewPlan) -> PlanRecord:
    consultation = repositories.consultations.begin(patient, make_submission(LEAST.items()))
    return repositories.plans.add(consultation.id, made, revision=consultation.revision)


def forms_of(client: TestClient, pages: list[str]) -> dict[str, dict[str, str]]:
    """Each route that takes a form → its fields, as some page offers them."""
    found: dict[str, dict[str, str]] = {}
    routes = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for method, path in ROUTES if method == "POST"}
    for page in pages:
        for form in Page(shown(client.get(page))).forms:
            for route, pattern in routes.items():
                if pattern.fullmatch(re.split("[?#]", form.action or page)[0]):
                    found.setdefault(route, {}).update(form.fields)
    return found | SIMULATED | {route: found[form] for route, form in BY_SCRIPT.items()}


def shown(answer: httpx2.Response) -> str:
    """The page of an answer; empty where it is none."""
    return answer.text if answer.headers.get("content-type", "").startswith("text/html") else ""


def send(house: House, route: str, fields: Mapping[str, str], *, parts: bool) -> None:
    """Send a form as a browser does, whatever it holds, and see that it fails in no way and nothing of it runs."""
    raw = {name: value.encode("utf-8", "surrogatepass") for name, value in fields.items() if name != "photo"}
    if parts:
        edge, kind = b"----edge", "multipart/form-data; boundary=----edge"
        heads = ((b'Content-Disposition: form-data; name="' + name.encode() + b'"', raw[name]) for name in raw)
        body = b"".join(b"--" + edge + b"\r\n" + head + b"\r\n\r\n" + value + b"\r\n" for head, value in heads)
        body += b"--" + edge + b"--\r\n"
    else:
        kind = "application/x-www-form-urlencoded"
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in raw.items()).encode()
    answer = house.client.post(route.format(**house.names), content=body, headers={"content-type": kind})
    changed_fields = {name: value[:60] for name, value in fields.items() if value not in ("", HARMLESS.get(name))}
    assert answer.status_code not in (500, 401), (route, changed_fields)
    assert answer.status_code < 500 or answer.status_code == 503, (route, changed_fields)
    assert "planted" not in answer.headers.get("set-cookie", ""), (route, changed_fields)
    assert Page(shown(answer)).runs == [], (route, changed_fields)


def test_the_pages_hold_a_form_for_every_route_that_takes_one(house: House) -> None:
    assert set(house.forms) == {path for method, path in ROUTES if method == "POST"}


@pytest.mark.parametrize("text", [text for text in TEXTS if "<" in text or "onfocus" in text])
def test_what_would_run_is_seen(text: str) -> None:
    assert Page(f'<input value="{text}">' if text.startswith('"') else f"<p>{text}").runs


@pytest.mark.check
@pytest.mark.parametrize(
    "step", [pytest.param(32, id="every-thirty-second"), pytest.param(1, id="all", marks=pytest.mark.long)]
)
def test_no_text_in_any_field_fails_or_runs(house: House, step: int) -> None:
    """Each field gets each text with `make validate`.

    Here it gets every thirty-second, from another one on in each next field, and of fields that differ in numbers alone
    the first gets them for all.
    """
    first = itertools.count()
    every, server = house.forms, house.clinics.database.engine.dialect.name != "sqlite"
    texts = [text for text in TEXTS if not server or not text.isprintable() or len(text) > 1000]  # what it might refuse
    assert sum(map(len, every.values())) > 400
    for route, fields in every.items():
        harmless = {name: HARMLESS.get(name, value) for name, value in fields.items()}
        alone = [name for name in fields if len(fields) < LONG or not name.startswith(ANSWERS)]
        kinds = {re.sub(r"\d+", "0", name): name for name in reversed(alone)}
        each = alone if step == 1 else [name for name in alone if name in kinds.values()]
        tried = [(name, text) for name in each for text in texts[next(first) % step :: step]]
        if alone != list(fields):
            for text in texts[:-1]:  # the longest in each of them is more than a body may hold
                send(house, route, harmless | {name: text for name in fields if name not in alone}, parts=False)
        if route in BY_SCRIPT:  # which reads the answers as a plan does, and keeps nothing
            tried = list(zip(fields, itertools.cycle(texts), strict=False))
        for number, (name, text) in enumerate(tried):
            send(house, route, harmless | {name: text}, parts=number % 2 == 0)
    # What was kept of it is shown on every page as text.
    patients = re.findall(r'href="(/patients/\w+)"', house.client.get("/").text)
    assert len(patients) > (0 if server or step > 1 else 5)
    for page in (*house.pages, *patients, *(f"{one}/contact" for one in patients)):
        answer = house.client.get(page)
        assert answer.status_code == 200, page
        assert Page(shown(answer)).runs == [], page
    assert house.client.get("/trail").status_code == 200


@pytest.mark.check
def test_no_address_leads_out_of_the_records(house: House) -> None:
    opened, data = watched(), {"x": "y", "own": PASSWORD}
    with house.clinics.database.writing() as session:  # hostile texts of another test were wrong passwords, too
        session.execute(delete(LoginLockRow))
    for (method, path), bad in itertools.product(ROUTES, ADDRESSES):
        for name in re.findall(r"\{(\w+)\}", path):
            address = path.format(**{**house.names, name: quote(bad.encode("utf-8", "surrogatepass"), safe="%")})
            answer = house.client.get(address) if method == "GET" else house.client.post(address, data=data)
            elsewhere = bad == "."  # which a browser leaves out: what is left may be the address of a list
            assert answer.status_code in (404, 405) or elsewhere, (method, path, name, bad, answer.status_code)
            assert Page(shown(answer)).runs == [], (method, path, name, bad)
    assert not [one for one in opened if "passwd" in one or ".." in one]


def watched() -> list[str]:
    """The paths that the program opens from now on; what listens cannot be taken away again, and listens no more."""
    opened: list[str] = []
    alive = [True]

    def hear(event: str, arguments: Any) -> None:
        if alive[0] and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])
            alive[0] = len(opened) < 100_000

    sys.addaudithook(hear)
    return opened


def bomb() -> bytes:
    """A PNG of 40,000 x 40,000 pixels in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 5_001 * 400, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiny() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    return file.getvalue()


UPLOADS = {
    "page at its end": FACE + f"<script>alert('{MARK}')</script>".encode(),
    "archive at its end": FACE + b"PK\x03\x04" + b"\0" * 100,
    "bomb": bomb(),
    "cut off": FACE[: len(FACE) // 3],
    "tiny": tiny(),
    "only its beginning": b"\xff\xd8\xff",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "page": b"<!doctype html><script>alert(1)</script>",
    "RIFF of sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "nothing": b"",
    "too large": b"\xff\xd8\xff" + b"\0" * (64 * 1024 * 1024),
}


@pytest.mark.parametrize("upload", UPLOADS)
def test_the_camera_takes_what_the_form_takes(house: House, upload: str) -> None:
    repositories = house.clinics.repositories(Role.OWNER)
    fresh = repositories.consultations.begin(house.names["patient"]).id
    path, files = f"/consultations/{fresh}/camera", {"photo": ("face.svg", UPLOADS[upload], "text/html")}
    foreign = {"follow_up": house.names["follow_up"]}  # of another consultation
    assert house.client.post(path, data=foreign, files=files).status_code in (404, 413)
    assert repositories.photographs.of(fresh) == ()
    response = house.client.post(path, data={"follow_up": ""}, files=files)
    assert response.status_code in (303, 413, 422)
    assert len(repositories.photographs.of(fresh)) == (response.status_code == 303)
    assert Page(shown(response)).runs == []


@pytest.mark.parametrize("upload", UPLOADS)
def test_no_upload_fails_or_is_served_as_anything_but_a_picture(house: House, upload: str) -> None:
    client, repositories = house.client, house.clinics.repositories(Role.OWNER)
    fresh = repositories.consultations.begin(house.names["patient"]).id
    name = "../../../face.svg\";x=\"<b id='hostile'>.jpg"
    response = client.post(
        f"/consultations/{fresh}/answers",
        data=LEAST | {"revision": "1"},
        files={"photo": (name, UPLOADS[upload], "text/html")},
        headers={"accept": "application/json"},
    )
    assert response.status_code in (200, 413, 422)
    if response.status_code != 200:
        assert repositories.photographs.of(fresh) == ()
        assert repositories.consultations.get(fresh).revision == 1
        return
    picture = client.get(f"/photographs/{response.json()['photograph']}")
    assert picture.headers["content-type"] in ("image/jpeg", "image/png", "image/webp")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert Page(client.get(f"/consultations/{fresh}").text).runs == []

"""The API for other programs: what it hands out is FHIR and the records, its pages tell it, and its doors hold."""

import base64
import datetime
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from clinic_samples import COOKIE, HOME, OTHER, PASSWORD, Clinics
from exchange_samples import JPEGS
from fhir.resources.R4B import get_fhir_model_class
from openapi_spec_validator import validate
from paths import ROOT
from sqlalchemy import select, update
from starlette.testclient import TestClient

from skinbeam._version import __version__
from skinbeam.text import LANGUAGES
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow
from skinbeam_clinic.exchange.api_responses import RESOURCE_TYPES
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import read_bundle
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, TreatmentOrder

FHIR = "application/fhir+json"


@pytest.fixture(scope="module")
def reader(clinics: Clinics, names: dict[str, str]) -> TestClient:
    """Another program; the patient of the samples has photographs that can be read, and chose."""
    repositories = clinics.repositories()
    for content in JPEGS[:2]:
        repositories.photographs.add(names["consultation"], content, "image/jpeg", PhotographPermissions(teaching=True))
    repositories.plans.choose(names["plan"], "0.0", "because")
    repositories.consultations.begin(names["patient"], Submission((("patient.phototype", "II"),)))
    ordered = TreatmentOrder("redness", "cheeks", "pulsed-dye-595", OrderedSettings(fluence_J_cm2=8.0))
    treatment = repositories.treatments.begin(names["consent"], ordered)
    repositories.treatments.choose_machine(treatment.id, names["machine"])
    repositories.adverse_events.add(
        treatment.id, kind="burn", grade=AdverseEventGrade.MILD, source=AdverseEventSource.DIARY, words="a blister"
    )
    starts = now() + datetime.timedelta(days=30)
    member = clinics.members[HOME, Role.CLINICIAN].id
    until = starts + datetime.timedelta(minutes=30)
    repositories.appointments.book(Booking(names["patient"], member, Purpose.SESSION, starts, until))
    return clinics.reader()


def resource(client: TestClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR), (address, answer.text)
    held: dict[str, Any] = answer.json()
    get_fhir_model_class(held["resourceType"]).model_validate(held)
    return held


def held(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


def everything(client: TestClient, patient: str) -> list[dict[str, Any]]:
    return held(resource(client, f"/fhir/Patient/{patient}/$everything?_count=500"))


@pytest.fixture(scope="module")
def mine(reader: TestClient, names: dict[str, str]) -> list[dict[str, Any]]:
    """Everything of the patient of the samples."""
    return everything(reader, names["patient"])


def inside(part: Any, name: str) -> Iterator[str]:
    """Every text under a name within a resource."""
    if isinstance(part, list):
        for one in part:
            yield from inside(one, name)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == name and isinstance(value, str):
                yield value
            else:
                yield from inside(value, name)


def test_everything_with_its_contents_is_what_the_records_hold(
    clinics: Clinics, reader: TestClient, names: dict[str, str]
) -> None:
    resources = everything(reader, names["patient"])
    for one in resources:
        for attachment in [one["content"]] if one["resourceType"] == "Media" else []:
            attachment["data"] = resource_data(reader, attachment.pop("url"))
        for content in one["content"] if one["resourceType"] == "DocumentReference" else []:
            if "url" in content["attachment"]:
                content["attachment"]["data"] = resource_data(reader, content["attachment"].pop("url"))
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    exported = deidentify_dossier(clinics.repositories().dossiers.export(names["patient"], "fhir")).dossier
    assert len(exported.consultations[0].photographs) == 2
    assert read_bundle(json.dumps(bundle).encode()) == exported


def resource_data(client: TestClient, url: str) -> str:
    """The content of a Binary, which is the same as it is and as a resource."""
    plain = client.get(f"/fhir/{url}")
    resource = client.get(f"/fhir/{url}", headers={"accept": FHIR}).json()
    get_fhir_model_class("Binary").model_validate(resource)
    assert base64.b64decode(resource["data"]) == plain.content
    assert plain.headers["content-type"] == resource["contentType"]
    return str(resource["data"])


def test_every_reference_leads_to_its_resource_and_every_resource_to_itself(
    reader: TestClient, names: dict[str, str]
) -> None:
    resources = everything(reader, names["patient"])
    there = {f"{one['resourceType']}/{one['id']}" for one in resources}
    named = {reference for one in resources for reference in inside(one, "reference")}
    (duplicate,) = named - there
    other = resource(reader, f"/fhir/{duplicate}")
    assert (other["active"], [link["type"] for link in other["link"]]) == (False, ["replaced-by"])
    assert [link["other"]["reference"] for link in other["link"]] == [f"Patient/{names['patient']}"]
    assert {address.partition("/")[0] for address in there} == set(RESOURCE_TYPES) - {"Binary"}
    for one in resources:
        assert resource(reader, f"/fhir/{one['resourceType']}/{one['id']}") == one
    assert reader.get(f"/fhir/Encounter/{names['plan']}").status_code == 404, "it is of another type"


@pytest.mark.parametrize("kind", [kind for kind in RESOURCE_TYPES if kind not in ("Patient", "Binary")])
def test_a_type_is_searched_by_patient(
    reader: TestClient, names: dict[str, str], mine: list[dict[str, Any]], kind: str
) -> None:
    mine = [one for one in mine if one["resourceType"] == kind]
    for patient in (names["patient"], f"Patient/{names['patient']}"):
        found = resource(reader, f"/fhir/{kind}?patient={patient}")
        assert (held(found), found["total"]) == (mine, len(mine))
    one = mine[-1]["id"]
    assert held(resource(reader, f"/fhir/{kind}?patient={names['patient']}&_id={one}")) == [mine[-1]]
    assert reader.get(f"/fhir/{kind}").status_code == 400, "of nobody in particular nothing is said"


def test_a_patient_is_found_by_pseudonym_and_nobody_elses(clinics: Clinics, reader: TestClient) -> None:
    clinics.repositories(Role.OWNER, OTHER).patients.add("S-17")
    (one,) = held(resource(reader, "/fhir/Patient?identifier=S-17"))
    system = one["identifier"][0]["system"]
    assert held(resource(reader, f"/fhir/Patient?identifier={system}|S-17")) == [one]
    assert held(resource(reader, "/fhir/Patient?identifier=elsewhere|S-17")) == []
    assert held(resource(reader, "/fhir/Patient?identifier=S-1")) == []


def test_pages_lead_through_all_of_a_long_answer_once(clinics: Clinics, reader: TestClient) -> None:
    repositories = clinics.repositories()
    for _ in range(7):
        repositories.patients.add()
    whole = resource(reader, "/fhir/Patient")
    seen, address = [], "/fhir/Patient?_count=3"
    while address:
        page = resource(reader, address)
        assert page["total"] == whole["total"]
        assert len(held(page)) <= 3
        seen += held(page)
        address = next((one["url"] for one in page["link"] if one["relation"] == "next"), "")
    assert seen == held(whole)
    assert len(seen) == whole["total"] >= 8
    assert resource(reader, "/fhir/Patient?_count=0") == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": whole["total"],
        "link": [{"relation": "self", "url": "https://localhost/fhir/Patient?_count=0&_offset=0"}],
    }


def test_a_tag_tells_whether_something_has_changed(clinics: Clinics, reader: TestClient, names: dict[str, str]) -> None:
    address = f"/fhir/Patient/{names['patient']}/$everything"
    tag = reader.get(address).headers["etag"]
    known = reader.get(address, headers={"if-none-match": tag})
    assert (known.status_code, known.content) == (304, b"")
    clinics.repositories().plans.choose(names["plan"], "0.0", "once more")
    assert reader.get(address, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/fhir/Patient?name=Ann", 400),
        ("/fhir/Patient?_count=-1", 400),
        ("/fhir/Patient?_count=1&_count=2", 400),
        ("/fhir/Patient?_offset=" + "9" * 5000, 400),
        ("/fhir/Patient?_format=xml", 400),
        ("/fhir/Patient?identifier=%00", 400),
        ("/fhir/Patient/" + "0" * 32, 404),
        ("/fhir/Patient/" + "0" * 32 + "/$everything", 404),
        ("/fhir/Encounter?patient=" + "0" * 32, 404),
        ("/fhir/Binary", 404),
        ("/fhir/Binary/" + "0" * 32, 404),
        ("/fhir/Condition", 404),
        ("/fhir/Condition/" + "0" * 32, 404),
        ("/fhir/a/b/c", 404),
    ],
)
def test_what_cannot_be_answered_is_reported_as_an_outcome(reader: TestClient, address: str, status: int) -> None:
    answer = reader.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, FHIR)
    outcome = answer.json()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    assert outcome["issue"][0]["diagnostics"]


def test_nothing_is_changed_through_it(reader: TestClient, names: dict[str, str]) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for address in ("/fhir/Patient", f"/fhir/Patient/{names['patient']}", "/fhir/metadata"):
            answer = reader.request(method, address, json={"resourceType": "Patient"})
            assert (answer.status_code, answer.json()["resourceType"]) == (405, "OperationOutcome")


def test_no_token_that_is_good_is_reported_in_one_way_whatever_is_wrong(
    clinics: Clinics, names: dict[str, str]
) -> None:
    tokens = clinics.repositories(Role.OWNER).tokens
    (_, past), (ended, gone) = tokens.make("past", 1), tokens.make("gone", 1)
    tokens.end(ended.id)
    with clinics.database.writing() as session:
        session.execute(
            update(ApiTokenRow).where(ApiTokenRow.name == "past").values(until=now() - datetime.timedelta(1))
        )
    signed_in = clinics.browser(Role.OWNER)
    session_token = clinics.tokens[HOME, Role.OWNER]
    (_, good) = tokens.make("good", 1)
    shown = ["", "Bearer", f"Bearer {past}", f"Bearer {gone}", f"Bearer {good}x", f"Bearer {session_token}"]
    shown += [
        f"Basic {good}",
        f"Bearer {names['token']}",
        b"Bearer \xed\xa0\x80 \xff",
    ]
    answers = {
        (answer.status_code, answer.content, answer.headers["www-authenticate"])
        for header in shown
        for answer in [signed_in.get("/fhir/Patient", headers=[("authorization", header)])]
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401
    lower = signed_in.get("/fhir/Patient", headers={"authorization": f"bearer {good}"})
    assert lower.status_code == 200, "so that it is the token that decides"


def test_a_token_opens_no_page_and_a_cookie_no_record_of_the_api(
    clinics: Clinics, reader: TestClient, names: dict[str, str]
) -> None:
    for page in ("/", "/tokens", f"/patients/{names['patient']}"):
        assert reader.get(page).headers["location"] == "/sign-in"
    as_cookie = TestClient(clinics.app, base_url="https://localhost", follow_redirects=False)
    as_cookie.cookies.set(COOKIE, clinics.shown[HOME], domain="localhost.local")
    assert as_cookie.get("/").headers["location"] == "/sign-in"
    assert clinics.browser(Role.OWNER).get("/fhir/Patient").status_code == 401


def test_a_token_is_made_shown_once_named_by_the_trail_and_ended(clinics: Clinics, names: dict[str, str]) -> None:
    owner = clinics.browser(Role.OWNER)
    page = owner.post("/tokens", data={"name": "  Hospital   records ", "days": "30", "own": PASSWORD}).text
    (token,) = set(re.findall(r"skinbeam_[\w-]{43}", page))
    assert token not in owner.get("/tokens").text
    with clinics.database.reading() as session:
        row = session.scalars(select(ApiTokenRow).where(ApiTokenRow.name == "Hospital records")).one()
    assert token not in str(vars(row))
    assert datetime.timedelta(29) < row.until - now() < datetime.timedelta(31)
    client = TestClient(clinics.app, base_url="https://localhost", headers={"authorization": f"Bearer {token}"})
    assert client.get(f"/fhir/Observation?patient={names['patient']}").status_code == 200
    step = clinics.repositories(Role.OWNER).audit_log.newest(2)[1]
    assert (step.actor, step.action, step.subject) == (
        "token Hospital records",
        "record.read",
        f"patient/{names['patient']}",
    )
    (used,) = (one for one in clinics.repositories(Role.OWNER).tokens.all() if one.id == row.id)
    assert used.used_at is not None
    assert owner.post(f"/tokens/{row.id}/end").headers["location"] == "/tokens"
    assert client.get("/fhir/Patient").status_code == 401


@pytest.mark.parametrize(
    ("name", "days"), [("", "1"), ("x" * 61, "1"), ("x", "0"), ("x", "366"), ("x", "1e2"), ("x", "")]
)
def test_a_token_without_a_name_or_for_longer_than_a_year_is_not_made(clinics: Clinics, name: str, days: str) -> None:
    before = clinics.repositories(Role.OWNER).tokens.all()
    answer = clinics.browser(Role.OWNER).post("/tokens", data={"name": name, "days": days, "own": PASSWORD})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert clinics.repositories(Role.OWNER).tokens.all() == before


def test_a_browser_stores_an_answer_of_the_api_and_shows_nothing_of_it(
    clinics: Clinics, reader: TestClient, names: dict[str, str]
) -> None:
    """Under a name of the app's own, whatever the address ends with."""
    for client, path in (
        (reader, f"/fhir/Patient/{names['patient']}"),
        (reader, "/fhir/Patient?identifier=x.html"),
        (reader, "/fhir/Patient/setup.bat"),
        (clinics.browser(), "/fhir/Patient"),
        (clinics.browser(), "/fhir/metadata"),
        (clinics.browser(), "/fhir/openapi.json"),
    ):
        answer = client.get(path)
        assert answer.status_code in (200, 401, 404), path
        assert answer.headers["content-disposition"] == 'attachment; filename="answer.json"', path
        assert answer.headers["content-type"].endswith("json"), path
    assert __version__ not in clinics.browser().get("/fhir/openapi.json").text


def test_the_statement_and_the_document_describe_what_is_there(
    clinics: Clinics, reader: TestClient, names: dict[str, str]
) -> None:
    nobody = clinics.browser()
    statement = resource(nobody, "/fhir/metadata")
    resources = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert set(resources) == set(RESOURCE_TYPES)
    document = nobody.get("/fhir/openapi.json").json()
    validate(document)
    assert document["servers"] == [{"url": "https://localhost/fhir"}]
    wanted = {"patient": names["patient"], "identifier": "S-17"}
    ids = {one["resourceType"]: one["id"] for one in everything(reader, names["patient"])}
    ids["Binary"] = ids["Media"]
    for path, methods in document["paths"].items():
        parameters = {one["name"]: one for one in methods["get"]["parameters"] if "name" in one}
        needed = {name: wanted[name] for name, one in parameters.items() if one["in"] == "query" and one["required"]}
        address = f"/fhir{path.replace('{id}', ids.get(path.split('/')[1], ''))}"
        assert reader.get(address, params=needed).status_code == 200, path
        assert nobody.get(address, params=needed).status_code == (200 if path == "/metadata" else 401)
        kind = path.split("/")[1]
        if "{id}" not in path and kind in RESOURCE_TYPES:
            assert {one["name"] for one in resources[kind]["searchParam"]} == set(parameters) - {"_count", "_offset"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_every_address_and_loads_nothing_from_elsewhere(clinics: Clinics, language: str) -> None:
    page = clinics.browser().get("/fhir", headers={"accept-language": language}).text
    document = clinics.browser().get("/fhir/openapi.json").json()
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    assert f'lang="{language}"' in page
    assert not re.findall(r'<script(?! src="/static/[a-z-]+\.js" defer>)', page)
    assert not re.findall(r'(?:src|href)="(?!/|data:,)', page)


def test_what_the_guide_says_runs(clinics: Clinics, reader: TestClient, names: dict[str, str]) -> None:
    page = (ROOT / "docs" / "guide" / "exchange.md").read_text(encoding="utf-8")
    known = {"TOKEN": clinics.shown[HOME], "PATIENT": names["patient"]}
    shown = held(resource(reader, f"/fhir/Media?patient={names['patient']}"))
    known["PHOTOGRAPH"] = shown[0]["id"]
    lines = re.findall(r"^curl (.*)$", page, re.MULTILINE)
    assert len(lines) == 5
    anybody = TestClient(clinics.app, base_url="https://localhost")
    for line in lines:
        filled = re.sub(r"(?<!\\)\$(\w+)", lambda found: known[found[1]], line).replace("\\$", "$")
        words = shlex.split(filled)
        name, _, value = words[words.index("-H") + 1].partition(": ")
        address = words[-1].removeprefix("https://clinic.example")
        answer = anybody.get(address, headers={name: value})
        assert (answer.status_code, bool(answer.content)) == (200, True), line

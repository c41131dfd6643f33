"""A Bundle from another clinic: all of it becomes records here, or nothing does."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from exchange_samples import AT, CONSULTATION, PATIENT, PHOTOGRAPH, dossiers, picture
from hypothesis import HealthCheck, assume, given, settings

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import MOST_BYTES, make_bundle, parse_whole_bundle
from skinbeam_clinic.models import Consent, ConsultationContents, Dossier, PlanContents
from skinbeam_clinic.repositories import ClinicRepositories

SMALL = Dossier(
    PATIENT,
    (
        ConsultationContents(
            replace(CONSULTATION, answers=Submission((("patient.phototype", "II"),), PHOTOGRAPH.id)),
            ((PHOTOGRAPH, picture()),),
        ),
    ),
)


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicRepositories]:
    folder = tmp_path_factory.mktemp("arrivals")
    environment = {KEY_VARIABLE: generate_key(), "SKINBEAM_DB": str(folder / "clinic.sqlite")}
    upgrade_database(environment["SKINBEAM_DB"], environment)
    opened = open_database(environment["SKINBEAM_DB"], environment)
    yield ClinicRepositories(opened, create_clinic(opened, "Hill Clinic", synthetic=True))
    opened.close()


def nameless(dossier: Dossier) -> Any:
    """A dossier without names of rows, in the order of its moments, and with no consent that would hold elsewhere."""
    patient = replace(dossier.patient, id="", pseudonym="", created_at=AT)
    return patient, sorted(map(nameless_consultation, dossier.consultations), key=repr)


def nameless_consultation(one: ConsultationContents) -> Any:
    pictures = {photograph.id: content for photograph, content in one.photographs}
    state = "planned" if one.consultation.state == "agreed" else one.consultation.state
    answers = one.consultation.answers
    consultation = replace(one.consultation, id="", patient_id="", state=state, answers=replace(answers, photo=""))
    shown = bytes(pictures.get(answers.photo, b""))
    photographs = [
        (replace(photograph, id="", consultation_id=""), bytes(content)) for photograph, content in one.photographs
    ]
    options = {contents.plan.id: str(nameless_plan(contents)) for contents in one.plans}
    consents = [nameless_consent(consent, options[consent.plan_id]) for consent, _ in one.consents]
    plans = map(nameless_plan, one.plans)
    return consultation, shown, *(sorted(held, key=repr) for held in (photographs, plans, consents))


def nameless_plan(contents: PlanContents) -> Any:
    chosen = sorted((replace(choice, id="", plan_id="") for choice in contents.choices), key=repr)
    files = {name: bytes(content) for name, content in sorted(contents.files.items())}
    return replace(contents.plan, id="", consultation_id="", files=sorted(contents.plan.files.items())), files, chosen


def nameless_consent(consent: Consent, plan: str) -> Any:
    void = {} if consent.void_reason not in (None, "elsewhere") else {"void_reason": "elsewhere", "voided_at": None}
    return replace(consent, id="", plan_id=plan, document=None, **void)


def before_treatment(dossier: Dossier) -> Dossier:
    consultations = (
        replace(one, treatments=(), follow_ups=(), test_spots=(), diary=()) for one in dossier.consultations
    )
    return replace(dossier, consultations=tuple(consultations), appointments=())


@settings(max_examples=5)
@given(dossiers())
def test_what_belongs_to_a_consent_or_a_member_of_the_other_clinic_is_named(dossier: Dossier) -> None:
    assume(before_treatment(dossier) != dossier)
    with pytest.raises(InputError) as raised:
        parse_whole_bundle(make_bundle(deidentify_dossier(dossier), "Harbour Clinic"))
    assert raised.value.code == "bundle-loses"
    assert re.search("(Procedure|Appointment)/", raised.value.message)
    assert "import the patient's copy" in str(raised.value.hint)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(dossiers())
def test_what_was_written_is_taken_in_and_written_again_the_same(
    repositories: ClinicRepositories, dossier: Dossier
) -> None:
    assume(all(contents.plan.seed < 2**63 for one in dossier.consultations for contents in one.plans))
    handed = deidentify_dossier(before_treatment(dossier))
    taken = parse_whole_bundle(make_bundle(handed, "Harbour Clinic"))
    assert taken == handed.dossier
    database = repositories.erasure._access.database  # a clinic for each example: a person is imported once
    repositories = ClinicRepositories(database, create_clinic(database, f"Clinic {new_id()}"))
    patient = repositories.dossier_importer.import_dossier(taken)
    assert patient.id != dossier.patient.id
    again = deidentify_dossier(repositories.dossiers.export(patient.id, "fhir"))
    assert nameless(again.dossier) == nameless(handed.dossier)
    assert all(consent.void_reason for one in again.dossier.consultations for consent, _ in one.consents)
    assert parse_whole_bundle(make_bundle(again, "Hill Clinic")) == again.dossier
    assert all(checked.findings == () for checked in verify_database(database))


def written(change: Callable[[dict[str, Any]], object] = lambda _: None, dossier: Dossier = SMALL) -> bytes:
    """A Bundle that is ours but for one change."""
    bundle = json.loads(make_bundle(deidentify_dossier(dossier), "Harbour Clinic"))
    change(bundle)
    return json.dumps(bundle).encode()


def first(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


def added(bundle: dict[str, Any], resource: dict[str, Any]) -> None:
    bundle["entry"].append({"fullUrl": "urn:uuid:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12, "resource": resource})


CONDITION = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/x"}}
LOSES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a type that is not kept": (lambda b: added(b, CONDITION), "Condition/c1"),
    "a field that is not kept": (lambda b: first(b, "Patient").update(gender="female"), "gender"),
    "an identifier that is not kept": (
        lambda b: first(b, "Patient")["identifier"].append({"system": "urn:x", "value": "7"}),
        "identifier",
    ),
    "a comment": (lambda b: first(b, "Observation").update(note=[{"text": "burn"}]), "note"),
    "a finding that no answer holds": (
        lambda b: first(b, "Observation")["valueCodeableConcept"].update(text="Phototype VI"),
        "valueCodeableConcept.text",
    ),
    "a resource twice": (lambda b: b["entry"].append(b["entry"][-1]), "(2)"),
    "a finding left out": (
        lambda b: b.update(entry=[e for e in b["entry"] if e["resource"]["resourceType"] != "Observation"]),
        "Observation/",
    ),
    "a moment of the bundle": (lambda b: b.update(timestamp="2026-01-01T00:00:00Z"), "Bundle.timestamp"),
    "another content than its hash": (
        lambda b: first(b, "Media")["content"].update(data=base64.b64encode(picture(orientation=6)).decode()),
        "Media/",
    ),
    "no picture": (
        lambda b: first(b, "Media")["content"].update(data=base64.b64encode(b"<script>").decode()),
        "Media/",
    ),
    "somebody else's consultation": (
        lambda b: first(b, "Encounter")["subject"].update(reference=b["entry"][2]["fullUrl"]),
        "Encounter/",
    ),
    "a state that there is not": (
        lambda b: first(b, "Encounter")["extension"][0]["extension"][0].update(valueString="paid"),
        "Encounter/",
    ),
    "references in a circle": (
        lambda b: first(b, "Observation").update(
            derivedFrom=[{"reference": b["entry"][-1]["fullUrl"]}, {"reference": b["entry"][-1]["fullUrl"]}]
        ),
        "derivedFrom",
    ),
}


@pytest.mark.parametrize("name", LOSES)
def test_what_could_not_be_kept_is_named_and_nothing_is_taken(name: str) -> None:
    change, where = LOSES[name]
    assert parse_whole_bundle(written()).patient.pseudonym == PATIENT.pseudonym
    with pytest.raises(InputError) as raised:
        parse_whole_bundle(written(change))
    assert raised.value.code == "bundle-loses"
    assert where in raised.value.message


def deep(levels: int) -> bytes:
    return b'{"resourceType":"Bundle","entry":' + b"[" * levels + b"]" * levels + b"}"


def nested(bundle: dict[str, Any]) -> None:
    held = first(bundle, "Patient")
    for _ in range(300):
        held["extension"] = [{"url": "urn:x", "extension": []}]
        held = held["extension"][0]
    held["valueString"] = "deep"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep arrays": lambda: deep(100_000),
    "deep extensions": lambda: written(nested),
    "a name twice": lambda: written().replace(
        b'{"resourceType": "Patient"', b'{"id": "x", "resourceType": "Patient"', 1
    ),
    "no number": lambda: written().replace(b'"versionId": "1"', b'"versionId": NaN', 1),
    "entries of another kind": lambda: written(lambda b: b.update(entry={"a": 1})),
    "an entry that is none": lambda: written(lambda b: b["entry"].append(7)),
    "a reference of another kind": lambda: written(lambda b: first(b, "Encounter").update(subject={"reference": 7})),
    "a year that is none": lambda: written(lambda b: first(b, "Patient").update(birthDate="mmxx")),
    "a whole day of birth": lambda: written(lambda b: first(b, "Patient").update(birthDate="1984-05-06")),
    "two patients": lambda: written(lambda b: b["entry"].append(b["entry"][0])),
    "a photograph that is no base64": lambda: written(lambda b: first(b, "Media")["content"].update(data="%%%")),
    "digits without end": lambda: written(lambda b: first(b, "Encounter")["meta"].update(versionId="9" * 5000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused(name: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_whole_bundle(HOSTILE[name]())
    assert raised.value.code in ("bad-bundle", "bundle-loses")


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    for content in (b"{" + b" " * MOST_BYTES, b'{"entry": [' + b"0," * 20_001 + b"0]}"):
        began = time.process_time()
        with pytest.raises(InputError) as raised:
            parse_whole_bundle(content)
        assert raised.value.code == "bundle-too-large"
        assert time.process_time() - began < 1

"""FHIR: what is written validates, names nobody, and is read back as it was."""

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from exchange_samples import OWNER, dossiers
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from PIL import Image
from pydantic import BaseModel

from skinbeam.model.consultation import REACTIONS
from skinbeam.model.errors import InputError
from skinbeam_clinic.appointments.models import Purpose
from skinbeam_clinic.exchange.deidentification import FHIR_BASE, deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, read_bundle
from skinbeam_clinic.exchange.fhir.elements import (
    format_time,
    local_concept,
    make_quantity,
    pain_quantity,
    percentage,
)
from skinbeam_clinic.follow_ups.models import FollowUpMoment, ImprovementQuarter
from skinbeam_clinic.models import Dossier
from skinbeam_clinic.pulse_settings import SETTINGS
from skinbeam_clinic.treatments.models import ADVERSE_KINDS, BodySide
from skinbeam_clinic.used_cooling import COOLING_SETTINGS, CoolingChange, CoolingKind


def resources(content: bytes) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(content)["entry"]]


def of(content: bytes, kind: str) -> list[dict[str, Any]]:
    return [one for one in resources(content) if one["resourceType"] == kind]


def found_for_photographs(content: bytes) -> list[dict[str, Any]]:
    return [one for one in of(content, "Consent") if one["scope"]["coding"][0]["code"] == "patient-privacy"]


def parts(model: Any) -> Iterator[BaseModel]:
    """A resource and everything in it."""
    if isinstance(model, BaseModel):
        yield model
        for name in type(model).model_fields:
            yield from parts(getattr(model, name))
    elif isinstance(model, list):
        for one in model:
            yield from parts(one)


# Purposes as HL7 codes them; its binding leaves a code of one's own only where HL7 has none (v3-PurposeOfUse).
_REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PURPOSES = {
    (_REASONS, "TREAT"): "care",
    (_REASONS, "TRAIN"): "teaching",
    (f"{FHIR_BASE}/CodeSystem/photograph-use", "publication"): "publication",
}

# Of a long list the library names the beginning, as FHIR's page of the type does; the value set goes on.
ALSO = {"Observation.status": ("corrected", "cancelled", "entered-in-error", "unknown")}


def bindings(model: BaseModel) -> Iterator[tuple[str, Any, list[str]]]:
    """The codes of a resource with those that FHIR allows there, which the library does not hold them to."""
    for name, field in type(model).model_fields.items():
        extra = field.json_schema_extra
        value = getattr(model, name)
        if isinstance(extra, dict) and "enum_values" in extra and value is not None:
            where = f"{type(model).__name__}.{name}"
            yield where, value, [*extra["enum_values"], *ALSO.get(where, ())]


@settings(max_examples=15)
@given(dossiers())
def test_what_is_written_is_read_back_as_it_was(dossier: Dossier) -> None:
    handed = deidentify_dossier(dossier)
    content = make_bundle(handed, "Harbour Clinic")
    assert read_bundle(content) == handed.dossier
    assert make_bundle(handed, "Harbour Clinic") == content
    rewritten = Bundle.model_validate_json(content).model_dump_json().encode()
    assert read_bundle(rewritten) == handed.dossier, "also after another program has written it anew"


@settings(max_examples=15)
@given(dossiers())
def test_every_resource_is_one_and_every_reference_leads_to_its_kind(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in json.loads(content)["entry"]}
    assert len(kinds) == len(resources(content))
    for one in resources(content):
        whole = get_fhir_model_class(one["resourceType"]).model_validate(one)
        for part in parts(whole):
            for where, value, allowed in bindings(part):
                assert value in allowed, where
            for name, field in type(part).model_fields.items():
                extra, value = field.json_schema_extra, getattr(part, name)
                wanted = extra.get("enum_reference_types") if isinstance(extra, dict) else None
                for held in value if isinstance(value, list) else [value]:
                    if wanted and held is not None and getattr(held, "reference", None):
                        assert {kinds[held.reference], "Resource"} & set(wanted), f"{type(part).__name__}.{name}"


@settings(max_examples=15)
@given(dossiers())
def test_nothing_names_who_it_was(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic").decode()
    whole = content + "".join(
        base64.b64decode(one["content"]["data"]).decode("latin-1") for one in of(content.encode(), "Media")
    )
    for secret in (OWNER, OWNER.encode().decode("latin-1"), "Ann", "GPS"):
        assert secret not in whole


@settings(max_examples=15)
@given(dossiers())
def test_status_and_hashes_say_what_the_records_say(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    by_url = {entry["fullUrl"]: entry["resource"] for entry in json.loads(content)["entry"]}
    consents = {consent.id: (consent, pdf) for one in dossier.consultations for consent, pdf in one.consents}
    found = [one for one in of(content, "Consent") if one["id"] in consents]
    assert len(found) == len(consents)
    for one in found:
        consent, pdf = consents[one["id"]]
        if consent.void_reason:
            assert one["status"] == "inactive"
        else:
            assert one["status"] == ("active" if consent.signed_at else "proposed")
        if pdf is not None:
            document = by_url[one["sourceReference"]["reference"]]
            assert document["masterIdentifier"]["value"] == hashlib.sha256(pdf).hexdigest()
            assert "data" not in document["content"][0]["attachment"]
            assert document["content"][0]["attachment"]["language"] == consent.language
    for one in of(content, "DocumentReference"):
        held = one["content"][0]["attachment"]
        if "data" in held:
            inside = base64.b64decode(held["data"])
            assert one["masterIdentifier"]["value"] == hashlib.sha256(inside).hexdigest()
            assert base64.b64decode(held["hash"]) == hashlib.sha1(inside, usedforsecurity=False).digest()
    permissions = {each.id: each.permissions for one in dossier.consultations for each, _ in one.photographs}
    for one in found_for_photographs(content):
        name = by_url[one["provision"]["data"][0]["reference"]["reference"]]["id"]
        rules = one["provision"]["provision"]
        provisions = {PURPOSES[use["system"], use["code"]]: rule["type"] for rule in rules for use in rule["purpose"]}
        assert provisions == {use: "permit" if yes else "deny" for use, yes in vars(permissions[name]).items()}
    (patient,) = of(content, "Patient")
    assert patient.keys() <= {"resourceType", "id", "extension", "identifier", "active", "birthDate"}
    assert len(patient.get("birthDate", "0000")) == 4, "the year alone"


@settings(max_examples=30)
@given(dossiers())
def test_what_does_not_count_in_the_clinic_counts_nowhere(dossier: Dossier) -> None:
    """Struck spots, notes and attachments, rows that another row replaces, and grades that their rater gave anew."""
    found = {one["id"]: one for one in resources(make_bundle(deidentify_dossier(dossier), "Harbour Clinic"))}
    wrong = {id for id, one in found.items() if one.get("status") == "entered-in-error"}
    spots = [spot for one in dossier.consultations for spot in one.test_spots]
    treatments = [treatment for one in dossier.consultations for treatment in one.treatments]
    follow_ups = [each for one in dossier.consultations for each in one.follow_ups]
    struck = {spot.id for spot in spots if spot.struck is not None}
    replaced = {area.id for each in treatments for area in each.areas if area not in each.valid_areas}
    last = {each.id: {grade.rater_id: grade for grade in each.grades if not grade.measured} for each in follow_ups}
    for each in follow_ups:
        for grade in each.grades:
            if grade.measured and all(other.measured for other in each.grades if other.rater_id == grade.rater_id):
                last[each.id][grade.rater_id] = grade
    counted = {each.id: list(last[each.id].values()) for each in follow_ups}
    regraded = {
        f"{each.id}-grade-{number}"
        for each in follow_ups
        for number, grade in enumerate(each.grades, 1)
        if grade not in counted[each.id]
    }
    documents = [*dossier.notes, *(one for one, _ in dossier.attachments)]
    mistakes = {one.id for one in documents if one.struck is not None}
    assert wrong == struck | {f"{id}-fired" for id in struck} | replaced | regraded | mistakes


@settings(max_examples=30)
@given(dossiers())
def test_an_area_is_told_where_and_when_it_was_treated_not_when_it_was_typed(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    found = {one["id"]: one for one in of(content, "Observation")}
    for one in dossier.consultations:
        for treatment in one.treatments:
            rows = {area.id: area for area in treatment.areas}
            for area in treatment.areas:
                told, first = found[area.id], area
                while first.fired.corrects is not None:
                    first = rows[first.fired.corrects]
                (side,) = [
                    part["valueCodeableConcept"]["coding"][0]["code"]
                    for part in told["component"]
                    if part["code"]["coding"][0]["code"] == "side"
                ]
                assert side == area.fired.side
                assert (side in told["bodySite"].get("text", "")) == (side != "both")
                late = treatment.ended_at is not None and first.fired_at > treatment.ended_at
                if late:
                    session = next(each for each in of(content, "Procedure") if each["id"] == treatment.id)
                    assert told["effectivePeriod"] == session["performedPeriod"]
                else:
                    assert told["effectiveDateTime"] == format_time(first.fired_at)
                assert ("issued" in told) == (late or area.fired.corrects is not None)
                assert told.get("issued", format_time(area.fired_at)) == format_time(area.fired_at)


@settings(max_examples=30)
@given(dossiers())
def test_nothing_is_told_that_nobody_recorded(dossier: Dossier) -> None:
    """No months after a treatment that is still to come, and no note as the reason why one was stopped."""
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    found = {one["id"]: one for one in resources(content)}
    for one in dossier.consultations:
        for each in one.follow_ups:
            told = {part["code"]["coding"][0]["code"]: part for part in found[each.id]["component"]}
            assert told["moment"]["valueCodeableConcept"]["coding"][0]["code"] == each.moment
            assert ("months-after" in told) == (each.moment == "after")
        for treatment in one.treatments:
            reason = found[treatment.id].get("statusReason", {})
            signs = [area.fired.endpoint for area in treatment.valid_areas if area.fired.endpoint.startswith("stop")]
            codes = [coding["code"] for coding in reason.get("coding", ())]
            assert codes == (signs[-1:] if treatment.state == "stopped" else [])
    (patient,) = of(content, "Patient")
    assert "period" not in patient["identifier"][0], "a pseudonym may have been given later than the person was added"


def concepts(value: Any) -> Iterator[dict[str, Any]]:
    """Every CodeableConcept within a resource."""
    if isinstance(value, dict):
        if "coding" in value:
            yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from concepts(part)


@settings(max_examples=15)
@given(dossiers())
def test_every_code_of_our_own_stands_beside_its_words(dossier: Dossier) -> None:
    """No other program knows these codes: without words it shows "seek", or nothing, where all went as intended."""
    for one in resources(make_bundle(deidentify_dossier(dossier), "Harbour Clinic")):
        for concept in concepts(one):
            assert concept.get("text") or concept["coding"][0].get("display"), (one["resourceType"], concept)


@settings(max_examples=15)
@given(dossiers())
def test_what_is_noted_of_an_adverse_event_stands_beside_its_kind(dossier: Dossier) -> None:
    """Of a burn with the note "2 cm" another program showed "2 cm" alone."""
    handed = deidentify_dossier(dossier)
    found = {one["id"]: one for one in of(make_bundle(handed, "Harbour Clinic"), "AdverseEvent")}
    for consultation in handed.dossier.consultations:
        for treatment in consultation.treatments:
            for event in treatment.events:
                text = found[event.id]["event"]["text"]
                assert text.startswith(local_concept("harm", event.kind)["text"])
                assert text.endswith(event.words)


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        ("cooling", CoolingKind),
        ("cooling-change", CoolingChange),
        ("cooling-setting", COOLING_SETTINGS),
        ("deviation", (*SETTINGS, "passes", "cooling")),
        ("endpoint", ("seek", "none", "other")),
        ("harm", ADVERSE_KINDS),
        ("moment", FollowUpMoment),
        ("purpose", Purpose),
        ("quarter", ImprovementQuarter),
        ("rater", ("blinded", "physician")),
        ("reaction", REACTIONS),
        ("setting", (*SETTINGS, "passes", "pulses")),
        ("side", BodySide),
    ],
)
def test_the_words_of_a_code_are_those_of_the_catalogue(system: str, codes: Iterable[str]) -> None:
    """A code that is a word itself, such as "blister", is the same in both."""
    said = {code: local_concept(system, code)["text"] for code in codes}
    assert all(words != code or code.isalpha() or code == "follow-up" for code, words in said.items())
    assert len(set(said.values())) == len(said), "two codes that are told apart have different words"


@settings(max_examples=15)
@given(dossiers())
def test_what_was_measured_is_what_was_answered(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    measured = [one for one in of(content, "Observation") if one["id"].endswith(("-phototype", "-ita"))]
    found = {(one["encounter"]["reference"], one["code"]["text"]): one for one in measured}
    count = 0
    for one in dossier.consultations:
        answered = dict(one.consultation.answers.entries)
        here = f"urn:uuid:{one.consultation.id[:8]}"
        grades = [
            value for (url, name), value in found.items() if url.startswith(here) and name == "Fitzpatrick phototype"
        ]
        angles = [
            value for (url, name), value in found.items() if url.startswith(here) and name != "Fitzpatrick phototype"
        ]
        if answered["patient.phototype"] in ("II", "V-VI"):
            (grade,) = grades
            assert grade["valueCodeableConcept"]["coding"][0]["code"] == answered["patient.phototype"]
            count += 1
        if answered["patient.ita_deg"] in ("34", "-12,5", "41.25"):
            (angle,) = angles
            assert angle["valueQuantity"]["value"] == float(answered["patient.ita_deg"].replace(",", "."))
            count += 1
    assert count == len(found)


@settings(max_examples=15)
@given(dossiers())
def test_photographs_show_the_same(dossier: Dossier) -> None:
    content = make_bundle(deidentify_dossier(dossier), "Harbour Clinic")
    pictures = {photograph.id: picture for one in dossier.consultations for photograph, picture in one.photographs}
    assert {one["id"] for one in of(content, "Media")} == set(pictures)
    for one in of(content, "Media"):
        with (
            Image.open(io.BytesIO(base64.b64decode(one["content"]["data"]))) as shown,
            Image.open(io.BytesIO(pictures[one["id"]])) as taken,
        ):
            assert shown.tobytes() == taken.tobytes()
            assert shown.getexif().get(0x0112, 1) == taken.getexif().get(0x0112, 1)
            assert set(shown.getexif()) <= {0x0112}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"resourceType": "Bundle", "type": "collection"}',
        b'{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}',
        b'{"resourceType": "Patient", "birthDate": "1984"}',
    ],
)
def test_what_is_no_bundle_of_ours_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="not a FHIR R4B bundle"):
        read_bundle(content)


def test_every_unit_is_coded_in_ucum() -> None:
    """Another program compares quantities by the code, and cannot read a unit that is only written."""
    quantities = [percentage(12.34), pain_quantity(3), *(make_quantity(name, 1.0) for name in SETTINGS)]
    for one in quantities:
        assert one["system"] == "http://unitsofmeasure.org"
        assert one["unit"]
        assert one["code"]

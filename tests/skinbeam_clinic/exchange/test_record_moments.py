"""Dates of records that come from another clinic: none that no record can have, and none that stops a page here."""

import datetime
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from app_samples import made_plan
from document_samples import LETTER, PDF
from record_samples import ANSWERS
from treated_rows import add_treatment, agree

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle
from skinbeam_clinic.exchange.record_formats import make_importer
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring

DAY = datetime.timedelta(days=1)
IMPOSSIBLE = {
    "too-late": "9999-12-31T23:59:59+00:00",
    "too-early": "0001-01-01T00:00:00+00:00",
    "in-three-days": (now() + 3 * DAY).isoformat(),
    "without-zone": "2026-01-02T10:00:00",
}


@pytest.fixture
def patient(repositories: ClinicRepositories) -> str:
    consultation = repositories.consultations.begin(repositories.patients.add("Heron").id, ANSWERS)
    id = consultation.patient_id
    repositories.notes.strike(repositories.notes.add(id, "Wrong.", consultation_id=consultation.id).id, "Elsewhere.")
    repositories.attachments.strike(repositories.attachments.add(id, PDF, **LETTER).id, "Elsewhere.")
    return id


def moments(value: Any) -> Iterator[tuple[Any, Any]]:
    """The place of each date in a JSON document: what holds it, and the key."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, dict | list):
            yield from moments(one)
        elif isinstance(one, str) and "T" in one:
            try:
                datetime.datetime.fromisoformat(one)
            except ValueError:
                continue
            yield value, key


@pytest.mark.parametrize("written", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_no_date_of_a_copy_is_one_that_no_record_has(
    database: Database, repositories: ClinicRepositories, patient: str, written: str
) -> None:
    (consultation,) = repositories.consultations.of(patient)
    plan = repositories.plans.add(consultation.id, made_plan(), revision=1)
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    repositories.test_spots.fire(consultation.id, SpotFiring(plan.id, settings, 24.0, ORAL_CONSENT))
    add_treatment(repositories, agree(repositories, plan.id), days_ago=2)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    count = len(list(moments(json.loads(files["record.json"]))))
    # Of the patient, the consultation, the note, the attachment, both strikes, the plan, the spot and the treatment.
    assert count >= 10
    refused = 0
    for number in range(count):
        record = json.loads(files["record.json"])
        record["patient"]["id"] = f"{number:032x}"
        held, key = list(moments(record))[number]
        held[key] = written
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in (files | {"record.json": json.dumps(record).encode()}).items():
                archive.writestr(name, content)
        before = len(other.patients.list_all())
        with suppress(InputError):  # of a date that nobody reads there is no error
            make_importer(packed.getvalue())(other)
        refused += len(other.patients.list_all()) == before
    assert refused >= 9
    assert other.erasure.list_erasable(retention_years=10) == ()


@pytest.mark.parametrize("written", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_no_date_of_a_bundle_is_one_that_no_record_has(
    database: Database, repositories: ClinicRepositories, patient: str, written: str
) -> None:
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    bundle = json.loads(make_bundle(deidentify_dossier(repositories.dossiers.export(patient, "fhir")), "Harbour"))
    saved = next(entry["resource"] for entry in bundle["entry"] if "authored" in entry["resource"])
    saved["authored"] = written
    with pytest.raises(InputError):
        make_importer(json.dumps(bundle).encode())(other)
    assert other.erasure.list_erasable(retention_years=10) == ()


def test_a_bundle_whose_consent_may_be_signed_in_weeks_is_taken(
    database: Database, repositories: ClinicRepositories
) -> None:
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    plan = repositories.plans.add(consultation.id, made_plan(), revision=1)
    repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=14 * DAY)
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(consultation.patient_id, "fhir")), "Harbour")
    make_importer(bundle)(other)
    (taken,) = other.patients.list_all()
    (same,) = other.consultations.of(taken.id)
    assert [one.not_before > now() + 13 * DAY for one in other.consents.of(same.id)] == [True]

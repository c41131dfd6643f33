"""`skinbeam records export --as FORM`, as whoever runs the machine types it."""

import csv
import datetime
import json
import re
import shlex
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from exchange_samples import JPEGS, PLAN, picture
from paths import ROOT
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.exchange.dicom import read_dicom
from skinbeam_clinic.exchange.fhir.bundle import read_bundle
from skinbeam_clinic.exchange.plan_option_table import PlanOptionRow
from skinbeam_clinic.models import NewPlan, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.client import SESSION_COOKIE

Run = Callable[..., Any]
CLINIC = ("--clinic", "Harbour Clinic", "--json")


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClinicRepositories]:
    """Repositories of a clinic with a patient of whom something of every kind is kept; commands find its database."""
    environment = {KEY_VARIABLE: generate_key(), "SKINBEAM_DB": str(tmp_path / "clinic.sqlite")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    upgrade_database(environment["SKINBEAM_DB"], environment)
    opened = open_database(environment["SKINBEAM_DB"], environment)
    made = ClinicRepositories(opened, create_clinic(opened, "Harbour Clinic", synthetic=True))
    patient = made.patients.add(year_of_birth=1984)
    made.patients.set_contact(patient.id, {"name": "Zoë"})
    answers = Submission((("patient.phototype", "II"), ("patient.age_years", "42")))
    consultation = made.consultations.begin(patient.id, answers)
    for content, kind in ((JPEGS[0], "jpeg"), (picture("PNG"), "png"), (b"\xff\xd8 no picture", "jpeg")):
        made.photographs.add(consultation.id, content, f"image/{kind}", PhotographPermissions(teaching=True))
    files = {"plan.json": bytes(PLAN), "report.pdf": b"%PDF report", "report.html": b"<html>"}
    plan = made.plans.add(consultation.id, NewPlan("c" * 64, "a" * 64, "0.2.0", 0, 200, files), revision=1)
    made.plans.choose(plan.id, "0.0", "because")
    yield made
    opened.close()


def test_a_patient_as_fhir(repositories: ClinicRepositories, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "fhir", "-o", str(tmp_path / "heron.json"), *CLINIC)
    assert ran.code == 0, ran.err
    assert len(ran.document["photographs_left_out"]) == 1
    dossier = read_bundle((tmp_path / "heron.json").read_bytes())
    (one,) = dossier.consultations
    assert (dossier.patient.pseudonym, dossier.patient.year_of_birth) == ("P00001", 1984)
    assert [photograph.media_type for photograph, _ in one.photographs] == ["image/jpeg", "image/png"]
    assert one.plans[0].files == {"plan.json": PLAN, "report.pdf": b"%PDF report"}
    assert [(choice.option, choice.notes) for choice in one.plans[0].choices] == [("0.0", "because")]
    steps = [step.action for step in repositories.audit_log.newest(100, subject=f"patient/{dossier.patient.id}")]
    assert "record.exported" in steps


def test_what_was_exported_is_taken_in_by_another_clinic(
    repositories: ClinicRepositories, run: Run, tmp_path: Path
) -> None:
    (patient,) = repositories.patients.list_all()
    (plan,) = repositories.plans.of(repositories.consultations.of(patient.id)[0].id)
    consent = repositories.consents.record_explanation(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    file = tmp_path / "heron.json"
    assert run("records", "export", "P00001", "--as", "fhir", "-o", str(file), *CLINIC).code == 0
    database = repositories.erasure._access.database
    other = ClinicRepositories(database, create_clinic(database, "Hill Clinic"))
    ran = run("records", "import", str(file), "--clinic", "Hill Clinic", "--json")
    assert (ran.code, ran.document["patient"], ran.document["consents_void"]) == (0, "P00001", [consent.id])
    (taken,) = other.patients.list_all()
    (one,) = other.consultations.of(taken.id)
    (imported,) = other.plans.of(one.id)
    assert (imported.plan_sha256, imported.made_at) == (plan.plan_sha256, plan.made_at)
    assert [each.void_reason for each in other.consents.of(one.id)] == ["elsewhere"]
    signed = AccountRepository(database, other.member, PasswordHasher()).add(
        "ada", Role.OWNER, "four words nobody guesses"
    )
    client = TestClient(build_clinic_app(database), base_url="https://localhost")
    token = SignIn(database, PasswordHasher()).sign_in("Hill Clinic", signed.name, "four words nobody guesses").token
    client.cookies.set(f"__Host-{SESSION_COOKIE}", token, domain="localhost.local")
    for page in (f"/patients/{taken.id}", f"/consultations/{one.id}", f"/plans/{imported.id}"):
        assert client.get(page).status_code == 200, page
    assert "given in another clinic" in client.get(f"/plans/{imported.id}").text


def test_a_bundle_that_says_more_than_is_kept_is_refused_with_what_it_is(
    repositories: ClinicRepositories, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "heron.json"
    run("records", "export", "P00001", "--as", "fhir", "-o", str(file), *CLINIC)
    bundle = json.loads(file.read_bytes())
    bundle["entry"][0]["resource"]["gender"] = "female"
    file.write_text(json.dumps(bundle), encoding="utf-8")
    ran = run("records", "import", str(file), *CLINIC)
    assert (ran.code, ran.document["error"]["code"]) == (2, "bundle-loses")
    assert "gender" in ran.document["error"]["message"]
    assert len(repositories.patients.list_all()) == 1


def test_a_patients_photographs_as_dicom(repositories: ClinicRepositories, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "dicom", "-o", str(tmp_path / "heron.zip"), *CLINIC)
    assert ran.code == 0, ran.err
    assert len(ran.document["photographs_left_out"]) == 1
    with zipfile.ZipFile(tmp_path / "heron.zip") as archive:
        assert archive.namelist() == ["001/photograph-01.dcm", "001/photograph-02.dcm"]
        taken = [read_dicom(archive.read(name)) for name in archive.namelist()]
    (one,) = repositories.consultations.of(repositories.patients.list_all()[0].id)
    assert [each.photograph_id for each in taken] == [each.id for each in repositories.photographs.of(one.id)[:2]]
    assert {(each.pseudonym, each.consultation_id, each.day) for each in taken} == {
        ("P00001", one.id, one.created_at.date())
    }


def test_a_patient_without_photographs_gets_no_empty_archive(
    repositories: ClinicRepositories, run: Run, tmp_path: Path
) -> None:
    repositories.patients.add("C-2")
    ran = run("records", "export", "C-2", "--as", "dicom", "-o", str(tmp_path / "crane.zip"), *CLINIC)
    assert (ran.code, ran.document["error"]["code"]) == (2, "no-photographs")
    assert not (tmp_path / "crane.zip").exists()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_clinics_plans_as_a_table(form: str, repositories: ClinicRepositories, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "--as", form, "-o", str(tmp_path / "plans"), *CLINIC)
    assert ran.code == 0, ran.err
    if form == "csv":
        rows = list(csv.DictReader((tmp_path / "plans").read_text(encoding="utf-8").splitlines()))
    else:
        rows = pq.read_table(tmp_path / "plans").to_pylist()
    assert [str(row["chosen"]).lower() for row in rows] == ["true", "false", "false", "false"]
    assert "plans.exported" in [step.action for step in repositories.audit_log.newest(100, subject="plan")]


def test_a_table_is_of_nobody_and_a_bundle_of_somebody(
    repositories: ClinicRepositories, run: Run, tmp_path: Path
) -> None:
    for words, code in ((("P00001", "--as", "csv"), "of-the-clinic"), (("--as", "fhir"), "of-one"), ((), "of-one")):
        ran = run("records", "export", *words, "-o", str(tmp_path / "x"), *CLINIC)
        assert (ran.code, ran.document["error"]["code"]) == (2, code)


def test_what_the_guide_says_runs(
    repositories: ClinicRepositories, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "guide" / "exchange.md").read_text(encoding="utf-8")
    lines = re.findall(r"^skinbeam (.*)$", page, re.MULTILINE)
    assert len(lines) == 5
    create_clinic(repositories.erasure._access.database, "Hill Clinic")
    for line in lines:
        words = shlex.split(line)
        assert run(*words).code == 0, line
        assert "export" not in words or Path(words[-1]).stat().st_size > 0
    columns = re.findall(r"`(\w+)`", page.split("| columns |")[1].split("**Left out")[0])
    documented = {
        *columns,
        *(f"{name}{end}" for name in ("p_effective", "p_harm", "p_half") for end in ("_low", "_high")),
    }
    missing = {field.name for field in fields(PlanOptionRow)} - documented
    assert not missing, "say what these columns hold under `Tables` of docs/guide/exchange.md"


def test_a_form_that_is_not_there_names_the_nearest(repositories: ClinicRepositories, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "fihr", "-o", str(tmp_path / "x"), *CLINIC)
    assert (ran.code, ran.document["error"]["hint"]) == (2, 'Did you mean "fhir"?')


def test_without_its_library_a_form_is_not_there_and_nothing_was_read(
    repositories: ClinicRepositories, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "skinbeam_clinic.exchange.fhir.bundle", raising=False)
    monkeypatch.setitem(sys.modules, "fhir.resources.R4B.bundle", None)  # as where it is not installed
    before = repositories.audit_log.newest(1)
    ran = run("records", "export", "P00001", "--as", "fhir", "-o", str(tmp_path / "x"), *CLINIC)
    assert ran.code == 3
    assert "skinbeam-clinic[exchange]" in ran.document["unknown"]
    assert json.loads(ran.out)["schema"] == "skinbeam.records/1"
    assert [step.seq for step in repositories.audit_log.newest(1)] == [before[0].seq + 1], "the look at the trail alone"
    assert not (tmp_path / "x").exists()

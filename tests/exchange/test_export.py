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
from starlette.testclient import TestClient

from skinbeam.app.clinic.door.cookies import SESSION
from skinbeam.app.clinic.server import build_clinic
from skinbeam.exchange.dicom import read_dicom
from skinbeam.exchange.fhir.bundle import read_bundle
from skinbeam.exchange.tables import Row
from skinbeam.records.desk.desk import Desk
from skinbeam.records.kept import Made, Permissions
from skinbeam.records.people.accounts import Accounts, create_clinic
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.signin import SignIn
from skinbeam.records.roles import Role
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up

Run = Callable[..., Any]
CLINIC = ("--clinic", "Harbour Clinic", "--json")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The desk of a clinic with a patient of whom something of every kind is kept; commands find its database."""
    environment = {VARIABLE: fresh_key(), "SKINBEAM_DB": str(tmp_path / "clinic.sqlite")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    set_up(environment["SKINBEAM_DB"], environment)
    opened = open_database(environment["SKINBEAM_DB"], environment)
    made = Desk(opened, create_clinic(opened, "Harbour Clinic", synthetic=True))
    patient = made.patients.add(year_of_birth=1984)
    made.patients.set_contact(patient.id, {"name": "Zoë"})
    answers = {"entries": [["patient.phototype", "II"], ["patient.age_years", "42"]], "photograph": ""}
    consultation = made.consultations.begin(patient.id, answers)
    for content, kind in ((JPEGS[0], "jpeg"), (picture("PNG"), "png"), (b"\xff\xd8 no picture", "jpeg")):
        made.photographs.add(consultation.id, content, f"image/{kind}", Permissions(teaching=True))
    files = {"plan.json": bytes(PLAN), "report.pdf": b"%PDF report", "report.html": b"<html>"}
    plan = made.plans.add(consultation.id, Made("c" * 64, "a" * 64, "0.2.0", 0, 200, files), revision=1)
    made.plans.choose(plan.id, "0.0", "because")
    yield made
    opened.close()


def test_a_patient_as_fhir(desk: Desk, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "fhir", "-o", str(tmp_path / "heron.json"), *CLINIC)
    assert ran.code == 0, ran.err
    assert len(ran.document["photographs_left_out"]) == 1
    dossier = read_bundle((tmp_path / "heron.json").read_bytes())
    (one,) = dossier.consultations
    assert (dossier.patient.pseudonym, dossier.patient.year_of_birth) == ("P00001", 1984)
    assert [photograph.media_type for photograph, _ in one.photographs] == ["image/jpeg", "image/png"]
    assert one.plans[0].files == {"plan.json": PLAN, "report.pdf": b"%PDF report"}
    assert [(choice.option, choice.notes) for choice in one.plans[0].choices] == [("0.0", "because")]
    steps = [step.action for step in desk.trail.last(100, subject=f"patient/{dossier.patient.id}")]
    assert "record.exported" in steps


def test_what_was_exported_is_taken_in_by_another_clinic(desk: Desk, run: Run, tmp_path: Path) -> None:
    (patient,) = desk.patients.all()
    (plan,) = desk.plans.of(desk.consultations.of(patient.id)[0].id)
    consent = desk.consents.explain(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    file = tmp_path / "heron.json"
    assert run("records", "export", "P00001", "--as", "fhir", "-o", str(file), *CLINIC).code == 0
    database = desk.erasure._access.database
    other = Desk(database, create_clinic(database, "Hill Clinic"))
    assert run("records", "import", str(file), "--clinic", "Hill Clinic").code == 0
    ran = run("records", "import", str(file), "--clinic", "Hill Clinic", "--json")
    assert (ran.code, ran.document["patient"], ran.document["consents_void"]) == (0, "P00002", [consent.id])
    taken = other.patients.all()[1]
    (one,) = other.consultations.of(taken.id)
    (kept,) = other.plans.of(one.id)
    assert (kept.plan_sha256, kept.made_at) == (plan.plan_sha256, plan.made_at)
    assert [each.void_reason for each in other.consents.of(one.id)] == ["elsewhere"]
    signed = Accounts(database, other.member, Passwords()).add("ada", Role.OWNER, "four words nobody guesses")
    client = TestClient(build_clinic(database), base_url="https://localhost")
    token = SignIn(database, Passwords()).sign_in("Hill Clinic", signed.name, "four words nobody guesses").token
    client.cookies.set(f"__Host-{SESSION}", token, domain="localhost.local")
    for page in (f"/patients/{taken.id}", f"/consultations/{one.id}", f"/plans/{kept.id}"):
        assert client.get(page).status_code == 200, page
    assert "given in another clinic" in client.get(f"/plans/{kept.id}").text


def test_a_bundle_that_says_more_than_is_kept_is_refused_with_what_it_is(desk: Desk, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "heron.json"
    run("records", "export", "P00001", "--as", "fhir", "-o", str(file), *CLINIC)
    bundle = json.loads(file.read_bytes())
    bundle["entry"][0]["resource"]["gender"] = "female"
    file.write_text(json.dumps(bundle), encoding="utf-8")
    ran = run("records", "import", str(file), *CLINIC)
    assert (ran.code, ran.document["error"]["code"]) == (2, "bundle-loses")
    assert "gender" in ran.document["error"]["message"]
    assert len(desk.patients.all()) == 1


def test_a_patients_photographs_as_dicom(desk: Desk, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "dicom", "-o", str(tmp_path / "heron.zip"), *CLINIC)
    assert ran.code == 0, ran.err
    assert len(ran.document["photographs_left_out"]) == 1
    with zipfile.ZipFile(tmp_path / "heron.zip") as archive:
        assert archive.namelist() == ["001/photograph-01.dcm", "001/photograph-02.dcm"]
        taken = [read_dicom(archive.read(name)) for name in archive.namelist()]
    (one,) = desk.consultations.of(desk.patients.all()[0].id)
    assert [each.photograph_id for each in taken] == [each.id for each in desk.photographs.of(one.id)[:2]]
    assert {(each.pseudonym, each.consultation_id, each.day) for each in taken} == {
        ("P00001", one.id, one.created_at.date())
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_clinics_plans_as_a_table(form: str, desk: Desk, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "--as", form, "-o", str(tmp_path / "plans"), *CLINIC)
    assert ran.code == 0, ran.err
    if form == "csv":
        rows = list(csv.DictReader((tmp_path / "plans").read_text(encoding="utf-8").splitlines()))
    else:
        rows = pq.read_table(tmp_path / "plans").to_pylist()
    assert [str(row["chosen"]).lower() for row in rows] == ["true", "false", "false", "false"]
    assert "plans.exported" in [step.action for step in desk.trail.last(100, subject="plan")]


def test_a_table_is_of_nobody_and_a_bundle_of_somebody(desk: Desk, run: Run, tmp_path: Path) -> None:
    for words, code in ((("P00001", "--as", "csv"), "of-the-clinic"), (("--as", "fhir"), "of-one"), ((), "of-one")):
        ran = run("records", "export", *words, "-o", str(tmp_path / "x"), *CLINIC)
        assert (ran.code, ran.document["error"]["code"]) == (2, code)


def test_what_the_guide_says_runs(desk: Desk, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "guide" / "exchange.md").read_text(encoding="utf-8")
    lines = re.findall(r"^skinbeam (.*)$", page, re.MULTILINE)
    assert len(lines) == 5
    create_clinic(desk.erasure._access.database, "Hill Clinic")
    for line in lines:
        words = shlex.split(line)
        assert run(*words).code == 0, line
        assert "export" not in words or Path(words[-1]).stat().st_size > 0
    columns = re.findall(r"`(\w+)`", page.split("| columns |")[1].split("**Left out")[0])
    told = {*columns, *(f"{name}{end}" for name in ("p_effective", "p_harm", "p_half") for end in ("_low", "_high"))}
    assert {field.name for field in fields(Row)} <= told


def test_a_form_that_is_not_there_names_the_nearest(desk: Desk, run: Run, tmp_path: Path) -> None:
    ran = run("records", "export", "P00001", "--as", "fihr", "-o", str(tmp_path / "x"), *CLINIC)
    assert (ran.code, ran.document["error"]["hint"]) == (2, 'Did you mean "fhir"?')


def test_without_its_library_a_form_is_not_there_and_nothing_was_read(
    desk: Desk, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "skinbeam.exchange.fhir.bundle", raising=False)
    monkeypatch.setitem(sys.modules, "fhir.resources.R4B.bundle", None)  # as where it is not installed
    before = desk.trail.last(1)
    ran = run("records", "export", "P00001", "--as", "fhir", "-o", str(tmp_path / "x"), *CLINIC)
    assert ran.code == 3
    assert "skinbeam[exchange]" in ran.document["unknown"]
    assert json.loads(ran.out)["schema"] == "skinbeam.records/1"
    assert [step.seq for step in desk.trail.last(1)] == [before[0].seq + 1], "the look at the trail alone"
    assert not (tmp_path / "x").exists()

"""A clinic leaves: everything comes out, for nobody else to read, and its patients go in elsewhere; all made up."""

import csv
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from clinic_samples import HOME, Clinics
from treatment_samples import ORDERED, clear_answers, fired, read_spots

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.clinic_transfer.csv_files import write_csv
from skinbeam_clinic.clinic_transfer.export import _cells, export_clinic
from skinbeam_clinic.clinic_transfer.mapping import ImportKind
from skinbeam_clinic.clinic_transfer.preview import make_planner
from skinbeam_clinic.database.tables import Base
from skinbeam_clinic.errors import DeniedError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling


@dataclass(frozen=True)
class _Signed:
    whole: int
    part: float


# Table of the database → the file of an export that has its rows, a part of a patient's record in the copies (`*/`), or
# a sentence why they stay behind.
PLACES = {
    "adverse_event": "adverse_events",
    "alarm": "*/alarm",
    "alarm_decision": "*/alarm",
    "api_token": "Another program's key to this database.",
    "appointment": "appointments",
    "appointment_reminder": "appointment_reminders",
    "attachment": "attachments",
    "calendar_feed": "The address of a calendar of this server.",
    "choice": "choices",
    "clinic": "Its name is in the copies; the rest is the state of the audit log.",
    "clinic_contact": "clinic_contact",
    "clinic_settings": "How members of this database sign in.",
    "clinic_text": "clinic_texts",
    "clinical_note": "notes",
    "closed_days": "closed_days",
    "consent": "consents",
    "consent_language": "consents",
    "consent_text": "consents",
    "consent_void": "consents",
    "consultation": "consultations",
    "contact": "patients",
    "diary_entry": "diary_entries",
    "diary_link": "The key to a page of this server.",
    "diary_reading": "diary_entries",
    "follow_up": "follow_ups",
    "job": "Work of this server.",
    "login_challenge": "A moment of a sign-in.",
    "login_lock": "A moment of a sign-in.",
    "login_session": "A moment of a sign-in.",
    "machine": "machines",
    "machine_upkeep": "machine_upkeep",
    "member": "Each record names who made it; another clinic has its own members.",
    "notice": "What a member is told about the account here.",
    "oidc_identity": "How a member signs in here.",
    "own_device": "own_devices",
    "pair_analysis": "*/measured",
    "passkey": "How a member signs in here.",
    "patient": "patients",
    "patient_link": "patient_links",
    "patient_link_end": "patient_links",
    "photograph": "photographs",
    "photograph_pair": "*/pairs",
    "plan": "plans",
    "recovery": "How a member signs in here.",
    "store": "The keys and the revision of this database.",
    "suggested_concern": "*/suggested_concerns",
    "tell_back": "consents",
    "temporary_password": "How a member signs in here.",
    "test_spot": "test_spots",
    "trail": "It is proof inside its database and its backups alone.",
    "treated_area": "treated_areas",
    "treatment": "treatments",
}
MARKUP = '+1</p><script>alert(1)</script> {{ 7 * 7 }}\n\n#eval("7*7")'
FORMULA = '=HYPERLINK("http://127.0.0.1","here")'


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


@pytest.fixture(scope="module")
def exported(clinics: Clinics, names: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    repositories = clinics.repositories(Role.OWNER)
    details = {"name": "Zoë Synthetic", "born": "1974-05-06", "phone": "+49 30 1", "address": FORMULA, "number": "17"}
    repositories.patients.set_contact(names["patient"], details | {"remind_by": "phone"})
    ahead = repositories.appointments.get(names["appointment"])
    repositories.reminders.mark(ahead.id, revision=ahead.revision)
    repositories.treatments.choose_machine(names["treatment"], names["machine"])
    repositories.treatments.add_answers(names["treatment"], clear_answers())
    read_spots(repositories, repositories.plans.of(names["consultation"])[0])
    repositories.treatments.start(names["treatment"])
    repositories.treatments.add_area(
        names["treatment"], fired(settings={"fluence_J_cm2": 6.5}, cooling=UsedCooling(kind=CoolingKind.AIR))
    )
    repositories.machine_upkeep.add(
        names["machine"], kind="meter", done_on="2026-01-12", due_on="2027-01-12", shots="9"
    )
    text = repositories.clinic_texts.add(use="consent", language="en", title=FORMULA, text=MARKUP)
    repositories.clinic_texts.revise(text.text_id, language="en", title="Before", text="Come early.", number=1)
    contact = repositories.clinic_contact.get()
    repositories.clinic_contact.save(place="Quay 1, Harbour", phone="+44 20 7946 0000", version=contact.version)
    folder = tmp_path_factory.mktemp("left") / "clinic"
    killed = folder.with_name(f".{folder.name}.{'0' * 16}")  # as an export that is killed leaves it
    killed.mkdir(0o700)
    (killed / "patients.csv").write_bytes(b"name")
    export_clinic(repositories, folder)
    return folder


def test_everything_of_the_clinic_comes_out(clinics: Clinics, names: dict[str, str], exported: Path) -> None:
    repositories = clinics.repositories(Role.OWNER)
    kept = repositories.patient_links.list_kept_ids()
    people = [one for one in repositories.patients.list_all() if one.id not in kept]
    assert {row["pseudonym"] for row in table(exported / "patients.csv")} == {one.pseudonym for one in people}
    ids = {
        "consultations": names["consultation"],
        "photographs": names["photograph"],
        "plans": names["plan"],
        "consents": names["consent"],
        "test_spots": names["spot"],
        "treatments": names["treatment"],
        "adverse_events": names["event"],
        "follow_ups": names["follow_up"],
        "notes": names["note"],
        "attachments": names["attachment"],
    }
    for name, id in ids.items():
        assert id in {row["id"] for row in table(exported / f"{name}.csv")}, name
    assert names["machine"] in {row["id"] for row in table(exported / "machines.csv")}
    (done,) = table(exported / "machine_upkeep.csv")
    assert [done[name] for name in ("machine_id", "kind", "done_on", "due_on", "shots")] == [
        *(names["machine"], "meter", "2026-01-12", "2027-01-12", "9")
    ]
    (own,) = repositories.own_devices.list_all()
    (device,) = table(exported / "own_devices.csv")
    assert (device["id"], device["name"], device["text"]) == (own.id, own.name, own.text)
    (file,) = (exported / "devices").iterdir()
    assert (file.name, file.read_bytes().decode()) == (own.file, own.text)
    linked = {(one["id"], one["kept_pseudonym"], one["reason"]) for one in table(exported / "patient_links.csv")}
    assert (names["patient_link"], repositories.patients.get(names["patient"]).pseudonym, "One person.") in linked
    versions = {(one["use"], one["number"], one["text"]) for one in table(exported / "clinic_texts.csv")}
    assert {("consent", "1", f"'{MARKUP}"), ("consent", "2", "Come early.")} < versions
    (reminded,) = table(exported / "appointment_reminders.csv")
    assert [reminded[name] for name in ("appointment_id", "way", "state")] == [names["appointment"], "phone", "marked"]
    assert len(table(exported / "diary_entries.csv")) == 1
    (consultation,) = [row for row in table(exported / "consultations.csv") if row["id"] == names["consultation"]]
    assert (
        json.loads(consultation["answers"]) == repositories.consultations.get(names["consultation"]).answers.as_record()
    )
    (session,) = [row for row in table(exported / "sessions.csv") if row["cooling"]]
    assert (session["treats"], float(session["fluence_J_cm2"]), session["cooling"]) == (ORDERED.condition, 6.5, "air")
    assert session["site"] == ORDERED.site, "without it an import takes it for one of every site"
    for row in table(exported / "files.csv"):
        with zipfile.ZipFile(exported / row["copy"]) as copy:
            assert json.loads(copy.read("record.json"))["patient"]["pseudonym"] == row["patient"]
        assert json.loads((exported / row["fhir"]).read_bytes())["resourceType"] == "Bundle"
    entries = repositories.audit_log.newest(1000)
    assert [one.subject.partition("/")[0] for one in entries if one.action == "clinic.exported"] == ["clinic"]


def test_no_table_of_the_database_is_forgotten(clinics: Clinics, exported: Path) -> None:
    """A new table needs a line in `PLACES`, and what has rows here has some in the export."""
    assert set(PLACES) == set(Base.metadata.tables)
    repositories = clinics.repositories(Role.OWNER)
    parts: set[str] = set()
    for row in table(exported / "files.csv"):
        with zipfile.ZipFile(exported / row["copy"]) as copy:
            parts |= set(_filled_parts(json.loads(copy.read("record.json"))))
    with clinics.database.reading() as session:
        for name, place in PLACES.items():
            if place.endswith("."):
                continue
            stored = Base.metadata.tables[name]
            ours = sa.select(sa.func.count()).where(stored.c.clinic_id == repositories.member.clinic_id)
            has_rows = bool(session.scalar(ours))
            if place.startswith("*/"):
                assert place.removeprefix("*/") in parts or not has_rows, name
            else:
                assert table(exported / f"{place}.csv") or not has_rows, name


def _filled_parts(value: Any) -> Iterator[str]:
    """Yield the names of the values of a JSON document that are not empty."""
    for part in value if isinstance(value, list) else ():
        yield from _filled_parts(part)
    for name, part in value.items() if isinstance(value, dict) else ():
        if part:
            yield name
            yield from _filled_parts(part)


def test_closed_days_and_the_clinics_own_address_come_out(clinics: Clinics, exported: Path) -> None:
    (days,) = clinics.repositories(Role.OWNER).closed_days.list_all()
    (written,) = table(exported / "closed_days.csv")
    assert (written["first_day"], written["last_day"]) == (days.first_day.isoformat(), "2030-12-25")
    assert json.loads(written["yearly"]) is False
    (contact,) = table(exported / "clinic_contact.csv")
    assert (contact["place"], contact["phone"]) == ("Quay 1, Harbour", "'+44 20 7946 0000")


def test_a_negative_number_is_a_number() -> None:
    """A spreadsheet that reads '-2 as a text adds nothing up."""
    assert write_csv(("a", "b"), [_cells(_Signed(-2, -0.5))]) == b"\xef\xbb\xbfa,b\r\n-2,-0.5\r\n"


def test_what_a_killed_export_left_is_removed(exported: Path) -> None:
    assert list(exported.parent.iterdir()) == [exported]


def test_nobody_else_on_the_machine_can_read_it_and_no_cell_is_a_formula(exported: Path) -> None:
    for path in (exported, *exported.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    for path in exported.glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))):
            assert not [cell for cell in row if cell[:1] in "=+@" and cell], path
    assert f"'{FORMULA}" in [row["address"] for row in table(exported / "patients.csv")]


def test_exported_patients_appointments_and_sessions_are_imported_again(
    clinics: Clinics, names: dict[str, str], exported: Path
) -> None:
    other, home = clinics.repositories(Role.OWNER, "Hill Clinic"), clinics.repositories(Role.OWNER)
    machine = home.machines.get(names["machine"])
    other.machines.add(device=machine.device, serial=machine.serial, name=machine.name)
    plan = make_planner({kind: exported / f"{kind}.csv" for kind in ImportKind}, None)
    made = other.imports.write(plan)
    closed = home.patient_links.list_kept_ids()  # duplicates, whose sessions and appointments the kept ones have
    people = {one.pseudonym: one for one in home.patients.list_all() if one.id not in closed}
    taken = {one.pseudonym: one for one in other.patients.list_all()}
    assert made.patients == len(people) == len(taken)
    for pseudonym, one in people.items():
        mine, theirs = home.patients.get_contact(one.id), other.patients.get_contact(taken[pseudonym].id)
        # What a patient agreed to is in the copies; another clinic asks them itself.
        kept = mine and {name: text for name, text in mine.details.items() if name != "remind_by"}
        assert kept == (theirs and dict(theirs.details))
    (before,) = home.appointments.of(names["patient"])
    (after,) = other.appointments.of(taken["S-17"].id)
    assert (after.purpose, after.state, after.machine) == (before.purpose, before.state, before.machine)
    assert abs((after.starts_at - before.starts_at).total_seconds()) < 60, "the file has minutes"
    assert made.sessions == len(table(exported / "sessions.csv"))
    closed_days, taken_over = home.closed_days.list_all(), other.closed_days.list_all()
    assert made.closed_days == len(closed_days)
    for name in ("first_day", "last_day", "yearly"):
        assert [getattr(days, name) for days in closed_days] == [getattr(days, name) for days in taken_over]
    (course,) = [one for one in other.consultations.of(taken["S-17"].id) if "session" in one.answers.tables]
    assert [one["cooling"] for one in course.answers.tables["session"] if "cooling" in one] == ["air"]


def test_an_export_overwrites_nothing_and_is_the_owners(clinics: Clinics, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        export_clinic(clinics.repositories(Role.OWNER), exported)
    assert refused.value.code == "file-taken"
    for role in (Role.CLINICIAN, Role.ASSISTANT, Role.AUDITOR):
        with pytest.raises(DeniedError):
            export_clinic(clinics.repositories(role), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_the_commands_write_for_this_user_alone_and_overwrite_nothing(
    clinics: Clinics, names: dict[str, str], tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinbeam_clinic.accounts.repository import clinic_operator
    from skinbeam_clinic.repositories import ClinicRepositories

    monkeypatch.setattr(
        "skinbeam_clinic.records_commands._open_repositories", lambda db, clinic: _Repositories(clinics, clinic)
    )
    asked = ("--db", "unused", "--clinic", HOME, "--json")

    class _Repositories:
        def __init__(self, made: Clinics, clinic: str) -> None:
            self._repositories = ClinicRepositories(made.database, clinic_operator(made.database, clinic))

        def __enter__(self) -> ClinicRepositories:
            return self._repositories

        def __exit__(self, *_: object) -> None:
            pass

    file = tmp_path / "copy.zip"
    assert run("records", "export", "S-17", "-o", str(file), *asked).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = run("records", "export", "S-17", "-o", str(file), *asked)
    assert (again.code, again.document["error"]["code"], file.read_bytes()) == (2, "file-taken", before)
    document = run("records", "export-clinic", "-o", str(tmp_path / "all"), *asked).document
    assert document["patients"] == len(table(tmp_path / "all" / "patients.csv"))
    assert run("records", "export-clinic", "-o", str(tmp_path / "all"), *asked).code == 2


def test_photographs_that_a_bundle_leaves_out_are_counted(
    clinics: Clinics, names: dict[str, str], tmp_path: Path
) -> None:
    repositories = clinics.repositories(Role.OWNER, "Hill Clinic")
    consultation = repositories.consultations.begin(repositories.patients.add("unread").id)
    for content in (b"\xff\xd8\xff none", b"\xff\xd8\xff neither"):
        repositories.photographs.add(consultation.id, content, "image/jpeg", PhotographPermissions())
    assert export_clinic(repositories, tmp_path / "out")["photographs_not_in_fhir"] == 2

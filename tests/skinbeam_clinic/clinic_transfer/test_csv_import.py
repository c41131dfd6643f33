"""Import from other programs: what is checked, what is made, and that it can be taken back; all of it made up."""

import csv
import datetime
import io
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from csv_text import written
from exchange_samples import picture
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.consultation import EarlierSession
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.appointments.models import AppointmentState, Purpose
from skinbeam_clinic.clinic_transfer.csv_files import CsvLayout, read_csv, write_csv
from skinbeam_clinic.clinic_transfer.mapping import ImportKind, read_mapping
from skinbeam_clinic.clinic_transfer.models import BusyTime, ClinicSnapshot, ImportPlan
from skinbeam_clinic.clinic_transfer.planning import ImportFile, _parse_file_number, plan_import
from skinbeam_clinic.clinic_transfer.preview import make_planner
from skinbeam_clinic.clinic_transfer.repository import Planner
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.database.columns import clock_set_to
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DeniedError
from skinbeam_clinic.models import Member, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.used_cooling import CoolingKind

PASSWORD = "quiet otters read maps"
MAPPING = """
[patients]
encoding = "windows-1252"
delimiter = ";"
dates = "DD.MM.YYYY"
ignore = ["Kasse"]
columns = {number = "Nr", name = ["Vorname", "Nachname"], born = "geboren", phone = "Tel", email = "Mail"}

[appointments]
dates = "DD.MM.YYYY"
columns = {patient = "Nr", date = "Tag", time = "Zeit", minutes = "Min", member = "Arzt", purpose = "Art", state = "ok"}
words.purpose = {"Erstgespräch" = "consultation", Laser = "session"}
words.state = {ja = "kept", nein = "missed"}

[sessions]
words.treats = {Couperose = "redness"}
"""
PATIENTS = (
    "Nr;Vorname;Nachname;geboren;Kasse;Tel;Mail\r\n"
    "17;Zoë;Synthetic;03.04.1980;A;'+49 30 1;z@example.org\r\n"
    "18;Max;Synthetic;29.02.1984;B;=1+1;\r\n"
).encode("windows-1252")
FUTURE = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)
APPOINTMENTS = (
    "Nr,Tag,Zeit,Min,Arzt,Art,ok\n"
    "17,02.03.2020,9:30,30,Ann,Erstgespräch,ja\n"
    f"18,{FUTURE:%d.%m.%Y},14:00,45,Ann,Laser,\n"
).encode()
SESSIONS = (
    b"patient,date,treats,device,fluence_J_cm2,pulse_ms,spot_mm,response_pct,adverse\n"
    b'18,2021-05-10,Couperose,pulsed-dye-595,"7,5",6,10,30,\n'
    b"18,2021-04-05,Couperose,pulsed-dye-595,7,6,10,-5,purpura for 3 days\n"
)
ALL = {ImportKind.PATIENTS: PATIENTS, ImportKind.APPOINTMENTS: APPOINTMENTS, ImportKind.SESSIONS: SESSIONS}


@pytest.fixture
def owner(database: Database, operator: Member) -> ClinicRepositories:
    """The repositories of a clinic with one owner, who has appointments."""
    ann = AccountRepository(database, operator, PasswordHasher()).add("Ann", Role.OWNER, PASSWORD)
    return ClinicRepositories(database, ann)


def planner(files: dict[ImportKind, bytes], mapping: str = MAPPING) -> Planner:
    mappings = read_mapping(mapping.encode(), "map.toml")
    sent = [ImportFile(kind, f"{kind}.csv", content) for kind, content in files.items()]

    def plan(clinic: object, at: datetime.datetime) -> ImportPlan:
        return plan_import(sent, mappings, clinic, at)  # type: ignore[arg-type]

    return plan


def plan(owner: ClinicRepositories, files: dict[ImportKind, bytes], mapping: str) -> ImportPlan:
    return owner.imports.preview(planner(files, mapping))


def faults(owner: ClinicRepositories, files: dict[ImportKind, bytes], mapping: str = MAPPING) -> list[InputError]:
    with pytest.raises(InputError) as refused:
        owner.imports.preview(planner(files, mapping))
    return [refused.value, *refused.value.further_errors]


def test_an_import_makes_patients_appointments_and_past_sessions(owner: ClinicRepositories, database: Database) -> None:
    before = owner.imports.preview(planner(ALL))
    assert (len(before.patients), len(before.appointments), before.sessions) == (2, 2, 2)
    assert owner.patients.list_all() == (), "nothing is written before --write"
    made = owner.imports.write(planner(ALL))
    zoe, max_ = owner.patients.list_all()
    assert (zoe.pseudonym, zoe.year_of_birth, max_.year_of_birth) == ("P00001", 1980, 1984)
    details = owner.patients.get_contact(zoe.id)
    assert details is not None
    assert details.details == {
        "name": "Zoë Synthetic",
        "born": "1980-04-03",  # DD.MM. was told: the third of April
        "phone": "+49 30 1",
        "email": "z@example.org",
        "number": "17",
    }
    (past,), (ahead,) = owner.appointments.of(zoe.id), owner.appointments.of(max_.id)
    assert (past.state, past.purpose, past.starts_at.date()) == (
        AppointmentState.ATTENDED,
        Purpose.CONSULTATION,
        datetime.date(2020, 3, 2),
    )
    assert (ahead.state, ahead.ends_at - ahead.starts_at) == (AppointmentState.BOOKED, datetime.timedelta(minutes=45))
    (course,) = owner.consultations.of(max_.id)
    assert (course.created_at.date(), course.state) == (datetime.date(2021, 4, 5), ConsultationState.CLOSED)
    first, second = course.answers.tables["session"]
    assert (first["week"], first["fluence_J_cm2"], first["response_pct"], first["adverse"]) == (
        0.0,
        7.0,
        -5.0,
        ["purpura for 3 days"],
    )
    assert (second["week"], second["fluence_J_cm2"]) == (5.0, 7.5)
    entries = owner.audit_log.newest(50)
    assert {"import.begun", "import.done", "patient.added", "appointment.imported"} <= {one.action for one in entries}
    assert [one.subject for one in entries if one.action == "import.done"] == [f"import/{made.id}"]
    assert [one.findings for one in verify_database(database)] == [()]


@pytest.mark.parametrize("typed", ["Heron 1", "heron 1", "HERON1", "Ｈｅｒｏｎ １"])
def test_no_two_pseudonyms_of_an_import_look_alike(owner: ClinicRepositories, typed: str) -> None:
    (told,) = faults(owner, {ImportKind.PATIENTS: f"pseudonym\nHeron 1\n{typed}\n".encode()}, "")
    assert f'"{typed}" stands in line 2 already' in told.message
    owner.patients.add("Heron 1")
    (told,) = faults(owner, {ImportKind.PATIENTS: f"pseudonym\n{typed}\n".encode()}, "")
    assert f'"{typed}" is known in the clinic already, as Heron 1' in told.message


def test_no_number_that_an_import_gives_looks_like_a_pseudonym(owner: ClinicRepositories) -> None:
    owner.patients.add("p00003")
    owner.imports.write(
        planner({ImportKind.PATIENTS: b"pseudonym,name\nP 00004,\n,Ada Synthetic\n,Bo Synthetic\n"}, "")
    )
    assert {one.pseudonym for one in owner.patients.list_all()} == {"p00003", "P 00004", "P00005", "P00006"}


def test_two_files_of_one_name_are_two_files(owner: ClinicRepositories, tmp_path: Path) -> None:
    paths = {}
    for kind, content in ((ImportKind.PATIENTS, b"pseudonym\nA-1\n"), (ImportKind.SESSIONS, b"patient,date,treats\n")):
        (tmp_path / kind).mkdir()
        paths[kind] = tmp_path / kind / "export.csv"
        paths[kind].write_bytes(content)
    plan = make_planner(paths, None)
    made = owner.imports.preview(plan)
    assert set(made.files) == {"export.csv (patients)", "export.csv (sessions)"}
    owner.imports.write(plan)
    with pytest.raises(InputError) as again:
        owner.imports.preview(plan)
    errors = [again.value, *again.value.further_errors]
    assert {one.file for one in errors if one.code == "import-file-again"} == set(made.files)


def test_an_import_is_undone_once_and_can_be_made_again(owner: ClinicRepositories, database: Database) -> None:
    made = owner.imports.write(planner(ALL))
    again = faults(owner, ALL)
    assert {one.code for one in again} >= {"import-file-again", "import-known"}
    assert made.id in again[0].hint
    assert owner.imports.undo(made.id) == made
    assert owner.patients.list_all() == ()
    assert [one.findings for one in verify_database(database)] == [()]
    with pytest.raises(InputError, match="undone") as twice:
        owner.imports.undo(made.id)
    assert twice.value.code == "import-undone"
    assert owner.imports.write(planner(ALL)).patients == 2
    with pytest.raises(InputError, match="no import is called") as unknown:
        owner.imports.undo("0" * 32)
    assert made.id not in unknown.value.hint, "one that was undone is not offered"


@pytest.mark.parametrize("work", ["contact", "pseudonym", "consultation", "photograph", "appointment", "job"])
def test_an_import_that_somebody_has_worked_on_stays(owner: ClinicRepositories, work: str) -> None:
    made = owner.imports.write(planner(ALL))
    max_ = owner.patients.list_all()[1]
    if work == "contact":
        known = owner.patients.get_contact(max_.id)
        assert known is not None
        owner.patients.set_contact(max_.id, dict(known.details) | {"phone": "1"}, version=known.version)
    elif work == "pseudonym":
        owner.patients.set_pseudonym(max_.id, "Heron")
    elif work == "consultation":
        owner.consultations.begin(max_.id)
    elif work == "photograph":
        (course,) = owner.consultations.of(max_.id)
        owner.consultations.reopen(course.id)
        owner.photographs.add(course.id, b"\xff\xd8\xff", "image/jpeg", PhotographPermissions())
    elif work == "appointment":
        (one,) = owner.appointments.of(max_.id)
        owner.appointments.cancel(one.id, revision=one.revision)
    else:
        (course,) = owner.consultations.of(max_.id)
        owner.jobs.add("plan", {"consultation": course.id, "revision": 1, "language": "en"})
    with pytest.raises(InputError, match="worked on") as refused:
        owner.imports.undo(made.id)
    assert refused.value.code == "import-in-use"
    assert ("Heron" if work == "pseudonym" else "P00002") in refused.value.message
    assert len(owner.patients.list_all()) == 2, "nothing was removed"


def test_contact_details_that_somebody_adds_later_keep_an_import(owner: ClinicRepositories) -> None:
    made = owner.imports.write(planner({ImportKind.PATIENTS: b"pseudonym\nHeron\n"}, ""))
    (heron,) = owner.patients.list_all()
    owner.patients.set_contact(heron.id, {"phone": "1"})
    with pytest.raises(InputError, match="worked on") as refused:
        owner.imports.undo(made.id)
    assert (refused.value.code, "Heron" in refused.value.message) == ("import-in-use", True)
    assert owner.patients.get_contact(heron.id) is not None


def test_who_only_reads_the_records_does_not_keep_an_import(owner: ClinicRepositories) -> None:
    made = owner.imports.write(planner(ALL))
    for patient in owner.patients.list_all():
        owner.patients.get_contact(patient.id)
        owner.appointments.of(patient.id)
    owner.imports.undo(made.id)
    assert owner.patients.list_all() == ()


@pytest.mark.parametrize(
    ("kind", "cells", "place", "read", "right"),
    [
        (ImportKind.PATIENTS, "17;A;B;31.02.1980;;;", "line 2, column geboren", "31.02.1980", "DD.MM.YYYY"),
        (ImportKind.PATIENTS, "17;A;B;1980-02-03;;;", "line 2, column geboren", "1980-02-03", "DD.MM.YYYY"),
        (ImportKind.PATIENTS, "17;A;B;03.02.80;;;", "line 2, column geboren", "03.02.80", "DD.MM.YYYY"),
        (ImportKind.PATIENTS, "17;A;B;01.01.2999;;;", "line 2, column geboren", "2999", "until today"),
        (ImportKind.PATIENTS, "17;A;B;;;;not an email", "line 2, column Mail", "not an email", "name@example.org"),
        (ImportKind.PATIENTS, "17;;;03.02.1980;;;", "line 2, column Vorname + Nachname", "empty", "Fill it in"),
        (ImportKind.PATIENTS, "17;A;B", "line 2", "3 cells", "7"),
        (ImportKind.PATIENTS, "17;A\x07;B;;;;", "line 2, column Vorname", "printed", "Text of at most"),
        (ImportKind.PATIENTS, "17;A;B;;;;\n17;C;D;;;;", "line 3, column Nr", '"17" stands in line 2', "two lines"),
        (
            ImportKind.PATIENTS,
            "17;Zoë;B;03.02.1980;;;\n19;ZOË;b;03.02.1980;;;",
            "line 3, column Vorname + Nachname",
            "stands in line 2",
            "tell them apart",
        ),
        (ImportKind.APPOINTMENTS, "99,02.03.2020,9:30,30,Ann,Laser,ja", "line 2, column Nr", '"99"', "pseudonym"),
        (ImportKind.APPOINTMENTS, "known,02.03.2020,25:30,30,Ann,Laser,ja", "line 2, column Zeit", "25:30", "14:30"),
        (ImportKind.APPOINTMENTS, "known,02.03.2020,9:30,3,Ann,Laser,ja", "line 2, column Min", '"3"', "5 to 720"),
        (ImportKind.APPOINTMENTS, "known,02.03.2020,9:30,30,Anne,Laser,ja", "line 2, column Arzt", "Anne", "ann"),
        (ImportKind.APPOINTMENTS, "known,02.03.2020,9:30,30,Ann,Lasr,ja", "line 2, column Art", "Lasr", "follow-up"),
        (ImportKind.APPOINTMENTS, "known,02.03.2020,9:30,30,Ann,Laser,", "line 2, column ok", '""', "kept"),
        (ImportKind.SESSIONS, "known,2021-05-10,Couperos,,,,,,", "line 2, column treats", "Couperos", ""),
        (
            ImportKind.SESSIONS,
            "known,2021-05-10,Couperose,pulsed-dy-595,,,,,",
            "line 2, column device",
            "pulsed-dy",
            "595",
        ),
        (ImportKind.SESSIONS, "known,2021-05-10,Couperose,,7000,,,,", "line 2, column fluence_J_cm2", "7000", "1000"),
        (ImportKind.SESSIONS, 'known,2021-05-10,Couperose,,"1,000",,,,', "line 2, column fluence", "1,000", "number"),
        (ImportKind.SESSIONS, "known,2999-05-10,Couperose,,,,,,", "line 2, column date", "2999-05-10", "took place"),
        (ImportKind.SESSIONS, "known,04/05/2021,Couperose,,,,,,", "line 2, column date", "04/05/2021", "YYYY-MM-DD"),
    ],
)
def test_an_error_names_line_column_what_was_read_and_what_would_be_right(
    owner: ClinicRepositories, kind: ImportKind, cells: str, place: str, read: str, right: str
) -> None:
    owner.patients.add("known")
    head = {kind: content.decode("windows-1252").splitlines()[0] for kind, content in ALL.items()}
    encoding = "windows-1252" if kind is ImportKind.PATIENTS else "utf-8"
    (fault,) = faults(owner, {kind: f"{head[kind]}\n{cells}\n".encode(encoding)})
    assert (fault.file, fault.field.startswith(place)) == (f"{kind}.csv", True), fault
    assert read in fault.message
    assert right.casefold() in fault.hint.casefold()


def test_a_past_session_may_be_of_a_device_that_the_clinic_describes_itself(owner: ClinicRepositories) -> None:
    """Also of one that is withdrawn; `records export-clinic` writes them by these names."""
    file = read_catalogue_file("pulsed-dye-595")
    name = f"dye-room-2-{sha256_hex(file)[:6]}"
    sent = ALL | {ImportKind.SESSIONS: SESSIONS.replace(b"pulsed-dye-595", name.encode())}
    assert {fault.code for fault in faults(owner, sent)} == {"import-word"}
    own = owner.own_devices.add(file, "dye-room-2.toml")
    owner.own_devices.set_offered(own.id, offered=False)
    (course,) = plan(owner, sent, MAPPING).courses
    assert [session["device"] for session in course.answers.tables["session"]] == [name] * 2


@pytest.mark.parametrize("kind", CoolingKind)
def test_the_cooling_of_a_past_session_is_read_where_it_is_known(owner: ClinicRepositories, kind: CoolingKind) -> None:
    head, first, second = SESSIONS.decode().splitlines()
    rows = "\n".join([f"{head},cooling", f"{first},{kind}", f"{second},"])
    owner.imports.write(planner(ALL | {ImportKind.SESSIONS: rows.encode()}))
    _, max_ = owner.patients.list_all()
    (course,) = owner.consultations.of(max_.id)
    assert [one.get("cooling") for one in course.answers.tables["session"]] == [None, kind.value]


def test_a_cooling_that_is_not_known_is_named_with_the_nearest_and_not_taken_for_none(
    owner: ClinicRepositories,
) -> None:
    head, first, second = SESSIONS.decode().splitlines()
    rows = "\n".join([f"{head},cooling", f"{first},cryogen", f"{second},iced"])
    found = faults(owner, ALL | {ImportKind.SESSIONS: rows.encode()})
    assert [(one.code, one.field.partition(",")[0]) for one in found] == [
        ("import-word", "line 2"),
        ("import-word", "line 3"),
    ]
    assert "ice" in found[1].hint


def test_every_error_of_every_file_is_reported_and_nothing_is_imported(owner: ClinicRepositories) -> None:
    wrong = ALL | {
        ImportKind.PATIENTS: PATIENTS.replace(b"29.02.1984", b"29.02.1983"),
        ImportKind.SESSIONS: SESSIONS.replace(b",7,", b",7 J,"),
    }
    with pytest.raises(InputError) as refused:
        owner.imports.write(planner(wrong))
    errors = [refused.value, *refused.value.further_errors]
    assert [(one.file, one.field.partition(",")[0]) for one in errors] == [
        ("patients.csv", "line 3"),
        ("appointments.csv", "line 3"),  # of a patient who could not be read
        ("sessions.csv", "line 2"),
        ("sessions.csv", "line 3"),
    ]
    assert owner.patients.list_all() == ()


def test_two_future_appointments_at_once_are_refused_and_past_ones_are_history(owner: ClinicRepositories) -> None:
    patient = owner.patients.add("known").id
    head, past, ahead = APPOINTMENTS.decode().splitlines()
    rows = [past.replace("17,", "known,"), past.replace("17,", "known,").replace("9:30", "9:40")]
    owner.imports.write(planner({ImportKind.APPOINTMENTS: "\n".join([head, *rows]).encode()}))
    assert len(owner.appointments.of(patient)) == 2
    one = ahead.replace("18,", "known,")
    (clash,) = faults(owner, {ImportKind.APPOINTMENTS: "\n".join([head, one, one.replace("14:00", "14:20")]).encode()})
    assert (clash.code, clash.field.startswith("line 3")) == ("import-clash", True)
    assert "line 2" in clash.message
    owner.imports.write(planner({ImportKind.APPOINTMENTS: f"{head}\n{one}".encode()}))
    (clash,) = faults(owner, {ImportKind.APPOINTMENTS: f"{head}\n{one.replace('14:00', '14:20')}".encode()})
    assert "(line –)" in clash.message


def test_an_appointment_of_a_closed_record_is_one_of_the_person(database: Database, owner: ClinicRepositories) -> None:
    AccountRepository(database, owner.member, PasswordHasher()).add("Ben", Role.OWNER, PASSWORD)
    closed, kept = (owner.patients.add(name).id for name in ("known", "kept"))
    head, _, ahead = APPOINTMENTS.decode().splitlines()
    owner.imports.write(planner({ImportKind.APPOINTMENTS: f"{head}\n{ahead.replace('18,', 'known,')}".encode()}))
    owner.patient_links.link(closed, kept, "One person.")
    other = ahead.replace("18,", "kept,").replace("14:00", "14:20").replace("Ann", "Ben")
    (clash,) = faults(owner, {ImportKind.APPOINTMENTS: f"{head}\n{other}".encode()})
    assert (clash.code, "kept has another appointment" in clash.message) == ("import-clash", True)


def test_two_appointments_that_the_clinic_has_at_once_hinder_no_import(owner: ClinicRepositories) -> None:
    begins = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    busy = BusyTime("another", owner.member.id, None, begins, begins + datetime.timedelta(hours=1))

    def plan(clinic: ClinicSnapshot, at: datetime.datetime) -> ImportPlan:
        return planner(ALL)(replace(clinic, busy_times=(busy, busy)), at)

    assert len(owner.imports.preview(plan).appointments) == 2


def test_what_an_export_writes_of_a_full_record_is_read(owner: ClinicRepositories) -> None:
    """A past appointment that nobody closed, one that was booked again, and several adverse events of a session."""
    patient = owner.patients.add("known").id
    line = "known,2020-03-02,09:30,30,Ann,session"
    appointments = "patient,date,time,minutes,member,purpose,state\n" + "\n".join(
        f"{line},{state}" for state in (AppointmentState.CANCELLED.value, AppointmentState.BOOKED.value)
    )
    events = ["purpura for " + "long " * 14, "crusts for " + "long " * 14]
    sessions = f"patient,date,treats,adverse\nknown,2020-03-02,redness,{'; '.join(one.strip() for one in events)}\n"
    files = {ImportKind.APPOINTMENTS: appointments.encode(), ImportKind.SESSIONS: sessions.encode()}
    owner.imports.write(planner(files, ""))
    states = {one.state for one in owner.appointments.of(patient)}
    assert states == {AppointmentState.CANCELLED, AppointmentState.BOOKED}
    (course,) = owner.consultations.of(patient)
    (session,) = course.answers.tables["session"]
    assert session["adverse"] == [one.strip() for one in events]


WITH_MACHINE = MAPPING.replace('state = "ok"}', 'state = "ok", machine = "Laser"}')


def _on_dye_laser(line: str) -> dict[ImportKind, bytes]:
    """A file of one appointment, which names a machine."""
    head = APPOINTMENTS.decode().splitlines()[0]
    return {ImportKind.APPOINTMENTS: f"{head},Laser\nknown,{line.partition(',')[2]},Dye laser\n".encode()}


def test_every_field_of_a_past_session_can_be_imported(owner: ClinicRepositories) -> None:
    values = {
        "treats": "acne-scars",
        "site": "cheeks",
        "device": "fractional-co2-10600",
        "wavelength_nm": "10600",
        "fluence_J_cm2": "",  # columns have an energy
        "energy_mJ": "30",
        "density_per_cm2": "300",
        "pulse_ms": "0.5",
        "spot_mm": "",
        "ita_deg": "34",
        "response_pct": "40",
        "adverse": "redness",
        "cooling": "air",
    }
    assert set(values) == set(EarlierSession.model_fields) - {"week", "weeks_ago"}  # which follow from the date
    rows = f"patient,date,{','.join(values)}\nHeron,2021-04-05,{','.join(values.values())}\n"
    files = {ImportKind.PATIENTS: b"pseudonym\nHeron\n", ImportKind.SESSIONS: rows.encode()}
    (course,) = plan(owner, files, mapping="").courses
    assert {(f"session.0.{name}", value) for name, value in values.items() if value} <= set(course.answers.entries)


@pytest.mark.parametrize("pulse_ms", ["1e-05", "1E-05", "1,0E-05", "0.00001", "0,00001"])
def test_a_number_of_a_file_may_have_an_exponent_or_a_comma(owner: ClinicRepositories, pulse_ms: str) -> None:
    """A pulse of ten nanoseconds, as this program, a spreadsheet and a German one write it."""
    files = {
        ImportKind.PATIENTS: b"pseudonym\nHeron\n",
        ImportKind.SESSIONS: f'patient,date,treats,pulse_ms\nHeron,2021-04-05,age-spots,"{pulse_ms}"\n'.encode(),
    }
    (course,) = plan(owner, files, mapping="").courses
    assert ("session.0.pulse_ms", "0.00001") in course.answers.entries


@given(number=st.floats(1e-9, 1e6, allow_nan=False))
def test_every_number_that_an_export_writes_is_read(number: float) -> None:
    table, _ = read_csv(write_csv(("pulse_ms",), [(number,)]), "sessions.csv", CsvLayout())
    assert _parse_file_number(table.rows[0].cells["pulse_ms"]) == number


@pytest.mark.parametrize("phone", ["none", "-", "keine", "siehe Akte"])
def test_no_telephone_is_imported_that_the_contact_page_would_refuse(owner: ClinicRepositories, phone: str) -> None:
    table = written(("name", "born", "phone"), {"name": "Zoë", "born": "1980-04-03", "phone": phone})
    with pytest.raises(InputError, match="not a telephone number") as caught:
        plan(owner, {ImportKind.PATIENTS: table.encode()}, mapping="")
    assert "line 2, column phone" in caught.value.field
    translated = f'[patients]\nwords.phone = {{"{phone}" = ""}}\n'
    (made,) = plan(owner, {ImportKind.PATIENTS: table.encode()}, mapping=translated).patients
    assert made.contact == {"name": "Zoë", "born": "1980-04-03"}


@pytest.mark.parametrize("column", ["phone", "number"])
@pytest.mark.parametrize("left", ["4.93E+11", "5,55E+09", "4e+10"])
def test_a_number_of_which_a_spreadsheet_has_cut_digits_is_refused(
    owner: ClinicRepositories, column: str, left: str
) -> None:
    table = written(("name", column), {"name": "Zoë", column: left})
    with pytest.raises(InputError, match="spreadsheet"):
        plan(owner, {ImportKind.PATIENTS: table.encode()}, mapping="")


@pytest.mark.parametrize(
    "file",
    [
        "number,name,born\n007,Zoë Synthetic,1980-04-03\n",
        'number,name,born\n="007",Zoë Synthetic,1980-04-03\n',
        "sep=,\r\nnumber,name,born\r\n007,Zoë Synthetic,1980-04-03\r\n",
        "number,name,born,,\n007,Zoë Synthetic,1980-04-03,,\n,,,,\n",
        "number,name,born\n007,Zoë Synthetic,1980-04-03 00:00:00\n",
        "number,name,born\n007,Zoe\u0308 Synthetic,1980-04-03T00:00\n",  # two characters for the ë
        "number,name,born\r007,Zoë\u00a0Synthetic,1980-04-03\r",
    ],
)
def test_what_spreadsheets_and_databases_add_to_a_file_changes_nobody(owner: ClinicRepositories, file: str) -> None:
    (made,) = plan(owner, {ImportKind.PATIENTS: file.encode()}, mapping="").patients
    assert made.contact == {"number": "007", "name": "Zoë Synthetic", "born": "1980-04-03"}


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        ("sep=;\nname\nZoë\n", "no , separates"),
        ("name,,\nZoë,x,\n", "column 2 has no name"),
        (",,\n,,\n", "column 1 has no name"),
        ("name,born\nZoë,1980-04-03 12:30\n", "not a date"),
        ("name,born\nZoë,1980-04-03 00:00x\n", "not a date"),
    ],
)
def test_what_nobody_can_be_sure_of_is_refused(owner: ClinicRepositories, file: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        plan(owner, {ImportKind.PATIENTS: file.encode()}, mapping="")


@pytest.mark.parametrize("named", ["number", "pseudonym"])
def test_what_is_imported_of_a_closed_duplicate_belongs_to_the_record_that_is_kept(
    owner: ClinicRepositories, named: str
) -> None:
    """The other program knows the person by the number of either record, or by either pseudonym."""
    owner.imports.write(planner({ImportKind.PATIENTS: PATIENTS}))
    kept, closed = owner.patients.list_all()
    owner.patient_links.link(closed.id, kept.id, "One person.", birth_confirmed=True)
    files = {ImportKind.APPOINTMENTS: APPOINTMENTS, ImportKind.SESSIONS: SESSIONS}
    if named == "pseudonym":
        files[ImportKind.APPOINTMENTS] = APPOINTMENTS.replace(b"18,", f"{closed.pseudonym},".encode())
        files[ImportKind.SESSIONS] = SESSIONS.replace(b"18,", f"{closed.pseudonym},".encode())
    owner.imports.write(planner(files))
    assert (len(owner.appointments.of(kept.id)), owner.appointments.of(closed.id)) == (2, ())
    assert (len(owner.consultations.of(kept.id)), owner.consultations.of(closed.id)) == (1, ())


def test_two_spellings_of_one_letter_are_one_person(owner: ClinicRepositories) -> None:
    file = "name,born\nZoë,1980-04-03\nZoe\u0308,1980-04-03\n"
    with pytest.raises(InputError, match="stands in line 2 already"):
        plan(owner, {ImportKind.PATIENTS: file.encode()}, mapping="")


def test_a_machine_is_never_guessed_and_a_retired_one_is_for_past_appointments(owner: ClinicRepositories) -> None:
    patient = owner.patients.add("known").id
    _, past, ahead = APPOINTMENTS.decode().splitlines()
    first, second = (
        owner.machines.add(device="pulsed-dye-595", serial=serial, name="Dye laser") for serial in ("SYN-1", "SYN-2")
    )
    for line in (past, ahead):
        (unclear,) = faults(owner, _on_dye_laser(line), WITH_MACHINE)
        assert (unclear.code, unclear.field) == ("import-machine-unclear", "line 2, column Laser")
    owner.machines.set_in_use(first.id, in_use=False)
    (unclear,) = faults(owner, _on_dye_laser(past), WITH_MACHINE)
    assert unclear.code == "import-machine-unclear", "either may have been there"
    owner.imports.write(planner(_on_dye_laser(ahead), WITH_MACHINE))
    (made,) = owner.appointments.of(patient)
    assert made.machine_id == second.id, "the only one in use"
    owner.machines.set_in_use(second.id, in_use=False)
    (unknown,) = faults(owner, _on_dye_laser(ahead.replace("14:00", "16:00")), WITH_MACHINE)
    assert (unknown.code, unknown.field) == ("import-word", "line 2, column Laser")


@pytest.mark.parametrize(
    ("content", "layout", "code", "hint"),
    [
        ("Name\nZoë".encode("windows-1252"), CsvLayout(), "import-encoding", "windows-1252"),
        ("Name\nZoë".encode(), CsvLayout("windows-1252"), "import-is-utf-8", "utf-8"),
        (b"Name\n\x81", CsvLayout("windows-1252"), "import-encoding", "UTF-8"),
        (b"Nr;Name\n1;Z", CsvLayout(), "import-delimiter", 'delimiter = ";"'),
        (b"Nr\tName\n1\tZ", CsvLayout(), "import-delimiter", "delimiter"),
        (b"Nr,Nr\n1,2", CsvLayout(), "import-same-column", "own"),
        (b"Nr,\n1,2", CsvLayout(), "import-no-name", "every column"),
        (b'Nr,Name\n1,"Z" Y\n', CsvLayout(), "import-quotes", "doubled"),
        (b'Nr,Name\n1,"Z\n', CsvLayout(), "import-quotes", "doubled"),
        (b"", CsvLayout(), "import-empty", "first line"),
    ],
)
def test_a_file_is_read_as_its_layout_states_or_not_at_all(
    content: bytes, layout: CsvLayout, code: str, hint: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_csv(content, "a.csv", layout)
    assert refused.value.code == code
    assert hint in refused.value.hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252", "iso-8859-15"])
def test_every_encoding_that_can_be_stated_gives_the_same_rows(encoding: str) -> None:
    text = 'Nr,Name\r\n1,"Zoë ""Z"" Ärger, Weg 1\nHof"\r\n\r\n2,€\r\n'
    layout = CsvLayout(encoding.removesuffix("-sig"))
    file, errors = read_csv(text.encode(encoding), "a.csv", layout)
    assert errors == ()
    assert [(row.line, row.cells["Name"]) for row in file.rows] == [(2, 'Zoë "Z" Ärger, Weg 1, Hof'), (5, "€")]


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-3", "@SUM(A1)", "'quoted", "'=1", "''=1", "plain", "a=b"])
def test_a_text_comes_back_and_is_no_formula(text: str) -> None:
    content = write_csv(("a", "b"), [(text, "x")])
    assert not content.decode("utf-8-sig").splitlines()[1].startswith(("=", "+", "-", "@"))
    file, _ = read_csv(content, "a.csv", CsvLayout())
    assert file.rows[0].cells["a"] == text


@pytest.mark.parametrize(
    ("change", "place", "right"),
    [
        (("[patients]", "[patient]"), "patient", "patients"),
        (('"windows-1252"', '"latin9"'), "patients.encoding", "windows-1252"),
        (('delimiter = ";"', 'delimiter = "x"'), "patients.delimiter", ";"),
        (('"DD.MM.YYYY"', '"MM.MM.YYYY"'), "patients.dates", "DD.MM.YYYY"),
        (("phone =", "fone ="), "patients.columns.fone", "phone"),
        (("ignore = [", "ignore = [1, "), "patients.ignore", "["),
        (("words.treats", "words.treat"), "sessions.words.treat", "treats"),
    ],
)
def test_a_mapping_that_cannot_be_right_is_refused_at_its_key(change: tuple[str, str], place: str, right: str) -> None:
    with pytest.raises(InputError) as refused:
        read_mapping(MAPPING.replace(*change, 1).encode(), "map.toml")
    assert (refused.value.field, right in refused.value.hint) == (place, True)


def test_no_column_is_left_behind_unnoticed(owner: ClinicRepositories) -> None:
    errors = faults(owner, ALL, MAPPING.replace('ignore = ["Kasse"]', ""))
    assert (errors[0].code, errors[0].field) == ("import-unused-column", "line 1, column Kasse")
    errors = faults(owner, ALL, MAPPING.replace('"Mail"', '"E-Mail"'))
    assert {(one.code, one.field) for one in errors[:2]} == {
        ("import-no-column", "line 1, column E-Mail"),
        ("import-unused-column", "line 1, column Mail"),
    }
    assert faults(owner, {ImportKind.SESSIONS: b"patient,date\n1,2\n"})[0].code == "import-field-missing"


def test_closed_days_are_imported_once_and_taken_back_though_one_was_removed(owner: ClinicRepositories) -> None:
    known = owner.closed_days.add("2027-05-14")
    lines = b"first_day,last_day,yearly\n2026-12-24,2027-01-01,true\n2027-05-14,,\n2027-08-02,2027-08-13,false\n"
    made = owner.imports.write(planner({ImportKind.CLOSED_DAYS: lines}, ""))
    assert made.closed_days == 3
    closed = owner.closed_days.list_all()
    assert [(str(days.first_day), str(days.last_day), days.yearly) for days in closed] == [
        ("2026-12-24", "2027-01-01", True),
        ("2027-05-14", "2027-05-14", False),
        ("2027-08-02", "2027-08-13", False),
    ]
    owner.closed_days.remove(closed[2].id)
    owner.imports.undo(made.id)
    assert owner.closed_days.list_all() == (known,)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("2026-12-24,2026-12-23,", "last_day"),
        ("2026-12-24,2028-01-01,", "last_day"),
        ("0024-12-24,,", "first_day"),
        ("24.12.2026,,", "first_day"),
        (",,true", "first_day"),
        ("2026-12-24,,yes", "yearly"),
    ],
)
def test_days_that_cannot_be_closed_are_refused(owner: ClinicRepositories, line: str, column: str) -> None:
    file = f"first_day,last_day,yearly\n{line}\n".encode()
    (fault,) = faults(owner, {ImportKind.CLOSED_DAYS: file}, "")
    assert (fault.field, owner.closed_days.list_all()) == (f"line 2, column {column}", ())


def test_the_owner_alone_imports(owner: ClinicRepositories, database: Database) -> None:
    for role in (Role.CLINICIAN, Role.ASSISTANT, Role.AUDITOR):
        other = ClinicRepositories(database, replace(owner.member, role=role))
        for act in (other.imports.preview, other.imports.write):
            with pytest.raises(DeniedError):
                act(planner(ALL))
        with pytest.raises(DeniedError):
            other.imports.undo("0" * 32)


@pytest.mark.long
def test_ten_thousand_lines_are_imported_and_undone(owner: ClinicRepositories) -> None:
    rows = [f"{number},Synthetic {number},19{number % 90 + 10}-03-04" for number in range(10_000)]
    content = "\n".join(["number,name,born", *rows]).encode()
    begun = time.monotonic()
    plan = planner({ImportKind.PATIENTS: content}, "")
    owner.imports.preview(plan)
    planned = time.monotonic()
    made = owner.imports.write(plan)
    written = time.monotonic()
    assert owner.imports.undo(made.id).patients == 10_000
    print(
        f"planned {planned - begun:.1f} s, written {written - planned:.1f} s, undone {time.monotonic() - written:.1f} s"
    )


def test_the_command_says_what_would_be_made_and_imports_with_write(
    owner: ClinicRepositories, address: str, environment: dict[str, str], tmp_path: Path, run, monkeypatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for kind, content in ALL.items():
        (tmp_path / f"{kind}.csv").write_bytes(content)
    (tmp_path / "map.toml").write_text(MAPPING)
    clinic = ("--db", address, "--clinic", "Harbour Clinic", "--json")
    files = [word for kind in ALL for word in (f"--{kind}", str(tmp_path / f"{kind}.csv"))]
    asked = ("records", "import-csv", *files, "--map", str(tmp_path / "map.toml"), *clinic)
    ran = run(*asked)
    assert ran.code == 0, ran.out
    assert (ran.document["written"], ran.document["patients"], ran.document["sessions"]) == (False, 2, 2)
    assert ran.document["ignored"]["patients.csv"] == ["Kasse"]
    assert ran.document["columns"]["patients.csv"]["name"] == ["Vorname", "Nachname"]
    assert ran.document["first_patients"][0]["born"] == "1980-04-03"
    assert owner.patients.list_all() == ()
    made = run(*asked, "--write").document
    assert (made["written"], made["patients"], len(owner.patients.list_all())) == (True, 2, 2)
    (tmp_path / "patients.csv").write_bytes(PATIENTS.replace(b"29.02.1984", b"30.02.1984"))
    wrong = run(*asked[:-1])
    assert wrong.code == 2
    assert 'patients.csv: line 3, column geboren: "30.02.1984" is not a date' in wrong.err
    removed = run("records", "undo-import", made["import"], *clinic).document
    assert (removed["undone"], removed["patients"], owner.patients.list_all()) == (True, 2, ())
    assert run("records", "import-csv", *clinic).document["error"]["field"] == "--patients"
    assert json.dumps(made)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Europe/Berlin"])
@pytest.mark.parametrize("told", ["option", "variable"])
def test_commands_read_and_write_the_times_that_the_pages_show(
    owner: ClinicRepositories,
    address: str,
    environment: dict[str, str],
    tmp_path: Path,
    run,
    monkeypatch,
    zone: str,
    told: str,
) -> None:
    """A server's own clock stands at UTC as a rule, and those of the clinic elsewhere."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if told == "variable":
        monkeypatch.setenv("SKINBEAM_TIME_ZONE", zone)
    asked = ("--db", address, "--clinic", "Harbour Clinic", "--json")
    asked += ("--time-zone", zone) if told == "option" else ()
    at = datetime.datetime(FUTURE.year, FUTURE.month, FUTURE.day, 9, 30, tzinfo=ZoneInfo(zone))
    file = tmp_path / "appointments.csv"
    file.write_text(f"patient,date,time,minutes,member,purpose\nHeron,{FUTURE},09:30,30,Ann,reading\n")
    heron = owner.patients.add("Heron")
    assert run("records", "import-csv", "--appointments", str(file), "--write", *asked).code == 0
    (booked,) = owner.appointments.of(heron.id)
    assert booked.starts_at == at
    evening = (at - datetime.timedelta(days=40)).replace(hour=23, minute=50)
    with clock_set_to(evening):
        consultation = owner.consultations.begin(heron.id)
        owner.photographs.add(consultation.id, picture(), "image/jpeg", PhotographPermissions())
    assert run("records", "export-clinic", "-o", str(tmp_path / "all"), *asked).code == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "all" / "appointments.csv").read_text("utf-8-sig")))
    assert (row["date"], row["time"]) == (str(FUTURE), "09:30")
    assert run("records", "export", "Heron", "--as", "dicom", "-o", str(tmp_path / "heron.zip"), *asked).code == 0
    with zipfile.ZipFile(tmp_path / "heron.zip") as archive:
        (photograph,) = (dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist())
    assert {photograph.StudyDate, photograph.ContentDate} == {f"{evening:%Y%m%d}"}
    assert (
        run("records", "export-clinic", "-o", str(tmp_path / "no"), *asked[:5], "--time-zone", "Europe/Bern").code == 2
    )

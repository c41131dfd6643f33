"""A key is replaced while the clinic works: all is sealed anew and read as before, and the old key opens nothing."""

import datetime
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from altered_database import run, unguarded
from diary_samples import WARNING, treated
from document_samples import LETTER, PDF
from sqlalchemy import select, text

from skinbeam.model.errors import InputError
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, EncryptionKeys, generate_key, read_keys
from skinbeam_clinic.database.reseal import ResealSummary, reseal_database
from skinbeam_clinic.database.revisions import open_database
from skinbeam_clinic.database.tables import Base, JobRow, PhotographRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import IntegrityFinding, verification_error, verify_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.errors import WrongKeyError
from skinbeam_clinic.jobs.queue import JobQueue
from skinbeam_clinic.models import JobProgress, Member, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

FACE = b"\xff\xd8\xff a face"


class Replaced:
    """A clinic with records of every kind that is sealed, and its database opened with a new key before the old one."""

    def __init__(
        self, database: Database, repositories: ClinicRepositories, address: str, environment: dict[str, str]
    ) -> None:
        self.patient = treated(repositories, days_ago=2.0)
        repositories.patients.set_contact(self.patient.patient, {"name": "Synthetic Name"})
        self.face = repositories.photographs.add(
            self.patient.consultation, FACE, "image/jpeg", PhotographPermissions()
        ).id
        repositories.plans.choose(self.patient.plan, "0.0", "because")
        link = repositories.patient_links.link(repositories.patients.add().id, self.patient.patient, "One person.")
        repositories.patient_links.undo(link.id, "Two persons.")
        repositories.notes.add(self.patient.patient, "Calm.", consultation_id=self.patient.consultation)
        self.letter = repositories.attachments.add(self.patient.patient, PDF, **LETTER).id
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
        link = repositories.diaries.create_link(self.patient.treatment, language="en", until=until)
        DiaryAccess(database).open(link.token).add_entry("0" * 32, 1, WARNING, photograph=None, alarm=False)
        self.job = repositories.jobs.add("plan", {"consultation": self.patient.consultation}, content="{}").id
        taken = JobQueue(database).take("plan")
        assert taken is not None
        JobQueue(database).report(taken, JobProgress(step="first look"))
        self._address, self._old, self._environment = address, environment[KEY_VARIABLE], environment
        self._new = generate_key()
        self.database = self.opened(f"{self._new},{self._old}")
        self.member = repositories.member
        self.repositories = ClinicRepositories(self.database, repositories.member)

    def opened(self, keys: str) -> Database:
        return open_database(self._address, self._environment | {KEY_VARIABLE: keys})

    def opened_with_the_new_key_alone(self) -> Database:
        return self.opened(self._new)

    def opened_with_the_old_key_first(self) -> Database:
        return self.opened(f"{self._old},{self._new}")

    def sealed_by_the_old_key(self) -> set[str]:
        """Tables with a column that the old key has sealed, and files that it has."""
        old, found = read_keys({KEY_VARIABLE: self._old}), set()
        with self.database.reading() as session:
            for mapper in Base.registry.mappers:
                names = [column.key for column in mapper.column_attrs if column.key.endswith("_sealed")]
                for row in session.scalars(select(mapper.class_)):
                    if any(old.is_current(getattr(row, name) or b"") for name in names):
                        found.add(row.__tablename__)
        files = Path(self.database.files.folder).rglob("*")
        return found | {"files" for file in files if file.is_file() and old.is_current(file.read_bytes())}

    def read(self, repositories: ClinicRepositories) -> list[Any]:
        """What the clinic reads of it."""
        return [
            repositories.patients.get_contact(self.patient.patient),
            repositories.photographs.read_content(self.face)[1],
            repositories.attachments.read_content(self.letter),
            repositories.dossiers.read(self.patient.patient, "copy"),
            repositories.jobs.get(self.job),
        ]


@pytest.fixture
def replaced(
    database: Database, repositories: ClinicRepositories, address: str, environment: dict[str, str]
) -> Iterator[Replaced]:
    made = Replaced(database, repositories, address, environment)
    yield made
    made.database.close()


def test_everything_is_sealed_anew_and_read_as_before(replaced: Replaced) -> None:
    before = replaced.read(replaced.repositories)
    tables = {
        "store",
        "contact",
        "clinical_note",
        "attachment",
        "patient_link",
        "patient_link_end",
        "consultation",
        "choice",
        "consent",
        "tell_back",
        "treatment",
        "diary_entry",
        "job",
    }
    assert replaced.sealed_by_the_old_key() >= {*tables, "files"}
    (done,) = reseal_database(replaced.database)
    assert (done.files, done.rows_left) == (4, 0), "a photograph, a plan, a signed document and an attachment"
    assert replaced.sealed_by_the_old_key() == set()
    alone = replaced.opened_with_the_new_key_alone()
    assert verify_database(alone)[0].findings == ()
    repositories = ClinicRepositories(alone, replaced.member)
    after = replaced.read(repositories)
    assert without_versions(after) == without_versions(before)
    noted = [one for one in repositories.audit_log.newest(50) if one.action == "key.replaced"]
    assert (len(noted), noted[0].subject) == (done.rows, f"clinic/{replaced.member.clinic_id}"), (
        "one for each row but the job, and one for the clinic"
    )
    length = repositories.audit_log.newest(1)[0].seq
    assert reseal_database(alone) == (ResealSummary("Harbour Clinic", 0, 0, 0, ()),)
    assert repositories.audit_log.newest(1)[0].seq == length + 1, "a run that finds nothing writes nothing"
    alone.close()


def without_versions(read: list[Any]) -> list[Any]:
    """What was read without the version of the contact's row, which every save makes anew."""
    contact, *others = read
    return [contact.details, contact.saved_at, *others]


@pytest.mark.parametrize("rows", range(0, 12, 3))
def test_a_run_that_breaks_off_loses_nothing_and_the_next_does_the_rest(
    rows: int, replaced: Replaced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the machine stops, within a step or between a row and its file, both keys together open everything."""
    before, sealed = replaced.read(replaced.repositories), []
    seal = ClinicTransaction.seal

    def seal_until_it_stops(work: ClinicTransaction, *about: Any) -> None:
        if len(sealed) == rows:
            raise KeyboardInterrupt
        sealed.append(about)
        seal(work, *about)

    with monkeypatch.context() as patch:
        patch.setattr("skinbeam_clinic.database.reseal._STEP_ROWS", 2)
        patch.setattr(ClinicTransaction, "seal", seal_until_it_stops)
        with pytest.raises(KeyboardInterrupt):
            reseal_database(replaced.database)
    assert verify_database(replaced.database)[0].findings == ()
    assert without_versions(replaced.read(replaced.repositories))[:3] == without_versions(before)[:3]
    assert reseal_database(replaced.database)[0].rows_left == 0
    assert replaced.sealed_by_the_old_key() == set()
    assert verify_database(replaced.database)[0].findings == ()


def test_a_file_of_the_old_key_that_no_row_names_is_sealed_anew_when_it_is_stored_again(replaced: Replaced) -> None:
    """A photograph whose row was never saved stays on the disk for a day."""
    other, old = b"\xff\xd8\xff another face", replaced.opened_with_the_old_key_first()
    old.files.add(replaced.member.clinic_id, other)
    old.close()
    reseal_database(replaced.database)
    alone = replaced.opened_with_the_new_key_alone()
    repositories = ClinicRepositories(alone, replaced.member)
    photograph = repositories.photographs.add(
        replaced.patient.consultation, other, "image/jpeg", PhotographPermissions()
    ).id
    assert repositories.photographs.read_content(photograph)[1] == other
    assert verify_database(alone)[0].findings == ()
    alone.close()


def test_a_file_that_fails_leaves_the_old_one_whole(replaced: Replaced, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_room)
        with pytest.raises(InputError, match="full"):
            reseal_database(replaced.database)
    assert replaced.repositories.photographs.read_content(replaced.face)[1] == FACE
    assert verify_database(replaced.database)[0].findings == ()
    assert reseal_database(replaced.database)[0].rows_left == 0


def test_a_row_that_was_altered_is_not_signed_anew_and_a_file_that_is_missing_stops_nothing(replaced: Replaced) -> None:
    """The rest is done, since the old key may be known to somebody; what is wrong is told and counted."""
    with replaced.database.writing() as session:
        session.execute(text("UPDATE consultation SET saved_by = 'somebody else'"))
        file = session.scalars(select(PhotographRow.file)).one()
    replaced.database.files.remove(replaced.member.clinic_id, file)
    for _ in range(2):
        (done,) = reseal_database(replaced.database)
        assert set(done.findings) == {
            IntegrityFinding("row-altered", f"consultation/{replaced.patient.consultation}"),
            IntegrityFinding("file-missing", f"file/{file}"),
        }
        assert done.rows_left == 2
        assert replaced.sealed_by_the_old_key() == {"consultation"}
    (checked,) = verify_database(replaced.database)
    assert {one.code for one in checked.findings} == {"row-altered", "file-missing"}


def test_what_no_key_opens_stops_nothing(replaced: Replaced) -> None:
    """A row and a file of a key that was lost, and a sealed column that was altered."""
    lost, clinic_id = EncryptionKeys([b"l" * 32]), replaced.member.clinic_id
    with replaced.database.writing() as session:
        job = session.scalars(select(JobRow)).one()
        job.progress_sealed = lost.seal(b"{}", "somewhere")
        file = session.scalars(select(PhotographRow.file)).one()
    (path,) = Path(replaced.database.files.folder).rglob(file)
    path.write_bytes(lost.seal(FACE, f"{clinic_id}/file/{file}"))
    (done,) = reseal_database(replaced.database)
    found = {one.location: one.code for one in done.findings}
    assert found == {f"job/{replaced.job}": "unknown-key", f"file/{file}": "unknown-key"}
    assert done.rows_left == 2
    for form, code in ((b"\x02", "row-altered"), (b"\x01", "unknown-key")):
        with replaced.database.writing() as session:
            session.scalars(select(JobRow)).one().progress_sealed = form + bytes(60)
        (done,) = reseal_database(replaced.database)
        assert IntegrityFinding(code, f"job/{replaced.job}") in done.findings
        assert verification_error((done,)).hint


def test_a_row_and_an_entry_that_the_database_cannot_decode_stop_nothing(replaced: Replaced) -> None:
    """Another program wrote JSON in a form of its own: it is told and counted as left, and the others are done."""
    for statement in ("UPDATE plan SET files = files || ' '", "UPDATE trail SET detail = '{ }' WHERE seq = 2"):
        unguarded(replaced.database, run(statement))
    (done,) = reseal_database(replaced.database)
    assert set(done.findings) == {
        IntegrityFinding("row-altered", f"plan/{replaced.patient.plan}"),
        IntegrityFinding("entry-altered", "trail/2"),
    }
    assert done.rows_left == 1
    assert done.rows > 5


def test_who_saves_meanwhile_loses_nothing_and_what_an_old_program_seals_is_left(replaced: Replaced) -> None:
    """A server that still has the old key first goes on, and its rows are counted; the next run seals them."""
    server = replaced.opened_with_the_old_key_first()
    repositories, stop, saved = ClinicRepositories(server, replaced.member), threading.Event(), []

    def save() -> None:
        while not stop.wait(0.02):  # a busy clinic, and not one whose rows take the time of the test
            saved.append(repositories.patients.add().id)
            repositories.patients.set_contact(saved[-1], {"name": f"N{len(saved)}"})

    worker = threading.Thread(target=save)
    worker.start()
    reseal_database(replaced.database)
    stop.set()
    worker.join()
    assert saved
    repositories.patients.set_contact(repositories.patients.add().id, {"name": "late"})
    server.close()
    assert replaced.sealed_by_the_old_key() == {"contact"}
    assert reseal_database(replaced.database)[0].rows_left == 0
    assert replaced.sealed_by_the_old_key() == set()
    names = [replaced.repositories.patients.get_contact(id) for id in saved]
    assert [one and one.details["name"] for one in names] == [f"N{number}" for number in range(1, len(saved) + 1)]
    assert verify_database(replaced.database)[0].findings == ()


def test_the_old_key_alone_opens_it_no_more(
    replaced: Replaced, address: str, environment: dict[str, str], operator: Member
) -> None:
    reseal_database(replaced.database)
    with pytest.raises(WrongKeyError):
        open_database(address, environment)
    assert operator.clinic == "Harbour Clinic"
    with replaced.database.reading() as session:
        assert session.scalar(select(JobRow.progress_sealed)) is not None


def test_what_is_sealed_by_another_form_or_key_is_not_current() -> None:
    old, new = EncryptionKeys([b"o" * 32]), EncryptionKeys([b"n" * 32, b"o" * 32])
    assert new.is_current(new.seal(b"x", "here"))
    for other in (old.seal(b"x", "here"), b"\x02" + new.seal(b"x", "here")[1:], b""):
        assert not new.is_current(other)

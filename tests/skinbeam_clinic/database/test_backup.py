"""A backup holds everything as it was at one moment, and comes back on either database, checked."""

import datetime
import errno
import io
import os
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from document_samples import LETTER, PDF
from record_samples import MADE, NO_WAIT, begin_consultation, sign
from sqlalchemy import text

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, clinic_operator
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import ApiTokenAuthenticator
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database import backup as backups
from skinbeam_clinic.database.backup import (
    BackupReader,
    find_last_entry,
    last_backup,
    restore_backup,
    write_backup,
)
from skinbeam_clinic.database.backup_rotation import BackupRetention, write_rotated_backup
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database, database_url, open_engine
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.file_store import FileStore
from skinbeam_clinic.database.rehearsal import find_newest_backup
from skinbeam_clinic.database.revisions import migrate_to, newest_revision, open_database, upgrade_database
from skinbeam_clinic.database.tables import Base
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DiskFullError, RecordNotFoundError, UnreachableError, WrongKeyError
from skinbeam_clinic.models import Member, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

PASSWORD = "quiet otters read maps"
FACE = b"\xff\xd8 a face" * 50


@pytest.fixture
def full(database: Database, repositories: ClinicRepositories) -> ClinicRepositories:
    AccountRepository(database, repositories.member, PasswordHasher()).add("Ann", Role.OWNER, PASSWORD)
    made = begin_consultation(repositories)
    repositories.patients.set_contact(made.patient_id, {"name": "Zoë"})
    repositories.photographs.add(made.id, FACE, "image/jpeg", PhotographPermissions())
    plan = repositories.plans.add(made.id, MADE, revision=1)
    repositories.plans.choose(plan.id, "vascular", "because")
    sign(
        repositories,
        repositories.consents.record_explanation(plan.id, option="vascular", cooling_off=NO_WAIT, language="de"),
    )
    repositories.jobs.add("plan", {"consultation": made.id})
    repositories.notes.add(made.patient_id, "Calm.", consultation_id=made.id)
    repositories.attachments.add(made.patient_id, PDF, **LETTER)
    return repositories


def rows(database: Database) -> dict[str, list[Any]]:
    """Everything that a backup carries, but for the trail, to which backup and restore add."""
    left_out = ("login_session", "login_lock", "trail", "clinic")
    with database.reading() as session:
        return {
            table.name: [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in session.execute(table.select().order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in left_out
        }


def test_what_is_restored_elsewhere_is_what_was_there(
    database: Database, full: ClinicRepositories, environment: dict[str, str], tmp_path: Path
) -> None:
    came = SignIn(database, PasswordHasher()).sign_in("Harbour Clinic", "Ann", PASSWORD)
    ended, (_, token) = full.tokens.make("ended", 1)[0], full.tokens.make("reader", 1)
    assert ApiTokenAuthenticator(database).find_session(token) is not None
    saved = write_backup(database, tmp_path / "b.tar")
    full.tokens.end(ended.id)
    assert (saved.files, saved.bytes) == (5, (tmp_path / "b.tar").stat().st_size)
    there = environment | {FILES_VARIABLE: str(tmp_path / "elsewhere")}
    (checked,) = restore_backup(tmp_path / "b.tar", str(tmp_path / "restored.sqlite"), there)
    assert checked.findings == ()
    other = open_database(str(tmp_path / "restored.sqlite"), there)
    for held in (there_are := rows(other), here := rows(database)):
        assert len(held.pop("api_token")) == 2
    assert there_are == here
    assert ApiTokenAuthenticator(other).find_session(token) is None, (
        "what was ended after the backup would be good again"
    )
    repositories = ClinicRepositories(other, clinic_operator(other, "harbour clinic"))
    (patient,) = repositories.patients.list_all()
    (consultation,) = repositories.consultations.of(patient.id)
    contact = repositories.patients.get_contact(patient.id)
    assert contact is not None
    assert contact.details == {"name": "Zoë"}
    assert repositories.photographs.read_content(repositories.photographs.of(consultation.id)[0].id)[1] == FACE
    assert repositories.consents.read_document(repositories.consents.of(consultation.id)[0].id) == b"%PDF the document"
    assert [one.words for one in repositories.notes.of(patient.id)] == ["Calm."]
    assert repositories.attachments.read_content(repositories.attachments.of(patient.id)[0].id)[1] == PDF
    assert SignIn(other, PasswordHasher()).find_session(came.token) is None, "nobody is signed in after a restore"
    assert SignIn(other, PasswordHasher()).sign_in("Harbour Clinic", "Ann", PASSWORD).member.name == "Ann"
    steps = [step.action for step in repositories.audit_log.newest(100)]
    assert "backup.restored" in steps
    assert "backup.made" in steps
    assert verify_database(other)[0].findings == ()
    other.close()


def test_a_backup_of_a_file_is_restored_into_a_server(
    database: Database, full: ClinicRepositories, environment: dict[str, str], tmp_path: Path, address: str
) -> None:
    """And the other way: each kind of database is made from a backup of a file."""
    file = tmp_path / "from.sqlite"
    write_backup(database, tmp_path / "b.tar")
    restore_backup(tmp_path / "b.tar", str(file), environment)
    opened = open_database(str(file), environment)
    write_backup(opened, tmp_path / "c.tar")
    database.close()
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "base")
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    (checked,) = restore_backup(tmp_path / "c.tar", address, environment)
    assert checked.findings == ()
    again = open_database(address, environment)
    assert rows(again) == rows(opened)
    for one in (again, opened):
        one.close()


def test_a_backup_is_of_one_moment_while_work_goes_on(
    database: Database,
    full: ClinicRepositories,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = backups.BackupWriter.write_rows

    def meanwhile(self: backups.BackupWriter, table: str, found: Any) -> int:
        if table == "patient":  # clinics and members are written by now
            ClinicRepositories(database, full.member).consultations.begin(
                full.patients.add().id, Submission((("late", "true"),))
            )
        return write(self, table, found)

    monkeypatch.setattr(backups.BackupWriter, "write_rows", meanwhile)
    write_backup(database, tmp_path / "b.tar")
    (checked,) = restore_backup(tmp_path / "b.tar", str(tmp_path / "restored.sqlite"), environment)
    assert checked.findings == ()
    other = open_database(str(tmp_path / "restored.sqlite"), environment)
    assert len(ClinicRepositories(other, clinic_operator(other, "harbour clinic")).patients.list_all()) == 1
    other.close()


def test_nothing_is_restored_over_records_or_with_another_key(
    database: Database, full: ClinicRepositories, environment: dict[str, str], tmp_path: Path, address: str
) -> None:
    write_backup(database, tmp_path / "b.tar")
    with pytest.raises(InputError, match="there already"):
        write_backup(database, tmp_path / "b.tar")
    with pytest.raises(InputError, match="records in this database"):
        restore_backup(tmp_path / "b.tar", address, environment)
    other = str(tmp_path / "other.sqlite")
    with pytest.raises(WrongKeyError):
        restore_backup(tmp_path / "b.tar", other, environment | {KEY_VARIABLE: generate_key()})
    assert upgrade_database(other, environment) == (None, newest_revision()), "what was refused left nothing behind"


def without_its_end(content: bytes) -> bytes:
    return content[: len(content) // 2]


def with_another_row(content: bytes) -> bytes:
    return content.replace(b'"pseudonym": "P00001"', b'"pseudonym": "P00002"')


def with_another_face(content: bytes) -> bytes:
    """Its last file has another content of the same length."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        member = [one for one in tar.getmembers() if one.name.startswith("files/")][-1]
    start = member.offset_data
    return content[:start] + b"\x01" + content[start + 1 : start + 20] + b"x" * 10 + content[start + 30 :]


@pytest.mark.parametrize(
    "harm", [without_its_end, with_another_row, with_another_face, lambda _: b"", lambda _: b"x" * 9999]
)
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(
    harm: Callable[[bytes], bytes],
    database: Database,
    full: ClinicRepositories,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    write_backup(database, tmp_path / "b.tar")
    content = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(harm(content))
    assert (tmp_path / "b.tar").read_bytes() != content
    other, there = str(tmp_path / "other.sqlite"), environment | {FILES_VARIABLE: str(tmp_path / "elsewhere")}
    with pytest.raises(InputError) as found:
        restore_backup(tmp_path / "b.tar", other, there)
    assert found.value.code in ("bad-archive", "damaged-archive")
    assert upgrade_database(other, there) == (None, newest_revision())


def test_a_backup_of_an_older_revision_is_brought_to_the_newest(
    database: Database, operator: Member, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the version wrote it that knew the first revision alone."""
    first = ("store", "clinic", "member", "trail")
    monkeypatch.setattr(backups, "newest_revision", lambda: "0001")
    monkeypatch.setattr(backups.BackupWriter, "write_rows", only(first, backups.BackupWriter.write_rows))
    write_backup(database, tmp_path / "b.tar")
    monkeypatch.undo()
    with (tmp_path / "b.tar").open("rb") as file:
        assert BackupReader(file).revision == "0001"
    restore_backup(tmp_path / "b.tar", str(tmp_path / "other.sqlite"), environment)
    other = open_database(str(tmp_path / "other.sqlite"), environment)
    ClinicRepositories(other, operator).patients.add()
    other.close()


def only(names: tuple[str, ...], write: Any) -> Any:
    return lambda self, table, found: write(self, table, found) if table in names else len(list(found))


def test_a_misspelt_backup_or_database_is_named_and_makes_no_file(environment: dict[str, str], tmp_path: Path) -> None:
    for call, code in (
        (lambda: restore_backup(tmp_path / "none.tar", str(tmp_path / "new.sqlite"), environment), "no-such-backup"),
        (lambda: open_database(str(tmp_path / "new.sqlite"), environment), "no-database"),
    ):
        with pytest.raises(InputError) as found:
            call()
        assert found.value.code == code
    assert not (tmp_path / "new.sqlite").exists()


def test_a_full_disk_is_reported_and_leaves_nothing_half_written(
    database: Database, full: ClinicRepositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    before = sorted(tmp_path.rglob("*"))
    for attempt in (
        lambda: write_backup(database, tmp_path / "b.tar"),
        lambda: full.photographs.add("x", b"another face", "image/png", PhotographPermissions()),
    ):
        with pytest.raises(UnreachableError, match="No space left") as found:
            attempt()
        assert "database is not available" not in found.value.message
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - set(before)
    assert left == set()


def test_a_backup_of_records_that_lack_a_file_names_it_and_is_not_written(
    database: Database, full: ClinicRepositories, tmp_path: Path
) -> None:
    lost = next(path for path in database.files.folder.rglob("*") if path.is_file())
    lost.unlink()
    with pytest.raises(RecordNotFoundError, match="missing") as found:
        write_backup(database, tmp_path / "b.tar")
    assert found.value.field.endswith(f"file/{lost.name}")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "b"))] == []


def test_a_restore_that_meets_a_full_disk_says_so_and_can_be_repeated(
    database: Database,
    full: ClinicRepositories,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_backup(database, tmp_path / "b.tar")
    other, there = str(tmp_path / "other.sqlite"), environment | {FILES_VARIABLE: str(tmp_path / "elsewhere")}

    def is_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "restore", is_full)
        with pytest.raises(DiskFullError, match="No space left"):
            restore_backup(tmp_path / "b.tar", other, there)
    (checked,) = restore_backup(tmp_path / "b.tar", other, there)
    assert checked.findings == ()
    restored = open_database(other, there)
    try:
        assert last_backup(restored) == find_last_entry(database, "backup.made"), "the backup that was restored"
    finally:
        restored.close()


def test_a_medium_of_backups_that_fails_is_no_fault_of_the_database(
    database: Database,
    full: ClinicRepositories,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Removed:
        def __init__(self, *_: object) -> None: ...

        def read(self) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        __iter__ = read

    def is_locked(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    other = str(tmp_path / "other.sqlite")
    later = now() + datetime.timedelta(seconds=5)  # a backup is named by its second
    kept = write_rotated_backup(database, tmp_path, BackupRetention())
    restore = partial(restore_backup, tmp_path / kept.backup, other, environment)
    for place, name, fails, attempt in (
        (tarfile.TarFile, "fileobject", Removed, restore),
        (Path, "open", is_locked, restore),
        (Path, "open", is_locked, lambda: write_backup(database, tmp_path / "b.tar")),
        (Path, "stat", is_locked, lambda: write_backup(database, tmp_path / "b.tar")),
        (Path, "stat", is_locked, lambda: write_rotated_backup(database, tmp_path, BackupRetention())),
        (Path, "iterdir", is_locked, lambda: write_rotated_backup(database, tmp_path, BackupRetention(days=1))),
        (Path, "stat", is_locked, lambda: find_newest_backup(tmp_path)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fails)
            with pytest.raises(UnreachableError, match=r"Input/output|Read-only") as found, clock_set_to(later):
                attempt()
        assert "backup" in found.value.message
        assert "database is not available" not in found.value.message

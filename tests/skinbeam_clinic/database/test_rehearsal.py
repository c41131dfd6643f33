"""A restore is rehearsed: a good backup comes back whole, a damaged one is named, and nothing stays behind."""

import os
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from record_samples import MADE, begin_consultation
from sqlalchemy import Connection, text

from skinbeam.model.errors import InputError, NotAvailable
from skinbeam_clinic.database import backup as backups
from skinbeam_clinic.database.backup import write_backup
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.rehearsal import (
    find_newest_backup,
    last_rehearsal,
    note_rehearsal,
    rehearse_restore,
)
from skinbeam_clinic.errors import WrongKeyError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

FACE = b"\xff\xd8 a face" * 50
Run = Callable[..., Any]


@pytest.fixture
def backup(
    database: Database, repositories: ClinicRepositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A backup of a clinic with a person, a photograph and a plan; temporary files have a folder of their own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made = begin_consultation(repositories)
    repositories.photographs.add(made.id, FACE, "image/jpeg", PhotographPermissions())
    repositories.plans.add(made.id, MADE, revision=1)
    repositories.jobs.add("plan", {"consultation": made.id})
    path = tmp_path / "backups" / "clinic.tar"
    path.parent.mkdir()
    write_backup(database, path)
    return path


def count_rows(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM trail")).scalar_one())


def damage(path: Path, member: str) -> str:
    """Change a byte in the middle of the last member whose name starts so, and return the name."""
    with tarfile.open(path) as tar:
        found = [one for one in tar.getmembers() if one.name.startswith(member)][-1]
    content = bytearray(path.read_bytes())
    content[found.offset_data + found.size // 2] ^= 1
    path.write_bytes(bytes(content))
    return found.name


def test_a_good_backup_comes_back_whole_and_nothing_stays(
    database: Database, backup: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    before, here = count_rows(database), set(tmp_path.rglob("*"))
    found = rehearse_restore(backup, environment)
    with tarfile.open(backup) as tar:
        lines = [
            tar.extractfile(one).read().count(b"\n")  # type: ignore[union-attr]
            for one in tar.getmembers()
            if one.name.startswith("rows/")
        ]
    assert (found.backup, found.rows, found.files) == ("clinic.tar", sum(lines), 3)
    (clinic,) = found.clinics
    assert (clinic.clinic, clinic.findings, clinic.files) == ("Harbour Clinic", (), 3)
    assert set(tmp_path.rglob("*")) == here, "something of the rehearsal stayed"
    assert count_rows(database) == before, "the records in use were touched"


def test_the_rehearsal_is_noted_in_the_records_in_use(
    database: Database, backup: Path, environment: dict[str, str]
) -> None:
    assert last_rehearsal(database) is None
    rehearse_restore(backup, environment)
    note_rehearsal(database)
    assert last_rehearsal(database) is not None


@pytest.mark.parametrize("member", ["rows/patient.jsonl", "rows/trail.jsonl", "files/"])
def test_a_damaged_part_is_named_with_its_file(
    member: str, backup: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    name = damage(backup, member)
    with pytest.raises(InputError) as found:
        rehearse_restore(backup, environment)
    assert found.value.file == "clinic.tar"
    assert found.value.field.endswith(name.rpartition("/")[2]), found.value.field
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_half_backup_and_another_key_are_refused(backup: Path, environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(WrongKeyError):
        rehearse_restore(backup, environment | {KEY_VARIABLE: generate_key()})
    backup.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    with pytest.raises(InputError, match="not complete"):
        rehearse_restore(backup, environment)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_rows_that_do_not_come_back_are_counted(
    backup: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit log does not sign the rows of jobs, so that the verification alone would not miss them."""
    whole = backups._insert_rows

    def losing(connection: Connection, archive: backups.BackupReader) -> None:
        whole(connection, archive)
        connection.execute(text("DELETE FROM job"))

    monkeypatch.setattr(backups, "_insert_rows", losing)
    with pytest.raises(InputError) as found:
        rehearse_restore(backup, environment)
    assert (found.value.code, found.value.file) == ("restore-differs", "clinic.tar")
    assert "job: the backup holds 1, and 0 came back" in str(found.value)


def test_the_newest_of_a_folder_is_taken(tmp_path: Path) -> None:
    for age, name in enumerate(("c.tar", "a.tar", "b.tar")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "note.json").write_bytes(b"")
    assert find_newest_backup(tmp_path).name == "c.tar"
    assert find_newest_backup(tmp_path / "b.tar").name == "b.tar"
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAvailable):
        find_newest_backup(tmp_path / "empty")
    with pytest.raises(InputError, match="no backup was named"):
        find_newest_backup(None)
    with pytest.raises(InputError, match="no file and no folder"):
        find_newest_backup(tmp_path / "gone")


def test_the_command_tells_in_words_and_as_json(
    backup: Path, address: str, environment: dict[str, str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SKINBEAM_BACKUPS", str(backup.parent))
    ran = run("records", "rehearse", "--json")
    assert (ran.code, ran.document["backup"], ran.document["noted"]) == (0, "clinic.tar", False)
    assert ran.document["clinics"][0]["clinic"] == "Harbour Clinic"
    words = run("records", "rehearse", "--db", address)
    assert words.code == 0
    assert "noted: True" in words.out
    damage(backup, "rows/patient.jsonl")
    broken = run("records", "rehearse")
    assert broken.code == 2
    assert "clinic.tar: rows/patient.jsonl: this part of the backup is not as it was written" in broken.err
    backup.unlink()
    none = run("records", "rehearse", "--json")
    assert (none.code, "no backup in" in none.document["unknown"]) == (3, True)
    monkeypatch.delenv("SKINBEAM_BACKUPS")
    unnamed = run("records", "rehearse", "--json")
    assert (unnamed.code, unnamed.document["error"]["field"]) == (2, "BACKUP")
    assert "SKINBEAM_BACKUPS" in unnamed.document["error"]["hint"]

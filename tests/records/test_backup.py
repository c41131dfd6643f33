"""A backup holds everything as it was at one moment, and comes back on either database, checked."""

import errno
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from test_desk import MADE, NO_WAIT, begun, sign

from skinbeam.errors import InputError
from skinbeam.records.desk.desk import Desk
from skinbeam.records.faults import UnreachableError, WrongKeyError
from skinbeam.records.kept import Member, Permissions
from skinbeam.records.people.accounts import Accounts, operator
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.readers import Readers
from skinbeam.records.people.signin import SignIn
from skinbeam.records.roles import Role
from skinbeam.records.store.database import FOLDER_VARIABLE, Database, address_of, engine_of
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.tables import Base
from skinbeam.records.store.upgrades import migrate, newest, open_database, set_up
from skinbeam.records.upkeep import backup as backups
from skinbeam.records.upkeep.archive import Reader
from skinbeam.records.upkeep.backup import backup, restore
from skinbeam.records.upkeep.verify import verify

PASSWORD = "quiet otters read maps"
FACE = b"\xff\xd8 a face" * 50


@pytest.fixture
def full(database: Database, desk: Desk) -> Desk:
    Accounts(database, desk.member, Passwords()).add("Ann", Role.OWNER, PASSWORD)
    made = begun(desk)
    desk.patients.set_contact(made.patient_id, {"name": "Zoë"})
    desk.photographs.add(made.id, FACE, "image/jpeg", Permissions())
    plan = desk.plans.add(made.id, MADE, revision=1)
    desk.plans.choose(plan.id, "vascular", "because")
    sign(desk, desk.consents.explain(plan.id, option="vascular", cooling_off=NO_WAIT, language="de"))
    desk.jobs.add("plan", {"consultation": made.id})
    return desk


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
    database: Database, full: Desk, environment: dict[str, str], tmp_path: Path
) -> None:
    came = SignIn(database, Passwords()).sign_in("Harbour Clinic", "Ann", PASSWORD)
    ended, (_, token) = full.tokens.make("ended", 1)[0], full.tokens.make("reader", 1)
    assert Readers(database).who(token) is not None
    saved = backup(database, tmp_path / "b.tar")
    full.tokens.end(ended.id)
    assert (saved.files, saved.bytes) == (4, (tmp_path / "b.tar").stat().st_size)
    there = environment | {FOLDER_VARIABLE: str(tmp_path / "elsewhere")}
    (checked,) = restore(tmp_path / "b.tar", str(tmp_path / "restored.sqlite"), there)
    assert checked.findings == ()
    other = open_database(str(tmp_path / "restored.sqlite"), there)
    for held in (there_are := rows(other), here := rows(database)):
        assert len(held.pop("api_token")) == 2
    assert there_are == here
    assert Readers(other).who(token) is None, "what was ended after the backup would be good again"
    desk = Desk(other, operator(other, "harbour clinic"))
    (patient,) = desk.patients.all()
    (consultation,) = desk.consultations.of(patient.id)
    contact = desk.patients.contact(patient.id)
    assert contact is not None
    assert contact.contact == {"name": "Zoë"}
    assert desk.photographs.content(desk.photographs.of(consultation.id)[0].id)[1] == FACE
    assert desk.consents.document(desk.consents.of(consultation.id)[0].id) == b"%PDF the document"
    assert SignIn(other, Passwords()).who(came.token) is None, "nobody is signed in after a restore"
    assert SignIn(other, Passwords()).sign_in("Harbour Clinic", "Ann", PASSWORD).member.name == "Ann"
    steps = [step.action for step in desk.trail.last(100)]
    assert "backup.restored" in steps
    assert "backup.made" in steps
    assert verify(other)[0].findings == ()
    other.close()


def test_a_backup_of_a_file_is_restored_into_a_server(
    database: Database, full: Desk, environment: dict[str, str], tmp_path: Path, address: str
) -> None:
    """And the other way: each kind of database is made from a backup of a file."""
    file = tmp_path / "from.sqlite"
    backup(database, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", str(file), environment)
    opened = open_database(str(file), environment)
    backup(opened, tmp_path / "c.tar")
    database.close()
    engine = engine_of(address_of(address))
    with engine.begin() as connection:
        migrate(connection, "base")
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    (checked,) = restore(tmp_path / "c.tar", address, environment)
    assert checked.findings == ()
    again = open_database(address, environment)
    assert rows(again) == rows(opened)
    for one in (again, opened):
        one.close()


def test_a_backup_is_of_one_moment_while_work_goes_on(
    database: Database, full: Desk, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = backups.Writer.rows

    def meanwhile(self: backups.Writer, table: str, found: Any) -> int:
        if table == "patient":  # clinics and members are written by now
            Desk(database, full.member).consultations.begin(full.patients.add().id, {"late": True})
        return write(self, table, found)

    monkeypatch.setattr(backups.Writer, "rows", meanwhile)
    backup(database, tmp_path / "b.tar")
    (checked,) = restore(tmp_path / "b.tar", str(tmp_path / "restored.sqlite"), environment)
    assert checked.findings == ()
    other = open_database(str(tmp_path / "restored.sqlite"), environment)
    assert len(Desk(other, operator(other, "harbour clinic")).patients.all()) == 1
    other.close()


def test_nothing_is_restored_over_records_or_with_another_key(
    database: Database, full: Desk, environment: dict[str, str], tmp_path: Path, address: str
) -> None:
    backup(database, tmp_path / "b.tar")
    with pytest.raises(InputError, match="there already"):
        backup(database, tmp_path / "b.tar")
    with pytest.raises(InputError, match="records in this database"):
        restore(tmp_path / "b.tar", address, environment)
    other = str(tmp_path / "other.sqlite")
    with pytest.raises(WrongKeyError):
        restore(tmp_path / "b.tar", other, environment | {VARIABLE: fresh_key()})
    assert set_up(other, environment) == (None, newest()), "what was refused left nothing behind"


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
    harm: Callable[[bytes], bytes], database: Database, full: Desk, environment: dict[str, str], tmp_path: Path
) -> None:
    backup(database, tmp_path / "b.tar")
    content = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(harm(content))
    assert (tmp_path / "b.tar").read_bytes() != content
    other, there = str(tmp_path / "other.sqlite"), environment | {FOLDER_VARIABLE: str(tmp_path / "elsewhere")}
    with pytest.raises(InputError) as found:
        restore(tmp_path / "b.tar", other, there)
    assert found.value.code in ("bad-archive", "altered-data")
    assert set_up(other, there) == (None, newest())


def test_a_backup_of_an_older_revision_is_brought_to_the_newest(
    database: Database, operator: Member, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the version wrote it that knew the first revision alone."""
    first = ("store", "clinic", "member", "trail")
    monkeypatch.setattr(backups, "newest", lambda: "0001")
    monkeypatch.setattr(backups.Writer, "rows", only(first, backups.Writer.rows))
    backup(database, tmp_path / "b.tar")
    monkeypatch.undo()
    with (tmp_path / "b.tar").open("rb") as file:
        assert Reader(file).revision == "0001"
    restore(tmp_path / "b.tar", str(tmp_path / "other.sqlite"), environment)
    other = open_database(str(tmp_path / "other.sqlite"), environment)
    Desk(other, operator).patients.add()
    other.close()


def only(names: tuple[str, ...], write: Any) -> Any:
    return lambda self, table, found: write(self, table, found) if table in names else len(list(found))


def test_a_missing_photograph_stops_a_backup(database: Database, full: Desk, tmp_path: Path) -> None:
    shutil.rmtree(database.files.folder)
    with pytest.raises(InputError, match="no such record"):
        backup(database, tmp_path / "b.tar")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "b"))] == []


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    database: Database, full: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    before = sorted(tmp_path.rglob("*"))
    for attempt in (
        lambda: backup(database, tmp_path / "b.tar"),
        lambda: full.photographs.add("x", b"another face", "image/png", Permissions()),
    ):
        with pytest.raises(UnreachableError, match="No space left"):
            attempt()
    left = {path for path in tmp_path.rglob("*") if path.is_file()} - set(before)
    assert left == set()

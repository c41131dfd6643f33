"""The way from any revision to any other, on both kinds of database, with rows in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from paths import ROOT
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from skinbeam.model.errors import InputError
from skinbeam_clinic.audit_log.hash_chain import row_signature
from skinbeam_clinic.database.connection import Database, database_url, open_engine
from skinbeam_clinic.database.encryption import KEY_VARIABLE, DatabaseSecret, generate_key
from skinbeam_clinic.database.revisions import (
    migrate_to,
    newest_revision,
    open_database,
    read_revision,
    upgrade_database,
)
from skinbeam_clinic.database.tables import Base
from skinbeam_clinic.database.verification import SIGNED_TABLES
from skinbeam_clinic.errors import UnreachableError, WrongKeyError
from skinbeam_clinic.repositories import ClinicRepositories

VERSIONS = ROOT / "skinbeam_clinic" / "database" / "migrations" / "versions"
REVISIONS = sorted(file.name[:4] for file in VERSIONS.glob("*.py"))
# A clinic as the first revision kept it.
OLD_ROWS = (
    "INSERT INTO store VALUES (1, '{sealed}', '2026-01-02 03:04:05')",
    "INSERT INTO clinic VALUES ('c1', 'Old Clinic', 'old clinic', {false}, '2026-01-02 03:04:05', 1, 'abc')",
    "INSERT INTO member (id, clinic_id, name, plain_name, role, password_hash, created_at)"
    " VALUES ('m1', 'c1', 'Ann', 'ann', 'owner', 'x', '2026-01-02 03:04:05')",
    "INSERT INTO trail VALUES ('c1', 1, '2026-01-02 03:04:05', 'm1', 'clinic.made', 'clinic/c1', '{{}}', '', 'abc')",
)


def fill(connection: Connection) -> None:
    false = "0" if connection.dialect.name == "sqlite" else "false"
    for statement in OLD_ROWS:
        connection.exec_driver_sql(statement.format(sealed="", false=false))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_numbers_of_migrations_have_no_gap() -> None:
    assert [int(revision) for revision in REVISIONS] == list(range(1, len(REVISIONS) + 1))
    assert newest_revision() == REVISIONS[-1]


def test_tables_are_those_that_the_migrations_make(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_each_step_goes_up_and_down_and_keeps_old_rows(address: str) -> None:
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0001")
        fill(connection)
    first = tables(engine)
    for step in (*REVISIONS, *REVISIONS[-2::-1]):
        with engine.begin() as connection:
            migrate_to(connection, step)
            assert read_revision(connection) == step
            assert connection.execute(text("SELECT name FROM member")).all() == [("Ann",)]
            assert connection.execute(text("SELECT detail FROM trail")).all() == [("{}",)]
    assert tables(engine) == first
    engine.dispose()


def test_a_job_that_waits_is_there_after_the_step_that_seals_how_far_it_is(address: str) -> None:
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0004")
        fill(connection)
        connection.exec_driver_sql(
            "INSERT INTO job (clinic_id, id, kind, payload, state, attempts, progress, created_at, created_by) VALUES"
            " ('c1', 'j1', 'plan', '{}', 'queued', 0, '{\"said\":\"melasma\"}', '2026-01-02 03:04:05', 'm1')"
        )
    for step, column, left in (("0005", "progress_sealed", None), ("0004", "progress", "{}")):
        with engine.begin() as connection:
            migrate_to(connection, step)
            assert connection.execute(text(f"SELECT id, {column} FROM job")).all() == [("j1", left)]
    engine.dispose()


def test_a_job_that_waits_has_no_content_after_the_step_that_adds_it(address: str) -> None:
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0011")
        fill(connection)
        connection.exec_driver_sql(
            "INSERT INTO job (clinic_id, id, kind, payload, state, attempts, created_at, created_by) VALUES"
            " ('c1', 'j1', 'plan', '{}', 'queued', 0, '2026-01-02 03:04:05', 'm1')"
        )
        migrate_to(connection, "0012")
        assert connection.execute(text("SELECT id, content_sealed FROM job")).all() == [("j1", None)]
        migrate_to(connection, "0011")
        assert connection.execute(text("SELECT id FROM job")).all() == [("j1",)]
    engine.dispose()


def test_an_alarm_that_was_given_up_waits_again_after_the_step_that_never_gives_one_up(address: str) -> None:
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0014")
        fill(connection)
        for id, kind, state in (("j1", "alarm", "failed"), ("j2", "alarm", "done"), ("j3", "plan", "failed")):
            connection.exec_driver_sql(
                "INSERT INTO job (clinic_id, id, kind, payload, state, attempts, created_at, created_by, ended_at)"
                f" VALUES ('c1', '{id}', '{kind}', '{{}}', '{state}', 3, '2026-01-02 03:04:05', 'm1',"
                " '2026-01-02 03:04:06')"
            )
        migrate_to(connection, "0015")
        rows = connection.execute(
            text("SELECT id, state, attempts, ended_at IS NULL, is_reminder FROM job ORDER BY id")
        )
        assert [tuple(row) for row in rows] == [
            ("j1", "queued", 0, True, False),
            ("j2", "done", 3, False, False),
            ("j3", "failed", 3, False, False),
        ]
        migrate_to(connection, "0014")
        assert connection.execute(text("SELECT state FROM job ORDER BY id")).scalars().all()[0] == "queued"
    engine.dispose()


# Rows that an earlier revision signed are found unaltered only as long as nothing is added to what is signed of them.
SIGNED = {
    "clinic_settings": "baf6fe63",
    "clinic_contact": "c87ed360",
    "member": "2cb054b7",
    "passkey": "5ca066ea",
    "oidc_identity": "a1933063",
    "recovery": "1e24d47c",
    "temporary_password": "baec871b",
    "notice": "79bd00f6",
    "patient": "75129f01",
    "contact": "f277af63",
    "consultation": "9dc77ee9",
    "photograph": "cfabf997",
    "plan": "a67b01c3",
    "choice": "512701d3",
    "consent": "4357dacc",
    "consent_language": "b8df5d0b",
    "consent_void": "d9751fc0",
    "tell_back": "92efd214",
    "clinic_text": "4b1a5e75",
    "consent_text": "f863e47f",
    "own_device": "7f3503ec",
    "machine": "e6b0c85c",
    "machine_upkeep": "a3dc3f9c",
    "closed_days": "6c911bb6",
    "appointment_reminder": "d39917f3",
    "appointment": "d39916b7",
    "suggested_concern": "635fc390",
    "pair_analysis": "097f30a3",
    "photograph_pair": "c4b55c3f",
    "follow_up": "75efbcce",
    "alarm_decision": "3913babc",
    "alarm": "2a36d888",
    "diary_reading": "57fb58cc",
    "diary_entry": "51a917e0",
    "diary_link": "ace31c4f",
    "adverse_event": "48a5185a",
    "treated_area": "8e387467",
    "treatment": "828dc03c",
    "test_spot": "61eb19c7",
    "clinical_note": "0836a2fb",
    "attachment": "735119a2",
    "patient_link": "59c0268f",
    "patient_link_end": "3617703f",
    "api_token": "c11a326f",
    "calendar_feed": "0c1d5512",
}


def test_what_was_signed_under_earlier_revisions_still_fits() -> None:
    secret, made = DatabaseSecret(b"s" * 32), {}
    for table in SIGNED_TABLES:
        kinds = {column.key: column for column in table.__table__.columns}  # type: ignore[attr-defined]
        values = {name: None if kind.nullable else sample_of(kind.type.python_type) for name, kind in kinds.items()}
        made[table.__table__.name] = row_signature(secret, table(**values))[:8]
    altered = [name for name, signature in SIGNED.items() if made.get(name) != signature]
    assert not altered, (
        f"columns of {', '.join(altered)} are others: `skinbeam records verify` would call each such row of a clinic "
        "altered. Leave them, and put what is new into a table of its own, as revision 0016 does"
    )
    new = {name: signature for name, signature in made.items() if name not in SIGNED}
    assert not new, f"add the new tables to SIGNED: {new}"


def sample_of(kind: type) -> object:
    samples = {int: 1, bool: True, bytes: b"x", datetime: datetime(2026, 1, 2, tzinfo=UTC)}
    return samples.get(kind, "x")


def test_down_to_nothing_leaves_nothing(address: str, environment: dict[str, str]) -> None:
    upgrade_database(address, environment)
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "base")
    assert tables(engine) == set()
    engine.dispose()
    assert upgrade_database(address, environment) == (None, newest_revision())


@pytest.mark.parametrize("statement", ["UPDATE trail SET actor = 'nobody'", "DELETE FROM trail"])
def test_the_database_itself_refuses_to_change_the_trail(
    statement: str, repositories: ClinicRepositories, database: Database
) -> None:
    repositories.patients.add()
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_database_of_another_revision_names_the_one_command(address: str, environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match="records upgrade") as found:
        open_database(address, environment)
    assert found.value.code == ("other-revision" if "://" in address else "no-database")
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0001")
    with pytest.raises(InputError, match=f"0001, and this version of skinbeam needs {newest_revision()}"):
        open_database(address, environment)
    assert upgrade_database(address, environment) == ("0001", newest_revision())
    open_database(address, environment).close()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for opened in (open_database, upgrade_database):
        with pytest.raises(InputError, match="9999"):
            opened(address, environment)


def test_a_wrong_key_is_reported_when_the_database_is_opened(address: str, environment: dict[str, str]) -> None:
    upgrade_database(address, environment)
    other = environment | {KEY_VARIABLE: generate_key()}
    for opened in (open_database, upgrade_database):
        with pytest.raises(WrongKeyError):
            opened(address, other)
    both = environment | {KEY_VARIABLE: f"{other[KEY_VARIABLE]},{environment[KEY_VARIABLE]}"}
    open_database(address, both).close()


def test_an_upgrade_with_the_wrong_key_changes_nothing(address: str, environment: dict[str, str]) -> None:
    upgrade_database(address, environment)
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0001")
    with pytest.raises(WrongKeyError):
        upgrade_database(address, environment | {KEY_VARIABLE: generate_key()})
    with engine.connect() as connection:
        assert read_revision(connection) == "0001"
    engine.dispose()


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("mysql://root@localhost/x", "bad-address"),
        ("sqlite://", "bad-address"),
        ("sqlite:///:memory:", "bad-address"),
        ("://", "bad-address"),
        ("postgresql://nobody@127.0.0.1:1/none", "unreachable"),
        ("/no/such/folder/clinic.sqlite", "unreachable"),
    ],
)
def test_an_address_that_leads_nowhere_is_wrong_input(written: str, code: str, environment: dict[str, str]) -> None:
    with pytest.raises(InputError) as found:
        upgrade_database(written, environment)
    assert found.value.code == code


def test_a_server_needs_a_folder_for_files(environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match="SKINBEAM_FILES"):
        upgrade_database("postgresql://nobody@127.0.0.1:1/none", {KEY_VARIABLE: environment[KEY_VARIABLE]})


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path, environment: dict[str, str]) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear all, this is a letter and no database. " * 200, encoding="utf-8")
    with pytest.raises(UnreachableError, match="not a database"):
        upgrade_database(str(file), environment)

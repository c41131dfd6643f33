"""An administrator's first hour, typed from the page as it stands, on a file and on a server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from paths import ROOT

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.connection import FILES_VARIABLE, database_url, open_engine
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import migrate_to, open_database

PASSWORD = "quiet otters read maps"
PAGE = ROOT / "docs" / "records.md"


def typed(places: dict[str, str], *, server: bool) -> str:
    """The lines of the page in their order, with this machine's places; of two databases the one that was chosen."""
    blocks = re.findall(
        r"^```text\n(.*?)^```", PAGE.read_text(encoding="utf-8").split("## When a patient")[0], re.MULTILINE | re.DOTALL
    )
    chosen = [block for block in blocks if "SKINBEAM_DB=" not in block or ("postgresql" in block) == server]
    script = "".join(chosen)
    for place, here in places.items():
        assert place in script, place
        script = script.replace(place, here)
    return script


@pytest.mark.check
@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.long), "postgresql"])
def test_the_first_hour_is_as_the_page_says(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    ran = run(typed(places(kind, tmp_path, request), server=kind == "postgresql"), tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("; entries ") == 4, "of the rehearsal, of what was restored, twice of what is there"
    assert "role: owner" in ran.stdout
    assert (tmp_path / "trial.sqlite").is_file()


@pytest.mark.check
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_a_clinic_of_the_first_revision_is_brought_up_as_the_page_says(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its owner comes in with the old password, and nothing of it looks altered."""
    here, server = places(kind, tmp_path, request), kind == "postgresql"
    here |= {"--new-clinic": "--new-clinic --without-second-factor"}  # which the first revision did not know
    first, update = typed(here, server=server).split("/before-the-update.tar\n")
    ran = run(first.partition("skinbeam records backup")[0], tmp_path)
    assert ran.returncode == 0, ran.stderr
    address = here["postgresql://skinbeam@127.0.0.1/skinbeam"].strip('"') if server else f"{tmp_path}/clinic.sqlite"
    engine = open_engine(database_url(address))
    with engine.begin() as connection:
        migrate_to(connection, "0001")
    engine.dispose()
    exports = "".join(line for line in first.splitlines(keepends=True) if line.startswith("export "))
    early = run(f"{exports}skinbeam records verify\n", tmp_path)
    assert early.returncode == 2
    assert "skinbeam records upgrade" in early.stderr
    ran = run(f"{exports}{update}", tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "revision_before: 0001" in ran.stdout
    assert "clinic Harbour Clinic; entries 2; rows 1" in ran.stdout
    key = here["SKINBEAM_KEY=..."].partition("=")[2]
    database = open_database(address, {KEY_VARIABLE: key, FILES_VARIABLE: str(tmp_path / "files")})
    assert SignIn(database, PasswordHasher()).sign_in("Harbour Clinic", "ada", PASSWORD).member.role is Role.OWNER
    database.close()


def places(kind: str, folder: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Where the places of the page lie here."""
    here = {
        "SKINBEAM_KEY=...": f"SKINBEAM_KEY={generate_key()}",
        "/backup/skinbeam-20261122T023000Z.tar": f"{folder}/skinbeam-2*.tar",  # the name has the time of the backup
        "/backup": str(folder),
        "/srv/trial": f"{folder}/trial",
    }
    if kind == "sqlite":
        return here | {"/srv/skinbeam": str(folder)}
    server: str = request.getfixturevalue("postgresql")
    name = f"hour{os.urandom(4).hex()}"
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    address = f'"{server.format(name=name)}"'
    return here | {"postgresql://skinbeam@127.0.0.1/skinbeam": address, "/srv/skinbeam/files": f"{folder}/files"}


def run(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type lines into a shell."""
    return subprocess.run(
        ["bash", "-c", f'set -e\nskinbeam() {{ {sys.executable} -m skinbeam "$@"; }}\n{lines}'],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("SKINBEAM_")},
        check=False,
    )

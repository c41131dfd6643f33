"""Two clinics with a member of each role, records of the first, and a browser that is signed in; all of it made up."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from report_samples import sample, sample_plan
from starlette.testclient import TestClient

from skinbeam.app.clinic.consultations import FILES
from skinbeam.app.clinic.cookies import SESSION
from skinbeam.app.clinic.server import build_clinic
from skinbeam.plan.check import Consultation
from skinbeam.plan.records import Plan
from skinbeam.records.desk.desk import Desk
from skinbeam.records.kept import Member
from skinbeam.records.people.accounts import Accounts, create_clinic
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.signin import SignIn
from skinbeam.records.roles import Role
from skinbeam.records.store.database import FOLDER_VARIABLE, Database
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up

PASSWORD = "four words nobody guesses"
HOME, OTHER = "Harbour Clinic", "Hill Clinic"
COOKIE = f"__Host-{SESSION}"  # as it is called over https


@dataclass
class Clinics:
    """The app on a database of two clinics."""

    database: Database
    app: FastAPI
    members: Mapping[tuple[str, Role], Member]
    tokens: dict[tuple[str, Role], str] = field(default_factory=dict)

    def browser(self, role: Role | None = None, clinic: str = HOME) -> TestClient:
        """A browser that is signed in as a role, or not."""
        client = TestClient(self.app, base_url="https://localhost", follow_redirects=False)
        if role is not None:
            if (clinic, role) not in self.tokens:
                signed = SignIn(self.database, Passwords()).sign_in(clinic, role.value, PASSWORD)
                self.tokens[clinic, role] = signed.token
            client.cookies.set(COOKIE, self.tokens[clinic, role], domain="localhost.local")
        return client

    def desk(self, role: Role = Role.CLINICIAN, clinic: str = HOME) -> Desk:
        """What a member works at, without a browser."""
        return Desk(self.database, self.members[clinic, role])


class OnePassword(Passwords):
    """Hashes the password that all these members share once: a hash costs what it is meant to cost."""

    def __init__(self) -> None:
        super().__init__()
        self._shared = super().hash(PASSWORD)

    def hash(self, password: str) -> str:
        return self._shared if password == PASSWORD else super().hash(password)


@contextmanager
def two_clinics(folder: Path, address: str = "") -> Iterator[Clinics]:
    """Give the app on a new database; SQLite where no address is given."""
    environment = {VARIABLE: fresh_key(), FOLDER_VARIABLE: str(folder / "files")}
    address = address or str(folder / "clinic.sqlite")
    set_up(address, environment)
    database = open_database(address, environment)
    passwords, members = OnePassword(), {}
    for clinic in (HOME, OTHER):
        accounts = Accounts(database, create_clinic(database, clinic, synthetic=True), passwords)
        members |= {(clinic, role): accounts.add(role.value, role, PASSWORD) for role in Role}
    try:
        yield Clinics(database, build_clinic(database), members)
    finally:
        database.close()


def planned(consultation: Consultation, folder: Path) -> tuple[Plan, list[Path]]:
    """Stand in for planning, which takes seconds: the plan of the samples, and files that look like its reports."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text("<html>\n<body>\n<p>report</p>\n", encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(sample_plan()), encoding="utf-8")
    return sample(), [folder / name for name in FILES]

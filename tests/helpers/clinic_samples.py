"""Two clinics with a member of each role, records of the first, and a browser that is signed in; all of it made up."""

import contextlib
import functools
import html
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anyio.from_thread import BlockingPortal, start_blocking_portal
from app_samples import LEAST, made_plan
from fastapi import FastAPI
from new_database import KEY, make_database
from postgresql_server import new_postgresql_database
from pwdlib import PasswordHash
from starlette.testclient import TestClient

from skinbeam.plan.case_check import check_consultation
from skinbeam.text import ENGLISH
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.oidc_provider import OidcSettings
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE
from skinbeam_clinic.database.revisions import open_database
from skinbeam_clinic.follow_ups.pair_subprocess import measure_pair_in_subprocess
from skinbeam_clinic.jobs.worker import PairMeasurer, PlanMaker, PlanWorker
from skinbeam_clinic.models import Member, NewPlan
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.client import SESSION_COOKIE

PASSWORD = "four words nobody guesses"
HOME, OTHER = "Harbour Clinic", "Hill Clinic"
# A provider of OpenID Connect that nobody runs: its routes are there, and it cannot be reached.
PROVIDER = OidcSettings("http://127.0.0.1:9", "skinbeam", "", "House Login")
RECOMMENDED = PasswordHash.recommended  # which `conftest.py` replaces by one that costs nothing
COOKIE = f"__Host-{SESSION_COOKIE}"  # as it is called over https


@dataclass
class Clinics:
    """The app on a database of two clinics, which answers all its browsers in one event loop, as a server does."""

    database: Database
    app: FastAPI
    members: Mapping[tuple[str, Role], Member]
    portal: BlockingPortal
    tokens: dict[tuple[str, Role], str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)  # clinic → token of another program

    def browser(self, role: Role | None = None, clinic: str = HOME) -> TestClient:
        """A browser that is signed in as a role, or not."""
        client = self._client()
        if role is not None:
            if (clinic, role) not in self.tokens:
                signed = SignIn(self.database, PasswordHasher()).sign_in(clinic, role.value, PASSWORD)
                self.tokens[clinic, role] = signed.token
            client.cookies.set(COOKIE, self.tokens[clinic, role], domain="localhost.local")
        return client

    def reader(self, clinic: str = HOME) -> TestClient:
        """Another program, which shows a token and holds no cookie."""
        if clinic not in self.shown:
            self.shown[clinic] = self.repositories(Role.OWNER, clinic).tokens.make("reader", 1)[1]
        client = self._client()
        client.headers["authorization"] = f"Bearer {self.shown[clinic]}"
        return client

    def _client(self) -> TestClient:
        client = TestClient(self.app, base_url="https://localhost", follow_redirects=False)
        client.portal = self.portal
        return client

    def work(self, make: PlanMaker | None = None, measure: PairMeasurer = measure_pair_in_subprocess) -> None:
        """Do what waits."""
        worker = PlanWorker(self.database, make or planned, measure)
        while worker.process_next():
            pass

    def plan(self, client: TestClient, consultation: str, *, make: PlanMaker | None = None, **sent: str) -> str:
        """Ask for the plan of a consultation, have it made, and return its address."""
        asked = client.post(f"{consultation}/plan", data=LEAST | {"revision": "1"} | sent)
        self.work(make)
        return str(client.get(asked.headers["location"]).headers["location"])

    def repositories(self, role: Role = Role.CLINICIAN, clinic: str = HOME) -> ClinicRepositories:
        """What a member works at, without a browser."""
        return ClinicRepositories(self.database, self.members[clinic, role])


def sent_again(page: str) -> dict[str, str]:
    """What the form of an error page sends, which repeats what was typed."""
    fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.partition("<main")[2])  # not the menu's
    return {name: html.unescape(value) for name, value in fields}


@contextlib.contextmanager
def two_clinics(folder: Path, address: str = "", *, key: str = "") -> Iterator[Clinics]:
    """Give the app on a new database; SQLite where no address is given."""
    environment = {KEY_VARIABLE: key or KEY, FILES_VARIABLE: str(folder / "files")}
    if address or key:
        address = address or str(folder / "clinic.sqlite")
        make_database(address, environment)
        members = None
    else:
        address = str(folder / "clinic.sqlite")
        file, members = _file_of_two_clinics()
        Path(address).touch(mode=0o600)
        Path(address).write_bytes(file)
    database = open_database(address, environment)
    try:
        with start_blocking_portal() as portal:
            app = build_clinic_app(database, oidc=PROVIDER)
            yield Clinics(database, app, members or _add_members(database), portal)
    finally:
        database.close()


def _add_members(database: Database) -> dict[tuple[str, Role], Member]:
    passwords, members = PasswordHasher(), {}
    for clinic in (HOME, OTHER):
        accounts = AccountRepository(database, create_clinic(database, clinic, synthetic=True), passwords)
        members |= {(clinic, role): accounts.add(role.value, role, PASSWORD) for role in Role}
    return members


@functools.cache
def _file_of_two_clinics() -> tuple[bytes, dict[tuple[str, Role], Member]]:
    """An SQLite file of two clinics, made once, and their members."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clinic.sqlite"
        environment = {KEY_VARIABLE: KEY}
        make_database(str(file), environment)
        database = open_database(str(file), environment)
        members = _add_members(database)
        database.close()
        assert [one.name for one in Path(folder).iterdir()] == [file.name], "all of it is in the one file"
        return file.read_bytes(), members


@contextlib.contextmanager
def two_clinics_on(kind: str, folder: Path) -> Iterator[Clinics]:
    """Give the app on a new database of a kind: `sqlite` or `postgresql`."""
    with contextlib.ExitStack() as opened:
        address = "" if kind == "sqlite" else opened.enter_context(new_postgresql_database())
        yield opened.enter_context(two_clinics(folder, address))


def planned(sent: Submission, home: Path, heed: Callable[[str], None], _language: str = ENGLISH) -> NewPlan:
    """Stand in for planning, which takes seconds: the plan of the samples, and files that look like its reports."""
    heed("redness, cheeks: first look")
    check_consultation(case_from_form(sent, home), home / PHOTOGRAPH_FILE if sent.photo else None)
    return made_plan()

"""How long the pages of a clinic take while many people work at once, whether anything that was saved is lost, and how
both grow with the people and with the records.

Run with `make bench`, or alone: `python benchmarks/clinic.py [--seconds 60] [--only main]`. The app is what
`skinbeam serve` starts; the people are another process (`clinic_people.py`). At the end every save and photograph that
was answered is read back from the database, and the records are verified. PostgreSQL is a private server with its
files on the disk and its defaults, beside the app on the same cores.
"""

import argparse
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from clinic_people import MARK, Person, Seen, Work
from clinic_year import Year, year
from machine import print_machine
from private_postgresql import PrivatePostgresql

from skinbeam import __version__
from skinbeam.model.input_files import load_case
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.planner import plan_consultation
from skinbeam.plan_records.document import read_plan
from skinbeam.workflow import consult
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, DatabaseSecret, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.models import Member, NewPlan
from skinbeam_clinic.plans.setting_quantities import is_simulated, option_sliders
from skinbeam_clinic.repositories import ClinicRepositories

EXAMPLE = Path(__file__).parent.parent / "examples" / "first-consultation"
HOUSE, PASSWORD = "Harbour Clinic", "four words nobody guesses"
FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf", "run.json")
PICTURE_BYTES = 3_000_000
THINK_S, NO_THOUGHT = (2.0, 5.0), (0.0, 0.0)
MOVE_S = (0.5, 2.0)  # between two moves of a slider
ASKED_AGES = range(30, 35)  # of the people whose settings are asked about; the first answer of each takes seconds
EACH = 2  # patients whom one clinician sees in turn
ANSWERS = (
    ("patient.age_years", "52"),
    ("patient.sex", "female"),
    ("patient.phototype", "II"),
    ("concern.0.condition", "facial-telangiectasia"),
    ("concern.0.site", "cheeks"),
    ("concern.0.severity", "moderate"),
    ("patient.medications.0.name", "doxycycline"),
    ("patient.history", "herpes-labialis"),
)


@dataclass(frozen=True)
class Run:
    """One row of the table."""

    kind: str
    people: int
    patients: int
    think_s: tuple[float, float] = THINK_S
    plans: bool = False
    year: bool = False
    sliders: bool = False
    pulse_in: int = 0

    @property
    def title(self) -> str:
        thought = "without a pause" if not self.think_s[1] else "thinking {:g} to {:g} s".format(*self.think_s)
        plans = ", while plans are made" if self.plans else ", what came after consent" if self.year else ""
        if self.sliders:
            plans = ", moving sliders of doses" + (f", one move in {self.pulse_in} of a pulse" if self.pulse_in else "")
        return f"{self.kind}, {self.people} clinicians {thought}, {self.patients:,} patients{plans}"


RUNS = {
    "main": (Run("SQLite", 50, 1000), Run("SQLite", 50, 1000, plans=True)),
    "people": tuple(Run("SQLite", people, 1000) for people in (10, 25, 100)),
    "patients": (Run("SQLite", 50, 100), Run("SQLite", 50, 10_000)),
    "closed": (Run("SQLite", 50, 1000, NO_THOUGHT),),
    "postgresql": (Run("PostgreSQL", 50, 1000), Run("PostgreSQL", 50, 1000, plans=True)),
    "sliders": tuple(
        Run(kind, 50, 50, think_s=MOVE_S, sliders=True, pulse_in=pulse_in)
        for kind in ("SQLite", "PostgreSQL")
        for pulse_in in (0, 20)
    ),
    "year": (Run("SQLite", 20, 800, year=True), Run("PostgreSQL", 20, 800, year=True)),
}
# What is looked at after consent, one patient after the other.
AFTER = {
    "list of patients": "/",
    "patient": "/patients/{patient}",
    "appointments": "/appointments",
    "their appointments": "/patients/{patient}/appointments",
    "treatment": "/treatments/{treatment}",
    "diary": "/treatments/{treatment}/diary",
    "follow-ups": "/patients/{patient}/follow-ups",
    "follow-up": "/follow-ups/{follow_up}",
    "learning": "/learning",
}


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A private server with its data on the disk of `folder`."""
    server = PrivatePostgresql(folder)
    try:
        yield server.address
    finally:
        server.stop()


def real_plan() -> NewPlan:
    """The plan of the first consultation, as a clinic keeps it."""
    with tempfile.TemporaryDirectory() as folder:
        plan, _ = consult(check_consultation(load_case(EXAMPLE / "case.toml")), Path(folder))
        files = {name: (Path(folder) / name).read_bytes() for name in FILES}
    return NewPlan(plan.case_sha256, plan.plan_sha256, __version__, plan.seed, plan.draws, files)


def asked_plan(age: int) -> tuple[NewPlan, Submission]:
    """The plan of somebody of that age without its reports, and the answers that it is made from."""
    sent = make_submission(dict(ANSWERS, **{"patient.age_years": str(age)}).items())
    plan = plan_consultation(check_consultation(case_from_form(sent, Path())), lambda _: None).plan
    files = {"plan.json": json.dumps(plan.document).encode()}
    made = NewPlan(plan.case_sha256, plan.plan_sha256, __version__, plan.seed, plan.draws, files)
    return made, sent


def asked_sliders(desk: ClinicRepositories) -> list[dict[str, Any]]:
    """Store people whose settings are asked about, and return the sliders of the first laser of each."""
    found = []
    for made, answers in asked_plans():
        kept = desk.consultations.begin(desk.patients.add().id, answers)
        plan = desk.plans.add(kept.id, made, revision=kept.revision)
        document = read_plan(json.loads(made.files["plan.json"]))
        place, option = next((i, one) for i, one in enumerate(document.concerns[0].options) if is_simulated(one))
        sliders = {one.name: one for one in option_sliders(option)}
        found.append(
            {
                "path": f"/plans/{plan.id}/what-if/0.{place}",
                "doses": sliders["fluence_J_cm2"].steps,
                "pulses": sliders["pulse_ms"].steps,
                "pulse": sliders["pulse_ms"].planned,
            }
        )
    return found


@cache
def asked_plans() -> tuple[tuple[NewPlan, Submission], ...]:
    """The plans of all who are asked about."""
    return tuple(map(asked_plan, ASKED_AGES))


def open_panels(port: int, names: list[str], sliders: list[dict[str, Any]]) -> None:
    """Ask for every dose of each person once, as somebody does who opens the panel, and print how long that takes."""
    somebody = Person(Work(port, HOUSE, names, PASSWORD, [], "", 0.0, 0.0, NO_THOUGHT, ""), len(names) - 1, Seen(), 0.0)
    somebody.come_in()
    for slider in sliders:
        for dose in slider["doses"]:
            path = f"{slider['path']}?fluence_J_cm2={dose}&pulse_ms={slider['pulse']}"
            page = "other doses" if dose != slider["doses"][0] else "first answer"
            status, _, _ = somebody.ask(page, "GET", path, headers={"HX-Request": "true"})
            assert status == 200, status
    for page in ("first answer", "other doses"):
        times = sorted(took for name, _, took, _ in somebody.seen.requests if name == page)
        print(f"  {page} of a person: median {times[len(times) // 2]:.2f} s, worst {times[-1]:.2f} s ({len(times)})")


class OnePassword(PasswordHasher):
    """Hashes the password that all share once."""

    def __init__(self) -> None:
        super().__init__()
        self._shared: str | None = None

    def hash(self, password: str, secret: DatabaseSecret) -> str:
        self._shared = self._shared or super().hash(password, secret)
        return self._shared


def filled(database: Database, run: Run, made: NewPlan) -> tuple[list[str], list[list[dict[str, str]]], Member]:
    """A clinic with its people and patients: names of clinicians, whom each sees, and the one who has plans made."""
    operator = create_clinic(database, HOUSE, synthetic=True)
    accounts, names = (
        AccountRepository(database, operator, OnePassword()),
        [f"clinician {i}" for i in range(run.people + 1)],
    )
    for name in names:
        member = accounts.add(name, Role.CLINICIAN, PASSWORD)
    desk, answers, seen = ClinicRepositories(database, member), make_submission(ANSWERS), []
    for number in range(run.patients):
        patient = desk.patients.add(year_of_birth=1974)
        kept = desk.consultations.begin(patient.id, answers)
        if number < run.people * EACH:
            plan = desk.plans.add(kept.id, made, revision=kept.revision)
            seen.append({"patient": patient.id, "consultation": kept.id, "plan": plan.id})
    visits = [seen[i * EACH : (i + 1) * EACH] for i in range(run.people)]
    return names, visits, member


def rounds_of(written: Year) -> list[list[tuple[str, str]]]:
    """What each clinician looks at: every page of one patient after the other, of those who were followed up."""
    ways, rounds = [one for one in written.ways if one.follow_up], []
    for number in range(len(written.clinicians)):
        pages = [
            (page, path.format(patient=one.patient, treatment=one.treatments[-1], follow_up=one.follow_up))
            for one in ways[number :: len(written.clinicians)]
            for page, path in AFTER.items()
        ]
        first = number % len(AFTER)  # so that they do not all look at the same
        rounds.append(pages[first:] + pages[:first])
    return rounds


@contextlib.contextmanager
def serving(address: str, environment: dict[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    """The app in a process of its own, at a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = [sys.executable, "-m", "skinbeam", "serve", "--db", address, "--port", str(port)]
    server = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert server.poll() is None, "the app did not start"
            time.sleep(0.1)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)


def processor_s(process: psutil.Process) -> float:
    """Seconds that a process and those that it started have computed."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent = one.cpu_times()
            total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def machine_s() -> float:
    """Seconds that all processes of the machine have computed."""
    spent = psutil.cpu_times()
    return float(spent.user + spent.nice + spent.system + spent.irq + spent.softirq)


def lost(database: Database, clinician: Member, seen: dict[str, Any]) -> list[str]:
    """What was answered to be kept and is not there, and whatever verification finds."""
    desk, gone = ClinicRepositories(database, clinician), []
    for id, (revision, mark) in seen["saved"].items():
        kept = desk.consultations.get(id)
        if kept.revision != revision or (MARK, mark) not in kept.answers.entries:
            gone.append(f"consultation {id}")
    for id, sha256 in seen["pictures"].items():
        if hashlib.sha256(desk.photographs.read_content(id)[1]).hexdigest() != sha256:
            gone.append(f"photograph {id}")
    return gone + [finding.code for checked in verify_database(database) for finding in checked.findings]


def told(run: Run, seen: dict[str, Any], used: dict[str, float], gone: list[str], ramp_s: float) -> None:
    """Print one table."""
    asked = [one for one in seen["requests"] if one[0] == "sign-in" or one[1] > ramp_s]
    wrong = [one for one in seen["requests"] if one[3] not in (200, 303)]
    wall = seen["wall_s"] - ramp_s
    print(f"\n{run.title}\n  {'milliseconds':24s}{'asked':>8s}{'p50':>8s}{'p95':>8s}{'p99':>8s}{'worst':>8s}")
    pages: dict[str, list[float]] = {}
    for page, _, took, _ in asked:
        pages.setdefault(page, []).append(took)
    rows = {"all but sign-in": [one[2] for one in asked if one[0] != "sign-in"], **dict(sorted(pages.items()))}
    for page, times in rows.items():
        times.sort()
        places = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95, 0.99))
        print(f"  {page:24s}{len(times):8d}" + "".join(f"{1e3 * one:8.0f}" for one in (*places, times[-1])))
    print(
        f"  {len(rows['all but sign-in']) / wall:.1f} requests a second; {len(wrong)} failed; {len(gone)} lost of "
        f"{seen['saves']} saves and {len(seen['pictures'])} photographs"
    )
    if run.plans:
        took = ", ".join(f"{one:.0f}" for one in seen["plans_s"])
        print(f"  {len(seen['plans_s'])} plans made meanwhile, in seconds: {took or 'none'}")
    print("  of a core: " + ", ".join(f"{name} {one / seen['wall_s']:.2f}" for name, one in used.items()))
    for line in sorted({f"{one[0]} answered {one[3]}" for one in wrong} | set(gone)):
        print(f"  {line}")


def measure(run: Run, made: NewPlan, seconds: float) -> None:
    """Fill a new database, let the people in, and say how it went."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        sqlite = run.kind == "SQLite"
        address = str(folder / "clinic.sqlite") if sqlite else stack.enter_context(postgresql(folder))
        records = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(folder / "files")}
        upgrade_database(address, records)
        database = open_database(address, records)
        rounds: list[list[tuple[str, str]]] = []
        if run.year:
            written = year(database, HOUSE, PASSWORD, passwords=OnePassword(), clinicians=run.people)
            names, visits, member, rounds = list(written.clinicians), [], written.operator, rounds_of(written)
        else:
            names, visits, member = filled(database, run, made)
            visits = [] if run.sliders else visits
        planned = ""
        if run.plans:
            desk = ClinicRepositories(database, member)
            planned = desk.consultations.begin(desk.patients.add().id, make_submission(ANSWERS)).id
        picture = folder / "picture.jpg"
        face = (EXAMPLE / "face.jpg").read_bytes()
        picture.write_bytes(face + secrets.token_bytes(PICTURE_BYTES - len(face)))
        port, server = stack.enter_context(serving(address, os.environ | records))
        ramp_s = run.people * 0.3
        sliders = asked_sliders(ClinicRepositories(database, member)) if run.sliders else []
        if sliders:
            open_panels(port, names, sliders)
        work = Work(
            port,
            HOUSE,
            names,
            PASSWORD,
            visits,
            planned,
            seconds,
            ramp_s,
            run.think_s,
            str(picture),
            rounds,
            sliders,
            run.pulse_in,
        )
        (folder / "work.json").write_text(json.dumps(asdict(work)), encoding="utf-8")
        people = [sys.executable, Path(__file__).with_name("clinic_people.py"), folder / "work.json"]
        before, all_before = processor_s(server), machine_s()
        subprocess.run([*people, folder / "seen.json"], check=True)
        seen = json.loads((folder / "seen.json").read_text(encoding="utf-8"))
        app, all_s = processor_s(server) - before, machine_s() - all_before
        others = max(0.0, all_s - app - seen["processor_s"])
        used = {"the app": app, "the people": seen["processor_s"], "all else": others}
        told(run, seen, used, lost(database, member, seen), ramp_s)
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run, once all are signed in")
    parser.add_argument("--only", choices=RUNS, action="append", help="groups of runs; all without it")
    asked = parser.parse_args()
    print_machine()
    made = real_plan()
    for group in asked.only or RUNS:
        for run in RUNS[group]:
            if run.kind != "PostgreSQL" or shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin")):
                measure(run, made, asked.seconds)


if __name__ == "__main__":
    main()

"""Four weeks of a synthetic clinic in which everything goes wrong, and whether anything that was saved is lost.

Run alone, as root on Linux: `python benchmarks/chaos.py [--days 28] [--day-s 12] [--seed 2026] [--only SQLite]`.
The app is what `skinbeam serve` starts; clinicians, who sign in with a second factor (`chaos_sign_in.py`), and patients
(`chaos_people.py`) reach it through a cable that is pulled, and the app reaches PostgreSQL and its mail server through
others. At random the server is killed (SIGKILL), the disk under database and files is full to the last byte (a small
tmpfs), the clock is set forward or back by up to three days (`chaos_clock.py`), PostgreSQL is killed, a cable is pulled
or goes dead. Each night the records are tidied and backed up, each week a restore is rehearsed. At the end
`chaos_verdict.py` looks for everything in the records. A kill ends programs, not the machine: what a disk loses when
its power fails is not tried.
"""

import argparse
import contextlib
import datetime
import json
import random
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyotp
from chaos_clock import ClockPrograms, MachineClock
from chaos_faults import Cable, MailSink, SmallDisk
from chaos_people import ChaosClinician, ChaosPatient, Ledger
from chaos_verdict import Verdict, judge, print_verdict
from clinic import HOUSE, PASSWORD, OnePassword
from machine import print_machine
from private_postgresql import PrivatePostgresql

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.database.backup import restore_backup
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.models import ConsentAnswers, Member, NewPlan
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.checklist import list_items
from skinbeam_clinic.treatments.models import TreatmentOrder

PLAN = Path(__file__).parent.parent / "tests" / "data" / "plan-sample.json"
CLINICIANS, PATIENTS = 4, 5
OPENS_HOUR, HOURS = 8, 6  # of a day at the clinic
STEP = datetime.timedelta(minutes=20)  # in which its time passes
FAULTS_A_DAY = (3, 6)
FAULT_S = (0.3, 1.5)
NIGHT_S = 300.0  # for everybody to finish what was sent before the clinic closed
AHEAD_DAYS = 300  # of the first appointment that is booked
KINDS = ("SQLite", "PostgreSQL")
HOUR = datetime.timedelta(hours=1)
JUMPS = tuple(datetime.timedelta(minutes=minutes) for minutes in (2, 45, 300, 3 * 24 * 60))
ORDER = TreatmentOrder(
    condition="facial-telangiectasia",
    site="cheeks",
    device="pulsed-dye-595",
    settings=OrderedSettings(wavelength_nm=595.0, fluence_J_cm2=7.5, pulse_ms=6.0, spot_mm=7.0),
    asked=("cooling",),
)


class ServedClinic:
    """The app in a process of its own, which is started again whenever it ends, with all that can go wrong around it.

    Parameters
    ----------
    kind : SQLite or PostgreSQL.
    folder : for the backups and the log, on a disk that never fills.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder
        place = folder / "small"
        place.mkdir()
        self.disk = SmallDisk(place, 96 if kind == "SQLite" else 384)
        self.clock, self.mail = MachineClock(folder / "clock"), MailSink()
        self.mail_cable = Cable(("127.0.0.1", self.mail.port))
        self.server: PrivatePostgresql | None = None
        self.address, self.data_cable = str(place / "clinic.sqlite"), None
        self._direct = self.address
        if kind == "PostgreSQL":
            self.server = PrivatePostgresql(place, "max_wal_size=64MB", "min_wal_size=32MB")
            self.data_cable = Cable(self.server.socket)
            self.address = f"postgresql://test@127.0.0.1:{self.data_cable.port}/postgres"
            self._direct = self.server.address
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.cable = Cable(("127.0.0.1", self.port))
        self.records = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(place / "files")}
        environment = self.records | {"SKINBEAM_DB": self.address}
        environment |= {"SKINBEAM_SMTP": f"smtp://127.0.0.1:{self.mail_cable.port}", "SKINBEAM_TIME_ZONE": "UTC"}
        environment |= {"SKINBEAM_ALARM_FROM": "clinic@example.org", "SKINBEAM_ALARM_TO": "duty@example.org"}
        self._programs = ClockPrograms(self.clock, environment, folder / "log")
        self.process: BaseProcess | None = None
        self.starts = 0
        self.unasked_ends = 0

    def command(self, *words: str) -> None:
        """Run a command on the records to its end.

        Raises
        ------
        RuntimeError : it failed.
        """
        done = self._programs.start("records", *words)
        done.join()
        if done.exitcode:
            raise RuntimeError(f"skinbeam records {words[0]} failed: {self.log_text()[-500:]}")

    def open_directly(self) -> Database:
        """Open the records past the cable."""
        return open_database(self._direct, self.records)

    def keep_running(self) -> None:
        """Start what has ended, as a service manager does."""
        if self.server is not None and self.server.process.poll() is not None:
            self.server.start()
        if self.process is None or not self.process.is_alive():
            self.unasked_ends += self.process is not None and self.process.exitcode != -signal.SIGKILL
            self.process = self._programs.start("serve", "--port", str(self.port))
            self.starts += 1

    def wait_until_served(self) -> None:
        """Wait until it answers."""
        while True:
            self.keep_running()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.1)

    def log_text(self) -> str:
        """What the programs have printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def log_lines(self) -> list[dict[str, object]]:
        """What they have logged."""
        lines = self.log_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def close(self) -> None:
        """End everything."""
        if self.process is not None:
            self.process.terminate()
            self.process.join(60)
        if self.server is not None:
            self.server.stop()
        self.disk.unmount()


class Month:
    """Four weeks of one clinic.

    Parameters
    ----------
    day_s : how long one of its days takes.
    """

    def __init__(self, kind: str, folder: Path, *, days: int, day_s: float, seed: int) -> None:
        self.kind, self.days, self.day_s = kind, days, day_s
        self.chance = random.Random(f"{seed} {kind}")
        self.clinic = ServedClinic(kind, folder)
        self.ledger = Ledger()
        self.faults: Counter[str] = Counter()
        self.backup = folder / "backup.tar"
        upgrade_database(self.clinic._direct, self.clinic.records)
        database = self.clinic.open_directly()
        self.operator = create_clinic(database, HOUSE, synthetic=True)
        self.people = self._people(database, f"{seed} {kind}")
        database.close()

    def run(self) -> Verdict:
        """Live through all of it, and return what is found in the records."""
        try:
            for person in self.people:
                person.start()
            for day in range(self.days):
                self._day(day)
                print(f"  day {day + 1}: {sum(one.told for one in self.ledger.saves)} saves", file=sys.stderr)
            for person in self.people:
                person.over.set()
                person.join(30)
            return self._judge()
        finally:
            self.clinic.close()

    def _people(self, database: Database, seed: str) -> list[ChaosClinician | ChaosPatient]:
        accounts = AccountRepository(database, self.operator, OnePassword())
        require_second_factors(database, accounts.add("owner", Role.OWNER, PASSWORD))
        operator = ClinicRepositories(database, self.operator)
        operator.machines.add(device=ORDER.device, serial="SYN-1", name="Dye laser")
        first_day = str((now() + datetime.timedelta(days=AHEAD_DAYS)).date())
        people: list[ChaosClinician | ChaosPatient] = []
        for number in range(CLINICIANS):
            member = accounts.add(f"clinician {number}", Role.CLINICIAN, PASSWORD, temporary=True)
            people.append(
                ChaosClinician(
                    self.clinic.cable.port,
                    self.ledger,
                    f"{seed} clinician {number}",
                    member=(member.id, member.name, HOUSE),
                    passwords=(PASSWORD, f"{PASSWORD} {number}"),
                    now=self.clinic.clock.now,
                    treatment=begin_session(database, member),
                    first_day=first_day,
                    answers_alarms=number == 0,
                )
            )
        until = now() + datetime.timedelta(days=3 * self.days)
        for number in range(PATIENTS):
            link = operator.diaries.create_link(begin_session(database, self.operator), language="en", until=until)
            people.append(ChaosPatient(self.clinic.cable.port, self.ledger, f"{seed} patient {number}", link.token))
        return people

    def _day(self, day: int) -> None:
        """A day at the clinic with its faults, and the night after it."""
        opens = now().replace(hour=OPENS_HOUR, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1 + day)
        self.clinic.clock.pass_until(opens)
        self.clinic.wait_until_served()
        begun = time.monotonic()
        count = self.chance.randint(*FAULTS_A_DAY)
        due = sorted(self.chance.uniform(0.05, 0.95) * self.day_s for _ in range(count))
        for person in self.people:
            person.open.set()
        while (gone := time.monotonic() - begun) < self.day_s:
            self.clinic.clock.pass_until(opens + int(gone / self.day_s * (HOURS * HOUR / STEP)) * STEP)
            if due and gone > due[0]:
                due.pop(0)
                self._go_wrong()
            self.clinic.keep_running()
            time.sleep(0.05)
        self._night(day)

    def _go_wrong(self) -> None:
        """Let one thing go wrong for a while, and then mend it."""
        clinic, server = self.clinic, self.clinic.server
        hands = self.chance.choice(JUMPS) * self.chance.choice((-1, 1))
        faults: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "server killed": (lambda: clinic.process and clinic.process.kill(), lambda: None),
            "server killed again as it starts": (
                lambda: clinic.process and clinic.process.kill(),
                lambda: clinic.process and clinic.process.kill(),
            ),
            "disk full": (clinic.disk.fill, clinic.disk.free),
            "clock set forward" if hands > datetime.timedelta() else "clock set back": (
                lambda: clinic.clock.set_hands(hands),
                lambda: clinic.clock.set_hands(datetime.timedelta()),
            ),
            "network cut": (clinic.cable.pull, clinic.cable.plug),
            "network dead": (clinic.cable.go_dead, clinic.cable.plug),
            "mail cut": (clinic.mail_cable.pull, clinic.mail_cable.plug),
            "mail dead": (clinic.mail_cable.go_dead, clinic.mail_cable.plug),
        }
        if server is not None and clinic.data_cable is not None:
            faults |= {
                "database killed": (lambda: server.stop(signal.SIGQUIT), lambda: None),
                "database cut": (clinic.data_cable.pull, clinic.data_cable.plug),
                "database dead": (clinic.data_cable.go_dead, clinic.data_cable.plug),
            }
        name = self.chance.choice(tuple(faults))
        self.faults[name] += 1
        begin, end = faults[name]
        begin()
        until = time.monotonic() + self.chance.uniform(*FAULT_S)
        while time.monotonic() < until:
            clinic.keep_running()
            time.sleep(0.05)
        end()

    def _night(self, day: int) -> None:
        """Everybody finishes; then the records are tidied and backed up, and once a week a restore is rehearsed."""
        for person in self.people:
            person.open.clear()
        until = time.monotonic() + NIGHT_S
        while not all(person.quiet.is_set() for person in self.people):
            self.clinic.keep_running()
            if time.monotonic() > until:
                waiting = [save for save in self.ledger.saves if not save.told][-len(self.people) :]
                raise RuntimeError(f"somebody waits for an answer long after the last fault: {waiting}")
            time.sleep(0.05)
        self.clinic.command("tidy")
        self.backup.unlink(missing_ok=True)
        self.clinic.command("backup", "-o", str(self.backup))
        if day % 7 == 6:
            self.clinic.command("rehearse", str(self.backup))

    def _judge(self) -> Verdict:
        """Stop the server, and look for everything in the records and in the last backup."""
        self._let_ring()
        assert self.clinic.process is not None
        self.clinic.process.terminate()
        self.clinic.process.join(60)
        with clock_set_to(self.clinic.clock.now()), tempfile.TemporaryDirectory() as there:
            database = self.clinic.open_directly()
            verdict = judge(database, self.operator, self.ledger, self.clinic.mail.messages)
            database.close()
            files = {FILES_VARIABLE: str(Path(there) / "files")}
            restored = restore_backup(self.backup, str(Path(there) / "back.sqlite"), self.clinic.records | files)
            back = open_database(str(Path(there) / "back.sqlite"), self.clinic.records | files)
            verdict.from_backup = judge(back, self.operator, self.ledger, self.clinic.mail.messages).lost
            verdict.findings += [one.code for clinic in restored for one in clinic.findings]
            back.close()
        return verdict

    def _let_ring(self) -> None:
        """Leave the notifier time for the last alarms."""
        self.clinic.wait_until_served()
        for _ in range(4):
            self.clinic.clock.pass_until(self.clinic.clock.now() + HOUR)
            time.sleep(5)


def require_second_factors(database: Database, owner: Member) -> None:
    """Have an owner set up their own codes and require a second factor of everybody."""
    own = AccountRepository(database, owner, OnePassword())
    address = own.new_codes_address()
    own.set_codes(address, pyotp.parse_uri(address).at(now()), PASSWORD)
    ClinicRepositories(database, owner).second_factors.set_required(required=True, checked=True)


def begin_session(database: Database, member: Member) -> str:
    """Begin a session of a new patient, in which pulses may be fired and whose diary may be opened."""
    desk = ClinicRepositories(database, member)
    consultation = desk.consultations.begin(desk.patients.add(secrets.token_hex(6)).id)
    made = NewPlan("c" * 64, "p" * 64, "synthetic", 0, 1, {"plan.json": PLAN.read_bytes()})
    plan = desk.plans.add(consultation.id, made, revision=1)
    consent = desk.consents.record_explanation(plan.id, option="0.0", cooling_off=datetime.timedelta(0))
    desk.consents.record_teach_back(consent.id, {}, ())
    desk.consents.sign(
        consent.id,
        kind=SignatureKind.TYPED,
        signature=b"synthetic",
        answers=ConsentAnswers(),
        document=b"%PDF",
        signed_at=now(),
    )
    treatment = desk.treatments.begin(consent.id, ORDER).id
    desk.treatments.choose_machine(treatment, desk.machines.list_all()[0].id)
    asked = (item for item in list_items(ORDER) if item.name != "device")
    desk.treatments.add_answers(treatment, {item.name: (item.accepted_answers[0], "") for item in asked})
    return desk.treatments.start(treatment).id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--day-s", type=float, default=12.0, help="how long one takes")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", choices=KINDS)
    asked = parser.parse_args()
    print_machine()
    wrong = False
    for kind in (asked.only,) if asked.only else KINDS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o711)
            month = Month(kind, Path(folder), days=asked.days, day_s=asked.day_s, seed=asked.seed)
            verdict = month.run()
            defects = [line for line in month.clinic.log_lines() if line["level"] == "error"]
        print(f"\n{kind}, {asked.days} days in {(time.monotonic() - begun) / 60:.0f} minutes")
        print("  " + ", ".join(f"{name} {count}" for name, count in sorted(month.faults.items())))
        print(
            f"  the server was started {month.clinic.starts} times; it ended {month.clinic.unasked_ends} times unasked"
        )
        print_verdict(verdict, month.ledger, defects)
        wrong = wrong or bool(verdict.wrong or month.ledger.undone or defects)
    sys.exit(int(wrong))


if __name__ == "__main__":
    main()

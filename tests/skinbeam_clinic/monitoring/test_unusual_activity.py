"""Owners are told of what no ordinary day holds; an ordinary day tells nobody anything, and nothing is ever refused."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

import pytest

from skinbeam.model.errors import InputError
from skinbeam.text import render_message, use_language
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.notices import Notice, NoticeKind, NoticeRepository
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.models import Member
from skinbeam_clinic.monitoring.metrics import Metrics
from skinbeam_clinic.monitoring.unusual_activity import ActivityLimits, ActivityWatch, read_activity_limits
from skinbeam_clinic.repositories import ClinicRepositories

PASSWORD = "quiet otters read maps"
MORNING = now().replace(hour=8, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
FEW = ActivityLimits(patients=5, searches=7, copies=3, refusals=3, sign_ins=6, requests=40)


class Clinic:
    """A clinic with two owners and an assistant, and a watch that looks when it is told to."""

    def __init__(self, database: Database, operator: Member, limits: ActivityLimits) -> None:
        self.database, self.operator = database, operator
        accounts = AccountRepository(database, operator, PasswordHasher())
        self.owners = [accounts.add(name, Role.OWNER, PASSWORD) for name in ("Ann", "Ben")]
        self.assistant = accounts.add("Cleo", Role.ASSISTANT, PASSWORD)
        self.repositories = ClinicRepositories(database, self.assistant)
        self.metrics = Metrics(database)
        self.watch = ActivityWatch(database, limits, self.metrics)
        self.watch.look()

    def patients(self, number: int) -> list[str]:
        repositories = ClinicRepositories(self.database, self.operator)
        return [repositories.patients.add().id for _ in range(number)]

    def notices(self, member: Member | None = None) -> list[Notice]:
        """What an owner is told, after the watch has looked."""
        self.watch.look()
        access = ClinicAccess(self.database, member or self.owners[0])
        return [one for one in NoticeRepository(access).list_unread() if one.kind.startswith("many-")]


@pytest.fixture
def clinic(database: Database, operator: Member) -> Iterator[Clinic]:
    yield Clinic(database, operator, FEW)
    assert verify_database(database)[0].findings == ()


def test_owners_are_notified_of_who_opens_many_patients_once_a_day_and_the_member_works_on(clinic: Clinic) -> None:
    patients = clinic.patients(8)
    with clock_set_to(MORNING):
        for patient in patients[:5]:
            clinic.repositories.patients.get(patient)
            clinic.repositories.patients.get(patient)
        assert clinic.notices() == []
        with clinic.repositories.combine_reads():  # one entry of the log for a page
            clinic.repositories.patients.get(patients[5])
            clinic.repositories.patients.get_contact(patients[5])
        (notice,) = clinic.notices()
        assert (notice.kind, notice.about) == (
            NoticeKind.MANY_PATIENTS,
            {"name": "Cleo", "number": 6, "minutes": 10},
        )
        for patient in patients:
            assert clinic.repositories.patients.get(patient).id == patient, "nothing is refused"
        again = ActivityWatch(clinic.database, FEW, clinic.metrics)  # a program that was started anew
        again.look()
        assert len(clinic.notices()) == 1
    assert (clinic.notices(clinic.owners[1]) == [], clinic.notices(clinic.assistant)) == (False, [])
    assert b'skinbeam_unusual_total{kind="patients"} 2.0' in clinic.metrics.text({}, {})
    with use_language("de"):
        sentence = render_message(f"clinic-notice.{notice.kind}", dict(notice.about))
    assert sentence == "Cleo hat die Akten von 6 Patienten innerhalb von 10 Minuten geöffnet."


def test_a_busy_day_tells_nobody_anything(database: Database, operator: Member) -> None:
    """At the front desk: 120 patients in eight hours, a dozen of them within ten minutes; each is opened five times."""
    clinic = Clinic(database, operator, ActivityLimits())
    patients = clinic.patients(120)
    for number, patient in enumerate(patients):
        with clock_set_to(MORNING + number * 4 * MINUTE if number > 12 else MORNING + number * MINUTE / 2):
            for _ in range(5):
                clinic.repositories.patients.get(patient)
            if number % 10 == 0:
                assert clinic.notices() == []
    with clock_set_to(MORNING + 8 * 60 * MINUTE):
        assert clinic.notices() == []


def test_what_is_longer_ago_than_a_limit_looks_is_forgotten(clinic: Clinic) -> None:
    """Each name that was tried once stayed in memory for as long as the program ran."""
    patients = clinic.patients(4)
    with clock_set_to(MORNING):
        for patient in patients:
            clinic.repositories.patients.get(patient)
        for number in range(3):
            with open_transaction(clinic.database, clinic.operator.clinic_id, "unknown") as work:
                work.log("sign-in.refused", f"name-{number}")
        assert clinic.notices() == []
        (known,) = clinic.watch._clinics.values()
        assert {whose for name, whose in known.happened if name == "refusals"} == {f"name-{n}" for n in range(3)}
    with clock_set_to(MORNING + 61 * MINUTE):
        clinic.watch.look()  # nothing new was noted
        assert known.happened == {}


def test_another_program_that_reads_all_is_reported_once_a_week(clinic: Clinic) -> None:
    reader = replace(clinic.assistant, id="api_token/" + "1" * 32, role=Role.AUDITOR)
    repositories, patients = ClinicRepositories(clinic.database, reader), clinic.patients(8)
    monday = MORNING + datetime.timedelta(days=-MORNING.weekday() % 7)
    for day in range(8):
        with clock_set_to(monday + datetime.timedelta(days=day)):
            for patient in patients:
                repositories.dossiers.read(patient, "Patient")
            assert len(clinic.notices()) == 1 + day // 7


@pytest.mark.parametrize("is_page", [True, False], ids=["on a page", "by itself"])
def test_many_searches_by_name_are_reported_whatever_they_find(clinic: Clinic, is_page: bool) -> None:
    """Whoever tries names learns from each answer who is a patient here, though no record is opened."""
    patients = clinic.repositories.patients
    with clock_set_to(MORNING):
        for number in range(8):
            assert clinic.notices() == []
            query = f"Nobody {number % 3}"
            if is_page:
                with clinic.repositories.combine_reads():
                    patients.search(query, 10)
                    patients.list_all()
            else:
                patients.search(query, 10)
        (notice,) = clinic.notices()
        assert (notice.kind, notice.about) == (NoticeKind.MANY_SEARCHES, {"name": "Cleo", "number": 8, "minutes": 10})


def test_who_lists_patients_and_searches_for_no_name_is_not_reported(clinic: Clinic) -> None:
    with clock_set_to(MORNING):
        for _ in range(12):
            clinic.repositories.patients.search("", 10)
        assert clinic.notices() == []


def test_many_copies_and_requests_are_reported(clinic: Clinic) -> None:
    patients, repositories = clinic.patients(4), ClinicRepositories(clinic.database, clinic.owners[1])
    with clock_set_to(MORNING):
        for patient in patients:
            repositories.dossiers.export(patient, "copy")
        assert [one.kind for one in clinic.notices()] == [NoticeKind.MANY_COPIES]
    with clock_set_to(MORNING + 120 * MINUTE):
        for _ in range(41):
            clinic.repositories.patients.get(patients[0])
        assert {one.kind for one in clinic.notices()} == {NoticeKind.MANY_COPIES, NoticeKind.MANY_REQUESTS}


def test_guesses_at_one_name_and_at_many_are_reported_without_the_name(clinic: Clinic) -> None:
    door = SignIn(clinic.database, PasswordHasher())
    with clock_set_to(MORNING):
        for number in range(4):
            with pytest.raises(InputError, match="wrong"):
                door.sign_in(clinic.operator.clinic, "Cleo", f"guess {number}")
        (notice,) = clinic.notices()
        assert (notice.kind, notice.about) == (NoticeKind.MANY_REFUSALS, {"number": 4, "minutes": 60})
        for number in range(4):
            with pytest.raises(InputError, match="wrong"):
                door.sign_in(clinic.operator.clinic, f"Nobody {number}", "guess")
        assert {one.kind for one in clinic.notices()} == {NoticeKind.MANY_REFUSALS, NoticeKind.MANY_SIGN_INS}


def test_what_the_program_itself_writes_is_nobodys_activity(clinic: Clinic) -> None:
    for _ in range(50):
        with open_transaction(clinic.database, clinic.operator.clinic_id, "worker") as work:
            work.log("alarm.sent", "alarm/1")
    assert clinic.notices() == []


def test_a_log_that_cannot_be_read_ends_no_watch(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def fail_once() -> None:
        looked.append(1)
        if len(looked) == 1:
            raise RuntimeError("a defect")
        clinic.watch._stopping.set()

    monkeypatch.setattr(clinic.watch, "_poll_s", 0.01)
    monkeypatch.setattr(clinic.watch, "look", fail_once)
    clinic.watch.start()
    clinic.watch._thread.join(10)
    assert len(looked) == 2
    clinic.watch.stop()


@pytest.mark.parametrize("written", ["-1", "1.5", "many", "²", "1" * 10])
def test_limits_are_set_by_the_environment_and_a_wrong_one_is_named(written: str) -> None:
    assert read_activity_limits({}) == ActivityLimits()
    given = {"SKINBEAM_WATCH_PATIENTS": "200", "SKINBEAM_WATCH_SIGN_INS": " 0 "}
    assert read_activity_limits(given) == ActivityLimits(patients=200, sign_ins=0)
    with pytest.raises(InputError, match="not a limit") as found:
        read_activity_limits({"SKINBEAM_WATCH_COPIES": written})
    assert (found.value.code, found.value.field) == ("bad-watch", "SKINBEAM_WATCH_COPIES")

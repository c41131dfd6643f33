"""Databases of either kind, two clinics with records of everything, and a browser; one each for the tests of a file."""

import datetime
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from app_samples import LEAST
from clinic_samples import HOME, PASSWORD, PROVIDER, Clinics, planned, two_clinics
from diary_samples import WARNING, treated
from limits import RateLimitItemPerMinute
from new_database import KEY, make_database
from playwright.sync_api import Browser, Playwright
from postgresql_server import new_postgresql_database, running_server, shared_postgresql
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from shared_statements import create_sharing_engine
from soft_passkey import SoftPasskey
from store import stored
from treated_rows import add_treatment
from treatment_samples import ORDERED

from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.document import sha256_hex
from skinbeam.model.sources import cite_sources
from skinbeam.photo import analysis as photo_analysis
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph, Picture
from skinbeam.photo.face.manual_landmarks import LandmarkPhoto, prepare_landmark_photo
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations import face_points, suggestion_routes
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.consultations.suggestions import SuggestionContent
from skinbeam_clinic.database import connection, revisions
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE
from skinbeam_clinic.database.revisions import open_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.models import ConsentAnswers, Member, PhotographPermissions
from skinbeam_clinic.plans import routes as plans_routes
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource
from skinbeam_clinic.web import routing

QUICK = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.check))


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords that cost next to nothing; as the program has them, each costs a tenth of a second on every core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PasswordHash, "recommended", lambda: PasswordHash([QUICK]))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_databases() -> Iterator[None]:
    """Databases that do not wait for the disk; those of guests and of the sample clinic are copied like all others.

    A statement that one of them has compiled serves all.
    """

    def configure(opened: Any, record: Any) -> None:
        as_served(opened, record)
        opened.execute("PRAGMA synchronous = OFF")

    as_served = connection._configure_sqlite
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_configure_sqlite", configure)
        patch.setattr(connection, "create_engine", create_sharing_engine)
        patch.setattr(revisions, "upgrade_database", make_database)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_photographs(store: None) -> Iterator[None]:
    """A photograph that was analysed before is not analysed again, nor its face found; both take seconds."""
    prepared: dict[bytes, LandmarkPhoto] = {}

    def analyse(
        photograph: DecodedPhotograph, white_card: Sequence[float] | None = None, points: Sequence[float] | None = None
    ) -> PhotoAnalysis:
        analysis: PhotoAnalysis = stored(analyse_photograph, photograph, white_card, points)
        cite_sources(*analysis.sources)
        return analysis

    def prepare(rgb: Picture) -> LandmarkPhoto:
        key = hashlib.sha256(rgb).digest()
        if key not in prepared:
            prepared[key] = prepare_landmark_photo(rgb)
        return prepared[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_points, "prepare_landmark_photo", prepare)
        for module in (photo_analysis, plans_routes, suggestion_routes):
            patch.setattr(module, "analyse_photograph", analyse)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_postgresql() -> Iterator[None]:
    """End the server of the tests, if one asked for it."""
    with running_server:
        yield


@pytest.fixture
def postgresql() -> str:
    """The address of the server of the tests, with a place for the name of a database."""
    return shared_postgresql()


@pytest.fixture(params=BOTH)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "clinic.sqlite")
        return
    with new_postgresql_database() as made:
        yield made


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {KEY_VARIABLE: KEY, FILES_VARIABLE: str(tmp_path / "files")}


@pytest.fixture
def database(address: str, environment: dict[str, str]) -> Iterator[Database]:
    make_database(address, environment)
    opened = open_database(address, environment)
    yield opened
    opened.close()


@pytest.fixture
def operator(database: Database) -> Member:
    return create_clinic(database, "Harbour Clinic", synthetic=True)


@pytest.fixture
def repositories(database: Database, operator: Member) -> ClinicRepositories:
    return ClinicRepositories(database, operator)


SUGGESTED = SuggestionContent(condition="age-spots", site="cheeks", findings=(), messages=())
PLAIN = ("--no-sandbox", "--disable-gpu")
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        yield made


@pytest.fixture(scope="module")
def names(clinics: Clinics, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Records of the first clinic, by what a route calls them."""
    repositories, folder = clinics.repositories(), tmp_path_factory.mktemp("plan")
    patient = repositories.patients.add("S-17", year_of_birth=1974)
    consultation = repositories.consultations.begin(patient.id, make_submission(LEAST.items()))
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    )
    made = planned(make_submission(LEAST.items()), folder, lambda _: None)
    record = repositories.plans.add(consultation.id, made, revision=consultation.revision)
    consent = repositories.consents.record_explanation(record.id, option="0.0", cooling_off=datetime.timedelta(0))
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    repositories.consents.record_teach_back(consent.id, {}, ())
    repositories.consents.sign(consent.id, answers=ConsentAnswers(), **signed)  # type: ignore[arg-type]
    treatment = add_treatment(repositories, consent.id, days_ago=100)
    follow_up = repositories.follow_ups.begin(treatment)
    later = repositories.photographs.add(consultation.id, b"\xff\xd8\xff later", "image/jpeg", PhotographPermissions())
    (pair,) = clinics.repositories(Role.ASSISTANT).follow_ups.add_pair(follow_up.id, photograph.id, later.id).pairs
    owner = clinics.members[HOME, Role.OWNER]
    job = repositories.jobs.add(
        PLAN_JOB, {"consultation": consultation.id, "revision": consultation.revision, "language": "en"}
    )
    repositories.jobs.cancel(job.id)  # who listens to one that waits would wait, too
    accounts = AccountRepository(clinics.database, owner, PasswordHasher())
    spare = accounts.add("spare", Role.AUDITOR, PASSWORD)
    feed, _ = ClinicRepositories(clinics.database, clinics.members[HOME, Role.CLINICIAN]).calendar_feeds.create()
    _, fed = ClinicRepositories(clinics.database, accounts.add("fed", Role.ASSISTANT, PASSWORD)).calendar_feeds.create()
    machine = clinics.repositories(Role.OWNER).machines.add(device="pulsed-dye-595", serial="SYN-1", name="Dye laser")
    passkeys, device = (
        PasskeyRepository(clinics.database, owner, PasswordHasher()),
        SoftPasskey("https://localhost", "localhost"),
    )
    site = PasskeySite(device.host, device.origin)
    passkeys.add(site, "key", device.created(passkeys.registration_options(site, "key", PASSWORD)))
    identities = OidcIdentityRepository(clinics.database, owner)
    identities.bind(owner.id, OidcSubject(PROVIDER.issuer, "owner-there"))
    session = clinics.repositories(Role.OWNER).treatments.begin(consent.id, ORDERED).id
    about = {"kind": "burn", "grade": AdverseEventGrade.MILD, "source": AdverseEventSource.SESSION}
    event = repositories.adverse_events.add(session, **about)  # type: ignore[arg-type]
    begins = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    ends = begins + datetime.timedelta(minutes=30)
    doctor = clinics.members[HOME, Role.CLINICIAN].id
    asked = Booking(patient.id, doctor, Purpose.SESSION, begins, ends, machine.id, consultation.id)
    (appointment,) = repositories.appointments.book(asked)
    diary = treated(repositories, days_ago=2.0).treatment
    link = repositories.diaries.create_link(diary, language="en", until=ends)
    DiaryAccess(clinics.database).open(link.token).add_entry("0" * 32, 1, WARNING, photograph=None, alarm=True)
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    spot = repositories.test_spots.fire(consultation.id, SpotFiring(record.id, settings, 72.0, ORAL_CONSENT))
    suggestion = repositories.suggestions.add(consultation.id, photograph.id, [SUGGESTED])[0]
    letter = {"kind": "referral-letter", "name": "letter.pdf"}
    duplicate, mistake = repositories.patients.add("S-17b"), repositories.patients.add("S-17c")
    repositories.patient_links.undo(
        repositories.patient_links.link(mistake.id, patient.id, "One person.").id, "Two persons."
    )
    return {
        "patient_link": repositories.patient_links.link(duplicate.id, patient.id, "One person.").id,
        "duplicate": repositories.patients.add("S-17d").id,
        "kept": repositories.patients.add("S-18").id,
        "note": repositories.notes.add(patient.id, "Restless.", consultation_id=consultation.id).id,
        "attachment": repositories.attachments.add(patient.id, b"%PDF-1.4\n%%EOF\n", **letter).id,
        "suggestion": suggestion.id,
        "alarm": repositories.alarms.list_open()[0].id,
        "link": link.token,
        "diary": diary,
        "appointment": appointment.id,
        "feed": feed.id,
        "fed": fed,
        "patient": patient.id,
        "spot": spot.id,
        "consultation": consultation.id,
        "photograph": photograph.id,
        "plan": record.id,
        "job": job.id,
        "option": "0.0",
        "name": "plan.json",
        "language": "de",
        "consent": consent.id,
        "follow_up": follow_up.id,
        "pair": pair.id,
        "member": spare.id,
        "passkey": passkeys.all()[0].id,
        "identity": identities.own()[0].id,
        "import": "0" * 32,  # a real one would be undone by the first test that may
        "closed": clinics.repositories(Role.OWNER).closed_days.add("2030-12-25").id,
        "machine": machine.id,
        "device": clinics.repositories(Role.OWNER).own_devices.add(read_catalogue_file("ktp-532"), "green.toml").id,
        "device_name": f"green-{sha256_hex(read_catalogue_file('ktp-532'))[:6]}",
        "text": repositories.clinic_texts.add(use="letter", language="en", title="Thanks", text="Thank you.").text_id,
        "treatment": session,
        "event": event.id,
        "token": clinics.repositories(Role.OWNER).tokens.make("spare", 1)[0].id,
        "kind": "Encounter",
        "resource": consultation.id,
    }


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all files, since it takes a second of the processor to start."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: sudo apt-get install -y chromium")
    started = playwright.chromium.launch(executable_path=program, args=[*PLAIN, *CAMERA])
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Browser]:
    """Chromium, of which no page stays open after the tests of a file."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of one file share an address, and ask more often than one browser does."""
    for inside in (True, False):
        monkeypatch.setitem(routing._REQUESTS_A_MINUTE, inside, RateLimitItemPerMinute(10**9))

"""The page with which a patient reads a copy: it names every file and record, in their language, and no others."""

import datetime
import io
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from exchange_samples import OPTIONS, PLAN, dossiers, picture
from hypothesis import given, settings
from playwright.sync_api import Browser
from record_samples import MADE, begin_consultation, sign
from treatment_samples import fired, started

from skinbeam.text import LANGUAGES, use_language
from skinbeam_clinic.exchange.copy_overview import CopiedRecords, CopyPaths, render_overview
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.models import Dossier, NewPlan, PatientRecord, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, TreatmentState

AT = datetime.datetime(2026, 11, 29, 9, 30, tzinfo=datetime.UTC)
NO_WAIT = datetime.timedelta()


class Page(HTMLParser):
    """The words and the links of a page; only tags that it may have are read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(dossier: Dossier, **contact: str) -> Page:
    paths = CopyPaths.assign([dossier], dossier.consultations)
    copied = CopiedRecords("Harbour Clinic", contact, (dossier,), dossier.consultations, {}, paths, CATALOGUE)
    return Page(render_overview(copied, AT))


@settings(max_examples=15)
@given(dossiers())
def test_every_file_for_people_is_named_and_every_line_that_was_written(dossier: Dossier) -> None:
    paths = CopyPaths.assign([dossier], dossier.consultations)
    wanted = {*paths.photographs.values(), *paths.documents.values(), *paths.attachments.values()}
    for language in LANGUAGES:
        with use_language(language):
            page = shown(dossier)
        assert wanted <= set(page.links), "each is a link to where it lies in the copy"
        assert not {"script", "img", "link", "iframe"} & page.tags
        for written in (word for note in dossier.notes for word in note.words.split() if word.isalnum()):
            assert written in page.text
        for plan in (contents.plan for one in dossier.consultations for contents in one.plans):
            assert plan.plan_sha256 not in page.text
            assert plan.id not in page.text


@pytest.fixture
def patient(repositories: ClinicRepositories) -> PatientRecord:
    """A patient with a session of 40 pulses, a photograph, a plan that can be read, and a consent to it."""
    treatment = started(repositories)
    consultation = repositories.consultations.get(treatment.consultation_id)
    repositories.treatments.add_area(treatment.id, fired(endpoint="other", endpoint_words="grey <b>dots</b>"))
    about = {"grade": AdverseEventGrade.MILD, "source": AdverseEventSource.SESSION, "words": "dry after a week"}
    repositories.adverse_events.add(treatment.id, kind="crust", **about)  # type: ignore[arg-type]
    repositories.treatments.end(treatment.id, TreatmentState.DONE)
    repositories.photographs.add(consultation.id, picture(), "image/jpeg", PhotographPermissions(teaching=True))
    made = NewPlan("d" * 64, "e" * 64, MADE.version, MADE.seed, MADE.draws, {"plan.json": PLAN, "leaflet.pdf": b"%PDF"})
    plan = repositories.plans.add(consultation.id, made, revision=1)
    repositories.plans.choose(plan.id, OPTIONS[1], "because")
    sign(repositories, repositories.consents.record_explanation(plan.id, option=OPTIONS[1], cooling_off=NO_WAIT))
    return repositories.patients.get(consultation.patient_id)


def read_copy(repositories: ClinicRepositories, patient: PatientRecord) -> tuple[Page, set[str]]:
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient.id))) as archive:
        return Page(archive.read("overview.html").decode()), set(archive.namelist())


def test_the_page_of_a_copy_tells_what_was_done_and_leads_to_its_files(
    repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    repositories.patients.set_contact(patient.id, {"name": "Zoë <i>", "born": "1984-04-03", "language": "en"})
    page, files = read_copy(repositories, patient)
    assert set(page.links) <= files
    assert {"001/photograph-01.jpg", "001/plan-02/leaflet.pdf", "001/consent-02.pdf"} <= set(page.links)
    for told in (
        "Zoë <i>", "3 April 1984", "Harbour Clinic", "7.5 J/cm²", "40 pulses", "grey <b>dots</b>", "dry after a week",
        "Permitted for: care, teaching", "because",
    ):  # fmt: skip
        assert told in page.text
    assert "b" not in page.tags, "what was typed is never markup"


@pytest.mark.parametrize("document", [b"[]", b"null", b"{}", b"\xff", b'{"concerns": []}', b"[" * 100_000])
def test_a_plan_from_elsewhere_that_cannot_be_read_keeps_nobody_from_their_copy(
    repositories: ClinicRepositories, document: bytes
) -> None:
    consultation = begin_consultation(repositories)
    made = NewPlan("d" * 64, "e" * 64, MADE.version, MADE.seed, MADE.draws, {"plan.json": document})
    repositories.plans.choose(repositories.plans.add(consultation.id, made, revision=1).id, "0.0", "because")
    page, _ = read_copy(repositories, repositories.patients.get(consultation.patient_id))
    assert "0.0; because" in page.text


@pytest.mark.parametrize(
    ("spoken", "title"), [("de", "Kopie Ihrer Unterlagen"), ("en", "Copy of your records"), ("", "Kopie")]
)
def test_the_page_speaks_the_language_of_the_patient_and_else_that_of_the_clinic(
    spoken: str, title: str, repositories: ClinicRepositories
) -> None:
    patient = repositories.patients.add()
    repositories.patients.set_contact(patient.id, {"name": "Zoë"} | ({"language": spoken} if spoken else {}))
    with use_language("de"):  # of the member's browser
        page, _ = read_copy(repositories, patient)
    assert page.text.startswith(title)


def test_what_was_written_from_right_to_left_stands_so(
    repositories: ClinicRepositories, patient: PatientRecord
) -> None:
    name, note = "\u05d6\u05d5\u05d0\u05d9 (1984).", "\u05d9\u05d1\u05e9 (7 \u05d9\u05de\u05d9\u05dd)."
    repositories.patients.set_contact(patient.id, {"name": name})
    repositories.notes.add(patient.id, note)
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient.id))) as archive:
        page = archive.read("overview.html").decode()
    assert f'<dd dir="auto">{name}</dd>' in page
    assert f'<p dir="auto">{note}</p>' in page


@pytest.mark.check
def test_nothing_of_the_page_is_cut_off_on_a_telephone_or_on_paper(
    browser: Browser, repositories: ClinicRepositories, patient: PatientRecord, tmp_path: Path
) -> None:
    repositories.patients.set_contact(patient.id, {"name": "Z" * 80, "email": f"{'z' * 60}@example.invalid"})
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient.id))) as archive:
        archive.extractall(tmp_path)
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.goto((tmp_path / "overview.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()

"""Card of appointments, labels and letter to the family doctor say what is recorded, and nothing else; all made up."""

import datetime
import html
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from clinic_samples import Clinics
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pypdf import PdfReader
from treatment_samples import clear_answers, fired, read_spots

from skinbeam.plan_records.plan import CareAfterLaser, ConcernPlan, Option, Plan
from skinbeam.report.letter_context import LetterPage
from skinbeam.report.pdf import print_page
from skinbeam.text import Formatter, Message, catalogue, to_local_time
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.models import NewPlan, PhotographPermissions, PhotographRecord
from skinbeam_clinic.papers.photograph_labels import photograph_label_page
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, TreatmentState


def pdf_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.fixture(scope="module")
def before_start(clinics: Clinics, names: dict[str, str]) -> tuple[int, str]:
    """The status of the letter of a session that has not begun, and the page of the session."""
    client, here = clinics.browser(Role.CLINICIAN), f"/treatments/{names['treatment']}"
    return client.get(f"{here}/letter/en").status_code, client.get(here).text


@pytest.fixture(scope="module")
def session(clinics: Clinics, names: dict[str, str], before_start: tuple[int, str]) -> str:
    """A session that is over, with one row that was struck, and an adverse event."""
    repositories, id = clinics.repositories(Role.OWNER), names["treatment"]
    details = {"name": "Zoë Synthetic", "born": "1974-05-06", "address": "Weg 1"}
    repositories.patients.set_contact(names["patient"], details)
    repositories.treatments.choose_machine(id, names["machine"])
    repositories.treatments.add_answers(id, clear_answers())
    read_spots(repositories, repositories.plans.of(names["consultation"])[0])
    repositories.treatments.start(id)
    wrong = repositories.treatments.add_area(id, fired(settings={"fluence_J_cm2": 3.25}))
    repositories.treatments.add_area(
        id, fired(settings={"fluence_J_cm2": 6.5}, corrects=wrong.id, why="typed wrongly", pain_0_10=4, words="itches")
    )
    about = {"kind": "crust", "grade": AdverseEventGrade.MODERATE, "source": AdverseEventSource.SESSION}
    repositories.adverse_events.add(id, words="left cheek", **about)  # type: ignore[arg-type]
    repositories.treatments.end(id, TreatmentState.DONE)
    return id


@pytest.mark.parametrize(
    "part", [range(128), range(128, 256), (0x202E, 0x2028, 0xFEFF, 0xFFFE, 0xFFFF, 0xE000, 0x1F600)]
)
def test_a_letter_is_made_whatever_was_typed(part: Sequence[int]) -> None:
    words = {name: name for name in ("to", "sign", "foot")}
    typed = "".join(map(chr, part))
    page = LetterPage(words=words, title=typed, sender=(typed,), date="today", about=(("Patient", typed),), parts=())
    text = pdf_text(print_page("letter", page))
    assert "today" in text
    assert "Jane" in pdf_text(print_page("letter", replace(page, title="Jane\x00")))


def test_a_letter_of_a_session_says_who_what_settings_reaction_and_what_to_watch(
    clinics: Clinics, names: dict[str, str], session: str
) -> None:
    answer = clinics.browser(Role.CLINICIAN).get(f"/treatments/{session}/letter/en")
    assert answer.headers["content-type"] == "application/pdf"
    text = pdf_text(answer.content)
    for words in ("Harbour Clinic", "Zoë Synthetic", "6 May 1974", "owner", "6.5 J/cm²", "pain 4 of 10", "itches"):
        assert words in text, words
    assert "crust that was not expected, moderate: left cheek" in text
    assert ".;" not in text, "the endpoint is a sentence of its own"
    assert "3.25" not in text, "a row that was corrected was not fired"
    assert "Weg 1" not in text, "a letter repeats no more than it needs"
    watch = text.partition("When the patient should call")[2]
    assert len(watch.split()) > 10
    record = f"patient/{names['patient']}"
    entries = clinics.repositories(Role.OWNER).audit_log.newest(3, subject=record)
    assert "letter.made" in [part for one in entries for part in one.records_read.get(record, ())]


def test_papers_of_a_session_tell_the_care_after_its_own_laser(
    clinics: Clinics, names: dict[str, str], session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They told what is to do after the first laser of the plan, whichever was used."""

    def own(self: Plan, _concern: ConcernPlan, _option: Option) -> CareAfterLaser:
        care = replace(self.aftercare[0], message=Message("leaflet.question_1"))
        return CareAfterLaser((care,), (replace(care, message=Message("leaflet.question_2")),))

    monkeypatch.setattr(Plan, "care_after", own)
    client = clinics.browser(Role.CLINICIAN)
    sheet = client.get(f"/treatments/{session}/aftercare").text
    assert catalogue()["leaflet.question_1"] in sheet
    assert catalogue()["leaflet.question_2"] in sheet
    for letter in (f"/treatments/{session}/letter/en", f"/plans/{names['plan']}/letter/en"):
        text = pdf_text(client.get(letter).content)
        assert catalogue()["leaflet.question_2"] in text
        assert "if an eye hurts" not in text


def test_a_session_that_has_not_begun_has_no_letter(before_start: tuple[int, str]) -> None:
    status, page = before_start
    assert (status, "/letter/" in page) == (404, False)


def test_a_letter_is_in_the_language_that_was_asked_for(clinics: Clinics, names: dict[str, str], session: str) -> None:
    german = pdf_text(clinics.browser(Role.CLINICIAN).get(f"/treatments/{session}/letter/de").content)
    assert "Behandelt von" in german
    assert "Schmerzen: 4 von 10" in german
    assert clinics.browser(Role.CLINICIAN).get(f"/treatments/{session}/letter/xx").status_code == 404


HOSTILE = "<script>alert(1)</script> & {{ 7 * 7 }} #eval(1) $x$ *b* \\\\"


def test_a_letter_contains_the_texts_that_were_chosen_and_no_other(
    clinics: Clinics, names: dict[str, str], session: str
) -> None:
    client, texts = clinics.browser(Role.CLINICIAN), clinics.repositories(Role.CLINICIAN).clinic_texts
    chosen = texts.add(use="letter", language="en", title="Chosen heading", text=f"First of it.\n\n{HOSTILE}")
    texts.revise(chosen.text_id, language="de", title="Gewählt", text="Auf Deutsch.", number=0)
    texts.add(use="letter", language="en", title="Left out", text="Not chosen.")
    consent = texts.add(use="consent", language="en", title="Consent", text="Of a form.")
    for here in (f"/treatments/{session}/letter", f"/plans/{names['plan']}/letter"):
        page = client.get(here).text
        assert html.escape(HOSTILE, quote=False) in page
        assert "<script>alert" not in page
        for words in ("Chosen heading", "Left out", "Auf Deutsch."):
            assert words in page, words
        assert "Of a form." not in page
        text = pdf_text(client.get(f"{here}/en", params={"text": chosen.id}).content)
        assert "Chosen heading First of it." in text
        assert HOSTILE in text
        assert "Left out" not in text
        assert "its last part is the clinic's own text" in text
        assert "Chosen heading" not in pdf_text(client.get(f"{here}/en").content)
        for wrong in ("de", chosen.id), ("en", consent.id), ("en", "0" * 32):
            assert client.get(f"{here}/{wrong[0]}", params={"text": wrong[1]}).status_code == 404
    record = f"patient/{names['patient']}"
    entries = clinics.repositories(Role.OWNER).audit_log.newest(30, subject=record)
    assert any(chosen.id in part for one in entries for part in one.records_read.get(record, ())), "which of them"
    texts.withdraw(chosen.text_id, language="en", number=1)
    assert client.get(f"/plans/{names['plan']}/letter/en", params={"text": chosen.id}).status_code == 404


def test_a_letter_of_a_plan_tells_of_its_choice_and_all_its_sessions(
    clinics: Clinics, names: dict[str, str], session: str
) -> None:
    client, repositories = clinics.browser(Role.CLINICIAN), clinics.repositories(Role.CLINICIAN)
    text = pdf_text(client.get(f"/plans/{names['plan']}/letter/en").content)
    assert "6.5 J/cm²" in text
    assert "No adverse event is recorded." in text, "the other session of the plan"
    fresh = repositories.consultations.begin(
        names["patient"], repositories.consultations.get(names["consultation"]).answers
    )
    untouched = repositories.plans.add(fresh.id, _again(clinics, names), revision=1)
    text = pdf_text(client.get(f"/plans/{untouched.id}/letter/en").content)
    assert "No treatment has been chosen yet." in text
    assert "Session" not in text


def _again(clinics: Clinics, names: dict[str, str]) -> NewPlan:
    """The plan of the samples, for another consultation."""
    repositories = clinics.repositories()
    record = repositories.plans.get(names["plan"])
    files = {name: repositories.plans.read_file(record.id, name) for name in record.files}
    return NewPlan(record.case_sha256, record.plan_sha256, record.version, record.seed, record.draws, files)


def test_the_card_has_what_lies_ahead_and_names_no_treatment(clinics: Clinics, names: dict[str, str]) -> None:
    repositories, client = clinics.repositories(Role.OWNER), clinics.browser(Role.ASSISTANT)
    patient = repositories.patients.add("Heron").id
    empty = pdf_text(client.get(f"/patients/{patient}/appointments.pdf").content)
    assert "No appointment is booked." in empty
    begins = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=40)
    member = repositories.member.id
    (one, gone) = repositories.appointments.book(
        *(
            Booking(patient, member, Purpose.SESSION, at, at + datetime.timedelta(minutes=30), names["machine"])
            for at in (begins, begins + datetime.timedelta(days=7))
        )
    )
    repositories.appointments.cancel(gone.id, revision=gone.revision)
    text = pdf_text(client.get(f"/patients/{patient}/appointments.pdf").content)
    assert "Heron" in text
    assert Formatter().date(to_local_time(one.starts_at).date()) in text
    assert Formatter().date(to_local_time(gone.starts_at).date()) not in text
    assert not [word for word in ("ession", "aser", "reatment", "Dye") if word in text]
    (page,) = PdfReader(io.BytesIO(client.get(f"/patients/{patient}/appointments.pdf").content)).pages
    assert page.mediabox.width > page.mediabox.height


def test_the_pages_lead_to_the_papers_for_those_who_may_make_them(
    clinics: Clinics, names: dict[str, str], session: str
) -> None:
    for role, may_send, may_print in ((Role.CLINICIAN, True, True), (Role.ASSISTANT, False, True)):
        client = clinics.browser(role)
        for page in (f"/plans/{names['plan']}", f"/treatments/{session}"):
            assert (f"{page}/letter/de" in client.get(page).text) is may_send, page
        booking = client.get(f"/patients/{names['patient']}/appointments").text
        assert (f"/patients/{names['patient']}/appointments.pdf" in booking) is may_print


def test_a_name_in_another_script_is_drawn_by_a_font_of_the_machine(tmp_path: Path) -> None:
    fonts = tmp_path / ".local" / "share" / "fonts"
    fonts.mkdir(parents=True)
    _save_font(fonts / "synthetic.ttf", "Synthetic Han", "王")
    made = {
        name: subprocess.run(
            [sys.executable, "-c", LETTER_OF, name],
            capture_output=True,
            check=True,
            env=os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / ".local" / "share")},
        ).stdout
        for name in ("王", "Жанна Ξένη Zoë")
    }
    assert b"SyntheticHan" in made["王"]
    assert b"SyntheticHan" not in made["Жанна Ξένη Zoë"]


LETTER_OF = """
import sys
from skinbeam.report.letter_context import LetterPage
from skinbeam.report.pdf import print_page
words = {name: name for name in ("to", "sign", "foot")}
page = LetterPage(words=words, title=sys.argv[1], sender=(), date="today", about=(("Patient", sys.argv[1]),), parts=())
sys.stdout.buffer.write(print_page("letter", page))
"""


def _save_font(file: Path, family: str, letters: str) -> None:
    """Write a font that has these letters alone, as squares."""
    names = [".notdef", *(f"letter{ord(letter):x}" for letter in letters)]
    pen = TTGlyphPen(None)
    for place in ((100, 0), (100, 700), (800, 700), (800, 0)):
        (pen.moveTo if place == (100, 0) else pen.lineTo)(place)
    pen.closePath()
    square = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): f"letter{ord(letter):x}" for letter in letters})
    font.setupGlyf(dict.fromkeys(names, square))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family.replace(" ", "")})
    font.setupOS2(sTypoAscender=800)
    font.setupPost()
    font.save(file)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/patients/{patient}/appointments.pdf", r"appointments-\d{4}-\d\d-\d\d"),
        ("/consultations/{consultation}/labels.pdf", r"labels-\d{4}-\d\d-\d\d"),
        ("/plans/{plan}/letter/de", r"letter-\d{4}-\d\d-\d\d-de"),
        ("/treatments/{session}/letter/en", r"letter-\d{4}-\d\d-\d\d-en"),
        ("/plans/{plan}/leaflet/de", "leaflet-de"),
        ("/plans/{plan}/consent/{option}/form.pdf", "consent-form"),
        ("/consents/{consent}/document", "consent"),
    ],
)
def test_a_paper_is_saved_under_a_name_that_says_what_it_is_and_not_of_whom(
    clinics: Clinics, names: dict[str, str], session: str, path: str, name: str
) -> None:
    option = clinics.repositories(Role.OWNER).consents.get(names["consent"]).option
    address = path.format(**names | {"session": session, "option": option})
    answer = clinics.browser(Role.CLINICIAN).get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), address
    assert re.fullmatch(f'inline; filename="{name}.pdf"', answer.headers["content-disposition"])


def labels(clinics: Clinics, names: dict[str, str], role: Role = Role.ASSISTANT) -> PdfReader:
    content = clinics.browser(role).get(f"/consultations/{names['consultation']}/labels.pdf").content
    return PdfReader(io.BytesIO(content))


def test_each_photograph_has_a_label_with_what_it_may_be_used_for_and_no_name(
    clinics: Clinics, names: dict[str, str]
) -> None:
    repositories = clinics.repositories(Role.OWNER)
    stored = repositories.patients.get_contact(names["patient"])
    version = stored.version if stored else ""
    repositories.patients.set_contact(names["patient"], {"name": "Zoë Synthetic"}, version=version)
    patient, before = repositories.patients.get(names["patient"]), repositories.photographs.of(names["consultation"])
    uses = (PhotographPermissions(teaching=True), PhotographPermissions(care=False))
    made = [
        repositories.photographs.add(names["consultation"], f"picture {one}".encode(), "image/jpeg", one)
        for one in uses
    ]
    (page,) = labels(clinics, names).pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]
    text = page.extract_text()
    assert text.count(patient.pseudonym) == 24, "the rest of the sheet is for photographs of today"
    assert text.count("View:") == 24 - len(before) - 2
    assert "Permitted for: care, teaching" in text
    assert "Permitted for: nothing" in text
    for one in made:
        assert one.id[:8] in text
        assert Formatter().date(to_local_time(one.added_at).date()) in text
    assert "Zoë" not in text
    link = f"/consultations/{names['consultation']}/labels.pdf"
    assert link in clinics.browser(Role.AUDITOR).get(f"/consultations/{names['consultation']}").text


def test_as_many_sheets_of_labels_are_made_as_are_needed() -> None:
    at = datetime.datetime(2026, 3, 4, 9, tzinfo=datetime.UTC)
    one = PhotographRecord("0a1b2c3d4e5f", "c", "f", "image/jpeg", PhotographPermissions(), at, "m")
    for number, sheets in ((0, 1), (24, 1), (25, 2)):
        page = photograph_label_page([one] * number, clinic="A clinic", pseudonym="P" * 40, today=at.date())
        assert len(page.labels) == 24 * sheets
        pages = PdfReader(io.BytesIO(print_page("labels", page))).pages
        assert len(pages) == sheets
        assert "".join(one.extract_text() for one in pages).count("0a1b2c3d") == number

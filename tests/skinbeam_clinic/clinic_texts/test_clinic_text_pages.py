"""Texts of the clinic on its pages and papers: written, previewed, compared; on each form as it was explained."""

import datetime
import html
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic_samples import OTHER, Clinics, two_clinics
from pypdf import PdfReader
from record_samples import NO_WAIT
from report_samples import sample
from starlette.testclient import TestClient
from treatment_samples import ORDERED

from skinbeam.report.consent_form import teach_back_questions
from skinbeam_clinic.access import Role
from skinbeam_clinic.clinic_texts.models import ClinicText

HOSTILE = "</p><script>alert(1)</script> \" ' & {{ 7 * 7 }} #eval(1) $x$ *b* @a \\\\"
WRITTEN = {"use": "consent", "treatment": "", "language": "en", "title": "Before", "words": "Come without cream."}


@pytest.fixture
def clinics(tmp_path: Path) -> Iterator[Clinics]:
    """Clinics of their own: a text is on every form of its clinic."""
    with two_clinics(tmp_path) as made:
        yield made


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def form(client: TestClient, clinics: Clinics) -> str:
    """The address of the consent form of a fresh plan."""
    patient = client.post("/patients").headers["location"]
    consultation = client.post(f"{patient}/consultations").headers["location"]
    return f"{clinics.plan(client, consultation)}/consent/0.0"


def pdf_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def a_text(clinics: Clinics, **changed: str) -> ClinicText:
    written = {name: text for name, text in WRITTEN.items() if name != "words"} | {"text": WRITTEN["words"]}
    return clinics.repositories().clinic_texts.add(**written | changed)  # type: ignore[arg-type]


def explain(client: TestClient, form: str) -> int:
    """Send the form that says what was explained, as the page has it; return the status."""
    shown = re.search(r'name="texts" value="([^"]*)"', client.get(form).text)
    assert shown
    return client.post(f"{form}/talk", data={"days": "0", "texts": shown[1]}).status_code


def sign(client: TestClient, form: str) -> str:
    """Tell back and sign; return the address of the document."""
    plan = sample()
    questions = teach_back_questions(plan, plan.concerns[0].options[0])
    client.post(f"{form}/told-back", data={f"answer.{one.id}": str(one.right_index) for one in questions})
    assert client.post(f"{form}/signature", data={"person": "Synthetic Person"}).status_code == 303
    found = re.search(r'href="(/consents/\w+/document)"', client.get(form).text)
    assert found
    return found[1]


def test_a_text_is_written_previewed_changed_compared_and_withdrawn(client: TestClient) -> None:
    preview = client.post("/texts", data=WRITTEN | {"step": "preview"})
    assert (preview.status_code, "It is not saved yet." in preview.text) == (200, True)
    assert "None is written yet." in preview.text
    assert 'value="Before"' in preview.text, "what was typed is lost"
    here = client.post("/texts", data=WRITTEN).headers["location"]
    changed = {"language": "en", "number": "1", "title": "Before", "words": "Come early,\nwithout lotion."}
    shown = client.post(here, data=changed | {"step": "preview"}).text
    assert "Come early,<br>without lotion." in shown
    assert "version 1, written" in shown, "a preview is no version"
    assert client.post(here, data=changed).headers["location"] == here
    page = client.get(here).text
    assert "version 2, written" in page
    assert "Come without cream." in page, "the earlier version stays readable"
    compared = client.get(here, params={"language": "en", "older": "1", "newer": "2"}).text
    assert re.search(r"<del>.*cream\.", compared)
    assert re.search(r"<ins>.*lotion\.", compared)
    for missing in ({"newer": "9"}, {"language": "de"}, {"language": "xx"}):
        asked = {"language": "en", "older": "1", "newer": "2"} | missing
        assert client.get(here, params=asked).status_code == 404
    assert client.post(f"{here}/withdrawal", data={"language": "en", "number": "2"}).status_code == 303
    assert "withdrawn" in client.get("/texts").text
    assert "Withdrawn" in client.get(here).text


def test_who_changes_what_somebody_else_has_changed_loses_nothing(client: TestClient, clinics: Clinics) -> None:
    here = f"/texts/{a_text(clinics).text_id}"
    mine = {"language": "en", "number": "1", "title": "Before", "words": "Mine."}
    assert client.post(here, data=mine | {"words": "Theirs."}).status_code == 303
    clash = client.post(here, data=mine)
    assert clash.status_code == 409
    assert "Mine.</textarea>" in clash.text
    assert "Theirs." in clash.text
    newest = re.search(r'value="en"><input type="hidden" name="number" value="(\d)">\s*<div', clash.text)
    assert newest
    assert client.post(here, data=mine | {"number": newest[1]}).status_code == 303
    assert [one.text for one in clinics.repositories().clinic_texts.list_all()][1:] == ["Theirs.", "Mine."]


@pytest.mark.parametrize("path", ["/texts", "text"])
def test_what_is_refused_keeps_what_was_typed(client: TestClient, clinics: Clinics, path: str) -> None:
    here = path if path == "/texts" else f"/texts/{a_text(clinics).text_id}"
    for step in ("", "preview"):
        answer = client.post(here, data=WRITTEN | {"title": "", "words": "Typed at length.", "step": step})
        assert (answer.status_code, "Typed at length." in answer.text) == (422, True)
    assert all(one.text != "Typed at length." for one in clinics.repositories().clinic_texts.list_all())


def test_the_form_that_is_signed_shows_what_was_explained_whatever_is_written_later(
    client: TestClient, clinics: Clinics, form: str
) -> None:
    texts, first = clinics.repositories().clinic_texts, a_text(clinics)
    assert "From your clinic" in client.get(form).text
    assert "Come without cream." in pdf_text(client.get(f"{form}/form.pdf").content)
    assert explain(client, form) == 303
    texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=1)
    document = sign(client, form)
    texts.withdraw(first.text_id, language="en", number=2)
    for shown in (client.get(form).text, pdf_text(client.get(document).content)):
        assert "Come without cream." in shown
        assert "Version 1 of" in shown
        assert "Come early." not in shown
    consultation = clinics.repositories().plans.get(form.split("/")[2]).consultation_id
    (consent,) = clinics.repositories().consents.of(consultation)
    assert consent.texts == (first,)
    patient = clinics.repositories().consultations.get(consultation).patient_id
    answer = clinics.reader().get("/fhir/Consent", params={"patient": patient})
    assert "Come without cream." in answer.text
    client.post(f"{form}/withdrawal")
    assert "From your clinic" not in client.get(form).text, "the next one is explained without it"


def test_nothing_is_recorded_as_explained_that_was_not_shown(client: TestClient, clinics: Clinics, form: str) -> None:
    """A text that is written, changed or withdrawn while the form is open; the form is shown as it is now."""
    texts, first = clinics.repositories().clinic_texts, a_text(clinics)
    changes = (
        lambda: texts.revise(first.text_id, language="en", title="Before", text="Come early.", number=1),
        lambda: a_text(clinics, title="Another"),
        lambda: texts.withdraw(first.text_id, language="en", number=2),
    )
    for change in changes:
        page = client.get(form).text
        shown = re.search(r'name="texts" value="([^"]*)"', page)
        assert shown
        change()
        answer = client.post(f"{form}/talk", data={"days": "3", "texts": shown[1]})
        assert (answer.status_code, "was changed in the meantime" in answer.text) == (422, True)
        assert 'name="days" type="text" inputmode="numeric" value="3"' in answer.text
    consultation = clinics.repositories().plans.get(form.split("/")[2]).consultation_id
    assert clinics.repositories().consents.of(consultation) == ()
    assert explain(client, form) == 303


def test_a_clinician_is_told_which_texts_a_form_lacks_in_its_language(
    client: TestClient, clinics: Clinics, form: str
) -> None:
    a_text(clinics, title="Only English")
    a_text(clinics, title="Other treatment", treatment="ablative")
    assert "are not written in" not in client.get(form).text
    german = client.get(f"{form}?language=de")
    assert "are not written in Deutsch: Only English." in german.text
    assert "Come without cream." not in german.text
    assert client.post(f"{form}/talk?language=de", data={"days": "0", "texts": ""}).status_code == 303
    assert "are not written in" not in client.get(form).text, "it was told before"


def test_a_text_of_one_treatment_is_on_its_forms_alone(client: TestClient, clinics: Clinics, form: str) -> None:
    own = sample().concerns[0].options[0].modality
    other = next(one for one in ("ablative", "vascular") if one != own)
    a_text(clinics, title="Its own", treatment=own)
    a_text(clinics, title="Of another", treatment=other)
    page = client.get(form).text
    assert "Its own" in page
    assert "Of another" not in page


def test_no_text_takes_a_sentence_of_the_form_away(client: TestClient, clinics: Clinics, form: str) -> None:
    """Whatever a clinic writes stands under its own heading, after all that the program says."""
    before = pdf_text(client.get(f"{form}/form.pdf").content)
    a_text(clinics, text=HOSTILE)
    after = pdf_text(client.get(f"{form}/form.pdf").content)
    own = after[after.index("From your clinic") : after.index("Your photographs")]
    assert HOSTILE in own
    assert "All that stands above still holds." in own

    def words(text: str) -> Counter[str]:
        return Counter(re.sub(r"\b\d+ / \d+\b", "", text).split())

    assert not words(before) - words(after)


@pytest.mark.parametrize("use", ["consent", "letter", "aftercare", "note"])
def test_no_page_takes_a_text_for_markup(client: TestClient, clinics: Clinics, form: str, use: str) -> None:
    one = a_text(clinics, use=use, title=f"T {HOSTILE}", text=HOSTILE)
    changed = f"More {HOSTILE}"
    clinics.repositories().clinic_texts.revise(one.text_id, language="en", title=one.title, text=changed, number=1)
    consent = clinics.repositories().consents.record_explanation(form.split("/")[2], option="0.0", cooling_off=NO_WAIT)
    here, plan = f"/texts/{one.text_id}", form.partition("/consent")[0]
    pages = {
        "list": client.get("/texts"),
        "text": client.get(here),
        "comparison": client.get(f"{here}?language=en&older=1&newer=2"),
        "preview": client.post(
            "/texts", data=WRITTEN | {"use": use, "title": "T", "words": HOSTILE, "step": "preview"}
        ),
        "form": client.get(form),
        "letter": client.get(f"{plan}/letter"),
    }
    assert consent.texts == ()
    for name, page in pages.items():
        assert page.status_code == 200, name
        assert "<script>alert" not in page.text, name
        assert "49" not in re.findall(r"More [^<]*", page.text), name
    for name in ("text", "preview"):
        assert html.escape("</p><script>alert(1)", quote=False) in pages[name].text, name


def test_the_days_after_a_treatment_have_the_texts_of_their_language_and_treatment(clinics: Clinics, form: str) -> None:
    repositories, client = clinics.repositories(), clinics.browser(Role.CLINICIAN)
    consent = repositories.consents.record_explanation(form.split("/")[2], option="0.0", cooling_off=NO_WAIT)
    document = sign(client, form)
    session = repositories.treatments.begin(consent.id, ORDERED).id
    assert consent.id in document
    sheet = f"/treatments/{session}/aftercare"
    assert "From your clinic" not in client.get(sheet).text
    one = a_text(clinics, use="aftercare", title="Rest", text=HOSTILE)
    a_text(clinics, use="aftercare", title="Of another", treatment="ablative")
    repositories.clinic_texts.revise(one.text_id, language="de", title="Ruhe", text="Ruhen Sie.", number=0)
    page = client.get(sheet).text
    assert html.escape(HOSTILE, quote=False).split(' "')[0] in page
    assert "Of another" not in page
    german = client.get(f"{sheet}?language=de").text
    assert "Ruhen Sie." in german
    assert "Von Ihrer Praxis" in german


def test_a_block_is_added_to_the_note_of_a_session_for_which_it_is_chosen(clinics: Clinics, form: str) -> None:
    repositories, client = clinics.repositories(), clinics.browser(Role.ASSISTANT)
    consent = repositories.consents.record_explanation(form.split("/")[2], option="0.0", cooling_off=NO_WAIT)
    assert consent.id in sign(clinics.browser(Role.CLINICIAN), form)
    session = repositories.treatments.begin(consent.id, ORDERED).id
    here = f"/treatments/{session}"
    assert 'name="block"' not in client.get(here).text, "there is none"
    block = a_text(clinics, use="note", title="Cooled", text=f"Cooled.\n\n{HOSTILE}")
    assert "Cooled</option>" in client.get(here).text
    for sent in ({"note": "Left cheek.", "block": block.id}, {"note": "", "block": block.id}, {"note": "Plain."}):
        assert client.post(f"{here}/notes", data=sent).status_code == 303
    notes = [one.words for one in repositories.treatments.get(session).notes]
    assert notes == [f"Left cheek. Cooled. {HOSTILE}", f"Cooled. {HOSTILE}", "Plain."]
    assert "<script>alert" not in client.get(here).text
    repositories.clinic_texts.revise(block.text_id, language="en", title="Cooled", text="Otherwise.", number=1)
    assert [one.words for one in repositories.treatments.get(session).notes] == notes, "a note stays as it was"
    stale = client.post(f"{here}/notes", data={"note": "Typed.", "block": block.id})
    assert stale.status_code == 422
    assert "was changed in the meantime" in stale.text
    assert "Typed." in stale.text, "what was typed is not lost"
    for wrong in (a_text(clinics, use="letter").id, "0" * 32):
        assert client.post(f"{here}/notes", data={"note": "x", "block": wrong}).status_code == 404
    assert [one.words for one in repositories.treatments.get(session).notes] == notes


def test_only_who_may_write_is_offered_it_and_another_clinic_sees_nothing(clinics: Clinics) -> None:
    one = a_text(clinics)
    for role in Role:
        may = role in (Role.OWNER, Role.CLINICIAN)
        browser = clinics.browser(role)
        for page in ("/texts", f"/texts/{one.text_id}"):
            text = browser.get(page).text
            assert "Before" in text
            assert ("<textarea" in text) is may, (role, page)
        assert ('accesskey="9"' in browser.get("/").text) is may
    stranger = clinics.browser(Role.OWNER, OTHER)
    assert "Before" not in stranger.get("/texts").text
    assert stranger.get(f"/texts/{one.text_id}").status_code == 404
    assert stranger.post(f"/texts/{one.text_id}", data={"x": "y"}).status_code == 404


def test_versions_say_when_by_the_clock_of_the_clinic(clinics: Clinics, client: TestClient) -> None:
    one = a_text(clinics)
    assert one.written_at.tzinfo is datetime.UTC
    assert f"{one.written_at.year}" in client.get(f"/texts/{one.text_id}").text

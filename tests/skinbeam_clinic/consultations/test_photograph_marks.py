"""Marks on a photograph are confirmed, struck and added in the form; pictures change only those that are kept."""

import html
import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from clinic_pages import PHONE, looked_at, served, sign_in
from clinic_samples import Clinics
from playwright.sync_api import Browser, expect
from preview_samples import look, plan, seen
from record_samples import MADE
from starlette.testclient import TestClient

from skinbeam.api.preview import make_preview
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis, SkinAnalysis
from skinbeam.photo.mark_selection import MarkPlace, select_marks
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations import suggestion_routes
from skinbeam_clinic.consultations.answers import find_differences
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import MARK_ROWS_MAX, MARKS_PHOTOGRAPH, Submission, find_repeated_field
from skinbeam_clinic.consultations.photograph_marks import add_found_marks, confirmed_places, read_marks
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions

LEAST = (("patient.age_years", "52"), ("concern.0.condition", "age-spots"), ("concern.0.site", "cheeks"))


@cache
def spotted() -> PhotoAnalysis:
    """The portrait with a painted spot, and a second one 20 mm beside it."""
    skin = seen()
    (first,) = (finding for finding in skin.findings if finding.marks)
    (record,) = first.marks or ()
    (mark,) = skin.marks
    second = replace(record, id=record.id.replace("-1", "-2"), x_mm=record.x_mm + 20.0)
    findings = (replace(first, marks=(record, second), count=2),)
    return replace(look(), skin=replace(skin, marks=(mark, mark), findings=findings))


def spotted_skin() -> SkinAnalysis:
    skin = spotted().skin
    assert not isinstance(skin, Unknown)
    return skin


def found(photograph: str = "p1") -> Submission:
    return add_found_marks(Submission(LEAST, photograph), spotted())


def decided(submission: Submission, **decisions: str) -> Submission:
    entries = [(f"mark.{number[1:]}.decision", word) for number, word in decisions.items()]
    return Submission((*submission.entries, *entries), submission.photo)


def test_the_form_holds_every_detected_mark_with_its_place() -> None:
    marks = read_marks(found())
    records = [record for finding in spotted_skin().findings for record in finding.marks or ()]
    assert len(marks) == len(records) == 2
    for mark, record in zip(marks, records, strict=True):
        assert mark.place is not None
        # The form rounds to a tenth of a millimetre.
        assert mark.place.x_mm == pytest.approx(record.x_mm, abs=0.051)
        assert mark.decision == ""


def test_once_a_mark_is_confirmed_only_confirmed_ones_count_and_a_struck_one_never() -> None:
    first, second, *others = (mark.place for mark in read_marks(found()))
    assert confirmed_places(found()) is None
    assert confirmed_places(decided(found(), m0="confirmed")) == (first,)
    assert confirmed_places(decided(found(), m0="struck")) == (second, *others)
    assert confirmed_places(decided(found(), m0="struck", m1="confirmed")) == (second,)


def test_an_analysis_keeps_the_marks_at_these_places_and_their_number() -> None:
    places = confirmed_places(decided(found(), m0="struck"))
    skin = select_marks(spotted(), places).skin
    assert not isinstance(skin, Unknown)
    before, after = (Counter(mark.kind for mark in skin.marks) for skin in (spotted_skin(), skin))
    assert sum(before.values()) - sum(after.values()) == 1
    assert sum(len(finding.marks or ()) for finding in skin.findings) == len(places or ())
    assert select_marks(spotted(), None) is spotted()
    nothing = select_marks(spotted(), [MarkPlace("spots", 999.0, 999.0)]).skin
    assert not isinstance(nothing, Unknown)
    assert not any(finding.marks for finding in nothing.findings)


def test_a_spot_that_a_doctor_must_see_stays_whatever_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(spotted_skin().marks[0]), "needs_examination", property(lambda _mark: True))
    skin = select_marks(spotted(), [MarkPlace("spots", 999.0, 999.0)]).skin
    assert not isinstance(skin, Unknown)
    assert skin.marks == spotted_skin().marks


def test_a_struck_spot_is_not_changed_by_a_picture() -> None:
    spots = [mark.number for mark in read_marks(found()) if mark.kind == "spots"]
    assert spots
    struck = decided(found(), **{f"m{number}": "struck" for number in spots})
    made = make_preview(plan(only="age-spots"), select_marks(spotted(), confirmed_places(struck)))
    changes = made.report.changes
    assert not isinstance(changes, Unknown)
    assert not any(change.finding for change in changes)


def test_marks_are_no_part_of_the_case_and_another_photograph_makes_them_void(tmp_path: Path) -> None:
    marked = decided(found(), m0="confirmed")
    assert "mark" not in repr(marked.tables)
    assert case_from_form(replace(marked, photo=""), tmp_path).case.concern[0].condition == "age-spots"
    assert read_marks(replace(marked, photo="p2")) == ()
    assert confirmed_places(replace(marked, photo="p2")) is None
    again = add_found_marks(replace(marked, photo="p2"), spotted())
    assert [mark.decision for mark in read_marks(again)] == [""] * len(read_marks(found()))
    assert add_found_marks(marked, spotted()) == marked  # read again: decisions stay


@pytest.mark.parametrize(("field", "text"), [("kind", "<b>"), ("region", "moon"), ("x_mm", "nan"), ("decision", "x")])
def test_a_row_that_says_something_else_decides_nothing(field: str, text: str) -> None:
    sent = found()
    entries = tuple((name, text if name == f"mark.0.{field}" else value) for name, value in sent.entries)
    if field == "decision":
        entries = (*entries, ("mark.0.decision", text))
    assert confirmed_places(Submission(entries, sent.photo)) is None


def test_found_marks_leave_a_plan_valid_until_somebody_decides_about_one(clinics: Clinics) -> None:
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    ).id
    consultation = repositories.consultations.save(
        consultation.id, Submission(LEAST, photograph), revision=consultation.revision
    )
    plan = repositories.plans.add(consultation.id, MADE, revision=consultation.revision)
    marked = repositories.consultations.save(consultation.id, found(photograph), revision=consultation.revision)
    assert read_marks(marked.answers)
    assert (marked.state, marked.revision) == ("planned", plan.consultation_revision)
    # The page sends the fields in another order, and names the photograph of face points that nobody set.
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    fields = sent_fields(client, here) | {"photo.kept": photograph} | dict(LEAST)
    assert client.post(f"{here}/answers", data=fields).status_code == 303
    assert repositories.consultations.get(consultation.id).revision == plan.consultation_revision
    assert client.post(f"{here}/answers", data=fields | {"mark.0.decision": "struck"}).status_code == 303
    after = repositories.consultations.get(consultation.id)
    assert (after.state, after.revision) == ("draft", plan.consultation_revision + 1)
    assistant = clinics.browser(Role.ASSISTANT)  # sends no marks, and so changes none
    sent = dict(LEAST) | {"revision": str(after.revision), "photo.kept": photograph}
    assert assistant.post(f"{here}/answers", data=sent).status_code == 303
    assert repositories.consultations.get(consultation.id).revision == after.revision


def test_a_mark_that_a_person_adds_is_an_answer(clinics: Clinics) -> None:
    consultation = with_marks(clinics)
    added = (*consultation.answers.entries, ("mark.99.kind", "spots"), ("mark.99.region", "nose"))
    after = clinics.repositories().consultations.save(
        consultation.id, replace(consultation.answers, entries=added), revision=consultation.revision
    )
    assert after.revision == consultation.revision + 1


def test_who_saves_during_the_analysis_wins_and_nothing_is_suggested(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    ).id
    consultation = repositories.consultations.save(
        consultation.id, Submission(LEAST, photograph), revision=consultation.revision
    )
    saved = Submission((*LEAST, ("patient.sex", "female")), photograph)

    def save_elsewhere(*_: object) -> PhotoAnalysis:
        repositories.consultations.save(consultation.id, saved, revision=consultation.revision)
        return spotted()

    monkeypatch.setattr(suggestion_routes, "_analyse", save_elsewhere)
    sent = dict(LEAST) | {"revision": str(consultation.revision), "photo.kept": photograph}
    answer = clinics.browser(Role.CLINICIAN).post(f"/consultations/{consultation.id}/suggestions", data=sent)
    assert answer.status_code == 409
    assert "It was saved elsewhere in the meantime" in answer.text
    assert repositories.consultations.get(consultation.id).answers == saved
    assert repositories.suggestions.of(consultation.id) == ()


def test_a_conflict_names_each_field_of_a_mark() -> None:
    one = decided(found(), m0="confirmed")
    labels = [difference.label for difference in find_differences(one, Submission())]
    of_first = [label for label in labels if label.startswith("Mark 1, ")]
    assert len(set(of_first)) == len(of_first) == 6
    (only,) = find_differences(one, decided(found(), m0="struck"))
    assert (only.label, only.mine, only.theirs) == ("Mark 1, Decision", "confirmed", "struck")


def test_two_decisions_about_one_mark_are_found_however_its_number_is_written() -> None:
    sent = [("mark.0.decision", "confirmed"), ("mark.1.decision", "struck"), ("mark.0.kind", "spots")]
    assert find_repeated_field(sent) == ""
    assert find_repeated_field([*sent, ("mark.00.decision", "struck")]) == "mark.00.decision"


def with_marks(clinics: Clinics) -> ConsultationRecord:
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    )
    return repositories.consultations.save(consultation.id, found(photograph.id), revision=consultation.revision)


class FormFields(HTMLParser):
    """The fields of the consultation's form on a page; a choice with nothing chosen is sent empty."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name, value = values.get("name") or "", values.get("value") or ""
        if tag == "select":
            self._choice = name
        if tag == "option" and self._choice and "selected" in values:
            self.fields[self._choice] = value
        ticked = values.get("type") not in ("checkbox", "radio") or "checked" in values
        if tag in ("input", "select", "textarea") and name and ticked and values.get("type") not in ("file", "submit"):
            self.fields[name] = value


def sent_fields(client: TestClient, here: str) -> dict[str, str]:
    """The fields of marks as the page sends them, with the revision."""
    page = client.get(here).text
    fields = dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', page.partition("<main>")[2]))
    return {name: html.unescape(value) for name, value in fields.items()}


def test_a_clinician_confirms_strikes_and_adds_in_the_form(clinics: Clinics) -> None:
    consultation = with_marks(clinics)
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    fields = sent_fields(client, here) | {"photo.kept": consultation.answers.photo}
    free = len(read_marks(consultation.answers))
    fields |= {"mark.0.decision": "struck", "mark.1.decision": "confirmed"}
    fields |= {f"mark.{free}.kind": "spots", f"mark.{free}.region": "nose", f"mark.{free}.size_mm": "2,5"}
    assert client.post(f"{here}/answers", data=fields).status_code == 303
    after = clinics.repositories().consultations.get(consultation.id)
    marks = read_marks(after.answers)
    assert [mark.decision for mark in marks[:2]] == ["struck", "confirmed"]
    assert (marks[-1].kind, marks[-1].place, marks[-1].size_mm) == ("spots", None, 2.5)
    page = client.get(here).text
    assert len(re.findall(r'value="confirmed" selected', page)) == 1
    german = client.get(here, headers={"accept-language": "de"}).text
    assert '<option value="glabella">zwischen den Brauen</option>' in german
    assert '<option value="nose" selected>Nase</option>' in german
    copy = clinics.repositories().patient_copies.make(after.patient_id)
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert "mark.0.decision" in json.dumps(json.loads(archive.read("record.json")))


def test_a_very_dark_spot_is_told_beside_the_marks_until_it_was_examined(clinics: Clinics) -> None:
    """Nothing treats it, so it suggests no concern, and the form said that nothing had stood out."""
    repositories = clinics.repositories()
    consultation = with_marks(clinics)
    page, photograph = f"/consultations/{consultation.id}", consultation.answers.photo
    client = clinics.browser(Role.CLINICIAN)
    said = "a photograph cannot tell a harmless spot from a melanoma"
    assert said not in client.get(page).text
    kept = (("mark.0.kind", "dark-spots") if name == "mark.0.kind" else (name, text) for name, text in found().entries)
    dark = [(name, photograph if name == MARKS_PHOTOGRAPH else text) for name, text in kept]
    saved = repositories.consultations.save(
        consultation.id, Submission(tuple(dark), photograph), revision=consultation.revision
    )
    assert said in client.get(page).text
    looked = client.get(f"{page}?suggested=none").text
    assert "What was found stands below." in looked
    assert "Nothing stood out" not in looked
    examined = (*dark, ("photo.points.of", photograph), ("photo.spots_examined", "true"))
    saved = repositories.consultations.save(consultation.id, Submission(examined, photograph), revision=saved.revision)
    assert said not in client.get(page).text
    hostile = (*dark, ("photo", "a text in place of a file"))
    repositories.consultations.save(consultation.id, Submission(hostile, photograph), revision=saved.revision)
    assert said in client.get(page).text


def test_a_form_with_as_many_marks_as_are_kept_is_saved_as_browsers_send_it(clinics: Clinics) -> None:
    consultation = with_marks(clinics)
    (first, *_), photograph = read_marks(consultation.answers), consultation.answers.photo
    assert first.place is not None
    row = {"kind": first.kind, "region": first.region, "size_mm": "2"}
    many = [
        (f"mark.{number}.{key}", value)
        for number in range(MARK_ROWS_MAX)
        for key, value in (row | {"x_mm": f"{number / 10}", "y_mm": "5"}).items()
    ]
    answers = Submission((*LEAST, *many, (MARKS_PHOTOGRAPH, photograph)), photograph)
    consultation = clinics.repositories().consultations.save(consultation.id, answers, revision=consultation.revision)
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    page = FormFields()
    page.feed(client.get(here).text)
    fields = page.fields | {f"mark.{number}.decision": "confirmed" for number in range(MARK_ROWS_MAX)}
    assert len(fields) > 6 * MARK_ROWS_MAX + 100
    sent = client.post(f"{here}/answers", files=[(name, (None, value)) for name, value in fields.items()])
    assert sent.status_code == 303
    marks = read_marks(clinics.repositories().consultations.get(consultation.id).answers)
    assert [mark.decision for mark in marks] == ["confirmed"] * MARK_ROWS_MAX


def test_who_does_not_treat_decides_about_no_mark_and_loses_none(clinics: Clinics) -> None:
    consultation = with_marks(clinics)
    client, here = clinics.browser(Role.ASSISTANT), f"/consultations/{consultation.id}"
    fields = {
        "revision": str(consultation.revision),
        "photo.kept": consultation.answers.photo,
        "patient.age_years": "53",
    }
    assert client.post(f"{here}/answers", data=fields | {"mark.0.decision": "confirmed"}).status_code == 303
    after = clinics.repositories().consultations.get(consultation.id).answers
    assert ("patient.age_years", "53") in after.entries
    assert read_marks(after) == read_marks(consultation.answers)
    assert 'name="mark.0.decision"' not in client.get(here).text


@pytest.mark.check
def test_marks_are_confirmed_by_keys_without_a_script_and_the_page_has_no_barrier(
    browser: Browser, clinics: Clinics
) -> None:
    consultation = with_marks(clinics)
    here = f"/consultations/{consultation.id}"
    with served(clinics.app) as address:
        context = browser.new_context(viewport=PHONE, java_script_enabled=False)
        page = context.new_page()
        sign_in(page, address, "clinician")
        page.goto(address + here)
        choice = page.get_by_label(re.compile("^brown spot, cheeks")).first
        choice.focus()
        page.keyboard.type("Conf")
        expect(choice).to_have_value("confirmed")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_label(re.compile("^brown spot, cheeks")).first).to_have_value("confirmed")
        context.close()
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        sign_in(page, address, "clinician")
        page.goto(address + here)
        page.locator(".steps button").nth(3).click()
        expect(page.get_by_role("heading", name="Marks on the photograph")).to_be_visible()
        page.get_by_text("Add a mark").click()
        looked_at(page, "marks")
        context.close()
    assert read_marks(clinics.repositories().consultations.get(consultation.id).answers)[0].decision == "confirmed"

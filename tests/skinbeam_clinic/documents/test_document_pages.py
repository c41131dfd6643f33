"""Notes and attachments on the page of a patient: what is typed stays, and no file is shown as a page of ours."""

import html
import re

import pytest
from clinic_samples import OTHER, Clinics, sent_again
from document_samples import HOSTILE_FILES, LETTER, PDF, scan
from httpx2 import Response
from starlette.testclient import TestClient

from skinbeam.text import LANGUAGES
from skinbeam_clinic.access import Role

WORDS = "First line\r\n<b>second</b> & last"
KEPT = "First line\n&lt;b&gt;second&lt;/b&gt; &amp; last"


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.ASSISTANT)


@pytest.fixture
def patient(client: TestClient) -> str:
    """The address of a new patient."""
    return str(client.post("/patients").headers["location"])


def send_file(client: TestClient, patient: str, content: bytes, name: str = "letter.pdf", **fields: str) -> Response:
    files = {"attachment": (name, content, "text/html")}
    return client.post(f"{patient}/attachments", data={"kind": "referral-letter"} | fields, files=files)


def test_a_note_stands_on_the_page_and_in_the_timeline(client: TestClient, patient: str) -> None:
    here = client.post(f"{patient}/consultations").headers["location"].rpartition("/")[2]
    sent = {"notes": WORDS, "about": f"consultation:{here}"}
    assert f'value="{sent["about"]}"' in client.get(patient).text
    address = client.post(f"{patient}/notes", data=sent).headers["location"]
    page = client.get(patient).text
    assert KEPT in page
    anchor = address.partition("#")[2]
    assert f'id="{anchor}"' in page
    assert f'<a href="{address}">Note by assistant</a>' in page
    assert "Consultation of" in page.partition(f'id="{anchor}"')[2].partition("</article>")[0]


def test_a_struck_note_stays_with_its_reason(client: TestClient, patient: str) -> None:
    client.post(f"{patient}/notes", data={"notes": WORDS})
    (action,) = re.findall(r'action="(/notes/\w+/striking)"', client.get(patient).text)
    refused = client.post(action, data={"why": " "})
    assert refused.status_code == 422
    assert "this field is empty" in refused.text.lower()
    assert client.post(action, data={"why": "another <i>person</i>"}).status_code == 303
    page = client.get(patient).text
    assert KEPT in page
    assert "Reason: another &lt;i&gt;person&lt;/i&gt;" in page
    assert action not in page


def test_what_was_typed_stays_whatever_is_wrong_with_it(client: TestClient, patient: str) -> None:
    long = "x" * 10_001
    refused = client.post(f"{patient}/notes", data={"notes": long})
    assert (refused.status_code, long in refused.text) == (422, True)
    sent = send_file(client, patient, b"<html>", description="asks & tells", kind="other-document")
    assert sent.status_code == 422
    page = sent.text
    assert 'value="asks &amp; tells"' in page
    assert 'value="other-document" selected' in page
    assert "No attachment." in page
    assert client.post(f"{patient}/attachments", data={"kind": "other-document"}).status_code == 422, "no file"


def test_a_draft_survives_the_end_of_a_session(clinics: Clinics, client: TestClient, patient: str) -> None:
    for path, sent in (
        ("notes", {"notes": WORDS, "about": "", "row": "0" * 32}),
        ("attachments", {"kind": "referral-letter", "description": "asks & tells", "row": "0" * 32}),
    ):
        ended = clinics.browser().post(f"{patient}/{path}", data=sent)
        assert ended.status_code == 401
        again = sent_again(ended.text)
        assert {name: text.replace("\r\n", "\n") for name, text in again.items()} == {
            name: text.replace("\r\n", "\n") for name, text in sent.items()
        }
        shown = html.unescape(ended.text)
        assert (sent.get("notes") or sent["description"]).splitlines()[-1] in shown
        status = client.post(f"{patient}/{path}", data=again).status_code
        assert status == (303 if path == "notes" else 422), "a file must be chosen again"
    assert KEPT in client.get(patient).text


@pytest.mark.parametrize(
    ("content", "kind", "ending"),
    [
        (PDF, "application/pdf", "pdf"),
        (PDF + b"<script>alert(1)</script>", "application/pdf", "pdf"),
        (scan(), "image/jpeg", "jpg"),
        (scan() + b"<script>alert(1)</script>", "image/jpeg", "jpg"),
        (scan("PNG"), "image/png", "png"),
    ],
)
def test_a_file_is_sent_to_be_stored_and_shown_nowhere(
    client: TestClient, patient: str, content: bytes, kind: str, ending: str
) -> None:
    name = "../../Zo\u00eb\";x=\"<b id='hostile'>.html"
    assert send_file(client, patient, content, name).status_code == 303
    page = client.get(patient).text
    assert "<b id=" not in page
    (address,) = re.findall(r'href="(/attachments/\w+)" download', page)
    answer = client.get(address)
    assert answer.content == content
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    stored = answer.headers["content-disposition"]
    assert re.fullmatch(rf'attachment; filename="referral-letter-\d{{4}}-\d\d-\d\d\.{ending}"', stored), (
        "it tells no name to who looks over a shoulder"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_name_of_a_download_can_stand_in_a_header(clinics: Clinics, patient: str, language: str) -> None:
    client = clinics.browser(Role.CLINICIAN)
    for kind in ("referral-letter", "pathology-report", "laboratory-result", "other-document"):
        assert send_file(client, patient, PDF, kind=kind).status_code == 303
    found = re.findall(r'href="(/attachments/\w+)" download', client.get(patient).text)
    assert len(found) == 4
    for address in found:
        answer = client.get(address, headers={"accept-language": language})
        assert answer.headers["content-disposition"].isascii()


@pytest.mark.parametrize("what", HOSTILE_FILES)
def test_a_hostile_file_is_refused_beside_what_was_typed(client: TestClient, patient: str, what: str) -> None:
    refused = send_file(client, patient, HOSTILE_FILES[what][0], "letter.pdf", description="asks & tells")
    assert refused.status_code == 422
    assert 'value="asks &amp; tells"' in refused.text
    assert "No attachment." in client.get(patient).text


def test_an_auditor_sees_that_there_is_something_and_no_word_of_it(
    clinics: Clinics, client: TestClient, patient: str
) -> None:
    client.post(f"{patient}/notes", data={"notes": "unmistakable"})
    send_file(client, patient, PDF, "unmistakable.pdf", description="unmistakable")
    for kind in ("notes", "attachments"):
        (action,) = re.findall(rf'action="(/{kind}/\w+/striking)"', client.get(patient).text)
        client.post(action, data={"why": "unmistakable"})
    page = clinics.browser(Role.AUDITOR).get(patient).text
    assert "unmistakable" not in page
    assert "Note by assistant" in page
    assert "Referral letter" in page
    assert page.count("Struck") == 2
    assert "/attachments/" not in page.replace(f"{patient}#attachment", "")
    (address,) = re.findall(r'href="(/attachments/\w+)" download', client.get(patient).text)
    assert clinics.browser(Role.AUDITOR).get(address).status_code == 403


def test_a_stranger_is_told_nothing(clinics: Clinics, client: TestClient, patient: str) -> None:
    client.post(f"{patient}/notes", data={"notes": WORDS})
    send_file(client, patient, PDF)
    page, stranger = client.get(patient).text, clinics.browser(Role.OWNER, OTHER)
    (note,) = re.findall(r'action="(/notes/\w+)/striking"', page)
    (attachment,) = re.findall(r'href="(/attachments/\w+)" download', page)
    assert stranger.get(attachment).status_code == 404
    for path in (f"{note}/striking", f"{attachment}/striking", f"{patient}/notes", f"{patient}/attachments"):
        for data in ({}, {"why": "x", "notes": "x", "kind": "referral-letter"}):
            assert stranger.post(path, data=data).status_code == 404, path
    assert send_file(stranger, patient, PDF).status_code == 404
    assert send_file(stranger, patient, b"<html>").status_code == 404


def test_nothing_is_offered_for_whoever_was_erased(clinics: Clinics, client: TestClient, patient: str) -> None:
    client.post(f"{patient}/notes", data={"notes": WORDS})
    erasure = clinics.repositories(Role.OWNER).erasure
    assert "may contain the name of the person" in clinics.browser(Role.OWNER).get(f"{patient}/erasure").text
    erasure.erase(patient.rpartition("/")[2], retention_years=0)
    page = client.get(patient).text
    assert "No note." in page
    assert "Write a note" not in page
    assert "Add a file" not in page
    assert client.post(f"{patient}/notes", data={"notes": WORDS}).status_code == 404


def test_a_file_sent_as_a_note_is_refused(client: TestClient, patient: str) -> None:
    assert client.post(f"{patient}/notes", files={"notes": ("x.txt", b"x", "text/plain")}).status_code == 400
    assert LETTER["kind"] in client.get(patient).text

"""What a photograph suggests becomes a concern by one press or is dismissed, and both are kept."""

import html
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from clinic_pages import PHONE, looked_at, served, sign_in
from clinic_samples import Clinics
from paths import ROOT
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from skinbeam.text import Message
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.suggestions import SuggestedConcern, SuggestionContent, SuggestionDecision
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
SPOTS = SuggestionContent(
    condition="age-spots",
    site="cheeks",
    findings=("3 brown spots, 2 to 5 mm wide",),
    messages=(Message("finding.told_spots", {"count": 3, "low": 2.0, "high": 5.0}),),
)
ACNE = SuggestionContent(
    condition="active-acne", site="chin", findings=("9 red spots",), messages=(), severity="moderate"
)


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def consultation(clinics: Clinics) -> ConsultationRecord:
    repositories = clinics.repositories()
    return repositories.consultations.begin(repositories.patients.add().id, Submission((("patient.age_years", "52"),)))


def with_suggestions(clinics: Clinics, consultation: ConsultationRecord) -> tuple[SuggestedConcern, ...]:
    repositories = clinics.repositories()
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    )
    return repositories.suggestions.add(consultation.id, photograph.id, [SPOTS, ACNE])


def page_text(client: TestClient, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def spotted() -> bytes:
    """The portrait with four brown spots painted on each cheek, as PNG."""
    rgb = cv2.imread(str(FACE), cv2.IMREAD_COLOR)[..., ::-1]
    yy, xx = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    cover = np.zeros(rgb.shape[:2])
    for x, y in ((188, 124), (196, 124), (192, 131), (252, 126), (260, 126), (256, 133)):
        cover = np.maximum(cover, np.clip(2.6 - np.hypot(xx - x, yy - y), 0, 1))
    level = rgb / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    light = light * np.exp(-0.5 * cover[..., None] * np.array([0.653, 1, 1.753]))
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return cv2.imencode(".png", np.round(255 * coded).astype(np.uint8)[..., ::-1])[1].tobytes()


def test_a_suggestion_becomes_a_concern_by_one_press(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    spots, acne = with_suggestions(clinics, consultation)
    here = f"/consultations/{consultation.id}"
    assert "3 brown spots, 2 to 5 mm wide" in page_text(client, here)
    german = html.unescape(client.get(here, headers={"accept-language": "de"}).text)
    assert "Altersflecken (Lentigines solares), Wangen:" in german
    sent = {"revision": "1", "patient.age_years": "52", "concern.0.condition": "melasma", "concern.0.site": "forehead"}
    assert client.post(f"{here}/suggestions/{acne.id}/kept", data=sent).status_code == 303
    stored = clinics.repositories().consultations.get(consultation.id)
    first, second = stored.answers.tables["concern"]
    assert first == {"condition": "melasma", "site": "forehead"}  # what stood in the form is saved, too
    assert second == {"condition": "active-acne", "site": "chin", "severity": "moderate"}
    sent |= {"revision": str(stored.revision)} | {f"concern.1.{key}": value for key, value in second.items()}
    assert client.post(f"{here}/suggestions/{spots.id}/dismissed", data=sent).status_code == 303
    after = clinics.repositories().consultations.get(consultation.id)
    assert after.answers.tables["concern"] == [first, second]
    decisions = [one.decision for one in clinics.repositories().suggestions.of(consultation.id)]
    assert decisions == [SuggestionDecision.DISMISSED, SuggestionDecision.ACCEPTED]
    page = page_text(client, here)
    assert "Taken over by clinician." in page
    assert "Dismissed by clinician." in page
    assert "Take over as a concern" not in page


def test_a_site_that_the_condition_names_is_not_named_twice(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    repositories = clinics.repositories()
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    )
    lines = SuggestionContent(condition="fine-lines-periorbital", site="periorbital", findings=(), messages=())
    repositories.suggestions.add(consultation.id, photograph.id, [lines])
    assert "Fine lines around the eyes:" in page_text(client, f"/consultations/{consultation.id}")


def test_a_concern_that_is_there_is_not_added_again(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    spots, _ = with_suggestions(clinics, consultation)
    sent = {"revision": "1", "concern.0.condition": "age-spots", "concern.0.site": "cheeks"}
    client.post(f"/consultations/{consultation.id}/suggestions/{spots.id}/kept", data=sent)
    tables = clinics.repositories().consultations.get(consultation.id).answers.tables
    assert tables["concern"] == [{"condition": "age-spots", "site": "cheeks"}]


def test_a_page_that_is_behind_decides_nothing(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    spots, _ = with_suggestions(clinics, consultation)
    clinics.repositories().consultations.save(consultation.id, Submission(), revision=1)
    sent = {"revision": "1", "patient.age_years": "53"}
    assert client.post(f"/consultations/{consultation.id}/suggestions/{spots.id}/kept", data=sent).status_code == 409
    assert [one.decision for one in clinics.repositories().suggestions.of(consultation.id)] == [None, None]


def test_without_a_photograph_and_with_one_that_is_none_the_form_says_so(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    here = f"/consultations/{consultation.id}"
    refused = client.post(f"{here}/suggestions", data={"revision": "1", "patient.age_years": "52"})
    assert "no photograph has been saved yet" in html.unescape(refused.text).lower()
    clinics.repositories().photographs.add(consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions())
    refused = client.post(f"{here}/suggestions", data={"revision": "1", "patient.age_years": "52"})
    assert refused.status_code in (400, 422)
    assert "not a picture that can be read" in html.unescape(refused.text)


@pytest.mark.check
def test_spots_on_a_photograph_are_suggested_and_taken_over_without_script(
    browser: Browser, clinics: Clinics, consultation: ConsultationRecord, tmp_path: Path
) -> None:
    file = tmp_path / "face.png"
    file.write_bytes(spotted())
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    with served(clinics.app) as address:
        sign_in(page, address, "clinician")
        page.goto(f"{address}/consultations/{consultation.id}")
        page.get_by_label("A photograph of the face").set_input_files(file)
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Look for what this photograph suggests").click(timeout=60_000)
        suggested = page.locator(".suggested li").filter(has_text="brown spot")
        expect(suggested).to_contain_text("cheeks, the person's right")
        take = suggested.get_by_role("button", name=re.compile("Take over"))
        take.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".suggested li").first).to_contain_text("Taken over by clinician")
    context.close()
    concerns = clinics.repositories().consultations.get(consultation.id).answers.tables["concern"]
    assert {one["site"] for one in concerns} == {"cheeks"}


@pytest.mark.check
def test_the_page_of_suggestions_is_whole_on_a_phone_and_for_a_screen_reader(
    browser: Browser, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    with_suggestions(clinics, consultation)
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    with served(clinics.app) as address:
        sign_in(page, address, "clinician")
        page.goto(f"{address}/consultations/{consultation.id}")
        page.locator(".steps button").nth(3).click()
        expect(page.get_by_role("heading", name="What the photograph suggests")).to_be_visible()
        looked_at(page, "suggestions")
        page.get_by_role("button", name=re.compile("Dismiss Age spots")).click()
        expect(page.get_by_text("Dismissed by clinician.")).to_be_visible()
    context.close()

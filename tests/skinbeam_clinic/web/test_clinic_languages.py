"""The clinic's pages in another language than English: every sentence, every number and every moment."""

import html
import io
import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clinic_samples import Clinics
from pypdf import PdfReader
from report_samples import sample
from starlette.testclient import TestClient

import skinbeam_clinic
from skinbeam.report.consent_form import teach_back_questions
from skinbeam.text import LANGUAGES, catalogue, translate_record, use_language
from skinbeam_clinic.access import ROUTES, Role
from skinbeam_clinic.web.application import build_clinic_app

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5", "Accept": "text/html"}
NOT_SPOKEN = next(language for language in ("eo", "la") if language not in LANGUAGES)
PAGES = sorted(
    path
    for method, path in ROUTES
    if method == "GET"
    and not re.search(
        r"photographs|attachments|files|events|leaflet|letter|document|\.pdf|\.toml|\.ics|fhir/|health|metrics|banner|diary/",
        path,
    )
)
# Sentences, not words: many a word is the same in both languages. Parameters may stand anywhere in them.
WORDS = re.compile(r"[A-Za-z]+")


def sentences() -> list[list[str]]:
    """The parts of each sentence between its parameters."""
    parts = [re.split(r"\{\w+\}", sentence) for sentence in catalogue().values()]
    return [one for one in parts if len(WORDS.findall(" ".join(one))) > 3]


def holds(page: str, parts: list[str]) -> bool:
    """Whether a sentence stands on a page, whatever its parameters are."""
    inside = all(part in page for part in parts)
    return inside and re.search(r".{0,80}?".join(map(re.escape, parts)), page) is not None


def lasers() -> list[str]:
    """The places of the choices of the plan that a consent can be to."""
    found = [(i, j, one) for i, concern in enumerate(sample().concerns) for j, one in enumerate(concern.options)]
    return [f"{i}.{j}" for i, j, one in found if one.setup is not None]


def shown(page: str) -> str:
    """What a page shows or reads aloud: its text, and the attributes that hold words."""
    attributes = re.findall(
        r'(?:data-(?:alt|next|back|steps|saved|unsaved|title|add)|alt|aria-label|title)="([^"]*)"', page
    )
    return html.unescape(
        "\n".join([re.sub(r"<(?:script|style).*?</(?:script|style)>|<[^>]*>", "\n", page, flags=re.S), *attributes])
    )


@pytest.fixture(scope="module")
def english() -> list[list[str]]:
    return sentences()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_in_german_holds_no_english_sentence(
    clinics: Clinics, names: Mapping[str, str], english: list[list[str]], path: str
) -> None:
    client = clinics.browser(Role.OWNER)
    unexplained = dict(names) | {"option": lasers()[1]}  # what was explained in English stays English
    page = client.get(path.format(**unexplained), headers=GERMAN).text
    assert '<html lang="de">' in page
    page_text = shown(page)
    found = [one for one in english if holds(page_text, one)]
    assert not found, "these sentences of a German page are English: translate them, or render them within the request"


def test_the_same_page_in_english_holds_some(
    clinics: Clinics, names: Mapping[str, str], english: list[list[str]]
) -> None:
    """So that a page without any is none by chance."""
    for path in PAGES:
        page = shown(clinics.browser(Role.OWNER).get(path.format(**names)).text)
        assert any(holds(page, one) for one in english), path


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de", "de"),
        ("de-CH, en;q=0.8", "de"),
        ("en, de;q=0.9", "en"),
        (f"{NOT_SPOKEN}, de;q=0.3, en;q=0.2", "de"),
        (NOT_SPOKEN, "en"),
        ("", "en"),
        ("de;q=0", "en"),
        ("de;q=x", "en"),
        (";q=1,,*", "en"),
        ("DE", "de"),
    ],
)
def test_before_anybody_chose_a_browser_is_asked(clinics: Clinics, asked: str, language: str) -> None:
    page = clinics.browser().get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in page


def test_a_choice_of_language_stays_with_the_browser(clinics: Clinics) -> None:
    client = clinics.browser()
    for name in LANGUAGES.values():
        assert name in client.get("/sign-in").text
    client.headers["Accept-Language"] = "en"
    answer = client.post("/language", data={"language": "de"})
    assert answer.headers["location"] == "/sign-in"
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "secure", "samesite=strict", "max-age"))
    assert "Anmelden" in client.get("/sign-in").text
    client.post("/language", data={"language": "en"})
    assert "Sign in" in client.get("/sign-in").text


def test_a_language_that_is_none_is_refused(clinics: Clinics) -> None:
    answer = clinics.browser().post("/language", data={"language": "xx"})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


def test_faults_are_shown_in_german(clinics: Clinics) -> None:
    client: TestClient = clinics.browser(Role.OWNER)
    assert "Diese Praxis hat keinen solchen Datensatz." in client.get("/patients/x", headers=GERMAN).text
    wrong = client.post("/account/password", data={"old": "x", "new": "y"}, headers=GERMAN)
    assert "Das Passwort ist falsch." in wrong.text
    elsewhere = client.post("/patients", headers=GERMAN | {"Sec-Fetch-Site": "cross-site"})
    assert "Die Anfrage kommt von einer anderen Website." in elsewhere.text


def test_moments_are_shown_by_the_clocks_of_the_clinic(clinics: Clinics) -> None:
    repositories = clinics.repositories()
    patient = repositories.patients.add("Clocks")
    at = patient.created_at.astimezone(ZoneInfo("Asia/Kathmandu"))  # 5:45 h ahead all year
    client = clinics.browser(Role.OWNER)
    app = build_clinic_app(clinics.database, zone=ZoneInfo("Asia/Kathmandu"))
    moved = TestClient(app, base_url="https://localhost", cookies=client.cookies)
    assert f"{at.day} {at:%B %Y}, {at:%H:%M} +0545" in moved.get(f"/patients/{patient.id}").text
    german = moved.get(f"/patients/{patient.id}", headers=GERMAN).text
    assert re.search(rf"{at.day}\. \w+ {at.year}, {at:%H:%M} Uhr \(\+0545\)", german)


def test_what_was_explained_is_taught_back_signed_and_sealed_in_the_same_language(
    clinics: Clinics, names: Mapping[str, str]
) -> None:
    clinician = clinics.browser(Role.CLINICIAN)  # who reads English
    plan, place = sample(), lasers()[-1]
    here = f"/plans/{names['plan']}/consent/{place}"
    assert "Your decision" not in clinician.get(f"{here}?language=de").text
    assert "Explain it" in clinician.get(f"{here}?language=de").text
    assert language_of(clinician.get(f"{here}/form.pdf?language=de").content) == "de"
    assert clinician.post(f"{here}/talk?language=de", data={"days": "0"}).status_code == 303
    assert "Was geplant ist" in clinician.get(here).text  # also where nothing asks for it any more
    concern, option = map(int, place.split("."))
    with use_language("de"):
        questions = teach_back_questions(
            translate_record(plan), translate_record(plan).concerns[concern].options[option]
        )
    right_answers = {f"answer.{one.id}": str(one.right_index) for one in questions}
    assert clinician.post(f"{here}/told-back", data=right_answers).status_code == 303
    assert clinician.post(f"{here}/signature", data={"person": "Ann Example"}).status_code == 303
    consultation = clinics.repositories().plans.get(names["plan"]).consultation_id
    consent = next(one for one in clinics.repositories().consents.of(consultation) if one.option == place)
    assert consent.language == "de"
    assert language_of(clinician.get(f"/consents/{consent.id}/document").content) == "de"


def language_of(pdf: bytes) -> str:
    return str(PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"])


def test_no_page_takes_the_day_of_a_moment_in_another_time_zone() -> None:
    """Moments are stored in UTC; around midnight their day there is not that of the clinic."""
    folder = Path(skinbeam_clinic.__file__).parent / "web" / "templates"
    days = [found for page in folder.rglob("*.html") for found in re.findall(r"\S+\.date\(\)", page.read_text("utf-8"))]
    assert days
    assert not [found for found in days if not re.search(r"\blocal\([\w.]+\)\.date\(\)$", found)]

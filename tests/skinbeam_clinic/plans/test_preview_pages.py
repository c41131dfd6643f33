"""Pictures of what may come on the page of a plan: sealed, never stored by a browser, moved by keys and by touch."""

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import OTHER, Clinics, planned
from fastapi.testclient import TestClient
from paths import ROOT
from PIL import Image
from playwright.sync_api import Browser, expect
from preview_samples import look, plan
from pypdf import PdfReader

from skinbeam.api.preview import DOCUMENT_FILE, make_preview
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.decoding.photograph import DecodedPhotograph
from skinbeam.preview.sheet import BAND_HEIGHT
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.jobs.worker import PlanMaker
from skinbeam_clinic.models import NewPlan, PhotographPermissions
from skinbeam_clinic.plans import routes
from skinbeam_clinic.plans.minute_cache import MinuteCache
from skinbeam_clinic.plans.plan_subprocess import preview_name

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {preview_name(name): content for name, content in make_preview(plan(), look()).files.items()}


@pytest.fixture(scope="module")
def make(pictures: dict[str, bytes]) -> PlanMaker:
    """Makes a plan with pictures."""

    def with_pictures(sent: Submission, home: Path, heed: Callable[[str], None], _language: str) -> NewPlan:
        made = planned(sent, home, heed)
        return NewPlan(**{**vars(made), "files": {**made.files, **pictures}})

    return with_pictures


@pytest.fixture(scope="module")
def plan_path(clinics: Clinics, make: PlanMaker) -> str:
    """The address of a plan that was made with a photograph."""
    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients", data={"pseudonym": "preview"}).headers["location"]
    here = str(client.post(f"{patient}/consultations").headers["location"])
    return clinics.plan(client, here, make=make)


def test_the_page_of_a_plan_pairs_the_photograph_with_what_may_come(clinics: Clinics, plan_path: str) -> None:
    page = clinics.browser(Role.ASSISTANT).get(plan_path).text
    for percentile, words in (
        (10, "9 of 10 people gain more than this"),
        (50, "5 of 10 people gain more, 5 gain less"),
        (90, "1 of 10 people gain more than this"),
    ):
        assert f"{plan_path}/files/preview-end-p{percentile}.png" in page
        assert words in page
    assert page.count('class="beside"') == page.count('before.png"')
    headings = re.findall(r"<summary><h3>(.*?)</h3>", page.partition('id="preview"')[2])
    assert len(headings) == page.count('class="beside"')
    assert len(set(headings)) == len(headings)
    for one in headings:  # nothing is named two times: "Bruises: Bruises: 34 of 100 have it"
        parts = one.split(": ")
        assert len(set(parts)) == len(parts), one
    assert "Computed illustration" in page
    assert f"{plan_path}/files/preview-close-up-1-p50.png" in page


def test_where_nothing_is_drawn_the_page_says_why_and_speaks_of_no_pictures(
    clinics: Clinics, pictures: dict[str, bytes]
) -> None:
    """Such as of somebody whom the plan refers."""
    document = json.loads(pictures[DOCUMENT_FILE])
    left_out = "Age spots (solar lentigines) (cheeks): No laser is offered."
    document |= {
        "pictures": document["pictures"][:1],
        "close_ups": [],
        "not_drawn": [left_out, "Left out: wattanakrai2012 (x)."],
    }
    alone = pictures | {DOCUMENT_FILE: json.dumps(document).encode()}

    def with_photograph_alone(sent: Submission, home: Path, heed: Callable[[str], None], _language: str) -> NewPlan:
        made = planned(sent, home, heed)
        return NewPlan(**{**vars(made), "files": {**made.files, **alone}})

    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients").headers["location"]
    here = str(client.post(f"{patient}/consultations").headers["location"])
    page = client.get(clinics.plan(client, here, make=with_photograph_alone)).text
    assert left_out in page
    assert "Left out: Wattanakrai 2012 (x)." in page, "the page lists no sources in which to look a key up"
    assert document["assumption"] not in page
    assert document["marked"] not in page
    assert "preview-strip" not in page


def test_what_may_come_is_that_of_the_chosen_option(clinics: Clinics, make: PlanMaker) -> None:
    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients").headers["location"]
    plan_path = clinics.plan(client, str(client.post(f"{patient}/consultations").headers["location"]), make=make)
    client.post(f"{plan_path}/choice", data={"option": "0.1"})
    page = client.get(plan_path).text
    assert "/files/preview-end-p50.png" not in page
    assert "another one was chosen" in page
    other = words(client.get(f"{plan_path}/leaflet/en").content)
    client.post(f"{plan_path}/choice", data={"option": "0.0"})
    assert "/files/preview-end-p50.png" in client.get(plan_path).text
    first = words(client.get(f"{plan_path}/leaflet/en").content)
    assert first != other


def test_pictures_are_sealed_and_no_browser_stores_them(
    clinics: Clinics, plan_path: str, pictures: dict[str, bytes]
) -> None:
    shown = clinics.browser(Role.CLINICIAN).get(f"{plan_path}/files/preview-end-p50.png")
    assert shown.content == pictures["preview-end-p50.png"]
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["content-type"] == "image/png"
    files = [path for path in clinics.database.files.folder.rglob("*") if path.is_file()]
    assert all(b"IHDR" not in path.read_bytes() for path in files)


def test_other_clinics_and_who_is_not_signed_in_see_none(clinics: Clinics, plan_path: str) -> None:
    picture = f"{plan_path}/files/preview-before.png"
    assert clinics.browser(Role.CLINICIAN, OTHER).get(picture).status_code == 404
    assert TestClient(clinics.app, follow_redirects=False).get(picture).status_code != 200


def test_a_photograph_is_analysed_once_for_the_leaflets_of_a_minute(
    clinics: Clinics, make: PlanMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse, analysed = routes.analyse_photograph, []

    def count(photograph: DecodedPhotograph, points: Sequence[float] | None = None) -> PhotoAnalysis:
        analysed.append(points)
        return analyse(photograph, points=points)

    monkeypatch.setattr(routes, "analyse_photograph", count)
    monkeypatch.setattr(routes, "_ANALYSES", MinuteCache(8))
    client = clinics.browser(Role.CLINICIAN)
    here = str(client.post(f"{client.post('/patients').headers['location']}/consultations").headers["location"])
    photograph = clinics.repositories().photographs.add(
        here.rpartition("/")[2], FACE.read_bytes(), "image/jpeg", PhotographPermissions()
    )
    plan = clinics.plan(client, here, make=make, **{"photo.kept": photograph.id})
    made = [client.get(f"{plan}/leaflet/{language}").content for language in ("de", "en", "de")]
    assert analysed == [None]
    assert words(made[0]) == words(made[2]) != words(made[1])


@pytest.mark.check
def test_a_leaflet_in_another_language_has_its_strip_in_that_language(clinics: Clinics, make: PlanMaker) -> None:
    # The plan of this test knows no improvement of a person, which the words of its preview say.
    client, drawn = clinics.browser(Role.CLINICIAN), "Der Plan stammt aus einer früheren Version"
    patient = client.post("/patients", data={"pseudonym": "Blatt"}).headers["location"]
    here = str(client.post(f"{patient}/consultations").headers["location"])
    photograph = clinics.repositories().photographs.add(
        here.rpartition("/")[2], FACE.read_bytes(), "image/jpeg", PhotographPermissions()
    )
    plan = clinics.plan(client, here, make=make, **{"photo.kept": photograph.id})
    assert drawn in words(client.get(f"{plan}/leaflet/de").content)
    revision = str(clinics.repositories().consultations.get(here.rpartition("/")[2]).revision)
    client.post(f"{here}/answers", data=LEAST | {"revision": revision, "patient.age_years": "43"})
    # Nobody knows any more which photograph and points the plan was made with.
    assert drawn not in words(client.get(f"{plan}/leaflet/de").content)


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.check
def test_the_slider_moves_by_keys_and_without_script_both_stand_side_by_side(
    clinics: Clinics, plan_path: str, browser: Browser
) -> None:
    with served(clinics.app) as address, opened_page(browser) as page:
        sign_in(page, address, "clinician")
        page.goto(f"{address}{plan_path}")
        slider = page.get_by_role("slider").first
        expect(slider).to_be_visible()
        laid = page.locator("details[open] .laid img").nth(1)
        before = laid.evaluate("one => one.style.clipPath")
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert laid.evaluate("one => one.style.clipPath") != before
        captions = {}
        for value in (0, 30, 70, 100):  # the caption of one of both is shown whole, wherever the slider stands
            slider.fill(str(value))
            picture = Image.open(io.BytesIO(page.locator("details[open] .laid").screenshot())).convert("RGB")
            band = round(0.8 * BAND_HEIGHT * picture.width)
            captions[value] = picture.crop((4, picture.height - band, picture.width - 4, picture.height - 4)).tobytes()
        assert captions[0] == captions[30] != captions[70]
        assert captions[70] == captions[100]
        expect(page.locator("details[open] .beside img").first).to_be_visible()
        assert page.locator("details[open] .beside img").first.evaluate("one => one.naturalWidth") > 0
        for heading in page.locator("summary h3").all():
            line, around = heading.bounding_box(), heading.locator("..").bounding_box()
            assert line
            assert around
            assert around["height"] < line["height"] + 20, "the triangle stands beside its heading, not above it"
        shown = page.locator("details[open] .beside img").first
        ratio = shown.evaluate("one => one.naturalWidth / one.naturalHeight * one.clientHeight / one.clientWidth")
        assert ratio == pytest.approx(1.0, abs=0.02)  # no empty bands above and below the picture
        looked_at(page, "preview")

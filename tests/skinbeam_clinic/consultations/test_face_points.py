"""The points of a face in a consultation: moved on its photograph, kept with the answers, read by what looks at it."""

import html
import re
import threading
import tomllib

import pytest
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import Clinics
from paths import ROOT
from playwright.sync_api import Browser, expect
from sqlalchemy import event
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.face_points import read_points
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
NAMES = [f"photo.points.{point}.{axis}" for point in range(3) for axis in range(2)]
MOVED = dict(zip(NAMES, ("203.5", "101", "246.5", "103", "223.5", "146"), strict=True))


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def consultation(clinics: Clinics) -> ConsultationRecord:
    repositories = clinics.repositories()
    return repositories.consultations.begin(repositories.patients.add().id, Submission((("patient.age_years", "52"),)))


def moved_points(clinics: Clinics, consultation: ConsultationRecord) -> list[float] | None:
    return read_points(clinics.repositories().consultations.get(consultation.id).answers)


def test_points_are_kept_with_the_answers_and_go_with_the_case(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    here = f"/consultations/{consultation.id}"
    sent = {"patient.age_years": "52"}
    files = {"photo": ("face.jpg", FACE.read_bytes(), "image/jpeg")}
    shown = client.post(f"{here}/answers?points=", data=sent | {"revision": "1"}, files=files, follow_redirects=True)
    assert shown.text.count("data:image/jpeg;base64,") == 1
    assert "Move a misplaced point with the mouse" in shown.text
    without_picture = html.unescape(client.get(here).text)
    assert "Move a misplaced point with the mouse" not in without_picture
    assert '"Show the points of the face" displays them on the photograph' in without_picture
    stored = clinics.repositories().consultations.get(consultation.id)
    set_on = {"photo.kept": stored.answers.photo, "photo.points.of": stored.answers.photo}
    set_on["photo.spots_examined"] = "true"
    client.post(f"{here}/answers", data=sent | set_on | MOVED | {"revision": str(stored.revision)})
    assert moved_points(clinics, consultation) == [float(value) for value in MOVED.values()]
    case = tomllib.loads(client.get(f"{here}/case.toml").text)
    assert case["photo"] == {"points": [[203.5, 101], [246.5, 103], [223.5, 146]], "spots_examined": True}
    assert re.search(r'id="photo.spots_examined"[^>]* checked', client.get(here).text)
    # Another photograph has points and spots of its own; a byte behind the end of a JPEG makes it another one.
    revision = str(clinics.repositories().consultations.get(consultation.id).revision)
    other = {"photo": ("face.jpg", FACE.read_bytes() + b"\0", "image/jpeg")}
    client.post(f"{here}/answers", data=sent | set_on | MOVED | {"revision": revision}, files=other)
    assert moved_points(clinics, consultation) is None
    assert not re.search(r'id="photo.spots_examined"[^>]* checked', client.get(here).text)


def test_what_a_photograph_suggests_is_read_by_the_points_that_were_set(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    photograph = (
        clinics.repositories()
        .photographs.add(consultation.id, FACE.read_bytes(), "image/jpeg", PhotographPermissions())
        .id
    )
    crossed = MOVED | {NAMES[0]: "300", "photo.kept": photograph, "photo.points.of": photograph, "revision": "1"}
    refused = client.post(f"/consultations/{consultation.id}/suggestions", data=crossed)
    assert "not the right pupil" in html.unescape(refused.text)
    assert 'id="photo.points" tabindex="-1" autofocus' in refused.text


def test_who_waits_for_another_photograph_holds_no_connection(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who wait could hold every connection that the one whose turn it is needs."""
    connections, turns = [0], []

    class Turn:
        """The lock, which notes how many connections are held at its begin and are taken within."""

        lock = threading.Lock()

        def __enter__(self) -> None:
            self.lock.acquire()
            turns.append([connections[0]])

        def __exit__(self, *_: object) -> None:
            turns[-1].append(connections[0])
            self.lock.release()

    def take(*_: object) -> None:
        connections[0] += 1
        if Turn.lock.locked():
            turns[-1].append(connections[0])

    def give_back(*_: object) -> None:
        connections[0] -= 1

    for module in ("routes", "suggestion_routes"):
        monkeypatch.setattr(f"skinbeam_clinic.consultations.{module}.PHOTOGRAPH_LOCK", Turn())
    repositories = clinics.repositories()
    photograph = repositories.photographs.add(
        consultation.id, FACE.read_bytes(), "image/jpeg", PhotographPermissions()
    ).id
    repositories.consultations.save(consultation.id, Submission((), photograph), revision=consultation.revision)
    pool = clinics.database.engine.pool
    event.listen(pool, "checkout", take)
    event.listen(pool, "checkin", give_back)
    try:
        client.get(f"/consultations/{consultation.id}?points=")
        about = {"photo.kept": photograph, "revision": str(consultation.revision + 1)}
        client.post(f"/consultations/{consultation.id}/suggestions", data=about)
    finally:
        event.remove(pool, "checkout", take)
        event.remove(pool, "checkin", give_back)
    assert turns == [[0, 0], [0, 0]]


def test_a_photograph_that_cannot_be_read_is_the_fault(
    client: TestClient, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    photograph = (
        clinics.repositories()
        .photographs.add(consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions())
        .id
    )
    answers = Submission((), photograph)
    clinics.repositories().consultations.save(consultation.id, answers, revision=consultation.revision)
    shown = client.get(f"/consultations/{consultation.id}?points=")
    assert shown.status_code == 422
    assert "not a picture that can be read" in html.unescape(shown.text)


@pytest.mark.check
def test_points_are_moved_by_mouse_and_keys_and_saved(
    browser: Browser, clinics: Clinics, consultation: ConsultationRecord
) -> None:
    with opened_page(browser) as page, served(clinics.app) as address:
        sign_in(page, address, "clinician")
        page.goto(f"{address}/consultations/{consultation.id}")
        page.locator(".steps button").nth(3).click()
        suggest = page.get_by_role("button", name="Look for what this photograph suggests")
        expect(suggest).to_be_hidden()  # before there is one
        page.get_by_label("A photograph of the face").set_input_files(FACE)
        expect(suggest).to_be_visible()
        right = page.get_by_role("slider", name="Right pupil of the person")
        mouth = page.get_by_role("slider", name="Middle of the mouth")
        expect(mouth).to_have_attribute("aria-valuetext", "224 pixels from the left, 146 from the top", timeout=60_000)
        mouth.scroll_into_view_if_needed()
        held = mouth.bounding_box()
        assert held is not None
        x, y = held["x"] + held["width"] / 2, held["y"] + held["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 18, y + 34, steps=4)
        page.mouse.up()
        # The part with the face, 5 pupil distances wide, is 702 px wide here: 18 px of the screen are 5.6 of it, 34 are
        # 10.6.
        expect(mouth).to_have_attribute("aria-valuetext", "230 pixels from the left, 157 from the top")
        looked_at(page, "points")
        right.focus()
        before = float(str(right.get_attribute("aria-valuenow")))
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert float(str(right.get_attribute("aria-valuenow"))) > before + 2
        expect(page.locator(".save-state")).to_have_text("Saved.")
        points = moved_points(clinics, consultation)
        assert points is not None
        assert points[4:] == pytest.approx([230, 157], abs=0.6)
        page.reload()
        page.locator(".steps button").nth(3).click()
        page.get_by_role("button", name="Show the points of the face").click()
        expect(mouth).to_have_attribute("aria-valuetext", "230 pixels from the left, 157 from the top", timeout=60_000)
        page.get_by_role("button", name="Restore the detected points").click()
        expect(mouth).to_have_attribute("aria-valuetext", "224 pixels from the left, 146 from the top")
        expect(page.locator(".save-state")).to_have_text("Saved.")
    assert moved_points(clinics, consultation) is None

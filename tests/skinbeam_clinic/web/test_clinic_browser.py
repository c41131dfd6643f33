"""A day in a clinic in a real browser: sign-in, consultation with photograph, plan, consent.

On SQLite; `make validate` takes the same walks on PostgreSQL.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import DESK, looked_at, opened_page, served, sign_in
from clinic_samples import HOME, PASSWORD, Clinics, planned, two_clinics_on
from paths import ROOT
from playwright.sync_api import Browser, Locator, Page, expect

from skinbeam.cli import main
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.jobs import worker
from skinbeam_clinic.jobs.worker import PlanMaker, PlanWorker
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.plan_subprocess import make_plan_in_subprocess

pytestmark = pytest.mark.check

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
PLAN_MS = 90_000
CASE = """
[patient]
age_years = 52
phototype = "II"

[[concern]]
condition = "facial-telangiectasia"
site = "cheeks"
severity = "mild"
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def clinics(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics_on(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def address(clinics: Clinics) -> Iterator[str]:
    with served(clinics.app) as found:
        yield found


def planning_is_real(clinics: Clinics) -> bool:
    """On one database plans are made; the other keeps what stands for one, which takes no time."""
    return clinics.database.engine.dialect.name == "sqlite"


@contextmanager
def working(clinics: Clinics, make: PlanMaker) -> Iterator[None]:
    worker = PlanWorker(clinics.database, make)
    worker.start()
    yield
    worker.stop()


def make_the_plan(page: Page) -> None:
    page.get_by_role("button", name="Make the plan").click(no_wait_after=True)
    page.wait_for_url(re.compile(r"/plans/\w+$"), timeout=PLAN_MS)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as page:
        yield page


def steps_shown(page: Page) -> None:
    """Wait for the script of the form: until it runs, Enter in a field sends the form, as it does without one."""
    expect(page.locator(".steps")).to_be_visible()


def fill_in(page: Page) -> None:
    """The form of the case above, its last step shown."""
    steps_shown(page)
    page.get_by_label("Age (years)").fill("52")
    page.get_by_label("Fitzpatrick phototype").select_option("II")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    page.get_by_label("Severity").first.select_option("mild")
    for _ in range(2):
        page.get_by_role("button", name="Next").click()


def draw(page: Page) -> None:
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 20):
        page.mouse.move(box["x"] + 20 + 9 * step, box["y"] + 60 + 30 * (-1) ** step)
    page.mouse.up()


def tell_back(question: Locator) -> None:
    """The answer that the page itself has explained."""
    right = re.compile(r"^(No\. I can|About \d|It may be|I call|\d+ )")
    question.get_by_label(right).check()


def same_as_the_command_line(page: Page, folder: Path) -> None:
    (folder / "case.toml").write_text(CASE, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["consult", str(folder / "case.toml"), "-o", str(folder / "out"), "--photo", str(FACE)])
    assert ended.value.code in (0, None)
    for name in ("plan.json", "report.pdf", "appendix.pdf", "leaflet.pdf"):
        content = page.request.get(f"{page.url}/files/{name}").body()
        assert content == (folder / "out" / name).read_bytes(), name


def test_from_sign_in_to_a_sealed_consent(page: Page, address: str, clinics: Clinics, tmp_path: Path) -> None:
    real = planning_is_real(clinics)
    page.goto(f"{address}/")
    looked_at(page, "sign-in")
    sign_in(page, address, "clinician")
    page.get_by_label("Pseudonym", exact=True).fill("Synthetic 17")
    page.get_by_role("button", name="Add").click()
    looked_at(page, "patient")
    page.get_by_role("button", name="Begin a consultation").click()
    looked_at(page, "consultation")
    fill_in(page)
    nothing = {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"no photograph"}
    page.get_by_label("A photograph of the face").set_input_files([nothing])  # type: ignore[list-item]
    expect(page.locator(".save-state")).to_have_text(
        "The answers are saved, the photograph is not. This file cannot be stored as a photograph. "
        "Choose a photograph of one of these kinds: JPEG, PNG, WEBP."
    )
    with page.expect_response("**/answers") as saved:  # once: the file is not sent again with each answer
        page.get_by_label("Phone number").fill("030 5551")  # what is typed beside it is not lost
    assert saved.value.ok
    expect(page.locator(".save-state")).to_contain_text("The answers are saved")
    record = clinics.repositories().consultations.get(page.url.rpartition("/")[2])
    assert record.answers.tables["clinic"]["phone"] == "030 5551"
    page.get_by_label("Phone number").fill("")
    page.get_by_label("A photograph of the face").set_input_files(FACE)
    expect(page.locator(".save-state")).to_have_text("Saved.")
    expect(page.get_by_alt_text("Photograph just saved")).to_be_visible()
    consultation = page.url

    page.context.new_page().goto(consultation)  # as after a crash: another page has what was filled in
    again = page.context.pages[-1]
    expect(again.get_by_label("Age (years)")).to_have_value("52")
    again.locator(".steps button").nth(3).click()
    expect(again.get_by_label("Use the photograph that was sent before")).to_be_checked()
    again.close()

    with working(clinics, make_plan_in_subprocess if real else planned):
        make_the_plan(page)
    looked_at(page, "plan")
    if real:
        same_as_the_command_line(page, tmp_path)
    page.get_by_role("radio").nth(1).check()
    page.get_by_label("Reasons and discussion").first.fill("fewest visits")
    page.get_by_role("button", name="Save the choice").first.click()
    expect(page.get_by_text("fewest visits")).to_be_visible()
    plan = page.url
    page.get_by_role("link", name="Consent: ").click()
    looked_at(page, "consent")
    page.get_by_label("Days to think").fill("0")
    page.get_by_role("button", name="Record the explanation as given now").click()
    expect(page.locator("fieldset").first).to_be_visible()  # `all` does not wait for the next page
    for question in page.locator("fieldset").all():
        tell_back(question)
    page.locator("fieldset").first.get_by_label("Yes, since it is planned.").check()
    page.get_by_role("button", name="Save the answers").click()
    expect(page.get_by_role("alert")).to_contain_text("Not all answers were right")
    looked_at(page, "told-back")
    tell_back(page.locator("fieldset").first)
    page.get_by_role("button", name="Save the answers").click()
    page.get_by_label("Your name").fill("Synthetic Person")
    page.get_by_label("Photographs are taken for my care").check()
    draw(page)
    page.get_by_role("button", name="Sign and seal").click()
    expect(page.get_by_text(re.compile("^Signed "))).to_be_visible()
    looked_at(page, "signed")
    link = page.get_by_role("link", name="Sealed document (PDF)").get_attribute("href")
    assert page.request.get(f"{address}{link}").body().startswith(b"%PDF")

    page.goto(consultation)
    page.get_by_label("Age (years)").fill("53")
    page.locator(".steps button").nth(3).click()
    with working(clinics, planned):
        make_the_plan(page)
    page.goto(plan)
    expect(page.get_by_text("Void: the plan was changed")).to_be_visible()
    looked_at(page, "void")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("clinics", ["sqlite"], indirect=True)
def test_the_progress_of_a_plan_is_shown_while_it_is_made_and_stopped_by_a_button_or_by_leaving(
    page: Page, address: str, clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PATIENCE_S", 1.0)
    ended = threading.Semaphore(0)

    def slow(_sent: object, _home: object, heed: Callable[[str], None], _language: str) -> NewPlan:
        number = 0
        try:
            while True:
                number += 1
                heed(f"redness, cheeks: <device> {number}")
                time.sleep(0.1)
        finally:
            ended.release()

    repositories = clinics.repositories(Role.OWNER)
    answers = make_submission(LEAST.items())
    here = f"{address}/consultations/{repositories.consultations.begin(repositories.patients.add().id, answers).id}"
    sign_in(page, address, "clinician")
    with working(clinics, slow):
        for leave in ("button", "close"):
            page.goto(here)
            page.locator(".steps button").nth(3).click()
            page.get_by_role("button", name="Make the plan").click(no_wait_after=True)
            progress = page.locator("p.said[role=status]")  # of the page of the job
            expect(progress).to_contain_text("redness, cheeks: <device> ")
            early = progress.text_content() or ""
            expect(progress).not_to_have_text(early)
            if leave == "button":
                looked_at(page, "job")
                page.get_by_role("button", name="Stop").click()
                page.wait_for_url(here)
            else:
                page.goto(f"{address}/")
            assert ended.acquire(timeout=20)
    steps = [step.action for step in repositories.audit_log.newest(200) if step.action.startswith("job.")]
    assert steps == ["job.cancelled", "job.added"] * 2


def test_the_pulse_of_an_earlier_session_is_asked_for_in_the_unit_of_its_laser(
    page: Page, clinics: Clinics, address: str
) -> None:
    repositories = clinics.repositories(Role.OWNER)
    begun = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    sign_in(page, address, "clinician")
    page.goto(f"{address}/consultations/{begun.id}")
    page.locator(".steps button").nth(2).click()
    page.locator("summary", has_text="sessions").click()
    pulse = page.locator("[id='session.0.pulse_ms']")
    pulse.fill("10")
    page.locator("[id='session.0.device']").select_option("qs-ndyag-532-1064")
    expect(page.locator("label[for='session.0.pulse_ms']")).to_have_text("Pulse (ns)")
    expect(pulse).to_have_value("")  # 10 ms are no 10 ns
    expect(page.locator("[id='session.0.pulse_ms-range']")).to_have_text("This device fires 5 to 20 ns.")
    pulse.fill("8")
    pulse.blur()
    until = time.monotonic() + 10
    while ("session.0.pulse_ms", "0.000008") not in repositories.consultations.get(begun.id).answers.entries:
        assert time.monotonic() < until
        time.sleep(0.1)
    page.reload()
    expect(page.locator("[name='session.0.pulse_ns']")).to_have_value("8")


def test_two_people_at_one_form_and_the_pages_of_an_owner(page: Page, address: str, browser: Browser) -> None:
    sign_in(page, address, "owner")
    looked_at(page, "patients")
    page.goto(f"{address}/nowhere")
    looked_at(page, "fault")
    page.go_back()
    for name in ("People", "Machines", "Audit log"):
        page.get_by_role("link", name=name, exact=True).click()
        looked_at(page, name.lower())
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("link", name="Tokens for other programs").click()
    page.get_by_label("Name").fill("Hospital")
    page.get_by_label("Your own password").fill(PASSWORD)
    page.get_by_role("button", name="Make it").click()
    looked_at(page, "token")
    page.get_by_role("link", name="back to the tokens").click()
    looked_at(page, "tokens")
    page.get_by_role("link", name="API for other programs").click()
    looked_at(page, "api")
    page.get_by_role("link", name="owner at").click()
    looked_at(page, "account")
    page.get_by_role("link", name="Patients").click()
    page.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="Contact").click()
    looked_at(page, "contact")
    page.go_back()
    page.get_by_role("link", name="Erasure").click()
    looked_at(page, "erasure")
    page.go_back()
    with page.expect_download() as copied:
        page.get_by_role("button", name="Copy of everything").click()
    assert copied.value.suggested_filename.startswith("copy-20")
    page.get_by_text("Begin from a case file").click()
    for content in ("[patient]\nage_years = 520\n", CASE):
        page.get_by_label("Case file").set_input_files({"name": "c.toml", "mimeType": "", "buffer": content.encode()})
        page.get_by_role("button", name="Begin with this file").click()
        if content != CASE:
            expect(page.get_by_role("alert")).to_contain_text("patient.age_years")
            looked_at(page, "case-refused")
    expect(page.get_by_label("Age (years)")).to_have_value("52")
    context = browser.new_context(viewport=DESK)
    other = context.new_page()
    sign_in(other, address, "assistant")
    steps_shown(page)
    other.goto(page.url)
    page.get_by_label("Age (years)").fill("41")
    page.locator(".steps button").nth(3).click()
    expect(page.locator(".save-state")).to_have_text("Saved.")
    other.get_by_label("Age (years)").fill("42")
    expect(other.get_by_role("alert")).to_contain_text("Last saved by owner, ")
    expect(other.get_by_label("Age (years)")).to_have_value("42")
    looked_at(other, "conflict")
    other.get_by_role("button", name="Keep these answers").click()
    expect(other.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Age (years)")).to_have_value("42")
    page.locator(".steps button").nth(3).click()
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_text("This consultation is closed")).to_be_visible()
    looked_at(page, "closed")
    other.get_by_label("Age (years)").fill("43")
    expect(other.get_by_role("alert")).to_contain_text("The consultation is closed")
    context.close()
    page.get_by_role("button", name="Open it again").click()
    expect(page.get_by_role("button", name="Next").first).to_be_visible()
    expect(page.get_by_text("This consultation is closed")).to_have_count(0)


def test_the_form_is_filled_in_and_signed_by_keyboard_alone(page: Page, address: str) -> None:
    """The pad needs a pointer; the typed name is a signature, too."""
    page.goto(f"{address}/")
    page.get_by_label("Clinic").focus()
    for words in (HOME, "clinician", PASSWORD):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the button that shows the password
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Patients")
    page.get_by_label("Year of birth").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Begin a consultation").press("Enter")
    steps_shown(page)
    page.get_by_label("Age (years)").focus()
    page.keyboard.type("52")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What should be treated")).to_be_focused()


@pytest.mark.parametrize("clinics", ["sqlite"], indirect=True)
def test_photographs_are_taken_with_the_camera_by_keyboard_alone(page: Page, address: str, clinics: Clinics) -> None:
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add("Camera").id)
    sign_in(page, address, "clinician")
    page.goto(f"{address}/consultations/{consultation.id}")
    page.locator(".steps button").nth(3).press("Enter")
    for number in (1, 2):
        page.get_by_role("button", name="Use the camera").press("Enter")
        expect(page.get_by_role("button", name="Take the photograph")).to_be_focused()
        expect(page.get_by_text("What the camera sees now")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Use this photograph")).to_be_focused()
        if number == 1:
            looked_at(page, "camera")
            page.get_by_role("button", name="Take it again").press("Enter")
            expect(page.get_by_role("button", name="Take the photograph")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.get_by_role("button", name="Use this photograph")).to_be_focused()
        page.keyboard.press("Enter")
        # It is encoded, sent, sealed and shown again, which takes more than the usual five seconds on a busy machine.
        expect(page.locator(".pictures img")).to_have_count(number, timeout=20_000)
        expect(page.locator(".save-state")).to_have_text("Saved.")
    for record in repositories.photographs.of(consultation.id):
        assert record.media_type == "image/jpeg"
        assert repositories.photographs.read_content(record.id)[1].startswith(b"\xff\xd8\xff")
    page.get_by_role("link", name="Permitted uses").first.click()
    looked_at(page, "uses")
    page.get_by_label("teaching").check()
    page.get_by_role("button", name="Save").click()
    page.locator(".steps button").nth(3).click()
    expect(page.get_by_text("care, teaching")).to_have_count(1)


def press_with_alt(page: Page, digit: str) -> None:
    """As a keyboard sends it; Playwright leaves out which sign the key has without Alt, by which it is found."""
    keyboard = page.context.new_cdp_session(page)
    key = {"key": digit, "code": f"Digit{digit}", "windowsVirtualKeyCode": ord(digit), "unmodifiedText": digit}
    for kind in ("keyDown", "keyUp"):
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "modifiers": 1, **key})
    keyboard.detach()


@pytest.mark.parametrize("clinics", ["sqlite"], indirect=True)
def test_each_page_of_the_menu_has_a_key_that_the_account_page_names(page: Page, address: str) -> None:
    """With Alt, so that it is in nobody's way who types (WCAG 2.2, 2.1.4)."""
    sign_in(page, address, "owner")
    keys = page.locator("nav a[accesskey]").evaluate_all("links => links.map(one => [one.accessKey, one.pathname])")
    assert len({key for key, _ in keys}) == len(keys) == 9
    page.goto(f"{address}/account")
    named = page.get_by_role("region", name="Keyboard").locator("dt").all_inner_texts()
    assert {key for key, _ in keys} | {"0"} == set(named)
    for key, path in keys:
        press_with_alt(page, key)
        page.wait_for_url(f"{address}{path}")
    page.goto(f"{address}/")
    press_with_alt(page, "0")
    expect(page.locator("#asked")).to_be_focused()

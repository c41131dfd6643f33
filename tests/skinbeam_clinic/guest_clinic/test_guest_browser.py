"""The consultation as a person meets it: a real browser, the real server, no barrier that axe-core knows."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clinic_pages import DESK, PHONE, WAIT_MS, looked_at
from paths import ROOT
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from skinbeam.report.formatting import reference_text

pytestmark = pytest.mark.check

MACHINE = socket.gethostname().lower()
PLAN_MS = 90_000


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that leaves nothing behind when it is told to end."""
    temporary = tmp_path_factory.mktemp("served")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        found = probe.getsockname()[1]
    command = [sys.executable, "-m", "skinbeam", "serve", "--port", str(found)]
    with subprocess.Popen(
        command, env=os.environ | {"TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert f"http://127.0.0.1:{found}" in process.stdout.readline()
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            errors = process.stderr.read()
            process.wait(30)
    assert not list(temporary.iterdir())
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: sudo apt-get install -y chromium")
    # Another name of this machine stands for a clinic's server: over plain http on such a name browsers leave out
    # Sec-Fetch-Site, so that Origin decides.
    names = f"--host-resolver-rules=MAP {MACHINE} 127.0.0.1"
    started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", names])
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport=DESK)
    opened.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    opened.close()
    assert not faults


def field(page: Page, name: str) -> str:
    """The selector of a field by its id, which holds dots."""
    return f"[id='{name}']"


def step(page: Page, number: int) -> None:
    """Go to a step of the form."""
    page.locator(".steps button").nth(number - 1).click()


def first_of(held: list[Route], page: Page) -> Route:
    """Return the first request that was held; a page may show what it asks for before the request reaches the test."""
    while not held:
        page.wait_for_timeout(20)
    return held[0]


def send(page: Page, **how: bool) -> None:
    """Send the form, from its last step."""
    step(page, 4)
    page.get_by_role("button", name="Make the plan").click(**how)


def test_from_an_empty_form_to_a_report(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    for number in (4, 3, 2, 1):
        step(page, number)
        looked_at(page)
    page.get_by_label("Age (years)").fill("520")
    page.get_by_label("Fitzpatrick phototype").select_option("II-III")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    page.get_by_label("Severity").first.select_option("mild to moderate")
    page.get_by_role("button", name="Next").click()
    page.locator("summary", has_text="Skin").first.click()
    page.get_by_label("Cold sores (herpes labialis)").check()
    page.get_by_role("button", name="Next").click()
    page.locator("summary", has_text="Devices of the clinic").click()
    page.get_by_label("Pulsed dye laser, 595 nm", exact=True).check()
    page.get_by_label("A photograph of the face").set_input_files(ROOT / "examples/first-consultation/face.jpg")
    send(page)

    expect(page.get_by_role("alert")).to_contain_text("Age (years): Is out of range")
    expect(page.get_by_label("Age (years)")).to_be_focused()
    expect(page.get_by_label("Age (years)")).to_have_value("520")
    expect(page.get_by_label("Cold sores (herpes labialis)")).to_be_checked()
    expect(page.get_by_label("Pulsed dye laser, 595 nm", exact=True)).to_be_checked()
    expect(page.get_by_label("Use the photograph that was sent before")).to_be_checked()
    looked_at(page)

    page.get_by_label("Age (years)").fill("42")
    send(page, no_wait_after=True)
    page.wait_for_url(re.compile(r"/plans/[0-9a-f]{32}$"), timeout=PLAN_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan")
    expect(page.locator(".banner")).to_contain_text("Demonstration mode")
    expect(page.get_by_text("Pulsed dye laser, 595 nm").first).to_be_visible()
    looked_at(page)

    address_of_plan = page.url
    for name, starts in (("Plan (JSON)", b"{"), ("Report (PDF)", b"%PDF"), ("Patient leaflet, Deutsch (PDF)", b"%PDF")):
        file = page.request.get(page.get_by_role("link", name=name).evaluate("link => link.href"))
        assert file.ok
        assert file.body().startswith(starts)
    assert page.request.get(f"{page.url}/plan.json").json()["schema"] == "skinbeam.plan/2"

    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Treatment plan")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    expect(page.locator("img[alt*='Overlay']").first).to_be_visible()
    looked_at(page)

    page.goto(address_of_plan)
    page.get_by_role("link", name="Change the answers").click()
    expect(page.get_by_label("Age (years)")).to_have_value("42")
    expect(page.get_by_label("Use the photograph that was sent before")).to_be_checked()
    page.goto(address_of_plan)
    page.get_by_role("link", name="New consultation").click()
    expect(page.get_by_label("Age (years)")).to_have_value("")


def test_kinds_are_asked_of_the_condition_that_was_chosen(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    step(page, 2)
    asked = page.locator(".kinds:visible legend")
    condition = page.get_by_label("Condition").first
    expect(asked).to_have_count(0)
    kinds = page.locator(".kinds .kinds:visible")
    for chosen, words in (
        ("Melasma", ["Epidermal", "Dermal", "Mixed"]),
        ("Keloid", ["Red", "White"]),
        ("Acne scars", ["Ice-pick", "Boxcar", "Rolling", "Red"]),
        ("Visible facial veins", ["Fine and red", "Blue", "Wider than 1 mm"]),
    ):
        condition.select_option(chosen)
        expect(asked).to_have_count(1)
        expect(kinds).to_contain_text(words)
        looked_at(page)
    page.get_by_label("Wider than 1 mm").first.check()
    condition.select_option("Freckles")
    expect(asked).to_have_count(1)  # what is ticked stays to be seen
    page.get_by_label("Wider than 1 mm").first.uncheck()
    expect(asked).to_have_count(0)


def test_test_spots_and_sessions_are_asked_and_kept(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    step(page, 3)
    page.locator("summary", has_text="Test spots").click()
    page.locator("summary", has_text="Sessions that have taken place").click()
    looked_at(page)
    spot, session = page.get_by_role("group", name="Test spot 1"), page.get_by_role("group", name="Session 1")
    spot.get_by_label("Device").select_option("Pulsed dye laser, 595 nm")
    spot.get_by_label("Fluence").fill("7,5")
    spot.get_by_label("What was seen").select_option("A blister")
    session.get_by_label("Condition that was treated").select_option("Visible facial veins")
    session.get_by_label("What went wrong").fill("none")
    send(page)

    expect(page.get_by_role("alert")).to_contain_text("Age (years): This field is required")
    step(page, 3)
    expect(spot.get_by_label("Fluence")).to_be_visible()  # what was filled in stays open
    expect(spot.get_by_label("Fluence")).to_have_value("7,5")
    expect(session.get_by_label("What went wrong")).to_have_value("none")
    step(page, 1)
    page.get_by_label("Age (years)").fill("42")
    step(page, 2)
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Test spot 1, Where: This field is required")
    looked_at(page)


def test_the_button_says_that_the_plan_is_being_made(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.route("**/consult", lambda _: None)  # never answered
    button = page.locator(".send button[type=submit]")
    page.get_by_label("Age (years)").fill("42")
    step(page, 4)
    expect(button).to_have_accessible_name("Make the plan")
    button.press("Enter")
    expect(button).to_have_accessible_name("Making the plan …")


def test_the_button_stays_in_its_place_while_the_face_is_looked_for(page: Page, port: int, tmp_path: Path) -> None:
    """A button that moves between press and release is not pressed."""
    photograph = tmp_path / "me.jpg"
    photograph.write_bytes(b"no picture" * 1000)
    page.goto(f"http://127.0.0.1:{port}/")
    waiting: list[Route] = []
    page.route("**/points", lambda route: waiting.append(route))
    step(page, 4)
    button = page.get_by_role("button", name="Make the plan")
    before = button.bounding_box()
    page.get_by_label("A photograph of the face").set_input_files(photograph)
    status = page.locator(".points > [role=status]")
    expect(status).not_to_be_empty()
    assert button.bounding_box() == before
    first_of(waiting, page).continue_()
    expect(status).to_contain_text("is not a picture that can be read")
    assert button.bounding_box() == before


@pytest.mark.parametrize("age", ["520", "42"])
def test_a_form_is_sent_once_and_its_first_answer_is_shown(page: Page, port: int, tmp_path: Path, age: str) -> None:
    """A fault of the answers, and one that is found when the plan is made: the photograph is no picture."""
    photograph = tmp_path / "me.jpg"
    photograph.write_bytes(b"no picture" * 1000)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill(age)
    step(page, 2)
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    step(page, 4)
    page.get_by_label("Phone number to call").fill("020 555 0100")
    page.get_by_label("A photograph of the face").set_input_files(photograph)
    for times in (1, 2):
        send(page)
        expect(page.get_by_role("alert")).to_contain_text("Is out of range" if age == "520" else "is not a picture")
        at_fault = page.get_by_label("Age (years)" if age == "520" else "A photograph of the face")
        expect(at_fault).to_be_focused()
        expect(page).to_have_title(re.compile("^One entry needs correction"))
        expect(page.get_by_label("Phone number to call")).to_have_value("020 555 0100")
        assert sum(url.endswith("/consult") for url in sent) == times
        if age == "42":
            at_fault.set_input_files(photograph)
    looked_at(page)


def test_a_program_that_ended_is_reported_and_the_answers_stay(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill("42")
    page.route("**/consult", lambda route: route.abort())
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("no longer answers")
    expect(page.get_by_label("Age (years)")).to_have_value("42")
    expect(page.locator(".send button[type=submit]")).to_have_accessible_name("Make the plan")
    looked_at(page)
    page.unroute("**/consult")
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Concern 1, Condition: This field is required")


@pytest.mark.parametrize("host", ["127.0.0.1", MACHINE])
def test_our_form_is_heard_and_a_form_of_another_site_is_not(page: Page, port: int, host: str) -> None:
    headers = []
    page.on(
        "request", lambda request: headers.append(request.all_headers()) if request.url.endswith("/consult") else None
    )
    page.goto(f"http://{host}:{port}/")
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Age (years): This field is required")

    page.goto("about:blank")
    page.set_content(
        f'<form method="post" action="http://{host}:{port}/consult"><input name="patient.age_years" value="42">'
        "<button>send</button></form>"
    )
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_contain_text("The request comes from another site")
    by_fetch = ["sec-fetch-site" in sent for sent in headers]
    assert by_fetch == [host == "127.0.0.1"] * 2, "both ways of telling must have been tried"


def test_an_upload_beyond_all_bounds_is_answered(page: Page, port: int, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill("520")
    step(page, 4)
    page.get_by_label("A photograph of the face").set_input_files(huge)
    for _ in range(2):
        send(page)
        expect(page.get_by_role("alert")).to_contain_text("too large")
        expect(page.get_by_label("A photograph of the face")).to_be_focused()
        expect(page.get_by_label("Age (years)")).to_have_value("520")  # nobody fills it in again
        expect(page.locator(".send button[type=submit]")).to_have_accessible_name("Make the plan")
    page.get_by_label("A photograph of the face").set_input_files([])
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("Is out of range")


def test_suitability_is_shown_with_its_reason_and_source_as_soon_as_answers_allow(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    verdict = page.locator(".live")
    expect(verdict).to_be_hidden()
    page.get_by_label("Age (years)").fill("34")
    page.get_by_label("Pregnant").check()
    expect(verdict).to_contain_text("Not suitable")
    source = verdict.get_by_text(reference_text("trivedi2017pregnancy"))
    expect(source).to_be_hidden()
    verdict.get_by_text("Sources", exact=True).click()
    expect(source).to_be_visible()
    looked_at(page)
    page.get_by_label("Pregnant").uncheck()
    step(page, 2)
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    expect(verdict).to_contain_text("Refer first")
    expect(verdict).to_contain_text("The phototype is not stated")
    step(page, 1)
    page.get_by_label("Fitzpatrick phototype").select_option("II")
    expect(verdict.locator("strong")).to_have_text("Suitable")
    expect(verdict.locator("li")).to_have_count(0)


def test_rows_are_added_when_they_are_needed(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    step(page, 3)
    names = page.locator("[id^='patient.medications'][id$='name']:visible")
    more = page.get_by_role("button", name="Add a medicine")
    for count in (1, 2, 3, 4):
        expect(names).to_have_count(count)
        if count < 4:
            more.press("Enter")
            expect(names.last).to_be_focused()
    expect(more).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_step_fits_a_phone_without_scrolling_twice(browser: Browser, port: int, scheme: str) -> None:
    page = browser.new_page(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type] # one of its words
    page.goto(f"http://127.0.0.1:{port}/")
    for number in (1, 2, 3, 4):
        step(page, number)
        looked_at(page)
        page.set_viewport_size(PHONE)
        step_height = page.locator(".step:visible").bounding_box()
        assert step_height is not None
        assert step_height["height"] <= 2 * PHONE["height"], number
    page.close()


def test_a_printed_form_shows_every_step_and_every_illness_that_is_asked_dark_on_white(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill("42")
    page.emulate_media(media="print", color_scheme="dark")
    for label in ("Age (years)", "Condition", "Cold sores (herpes labialis)", "Phone number to call"):
        printed = page.get_by_label(label).first
        assert printed.evaluate("one => one.checkVisibility({contentVisibilityAuto: true})"), label
        assert printed.bounding_box()
    for name in ("Next", "Back", "Make the plan", "Add a medicine"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.locator(".banner")).to_be_visible()
    ink = page.evaluate("getComputedStyle(document.querySelector('h2')).color").removeprefix("rgb(").rstrip(")")
    assert max(int(part) for part in ink.split(",")) < 80, ink


def test_the_form_is_filled_with_the_keyboard_alone(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").focus()
    page.keyboard.type("42")
    page.keyboard.press("Enter")  # goes on; sends at the last step alone
    expect(page.get_by_role("heading", name="What should be treated")).to_be_focused()
    page.keyboard.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.id") == "concern.0.condition":
            break
        page.keyboard.press("Tab")
    expect(page.get_by_label("Condition").first).to_be_focused()


def test_the_form_works_without_its_script(browser: Browser, port: int) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    for name in ("Age (years)", "Condition", "A photograph of the face"):
        expect(page.get_by_label(name).first).to_be_visible()
    page.get_by_role("button", name="Make the plan").click()
    expect(page.get_by_role("alert")).to_contain_text("Age (years): This field is required")
    context.close()


def test_the_progress_of_a_plan_is_shown_while_it_is_made_and_can_be_cancelled(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill("47")
    page.get_by_label("Fitzpatrick phototype").select_option("II")
    step(page, 2)
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    send(page)
    progress = page.locator(".said")
    for _ in range(2):
        expect(progress).to_contain_text("Visible facial veins, cheeks · ", timeout=PLAN_MS)
        looked_at(page)
        page.get_by_role("button", name="Stop").click()
        page.wait_for_url(re.compile(r"/consultations/[0-9a-f]{32}$"))
        expect(page.get_by_label("Age (years)")).to_have_value("47")  # another plan may be made at once
        send(page)
    expect(progress).to_be_visible()


def test_answers_that_are_changed_are_saved_and_planned_anew(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Age (years)").fill("47")
    step(page, 2)
    page.get_by_label("Condition").first.select_option("Diffuse redness (rosacea)")
    page.get_by_label("Where").first.select_option("cheeks")
    send(page)
    page.wait_for_url(re.compile(r"/plans/[0-9a-f]{32}$"), timeout=PLAN_MS)
    first = page.url
    # What is typed before the script of the form runs is saved too.
    held: list[Route] = []
    page.route("**/static/app.js", lambda route: held.append(route))
    page.get_by_role("link", name="Change the answers").click()
    page.get_by_label("Age (years)").fill("63")
    first_of(held, page).continue_()
    page.unroute("**/static/app.js")
    step(page, 4)
    expect(page.locator(".save-state")).to_have_text("Saved.")
    for number in (4, 3, 2, 1):
        step(page, number)
        looked_at(page)
    send(page)
    page.wait_for_url(re.compile(r"/plans/[0-9a-f]{32}$"), timeout=PLAN_MS)
    assert page.url != first
    page.goto(first)
    expect(page.get_by_role("alert")).to_contain_text("no longer valid")

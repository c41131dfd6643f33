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
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.check

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "tests" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MACHINE = socket.gethostname().lower()
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
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
            said = process.stderr.read()
            process.wait(30)
    assert not list(temporary.iterdir())
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: sudo apt-get install -y chromium")
    # Another name of this machine stands for a clinic's server: over plain http on such a name browsers leave out
    # Sec-Fetch-Site, so that Origin decides.
    names = f"--host-resolver-rules=MAP {MACHINE} 127.0.0.1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", names])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport=DESK)
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


def field(page: Page, name: str) -> str:
    """The selector of a field by its id, which holds dots."""
    return f"[id='{name}']"


def no_barriers(page: Page) -> None:
    """Hold a page against axe-core on a phone and on a desk, and let nothing stick out sideways."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        page.evaluate(AXE)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert found["passes"], "axe checked nothing"
        assert not found["violations"], [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_from_an_empty_form_to_a_report(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    no_barriers(page)
    page.get_by_label("Age (years)").fill("520")
    page.get_by_label("Fitzpatrick phototype").select_option("II-III")
    page.get_by_label("Cold sores (herpes labialis)").check()
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    page.get_by_label("Severity").first.select_option("mild to moderate")
    page.locator("summary", has_text="Choose the devices").click()
    page.get_by_label("Pulsed dye laser, 595 nm").check()
    page.get_by_label("A photograph of the face").set_input_files(ROOT / "examples/first-consultation/face.jpg")
    page.locator("button").click()

    expect(page.get_by_role("alert")).to_contain_text("Age (years): Is out of range")
    expect(page.get_by_label("Age (years)")).to_be_focused()
    expect(page.get_by_label("Age (years)")).to_have_value("520")
    expect(page.get_by_label("Cold sores (herpes labialis)")).to_be_checked()
    expect(page.get_by_label("Pulsed dye laser, 595 nm")).to_be_checked()
    expect(page.get_by_label("Use the photograph that was sent before")).to_be_checked()
    no_barriers(page)

    page.get_by_label("Age (years)").fill("42")
    page.locator("button").click(no_wait_after=True)
    page.wait_for_url(re.compile(r"/plans/[0-9a-f]{64}$"), timeout=PLAN_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Treatment plan")
    expect(page.locator(".banner")).to_contain_text("Demonstration mode")
    no_barriers(page)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    expect(page.locator("img[alt*='Overlay']").first).to_be_visible()
    no_barriers(page)

    digest = page.url.rsplit("/", 1)[1]
    for name, starts in (("Plan (JSON)", b"{"), ("Report (PDF)", b"%PDF"), ("Patient leaflet (PDF)", b"%PDF")):
        file = page.request.get(page.get_by_role("link", name=name).evaluate("link => link.href"))
        assert file.ok
        assert file.body().startswith(starts)
    assert page.request.get(f"{page.url}/plan.json").json()["plan_sha256"] == digest

    page.get_by_role("link", name="Change the answers").click()
    expect(page.get_by_label("Age (years)")).to_have_value("42")
    expect(page.get_by_label("Use the photograph that was sent before")).to_be_checked()
    page.goto(f"http://127.0.0.1:{port}/plans/{digest}")
    page.get_by_role("link", name="New consultation").click()
    expect(page.get_by_label("Age (years)")).to_have_value("")


def test_kinds_are_asked_of_the_condition_that_was_chosen(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    asked = page.locator(".kinds:visible legend")
    condition = page.get_by_label("Condition").first
    expect(asked).to_have_count(0)
    for chosen, words in (("Melasma", "Melasma"), ("Keloid", "Keloid"), ("Visible facial veins", "facial veins")):
        condition.select_option(chosen)
        expect(asked).to_have_count(1)
        expect(asked).to_contain_text(words)
        no_barriers(page)
    page.get_by_label("Wider than 1 mm").first.check()
    condition.select_option("Freckles")
    expect(asked).to_have_count(1)  # what is ticked stays to be seen
    page.get_by_label("Wider than 1 mm").first.uncheck()
    expect(asked).to_have_count(0)


def test_test_spots_and_sessions_are_asked_and_kept(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("summary", has_text="Test spots").click()
    page.locator("summary", has_text="Sessions that have taken place").click()
    no_barriers(page)
    spot, session = page.get_by_role("group", name="Test spot 1"), page.get_by_role("group", name="Session 1")
    spot.get_by_label("Device").select_option("Pulsed dye laser, 595 nm")
    spot.get_by_label("Fluence").fill("7,5")
    spot.get_by_label("What was seen").select_option("A blister")
    session.get_by_label("Condition that was treated").select_option("Visible facial veins")
    session.get_by_label("What went wrong").fill("none")
    page.locator("button").click()

    expect(page.get_by_role("alert")).to_contain_text("Age (years): This is needed")
    expect(spot.get_by_label("Fluence")).to_be_visible()  # what was filled in stays open
    expect(spot.get_by_label("Fluence")).to_have_value("7,5")
    expect(session.get_by_label("What went wrong")).to_have_value("none")
    page.get_by_label("Age (years)").fill("42")
    page.get_by_label("Condition").first.select_option("Visible facial veins")
    page.get_by_label("Where").first.select_option("cheeks")
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Test spot 1, Where: This is needed")
    no_barriers(page)


def test_the_button_says_that_the_plan_is_being_made(page: Page, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/")
    page.route("**/consult", lambda route: route.fulfill(status=204))  # the page stays, as while it waits
    button = page.locator("button")
    page.get_by_label("Age (years)").fill("42")
    expect(button).to_have_accessible_name("Make the plan")
    page.get_by_label("Age (years)").press("Enter")
    expect(button).to_have_accessible_name("Making the plan …")


@pytest.mark.parametrize("host", ["127.0.0.1", MACHINE])
def test_our_form_is_heard_and_a_form_of_another_site_is_not(page: Page, port: int, host: str) -> None:
    headers = []
    page.on("request", lambda request: headers.append(request.all_headers()) if request.method == "POST" else None)
    page.goto(f"http://{host}:{port}/")
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Age (years): This is needed")

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
    page.get_by_label("A photograph of the face").set_input_files(huge)
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_contain_text("too large")

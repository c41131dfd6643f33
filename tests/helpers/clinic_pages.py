"""Pages of the app in a real browser, looked at on a phone and on a desk."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from clinic_samples import HOME, PASSWORD
from fastapi import FastAPI
from paths import TESTS
from playwright.sync_api import Browser, Page, expect

AXE = (TESTS / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]})
  .then(found => [found.passes.length, found.violations])"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Parts of a field (label, input, hint, meter) that lie on each other.
OVERLAPS = """() => [...document.querySelectorAll(".field")].filter(field => {
  const boxes = [...field.children].map(one => one.getBoundingClientRect()).filter(box => box.width && box.height);
  return boxes.some((one, i) => boxes.slice(i + 1).some(other =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1));
}).map(field => field.innerText)"""
WAIT_MS = 30_000  # a page on two busy cores takes seconds; a test that passes does not wait for it
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TABLET = {"width": 820, "height": 1180}

expect.set_options(timeout=WAIT_MS)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app and give its address."""
    # Without a configuration of its own logging: that would last, and keep what it says from the tests of logging.
    config = uvicorn.Config(app, port=0, log_level="warning", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join(20)


@contextmanager
def opened_page(browser: Browser, *, has_touch: bool = False) -> Iterator[Page]:
    """Give a page whose scripts must end without a fault, and within the policy of the app."""
    context = browser.new_context(viewport=DESK, has_touch=has_touch)
    opened = context.new_page()
    opened.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield opened
    context.close()
    assert not faults


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in by name, with the password that all members of the samples share."""
    page.goto(f"{address}/")
    page.get_by_label("Clinic").fill(HOME)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Patients")


def looked_at(page: Page, name: str = "") -> None:
    """Hold a page against axe-core on a phone and on a desk, and let nothing stick out sideways.

    SKINBEAM_SHOTS names a folder for pictures of those that have a name.
    """
    page.wait_for_load_state()  # a link that was clicked leaves before the style sheet is there
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        passes, violations = page.evaluate(RUN_AXE, RULES)
        assert passes, "axe checked nothing"
        assert not violations, [(v["id"], [n["target"] for n in v["nodes"]]) for v in violations]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.evaluate(OVERLAPS) == []
        if name and (folder := os.environ.get("SKINBEAM_SHOTS")):
            page.screenshot(path=str(Path(folder) / f"{name}-{size['width']}.png"), full_page=True)

"""Draw the pictures of the README and of the manual that a page of the program makes: `make pictures`.

Each picture stores the text that it shows (`Description` in the PNG file), so that a test can tell when it is old.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, sync_playwright

from skinbeam.cli import main

__all__ = ["REPORT_PICTURE", "draw_report", "open_report", "shown_text", "stored_text"]

DOCS: Final = Path(__file__).parent
REPORT_PICTURE: Final = DOCS / "images" / "report.png"
CASE: Final = DOCS.parent / "examples" / "first-consultation" / "case.toml"
# From the top of the page to the end of the table of first options.
REPORT_PARTS: Final = ("main > header", "section.decision", "section[aria-labelledby=overview]")
WIDTH_PX, HEIGHT_PX = 1120, 800


def open_report(page: Page, html: Path) -> None:
    """Open a report, with all that it folds away folded."""
    page.set_viewport_size({"width": WIDTH_PX, "height": HEIGHT_PX})
    page.goto(html.resolve().as_uri())


def shown_text(page: Page) -> str:
    """Return the visible text of the part of an open report that the picture shows, in one line."""
    return " ".join(" ".join(page.locator(part).inner_text() for part in REPORT_PARTS).split())


def stored_text(picture: Path) -> str:
    """Return the text that a picture showed when it was drawn."""
    with Image.open(picture) as image:
        return str(image.info["Description"])


def draw_report(page: Page, picture: Path) -> None:
    """Write the picture of an open report, from its title to the end of the first options."""
    end = page.locator(REPORT_PARTS[-1]).bounding_box()
    assert end is not None
    height = int(end["y"] + end["height"]) + 16
    page.set_viewport_size({"width": WIDTH_PX, "height": height})
    page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH_PX, "height": height})
    about = PngInfo()
    about.add_itxt("Description", shown_text(page))
    with Image.open(picture) as image:
        image.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(picture, pnginfo=about, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        try:
            main(["consult", str(CASE), "-o", name, "--quiet"])
        except SystemExit as ended:
            if ended.code:
                sys.exit(ended.code)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        open_report(page, Path(name) / "report.html")
        draw_report(page, REPORT_PICTURE)
        browser.close()

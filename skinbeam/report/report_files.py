"""Write the report of a plan: a page for the clinician, the same as PDF and its appendix, a leaflet, the figures."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from skinbeam.document import write_atomically
from skinbeam.messages import retell
from skinbeam.plan.records import Plan
from skinbeam.plan.work.processes import side_by_side
from skinbeam.preview.document import Preview
from skinbeam.report.clinician import report_page
from skinbeam.report.context import ReportPage, Strip, StripRow
from skinbeam.report.drawing import Drawn, data_uri, draw, photo_overlays
from skinbeam.report.figures import FigureData
from skinbeam.report.leaflet.choices import dot_files
from skinbeam.report.leaflet.page import CONCERNS_IN_FULL, leaflet_page
from skinbeam.report.pdf import laid_out, make_pdf

__all__ = ["make_leaflet", "render_html", "templates", "write_report"]

_ROW = "preview/row-{}.png"


def write_report(
    plan: Plan,
    figures: FigureData,
    folder: Path,
    *,
    photo: Mapping[str, Any] | None = None,
    photo_folder: Path | None = None,
    preview: Preview | None = None,
) -> list[Path]:
    """Write `report.html`, `report.pdf`, `appendix.pdf`, `leaflet.pdf` and `figures/*.svg`, and return their paths.

    Each file is written whole or not at all; the same plan gives the same bytes.

    Parameters
    ----------
    figures : the simulated figures, or why there are none.
    folder : made when missing.
    photo : body of the photo document, when there is a photograph.
    photo_folder : where the files lie that `photo` names.
    preview : pictures of what may come, when there is a face to draw them on.
    """
    plan, figures = retell(plan), retell(figures)
    drawn = draw(plan, figures)
    strip, shown = _strip(preview)
    page, overlays = _page(plan, drawn, photo, photo_folder, strip)
    pictures = dict(drawn.files) | overlays | shown
    with laid_out(pictures) as root:
        made: dict[str, Callable[[], bytes]] = {  # what takes longest is begun first
            "appendix.pdf": lambda: make_pdf("report", page, root, part="appendix"),
            "report.pdf": lambda: make_pdf("report", page, root),
            "report.html": lambda: _html(page, pictures).encode(),
            "leaflet.pdf": lambda: make_pdf("leaflet", leaflet_page(plan, strip), root),
        }
        written = side_by_side(lambda name: made[name](), list(made))
    files = dict(drawn.files) | dict(zip(made, written, strict=True))
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in sorted(files)]


def make_leaflet(plan: Plan, preview: Preview | None = None) -> bytes:
    """Return the patient's leaflet alone, as PDF, in the language that is spoken; `preview` was made in the same."""
    plan = retell(plan)
    strip, shown = _strip(preview)
    dots = [dot_files(concern) for concern in plan.concerns[:CONCERNS_IN_FULL]]
    with laid_out({name: content for files in dots for name, content in files.items()} | shown) as root:
        return make_pdf("leaflet", leaflet_page(plan, strip), root)


def render_html(
    plan: Plan,
    figures: FigureData,
    *,
    photo: Mapping[str, Any] | None = None,
    photo_folder: Path | None = None,
) -> str:
    """Return the clinician's report as one self-contained HTML page."""
    plan, figures = retell(plan), retell(figures)
    drawn = draw(plan, figures)
    page, overlays = _page(plan, drawn, photo, photo_folder)
    return _html(page, dict(drawn.files) | overlays)


def _page(
    plan: Plan, drawn: Drawn, photo: Mapping[str, Any] | None, photo_folder: Path | None, strip: Strip | None = None
) -> tuple[ReportPage, dict[str, bytes]]:
    """The page's context without embedded figures, and the overlays' content."""
    pictures, overlays = photo_overlays(photo, photo_folder)
    return report_page(plan, drawn.pictures, pictures, embedded={}, photo=photo, preview=strip), overlays


def _strip(preview: Preview | None) -> tuple[Strip | None, dict[str, bytes]]:
    """The pictures of what may come as a page shows them, and their content."""
    if preview is None or not preview.rows:
        return None, {}
    files = {_ROW.format(number): content for number, (content, _) in enumerate(preview.rows, start=1)}
    rows = tuple(StripRow(file, alt) for file, (_, alt) in zip(files, preview.rows, strict=True))
    return Strip(rows, preview.told), files


def _html(page: ReportPage, pictures: Mapping[str, bytes]) -> str:
    """The page with every figure inside."""
    used = vars(page) | {"embedded": {name: data_uri(name, content) for name, content in pictures.items()}}
    return templates().get_template("report.html.j2").render(used)


@cache
def templates() -> Environment:
    """Return the templates: escaping is on, and a name that is not in the context is an error."""
    folder = resources.files("skinbeam.report") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css_string"] = _css_string
    return environment


def _css_string(text: str) -> str:
    """Return text for the inside of a CSS string: everything but letters and digits is escaped by its code."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)

"""Write the report of a plan: the clinician's page as HTML and PDF, its appendix, the leaflet, and the figures."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined

from skinbeam.model.document import write_atomically
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.plan_records.plan import Plan
from skinbeam.preview.page import PreviewPage
from skinbeam.report.clinician_page import report_page
from skinbeam.report.context import ReportPage
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.leaflet.choices import dot_files
from skinbeam.report.leaflet.leaflet_page import CONCERNS_IN_FULL, leaflet_page
from skinbeam.report.pdf import make_pdf, print_page, typst_folder
from skinbeam.report.report_figures import ReportFigures, data_uri, draw_report_figures, load_photo_overlays
from skinbeam.text import translate_record

if TYPE_CHECKING:  # a plan without a photograph does not load what reads one
    from skinbeam.api.analyse_photo import PhotoReport
    from skinbeam.api.preview import Preview

__all__ = ["make_leaflet", "render_html", "template_environment", "write_report"]


def write_report(
    plan: Plan,
    drawn: ReportFigures,
    leaflet: bytes,
    folder: Path,
    *,
    photo: "PhotoReport | None" = None,
    photo_folder: Path | None = None,
    preview: "Preview | None" = None,
) -> list[Path]:
    """Write `report.html`, `report.pdf`, `appendix.pdf`, `leaflet.pdf` and `figures/*.svg`, and return their paths.

    Each file is written whole or not at all; the same plan gives the same bytes.

    Parameters
    ----------
    drawn : the figures of the plan in the current language.
    leaflet : the leaflet of the plan with this preview, by `make_leaflet`.
    folder : created when missing.
    photo : findings of the photograph, when there is one.
    photo_folder : folder of the files that `photo` names.
    preview : preview pictures, when there is a face to draw them on.
    """
    plan = translate_record(plan)
    strip, shown = _preview_page(preview)
    page, overlays = _build_page(plan, drawn, photo, photo_folder, strip)
    pictures = dict(drawn.files) | overlays | shown
    with typst_folder(pictures) as root:
        made: dict[str, Callable[[], bytes]] = {  # the slowest file first
            "appendix.pdf": lambda: make_pdf("report", page, root, part="appendix"),
            "report.pdf": lambda: make_pdf("report", page, root),
            "report.html": lambda: _render_page(page, pictures).encode(),
        }
        written = run_in_parallel(lambda name: made[name](), list(made))
    files = dict(drawn.files) | dict(zip(made, written, strict=True)) | {"leaflet.pdf": leaflet}
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in sorted(files)]


def make_leaflet(plan: Plan, preview: "Preview | None" = None) -> bytes:
    """Return the patient's leaflet alone, as PDF.

    It is in the current language, in which `preview` must have been made too.
    """
    plan = translate_record(plan)
    strip, shown = _preview_page(preview)
    dots = [dot_files(concern) for concern in plan.concerns[:CONCERNS_IN_FULL]]
    pictures = {name: content for files in dots for name, content in files.items()} | shown
    return print_page("leaflet", leaflet_page(plan, strip), pictures)


def render_html(
    plan: Plan,
    figures: FigureData,
    *,
    photo: "PhotoReport | None" = None,
    photo_folder: Path | None = None,
) -> str:
    """Return the clinician's report as one self-contained HTML page."""
    drawn = draw_report_figures(plan, figures)
    page, overlays = _build_page(translate_record(plan), drawn, photo, photo_folder)
    return _render_page(page, dict(drawn.files) | overlays)


def _build_page(
    plan: Plan,
    drawn: ReportFigures,
    photo: "PhotoReport | None",
    photo_folder: Path | None,
    strip: PreviewPage | None = None,
) -> tuple[ReportPage, dict[str, bytes]]:
    """Return the page's context without embedded figures, and the content of the overlays."""
    pictures, overlays = load_photo_overlays(photo, photo_folder)
    page = report_page(plan, drawn.pictures, pictures, embedded_figures={}, photo=photo, preview=strip, live=drawn.live)
    return page, overlays


def _preview_page(preview: "Preview | None") -> tuple[PreviewPage | None, dict[str, bytes]]:
    """Return the preview as the page shows it, and the content of its pictures."""
    return (None, {}) if preview is None else (preview.page, dict(preview.page_pictures))


def _render_page(page: ReportPage, pictures: Mapping[str, bytes]) -> str:
    """Render the page with every figure embedded."""
    used = vars(page) | {"embedded_figures": {name: data_uri(name, content) for name, content in pictures.items()}}
    return template_environment().get_template("report.html.j2").render(used)


@cache
def template_environment() -> Environment:
    """Return the Jinja environment: escaping is on, and an undefined name is an error."""
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
    """Escape text for use inside a CSS string: everything but letters and digits is replaced by its code."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)

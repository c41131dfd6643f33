"""Draw every figure of a report, with its caption or the reason why it is missing."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from PIL import Image

from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.plan import ConcernPlan, Plan
from skinbeam.preview.page_image import compress_for_page
from skinbeam.report.context import LiveFigure, ReportPicture
from skinbeam.report.formatting import (
    concern_name,
    concern_names,
    device_name,
    join_items,
    leading_options,
    ranked_options,
    report_text,
)
from skinbeam.report.graphics.charts import CalendarRow, draw_calendar, draw_section
from skinbeam.report.graphics.figure_data import ConcernFigures, FigureData, WindowData
from skinbeam.report.graphics.icons import icon_arrays_svg
from skinbeam.report.graphics.window import draw_window
from skinbeam.report.leaflet.choices import dot_files
from skinbeam.report.leaflet.leaflet_page import CONCERNS_IN_FULL
from skinbeam.report.live_figure import live_figure
from skinbeam.report.option_cards import expected_pictures
from skinbeam.report.outcomes import expected_rows
from skinbeam.report.plain_words import waits_for_creams
from skinbeam.text import catalogue, render_message, translate_record

if TYPE_CHECKING:  # a plan without a photograph does not load what reads one
    from skinbeam.api.analyse_photo import PhotoReport

__all__ = [
    "ReportFigures",
    "data_uri",
    "draw_calendar_figure",
    "draw_concern_figures",
    "draw_report_figures",
    "join_report_figures",
    "load_photo_overlays",
]

_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True)
class ReportFigures:
    """Figures of a report.

    Parameters
    ----------
    files : path below the report's folder → content.
    pictures : figures by concern anchor; the calendar is under `calendar`.
    live : by concern anchor, the sliders of each laser option in their order.
    """

    files: Mapping[str, bytes]
    pictures: Mapping[str, Sequence[ReportPicture]]
    live: Mapping[str, Sequence[LiveFigure | None]]


def draw_report_figures(plan: Plan, figures: FigureData) -> ReportFigures:
    """Draw every figure of the plan in the current language."""
    places = range(len(plan.concerns))
    return join_report_figures(
        [*(draw_concern_figures(plan, place, figures) for place in places), draw_calendar_figure(plan)]
    )


def join_report_figures(parts: Iterable[ReportFigures]) -> ReportFigures:
    """Return the figures of a report from those of its concerns and its calendar."""
    files: dict[str, bytes] = {}
    pictures: dict[str, Sequence[ReportPicture]] = {}
    live: dict[str, Sequence[LiveFigure | None]] = {}
    for drawn in parts:
        files |= drawn.files
        pictures |= drawn.pictures
        live |= drawn.live
    return ReportFigures(files, pictures, live)


def draw_calendar_figure(plan: Plan) -> ReportFigures:
    """Draw the calendar of the course in the current language."""
    files: dict[str, bytes] = {}
    return ReportFigures(files, {"calendar": [_calendar_picture(translate_record(plan), files)]}, {})


def draw_concern_figures(plan: Plan, place: int, figures: FigureData) -> ReportFigures:
    """Draw the figures of the concern at a place in the plan, in the current language."""
    plan, figures = translate_record(plan), translate_record(figures)
    concern, files = plan.concerns[place], dict[str, bytes]()
    name = f"{concern.condition}-{concern.site}"
    pictures = _simulation_pictures(concern, name, figures, files)
    for option in ranked_options(concern):
        drawn = zip(expected_pictures(concern, option), expected_rows(option), strict=True)
        files |= {picture.file: icon_arrays_svg(row).encode() for picture, row in drawn}
    if place < CONCERNS_IN_FULL:
        files |= dot_files(concern)
    data = figures.for_concern(concern.condition, concern.site)
    windows = () if data is None else (data.window, *data.curves)
    live = [live_figure(window) if isinstance(window, WindowData) else None for window in windows]
    anchor = f"concern-{name}"
    return ReportFigures(files, {anchor: pictures}, {anchor: live})


def load_photo_overlays(
    photo: "PhotoReport | None", folder: Path | None
) -> tuple[list[ReportPicture], dict[str, bytes]]:
    """Return the overlays of a photograph and their content; a missing overlay gets a reason instead of a file.

    Only pictures directly in `folder` are read.
    """
    pictures, files = [], {}
    maps = {} if photo is None or isinstance(photo.maps, Unknown) else photo.maps
    for name, file in maps.items():
        title = report_text("overlay", name=str(name).replace("_", " ").replace("-", " "))
        path = PurePosixPath("" if isinstance(file, Unknown) else file)
        there = (
            folder is not None
            and path.suffix.lower() in _TYPES
            and len(path.parts) == 1
            and (folder / path.name).is_file()
        )
        if folder is None or not there:
            pictures.append(ReportPicture("", "", title, report_text("overlay_missing", name=str(name))))
            continue
        file, content = _for_page(f"overlays/{path.name}", (folder / path.name).read_bytes())
        files[file] = content
        scale = f"report.overlay_{name}"
        caption = render_message(scale) if scale in catalogue() else title
        pictures.append(ReportPicture(file, title, caption, ""))
    return pictures, files


def _for_page(file: str, content: bytes) -> tuple[str, bytes]:
    """Return a picture as a page embeds it: a photograph as JPEG takes a fifth of its size as PNG."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            made = compress_for_page(picture.convert("RGB"))
    except OSError:  # not a picture that can be read: the page embeds what is there
        return file, content
    return str(PurePosixPath(file).with_suffix(".jpg")), made


def data_uri(file: str, content: bytes) -> str:
    """Return a figure as a data URI."""
    return f"data:{_TYPES[PurePosixPath(file).suffix.lower()]};base64,{base64.b64encode(content).decode()}"


def _simulation_pictures(
    concern: ConcernPlan, name: str, figures: FigureData, files: dict[str, bytes]
) -> list[ReportPicture]:
    """Draw the skin section and the therapeutic window of the concern's leading laser or nearest setting."""
    data = figures.for_concern(concern.condition, concern.site)
    if data is None:
        why = Unknown(report_text("figure_not_made"))
        data = ConcernFigures(concern.condition, concern.site, why, why)
    first = concern.nearest or next(reversed(leading_options(concern)), None)
    option_name = "" if first is None else join_items([first.title, device_name(first)])
    about = {"concern": concern_name(concern), "option": option_name}
    lines = isinstance(data.window, WindowData) and len(data.window.rows) < 2
    marked = report_text("marked_plan" if concern.nearest is None else "marked_nearest")
    name_of_caption = "window_lines_caption" if lines else "window_caption"
    caption = [report_text(name_of_caption, option=about["option"], marked=marked)]
    if isinstance(data.window, WindowData) and not lines:
        caption += _absent_areas(data.window)
    return [
        _report_picture(
            "section",
            draw_section,
            data.section,
            name,
            about,
            files,
            read=report_text("section_caption", option=about["option"]),
        ),
        _report_picture("window", draw_window, data.window, name, about, files, read=" ".join(caption)),
    ]


def _absent_areas(window: WindowData) -> list[str]:
    """Return a sentence for each area that the caption names and the figure lacks."""
    reached = max((p for row in window.p_effect for p in row), default=1.0)
    used = max((share for row in window.limit_fraction for share in row), default=2.0)
    absent = {"window_unreached": reached < 0.5, "window_unbroken": used <= 1.0}
    return [report_text(name) for name, lacks in absent.items() if lacks]


def _report_picture(
    kind: str, chart: Any, data: Any, name: str, about: Mapping[str, str], files: dict[str, bytes], *, read: str
) -> ReportPicture:
    """Draw one figure and return it with its caption, or with the reason why it is unknown."""
    if isinstance(data, Unknown):  # the caption of a missing figure names it without how to read it
        return ReportPicture("", "", report_text(f"{kind}_name", **about), data.reason)
    file = f"figures/{kind}-{name}.svg"
    files[file] = chart(data).encode()
    return ReportPicture(file, report_text(f"{kind}_alt", **about), read, "")


def _calendar_picture(plan: Plan, files: dict[str, bytes]) -> ReportPicture:
    """Draw the course over weeks, one row for each condition treated."""
    names = concern_names(plan)
    rows: dict[str, list[tuple[float, str]]] = {}
    for visit in plan.course:
        for place in visit.treats:
            rows.setdefault(names.get(place, place), []).append((visit.week, str(visit.session)))
    creams = {names.get(each.place, each.place) for each in plan.concerns if waits_for_creams(each, plan)}
    drawn = [CalendarRow(name, tuple(visits), name in creams) for name, visits in rows.items()]
    if not rows:
        return ReportPicture("", "", report_text("calendar_caption"), report_text("no_course"))
    files["figures/calendar.svg"] = draw_calendar(drawn).encode()
    caption = report_text("calendar_caption_creams" if creams else "calendar_caption")
    return ReportPicture("figures/calendar.svg", report_text("calendar_alt"), caption, "")

"""Draw every figure of a report and say what each one is, or why it is not there."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from skinbeam.estimate import Unknown
from skinbeam.messages import catalogue, text
from skinbeam.plan.records import ConcernPlan, Plan
from skinbeam.plan.work.processes import side_by_side
from skinbeam.report.charts import calendar, section
from skinbeam.report.context import Picture
from skinbeam.report.figures import ConcernFigures, FigureData, WindowData
from skinbeam.report.icons import icon_arrays
from skinbeam.report.leaflet.choices import dot_files
from skinbeam.report.leaflet.page import CONCERNS_IN_FULL
from skinbeam.report.names import concern_name, device_of, foremost, ranked, treated_names
from skinbeam.report.options import expected_pictures
from skinbeam.report.outcomes import expected_rows
from skinbeam.report.shown import join, say
from skinbeam.report.window import window

__all__ = ["Drawn", "data_uri", "draw", "photo_overlays"]

_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True)
class Drawn:
    """Figures of a report.

    Parameters
    ----------
    files : path below the report's folder → content.
    pictures : figures by concern anchor; the calendar stands under `calendar`.
    """

    files: Mapping[str, bytes]
    pictures: Mapping[str, Sequence[Picture]]


def draw(plan: Plan, figures: FigureData) -> Drawn:
    """Return every figure of the plan."""
    files: dict[str, bytes] = {}
    pictures: dict[str, Sequence[Picture]] = {}
    for of_concern in side_by_side(lambda place: _of_concern(plan, place, figures), range(len(plan.concerns))):
        files |= of_concern.files
        pictures |= of_concern.pictures
    pictures["calendar"] = [_calendar(plan, files)]
    return Drawn(files, pictures)


def _of_concern(plan: Plan, place: int, figures: FigureData) -> Drawn:
    """The figures of the concern at a place."""
    concern, files = plan.concerns[place], dict[str, bytes]()
    name = f"{concern.condition}-{concern.site}"
    pictures = _simulated(concern, name, figures, files)
    for option in ranked(concern):
        drawn = zip(expected_pictures(concern, option), expected_rows(option), strict=True)
        files |= {picture.file: icon_arrays(row).encode() for picture, row in drawn}
    if place < CONCERNS_IN_FULL:
        files |= dot_files(concern)
    return Drawn(files, {f"concern-{name}": pictures})


def photo_overlays(photo: Mapping[str, Any] | None, folder: Path | None) -> tuple[list[Picture], dict[str, bytes]]:
    """Return the overlays of a photo document and their content; one that is missing says so.

    Only pictures that lie in `folder` are read.
    """
    pictures, files = [], {}
    maps = (photo or {}).get("maps") or {}
    for name, file in maps.items() if isinstance(maps, Mapping) and "unknown" not in maps else ():
        title = say("overlay", name=str(name).replace("_", " ").replace("-", " "))
        path = PurePosixPath(str(file))
        there = (
            folder is not None
            and path.suffix.lower() in _TYPES
            and len(path.parts) == 1
            and (folder / path.name).is_file()
        )
        if folder is None or not there:
            pictures.append(Picture("", "", title, say("overlay_missing", name=str(name))))
            continue
        files[f"overlays/{path.name}"] = (folder / path.name).read_bytes()
        scale = f"report.overlay_{name}"
        caption = text(scale) if scale in catalogue() else title
        pictures.append(Picture(f"overlays/{path.name}", title, caption, ""))
    return pictures, files


def data_uri(file: str, content: bytes) -> str:
    """Return a figure as a data URI."""
    return f"data:{_TYPES[PurePosixPath(file).suffix.lower()]};base64,{base64.b64encode(content).decode()}"


def _simulated(concern: ConcernPlan, name: str, figures: FigureData, files: dict[str, bytes]) -> list[Picture]:
    """Skin section and therapeutic window of a concern's first option."""
    data = figures.of(concern.condition, concern.site)
    if data is None:
        why = Unknown(say("figure_not_made"))
        data = ConcernFigures(concern.condition, concern.site, why, why)
    first = concern.nearest or foremost(concern)[-1]
    about = {"concern": concern_name(concern), "option": join([first.title, device_of(first)])}
    lines = isinstance(data.window, WindowData) and len(data.window.rows) < 2
    marked = say("marked_plan" if concern.nearest is None else "marked_nearest")
    read = say("window_lines_caption" if lines else "window_caption", option=about["option"], marked=marked)
    return [
        _drawn(
            "section", section, data.section, name, about, files, read=say("section_caption", option=about["option"])
        ),
        _drawn("window", window, data.window, name, about, files, read=read),
    ]


def _drawn(
    kind: str, chart: Any, data: Any, name: str, about: Mapping[str, str], files: dict[str, bytes], *, read: str
) -> Picture:
    """One figure with how it is read, or the reason why it is unknown."""
    if isinstance(data, Unknown):  # how to read a figure that is not there helps nobody
        return Picture("", "", say(f"{kind}_name", **about), data.reason)
    file = f"figures/{kind}-{name}.svg"
    files[file] = chart(data).encode()
    return Picture(file, say(f"{kind}_alt", **about), read, "")


def _calendar(plan: Plan, files: dict[str, bytes]) -> Picture:
    """The course over weeks, one row for each condition treated."""
    names = treated_names(plan)
    rows: dict[str, list[tuple[float, str]]] = {}
    for visit in plan.course:
        for place in visit.treats:
            rows.setdefault(names.get(place, place), []).append((visit.week, str(visit.session)))
    if not rows:
        return Picture("", "", say("calendar_caption"), say("no_course"))
    files["figures/calendar.svg"] = calendar(list(rows.items())).encode()
    return Picture("figures/calendar.svg", say("calendar_alt"), say("calendar_caption"), "")

"""Draw what a photograph shows as a map: outlines of regions and reported marks, without the picture itself."""

import math
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skinbeam.api.analyse_photo import PhotoFace, PhotoReport
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.report.formatting import report_text
from skinbeam.report.graphics.charts import GREY, new_figure

__all__ = ["photo_figure"]

_OUTLINE = "#9aa1ac"
_COLOURS = ("#7a4a1e", "#a33b00", "#5b3f8c", "#0b5394", "#2f7d4f")
_MARKERS = ("o", "s", "^", "D", "v")  # kinds differ by these, not by colour alone


def photo_figure(report: PhotoReport) -> Figure:
    """Return the regions in pixels of the picture, with the reported marks of each kind at their places.

    Raises
    ------
    NotAvailable : the photograph could not be used.
    """
    if isinstance(report.regions, Unknown):
        raise NotAvailable(report_text("curves.nothing", reason=report.regions.reason))
    figure = new_figure(5.4, 5.4)
    ax: Any = figure.subplots()
    for name, outline in report.regions.items():
        ax.fill(outline[:, 0], outline[:, 1], facecolor="none", edgecolor=_OUTLINE, linewidth=1.0)
        ax.text(*outline.mean(axis=0), name, ha="center", va="center", fontsize=7.0, color=GREY)
    handles = list(_draw_marks(ax, report).values())
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.set_xlabel(report_text("curves.pixels"))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_marks(ax: Any, report: PhotoReport) -> dict[str, Line2D]:
    """Draw each reported mark, and return a legend handle by kind; without a face or a scale they have no place."""
    handles: dict[str, Line2D] = {}
    scale = report.scale_mm_per_px
    if isinstance(report.findings, Unknown) or isinstance(report.face, Unknown) or not isinstance(scale, Estimate):
        return handles
    for finding in report.findings:
        if not finding.marks:
            continue
        place = len(handles) if finding.kind not in handles else list(handles).index(finding.kind)
        marker, colour = _MARKERS[place % len(_MARKERS)], _COLOURS[place % len(_COLOURS)]
        places = [_pixel(report.face, scale.median, mark.x_mm, mark.y_mm) for mark in finding.marks]
        ax.scatter(*zip(*places, strict=True), s=16.0, marker=marker, color=colour)
        name = finding.kind.replace("-", " ")
        handles[finding.kind] = Line2D([], [], label=name, marker=marker, color=colour, linestyle="")
    return handles


def _pixel(face: PhotoFace, mm_per_px: float, x_mm: float, y_mm: float) -> tuple[float, float]:
    """Return the pixel of a place that is given in mm from the middle between the pupils."""
    (right_x, right_y), (left_x, left_y) = face.right_pupil, face.left_pupil
    angle = math.atan2(left_y - right_y, left_x - right_x)
    x, y = x_mm / mm_per_px, y_mm / mm_per_px
    return (
        (right_x + left_x) / 2.0 + x * math.cos(angle) - y * math.sin(angle),
        (right_y + left_y) / 2.0 + x * math.sin(angle) + y * math.cos(angle),
    )

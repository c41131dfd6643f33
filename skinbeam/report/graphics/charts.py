"""Matplotlib figures as SVG: shared style and helpers, the skin section and the calendar.

Text is drawn as paths and no date or random id is written, so that the same data give the same bytes.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from skinbeam.plan.section import SkinSection
from skinbeam.report.formatting import report_text

__all__ = [
    "BAD",
    "GOOD",
    "GREY",
    "STYLE",
    "CalendarRow",
    "draw_calendar",
    "draw_section",
    "figure_svg",
    "new_figure",
    "set_percent_ticks",
    "set_plain_ticks",
]

GOOD, BAD, GREY = "#0b5394", "#a33b00", "#5b6472"  # benefit, harm, and what is neither

STYLE = {
    "svg.hashsalt": "skinbeam",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#1c2430",
    "text.color": "#1c2430",
    "hatch.linewidth": 0.6,
}
_LIGHT, _HEAT, _VISIT = "#5b3f8c", "#a33b00", "#0b5394"
_NOTEBOOK_DPI = 100
_CALENDAR_NAME = 30  # letters of a line: the weeks get half of the figure, whatever a concern is called
_CREAMS = "#f2d3c6"
_SKIN = ("#e8c9a8", "#d9a57e", "#f2d3c6", "#e8b3a5", "#f2cfc2", "#e8b3a5", "#f7e6a8")


def draw_section(section: SkinSection) -> str:
    """Return the skin section as SVG: layers, fluence rate and peak temperature by depth, with ranges between skins."""
    with rc_context(STYLE):
        figure = new_figure(7.4, 3.7)
        axes = figure.subplots(1, 3, sharey=True, gridspec_kw={"width_ratios": [1.1, 2.0, 2.0]})
        bottom = section.depth_um[-1]
        _draw_layers(axes[0], section.layers, bottom)
        percent = round(100 * section.level)
        curves = [
            (axes[1], section.light, _LIGHT, report_text("axis_fluence_ratio")),
            (axes[2], section.peak_C, _HEAT, report_text("axis_peak_C")),
        ]
        for ax, (median, low, high), colour, label in curves:
            ax.fill_betweenx(section.depth_um, low, high, color=colour, alpha=0.22, linewidth=0)
            ax.plot(median, section.depth_um, color=colour, linewidth=1.8)
            ax.set_xlabel(label)
            ax.grid(color="#d8dce2", linewidth=0.6)
            for _, top_um in section.layers[1:]:
                ax.axhline(top_um, color="#9aa1ac", linewidth=0.5, linestyle=":")
            if section.target_um:
                ax.axhspan(*section.target_um, color="#2f7d4f", alpha=0.16, linewidth=0)
        axes[1].set_xlim(left=0)
        axes[0].set_ylim(bottom, 0)
        axes[0].set_ylabel(report_text("axis_depth_um"))
        handles: list[Any] = [
            Line2D([], [], color=GREY, linewidth=1.8, label=report_text("legend_median")),
            Patch(color=GREY, alpha=0.3, label=report_text("legend_range", level=percent)),
        ]
        if section.target_um:
            handles.append(Patch(color="#2f7d4f", alpha=0.3, label=report_text("legend_target")))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        return figure_svg(figure)


@dataclass(frozen=True)
class CalendarRow:
    """The visits of one concern in the calendar.

    Parameters
    ----------
    visits : (week, number) of each.
    creams_first : whether creams come before the first of them.
    """

    name: str
    visits: tuple[tuple[float, str], ...]
    creams_first: bool = False


def draw_calendar(rows: Sequence[CalendarRow]) -> str:
    """Return the course as SVG: one row per concern, one numbered mark per visit, a bar of weeks with creams."""
    with rc_context(STYLE):
        names = ["\n".join(wrap(row.name, _CALENDAR_NAME)) for row in rows]
        lines = [name.count("\n") for name in names]
        figure = new_figure(5.4, 0.75 + 0.3 * len(rows) + 0.14 * sum(lines))  # the displayed width
        ax = figure.subplots()
        for y, row in enumerate(rows):
            weeks = [week for week, _ in row.visits]
            if row.creams_first:
                ax.barh(y, weeks[0], height=0.34, color=_CREAMS, zorder=1)
                ax.text(weeks[0] / 2, y, report_text("calendar_creams"), ha="center", va="center", fontsize=7)
            ax.plot(weeks, [y] * len(weeks), color="#9cc2e5", linewidth=2, zorder=1)
            ax.scatter(weeks, [y] * len(weeks), s=120, color=_VISIT, zorder=2, clip_on=False)
            for week, number in row.visits:
                ax.text(week, y, number, color="white", ha="center", va="center", fontsize=7, fontweight="bold")
        ax.set_yticks(range(len(rows)), names)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        last = max((week for row in rows for week, _ in row.visits), default=0)
        ax.set_xlim(-1, last + 1)
        ax.set_xlabel(report_text("axis_week"))
        weeks_shown = MaxNLocator(integer=True).tick_values(0, last + 1)  # no week before the first visit
        ax.set_xticks([week for week in weeks_shown if 0 <= week <= last + 1])
        ax.grid(axis="x", color="#d8dce2", linewidth=0.6)
        return figure_svg(figure)


class _ShownFigure(Figure):
    """A figure that a notebook shows, although pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        with rc_context(STYLE):
            self.savefig(out, format="png", dpi=_NOTEBOOK_DPI)
        return out.getvalue()


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure that can be written as SVG, and that a notebook shows."""
    figure = _ShownFigure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def figure_svg(figure: Figure) -> str:
    """Return a figure as SVG, the same bytes for the same figure."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _draw_layers(ax: Any, layers: Sequence[tuple[str, float]], bottom_um: float) -> None:
    """Draw the layers, each a name and the depth of its top, as bands.

    Their names stand beside them, moved apart where layers are thin.
    """
    shown = [(name, top_um) for name, top_um in layers if top_um < bottom_um]
    ends = [top_um for _, top_um in shown[1:]] + [bottom_um]
    middles = [(top_um + end) / 2 for (_, top_um), end in zip(shown, ends, strict=True)]
    places = _space_labels(middles, 0.075 * bottom_um, bottom_um)
    for i, ((name, top_um), end) in enumerate(zip(shown, ends, strict=True)):
        ax.axhspan(top_um, end, xmin=0.0, xmax=0.22, color=_SKIN[i % len(_SKIN)], linewidth=0)
        ax.plot([0.22, 0.3], [middles[i], places[i]], color="#9aa1ac", linewidth=0.6)
        ax.text(0.32, places[i], name, va="center", fontsize=7.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)


def _space_labels(wanted: Sequence[float], gap: float, bottom: float) -> list[float]:
    """Return label positions near the wanted ones, in order, at least `gap` apart, between the surface and `bottom`."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap if places else gap / 2))
    limit = bottom - gap / 2
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - gap
    return places


def set_plain_ticks(axis: Any) -> None:
    """Format ticks as plain numbers; a logarithmic axis has them at 1, 2 and 5."""
    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(_plain_tick)


def set_percent_ticks(axis: Any) -> None:
    """Format the ticks of an axis of shares, 0 to 1, in per cent."""
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def _plain_tick(value: float, _position: int | None = None) -> str:
    return f"{value:g}"

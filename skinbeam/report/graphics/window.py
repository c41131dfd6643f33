"""Draw the therapeutic window, for a plan's report and for the document of the `window` command."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from skinbeam.api.window import TherapeuticWindow
from skinbeam.model.estimate import Unknown
from skinbeam.report.formatting import display_value, quantity_label, report_text
from skinbeam.report.graphics.charts import BAD, GOOD, GREY, STYLE, figure_svg, new_figure, set_plain_ticks
from skinbeam.report.graphics.figure_data import WindowData
from skinbeam.text import translate
from skinbeam.what_if.window import PublishedDoseRange

__all__ = ["draw_window", "window_figure"]

_DARK = "#1c2430"
_LINE_STYLES = ("-", "--", "-.")
_LOG_RATIO = 8.0  # an axis whose ends have a greater ratio is logarithmic
_HATCH: Final = "///"
_HALF: Final = 0.5
_HARMS: Final = (0.01, 0.05, 0.5)  # contour levels of the probability of harm
_LEGEND: Final = 36  # characters per line of the legend, which has two columns


def draw_window(data: WindowData) -> str:
    """Return the therapeutic window as SVG: probable effect, exceeded limits, published doses, the plan's settings."""
    with rc_context(STYLE):
        return figure_svg(_window_data_figure(data))


def _window_data_figure(data: WindowData) -> Figure:
    figure = new_figure(5.4, 3.25)  # the displayed width, on a screen and on paper
    ax = figure.subplots()
    name, unit = quantity_label(data.dose_quantity)
    lit = report_text("setting_of_light", name=name, light=data.light) if data.light else name
    ax.set_xlabel(report_text("axis_quantity", name=lit, unit=translate(unit)))
    if _needs_log_axis(data.dose):
        ax.set_xscale("log")
    if data.dose[0] < data.dose[-1]:
        ax.set_xlim(data.dose[0], data.dose[-1])
    lines = len(data.rows) < 2 or len(data.dose) < 2
    handles = _draw_curves(ax, data) if lines else _draw_map(ax, data)
    set_plain_ticks(ax.xaxis)
    ax.grid(color="#d8dce2", linewidth=0.5)
    for handle in handles:
        handle.set_label(fill(handle.get_label(), _LEGEND))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8, columnspacing=1.0)
    return figure


def window_figure(window: TherapeuticWindow) -> Figure:
    """Return the figure of a window, drawn in the current Matplotlib style; an unknown probability is left out."""
    effect, harm = (() if isinstance(p, Unknown) else p.tolist() for p in (window.p_effect, window.p_harm))
    allowed, limited = window.p_harm_allowed, window.harm.replace("-", " ")
    spent = () if isinstance(allowed, Unknown) else tuple([p / allowed for p in row] for row in harm)
    return _window_data_figure(
        WindowData(
            window.of,
            window.dose.tolist(),
            window.pulse_ms.tolist(),
            effect,
            harm,
            effect=window.effect.replace("-", " "),
            harm=limited,
            limit_fraction=spent,
            limits=limited if spent else "",
            published_doses=[PublishedDoseRange(found.pulse_ms, found.low, found.high) for found in window.practised],
            maker_doses=[PublishedDoseRange(found.pulse_ms, found.low, found.high) for found in window.makers],
        )
    )


def _draw_map(ax: Any, data: WindowData) -> list[Any]:
    """Draw contours over dose and pulse length, or density."""
    by_pulse = data.row_quantity == "pulse_ms"
    name, unit = quantity_label(data.row_quantity)
    ax.set_ylabel(
        report_text("axis_pulse") if by_pulse else report_text("axis_quantity", name=name, unit=translate(unit))
    )
    if _needs_log_axis(data.rows):
        ax.set_yscale("log")
    set_plain_ticks(ax.yaxis)
    if by_pulse:
        ax.yaxis.set_major_formatter(_pulse_tick)
    ax.set_ylim(data.rows[0], data.rows[-1])
    if data.p_effect:
        _fill_area(ax, data, data.p_effect, _HALF, color=GOOD)
        _draw_contours(ax, data, data.p_effect, (0.1, _HALF, 0.9), GOOD)
    if data.p_harm:
        _draw_contours(ax, data, data.p_harm, _HARMS, BAD)
    if data.limit_fraction:
        _fill_area(ax, data, data.limit_fraction, 1.0, color=BAD, hatch=_HATCH)
    return [*_legend(data), *_draw_practice(ax, data), *_mark_setting(ax, data, data.chosen_row)]


def _fill_area(
    ax: Any, data: WindowData, values: Sequence[Sequence[float]], least: float, *, color: str, hatch: str = ""
) -> None:
    """Fill the area where values are above `least`."""
    highest = max(map(max, values))
    if highest <= least:
        return
    fill = ax.contourf(
        data.dose,
        data.rows,
        values,
        [least, 2 * highest],
        colors=["none" if hatch else color],
        hatches=[hatch or None],
        alpha=None if hatch else 0.22,
    )
    if hatch:
        fill.set_edgecolor(color)
        fill.set_linewidth(0)


def _draw_contours(
    ax: Any, data: WindowData, p: Sequence[Sequence[float]], levels: Sequence[float], color: str
) -> None:
    """Draw contour lines of a probability, labelled in per cent."""
    lowest, highest = min(map(min, p)), max(map(max, p))
    seen = [level for level in levels if lowest < level < highest]
    if seen:
        lines = ax.contour(data.dose, data.rows, p, seen, colors=color, linewidths=1.2)
        ax.clabel(lines, fmt={level: f"{100 * level:.0f} %" for level in seen}, fontsize=7.5)


def _legend(data: WindowData) -> list[Any]:
    """Return the legend entries for areas and lines of a map."""
    handles: list[Any] = []
    if any(p >= _HALF for row in data.p_effect for p in row):
        handles.append(Patch(facecolor=GOOD, alpha=0.25, label=report_text("legend_effect", what=data.effect)))
    elif data.p_effect:
        handles.append(
            Line2D([], [], color=GOOD, linewidth=1.2, label=report_text("legend_effect_share", what=data.effect))
        )
    if any(p > _HARMS[0] for row in data.p_harm for p in row):
        handles.append(Line2D([], [], color=BAD, linewidth=1.2, label=report_text("legend_harm", what=data.harm)))
    return handles + _limit_legend(data)


def _limit_legend(data: WindowData) -> list[Any]:
    """Return the legend entry for the hatched area; nothing where no limit is exceeded."""
    if not any(spent > 1.0 for row in data.limit_fraction for spent in row):
        return []
    return [Patch(facecolor="none", edgecolor=BAD, hatch=_HATCH, label=report_text("legend_limit", what=data.limits))]


def _draw_curves(ax: Any, data: WindowData) -> list[Any]:
    """Draw curves over dose, for devices with a single pulse length (or a single dose)."""
    ax.set_ylabel(report_text("axis_probability"))
    ax.set_ylim(-0.02, 1.02)
    handles: list[Any] = []
    sides = ((data.p_effect, GOOD, "legend_effect_line", data.effect), (data.p_harm, BAD, "legend_harm", data.harm))
    for rows, color, label, what in sides:
        for i, p in enumerate(rows):
            style = _LINE_STYLES[i % len(_LINE_STYLES)]
            ax.plot(data.dose, p, color=color, linestyle=style, marker="o", markersize=3)
        if rows:
            handles.append(Line2D([], [], color=color, marker="o", markersize=3, label=report_text(label, what=what)))
    for i, pulse_ms in enumerate(data.rows):
        style = _LINE_STYLES[i % len(_LINE_STYLES)]
        pulse = report_text("legend_pulse", pulse=display_value(pulse_ms, "ms").text, style=style)
        ax.text(0.02, 0.95 - 0.07 * i, pulse, transform=ax.transAxes, fontsize=7.5)
    _hatch_from(ax, data)
    return [*handles, *_limit_legend(data), *_draw_practice(ax, data), *_mark_setting(ax, data, None)]


def _hatch_from(ax: Any, data: WindowData) -> None:
    """Hatch the doses of the first pulse length that exceed a limit; the start is interpolated between two doses."""
    spent = data.limit_fraction[0] if data.limit_fraction else ()
    over = next((i for i, value in enumerate(spent) if value > 1.0), None)
    if over is None:
        return
    start = data.dose[0]
    if over:
        part = (1.0 - spent[over - 1]) / (spent[over] - spent[over - 1])
        start = data.dose[over - 1] + part * (data.dose[over] - data.dose[over - 1])
    ax.axvspan(start, data.dose[-1], facecolor="none", edgecolor=BAD, hatch=_HATCH, linewidth=0)


def _draw_practice(ax: Any, data: WindowData) -> list[Any]:
    """Outline the published doses, and mark those that makers recommend; over curves both are ranges of dose."""
    handles: list[Any] = []
    lines = len(data.rows) < 2
    if data.published_doses:
        _outline_practice(ax, data.published_doses, lines=lines)
        handles.append(Line2D([], [], color=GREY, linewidth=1.6, linestyle="--", label=report_text("legend_practised")))
    first, last = data.rows[0], data.rows[-1]
    shown = [dose_range for dose_range in data.maker_doses if first <= dose_range.row_value <= last]
    for dose_range in shown:
        place = 1.0 if lines else dose_range.row_value
        ax.plot([dose_range.low, dose_range.high], [place, place], color=_DARK, linewidth=1.4, marker="s", markersize=5)
    if shown:
        handles.append(
            Line2D([], [], color=_DARK, linewidth=1.4, marker="s", markersize=5, label=report_text("legend_maker"))
        )
    return handles


def _outline_practice(ax: Any, practised: Sequence[PublishedDoseRange], *, lines: bool) -> None:
    """Draw published doses: an outline over pulse lengths, or vertical lines at their bounds over curves."""
    if lines:
        for bound in (
            min(dose_range.low for dose_range in practised),
            max(dose_range.high for dose_range in practised),
        ):
            ax.axvline(bound, color=GREY, linewidth=1.6, linestyle="--")
        return
    around = [
        *((dose_range.low, dose_range.row_value) for dose_range in practised),
        *((dose_range.high, dose_range.row_value) for dose_range in practised[::-1]),
    ]
    ax.plot(*zip(*around, around[0], strict=True), color=GREY, linewidth=1.6, linestyle="--")


def _mark_setting(ax: Any, data: WindowData, y: float | None) -> list[Any]:
    """Mark the settings of the plan: a point on a map, a line over curves."""
    if data.chosen_dose is None:
        return []
    label = report_text("legend_chosen" if data.offered else "legend_nearest")
    if y is None:
        ax.axvline(data.chosen_dose, color=_DARK, linewidth=1.6)
        return [Line2D([], [], color=_DARK, linewidth=1.6, label=label)]
    diamond: dict[str, Any] = {
        "marker": "D",
        "markerfacecolor": "#ffd24d",
        "markeredgecolor": _DARK,
        "linestyle": "none",
    }
    ax.plot([data.chosen_dose], [y], markersize=8, clip_on=False, zorder=5, **diamond)
    return [Line2D([], [], markersize=7, label=label, **diamond)]


def _needs_log_axis(values: Sequence[float]) -> bool:
    """Return whether an axis over `values` should be logarithmic."""
    return values[0] > 0 and values[-1] / values[0] > _LOG_RATIO


def _pulse_tick(pulse_ms: float, _position: int | None = None) -> str:
    """Format a tick of a pulse length in its customary unit."""
    return display_value(pulse_ms, "ms").text

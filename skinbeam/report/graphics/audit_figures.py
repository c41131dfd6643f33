"""Figures of the outcome audit: the reliability curve and the funnel plot; both can be read without colour."""

from functools import lru_cache

from matplotlib import rc_context
from matplotlib.axes import Axes

from skinbeam.outcome_audit.calibration import ReliabilityGroup
from skinbeam.outcome_audit.funnel import FUNNEL_LEVELS, FunnelPlot, funnel_limits
from skinbeam.report.graphics.charts import STYLE, figure_svg, new_figure, set_percent_ticks
from skinbeam.text import render_message

__all__ = ["funnel_figure", "reliability_figure"]

_INK, _GREY, _PALE = "#1c2430", "#5b6472", "#d8dce2"
_POINTS = 120
_LIMIT_LINES = dict(zip(FUNNEL_LEVELS, ("--", ":"), strict=True))


@lru_cache(maxsize=64)
def reliability_figure(groups: tuple[ReliabilityGroup, ...], language: str) -> str:
    """Return the reliability curve: observed over predicted shares, and where chance alone would put them.

    Parameters
    ----------
    language : the current language, as part of the cache key.
    """
    assert language
    with rc_context(STYLE):
        figure = new_figure(6.2, 4.4)
        ax = figure.subplots()
        stated = [group.predicted for group in groups]
        ax.plot([0, 1], [0, 1], color=_GREY, linewidth=1.0, label=render_message("clinic-learning.figure-right"))
        ax.bar(
            stated,
            [group.expected_high - group.expected_low for group in groups],
            bottom=[group.expected_low for group in groups],
            width=0.024,
            facecolor="none",
            edgecolor=_GREY,
            hatch="/////",
            linewidth=0.6,
            label=render_message("clinic-learning.figure-chance"),
        )
        seen = [group.observed.median for group in groups]
        ends = [
            [group.observed.median - group.observed.low for group in groups],
            [group.observed.high - group.observed.median for group in groups],
        ]
        ax.errorbar(
            stated,
            seen,
            yerr=ends,
            fmt="o-",
            color=_INK,
            linewidth=1.2,
            capsize=3,
            markersize=5,
            label=render_message("clinic-learning.figure-seen"),
        )
        _format_share_axes(ax)
        ax.set_xlabel(render_message("clinic-learning.figure-stated"))
        ax.set_ylabel(render_message("clinic-learning.figure-came"))
        figure.legend(loc="outside lower center", ncols=1, frameon=False)
        return figure_svg(figure)


@lru_cache(maxsize=64)
def funnel_figure(plot: FunnelPlot, language: str) -> str:
    """Return the funnel plot: observed over expected harms by operator, numbered as in the table."""
    assert language
    with rc_context(STYLE):
        figure = new_figure(6.2, 4.0)
        ax = figure.subplots()
        most = max(operator.expected for operator in plot.operators)
        expected = [most * 1.15 * (i + 4) / (_POINTS + 4) for i in range(_POINTS + 1)]
        for level, line in _LIMIT_LINES.items():
            low, high = funnel_limits(plot, expected, level)
            name = render_message("clinic-learning.figure-limit", {"level": 100 * level})
            ax.plot(expected, low, line, color=_GREY, linewidth=1.2, label=name)
            ax.plot(expected, high, line, color=_GREY, linewidth=1.2)
        ax.axhline(plot.target, color=_GREY, linewidth=1.0, label=render_message("clinic-learning.figure-target"))
        for number, operator in enumerate(plot.operators, 1):
            mark = "D" if operator.exceeded_level else "o"
            ax.plot(
                operator.expected,
                operator.ratio,
                mark,
                color=_INK,
                markersize=6,
                fillstyle="full" if operator.exceeded_level else "none",
            )
            ax.annotate(str(number), (operator.expected, operator.ratio), (6, 4), textcoords="offset points")
        ax.set_xlim(0, most * 1.2)
        ax.set_ylim(0, max(2.5 * plot.target, 1.15 * max(operator.ratio for operator in plot.operators)))
        ax.set_xlabel(render_message("clinic-learning.figure-expected"))
        ax.set_ylabel(render_message("clinic-learning.figure-ratio"))
        ax.grid(color=_PALE, linewidth=0.5)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        return figure_svg(figure)


def _format_share_axes(ax: Axes) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        set_percent_ticks(axis)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.02, 1.02)
    ax.grid(color=_PALE, linewidth=0.5)

"""The figure of a group of published rows: computed over measured, both with what is uncertain about them."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from skinbeam.report.charts import STYLE, svg
from skinbeam.report.shown import say

__all__ = ["agreement", "drawable"]

_COLOURS = {"within": "#0b5394", "outside": "#a33b00"}
_MARKS = {"within": "o", "outside": "s"}  # shape tells what colour tells
_ROOM = 2.0  # factor between the outermost value and the frame


def drawable(row: Mapping[str, Any]) -> bool:
    """Return whether a row can stand on logarithmic axes: measured and computed, both above zero."""
    low, high = _measured(row)
    return low > 0 and high > 0 and float(row["computed"].get("median", 0.0)) > 0


def agreement(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return computed against measured of rows that are `drawable`, on logarithmic axes with the line of agreement.

    A bound is drawn at its end; its arrow points to where the value may lie.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.2, 4.6), layout="constrained")
        FigureCanvasSVG(figure)
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.set_yscale("log")
        drawn = [(row, *_measured(row), *_computed(row)) for row in rows]
        ends = [end for _, low, high, _, bottom, top in drawn for end in (low, high, bottom, top)]
        # The frame comes first: one drawn around a single point without height would be none.
        frame = min(ends) / _ROOM, max(ends) * _ROOM
        ax.set_xlim(frame)
        ax.set_ylim(frame)
        for row, low, high, y, bottom, top in drawn:
            middle = (low * high) ** 0.5
            bound = row["measured"].get("bound")
            ax.errorbar(
                [middle],
                [y],
                xerr=[[middle - low], [high - middle]] if not bound else [[middle / 4], [middle / 4]],
                yerr=[[y - bottom], [top - y]],
                xlolims=bound == "lower",
                xuplims=bound == "upper",
                marker=_MARKS[row["verdict"]],
                color=_COLOURS[row["verdict"]],
                capsize=2,
                markersize=5,
                linewidth=1,
            )
            ax.annotate(row["id"].rsplit("-", 1)[1], (middle, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        ax.plot(frame, frame, color="#5b6472", linewidth=0.8, linestyle="--", zorder=0)
        units = {row["unit"] for row in rows}
        unit = units.pop() if len(units) == 1 else say("validate.unit-various")
        ax.set_xlabel(say("validate.axis_measured", unit=unit))
        ax.set_ylabel(say("validate.axis_computed", unit=unit))
        ax.grid(color="#d8dce2", linewidth=0.5)
        return svg(figure)


def _computed(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Median, low and high; the end of a computed range may be zero, which a logarithmic axis cannot show."""
    computed = row["computed"]
    middle = float(computed["median"])
    return middle, max(float(computed["low"]), middle / 100.0), float(computed["high"])


def _measured(row: Mapping[str, Any]) -> tuple[float, float]:
    """Ends of what was measured; a bound is both, words are zero."""
    measured = row["measured"]
    if "value" in measured:
        return float(measured["value"]), float(measured["value"])
    low = measured.get("low", measured.get("high", 0.0))
    return float(low), float(measured.get("high", low))

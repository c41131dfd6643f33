"""Draw numbers over the values of one setting, with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.report.formatting import capitalise, quantity_label, report_text
from skinbeam.report.graphics.charts import STYLE, new_figure, set_plain_ticks
from skinbeam.text import catalogue

__all__ = ["setting_curve_figure"]

_LINES = (("-", "o", "#1c2430"), ("--", "s", "#a33b00"), (":", "^", "#0b5394"), ("-.", "D", "#5b3f8c"))
_WIDE = 10.0  # ratio of the ends from which an axis is logarithmic


def setting_curve_figure(
    setting: str, values: Sequence[Any], curves: Mapping[str, Sequence[Value | float]], unit_name: str
) -> Figure:
    """Return the medians of numbers over a setting, as lines, with their intervals.

    A value of the setting for which a number is unknown is marked on the axis.

    Parameters
    ----------
    setting, unit_name : name of the setting, and the name whose ending is the unit of the numbers.
    values : numbers, or words such as names of devices.
    curves : for each number its value at each value of the setting.
    """
    with rc_context(STYLE):
        figure = new_figure(7.4, 3.7)
        ax = figure.subplots()
        words = any(isinstance(value, str) for value in values)
        places = list(range(len(values))) if words else list(values)
        for (name, numbers), (line, mark, colour) in zip(curves.items(), _LINES * len(curves), strict=False):
            label = report_text(f"curves.{name}") if f"curves.{name}" in catalogue() else name
            _draw(ax, places, numbers, label, "none" if words else line, mark, colour)
        if words:
            ax.set_xticks(places, values)
            ax.set_xlim(-0.5, len(values) - 0.5)
            ax.set_xlabel(setting)
        else:
            ax.set_xlabel(_axis_label(setting))
            _scale(ax, "x", [float(place) for place in places])
        known = [value for numbers in curves.values() for value in numbers if not isinstance(value, Unknown)]
        ends = [end for value in known for end in _interval(value)]
        _, unit = quantity_label(unit_name)
        if unit:
            _scale(ax, "y", ends)
            ax.set_ylabel(_axis_label(unit_name))
        else:  # probabilities, shares and ratios, named in the legend
            ax.set_ylim(bottom=min([0.0, *ends]))
        ax.grid(color="#d8dce2", linewidth=0.5)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw(
    ax: Any, places: Sequence[float], numbers: Sequence[Value | float], label: str, line: str, mark: str, colour: str
) -> None:
    known = [(place, value) for place, value in zip(places, numbers, strict=True) if not isinstance(value, Unknown)]
    unknown = [place for place, value in zip(places, numbers, strict=True) if isinstance(value, Unknown)]
    if known:
        medians = [float(value) for _, value in known]
        ends = [_interval(value) for _, value in known]
        ax.errorbar(
            [place for place, _ in known],
            medians,
            yerr=[
                [median - low for median, (low, _) in zip(medians, ends, strict=True)],
                [high - median for median, (_, high) in zip(medians, ends, strict=True)],
            ],
            linestyle=line,
            marker=mark,
            color=colour,
            capsize=3,
            linewidth=1.6,
            elinewidth=0.9,
            label=label,
        )
    if unknown:
        ax.plot(
            unknown,
            [0.03] * len(unknown),
            "x",
            color=colour,
            transform=ax.get_xaxis_transform(),
            label=f"{label}: {report_text('unknown')}",
        )


def _interval(value: Estimate | float) -> tuple[float, float]:
    """Return the ends of the interval of an estimate; of a plain number, which has none, the number twice."""
    return (value.low, value.high) if isinstance(value, Estimate) else (value, value)


def _axis_label(name: str) -> str:
    words, unit = quantity_label(name)
    return report_text("axis_quantity", name=capitalise(words), unit=unit) if unit else capitalise(words)


def _scale(ax: Any, which: str, numbers: Sequence[float]) -> None:
    """Make an axis logarithmic where its numbers, all positive, span a decade."""
    axis = getattr(ax, f"{which}axis")
    if numbers and min(numbers) > 0.0 and max(numbers) >= _WIDE * min(numbers):
        getattr(ax, f"set_{which}scale")("log")
        set_plain_ticks(axis)
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))

"""The share of such skins that reach an endpoint, by dose."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from skinbeam.report.charts import new_figure, plain_ticks
from skinbeam.report.shown import quantity, say

__all__ = ["threshold_figure"]

_POINTS = 200
_SIDES = 2.5  # spreads that are shown on each side
_CURVES = {"dose": ("-", "o", "#1c2430"), "calibrated_dose": ("--", "s", "#a33b00")}


def threshold_figure(document: Mapping[str, Any]) -> Figure:
    """Return the computed and the calibrated curve through the doses that the document holds, which are marked.

    Between them a curve follows a lognormal law, with a spread of its own on each side of the middle.
    """
    figure = new_figure(7.4, 3.7)
    ax = figure.subplots()
    known = {name: document[name] for name in _CURVES if "unknown" not in document[name]}
    first = min(_beyond(value, "low") for value in known.values())
    last = max(_beyond(value, "high") for value in known.values())
    doses = [first * (last / first) ** (i / _POINTS) for i in range(_POINTS + 1)]
    for name, value in known.items():
        line, mark, colour = _CURVES[name]
        shares = [_share(value, dose) for dose in doses]
        ax.plot(doses, shares, linestyle=line, color=colour, linewidth=1.8)
        tail = (1 - value["level"]) / 2
        marked = [value[end] for end in ("low", "median", "high")]
        ax.plot(marked, [tail, 0.5, 1 - tail], mark, color=colour, linestyle="none", markersize=6)
        ax.plot([], [], linestyle=line, marker=mark, color=colour, label=say(f"curves.{name}"))
    ax.set_xscale("log")
    plain_ticks(ax.xaxis)
    ax.set_xlim(first, last)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    label, unit = quantity(document["of"])
    ax.set_xlabel(say("axis_quantity", name=label, unit=unit))
    ax.set_ylabel(say("curves.share_of_skins"))
    ax.grid(color="#d8dce2", linewidth=0.5)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _spread(value: Mapping[str, Any], end: str) -> float:
    """The standard deviation of the logarithm of the dose, on one side of the middle; never quite nothing."""
    deviations = NormalDist().inv_cdf(0.5 + value["level"] / 2)
    return max(abs(math.log(value[end] / value["median"])) / deviations, 1e-3)


def _beyond(value: Mapping[str, Any], end: str) -> float:
    away = _SIDES * _spread(value, end)
    return float(value["median"] * math.exp(-away if end == "low" else away))


def _share(value: Mapping[str, Any], dose: float) -> float:
    spread = _spread(value, "low" if dose < value["median"] else "high")
    return NormalDist().cdf(math.log(dose / value["median"]) / spread)

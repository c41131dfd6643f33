"""What a new clinic would see: shares of patients with their ranges, and how many of a clinic's patients respond."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from skinbeam.report.charts import new_figure
from skinbeam.report.shown import say

__all__ = ["expect_figure"]

_GOOD, _BAD, _GREY = "#0b5394", "#a33b00", "#5b6472"


def expect_figure(document: Mapping[str, Any]) -> Figure:
    """Return improvement, dark marks and the untreated course as ranges, beside the probability of each count."""
    figure = new_figure(7.4, 3.7)
    shares, counts = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.0, 1.2]})
    _shares(shares, document)
    _counts(counts, document["predict"])
    return figure


def _shares(ax: Any, document: Mapping[str, Any]) -> None:
    rows = [(say("curves.at_least", percent=p), v, "o", _GOOD) for p, v in document["p_at_least"].items()]
    rows.append((say("curves.dark_marks"), document["pih"]["p"], "X", _BAD))
    untreated = document.get("untreated", {}).get("p_at_least", {}).get("50")
    if untreated is not None:
        rows.append((say("curves.untreated"), untreated, "D", _GREY))
    for place, (_, value, mark, colour) in enumerate(rows):
        if "unknown" in value:
            ax.text(0.02, place, say("unknown"), va="center", color=_GREY)
            continue
        ax.plot([value["low"], value["high"]], [place, place], color=colour, linewidth=2.2)
        ax.plot([value["median"]], [place], marker=mark, markersize=8, color=colour)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel(say("curves.share_of_patients"))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.grid(axis="x", color="#d8dce2", linewidth=0.5)


def _counts(ax: Any, predict: Mapping[str, Any]) -> None:
    """The probability of each number of responders, with the intervals below it."""
    if "unknown" in predict["pmf"]:
        ax.text(0.5, 0.5, say("unknown"), transform=ax.transAxes, ha="center", color=_GREY)
        ax.set_axis_off()
        return
    pmf = predict["pmf"]
    highest = max(pmf)
    ax.bar(range(len(pmf)), pmf, width=1.0, color=_GOOD, alpha=0.35)
    for place, (level, (low, high)) in enumerate(predict["intervals"].items(), 1):
        y = -0.09 * place * highest
        ax.plot([low, high], [y, y], color=_GOOD, linewidth=4 - place, marker="|", markersize=7)
        ax.text(high, y, f" {say('curves.per_cent', value=level)}", va="center", fontsize=7.5)
    ax.set_ylim(-0.4 * highest, 1.08 * highest)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    about = {"patients": predict["patients"], "percent": predict["threshold"]}
    ax.set_xlabel(say("curves.responders", **about))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))

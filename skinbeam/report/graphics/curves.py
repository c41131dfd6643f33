"""Light by depth, and where its power goes."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from skinbeam.report.charts import new_figure
from skinbeam.report.shown import say

__all__ = ["light_figure"]

_LIGHT, _GREY = "#5b3f8c", "#5b6472"
_HATCHES = {"reflectance_specular": "///", "reflectance_diffuse": "///", "transmittance": "...", "escaped_sides": "xx"}


def light_figure(document: Mapping[str, Any], tops_um: Mapping[str, float]) -> Figure:
    """Return the fluence rate over depth, with the tops of layers, beside the shares of the power.

    Parameters
    ----------
    tops_um : of each layer; empty for voxels.
    """
    figure = new_figure(7.4, 3.7)
    by_depth, shares = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.5, 1.0]})
    _by_depth(by_depth, document, tops_um)
    _shares(shares, document)
    return figure


def _by_depth(ax: Any, document: Mapping[str, Any], tops_um: Mapping[str, float]) -> None:
    depth_um, ratio = document["depth_um"], document["fluence_rate_ratio"]
    error = document.get("standard_error", {}).get("fluence_rate_ratio")
    if error is not None:
        ends = [[value + sign * e for value, e in zip(ratio, error, strict=True)] for sign in (-1, 1)]
        ax.fill_between(depth_um, *ends, color=_LIGHT, alpha=0.25, linewidth=0, label=say("curves.standard_error"))
        ax.legend(frameon=False, loc="upper right")
    ax.plot(depth_um, ratio, color=_LIGHT, linewidth=1.8)
    end = 2 * depth_um[-1] - (depth_um[-2] if len(depth_um) > 1 else 0.0)  # bins are told by their middles
    ax.set(xlim=(0, end), xlabel=say("axis_depth_um"), ylabel=say("axis_fluence_ratio"))
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    for name, top_um in tops_um.items():
        if top_um >= end:
            continue
        ax.axvline(top_um, color=_GREY, linewidth=0.7, linestyle=":")
        place = (top_um + 0.01 * end, 0.98)
        ax.text(*place, name, transform=ax.get_xaxis_transform(), rotation=90, va="top", fontsize=7.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.grid(color="#d8dce2", linewidth=0.5)


def _shares(ax: Any, document: Mapping[str, Any]) -> None:
    """Bars of what returns, passes and is absorbed, each with its share; the finest are told, though not seen."""
    outside = {name: document[name] for name in _HATCHES if name in document}
    rows = [(say(f"curves.{name}"), share, _HATCHES[name]) for name, share in outside.items()]
    rows += [(say("curves.absorbed", layer=name), share, "") for name, share in document["absorbed"].items()]
    for place, (_, share, hatch) in enumerate(rows):
        style = {"facecolor": "white", "edgecolor": _LIGHT, "hatch": hatch} if hatch else {"color": _LIGHT}
        ax.barh(place, share, height=0.7, **style)
        ax.text(share + 0.02, place, say("curves.per_cent", value=f"{100 * share:.2g}"), va="center", fontsize=7.5)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.2 * max(share for _, share, _ in rows))
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.set_xlabel(say("curves.share_of_power"))

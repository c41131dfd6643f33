"""The reflectance of a skin and the absorption of its layers over the wavelength."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from skinbeam.report.charts import new_figure, plain_ticks
from skinbeam.report.shown import say

__all__ = ["skin_figure"]

_LIGHT = "#5b3f8c"
_FEW = 12  # wavelengths that are marked one by one
# Layers are told apart without colour, too: by pattern and mark.
_LINES = [
    {"linestyle": line, "marker": mark, "markevery": 0.15, "markersize": 4, "color": colour}
    for (mark, line), colour in zip(
        product(("", "o", "s"), ("-", "--", ":")),
        ("#1c2430", "#0b5394", "#a33b00", "#5b3f8c", "#2f7d4f", "#5b6472", "#8a5a00", "#0b7a75", "#7a0b4b"),
        strict=True,
    )
]


def skin_figure(document: Mapping[str, Any]) -> Figure:
    """Return the reflectance with the range of the population, beside the absorption of each layer."""
    figure = new_figure(7.4, 4.2)
    reflected, absorbed = figure.subplots(1, 2)
    nm = document["wavelength_nm"]
    order = sorted(range(len(nm)), key=nm.__getitem__)
    nm = [nm[i] for i in order]

    def sorted_by_nm(values: Any) -> list[float]:
        return [values[i] for i in order]

    mark = "o" if len(nm) <= _FEW else ""
    ends = (sorted_by_nm(document[f"reflectance_{end}"]) for end in ("low", "high"))
    share = say("legend_range", level=round(100 * document["level"]))
    reflected.fill_between(nm, *ends, color=_LIGHT, alpha=0.22, linewidth=0, label=share)
    middle = sorted_by_nm(document["reflectance"])
    reflected.plot(nm, middle, color=_LIGHT, linewidth=1.8, marker=mark, label=say("legend_median"))
    reflected.set_ylim(0, 1.1 * max(document["reflectance_high"]))
    reflected.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    reflected.set_ylabel(say("curves.reflectance"))
    reflected.legend(frameon=False, loc="upper left")
    for layer, line in zip(document["layers"], _LINES, strict=False):
        style = line | ({"marker": mark, "markevery": 1} if mark else {})
        absorbed.plot(nm, sorted_by_nm(layer["mua_per_cm"]), linewidth=1.3, label=layer["name"], **style)
    absorbed.set_yscale("log")
    plain_ticks(absorbed.yaxis)
    absorbed.set_ylabel(say("curves.absorption"))
    for ax in (reflected, absorbed):
        ax.set_xlabel(say("curves.wavelength"))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.grid(color="#d8dce2", linewidth=0.5)
    handles, names = absorbed.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
    return figure

"""Draw the documents of `expect`, `light`, `skin`, `threshold` and `window` as SVG, PNG or PDF files.

Lines differ by their pattern and areas by their hatching, not by colour alone; axes have round numbers. The same
document gives the same bytes.
"""

import io
import math
import textwrap
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from skinbeam.model.document import write_atomically
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.report.formatting import quantity_label, report_text
from skinbeam.report.graphics.charts import STYLE, new_figure, set_plain_ticks
from skinbeam.report.graphics.window import window_figure

__all__ = [
    "check_plot",
    "document_figure",
    "expect_figure",
    "light_figure",
    "light_profile_figure",
    "skin_figure",
    "threshold_figure",
    "write_plot",
]

_GOOD, _BAD, _EXPECT_GREY = "#0b5394", "#a33b00", "#5b6472"


def expect_figure(document: Mapping[str, Any]) -> Figure:
    """Return the figure of an expectation: shares of patients as ranges, beside the predicted number of responders."""
    figure = new_figure(7.4, 3.7)
    shares, counts = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.0, 1.2]})
    _draw_share_ranges(shares, document)
    _draw_responder_counts(counts, document["predict"])
    return figure


def _draw_share_ranges(ax: Any, document: Mapping[str, Any]) -> None:
    rows = [(report_text("curves.at_least", percent=p), v, "o", _GOOD) for p, v in document["p_at_least"].items()]
    rows.append((report_text("curves.dark_marks"), document["pih"]["p"], "X", _BAD))
    untreated = document.get("untreated", {}).get("p_at_least", {}).get("50")
    if untreated is not None:
        rows.append((report_text("curves.untreated"), untreated, "D", _EXPECT_GREY))
    for place, (_, value, mark, colour) in enumerate(rows):
        if "unknown" in value:
            ax.text(0.02, place, report_text("unknown"), va="center", color=_EXPECT_GREY)
            continue
        ax.plot([value["low"], value["high"]], [place, place], color=colour, linewidth=2.2)
        ax.plot([value["median"]], [place], marker=mark, markersize=8, color=colour)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.set_xlabel(report_text("curves.share_of_patients"))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.grid(axis="x", color="#d8dce2", linewidth=0.5)


def _draw_responder_counts(ax: Any, predict: Mapping[str, Any]) -> None:
    """Draw the probability of each number of responders, with the intervals below it."""
    if "unknown" in predict["pmf"]:
        ax.text(0.5, 0.5, report_text("unknown"), transform=ax.transAxes, ha="center", color=_EXPECT_GREY)
        ax.set_axis_off()
        return
    pmf = predict["pmf"]
    highest = max(pmf)
    ax.bar(range(len(pmf)), pmf, width=1.0, color=_GOOD, alpha=0.35)
    for place, (level, (low, high)) in enumerate(predict["intervals"].items(), 1):
        y = -0.09 * place * highest
        ax.plot([low, high], [y, y], color=_GOOD, linewidth=4 - place, marker="|", markersize=7)
        ax.text(high, y, f" {report_text('curves.per_cent', value=level)}", va="center", fontsize=7.5)
    ax.set_ylim(-0.4 * highest, 1.08 * highest)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    about = {"patients": predict["patients"], "percent": predict["threshold"]}
    ax.set_xlabel(report_text("curves.responders", **about))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))


# Light by depth, and the balance of its power.

_FLUENCE_COLOUR, _LAYER_GREY = "#5b3f8c", "#5b6472"
_NAME_WIDTH = 0.025  # width of a name along the depth axis, as a share of the axis
_HATCHES = {"reflectance_specular": "///", "reflectance_diffuse": "///", "transmittance": "...", "escaped_sides": "xx"}


def light_figure(document: Mapping[str, Any], tops_um: Mapping[str, float]) -> Figure:
    """Return the fluence rate over depth, with the tops of layers, beside the shares of the power.

    Parameters
    ----------
    tops_um : depth of the top of each layer in µm; empty for voxels.
    """
    figure = new_figure(7.4, 3.7)
    by_depth, shares = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.5, 1.0]})
    _draw_by_depth(by_depth, document, tops_um)
    _draw_power_shares(shares, document)
    return figure


def _draw_by_depth(ax: Any, document: Mapping[str, Any], tops_um: Mapping[str, float]) -> None:
    depth_um, ratio = document["depth_um"], document["fluence_rate_ratio"]
    error = document.get("standard_error", {}).get("fluence_rate_ratio")
    if error is not None:
        ends = [[value + sign * e for value, e in zip(ratio, error, strict=True)] for sign in (-1, 1)]
        ax.fill_between(
            depth_um, *ends, color=_FLUENCE_COLOUR, alpha=0.25, linewidth=0, label=report_text("curves.standard_error")
        )
        ax.legend(frameon=False, loc="upper right")
    ax.plot(depth_um, ratio, color=_FLUENCE_COLOUR, linewidth=1.8)
    end = 2 * depth_um[-1] - (depth_um[-2] if len(depth_um) > 1 else 0.0)  # depths are the middles of bins
    ax.set(xlim=(0, end), xlabel=report_text("axis_depth_um"), ylabel=report_text("axis_fluence_ratio"))
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    last_um = -end
    for name, top_um in tops_um.items():
        if top_um >= end:
            continue
        ax.axvline(top_um, color=_LAYER_GREY, linewidth=0.7, linestyle=":")
        if top_um - last_um < _NAME_WIDTH * end:  # names of thin layers would cover each other
            continue
        last_um = top_um
        place = (top_um + 0.01 * end, 0.98)
        ax.text(*place, name, transform=ax.get_xaxis_transform(), rotation=90, va="top", fontsize=7.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.grid(color="#d8dce2", linewidth=0.5)


def light_profile_figure(document: Mapping[str, Any]) -> Figure:
    """Return the fluence rate over the depth of a skin, with the range of the population and the tops of layers."""
    figure = new_figure(7.4, 3.7)
    ax = figure.subplots()
    ends = (document[f"fluence_rate_ratio_{end}"] for end in ("low", "high"))
    share = report_text("legend_range", level=round(100 * document["level"]))
    ax.fill_between(document["depth_um"], *ends, color=_FLUENCE_COLOUR, alpha=0.22, linewidth=0, label=share)
    _draw_by_depth(ax, document, {layer["name"]: layer["top_um"] for layer in document["layers"]})
    ax.legend(frameon=False, loc="upper right")
    return figure


def _draw_power_shares(ax: Any, document: Mapping[str, Any]) -> None:
    """Draw bars of the reflected, transmitted and absorbed power; shares too small to see are labelled too."""
    outside = {name: document[name] for name in _HATCHES if name in document}
    rows = [(report_text(f"curves.{name}"), share, _HATCHES[name]) for name, share in outside.items()]
    rows += [(report_text("curves.absorbed", layer=name), share, "") for name, share in document["absorbed"].items()]
    for place, (_, share, hatch) in enumerate(rows):
        style = (
            {"facecolor": "white", "edgecolor": _FLUENCE_COLOUR, "hatch": hatch}
            if hatch
            else {"color": _FLUENCE_COLOUR}
        )
        ax.barh(place, share, height=0.7, **style)
        ax.text(
            share + 0.02, place, report_text("curves.per_cent", value=f"{100 * share:.2g}"), va="center", fontsize=7.5
        )
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.2 * max(share for _, share, _ in rows))
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.set_xlabel(report_text("curves.share_of_power"))


# The reflectance of a skin and the absorption of its layers over the wavelength.

_REFLECTANCE_COLOUR = "#5b3f8c"
_FEW_WAVELENGTHS = 12  # up to this number, each wavelength is marked
# Layers differ by line pattern and marker as well as by colour.
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

    mark = "o" if len(nm) <= _FEW_WAVELENGTHS else ""
    ends = (sorted_by_nm(document[f"reflectance_{end}"]) for end in ("low", "high"))
    share = report_text("legend_range", level=round(100 * document["level"]))
    reflected.fill_between(nm, *ends, color=_REFLECTANCE_COLOUR, alpha=0.22, linewidth=0, label=share)
    middle = sorted_by_nm(document["reflectance"])
    reflected.plot(
        nm, middle, color=_REFLECTANCE_COLOUR, linewidth=1.8, marker=mark, label=report_text("legend_median")
    )
    reflected.set_ylim(0, 1.1 * max(document["reflectance_high"]))
    reflected.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    reflected.set_ylabel(report_text("curves.reflectance"))
    reflected.legend(frameon=False, loc="upper left")
    for layer, line in zip(document["layers"], _LINES, strict=False):
        style = line | ({"marker": mark, "markevery": 1} if mark else {})
        absorbed.plot(nm, sorted_by_nm(layer["mua_per_cm"]), linewidth=1.3, label=layer["name"], **style)
    absorbed.set_yscale("log")
    set_plain_ticks(absorbed.yaxis)
    absorbed.set_ylabel(report_text("curves.absorption"))
    for ax in (reflected, absorbed):
        ax.set_xlabel(report_text("curves.wavelength"))
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.grid(color="#d8dce2", linewidth=0.5)
    handles, names = absorbed.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
    return figure


# The share of such skins that reach an endpoint, by dose.

_POINTS = 200
_SIDES = 2.5  # standard deviations drawn on each side
_CURVES = {"dose": ("-", "o", "#1c2430"), "calibrated_dose": ("--", "s", "#a33b00")}


def threshold_figure(document: Mapping[str, Any]) -> Figure:
    """Return the computed and the calibrated curve through the doses in the document, which are marked.

    Between them a curve follows a lognormal law, with a separate spread on each side of the median.
    """
    figure = new_figure(7.4, 3.7)
    ax = figure.subplots()
    known = {name: document[name] for name in _CURVES if "unknown" not in document[name]}
    first = min(_curve_end(value, "low") for value in known.values())
    last = max(_curve_end(value, "high") for value in known.values())
    doses = [first * (last / first) ** (i / _POINTS) for i in range(_POINTS + 1)]
    for name, value in known.items():
        line, mark, colour = _CURVES[name]
        shares = [_share(value, dose) for dose in doses]
        ax.plot(doses, shares, linestyle=line, color=colour, linewidth=1.8)
        tail = (1 - value["level"]) / 2
        marked = [value[end] for end in ("low", "median", "high")]
        ax.plot(marked, [tail, 0.5, 1 - tail], mark, color=colour, linestyle="none", markersize=6)
        ax.plot([], [], linestyle=line, marker=mark, color=colour, label=report_text(f"curves.{name}"))
    ax.set_xscale("log")
    set_plain_ticks(ax.xaxis)
    ax.set_xlim(first, last)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    label, unit = quantity_label(document["of"])
    ax.set_xlabel(report_text("axis_quantity", name=label, unit=unit))
    ax.set_ylabel(report_text("curves.share_of_skins"))
    ax.grid(color="#d8dce2", linewidth=0.5)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _spread(value: Mapping[str, Any], end: str) -> float:
    """Return the standard deviation of the logarithm of the dose on one side of the median, at least 1e-3."""
    deviations = NormalDist().inv_cdf(0.5 + value["level"] / 2)
    return max(abs(math.log(value[end] / value["median"])) / deviations, 1e-3)


def _curve_end(value: Mapping[str, Any], end: str) -> float:
    away = _SIDES * _spread(value, end)
    return float(value["median"] * math.exp(-away if end == "low" else away))


def _share(value: Mapping[str, Any], dose: float) -> float:
    spread = _spread(value, "low" if dose < value["median"] else "high")
    return NormalDist().cdf(math.log(dose / value["median"]) / spread)


# Writing a figure to a file.

# Dates and library versions are left out, so that the bytes are reproducible.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DPI = 160
_CAPTION_LETTERS = 100  # of a line
_FIGURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "expect": expect_figure,
    "light-profile": light_profile_figure,
    "skin": skin_figure,
    "threshold": threshold_figure,
    "window": window_figure,
}


def check_plot(path: Path) -> None:
    """Reject a file name without a supported picture suffix, before anything is computed.

    Raises
    ------
    InputError : another suffix than .svg, .png or .pdf.
    """
    if path.suffix.lower() not in _METADATA:
        raise InputError(
            "unknown-picture",
            f'"{path.name}" is of no known kind of picture',
            field="plot",
            hint="A name that ends in .svg, .png or .pdf.",
        )


def write_plot(document: Mapping[str, Any], path: Path, *, tops_um: Mapping[str, float] | None = None) -> str:
    """Draw a document of `light`, `skin`, `window`, `expect` or `threshold` to a file, with a caption above.

    The format follows from the suffix. Returns an empty text, or the reason why there is no figure.

    Parameters
    ----------
    tops_um : for light, the depth at which each layer begins.

    Raises
    ------
    InputError : the file cannot be written.
    """
    kind = str(document["schema"]).removeprefix("skinbeam.").partition("/")[0]
    if kind == "threshold" and "unknown" in document["dose"]:
        return report_text("curves.nothing", reason=document["dose"]["unknown"])
    end, out = path.suffix.lower(), io.BytesIO()
    with rc_context(STYLE):
        figure = document_figure(document, tops_um=tops_um)
        figure.savefig(out, format=end[1:], dpi=_DPI, metadata=_METADATA[end])
    write_atomically(path, out.getvalue())
    return ""


def document_figure(document: Mapping[str, Any], *, tops_um: Mapping[str, float] | None = None) -> Figure:
    """Return the figure of a document of `light`, `skin`, `window`, `expect` or `threshold`, with a caption above.

    Parameters
    ----------
    tops_um : as of `write_plot`.

    Raises
    ------
    NotAvailable : there is no figure of such a document.
    """
    kind = str(document["schema"]).removeprefix("skinbeam.").partition("/")[0]
    if (kind != "light" and kind not in _FIGURES) or "at" in document:
        raise NotAvailable(report_text("curves.none", kind=kind))
    with rc_context(STYLE):
        figure = light_figure(document, tops_um or {}) if kind == "light" else _FIGURES[kind](document)
        about: dict[str, Any] = {}
        if kind == "threshold":
            about["endpoint"] = document["endpoint"].replace("-", " ")
        elif kind == "light-profile":
            about["wavelength_nm"] = document["wavelength_nm"]
        caption = textwrap.fill(report_text(f"curves.{kind}", **about), _CAPTION_LETTERS)
        figure.suptitle(caption, x=0.01, ha="left", fontsize=9.0)
    return figure

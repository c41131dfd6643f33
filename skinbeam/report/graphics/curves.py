"""Draw results as SVG, PNG or PDF files.

Lines differ by their pattern and areas by their hatching, not by colour alone; axes have round numbers. The same
result gives the same bytes.
"""

import io
import math
import textwrap
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skinbeam.api.analyse_photo import PhotoReport
from skinbeam.api.guideline import GuidelineAnswer
from skinbeam.api.light import LightBalance
from skinbeam.api.light_profile import DepthProfile
from skinbeam.api.preview import PreviewReport
from skinbeam.api.skin import Floats, SkinSpectra
from skinbeam.api.summary import Simulation
from skinbeam.api.threshold import DoseThreshold
from skinbeam.api.window import TherapeuticWindow
from skinbeam.api.window_at import AskedSettingAnswer
from skinbeam.evidence.comparison.comparison import Comparison
from skinbeam.evidence.expectation.estimates import inline_title
from skinbeam.evidence.expectation.expect import ExpectationAnswer
from skinbeam.evidence.expectation.expectation import Expectation, Prediction
from skinbeam.model.document import DocumentResult, write_atomically
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.plan import Plan
from skinbeam.report.formatting import quantity_label, report_text
from skinbeam.report.graphics.charts import GOOD, GREY, STYLE, new_figure, set_percent_ticks, set_plain_ticks
from skinbeam.report.graphics.guideline_places import guideline_figure
from skinbeam.report.graphics.photo_regions import photo_figure
from skinbeam.report.graphics.ranges import (
    RangeRow,
    comparison_figure,
    draw_shares,
    plan_figure,
    preview_figure,
    setting_figure,
    simulation_figure,
)
from skinbeam.report.graphics.window import window_figure

__all__ = [
    "check_plot",
    "expect_figure",
    "light_figure",
    "light_profile_figure",
    "result_figure",
    "skin_figure",
    "threshold_figure",
    "write_plot",
]


def expect_figure(expectation: Expectation) -> Figure:
    """Return the figure of an expectation: shares of patients as ranges, beside the predicted number of responders."""
    figure = new_figure(7.4, 3.7)
    shares, counts = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.0, 1.2]})
    draw_shares(shares, _share_rows(expectation), report_text("curves.share_of_patients"))
    _draw_responder_counts(counts, expectation.predict)
    return figure


def _share_rows(expectation: Expectation) -> list[RangeRow]:
    rows = [RangeRow(report_text("curves.at_least", percent=p), value) for p, value in expectation.p_at_least.items()]
    rows.append(RangeRow(report_text("curves.dark_marks"), expectation.pih.p, bad=True))
    if expectation.untreated is not None:
        rows.append(RangeRow(report_text("curves.untreated"), expectation.untreated.p_at_least["50"], marker="D"))
    return rows


def _draw_responder_counts(ax: Any, predict: Prediction) -> None:
    """Draw the probability of each number of responders, with the intervals below it."""
    if isinstance(predict.pmf, Unknown):
        ax.text(0.5, 0.5, report_text("unknown"), transform=ax.transAxes, ha="center", color=GREY)
        ax.set_axis_off()
        return
    pmf = predict.pmf
    highest = max(pmf)
    ax.bar(range(len(pmf)), pmf, width=1.0, color=GOOD, alpha=0.35)
    known = {level: ends for level, ends in predict.intervals.items() if not isinstance(ends, Unknown)}
    for place, (level, (low, high)) in enumerate(known.items(), 1):
        y = -0.09 * place * highest
        ax.plot([low, high], [y, y], color=GOOD, linewidth=4 - place, marker="|", markersize=7)
        ax.text(high, y, f" {report_text('curves.per_cent', value=level)}", va="center", fontsize=7.5)
    ax.set_ylim(-0.4 * highest, 1.08 * highest)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    about = {"patients": predict.patients, "percent": predict.threshold}
    ax.set_xlabel(report_text("curves.responders", **about))
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))


# Light by depth, and the balance of its power.

_FLUENCE_COLOUR = "#5b3f8c"
_NAME_WIDTH = 0.025  # width of a name along the depth axis, as a share of the axis


def light_figure(balance: LightBalance) -> Figure:
    """Return the fluence rate over depth, with the tops of layers, beside the shares of the power."""
    figure = new_figure(7.4, 3.7)
    by_depth, shares = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.5, 1.0]})
    _draw_by_depth(by_depth, balance, balance.tops_um)
    _draw_power_shares(shares, balance)
    return figure


def _draw_by_depth(ax: Any, light: LightBalance | DepthProfile, tops_um: Mapping[str, float]) -> None:
    depth_um, ratio = light.depth_um, light.fluence_rate_ratio
    if isinstance(light, LightBalance) and light.standard_error is not None:
        error = light.standard_error.fluence_rate_ratio
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
        ax.axvline(top_um, color=GREY, linewidth=0.7, linestyle=":")
        if top_um - last_um < _NAME_WIDTH * end:  # names of thin layers would cover each other
            continue
        last_um = top_um
        place = (top_um + 0.01 * end, 0.98)
        ax.text(*place, name, transform=ax.get_xaxis_transform(), rotation=90, va="top", fontsize=7.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.grid(color="#d8dce2", linewidth=0.5)


def light_profile_figure(profile: DepthProfile) -> Figure:
    """Return the fluence rate over the depth of a skin, with the range of the population and the tops of layers."""
    figure = new_figure(7.4, 3.7)
    ax = figure.subplots()
    ends = (profile.fluence_rate_ratio_low, profile.fluence_rate_ratio_high)
    share = report_text("legend_range", level=round(100 * profile.level))
    ax.fill_between(profile.depth_um, *ends, color=_FLUENCE_COLOUR, alpha=0.22, linewidth=0, label=share)
    _draw_by_depth(ax, profile, {layer.name: layer.top_um for layer in profile.layers})
    ax.legend(frameon=False, loc="upper right")
    return figure


def _draw_power_shares(ax: Any, balance: LightBalance) -> None:
    """Draw bars of the reflected, transmitted and absorbed power; shares too small to see are labelled too."""
    outside = [
        ("reflectance_specular", balance.reflectance_specular, "///"),
        ("reflectance_diffuse", balance.reflectance_diffuse, "///"),
        ("transmittance", balance.transmittance, "..."),
    ]
    if balance.escaped_sides is not None:
        outside.append(("escaped_sides", balance.escaped_sides, "xx"))
    rows = [(report_text(f"curves.{name}"), share, hatch) for name, share, hatch in outside]
    rows += [(report_text("curves.absorbed", layer=name), share, "") for name, share in balance.absorbed.items()]
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
    set_percent_ticks(ax.xaxis)
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


def skin_figure(skin: SkinSpectra) -> Figure:
    """Return the reflectance with the range of the population, beside the absorption of each layer."""
    figure = new_figure(7.4, 4.2)
    reflected, absorbed = figure.subplots(1, 2)
    order = sorted(range(len(skin.wavelength_nm)), key=skin.wavelength_nm.__getitem__)
    nm = [skin.wavelength_nm[i] for i in order]

    def sorted_by_nm(values: Floats) -> list[float]:
        return [values[i] for i in order]

    mark = "o" if len(nm) <= _FEW_WAVELENGTHS else ""
    ends = map(sorted_by_nm, (skin.reflectance_low, skin.reflectance_high))
    share = report_text("legend_range", level=round(100 * skin.level))
    reflected.fill_between(nm, *ends, color=_REFLECTANCE_COLOUR, alpha=0.22, linewidth=0, label=share)
    middle = sorted_by_nm(skin.reflectance)
    reflected.plot(
        nm, middle, color=_REFLECTANCE_COLOUR, linewidth=1.8, marker=mark, label=report_text("legend_median")
    )
    reflected.set_ylim(0, 1.1 * max(skin.reflectance_high))
    set_percent_ticks(reflected.yaxis)
    reflected.set_ylabel(report_text("curves.reflectance"))
    reflected.legend(frameon=False, loc="upper left")
    for layer, line in zip(skin.layers, _LINES, strict=False):
        style = line | ({"marker": mark, "markevery": 1} if mark else {})
        absorbed.plot(nm, sorted_by_nm(layer.mua_per_cm), linewidth=1.3, label=layer.name, **style)
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


def threshold_figure(threshold: DoseThreshold) -> Figure:
    """Return the computed and the calibrated curve through the doses, which are marked.

    Between them a curve follows a lognormal law, with a separate spread on each side of the median.
    """
    figure = new_figure(7.4, 3.7)
    ax = figure.subplots()
    doses_by_name = {"dose": threshold.dose, "calibrated_dose": threshold.calibrated_dose}
    known = {name: dose for name, dose in doses_by_name.items() if isinstance(dose, Estimate)}
    first = min(dose.median * math.exp(-_SIDES * _spread(dose, dose.low)) for dose in known.values())
    last = max(dose.median * math.exp(_SIDES * _spread(dose, dose.high)) for dose in known.values())
    doses = [first * (last / first) ** (i / _POINTS) for i in range(_POINTS + 1)]
    for name, value in known.items():
        line, mark, colour = _CURVES[name]
        shares = [_share(value, dose) for dose in doses]
        ax.plot(doses, shares, linestyle=line, color=colour, linewidth=1.8)
        tail = (1 - value.level) / 2
        marked = [value.low, value.median, value.high]
        ax.plot(marked, [tail, 0.5, 1 - tail], mark, color=colour, linestyle="none", markersize=6)
        ax.plot([], [], linestyle=line, marker=mark, color=colour, label=report_text(f"curves.{name}"))
    ax.set_xscale("log")
    set_plain_ticks(ax.xaxis)
    ax.set_xlim(first, last)
    ax.set_ylim(-0.02, 1.02)
    set_percent_ticks(ax.yaxis)
    label, unit = quantity_label(threshold.of)
    ax.set_xlabel(report_text("axis_quantity", name=label, unit=unit))
    ax.set_ylabel(report_text("curves.share_of_skins"))
    ax.grid(color="#d8dce2", linewidth=0.5)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _spread(value: Estimate, end: float) -> float:
    """Return the standard deviation of the logarithm of the dose on one side of the median, at least 1e-3."""
    deviations = NormalDist().inv_cdf(0.5 + value.level / 2)
    return max(abs(math.log(end / value.median)) / deviations, 1e-3)


def _share(value: Estimate, dose: float) -> float:
    spread = _spread(value, value.low if dose < value.median else value.high)
    return NormalDist().cdf(math.log(dose / value.median) / spread)


# Writing a figure to a file.

# Dates and library versions are left out, so that the bytes are reproducible.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DPI = 160
_CAPTION_LETTERS = 100  # of a line


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


def write_plot(result: DocumentResult, path: Path, *, field: str = "plot") -> str:
    """Draw a result to a file, which `field` names, with a caption above.

    The format follows from the suffix. Returns an empty text, or the reason why there is no figure.

    Raises
    ------
    InputError : the file cannot be written.
    """
    if missing := _missing_figure(result):
        return missing
    end, out = path.suffix.lower(), io.BytesIO()
    with rc_context(STYLE):
        figure = result_figure(result)
        figure.savefig(out, format=end[1:], dpi=_DPI, metadata=_METADATA[end])
    write_atomically(path, out.getvalue(), field=field)
    return ""


def result_figure(result: DocumentResult | Plan) -> Figure:
    """Return the figure of a result or plan, with a caption above.

    Raises
    ------
    NotAvailable : there is no figure of such a result, or its dose is unknown.
    """
    if missing := _missing_figure(result):
        raise NotAvailable(missing)
    with rc_context(STYLE):
        figure, caption = _draw(result)
        figure.suptitle(textwrap.fill(caption, _CAPTION_LETTERS), x=0.01, ha="left", fontsize=9.0)
    return figure


def _missing_figure(result: DocumentResult | Plan) -> str:
    """Return why a threshold has no figure; empty where it has a dose, and for all other results."""
    if isinstance(result, DoseThreshold) and isinstance(result.dose, Unknown):
        return report_text("curves.nothing", reason=result.dose.reason)
    return ""


def _draw(result: DocumentResult | Plan) -> tuple[Figure, str]:
    match result:
        case AskedSettingAnswer():
            return setting_figure(result), report_text("curves.setting")
        case Comparison():
            treatments = {"a": inline_title("modality", result.a), "b": inline_title("modality", result.b)}
            return comparison_figure(result), report_text("curves.compare", **treatments)
        case DepthProfile():
            caption = report_text("curves.light-profile", wavelength_nm=result.wavelength_nm)
            return light_profile_figure(result), caption
        case DoseThreshold():
            return threshold_figure(result), report_text("curves.threshold", endpoint=result.endpoint.replace("-", " "))
        case ExpectationAnswer():
            return expect_figure(result), report_text("curves.expect")
        case GuidelineAnswer():
            return guideline_figure(result), report_text("curves.guideline", condition=result.title)
        case LightBalance():
            return light_figure(result), report_text("curves.light")
        case PhotoReport():
            return photo_figure(result), report_text("curves.photo")
        case Plan():
            return plan_figure(result), report_text("curves.plan")
        case PreviewReport():
            return preview_figure(result), report_text("curves.preview")
        case Simulation():
            return simulation_figure(result), report_text("curves.simulate")
        case SkinSpectra():
            return skin_figure(result), report_text("curves.skin")
        case TherapeuticWindow():
            return window_figure(result), report_text("curves.window")
        case _:
            kind = result.schema.removeprefix("skinbeam.").partition("/")[0]
            raise NotAvailable(report_text("curves.none", kind=kind))

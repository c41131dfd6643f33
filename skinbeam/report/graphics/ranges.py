"""Draw estimates as ranges, one row for each, and the figures of results that consist of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.figure import Figure

from skinbeam.api.preview import PreviewReport
from skinbeam.api.summary import Simulation
from skinbeam.api.window_at import AskedSettingAnswer
from skinbeam.evidence.comparison.comparison import Comparison
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.plan_records.plan import Option, Plan
from skinbeam.report.formatting import concern_name, report_text
from skinbeam.report.graphics.charts import BAD, GOOD, GREY, new_figure, set_percent_ticks

__all__ = [
    "RangeRow",
    "comparison_figure",
    "draw_shares",
    "plan_figure",
    "preview_figure",
    "setting_figure",
    "simulation_figure",
]

_ROW_IN, _FRAME_IN = 0.27, 1.0  # height of a row, and of what stands around the rows
_VESSELS_MAX = 3  # more would be rows that nobody tells apart; the document has them all


@dataclass(frozen=True)
class RangeRow:
    """An estimate with its name. A bad one has another colour and another mark, so that colour is not needed."""

    name: str
    value: Value
    bad: bool = False
    marker: str = "o"


def draw_shares(ax: Any, rows: Sequence[RangeRow], label: str, lowest: float = 0.0) -> None:
    """Draw shares in per cent, each as a line from its low to its high end with a mark at the median."""
    _draw_ranges(ax, rows, label, unknown_at=lowest + 0.02)
    ax.set_xlim(lowest, 1)
    set_percent_ticks(ax.xaxis)


def _draw_ranges(ax: Any, rows: Sequence[RangeRow], label: str, unknown_at: float) -> None:
    for place, row in enumerate(rows):
        value, colour = row.value, BAD if row.bad else GOOD
        if isinstance(value, Unknown):
            ax.text(unknown_at, place, report_text("unknown"), va="center", color=GREY)
            continue
        ax.plot([value.low, value.high], [place, place], color=colour, linewidth=2.2)
        ax.plot([value.median], [place], marker="X" if row.bad else row.marker, markersize=8, color=colour)
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.set_xlabel(label)
    ax.grid(axis="x", color="#d8dce2", linewidth=0.5)


def simulation_figure(simulation: Simulation) -> Figure:
    """Return the extreme temperatures of such skins beside the shares of injury and harm; unknowns are left out."""
    heat = [row for row in _temperature_rows(simulation) if not isinstance(row.value, Unknown)]
    shares = [row for row in _injury_rows(simulation) if not isinstance(row.value, Unknown)]
    figure = new_figure(7.4, _FRAME_IN + _ROW_IN * max(len(heat), len(shares), 1))
    left, right = figure.subplots(1, 2)
    _draw_ranges(left, heat, report_text("curves.temperature"), unknown_at=0.0)
    draw_shares(right, shares, report_text("curves.share"))
    return figure


def _temperature_rows(simulation: Simulation) -> Iterator[RangeRow]:
    heat = simulation.temperature_C
    yield RangeRow(report_text("curves.surface_minimum"), heat.surface_minimum)
    yield RangeRow(report_text("curves.surface_peak"), heat.surface_peak)
    yield RangeRow(report_text("curves.basal_peak"), heat.basal_peak)
    for number, vessel in enumerate(heat.vessels[:_VESSELS_MAX], 1):
        if vessel.lumen_peak is not None:
            yield RangeRow(report_text("curves.lumen_peak", number=number), vessel.lumen_peak)
        if vessel.wall_peak is not None:
            yield RangeRow(report_text("curves.wall_peak", number=number), vessel.wall_peak)


def _injury_rows(simulation: Simulation) -> Iterator[RangeRow]:
    for number, vessel in enumerate(simulation.damage.vessels[:_VESSELS_MAX], 1):
        if vessel.p_closed is not None:
            yield RangeRow(report_text("curves.p_closed", number=number), vessel.p_closed)
    yield RangeRow(report_text("curves.p_melanosome_disrupted"), simulation.damage.p_melanosome_disrupted)
    yield RangeRow(report_text("curves.epidermis_fraction"), simulation.damage.epidermis_fraction, bad=True)
    yield RangeRow(report_text("curves.p_burn"), simulation.harm.p_burn, bad=True)
    yield RangeRow(report_text("curves.dark_marks"), simulation.harm.p_pih, bad=True)
    yield RangeRow(report_text("curves.pale_marks"), simulation.harm.p_hypopigmentation, bad=True)
    yield RangeRow(report_text("curves.scar"), simulation.harm.p_scar, bad=True)


def setting_figure(answer: AskedSettingAnswer) -> Figure:
    """Return what one setting does: how likely it reaches its target, burns, breaks a limit and bruises."""
    at = answer.at
    rows = [
        RangeRow(report_text("curves.p_effective"), at.p_effective),
        RangeRow(report_text("curves.p_burn"), at.p_burn, bad=True),
        RangeRow(report_text("curves.p_harm"), at.p_harm, bad=True),
    ]
    if at.p_purpura is not None:
        rows.append(RangeRow(report_text("curves.bruise"), at.p_purpura, bad=True))
    figure = new_figure(5.4, _FRAME_IN + _ROW_IN * len(rows))
    draw_shares(figure.subplots(), rows, report_text("curves.share_of_skins"))
    return figure


def comparison_figure(found: Comparison) -> Figure:
    """Return the difference that each study of both treatments found, above the answers of all trials together."""
    rows = [
        RangeRow(
            report_text("curves.study", study=comparison.study, patients=comparison.patients), comparison.difference
        )
        for comparison in found.direct
    ]
    rows.append(RangeRow(report_text("curves.all_trials"), found.difference, marker="D"))
    rows.append(RangeRow(report_text("curves.all_trials_dark_marks"), found.pih_difference, bad=True))
    figure = new_figure(7.4, _FRAME_IN + _ROW_IN * len(rows))
    ax = figure.subplots()
    draw_shares(ax, rows, report_text("curves.difference"), lowest=-1.0)
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    return figure


def plan_figure(plan: Plan) -> Figure:
    """Return the options of each concern in order of rank, with the share of patients whom trials saw improve by half.

    The share with dark marks stands below each, where one is known.
    """
    rows = [list(_option_rows(concern.options)) for concern in plan.concerns]
    heights = [max(len(part), 1) for part in rows]
    figure = new_figure(7.4, sum(_FRAME_IN + _ROW_IN * height for height in heights))
    axes = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for ax, concern, part in zip(axes, plan.concerns, rows, strict=True):
        draw_shares(ax, part, report_text("curves.share_of_patients"))
        ax.set_title(concern_name(concern), fontsize=9.0, loc="left")
    return figure


def preview_figure(report: PreviewReport) -> Figure:
    """Return what the pictures change: how much better a patient gets, beside how often each harm happens.

    Raises
    ------
    NotAvailable : no picture changes anything.
    """
    if isinstance(report.changes, Unknown) or not report.changes:
        reason = report.changes.reason if isinstance(report.changes, Unknown) else report_text("curves.no_change")
        raise NotAvailable(report_text("curves.nothing", reason=reason))
    gains: dict[str, RangeRow] = {}
    harms: dict[str, RangeRow] = {}
    for change in report.changes:
        place = change.concern.replace("-", " ")
        if change.estimate is not None:
            gains[place] = RangeRow(place, _as_share(change.estimate))
        if change.harm is not None and change.frequency is not None:
            name = f"{change.harm.replace('-', ' ')}, {place}"
            harms[name] = RangeRow(name, change.frequency, bad=True)
    figure = new_figure(7.4, 2 * _FRAME_IN + _ROW_IN * (len(gains) + len(harms)))
    above, below = figure.subplots(2, 1, gridspec_kw={"height_ratios": [max(len(gains), 1), max(len(harms), 1)]})
    draw_shares(above, list(gains.values()), report_text("curves.improvement"))
    draw_shares(below, list(harms.values()), report_text("curves.share_of_patients"))
    return figure


def _as_share(per_cent: Estimate) -> Estimate:
    low, median, high = (value / 100.0 for value in (per_cent.low, per_cent.median, per_cent.high))
    return replace(per_cent, low=low, median=median, high=high)


def _option_rows(options: Sequence[Option]) -> Iterator[RangeRow]:
    for option in options:
        light = "" if option.setup is None else f", {option.setup.device_title}"
        yield RangeRow(f"{option.rank}  {option.title}{light}", option.expected.p_at_least["50"])
        if not isinstance(option.expected.pih.p, Unknown) and option.setup is not None:
            yield RangeRow(report_text("curves.dark_marks"), option.expected.pih.p, bad=True)

"""Render the comparison with published experiments: HTML page with figures, files, and text for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context

from skinbeam._version import __version__
from skinbeam.model.document import pretty_json, write_atomically
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import find_source
from skinbeam.report.formatting import report_text, section_texts
from skinbeam.report.graphics.charts import STYLE, figure_svg, new_figure
from skinbeam.report.report_figures import data_uri
from skinbeam.report.report_files import template_environment
from skinbeam.report.terminal import align_columns
from skinbeam.text import Formatter
from skinbeam.validation.guideline_plans import GuidelineAgreement
from skinbeam.validation.published_rows import PublishedRow
from skinbeam.validation.results import PARTS, SCHEMA, OrderingVerdict, Part, ValidationResult, rows_of_part
from skinbeam.validation.verdict import EndpointError, GroupScore, RowVerdict, row_shares, score_verdicts

__all__ = [
    "agreement_figure",
    "is_drawable",
    "render_validation",
    "validation_text",
    "write_validation",
]

_COLOURS = {"within": "#0b5394", "outside": "#a33b00"}
_MARKS = {"within": "o", "outside": "s"}  # verdicts differ by shape as well as by colour
_ROOM = 2.0  # factor between the outermost value and the frame


def is_drawable(verdict: RowVerdict) -> bool:
    """Return whether a row can be drawn on logarithmic axes: measured and computed values, all above zero."""
    low, high = _measured_range(verdict.row)
    return low > 0 and high > 0 and isinstance(verdict.computed, Estimate) and verdict.computed.median > 0


def agreement_figure(verdicts: Sequence[RowVerdict]) -> str:
    """Return the figure of computed over measured values, on logarithmic axes with the line of agreement.

    All rows must be `is_drawable`. A bound is drawn at its end, with an arrow towards possible values.
    """
    with rc_context(STYLE):
        figure = new_figure(6.2, 4.6)
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.set_yscale("log")
        drawn = [(verdict, *_measured_range(verdict.row), *_computed_range(verdict)) for verdict in verdicts]
        ends = [end for _, low, high, _, bottom, top in drawn for end in (low, high, bottom, top)]
        # The limits are set explicitly: automatic ones around a single point would have no height.
        frame = min(ends) / _ROOM, max(ends) * _ROOM
        ax.set_xlim(frame)
        ax.set_ylim(frame)
        for verdict, low, high, y, bottom, top in drawn:
            middle = (low * high) ** 0.5
            bound = verdict.row.bound
            ax.errorbar(
                [middle],
                [y],
                xerr=[[middle - low], [high - middle]] if not bound else [[middle / 4], [middle / 4]],
                yerr=[[y - bottom], [top - y]],
                xlolims=bound == "lower",
                xuplims=bound == "upper",
                marker=_MARKS[verdict.verdict],
                color=_COLOURS[verdict.verdict],
                capsize=2,
                markersize=5,
                linewidth=1,
            )
            number = verdict.row.id.rsplit("-", 1)[1]
            ax.annotate(number, (middle, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        ax.plot(frame, frame, color="#5b6472", linewidth=0.8, linestyle="--", zorder=0)
        units = {verdict.row.unit for verdict in verdicts}
        unit = units.pop() if len(units) == 1 else report_text("validate.unit-various")
        ax.set_xlabel(report_text("validate.axis_measured", unit=unit))
        ax.set_ylabel(report_text("validate.axis_computed", unit=unit))
        ax.grid(color="#d8dce2", linewidth=0.5)
        return figure_svg(figure)


def _computed_range(verdict: RowVerdict) -> tuple[float, float, float]:
    """Return median, low and high; a low end of zero is replaced, since a logarithmic axis cannot show it."""
    assert isinstance(verdict.computed, Estimate)  # `is_drawable`
    middle = verdict.computed.median
    return middle, max(verdict.computed.low, middle / 100.0), verdict.computed.high


def _measured_range(row: PublishedRow) -> tuple[float, float]:
    """Return the ends of the measured range; both ends of a bound are its value, those of a row in words are zero."""
    low, high = row.ends
    known = [end for end in (low, high) if end is not None]
    return (known[0], known[-1]) if known else (0.0, 0.0)


# Page, files and terminal text.

_FORMAT = Formatter()
_GAP = "  "  # between two columns of a table


def write_validation(result: ValidationResult, folder: Path) -> list[Path]:
    """Write `validation.json` and `validation.html` into `folder` and return their paths."""
    files = {
        "validation.json": pretty_json(result.to_dict(), digits=12),
        "validation.html": render_validation(result),
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def render_validation(result: ValidationResult) -> str:
    """Return the self-contained HTML page: independent rows first, a figure and a table for each group."""
    return (
        template_environment()
        .get_template("validation.html.j2")
        .render(
            words=section_texts("validate"),
            banner=report_text("validate.banner"),
            plan_sha256=result.arguments_sha256,
            version=__version__,
            draws_text=report_text("validate.draws", draws=result.draws),
            parts={part: _part_context(result, part) for part in PARTS},
            endpoints=list(map(_endpoint_cells, result.endpoints)),
            calibrated=result.calibrated,
            guideline=result.guideline,
            guideline_sentence=_guideline_sentence,
            score_cells=_score_cells,
            measured_cell=_measured_cell,
            computed_cell=_computed_cell,
            tolerance_cell=_tolerance_cell,
            ordering_verdict=_ordering_verdict,
            find_source=find_source,
            report_text=report_text,
        )
    )


def validation_text(result: ValidationResult) -> str:
    """Return the comparison as text for a terminal: shares, groups and rows of both parts, with the endpoint errors."""
    lines = [
        f"{SCHEMA}   version {__version__}",
        report_text("validate.draws", draws=result.draws),
    ]
    lines += _part_lines(result, "independent")
    lines += ["", report_text("validate.h_endpoints"), *align_columns(_endpoint_table(result.endpoints), _GAP)]
    if result.guideline is not None:
        lines += ["", report_text("validate.h_guideline"), *_guideline_lines(result.guideline)]
    lines += ["", report_text("validate.h_dependent"), *_part_lines(result, "dependent")]
    return "\n".join(lines) + "\n"


def _part_lines(result: ValidationResult, part: Part) -> list[str]:
    columns = ("group", "rows", "posed", "within", "ratio", "spread")
    table = [[report_text(f"validate.col_{name}") for name in columns]]
    table += [[name, *_score_cells(score)] for name, score in _group_scores(result, part).items()]
    lines = [*_sentences(result, part), "", *align_columns(table, _GAP)]
    for name, found in result.groups.items():
        if rows := rows_of_part(found, part):
            lines += ["", name, *map(_row_line, rows)]
    if orders := result.orderings_of_part(part):
        lines += ["", report_text(f"validate.h_orders-{part}")]
        lines += [f"  {order.id}: {_ordering_verdict(order)}{_reason_clause(order.reason)}" for order in orders]
    return lines


def _guideline_lines(guideline: GuidelineAgreement) -> list[str]:
    table = [tuple(report_text(f"validate.col_{name}") for name in ("cell", "first", "offered"))]
    table += [(plan.cell, plan.first, ", ".join(plan.offered)) for plan in guideline.disagreeing]
    return [_guideline_sentence(guideline), *align_columns(table, _GAP)]


def _row_line(found: RowVerdict) -> str:
    verdict = report_text(f"validate.{found.verdict}")
    if found.verdict == "not-posed":
        return f"  {found.row.id}: {verdict}{_reason_clause(found.reason)}"
    shown = f"{_computed_cell(found)} / {_measured_cell(found.row)}"
    return f"  {found.row.id}: {verdict}: {shown}{_reason_clause(found.reason)}"


def _reason_clause(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _sentences(result: ValidationResult, part: Part) -> list[str]:
    shares, orders = row_shares(rows_of_part(result.rows, part)), result.orderings_of_part(part)
    correct, posed = sum(order.holds for order in orders), sum(order.posed for order in orders)
    return [
        report_text(f"validate.share-{part}", within=shares.within, posed=shares.posed, rows=shares.rows),
        *([report_text("validate.orders", holds=correct, posed=posed, count=len(orders))] if orders else []),
    ]


# Contexts of the template.


@dataclass(frozen=True)
class _SectionContext:
    """A group: its figure, empty where nothing can be drawn, and its rows."""

    id: str
    title: str
    figure: str
    alt: str
    caption: str
    table: str
    rows: Sequence[RowVerdict]


@dataclass(frozen=True)
class _PartContext:
    name: Part
    sentences: list[str]
    groups: dict[str, GroupScore]
    caption: str
    sections: list[_SectionContext]
    h_orders: str
    orders: Sequence[OrderingVerdict]


def _part_context(result: ValidationResult, part: Part) -> _PartContext:
    return _PartContext(
        name=part,
        sentences=_sentences(result, part),
        groups=_group_scores(result, part),
        caption=report_text(f"validate.caption_groups-{part}"),
        sections=[
            _section_context(name, part, rows)
            for name, found in result.groups.items()
            if (rows := rows_of_part(found, part))
        ],
        h_orders=report_text(f"validate.h_orders-{part}"),
        orders=result.orderings_of_part(part),
    )


def _group_scores(result: ValidationResult, part: Part) -> dict[str, GroupScore]:
    """Return the counts of the groups that have rows of a part, by name of the group."""
    scores = {name: score_verdicts(rows_of_part(found, part)) for name, found in result.groups.items()}
    return {name: score for name, score in scores.items() if score.rows}


def _score_cells(score: GroupScore) -> list[str]:
    counts = map(str, (score.rows, score.posed, score.within))
    return [*counts, _number(score.geometric_mean_ratio), _number(score.geometric_spread)]


def _guideline_sentence(guideline: GuidelineAgreement) -> str:
    counts = {name: value for name, value in vars(guideline).items() if name != "disagreeing"}
    return report_text("validate.guideline", **counts)


def _endpoint_table(errors: Sequence[EndpointError]) -> list[list[str]]:
    columns = ("endpoint", "sources", "observed", "dependent-sources", "dependent-observed", "used")
    return [[report_text(f"validate.col_{name}") for name in columns], *map(_endpoint_cells, errors)]


def _endpoint_cells(error: EndpointError) -> list[str]:
    others = error.dependent
    return [
        error.endpoint,
        str(error.sources),
        _number(error.observed),
        "0" if others is None else str(others.sources),
        _number(None if others is None else others.observed),
        _number(error.geometric_error),
    ]


def _number(value: float | Unknown | None) -> str:
    """Format a number with three digits; a dash stands for an unknown, whose reason is in the document."""
    return "–" if value is None or isinstance(value, Unknown) else _FORMAT.number(value)


def _section_context(name: str, part: Part, rows: Sequence[RowVerdict]) -> _SectionContext:
    drawn = [row for row in rows if is_drawable(row)]
    missing = [row.row.id for row in rows if isinstance(row.computed, Estimate) and not is_drawable(row)]
    left_out = report_text("validate.left_out", rows=missing) if missing else ""
    return _SectionContext(
        id=name if part == "independent" else f"{name}-{part}",
        title=name if part == "independent" else report_text("validate.h_group-dependent", group=name),
        figure=data_uri("agreement.svg", agreement_figure(drawn).encode()) if drawn else "",
        alt=report_text("validate.alt_figure", count=len(drawn), group=name),
        caption=report_text("validate.caption_figure", group=name, left_out=left_out).strip(),
        table=report_text(f"validate.caption_rows-{part}", group=name),
        rows=rows,
    )


def _measured_cell(row: PublishedRow) -> str:
    if row.words is not None:
        return row.words
    low, high = (_number(end) for end in row.ends)
    if row.value is not None:
        return f"{low} {row.unit}"
    if row.bound is not None:
        return f"> {low} {row.unit}" if row.bound == "lower" else f"< {high} {row.unit}"
    return f"{low}–{high} {row.unit}"


def _computed_cell(verdict: RowVerdict) -> str:
    if isinstance(verdict.computed, Unknown):
        return "–"
    low, median, high = map(_FORMAT.number, (verdict.computed.low, verdict.computed.median, verdict.computed.high))
    return f"{median} ({low}–{high}) {verdict.row.unit}"


def _tolerance_cell(row: PublishedRow) -> str:
    tolerance = row.tolerance
    if tolerance.factor is not None:
        return report_text("validate.factor", factor=tolerance.factor)
    if tolerance.share is not None:
        return report_text("validate.share-of", percent=round(100 * tolerance.share))
    if tolerance.absolute is not None:
        return report_text("validate.absolute", absolute=tolerance.absolute, unit=row.unit)
    return report_text("validate.in-range")


def _ordering_verdict(order: OrderingVerdict) -> str:
    return report_text("validate.holds" if order.holds else "validate.holds-not")

"""Render the comparison with published experiments: HTML page with figures, files, and text for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from skinbeam.model.document import pretty_json, write_atomically
from skinbeam.model.sources import find_source
from skinbeam.report.formatting import report_text, section_texts
from skinbeam.report.graphics.charts import STYLE, figure_svg
from skinbeam.report.report_figures import data_uri
from skinbeam.report.report_files import template_environment
from skinbeam.text import Formatter

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


def is_drawable(row: Mapping[str, Any]) -> bool:
    """Return whether a row can be drawn on logarithmic axes: measured and computed values, all above zero."""
    low, high = _measured_range(row)
    return low > 0 and high > 0 and float(row["computed"].get("median", 0.0)) > 0


def agreement_figure(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the figure of computed over measured values, on logarithmic axes with the line of agreement.

    All rows must be `is_drawable`. A bound is drawn at its end, with an arrow towards possible values.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.2, 4.6), layout="constrained")
        FigureCanvasSVG(figure)
        ax = figure.subplots()
        ax.set_xscale("log")
        ax.set_yscale("log")
        drawn = [(row, *_measured_range(row), *_computed_range(row)) for row in rows]
        ends = [end for _, low, high, _, bottom, top in drawn for end in (low, high, bottom, top)]
        # The limits are set explicitly: automatic ones around a single point would have no height.
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
        unit = units.pop() if len(units) == 1 else report_text("validate.unit-various")
        ax.set_xlabel(report_text("validate.axis_measured", unit=unit))
        ax.set_ylabel(report_text("validate.axis_computed", unit=unit))
        ax.grid(color="#d8dce2", linewidth=0.5)
        return figure_svg(figure)


def _computed_range(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return median, low and high; a low end of zero is replaced, since a logarithmic axis cannot show it."""
    computed = row["computed"]
    middle = float(computed["median"])
    return middle, max(float(computed["low"]), middle / 100.0), float(computed["high"])


def _measured_range(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the ends of the measured range; both ends of a bound are its value, those of a row in words are zero."""
    measured = row["measured"]
    if "value" in measured:
        return float(measured["value"]), float(measured["value"])
    low = measured.get("low", measured.get("high", 0.0))
    return float(low), float(measured.get("high", low))


# Page, files and terminal text.

_FORMAT = Formatter()
Part = Literal["independent", "dependent"]
_PARTS: tuple[Part, ...] = ("independent", "dependent")


def write_validation(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write `validation.json` and `validation.html` of skinbeam.validate/1 into `folder` and return their paths."""
    files = {
        "validation.json": pretty_json(document, digits=12),
        "validation.html": render_validation(document),
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def render_validation(document: Mapping[str, Any]) -> str:
    """Return the self-contained HTML page: independent rows first, a figure and a table for each group."""
    return (
        template_environment()
        .get_template("validation.html.j2")
        .render(
            words=section_texts("validate"),
            banner=report_text("validate.banner"),
            plan_sha256=document["case_sha256"],
            version=document["version"],
            draws_text=report_text("validate.draws", draws=document["draws"]),
            parts={part: _part_context(document, part) for part in _PARTS},
            endpoints=[_endpoint_context(endpoint) for endpoint in document["endpoints"]],
            calibrated=document["calibrated"],
            guideline=_guideline_context(document),
        )
    )


def validation_text(document: Mapping[str, Any]) -> str:
    """Return the comparison as text for a terminal: shares, groups and rows of both parts, with the endpoint errors."""
    lines = [
        f"{document['schema']}   version {document['version']}",
        report_text("validate.draws", draws=document["draws"]),
    ]
    lines += _part_lines(document, "independent")
    lines += ["", report_text("validate.h_endpoints"), *_columns(_endpoint_table(document))]
    if guideline := _guideline_context(document):
        columns = ("cell", "first", "offered")
        table = [[report_text(f"validate.col_{name}") for name in columns]]
        table += [[row[name] for name in columns] for row in guideline["rows"]]
        lines += ["", report_text("validate.h_guideline"), guideline["sentence"], *_columns(table)]
    lines += ["", report_text("validate.h_dependent"), *_part_lines(document, "dependent")]
    return "\n".join(lines) + "\n"


def _part_lines(document: Mapping[str, Any], part: Part) -> list[str]:
    columns = ("group", "rows", "posed", "within", "ratio", "spread")
    table = [[report_text(f"validate.col_{name}") for name in columns]]
    table += [[str(line[name.replace("group", "name")]) for name in columns] for line in _group_lines(document, part)]
    lines = [*_sentences(document, part), "", *_columns(table)]
    for group in document["groups"]:
        if rows := _rows(document, part, group["name"]):
            lines += ["", group["name"], *(line for row in rows for line in _row_lines(row))]
    if orders := _orders(document, part):
        lines += ["", report_text(f"validate.h_orders-{part}")]
        lines += [f"  {order['id']}: {_ordering_verdict(order)}{_reason_clause(order['reason'])}" for order in orders]
    return lines


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _row_lines(row: Mapping[str, Any]) -> list[str]:
    verdict = report_text(f"validate.{row['verdict']}")
    if row["verdict"] == "not-posed":
        return [f"  {row['id']}: {verdict}{_reason_clause(row['reason'])}"]
    shown = f"{_computed_cell(row)} / {_measured_cell(row)}"
    return [f"  {row['id']}: {verdict}: {shown}{_reason_clause(row['reason'])}"]


def _reason_clause(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _part_context(document: Mapping[str, Any], part: Part) -> dict[str, Any]:
    names = [group["name"] for group in document["groups"]]
    return {
        "name": part,
        "sentences": _sentences(document, part),
        "groups": _group_lines(document, part),
        "caption": report_text(f"validate.caption_groups-{part}"),
        "sections": [_section_context(name, part, rows) for name in names if (rows := _rows(document, part, name))],
        "h_orders": report_text(f"validate.h_orders-{part}"),
        "orders": [_ordering_context(order) for order in _orders(document, part)],
    }


def _rows(document: Mapping[str, Any], part: Part, group: str) -> list[Mapping[str, Any]]:
    return [row for row in document["rows"] if row["group"] == group and row["independent"] == (part == "independent")]


def _orders(document: Mapping[str, Any], part: Part) -> list[Mapping[str, Any]]:
    return [order for order in document["orderings"] if order["independent"] == (part == "independent")]


def _sentences(document: Mapping[str, Any], part: Part) -> list[str]:
    shares, orders = document["shares"][part], _orders(document, part)
    counts = {name: shares[name] for name in ("within", "posed", "rows")}
    held, posed = (sum(order[name] for order in orders) for name in ("holds", "posed"))
    return [
        report_text(f"validate.share-{part}", **counts),
        *([report_text("validate.orders", holds=held, posed=posed, count=len(orders))] if orders else []),
    ]


def _group_lines(document: Mapping[str, Any], part: Part) -> list[dict[str, Any]]:
    """Return the groups that have rows of a part, with their counts."""
    return [
        {
            "name": group["name"],
            **{name: group[part][name] for name in ("rows", "posed", "within")},
            "ratio": _number(group[part]["geometric_mean_ratio"]),
            "spread": _number(group[part]["geometric_spread"]),
        }
        for group in document["groups"]
        if group[part]["rows"]
    ]


def _endpoint_context(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    others = endpoint.get("dependent", {"sources": 0})
    return {
        "endpoint": endpoint["endpoint"],
        "sources": endpoint["sources"],
        "observed": _number(endpoint["observed"]) if "observed" in endpoint else "–",
        "dependent-sources": others["sources"],
        "dependent-observed": _number(others["observed"]) if "observed" in others else "–",
        "used": _number(endpoint["geometric_error"]),
    }


def _guideline_context(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plans beside the guideline; empty of a document of one group of rows."""
    if "guideline" not in document:
        return {}
    guideline = document["guideline"]
    counts = {name: value for name, value in guideline.items() if name != "disagreeing"}
    return {
        "sentence": report_text("validate.guideline", **counts),
        "rows": [
            {"cell": row["cell"], "first": row["first"], "offered": ", ".join(row["offered"])}
            for row in guideline["disagreeing"]
        ],
    }


def _endpoint_table(document: Mapping[str, Any]) -> list[list[str]]:
    columns = ("endpoint", "sources", "observed", "dependent-sources", "dependent-observed", "used")
    table = [[report_text(f"validate.col_{name}") for name in columns]]
    return table + [[str(line[name]) for name in columns] for line in map(_endpoint_context, document["endpoints"])]


def _number(value: Any) -> str:
    """Format a number with three digits; a dash stands for an unknown, whose reason is in the document."""
    return "–" if isinstance(value, Mapping) else _FORMAT.number(value)


def _section_context(name: str, part: Part, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    drawn = [row for row in rows if is_drawable(row)]
    missing = [row["id"] for row in rows if "median" in row["computed"] and not is_drawable(row)]
    left_out = report_text("validate.left_out", rows=missing) if missing else ""
    return {
        "id": name if part == "independent" else f"{name}-{part}",
        "title": name if part == "independent" else report_text("validate.h_group-dependent", group=name),
        "figure": data_uri("agreement.svg", agreement_figure(drawn).encode()) if drawn else "",
        "alt": report_text("validate.alt_figure", count=len(drawn), group=name),
        "caption": report_text("validate.caption_figure", group=name, left_out=left_out).strip(),
        "table": report_text(f"validate.caption_rows-{part}", group=name),
        "rows": [_row_context(row) for row in rows],
    }


def _row_context(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "quantity", "conditions", "assumed", "reason", "source", "verdict")},
        "grade": report_text("validate.label_grade", grade=row["grade"]),
        "calibrator": report_text("validate.label_calibrator", cited=row["calibrator"]) if row["calibrator"] else "",
        "measured": _measured_cell(row),
        "computed": _computed_cell(row),
        "tolerance": _tolerance_cell(row),
        "verdict_text": report_text(f"validate.{row['verdict']}"),
        "citation": find_source(row["source"]).citation,
    }


def _measured_cell(row: Mapping[str, Any]) -> str:
    measured = row["measured"]
    if "words" in measured:
        return str(measured["words"])
    number, unit = _FORMAT.number, row["unit"]
    if "value" in measured:
        return f"{number(measured['value'])} {unit}"
    if "bound" in measured:
        sign, end = (">", "low") if measured["bound"] == "lower" else ("<", "high")
        return f"{sign} {number(measured[end])} {unit}"
    return f"{number(measured['low'])}–{number(measured['high'])} {unit}"


def _computed_cell(row: Mapping[str, Any]) -> str:
    found = row["computed"]
    if "unknown" in found:
        return "–"
    low, median, high = (_FORMAT.number(found[end]) for end in ("low", "median", "high"))
    return f"{median} ({low}–{high}) {row['unit']}"


def _tolerance_cell(row: Mapping[str, Any]) -> str:
    tolerance = row["tolerance"]
    if "factor" in tolerance:
        return report_text("validate.factor", factor=tolerance["factor"])
    if "share" in tolerance:
        return report_text("validate.share-of", percent=round(100 * tolerance["share"]))
    if "absolute" in tolerance:
        return report_text("validate.absolute", absolute=tolerance["absolute"], unit=row["unit"])
    return report_text("validate.in-range")


def _ordering_context(order: Mapping[str, Any]) -> dict[str, Any]:
    return {**order, "verdict_text": _ordering_verdict(order), "citation": find_source(order["source"]).citation}


def _ordering_verdict(order: Mapping[str, Any]) -> str:
    return report_text("validate.holds" if order["holds"] else "validate.holds-not")

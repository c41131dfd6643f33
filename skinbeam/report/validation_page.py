"""The comparison with published experiments as a page, as files and as text for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from skinbeam.document import pretty_json, write_atomically
from skinbeam.messages import Formatter
from skinbeam.report.drawing import data_uri
from skinbeam.report.report import templates
from skinbeam.report.shown import say, words
from skinbeam.report.validation.figure import agreement, drawable
from skinbeam.sources import cite

__all__ = ["render_validation", "validation_text", "write_validation"]

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
    """Return the page: self-contained, independent rows first, a figure and a table for each group."""
    return (
        templates()
        .get_template("validation.html.j2")
        .render(
            words=words("validate"),
            banner=say("validate.banner"),
            plan_sha256=document["case_sha256"],
            version=document["version"],
            drawn=say("validate.draws", draws=document["draws"]),
            parts={part: _part(document, part) for part in _PARTS},
            endpoints=[_endpoint(one) for one in document["endpoints"]],
            calibrated=document["calibrated"],
        )
    )


def validation_text(document: Mapping[str, Any]) -> str:
    """Return the verdicts as lines: independent rows with their shares, groups, orders, the endpoints, the others."""
    lines = [f"{document['schema']}   version {document['version']}", say("validate.draws", draws=document["draws"])]
    lines += _part_lines(document, "independent")
    lines += ["", say("validate.h_endpoints"), *_columns(_endpoint_table(document))]
    lines += ["", say("validate.h_dependent"), *_part_lines(document, "dependent")]
    return "\n".join(lines) + "\n"


def _part_lines(document: Mapping[str, Any], part: Part) -> list[str]:
    columns = ("group", "rows", "posed", "within", "ratio", "spread")
    table = [[say(f"validate.col_{name}") for name in columns]]
    table += [[str(line[name.replace("group", "name")]) for name in columns] for line in _group_lines(document, part)]
    lines = [*_sentences(document, part), "", *_columns(table)]
    for group in document["groups"]:
        if rows := _rows(document, part, group["name"]):
            lines += ["", group["name"], *(line for row in rows for line in _row_lines(row))]
    if orders := _orders(document, part):
        lines += ["", say(f"validate.h_orders-{part}")]
        lines += [f"  {order['id']}: {_holds(order)}{_because(order['reason'])}" for order in orders]
    return lines


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _row_lines(row: Mapping[str, Any]) -> list[str]:
    verdict = say(f"validate.{row['verdict']}")
    if row["verdict"] == "not-posed":
        return [f"  {row['id']}: {verdict}{_because(row['reason'])}"]
    shown = f"{_computed(row)} / {_measured(row)}"
    return [f"  {row['id']}: {verdict}: {shown}{_because(row['reason'])}"]


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _part(document: Mapping[str, Any], part: Part) -> dict[str, Any]:
    names = [group["name"] for group in document["groups"]]
    return {
        "name": part,
        "sentences": _sentences(document, part),
        "groups": _group_lines(document, part),
        "caption": say(f"validate.caption_groups-{part}"),
        "sections": [_section(name, part, rows) for name in names if (rows := _rows(document, part, name))],
        "h_orders": say(f"validate.h_orders-{part}"),
        "orders": [_order(order) for order in _orders(document, part)],
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
        say(f"validate.share-{part}", **counts),
        *([say("validate.orders", holds=held, posed=posed, count=len(orders))] if orders else []),
    ]


def _group_lines(document: Mapping[str, Any], part: Part) -> list[dict[str, Any]]:
    """The groups that have rows of a part, with their counts."""
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


def _endpoint(one: Mapping[str, Any]) -> dict[str, Any]:
    others = one.get("dependent", {"sources": 0})
    return {
        "endpoint": one["endpoint"],
        "sources": one["sources"],
        "observed": _number(one["observed"]) if "observed" in one else "–",
        "dependent-sources": others["sources"],
        "dependent-observed": _number(others["observed"]) if "observed" in others else "–",
        "used": _number(one["geometric_error"]),
    }


def _endpoint_table(document: Mapping[str, Any]) -> list[list[str]]:
    columns = ("endpoint", "sources", "observed", "dependent-sources", "dependent-observed", "used")
    table = [[say(f"validate.col_{name}") for name in columns]]
    return table + [[str(line[name]) for name in columns] for line in map(_endpoint, document["endpoints"])]


def _number(value: Any) -> str:
    """A plain number with three digits; a dash for an unknown, whose reason stands in the document."""
    return "–" if isinstance(value, Mapping) else _FORMAT.number(value)


def _section(name: str, part: Part, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    drawn = [row for row in rows if drawable(row)]
    missing = [row["id"] for row in rows if "median" in row["computed"] and not drawable(row)]
    left_out = say("validate.left_out", rows=missing) if missing else ""
    return {
        "id": name if part == "independent" else f"{name}-{part}",
        "title": name if part == "independent" else say("validate.h_group-dependent", group=name),
        "figure": data_uri("agreement.svg", agreement(drawn).encode()) if drawn else "",
        "alt": say("validate.alt_figure", count=len(drawn), group=name),
        "caption": say("validate.caption_figure", group=name, left_out=left_out).strip(),
        "table": say(f"validate.caption_rows-{part}", group=name),
        "rows": [_row(row) for row in rows],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "quantity", "conditions", "assumed", "reason", "source", "verdict")},
        "grade": say("validate.label_grade", grade=row["grade"]),
        "calibrator": say("validate.label_calibrator", cited=row["calibrator"]) if row["calibrator"] else "",
        "measured": _measured(row),
        "computed": _computed(row),
        "tolerance": _tolerance(row),
        "said": say(f"validate.{row['verdict']}"),
        "cited": cite(row["source"]).short,
    }


def _measured(row: Mapping[str, Any]) -> str:
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


def _computed(row: Mapping[str, Any]) -> str:
    found = row["computed"]
    if "unknown" in found:
        return "–"
    low, median, high = (_FORMAT.number(found[end]) for end in ("low", "median", "high"))
    return f"{median} ({low}–{high}) {row['unit']}"


def _tolerance(row: Mapping[str, Any]) -> str:
    tolerance = row["tolerance"]
    if "factor" in tolerance:
        return say("validate.factor", factor=tolerance["factor"])
    if "share" in tolerance:
        return say("validate.share-of", percent=round(100 * tolerance["share"]))
    if "absolute" in tolerance:
        return say("validate.absolute", absolute=tolerance["absolute"], unit=row["unit"])
    return say("validate.in-range")


def _order(order: Mapping[str, Any]) -> dict[str, Any]:
    return {**order, "said": _holds(order), "cited": cite(order["source"]).short}


def _holds(order: Mapping[str, Any]) -> str:
    return say("validate.holds" if order["holds"] else "validate.holds-not")

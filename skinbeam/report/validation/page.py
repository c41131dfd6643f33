"""The comparison with published experiments as a page, as files and as text for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skinbeam.document import pretty_json, write_atomically
from skinbeam.messages import Formatter
from skinbeam.report.drawing import data_uri
from skinbeam.report.report import templates
from skinbeam.report.shown import say, words
from skinbeam.report.validation.figure import agreement, drawable
from skinbeam.sources import cite

__all__ = ["render_validation", "validation_text", "write_validation"]

_FORMAT = Formatter()


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
    """Return the page: self-contained, a figure and a table for each group."""
    return (
        templates()
        .get_template("validation.html.j2")
        .render(
            words=words("validate"),
            banner=say("validate.banner"),
            plan_sha256=document["case_sha256"],
            version=document["version"],
            sentences=_sentences(document),
            groups=[_group_line(group) for group in document["groups"]],
            sections=[_section(group["name"], document["rows"]) for group in document["groups"]],
            orders=[_order(order) for order in document["orderings"]],
            calibrated=document["calibrated"],
        )
    )


def validation_text(document: Mapping[str, Any]) -> str:
    """Return the verdicts as lines: shares, a table of the groups, every row that was posed, the orders."""
    lines = [f"{document['schema']}   version {document['version']}", *_sentences(document), ""]
    table = [
        [say(f"validate.col_{name}") for name in ("group", "rows", "posed", "within", "ratio", "spread")],
        *(
            [line["name"], str(line["rows"]), str(line["posed"]), str(line["within"]), line["ratio"], line["spread"]]
            for line in map(_group_line, document["groups"])
        ),
    ]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    for group in document["groups"]:
        lines += ["", group["name"]]
        for row in document["rows"]:
            if row["group"] == group["name"]:
                lines += _row_lines(row)
    lines += ["", say("validate.h_orders")]
    lines += [f"  {order['id']}: {_holds(order)}{_because(order['reason'])}" for order in document["orderings"]]
    return "\n".join(lines) + "\n"


def _row_lines(row: Mapping[str, Any]) -> list[str]:
    verdict = say(f"validate.{row['verdict']}")
    if row["verdict"] == "not-posed":
        return [f"  {row['id']}: {verdict}{_because(row['reason'])}"]
    shown = f"{_computed(row)} / {_measured(row)}"
    return [f"  {row['id']}: {verdict}: {shown}{_because(row['reason'])}"]


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _sentences(document: Mapping[str, Any]) -> list[str]:
    shares, orders = document["shares"], document["orderings"]
    counts = {name: shares[name] for name in ("within", "posed", "rows")}
    held = sum(order["holds"] for order in orders)
    return [
        say("validate.share", **counts),
        say("validate.orders", holds=held, count=len(orders)),
        say("validate.draws", draws=document["draws"]),
    ]


def _group_line(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": group["name"],
        "rows": group["rows"],
        "posed": group["posed"],
        "within": group["within"],
        "ratio": _number(group["geometric_mean_ratio"]),
        "spread": _number(group["geometric_spread"]),
    }


def _number(value: Any) -> str:
    """A plain number with three digits; a dash for an unknown, whose reason stands in the document."""
    return "–" if isinstance(value, Mapping) else _FORMAT.number(value)


def _section(name: str, every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rows = [row for row in every if row["group"] == name]
    drawn = [row for row in rows if drawable(row)]
    missing = [row["id"] for row in rows if "median" in row["computed"] and not drawable(row)]
    left_out = say("validate.left_out", rows=missing) if missing else ""
    return {
        "name": name,
        "figure": data_uri("agreement.svg", agreement(drawn).encode()) if drawn else "",
        "alt": say("validate.alt_figure", count=len(drawn), group=name),
        "caption": say("validate.caption_figure", group=name, left_out=left_out).strip(),
        "table": say("validate.caption_rows", group=name),
        "rows": [_row(row) for row in rows],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "quantity", "conditions", "assumed", "reason", "source", "verdict")},
        "grade": say("validate.label_grade", grade=row["grade"]),
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

"""Format a photograph's document for a terminal, in at most 25 lines.

What a doctor must see comes first, then what was found and what could not be read; `--json` has all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skinbeam.cli.plain_text import format_outline
from skinbeam.text import render_message

__all__ = ["LINES_MAX", "format_photo"]

LINES_MAX = 25
_PROBLEMS_MAX, _REASONS_MAX, _REGIONS_MAX = 3, 3, 4


def format_photo(document: Mapping[str, Any]) -> str:
    """Format `skinbeam.photo/1` in at most `LINES_MAX` lines.

    Its first lines are those of every document: a spot that a doctor must see stands above all else.
    """
    head = format_outline({name: document[name] for name in ("schema", "version", "warnings")}).rstrip()
    lines = head.split("\n")
    problems = [problem["message"] for problem in document["quality"]["problems"]]
    lines += [render_message("terminal.photo-problem", {"text": text}) for text in problems[:_PROBLEMS_MAX]]
    lines += _more(len(problems) - _PROBLEMS_MAX)
    findings = document["findings"]
    if not isinstance(findings, Mapping):
        lines += _finding_lines(findings)
    colour = document["colour"]
    if "ita_deg" in colour:
        angle = colour["ita_deg"]
        ends = {name: round(angle[name]) for name in ("median", "low", "high")}
        lines.append(render_message("terminal.photo-angle", ends))
    if document["regions_left_out"] and "unknown" not in document["regions_left_out"]:
        lines.append(render_message("terminal.photo-regions", {"names": list(document["regions_left_out"])}))
    if "change" in document:
        lines.append(_change_line(document["change"]))
    lines.append(render_message("terminal.photo-rest"))
    return "\n".join(lines) + "\n"


def _finding_lines(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each kind that was found, one for all that were not, and one for each reason of unknown ones."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        kinds.setdefault(finding["kind"], []).append(finding)
    found = {kind: [one for one in own if "told" in one] for kind, own in kinds.items()}
    if any(found.values()):
        yield render_message("terminal.photo-found")
    for told in found.values():
        if told:
            places = [f"{one['told']} ({one['region']})" for one in told]
            more = len(places) - _REGIONS_MAX
            yield "  " + "; ".join(places[:_REGIONS_MAX] + list(_more(more)))
    reasons: dict[str, list[str]] = {}
    nothing = []
    for kind, own in kinds.items():
        if isinstance(own[0]["area_mm2"], Mapping) and "unknown" in own[0]["area_mm2"]:
            reasons.setdefault(own[0]["area_mm2"]["unknown"], []).append(_kind_word(kind))
        elif not found[kind]:
            nothing.append(_kind_word(kind))
    if nothing:
        yield render_message("terminal.photo-nothing", {"names": nothing})
    for reason, names in list(reasons.items())[:_REASONS_MAX]:
        yield render_message("terminal.photo-unknown", {"names": names, "reason": reason})
    yield from _more(len(reasons) - _REASONS_MAX)


def _kind_word(kind: str) -> str:
    return render_message(f"finding-kind.{kind}")


def _more(number: int) -> Iterator[str]:
    """Yield that so many more stand in the document, if there are any."""
    if number > 0:
        yield render_message("terminal.photo-more", {"number": number})


def _change_line(change: Mapping[str, Any]) -> str:
    if "unknown" in change:
        return render_message("terminal.photo-no-change", {"reason": change["unknown"]})
    return render_message("terminal.photo-change", {"number": len(change["findings"])})

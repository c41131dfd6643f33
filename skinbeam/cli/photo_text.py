"""Format the findings of a photograph for a terminal, in at most 25 lines.

What a doctor must see comes first, then what was found and what could not be read; `--json` has all of it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skinbeam._version import __version__
from skinbeam.cli.plain_text import format_outline
from skinbeam.model.estimate import Unknown
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import finding_message, region_words
from skinbeam.text import render_message

if TYPE_CHECKING:
    from skinbeam.api.analyse_photo import PhotoReport
    from skinbeam.photo.comparison.change_document import ChangeReport
    from skinbeam.photo.findings.finding import SkinFinding

__all__ = ["LINES_MAX", "format_photo"]

LINES_MAX = 25
_PROBLEMS_MAX, _REASONS_MAX, _REGIONS_MAX = 3, 3, 4


def format_photo(report: "PhotoReport") -> str:
    """Format the findings of a photograph in at most `LINES_MAX` lines.

    Its first lines are those of every document: a spot that a doctor must see stands above all else.
    """
    warnings = [warning.as_record() for warning in report.warnings]
    head = format_outline({"schema": report.schema, "version": __version__, "warnings": warnings}).rstrip()
    lines = head.split("\n")
    problems = [problem.message.english for problem in report.quality.problems]
    lines += [render_message("terminal.photo-problem", {"text": text}) for text in problems[:_PROBLEMS_MAX]]
    lines += _more(len(problems) - _PROBLEMS_MAX)
    if not isinstance(report.findings, Unknown):
        lines += _finding_lines(report.findings)
    if not isinstance(report.colour, Unknown):
        angle = report.colour.ita_deg
        ends = {"median": round(angle.median), "low": round(angle.low), "high": round(angle.high)}
        lines.append(render_message("terminal.photo-angle", ends))
    if report.regions_left_out and not isinstance(report.regions_left_out, Unknown):
        names = dict.fromkeys(map(_region_words, report.regions_left_out))
        lines.append(render_message("terminal.photo-regions", {"names": "; ".join(names)}))
    if report.change is not None:
        lines.append(_change_line(report.change))
    lines.append(render_message("terminal.photo-rest"))
    return "\n".join(lines) + "\n"


def _finding_lines(findings: Sequence["SkinFinding"]) -> Iterator[str]:
    """Yield a line for each kind that was found, one for all that were not, and one for each reason of unknown ones."""
    kinds: dict[str, list[SkinFinding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    found = {
        kind: [finding_message(marks_of_kind) for marks_of_kind in own if marks_of_kind.told is not None]
        for kind, own in kinds.items()
    }
    if any(found.values()):
        yield render_message("terminal.photo-found")
    for entries in found.values():
        if entries:
            places = [message.english for message in entries]
            more = len(places) - _REGIONS_MAX
            yield "  " + "; ".join(places[:_REGIONS_MAX] + list(_more(more)))
    reasons: dict[str, list[str]] = {}
    nothing = []
    for kind, own in kinds.items():
        if isinstance(area := own[0].area_mm2, Unknown):
            reasons.setdefault(area.reason, []).append(_kind_word(kind))
        elif not found[kind]:
            nothing.append(_kind_word(kind))
    if nothing:
        yield render_message("terminal.photo-nothing", {"names": nothing})
    for reason, names in list(reasons.items())[:_REASONS_MAX]:
        yield render_message("terminal.photo-unknown", {"names": names, "reason": reason})
    yield from _more(len(reasons) - _REASONS_MAX)


def _region_words(region: str) -> str:
    words = region_words(REGION_SITES.get(region, region), region)
    return words if isinstance(words, str) else words.english


def _kind_word(kind: str) -> str:
    return render_message(f"finding-kind.{kind}")


def _more(number: int) -> Iterator[str]:
    """Yield that so many more stand in the document, if there are any."""
    if number > 0:
        yield render_message("terminal.photo-more", {"number": number})


def _change_line(change: "ChangeReport | Unknown") -> str:
    if isinstance(change, Unknown):
        return render_message("terminal.photo-no-change", {"reason": change.reason})
    return render_message("terminal.photo-change", {"number": len(change.findings)})

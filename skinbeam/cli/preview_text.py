"""Format a preview for a terminal, in at most 25 lines: its files, days, gains and harms, and what is not drawn.

`--json` has every change of every picture with its sources.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skinbeam._version import __version__
from skinbeam.cli.plain_text import format_outline
from skinbeam.model.estimate import Unknown
from skinbeam.preview.undrawn_harms import undrawn_harm_messages
from skinbeam.text import Message, render_message

if TYPE_CHECKING:
    from skinbeam.api.preview import PanelRecord, PreviewReport

__all__ = ["LINES_MAX", "format_preview"]

LINES_MAX = 25
_REASONS_MAX = 2


def format_preview(report: "PreviewReport") -> str:
    """Format a preview in at most `LINES_MAX` lines.

    Its first lines are those of every document: a spot that a doctor must see stands above all else.
    """
    warnings = [warning.as_record() for warning in report.warnings]
    lines = format_outline({"schema": report.schema, "version": __version__, "warnings": warnings}).rstrip().split("\n")
    if not isinstance(report.pictures, Unknown) and not isinstance(report.strip, Unknown):
        close_ups = () if isinstance(report.close_ups, Unknown) else report.close_ups
        shown = [*report.pictures, *(picture for close_up in close_ups for picture in close_up.pictures)]
        number = len({picture.file for picture in shown if isinstance(picture.file, str)})
        params = {"marked": report.marked, "strip": report.strip, "number": number}
        lines.append(render_message("terminal.preview-files", params))
        lines += _picture_lines(report, report.pictures)
    lines.append(render_message("terminal.photo-rest"))
    return "\n".join(lines) + "\n"


def _picture_lines(report: "PreviewReport", pictures: Sequence["PanelRecord"]) -> Iterator[str]:
    gains = [picture for picture in pictures if picture.at == "end"]
    yield _title("end")
    if any(isinstance(gain.file, str) for gain in gains):
        yield from map(_gain_line, gains)
        undrawn = () if isinstance(report.not_drawn, Unknown) else report.not_drawn
        for text in undrawn[:_REASONS_MAX]:
            yield render_message("terminal.preview-not-drawn", {"text": text})
        if len(undrawn) > _REASONS_MAX:
            yield render_message("terminal.photo-more", {"number": len(undrawn) - _REASONS_MAX})
    else:
        yield from _indented(gains[0].notes or _reason(gains[0]))
    harms = [picture for picture in pictures if picture.at == "harm"]
    uncounted = () if isinstance(report.harms_not_drawn, Unknown) else undrawn_harm_messages(report.harms_not_drawn)
    if harms or uncounted:
        yield _title("harms")
        yield from map(_gain_line, harms)
        yield from _indented(message.english for message in uncounted)
    if isinstance(report.visit, str):
        yield report.visit
        yield from (
            render_message("terminal.preview-day", {"label": day.label, "words": " ".join(day.notes or _reason(day))})
            for day in pictures
            if day.at == "day"
        )


def _title(label: str) -> str:
    return render_message("terminal.preview-part", {"title": Message(f"preview-label.{label}").english})


def _gain_line(picture: "PanelRecord") -> str:
    words = picture.frequency or " ".join(_reason(picture))
    return render_message("terminal.preview-picture", {"label": picture.label, "words": words, "file": picture.file})


def _reason(picture: "PanelRecord") -> tuple[str, ...]:
    return (picture.file.reason,) if isinstance(picture.file, Unknown) else ()


def _indented(texts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (render_message("terminal.preview-none", {"words": text}) for text in texts)

"""The strip as one picture: before and the days in a row, the results below it, harms last, each with its words."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from skinbeam.messages import Message, text
from skinbeam.photo.reading.read import Picture
from skinbeam.preview.marked import GREY, INK, PAPER, Letters, letters, wrapped
from skinbeam.preview.panels import because
from skinbeam.preview.records import Panel, Strip

__all__ = ["below", "sheet_of", "with_words_below"]

_CELL, _GAP, _MARGIN = 300, 14, 26  # px
_TEXT, _SMALL, _HEAD = 17, 14, 24
_LEADING = 1.3
_COLUMNS = 6
_WIDTH = 2 * _MARGIN + _COLUMNS * _CELL + (_COLUMNS - 1) * _GAP
_FADED = (96, 106, 116)


def sheet_of(strip: Strip) -> Picture:
    """Return a strip as one picture, (height, width, 3), for a page that says what belongs below in its own words."""
    groups = [
        (strip.visit, [one for one in strip.panels if one.moment.kind in ("before", "day")]),
        (Message("preview-label.results"), [one for one in strip.panels if one.moment.kind in ("end", "months")]),
        (Message("preview-label.harms"), [one for one in strip.panels if one.moment.kind == "harm"]),
    ]
    shape = next(one.picture.shape for one in strip.panels if one.picture is not None)
    height = round(_CELL * shape[0] / shape[1])
    rows: list[list[tuple[Message | None, Sequence[Panel]]]] = []
    for head, panels in ((head, _told_once(panels)) for head, panels in groups if panels):
        if rows and sum(len(one) for _, one in rows[-1]) + len(panels) <= _COLUMNS:
            rows[-1].append((head, panels))
        else:
            rows.append([(head, panels)])
    return np.vstack([_title(_WIDTH), *(_row(row, height, _WIDTH) for row in rows)])


def with_words_below(sheet: Picture, strip: Strip) -> Picture:
    """Return the sheet of a strip with what belongs below it."""
    return np.vstack([sheet, _paragraphs([one.text for one in below(strip)], _WIDTH)])


def below(strip: Strip) -> tuple[Message, ...]:
    """Return what belongs below a strip: what stands between trials and pictures, and what is not drawn."""
    return (Message("preview.gains-at-end"), strip.assumption, *strip.notes, *(because(one) for one in strip.left))


def _told_once(panels: Sequence[Panel]) -> Sequence[Panel]:
    """One panel in place of several that have no picture for the same reasons."""
    first = panels[0]
    alike = all(one.picture is None and (one.why, one.notes) == (first.why, first.notes) for one in panels)
    return panels[:1] if alike else panels


def _title(width: int) -> Picture:
    font = letters(_HEAD, bold=True)
    words = f"{text('preview-label.strip')} · {text('preview.marked')}"
    return _written([(words, font, INK)], width - 2 * _MARGIN, width, above=_MARGIN)


def _row(groups: Sequence[tuple[Message | None, Sequence[Panel]]], height: int, width: int) -> Picture:
    """Panels beside each other, each group of them under a line that says what they have in common."""
    parts = []
    for head, panels in groups:
        cells = [_cell(panel, height) for panel in panels]
        across = len(cells) * (_CELL + _GAP) - _GAP
        lines = [] if head is None else [(head.text, letters(_TEXT, bold=True), INK)]
        parts.append((_written(lines, across, across, above=12), cells))
    top = max(line.shape[0] for line, _ in parts)
    sheet = np.full((top + max(cell.shape[0] for _, cells in parts for cell in cells), width, 3), 255, np.uint8)
    x = _MARGIN
    for line, cells in parts:
        sheet[top - line.shape[0] : top, x : x + line.shape[1]] = line
        for cell in cells:
            sheet[top : top + cell.shape[0], x : x + _CELL] = cell
            x += _CELL + _GAP
    return sheet


def _cell(panel: Panel, height: int) -> Picture:
    """One panel: its picture or why there is none, what it is, how often people see more or less."""
    if panel.picture is None:
        top = _card(panel, height)
    else:
        top = np.asarray(cv2.resize(panel.picture, (_CELL, height), interpolation=cv2.INTER_AREA), np.uint8)
    lines = [(panel.label.text, letters(_TEXT, bold=True), INK)]
    if panel.frequency is not None:
        lines.append((panel.frequency.text, letters(_TEXT), INK))
    if panel.picture is not None:
        mark = "preview.photograph" if panel.moment.kind == "before" else "preview.marked"
        lines += [(text(mark), letters(_SMALL), _FADED), *((one.text, letters(_SMALL), INK) for one in panel.notes)]
    return np.vstack([top, _written(lines, _CELL, _CELL, above=6)])


def _card(panel: Panel, height: int) -> Picture:
    """Why there is no picture, in its place."""
    sheet = Image.new("RGB", (_CELL, height), GREY)
    draw = ImageDraw.Draw(sheet)
    said = [one for one in (panel.why, *panel.notes) if one is not None]
    size = _TEXT
    while True:
        font, bold = letters(size), letters(size, bold=True)
        lines = [
            (line, bold if place == 0 else font)
            for place, one in enumerate(said)
            for line in [*wrapped(one.text, font if place else bold, _CELL - 32), ""]
        ]
        step = round(_LEADING * size)
        if step * len(lines) <= height - 24 or size <= 9:
            break
        size -= 1
    y = max((height - step * len(lines)) // 2, 8)
    for line, face in lines:
        draw.text((16, y), line, INK, face)
        y += step
    return np.asarray(sheet)


def _paragraphs(words: Sequence[str], width: int) -> Picture:
    return _written([(one, letters(_SMALL), INK) for one in words], width - 2 * _MARGIN, width, above=16, below=20)


def _written(
    lines: Sequence[tuple[str, Letters, tuple[int, int, int]]],
    width: int,
    sheet_px: int,
    *,
    above: int = 0,
    below: int = 8,
) -> Picture:
    """Text on paper, wrapped to a width; on the whole sheet it keeps the margin."""
    laid = [(line, font, ink) for words, font, ink in lines for line in wrapped(words, font, width)]
    height = above + below + sum(round(_LEADING * font.size) for _, font, _ in laid)
    sheet = Image.new("RGB", (sheet_px, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = above
    for line, font, ink in laid:
        draw.text(((sheet_px - width) // 2, y), line, ink, font)
        y += round(_LEADING * font.size)
    return np.asarray(sheet)

"""The strip as one picture, and row by row for a page: before and the days, results, harms, each with its words."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from skinbeam.messages import Message, text
from skinbeam.photo.reading.read import Picture
from skinbeam.preview.marked import GREY, INK, PAPER, Letters, letters, wrapped
from skinbeam.preview.panels import because
from skinbeam.preview.records import Panel, Strip

__all__ = ["below", "rows_of", "sheet_of", "with_words_below"]

_GAP, _HEAD = 14, 24  # px
_LEADING = 1.3
_FADED = (96, 106, 116)


@dataclass(frozen=True)
class _Layout:
    """How many panels stand side by side, and how large: all in pixels but the number of columns."""

    columns: int
    cell: int
    text: int
    small: int
    margin: int

    @property
    def width(self) -> int:
        return 2 * self.margin + self.columns * self.cell + (self.columns - 1) * _GAP


_ON_A_SCREEN = _Layout(columns=6, cell=300, text=17, small=15, margin=26)
_ON_PAPER = _Layout(columns=3, cell=360, text=24, small=22, margin=0)  # 10 pt over the 180 mm of a page

_AT_LEAST = Message("preview.at-least")

_Groups = Sequence[tuple[Message | None, Sequence[Panel]]]


def sheet_of(strip: Strip) -> Picture:
    """Return a strip as one picture, (height, width, 3), without what belongs below it."""
    laid = _ON_A_SCREEN
    return np.vstack([_title(laid), *(_row(row, strip, laid) for row in _rows(strip, laid.columns))])


def rows_of(strip: Strip) -> tuple[tuple[Picture, tuple[Message, ...]], ...]:
    """Return a strip row by row, (height, width, 3) each, with what each picture of a row is, for a page."""
    laid = _ON_PAPER
    return tuple(
        (_row(row, strip, laid), tuple(one.label for _, panels in row for one in panels))
        for row in _rows(strip, laid.columns)
    )


def _rows(strip: Strip, columns: int) -> list[_Groups]:
    """Panels in rows: those that belong together stand together, and a row is shared where there is room."""
    groups = [
        (strip.visit, [one for one in strip.panels if one.moment.kind in ("before", "day")]),
        (Message("preview-label.results"), [one for one in strip.panels if one.moment.kind in ("end", "months")]),
        (Message("preview-label.harms"), [one for one in strip.panels if one.moment.kind == "harm"]),
    ]
    rows: list[list[tuple[Message | None, Sequence[Panel]]]] = []
    for head, panels in ((head, _told_once(panels)) for head, panels in groups if panels):
        if rows and sum(len(one) for _, one in rows[-1]) + len(panels) <= columns:
            rows[-1].append((head, panels))
            continue
        for first in range(0, len(panels), columns):
            rows.append([(head if first == 0 else None, panels[first : first + columns])])
    return list(rows)


def with_words_below(sheet: Picture, strip: Strip) -> Picture:
    """Return the sheet of a strip with what belongs below it."""
    return np.vstack([sheet, _paragraphs([one.text for one in below(strip)], _ON_A_SCREEN)])


def below(strip: Strip) -> tuple[Message, ...]:
    """Return what belongs below a strip: what stands between trials and pictures, and what is not drawn."""
    return (Message("preview.gains-at-end"), strip.assumption, *strip.notes, *(because(one) for one in strip.left))


def _told_once(panels: Sequence[Panel]) -> Sequence[Panel]:
    """One panel in place of several that have no picture for the same reasons."""
    first = panels[0]
    alike = all(one.picture is None and (one.why, one.notes) == (first.why, first.notes) for one in panels)
    return panels[:1] if alike else panels


def _title(laid: _Layout) -> Picture:
    font = letters(_HEAD, bold=True)
    words = f"{text('preview-label.strip')} · {text('preview.marked')}"
    return _written([(words, font, INK)], laid.width - 2 * laid.margin, laid.width, above=laid.margin)


def _row(groups: _Groups, strip: Strip, laid: _Layout) -> Picture:
    """Panels beside each other, each group under a line that names it; what a broken line means stands once below."""
    shape = next(one.picture.shape for one in strip.panels if one.picture is not None)
    drawn = any(panel.picture is not None for _, panels in groups for panel in panels)
    height = round(laid.cell * shape[0] / shape[1]) if drawn else 0  # reasons alone take what their words need
    parts = []
    for head, panels in groups:
        cells = [_cell(panel, height, laid) for panel in panels]
        across = len(cells) * (laid.cell + _GAP) - _GAP
        lines = [] if head is None else [(head.text, letters(laid.text, bold=True), INK)]
        parts.append((_written(lines, across, across, above=12), cells))
    top = max(line.shape[0] for line, _ in parts)
    tall = top + max(cell.shape[0] for _, cells in parts for cell in cells)
    sheet = np.full((tall, laid.width, 3), 255, np.uint8)
    x = laid.margin
    for line, cells in parts:
        sheet[top - line.shape[0] : top, x : x + line.shape[1]] = line
        for cell in cells:
            sheet[top : top + cell.shape[0], x : x + laid.cell] = cell
            x += laid.cell + _GAP
    lined = any(_AT_LEAST in panel.notes for _, panels in groups for panel in panels)
    return np.vstack([sheet, _paragraphs([_AT_LEAST.text], laid)]) if lined else sheet


def _cell(panel: Panel, height: int, laid: _Layout) -> Picture:
    """One panel: its picture or why there is none, what it is, how often people see more or less, and its own notes."""
    if panel.picture is None:
        top = _card(panel, height, laid)
    else:
        top = np.asarray(cv2.resize(panel.picture, (laid.cell, height), interpolation=cv2.INTER_AREA), np.uint8)
    lines = [(panel.label.text, letters(laid.text, bold=True), INK)]
    if panel.frequency is not None:
        lines.append((panel.frequency.text, letters(laid.text), INK))
    if panel.picture is not None:
        mark = "preview.photograph" if panel.moment.kind == "before" else "preview.marked"
        small = letters(laid.small)
        own = [note for note in panel.notes if note != _AT_LEAST]
        lines += [(text(mark), small, _FADED), *((note.text, small, INK) for note in own)]
    return np.vstack([top, _written(lines, laid.cell, laid.cell, above=6)])


def _card(panel: Panel, height: int, laid: _Layout) -> Picture:
    """Why there is no picture, in its place; longer where the words ask for it."""
    font, bold = letters(laid.small), letters(laid.small, bold=True)
    said = [one for one in (panel.why, *panel.notes) if one is not None]
    lines = [
        (line, bold if place == 0 else font)
        for place, one in enumerate(said)
        for line in [*wrapped(one.text, bold if place == 0 else font, laid.cell - 32), ""]
    ]
    step = round(_LEADING * laid.small)
    height = max(height, step * len(lines) + 16)
    sheet = Image.new("RGB", (laid.cell, height), GREY)
    draw = ImageDraw.Draw(sheet)
    y = (height - step * len(lines)) // 2
    for line, face in lines:
        draw.text((16, y), line, INK, face)
        y += step
    return np.asarray(sheet)


def _paragraphs(words: Sequence[str], laid: _Layout) -> Picture:
    lines = [(one, letters(laid.small), INK) for one in words]
    return _written(lines, laid.width - 2 * laid.margin, laid.width)


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

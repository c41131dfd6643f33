"""Lay out the strip as one picture, and encode pictures with caption and metadata.

Every picture says in words and in the metadata of its file that it is a preview; it contains no data of the person.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from skinbeam._version import __version__
from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.preview.page_image import compress_for_page
from skinbeam.preview.panels import omission_message
from skinbeam.preview.strip import Panel, PreviewStrip
from skinbeam.preview.study_names import name_studies
from skinbeam.preview.undrawn_harms import undrawn_harm_messages, unknown_harm_reasons
from skinbeam.text import Message, render_message

__all__ = [
    "BAND_HEIGHT",
    "GREY",
    "INK",
    "IPTC_ALTERED",
    "PAPER",
    "Font",
    "add_caption_band",
    "add_footnotes",
    "day_words",
    "encode_jpeg",
    "encode_png",
    "footnotes",
    "load_font",
    "render_sheet",
    "wrap_text",
]

Font = ImageFont.FreeTypeFont
PAPER, GREY, INK = (255, 255, 255), (232, 235, 238), (28, 36, 44)
# A photograph that an algorithm altered and nothing generated (iptc2024source).
IPTC_ALTERED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>{kind}</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
BAND_HEIGHT = 0.09  # height of the caption band, relative to the width of the picture
_BAND_FILL = 0.92
_PACKED = 3  # compression level: files a tenth larger than with 9, in a third of the time


@cache
def load_font(size_px: int, *, bold: bool = False) -> Font:
    """Return a font with the characters of every language of the catalogue."""
    import matplotlib  # imported late: it takes a while, and most commands draw nothing

    file = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / file
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


def wrap_text(words: str, font: Font, width_px: int) -> list[str]:
    """Wrap text to lines of a width; a longer word has a line of its own."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def add_caption_band(picture: Picture, words: str) -> Picture:
    """Add a caption on a band below a picture, which covers no pixel of it."""
    height, width = picture.shape[:2]
    band = round(BAND_HEIGHT * width)
    sheet = Image.new("RGB", (width, height + band), PAPER)
    sheet.paste(Image.fromarray(picture), (0, 0))
    size = round(0.5 * band)
    while size > 1 and load_font(size).getlength(words) > _BAND_FILL * width:
        size -= 1
    ImageDraw.Draw(sheet).text((width / 2, height + band / 2), words, INK, load_font(size), anchor="mm")
    return np.asarray(sheet)


def encode_png(picture: Picture, *, altered: bool) -> bytes:
    """Encode a picture as PNG, with its description as the only metadata."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add_text("Software", f"skinbeam {__version__}")
    metadata.add_text("Description", render_message("preview.described" if altered else "preview.before"))
    if altered:
        cite_sources("iptc2024source")
        metadata.add_text("Title", render_message("preview.marked"))
        metadata.add_itxt("XML:com.adobe.xmp", _XMP.format(kind=IPTC_ALTERED))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", pnginfo=metadata, compress_level=_PACKED)
    return file.getvalue()


def encode_jpeg(picture: Picture, *, altered: bool) -> bytes:
    """Encode a picture for a page as JPEG, a fifth of its size as PNG, with the same description."""
    metadata: dict[str, bytes] = {
        "comment": render_message("preview.described" if altered else "preview.before").encode()
    }
    if altered:
        cite_sources("iptc2024source")
        metadata["xmp"] = _XMP.format(kind=IPTC_ALTERED).encode()
    return compress_for_page(Image.fromarray(picture), **metadata)


# Layout of the strip as one picture.

_GAP, _HEAD = 14, 24  # px
_LEADING = 1.3
_BELOW = 8  # pixels of paper below lines of text
_FADED = (96, 106, 116)
_COLUMNS, _CELL, _TEXT, _SMALL, _MARGIN = 4, 400, 17, 15, 26  # columns of panels, and sizes in pixels
_WIDTH = 2 * _MARGIN + _COLUMNS * _CELL + (_COLUMNS - 1) * _GAP


def render_sheet(strip: PreviewStrip) -> Picture:
    """Render a strip as one picture, (height, width, 3), without its footnotes."""
    words = f"{render_message('preview-label.strip')} · {render_message('preview.marked')}"
    parts = [_render_text([(words, load_font(_HEAD, bold=True), INK)], above=_MARGIN)]
    for title, panels in _rows(strip):
        for first in range(0, len(panels), _COLUMNS):
            parts.append(_render_row(title if first == 0 else None, panels[first : first + _COLUMNS]))
    parts.append(_render_undrawn_harms(strip))
    days = [panel for panel in strip.panels if panel.moment.kind == "day"]
    lines = [(f"{panel.label.text}: {day_words(panel)}", load_font(_SMALL), INK) for panel in days]
    head = render_message("preview-label.days") if strip.visit is None else strip.visit.text
    parts.append(_render_text([(head, load_font(_TEXT, bold=True), INK), *lines], above=12))
    return np.vstack(parts)


def _render_undrawn_harms(strip: PreviewStrip) -> Picture:
    """Render the harms without a picture, below those that have one, or under their heading where none has."""
    lines = [(line.text, load_font(_SMALL), INK) for line in undrawn_harm_messages(strip.undrawn_harms)]
    if lines and not any(close_up.harm for close_up in strip.close_ups):
        lines = [(render_message("preview-label.harms"), load_font(_TEXT, bold=True), INK), *lines]
    return _render_text(lines)


def _rows(strip: PreviewStrip) -> list[tuple[Message, Sequence[Panel]]]:
    """Return the rows of pictures: results on the whole face, close-ups of gains, and harms with their close-ups."""
    before = [panel for panel in strip.panels if panel.moment.kind == "before"]
    ends = [panel for panel in strip.panels if panel.moment.kind == "end"]
    rows: list[tuple[Message, Sequence[Panel]]] = [
        (Message("preview-label.end"), [*before, *_merge_unknown_panels(ends)])
    ]
    rows += [(close_up.title, close_up.panels) for close_up in strip.close_ups if not close_up.harm]
    late = _merge_unknown_panels([panel for panel in strip.panels if panel.moment.kind == "months"])
    if any(panel.picture is not None for panel in late):
        rows.append((late[0].label, late))
    harms = [panel for close_up in strip.close_ups if close_up.harm for panel in close_up.panels]
    return [*rows, (Message("preview-label.harms"), harms)] if harms else rows


def day_words(panel: Panel) -> str:
    """Return what shows on a day in a line: the words of the plan, or why there are none."""
    return " ".join(note.text for note in panel.notes) or ("" if panel.reason is None else panel.reason.text)


def add_footnotes(sheet: Picture, strip: PreviewStrip) -> Picture:
    """Return the sheet of a strip with its footnotes."""
    small = load_font(_SMALL)
    return np.vstack([sheet, _render_text([(footnote, small, INK) for footnote in footnotes(strip)])])


def footnotes(strip: PreviewStrip) -> tuple[str, ...]:
    """Return the footnotes of a strip for patients: what is drawn, the assumptions behind it, what is not drawn."""
    gains = any(panel.moment.kind == "end" and panel.picture is not None for panel in strip.panels)
    late = [panel.reason for panel in strip.panels if panel.moment.kind == "months" and panel.reason is not None]
    notes = (
        *strip.notes,
        *((strip.assumption, *late[:1]) if gains else ()),
        Message("preview.days-told"),
        *unknown_harm_reasons(strip.undrawn_harms),
        *(omission_message(omission) for omission in strip.omissions),
    )
    return tuple(name_studies(note.text) for note in notes)


def _merge_unknown_panels(panels: Sequence[Panel]) -> Sequence[Panel]:
    """Merge panels without a picture that all have the same reasons into one."""
    first = panels[0]
    alike = all(
        panel.picture is None and (panel.reason, panel.notes) == (first.reason, first.notes) for panel in panels
    )
    if not alike:
        return panels
    label = Message("preview-label.end") if first.moment.kind == "end" else first.label
    return [replace(first, label=label)]


def _render_row(title: Message | None, panels: Sequence[Panel]) -> Picture:
    """Render panels side by side under a title line."""
    shape = next((panel.picture.shape for panel in panels if panel.picture is not None), (0, _CELL))
    cells = [_render_cell(panel, round(_CELL * shape[0] / shape[1])) for panel in panels]
    row = np.full((max(cell.shape[0] for cell in cells), _WIDTH, 3), 255, np.uint8)
    for number, cell in enumerate(cells):
        x = _MARGIN + number * (_CELL + _GAP)
        row[: cell.shape[0], x : x + _CELL] = cell
    lines = [] if title is None else [(title.text, load_font(_TEXT, bold=True), INK)]
    return np.vstack([_render_text(lines, above=12), row])


def _render_cell(panel: Panel, height: int) -> Picture:
    """Render one panel: its picture or the reason without one, its label, its frequency, and its own notes."""
    if panel.picture is None:
        top = _render_card(panel, height)
    else:
        top = np.asarray(cv2.resize(panel.picture, (_CELL, height), interpolation=cv2.INTER_AREA), np.uint8)
    lines = [(panel.label.text, load_font(_TEXT, bold=True), INK)]
    if panel.frequency is not None:
        lines.append((panel.frequency.text, load_font(_TEXT), INK))
    if panel.picture is not None:
        mark = "preview.photograph" if panel.moment.kind == "before" else "preview.marked"
        small = load_font(_SMALL)
        lines += [(render_message(mark), small, _FADED), *((note.text, small, INK) for note in panel.notes)]
    return np.vstack([top, _render_text(lines, width=_CELL, sheet_px=_CELL, above=6)])


def _render_card(panel: Panel, height: int) -> Picture:
    """Render the reason why there is no picture, in its place; taller where the text needs it."""
    font, bold = load_font(_SMALL), load_font(_SMALL, bold=True)
    messages = [message for message in (panel.reason, *panel.notes) if message is not None]
    lines = [
        (line, bold if place == 0 else font)
        for place, message in enumerate(messages)
        for line in [*wrap_text(name_studies(message.text), bold if place == 0 else font, _CELL - 32), ""]
    ]
    step = round(_LEADING * _SMALL)
    height = max(height, step * len(lines) + 16)
    sheet = Image.new("RGB", (_CELL, height), GREY)
    draw = ImageDraw.Draw(sheet)
    y = (height - step * len(lines)) // 2
    for line, face in lines:
        draw.text((16, y), line, INK, face)
        y += step
    return np.asarray(sheet)


def _render_text(
    lines: Sequence[tuple[str, Font, tuple[int, int, int]]],
    *,
    width: int = _WIDTH - 2 * _MARGIN,
    sheet_px: int = _WIDTH,
    above: int = 0,
) -> Picture:
    """Render text on paper, wrapped to a width and centred on the sheet."""
    laid = [(line, font, ink) for words, font, ink in lines for line in wrap_text(words, font, width)]
    height = above + _BELOW + sum(round(_LEADING * font.size) for _, font, _ in laid)
    sheet = Image.new("RGB", (sheet_px, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = above
    for line, font, ink in laid:
        draw.text(((sheet_px - width) // 2, y), line, ink, font)
        y += round(_LEADING * font.size)
    return np.asarray(sheet)

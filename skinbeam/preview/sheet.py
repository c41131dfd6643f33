"""Lay out the strip as one picture or row by row, and encode pictures as PNG with caption and metadata.

Every picture says in words and in the metadata of its file that it is a preview; it contains no data of the person.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from skinbeam._version import __version__
from skinbeam.model.sources import cite_sources
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.preview.panels import omission_message
from skinbeam.preview.strip import Panel, PreviewStrip
from skinbeam.text import Message, render_message

__all__ = [
    "GREY",
    "INK",
    "IPTC_ALTERED",
    "PAPER",
    "Font",
    "add_caption_band",
    "add_footnotes",
    "compress_for_page",
    "encode_jpeg",
    "encode_png",
    "footnotes",
    "load_font",
    "render_rows",
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
_BAND_HEIGHT = 0.09  # height of the caption band, relative to the width of the picture
_BAND_FILL = 0.92
_PACKED = 3  # compression level: files a tenth larger than with 9, in a third of the time
_QUALITY = 85  # of JPEG, at which letters and thin lines on a photograph keep their edges


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
    band = round(_BAND_HEIGHT * width)
    sheet = Image.new("RGB", (width, height + band), PAPER)
    sheet.paste(Image.fromarray(picture), (0, 0))
    size = round(0.5 * band)
    while size > 1 and load_font(size).getlength(words) > _BAND_FILL * width:
        size -= 1
    ImageDraw.Draw(sheet).text((width / 2, height + band / 2), words, INK, load_font(size), anchor="mm")
    return np.asarray(sheet)


def encode_png(picture: Picture, *, altered: bool) -> bytes:
    """Encode a picture as PNG, with its description as the only metadata."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Software", f"skinbeam {__version__}")
    said.add_text("Description", render_message("preview.described" if altered else "preview.before"))
    if altered:
        cite_sources("iptc2024source")
        said.add_text("Title", render_message("preview.marked"))
        said.add_itxt("XML:com.adobe.xmp", _XMP.format(kind=IPTC_ALTERED))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", pnginfo=said, compress_level=_PACKED)
    return file.getvalue()


def encode_jpeg(picture: Picture, *, altered: bool) -> bytes:
    """Encode a picture for a page as JPEG, a fifth of its size as PNG, with the same description."""
    said: dict[str, bytes] = {"comment": render_message("preview.described" if altered else "preview.before").encode()}
    if altered:
        cite_sources("iptc2024source")
        said["xmp"] = _XMP.format(kind=IPTC_ALTERED).encode()
    return compress_for_page(Image.fromarray(picture), **said)


def compress_for_page(picture: Image.Image, **said: bytes) -> bytes:
    """Return a picture as JPEG for a page, with metadata by the names of Pillow."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0, optimize=True, **said)
    return file.getvalue()


# Layout of the strip, as one picture and row by row for a page.

_GAP, _HEAD = 14, 24  # px
_LEADING = 1.3
_FADED = (96, 106, 116)


@dataclass(frozen=True)
class _Layout:
    """Number of columns of panels, and their sizes in pixels."""

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


def render_sheet(strip: PreviewStrip) -> Picture:
    """Render a strip as one picture, (height, width, 3), without its footnotes."""
    laid = _ON_A_SCREEN
    return np.vstack(
        [_render_title(laid), *(_render_row(row, strip, laid) for row in _layout_rows(strip, laid.columns))]
    )


def render_rows(strip: PreviewStrip) -> tuple[tuple[Picture, tuple[Message, ...]], ...]:
    """Render a strip row by row for a page, (height, width, 3) each, with the labels of the pictures of a row."""
    laid = _ON_PAPER
    return tuple(
        (_render_row(row, strip, laid), tuple(panel.label for _, panels in row for panel in panels))
        for row in _layout_rows(strip, laid.columns)
    )


def _layout_rows(strip: PreviewStrip, columns: int) -> list[_Groups]:
    """Arrange panels in rows: a group stays together, and groups share a row where there is room."""
    groups = [
        (strip.visit, [panel for panel in strip.panels if panel.moment.kind in ("before", "day")]),
        (Message("preview-label.results"), [panel for panel in strip.panels if panel.moment.kind in ("end", "months")]),
        (Message("preview-label.harms"), [panel for panel in strip.panels if panel.moment.kind == "harm"]),
    ]
    rows: list[list[tuple[Message | None, Sequence[Panel]]]] = []
    for head, panels in ((head, _merge_unknown_panels(panels)) for head, panels in groups if panels):
        if rows and sum(len(group) for _, group in rows[-1]) + len(panels) <= columns:
            rows[-1].append((head, panels))
            continue
        for first in range(0, len(panels), columns):
            rows.append([(head if first == 0 else None, panels[first : first + columns])])
    return list(rows)


def add_footnotes(sheet: Picture, strip: PreviewStrip) -> Picture:
    """Return the sheet of a strip with its footnotes."""
    return np.vstack([sheet, _render_paragraphs([footnote.text for footnote in footnotes(strip)], _ON_A_SCREEN)])


def footnotes(strip: PreviewStrip) -> tuple[Message, ...]:
    """Return the footnotes of a strip: the assumptions between trials and pictures, and what is not drawn."""
    return (
        Message("preview.gains-at-end"),
        strip.assumption,
        *strip.notes,
        *(omission_message(omission) for omission in strip.omissions),
    )


def _merge_unknown_panels(panels: Sequence[Panel]) -> Sequence[Panel]:
    """Merge panels without a picture that all have the same reasons into one."""
    first = panels[0]
    alike = all(
        panel.picture is None and (panel.reason, panel.notes) == (first.reason, first.notes) for panel in panels
    )
    return panels[:1] if alike else panels


def _render_title(laid: _Layout) -> Picture:
    font = load_font(_HEAD, bold=True)
    words = f"{render_message('preview-label.strip')} · {render_message('preview.marked')}"
    return _render_text([(words, font, INK)], laid.width - 2 * laid.margin, laid.width, above=laid.margin)


def _render_row(groups: _Groups, strip: PreviewStrip, laid: _Layout) -> Picture:
    """Render panels side by side, each group under a title line; the meaning of a dashed line is given once below."""
    shape = next(panel.picture.shape for panel in strip.panels if panel.picture is not None)
    drawn = any(panel.picture is not None for _, panels in groups for panel in panels)
    height = round(laid.cell * shape[0] / shape[1]) if drawn else 0  # without pictures, the text sets the height
    parts = []
    for head, panels in groups:
        cells = [_render_cell(panel, height, laid) for panel in panels]
        across = len(cells) * (laid.cell + _GAP) - _GAP
        lines = [] if head is None else [(head.text, load_font(laid.text, bold=True), INK)]
        parts.append((_render_text(lines, across, across, above=12), cells))
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
    return np.vstack([sheet, _render_paragraphs([_AT_LEAST.text], laid)]) if lined else sheet


def _render_cell(panel: Panel, height: int, laid: _Layout) -> Picture:
    """Render one panel: its picture or the reason without one, its label, its frequency, and its own notes."""
    if panel.picture is None:
        top = _render_card(panel, height, laid)
    else:
        top = np.asarray(cv2.resize(panel.picture, (laid.cell, height), interpolation=cv2.INTER_AREA), np.uint8)
    lines = [(panel.label.text, load_font(laid.text, bold=True), INK)]
    if panel.frequency is not None:
        lines.append((panel.frequency.text, load_font(laid.text), INK))
    if panel.picture is not None:
        mark = "preview.photograph" if panel.moment.kind == "before" else "preview.marked"
        small = load_font(laid.small)
        own = [note for note in panel.notes if note != _AT_LEAST]
        lines += [(render_message(mark), small, _FADED), *((note.text, small, INK) for note in own)]
    return np.vstack([top, _render_text(lines, laid.cell, laid.cell, above=6)])


def _render_card(panel: Panel, height: int, laid: _Layout) -> Picture:
    """Render the reason why there is no picture, in its place; taller where the text needs it."""
    font, bold = load_font(laid.small), load_font(laid.small, bold=True)
    said = [message for message in (panel.reason, *panel.notes) if message is not None]
    lines = [
        (line, bold if place == 0 else font)
        for place, message in enumerate(said)
        for line in [*wrap_text(message.text, bold if place == 0 else font, laid.cell - 32), ""]
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


def _render_paragraphs(words: Sequence[str], laid: _Layout) -> Picture:
    lines = [(paragraph, load_font(laid.small), INK) for paragraph in words]
    return _render_text(lines, laid.width - 2 * laid.margin, laid.width)


def _render_text(
    lines: Sequence[tuple[str, Font, tuple[int, int, int]]],
    width: int,
    sheet_px: int,
    *,
    above: int = 0,
    below: int = 8,
) -> Picture:
    """Render text on paper, wrapped to a width and centred on the sheet."""
    laid = [(line, font, ink) for words, font, ink in lines for line in wrap_text(words, font, width)]
    height = above + below + sum(round(_LEADING * font.size) for _, font, _ in laid)
    sheet = Image.new("RGB", (sheet_px, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = above
    for line, font, ink in laid:
        draw.text(((sheet_px - width) // 2, y), line, ink, font)
        y += round(_LEADING * font.size)
    return np.asarray(sheet)

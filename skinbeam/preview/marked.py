"""Pictures as PNG that say what they are: in words below the picture and in the file, and nothing of the person."""

import io
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from skinbeam._version import __version__
from skinbeam.messages import text
from skinbeam.photo.reading.read import Picture
from skinbeam.provenance import used

__all__ = ["ALTERED", "GREY", "INK", "PAPER", "Letters", "banded", "letters", "png", "wrapped"]

Letters = ImageFont.FreeTypeFont
PAPER, GREY, INK = (255, 255, 255), (232, 235, 238), (28, 36, 44)
# A photograph that an algorithm altered and nothing generated (iptc2024source).
ALTERED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>{kind}</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_BAND = 0.09  # of the width: height of the words below a picture
_FILLED = 0.92
_PACKED = 3  # of 9: a tenth larger than the least, in a third of the time


@cache
def letters(size_px: int, *, bold: bool = False) -> Letters:
    """Return a font that writes every language of the catalogue."""
    import matplotlib  # late: it takes a while, and most commands draw nothing

    file = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / file
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


def wrapped(words: str, font: Letters, width_px: int) -> list[str]:
    """Return text in lines that fit a width; a word that is longer has a line of its own."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def banded(picture: Picture, words: str) -> Picture:
    """Return a picture with words on a band below it: no pixel of it is covered."""
    height, width = picture.shape[:2]
    band = round(_BAND * width)
    sheet = Image.new("RGB", (width, height + band), PAPER)
    sheet.paste(Image.fromarray(picture), (0, 0))
    size = round(0.5 * band)
    while size > 1 and letters(size).getlength(words) > _FILLED * width:
        size -= 1
    ImageDraw.Draw(sheet).text((width / 2, height + band / 2), words, INK, letters(size), anchor="mm")
    return np.asarray(sheet)


def png(picture: Picture, *, altered: bool) -> bytes:
    """Return a picture as PNG with what it is in its metadata, and nothing else."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Software", f"skinbeam {__version__}")
    said.add_text("Description", text("preview.described" if altered else "preview.before"))
    if altered:
        used("iptc2024source")
        said.add_text("Title", text("preview.marked"))
        said.add_itxt("XML:com.adobe.xmp", _XMP.format(kind=ALTERED))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", pnginfo=said, compress_level=_PACKED)
    return file.getvalue()

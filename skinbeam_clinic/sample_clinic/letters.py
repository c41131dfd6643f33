"""Draw the letter of the sample clinic: a page as a scanner makes it, which says that it is synthetic."""

import io
import time

from PIL import Image, ImageDraw

__all__ = ["draw_letter"]

_PAGE = (620, 877)  # A4 at 75 points per inch
_PAPER, _INK = 255, 40  # of grey
_POINTS_PER_INCH = 75
_LINES = ("SYNTHETIC - no person, no practice", "", "Referral", "", "Please assess redness of the cheeks.")


def draw_letter() -> bytes:
    """Return a PDF of one page; each is the same."""
    page = Image.new("L", _PAGE, _PAPER)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(_LINES):
        draw.text((60, 80 + 34 * number), line, fill=_INK, font_size=20)
    written, drawn_at = io.BytesIO(), time.gmtime(0)
    page.save(written, "PDF", resolution=_POINTS_PER_INCH, creationDate=drawn_at, modDate=drawn_at)
    return written.getvalue()

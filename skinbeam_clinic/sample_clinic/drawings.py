"""Draw what the sample clinic stores: a patch of skin with red spots, and a scanned letter; both say what they are."""

import io
import random
import time

from PIL import Image, ImageDraw, ImageFilter

__all__ = ["draw_letter", "draw_photograph"]

_SIZE = (480, 360)
_SKIN, _RED, _INK = (222, 184, 160), (196, 110, 100), (90, 60, 50)
_WORDS = "SYNTHETIC - no person"
_PAGE = (620, 877)  # A4 at 75 points per inch
_PAPER, _PRINT = 255, 40  # of grey
_POINTS_PER_INCH = 75
_LINES = ("SYNTHETIC - no person, no practice", "", "Referral", "", "Please assess redness of the cheeks.")


def draw_photograph(seed: int, spots: int) -> bytes:
    """Return a JPEG with so many red spots; the same seed places the spots that two pictures share alike."""
    chance = random.Random(seed)
    picture = Image.new("RGB", _SIZE, _SKIN)
    draw = ImageDraw.Draw(picture)
    for _ in range(spots):
        x, y, radius = chance.randrange(_SIZE[0]), chance.randrange(_SIZE[1]), chance.randrange(4, 14)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_RED)
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    ImageDraw.Draw(picture).text((12, 12), _WORDS, fill=_INK, font_size=22)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80)
    return written.getvalue()


def draw_letter() -> bytes:
    """Return a PDF of one page; each is the same."""
    page = Image.new("L", _PAGE, _PAPER)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(_LINES):
        draw.text((60, 80 + 34 * number), line, fill=_PRINT, font_size=20)
    written, drawn_at = io.BytesIO(), time.gmtime(0)
    page.save(written, "PDF", resolution=_POINTS_PER_INCH, creationDate=drawn_at, modDate=drawn_at)
    return written.getvalue()

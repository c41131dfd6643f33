"""Draw the photographs of the sample clinic: a patch of skin with red spots, which says that it is synthetic."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter

__all__ = ["draw_photograph"]

_SIZE = (480, 360)
_SKIN, _RED, _INK = (222, 184, 160), (196, 110, 100), (90, 60, 50)
_WORDS = "SYNTHETIC - no person"


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

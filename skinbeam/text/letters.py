"""Letters as a keyboard without marks writes them, by which names are compared."""

import unicodedata

__all__ = ["strip_marks"]

# Unicode takes the mark off ö, and leaves these as they are.
_SPELLED = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"}


class _PlainLetters(dict[int, str | None]):
    """For each character, by its code, the letters without marks; None for a mark. It learns each when it is met."""

    def __missing__(self, code: int) -> str | None:
        letter = chr(code)
        plain = None if unicodedata.combining(letter) else _SPELLED.get(letter, letter)
        self[code] = plain
        return plain


_plain_letters = _PlainLetters()


def strip_marks(text: str) -> str:
    """Return a text of small letters without their accents, dots and strokes."""
    return unicodedata.normalize("NFKD", text).translate(_plain_letters)

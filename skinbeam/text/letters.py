"""Letters as a keyboard without marks writes them, by which names are compared."""

import unicodedata

__all__ = ["edit_distance", "strip_marks"]

# Unicode takes the mark off ö, and leaves these as they are.
_SPELLED = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


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


def edit_distance(left: str, right: str) -> int:
    """Return the edit distance of two words.

    An edit leaves out, adds or replaces a letter, or swaps two neighbours.
    """
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, other_letter in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other_letter))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other_letter:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]

"""Clauses and words of a sentence."""

import re
from collections.abc import Sequence

__all__ = ["clauses"]

_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,;:()–—!?]|\s-\s")
_WRITTEN_OUT = (
    ("can't", "cannot"),
    ("can not", "cannot"),
    ("won't", "will not"),
    ("n't", " not"),
    ("anything but ", "far from "),  # this "but" begins no clause
)


def clauses(text: str, starts: Sequence[str]) -> list[list[str]]:
    """Return the words of a sentence in lower case, clause by clause; `starts` begin a clause, as a comma does."""
    text = text.lower().replace("’", "'")
    for short, long in _WRITTEN_OUT:
        text = text.replace(short, long)
    found: list[list[str]] = []
    for part in _CLAUSE.split(text):
        found.append([])
        for word in _WORD.findall(part):
            if word in starts:
                found.append([])
            found[-1].append(word)
    return [clause for clause in found if clause]

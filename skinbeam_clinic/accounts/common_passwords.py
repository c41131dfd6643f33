"""Recognise passwords that attackers try first: known from leaks, or put together from what is known."""

import unicodedata
from functools import cache
from importlib.resources import files

__all__ = ["count_pieces"]

_FILE = "common_passwords.txt"
_COMMENT = "#"
_LONGEST_WORD = 30  # characters; few listed passwords are longer


def count_pieces(password: str) -> int:
    """Return of how many pieces a password consists at least: an attacker who tries combinations finds few soon.

    A piece is a password of the list, a run of digits, a run of the same letter, or a single letter. Spaces and signs
    between them count only in a password that has nothing else, where each kind of sign is a piece.
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    if not any(sign.isalnum() for sign in plain):
        return len(set(plain))
    known = _known_passwords()
    fewest = [0]  # pieces of the first 0, 1, 2 ... characters
    for end in range(1, len(plain) + 1):
        last = plain[end - 1]
        best = fewest[-1] + last.isalnum()
        for start in range(max(0, end - _LONGEST_WORD), end - 1):
            part = plain[start:end]
            if part in known or part.isdigit() or (last.isalnum() and part == last * len(part)):
                best = min(best, fewest[start] + 1)
        fewest.append(best)
    return fewest[-1]


@cache
def _known_passwords() -> frozenset[str]:
    lines = files(__package__).joinpath(_FILE).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith(_COMMENT))

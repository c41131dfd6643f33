"""Phrases that a text is searched for, and the patterns they stand for.

A phrase is words apart by spaces: a word as it is written, `word*` that may go on, `<name>` any of the words or phrases
of that name in `data/claim_words.toml`, `~` up to two words and `...` up to six. A phrase with a gap stays in one
clause, and no gap holds a negation: "scars ... vanish" is not in "scars never vanish".
"""

import re
from collections.abc import Sequence
from functools import cache

from skinbeam.shipped import shipped_table

__all__ = ["beginnings", "pattern", "stays_in_clause"]

_GAPS = {"~": 2, "...": 6}


@cache
def pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase, for words that single spaces part; it takes the space before the first word."""
    return re.compile("".join(map(_part, phrase.split())) + "(?= )")


@cache
def stays_in_clause(phrase: str) -> bool:
    """Whether the phrase has a gap, which must not reach into another clause."""
    return any(gap in phrase.split() for gap in _GAPS)


@cache
def beginnings(phrase: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return each part of the phrase that is no gap, with the beginnings of which a text that has it holds one."""
    parts = [part for part in phrase.split() if part not in _GAPS]
    return [(part, [f" {choice.partition('*')[0]}" for choice in _choices(part)]) for part in parts]


def _choices(word: str) -> list[str]:
    if not word.startswith("<"):
        return [word]
    choices: list[str] = shipped_table("data/claim_words.toml")[word.strip("<>")]
    return choices


def _part(word: str) -> str:
    if word in _GAPS:
        negations = "|".join(shipped_table("data/promises.toml")["negations"])
        return rf"(?: (?!(?:{negations}) )\S+){{0,{_GAPS[word]}}}?"
    choices = ("".join(f" {_word(one)}" for one in choice.split()) for choice in _choices(word))
    return f"(?:{'|'.join(choices)})"


def _word(word: str) -> str:
    return re.escape(word.removesuffix("*")) + (r"\S*" if word.endswith("*") else "")

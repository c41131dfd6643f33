"""What the free text about an earlier session names: reactions, what it denies, and what is left unread.

A text is read clause by clause. A clause that names a reaction without denying it says it; what else stands beside an
injury does not matter. Beside anything milder every word has to be known, or the clause is told as unread, so that an
injury in other words, or misspelt, is not passed over.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from skinbeam.shipped import shipped_table

__all__ = ["UNREAD", "kinds_in", "reaction_kinds", "words_of"]

UNREAD = ""
_CLAUSE = re.compile(r"[;,.!?/\n]|\b(?:but|however|then|except)\b")
_DENIED = r"\b(?:no|not|without|never|denies|denied|nor)\b(?: (?:a|an|any|signs?|evidence|of|new|visible))*"
_LIST = re.compile(rf"^{_DENIED} (?P<items>.+)$")
_ANSWER = re.compile(r"(?P<what>[\w ]+?)\s*[:=]\s*(?P<answer>no|none|nil|yes)\b")


@cache
def reaction_kinds() -> Mapping[str, Mapping[str, Any]]:
    """Return `data/reactions.toml`: reaction → what it means."""
    kinds: Mapping[str, Mapping[str, Any]] = shipped_table("data/reactions.toml")["reaction"]
    return kinds


def kinds_in(text: str) -> tuple[str, ...]:
    """Return the reactions that a text names, each once; `UNREAD` where a part of it was not understood.

    "none" where nothing is named but what is denied.
    """
    if words_of(text) in _none():
        return ("none",)
    found: dict[str, None] = {}
    for clause in _clauses(text):
        found |= dict.fromkeys(_of_clause(clause))
    if len(found) > 1:
        found.pop("none", None)
    return tuple(found)


def words_of(text: str) -> str:
    """Return a text as lower-case words with single spaces between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _clauses(text: str) -> Iterator[str]:
    """The clauses, with "blister: no" as "no blister" and a list after a denial in one piece."""
    plain = _ANSWER.sub(_as_said, text.casefold())
    for sentence in re.split(r"[;.!?\n]", plain):
        if _only_denies(words_of(sentence)):
            yield words_of(sentence)
            continue
        yield from (words for part in _CLAUSE.split(sentence) if (words := words_of(part)))


def _as_said(answer: "re.Match[str]") -> str:
    denied = answer["answer"] != "yes"
    return f"{'no ' if denied else ''}{answer['what'].strip()};"


def _only_denies(words: str) -> bool:
    """Whether a sentence is a denial of a list of reactions and nothing else: "no redness, blister or burn"."""
    listed = _LIST.match(words)
    if listed is None or not re.search(r"\b(?:or|nor)\b", words):
        return False
    rest = _without(listed["items"], (word for kind in _reactions().values() for word in kind["words"]))
    return set(rest.split()) <= {"or", "nor", "and", "any"}


def _of_clause(words: str) -> Iterator[str]:
    if words in _none() or _only_denies(words):
        yield "none"
        return
    injured, rest = False, words
    named: list[str] = []
    for kind, entry in _reactions().items():
        for word in sorted(map(words_of, entry["words"]), key=len, reverse=True):
            rest = re.sub(rf"{_DENIED} {word}(?= |$)", "", rest)
            if re.search(rf"(?:^| ){word}(?= |$)", rest):
                rest = _without(rest, (word,))
                named.append(kind)
                injured |= entry["harm"]
    if injured and set(named) <= {"scar", "pigment-change"} and set(rest.split()) & set(_words()["better"]):
        yield UNREAD  # "old scar softer": what was there before has improved, or so it seems
        return
    yield from named
    beside = set(rest.split()) - set(_words()["beside"]) - {"no", "not", "without"}
    if not injured and any(not word.isdecimal() for word in beside):
        yield UNREAD
    elif not named:
        yield "none"


def _without(words: str, taken: Any) -> str:
    for word in sorted(map(words_of, taken), key=len, reverse=True):
        words = re.sub(rf"(?:^| ){word}(?= |$)", " ", words)
    return words.strip()


@cache
def _reactions() -> Mapping[str, Mapping[str, Any]]:
    return {kind: entry for kind, entry in reaction_kinds().items() if kind != "none"}


@cache
def _none() -> frozenset[str]:
    return frozenset(map(words_of, reaction_kinds()["none"]["words"]))


def _words() -> Mapping[str, list[str]]:
    words: Mapping[str, list[str]] = shipped_table("data/reactions.toml")["words"]
    return words

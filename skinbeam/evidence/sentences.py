"""The sentences of a clinic's text, as the finder of claims reads them: words, clauses, and the heading above.

What takes a promise back (a negation, a warning, a question, a heading) stands in `data/promises.toml`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Any, Literal

from skinbeam.shipped import shipped_table

__all__ = ["Sentence", "read_sentences"]

Heading = Literal["", "risks", "denials"]
_END = re.compile(r"(?<=[.!?;])\s+")
_BULLET = re.compile(r"\s*([-*•·–✓✔]|\d+[.)]\s)")
_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,;:()–—!?]|\s-\s")
_SHORT = (("can't", "cannot"), ("can not", "cannot"), ("won't", "will not"), ("n't", " not"))
_HEADING_WORDS = 8
_SHORT_QUESTION = 3  # words


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Parameters
    ----------
    text : as it stands in the text, spaces apart.
    under : what the heading above it is about.
    """

    text: str
    under: Heading = ""

    @cached_property
    def words(self) -> str:
        """The words in lower case, parted by single spaces, with a space at either end."""
        return f" {' '.join(word for clause in self._clauses for word in clause)} "

    @cached_property
    def makes_no_promise(self) -> bool:
        """Whether the sentence as a whole only speaks of promises, or asks."""
        told = _told()
        asks = self.text.endswith("?") and self.begins_with(told["questions"])
        return asks or self.under == "denials" or any(map(self.holds, told["denials"]))

    def holds(self, phrase: str) -> bool:
        """Whether the phrase stands in the sentence; `*` ends a word that may go on."""
        literal = f" {phrase.partition('*')[0]}"  # most phrases stand nowhere: told apart fast
        return literal in self.words and _pattern(phrase).search(self.words) is not None

    def begins_with(self, phrases: Sequence[str]) -> bool:
        """Whether the sentence begins with one of the phrases."""
        return any(self.words.startswith(f" {phrase} ") for phrase in phrases)

    def promises(self, phrase: str) -> bool:
        """Whether the phrase stands in the sentence without a negation shortly before it."""
        return self.holds(phrase) and any(
            not self._denied(match.start()) for match in _pattern(phrase).finditer(self.words)
        )

    @cached_property
    def _clauses(self) -> list[list[str]]:
        """The words, clause by clause."""
        text = self.text.lower().replace("’", "'")
        for short, long in _SHORT:
            text = text.replace(short, long)
        starts = _told()["clause_words"]
        clauses: list[list[str]] = []
        for part in _CLAUSE.split(text):
            clauses.append([])
            for word in _WORD.findall(part):
                if word in starts:
                    clauses.append([])
                clauses[-1].append(word)
        return [clause for clause in clauses if clause]

    def _denied(self, start: int) -> bool:
        """Whether a negation stands shortly before the word at `start`, in its clause."""
        told, words = _told(), self._list
        place = bisect_left(self._starts, start)
        first = self._clause_starts[bisect_right(self._clause_starts, place) - 1]
        return any(
            words[k] in told["negations"] and f"{words[k]} {words[k + 1]}" not in told["not_negations"]
            for k in range(max(first, place - told["reach"]), place)
        )

    @cached_property
    def _list(self) -> list[str]:
        return self.words.split()

    @cached_property
    def _starts(self) -> list[int]:
        """Where each word begins in `words`, counted from the space before it."""
        return list(accumulate((len(word) + 1 for word in self._list), initial=0))

    @cached_property
    def _clause_starts(self) -> list[int]:
        """Number of the first word of each clause."""
        return list(accumulate(map(len, self._clauses), initial=0))


def read_sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; an empty line, a bullet or a heading ends one too.

    A heading holds for the paragraph or the list that follows it. A question joins the "yes" that answers it.
    """
    under: Heading = ""
    began = False  # whether the block under the heading has begun
    for kind, block in _blocks(text):
        if kind == "heading":
            under, began = _about(block), False
        elif kind == "paragraph":
            under, began = ("" if began else under), True
        else:
            began = True
        for part in _joined(_END.split(block)):
            if (sentence := Sentence(" ".join(part.split()), "" if kind == "heading" else under)).words.strip():
                yield sentence


def _told() -> Mapping[str, Any]:
    return shipped_table("data/promises.toml")


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    """The phrase between spaces, `*` as the rest of one word; there is one way to match, so nothing backtracks."""
    return re.compile(" " + " ".join(_word(word) for word in phrase.split()) + "(?= )")


def _word(word: str) -> str:
    return re.escape(word.removesuffix("*")) + (r"\S*" if word.endswith("*") else "")


def _blocks(text: str) -> Iterator[tuple[Literal["heading", "bullet", "paragraph"], str]]:
    """Yield headings, bullets and paragraphs in order."""
    lines: list[str] = []
    bullet = False

    def flush() -> Iterator[tuple[Literal["heading", "bullet", "paragraph"], str]]:
        if lines:
            yield ("bullet" if bullet else "paragraph"), " ".join(lines)
        lines.clear()

    for line in text.splitlines():
        starts = _BULLET.match(line) is not None
        if not line.strip() or starts or _is_heading(line, first=not lines):
            yield from flush()
            bullet = starts
            if line.strip() and not starts:
                yield "heading", line
                continue
        if line.strip():
            lines.append(line)
    yield from flush()


def _is_heading(line: str, *, first: bool) -> bool:
    """Whether a line is a heading: marked as one, or short, at the start of a block, and about risks or denials."""
    bare = line.strip()
    if bare.startswith("#") or bare.endswith(":"):
        return len(bare.split()) <= _HEADING_WORDS + 1
    return first and bare[-1:] not in ".!?;,|" and len(bare.split()) <= _HEADING_WORDS and _about(line) != ""


def _about(heading: str) -> Heading:
    stands = Sentence(heading).holds
    if any(map(stands, _told()["denial_heading"])):
        return "denials"
    return "risks" if any(map(stands, _told()["risk_heading"])) else ""


def _joined(parts: list[str]) -> Iterator[str]:
    """The parts, a question together with the answer that begins with yes; `Pain? None.` is one sentence too."""
    asked = ""
    for part in parts:
        short = 0 < len(asked.split()) <= _SHORT_QUESTION and not Sentence(asked).makes_no_promise
        if asked and (short or Sentence(part).begins_with(_told()["yes"])):
            part = f"{asked} {part}"
        elif asked:
            yield asked
        asked = part if part.rstrip().endswith("?") else ""
        if not asked:
            yield part
    if asked:
        yield asked

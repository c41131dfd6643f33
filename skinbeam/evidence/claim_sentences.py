"""Split a clinic's text into sentences and clauses, and search them for the phrases of claims.

A phrase is a sequence of words separated by spaces. A word may be written out (`word`), be a prefix (`word*`), be
`<name>` for any of the words or phrases under that name in `data/claim_words.toml`, or be a gap: `~` for up to two
words and `...` for up to six. A phrase with a gap must match within one clause, and no gap may contain a negation:
"scars ... vanish" does not match "scars never vanish".

The rules for what takes a promise back (a negation, a warning, a question, a heading) are in `data/promises.toml`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Literal, NamedTuple

from skinbeam.model.package_data import load_package_table

__all__ = [
    "Heading",
    "PromiseRules",
    "Sentence",
    "has_gap",
    "heading_topic",
    "phrase_pattern",
    "phrase_prefixes",
    "promise_rules",
    "split_clauses",
    "split_sentences",
]

_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,;:()–—!?]|\s-\s")
_CONTRACTIONS = (
    ("can't", "cannot"),
    ("can not", "cannot"),
    ("won't", "will not"),
    ("n't", " not"),
    ("anything but ", "far from "),  # this "but" does not begin a clause
)


def split_clauses(text: str, starts: Sequence[str]) -> list[list[str]]:
    """Return the words of a sentence in lower case, clause by clause.

    A clause ends at punctuation, and before each of the words in `starts`.
    """
    text = text.lower().replace("’", "'")
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    clauses: list[list[str]] = []
    for part in _CLAUSE.split(text):
        clauses.append([])
        for word in _WORD.findall(part):
            if word in starts:
                clauses.append([])
            clauses[-1].append(word)
    return [clause for clause in clauses if clause]


# Phrases of claims and their regular expressions.

_GAPS = {"~": 2, "...": 6}


@cache
def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return the regular expression of a phrase, for text whose words are separated by single spaces.

    A match includes the space before the first word.
    """
    return re.compile("".join(map(_segment_pattern, phrase.split())) + "(?= )")


@cache
def has_gap(phrase: str) -> bool:
    """Whether the phrase has a gap and must therefore match within one clause."""
    return any(gap in phrase.split() for gap in _GAPS)


@cache
def phrase_prefixes(phrase: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return each part of the phrase that is not a gap, with prefixes of which any matching text contains one."""
    parts = [part for part in phrase.split() if part not in _GAPS]
    return [(part, [f" {choice.partition('*')[0]}" for choice in _alternatives(part)]) for part in parts]


def _alternatives(word: str) -> list[str]:
    if not word.startswith("<"):
        return [word]
    choices: list[str] = load_package_table("data/claim_words.toml")[word.strip("<>")]
    return choices


def _segment_pattern(word: str) -> str:
    if word in _GAPS:
        negations = "|".join(load_package_table("data/promises.toml")["negations"])
        return rf"(?: (?!(?:{negations}) )\S+){{0,{_GAPS[word]}}}?"
    choices = ("".join(f" {_word_pattern(part)}" for part in choice.split()) for choice in _alternatives(word))
    return f"(?:{'|'.join(choices)})"


def _word_pattern(word: str) -> str:
    return re.escape(word.removesuffix("*")) + (r"\S*" if word.endswith("*") else "")


# Sentences with their words, clauses and the topic of the heading above them.

Heading = Literal["", "risks", "denials"]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text.

    Parameters
    ----------
    text : the sentence as written, with white space normalised.
    section_topic : the topic of the heading above it.
    denied_words : how many words at its beginning are a question that the rest answers with no.
    """

    text: str
    section_topic: Heading = ""
    denied_words: int = 0

    @cached_property
    def words(self) -> str:
        """The words in lower case, separated by single spaces, with a space at either end."""
        return f" {' '.join(self._word_list)} "

    @cached_property
    def makes_no_promise(self) -> bool:
        """Whether the sentence as a whole only talks about promises, or asks a question."""
        asks = self.text.endswith("?") and self.begins_with(promise_rules().questions)
        return asks or self.section_topic == "denials" or any(map(self.contains, promise_rules().denials))

    def begins_with(self, phrases: Sequence[str]) -> bool:
        """Whether the sentence begins with one of the phrases."""
        return any(self.words.startswith(f" {phrase} ") for phrase in phrases)

    def contains(self, phrase: str) -> bool:
        """Whether the sentence contains the phrase (syntax in the module docstring)."""
        return next(self.match_positions(phrase), None) is not None

    def match_positions(self, phrase: str) -> Iterator[range]:
        """Yield the positions of the phrase, as ranges of word numbers."""
        if not self._may_contain(phrase):
            return
        for match in phrase_pattern(phrase).finditer(self.words):
            place = range(bisect_left(self._starts, match.start()), bisect_left(self._starts, match.end()))
            if not has_gap(phrase) or self._clause(place[0]) == self._clause(place[-1]):
                yield place

    def states_promise(
        self, phrase: str, used_negations: frozenset[int] = frozenset(), *, denied_after: bool = False
    ) -> bool:
        """Whether the sentence contains the phrase and nothing takes it back.

        Parameters
        ----------
        used_negations : numbers of words that belong to another promise ("no" of "no pain"), and so do not negate this
            one.
        denied_after : whether a negation shortly after the phrase takes it back, too.
        """
        return any(
            place.stop > self.denied_words
            and not self._is_negated_before(place[0], used_negations)
            and not (denied_after and self._is_negated_after(place[-1]))
            for place in self.match_positions(phrase)
        )

    def negations_in(self, phrase: str) -> Iterator[int]:
        """Yield the numbers of words within matches of the phrase that would negate another promise."""
        for place in self.match_positions(phrase):
            yield from (k for k in place if self._word_list[k] in promise_rules().negations)

    def _may_contain(self, phrase: str) -> bool:
        """Whether the sentence contains a prefix of each part of the phrase: a fast test that rejects most phrases."""
        for part, words in phrase_prefixes(phrase):
            if part not in self._prefix_cache:
                self._prefix_cache[part] = any(word in self.words for word in words)
            if not self._prefix_cache[part]:
                return False
        return True

    @cached_property
    def _prefix_cache(self) -> dict[str, bool]:
        """Cache of the parts of phrases that were looked for: whether one of their prefixes occurs in the sentence."""
        return {}

    @cached_property
    def _clauses(self) -> list[list[str]]:
        return split_clauses(self.text, promise_rules().clause_words)

    @cached_property
    def _word_list(self) -> list[str]:
        return [word for clause in self._clauses for word in clause]

    @cached_property
    def _starts(self) -> list[int]:
        """Offset of each word in `words`, counted from the space before it."""
        return list(accumulate((len(word) + 1 for word in self._word_list), initial=0))

    @cached_property
    def _clause_starts(self) -> list[int]:
        """Number of the first word of each clause."""
        return list(accumulate(map(len, self._clauses), initial=0))

    def _clause(self, place: int) -> int:
        return bisect_right(self._clause_starts, place)

    def _negates(self, place: int) -> bool:
        """Whether the word at this position negates what follows it."""
        pair = " ".join(self._word_list[place : place + 2])
        return pair in promise_rules().negating_pairs or (
            self._word_list[place] in promise_rules().negations and pair not in promise_rules().not_negations
        )

    def _is_negated_before(self, place: int, spent: frozenset[int]) -> bool:
        """Whether a negation precedes the word at `place` closely in its clause, or is the subject of the clause."""
        first = self._clause_starts[self._clause(place) - 1]
        near = range(max(first, place - promise_rules().reach), place)
        subject = range(first, first + (first < place and self._word_list[first] in promise_rules().negating_subjects))
        return any(
            self._negates(k) and k not in spent and not self._scope_ended_by_and(k, place) for k in {*near, *subject}
        )

    def _scope_ended_by_and(self, negation: int, place: int) -> bool:
        """Whether an "and" ends the scope of a "no" or "without", as in "no pain and lasting results"."""
        return self._word_list[negation] in promise_rules().ended_by_and and "and" in self._word_list[negation:place]

    def _is_negated_after(self, place: int) -> bool:
        last = min(self._clause_starts[self._clause(place)], place + 1 + promise_rules().reach)
        return any(map(self._negates, range(place + 1, last)))


def heading_topic(heading: str) -> Heading:
    """Return the topic of a heading, which applies to the sentences under it."""
    stands = Sentence(heading).contains
    if any(map(stands, promise_rules().denial_heading)):
        return "denials"
    return "risks" if any(map(stands, promise_rules().risk_heading)) else ""


@dataclass(frozen=True)
class PromiseRules:
    """The rules for what takes a promise back, as `data/promises.toml` explains them."""

    reach: int
    negations: tuple[str, ...]
    not_negations: tuple[str, ...]
    negating_pairs: tuple[str, ...]
    negating_subjects: tuple[str, ...]
    ended_by_and: tuple[str, ...]
    clause_words: tuple[str, ...]
    denials: tuple[str, ...]
    questions: tuple[str, ...]
    risk_heading: tuple[str, ...]
    denial_heading: tuple[str, ...]
    yes: tuple[str, ...]
    abbreviations: tuple[str, ...]
    goes_on: tuple[str, ...]


@cache
def promise_rules() -> PromiseRules:
    """Return the rules for what takes a promise back."""
    table = load_package_table("data/promises.toml")
    return PromiseRules(table["reach"], **{name: tuple(value) for name, value in table.items() if name != "reach"})


# Splitting of a text into blocks and sentences: paragraphs, bullets, headings, unmarked lists, questions and answers.

BlockKind = Literal["heading", "bullet", "paragraph"]
_END = re.compile(
    r"(?:(?<=[.!?;…])|(?<=[.!?;…][\"'”’)\]]))\s+"  # the end of a sentence, perhaps with a closing quotation mark
    r"|(?<=[a-z)][.!?])(?=[A-Z][a-z])"  # the end of a sentence without a space after it
    r"|\s+[•·✓✔▪►|]\s*"  # a bullet within the line
)
_BULLET = re.compile(r"^\s*(?:[^\w\s\"'“”‘’(\[#£$€<….,;:!?%&/+]|\d+[.)](?=\s))")
_QUESTION_OR_ANSWER_MARK = re.compile(r"^\s*(?:q|a|question|answer)\s*[:.)]\s*", re.IGNORECASE)
_NO = re.compile(
    r"^(?:no|none|never|nope|not at all|not really|absolutely not|certainly not|definitely not)\s*(?:[.,;:!–—]|-\s|$)",
    re.IGNORECASE,
)
_HEADING_WORDS = 8
_LINE_WORDS = 10  # largest number of words in a line of an unmarked list
_SHORT_QUESTION = 6  # words


class _TextPart(NamedTuple):
    text: str
    section_topic: Heading
    kind: BlockKind


def split_sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; an empty line, a bullet or a heading also ends a sentence.

    A heading applies to the paragraph or the list that follows it. A question is joined with the "yes" or "no" that
    answers it.
    """
    return (sentence for sentence in _join_answers(_text_parts(text)) if sentence.words.strip())


def _text_parts(text: str) -> Iterator[_TextPart]:
    under: Heading = ""
    began = False  # whether the block under the heading has begun
    for kind, block in _blocks(text):
        if kind == "heading":
            under, began = heading_topic(block), False
        elif kind == "paragraph":
            under, began = ("" if began else under), True
        else:
            began = True
        for part in _split_block(_BULLET.sub("", block, count=1)):
            bare = _QUESTION_OR_ANSWER_MARK.sub("", _BULLET.sub("", part, count=1))
            yield _TextPart(" ".join(bare.split()), "" if kind == "heading" else under, kind)


def _split_block(block: str) -> Iterator[str]:
    """Split a block at the ends of sentences, but not after an abbreviation."""
    begun = ""
    for part in _END.split(block):
        begun = f"{begun} {part}" if begun else part
        last = begun.split()[-1].lower().lstrip("(") if begun.split() else ""
        if last in promise_rules().abbreviations:
            continue
        yield begun
        begun = ""
    if begun:
        yield begun


def _blocks(text: str) -> Iterator[tuple[BlockKind, str]]:
    """Yield headings, bullets and paragraphs in order."""
    lines: list[str] = []
    bullet = False

    def flush() -> Iterator[tuple[BlockKind, str]]:
        if lines:
            yield ("bullet" if bullet else "paragraph"), " ".join(lines)
        lines.clear()

    for line in text.splitlines():
        starts = _BULLET.match(line) is not None
        own = bool(lines) and not bullet and _is_separate_line(lines[-1], line)
        if not line.strip() or starts or own or _is_heading(line, first=not lines):
            yield from flush()
            bullet = starts
            if line.strip() and not starts and _is_heading(line, first=True):
                yield "heading", line
                continue
        if line.strip():
            lines.append(line)
    yield from flush()


def _is_heading(line: str, *, first: bool) -> bool:
    """Whether a line is a heading: marked as such, or short, at the start of a block, and about risks or denials."""
    bare = line.strip()
    if bare.startswith("#") or bare.endswith(":"):
        return len(bare.split()) <= _HEADING_WORDS + 1
    return first and bare[-1:] not in ".!?;,|" and len(bare.split()) <= _HEADING_WORDS and heading_topic(line) != ""


def _is_separate_line(line: str, following: str) -> bool:
    """Whether a line is a separate item or title: short, without a final mark, and followed by a capital letter."""
    words = line.split()
    goes_on = line.rstrip()[-1:] in ",-–—(&/" or words[-1].lower() in promise_rules().goes_on
    return 1 < len(words) <= _LINE_WORDS and not goes_on and following.strip()[:1].isupper()


def _join_answers(parts: Iterable[_TextPart]) -> Iterator[Sentence]:
    """Yield the sentences, joining a question with an answer that begins with yes or no; also `Pain? None.`"""
    asked: _TextPart | None = None
    for part in parts:
        if asked is not None:
            question = Sentence(asked.text)
            no = _NO.match(part.text) is not None
            short = len(asked.text.split()) <= _SHORT_QUESTION and not question.makes_no_promise
            if no or short or Sentence(part.text).begins_with(promise_rules().yes):
                refused = len(question.words.split()) if no else 0
                yield Sentence(f"{asked.text} {part.text}", part.section_topic, refused)
                asked = None
                continue
            yield Sentence(asked.text, asked.section_topic)
        asked = part if part.text.endswith("?") and part.text.strip("?") else None
        if asked is None:
            yield Sentence(part.text, part.section_topic)
    if asked is not None:
        yield Sentence(asked.text, asked.section_topic)

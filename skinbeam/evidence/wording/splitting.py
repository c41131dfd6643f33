"""A clinic's text, split into sentences: paragraphs, bullets, headings, lists without marks, questions and answers."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from skinbeam.evidence.wording.sentence import Heading, Sentence, about, told

__all__ = ["read_sentences"]

Kind = Literal["heading", "bullet", "paragraph"]
_END = re.compile(
    r"(?:(?<=[.!?;…])|(?<=[.!?;…][\"'”’)\]]))\s+"  # an end, perhaps in quotation marks
    r"|(?<=[a-z)][.!?])(?=[A-Z][a-z])"  # an end without a space behind it
    r"|\s+[•·✓✔▪►|]\s*"  # a bullet within the line
)
_BULLET = re.compile(r"^\s*(?:[^\w\s\"'“”‘’(\[#£$€<….,;:!?%&/+]|\d+[.)](?=\s))")
_ASKED_OR_ANSWERED = re.compile(r"^\s*(?:q|a|question|answer)\s*[:.)]\s*", re.IGNORECASE)
_NO = re.compile(
    r"^(?:no|none|never|nope|not at all|not really|absolutely not|certainly not|definitely not)\s*(?:[.,;:!–—]|-\s|$)",
    re.IGNORECASE,
)
_HEADING_WORDS = 8
_LINE_WORDS = 10  # a line of a list without marks has at most so many
_SHORT_QUESTION = 6  # words


class _Part(NamedTuple):
    text: str
    under: Heading
    kind: Kind


def read_sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; an empty line, a bullet or a heading ends one too.

    A heading holds for the paragraph or the list that follows it. A question joins the "yes" or "no" that answers it.
    """
    return (sentence for sentence in _joined(_parts(text)) if sentence.words.strip())


def _parts(text: str) -> Iterator[_Part]:
    under: Heading = ""
    began = False  # whether the block under the heading has begun
    for kind, block in _blocks(text):
        if kind == "heading":
            under, began = about(block), False
        elif kind == "paragraph":
            under, began = ("" if began else under), True
        else:
            began = True
        for part in _split(_BULLET.sub("", block, count=1)):
            bare = _ASKED_OR_ANSWERED.sub("", _BULLET.sub("", part, count=1))
            yield _Part(" ".join(bare.split()), "" if kind == "heading" else under, kind)


def _split(block: str) -> Iterator[str]:
    """Split a block at the ends of sentences, and not after an abbreviation."""
    begun = ""
    for part in _END.split(block):
        begun = f"{begun} {part}" if begun else part
        last = begun.split()[-1].lower().lstrip("(") if begun.split() else ""
        if last in told()["abbreviations"]:
            continue
        yield begun
        begun = ""
    if begun:
        yield begun


def _blocks(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield headings, bullets and paragraphs in order."""
    lines: list[str] = []
    bullet = False

    def flush() -> Iterator[tuple[Kind, str]]:
        if lines:
            yield ("bullet" if bullet else "paragraph"), " ".join(lines)
        lines.clear()

    for line in text.splitlines():
        starts = _BULLET.match(line) is not None
        own = bool(lines) and not bullet and _stands_alone(lines[-1], line)
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
    """Whether a line is a heading: marked as one, or short, at the start of a block, and about risks or denials."""
    bare = line.strip()
    if bare.startswith("#") or bare.endswith(":"):
        return len(bare.split()) <= _HEADING_WORDS + 1
    return first and bare[-1:] not in ".!?;,|" and len(bare.split()) <= _HEADING_WORDS and about(line) != ""


def _stands_alone(line: str, following: str) -> bool:
    """Whether a line is an item or a title for itself: short, without an end, and the next begins with a capital."""
    words = line.split()
    goes_on = line.rstrip()[-1:] in ",-–—(&/" or words[-1].lower() in told()["goes_on"]
    return 1 < len(words) <= _LINE_WORDS and not goes_on and following.strip()[:1].isupper()


def _joined(parts: Iterable[_Part]) -> Iterator[Sentence]:
    """The parts, a question together with the answer that begins with yes or no; `Pain? None.` is one sentence too."""
    asked: _Part | None = None
    for part in parts:
        if asked is not None:
            question = Sentence(asked.text)
            no = _NO.match(part.text) is not None
            short = len(asked.text.split()) <= _SHORT_QUESTION and not question.makes_no_promise
            if no or short or Sentence(part.text).begins_with(told()["yes"]):
                refused = len(question.words.split()) if no else 0
                yield Sentence(f"{asked.text} {part.text}", part.under, refused)
                asked = None
                continue
            yield Sentence(asked.text, asked.under)
        asked = part if part.text.endswith("?") and part.text.strip("?") else None
        if asked is None:
            yield Sentence(part.text, part.under)
    if asked is not None:
        yield Sentence(asked.text, asked.under)

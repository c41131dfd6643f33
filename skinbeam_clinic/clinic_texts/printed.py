"""The clinic's own texts as papers and pages print them, and how two versions of one differ."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from skinbeam.report.consent_context import ClinicPart
from skinbeam.text import Formatter, render_message, to_local_time
from skinbeam_clinic.clinic_texts.models import ClinicText

__all__ = ["Change", "TextPiece", "clinic_parts", "compare_texts"]

_WORDS = re.compile(r"\n|\S+[^\S\n]*")  # a word with the space after it


class Change(StrEnum):
    """What became of a piece of text from one version to another."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class TextPiece:
    """A piece of a comparison: words that are the same in both versions, or in one alone."""

    change: Change
    text: str


def clinic_parts(texts: Iterable[ClinicText]) -> tuple[ClinicPart, ...]:
    """Return texts as a form prints them, with their versions in the current language."""
    return tuple(
        ClinicPart(
            text.title,
            render_message(
                "clinic-text.version",
                {"number": text.number, "date": Formatter().date(to_local_time(text.written_at).date())},
            ),
            text.paragraphs,
        )
        for text in texts
    )


def compare_texts(older: str, newer: str) -> tuple[TextPiece, ...]:
    """Return the pieces of two texts, word by word; those of one kind joined."""
    return tuple(_join(_pieces(_WORDS.findall(older), _WORDS.findall(newer))))


def _pieces(older: Sequence[str], newer: Sequence[str]) -> Iterator[TextPiece]:
    # Words that stand everywhere are no anchors: to try each of them would take minutes for a text of one word.
    matcher = difflib.SequenceMatcher(None, older, newer, autojunk=True)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield TextPiece(Change.SAME, "".join(older[old_start:old_end]))
            continue
        yield TextPiece(Change.REMOVED, "".join(older[old_start:old_end]))
        yield TextPiece(Change.ADDED, "".join(newer[new_start:new_end]))


def _join(pieces: Iterable[TextPiece]) -> Iterator[TextPiece]:
    last: TextPiece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if last is not None and last.change is piece.change:
            last = TextPiece(piece.change, last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last

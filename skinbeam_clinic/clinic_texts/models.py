"""Records of the texts that a clinic writes itself: where they are printed, and each version."""

import datetime
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LONGEST_TEXT", "LONGEST_TITLE", "TREATMENT_USES", "ClinicText", "TextUse", "split_paragraphs"]

LONGEST_TITLE = 120  # characters
LONGEST_TEXT = 4_000


class TextUse(StrEnum):
    """Where a text is printed."""

    CONSENT = "consent"  # in each consent form, of every treatment or of one kind
    LETTER = "letter"  # in a letter to the family doctor, where a clinician chooses it
    AFTERCARE = "aftercare"  # on the page of the days after a treatment, of every one or of one kind
    NOTE = "note"  # in a note of a session, where it is chosen


TREATMENT_USES = frozenset({TextUse.CONSENT, TextUse.AFTERCARE})  # which may be for one kind of treatment alone


@dataclass(frozen=True)
class ClinicText:
    """A version of a text in one language.

    Parameters
    ----------
    id : of this version.
    text_id : of the text, which all of its languages and versions share.
    treatment : the modality whose papers it is printed on; empty for all.
    number : counts the versions of the text in this language from 1.
    text : paragraphs with an empty line between them; plain text, which no page reads as markup.
    withdrawn : whether it is printed nowhere from this version on, until another one is written.
    written_by : name of the member.
    """

    id: str
    text_id: str
    use: TextUse
    treatment: str
    language: str
    number: int
    title: str
    text: str
    withdrawn: bool
    written_at: datetime.datetime
    written_by: str

    @property
    def paragraphs(self) -> tuple[tuple[str, ...], ...]:
        """The lines of each paragraph."""
        return split_paragraphs(self.text)

    def is_for(self, modality: str) -> bool:
        """Return whether it is printed on papers of this kind of treatment."""
        return self.treatment in ("", modality)


def split_paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the lines of each paragraph of a text."""
    return tuple(tuple(paragraph.split("\n")) for paragraph in text.split("\n\n"))

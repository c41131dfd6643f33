"""Records of papers of a clinic: a letter to a family doctor, a card of appointments, and labels for photographs."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "AppointmentCardPage",
    "AppointmentCardRow",
    "LetterPage",
    "LetterPart",
    "PhotographLabel",
    "PhotographLabelPage",
]


@dataclass(frozen=True)
class LetterPart:
    """A part of a letter: its heading, facts with their labels, sentences, and paragraphs with their lines."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    paragraphs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class LetterPage:
    """Everything that a letter shows.

    Parameters
    ----------
    words : fixed sentences, by their name in the template.
    sender : name, address and telephone of the clinic.
    about : who the patient is.
    """

    words: Mapping[str, str]
    title: str
    sender: tuple[str, ...]
    date: str
    about: tuple[tuple[str, str], ...]
    parts: tuple[LetterPart, ...]


@dataclass(frozen=True)
class AppointmentCardRow:
    """An appointment on the card: its day, its time, and with whom and where."""

    day: str
    time: str
    place: str


@dataclass(frozen=True)
class AppointmentCardPage:
    """Everything that a card of appointments shows; it names no treatment, since others may read it.

    Parameters
    ----------
    words : fixed sentences, by their name in the template.
    """

    words: Mapping[str, str]
    clinic: str
    place: str
    phone: str
    person: str
    rows: tuple[AppointmentCardRow, ...]


@dataclass(frozen=True)
class PhotographLabel:
    """A label for a photograph: pseudonym, day, permitted uses, clinic and code.

    `uses` and `code` are empty on a label for a photograph that is yet to be taken.
    """

    person: str
    day: str
    uses: str
    clinic: str
    code: str


@dataclass(frozen=True)
class PhotographLabelPage:
    """Everything that sheets of labels show.

    Parameters
    ----------
    words : fixed sentences, by their name in the template.
    """

    words: Mapping[str, str]
    labels: tuple[PhotographLabel, ...]

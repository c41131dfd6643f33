"""Records of two papers of a clinic: a letter to a patient's family doctor, and a card of appointments."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["AppointmentCardPage", "AppointmentCardRow", "LetterPage", "LetterPart"]


@dataclass(frozen=True)
class LetterPart:
    """A part of a letter: its heading, facts with their labels, and sentences."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class LetterPage:
    """Everything that a letter shows.

    Parameters
    ----------
    words : fixed sentences, by their name in the template.
    sender : name and telephone of the clinic.
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
    phone: str
    person: str
    rows: tuple[AppointmentCardRow, ...]

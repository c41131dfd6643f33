"""Records of the consent form: its page context, teach-back questions, and signature."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

__all__ = [
    "PHOTO_PERMISSIONS",
    "ChoiceRow",
    "ClinicPart",
    "ConsentPage",
    "ConsentSignature",
    "PhotoPermission",
    "ResultRow",
    "TeachBackQuestion",
    "TeachBackResult",
    "TeachBackTry",
]

PHOTO_PERMISSIONS = ("care", "teaching", "publication")

Stroke = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TeachBackTry:
    """One attempt at the teach-back.

    Parameters
    ----------
    date, clinician : date, and who asked.
    wrong_answers : question → the wrong answer, in words.
    """

    date: datetime.date
    clinician: str
    wrong_answers: Mapping[str, str]


@dataclass(frozen=True)
class ConsentSignature:
    """The signed consent of a person.

    Parameters
    ----------
    label : the clinic's name of the record.
    person, clinician : their names, as they were typed.
    explained_on, signed_on : the days of the talk and of the signature.
    strokes : the drawn signature, each stroke a line through points between 0 and 1 across and down a field three times
        as wide as high; empty where the typed name is the signature.
    teach_back_tries : all teach-back attempts, oldest first; the last one has no wrong answer.
    permitted_uses : permitted uses of photographs, of `PHOTO_PERMISSIONS`.
    """

    label: str
    person: str
    clinician: str
    explained_on: datetime.date
    signed_on: datetime.date
    teach_back_tries: tuple[TeachBackTry, ...]
    permitted_uses: frozenset[str] = frozenset()
    strokes: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class TeachBackQuestion:
    """A teach-back question on what was explained; the right answer comes from the plan."""

    id: str
    question: str
    answers: tuple[str, ...]
    right_index: int


@dataclass(frozen=True)
class ChoiceRow:
    """One choice in the table of choices."""

    name: Annotated[str, "the choice in plain words"]
    good: Annotated[str, "how many of 100 get at least half better, with the range"]
    bad: Annotated[str, "the harm that is counted most often, and how many of 100 have it"]
    is_chosen: Annotated[bool, "whether it is the choice that is agreed to"]


@dataclass(frozen=True)
class ResultRow:
    """How many people improve by at least one threshold."""

    improvement: Annotated[str, "how much better"]
    treated_share: Annotated[str, "of 100 who choose this"]
    untreated_share: Annotated[str, "of 100 who do nothing"]


@dataclass(frozen=True)
class TeachBackResult:
    """A teach-back question and the attempts at it."""

    question: Annotated[str, "the question"]
    answers: Annotated[tuple[str, ...], "what can be answered; once it is signed, the right answer alone"]
    tries: Annotated[str, "at which try it was right, and what was said before; empty before"]


@dataclass(frozen=True)
class PhotoPermission:
    """A use of photographs and whether it is permitted."""

    text: Annotated[str, "the use"]
    answer: Annotated[str, "yes or no in words; empty before it is signed"]


@dataclass(frozen=True)
class ClinicPart:
    """A text that the clinic wrote itself."""

    title: Annotated[str, "what the clinic called it"]
    version: Annotated[str, "its version, and when that was written"]
    paragraphs: Annotated[tuple[tuple[str, ...], ...], "its paragraphs, each with its lines"]


@dataclass(frozen=True)
class ConsentPage:
    """The consent form of one choice."""

    banner: Annotated[str, "intended use: stands on every page"]
    plan_sha256: Annotated[str, "the plan's name"]
    footer: Annotated[str, "version, before the plan's name on every page"]
    title: Annotated[str, "what is agreed to"]
    label: Annotated[str, "the clinic, and what it calls the record once it is signed; empty where there is neither"]
    aim: Annotated[tuple[str, ...], "what is treated, what light can do and cannot, what is done, how often"]
    caution: Annotated[str, "what the plan decided about laser for this person"]
    choices: Annotated[tuple[ChoiceRow, ...], "this choice, the others, doing nothing last"]
    other_choices: Annotated[str, "choices that are only named; may be empty"]
    results: Annotated[tuple[ResultRow, ...], "how many people get how much better"]
    results_note: Annotated[str, "of whom and when"]
    common_harms: Annotated[tuple[str, ...], "harms that 1 of 100 or more have"]
    rare_harms: Annotated[tuple[str, ...], "harms that fewer have"]
    lasting_harms: Annotated[tuple[str, ...], "harms that may stay for months or for good"]
    uncounted_harms: Annotated[tuple[str, ...], "harms that nobody counted, and harm after a fault"]
    personal_harms: Annotated[tuple[str, ...], "what goes wrong more easily for this skin, or with this light"]
    healing: Annotated[tuple[str, ...], "how long it shows, and pain"]
    aftercare: Annotated[tuple[str, ...], "what to do afterwards"]
    call_advice: Annotated[tuple[str, ...], "when to call, and whom"]
    unknowns: Annotated[tuple[str, ...], "what is not known"]
    clinic_parts: Annotated[tuple[ClinicPart, ...], "what the clinic adds in its own words; may be empty"]
    permissions: Annotated[tuple[PhotoPermission, ...], "what photographs may be used for, each asked apart"]
    questions: Annotated[tuple[TeachBackResult, ...], "to tell back what was explained"]
    teach_back_note: Annotated[str, "when it was told back, and who asked; empty before"]
    agreement: Annotated[tuple[str, ...], "what the signature says, and the time to think"]
    person: Annotated[str, "who signed; empty before"]
    clinician: Annotated[str, "who explained; empty before"]
    date: Annotated[str, "when it was signed; empty before"]
    signature: Annotated[str, "file of the drawn signature; empty where none was drawn"]
    words: Annotated[Mapping[str, str], "headings and labels, by name"]

"""Read the answers of a consultation's form, and compare the answers of two people."""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam_clinic.consultations.forms import (
    MARKS_PHOTOGRAPH,
    NO_ANSWERS,
    POINTS_PHOTOGRAPH,
    Submission,
    holds_number,
    make_submission,
    parse_row_field,
)
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.typed_numbers import find_readings
from skinbeam_clinic.web.pages import describe_field

__all__ = [
    "AnswerDifference",
    "carry_past_sessions",
    "check_typed_numbers",
    "counts_until_typed",
    "find_differences",
    "is_session_field",
    "read_form_answers",
]

_UNTIL_TYPED = (".weeks_ago", ".last_dose_months", ".creams_months")
REVISION, STORED_PHOTOGRAPH, SAME_PERSON = "revision", "photo.kept", "same_person"
_NO_ANSWERS = (REVISION, STORED_PHOTOGRAPH, SAME_PERSON)


@dataclass(frozen=True)
class AnswerDifference:
    """A field of the form that two people filled in differently: its label, my answer, and the other person's."""

    label: str
    mine: str
    theirs: str


def read_form_answers(fields: Sequence[tuple[str, str]], photograph: str = "") -> Submission:
    """Return the answers among the fields of a form.

    Parameters
    ----------
    photograph : id of a photograph sent with the form; if empty, the stored one stays.
    """
    stored = next((value for name, value in fields if name == STORED_PHOTOGRAPH), "")
    return make_submission(((name, value) for name, value in fields if name not in _NO_ANSWERS), photograph or stored)


def check_typed_numbers(submission: Submission) -> None:
    """Check that each number of sent answers can mean one number alone.

    Raises
    ------
    InputError : `number-unclear`.
    """
    for name, text in submission.entries:
        if holds_number(name) and (readings := find_readings(text)):
            error = clinic_error("number-unclear", name, readings, name=describe_field(name), read=text)
            raise error.with_params({"read": f'"{text}"'})


def carry_past_sessions(earlier: Sequence[Submission]) -> Submission:
    """Return the answers with which a patient's next consultation begins: the past sessions that were entered before.

    They are those of the newest consultation that has some: an imported course began years ago, and newer consultations
    may contain none. Sessions that were treated here are no answers; each plan reads them from the records. How many
    weeks ago they were was counted on another day, and is asked again.

    Parameters
    ----------
    earlier : answers of the patient's consultations, oldest first.
    """
    for answers in reversed(earlier):
        if entries := tuple((name, value) for name, value in answers.entries if _is_carried(name)):
            return Submission(entries)
    return NO_ANSWERS


def is_session_field(name: str) -> bool:
    """Return whether a field of the form is one of an earlier session."""
    row = parse_row_field(name)
    return row is not None and row.kind == "session"


def counts_until_typed(submission: Submission) -> bool:
    """Return whether an answer is a time until the day on which it was typed: since a session, a dose, or of creams."""
    return any(name.endswith(_UNTIL_TYPED) and text.strip("0., ") for name, text in submission.entries)


def _is_carried(name: str) -> bool:
    return is_session_field(name) and not name.endswith(".weeks_ago")


def find_differences(submission: Submission, theirs: Submission) -> tuple[AnswerDifference, ...]:
    """Return every field that two people filled in differently, with its label."""
    names = dict.fromkeys(
        name
        for sent in (submission, theirs)
        for name, _ in sent.entries
        if name not in (POINTS_PHOTOGRAPH, MARKS_PHOTOGRAPH)
    )
    both = ((name, _field_text(submission, name), _field_text(theirs, name)) for name in names)
    return tuple(
        AnswerDifference(describe_field(name) or name, one, other) for name, one, other in both if one != other
    )


def _field_text(submission: Submission, name: str) -> str:
    return ", ".join(value for key, value in submission.entries if key == name)

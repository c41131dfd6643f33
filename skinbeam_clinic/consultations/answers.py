"""A consultation's form as the records keep it, and where two people's answers differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam_clinic.consultations.forms import POINTS_PHOTOGRAPH, Submission, make_submission
from skinbeam_clinic.web.pages import describe_field

__all__ = ["AnswerDifference", "find_differences", "parse_submission", "read_form_answers", "serialize_answers"]

REVISION, STORED_PHOTOGRAPH = "revision", "photo.kept"


@dataclass(frozen=True)
class AnswerDifference:
    """An answer that two people gave differently."""

    where: str
    mine: str
    theirs: str


def read_form_answers(fields: Sequence[tuple[str, str]], photograph: str = "") -> Submission:
    """Return the answers among the fields of a form.

    Parameters
    ----------
    photograph : name of one that came with it; without it the one that was kept stays.
    """
    kept = next((value for name, value in fields if name == STORED_PHOTOGRAPH), "")
    return make_submission(
        ((name, value) for name, value in fields if name not in (REVISION, STORED_PHOTOGRAPH)), photograph or kept
    )


def serialize_answers(sent: Submission) -> dict[str, Any]:
    """Return answers as the records keep them."""
    return {"entries": [list(entry) for entry in sent.entries], "photograph": sent.photo}


def parse_submission(answers: Mapping[str, Any]) -> Submission:
    """Return answers as the form knows them."""
    return Submission(tuple((name, value) for name, value in answers.get("entries", ())), answers.get("photograph", ""))


def find_differences(mine: Submission, theirs: Submission) -> tuple[AnswerDifference, ...]:
    """Return every field that two people filled differently, in words."""
    names = dict.fromkeys(name for sent in (mine, theirs) for name, _ in sent.entries if name != POINTS_PHOTOGRAPH)
    both = ((name, _field_text(mine, name), _field_text(theirs, name)) for name in names)
    return tuple(
        AnswerDifference(describe_field(name) or name, one, other) for name, one, other in both if one != other
    )


def _field_text(sent: Submission, name: str) -> str:
    return ", ".join(value for key, value in sent.entries if key == name)

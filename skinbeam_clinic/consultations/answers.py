"""A consultation's form as the records keep it, and where two people's answers differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.app.forms import POINTS_OF, Submission, submission
from skinbeam.app.pages import place_of

__all__ = ["Difference", "differences", "kept_answers", "sent_answers", "submission_of"]

REVISION, KEPT = "revision", "photo.kept"


@dataclass(frozen=True)
class Difference:
    """An answer that two people gave differently."""

    where: str
    mine: str
    theirs: str


def sent_answers(fields: Sequence[tuple[str, str]], photograph: str = "") -> Submission:
    """Return the answers among the fields of a form.

    Parameters
    ----------
    photograph : name of one that came with it; without it the one that was kept stays.
    """
    kept = next((value for name, value in fields if name == KEPT), "")
    return submission(((name, value) for name, value in fields if name not in (REVISION, KEPT)), photograph or kept)


def kept_answers(sent: Submission) -> dict[str, Any]:
    """Return answers as the records keep them."""
    return {"entries": [list(entry) for entry in sent.entries], "photograph": sent.photo}


def submission_of(answers: Mapping[str, Any]) -> Submission:
    """Return answers as the form knows them."""
    return Submission(tuple((name, value) for name, value in answers.get("entries", ())), answers.get("photograph", ""))


def differences(mine: Submission, theirs: Submission) -> tuple[Difference, ...]:
    """Return every field that two people filled differently, in words."""
    names = dict.fromkeys(name for sent in (mine, theirs) for name, _ in sent.entries if name != POINTS_OF)
    both = ((name, _of(mine, name), _of(theirs, name)) for name in names)
    return tuple(Difference(place_of(name) or name, one, other) for name, one, other in both if one != other)


def _of(sent: Submission, name: str) -> str:
    return ", ".join(value for key, value in sent.entries if key == name)

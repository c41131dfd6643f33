"""Follow a clinician's decisions about marks in the concerns that a photograph suggested.

A suggestion keeps the words in which the photograph told it. Whether it still stands depends on its marks that count:
confirmed ones, or where none of its own is confirmed, those that nobody struck. To confirm a red spot says nothing
about brown ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.photo.findings.finding import AREA_KINDS, LINE_KINDS, is_extensive
from skinbeam.photo.findings.summary import acne_severity
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.photograph_marks import PhotographMark, count_marks, read_marks
from skinbeam_clinic.consultations.suggestions import SuggestedConcern

__all__ = ["SuggestionSupport", "suggestion_support"]


@dataclass(frozen=True)
class SuggestionSupport:
    """What is left of a suggestion after decisions about its marks.

    Parameters
    ----------
    counted, marks : its marks that count, and all of them.
    is_enough : whether those that count would still be suggested.
    severity : by those that count; empty where no published scale gives one.
    """

    counted: int
    marks: int
    is_enough: bool
    severity: str


def suggestion_support(suggestion: SuggestedConcern, submission: Submission) -> SuggestionSupport | None:
    """Return what decisions about marks leave of a suggestion, or None where they leave all of it.

    Lesions that the photograph did not show clearly enough to be told are in no form. They count only as long as every
    told mark does.
    """
    if submission.photo != suggestion.photograph_id:
        return None
    all_marks = read_marks(submission)
    marks = [mark for mark in all_marks if (mark.kind, mark.region) in suggestion.finding_regions]
    counted = count_marks(marks)
    if len(counted) == len(marks):
        return None
    enough = any(is_extensive(kind, _amount(kind, counted)) for kind in {mark.kind for mark in counted})
    return SuggestionSupport(
        counted=len(counted),
        marks=len(marks),
        # One spot that a doctor must see suggested it, and the form does not say which spot that is.
        is_enough=enough or (suggestion.to_be_seen > 0 and bool(counted)),
        severity=_severity(suggestion, (*counted, *count_marks([mark for mark in all_marks if mark not in marks]))),
    )


def _amount(kind: str, marks: Sequence[PhotographMark]) -> float:
    """Return how much of a kind there is, in the unit of `is_extensive`; a mark without a size adds no area or line."""
    sizes = [mark.size_mm or 0.0 for mark in marks if mark.kind == kind]
    if kind in AREA_KINDS:
        return sum(math.pi / 4 * size**2 for size in sizes)
    return sum(sizes) if kind in LINE_KINDS else len(sizes)


def _severity(suggestion: SuggestedConcern, counting: Sequence[PhotographMark]) -> str:
    """Return the severity of acne by all red spots of the face that count; other conditions keep theirs."""
    if all(kind != "inflamed" for kind, _ in suggestion.finding_regions):
        return suggestion.severity
    graded = acne_severity([mark.region for mark in counting if mark.kind == "inflamed"])
    return graded if isinstance(graded, str) else ""

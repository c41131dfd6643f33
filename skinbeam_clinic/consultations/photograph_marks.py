"""Marks that were found on the photograph of a form, which a clinician confirms, strikes or adds to.

They are answers of the form (`mark.0.kind`), and are sealed, versioned and compared with it. They belong to one
photograph; another one makes them void. What a person added has no outline on the photograph and is not drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.findings.finding import FINDING_KINDS, region_words
from skinbeam.photo.mark_selection import MarkPlace
from skinbeam.text import Message, render_message, translate
from skinbeam_clinic.consultations.forms import (
    MARK_ROWS_MAX,
    MARKS_PHOTOGRAPH,
    Submission,
    is_mark_field,
    parse_mark_field,
)
from skinbeam_clinic.typed_numbers import parse_number

__all__ = [
    "MarkRow",
    "MarksView",
    "PhotographMark",
    "add_found_marks",
    "confirmed_places",
    "count_marks",
    "keep_stored_marks",
    "make_marks_view",
    "read_marks",
    "region_title",
]

_CONFIRMED, _STRUCK = "confirmed", "struck"
_MARK_DECISIONS = (_CONFIRMED, _STRUCK)
_LARGEST_MARK_MM = 300.0  # longer than any face; areas and lengths of marks are added up
_EMPTY_ROWS = 2  # for marks that a person adds


@dataclass(frozen=True)
class PhotographMark:
    """A mark with the clinician's decision.

    Parameters
    ----------
    number : of its row in the form.
    place : None of a mark that a person added.
    size_mm : None where nobody measured it, or a mark cannot have the size that was sent.
    decision : confirmed or struck; empty before a decision.
    """

    number: int
    kind: str
    region: str
    place: MarkPlace | None
    size_mm: float | None
    decision: str


@dataclass(frozen=True)
class MarkRow:
    """A mark in the form: its words, its hidden fields, and the decision."""

    number: int
    title: str
    fields: dict[str, str]
    decision: str


@dataclass(frozen=True)
class MarksView:
    """The marks of a photograph in the form.

    Parameters
    ----------
    marks : those that were found.
    added_rows : numbers of the rows of marks that a person added, with empty ones.
    added_titles : the added marks in words.
    kinds, regions : choices of an added mark, value and title.
    refers : whether a plan refers the patient for a very dark spot, which nobody has said to be examined.
    largest_mm : size up to which an added mark is measured.
    """

    photograph: str
    marks: tuple[MarkRow, ...]
    added_rows: tuple[int, ...]
    added_titles: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    regions: tuple[tuple[str, str], ...]
    refers: bool
    largest_mm: float = _LARGEST_MARK_MM


def read_marks(submission: Submission) -> tuple[PhotographMark, ...]:
    """Return the marks of the photograph of a form; rows that name no known kind and region are left out."""
    if not _was_read(submission):
        return ()
    rows: dict[int, dict[str, str]] = {}
    for name, text in submission.entries:
        if field := parse_mark_field(name):
            rows.setdefault(field.number, {})[field.key] = text
    return tuple(mark for number, row in sorted(rows.items()) if (mark := _read_row(number, row)) is not None)


def _was_read(submission: Submission) -> bool:
    """Return whether marks were sought on the photograph of a form."""
    return bool(submission.photo) and (MARKS_PHOTOGRAPH, submission.photo) in submission.entries


def _read_row(number: int, row: dict[str, str]) -> PhotographMark | None:
    kind, region, decision = (row.get(key, "") for key in ("kind", "region", "decision"))
    if kind not in FINDING_KINDS or region not in REGION_SITES:
        return None
    x_mm, y_mm, size_mm = (parse_number(row.get(key, ""), key) for key in ("x_mm", "y_mm", "size_mm"))
    if size_mm is not None and not 0 < size_mm <= _LARGEST_MARK_MM:
        size_mm = None
    place = None if x_mm is None or y_mm is None else MarkPlace(kind, x_mm, y_mm)
    return PhotographMark(number, kind, region, place, size_mm, decision if decision in _MARK_DECISIONS else "")


def confirmed_places(submission: Submission) -> tuple[MarkPlace, ...] | None:
    """Return the places of the marks that pictures may use; None where nobody decided, so that all of them count.

    Once a mark is confirmed, only confirmed ones count; where some were only struck, all the others do.
    """
    marks = read_marks(submission)
    if not any(mark.decision for mark in marks if mark.place is not None):
        return None
    return tuple(mark.place for mark in count_marks(marks) if mark.place is not None)


def count_marks(marks: Sequence[PhotographMark]) -> tuple[PhotographMark, ...]:
    """Return those of some marks that count: confirmed ones, or where none is, all not struck; added ones always."""
    confirmed = any(mark.decision == _CONFIRMED for mark in marks if mark.place is not None)
    return tuple(
        mark
        for mark in marks
        if mark.place is None or (mark.decision == _CONFIRMED if confirmed else mark.decision != _STRUCK)
    )


def add_found_marks(submission: Submission, analysis: PhotoAnalysis) -> Submission:
    """Return the answers with the marks of an analysis; marks of the same photograph that stand there already stay.

    They stay also where the points of the face were corrected since. Places are measured from these points, so pictures
    no longer find such marks.
    """
    if read_marks(submission) or isinstance(analysis.skin, Unknown):
        return submission
    found = (
        {
            "kind": finding.kind,
            "region": finding.region,
            "x_mm": f"{mark.x_mm:.1f}",
            "y_mm": f"{mark.y_mm:.1f}",
            "size_mm": f"{mark.size_mm.median:.1f}",
        }
        for finding in analysis.skin.findings
        for mark in finding.marks or ()
        if finding.region in REGION_SITES
    )
    rows = enumerate(islice(found, MARK_ROWS_MAX))
    marks = [(f"mark.{number}.{key}", value) for number, row in rows for key, value in row.items()]
    return _with_marks(submission, [*marks, (MARKS_PHOTOGRAPH, submission.photo)])


def keep_stored_marks(submission: Submission, stored: Submission) -> Submission:
    """Return answers with the marks of the stored ones: who does not treat decides about none."""
    return _with_marks(submission, [entry for entry in stored.entries if is_mark_field(entry[0])])


def _with_marks(submission: Submission, marks: Sequence[tuple[str, str]]) -> Submission:
    """Return answers with these fields of marks in place of their own."""
    others = (entry for entry in submission.entries if not is_mark_field(entry[0]))
    return Submission((*others, *marks), submission.photo)


def make_marks_view(submission: Submission) -> MarksView | None:
    """Return the marks for display; None before a photograph was read."""
    if not _was_read(submission):
        return None
    marks = read_marks(submission)
    added = [mark for mark in marks if mark.place is None]
    first = max((mark.number for mark in marks), default=-1) + 1
    return MarksView(
        submission.photo,
        tuple(
            MarkRow(mark.number, _title(mark), dict(_fields(mark)), mark.decision)
            for mark in marks
            if mark.place is not None
        ),
        (*(mark.number for mark in added), *range(first, first + _EMPTY_ROWS)),
        tuple(_title(mark) for mark in added),
        tuple((kind, render_message(f"finding-kind.{kind}")) for kind in FINDING_KINDS if kind != "pores"),
        tuple((region, region_title(site, region)) for region, site in REGION_SITES.items()),
        refers=any(mark.kind == "dark-spots" and mark.place is not None for mark in marks)
        and not _are_spots_examined(submission),
    )


def _are_spots_examined(submission: Submission) -> bool:
    photo = submission.tables.get("photo")
    return isinstance(photo, Mapping) and bool(photo.get("spots_examined"))  # a form may send a text of this name


def _fields(mark: PhotographMark) -> Iterator[tuple[str, str]]:
    assert mark.place is not None
    yield "kind", mark.kind
    yield "region", mark.region
    yield "x_mm", f"{mark.place.x_mm:g}"
    yield "y_mm", f"{mark.place.y_mm:g}"
    if mark.size_mm is not None:
        yield "size_mm", f"{mark.size_mm:g}"


def _title(mark: PhotographMark) -> str:
    params = {
        "kind": Message(f"finding-kind.{mark.kind}"),
        "region": region_title(REGION_SITES[mark.region], mark.region),
    }
    if mark.size_mm is None:
        return render_message("marks.unmeasured", params)
    if mark.place is None:
        return render_message("marks.measured", params | {"size": mark.size_mm})
    aside = Message("marks.left" if mark.place.x_mm < 0 else "marks.right", {"mm": round(abs(mark.place.x_mm))})
    down = Message("marks.above" if mark.place.y_mm < 0 else "marks.below", {"mm": round(abs(mark.place.y_mm))})
    return render_message("marks.placed", params | {"size": mark.size_mm, "aside": aside, "down": down})


def region_title(site: str, region: str) -> str:
    """Return the name of a region's site in the current language, with its side of the body."""
    words = region_words(site, region)
    return words.text if isinstance(words, Message) else translate(words)

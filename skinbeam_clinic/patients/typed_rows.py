"""Rows of earlier test spots and sessions as typed into a form, and which of them a recorded row may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.model.consultation import EarlierSession
from skinbeam_clinic.consultations.forms import CaseRow, Submission, row_values

__all__ = ["EMPTY_ROW", "TypedRow", "is_close", "pair_rows", "typed_rows"]

_WEEK_TOLERANCE = 0.5
_RELATIVE_TOLERANCE = 0.005  # relative to a number: people round what they copy from a machine
_NOT_COMPARED = ("week", "weeks_ago", "read_after_h", "response_pct", "adverse", "cooling", "ita_deg")


@dataclass(frozen=True)
class TypedRow:
    """A row of the form as far as it is filled in; a value that cannot be read is text."""

    values: Mapping[str, Any]

    @property
    def week(self) -> float | None:
        """The week of a session, if it is a number."""
        week = self.values.get("week")
        return week if isinstance(week, float) else None

    @property
    def adverse(self) -> frozenset[str]:
        """The reactions of a session, each by itself."""
        return frozenset(part.strip() for text in self.values.get("adverse", ()) for part in text.split(";"))

    def lacks(self, recorded: CaseRow) -> bool:
        """Return whether a recorded row holds something that this one lacks, reactions apart."""
        return bool(row_values(recorded).keys() - {"adverse"} - self.values.keys())

    def is_dated_unlike(self, recorded: EarlierSession) -> bool:
        """Return whether the record counts other weeks until today than those that were typed on another day."""
        return recorded.weeks_ago is not None and recorded.weeks_ago != self.values.get("weeks_ago")

    def is_same(self, recorded: CaseRow) -> bool:
        """Return whether this may be the recorded row: they share compared fields, and none of them differs.

        Sites of a session differ where they are apart: one may name the face where the other names the cheeks.
        """
        recorded_values = row_values(recorded)
        if self.week is not None and abs(self.week - recorded_values.get("week", self.week)) > _WEEK_TOLERANCE:
            return False
        both = (self.values.keys() & recorded_values.keys()) - set(_NOT_COMPARED)
        apart = [name for name in both if not is_close(recorded_values[name], self.values[name])]
        if isinstance(recorded, EarlierSession) and apart == ["site"]:
            return sites_overlap(recorded.site or "", self.values["site"])
        return bool(both) and not apart


EMPTY_ROW = TypedRow({})


def typed_rows(submission: Submission, kind: str) -> dict[int, TypedRow]:
    """Return the rows of a kind that a form holds, by their numbers."""
    rows = map(TypedRow, submission.tables.get(kind, ()))
    return dict(zip(submission.row_numbers(kind), rows, strict=True))


def pair_rows(rows: Sequence[CaseRow], typed: Mapping[int, TypedRow]) -> dict[int, int]:
    """Return the number of the typed row that each recorded row may be, by its index; each is taken once."""
    pairs: dict[int, int] = {}
    for index, row in enumerate(rows):
        for place, other in typed.items():
            if place not in pairs.values() and other.is_same(row):
                pairs[index] = place
                break
    return pairs


def is_close(one: Any, other: Any) -> bool:
    """Return whether two values are equal, or two numbers within what people round."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _RELATIVE_TOLERANCE * max(abs(one), abs(other))
    return bool(one == other)

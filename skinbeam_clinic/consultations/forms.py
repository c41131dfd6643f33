"""Convert a submitted consultation form to the tables of a case file, and the path of an error back to its field.

Field names are the dotted paths of the case file (`patient.age_years`, `concern.0.site`). Empty fields are left out,
as in a file; every other field reaches the schema, which refuses unknown fields.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import Field, TypeAdapter, model_serializer

from skinbeam.model.consultation import (
    Clearance,
    Clinic,
    Concern,
    EarlierSession,
    EarlierTestSpot,
    KeloidDecision,
    Medication,
    Patient,
    Photo,
)
from skinbeam.model.fields import InputTable
from skinbeam_clinic.pulse_fields import PULSE_UNITS, SHORT_PULSES, parse_pulse
from skinbeam_clinic.typed_numbers import parse_number, parse_stored_number, write_number

__all__ = [
    "MARKS_PHOTOGRAPH",
    "MARK_FIELDS_MAX",
    "MARK_ROWS_MAX",
    "NO_ANSWERS",
    "POINTS_PHOTOGRAPH",
    "SCHEMAS",
    "TABLES",
    "CaseRow",
    "FieldRow",
    "RecordedRow",
    "Submission",
    "are_same_answers",
    "changed_facts",
    "find_repeated_field",
    "form_entries",
    "holds_number",
    "is_mark_field",
    "make_submission",
    "parse_mark_field",
    "parse_row_field",
    "row_kind",
    "row_values",
]

_SPOTS_EXAMINED = "photo.spots_examined"
# Tables with several rows, and in each the field to fill first.
_ROWS = {
    "concern": "condition",
    "patient.medications": "name",
    "test_spot": "device",
    "session": "treats",
    "clearance": "rule",
}
SCHEMAS: Mapping[str, type[InputTable]] = {
    "patient": Patient,
    "patient.keloid_decision": KeloidDecision,
    "patient.medications": Medication,
    "concern": Concern,
    "test_spot": EarlierTestSpot,
    "session": EarlierSession,
    "clearance": Clearance,
    "clinic": Clinic,
    "photo": Photo,
}
# Names of whole tables: a form field is a field within a table, never the table itself.
TABLES = frozenset({*_ROWS, "patient", "clinic", "patient.keloid_decision"})
_KINDS = "|".join(map(re.escape, _ROWS))
_ROW = re.compile(rf"({_KINDS})\.(\d{{1,3}})\.(\w+)")
_PLAIN = re.compile(r"(patient|clinic)\.(\w+)")
_POINT = re.compile(r"photo\.points\.([0-2])\.([01])")
POINTS_PHOTOGRAPH = "photo.points.of"  # id of the photograph that points and examined spots are of
MARKS_PHOTOGRAPH = "mark.of"  # id of the photograph that marks are of
_MARK_KEYS = ("kind", "region", "x_mm", "y_mm", "size_mm", "decision")
_MARK = re.compile(rf"mark\.(\d{{1,3}})\.({'|'.join(_MARK_KEYS)})")
MARK_ROWS_MAX = 300  # found marks: more than any face has; the numbers of rows end at 999
MARK_FIELDS_MAX = MARK_ROWS_MAX * len(_MARK_KEYS)
_DECISION = re.compile(r"patient\.keloid_decision\.(\w+)")
_FACTS = ("patient.age_years", "patient.sex", "patient.phototype")  # who somebody is
CaseRow = EarlierTestSpot | EarlierSession  # a row of a case that may come from records
# An error of a whole table is displayed at the field to fill first.
_FIRST_FIELD = {
    "patient": "patient.age_years",
    "patient.keloid_decision": "patient.keloid_decision.by",
    "concern": "concern.0.condition",
    "test_spot": "test_spot.0.device",
    "session": "session.0.treats",
    "clearance": "clearance.0.rule",
    "clinic": "clinic.devices",
    "photo.file": "photo",
    "points": "photo.points",
}


class FieldRow(NamedTuple):
    """Position of a field in a repeated table: `concern.0.site` is the site of the first concern."""

    kind: str
    number: int
    key: str


def parse_row_field(name: str) -> FieldRow | None:
    """Return the position of a field in a repeated table; None for a field that is not in one."""
    match = _ROW.fullmatch(name)
    return FieldRow(match[1], int(match[2]), match[3]) if match else None


def parse_mark_field(name: str) -> FieldRow | None:
    """Return the row and key of a field of a mark on the photograph, which is in no case file."""
    match = _MARK.fullmatch(name)
    return FieldRow("mark", int(match[1]), match[2]) if match else None


def is_mark_field(name: str) -> bool:
    """Return whether a field is of the marks on the photograph."""
    return name == MARKS_PHOTOGRAPH or _MARK.fullmatch(name) is not None


@dataclass(frozen=True)
class RecordedRow:
    """A row from the patient's records; what was typed at the same number of its table comes before it."""

    number: int
    row: CaseRow

    @property
    def kind(self) -> str:
        """The table of the case file."""
        return row_kind(self.row)

    def join(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return a typed row with what the record adds; the reactions of both count, and weeks to today by the record.

        Those that were typed were counted on the day of the answers.
        """
        recorded = row_values(self.row)
        both = {**recorded, **typed}
        if adverse := [*typed.get("adverse", ()), *recorded.get("adverse", ())]:
            both["adverse"] = adverse
        if "weeks_ago" in recorded:
            both["weeks_ago"] = recorded["weeks_ago"]
        return both


@dataclass(frozen=True)
class Submission:
    """A submitted form.

    Parameters
    ----------
    entries : name and text of each field that was filled in, in the order of the form.
    photo : id of the form's photograph; empty when there is none.
    recorded : rows from the patient's records, which were never form fields.
    """

    entries: tuple[tuple[str, str], ...] = ()
    photo: Annotated[str, Field(alias="photograph")] = ""
    recorded: tuple[RecordedRow, ...] = ()

    @model_serializer
    def as_record(self) -> dict[str, object]:
        """Return the submission as JSON holds it; one that was only typed has no key for records."""
        typed = {"entries": [list(entry) for entry in self.entries], "photograph": self.photo}
        return typed | ({"recorded": self.recorded} if self.recorded else {})

    @classmethod
    def from_json(cls, written: bytes) -> "Submission":
        """Return the submission that `to_json` wrote.

        Raises
        ------
        ValueError : the JSON is not that of a submission.
        """
        return _submission_adapter().validate_json(written)

    def to_json(self) -> bytes:
        """Return the submission as JSON."""
        return _submission_adapter().dump_json(self)

    @cached_property
    def tables(self) -> dict[str, Any]:
        """The tables of the case file."""
        tables: dict[str, Any] = {}
        rows: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in _ROWS}
        points: dict[str, list[Any]] = {}
        about_photo: dict[str, Any] = {}
        for name, text in self.entries:
            if row := parse_row_field(name):
                _put_value(rows[row.kind].setdefault(row.number, {}), row.key, f"{row.kind}.{row.key}", text)
            elif match := _PLAIN.fullmatch(name):
                table, key = match.groups()
                _put_value(tables.setdefault(table, {}), key, name, text)
            elif match := _DECISION.fullmatch(name):
                decision = tables.setdefault("patient", {}).setdefault("keloid_decision", {})
                _put_value(decision, match[1], name, text)
            elif match := _POINT.fullmatch(name):
                points.setdefault(match[1], []).append(_number_or_text(text))
            elif name == _SPOTS_EXAMINED:
                about_photo["spots_examined"] = _parse_value(name, text)
            elif name != POINTS_PHOTOGRAPH and not is_mark_field(name):
                tables[name] = text
        for recorded in self.recorded:
            rows[recorded.kind][recorded.number] = recorded.join(rows[recorded.kind].get(recorded.number, {}))
        if rows["patient.medications"]:
            tables.setdefault("patient", {})["medications"] = _sort_rows(rows["patient.medications"])
        for kind in ("concern", "test_spot", "session", "clearance"):
            if rows[kind]:
                tables[kind] = _sort_rows(rows[kind])
        if points:
            about_photo["points"] = [points[number] for number in sorted(points)]
        # Points of another photograph would be at the wrong places, and spots examined on it are other spots.
        if about_photo and self.photo and (POINTS_PHOTOGRAPH, self.photo) in self.entries:
            tables.setdefault("photo", about_photo)
        return tables

    def rename_photographs(self, ids: Mapping[str, str]) -> "Submission":
        """Return the answers with new ids of photographs, also where marks and points name theirs."""
        entries = (
            (name, ids.get(text, text) if name in (MARKS_PHOTOGRAPH, POINTS_PHOTOGRAPH) else text)
            for name, text in self.entries
        )
        return replace(self, entries=tuple(entries), photo=ids.get(self.photo, ""))

    def without_photograph(self) -> "Submission":
        """Return the answers without their photograph, and without the points, marks and spots that are of it."""
        entries = (
            (name, text)
            for name, text in self.entries
            if not (name in (_SPOTS_EXAMINED, POINTS_PHOTOGRAPH) or _POINT.fullmatch(name) or is_mark_field(name))
        )
        return replace(self, entries=tuple(entries), photo="")

    def row_numbers(self, kind: str) -> tuple[int, ...]:
        """Return the numbers of the rows of a table that are not empty, ascending."""
        typed = {row.number for name, _ in self.entries if (row := parse_row_field(name)) and row.kind == kind}
        return tuple(sorted(typed | {row.number for row in self.recorded if row.kind == kind}))

    def find_field(self, path: str, message: str = "") -> str:
        """Return the form field of a path in the case: `concern[0].site` is `concern.0.site`, rows left empty counted.

        For an error of a whole concern, the name of the missing field is read from the message.
        """
        if path.startswith("photo.points"):
            return "photo.points"
        if re.fullmatch(r"concern\[\d+\]", path) and (missing := re.search(r"without (\w+)", message)):
            path = f"{path}.{missing[1]}"
        match = re.fullmatch(rf"({_KINDS})\[(\d+)\](?:\.(\w+))?.*", path)
        if match is None:
            return _FIRST_FIELD.get(path, re.sub(r"\[\d+\]$", "", path))
        kind, index, key = match.groups()
        used = self.row_numbers(kind)
        number = used[int(index)] if int(index) < len(used) else int(index)
        return f"{kind}.{number}.{key or _ROWS[kind]}"


@cache
def _submission_adapter() -> TypeAdapter[Submission]:
    return TypeAdapter(Submission)


def row_kind(row: CaseRow) -> str:
    """Return the table of the case file that a row belongs to."""
    return "test_spot" if isinstance(row, EarlierTestSpot) else "session"


def row_values(row: CaseRow) -> dict[str, Any]:
    """Return what is given of a row, by name, as a case file holds it."""
    return row.model_dump(exclude_defaults=True)


NO_ANSWERS = Submission()


def make_submission(fields: Iterable[tuple[str, str]], photo: str = "") -> Submission:
    """Return a submission without the fields that were left empty, and its numbers without their units."""
    return Submission(tuple(_read_entry(name, text.strip()) for name, text in fields if text.strip()), photo)


def form_entries(tables: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, str]]:
    """Yield the form fields for the tables of a checked case file, without empty ones."""
    for key, value in tables.items():
        name = f"{start}{key}"
        if isinstance(value, Mapping):
            yield from form_entries(value, f"{name}.")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from form_entries(item, f"{name}.{number}.")
                else:
                    yield name, str(item)
        elif isinstance(value, bool):
            yield from [(name, "true")] if value else []
        elif isinstance(value, int | float):
            yield name, write_number(value)
        elif str(value):
            yield name, str(value)


def find_repeated_field(fields: Iterable[tuple[str, str]]) -> str:
    """Return the first field that is sent twice, or the first list with a repeated value; empty if there is none.

    Of two answers to one question it is unclear which was meant, so neither is accepted.
    """
    seen: set[tuple[object, str]] = set()
    for name, text in fields:
        row = parse_row_field(name) or parse_mark_field(name)  # concern.0 and concern.00 are one row
        takes_several = _value_type(f"{row.kind}.{row.key}" if row else name) is list
        entry = (row or name, text.strip() if takes_several else "")
        if entry in seen:
            return name
        seen.add(entry)
    return ""


def are_same_answers(submission: Submission, other: Submission) -> bool:
    """Return whether two submissions answer the same, whatever the order of their fields.

    Marks that were found on a photograph are no answers until somebody decides about one or adds one: before that they
    change no plan and no picture. Nor is the name of a photograph on which no points or spots are told.
    """
    answers = ((_list_answers(sent.entries), sent.photo, sent.recorded) for sent in (submission, other))
    return next(answers) == next(answers)


def changed_facts(stored: Submission, answers: Submission) -> tuple[str, ...]:
    """Return the facts about the person that stored answers tell, and others replace or leave out."""
    before, after = dict(stored.entries), dict(answers.entries)
    return tuple(field for field in _FACTS if before.get(field) and before[field] != after.get(field))


def _list_answers(entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    fields = [field for name, _ in entries if (field := parse_mark_field(name))]
    placed = {field.number for field in fields if field.key == "x_mm"}  # what a person adds has no place
    decided = any(field.key == "decision" or field.number not in placed for field in fields)
    pointed = any(name == _SPOTS_EXAMINED or _POINT.fullmatch(name) for name, _ in entries)
    return sorted(
        (name, text)
        for name, text in entries
        if (decided or not is_mark_field(name)) and (pointed or name != POINTS_PHOTOGRAPH)
    )


def _put_value(table: dict[str, Any], key: str, name: str, text: str) -> None:
    if _value_type(name) is list:
        table.setdefault(key, []).append(text)
    else:
        table[key] = _parse_value(name, text)


def _sort_rows(rows: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for _, row in sorted(rows.items())]


def _parse_value(name: str, text: str) -> Any:
    """Return the value as a case file would contain it; invalid text stays text, so that the schema reports it.

    Parameters
    ----------
    name : of the field, without the number of its row: `concern.site`.
    """
    kind = _value_type(name)
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    return _number_or_text(text) if kind is float else text


def _number_or_text(text: str) -> float | str:
    number = parse_stored_number(text)
    return text if number is None else number


def holds_number(name: str) -> bool:
    """Return whether a field of the form is one for a number."""
    row = parse_row_field(name)
    return _value_type(f"{row.kind}.{row.key}" if row else name) is float


def _read_entry(name: str, text: str) -> tuple[str, str]:
    """Return a field and its text; a number is without its unit, and a pulse is in ms."""
    row = parse_row_field(name)
    key = row.key if row else name
    if row and key in SHORT_PULSES:
        name = f"{name.removesuffix(key)}pulse_ms"
    elif not holds_number(name) or parse_number(text) is not None:
        return name, text
    number = parse_pulse(text, key) if key in PULSE_UNITS else parse_number(text, name)
    return name, text if number is None else write_number(number)


@cache
def _value_type(name: str) -> type | None:
    """Return the type of a field in the schema of the case file: bool, float, list, str or another.

    None for what is no field of the schema, or a table of several.
    """
    table, _, key = name.rpartition(".")
    field = SCHEMAS[table].model_fields.get(key) if table in SCHEMAS else None
    return None if field is None or name in TABLES else _plain_type(field.annotation)


def _plain_type(annotation: Any) -> type:
    """Return a type without its constraints, and without None as another choice."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (choice for choice in get_args(annotation) if choice is not type(None))
        return _plain_type(annotation)
    plain: type = get_origin(annotation) or annotation
    return plain

"""The mapping of an import: which column of which file holds which field, and how the file writes dates and words.

A file whose columns have the names of the fields needs no mapping, as the files of `records export-clinic`. Every
column must be a field or be named under `ignore`, so that nothing is left behind unnoticed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from skinbeam.model.consultation import EarlierSession
from skinbeam.model.errors import InputError, nearest_name
from skinbeam.model.input_files import parse_toml
from skinbeam.text import render_message
from skinbeam_clinic.clinic_transfer.csv_files import DELIMITERS, ENCODINGS, CsvFile, CsvLayout, import_error

__all__ = ["FIELDS", "FileMapping", "ImportKind", "map_columns", "read_mapping"]


class ImportKind(StrEnum):
    """What a file of an import holds."""

    PATIENTS = "patients"
    APPOINTMENTS = "appointments"
    SESSIONS = "sessions"
    CLOSED_DAYS = "closed_days"


_BY_DATE = ("week", "weeks_ago")  # of a session, of which the file has the date
FIELDS: Mapping[ImportKind, tuple[str, ...]] = {
    ImportKind.PATIENTS: ("number", "pseudonym", "name", "born", "year_of_birth", "phone", "email", "address"),
    ImportKind.APPOINTMENTS: (
        "patient",
        "date",
        "time",
        "minutes",
        "member",
        "machine",
        "purpose",
        "state",
    ),
    ImportKind.SESSIONS: ("patient", "date", *(name for name in EarlierSession.model_fields if name not in _BY_DATE)),
    ImportKind.CLOSED_DAYS: ("first_day", "last_day", "yearly"),
}
_REQUIRED: Mapping[ImportKind, tuple[str, ...]] = {
    ImportKind.PATIENTS: (),
    ImportKind.APPOINTMENTS: ("patient", "date", "time", "minutes", "member", "purpose"),
    ImportKind.SESSIONS: ("patient", "date", "treats"),
    ImportKind.CLOSED_DAYS: ("first_day",),
}
_NAMING = ("name", "pseudonym")  # a file of patients has at least one of these
_ISO = "YYYY-MM-DD"
_DATE_PARTS = {"YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})"}
_DATE_FORMAT = re.compile(r"(YYYY|MM|DD)([-./ ])(YYYY|MM|DD)\2(YYYY|MM|DD)")


@dataclass(frozen=True)
class FileMapping:
    """The mapping of one file.

    Parameters
    ----------
    dates : such as `DD.MM.YYYY`; nothing is guessed from the dates themselves.
    columns : field → the columns whose texts are joined to it; empty for a file that names its columns as the fields.
    words : field → word of the file → word of the records.
    ignore : columns that are not imported.
    """

    layout: CsvLayout = field(default_factory=CsvLayout)
    dates: str = _ISO
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    words: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    ignore: tuple[str, ...] = ()

    @property
    def date_pattern(self) -> re.Pattern[str]:
        """The pattern of a date, with the groups `year`, `month` and `day`."""
        pattern = re.escape(self.dates)
        for part, group in _DATE_PARTS.items():
            pattern = pattern.replace(part, group)
        return re.compile(pattern, re.ASCII)


def read_mapping(content: bytes, name: str) -> dict[ImportKind, FileMapping]:
    """Return the mapping of each file that a mapping file (TOML) describes.

    Raises
    ------
    InputError : `import-mapping`: a key or a value that cannot be right, with its place.
    """
    tables = parse_toml(content, name, field="map")
    _check_keys(tables, tuple(ImportKind), "", name)
    return {ImportKind(kind): _read_file_mapping(ImportKind(kind), table, name) for kind, table in tables.items()}


def map_columns(kind: ImportKind, file: CsvFile, mapping: FileMapping) -> dict[str, tuple[str, ...]]:
    """Return field → columns of a file, all of which are there, and all of which are used or left out on purpose.

    Raises
    ------
    InputError : with further errors, one for each column or field.
    """
    columns = dict(mapping.columns) or {name: (name,) for name in FIELDS[kind] if name in file.columns}
    errors = []
    for name, wanted in columns.items():
        for column in wanted:
            if column not in file.columns:
                near = nearest_name(column, file.columns) or ", ".join(file.columns)
                errors.append(import_error("no-column", file.name, 1, column, field=name, near=near))
    used = {column for wanted in columns.values() for column in wanted}
    errors += [
        import_error("unused-column", file.name, 1, column, fields=", ".join(FIELDS[kind]))
        for column in file.columns
        if column not in used and column not in mapping.ignore
    ]
    errors += [
        import_error("field-missing", file.name, 1, field=name, kind=kind.value)
        for name in _REQUIRED[kind]
        if name not in columns
    ]
    if kind is ImportKind.PATIENTS and not any(name in columns for name in _NAMING):
        errors.append(import_error("field-missing", file.name, 1, field=" / ".join(_NAMING), kind=kind.value))
    if errors:
        raise errors[0].with_further_errors(errors[1:])
    return columns


def _read_file_mapping(kind: ImportKind, table: Any, name: str) -> FileMapping:
    if not isinstance(table, dict):
        raise _mapping_error(kind.value, str(table), f"[{kind.value}]", name)
    _check_keys(table, ("encoding", "delimiter", "dates", "columns", "words", "ignore"), f"{kind.value}.", name)
    encoding, delimiter = table.get("encoding", "utf-8"), table.get("delimiter", ",")
    if encoding not in ENCODINGS:
        raise _mapping_error(f"{kind.value}.encoding", str(encoding), ", ".join(ENCODINGS), name)
    if delimiter not in DELIMITERS:
        raise _mapping_error(f"{kind.value}.delimiter", str(delimiter), " ".join(map(repr, DELIMITERS)), name)
    dates = table.get("dates", _ISO)
    match = _DATE_FORMAT.fullmatch(dates) if isinstance(dates, str) else None
    if match is None or {match[1], match[3], match[4]} != set(_DATE_PARTS):
        raise _mapping_error(f"{kind.value}.dates", str(dates), "YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY", name)
    columns, words = table.get("columns", {}), table.get("words", {})
    _check_keys(columns, FIELDS[kind], f"{kind.value}.columns.", name)
    _check_keys(words, FIELDS[kind], f"{kind.value}.words.", name)
    return FileMapping(
        CsvLayout(encoding, delimiter),
        dates,
        {key: _read_texts(f"{kind.value}.columns.{key}", value, name) for key, value in columns.items()},
        {key: _read_words(f"{kind.value}.words.{key}", value, name) for key, value in words.items()},
        _read_texts(f"{kind.value}.ignore", table.get("ignore", []), name),
    )


def _check_keys(table: Any, known_keys: Sequence[str], start: str, name: str) -> None:
    if not isinstance(table, dict):
        raise _mapping_error(start.rstrip("."), str(table), f"[{start.rstrip('.')}]", name)
    for key in table:
        if key not in known_keys:
            raise _mapping_error(f"{start}{key}", key, nearest_name(key, known_keys) or ", ".join(known_keys), name)


def _read_texts(place: str, value: Any, name: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(name, str) for name in texts):
        raise _mapping_error(place, str(value), '"A", ["A", "B"]', name)
    return tuple(texts)


def _read_words(place: str, value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise _mapping_error(place, str(value), '"A" = "b"', name)
    return dict(value)


def _mapping_error(place: str, read: str, right: str, name: str) -> InputError:
    return InputError(
        "import-mapping",
        render_message("import-fault.mapping", {"read": read}),
        field=place,
        hint=render_message("import-fault.mapping-hint", {"right": right}),
        file=name,
    )

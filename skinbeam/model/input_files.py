"""Read input files: TOML to validated records, with all faults in a single `InputError`.

A file is at most 1 MB of UTF-8, with or without a byte-order mark, any line ending.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from skinbeam.model.case import Case, check_dates, current_date
from skinbeam.model.case_tables import CaseTables, WrittenValue
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_faults import collect_faults, oversized_number_error

__all__ = [
    "LoadedCase",
    "case_from_tables",
    "faulty_line",
    "file_exists",
    "load_case",
    "parse_record",
    "parse_toml",
    "read_bytes",
    "read_toml",
    "toml_hint",
]

# Common mistakes in TOML files, recognised by the line that was read.

_MAX_QUOTED_CHARACTERS = 60  # characters of a line that a message quotes
_LINE_NUMBER = re.compile(r"\(at line (\d+)")
_KEY_AND_VALUE = re.compile(r"\s*(?P<key>[\w.\"-]+)\s*(?P<sign>[=:])\s*(?P<value>.*?)\s*(?:#.*)?")
_CURLY_QUOTES = re.compile("[“”„‟«»‘’‚′″]")
_DECIMAL_COMMA = re.compile(r"([+-]?\d+),(\d+)")
_LOCAL_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}")
_NUMBER_WITH_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*[^\s\d.,:_-].*")
_NO_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_YES_OR_NO = re.compile(r"yes|no|y|n|true|false", re.IGNORECASE)
_BARE_WORD = re.compile(r"[^\W\d][\w .-]*")


def faulty_line(content: str, message: str) -> str:
    """Return the line of a file that a parser's error message refers to, shortened; empty if it names no line."""
    match = _LINE_NUMBER.search(message)
    if match is None:
        return ""
    line = content.split("\n")[int(match[1]) - 1].strip()
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else f"{line[:_MAX_QUOTED_CHARACTERS]} …"


def toml_hint(line: str, message: str = "") -> str:
    """Return how to correct a line by the mistake in it, or a link to the TOML documentation.

    Parameters
    ----------
    message : of the parser.
    """
    if message.startswith(("Cannot overwrite", "Cannot declare")):
        if line.startswith("["):
            return "This table stands in the file already: put all keys in one, or write [[ ]] around each of several."
        return "This key stands in the table already: keep one of the two."
    if _CURLY_QUOTES.search(line):
        return 'Write straight quotation marks: ".'
    match = _KEY_AND_VALUE.fullmatch(line)
    if match is None:
        return "See https://toml.io for the format."
    key, value = match["key"], match["value"]
    if match["sign"] == ":":
        return f"Write {key} = and then the value."
    if comma := _DECIMAL_COMMA.fullmatch(value):
        return f"Write a decimal with a point: {key} = {comma[1]}.{comma[2]}"
    if _LOCAL_DATE.fullmatch(value):
        return f"Write a date with the year first: {key} = 2026-11-02"
    if _NO_DATE.fullmatch(value):
        return f"Write a day that the calendar has, with the year first: {key} = 2026-11-02"
    if _YES_OR_NO.fullmatch(value):
        return f"Write {key} = true or {key} = false."
    if number := _NUMBER_WITH_UNIT.fullmatch(value):
        return f"Write the number alone, its unit stands in the key: {key} = {number[1].replace(',', '.')}"
    if _BARE_WORD.fullmatch(value):
        return f'Write a text in quotation marks: {key} = "{value}"'
    if "\\" in value:
        return "Write a path with /, such as photographs/face.jpg."
    return "See https://toml.io for the format."


MAX_TOML_BYTES = 1_000_000
# Tables are nested at most four deep; the time to parse a key grows with the square of its number of parts.
MAX_KEY_PARTS = 32
_KEY_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?)"""
_TOML_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?"{0,2}+'
    r"|'''(?:[^']|'(?!''))*+(?:''')?'{0,2}+"
    r"|#[^\n]*+"
    rf"|{_KEY_PART}(?P<deep>(?:[ \t]*+\.[ \t]*+{_KEY_PART}){{{MAX_KEY_PARTS}}})?",
    re.DOTALL,
)
Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, repr=False)
class LoadedCase:
    """A validated case and its origin.

    Parameters
    ----------
    case : the validated case.
    folder : folder in which relative files are looked up.
    file : name of the case file, for messages.
    """

    case: Case
    folder: Path
    file: str = "case"

    def __repr__(self) -> str:
        return f"<{self.file}: {', '.join(name for name in Case.model_fields if getattr(self.case, name))}>"

    def resolve_path(self, name: str, *, field: str) -> Path:
        """Return the path of a file named in the case, which must be inside the folder of the case.

        Raises
        ------
        InputError : the name leads outside, or there is no such file.
        """
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise InputError(
                "outside-folder",
                f'"{name}" lies outside the folder of the case file',
                field=field,
                hint="Put the file beside the case file and give its relative name.",
                file=self.file,
            )
        if not file_exists(path):
            raise InputError(
                "missing-file",
                f'no file "{name}"',
                field=field,
                hint="A file beside the case file.",
                file=self.file,
            )
        return path

    def with_fields(self, values: Mapping[str, WrittenValue], *, file: str = "") -> "LoadedCase":
        """Return the case with some of its fields changed, checked again.

        Parameters
        ----------
        values : by dotted path, such as `settings.pulse_ms`.
        file : what an error names as the origin of the values; left out, the file of the case.

        Raises
        ------
        InputError : no such field, or a value that it cannot have.
        """
        tables = self.tables().with_fields(values)
        return LoadedCase(parse_record(Case, tables.root, file=file or self.file), self.folder, self.file)

    def tables(self) -> CaseTables:
        """Return the tables of the case as a file would hold them, without defaults."""
        return CaseTables(self.case.model_dump(exclude_none=True, exclude_defaults=True))

    def sha256(self, photo_sha256: str = "") -> str:
        """Return the hash of the validated case: defaults filled in, title and paths left out, files by content.

        Parameters
        ----------
        photo_sha256 : of the photograph that was read in place of the photograph named in the case, if any.

        Raises
        ------
        InputError : a file that the case names is missing or lies outside its folder.
        """
        record = self.case.model_dump(exclude={"title", "photo"}, exclude_none=True)
        if not self.case.clearance:  # older programs hash a case without this table
            del record["clearance"]
        photo = self.case.photo
        if not photo_sha256 and photo is not None and photo.file is not None:
            with self.resolve_path(photo.file, field="photo.file").open("rb") as content:
                photo_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        if photo_sha256:
            marked = {} if photo is None else photo.model_dump(exclude={"file"}, exclude_none=True)
            record["photo"] = {"sha256": photo_sha256} | marked
        device = record.get("laser", {}).get("device", "")
        if device.endswith(".toml"):
            record["laser"]["device"] = sha256_hex(self.resolve_path(device, field="laser.device").read_bytes())
        if self.case.clinic is not None and self.case.clinic.devices is not None:
            record["clinic"]["devices"] = [
                sha256_hex(self.resolve_path(name, field="clinic.devices").read_bytes())
                if name.endswith(".toml")
                else name
                for name in self.case.clinic.devices
            ]
        for kind in ("test_spot", "session"):
            for index, pulse in enumerate(record[kind]):
                device = pulse.get("device", "")
                if device.endswith(".toml"):
                    path = self.resolve_path(device, field=f"{kind}[{index}].device")
                    pulse["device"] = sha256_hex(path.read_bytes())
        return sha256_hex(record)


def file_exists(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Return whether a file of this kind exists; False for a name that is too long for the disk."""
    try:
        return kind(path)
    except OSError:
        return False


def read_bytes(path: Path, *, field: str, max_bytes: int, description: str) -> bytes:
    """Return the content of a file of at most `max_bytes` bytes.

    Raises
    ------
    InputError : missing, unreadable, not a file, or larger.
    """
    try:
        if not path.is_file():
            reason = (
                "is a folder" if path.is_dir() else "is not an ordinary file" if path.exists() else "does not exist"
            )
            raise InputError(
                "missing-file",
                f'"{path.name or path}" {reason}',
                field=field,
                hint=f"The path of {description}.",
                file=path.name,
            )
        size = path.stat().st_size
        if size > max_bytes:
            raise _file_too_large_error(path.name, size, max_bytes, field)
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "unreadable-file",
            f'"{path.name}" cannot be read: {error.strerror}',
            field=field,
            hint=f"A file that can be read: {description}.",
            file=path.name,
        ) from None


def read_toml(path: Path, *, field: str = "case", description: str = "a case file") -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    InputError : missing, too large, not UTF-8, not TOML.
    """
    return parse_toml(
        read_bytes(path, field=field, max_bytes=MAX_TOML_BYTES, description=description), path.name, field=field
    )


def parse_toml(data: bytes, file: str, *, field: str) -> dict[str, Any]:
    """Return the tables of the content of a TOML file.

    Raises
    ------
    InputError : too large, not UTF-8, not TOML.
    """
    if len(data) > MAX_TOML_BYTES:
        raise _file_too_large_error(file, len(data), MAX_TOML_BYTES, field)
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_number = 1 + data.count(b"\n", 0, error.start)
        raise InputError(
            "not-utf8",
            f"byte {error.start} is not UTF-8, in line {line_number}",
            field=field,
            hint="Save the file as UTF-8 text.",
            file=file,
        ) from None
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if any(token["deep"] for token in _TOML_TOKEN.finditer(content)):
        raise InputError(
            "not-toml",
            f"a key has more than {MAX_KEY_PARTS} parts",
            field=field,
            hint="Keys such as patient.age_years, one table inside another at most.",
            file=file,
        )
    try:
        tables = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        # The remaining ValueError is a whole number of thousands of digits, which Python does not convert.
        message = "a number has thousands of digits"
        if isinstance(error, tomllib.TOMLDecodeError | RecursionError):
            message = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        line = faulty_line(content, message)
        read = f", read {line}" if line else ""
        raise InputError(
            "not-toml",
            f"not valid TOML: {message}{read}",
            field=field,
            hint=toml_hint(line, message),
            file=file,
        ) from None
    if (fault := oversized_number_error(tables, file)) is not None:
        raise fault
    return tables


def _file_too_large_error(file: str, size: int, most: int, field: str) -> InputError:
    return InputError(
        "file-too-large",
        f'"{file}" holds {size:,} bytes',
        field=field,
        hint=f"At most {most:,} bytes.",
        file=file,
    )


def parse_record(model: type[Record], tables: Mapping[str, Any], *, file: str) -> Record:
    """Validate `tables` and return them as a record.

    Raises
    ------
    InputError : the fault to correct first, with the path of the field; it includes the others.
    """
    try:
        return model.model_validate(dict(tables))
    except ValidationError as error:
        raise collect_faults(model, tables, error, file) from None
    except RecursionError:
        raise InputError(
            "wrong-shape",
            "a value is nested too deeply",
            field="(file)",
            hint="Tables and lists as in the case file reference.",
            file=file,
        ) from None


def load_case(path: Path | str) -> LoadedCase:
    """Read and validate a case file.

    Raises
    ------
    InputError : the file cannot be read or is not a valid case.
    """
    file = Path(path)
    return case_from_tables(read_toml(file), file.parent, file.name)


def case_from_tables(tables: Mapping[str, Any], folder: Path, file: str) -> LoadedCase:
    """Validate the tables of a file or form and return the case; its dates are checked against today.

    Raises
    ------
    InputError : the tables are not a valid case, or a date is impossible by today's clock.
    """
    case = parse_record(Case, tables, file=file)
    check_dates(case, current_date(), file=file)
    return LoadedCase(case, folder, file)

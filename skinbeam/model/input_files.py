"""Reads input files: TOML to checked records, every fault as one `InputError`.

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

from skinbeam.document import sha256_of
from skinbeam.errors import InputError
from skinbeam.schema.case import Case
from skinbeam.schema.dates import check_dates, today
from skinbeam.schema.refusals.faults import all_faults, too_large
from skinbeam.schema.refusals.slips import read_line, slip_hint

__all__ = ["LoadedCase", "is_there", "load_case", "loaded_case", "parse", "read_bytes", "read_toml", "toml_tables"]

MAX_TOML_BYTES = 1_000_000
# A table of a file lies at most four deep; the time to read a key grows with the square of its parts.
MAX_KEY_PARTS = 32
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?)"""
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?"{0,2}+'
    r"|'''(?:[^']|'(?!''))*+(?:''')?'{0,2}+"
    r"|#[^\n]*+"
    rf"|{_PART}(?P<deep>(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS}}})?",
    re.DOTALL,
)
Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True)
class LoadedCase:
    """A checked case and where it came from.

    Parameters
    ----------
    case : the checked case.
    folder : folder that relative files are looked up in.
    file : name of the case file, for messages.
    """

    case: Case
    folder: Path
    file: str = "case"

    def beside(self, name: str, *, field: str) -> Path:
        """Return the path of a file named in the case: inside the folder of the case, never outside.

        Raises
        ------
        InputError : the name leads outside, or nothing is there.
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
        if not is_there(path):
            raise InputError(
                "missing-file",
                f'no file "{name}"',
                field=field,
                hint="A file beside the case file.",
                file=self.file,
            )
        return path

    def sha256(self, photo_sha256: str = "") -> str:
        """Return the hash of the checked case: defaults filled in, title and paths left out, files by content.

        Parameters
        ----------
        photo_sha256 : of the photograph that stands for the one that the case names, if any was read.

        Raises
        ------
        InputError : a file that the case names is missing or lies outside its folder.
        """
        record = self.case.model_dump(exclude={"title", "photo"}, exclude_none=True)
        photo = self.case.photo
        if not photo_sha256 and photo is not None and photo.file is not None:
            with self.beside(photo.file, field="photo.file").open("rb") as content:
                photo_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        if photo_sha256:
            marked = {} if photo is None else photo.model_dump(exclude={"file"}, exclude_none=True)
            record["photo"] = {"sha256": photo_sha256} | marked
        device = record.get("laser", {}).get("device", "")
        if device.endswith(".toml"):
            record["laser"]["device"] = sha256_of(self.beside(device, field="laser.device").read_bytes())
        if self.case.clinic is not None and self.case.clinic.devices is not None:
            record["clinic"]["devices"] = [
                sha256_of(self.beside(name, field="clinic.devices").read_bytes()) if name.endswith(".toml") else name
                for name in self.case.clinic.devices
            ]
        return sha256_of(record)


def is_there(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Return whether a file of this kind is there; under a name that is too long for the disk there is none."""
    try:
        return kind(path)
    except OSError:
        return False


def read_bytes(path: Path, *, field: str, most: int, what: str) -> bytes:
    """Return the content of a file of at most `most` bytes.

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
                f'"{path.name}" {reason}',
                field=field,
                hint=f"The path of {what}.",
                file=path.name,
            )
        size = path.stat().st_size
        if size > most:
            raise _too_long(path.name, size, most, field)
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "unreadable-file",
            f'"{path.name}" cannot be read: {error.strerror}',
            field=field,
            hint=f"A readable {what}.",
            file=path.name,
        ) from None


def read_toml(path: Path, *, field: str = "CASE", what: str = "a case file") -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    InputError : missing, too large, not UTF-8, not TOML.
    """
    return toml_tables(read_bytes(path, field=field, most=MAX_TOML_BYTES, what=what), path.name, field=field)


def toml_tables(data: bytes, file: str, *, field: str) -> dict[str, Any]:
    """Return the tables of the content of a TOML file.

    Raises
    ------
    InputError : too large, not UTF-8, not TOML.
    """
    if len(data) > MAX_TOML_BYTES:
        raise _too_long(file, len(data), MAX_TOML_BYTES, field)
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "not-utf8",
            f"byte {error.start} is not UTF-8",
            field=field,
            hint="Save the file as UTF-8 text.",
            file=file,
        ) from None
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if any(token["deep"] for token in _TOKEN.finditer(content)):
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
        # What is no fault of the format is a whole number of thousands of digits, which Python does not read.
        told = isinstance(error, tomllib.TOMLDecodeError | RecursionError)
        message = (str(error) or "nested too deeply") if told else "a number has thousands of digits"
        line = read_line(content, message)
        read = f", read {line}" if line else ""
        raise InputError(
            "not-toml",
            f"not valid TOML: {message}{read}",
            field=field,
            hint=slip_hint(line),
            file=file,
        ) from None
    if (fault := too_large(tables, file)) is not None:
        raise fault
    return tables


def _too_long(file: str, size: int, most: int, field: str) -> InputError:
    return InputError(
        "file-too-large",
        f'"{file}" holds {size:,} bytes',
        field=field,
        hint=f"At most {most:,} bytes.",
        file=file,
    )


def parse(model: type[Record], tables: Mapping[str, Any], *, file: str) -> Record:
    """Return `tables` as a checked record.

    Raises
    ------
    InputError : the fault to mend first, with the path of the field; it holds the others.
    """
    try:
        return model.model_validate(dict(tables))
    except ValidationError as error:
        raise all_faults(model, tables, error, file) from None
    except RecursionError:
        raise InputError(
            "wrong-shape",
            "a value is nested too deeply",
            field="(file)",
            hint="Tables and lists as in the case file reference.",
            file=file,
        ) from None


def load_case(path: Path) -> LoadedCase:
    """Return the checked case of a file.

    Raises
    ------
    InputError : whatever is wrong with it.
    """
    return loaded_case(read_toml(path), path.parent, path.name)


def loaded_case(tables: Mapping[str, Any], folder: Path, file: str) -> LoadedCase:
    """Return the checked case of tables that came in just now, from a file or a form.

    Raises
    ------
    InputError : whatever is wrong with it; a date that cannot be, by today's clock, too.
    """
    case = parse(Case, tables, file=file)
    check_dates(case, today(), file=file)
    return LoadedCase(case, folder, file)

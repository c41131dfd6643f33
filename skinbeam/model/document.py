"""JSON documents: rounding, canonical form, hashes and atomic writing.

Numbers are rounded when a document is made, before any hash, so that the same inputs give the same bytes on
any number of threads.
"""

import errno
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from skinbeam._version import __version__
from skinbeam.model.atomic_files import temporary_path
from skinbeam.model.errors import DISK_FULL, InputError
from skinbeam.model.json_fields import field_entries

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "UNWRITABLE_CODE",
    "CodedWarning",
    "DocumentResult",
    "build_document",
    "canonical_json",
    "dataclass_fields",
    "named_sources",
    "pretty_json",
    "round_significant",
    "sha256_hex",
    "to_json_types",
    "unwritable_error",
    "write_atomically",
]

UNWRITABLE_CODE = "unwritable-folder"  # code of the error of a disk that is full or cannot be written
SIGNIFICANT_DIGITS = 6
HEAD_FIELDS = ("case_sha256", "seed", "warnings")  # of every result
_LINE_CHARACTERS = 120  # of a file that people look at
_INDENT = 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class CodedWarning(Protocol):
    """A warning of a document; its sentence is a message of `skinbeam.text`, which stands above this folder."""

    @property
    def code(self) -> str:
        """The name of its kind, for programs."""
        ...

    def as_record(self) -> dict[str, str]:
        """Return the JSON shape of the warning."""
        ...


def round_significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """Return `value` rounded to `digits` significant digits; -0.0 becomes 0.0.

    Raises
    ------
    ValueError : NaN or infinite; a document never holds either.
    """
    if not math.isfinite(value):
        raise ValueError(f"a document cannot hold {value}; say unknown instead")
    return float(f"{value:.{digits - 1}e}") + 0.0


def to_json_types(value: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    """Return `value` as JSON types: records become objects, floats are rounded, None is rejected.

    Objects with `as_record()` (unknowns, messages) are converted by it; other dataclasses field by
    field with `dataclass_fields`; arrays with `tolist()`.

    Raises
    ------
    TypeError : a type that a document cannot hold, such as None.
    """
    kind = type(value)  # most of a plan are these types, which are found faster than by what a value can do
    if kind is float:
        return round_significant(value, digits)
    if kind is str or kind is int:
        return value
    if kind is list or kind is tuple:
        return [to_json_types(item, digits) for item in value]
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return round_significant(value, digits)
    if isinstance(value, Mapping):
        return {str(key): to_json_types(item, digits) for key, item in value.items()}
    if hasattr(value, "as_record"):
        return to_json_types(value.as_record(), digits)
    if hasattr(value, "tolist"):
        return to_json_types(value.tolist(), digits)
    if isinstance(value, Sequence | frozenset | set):
        return [
            to_json_types(item, digits) for item in (sorted(value) if isinstance(value, frozenset | set) else value)
        ]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_json_types(item, digits) for name, item in dataclass_fields(value).items()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot stand in a document: {value!r}")


def dataclass_fields(record: Any) -> dict[str, Any]:
    """Return the keys and values of a dataclass in a document, in the order of its fields.

    A field has its name, and is left out where it is None, unless `json_fields` declares it otherwise.
    """
    return {key: value for field in fields(record) for key, value in field_entries(field, getattr(record, field.name))}


def canonical_json(value: Any, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Return the canonical JSON text of `value`: sorted keys, no spaces, characters outside ASCII not escaped."""
    return json.dumps(
        to_json_types(value, digits), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def pretty_json(value: Any, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Return `value` as indented JSON in its own order, with a final newline.

    One line holds a list of numbers or of names, an estimate or an unknown, and whatever else fits in 120 characters,
    so that a list of a hundred probabilities is one line and not a hundred.
    """
    return _indented_json(to_json_types(value, digits), 0) + "\n"


def _indented_json(value: Any, column: int) -> str:
    """Return the JSON text of a value that begins in `column`."""
    if not isinstance(value, dict | list) or _is_row(value):
        return _ENCODER.encode(value)
    inner = column + _INDENT
    if isinstance(value, dict):
        start, end = "{}"
        parts = [f"{_ENCODER.encode(name)}: {_indented_json(item, inner)}" for name, item in value.items()]
    else:
        start, end = "[]"
        parts = [_indented_json(item, inner) for item in value]
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) + column <= _LINE_CHARACTERS:  # never so where a part has several lines, which are longer than this
        return line
    margin = "\n" + " " * inner
    return f"{start}{margin}{f',{margin}'.join(parts)}\n{' ' * column}{end}"


def _is_row(value: dict[str, Any] | list[Any]) -> bool:
    """Return whether a value stands on one line however long: a list of numbers or names, an estimate or an unknown."""
    if isinstance(value, dict):
        return value.keys() == {"unknown"} or {"median", "low", "high", "basis"} <= value.keys()
    return not any(isinstance(item, dict | list) or (isinstance(item, str) and " " in item) for item in value)


def sha256_hex(value: Any) -> str:
    """Return the SHA-256, in hex, of bytes or of the canonical JSON of anything else."""
    data = value if isinstance(value, bytes) else canonical_json(value).encode()
    return hashlib.sha256(data).hexdigest()


def build_document(
    schema: str,
    *,
    case_sha256: str,
    seed: int,
    warnings: Sequence[CodedWarning] = (),
    body: Mapping[str, Any],
    digits: int = SIGNIFICANT_DIGITS,
) -> dict[str, Any]:
    """Return a whole document: the five keys that all documents have, then `body`, all in JSON types.

    Parameters
    ----------
    schema : e.g. `skinbeam.simulate/1`.
    """
    head = {
        "schema": schema,
        "version": __version__,
        "case_sha256": case_sha256,
        "seed": seed,
        "warnings": warnings,
    }
    return {name: to_json_types(value, digits) for name, value in (head | dict(body)).items()}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DocumentResult:
    """The answer to one question: a record whose fields are the keys of its document, in their order.

    A number of a person, a skin or a clinic is an `Estimate`, or an `Unknown` with its reason; a field that does not
    apply is None, and its key is not in the document. Two results are equal if their documents are.

    Parameters
    ----------
    case_sha256 : hash of the case, or of the arguments.
    seed : of every random draw.
    """

    schema: ClassVar[str]
    digits: ClassVar[int] = SIGNIFICANT_DIGITS

    case_sha256: str
    seed: int
    warnings: tuple[CodedWarning, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document in JSON types, with its numbers rounded."""
        body = dataclass_fields(self)
        head = {name: body.pop(name) for name in HEAD_FIELDS}
        return build_document(self.schema, **head, body=body, digits=self.digits)

    def plot(self) -> "Figure":
        """Return the Matplotlib figure that the command draws with `--plot`.

        Raises
        ------
        NotAvailable : there is no figure of such an answer.
        """
        import skinbeam  # which loads its names by need: figures stand above every record

        figure: Figure = skinbeam.result_figure(self)
        return figure

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources behind the answer, in alphabetical order."""
        return tuple(sorted(set(named_sources(self.to_dict()))))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # a result may hold arrays

    def __repr__(self) -> str:
        names = (field.name for field in fields(self) if field.name not in HEAD_FIELDS)
        return f"<{self.schema}: {', '.join(names)}>"


def named_sources(value: Any) -> Iterator[str]:
    """Yield the sources that a document names anywhere: its own, those of its parts, the basis of every estimate."""
    if isinstance(value, list):
        for item in value:
            yield from named_sources(item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name == "source" and isinstance(item, str):
                yield item
            elif name in ("source", "sources", "basis") and isinstance(item, list):
                yield from (key for key in map(_entry_key, item) if isinstance(key, str))
            elif name != "params":  # of a sentence, which may name an author
                yield from named_sources(item)


def _entry_key(entry: Any) -> Any:
    """Return the key of a source, which `skinbeam.cite/1` writes with its other fields."""
    return entry.get("key") if isinstance(entry, Mapping) else entry


def write_atomically(path: Path, data: bytes | str, *, field: str = "output") -> None:
    """Write `data` to `path`, which `field` names, completely or not at all; missing folders are created.

    Raises
    ------
    InputError : the folder cannot be made or written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(path) as partial:
            partial.write_bytes(data.encode() if isinstance(data, str) else data)
            partial.replace(path)
    except OSError as error:
        raise unwritable_error(path, error, field=field) from None


def unwritable_error(path: Path, error: OSError, *, field: str = "output", resumes: bool = False) -> InputError:
    """Return the error for a file or folder that cannot be written.

    Parameters
    ----------
    resumes : whether the same run goes on with what is missing, once there is room.
    """
    room = "the same command goes on with what is missing" if resumes else "or take a folder on another disk"
    reason = error.strerror or str(error)
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = next(
            (f'"{place.name}" is a file and no folder' for place in (path, *path.parents) if place.is_file()), reason
        )
    return InputError(
        UNWRITABLE_CODE,
        f'"{path.name or path}" cannot be written: {reason}',
        field=field,
        hint=f"Make room there{';' if resumes else ','} {room}."
        if error.errno in DISK_FULL
        else "A folder that can be written, or that can be made.",
    )

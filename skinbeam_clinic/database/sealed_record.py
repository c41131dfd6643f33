"""Frozen records in sealed columns, each as the canonical JSON of its own types.

A row keeps the ciphertext, because the audit log signs what is stored, and it is sealed for one place: clinic, table,
row and column. A column type of SQLAlchemy is not told the row when it converts a value, so the transaction, which
knows the place, seals a record and opens it (`ClinicTransaction.seal_record` and `open_record`).
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, ConfigDict, TypeAdapter
from sqlalchemy.orm import InstrumentedAttribute

from skinbeam.text import Message
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.errors import clinic_error

__all__ = ["NO_OTHER_KEYS", "RecordMessage", "SealedRecord", "parse_values", "record_values"]

# A key that a record does not have would be lost when the record is written again, so it is an error.
NO_OTHER_KEYS = ConfigDict(extra="forbid")

RecordType = TypeVar("RecordType")


def _restore_parameters(stored: Message) -> Message:
    """Return a message with the messages among its parameters, of which the JSON was read."""
    params = {
        name: _restore_parameters(Message(**value)) if isinstance(value, Mapping) else value
        for name, value in stored.params.items()
    }
    return Message(stored.id, params)


# A message of a record: it is rendered in the language of whoever reads it.
RecordMessage = Annotated[Message, AfterValidator(_restore_parameters)]


@dataclass(frozen=True)
class SealedRecord(Generic[RecordType]):
    """The record type of a sealed column.

    Parameters
    ----------
    record : a frozen dataclass, or a dictionary.
    column : the column of its ciphertext.
    longest : how many characters its JSON may have; None for records whose texts are checked one by one.
    field : the field that an error names when the JSON is longer.
    """

    record: type[RecordType]
    column: InstrumentedAttribute[Any]
    longest: int | None = None
    field: str = ""

    @cached_property
    def _adapter(self) -> TypeAdapter[tuple[RecordType]]:
        # A tuple of one record, because pydantic gives a configuration to the parts of a type alone.
        return TypeAdapter(tuple[self.record], config=NO_OTHER_KEYS)  # type: ignore[name-defined]

    def to_json(self, content: RecordType) -> bytes:
        """Return the JSON of a record.

        Raises
        ------
        InputError : `too-long`.
        """
        (values,) = self._adapter.dump_python((content,), by_alias=True)
        written = canonical_json(_json_values(values))
        if self.longest is not None and len(written) > self.longest:
            raise clinic_error("too-long", self.field, hint={"longest": self.longest})
        return written.encode()

    def from_json(self, content: bytes) -> RecordType:
        """Return the record of its JSON.

        Raises
        ------
        ValueError : the JSON is not that of such a record.
        """
        return self._adapter.validate_json(b"[" + content + b"]")[0]


def record_values(record: Any) -> dict[str, Any]:
    """Return a record as a dictionary with what its JSON holds; times and bytes stay as they are."""
    values: dict[str, Any] = _record_adapter(type(record)).dump_python(record)  # type: ignore[arg-type]
    return values


def parse_values(record: type[RecordType], values: Any) -> RecordType:
    """Return the record that `record_values` wrote as these values, of which the JSON may have been read.

    Raises
    ------
    ValueError : they are not those of such a record.
    """
    read: RecordType = _record_adapter(record).validate_python(values)  # type: ignore[arg-type]
    return read


@cache
def _record_adapter(record: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def _json_values(value: Any) -> Any:
    """Return a value of lists, dictionaries and times as JSON can hold it; a time keeps its zone as it was written."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _json_values(item) for name, item in value.items()}
    return [_json_values(item) for item in value] if isinstance(value, list | tuple) else value

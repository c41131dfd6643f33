"""The tables of a case as they were written, before they are checked, and the change of single fields in them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import ConfigDict, RootModel

from skinbeam.model.errors import InputError

__all__ = ["CaseTables", "WrittenValue"]

_DIGITS = 6  # most digits of an index into a list of tables, plus one
WrittenValue = bool | int | float | str | list[int] | list[float]


class CaseTables(RootModel[dict[str, Any]]):
    """The tables of a case, by name; they are never changed in place.

    A table that is not there is one without fields.
    """

    model_config = ConfigDict(frozen=True)

    def with_fields(self, values: Mapping[str, WrittenValue]) -> Self:
        """Return the tables with fields set.

        Parameters
        ----------
        values : by dotted path, such as `settings.pulse_ms` or `vessel.0.diameter_um`.

        Raises
        ------
        InputError : a path leads through a value that is no table, or to an item that a list does not have.
        """
        made: Any = self.root
        for field, value in values.items():
            made = _set_path(made, field.split("."), value, field)
        return type(self)(made)


def _set_path(table: Any, path: Sequence[str], value: WrittenValue, field: str) -> Any:
    """Return a copy with the value at the path; all other parts are shared, not copied."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(table, Mapping):
        return {**table, key: _set_path(table.get(key, {}), rest, value, field)}
    if not isinstance(table, list):
        raise InputError(
            "unknown-field", f'"{key}" lies in no table', field=field, hint="A field of a case, such as skin.ita_deg."
        )
    if not (key.isdecimal() and len(key) < _DIGITS and int(key) < len(table)):
        raise InputError(
            "unknown-field",
            f'"{key}" is none of {len(table)} tables',
            field=field,
            hint="Tables of a list are counted from 0, such as concern.0.severity.",
        )
    return [_set_path(item, rest, value, field) if k == int(key) else item for k, item in enumerate(table)]

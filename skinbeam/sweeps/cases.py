"""The cases of a sweep: at each place the tables of the case with the values of that place."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from skinbeam.errors import InputError
from skinbeam.sweeps.axes import Value
from skinbeam.sweeps.file import Sweep

__all__ = ["block_of", "blocks", "tables_with", "values_at"]

_DIGITS = 6  # of the number of a table in a list


def values_at(sweep: Sweep, place: Sequence[int]) -> dict[str, Value]:
    """Return what the fields that vary hold at a place, one index an axis."""
    rows = zip(sweep.axes, place, strict=True)
    return {field: value for axis, k in rows for field, value in zip(axis.fields, axis.rows[k], strict=True)}


def tables_with(tables: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the tables of a case with fields set; `tables` stay as they are.

    Raises
    ------
    InputError : a path leads through what is no table, or to an item that a list does not have.
    """
    made: Any = tables
    for field, value in values.items():
        made = _with(made, field.split("."), value, field)
    return dict(made)


def _with(held: Any, path: Sequence[str], value: Value, field: str) -> Any:
    """What is held, with the value at the path; what lies beside the path is shared, not copied."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(held, Mapping):
        return {**held, key: _with(held.get(key, {}), rest, value, field)}
    if not isinstance(held, list):
        raise InputError(
            "unknown-field", f'"{key}" lies in no table', field=field, hint="A field of a case, such as skin.ita_deg."
        )
    if not (key.isdecimal() and len(key) < _DIGITS and int(key) < len(held)):
        raise InputError(
            "unknown-field",
            f'"{key}" is none of {len(held)} tables',
            field=field,
            hint="Tables of a list are counted from 0, such as concern.0.severity.",
        )
    return [_with(one, rest, value, field) if k == int(key) else one for k, one in enumerate(held)]


def block_of(shape: Sequence[int], most: int) -> tuple[int, ...]:
    """Return the sides of a block of at most `most` cases: whole inner axes, then a part of the next."""
    sides: list[int] = []
    for length in reversed(shape):
        side = max(1, min(length, most // prod(sides)))
        sides.append(side)
    return tuple(reversed(sides))


def blocks(shape: Sequence[int], sides: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Yield the blocks that a grid falls into, in its order; those at its ends may be smaller."""
    starts = [range(0, length, side) for length, side in zip(shape, sides, strict=True)]
    for corner in product(*starts):
        yield tuple(slice(a, min(a + side, n)) for a, side, n in zip(corner, sides, shape, strict=True))

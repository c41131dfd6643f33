"""Equality by value for records that hold arrays, which a dataclass compares with one truth value and so cannot."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

__all__ = ["compared_by_value"]

RecordT = TypeVar("RecordT")


def compared_by_value(cls: type[RecordT]) -> type[RecordT]:
    """Let `==` of a dataclass compare its arrays element by element; two NaN at one place are equal.

    It stands above the decorator `dataclass`. Arrays are equal if they have the same shape and elements.
    """
    cls.__eq__ = _equal_records  # type: ignore[method-assign] # of any record
    return cls


def _equal_records(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = (field.name for field in fields(self) if field.compare)
    return all(_equal_values(getattr(self, name), getattr(other, name)) for name in compared)


def _equal_values(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if hasattr(one, "shape") or hasattr(other, "shape"):  # no array library stands below this folder
        if getattr(one, "shape", None) != getattr(other, "shape", None):
            return False
        return bool(((one == other) | ((one != one) & (other != other))).all())
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal_values(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list) and type(one) is type(other):
        return len(one) == len(other) and all(map(_equal_values, one, other))
    return bool(one == other)

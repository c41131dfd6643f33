"""What tests ask of a plan that was read back from its document."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from skinbeam.plan_records.document import read_plan

__all__ = ["read_plan", "records_in"]


def records_in(value: Any) -> list[Any]:
    """Every record inside a value, itself among them."""
    if is_dataclass(value) and not isinstance(value, type):
        return [value, *(one for field in fields(value) for one in records_in(getattr(value, field.name)))]
    if isinstance(value, Mapping):
        return [one for item in value.values() for one in records_in(item)]
    return [one for item in value for one in records_in(item)] if isinstance(value, tuple | list) else []

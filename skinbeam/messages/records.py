"""A record said in another language: the names and reasons that stand in it as English text.

Messages are said in the language that is spoken wherever they are shown; what is text alone is found again by its
English (`retold`). Ids, keys and what a person typed stay.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from skinbeam.messages.language import ENGLISH, spoken
from skinbeam.messages.retold import retold
from skinbeam.messages.sentences import Message

__all__ = ["retell"]

T = TypeVar("T")

# Fields of a plan, and of what its figures are drawn from, whose text is for people.
_SAID = {"title", "device_title", "light", "reason", "message", "effect", "harm", "limits"} | {
    "severity",
    "sex",
    "strength",
}
_HASH = "plan_sha256"


def retell(record: T) -> T:
    """Return a plan, or what its figures are drawn from, in the language that is spoken; a plan keeps its hash."""
    if spoken() == ENGLISH:
        return record
    said: T = _said(record)
    if hasattr(record, _HASH):
        vars(said)[_HASH] = getattr(record, _HASH)
    return said


def _said(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(_said, value))
    if isinstance(value, Mapping):
        return {key: _said(item) for key, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type | Message):
        return value
    held = {field.name: getattr(value, field.name) for field in fields(value)}
    said = {
        name: retold(item) if name in _SAID and isinstance(item, str) else _said(item) for name, item in held.items()
    }
    return replace(value, **said)

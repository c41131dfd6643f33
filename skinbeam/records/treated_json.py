"""What is done after consent in the words of JSON, as sealed columns hold it, and the way back."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skinbeam.records.treated import Answer, Decision, Deviation, Fired, Note, Ordered, Side, TreatedArea

__all__ = ["answers_of", "area_of", "fired_said", "notes_of", "ordered_of"]

Namer = Callable[[str], str]  # who did something → their name


def ordered_of(said: Mapping[str, Any]) -> Ordered:
    """Return what a plan orders."""
    return Ordered(**dict(said) | {"asked": tuple(said["asked"])})


def answers_of(said: Sequence[Mapping[str, Any]], name_of: Namer) -> tuple[Answer, ...]:
    """Return the answers to a checklist."""
    return tuple(_answer(one, name_of) for one in said)


def notes_of(said: Sequence[Mapping[str, Any]], name_of: Namer) -> tuple[Note, ...]:
    """Return notes."""
    return tuple(Note(one["words"], _at(one), name_of(one["by"])) for one in said)


def fired_said(fired: Fired, found: Sequence[Deviation]) -> dict[str, Any]:
    """Return what was fired, and how it differs from the plan, as JSON writes it."""
    return dataclasses.asdict(fired) | {"deviations": [dataclasses.asdict(one) for one in found]}


def area_of(said: Mapping[str, Any], id: str, at: datetime.datetime, by: str) -> TreatedArea:
    """Return a row of what was fired."""
    held = dict(said)
    found = tuple(Deviation(**one) for one in held.pop("deviations"))
    return TreatedArea(id, Fired(**held | {"side": Side(held["side"])}), found, at, by)


def _answer(said: Mapping[str, Any], name_of: Namer) -> Answer:
    decided = said.get("decision")
    decision = None if decided is None else Decision(decided["why"], _at(decided), name_of(decided["by"]))
    return Answer(said["item"], said["answer"], said["words"], _at(said), name_of(said["by"]), decision)


def _at(said: Mapping[str, Any]) -> datetime.datetime:
    return datetime.datetime.fromisoformat(said["at"])

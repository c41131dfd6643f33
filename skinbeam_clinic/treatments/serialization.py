"""What is done after consent in the words of JSON, as sealed columns hold it, and the way back."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skinbeam.messages import text
from skinbeam.records.treated import Answer, Decision, Deviation, Fired, Note, Ordered, Side, TreatedArea

__all__ = ["answers_of", "area_of", "done_elsewhere", "fired_said", "notes_of", "ordered_of"]

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


def done_elsewhere(consultation: Mapping[str, Any], plan_id: str) -> list[dict[str, str]]:
    """Return the treatments that a copy holds under a plan in words, each as a note beside the option that was done.

    Raises
    ------
    KeyError, TypeError : they are none.
    """
    done = [one for one in consultation.get("treatments", ()) if one["plan_id"] == plan_id]
    return [{"option": str(one["option"]), "notes": _told(one)} for one in done]


def _told(said: Mapping[str, Any]) -> str:
    """What was done in a treatment: device, every row that stands, what went wrong."""
    corrected = {one["fired"]["corrects"] for one in said["areas"]}
    rows = [one["fired"] for one in said["areas"] if one["id"] not in corrected and not one["fired"]["struck"]]
    events = [f"{one['kind']}, {one['grade']}" for one in said["events"]]
    about = {
        "number": said["number"],
        "at": str(said["started_at"] or said["created_at"])[:10],
        "state": said["state"],
        "device": said["device"] or said["ordered"]["device"],
        "serial": said["serial"] or "-",
        "rows": "; ".join(map(_row, rows)) or "-",
        "events": "; ".join(events) or "-",
    }
    return text("records-copy.treatment", about)


def _row(fired: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in fired["settings"].items())
    return f"{fired['site']} ({fired['side']}): {settings}, pulses {fired['pulses'] or '-'}, seen {fired['endpoint']}"


def _answer(said: Mapping[str, Any], name_of: Namer) -> Answer:
    decided = said.get("decision")
    decision = None if decided is None else Decision(decided["why"], _at(decided), name_of(decided["by"]))
    return Answer(said["item"], said["answer"], said["words"], _at(said), name_of(said["by"]), decision)


def _at(said: Mapping[str, Any]) -> datetime.datetime:
    return datetime.datetime.fromisoformat(said["at"])

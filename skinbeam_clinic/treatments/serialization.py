"""Convert treatments to and from the JSON of sealed columns, and summarize treatments of a patient's copy."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skinbeam.text import render_message
from skinbeam_clinic.treatments.models import (
    AreaFiring,
    BodySide,
    ChecklistAnswer,
    ChecklistDecision,
    Deviation,
    TreatedArea,
    TreatmentNote,
    TreatmentOrder,
)

__all__ = ["parse_answers", "parse_area", "parse_notes", "parse_order", "serialize_firing", "summarize_treatments"]

NameLookup = Callable[[str], str]  # id of a member → their name


def parse_order(data: Mapping[str, Any]) -> TreatmentOrder:
    """Return the treatment order of its JSON."""
    return TreatmentOrder(**dict(data) | {"asked": tuple(data["asked"])})


def parse_answers(data: Sequence[Mapping[str, Any]], name_of: NameLookup) -> tuple[ChecklistAnswer, ...]:
    """Return the answers to a checklist of their JSON."""
    return tuple(_parse_answer(one, name_of) for one in data)


def parse_notes(data: Sequence[Mapping[str, Any]], name_of: NameLookup) -> tuple[TreatmentNote, ...]:
    """Return the notes of their JSON."""
    return tuple(TreatmentNote(one["words"], _parse_moment(one), name_of(one["by"])) for one in data)


def serialize_firing(firing: AreaFiring, deviations: Sequence[Deviation]) -> dict[str, Any]:
    """Return the JSON of fired pulses with their deviations from the plan."""
    return dataclasses.asdict(firing) | {"deviations": [dataclasses.asdict(one) for one in deviations]}


def parse_area(data: Mapping[str, Any], id: str, at: datetime.datetime, by: str) -> TreatedArea:
    """Return the treated area of its JSON and its row's id, time and member."""
    held = dict(data)
    found = tuple(Deviation(**one) for one in held.pop("deviations"))
    return TreatedArea(id, AreaFiring(**held | {"side": BodySide(held["side"])}), found, at, by)


def summarize_treatments(consultation: Mapping[str, Any], plan_id: str) -> list[dict[str, str]]:
    """Return the treatments under a plan in a patient's copy as text, each a note with its option.

    Raises
    ------
    KeyError, TypeError : the JSON is not that of treatments.
    """
    done = [one for one in consultation.get("treatments", ()) if one["plan_id"] == plan_id]
    return [{"option": str(one["option"]), "notes": _treatment_summary(one)} for one in done]


def _treatment_summary(data: Mapping[str, Any]) -> str:
    """Return a treatment in words: device, every valid row, adverse events."""
    corrected = {one["fired"]["corrects"] for one in data["areas"]}
    rows = [one["fired"] for one in data["areas"] if one["id"] not in corrected and not one["fired"]["struck"]]
    events = [f"{one['kind']}, {one['grade']}" for one in data["events"]]
    about = {
        "number": data["number"],
        "at": str(data["started_at"] or data["created_at"])[:10],
        "state": data["state"],
        "device": data["device"] or data["ordered"]["device"],
        "serial": data["serial"] or "-",
        "rows": "; ".join(map(_firing_summary, rows)) or "-",
        "events": "; ".join(events) or "-",
    }
    return render_message("records-copy.treatment", about)


def _firing_summary(firing: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in firing["settings"].items())
    return (
        f"{firing['site']} ({firing['side']}): {settings}, pulses {firing['pulses'] or '-'}, seen {firing['endpoint']}"
    )


def _parse_answer(data: Mapping[str, Any], name_of: NameLookup) -> ChecklistAnswer:
    decided = data.get("decision")
    decision = (
        None if decided is None else ChecklistDecision(decided["why"], _parse_moment(decided), name_of(decided["by"]))
    )
    return ChecklistAnswer(
        data["item"], data["answer"], data["words"], _parse_moment(data), name_of(data["by"]), decision
    )


def _parse_moment(data: Mapping[str, Any]) -> datetime.datetime:
    return datetime.datetime.fromisoformat(data["at"])

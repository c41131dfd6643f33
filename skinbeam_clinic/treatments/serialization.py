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


def parse_order(said: Mapping[str, Any]) -> TreatmentOrder:
    """Return the treatment order of its JSON."""
    return TreatmentOrder(**dict(said) | {"asked": tuple(said["asked"])})


def parse_answers(said: Sequence[Mapping[str, Any]], name_of: NameLookup) -> tuple[ChecklistAnswer, ...]:
    """Return the answers to a checklist of their JSON."""
    return tuple(_parse_answer(one, name_of) for one in said)


def parse_notes(said: Sequence[Mapping[str, Any]], name_of: NameLookup) -> tuple[TreatmentNote, ...]:
    """Return the notes of their JSON."""
    return tuple(TreatmentNote(one["words"], _parse_moment(one), name_of(one["by"])) for one in said)


def serialize_firing(fired: AreaFiring, found: Sequence[Deviation]) -> dict[str, Any]:
    """Return the JSON of fired pulses with their deviations from the plan."""
    return dataclasses.asdict(fired) | {"deviations": [dataclasses.asdict(one) for one in found]}


def parse_area(said: Mapping[str, Any], id: str, at: datetime.datetime, by: str) -> TreatedArea:
    """Return the treated area of its JSON and its row's id, time and member."""
    held = dict(said)
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


def _treatment_summary(said: Mapping[str, Any]) -> str:
    """Return a treatment in words: device, every valid row, adverse events."""
    corrected = {one["fired"]["corrects"] for one in said["areas"]}
    rows = [one["fired"] for one in said["areas"] if one["id"] not in corrected and not one["fired"]["struck"]]
    events = [f"{one['kind']}, {one['grade']}" for one in said["events"]]
    about = {
        "number": said["number"],
        "at": str(said["started_at"] or said["created_at"])[:10],
        "state": said["state"],
        "device": said["device"] or said["ordered"]["device"],
        "serial": said["serial"] or "-",
        "rows": "; ".join(map(_firing_summary, rows)) or "-",
        "events": "; ".join(events) or "-",
    }
    return render_message("records-copy.treatment", about)


def _firing_summary(fired: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in fired["settings"].items())
    return f"{fired['site']} ({fired['side']}): {settings}, pulses {fired['pulses'] or '-'}, seen {fired['endpoint']}"


def _parse_answer(said: Mapping[str, Any], name_of: NameLookup) -> ChecklistAnswer:
    decided = said.get("decision")
    decision = (
        None if decided is None else ChecklistDecision(decided["why"], _parse_moment(decided), name_of(decided["by"]))
    )
    return ChecklistAnswer(
        said["item"], said["answer"], said["words"], _parse_moment(said), name_of(said["by"]), decision
    )


def _parse_moment(said: Mapping[str, Any]) -> datetime.datetime:
    return datetime.datetime.fromisoformat(said["at"])

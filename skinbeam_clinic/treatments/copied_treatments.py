"""Summarize the treatments of a patient's copy in words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.text import render_message

__all__ = ["summarize_treatments"]


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

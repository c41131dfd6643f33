"""What was recorded of a patient in one line each, and what speaks against going on, in the words of the planner."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skinbeam.app.clinic.course.history import Fact
from skinbeam.app.clinic.course.stops import Stop
from skinbeam.laser.device import devices
from skinbeam.messages import Formatter, retold, text
from skinbeam.plan.records import Plan
from skinbeam.report.names import site_title
from skinbeam.schema.names import table

__all__ = ["Line", "ShownStop", "fact_told", "pulse_told", "stops_told"]

_UNITS = (("fluence_J_cm2", "J/cm²"), ("energy_mJ", "mJ"), ("density_per_cm2", "/cm²"))
# What the plan says of complications, by what was seen.
_DONE_THEN: Mapping[str, tuple[str, ...]] = {
    "blister": ("complication-burn",),
    "burn": ("complication-burn",),
    "erosion": ("complication-burn",),
    "crust": ("complication-burn",),
    "pigment-change": ("complication-dark-marks", "complication-pale-marks"),
    "scar": ("complication-scar",),
    "pih": ("complication-dark-marks",),
    "hypopigmentation": ("complication-pale-marks",),
    "atrophic scar": ("complication-scar",),
    "infection": ("complication-infection",),
    "herpes": ("complication-infection",),
    "prolonged erythema": ("complication-long-redness",),
}


@dataclass(frozen=True)
class Line:
    """Something that was recorded, and where it is shown."""

    at: datetime.datetime
    said: str
    path: str


@dataclass(frozen=True)
class ShownStop:
    """What speaks against going on: the record, the rule's words and source, and what is done now."""

    key: str
    said: str
    source: str
    final: bool
    line: Line | None
    advice: tuple[str, ...]


def pulse_told(settings: Mapping[str, Any]) -> str:
    """Return a pulse in words: the device and what it was set to."""
    write = Formatter().number
    name = settings.get("device", "")
    device = retold(devices()[name].title) if name in devices() else name
    light = f"{write(settings['wavelength_nm'])} nm" if settings.get("wavelength_nm") is not None else ""
    parts = [
        device,
        "" if light in device else light,
        *(f"{write(settings[key])} {unit}" for key, unit in _UNITS if settings.get(key) is not None),
    ]
    if settings.get("spot_mm") is not None:
        parts.append(text("setting.spot", {"diameter": settings["spot_mm"]}))
    if settings.get("pulse_ms") is not None:
        parts.append(text("setting.pulse", {"length": f"{write(settings['pulse_ms'])} ms"}))
    return ", ".join(part for part in parts if part)


def fact_told(fact: Fact) -> Line:
    """Return a record in one line."""
    row = fact.row
    if fact.kind == "test_spot":
        about = {"reaction": text(f"reaction.{row['reaction']}"), "hours": row["read_after_h"]}
        about |= {"pulse": pulse_told(row), "site": site_title(row["site"])}
        return Line(fact.at, text("clinic-spots.line", about), fact.path)
    about = {"treats": retold(table("condition")[row["treats"]]["title"]), "pulse": pulse_told(row)}
    about |= {"week": row["week"], "adverse": "; ".join(row.get("adverse", ())) or text("clinic-spots.no-adverse")}
    return Line(fact.at, text("clinic-spots.session-line", about), fact.path)


def stops_told(stops: tuple[Stop, ...], plan: Plan) -> tuple[ShownStop, ...]:
    """Return what speaks against going on, with what the plan says is done then."""
    said = {one.rule: one.message.text for one in plan.complications}
    return tuple(
        ShownStop(
            one.key,
            one.message.text,
            one.source,
            one.final,
            None if one.fact is None else fact_told(one.fact),
            tuple(said[rule] for rule in _done_then(one) if rule in said),
        )
        for one in stops
    )


def _done_then(stop: Stop) -> tuple[str, ...]:
    if stop.fact is None:
        return ()
    seen = [stop.fact.row.get("reaction", ""), *stop.fact.row.get("adverse", ())]
    return tuple(dict.fromkeys(rule for one in seen for rule in _DONE_THEN.get(one, ())))

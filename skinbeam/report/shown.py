"""Turn the values of a plan document into text: estimates, ranges, unknowns, messages, units.

Any value of a plan may be `{"unknown": reason}`; it is then printed as unknown with its reason.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Formatter, catalogue, text
from skinbeam.report.context import Shown
from skinbeam.units import MS, NS, PS

__all__ = [
    "capital",
    "estimate_of",
    "join",
    "keys_of",
    "people",
    "per_100",
    "percent",
    "plain_reasons",
    "quantity",
    "records",
    "say",
    "sentence",
    "sentences",
    "show",
    "words",
]

_FORMAT = Formatter()

_SHORT_MS = 0.001
_COUNTED = ("days", "weeks", "months", "years")

# How the end of a name says its unit; the longest end that fits wins.
_UNITS = {
    "J_cm2": "J/cm²",
    "W_m2K": "W/(m²·K)",
    "W_cm2": "W/cm²",
    "per_cm2": "per cm²",
    "per_cm": "per cm",
    "mJ": "mJ",
    "ms": "ms",
    "mm": "mm",
    "mm2": "mm²",
    "um": "µm",
    "nm": "nm",
    "cm2": "cm²",
    "Hz": "Hz",
    "deg": "°",
    "C": "°C",
    "J": "J",
    "W": "W",
    "s": "s",
    "h": "h",
    "pct": "%",
    "days": "days",
    "weeks": "weeks",
    "months": "months",
    "years": "years",
    "minutes": "min",
    "mm_per_px": "mm/px",
    "0_10": "",
    "fraction": "",
}


def records(value: Any) -> list[Any]:
    """Return a list of records; an unknown in the place of the list is a list of that one, absent is empty."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) else []


def say(id: str, **params: Any) -> str:
    """Return the sentence `report.<id>`, or `<id>` when the id names its section itself."""
    return text(id if "." in id else f"report.{id}", params)


def words(section: str) -> dict[str, str]:
    """Return the sentences of a section of the catalogue that take no parameter, by name."""
    start = f"{section}."
    return {
        key.removeprefix(start): text(key) for key, s in catalogue().items() if key.startswith(start) and "{" not in s
    }


def estimate_of(value: Any) -> Estimate | Unknown | None:
    """Return the estimate or the unknown that `value` is in JSON; None when it is neither."""
    if isinstance(value, Estimate | Unknown):
        return value
    if not isinstance(value, Mapping):
        return None
    if "unknown" in value:
        return Unknown(str(value["unknown"]))
    if {"median", "low", "high", "level", "kind"} <= set(value):
        return Estimate(
            float(value["median"]),
            float(value["low"]),
            float(value["high"]),
            float(value["level"]),
            value["kind"],
            int(value.get("draws", 0)),
            tuple(value.get("basis", ())),
        )
    return None


def sentence(value: Any) -> str:
    """Return the text of a message record, of a plain string, or of an unknown with its reason; absent is empty."""
    if value is None:
        return ""
    if isinstance(value, Mapping) and "text" in value:
        return sentence(value["text"])
    shown = show(value)
    return shown.text if shown.known else say("unknown_because", reason=shown.note)


def sentences(value: Any) -> tuple[str, ...]:
    """Return the texts of a list of messages; an unknown or a single message is a list of one."""
    if value is None:
        return ()
    return tuple(map(sentence, value)) if _is_list(value) else (sentence(value),)


def plain_reasons(value: Any) -> tuple[str, ...]:
    """Return plain reasons of a plan, each with what the person said before it, in one text a reason."""
    return tuple(" ".join((*sentences(one.get("because")), sentence(one))) for one in records(value))


def keys_of(value: Any) -> tuple[str, ...]:
    """Return source keys from a key, a list of keys, or nothing."""
    if not value:
        return ()
    return tuple(str(key) for key in value) if _is_list(value) else (str(value),)


def show(value: Any, unit: str = "") -> Shown:
    """Return any value of a plan as text with `unit`, and what stands behind it."""
    known = estimate_of(value)
    if isinstance(known, Unknown):
        return Shown(say("unknown"), known.reason, False)
    if isinstance(known, Estimate):
        return Shown(_with_unit(_interval(known), unit), _meaning(known), True)
    if isinstance(value, bool):
        return Shown(say("yes") if value else say("no"), "", True)
    if isinstance(value, int | float):
        return Shown(_with_unit(*_number(value, unit)), "", True)
    if isinstance(value, Mapping):
        return _show_table(value, unit)
    if _is_list(value):
        return Shown("; ".join(show(item, unit).text for item in value) or say("none"), "", True)
    return Shown(_with_unit(str(value), unit), "", True)


def people(share: float) -> str:
    """Return a share as whole people of 100; what rounds to nobody or to everybody is not said to be so."""
    whole = int(100 * share + 0.5)
    if share > 0 and whole == 0:
        return say("fewer_than_one")
    return say("more_than_99") if share < 1 and whole == 100 else str(whole)


def per_100(value: Any) -> Shown:
    """Return a probability as people of 100."""
    known = estimate_of(value)
    if not isinstance(known, Estimate):
        return (
            show(value) if not isinstance(value, int | float) else Shown(say("of_100", people=people(value)), "", True)
        )
    low, median, high = map(people, (known.low, known.median, known.high))
    told = median if low == high else say("spread", value=median, low=low, high=high)
    return Shown(say("of_100", people=told), _meaning(known), True)


def percent(value: Any) -> Shown:
    """Return a share between 0 and 1 in per cent."""
    known = estimate_of(value)
    if isinstance(known, Estimate):
        ends = {name: 100 * getattr(known, name) for name in ("low", "median", "high")}
        return show(replace(known, **ends), "%")
    return show(100 * value if isinstance(value, int | float) else value, "%")


def quantity(name: str) -> tuple[str, str]:
    """Return the words and the unit of a quantity whose name ends in its unit: `pulse_ms` → ("pulse", "ms")."""
    stem, unit = name, ""
    for end in sorted(_UNITS, key=len, reverse=True):
        if name.endswith(f"_{end}") or name == end:
            stem, unit = name.removesuffix(end).rstrip("_") or name, _UNITS[end]
            break
    key = f"report_quantity.{name}"
    return (text(key) if key in catalogue() else stem.rsplit(".", 1)[-1].replace("_", " ")), unit


def capital(label: str) -> str:
    """Return a label with a capital first letter; the others stay as they are."""
    return label[:1].upper() + label[1:]


def join(items: Iterable[str]) -> str:
    """Return items as one line, parted by commas; empty ones are left out."""
    return ", ".join(item for item in items if item)


def _show_table(value: Mapping[str, Any], unit: str) -> Shown:
    """A range {low, high}, a message {text}, or any other object name by name."""
    about, keys = (
        sentence(value.get("text", value.get("conditions"))) if "low" in value else "",
        join(keys_of(value.get("source"))),
    )
    note = say("note_source", about=about, keys=keys) if about and keys else about or keys
    if "low" in value and "high" in value:
        low, high = (show(value[end]).text for end in ("low", "high"))
        if "value" in value and low != high:
            spread = say("spread", value=show(value["value"]).text, low=low, high=high)
            return Shown(_with_unit(spread, unit), note, True)
        return Shown(_with_unit(low if low == high else say("range", low=low, high=high), unit), note, True)
    if "value" in value:
        return show(value["value"], unit)
    if "text" in value:
        return Shown(sentence(value["text"]), note, True)
    parts = []
    for name, item in value.items():
        label, its_unit = quantity(str(name))
        parts.append(f"{label} {show(item, its_unit).text}")
    return Shown(", ".join(parts) or say("none"), "", True)


def _number(value: float, unit: str) -> tuple[str, str]:
    """A number and its unit; pulses far below a millisecond stand in nanoseconds or picoseconds."""
    if unit == "ms" and 0 < value < _SHORT_MS:
        value, unit = (value * MS / NS, "ns") if value * MS >= NS else (value * MS / PS, "ps")
    return _FORMAT.number(value), unit


def _interval(value: Estimate) -> str:
    """The median with its range, or the number alone when there is no spread."""
    return _FORMAT.number(value.median) if value.low == value.high else _FORMAT.interval(value)


def _meaning(value: Estimate) -> str:
    """What the range of an estimate is a range of."""
    level = math.floor(100 * value.level + 0.5)
    if value.kind == "modelled":
        return say("note_modelled", level=level, draws=value.draws)
    return say(f"note_{value.kind}", level=level)


def _with_unit(number: str, unit: str) -> str:
    """The number and its unit; a degree sign stands at the number, and there is no plural of one."""
    if number == "1" and unit in _COUNTED:
        unit = unit.removesuffix("s")
    return f"{number}{unit}" if unit == "°" else f"{number} {unit}".strip()


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)

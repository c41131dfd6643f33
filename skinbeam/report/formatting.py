"""Turn the values of a plan into text: estimates, ranges, unknowns, messages, units.

What is unknown is printed as unknown, with its reason.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import ENGLISH, Formatter, Message, catalogue, retold, spoken, text
from skinbeam.plan.records import TargetValue
from skinbeam.plan.rules.reason import PlainReason
from skinbeam.plan.spans import Duration, Range
from skinbeam.report.context import Shown
from skinbeam.units import MS, NS, PS

__all__ = [
    "Showable",
    "capital",
    "join",
    "keys_of",
    "parted",
    "people",
    "per_100",
    "percent",
    "plain_reasons",
    "quantity",
    "say",
    "sentence",
    "sentences",
    "show",
    "within",
    "words",
]

Showable = Value | Message | Range | Duration | TargetValue | str | float | Sequence[str] | Sequence[float]

_FORMAT = Formatter()

_SHORT_MS = 0.001
_GLANCE_LETTERS = 150  # two lines of a page
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])")
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


def say(id: str, **params: Any) -> str:
    """Return the sentence `report.<id>`, or `<id>` when the id names its section itself."""
    return text(id if "." in id else f"report.{id}", params)


def words(section: str) -> dict[str, str]:
    """Return the sentences of a section of the catalogue that take no parameter, by name."""
    start = f"{section}."
    return {
        key.removeprefix(start): text(key) for key, s in catalogue().items() if key.startswith(start) and "{" not in s
    }


def sentence(value: Message | Unknown | str) -> str:
    """Return a message, a plain text, or that something is unknown and why."""
    shown = show(value)
    return shown.text if shown.known else say("unknown_because", reason=shown.note)


def sentences(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the texts of messages."""
    return tuple(message.text for message in messages)


def plain_reasons(reasons: Iterable[PlainReason]) -> tuple[str, ...]:
    """Return plain reasons of a plan, each with what the person said before it, in one text a reason, each once."""
    return tuple(dict.fromkeys(" ".join((*sentences(one.because), one.text.text)) for one in reasons))


def keys_of(source: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return source keys from a key, several keys, or nothing."""
    return (source,) if isinstance(source, str) else tuple(source or ())


def show(value: Showable, unit: str = "") -> Shown:
    """Return any value of a plan as text with `unit`, and what stands behind it."""
    if isinstance(value, Unknown):
        return Shown(say("unknown"), value.reason, False)
    if isinstance(value, Estimate):
        return Shown(_with_unit(_interval(value), unit), _meaning(value), True)
    if isinstance(value, Message):
        return Shown(value.text, "", True)
    if isinstance(value, bool):
        return Shown(say("yes") if value else say("no"), "", True)
    if isinstance(value, int | float):
        return Shown(_with_unit(*_number(value, unit)), "", True)
    if isinstance(value, str):
        return Shown(_with_unit(retold(value), unit), "", True)
    if isinstance(value, Range | Duration | TargetValue):
        return Shown(_with_unit(_ends(value), unit), _note(value), True)
    return Shown("; ".join(show(item, unit).text for item in value) or say("none"), "", True)


def parted(said: str) -> tuple[str, str]:
    """Return how a rule begins, as many whole sentences as a glance takes in, at least one, and what it says after."""
    ends = [found.end() for found in _SENTENCE_END.finditer(said)]
    end = max([end for end in ends if end <= _GLANCE_LETTERS] or ends[:1], default=len(said))
    return (said, "") if len(said) <= _GLANCE_LETTERS else (said[:end].rstrip(), said[end:])


def people(share: float) -> str:
    """Return a share as whole people of 100; what rounds to nobody or to everybody is not said to be so."""
    whole = int(100 * share + 0.5)
    if share > 0 and whole == 0:
        return say("fewer_than_one")
    return say("more_than_99") if share < 1 and whole == 100 else str(whole)


def per_100(value: Value | float) -> Shown:
    """Return a probability as people of 100."""
    if isinstance(value, Unknown):
        return show(value)
    if not isinstance(value, Estimate):
        return Shown(say("of_100", people=people(value)), "", True)
    low, median, high = map(people, (value.low, value.median, value.high))
    told = median if low == high else say("spread", value=median, low=low, high=high)
    return Shown(say("of_100", people=told), _meaning(value), True)


def percent(value: Value) -> Shown:
    """Return a share between 0 and 1 in per cent."""
    return show(value.scaled(100) if isinstance(value, Estimate) else value, "%")


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


def within(name: str) -> str:
    """Return a name as it stands within a sentence; in languages with capitals of their own it is written that way."""
    return name.lower() if spoken() == ENGLISH else name


def join(items: Iterable[str]) -> str:
    """Return items as one line, parted by commas; empty ones are left out."""
    return ", ".join(item for item in items if item)


def _ends(value: Range | Duration | TargetValue) -> str:
    """`low to high`, after the value itself where there is one; one number where there is no spread."""
    low, high = (show(end).text for end in (value.low, value.high))
    if low == high:
        return low
    if isinstance(value, TargetValue):
        return say("spread", value=show(value.value).text, low=low, high=high)
    return say("range", low=low, high=high)


def _note(value: Range | Duration | TargetValue) -> str:
    """What a range is of, and its sources."""
    about: Message | str = (value.conditions if isinstance(value, TargetValue) else value.text) or ""
    about = about.text if isinstance(about, Message) else about
    keys = join(keys_of(value.source))
    return say("note_source", about=about, keys=keys) if about and keys else about or keys


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
    unit = retold(unit)
    return f"{number}{unit}" if unit == "°" else f"{number} {unit}".strip()

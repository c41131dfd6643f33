"""How long anything shows, in the words of the report and in those of the leaflet; never less than what is known."""

import math
from collections.abc import Mapping
from typing import Any

from skinbeam.messages import catalogue, text
from skinbeam.report.context import Shown
from skinbeam.report.shown import records, say, show

__all__ = ["days_in_words", "days_shown", "showing_told"]

_HEALING = ("downtime", "trials")  # until it has healed, as against what shows for longer


def days_shown(option: Mapping[str, Any]) -> Shown:
    """Return the longest that anything of an option shows, with what it is; its note holds every duration known."""
    value = option.get("shows_days", {"unknown": say("not_in_plan")})
    shown = show(value, "days")
    if "what" not in value:
        return shown
    notes = dict.fromkeys(show(one).note for one in [value, *records(option.get("shows"))])
    return Shown(say(f"shows_{value['what']}", days=shown.text), " ".join(notes), True)


def days_in_words(option: Mapping[str, Any]) -> str:
    """Return the same in the few words that a choice of the leaflet has room for."""
    value = option.get("shows_days") or {}
    if "what" not in value:
        return say("leaflet.not_known")
    return text(_key("leaflet_shown", value), {"days": _days(value)})


def showing_told(option: Mapping[str, Any]) -> tuple[str, ...]:
    """Return when it has healed and what shows longest, each in a sentence; nothing where neither is known.

    A bruise is told beside how likely it is, and not here.
    """
    known = [one for one in records(option.get("shows")) if one.get("what") != "bruise"]
    healed = [one for one in known if one["what"] in _HEALING][:1]
    told = [*healed, *(one for one in known[:1] if one not in healed)]  # they stand the longest first
    return tuple(text(_key("leaflet_shows", one), {"days": _days(one)}) for one in told)


def _key(section: str, one: Mapping[str, Any]) -> str:
    """The words for what a rule knows, else those for what shows."""
    own = f"{section}.{one.get('rule', '')}"
    return own if own in catalogue() else f"{section}.{one['what']}"


def _days(one: Mapping[str, Any]) -> str:
    """Whole days; a part of the last one counts as a day, so that nobody is told less."""
    low, high = int(one["low"] + 0.5), math.ceil(one["high"])
    return str(high) if low >= high else say("leaflet.range", low=str(low), high=str(high))

"""How long anything shows, in the words of the report and in those of the leaflet; never less than what is known."""

import math

from skinbeam.estimate import Unknown
from skinbeam.messages import catalogue, text
from skinbeam.plan.records import Option
from skinbeam.plan.spans import Duration
from skinbeam.report.context import Shown
from skinbeam.report.shown import say, show

__all__ = ["days_brief", "days_in_words", "days_shown", "showing_told"]

_HEALING = ("downtime", "trials")  # until it has healed, as against what shows for longer


def days_shown(option: Option) -> Shown:
    """Return the longest that anything of an option shows, with what it is; its note holds every duration known."""
    longest = option.shows_days
    shown = show(longest, "days")
    if isinstance(longest, Unknown):
        return shown
    notes = dict.fromkeys(show(one).note for one in (longest, *option.shows))
    return Shown(say(f"shows_{longest.what}", days=shown.text), " ".join(notes), True)


def days_brief(option: Option) -> str:
    """Return the same as a number; empty where nothing is known."""
    longest = option.shows_days
    if isinstance(longest, Unknown):
        return ""
    days = _days(longest, "brief_range")
    return say("brief_least", number=days) if longest.what == "calendar" else days


def days_in_words(option: Option) -> str:
    """Return the same in the few words that a choice of the leaflet has room for."""
    longest = option.shows_days
    if isinstance(longest, Unknown):
        return say("leaflet.not_known")
    return text(_key("leaflet_shown", longest), {"days": _days(longest)})


def showing_told(option: Option) -> tuple[str, ...]:
    """Return when it has healed and what shows longest, each in a sentence; nothing where neither is known.

    A bruise is told beside how likely it is, and not here.
    """
    known = [one for one in option.shows if one.what != "bruise"]
    healed = [one for one in known if one.what in _HEALING][:1]
    told = [*healed, *(one for one in known[:1] if one not in healed)]  # they stand the longest first
    return tuple(text(_key("leaflet_shows", one), {"days": _days(one)}) for one in told)


def _key(section: str, one: Duration) -> str:
    """The words for what a rule knows, else those for what shows."""
    own = f"{section}.{one.rule}"
    return own if own in catalogue() else f"{section}.{one.what}"


def _days(one: Duration, between: str = "leaflet.range") -> str:
    """Whole days; a part of the last one counts as a day, so that nobody is told less."""
    low, high = int(one.low + 0.5), math.ceil(one.high)
    return str(high) if low >= high else say(between, low=str(low), high=str(high))

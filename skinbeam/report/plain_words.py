"""Plain names of the things in the leaflet, and small numbers in plain words."""

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import catalogue, text
from skinbeam.plan.records import Option
from skinbeam.plan.setup import Setup
from skinbeam.plan.spans import Range
from skinbeam.report.shown import people, say, show

__all__ = [
    "choice_name",
    "harm_in_words",
    "light_in_words",
    "of_100",
    "plain",
    "range_in_words",
    "span_in_words",
    "told",
]


def plain(kind: str, name: str, fallback: str = "") -> str:
    """Return the plain name of a thing; one that has none keeps its usual name."""
    key = f"leaflet_{kind}.{name}"
    return text(key) if key in catalogue() else fallback or name.replace("-", " ")


def told(start: str) -> tuple[str, ...]:
    """Return the sentences `leaflet.<start>_1`, `_2`, ... in order."""
    found: list[str] = []
    while f"leaflet.{start}_{len(found) + 1}" in catalogue():
        found.append(say(f"leaflet.{start}_{len(found) + 1}"))
    return tuple(found)


def choice_name(option: Option) -> str:
    """Return the kind of treatment in plain words."""
    return plain("choice", option.modality, option.title)


def light_in_words(setup: Setup) -> str:
    """Return which light a laser option is, in plain words: a machine may have two."""
    return say("leaflet.light_lamp" if setup.lamp else "leaflet.light_laser", nm=setup.wavelength_nm)


def harm_in_words(key: str) -> str:
    """Return a harm in plain words; without a key, any harm."""
    name = key.replace("_", "-") or "any"
    return plain("harm", name, name.replace("-", " "))


def of_100(p: Value) -> str:
    """Return people of 100, or that it is not known."""
    return say("leaflet.not_known") if isinstance(p, Unknown) else say("leaflet.people", people=people(p.median))


def span_in_words(p: Value) -> str:
    """Return the range of people of 100 between clinics; empty without one."""
    if isinstance(p, Unknown) or people(p.low) == people(p.high):
        return ""
    return say("leaflet.people_range", low=people(p.low), high=people(p.high))


def range_in_words(value: Value | Range) -> str:
    """Return a small number in plain words: `1 to 3`."""
    if isinstance(value, Unknown):
        return say("leaflet.not_known")
    if isinstance(value, Estimate):
        low, high = (str(int(end + 0.5)) for end in (value.low, value.high))
        return low if low == high else say("leaflet.range", low=low, high=high)
    return show(value).text

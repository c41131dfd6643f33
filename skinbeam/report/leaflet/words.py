"""Plain names of the things in the leaflet, and small numbers in plain words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import catalogue, text
from skinbeam.report.shown import estimate_of, people, say, sentence, show

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


def choice_name(option: Mapping[str, Any]) -> str:
    """Return the kind of treatment in plain words."""
    return plain("choice", str(option["modality"]), sentence(option.get("title")))


def light_in_words(option: Mapping[str, Any]) -> str:
    """Return which light a laser option is, in plain words: a machine may have two."""
    return say("leaflet.light_lamp" if "band_nm" in option else "leaflet.light_laser", nm=option["wavelength_nm"])


def harm_in_words(key: str) -> str:
    """Return a harm in plain words; without a key, any harm."""
    name = key.replace("_", "-") or "any"
    return plain("harm", name, name.replace("-", " "))


def of_100(p: Estimate | Unknown) -> str:
    """Return people of 100, or that it is not known."""
    return say("leaflet.not_known") if isinstance(p, Unknown) else say("leaflet.people", people=people(p.median))


def span_in_words(p: Estimate | Unknown) -> str:
    """Return the range of people of 100 between clinics; empty without one."""
    if isinstance(p, Unknown) or people(p.low) == people(p.high):
        return ""
    return say("leaflet.people_range", low=people(p.low), high=people(p.high))


def range_in_words(value: Any) -> str:
    """Return a small number in plain words: `1 to 3`."""
    known = estimate_of(value)
    if value is None or isinstance(known, Unknown):
        return say("leaflet.not_known")
    if isinstance(known, Estimate):
        low, high = (str(int(end + 0.5)) for end in (known.low, known.high))
        return low if low == high else say("leaflet.range", low=low, high=high)
    return show(value).text

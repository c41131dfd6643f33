"""What may go wrong, as a consent form tells it: common, rare, lasting, not counted, and what this skin adds."""

from dataclasses import dataclass

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.studies.outcomes import LASTING
from skinbeam.messages import text
from skinbeam.plan.records import Option
from skinbeam.report.leaflet.words import harm_in_words, of_100, span_in_words
from skinbeam.report.outcomes import fault_values, harm_values
from skinbeam.report.shown import capital, say

__all__ = ["Harms", "harms_of", "lasting_names"]

COMMON = 0.01  # 1 of 100: from there on a harm is called common
_FAULTS = {"burn-if-cooling-fails": "fault_cooling"}  # what the person can feel and say at once


@dataclass(frozen=True)
class Harms:
    """The harms of an option in words, each once."""

    common: tuple[str, ...]
    rare: tuple[str, ...]
    lasting: tuple[str, ...]
    uncounted: tuple[str, ...]


def harms_of(option: Option) -> Harms:
    """Return the harms of an option; what lasts stands apart, counted or not, and a model tells of faults."""
    found: dict[str, list[str]] = {"common": [], "rare": [], "lasting": [], "uncounted": []}
    for key, _, p in harm_values(option):
        found[_group(key, p)].append(_told(harm_in_words(key), p))
    found["uncounted"] += [
        text("consent.harm_modelled", {"harm": text(f"leaflet.{_FAULTS[name]}", {"people": of_100(p)})})
        for name, p in fault_values(option)
        if name in _FAULTS
    ]
    return Harms(**{group: tuple(dict.fromkeys(lines)) for group, lines in found.items()})


def lasting_names(option: Option) -> tuple[str, ...]:
    """Return the plain names of the harms of an option that may stay, counted or not."""
    return tuple(dict.fromkeys(harm_in_words(key) for key, _, _ in harm_values(option) if key in LASTING))


def _group(key: str, p: Value) -> str:
    if key in LASTING:
        return "lasting"
    if isinstance(p, Unknown):
        return "uncounted"
    return "common" if p.median >= COMMON else "rare"


def _told(name: str, p: Value) -> str:
    if isinstance(p, Estimate):
        span = span_in_words(p)
        params = {"harm": capital(name), "people": of_100(p)}
        return say("consent.harm_range", span=span, **params) if span else say("consent.harm", **params)
    return say("consent.harm_unknown", harm=capital(name))

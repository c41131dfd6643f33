"""What is not known of the options of a concern, each reason once, with what it leaves open and of which options."""

from skinbeam.plan.records import ConcernPlan
from skinbeam.report.context import Gap
from skinbeam.report.names import ranked
from skinbeam.report.options import unknown_of
from skinbeam.report.shown import join, say

__all__ = ["gaps_of"]


def gaps_of(concern: ConcernPlan) -> tuple[Gap, ...]:
    """Return the reasons in the order of the options; one that names its option is told once for all of them."""
    asked: dict[str, dict[str, dict[str, None]]] = {}
    alone: dict[str, str] = {}
    for option in ranked(concern):
        for fact in unknown_of(option):
            why = fact.value.note.strip()
            alike = why.replace(option.title.lower(), say("any_of_these"))
            alone.setdefault(alike, why)
            asked.setdefault(alike, {}).setdefault(option.title, {})[fact.name] = None
    return tuple(_gap(alone[why] if len(of) == 1 else why, of) for why, of in asked.items())


def _gap(why: str, of: dict[str, dict[str, None]]) -> Gap:
    """A reason; options of which it leaves the same open stand together."""
    same: dict[str, list[str]] = {}
    for title, names in of.items():
        same.setdefault(join(names), []).append(title)
    return Gap(why, tuple(say("gap_of", names=names, options=join(titles)) for names, titles in same.items()))

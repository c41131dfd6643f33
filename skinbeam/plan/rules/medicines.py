"""Which medicines of a case the rules could speak of, and which somebody else has to check."""

from functools import cache

from skinbeam.assessment.medicines import facts_of, medications, read_medication
from skinbeam.messages import Message
from skinbeam.plan.rules.table import Condition, Joined, Not, Test, rules
from skinbeam.schema.case import Case

__all__ = ["not_checked", "slips", "unchecked"]


def not_checked(text: str) -> tuple[str, ...]:
    """Return the parts of the text that no rule was asked about: unread words, and medicines without a rule.

    The whole text stands alone when no part of it was checked.
    """
    read = read_medication(text)
    without_rule = [name for name in read.medicines if not _has_rule(name)]
    if len(without_rule) == len(read.medicines):
        return (text.strip(),) if read.medicines or read.unread else ()
    return (*read.unread, *(medications()[name]["title"] for name in without_rule))


def unchecked(case: Case) -> tuple[str, ...]:
    """Return the medicines of the person that are not checked, as written, each once; a part in brackets."""
    found = []
    for name in _written(case):
        parts = not_checked(name)
        if parts == (name,):
            found.append(_quoted(name))
        elif parts:
            params = {"name": _quoted(name), "part": ", ".join(parts)}
            found.append(Message("rules.medication-part", params).text)
    return tuple(dict.fromkeys(found))


def slips(case: Case) -> tuple[str, ...]:
    """Return what was taken for a slip of spelling, each as written with the name that it was taken for."""
    found = [slip for name in _written(case) for slip in read_medication(name).slips]
    told = [Message("rules.medication-as", {"written": _quoted(slip.written), "taken": slip.name}) for slip in found]
    return tuple(dict.fromkeys(message.text for message in told))


def _written(case: Case) -> list[str]:
    return [] if case.patient is None else [medication.name.strip() for medication in case.patient.medications]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _has_rule(medicine: str) -> bool:
    return not _asked().isdisjoint(facts_of(medicine))


@cache
def _asked() -> frozenset[str]:
    """Every fact that a rule of suitability asks about."""
    return frozenset(fact for rule in rules("suitability") for fact in _facts(rule.when))


def _facts(condition: Condition) -> list[str]:
    match condition:
        case Test(fact, _, _):
            return [fact]
        case Not(part):
            return _facts(part)
        case Joined(_, parts):
            return [fact for part in parts for fact in _facts(part)]
    return []

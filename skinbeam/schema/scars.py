"""Whose skin scars too much, from anything that a case says of the person."""

import re

from skinbeam.schema.case import Case

__all__ = ["conditions_of", "forms_raised_scars"]

_HISTORY = frozenset(("hypertrophic-scar", "keloid"))
_DENIED = r"(?<!\bno )(?<!\bnot )(?<!\bwithout )"
_TOLD = {
    "keloid": re.compile(rf"{_DENIED}\bkeloids?\b"),
    "hypertrophic-scars": re.compile(rf"{_DENIED}\b(?:hypertrophic|raised)\s+scar(?:s|ring)?\b"),
}
_CONDITIONS = frozenset(("hypertrophic-scars", "keloid"))


def conditions_of(case: Case) -> tuple[str, ...]:
    """Return what is found anywhere on the person, was treated in a session or came of one, each condition once."""
    told = " ; ".join(text for done in case.session for text in done.adverse).casefold()
    came = (condition for condition, words in _TOLD.items() if words.search(told))
    named = [*(concern.condition for concern in case.concern), *(done.treats for done in case.session), *came]
    return tuple(dict.fromkeys(named))


def forms_raised_scars(case: Case) -> bool:
    """Return whether the person has or had a keloid or another raised scar, wherever on the skin."""
    history = case.patient.history if case.patient is not None else ()
    return not (_HISTORY.isdisjoint(history) and _CONDITIONS.isdisjoint(conditions_of(case)))

"""Whose skin scars too much, from anything that a case says of the person."""

from skinbeam.schema.case import Case

__all__ = ["conditions_of", "forms_raised_scars"]

_HISTORY = frozenset(("hypertrophic-scar", "keloid"))
_CONDITIONS = frozenset(("hypertrophic-scars", "keloid"))


def conditions_of(case: Case) -> tuple[str, ...]:
    """Return what is found anywhere on the person, or was treated in a session, each condition once."""
    named = [*(concern.condition for concern in case.concern), *(done.treats for done in case.session)]
    return tuple(dict.fromkeys(named))


def forms_raised_scars(case: Case) -> bool:
    """Return whether the person has or had a keloid or another raised scar, wherever on the skin."""
    history = case.patient.history if case.patient is not None else ()
    return not (_HISTORY.isdisjoint(history) and _CONDITIONS.isdisjoint(conditions_of(case)))

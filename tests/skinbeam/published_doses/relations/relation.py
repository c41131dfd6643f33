"""A relation, and how the modules of this folder enter theirs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from relations.reading import Reading

__all__ = ["RELATIONS", "Plans", "Relation", "relation"]

Plans = Mapping[str, Reading]
Check = Callable[[Plans], Iterable[str]]


@dataclass(frozen=True)
class Relation:
    """What a clinician would sign of plans.

    Parameters
    ----------
    id : its name; says : the sentence; sources : keys of the bibliography; cases : names of `cases.CASES`.
    complaints : what the plans of these cases say instead, one sentence each; nothing where the relation holds.
    """

    id: str
    says: str
    sources: tuple[str, ...]
    cases: tuple[str, ...]
    complaints: Check


RELATIONS: dict[str, Relation] = {}


def relation(id: str, says: str, *, sources: str, cases: str) -> Callable[[Check], Check]:
    """Enter a check as a relation; sources and cases are names with spaces between."""

    def enter(check: Check) -> Check:
        assert id not in RELATIONS, id
        RELATIONS[id] = Relation(id, says, tuple(sources.split()), tuple(cases.split()), check)
        return check

    return enter

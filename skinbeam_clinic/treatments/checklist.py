"""What is asked before a laser is fired, and which answers stop until a clinician has decided.

Every item has exactly the answers that stand here. An answer that is not among the clear ones stops; a firm item can
be put right and not decided away: nobody decides that a patient is treated without eyewear, or against their will.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from skinbeam.records.treated import Answer, Ordered, Treatment

__all__ = ["BY_ITSELF", "ITEMS", "Item", "asked_of", "open_items", "stops", "waiting"]


@dataclass(frozen=True)
class Item:
    """One thing that is asked.

    Parameters
    ----------
    clear : the answers with which it goes on; every other one of `answers` stops.
    always : asked in every treatment; the others where the plan gives cause.
    """

    name: str
    answers: tuple[str, ...]
    clear: tuple[str, ...]
    firm: bool = False
    always: bool = True


_YES = ("yes", "no"), ("yes",)
_NO = ("no", "yes"), ("no",)
ITEMS = {
    one.name: one
    for one in (
        Item("device", ("as-planned", "other"), ("as-planned",)),  # told by the machine that is picked
        Item("identity", *_YES, firm=True),
        Item("consent", *_YES, firm=True),
        Item("tan", *_NO),
        Item("medicines", *_NO),
        Item("pregnancy", ("no", "cannot-be", "yes"), ("no", "cannot-be")),
        Item("infection", *_NO),
        Item("course", ("quiet", "speaks"), ("quiet",)),  # told by the rules that judge what was recorded
        Item("spots", ("allowed", "not-read", "not-allowed"), ("allowed",), always=False),
        Item("photograph", *_YES),
        Item("cooling", *_YES, always=False),
        Item("eyewear-patient", *_YES, firm=True),
        Item("eyewear-room", *_YES, firm=True),
        Item("shields", *_YES, firm=True, always=False),
    )
}

BY_ITSELF = ("device", "course")  # items that nobody is asked: the machine and the rules tell


def asked_of(ordered: Ordered) -> tuple[Item, ...]:
    """Return the items of a treatment, in the order in which they are asked."""
    return tuple(item for item in ITEMS.values() if item.always or item.name in ordered.asked)


def waiting(treatment: Treatment) -> tuple[Item, ...]:
    """Return the items that nobody has answered."""
    return tuple(item for item in asked_of(treatment.ordered) if item.name not in treatment.answered)


def stops(answer: Answer) -> bool:
    """Tell whether nothing may be fired because of an answer, as it stands."""
    item = ITEMS[answer.item]
    return answer.answer not in item.clear and (item.firm or answer.decision is None)


def open_items(treatment: Treatment) -> Iterable[Item]:
    """Return the items that keep a treatment from its first pulse: not answered, or with an answer that stops."""
    return tuple(
        item
        for item in asked_of(treatment.ordered)
        if item.name not in treatment.answered or stops(treatment.answered[item.name])
    )

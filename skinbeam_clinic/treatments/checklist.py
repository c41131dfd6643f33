"""Define the checklist before a treatment, and the answers that block it until a clinician has decided.

Every item has exactly the answers listed in this module. An answer that is not among the clear ones blocks the
treatment. A firm item can be corrected but not overruled by a decision: no patient is treated without eyewear, or
against their will.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from skinbeam_clinic.treatments.models import ChecklistAnswer, Treatment, TreatmentOrder

__all__ = [
    "AUTOMATIC_ITEMS",
    "CHECKLIST_ITEMS",
    "ChecklistItem",
    "is_stopping",
    "list_items",
    "list_open_items",
    "list_unanswered",
]


@dataclass(frozen=True)
class ChecklistItem:
    """An item of the checklist.

    Parameters
    ----------
    clear : the answers that allow the treatment; every other one of `answers` blocks it.
    firm : whether a blocking answer cannot be overruled by a decision.
    always : whether the item is part of every checklist; the others are included where the plan requires them.
    """

    name: str
    answers: tuple[str, ...]
    clear: tuple[str, ...]
    firm: bool = False
    always: bool = True


_YES = ("yes", "no"), ("yes",)
_NO = ("no", "yes"), ("no",)
CHECKLIST_ITEMS = {
    one.name: one
    for one in (
        ChecklistItem("device", ("as-planned", "other"), ("as-planned",)),  # answered by the choice of machine
        ChecklistItem("identity", *_YES, firm=True),
        ChecklistItem("consent", *_YES, firm=True),
        ChecklistItem("tan", *_NO),
        ChecklistItem("medicines", *_NO),
        ChecklistItem("pregnancy", ("no", "cannot-be", "yes"), ("no", "cannot-be")),
        ChecklistItem("infection", *_NO),
        ChecklistItem("course", ("quiet", "speaks"), ("quiet",)),  # answered by the rules that judge the records
        ChecklistItem("spots", ("allowed", "not-read", "not-allowed"), ("allowed",), always=False),
        ChecklistItem("photograph", *_YES),
        ChecklistItem("cooling", *_YES, always=False),
        ChecklistItem("eyewear-patient", *_YES, firm=True),
        ChecklistItem("eyewear-room", *_YES, firm=True),
        ChecklistItem("shields", *_YES, firm=True, always=False),
    )
}

AUTOMATIC_ITEMS = ("device", "course")  # items answered by the choice of machine and by the rules


def list_items(ordered: TreatmentOrder) -> tuple[ChecklistItem, ...]:
    """Return the items of a treatment's checklist, in order."""
    return tuple(item for item in CHECKLIST_ITEMS.values() if item.always or item.name in ordered.asked)


def list_unanswered(treatment: Treatment) -> tuple[ChecklistItem, ...]:
    """Return the items without an answer."""
    return tuple(item for item in list_items(treatment.ordered) if item.name not in treatment.answered)


def is_stopping(answer: ChecklistAnswer) -> bool:
    """Return whether an answer blocks the treatment: it is not clear, and no decision overrules it."""
    item = CHECKLIST_ITEMS[answer.item]
    return answer.answer not in item.clear and (item.firm or answer.decision is None)


def list_open_items(treatment: Treatment) -> Iterable[ChecklistItem]:
    """Return the items that prevent the first pulse: without an answer, or with a blocking one."""
    return tuple(
        item
        for item in list_items(treatment.ordered)
        if item.name not in treatment.answered or is_stopping(treatment.answered[item.name])
    )

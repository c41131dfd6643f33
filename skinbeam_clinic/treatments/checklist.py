"""What is asked before a laser is fired, and which answers stop until a clinician has decided.

Every item has exactly the answers that stand here. An answer that is not among the clear ones stops; a firm item can
be put right and not decided away: nobody decides that a patient is treated without eyewear, or against their will.
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
CHECKLIST_ITEMS = {
    one.name: one
    for one in (
        ChecklistItem("device", ("as-planned", "other"), ("as-planned",)),  # told by the machine that is picked
        ChecklistItem("identity", *_YES, firm=True),
        ChecklistItem("consent", *_YES, firm=True),
        ChecklistItem("tan", *_NO),
        ChecklistItem("medicines", *_NO),
        ChecklistItem("pregnancy", ("no", "cannot-be", "yes"), ("no", "cannot-be")),
        ChecklistItem("infection", *_NO),
        ChecklistItem("course", ("quiet", "speaks"), ("quiet",)),  # told by the rules that judge what was recorded
        ChecklistItem("spots", ("allowed", "not-read", "not-allowed"), ("allowed",), always=False),
        ChecklistItem("photograph", *_YES),
        ChecklistItem("cooling", *_YES, always=False),
        ChecklistItem("eyewear-patient", *_YES, firm=True),
        ChecklistItem("eyewear-room", *_YES, firm=True),
        ChecklistItem("shields", *_YES, firm=True, always=False),
    )
}

AUTOMATIC_ITEMS = ("device", "course")  # items that nobody is asked: the machine and the rules tell


def list_items(ordered: TreatmentOrder) -> tuple[ChecklistItem, ...]:
    """Return the items of a treatment, in the order in which they are asked."""
    return tuple(item for item in CHECKLIST_ITEMS.values() if item.always or item.name in ordered.asked)


def list_unanswered(treatment: Treatment) -> tuple[ChecklistItem, ...]:
    """Return the items that nobody has answered."""
    return tuple(item for item in list_items(treatment.ordered) if item.name not in treatment.answered)


def is_stopping(answer: ChecklistAnswer) -> bool:
    """Tell whether nothing may be fired because of an answer, as it stands."""
    item = CHECKLIST_ITEMS[answer.item]
    return answer.answer not in item.clear and (item.firm or answer.decision is None)


def list_open_items(treatment: Treatment) -> Iterable[ChecklistItem]:
    """Return the items that keep a treatment from its first pulse: not answered, or with an answer that stops."""
    return tuple(
        item
        for item in list_items(treatment.ordered)
        if item.name not in treatment.answered or is_stopping(treatment.answered[item.name])
    )

"""Define the checklist before a treatment, and the answers that block it until a clinician has decided.

Every item has exactly the answers listed in this module. An answer that is not among the clear ones blocks the
treatment. A firm item can be corrected but not overruled by a decision: no patient is treated without eyewear, or
against their will.
"""

from dataclasses import dataclass

from skinbeam_clinic.treatments.models import ChecklistAnswer, Treatment, TreatmentOrder

__all__ = [
    "AUTOMATIC_ITEMS",
    "CHECKLIST_ITEMS",
    "ChecklistItem",
    "is_blocking",
    "list_items",
    "list_open_items",
]


@dataclass(frozen=True)
class ChecklistItem:
    """An item of the checklist.

    Parameters
    ----------
    accepted_answers : the answers that allow the treatment; every other one of `answers` blocks it.
    is_mandatory : whether a blocking answer cannot be overruled by a decision.
    is_always_included : whether the item is part of every checklist; the others are included where the plan requires
        them.
    """

    name: str
    answers: tuple[str, ...]
    accepted_answers: tuple[str, ...]
    is_mandatory: bool = False
    is_always_included: bool = True


_YES = ("yes", "no"), ("yes",)
_NO = ("no", "yes"), ("no",)
CHECKLIST_ITEMS = {
    item.name: item
    for item in (
        ChecklistItem("device", ("as-planned", "other"), ("as-planned",)),  # answered by the choice of machine
        ChecklistItem("identity", *_YES, is_mandatory=True),
        ChecklistItem("consent", *_YES, is_mandatory=True),
        ChecklistItem("tan", *_NO),
        ChecklistItem("medicines", *_NO),
        ChecklistItem("pregnancy", ("no", "cannot-be", "yes"), ("no", "cannot-be")),
        ChecklistItem("infection", *_NO),
        ChecklistItem("course", ("quiet", "speaks"), ("quiet",)),  # answered by the rules that judge the records
        # Answered by the records of the spots.
        ChecklistItem(
            "spots", ("allowed", "not-fired", "not-read", "not-allowed"), ("allowed",), is_always_included=False
        ),
        ChecklistItem("photograph", *_YES),
        ChecklistItem("cooling", *_YES, is_always_included=False),
        ChecklistItem("eyewear-patient", *_YES, is_mandatory=True),
        ChecklistItem("eyewear-room", *_YES, is_mandatory=True),
        ChecklistItem("shields", *_YES, is_mandatory=True, is_always_included=False),
    )
}

# Items answered by the choice of machine, by the rules, and by the records of test spots; nobody else answers them.
AUTOMATIC_ITEMS = ("device", "course", "spots")


def list_items(order: TreatmentOrder) -> tuple[ChecklistItem, ...]:
    """Return the items of a treatment's checklist, in order."""
    return tuple(item for item in CHECKLIST_ITEMS.values() if item.is_always_included or item.name in order.asked)


def is_blocking(answer: ChecklistAnswer) -> bool:
    """Return whether an answer blocks the treatment: it is not clear, and no decision overrules it."""
    item = CHECKLIST_ITEMS[answer.item]
    return answer.answer not in item.accepted_answers and (item.is_mandatory or answer.decision is None)


def list_open_items(treatment: Treatment) -> tuple[ChecklistItem, ...]:
    """Return the items that prevent the first pulse: without an answer, or with a blocking one."""
    return tuple(
        item
        for item in list_items(treatment.ordered)
        if item.name not in treatment.current_answers or is_blocking(treatment.current_answers[item.name])
    )

"""Turn a referral that a clinician has cleared into a caution that names who decided, and when."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from skinbeam.model.case import Case
from skinbeam.model.consultation import CLEARABLE_RULES, Clearance, Concern
from skinbeam.suitability.table import RuleReason
from skinbeam.text import DocumentWarning, Formatter, Message

__all__ = ["CLEARANCE", "CLEARED", "clearance_notices", "with_clearances"]

CLEARANCE: Final = "clearance"  # the code of the notice
CLEARED: Final = "clearance.cleared"
# Cautions that ask for the same second look as the referral of their rule, where it does not stop this treatment.
_CAUTIONS_WITH_THE_SAME_QUESTION: Final = (
    "response.too-little-so-far",
    "response.too-little-somewhere",
    "response.before-freezing",
)


def with_clearances(case: Case, concern: Concern | None, reasons: Iterable[RuleReason]) -> list[RuleReason]:
    """Return reasons of which those that refer, or ask for the same second look, are cautions that name who cleared it.

    Parameters
    ----------
    concern : None for what holds whatever is treated, which only clearances for all concerns clear.
    """
    return [_with_clearance(case, concern, reason) for reason in reasons]


def _with_clearance(case: Case, concern: Concern | None, reason: RuleReason) -> RuleReason:
    asks_for_look = reason.decision == "refer" or reason.message.id in _CAUTIONS_WITH_THE_SAME_QUESTION
    cleared = _find_clearance(case, concern, reason.rule) if asks_for_look else None
    if cleared is None:
        return reason
    params = {"reason": reason.message, "by": cleared.by, "date": Formatter().date(cleared.date)}
    return replace(reason, decision="with-caution", message=Message(CLEARED, params))


def _find_clearance(case: Case, concern: Concern | None, rule: str) -> Clearance | None:
    """Return the last clearance of a rule for a concern; for the whole case, where the rule is cleared for each."""
    if concern is None and case.concern:
        each = [_find_clearance(case, each_concern, rule) for each_concern in case.concern]
        return (
            max((clearance for clearance in each if clearance is not None), key=lambda clearance: clearance.date)
            if all(each)
            else None
        )
    conditions = (None,) if concern is None else (None, concern.condition)
    clearances = (
        clearance for clearance in case.clearance if clearance.rule == rule and clearance.condition in conditions
    )
    return max(clearances, key=lambda clearance: clearance.date, default=None)


def clearance_notices(reasons: Iterable[RuleReason], refusals: Iterable[Message] = ()) -> tuple[DocumentWarning, ...]:
    """Return how referrals of a plan are cleared; empty where none of them can be.

    Parameters
    ----------
    refusals : the reasons for which devices are refused: a course may have failed with each light that one has for it.
    """
    referring = [reason.rule for reason in reasons if reason.decision == "refer" and reason.rule in CLEARABLE_RULES]
    referring += ["response-too-little" for refusal in refusals if refusal.id == "response.too-little"]
    rules = dict.fromkeys(referring)
    return (DocumentWarning(CLEARANCE, Message("clearance.how", {"rules": list(rules)})),) if rules else ()

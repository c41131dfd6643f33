"""When the trials behind an expected result looked at their patients."""

from collections.abc import Iterable

from skinbeam.estimate import Unknown
from skinbeam.evidence.studies.shipped import arms
from skinbeam.messages import Message

__all__ = ["followup_months"]


def followup_months(condition: str, modality: str, studies: Iterable[str]) -> tuple[float, float] | Unknown:
    """Return the shortest and longest follow-up of these studies of one treatment, in months after the last session."""
    wanted = set(studies)
    printed = [
        arm.followup_months
        for arm in arms()
        if arm.study in wanted
        and (arm.condition, arm.modality) == (condition, modality)
        and arm.followup_months is not None
    ]
    return (min(printed), max(printed)) if printed else Unknown(Message("evidence.no-followup").text)

"""What could bring a laser to a concern for which none is offered."""

from skinbeam.estimate import Unknown
from skinbeam.plan.records import Assessment, ConcernPlan
from skinbeam.report.shown import say

__all__ = ["headline", "what_could_change"]

_SEARCHED = ("plan.too-weak", "plan.too-weak-undosed", "plan.no-safe-dose", "plan.no-dose-below-injury")
_OF_COLOUR = _SEARCHED[:3]


def headline(concern: ConcernPlan) -> str:
    """Return that no laser is offered, or that none was found where settings were looked for; empty where one is."""
    if concern.first_laser is not None:
        return ""
    return say("no_setting_found" if _reasons(concern) & set(_SEARCHED) else "no_laser_offered")


def what_could_change(concern: ConcernPlan, person: Assessment) -> tuple[str, ...]:
    """Return what a clinic can do about it; a colour that was guessed from a phototype spans many skins."""
    if concern.first_laser is not None:
        return ()
    guessed = isinstance(person.ita_deg, Unknown)
    return (say("change_colour"),) if guessed and _reasons(concern) & set(_OF_COLOUR) else ()


def _reasons(concern: ConcernPlan) -> set[str]:
    """The ids of why lasers were refused."""
    return {reason.id for refused in concern.refused for reason in refused.reasons}

"""Healing that people will see for longer than the person accepts: told as a caution, no setting is changed by it."""

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message
from skinbeam.plan import aftercare
from skinbeam.plan.reason import Reason
from skinbeam.provenance import used
from skinbeam.schema.consultation import Concern

__all__ = ["healing_reason"]

_SOURCE = "rulepractice"  # of the caution; each number names its own
_DAYS = {"days": 1.0, "weeks": 7.0}


def healing_reason(concern: Concern, modality: str, downtime: object, accepted_days: float | None) -> Reason | None:
    """Return the reason that healing, by its median, lasts longer than accepted; None where it does not.

    How long a column needs to close under the microscope is not counted: nobody sees it.

    Parameters
    ----------
    downtime : days of visible healing of the option; an unknown says nothing.
    accepted_days : as the person said; None says nothing.
    """
    if accepted_days is None:
        return None
    seen = {"healing-seen": downtime, "healing-redness": _redness_days(concern, modality)}
    lasting = {name: days for name, days in seen.items() if isinstance(days, Estimate) and days.median > accepted_days}
    if not lasting:
        return None
    used(_SOURCE, *(key for days in lasting.values() for key in days.basis))
    told = [Message(f"plan.{name}", {"days": days}) for name, days in lasting.items()]
    message = Message("plan.healing-longer", {"accepted": accepted_days, "lasting": told})
    about = f"{concern.condition} at {concern.site}"
    return Reason("healing-longer-than-accepted", "with-caution", message, _SOURCE, "practice", about)


def _redness_days(concern: Concern, modality: str) -> Estimate | Unknown:
    span = aftercare.lookup("redness", modality, concern.condition, site=concern.site)
    return span if isinstance(span, Unknown) else span.estimate().scaled(_DAYS[span.unit])

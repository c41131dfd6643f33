"""Healing that people will see for longer than the person accepts: told as a caution, no setting is changed by it."""

from skinbeam.estimate import Estimate, Value
from skinbeam.messages import Message
from skinbeam.plan.rules.reason import Reason
from skinbeam.plan.showing import longest, showings
from skinbeam.provenance import used
from skinbeam.schema.consultation import Concern

__all__ = ["healing_reason"]

_SOURCE = "rulepractice"  # of the caution; each number names its own
_SEEN = ("downtime", "covering", "trials")  # what the days of visible healing of an option are


def healing_reason(concern: Concern, modality: str, downtime: Value, accepted_days: float | None) -> Reason | None:
    """Return the reason that what shows lasts longer than accepted; None where it does not.

    Healing and redness are told where their median is longer, and what shows longest where its end is: of the longest
    nobody is told the middle alone. How long a column needs to close under the microscope is not counted: nobody sees
    it.

    Parameters
    ----------
    downtime : days of visible healing of the option.
    accepted_days : as the person said; None says nothing.
    """
    if accepted_days is None:
        return None
    known = showings(concern, modality, downtime)
    red = longest([one for one in known if one.what == "redness"])
    seen = {"healing-seen": downtime} | ({} if red is None else {"healing-redness": red.estimate})
    lasting: dict[str, Estimate | float] = {
        name: days for name, days in seen.items() if isinstance(days, Estimate) and days.median > accepted_days
    }
    last = longest(known)
    if last is not None and last.high > accepted_days:
        name = "healing-seen" if last.what in _SEEN else f"healing-{last.what}"
        lasting.setdefault(name, last.estimate if last.low < last.high else last.high)
    if not lasting:
        return None
    used(_SOURCE, *(key for days in lasting.values() if isinstance(days, Estimate) for key in days.basis))
    told = [Message(f"plan.{name}", {"days": days}) for name, days in lasting.items()]
    message = Message("plan.healing-longer", {"accepted": accepted_days, "lasting": told})
    about = f"{concern.condition} at {concern.site}"
    return Reason("healing-longer-than-accepted", "with-caution", message, _SOURCE, "practice", about)

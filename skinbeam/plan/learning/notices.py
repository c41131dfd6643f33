"""What earlier test spots and sessions changed in a plan, and which of them changed nothing, in words."""

from collections.abc import Sequence

from skinbeam.messages import Message
from skinbeam.plan.records import Notice
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.earlier_pulses import earlier_pulses
from skinbeam.plan.search.told import Told
from skinbeam.schema.case import Case

__all__ = ["learned_notices"]


def learned_notices(case: Case, machines: Sequence[Machine], told: Told | None) -> tuple[Notice, ...]:
    """Return a notice for each earlier pulse.

    Parameters
    ----------
    told : what they taught; None where no device was tried, so that nothing was computed of them.
    """
    pulses, untold = earlier_pulses(case, machines)
    if told is None:
        changed = [Message("learned.not-computed", {"device": one.machine.device.title}) for one in pulses]
    else:
        changed = list(told.changed)
    return (
        *(Notice("learned", message.text) for message in changed),
        *(Notice("not-learned", f"{one.where}: {one.reason.text}") for one in untold),
    )

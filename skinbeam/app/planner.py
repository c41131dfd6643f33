"""Plans of forms, made one at a time by the same functions as on the command line; who no longer waits ends theirs."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from skinbeam.app.case import case_of
from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission
from skinbeam.errors import SkinbeamError
from skinbeam.messages import Message
from skinbeam.plan.check import Consultation, check_consultation
from skinbeam.plan.records import ConcernPlan
from skinbeam.plan.work.progress import Listener, heard

__all__ = ["GoneError", "Planner"]

_WAITING = 8

T = TypeVar("T")


class GoneError(SkinbeamError):
    """Nobody waits for the plan any more."""


class Planner:
    """Lets one plan be made after the other."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()  # the kernels share one pool of threads, which is not re-entrant
        self._looking = threading.Lock()  # one photograph may take gigabytes while it is decoded
        self._places = threading.BoundedSemaphore(_WAITING)

    def make(
        self,
        sent: Submission,
        home: Path,
        photograph: Callable[[], Path | None],
        finish: Callable[[Consultation], T],
        *,
        gone: Callable[[], bool],
        hear: Listener,
    ) -> T:
        """Check a form, wait for its turn, and return what `finish` makes of its consultation.

        Parameters
        ----------
        home : the folder that stands for that of a case file.
        photograph : where it lies; it is read before the plan waits, so that it may be dropped meanwhile.
        gone : whether nobody waits for it any more; asked now and then.
        hear : told where the plan is.

        Raises
        ------
        InputError : the case or the photograph is wrong; no plan was waited for.
        RefusedError : 503, too many plans are waited for.
        GoneError : nobody waits for it any more.
        """

        def heed(what: Message | ConcernPlan | None = None) -> None:
            if gone():
                raise GoneError("nobody waits for the plan any more")
            if what is not None:
                hear(what)

        loaded = case_of(sent, home)
        if not self._places.acquire(blocking=False):
            raise refusal(503)
        try:
            with self._looking:
                heed()
                consultation = check_consultation(loaded, photograph())
            with self._one_at_a_time, heard(heed):
                heed()
                return finish(consultation)
        finally:
            self._places.release()

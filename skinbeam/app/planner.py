"""Plans of forms, made one at a time by the same functions as on the command line; who no longer waits ends theirs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from skinbeam.app.case import case_of
from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission
from skinbeam.app.points import ONE_PHOTOGRAPH, ShownFace, shown_face
from skinbeam.errors import SkinbeamError
from skinbeam.messages import Message
from skinbeam.photo.reading.read import read
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
        with self._place():
            with ONE_PHOTOGRAPH:
                heed()
                consultation = check_consultation(loaded, photograph())
            with self._one_at_a_time, heard(heed):
                heed()
                return finish(consultation)

    def face(self, sent: Submission, photograph: Path) -> ShownFace:
        """Wait for its turn, and return the photograph of a form with the points of its face.

        Raises
        ------
        InputError : it cannot be read.
        RefusedError : 503, too many are waited for.
        """
        with self._place(), ONE_PHOTOGRAPH:
            return shown_face(read(photograph).rgb, sent)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places of those that wait."""
        if not self._places.acquire(blocking=False):
            raise refusal(503)
        try:
            yield
        finally:
            self._places.release()

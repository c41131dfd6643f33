"""A thread of the server that looks again and again for work."""

import logging
import threading
from abc import ABC, abstractmethod

from skinbeam_clinic.errors import UnreachableError

__all__ = ["PollingThread"]


class PollingThread(ABC):
    """Does one piece of work after the other, and waits where there is none; no defect ends it.

    Parameters
    ----------
    defect : what the log says of an error that nobody foresaw.
    poll_s : how long it waits where there was nothing to do, unless it is woken.
    join_s : how long `stop` waits for the piece of work that was begun.
    """

    def __init__(self, name: str, *, defect: str, poll_s: float, join_s: float) -> None:
        self._defect = defect
        self._poll_s = poll_s
        self._join_s = join_s
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Signal the thread that there is work."""
        self._woken.set()

    def request_stop(self) -> None:
        """Signal the thread to end; unfinished work is done after the next start."""
        self._stopping.set()
        self._woken.set()

    def stop(self) -> None:
        """Signal the thread to end, and wait until it has."""
        self.request_stop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(self._join_s)

    @abstractmethod
    def process_next(self) -> bool:
        """Do the next piece of work; return False where there is none.

        Raises
        ------
        UnreachableError : the database does not answer.
        """

    def _run(self) -> None:
        log = logging.getLogger(type(self).__module__)
        while not self._stopping.is_set():
            worked = False
            try:
                worked = self.process_next()
            except UnreachableError as error:
                log.warning("%s", error)
            except Exception:
                log.exception(self._defect)
            if not worked:
                self._woken.wait(self._poll_s)
                self._woken.clear()

"""Looks after a cluster from which nothing has come for a while, so that nobody waits for what will never come."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from skinbeam.errors import InputError
from skinbeam.messages import text

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Watch", "scheduler_lost", "workers_of"]

_ANSWER_S = 15.0
# Queues of a cluster, and machines that start, take minutes to give new workers.
_NOBODY_S = 300.0
_GOES_ON = "The same command goes on with what is missing."


class Watch:
    """Whether the scheduler answers and somebody works.

    Parameters
    ----------
    tell : told when all workers are gone, and again after others had worked.
    """

    def __init__(self, client: "Client", tell: Callable[[str], None]) -> None:
        self._client, self._tell = client, tell
        self._nobody_since: float | None = None

    def worked(self) -> None:
        """Hear that something came."""
        self._nobody_since = None

    def look(self) -> None:
        """Look once, when nothing has come for a while.

        Raises
        ------
        InputError : the scheduler does not answer, or nobody has worked for minutes.
        """
        if any(worker["status"] == "running" for worker in workers_of(self._client)):
            self.worked()
            return
        now = time.monotonic()
        if self._nobody_since is None:
            self._nobody_since = now
            self._tell(text("sweep.nobody", {"minutes": f"{_NOBODY_S / 60.0:g}"}))
        elif now - self._nobody_since > _NOBODY_S:
            raise InputError("no-workers", "no worker is left", field="--cluster", hint=f"Start some. {_GOES_ON}")


def workers_of(client: "Client") -> list[Mapping[str, Any]]:
    """Return what the scheduler knows of each worker.

    Raises
    ------
    InputError : it does not answer.
    """
    if client.status != "running":  # it tries to connect again, and what was asked is lost
        raise scheduler_lost()
    try:
        found = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=_ANSWER_S)
    except (OSError, TimeoutError):
        raise scheduler_lost() from None
    return list(found["workers"].values())


def scheduler_lost() -> InputError:
    """Return the error of a scheduler that is gone or does not answer."""
    return InputError("scheduler-lost", "the scheduler is gone, or does not answer", field="--cluster", hint=_GOES_ON)

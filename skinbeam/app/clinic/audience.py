"""Who listens to a job: when the last one has left its page, nobody waits for it any more.

A page that never listened, such as one without a script, leaves nothing behind when it is closed: its job is done.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anyio import to_thread

__all__ = ["Audience"]

PATIENCE_S = 15.0  # a page that is loaded again, or a line that was cut for a moment, has come back by then


class Audience:
    """The listeners of one program's jobs."""

    def __init__(self) -> None:
        self._listening: Counter[str] = Counter()
        self._waits: set[asyncio.Task[None]] = set()

    @contextmanager
    def listening(self, job: str, left: Callable[[], object]) -> Iterator[None]:
        """Count a listener while the block runs.

        Parameters
        ----------
        left : called a while after the last listener has gone, unless one has come back.
        """
        self._listening[job] += 1
        try:
            yield
        finally:
            self._listening[job] -= 1
            if not self._listening[job]:
                wait = asyncio.get_running_loop().create_task(self._wait(job, left))
                self._waits.add(wait)
                wait.add_done_callback(self._waits.discard)

    async def _wait(self, job: str, left: Callable[[], object]) -> None:
        await asyncio.sleep(PATIENCE_S)
        if not self._listening[job]:
            del self._listening[job]
            await to_thread.run_sync(left)

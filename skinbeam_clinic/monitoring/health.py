"""Whether the program can work: four checks, each done no oftener than every two seconds however often it is asked.

Nothing of anybody is in the answer, so that whatever watches a server may ask without a sign-in.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from anyio import to_thread

from skinbeam.app.clinic.worker import Worker
from skinbeam.records.faults import UnreachableError
from skinbeam.records.store.database import Database, reachable
from skinbeam.records.store.upgrades import newest, revision_of

__all__ = ["CHECKS", "Health"]

CHECKS = ("database", "schema", "disk", "worker")
_HELD_S = 2.0
_PATIENCE_S = 3.0  # a database that is not heard of by then is as good as gone
_PROBE = bytes(4096)


class Health:
    """The checks of one server.

    Parameters
    ----------
    database : an open one.
    worker : makes its plans.
    """

    def __init__(self, database: Database, worker: Worker) -> None:
        self._database = database
        self._worker = worker
        self._needed = newest()
        self._found: Mapping[str, bool] = {}
        self._until = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def checks(self) -> Mapping[str, bool]:
        """Return whether each check is met: database reached, schema current, disks written, worker alive."""
        if time.monotonic() >= self._until:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            done, _ = await asyncio.wait({self._looking}, timeout=_PATIENCE_S)
            if not done:
                return dict.fromkeys(CHECKS, False) | {"worker": self._worker.alive()}
        return self._found

    async def _look(self) -> None:
        self._found = await to_thread.run_sync(self._looked, abandon_on_cancel=True)
        self._until = time.monotonic() + _HELD_S

    def _looked(self) -> Mapping[str, bool]:
        revision = self._revision()
        found = (revision is not None, revision == self._needed, all(map(_written, self._folders())))
        return dict(zip(CHECKS, (*found, self._worker.alive()), strict=True))

    def _revision(self) -> str | None:
        try:
            with reachable(), self._database.engine.connect() as connection:
                return revision_of(connection)
        except UnreachableError:
            return None

    def _folders(self) -> Iterator[Path]:
        """Where something is written: the files of records, SQLite's own, and what is not finished."""
        yield _there(self._database.files.folder)
        url = self._database.engine.url
        if url.get_backend_name() == "sqlite":
            yield Path(str(url.database)).absolute().parent
        yield Path(tempfile.gettempdir())


def _there(folder: Path) -> Path:
    """Return the folder, or the one that it will be made in."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())


def _written(folder: Path) -> bool:
    """Tell whether something can be written to a folder; it has no name there, so that nothing of it can stay."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError:
        return False
    return True

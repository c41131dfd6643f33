"""Whether the program can work: four checks, each done no oftener than every two seconds however often it is asked.

Nothing of anybody is in the answer, so that whatever watches a server may ask without a sign-in.
"""

import asyncio
import hmac
import ipaddress
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from skinbeam.text import render_message
from skinbeam_clinic.database.connection import Database, connection_errors
from skinbeam_clinic.database.revisions import newest_revision, read_revision
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.jobs.worker import PlanWorker
from skinbeam_clinic.monitoring.metrics import Metrics
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "HEALTH_CHECKS",
    "TOKEN_VARIABLE",
    "HealthChecks",
    "add_monitoring_routes",
]

HEALTH_CHECKS = ("database", "schema", "disk", "worker")
_CACHE_S = 2.0
_PATIENCE_S = 3.0  # a database that is not heard of by then is as good as gone
_PROBE = bytes(4096)


class HealthChecks:
    """The checks of one server.

    Parameters
    ----------
    database : an open one.
    worker : makes its plans.
    """

    def __init__(self, database: Database, worker: PlanWorker) -> None:
        self._database = database
        self._worker = worker
        self._needed = newest_revision()
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
                return dict.fromkeys(HEALTH_CHECKS, False) | {"worker": self._worker.alive()}
        return self._found

    async def _look(self) -> None:
        self._found = await to_thread.run_sync(self._looked, abandon_on_cancel=True)
        self._until = time.monotonic() + _CACHE_S

    def _looked(self) -> Mapping[str, bool]:
        revision = self._revision()
        found = (revision is not None, revision == self._needed, all(map(_is_writable, self._folders())))
        return dict(zip(HEALTH_CHECKS, (*found, self._worker.alive()), strict=True))

    def _revision(self) -> str | None:
        try:
            with connection_errors(), self._database.engine.connect() as connection:
                return read_revision(connection)
        except UnreachableError:
            return None

    def _folders(self) -> Iterator[Path]:
        """Where something is written: the files of records, SQLite's own, and what is not finished."""
        yield _existing_folder(self._database.files.folder)
        url = self._database.engine.url
        if url.get_backend_name() == "sqlite":
            yield Path(str(url.database)).absolute().parent
        yield Path(tempfile.gettempdir())


def _existing_folder(folder: Path) -> Path:
    """Return the folder, or the one that it will be made in."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())


def _is_writable(folder: Path) -> bool:
    """Tell whether something can be written to a folder; it has no name there, so that nothing of it can stay."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError:
        return False
    return True


# The two addresses for whatever watches a server: `/health` and `/metrics`.

TOKEN_VARIABLE = "SKINBEAM_METRICS_TOKEN"
# What servers that stand before this one add: who asked them may be anywhere.
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def add_monitoring_routes(gate: ClinicRouter, health: HealthChecks, metrics: Metrics, token: str) -> None:
    """Open the routes.

    Parameters
    ----------
    token : lets who sends it read `/metrics` from anywhere, and nobody else; empty: from this machine alone.
    """

    async def told_health(_: Request) -> Response:
        checks = await health.checks()
        status = "ok" if all(checks.values()) else "failing"
        told = json.dumps({"status": status, "checks": checks})
        return Response(told, 200 if status == "ok" else 503, media_type="application/json")

    async def told_metrics(request: Request) -> Response:
        if not (_has_token(request, token) if token else _is_local(request)):
            return PlainTextResponse(render_message("running.metrics-closed"), 403)
        told = await to_thread.run_sync(metrics.text, await health.checks())
        return Response(told, headers={"Content-Type": CONTENT_TYPE_LATEST})

    gate.watch("/health", told_health)
    gate.watch("/metrics", told_metrics)


def _has_token(request: Request, token: str) -> bool:
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _is_local(request: Request) -> bool:
    """Tell whether a program of this machine asks, and no server in the name of somebody else."""
    if request.client is None or any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

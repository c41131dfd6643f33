"""Health checks and the routes `/health` and `/metrics`.

The results of the four checks are cached for two seconds, however often they are requested. The answer contains no
personal data, so that a monitor may request it without a sign-in. Beside the checks it says when a backup was last
made, and when a restore was last rehearsed.
"""

import asyncio
import datetime
import hmac
import ipaddress
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from skinbeam.text import render_message
from skinbeam_clinic.database.backup import last_backup
from skinbeam_clinic.database.connection import Database, connection_errors
from skinbeam_clinic.database.rehearsal import last_rehearsal
from skinbeam_clinic.database.revisions import newest_revision, read_revision
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.jobs.worker import PlanWorker
from skinbeam_clinic.monitoring.metrics import Metrics
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "HEALTH_CHECKS",
    "TOKEN_VARIABLE",
    "BackupTimes",
    "HealthChecks",
    "add_monitoring_routes",
]

HEALTH_CHECKS = ("database", "schema", "disk", "worker")
_CACHE_S = 2.0
_BACKUP_CACHE_S = 600.0  # the whole audit log is searched for them
_PATIENCE_S = 3.0  # a database that does not answer within this time counts as failed
_PROBE = bytes(4096)


@dataclass(frozen=True)
class BackupTimes:
    """When a backup was last made and a restore last rehearsed; None where it never was."""

    backup: datetime.datetime | None = None
    rehearsal: datetime.datetime | None = None


class HealthChecks:
    """The health checks of one server.

    Parameters
    ----------
    worker : makes the server's plans.
    """

    def __init__(self, database: Database, worker: PlanWorker) -> None:
        self._database = database
        self._worker = worker
        self._needed = newest_revision()
        self._found: Mapping[str, bool] = {}
        self._until = 0.0
        self._refresh_task: asyncio.Task[None] | None = None
        self._backup_times: BackupTimes | None = None
        self._backup_times_until = 0.0

    async def backup_times(self) -> BackupTimes | None:
        """Return when a backup was last made, and when a restore was last rehearsed; None where nothing answers."""
        if self._backup_times is None or time.monotonic() >= self._backup_times_until:
            self._backup_times_until = time.monotonic() + _BACKUP_CACHE_S
            self._backup_times = await to_thread.run_sync(self._find_backup_times, abandon_on_cancel=True)
        return self._backup_times

    async def checks(self) -> Mapping[str, bool]:
        """Return the result of each check: database reachable, schema current, disks writable, worker alive."""
        if time.monotonic() >= self._until:
            if self._refresh_task is None or self._refresh_task.done():
                self._refresh_task = asyncio.create_task(self._refresh())
            done, _ = await asyncio.wait({self._refresh_task}, timeout=_PATIENCE_S)
            if not done:
                return dict.fromkeys(HEALTH_CHECKS, False) | {"worker": self._worker.is_alive()}
        return self._found

    async def _refresh(self) -> None:
        self._found = await to_thread.run_sync(self._run_checks, abandon_on_cancel=True)
        self._until = time.monotonic() + _CACHE_S

    def _run_checks(self) -> Mapping[str, bool]:
        revision = self._revision()
        checks = (revision is not None, revision == self._needed, all(map(_is_writable, self._folders())))
        return dict(zip(HEALTH_CHECKS, (*checks, self._worker.is_alive()), strict=True))

    def _revision(self) -> str | None:
        try:
            with connection_errors(), self._database.engine.connect() as connection:
                return read_revision(connection)
        except UnreachableError:
            return None

    def _find_backup_times(self) -> BackupTimes | None:
        try:
            return BackupTimes(last_backup(self._database), last_rehearsal(self._database))
        except UnreachableError:
            return None

    def _folders(self) -> Iterator[Path]:
        """Yield the folders that are written to: files of the records, SQLite's folder, and temporary files."""
        yield _existing_folder(self._database.files.folder)
        url = self._database.engine.url
        if url.get_backend_name() == "sqlite":
            yield Path(str(url.database)).absolute().parent
        yield Path(tempfile.gettempdir())


def _existing_folder(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    folder = folder.absolute()
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _is_writable(folder: Path) -> bool:
    """Return whether a folder is writable; the test file has no name, so that nothing of it can stay."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError:
        return False
    return True


TOKEN_VARIABLE = "SKINBEAM_METRICS_TOKEN"
# Headers that proxies add: the client behind a proxy may be anywhere.
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def add_monitoring_routes(router: ClinicRouter, health: HealthChecks, metrics: Metrics, token: str) -> None:
    """Add the routes `/health` and `/metrics`.

    Parameters
    ----------
    token : a client that sends it may read `/metrics` from anywhere; when empty, only clients on this machine may.
    """

    async def find_backup_times(checks: Mapping[str, bool]) -> BackupTimes | None:
        return await health.backup_times() if checks["database"] and checks["schema"] else None

    async def answer_health(_: Request) -> Response:
        checks = await health.checks()
        status = "ok" if all(checks.values()) else "failing"
        times = await find_backup_times(checks) or BackupTimes()
        answer = json.dumps(
            {
                "status": status,
                "checks": checks,
                "backup_made_at": _format_time(times.backup),
                "restore_rehearsed_at": _format_time(times.rehearsal),
            }
        )
        return Response(answer, 200 if status == "ok" else 503, media_type="application/json")

    async def answer_metrics(request: Request) -> Response:
        if not (_has_token(request, token) if token else _is_local(request)):
            return PlainTextResponse(render_message("running.metrics-closed"), 403)
        checks = await health.checks()
        times = await find_backup_times(checks)
        known = {} if times is None else {"backup": times.backup, "rehearsal": times.rehearsal}
        answer = await to_thread.run_sync(metrics.text, checks, known)
        return Response(answer, headers={"Content-Type": CONTENT_TYPE_LATEST})

    router.add_monitoring("/health", answer_health)
    router.add_monitoring("/metrics", answer_metrics)


def _format_time(at: datetime.datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _has_token(request: Request, token: str) -> bool:
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _is_local(request: Request) -> bool:
    """Return whether a program on this machine sends the request, and not a proxy for somebody else."""
    if request.client is None or any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

"""Prometheus metrics of the server: requests, response times, and the backlog of jobs and alarms.

All numbers are of the whole server, without labels of clinics, members or patients. Requests are counted and logged by
the pattern of their route (`/patients/{patient}`), which identifies nobody; the address itself is never logged.
"""

import datetime
import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skinbeam._version import __version__
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import AlarmRow
from skinbeam_clinic.database.tables import JobRow
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.jobs.queue import OPEN_STATES, QUEUED
from skinbeam_clinic.monitoring.json_log import request_id

__all__ = [
    "Backlog",
    "Metrics",
    "RequestMonitor",
]


@dataclass(frozen=True)
class Backlog:
    """Number of open jobs and alarms of all clinics, and the age of the oldest.

    Parameters
    ----------
    jobs : by state, of those that have not ended; the oldest is of those that no worker has taken.
    alarms : from patients' diaries, unanswered.
    """

    jobs: Mapping[str, int]
    oldest_job_s: float
    alarms: int
    oldest_alarm_s: float


def _count_backlog(database: Database) -> Backlog:
    """Count open jobs and alarms in a database."""
    fresh = case((JobRow.lease_until.is_(None), JobRow.created_at))  # a postponed job is not overdue
    counted = (
        select(JobRow.state, func.count(), func.min(fresh)).where(JobRow.state.in_(OPEN_STATES)).group_by(JobRow.state)
    )
    raised = select(func.count(), func.min(AlarmRow.raised_at)).where(AlarmRow.answered_at.is_(None))
    with database.reading() as session:
        jobs = {state: (number, since) for state, number, since in session.execute(counted)}
        alarms, raised_at = session.execute(raised).one()
    number = {state: jobs.get(state, (0, None))[0] for state in OPEN_STATES}
    return Backlog(number, _age_s(jobs.get(QUEUED, (0, None))[1]), alarms, _age_s(raised_at))


def _age_s(since: datetime.datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now() - since).total_seconds())


_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # the target for pages is below 0.2


class Metrics:
    """Counters of a server since its start, and its current backlog."""

    def __init__(self, database: Database) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # these would add a start-time series for each other series
        self._all = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("skinbeam_requests", "Requests answered.", labels, registry=self._all)
        self._seconds = Histogram(
            "skinbeam_request_seconds",
            "Time until an answer began.",
            ("method", "route"),
            registry=self._all,
            buckets=_SECONDS,
        )
        self._unusual = Counter("skinbeam_unusual", "Unusual activity told to owners.", ("kind",), registry=self._all)
        self._open = Gauge("skinbeam_requests_open", "Requests that are being answered.", registry=self._all)
        self._checks = Gauge("skinbeam_healthy", "Whether a check of /health is met.", ("check",), registry=self._all)
        self._backups = Gauge(
            "skinbeam_last_backup_timestamp_seconds",
            "When a backup was last made, or a restore last rehearsed; 0 where it never was.",
            ("kind",),
            registry=self._all,
        )
        Info("skinbeam", "What is running.", registry=self._all).info({"version": __version__})
        ProcessCollector(registry=self._all)
        self._all.register(_BacklogCollector(database))

    def track_open(self) -> AbstractContextManager[None]:
        """Count a request as open while the block runs."""
        return self._open.track_inprogress()

    def count_response(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a response."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_unusual(self, kind: str) -> None:
        """Count the notices of unusual activity to owners."""
        self._unusual.labels(kind).inc()

    def text(self, checks: Mapping[str, bool], backup_times: Mapping[str, datetime.datetime | None]) -> bytes:
        """Return all metrics in the text format of Prometheus.

        Parameters
        ----------
        checks : the results for `/health`.
        backup_times : when a backup was last made and a restore last rehearsed, each by its kind; what is not among
            them, since the database does not answer, stays as it was.
        """
        for name, met in checks.items():
            self._checks.labels(name).set(met)
        for kind, at in backup_times.items():
            self._backups.labels(kind).set(at.timestamp() if at else 0)
        return generate_latest(self._all)


class _BacklogCollector(Collector):
    """Collects the backlog from the database when metrics are read; nothing where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[Metric]:
        """Name no series, so that the database is not queried before there are tables."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield each series with its values."""
        with suppress(UnreachableError):
            backlog = _count_backlog(self._database)
            jobs = GaugeMetricFamily("skinbeam_jobs", "Jobs that wait or are under way.", labels=("state",))
            for state, number in backlog.jobs.items():
                jobs.add_metric((state,), number)
            yield jobs
            for name, help_text, value in (
                ("skinbeam_job_oldest_seconds", "How long the oldest job has waited.", backlog.oldest_job_s),
                ("skinbeam_alarms", "Alarms out of diaries that nobody has answered.", backlog.alarms),
                ("skinbeam_alarm_oldest_seconds", "How long the oldest alarm has waited.", backlog.oldest_alarm_s),
            ):
                yield GaugeMetricFamily(name, help_text, value)


_REQUEST_ID_HEADER = "X-Request-Id"
NO_ROUTE, STATIC_PATTERN = "none", "/static"
_METHODS = ("GET", "HEAD", "POST")
_UNLOGGED_PATHS = (
    STATIC_PATTERN,
    "/health",
    "/metrics",
)  # requested so often that they would hide the rest; their server errors are logged all the same
_NUMBER_BYTES = 8
_log = logging.getLogger(__name__)


class RequestMonitor:
    """ASGI middleware around everything else: gives each request an id, and counts and logs its response."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it once it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number, begun = secrets.token_hex(_NUMBER_BYTES), time.perf_counter()
        status, seconds = 0, 0.0  # status 0: the client had disconnected

        async def numbered(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
                MutableHeaders(scope=message)[_REQUEST_ID_HEADER] = number
            await send(message)

        token = request_id.set(number)
        try:
            with self._metrics.track_open():
                await self._app(scope, receive, numbered)
        finally:
            self._record(scope, status, seconds or time.perf_counter() - begun)
            request_id.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route_pattern(scope)
        self._metrics.count_response(method, route, status, seconds)
        if route not in _UNLOGGED_PATHS or status >= 500:
            fields = {"method": method, "route": route, "status": status, "s": round(seconds, 4)}
            _log.info("request", extra={"told": fields})


def _route_pattern(scope: Scope) -> str:
    """Return the pattern of the route that answered."""
    if scope["path"].startswith(f"{STATIC_PATTERN}/"):
        return STATIC_PATTERN
    return getattr(scope.get("route"), "path", NO_ROUTE)

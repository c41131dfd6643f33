"""Counts and times for Prometheus, of the whole server: no clinic, no member and no patient is told apart."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress

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

from skinbeam._version import __version__
from skinbeam.records.faults import UnreachableError
from skinbeam.records.store.database import Database
from skinbeam.records.upkeep.standing import standing

__all__ = ["Metrics"]

_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # pages are meant to take less than 0.2


class Metrics:
    """What a server has answered since it was started, and what waits in its database now.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for the moment at which each of the others began
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
        self._open = Gauge("skinbeam_requests_open", "Requests that are being answered.", registry=self._all)
        self._checks = Gauge("skinbeam_healthy", "Whether a check of /health is met.", ("check",), registry=self._all)
        Info("skinbeam", "What is running.", registry=self._all).info({"version": __version__})
        ProcessCollector(registry=self._all)
        self._all.register(_Waiting(database))

    def under_way(self) -> AbstractContextManager[None]:
        """Count a request as open while the block runs."""
        return self._open.track_inprogress()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, checks: Mapping[str, bool]) -> bytes:
        """Return everything as Prometheus reads it.

        Parameters
        ----------
        checks : what `/health` tells.
        """
        for name, met in checks.items():
            self._checks.labels(name).set(met)
        return generate_latest(self._all)


class _Waiting(Collector):
    """What waits in the database, asked for when it is read; nothing where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[Metric]:
        """Name no series, so that none is asked for before there are tables."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Give each series with its values."""
        with suppress(UnreachableError):
            found = standing(self._database)
            jobs = GaugeMetricFamily("skinbeam_jobs", "Jobs that wait or are under way.", labels=("state",))
            for state, number in found.jobs.items():
                jobs.add_metric((state,), number)
            yield jobs
            for name, told, value in (
                ("skinbeam_job_oldest_seconds", "How long the oldest job has waited.", found.oldest_job_s),
                ("skinbeam_alarms", "Alarms out of diaries that nobody has answered.", found.alarms),
                ("skinbeam_alarm_oldest_seconds", "How long the oldest alarm has waited.", found.oldest_alarm_s),
            ):
                yield GaugeMetricFamily(name, told, value)

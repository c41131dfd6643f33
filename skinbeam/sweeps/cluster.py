"""Workers of a sweep, on this machine or on a Dask cluster, and a watch that detects lost schedulers and workers."""

import ipaddress
import logging
import os
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skinbeam._version import __version__
from skinbeam.model.errors import InputError
from skinbeam.model.units import GIGABYTE
from skinbeam.text import render_message

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "ClusterWatch",
    "ClusterWorker",
    "LocalMachine",
    "check_address",
    "connect",
    "format_gigabytes",
    "local_machine",
    "open_workers",
    "scheduler_lost_error",
    "scheduler_workers",
    "worker_versions",
]

_ANSWER_S = 15.0
# Cluster queues and starting machines take minutes to provide new workers.
_NOBODY_S = 300.0
_GOES_ON = "The same command goes on with what is missing."


class ClusterWatch:
    """Checks that the scheduler responds and at least one worker is running.

    Parameters
    ----------
    tell : called with a sentence when all workers are gone, and again after later losses.
    """

    def __init__(self, client: "Client", on_message: Callable[[str], None]) -> None:
        self._client, self._tell = client, on_message
        self._nobody_since: float | None = None

    def record_result(self) -> None:
        """Record that a result arrived."""
        self._nobody_since = None

    def check(self) -> None:
        """Check the cluster once; called when no result has arrived for a while.

        Raises
        ------
        InputError : the scheduler does not respond, or no worker has been running for minutes.
        """
        if any(worker.status == "running" for worker in scheduler_workers(self._client)):
            self.record_result()
            return
        now = time.monotonic()
        if self._nobody_since is None:
            self._nobody_since = now
            self._tell(render_message("sweep.nobody", {"minutes": f"{_NOBODY_S / 60.0:g}"}))
        elif now - self._nobody_since > _NOBODY_S:
            raise InputError("no-workers", "no worker is left", field="cluster", hint=f"Start some. {_GOES_ON}")


@dataclass(frozen=True)
class ClusterWorker:
    """A worker as its scheduler describes it; a memory limit of 0 is none."""

    status: str
    threads: int
    memory_limit_bytes: int


def scheduler_workers(client: "Client") -> list[ClusterWorker]:
    """Return the workers that the scheduler knows.

    Raises
    ------
    InputError : the scheduler does not respond.
    """
    if client.status != "running":  # it is reconnecting, and its submitted tasks are lost
        raise scheduler_lost_error()
    try:
        found = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=_ANSWER_S)
    except (OSError, TimeoutError):
        raise scheduler_lost_error() from None
    return [
        ClusterWorker(worker["status"], worker["nthreads"], worker["memory_limit"])
        for worker in found["workers"].values()
    ]


def scheduler_lost_error() -> InputError:
    """Return the error for a scheduler that is gone or does not respond."""
    return InputError("scheduler-lost", "the scheduler is gone, or does not answer", field="cluster", hint=_GOES_ON)


# Workers on this machine, or on a Dask cluster by the address of its scheduler.

_WAIT_S = 15
_CLOSE_S = 2  # a lost scheduler does not confirm the end of a connection
_HIGHEST_PORT = 65535
_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):([0-9]{1,5})")
_HINT = "tls://host:8786 with certificates in the configuration of Dask, or tcp://127.0.0.1:8786."
_TLS_HINT = "Start it first, with certificates of the authority that the configuration of Dask names here."
_VERSION = "skinbeam._version:__version__"
_NEVER_LOGGED = logging.CRITICAL + 1
_SHARE = 0.9  # of the machine's memory that its workers may use; the rest is for this process and the system
_FULL = 0.95  # of its own share of memory, beyond which a worker is restarted
_LOCAL = {
    # Cases run in parallel, so each worker uses one processor; libraries read different settings. What is set before a
    # worker starts stays set in this process too, where numba refuses a number of threads that changes while it runs.
    "distributed.nanny.environ": {"NUMBA_NUM_THREADS": "1"},
    "distributed.nanny.pre-spawn-environ": {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    "distributed.worker.daemon": True,
    # Workers write nothing to disk that would be unpickled from there; results are small.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    # Memory that an answer does not release stays in use: a worker that paused for it would never resume.
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": _FULL,
    # No dashboard pages, which any user of this machine could read.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@dataclass(frozen=True)
class LocalMachine:
    """The workers of this machine: their number, and the memory limit of each."""

    workers: int
    memory_bytes: int


def local_machine(count: int | None = None) -> LocalMachine:
    """Return the workers of this machine, by default one for each processor; they share its memory equally."""
    from distributed.system import MEMORY_LIMIT

    asked = count or len(os.sched_getaffinity(0))
    return LocalMachine(asked, int(_SHARE * MEMORY_LIMIT / asked))


def check_address(address: str) -> None:
    """Reject a scheduler address that is malformed or whose connection others could read or take over.

    Only one spelling is accepted, so that later parsers cannot read another host from it.

    Raises
    ------
    InputError : the address is malformed, or neither TLS nor on this machine. Whoever controls the scheduler runs code
        on its workers.
    """
    parts = _ADDRESS.fullmatch(address)
    if parts is None or not 0 < int(parts[4]) <= _HIGHEST_PORT:
        raise InputError("wrong-address", f'"{address}" is no address of a scheduler', field="cluster", hint=_HINT)
    if parts[1] == "tcp" and not _is_local_host(parts[2].strip("[]")):
        raise InputError(
            "open-address", f'"{address}" is neither encrypted nor on this machine', field="cluster", hint=_HINT
        )


def _is_local_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def open_workers(
    address: str | None, count: int | None = None, on_message: Callable[[str], None] = lambda sentence: None
) -> "Iterator[Client]":
    """Provide a client of the cluster at `address`; without one, of local workers, one for each processor.

    Parameters
    ----------
    on_message : called with a sentence on the workers and their memory.

    Raises
    ------
    InputError : no scheduler responds at the address, its workers have another version of skinbeam, or no worker can be
        started.
    """
    if address is None:
        with _start_local(local_machine(count), on_message) as client:
            yield client
        return
    with connect(address) as client:
        _check_versions(client)
        there = scheduler_workers(client)
        least = min((worker.memory_limit_bytes for worker in there), default=0)
        params = {"address": address, "workers": str(len(there))}
        if least:
            on_message(render_message("sweep.cluster", params | {"memory": format_gigabytes(least)}))
        else:
            on_message(render_message("sweep.cluster-unbounded", params))
        yield client


@contextmanager
def _start_local(machine: LocalMachine, on_message: Callable[[str], None]) -> "Iterator[Client]":
    """Start workers on this machine. Each run has TLS keys of its own, so that other users cannot connect to them."""
    import dask
    from distributed import Client, LocalCluster

    with dask.config.set(_LOCAL):
        try:
            with _ctrl_c_for_this_process_alone():
                cluster = LocalCluster(
                    n_workers=machine.workers,
                    threads_per_worker=1,
                    memory_limit=machine.memory_bytes,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                    security=True,
                )
        except (OSError, RuntimeError) as error:
            raise InputError(
                "no-workers",
                f"no worker can be started: {str(error).rstrip('.')}",
                field="workers",
                hint="Fewer workers, or room in the folder for temporary files. A Python script needs "
                '`if __name__ == "__main__":` above the sweep, since each worker reads the script again.',
            ) from None
        # A caller's own default scheduler must not be replaced.
        with cluster, Client(cluster, set_as_default=False) as client:
            on_message(
                render_message(
                    "sweep.workers", {"workers": str(machine.workers), "memory": format_gigabytes(machine.memory_bytes)}
                )
            )
            yield client


@contextmanager
def _ctrl_c_for_this_process_alone() -> Iterator[None]:
    """Block Ctrl-C in the threads and processes that start meanwhile.

    A terminal sends it to all of them, and a process that starts prints where in its imports it was. This process ends
    its workers, also those that start later, from a thread that starts here.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it unblocks the signal in the thread that starts it
    blocked_before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked_before)


@contextmanager
def connect(address: str) -> "Iterator[Client]":
    """Provide a client of the scheduler at an address.

    Raises
    ------
    InputError : as `check_address`, or no scheduler with matching certificates responds there.
    """
    from distributed import Client
    from distributed.comm import CommClosedError
    from distributed.utils import LoopRunner, silence_logging_cmgr

    check_address(address)
    # Dask's logs of lost connections are silenced; the error is reported once, as an InputError.
    with silence_logging_cmgr(_NEVER_LOGGED):
        try:
            LoopRunner().run_sync(_reach, address)
            client = Client(address, timeout=_WAIT_S, set_as_default=False)
        # Dask's errors for an address without a scheduler, missing certificates, and another protocol.
        except (OSError, TimeoutError, TypeError, ValueError, ImportError) as error:
            raise InputError(
                "no-scheduler",
                f'no scheduler answers at "{address}": {error}',
                field="cluster",
                hint=_TLS_HINT if address.startswith("tls") else "Start it first: dask scheduler.",
            ) from None
        try:
            yield client
        except CommClosedError:
            raise scheduler_lost_error() from None
        finally:
            _close(client)


async def _reach(address: str) -> None:
    """Shake hands with a scheduler before a client is created for it.

    A client that fails to connect is left half initialised. When Python frees it, it waits for a lock that the next
    client may hold at that moment, and both deadlock.
    """
    from distributed import Security
    from distributed.comm import connect

    comm = await connect(address, timeout=_WAIT_S, **Security().get_connection_args("client"))
    await comm.close()


def _close(client: "Client") -> None:
    """Close a client whose scheduler may be gone already."""
    try:
        client.close(timeout=_CLOSE_S)
    except (OSError, TimeoutError):
        return


def worker_versions(client: "Client") -> dict[str, str]:
    """Return the version of skinbeam on each worker by its address; empty where skinbeam is missing."""
    # A function of the standard library: one of skinbeam could not be unpickled where skinbeam is missing.
    versions: dict[str, str | Exception] = client.run(pkgutil.resolve_name, _VERSION, on_error="return")
    return {worker: version if isinstance(version, str) else "" for worker, version in versions.items()}


def _check_versions(client: "Client") -> None:
    versions = worker_versions(client)
    if not versions:
        raise InputError(
            "no-workers", "the scheduler has no workers", field="cluster", hint="Start some: dask worker ADDRESS."
        )
    other_versions = {worker: version for worker, version in versions.items() if version != __version__}
    if other_versions:
        worker, version = next(iter(other_versions.items()))
        raise InputError(
            "other-version",
            f"{len(other_versions)} of {len(versions)} workers have another version, {worker} has {version or 'none'}",
            field="cluster",
            hint=f"Install skinbeam {__version__} there.",
        )


def format_gigabytes(size: int) -> str:
    """Format a size in bytes as a number of gigabytes."""
    return f"{size / GIGABYTE:.3g}"

"""The workers of a sweep: this machine's own, or any cluster of Dask by the address of its scheduler."""

import ipaddress
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from skinbeam._version import __version__
from skinbeam.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["check_address", "workers"]

_WAIT_S = 15
# Cases run side by side, so each worker takes one processor; two settings, since libraries read either.
_ONE_THREAD = {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def check_address(address: str) -> None:
    """Refuse the address of a scheduler whose connection others could read or take over.

    Raises
    ------
    InputError : no address, or neither TLS nor on this machine. Who reaches a scheduler runs code on its workers.
    """
    hint = "tls://host:8786 with certificates in the configuration of Dask, or tcp://127.0.0.1:8786."
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None or parts.scheme not in ("tcp", "tls"):
        raise InputError("wrong-address", f'"{address}" is no address of a scheduler', field="--cluster", hint=hint)
    if parts.scheme == "tcp" and not _here(host):
        raise InputError(
            "open-address", f'"{address}" is neither encrypted nor on this machine', field="--cluster", hint=hint
        )


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def workers(address: str | None, count: int | None = None) -> "Iterator[Client]":
    """Give a client of the cluster at `address`; without one, of as many workers here as there are processors.

    Raises
    ------
    InputError : nobody answers at the address, or its workers have another version of skinbeam.
    """
    import dask
    from distributed import Client, LocalCluster

    if address is not None:
        check_address(address)
        try:
            client = Client(address, timeout=_WAIT_S)
        except (OSError, TimeoutError) as error:
            raise InputError(
                "no-scheduler",
                f'no scheduler answers at "{address}": {error}',
                field="--cluster",
                hint="Start it first: dask scheduler.",
            ) from None
        with client:
            _check_versions(client)
            yield client
        return
    quiet = {"distributed.nanny.pre-spawn-environ": _ONE_THREAD, "distributed.worker.daemon": True}
    with (
        dask.config.set(quiet),
        LocalCluster(
            n_workers=count or len(os.sched_getaffinity(0)),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _version() -> str:
    return __version__


def _check_versions(client: "Client") -> None:
    found = client.run(_version)
    if not found:
        raise InputError(
            "no-workers", "the scheduler has no workers", field="--cluster", hint="Start some: dask worker ADDRESS."
        )
    other = {worker: version for worker, version in found.items() if version != __version__}
    if other:
        worker, version = next(iter(other.items()))
        raise InputError(
            "other-version",
            f"{len(other)} of {len(found)} workers have another version, {worker} has {version}",
            field="--cluster",
            hint=f"Install skinbeam {__version__} there.",
        )

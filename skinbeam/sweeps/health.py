"""Check the requirements of sweeps on this machine and at a cluster, with the fix for each failed check."""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skinbeam._version import __version__
from skinbeam.model.errors import InputError
from skinbeam.sweeps.cluster import (
    check_address,
    connect,
    format_gigabytes,
    local_machine,
    scheduler_workers,
    worker_versions,
)
from skinbeam.text import render_message

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["HealthCheck", "check_sweep_health"]

_REQUIRED_PACKAGES = ("distributed", "cryptography")
_INSTALL = 'pip install "skinbeam[sweep]"'
# Packages whose versions must be equal on both sides: others make tasks unreadable or change numbers.
_SAME_VERSION_PACKAGES = ("python", "dask", "distributed", "cloudpickle", "msgpack", "numpy")


@dataclass(frozen=True)
class HealthCheck:
    """The result of one check: its name, whether it passed, the finding, and the fix."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def check_sweep_health(address: str | None = None) -> list[HealthCheck]:
    """Return checks of the requirements on this machine and, with an address, of the cluster there.

    Raises
    ------
    InputError : the address is invalid, or its connection is insecure.
    """
    if address is not None:
        check_address(address)
    missing = [module for module in _REQUIRED_PACKAGES if importlib.util.find_spec(module) is None]
    if missing:
        return [HealthCheck("sweeps", False, f"missing: {', '.join(missing)}", _INSTALL)]
    import dask
    import distributed

    here = local_machine()
    here_params = {"workers": str(here.workers), "memory": format_gigabytes(here.memory_bytes)}
    checks = [
        HealthCheck("sweeps", True, f"distributed {distributed.__version__}, dask {dask.__version__}"),
        HealthCheck("sweep workers", True, render_message("sweep.doctor-here", here_params)),
    ]
    if address is not None:
        try:
            with connect(address) as client:
                checks += _cluster_checks(client)
        except InputError as error:
            checks.append(HealthCheck("cluster", False, error.message, error.hint))
    return checks


def _cluster_checks(client: "Client") -> Iterator[HealthCheck]:
    workers = scheduler_workers(client)
    if not workers:
        yield HealthCheck("cluster", False, render_message("sweep.doctor-nobody"), "dask worker ADDRESS")
        return
    memory = sum(worker.memory_limit_bytes for worker in workers)
    cluster_params = {
        "workers": str(len(workers)),
        "threads": str(sum(worker.threads for worker in workers)),
    }
    bounded = all(worker.memory_limit_bytes for worker in workers)
    if bounded:
        yield HealthCheck(
            "cluster",
            True,
            render_message("sweep.doctor-cluster", cluster_params | {"memory": format_gigabytes(memory)}),
        )
    else:
        yield HealthCheck(
            "cluster",
            False,
            render_message("sweep.doctor-unbounded", cluster_params),
            "dask worker ADDRESS --memory-limit auto",
        )
    versions = client.get_versions()
    elsewhere = {"the scheduler": versions["scheduler"], **versions["workers"]}
    differences = _version_differences(
        worker_versions(client),
        versions["client"]["packages"],
        {where: entry["packages"] for where, entry in elsewhere.items()},
    )
    fix = f'pip install "skinbeam[sweep]=={__version__}" and the versions of this machine there'
    yield HealthCheck(
        "cluster versions",
        not differences,
        "; ".join(differences) or render_message("sweep.doctor-alike"),
        fix if differences else "",
    )


def _version_differences(
    skinbeam: Mapping[str, str], versions: Mapping[str, str | None], elsewhere: Mapping[str, Mapping[str, str | None]]
) -> list[str]:
    """Return packages whose version at the scheduler or a worker differs from this machine, each with its location."""
    differences: dict[str, str] = {}
    for worker, version in skinbeam.items():
        if version != __version__:
            differences.setdefault("skinbeam", f"skinbeam {version or 'none'} at {worker}, {__version__} here")
    for where, packages in elsewhere.items():
        for name in _SAME_VERSION_PACKAGES:
            there = packages.get(name)
            if there != versions.get(name):
                differences.setdefault(
                    name, f"{name} {there or 'none'} at {where}, {versions.get(name) or 'none'} here"
                )
    return list(differences.values())

"""What sweeps would run on, here and at a cluster, with the fix for what is missing."""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skinbeam._version import __version__
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.sweeps.cluster import check_address, connected, gigabytes, machine, versions_there
from skinbeam.sweeps.watch import workers_of

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Check", "health_of_sweeps"]

_NEEDED = ("distributed", "cryptography")
_INSTALL = 'pip install "skinbeam[sweep]"'
# Of what Dask counts on both sides: those that make tasks and results unreadable, or other numbers, when they differ.
_ALIKE = ("python", "dask", "distributed", "cloudpickle", "msgpack", "numpy")


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, what was found, and what mends it."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def health_of_sweeps(address: str | None = None) -> list[Check]:
    """Return what sweeps need here, and with an address whether the cluster there would answer.

    Raises
    ------
    InputError : what is given is no address, or one that others could read.
    """
    if address is not None:
        check_address(address)
    missing = [module for module in _NEEDED if importlib.util.find_spec(module) is None]
    if missing:
        return [Check("sweeps", False, f"missing: {', '.join(missing)}", _INSTALL)]
    import dask
    import distributed

    here = machine()
    held = {"workers": str(here.workers), "memory": gigabytes(here.memory_bytes)}
    checks = [
        Check("sweeps", True, f"distributed {distributed.__version__}, dask {dask.__version__}"),
        Check("sweep workers", True, text("sweep.doctor-here", held)),
    ]
    if address is not None:
        try:
            with connected(address) as client:
                checks += _of_cluster(client)
        except InputError as error:
            checks.append(Check("cluster", False, error.message, error.hint))
    return checks


def _of_cluster(client: "Client") -> Iterator[Check]:
    workers = workers_of(client)
    if not workers:
        yield Check("cluster", False, text("sweep.doctor-nobody"), "dask worker ADDRESS")
        return
    memory = sum(worker["memory_limit"] for worker in workers)
    held = {
        "workers": str(len(workers)),
        "threads": str(sum(worker["nthreads"] for worker in workers)),
    }
    bounded = all(worker["memory_limit"] for worker in workers)
    if bounded:
        yield Check("cluster", True, text("sweep.doctor-cluster", held | {"memory": gigabytes(memory)}))
    else:
        yield Check("cluster", False, text("sweep.doctor-unbounded", held), "dask worker ADDRESS --memory-limit auto")
    other = _others(versions_there(client), client.get_versions())
    fix = f'pip install "skinbeam[sweep]=={__version__}" and the versions of this machine there'
    yield Check("cluster versions", not other, "; ".join(other) or text("sweep.doctor-alike"), fix if other else "")


def _others(skinbeam: Mapping[str, str], versions: Mapping[str, Any]) -> list[str]:
    """What has another version at the scheduler or a worker than here, each once with where it was found first."""
    here = versions["client"]["packages"]
    other: dict[str, str] = {}
    for worker, version in skinbeam.items():
        if version != __version__:
            other.setdefault("skinbeam", f"skinbeam {version or 'none'} at {worker}, {__version__} here")
    for where, told in {"the scheduler": versions["scheduler"], **versions["workers"]}.items():
        for name in _ALIKE:
            there = told["packages"].get(name)
            if there != here.get(name):
                other.setdefault(name, f"{name} {there or 'none'} at {where}, {here.get(name) or 'none'} here")
    return list(other.values())

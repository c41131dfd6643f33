"""A cluster of Dask on this machine whose processes can be killed and started again, and a sweep of small blocks."""

import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
from distributed import LocalCluster

from skinbeam.model.errors import InputError
from skinbeam.sweeps.cluster import connect
from skinbeam.sweeps.cost import SweepCost
from skinbeam.sweeps.store import open_store
from skinbeam.sweeps.sweep_file import grid_blocks, load_sweep, values_at
from skinbeam.sweeps.worker import answer_cases

CASE = """
[skin]
site = "forearm"
temperature_C = 33.0
[bath]
temperature_C = 60.0
exposure_s = 1.0
"""
SWEEP = """
case = "case.toml"
draws = 1
outputs = ["temperature_C.basal_peak"]
[axes]
"bath.temperature_C" = {{from = 45.0, to = 69.0, steps = {blocks}}}
"""
ONE_A_BLOCK = 10.0  # seconds: at this cost each case is a block of its own


def set_desk(workplace: Path, blocks: int) -> None:
    """Write a sweep whose every case is a block, and make its store."""
    (workplace / "case.toml").write_text(CASE, encoding="utf-8")
    (workplace / "sweep.toml").write_text(SWEEP.format(blocks=blocks), encoding="utf-8")
    with open_store(
        workplace / "out.zarr", load_sweep(workplace / "sweep.toml"), SweepCost(blocks, ONE_A_BLOCK, 1)
    ) as store:
        assert len(store.missing_blocks()) == blocks


def made_alone(workplace: Path, name: str = "alone.zarr") -> dict[str, bytes]:
    """The store of the sweep as this process makes it, without any worker."""
    asked = load_sweep(workplace / "sweep.toml")
    with open_store(workplace / name, asked, SweepCost(asked.shape[0], ONE_A_BLOCK, 1)) as store:
        for block in grid_blocks(asked.shape, store.block):
            places = [(k,) for k in range(block[0].start, block[0].stop)]
            store.write(block, answer_cases(asked.question, [values_at(asked, place) for place in places]))
    return files_of(workplace / name)


def files_of(store: Path) -> dict[str, bytes]:
    """Every file of a store."""
    return {str(file.relative_to(store)): file.read_bytes() for file in store.rglob("*") if file.is_file()}


def standing(store: Path) -> dict[str, tuple[int, int]]:
    """The files of blocks whose status stands, which nobody may touch again: each by its number and its time."""
    held = {}
    with suppress(FileNotFoundError), os.scandir(store / "status" / "c") as found:
        for entry in found:
            if entry.name.isdecimal():
                for folder in ("status", "temperature_C.basal_peak"):
                    state = (store / folder / "c" / entry.name).stat()
                    held[f"{folder}/{entry.name}"] = (state.st_ino, state.st_mtime_ns)
    return held


# Processes begin as copies of one that has imported all: tests start hundreds.
_COPIED = multiprocessing.get_context("forkserver")
_IMPORTED = "distributed.cli.dask_scheduler distributed.cli.dask_worker distributed.deploy.local xarray zarr"
_IMPORTED += " skinbeam.cli.runner skinbeam.sweeps.run skinbeam.api.simulate"
_COPIED.set_forkserver_preload(_IMPORTED.split())


class Program:
    """A command as a process in a folder and a session of its own, with what it says in files."""

    def __init__(self, workplace: Path, *command: str, more: Mapping[str, str] | None = None) -> None:
        self._output = workplace / f"{command[0]}-{command[1]}-{time.monotonic_ns()}"
        self._process = _COPIED.Process(target=_run, args=(workplace, self._output, command, dict(more or {})))
        self._process.start()
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, as `subprocess` does; nothing while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def end(self) -> None:
        """Kill it, if it is still there, and wait until it is gone."""
        self.send_signal(signal.SIGKILL)
        self._process.join()

    def communicate(self, within_s: float = 120.0) -> tuple[int, str, str]:
        """Wait for its end; return its code, what it printed, and what it said."""
        self._process.join(within_s)
        assert self.poll() is not None, "it did not end"
        return self._process.exitcode, *(self._output.with_suffix(end).read_text(encoding="utf-8") for end in _STREAMS)


_STREAMS = (".out", ".err")


def _run(workplace: Path, output: Path, command: tuple[str, ...], more: Mapping[str, str]) -> None:
    """Be that command."""
    os.setsid()
    for number, end in enumerate(_STREAMS, start=1):
        os.dup2(os.open(output.with_suffix(end), os.O_WRONLY | os.O_CREAT), number)
    os.chdir(workplace)
    os.environ.update(more)
    sys.argv = list(command)
    if command[0] == "skinbeam":
        from skinbeam.cli import main

        main()
    dask.config.refresh()
    from dask.__main__ import main as dask_main

    dask_main()


class Cluster:
    """A scheduler and workers on the loopback, each a process."""

    def __init__(
        self, workplace: Path, workers: int = 2, more: Mapping[str, str] | None = None, scheme: str = "tcp"
    ) -> None:
        self._desk, self._count, self._more = workplace, workers, more
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        self.address = f"{scheme}://127.0.0.1:{self._port}"
        self.scheduler: Any = None
        self.workers: list[Any] = []

    def start_missing(self) -> None:
        """Start what is not there."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.scheduler = self._dask(
                "scheduler", "--host", self.address.replace(f":{self._port}", ""), "--port", self._port
            )
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self._count:
            self.workers.append(self._dask("worker", self.address, "--nthreads", "1", "--no-nanny"))

    def _dask(self, *arguments: str) -> Any:
        asked = ("dask", *arguments, "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        return Program(self._desk, *asked, more=self._more)


@contextmanager
def threads(count: int) -> Iterator[str]:
    """The address of a cluster whose workers are threads of this process."""
    with local(count) as made:
        yield made.scheduler_address


def local(count: int, memory_limit: int = 0) -> Any:
    """A cluster whose workers are threads of this process."""
    # Dask logs to what the error stream was at some import, its own or another's: that of a test that has ended.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = False
    return LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=memory_limit,
    )


@contextmanager
def cluster(workplace: Path, **keywords: Any) -> Iterator[Cluster]:
    """A cluster that is started, and gone when the block ends."""
    made = Cluster(workplace, **keywords)
    try:
        made.start_missing()
        yield made
    finally:
        for one in (*made.workers, made.scheduler):
            if one is not None:
                one.end()


def await_workers(address: str) -> None:
    """Until somebody is there who works."""
    until = time.monotonic() + 60.0
    while True:
        try:
            with connect(address) as client:
                client.wait_for_workers(1, timeout=until - time.monotonic())
            return
        except InputError:
            assert time.monotonic() < until


def children(process: int) -> list[int]:
    """Processes that a process started."""
    found: list[int] = []
    with suppress(OSError):
        for listed in Path(f"/proc/{process}/task").glob("*/children"):  # workers are children of a thread
            found += [int(child) for child in listed.read_text().split()]
    return found


def sweeping(workplace: Path, *arguments: str) -> Program:
    """The command."""
    return Program(workplace, "skinbeam", "sweep", "sweep.toml", "-o", "out.zarr", "--json", *arguments)


def result_of(ended: Program, within_s: float = 120.0) -> tuple[int, dict[str, Any], str]:
    """How a command ended: its code, its document and its words."""
    code, out, err = ended.communicate(within_s)
    assert "Traceback" not in out + err
    return code, json.loads(out) if out else {}, err

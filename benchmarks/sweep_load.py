"""A cluster on loopback that does no work, and what tasks cost those who hand them out: scheduler, client, connection.

    python sweep_load.py WORKERS

Run as a program it is the cluster: a scheduler in one process, and in another so many workers of ten threads, each of
which stands for a worker of one. The line that it prints tells the address and both processes; it ends with its input.
"""

import asyncio
import contextlib
import json
import logging
import math
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

__all__ = ["MB", "THREADS", "Cluster", "Handed", "handed_out", "idle_cluster", "spent"]

MB = 1e6
THREADS = 10


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers on loopback, by address and numbers of processes."""

    address: str
    scheduler: int
    workers: int


@dataclass(frozen=True)
class Handed:
    """What so many tasks took of each: wall time, processor seconds, bytes on the wire, memory of the scheduler."""

    tasks: int
    wall_s: float
    client_s: float
    scheduler_s: float
    workers_s: float
    scheduler_before_mb: float
    scheduler_peak_mb: float
    sent_bytes: float
    received_bytes: float

    @property
    def tasks_per_s(self) -> float:
        """Tasks a second, all together."""
        return self.tasks / self.wall_s


@contextlib.contextmanager
def idle_cluster(workers: int) -> Iterator[Cluster]:
    """Give a cluster of so many workers in processes of their own."""
    words = [sys.executable, __file__, str(workers)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Cluster(told["address"], told["scheduler"], told["workers"])
        process.stdin.close()


def spent(pid: int) -> float:
    """Processor seconds of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class NoWork:
    """A client whose tasks answer at once with rows that are made beforehand, or work for a while first.

    What is sent and comes back is what a sweep sends and gets.
    """

    def __init__(self, client: Any, seconds: float = 0.0) -> None:
        self._client, self._seconds = client, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit(self, function: Any, *words: Any, **named: Any) -> Any:
        """Hand out a task in place of `function`, with all that goes with it."""
        return self._client.submit(answer_nothing, self._seconds, *words, **named)


def answer_nothing(seconds: float, version: str, question: Any, cases: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return a row for each case after so many seconds of a processor."""
    from skinbeam.sweeps.worker import ANSWERED, CaseRow

    until = time.process_time() + seconds
    while time.process_time() < until:
        math.sqrt(2.0)
    return [CaseRow(tuple(0.5 for _ in question.outputs), ANSWERED) for _ in cases]


def handed_out(
    client: Any, sweep: Any, tasks: int, cases_a_task: int, cluster: Cluster | None = None, seconds: float = 0.0
) -> Handed:
    """Hand out tasks as a sweep does, with the cases of its first block, and take back their rows."""
    from skinbeam.sweeps.cluster import ClusterWatch
    from skinbeam.sweeps.dispatcher import Dispatcher
    from skinbeam.sweeps.sweep_file import values_at

    cases = [values_at(sweep, (0,) * (len(sweep.shape) - 1) + (k % sweep.shape[-1],)) for k in range(cases_a_task)]
    hands = Dispatcher(NoWork(client, seconds), sweep.question, ClusterWatch(client, lambda sentence: None))
    scheduler = psutil.Process(cluster.scheduler if cluster else os.getpid())
    before_mb, peak = scheduler.memory_info().rss / MB, 0.0
    began, own = time.perf_counter(), time.process_time()
    others = (spent(cluster.scheduler), spent(cluster.workers)) if cluster else (0.0, 0.0)
    for k, _ in enumerate(hands.answer_blocks(((slice(0, 1),), cases) for _ in range(tasks))):
        if k % 1000 == 0:
            peak = max(peak, scheduler.memory_info().rss / MB)
    wall, client_s = time.perf_counter() - began, time.process_time() - own
    after = (spent(cluster.scheduler), spent(cluster.workers)) if cluster else (0.0, 0.0)
    rows = answer_nothing(0.0, "", sweep.question, cases)
    sent, received = (float(len(pickle.dumps(what))) for what in ((sweep.question, cases), rows))
    return Handed(
        tasks, wall, client_s, after[0] - others[0], after[1] - others[1], before_mb,
        max(peak, scheduler.memory_info().rss / MB), sent, received,
    )  # fmt: skip


async def _scheduler(workers: int) -> None:
    """A scheduler here, and workers in another process, until the input ends."""
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        words = [sys.executable, __file__, scheduler.address, str(workers)]
        process = await asyncio.create_subprocess_exec(*words, stdin=subprocess.PIPE)
        while len(scheduler.workers) < workers:
            await asyncio.sleep(0.05)
        told = {"address": scheduler.address, "scheduler": os.getpid(), "workers": process.pid}
        print(json.dumps(told), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        process.terminate()
        await process.wait()


async def _workers(address: str, count: int) -> None:
    from distributed import Worker

    names = [str(k) for k in range(count)]
    made = [await Worker(address, name=name, nthreads=THREADS, dashboard=False, memory_limit=0) for name in names]
    await asyncio.gather(*(worker.finished() for worker in made))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.path.insert(0, str(Path(__file__).parent))
    if len(sys.argv) == 2:
        asyncio.run(_scheduler(int(sys.argv[1])))
    else:
        asyncio.run(_workers(sys.argv[1], int(sys.argv[2])))

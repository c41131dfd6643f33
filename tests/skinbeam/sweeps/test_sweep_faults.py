"""A cluster that is lost is said to be; who waits says for what; and the same command goes on with the same bytes."""

import io
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask
import pytest
import rich.progress
from distributed.system import MEMORY_LIMIT
from own_cluster import (
    await_workers,
    children,
    cluster,
    files_of,
    local,
    made_alone,
    set_desk,
    standing,
    sweeping,
    threads,
)
from rich.progress import Progress

from skinbeam.cli.commands import _sweep_progress
from skinbeam.model.errors import InputError
from skinbeam.sweeps import cluster as clusters
from skinbeam.sweeps import cluster as watch
from skinbeam.sweeps import dispatcher
from skinbeam.sweeps.cluster import LocalMachine
from skinbeam.sweeps.cost import SweepCost
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import error_rows, load_store
from skinbeam.sweeps.sweep_file import load_sweep
from skinbeam.sweeps.worker import ANSWERED, FAILED

BLOCKS = 12
MANY = 256  # of which four are a block


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep of a few blocks, and nobody who waits for long."""
    for where, name, seconds in (
        (dispatcher, "_CHECK_INTERVAL_S", 0.2),
        (watch, "_ANSWER_S", 1.0),
        (watch, "_NOBODY_S", 1.0),
        (clusters, "_WAIT_S", 5),
    ):
        monkeypatch.setattr(where, name, seconds)
    set_desk(tmp_path, BLOCKS)
    return tmp_path


def run(
    workplace: Path, address: str | None, at: int = 0, do: Callable[[], Any] = lambda: None, **keywords: Any
) -> Any:
    """Run the sweep, and do something once so many cases are done."""

    def hear(done: int, cases: int) -> None:
        if done == at:
            do()

    return run_sweep(
        load_sweep(workplace / "sweep.toml"), workplace / "out.zarr", cluster=address, on_progress=hear, **keywords
    )


@pytest.mark.check
def test_a_scheduler_that_stops_answering_or_dies_is_reported_to_be_lost_and_the_sweep_goes_on(workplace: Path) -> None:
    whole = made_alone(workplace)
    with cluster(workplace, workers=1) as own:
        await_workers(own.address)
        for asked in (signal.SIGSTOP, signal.SIGKILL):
            before = len(standing(workplace / "out.zarr")) // 2
            with pytest.raises(InputError) as lost:
                run(workplace, own.address, before + 2, lambda asked=asked: own.scheduler.send_signal(asked))
            assert lost.value.code == "scheduler-lost"
            assert "goes on with what is missing" in lost.value.hint
            assert before + 2 <= len(standing(workplace / "out.zarr")) // 2 < BLOCKS
            own.scheduler.send_signal(signal.SIGCONT)
        with pytest.raises(InputError) as nobody:
            run(workplace, own.address)
        assert nobody.value.code == "no-scheduler"
        assert "dask scheduler" in nobody.value.hint
        own.scheduler.communicate()
        own.start_missing()
        await_workers(own.address)
        assert run(workplace, own.address).answered == BLOCKS
    assert files_of(workplace / "out.zarr") == whole


def test_a_cluster_without_anybody_is_reported_before_anything_runs(workplace: Path) -> None:
    with threads(0) as address, pytest.raises(InputError) as nobody:
        run(workplace, address)
    assert nobody.value.code == "no-workers"
    assert not standing(workplace / "out.zarr")


def test_a_script_whose_workers_read_it_again_is_told_of_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers end at once, each with a sweep of its own, and Dask says of them that a nanny failed to start."""

    def fails(**options: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr("distributed.LocalCluster", fails)
    with pytest.raises(InputError) as nobody, clusters.open_workers(None, 1):
        pass
    assert nobody.value.message.endswith("Nanny failed to start")
    assert 'if __name__ == "__main__":' in str(nobody.value.hint)


@pytest.mark.check
def test_who_waits_for_workers_says_so_goes_on_with_new_ones_and_ends_when_none_come(workplace: Path) -> None:
    whole = made_alone(workplace)
    sentences: list[str] = []
    with local(1) as made:

        def tell(sentence: str) -> None:
            sentences.append(sentence)
            if "No worker is left" in sentence:
                made.scale(1)

        done = run(workplace, made.scheduler_address, 3, lambda: made.scale(0), on_message=tell)
        assert done.answered == BLOCKS
        assert files_of(workplace / "out.zarr") == whole
        assert [sentence for sentence in sentences if "No worker is left" in sentence]
        shutil.rmtree(workplace / "out.zarr")
        set_desk(workplace, BLOCKS)
        with pytest.raises(InputError) as nobody:
            run(workplace, made.scheduler_address, 3, lambda: made.scale(0))
        assert nobody.value.code == "no-workers"
        assert "goes on with what is missing" in nobody.value.hint
        made.scale(1)
        made.wait_for_workers(1)
        assert run(workplace, made.scheduler_address).answered == BLOCKS
    assert files_of(workplace / "out.zarr") == whole


@pytest.mark.check
def test_ctrl_c_ends_it_without_a_word_and_the_sweep_goes_on(workplace: Path) -> None:
    whole = made_alone(workplace)
    running = sweeping(workplace, "--workers", "1")
    while running.poll() is None and len(standing(workplace / "out.zarr")) < 4:
        time.sleep(0.01)
    started = children(running.pid)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    code, out, err = running.communicate()
    assert (code, out) == (130, "")
    assert err.startswith("Workers on this machine: 1, each with at most ")
    assert err.count("\n") == 1
    assert started
    until = time.monotonic() + 10.0
    while any(Path(f"/proc/{child}").exists() for child in started):
        assert time.monotonic() < until
        time.sleep(0.01)
    with threads(1) as address:
        assert run(workplace, address).answered == BLOCKS
    assert files_of(workplace / "out.zarr") == whole


@pytest.mark.check
def test_ctrl_c_while_a_worker_starts_prints_nothing_of_its_imports(workplace: Path) -> None:
    """A terminal sends it to the worker, too, which printed where in its imports it was."""
    running = sweeping(workplace, "--workers", "1")
    while running.poll() is None and not any(
        b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children(running.pid)
    ):
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(running.pid, signal.SIGINT)
    code, out, err = running.communicate()
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert "KeyboardInterrupt" not in err


@pytest.mark.long
def test_a_case_that_outgrows_the_memory_of_its_worker_is_a_row_and_the_others_are_answered(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried with the rest of its block, alone, and at last with nothing else at any worker."""
    shutil.rmtree(workplace / "out.zarr")
    set_desk(workplace, MANY)
    shutil.rmtree(workplace / "out.zarr")  # blocks of four below
    answer, limit = dispatcher.answer_block, 500_000_000

    def hungry(version: str, question: Any, cases: Any) -> Any:
        held = []
        # Beyond the limit it answers, so that a worker without one is told from a worker that was ended in time.
        while len(held) < 60 and any(case["bath.temperature_C"] == 45.0 for case in cases):
            held.append(b"1" * 20_000_000)
            time.sleep(0.02)  # the memory of a worker is looked at ten times a second
        return answer(version, question, cases)

    monkeypatch.setattr(dispatcher, "answer_block", hungry)
    monkeypatch.setattr(watch, "_NOBODY_S", 240.0)  # a worker that is started again is gone for a while
    monkeypatch.setattr(clusters, "local_machine", lambda count: LocalMachine(1, limit))
    sentences: list[str] = []
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):  # each death counts
        done = run(workplace, None, cost=SweepCost(MANY, 2.5, 1), on_message=sentences.append)
    assert (done.answered, done.failed) == (MANY - 1, 1)
    assert sentences[0] == (
        "Workers on this machine: 1, each with at most 0.5 GB of memory; one that needs more is started again."
    )
    results = load_store(workplace / "out.zarr")
    assert results["status"].values.tolist() == [FAILED] + [ANSWERED] * (MANY - 1)
    assert results["status"].encoding["chunks"] == (4,)
    [row] = error_rows(results)
    assert "too little memory" in row.message


def test_who_waits_anew_waits_as_long_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    sentences: list[str] = []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(watch, "scheduler_workers", lambda client: [watch.ClusterWorker("paused", 1, 0.0)])
    one = watch.ClusterWatch(None, sentences.append)
    for _ in range(2):
        one.check()
        clock[0] += watch._NOBODY_S
        one.check()
        one.record_result()
        clock[0] += 10.0 * watch._NOBODY_S
    assert sentences == ["No worker is left. The run waits for new ones, at most 5 minutes."] * 2
    one.check()
    clock[0] += watch._NOBODY_S + 1.0
    with pytest.raises(InputError):
        one.check()


def test_workers_share_the_memory_of_the_machine() -> None:
    one, eight = clusters.local_machine(1), clusters.local_machine(8)
    assert (one.workers, eight.workers) == (1, 8)
    assert eight.memory_bytes == one.memory_bytes // 8 < MEMORY_LIMIT
    assert clusters.local_machine().workers == len(os.sched_getaffinity(0))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_is_that_of_the_work_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sweep that goes on, what stood before took no time now: it must not make the rest look as fast."""
    clock = [0.0]
    seen: list[Progress] = []
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(
        rich.progress,
        "Progress",
        lambda *columns, **keywords: (
            seen.append(Progress(*columns, get_time=lambda: clock[0], auto_refresh=False, **keywords)) or seen[0]
        ),
    )
    with _sweep_progress(quiet=False) as (hear, tell):
        for done in range(900, 951, 10):
            hear(done, 1000)
            clock[0] += 20.0
        tell("No worker is left.")
        [task] = seen[0].tasks
        assert (task.completed, task.total) == (950, 1000)
        assert task.time_remaining == pytest.approx(100.0, rel=0.25)  # 50 cases at ten in 20 s
    assert "No worker is left." in sys.stderr.getvalue()

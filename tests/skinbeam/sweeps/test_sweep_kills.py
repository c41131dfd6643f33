"""Whoever is killed, however often: nothing is lost, no block that stands is touched again, the bytes are the same."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from own_cluster import Cluster, children, cluster, files_of, made_alone, result_of, set_desk, standing, sweeping

# Ends of a command whose cluster was taken from it; the same command then goes on.
LOST = {"scheduler-lost", "no-scheduler", "no-workers"}
ON_CLUSTER = 0.8  # of the runs; the others start workers of their own, to the same store


class Killer:
    """Kills who is at work, one at random, and starts again what is missing, until the sweep is done."""

    def __init__(self, workplace: Path, own: Cluster, seed: int) -> None:
        self._desk, self._own, self._chance = workplace, own, random.Random(seed)
        self._store = workplace / "out.zarr"
        self._client: Any = None
        self._written: dict[str, tuple[int, int]] = {}
        self.killed: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def run(self, blocks: int, kills: int) -> None:
        """Go on until all blocks stand; the kills are spread over them."""
        while "done" not in self.ended:
            self._own.start_missing()
            if self._client is None:
                self._start()
            left = kills - self.killed.total()
            if left <= 0:
                self._hear(result_of(self._client, 600.0))
                continue
            # Less than half of its share on average, and never all of it: the sweep is not to end before the last kill,
            # and blocks are made between a look at them and the kill.
            share = (blocks - self._blocks()) / left
            self._wait(self._blocks() + int(self._chance.uniform(0.0, 0.8 * share)))
            if self._client.poll() is None:
                self._kill()
            if self._client is not None and self._client.poll() is not None:
                self._hear(result_of(self._client))
        if self._look():
            raise AssertionError("a block came after the end")

    def _start(self) -> None:
        far = self._chance.random() < ON_CLUSTER
        self._local = not far
        self._client = sweeping(self._desk, *(("--cluster", self._own.address) if far else ("--workers", "2")))

    def _wait(self, aim: int) -> None:
        """Until so many blocks stand; not for ever, so that whoever is still starting is killed, too."""
        until = time.monotonic() + self._chance.uniform(0.5, 6.0)
        while self._client.poll() is None and self._blocks() < aim and time.monotonic() < until:
            self._look()
            time.sleep(0.01)
        if self._chance.random() < 0.5:
            time.sleep(self._chance.uniform(0.0, 0.05))

    def _kill(self) -> None:
        own = children(self._client.pid) if self._local else []
        whom = self._chance.choice(["client", "worker"] if self._local else ["client", "worker", "scheduler"])
        if whom == "worker" and self._local and not own:
            whom = "client"
        self.killed[f"{whom}, own" if self._local else whom] += 1
        if whom == "client":
            self._client.end()
            self._client = None
        elif whom == "scheduler":
            self._own.scheduler.end()
        elif self._local:
            with suppress(OSError):
                os.kill(self._chance.choice(own), signal.SIGKILL)
        else:
            self._chance.choice(self._own.workers).end()
        self._look()

    def _look(self) -> int:
        """Hold the files that stand now against those that stood before; return how many blocks are new."""
        now = standing(self._store)
        touched = self._written.items() - now.items()
        assert not touched, touched
        new = len(now) - len(self._written)
        self._written = now
        return new

    def _blocks(self) -> int:
        return len(self._written) // 2

    def _hear(self, how: tuple[int, dict[str, Any], str]) -> None:
        code, document, err = how
        self._client = None
        self._look()
        if code == 0:
            assert document["answered"] == document["cases"] == self._blocks()
            self.ended["done"] += 1
            return
        assert code == 2, err
        assert document["error"]["code"] in LOST, document
        self.ended[document["error"]["code"]] += 1


def kill_at_random(workplace: Path, blocks: int, kills: int) -> str:
    """Run a sweep under random kills; return what happened."""
    began = time.monotonic()
    set_desk(workplace, blocks)
    whole = made_alone(workplace)
    with cluster(workplace) as own:
        killer = Killer(workplace, own, seed=kills)
        killer.run(blocks, kills)
    assert killer.killed.total() == kills
    assert files_of(workplace / "out.zarr") == whole
    took = time.monotonic() - began
    return (
        f"{blocks} blocks, {kills} kills: {dict(sorted(killer.killed.items()))}; runs that ended: "
        f"{dict(sorted(killer.ended.items()))}; {took:.0f} s; the same {len(whole)} files, none written twice"
    )


@pytest.mark.check
def test_six_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 200, 6)


@pytest.mark.long
def test_two_hundred_kills_over_two_thousand_blocks_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    print(f"\nsweep {kill_at_random(tmp_path, 2000, 200)}")

"""`skinbeam doctor` says what sweeps would run on, here and at a cluster, and what mends what is missing."""

import importlib.util
import socket
from collections.abc import Callable
from typing import Any

import pytest
from own_cluster import local, threads

from skinbeam.sweeps import cluster as clusters
from skinbeam.sweeps import health

Run = Callable[..., Any]


def checks(run: Run, *arguments: str) -> dict[str, Any]:
    ran = run("doctor", *arguments, "--json")
    assert ran.code == 0
    listed = ran.document["checks"]
    assert all(check["ok"] or check["fix"] for check in listed)
    return {check["name"]: check for check in listed}


def test_it_tells_the_workers_of_this_machine_and_their_memory(run: Run) -> None:
    found = checks(run)
    assert found["sweeps"]["ok"]
    assert found["sweeps"]["found"].startswith("distributed 20")
    here = clusters.local_machine()
    assert found["sweep workers"]["found"].startswith(f"{here.workers} on this machine, each with at most ")
    assert not {"cluster", "cluster versions"} & set(found)


def test_it_tells_how_sweeps_are_installed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else find(name))
    found = checks(run, "--cluster", "tcp://127.0.0.1:8786")
    assert found["sweeps"] == {
        "name": "sweeps",
        "ok": False,
        "found": "missing: distributed",
        "fix": 'pip install "skinbeam[sweep]"',
    }
    assert "cluster" not in found


def test_it_tells_workers_threads_and_memory_of_a_cluster(run: Run) -> None:
    with local(2, memory_limit=3_000_000_000) as made:
        found = checks(run, "--cluster", made.scheduler_address)
    assert found["cluster"]["ok"]
    assert found["cluster"]["found"] == "workers: 2; threads: 2; memory: 6 GB"
    assert found["cluster versions"]["ok"]


def test_it_tells_workers_that_nothing_bounds_and_a_cluster_without_any(run: Run) -> None:
    with threads(1) as address:
        found = checks(run, "--cluster", address)
    assert not found["cluster"]["ok"]
    assert "--memory-limit" in found["cluster"]["fix"]
    with threads(0) as address:
        found = checks(run, "--cluster", address)
    assert not found["cluster"]["ok"]
    assert "no workers" in found["cluster"]["found"]
    assert "dask worker" in found["cluster"]["fix"]


def test_it_tells_workers_of_another_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "__version__", "9.9")
    with threads(1) as address:
        found = checks(run, "--cluster", address)
    assert not found["cluster versions"]["ok"]
    assert ", 9.9 here" in found["cluster versions"]["found"]
    assert "skinbeam[sweep]==9.9" in found["cluster versions"]["fix"]


def test_what_differs_is_reported_once_with_the_first_place() -> None:
    same = dict.fromkeys(health._SAME_VERSION_PACKAGES, "1")
    other = same | {"numpy": "2"}
    versions = {"the scheduler": same, "a": same, "b": other, "c": other}
    assert health._version_differences({}, same, versions) == ["numpy 2 at b, 1 here"]
    assert health._version_differences({"a": ""}, same, versions | {"the scheduler": {}})[:2] == [
        f"skinbeam none at a, {health.__version__} here",
        "python none at the scheduler, 1 here",
    ]


def test_it_tells_a_scheduler_that_does_not_answer_and_takes_none_in_the_open(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_WAIT_S", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        found = checks(run, "--cluster", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
    assert not found["cluster"]["ok"]
    assert "no scheduler answers" in found["cluster"]["found"]
    assert "dask scheduler" in found["cluster"]["fix"]
    ran = run("doctor", "--cluster", "tcp://10.0.0.1:8786", "--json")
    assert (ran.code, ran.document["error"]["code"]) == (2, "open-address")

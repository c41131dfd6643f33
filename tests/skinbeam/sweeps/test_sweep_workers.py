"""Who works for a sweep is told, with the least memory of them, or that some have no limit."""

from contextlib import nullcontext

import pytest

from skinbeam.sweeps import cluster


@pytest.mark.parametrize(("limits", "memory"), [((4e9, 2e9), "2 GB"), ((4e9, 0), "without a limit")])
def test_the_least_memory_of_the_workers_of_a_cluster_is_stated(
    limits: tuple[float, float], memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "connect", nullcontext)
    workers = [cluster.ClusterWorker("running", 1, limit) for limit in limits]
    monkeypatch.setattr(cluster, "scheduler_workers", lambda client: workers)
    monkeypatch.setattr(cluster, "_check_versions", lambda client: None)
    heard: list[str] = []
    with cluster.open_workers("tcp://127.0.0.1:8786", on_message=heard.append):
        assert len(heard) == 1
    assert memory in heard[0]
    assert "tcp://127.0.0.1:8786" in heard[0]

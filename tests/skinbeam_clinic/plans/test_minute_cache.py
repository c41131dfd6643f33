"""What was read of records is in memory for a minute, and no longer once anybody reads anything else."""

import weakref
from types import SimpleNamespace

import pytest

from skinbeam_clinic.plans import minute_cache
from skinbeam_clinic.plans.minute_cache import MinuteCache


class Record: ...


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    held = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(minute_cache, "time", SimpleNamespace(monotonic=lambda: held.now_s))
    return held


@pytest.mark.parametrize("other", ["get", "add"])
def test_a_record_leaves_memory_after_a_minute(clock: SimpleNamespace, other: str) -> None:
    """Also one that is looked up again and again, and although nobody asks for it any more."""
    cache, record = MinuteCache[str, Record](10), Record()
    cache.add("erased", record)
    held = weakref.ref(record)
    del record
    for _ in range(5):
        clock.now_s += 11.0
        assert cache.get("erased") is held()
    clock.now_s += 6.0
    cache.get("another") if other == "get" else cache.add("another", Record())
    assert held() is None


def test_a_record_leaves_memory_although_only_another_cache_is_used(clock: SimpleNamespace) -> None:
    """As the face of a photograph whose leaflet nobody opens any more, while plans are read all day."""
    seldom, often, record = MinuteCache[str, Record](10), MinuteCache[str, Record](10), Record()
    seldom.add("erased", record)
    held = weakref.ref(record)
    del record
    clock.now_s += 59.0
    often.get("another")
    assert held() is not None
    clock.now_s += 1.0
    often.get("another")
    assert held() is None


def test_the_oldest_makes_room(clock: SimpleNamespace) -> None:
    cache = MinuteCache[str, int](2)
    for place, key in enumerate("abac"):  # "a" was read again after "b"
        clock.now_s += 1.0
        cache.add(key, place)
    assert [cache.get(key) for key in "abc"] == [2, None, 3]

"""How often somebody may ask, whatever is done to the clock meanwhile."""

import time

import pytest
from limits import RateLimitItemPerMinute

from skinbeam_clinic.web.client import RequestRate

LIMIT = RateLimitItemPerMinute(5)


@pytest.mark.parametrize("by_s", [-90, -5 * 3600, 5 * 3600, 400 * 86400])
def test_a_clock_that_is_set_locks_nobody_out(by_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    wall, rate = time.time, RequestRate()
    for _ in range(5):
        assert rate.hit(LIMIT, "ann")
    assert not rate.hit(LIMIT, "ann")
    monkeypatch.setattr(time, "time", lambda: wall() + by_s)
    assert all(rate.hit(LIMIT, "ann") for _ in range(5))
    assert not rate.hit(LIMIT, "ann"), "and whoever asks on is counted as before"


def test_seconds_that_a_clock_is_put_right_by_forgive_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, rate = time.time, RequestRate()
    for _ in range(5):
        assert rate.hit(LIMIT, "ann")
    monkeypatch.setattr(time, "time", lambda: wall() - 0.5)
    assert not rate.hit(LIMIT, "ann")

"""Behind a proxy: who a client is, for the limits on requests, and whose word on that is believed."""

from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from app_samples import capture_servers
from fastapi import FastAPI
from starlette.requests import Request

from skinbeam_clinic.web.client import find_network
from skinbeam_clinic.web.server import serve_app

CLIENT = b"203.0.113.7"


def request_from(host: str) -> Request:
    return Request({"type": "http", "client": (host, 50000), "headers": []})


def client_as_seen(app: Any, proxy: str, forwarded: bytes = CLIENT) -> str:
    """The client that the app sees when a proxy at an address passes on a request."""
    seen: list[str] = []

    async def inner(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        seen.append(find_network(Request(scope)))

    app.app = inner  # in place of the whole app, inside uvicorn's reader of a proxy's headers
    scope = {
        "type": "http",
        "client": (proxy, 50000),
        "scheme": "http",
        "headers": [(b"x-forwarded-for", forwarded), (b"x-forwarded-proto", b"https")],
    }
    with start_blocking_portal() as portal:
        portal.call(app, scope, None, None)
    return seen[0]


@pytest.fixture
def served_app(monkeypatch: pytest.MonkeyPatch) -> Any:
    configured = capture_servers(monkeypatch)

    def make() -> Any:
        serve_app(FastAPI(), "127.0.0.1", 0)
        configured[-1].load()
        return configured[-1].loaded_app

    return make


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1"])
def test_a_proxy_on_this_machine_tells_who_asks(served_app: Any, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert client_as_seen(served_app(), proxy) == CLIENT.decode()


def test_another_machine_is_not_believed_unless_it_is_named(served_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert client_as_seen(served_app(), "198.51.100.4") == "198.51.100.4"
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "198.51.100.4")
    assert client_as_seen(served_app(), "198.51.100.4") == CLIENT.decode()


def test_what_a_client_claims_before_the_word_of_the_proxy_does_not_count(
    served_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that adds to the header in place of setting it passes on what the client made up, to its left."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    for claimed in (b"198.51.100.1", b"127.0.0.1, 198.51.100.1", b"unknown"):
        assert client_as_seen(served_app(), "127.0.0.1", claimed + b", " + CLIENT) == CLIENT.decode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "203.0.113.7", False),
    ],
)
def test_one_client_of_ipv6_has_all_addresses_of_its_network(one: str, other: str, same: bool) -> None:
    assert (find_network(request_from(one)) == find_network(request_from(other))) is same

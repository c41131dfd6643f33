"""Whoever sends half of a request is sent away; whoever sends a whole one, however slowly it is answered, is not."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from app_samples import capture_servers
from fastapi import FastAPI

from skinbeam_clinic.web import header_deadline, server
from skinbeam_clinic.web.header_deadline import HeaderDeadlineProtocol

DEADLINE_S = 0.6
PATIENCE_S = 10.0
WHOLE = b"POST /slow HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n"


async def answer_late(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with what was sent, after longer than the headers may take."""
    sent = b""
    while (part := await receive()).get("more_body"):
        sent += part["body"]
    await asyncio.sleep(2 * DEADLINE_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": (sent + part["body"]).ljust(4)[:4]})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(header_deadline, "HEADER_SECONDS", DEADLINE_S)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(answer_late, http=HeaderDeadlineProtocol, lifespan="off", log_config=None)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        running.should_exit = True
        thread.join(PATIENCE_S)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def seconds_until_closed(line: socket.socket) -> float:
    begun = time.monotonic()
    with suppress(ConnectionResetError):
        assert line.recv(1000) == b"", "no answer is due"
    return time.monotonic() - begun


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: here\r\nX-Half: "])
def test_half_a_request_ends(port: int, sent: bytes) -> None:
    with connect(port) as line:
        line.sendall(sent)
        assert seconds_until_closed(line) < 5 * DEADLINE_S


def test_one_byte_after_the_other_does_not_put_it_off(port: int) -> None:
    with connect(port) as line, suppress(BrokenPipeError, ConnectionResetError):
        begun = time.monotonic()
        line.sendall(b"GET / HTTP/1.1\r\nX: ")
        line.settimeout(0.05)
        while time.monotonic() - begun < PATIENCE_S:
            line.sendall(b"a")
            with suppress(TimeoutError):
                if line.recv(10) == b"":
                    break
        assert time.monotonic() - begun < 5 * DEADLINE_S


def test_a_whole_request_is_answered_however_long_body_and_answer_take(port: int) -> None:
    with connect(port) as line:
        for part in (WHOLE[:20], WHOLE[20:]):
            line.sendall(part)
        time.sleep(2 * DEADLINE_S)
        line.sendall(b"done")
        assert line.recv(1000).startswith(b"HTTP/1.1 200")
        line.settimeout(2 * DEADLINE_S)
        with suppress(TimeoutError):
            assert line.recv(1000) != b"", "a connection that is kept for the next request has another, longer limit"
        line.settimeout(PATIENCE_S)
        line.sendall(b"GET / HTTP/1.1\r\nX-Half: ")
        assert seconds_until_closed(line) < 5 * DEADLINE_S, "half of a later request"


def test_the_app_is_served_so(monkeypatch: pytest.MonkeyPatch) -> None:
    configured = capture_servers(monkeypatch)
    server.serve_app(FastAPI(), "127.0.0.1", 0)
    assert configured[0].http is HeaderDeadlineProtocol
    assert header_deadline.HEADER_SECONDS <= 60

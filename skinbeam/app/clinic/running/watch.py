"""Watches each request from outside: gives it a number, and tells how it was answered by the pattern of its address.

The pattern (`/patients/{patient}`) names nobody. The address itself, with what it asks for, is told to nothing.
"""

import logging
import secrets
import time
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skinbeam.app.clinic.running.lines import request_number
from skinbeam.app.clinic.running.metrics import Metrics

__all__ = ["NUMBER_HEADER", "Watch"]

NUMBER_HEADER = "X-Request-Id"
NO_ROUTE, STATIC = "none", "/static"
_METHODS = ("GET", "HEAD", "POST")
_QUIET = (STATIC, "/health", "/metrics")  # asked for so often that they would hide the rest; their faults are told
_NUMBER_BYTES = 8
_log = logging.getLogger(__name__)


class Watch:
    """ASGI middleware around everything else.

    Parameters
    ----------
    metrics : counts what it sees.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, and count it once it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number, begun = secrets.token_hex(_NUMBER_BYTES), time.perf_counter()
        answered: dict[str, Any] = {"status": 0, "s": 0.0}  # 0: who asked had gone

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.update(status=message["status"], s=time.perf_counter() - begun)
                MutableHeaders(scope=message)[NUMBER_HEADER] = number
            await send(message)

        held = request_number.set(number)
        try:
            with self._metrics.under_way():
                await self._app(scope, receive, numbered)
        finally:
            self._tell(scope, answered["status"], answered["s"] or time.perf_counter() - begun)
            request_number.reset(held)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route(scope)
        self._metrics.answered(method, route, status, seconds)
        if route not in _QUIET or status >= 500:
            told = {"method": method, "route": route, "status": status, "s": round(seconds, 4)}
            _log.info("request", extra={"told": told})


def _route(scope: Scope) -> str:
    """Return the pattern of the route that has answered."""
    if scope["path"].startswith(f"{STATIC}/"):
        return STATIC
    return getattr(scope.get("route"), "path", NO_ROUTE)

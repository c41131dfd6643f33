"""The two addresses for whatever watches a server: `/health` and `/metrics`."""

import hmac
import ipaddress
import json

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.running.health import Health
from skinbeam.app.clinic.running.metrics import Metrics
from skinbeam.messages import text

__all__ = ["TOKEN_VARIABLE", "add_watching"]

TOKEN_VARIABLE = "SKINBEAM_METRICS_TOKEN"
# What servers that stand before this one add: who asked them may be anywhere.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def add_watching(gate: Gate, health: Health, metrics: Metrics, token: str) -> None:
    """Open the routes.

    Parameters
    ----------
    token : lets who sends it read `/metrics` from anywhere, and nobody else; empty: from this machine alone.
    """

    async def told_health(_: Request) -> Response:
        checks = await health.checks()
        status = "ok" if all(checks.values()) else "failing"
        told = json.dumps({"status": status, "checks": checks})
        return Response(told, 200 if status == "ok" else 503, media_type="application/json")

    async def told_metrics(request: Request) -> Response:
        if not (_sent(request, token) if token else _of_this_machine(request)):
            return PlainTextResponse(text("running.metrics-closed"), 403)
        told = await to_thread.run_sync(metrics.text, await health.checks())
        return Response(told, headers={"Content-Type": CONTENT_TYPE_LATEST})

    gate.watch("/health", told_health)
    gate.watch("/metrics", told_metrics)


def _sent(request: Request, token: str) -> bool:
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _of_this_machine(request: Request) -> bool:
    """Tell whether a program of this machine asks, and no server in the name of somebody else."""
    if request.client is None or any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

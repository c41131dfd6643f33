"""End connections whose headers do not come: half a request would otherwise hold a connection for ever.

uvicorn bounds how long a connection is idle after an answer, and the app how long a body takes (`security`). Neither
begins before the headers are complete. A proxy ends such clients by itself; this is for a server without one, and for
whoever reaches its port.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HEADER_SECONDS", "HeaderDeadlineProtocol"]

HEADER_SECONDS = 30.0  # from the connection, or from the first byte of a later request, to the end of its headers


class HeaderDeadlineProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a deadline for the headers of each request."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, and wait for its first request."""
        super().connection_made(transport)
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request; what is not complete after it keeps the deadline that it has."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._start_deadline()
        else:
            self._cancel_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

"""Serve an app with uvicorn, and with it a clinic on its records."""

import datetime
import os
import socket
import threading
from collections.abc import Callable, Iterable

import uvicorn
from fastapi import FastAPI

from skinbeam.model.atomic_files import remove_temporary_paths
from skinbeam.text import render_message
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.web.header_deadline import HeaderDeadlineProtocol

__all__ = ["open_listener", "serve_app", "serve_records"]

_IDLE_SECONDS = 150  # proxies keep a connection for up to two minutes, and must not find it closed
_CLOSING_SECONDS = 3  # for responses in progress when the program is told to end
_LAST_SECONDS = 4.5  # then it exits at once: a database that does not answer would delay the end for minutes
_INTERRUPTED = 130  # exit status of an interrupted command
# Proxies whose forwarded client address is trusted: uvicorn's variable, and without it one on this machine by either
# protocol.
_TRUSTED_PROXIES, _THIS_MACHINE = "FORWARDED_ALLOW_IPS", "127.0.0.1,::1"


def serve_records(
    host: str, port: int, db: str, names: Iterable[str] = (), *, keep_years: int, zone: datetime.tzinfo | None = None
) -> None:
    """Serve the records of a clinic until interrupted.

    Parameters
    ----------
    db : address of the records.
    names : further host names, of a proxy that stands before the server.
    keep_years : how long the law of the place makes a clinic keep records of treatment.
    zone : the time zone of the clinic; that of this machine where it is None.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`, or the records cannot be opened.
    """
    from skinbeam_clinic.accounts.oidc_provider import read_oidc_settings
    from skinbeam_clinic.appointments.reminder_settings import read_reminder_settings
    from skinbeam_clinic.database.revisions import open_database
    from skinbeam_clinic.diaries.alarm_notifier import read_contact_settings
    from skinbeam_clinic.monitoring.json_log import configure_logging
    from skinbeam_clinic.monitoring.unusual_activity import read_activity_limits
    from skinbeam_clinic.web.application import build_clinic_app

    configure_logging()
    outside, oidc = read_contact_settings(os.environ), read_oidc_settings(os.environ)
    limits, reminders = read_activity_limits(os.environ), read_reminder_settings(os.environ, outside.mail)
    database = open_database(db, os.environ)
    clinic = build_clinic_app(
        database,
        host,
        names,
        keep_years=keep_years,
        zone=zone,
        outside_contact=outside,
        reminders=reminders,
        oidc=oidc,
        activity_limits=limits,
    )
    serve_app(clinic, host, port, open_to_others="clinic.open-to-others", closing=clinic.state.closing)


def _do_nothing() -> None:
    """Ignore the signal that ends the program."""


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; who connects waits until an app is served there.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`.
    """
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[4][:2], family=address[0])
    except OSError as error:
        code = error.errno or 0  # negative for an unknown host name, where only `strerror` gives the reason
        reason = os.strerror(code) if code > 0 else error.strerror or str(error)
        about = {"host": host, "port": str(port), "reason": reason}
        raise catalogue_error("cannot-listen", "app-fault.cannot-listen", "--port", **about) from None


def serve_app(
    app: FastAPI,
    host: str,
    port: int,
    listener: socket.socket | None = None,
    *,
    open_to_others: str = "app.open-to-others",
    closing: Callable[[], object] = _do_nothing,
) -> None:
    """Serve an app until interrupted, and print its address.

    Parameters
    ----------
    listener : a socket that listens at `host` and `port` already.
    open_to_others : the message that is printed where other machines can reach it.
    closing : called once the program is told to end, before the last answers are given.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`.
    """
    listener = listener or open_listener(host, port)
    shown = f"[{host}]" if ":" in host else host
    print(render_message("app.listening", {"address": f"http://{shown}:{port}"}), flush=True)
    if listener.getsockname()[0] not in ("127.0.0.1", "::1"):
        print(render_message(open_to_others), flush=True)
    config = uvicorn.Config(
        app,
        http=HeaderDeadlineProtocol,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        forwarded_allow_ips=os.environ.get(_TRUSTED_PROXIES, _THIS_MACHINE),
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_CLOSING_SECONDS,
    )
    _Server(config, closing).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A uvicorn server that exits within five seconds of being told to, even when a request hangs."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], object]) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more requests, and end once the last responses are sent."""
        last = threading.Timer(_LAST_SECONDS, _exit_now)
        last.daemon = True
        last.start()
        self._closing()
        await super().shutdown(sockets)


def _exit_now() -> None:
    """End the process without unwinding it; what is temporary is removed."""
    remove_temporary_paths()
    os._exit(_INTERRUPTED)

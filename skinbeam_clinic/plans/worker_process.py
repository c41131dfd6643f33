"""Start and kill a process that computes for the server; it knows neither the database nor any secret of the server."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from typing import IO

from skinbeam.model.errors import SkinbeamError

__all__ = ["ProcessDefectError", "ProcessEndedError", "kill_process", "read_lines", "start_process"]

# The settings of the server are its own, among them its secrets: the key and the passwords of the database, the mail
# and the sign-in provider. The process decodes photographs that others send.
_SERVER_VARIABLES = ("SKINBEAM_", "PG")
_HEARTBEAT_S = 0.5


class ProcessEndedError(SkinbeamError):
    """The subprocess ended without a result: it was killed from outside, or ran out of memory."""


class ProcessDefectError(SkinbeamError):
    """The subprocess met a defect, which is in the log."""


def start_process(
    module: str,
    *arguments: str,
    nice: int,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.DEVNULL,
    pass_fds: Collection[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a module of this program as a process in a group of its own.

    Parameters
    ----------
    nice : its nice value. In a session of its own the process would get its own share of processor time, whatever this
        value (autogroups of Linux).
    pass_fds : open files that it inherits.
    """
    # -P: the working folder is not on the import path, so that no file there is imported in place of a library.
    command = [sys.executable, "-P", "-m", module, *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_SERVER_VARIABLES)}
    process = subprocess.Popen(
        command, env=environment, stdin=stdin, stdout=stdout, pass_fds=tuple(pass_fds), process_group=0
    )
    os.setpriority(os.PRIO_PROCESS, process.pid, nice)
    return process


def kill_process(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with its child processes."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def read_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield each line of a process's output, and an empty line after each heartbeat interval without output."""
    rest = b""
    while True:
        if not wait([stream.fileno()], _HEARTBEAT_S):
            yield b""
            continue
        got = os.read(stream.fileno(), 65536)
        if not got:
            return
        *lines, rest = (rest + got).split(b"\n")
        yield from lines

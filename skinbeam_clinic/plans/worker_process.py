"""Start and kill a process that computes for the server, and talk to it; it knows no database and no secret.

It tells what it does by messages, JSON objects of one line each. The last one has its result, the fault of what was
sent, or says that it met a defect.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, Any

from skinbeam.cli.runner import GARBAGE_COLLECTION_THRESHOLD
from skinbeam.model.errors import InputError, SkinbeamError
from skinbeam.plan.parallel import end_with_parent
from skinbeam_clinic.monitoring.json_log import configure_logging

__all__ = [
    "ProcessDefectError",
    "ProcessEndedError",
    "StepListener",
    "compute_in_subprocess",
    "kill_process",
    "send_result",
    "start_process",
]

# The settings of the server are its own, among them its secrets: the key and the passwords of the database, the mail
# and the sign-in provider. The process decodes photographs that others send.
_SERVER_VARIABLES = ("SKINBEAM_", "PG")
# Runs the module that is its first argument; garbage is collected as seldom as in the command.
_RUN_MODULE = f"""
import gc, runpy, sys
gc.set_threshold({GARBAGE_COLLECTION_THRESHOLD})
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
_HEARTBEAT_S = 0.5
_NICE = 10  # of what nobody looks at meanwhile: the pages of the server have priority
_log = logging.getLogger(__name__)

StepListener = Callable[[str], None]


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
    command = [sys.executable, "-P", "-c", _RUN_MODULE, module, *arguments]
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


def compute_in_subprocess(module: str, home: Path, language: str, on_step: StepListener, *, data: bytes = b"") -> Any:
    """Start a module that ends with `send_result`, and return the result that it tells.

    Parameters
    ----------
    home : a folder for this process alone, with the files that it reads and writes.
    language : of its steps and errors.
    on_step : called with each step that the process sends, and with an empty text twice a second while none comes; an
        exception that it raises ends the process.
    data : what the process reads from its standard input.

    Raises
    ------
    InputError : what was sent to the process is wrong.
    ProcessEndedError : the process ended without a result.
    ProcessDefectError : the process met a defect.
    """
    arguments = (str(home), language, str(os.getpid()))
    with start_process(module, *arguments, nice=_NICE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with suppress(BrokenPipeError), process.stdin as stream:
                stream.write(data)
            return _await_result(process.stdout, on_step)
        finally:
            kill_process(process)


def _await_result(stream: IO[bytes], on_step: StepListener) -> Any:
    for line in _read_lines(stream):
        message = json.loads(line or "{}")
        if "fault" in message:
            raise InputError(**message["fault"])
        if "defect" in message:
            raise ProcessDefectError("a process of the server met a defect")
        if "result" in message:
            return message["result"]
        on_step(message.get("step", ""))
    raise ProcessEndedError("a process of the server ended without a word")


def send_result(work: Callable[[Path, str, StepListener], Any]) -> None:
    """Do the work of the process that `compute_in_subprocess` has started, and tell its result to the server.

    The process ends with the server.

    Parameters
    ----------
    work : is given the folder, the language and what sends a step, and returns the result as JSON types.
    """
    home, language, parent = sys.argv[1:]
    end_with_parent(int(parent))
    configure_logging()
    stdout = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output of libraries must not mix with the messages

    def send(kind: str, content: object) -> None:
        os.write(stdout, json.dumps({kind: content}).encode() + b"\n")

    try:
        result = work(Path(home), language, partial(send, "step"))
    except InputError as error:
        send("fault", error.as_record())
    except Exception:
        _log.exception("defect in a process of the server")
        send("defect", True)
    else:
        send("result", result)


def _read_lines(stream: IO[bytes]) -> Iterator[bytes]:
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

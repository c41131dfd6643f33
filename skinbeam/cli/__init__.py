"""Entry point of the command line."""

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from skinbeam.cli.interruption import end_on_signal

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its exit code.

    Parameters
    ----------
    arguments : the arguments without the name of the program, for callers that continue afterwards; None for the
        arguments of the process.
    """
    with end_on_signal(until_exit=arguments is None):  # before the other modules are imported, which takes a while
        from skinbeam.cli.runner import run_command_line

        code = run_command_line(sys.argv[1:] if arguments is None else arguments)
    waiting = [t for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
    if arguments is None and not waiting:
        _end_process(code)
    sys.exit(code)


def _end_process(code: int) -> NoReturn:
    """End the process as Python does, but leave it to the system to free its memory.

    Freeing every object takes a sixtieth of a consultation without a photograph.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # it is closed, or `run_command_line` has named the failure
            stream.flush()
    os._exit(code)

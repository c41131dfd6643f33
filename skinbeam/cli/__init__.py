"""Entry point of the command line."""

import sys
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
    sys.exit(code)

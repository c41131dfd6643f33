"""The command line."""

import sys
from typing import NoReturn

from skinbeam.cli.interruption import end_on_signal

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments : what would stand behind the name of the program, for a caller that lives on; None, the process's own.
    """
    with end_on_signal(for_good=arguments is None):  # before the rest is imported, which takes a while
        from skinbeam.cli.runner import run_command_line

        code = run_command_line(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)

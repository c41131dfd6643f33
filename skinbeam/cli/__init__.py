"""The command line."""

import sys
from typing import NoReturn

from skinbeam.cli.ending import ended_when_asked

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments : what would stand behind the name of the program, for a caller that lives on; None, the process's own.
    """
    with ended_when_asked(for_good=arguments is None):  # before the rest is imported, which takes a while
        from skinbeam.cli.run import run

        code = run(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)

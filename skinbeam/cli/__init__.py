"""The command line."""

from skinbeam.cli.run import main

__all__ = ["main"]

"""Commands that other installed distributions add to `skinbeam`.

A distribution names them under the entry point group `skinbeam.commands`: a function is a command, a Typer application
a group of commands. Nothing in `skinbeam` imports those distributions.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import typer

from skinbeam._version import __version__
from skinbeam.cli.common import raise_not_built

__all__ = ["add_installed_commands"]

_ENTRY_POINT_GROUP = "skinbeam.commands"
_CLINIC_COMMANDS = {
    "records": "Looking after the records of clinics; needs skinbeam-clinic.",
    "serve": "The clinic's app; needs skinbeam-clinic.",
}


def add_installed_commands(app: typer.Typer) -> None:
    """Add the commands of installed distributions to `app`.

    Commands of the clinic that are not installed end with exit code 3 and the line that installs them.
    """
    from importlib.metadata import entry_points  # imported late: a command of this package does not need it

    installed = {found.name: found for found in entry_points(group=_ENTRY_POINT_GROUP)}
    for name, entry_point in sorted(installed.items()):
        command = entry_point.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    for name, description in _CLINIC_COMMANDS.items():
        if name not in installed:
            settings = {"allow_extra_args": True, "ignore_unknown_options": True}
            app.command(name, help=description, context_settings=settings)(_refusal(name))


def _requirement() -> str:
    """Return what pip installs the clinic from: this checkout, where the program runs from one, or the registry."""
    checkout = Path(__file__).parents[2] / "skinbeam_clinic"
    return f"-e {checkout}" if (checkout / "pyproject.toml").is_file() else f'"skinbeam-clinic=={__version__}"'


def _refusal(name: str) -> Callable[[typer.Context], None]:
    """Return a command that takes any arguments and says which line installs the clinic's part."""

    def refuse(context: typer.Context) -> None:
        line = f"{sys.executable} -m pip install {_requirement()}"
        raise_not_built(name, f"skinbeam-clinic is not installed; run: {line}")

    return refuse

"""The commands below `lasers`."""

from pathlib import Path
from typing import Annotated

import typer

from skinbeam.cli.told import show, show_names

__all__ = ["lasers"]

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]

lasers = typer.Typer(help="The lasers that are known; whether a device file is sound.", invoke_without_command=True)


@lasers.callback()
def _lasers(context: typer.Context, json: Json = False) -> None:
    context.obj = json
    if context.invoked_subcommand is None:
        from skinbeam.laser.device import lasers_document

        show_names(lasers_document(), json=json)


@lasers.command("check")
def _lasers_check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A device file.")],
    json: Json = False,
) -> None:
    """Say whether a device file is sound."""
    from skinbeam.laser.device import check_device_file

    show(check_device_file(file), json=json or bool(context.obj))

"""Commands that have commands below them: `records` and `lasers`."""

from pathlib import Path
from typing import Annotated

import typer

from skinbeam.cli.told import not_built, show

__all__ = ["lasers", "records"]

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]

records = typer.Typer(help="Looking after the records: not in this release.", no_args_is_help=True)
for _name in ("create-user", "export", "import", "backup", "restore", "verify", "upgrade"):

    def _absent(
        arguments: Annotated[list[str] | None, typer.Argument(metavar="...", help="Not read.")] = None,
        json: Json = False,
    ) -> None:
        """Not in this release."""
        not_built("records", "records are not in this release")

    # Options that it will have one day are no reason to speak of a misspelling.
    records.command(_name, context_settings={"ignore_unknown_options": True})(_absent)


lasers = typer.Typer(help="The lasers that are known; whether a device file is sound.", invoke_without_command=True)


@lasers.callback()
def _lasers(context: typer.Context, json: Json = False) -> None:
    context.obj = json
    if context.invoked_subcommand is None:
        from skinbeam.laser.device import lasers_document

        show(lasers_document(), json=json)


@lasers.command("check")
def _lasers_check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A device file.")],
    json: Json = False,
) -> None:
    """Say whether a device file is sound."""
    from skinbeam.laser.device import check_device_file

    show(check_device_file(file), json=json or bool(context.obj))

"""The command `skinbeam serve`, which the entry point group `skinbeam.commands` names."""

from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    db: Annotated[
        str | None,
        typer.Option(
            "--db", metavar="URL", envvar="SKINBEAM_DB", help="Records of a clinic: an SQLite file, or postgresql://..."
        ),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A name of the server before it; may stand again.")
    ] = None,
    keep_years: Annotated[
        int,
        typer.Option(
            "--keep-years",
            min=0,
            max=100,
            envvar="SKINBEAM_KEEP_YEARS",
            help="How long the law makes the clinic keep records of treatment.",
        ),
    ] = 10,
    time_zone: Annotated[
        str | None,
        typer.Option(
            "--time-zone",
            envvar="SKINBEAM_TIME_ZONE",
            help="Where the clinic's clocks stand, such as Europe/Zurich; else as this machine's.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what keeps it from starting as JSON.")] = False,
) -> None:
    """The clinic's app on its records; without --db the consultation alone, in demonstration mode."""
    from skinbeam_clinic.web.server import run_server

    run_server(host, port, db, name or (), keep_years=keep_years, zone=time_zone)

"""The command `skinbeam serve`, which the entry point group `skinbeam.commands` names."""

import datetime
from collections.abc import Sequence
from typing import Annotated

import typer

from skinbeam_clinic.records_commands import ZoneName

__all__ = ["serve"]


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    db: Annotated[
        str | None,
        typer.Option(
            "--db", metavar="URL", envvar="SKINBEAM_DB", help="Records of a clinic: an SQLite file, or postgresql://..."
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="A clinic of synthetic people with a year behind it, until the program ends.")
    ] = False,
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
    time_zone: ZoneName = None,
    json: Annotated[bool, typer.Option("--json", help="Print what keeps it from starting as JSON.")] = False,
) -> None:
    """The clinic's app on its records; without --db guests plan with it, in demonstration mode, and nothing is kept."""
    from skinbeam_clinic.time_zones import parse_time_zone
    from skinbeam_clinic.web.server import serve_records

    zone = parse_time_zone(time_zone)
    if demo:
        _serve_demo(context, host, port, name or (), keep_years=keep_years, zone=zone)
    elif db is None:
        from skinbeam_clinic.guest_clinic.server import serve_guests

        serve_guests(host, port, name or (), zone=zone)
    else:
        serve_records(host, port, db, name or (), keep_years=keep_years, zone=zone)


def _serve_demo(
    context: typer.Context,
    host: str,
    port: int,
    names: Sequence[str],
    *,
    keep_years: int,
    zone: datetime.tzinfo | None,
) -> None:
    """Serve the sample clinic; a database that only the environment names is left alone."""
    from skinbeam_clinic.errors import clinic_error

    source = context.get_parameter_source("db")
    if source is not None and source.name == "COMMANDLINE":
        raise clinic_error("demo-with-records", "--db")
    from skinbeam_clinic.sample_clinic.server import serve_sample_clinic

    serve_sample_clinic(host, port, names, keep_years=keep_years, zone=zone)

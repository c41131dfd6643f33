"""Serve the sample clinic: `skinbeam serve --demo`. Nothing of it outlives the program."""

import datetime
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

from skinbeam.model.atomic_files import work_folder
from skinbeam.text import render_message, use_time_zone
from skinbeam_clinic.sample_clinic.clinic import make_sample_clinic
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.server import open_listener, serve_app

__all__ = ["serve_sample_clinic"]


def serve_sample_clinic(
    host: str, port: int, names: Iterable[str] = (), *, keep_years: int, zone: datetime.tzinfo | None
) -> None:
    """Make the sample clinic and serve it until interrupted; its folder is removed however the program ends.

    Parameters
    ----------
    names, keep_years, zone : as of `build_clinic_app`.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`.
    """
    password = secrets.token_urlsafe(9)
    with (
        open_listener(host, port) as listener,
        work_folder(Path(tempfile.gettempdir()), "skinbeam-sample") as folder,
        use_time_zone(zone),
    ):
        print(render_message("clinic.sample-planning"), flush=True)
        with make_sample_clinic(folder, password) as made:
            params = {"members": ", ".join(made.members), "password": password}
            print(render_message("clinic.sample-told", params), flush=True)
            app = build_clinic_app(made.database, host, names, keep_years=keep_years, zone=zone, tour=made.tour)
            serve_app(app, host, port, listener, open_to_others="clinic.open-to-others", closing=app.state.closing)

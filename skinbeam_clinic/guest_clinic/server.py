"""Serve the clinic of guests: `skinbeam serve` without `--db`. Nothing of it outlives the program."""

import datetime
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from skinbeam.model.atomic_files import work_folder
from skinbeam_clinic.database.revisions import open_temporary_database
from skinbeam_clinic.guest_clinic.clinics import GuestClinics
from skinbeam_clinic.jobs.worker import PLAN_WORK_FOLDER, PlanMaker
from skinbeam_clinic.plans.plan_subprocess import make_plan_in_process
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.server import open_listener, serve_app

__all__ = ["open_guest_app", "serve_guests"]


_EARLIER_FOLDER = "skinbeam-app"  # in which earlier versions kept photographs and plans without encryption


@contextmanager
def open_guest_app(
    host: str = "127.0.0.1",
    names: Iterable[str] = (),
    *,
    zone: datetime.tzinfo | None = None,
    make_plan: PlanMaker = make_plan_in_process,
) -> Iterator[FastAPI]:
    """Yield the app of guests on a new database; its folder is removed however the program ends.

    Parameters
    ----------
    names, zone : as of `build_clinic_app`.
    """
    temporary = Path(tempfile.gettempdir())
    for left in (PLAN_WORK_FOLDER, _EARLIER_FOLDER):
        with work_folder(temporary, left):
            pass  # what a killed program left of a plan is removed
    with work_folder(temporary, "skinbeam-guest") as folder:
        database = open_temporary_database(folder)
        try:
            guests = GuestClinics(database)
            yield build_clinic_app(database, host, names, zone=zone, guests=guests, make_plan=make_plan)
        finally:
            database.close()


def serve_guests(host: str, port: int, names: Iterable[str] = (), *, zone: datetime.tzinfo | None = None) -> None:
    """Serve the app of guests until interrupted.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`.
    """
    with open_listener(host, port) as listener, open_guest_app(host, names, zone=zone) as app:
        serve_app(app, host, port, listener, open_to_others="app.open-to-others", closing=app.state.closing)

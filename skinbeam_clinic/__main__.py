"""Serve a sample clinic of made-up patients: `python -m skinbeam_clinic [PORT]`, which is `make serve`."""

import secrets
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.sample_clinic import make_sample_clinic
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.server import serve_app

_HOST, _PORT = "127.0.0.1", 8000


def _main(port: int) -> None:
    """Serve until the program is interrupted; the temporary folder is removed however it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    password = secrets.token_urlsafe(12)
    with (
        suppress(KeyboardInterrupt),
        work_folder(Path(tempfile.gettempdir()), "skinbeam-sample") as folder,
        make_sample_clinic(folder, password) as database,
    ):
        roles = ", ".join(role.value for role in Role)
        print(render_message("clinic.sample-told", {"roles": roles, "password": password}), flush=True)
        try:
            clinic = build_clinic_app(database, _HOST)
            serve_app(clinic, _HOST, port, closing=clinic.state.closing)
        except InputError as error:
            sys.exit(f"{error.message}. {error.hint}")


if __name__ == "__main__":
    _main(int(sys.argv[1]) if sys.argv[1:] else _PORT)

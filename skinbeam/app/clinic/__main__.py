"""Serve a clinic of made-up people: `python -m skinbeam.app.clinic`, which is `make serve`."""

import secrets
import tempfile
from pathlib import Path

from skinbeam.app.clinic.sample import sample_clinic
from skinbeam.app.clinic.server import build_clinic
from skinbeam.app.server import listen
from skinbeam.files.unfinished import work_folder
from skinbeam.messages import text
from skinbeam.records.roles import Role

_HOST, _PORT = "127.0.0.1", 8000


def _main() -> None:
    """Serve the clinic until interrupted."""
    password = secrets.token_urlsafe(12)
    with (
        work_folder(Path(tempfile.gettempdir()), "skinbeam-sample") as folder,
        sample_clinic(folder, password) as database,
    ):
        roles = ", ".join(role.value for role in Role)
        print(text("clinic.sample-told", {"roles": roles, "password": password}), flush=True)
        listen(build_clinic(database, _HOST), _HOST, _PORT)


if __name__ == "__main__":
    _main()

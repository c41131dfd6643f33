"""Serve a clinic of made-up people: `python -m skinbeam.app.clinic [PORT]`, which is `make serve`."""

import secrets
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from skinbeam.app.clinic.sample import sample_clinic
from skinbeam.app.clinic.server import build_clinic
from skinbeam.app.server import listen
from skinbeam.errors import InputError
from skinbeam.files.unfinished import work_folder
from skinbeam.messages import text
from skinbeam.records.roles import Role

_HOST, _PORT = "127.0.0.1", 8000


def _main(port: int) -> None:
    """Serve until interrupted; the folder goes however it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    password = secrets.token_urlsafe(12)
    with (
        suppress(KeyboardInterrupt),
        work_folder(Path(tempfile.gettempdir()), "skinbeam-sample") as folder,
        sample_clinic(folder, password) as database,
    ):
        roles = ", ".join(role.value for role in Role)
        print(text("clinic.sample-told", {"roles": roles, "password": password}), flush=True)
        try:
            clinic = build_clinic(database, _HOST)
            listen(clinic, _HOST, port, closing=clinic.state.closing)
        except InputError as error:
            sys.exit(f"{error.message}. {error.hint}")


if __name__ == "__main__":
    _main(int(sys.argv[1]) if sys.argv[1:] else _PORT)

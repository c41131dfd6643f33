"""A private PostgreSQL server with its files on the disk, which can be stopped, killed and started again."""

import os
import pwd
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

__all__ = ["PrivatePostgresql"]

_START_S = 60.0


class PrivatePostgresql:
    """A server that listens at a socket in its own folder alone, with the defaults of PostgreSQL.

    Parameters
    ----------
    folder : of the disk that holds its data; everybody may pass through it, since the server refuses to run as root.
    settings : of `postgresql.conf`, where they differ.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self._programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            folder.chmod(0o711)
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir=folder))
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        made = [self._programs / "initdb", "-D", self.folder / "data", "-U", "test", "-A", "trust", "-E", "UTF8"]
        subprocess.run(made, check=True, cwd=self.folder, capture_output=True, **self._as)
        self._settings = [word for setting in ("listen_addresses=", *settings) for word in ("-c", setting)]
        self.process = self.start()
        ready, until = [self._programs / "pg_isready", "-q", "-h", self.folder], time.monotonic() + _START_S
        while (
            subprocess.run(ready, check=False).returncode and time.monotonic() < until
        ):  # it listens before it answers
            time.sleep(0.1)

    @property
    def address(self) -> str:
        """Where its database is found."""
        return f"postgresql://test@/postgres?host={self.folder}"

    @property
    def socket(self) -> Path:
        """The socket that it listens at."""
        return self.folder / ".s.PGSQL.5432"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and return once it listens or has given up."""
        started = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *self._settings]
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(started, cwd=self.folder, stderr=subprocess.DEVNULL, **self._as)
        until = time.monotonic() + _START_S
        while not self.socket.exists() and self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        return self.process

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by default at once and in order; SIGQUIT leaves a crash to recover from."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(60)

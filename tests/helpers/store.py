"""What takes seconds to make and many tests only read: made once for all workers of a test run, behind a file lock."""

import fcntl
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["open_store", "stored"]

_folders: list[Path] = []


def open_store(folder: Path) -> None:
    """Keep what is made from now on in this folder, which all workers of a run share and no other run does."""
    folder.mkdir(exist_ok=True)
    _folders.append(folder)


def stored(make: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `make` returns for these arguments, made by the worker that asks first.

    Each call reads it anew, so a test may change what it gets. Arguments are told apart by their `repr`.
    """
    asked = f"{make.__module__}.{make.__qualname__} {arguments!r}"
    file = _folders[-1] / hashlib.sha256(asked.encode()).hexdigest()
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed, also by a worker that dies
        if not file.exists():
            unfinished = file.with_suffix(".part")
            unfinished.write_bytes(pickle.dumps(make(*arguments)))
            unfinished.replace(file)
    return pickle.loads(file.read_bytes())

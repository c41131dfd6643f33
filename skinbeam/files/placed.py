"""Sets of files that belong together: moved into a folder so that who finds the last of them finds the whole set."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["place"]


def place(made: Path, folder: Path, *, ledger: str, seal: str) -> list[Path]:
    """Move the files of `made`, on the same disk, to the same places in `folder`, and return where they are, sorted.

    The `seal` of the set before goes first and that of this one comes last: wherever this breaks off, no seal stands
    beside files of another set, and the next set mends it. Files of the set before that this one does not have are
    removed; nobody else's are touched. Of two runs one waits for the other.

    Parameters
    ----------
    ledger : name of the file that names the set: JSON with its `schema` and, under `files`, the paths in the folder.
    seal : name of the file that comes last.

    Raises
    ------
    OSError : a file cannot be moved.
    """
    names = sorted(str(file.relative_to(made)) for file in made.rglob("*") if file.is_file())
    with _alone(folder):
        (folder / seal).unlink(missing_ok=True)
        for name in sorted(_named(folder, ledger, schema=_read(made / ledger)["schema"]) - set(names)):
            _remove(folder, name)
        # The new ledger before the files that it names: what is left of this set is then known, too.
        for name in (ledger, *(name for name in names if name not in (ledger, seal)), seal):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).replace(folder / name)
    return [folder / name for name in names]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _named(folder: Path, ledger: str, *, schema: str) -> set[str]:
    """The files that the ledger in a folder names, if it is one of ours; none outside the folder."""
    try:
        record = _read(folder / ledger)
        if record["schema"] != schema:
            return set()
        return {str(name) for name in record["files"] if (folder / name).resolve().is_relative_to(folder.resolve())}
    except (OSError, ValueError, KeyError, TypeError):  # no ledger, or somebody else's file
        return set()


def _read(ledger: Path) -> dict[str, Any]:
    record = json.loads(ledger.read_bytes())
    if not isinstance(record, dict):
        raise TypeError(f"{ledger.name} is no table")
    return record


def _remove(folder: Path, name: str) -> None:
    """Remove a file of an older set, and its own folder once that is empty."""
    file = folder / name
    with suppress(OSError):
        file.unlink(missing_ok=True)
        if file.parent != folder:
            file.parent.rmdir()

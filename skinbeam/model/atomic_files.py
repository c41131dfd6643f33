"""Files and folders that are there whole or not at all, however a run ends.

A run that is ended at once (`cli.interruption`) does not come back to unwind its blocks. So whoever writes beside its
goal does it under a name that is held here, and who ends the run removes what is held. A run that is killed can remove
nothing: its folders are found by who works beside them next, since nobody holds their lock any more.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = [
    "remove_temporary_paths",
    "replace_file_set",
    "temporary_path",
    "work_folder",
]

_temporary_paths: dict[Path, None] = {}
_MAX_NAME_CHARACTERS = (
    100  # characters of a name that are told again in that of what is half written: names end at 255 bytes
)


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """Give a hidden name beside `path` that nobody uses; what lies there is removed when the block or the run ends."""
    held = path.with_name(f"{_hidden_prefix(path.name)}{os.urandom(8).hex()}")
    _temporary_paths[held] = None
    try:
        yield held
    finally:
        _remove_path(held)
        del _temporary_paths[held]


@contextmanager
def work_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give an empty folder in `parent`, for this user alone, that is removed when the block or the run ends.

    Folders of this name that runs left there which were killed are removed first. `parent` is made when missing.

    Raises
    ------
    OSError : the folder cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned_folders(parent, name)
    while True:
        with temporary_path(parent / name) as folder:
            folder.mkdir(mode=0o700)
            lock = _try_lock(folder)
            if lock is None or not folder.exists():  # taken for a dead run's before it was locked
                continue
            try:
                yield folder
            finally:
                os.close(lock)
            return


def remove_temporary_paths() -> None:
    """Remove everything that is held, for who ends the run."""
    for held in list(_temporary_paths):
        _remove_path(held)


def _remove_abandoned_folders(parent: Path, name: str) -> None:
    """Remove work folders that no run holds any more."""
    ours = re.compile(rf"{re.escape(_hidden_prefix(name))}[0-9a-f]{{16}}")
    for left in parent.iterdir():
        with suppress(OSError):
            if ours.fullmatch(left.name) and left.lstat().st_uid == os.getuid():
                lock = _try_lock(left)
                if lock is not None:
                    _remove_path(left)
                    os.close(lock)


def _hidden_prefix(name: str) -> str:
    return f".{name[:_MAX_NAME_CHARACTERS]}."


def _try_lock(folder: Path) -> int | None:
    """A lock on a folder, which its process loses when it dies; None where another holds it, or it is gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _remove_path(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


# Sets of files that belong together: moved into a folder so that who finds the last of them finds the whole set.


def replace_file_set(made: Path, folder: Path, *, ledger: str, seal: str) -> list[Path]:
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
    with _lock_folder(folder):
        (folder / seal).unlink(missing_ok=True)
        for name in sorted(_files_in_ledger(folder, ledger, schema=_read_ledger(made / ledger)["schema"]) - set(names)):
            _remove_old_file(folder, name)
        # The new ledger before the files that it names: what is left of this set is then known, too.
        for name in (ledger, *(name for name in names if name not in (ledger, seal)), seal):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).replace(folder / name)
    return [folder / name for name in names]


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _files_in_ledger(folder: Path, ledger: str, *, schema: str) -> set[str]:
    """The files that the ledger in a folder names, if it is one of ours; none outside the folder."""
    try:
        record = _read_ledger(folder / ledger)
        if record["schema"] != schema:
            return set()
        return {str(name) for name in record["files"] if (folder / name).resolve().is_relative_to(folder.resolve())}
    except (OSError, ValueError, KeyError, TypeError):  # no ledger, or somebody else's file
        return set()


def _read_ledger(ledger: Path) -> dict[str, Any]:
    record = json.loads(ledger.read_bytes())
    if not isinstance(record, dict):
        raise TypeError(f"{ledger.name} is no table")
    return record


def _remove_old_file(folder: Path, name: str) -> None:
    """Remove a file of an older set, and its own folder once that is empty."""
    file = folder / name
    with suppress(OSError):
        file.unlink(missing_ok=True)
        if file.parent != folder:
            file.parent.rmdir()

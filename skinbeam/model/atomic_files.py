"""What a run has half written: it goes when the block that writes it ends, and when the run is ended from outside.

A run that is ended at once (`cli.ending`) does not come back to unwind its blocks. So whoever writes beside its goal
does it under a name that is held here, and who ends the run removes what is held. A run that is killed can remove
nothing: its folders are found by who works beside them next, since nobody holds their lock any more.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["remove_unfinished", "unfinished", "work_folder"]

_held: dict[Path, None] = {}
_LONGEST = 100  # characters of a name that are told again in that of what is half written: names end at 255 bytes


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give a hidden name beside `path` that nobody uses; what lies there is removed when the block or the run ends."""
    held = path.with_name(f"{_hidden(path.name)}{os.urandom(8).hex()}")
    _held[held] = None
    try:
        yield held
    finally:
        _remove(held)
        del _held[held]


@contextmanager
def work_folder(parent: Path, name: str) -> Iterator[Path]:
    """Give an empty folder in `parent`, for this user alone, that is removed when the block or the run ends.

    Folders of this name that runs left there which were killed are removed first. `parent` is made when missing.

    Raises
    ------
    OSError : the folder cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent, name)
    while True:
        with unfinished(parent / name) as folder:
            folder.mkdir(mode=0o700)
            lock = _locked(folder)
            if lock is None or not folder.exists():  # taken for a dead run's before it was locked
                continue
            try:
                yield folder
            finally:
                os.close(lock)
            return


def remove_unfinished() -> None:
    """Remove everything that is held, for who ends the run."""
    for held in list(_held):
        _remove(held)


def _sweep(parent: Path, name: str) -> None:
    """Remove work folders that no run holds any more."""
    ours = re.compile(rf"{re.escape(_hidden(name))}[0-9a-f]{{16}}")
    for left in parent.iterdir():
        with suppress(OSError):
            if ours.fullmatch(left.name) and left.lstat().st_uid == os.getuid():
                lock = _locked(left)
                if lock is not None:
                    _remove(left)
                    os.close(lock)


def _hidden(name: str) -> str:
    return f".{name[:_LONGEST]}."


def _locked(folder: Path) -> int | None:
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


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)

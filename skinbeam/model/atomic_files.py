"""Write files and folders atomically: complete or not at all, however a run ends.

A run that is ended by a signal (`cli.interruption`) does not unwind its `with` blocks. Temporary paths are therefore
registered in this module, and the code that ends the run removes every registered path. A run that is killed cannot
remove anything; the next run that makes a work folder in the same place removes its folders, which no process locks.
"""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = [
    "remove_temporary_paths",
    "replace_file_set",
    "temporary_path",
    "work_folder",
]

_temporary_paths: dict[Path, None] = {}
_MAX_NAME_CHARACTERS = 100  # of a name that the name of its temporary file repeats: file names end at 255 bytes


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """Provide an unused hidden path beside `path`; it is removed when the block or the run ends.

    Raises
    ------
    OSError : `path` is a device or a pipe. The caller would put a file in its place, which breaks `/dev/null` for all.
    """
    _refuse_device(path)
    temporary = path.with_name(f"{_hidden_prefix(path.name)}{os.urandom(8).hex()}")
    _temporary_paths[temporary] = None
    try:
        yield temporary
    finally:
        _remove_path(temporary)
        del _temporary_paths[temporary]


@contextmanager
def work_folder(parent: Path, name: str) -> Iterator[Path]:
    """Provide an empty folder in `parent`, for this user only, that is removed when the block or the run ends.

    Folders of the same name that killed runs left in `parent` are removed first. A missing `parent` is created.

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
            if lock is None or not folder.exists():  # another run took it for an abandoned folder before it was locked
                continue
            try:
                yield folder
            finally:
                os.close(lock)
            return


def _refuse_device(path: Path) -> None:
    is_other = path.exists() and not (path.is_file() or path.is_dir())
    # `/dev/stdout` is a link to an open file of this run.
    if is_other or (path.is_symlink() and str(path.readlink()).startswith("/proc/")):
        raise OSError(errno.EINVAL, "it is a device or a pipe, and no ordinary file")


def remove_temporary_paths() -> None:
    """Remove every registered temporary path; called by the code that ends the run."""
    for temporary in list(_temporary_paths):
        _remove_path(temporary)


def _remove_abandoned_folders(parent: Path, name: str) -> None:
    """Remove work folders that no run locks any more."""
    own_names = re.compile(rf"{re.escape(_hidden_prefix(name))}[0-9a-f]{{16}}")
    for left in parent.iterdir():
        with suppress(OSError):
            if own_names.fullmatch(left.name) and left.lstat().st_uid == os.getuid():
                lock = _try_lock(left)
                if lock is not None:
                    _remove_path(left)
                    os.close(lock)


def _hidden_prefix(name: str) -> str:
    return f".{name[:_MAX_NAME_CHARACTERS]}."


def _try_lock(folder: Path) -> int | None:
    """Lock a folder and return the file descriptor; None if another process has the lock or the folder is gone.

    The operating system releases the lock when the process ends.
    """
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


# Sets of files that belong together. The last file is moved last, so that its presence means that the set is complete.


def replace_file_set(source_folder: Path, folder: Path, *, manifest: str, last_file: str) -> list[Path]:
    """Move the files of `source_folder`, on the same disk, to the same places in `folder`, and return their paths,
    sorted.

    The `last_file` of the previous set is removed first and that of the new set is moved last. If the move is
    interrupted, no seal is left beside files of another set, and the next set repairs the folder. Files of the previous
    set that the new set lacks are removed; files that belong to no set are not touched. Of two simultaneous runs one
    waits for the other.

    Parameters
    ----------
    manifest : name of the file that lists the set: JSON with its `schema` and, under `files`, the paths in the folder.
    last_file : name of the file that is moved last.

    Raises
    ------
    OSError : a file cannot be moved.
    """
    names = sorted(str(file.relative_to(source_folder)) for file in source_folder.rglob("*") if file.is_file())
    with _lock_folder(folder):
        (folder / last_file).unlink(missing_ok=True)
        schema = json.loads((source_folder / manifest).read_bytes())["schema"]
        for name in sorted(_files_in_manifest(folder, manifest, schema=schema) - set(names)):
            _remove_old_file(folder, name)
        # The new manifest is moved before the files that it lists, so that leftovers of an interrupted move are listed.
        for name in (manifest, *(name for name in names if name not in (manifest, last_file)), last_file):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (source_folder / name).replace(folder / name)
    return [folder / name for name in names]


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks do not support locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _files_in_manifest(folder: Path, manifest: str, *, schema: str) -> set[str]:
    """Return the files in a manifest of this schema; empty for any other file. Paths outside the folder are dropped."""
    try:
        record = json.loads((folder / manifest).read_bytes())
        if record["schema"] != schema:
            return set()
        return {str(name) for name in record["files"] if (folder / name).resolve().is_relative_to(folder.resolve())}
    except (OSError, ValueError, KeyError, TypeError):  # no manifest, or a file of another program
        return set()


def _remove_old_file(folder: Path, name: str) -> None:
    """Remove a file of an older set, and its subfolder once that is empty."""
    file = folder / name
    with suppress(OSError):
        file.unlink(missing_ok=True)
        if file.parent != folder:
            file.parent.rmdir()
